/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stream's frames as BPF programs make them, too: headers whose sums change with the sequence number alone. */
#ifndef VXB_STREAM_SHARED_H
#define VXB_STREAM_SHARED_H

#include <linux/types.h>

#define VXB_IP_LEN_OFF	16u
#define VXB_IP_ID_OFF	18u
#define VXB_IP_SUM_OFF	24u
#define VXB_UDP_PORTS_OFF 34u	/* where UDP streams have their magic */
#define VXB_SEQ_OFF	38u
#define VXB_TCP_SUM_OFF	50u

/* Of 16-bit words as numbers, not folded; without those that are told apart. */
struct vxb_stream_sums {
	__u32 ip;		/* without the id */
	__u32 tcp;		/* without the sequence number */
};

static inline __attribute__((always_inline)) __u16 vxb_sum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Give a TCP frame its place in the stream. Its headers are at least VXB_TCP_SUM_OFF + 2 bytes long. */
static inline __attribute__((always_inline)) void vxb_stream_place(__u8 *frame, const struct vxb_stream_sums *sums, __u32 seq, __u16 id)
{
	*(__u16 *)(frame + VXB_IP_ID_OFF) = __builtin_bswap16(id);
	*(__u16 *)(frame + VXB_IP_SUM_OFF) = __builtin_bswap16(vxb_sum_fold(sums->ip + id));
	*(__u16 *)(frame + VXB_SEQ_OFF) = __builtin_bswap16(seq >> 16);
	*(__u16 *)(frame + VXB_SEQ_OFF + 2) = __builtin_bswap16(seq);
	*(__u16 *)(frame + VXB_TCP_SUM_OFF) = __builtin_bswap16(vxb_sum_fold(sums->tcp + (seq >> 16) + (seq & 0xffff)));
}

static inline __attribute__((always_inline)) __u32 vxb_stream_seq(const __u8 *frame)
{
	return (__u32)__builtin_bswap16(*(const __u16 *)(frame + VXB_SEQ_OFF)) << 16 |
	       __builtin_bswap16(*(const __u16 *)(frame + VXB_SEQ_OFF + 2));
}

#endif
