/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TCP segmentation of one guest super-frame. Only the frame's own headers, in a
 * private copy, decide; the guest's hdr_len does not.
 */
#ifndef VX_CORE_GSO_H
#define VX_CORE_GSO_H

#include "vx_env.h"
#include "vnet_hdr.h"

#define VX_GSO_HEAD_MAX	256u	/* all headers lie in the first so many bytes, or the frame is refused */
#define VX_GSO_LEN_MAX	(65535u + 14 + 8)	/* an IP packet behind Ethernet and two VLAN tags */

struct vx_gso {
	u32 l3;		/* offsets in the frame, bytes */
	u32 l4;
	u32 hdr_len;	/* Ethernet to TCP, options included */
	u32 payload;	/* bytes behind the headers */
	u32 mss;	/* payload of each segment but the last */
	u32 nsegs;	/* 1 at least: a frame without payload is a segment too */
	bool ip6;
	u8 tcp_flags;	/* byte 13 of the TCP header */
	u16 ip_id;
	u32 seq;
	u64 pseudo_sum;	/* pseudo-header without the length */
	u32 head_len;
	u8 head[VX_GSO_HEAD_MAX];	/* set by the caller: the first head_len bytes of the frame */
};

/*
 * g->head and g->head_len are set: all of the frame, or VX_GSO_HEAD_MAX bytes of it; len: the frame's length.
 * h passed vx_vnet_hdr_parse. VX_REASON_NONE, or why the frame cannot be segmented.
 */
enum vx_reason vx_gso_parse(struct vx_gso *g, const struct vx_vnet_hdr *h, u32 len);

/* Length of segment i's payload. */
static inline u32 vx_gso_payload(const struct vx_gso *g, u32 i)
{
	return i + 1 < g->nsegs ? g->mss : g->payload - i * g->mss;
}

/* Write the headers of segment i before its payload, which is at frame + g->hdr_len already. */
void vx_gso_finish(const struct vx_gso *g, u32 i, u8 *frame);

#endif
