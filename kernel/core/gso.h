/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Segmentation of one guest super-frame, TCP or UDP. Only the frame's own headers, in a
 * private copy, decide; the guest's hdr_len does not. What leaves is what Linux' software GSO makes of the same frame:
 *
 * - IPv4 id counts up from the guest's. FIN and PSH are in the last segment only, CWR in the first only, so that one
 *   reduction of the window is announced once (hence gso_type's ECN bit changes nothing here).
 * - All else is repeated in each segment: options, AE (once NS), ECE, URG with its pointer, RST, SYN. A TCP that puts SYN or RST
 *   into a super-frame spoils its own connection and nobody else's.
 * - A frame whose payload fits one segment is none: it leaves as it is, with the checksum that the guest asked for.
 *
 * Linux segments some frames that are refused here: IP fragments, and IPv6 behind AH or a route still under way.
 */
#ifndef VX_CORE_GSO_H
#define VX_CORE_GSO_H

#include "vx_env.h"
#include "vnet_hdr.h"

#define VX_GSO_HEAD_MAX	256u	/* all headers lie in the first so many bytes, or the frame is refused */
#define VX_GSO_LEN_MAX	(65535u + 14 + 8)	/* an IP packet behind Ethernet and two VLAN tags */
#define VX_UDP_SEGS_MAX	128u	/* as Linux' UDP_MAX_SEGMENTS */

struct vx_gso {
	u32 l3;		/* offsets in the frame, bytes */
	u32 l4;
	u32 hdr_len;	/* Ethernet to TCP or UDP, options included */
	u32 payload;	/* bytes behind the headers */
	u32 mss;	/* payload of each segment but the last */
	u32 nsegs;	/* 1 at least: a frame without payload is a segment too */
	bool ip6;
	bool udp;
	u8 tcp_flags;	/* byte 13 of the TCP header */
	u16 ip_id;
	u32 seq;
	u64 ip_sum;	/* IPv4 header, and of TCP or UDP the header and the pseudo-header: without what differs between segments */
	u64 l4_sum;
	u32 head_len;
	u8 head[VX_GSO_HEAD_MAX];	/* set by the caller: the first head_len bytes of the frame */
};

/* Bytes of a frame of len bytes that vx_gso_parse looks at, none of them payload if it passes; 0: not to be segmented. */
u32 vx_gso_head_len(const struct vx_vnet_hdr *h, u32 len);

/*
 * g->head_len is what vx_gso_head_len said and g->head is that much of the frame; len: the frame's length.
 * h passed vx_vnet_hdr_parse. VX_REASON_NONE, or why the frame cannot be segmented.
 */
enum vx_reason vx_gso_parse(struct vx_gso *g, const struct vx_vnet_hdr *h, u32 len);

/* After vx_gso_parse, and once the caller has read on in g->head up to g->hdr_len: make g->head the model of all segments. */
void vx_gso_ready(struct vx_gso *g);

/* Length of segment i's payload. */
static inline u32 vx_gso_payload(const struct vx_gso *g, u32 i)
{
	return i + 1 < g->nsegs ? g->mss : g->payload - i * g->mss;
}

/*
 * Write the headers of segment i. Its payload, of which sum is the checksum (vx_cursor_read_csum), is or comes at
 * frame + g->hdr_len.
 */
void vx_gso_finish(const struct vx_gso *g, u32 i, u8 *frame, u64 sum);

/* What a neighbour has to take (VX_WHOLE_*) to get all of it as one frame; 0: it cannot stay whole. After vx_gso_parse. */
u32 vx_gso_kinds(const struct vx_gso *g);
/* The headers of that frame, as <vhost_xdp/whole.h> describes it. */
void vx_gso_whole(const struct vx_gso *g, u8 *frame);

#endif
