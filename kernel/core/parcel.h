/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What becomes one guest buffer, or one run of them: a frame, or several of a flow whose headers agree.
 *
 * Frames come from the wire and their headers lie: what is noted here was checked against the frame's length.
 */
#ifndef VX_CORE_PARCEL_H
#define VX_CORE_PARCEL_H

#include "csum.h"
#include "frame.h"
#include "inet.h"
#include <linux/in.h>

#define VX_PARCEL_HEAD_MAX	(14u + 2 * 4 + 40 + 60)	/* Ethernet, two VLAN tags, IPv6, the longest TCP header */

/* As vx_parcel.proto: TCP or UDP may be behind what is not looked into. As an IP protocol this number is reserved. */
#define VX_PROTO_EITHER	255

struct vx_parcel {
	u8 first, last;		/* frames of the batch, by number: see gro.h */
	u8 n;
	/* Offsets in each frame. */
	u8 l3;
	u8 l4;
	u8 payload;
	u8 proto;		/* IPPROTO_TCP, IPPROTO_UDP, VX_PROTO_EITHER; 0: neither TCP nor UDP */
	bool ip6;
	bool flow;		/* l3, l4 and ports are known */
	bool sound;		/* all headers and lengths fit the frame, and it has a checksum that can be verified */
	bool fixed_id;		/* IPv4: the sender does not count */
	bool whole;		/* one frame in n pieces, a neighbour's super-frame; sound: the guest takes such */
	u16 id;			/* IPv4, of the first frame */
	u16 size;		/* payload of the first frame, and of each but the last */
	u32 len;		/* bytes of headers and all payload; of one frame: all of it */
	u32 ports;		/* as in the header */
	u32 seq;		/* TCP: of the first frame; while planning, what a frame that joins begins with */
};

static inline u16 vx_load16(const u8 *p)
{
	u16 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline u32 vx_load32(const u8 *p)
{
	u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* Sum of short headers, whole words of 32 bits: nothing is carried out of 64. */
static inline u64 vx_csum_words(const u8 *p, u32 len)
{
	u64 sum = 0;

	for (; len; len -= sizeof(u32), p += sizeof(u32))
		sum += vx_load32(p);
	return sum;
}

/* A parcel of one frame, of which nothing is known. */
static inline void vx_parcel_init(struct vx_parcel *p, const struct vx_frame *f)
{
	memset(p, 0, sizeof(*p));
	p->n = 1;
	p->len = f->len;
}

/* Then find out. */
void vx_parcel_parse(struct vx_parcel *p, const struct vx_frame *f);

/* Sum of what all frames' pseudo-headers have in common: not the length. first: of the parcel. */
u64 vx_parcel_pseudo(const struct vx_parcel *p, const u8 *first);
/* And of what their TCP headers have in common. */
u64 vx_parcel_common(const struct vx_parcel *p, const u8 *first);

/* A parcel of one frame in pieces, as <vhost_xdp/whole.h> describes it: .size is that of its segments. Returns how many pieces. */
u32 vx_parcel_whole(struct vx_parcel *p, const struct vx_frame *f, u64 offloads);

/* Does the guest take merged frames of this sound parcel's kind? offloads: of VX_GUEST_OFFLOADS. */
bool vx_parcel_wanted(const struct vx_parcel *p, const u8 *head, u64 offloads);

/* What TCP headers of one parcel differ in: sequence number; flags; checksum and urgent pointer. */
static inline u64 vx_parcel_tcp_own(const u8 *l4)
{
	return (u64)vx_load32(l4 + TCP_SEQ) + vx_load16(l4 + TCP_DOFF) + vx_load32(l4 + TCP_CSUM);
}

/* Of a sound parcel's frame: is its TCP or UDP checksum right? payload: sum of all bytes behind its headers. */
static inline bool vx_parcel_verify(const struct vx_parcel *p, const struct vx_frame *f, u64 common, u64 payload)
{
	const u8 *l4 = f->data + p->l4;
	u64 sum = common + vx_cpu_to_be16((u16)(f->len - p->l4));

	sum += p->proto == IPPROTO_TCP ? vx_parcel_tcp_own(l4) : vx_csum_words(l4, UDP_HDR_LEN);
	return vx_csum_fold(vx_csum_add64(sum, payload)) == 0xffff;
}

/*
 * head: the first frame's headers, p->payload bytes; they become those of len bytes that end with the payload of last. raw is the
 * zeroed header towards the guest, whose num_buffers is left as it is.
 */
void vx_parcel_merge(const struct vx_parcel *p, const struct vx_frame *last, u32 len, u8 *raw, u8 *head);

#endif
