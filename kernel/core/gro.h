/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Receive coalescing: which frames of one batch become one guest buffer. The rules are those of Linux' GRO, and the frames of a
 * flow keep their order; no frame waits for a later batch.
 *
 * Checksums of payload are not looked at here: they are taken while it is copied (rx_copy.c), and what is wrong leaves its
 * parcel then.
 */
#ifndef VX_CORE_GRO_H
#define VX_CORE_GRO_H

#include "parcel.h"
#include "vring.h"

#define VX_GRO_OPEN	16u	/* flows of a batch that are merged at a time */
#define VX_GRO_LEN_MAX	65535u	/* of a merged frame, L2 included: what comes out of Linux' tap is no longer, either */

/*
 * A shorter frame is verified only where it is merged. Alone it is left to the guest, for which to sum so few bytes is less than what it
 * takes us to tell it that they are right.
 */
#define VX_GRO_VERIFY_MIN	256u

/*
 * What the next frame of a parcel of TCP looks like up to its payload, so that it takes a few words' comparison to see that it is one. Made
 * when the second frame joins; most parcels have no second one.
 */
#define VX_GRO_HEAD_WORDS	9u	/* Ethernet, IPv4, TCP with timestamps; or IPv6 without options */

struct vx_gro_head {
	u64 want[VX_GRO_HEAD_WORDS];
	u64 mask[VX_GRO_HEAD_WORDS];	/* not: lengths, IPv4 id, sequence number, checksums, FIN and PSH */
	u32 ip4_sum;			/* of the IPv4 header's 16-bit words, but for length, id and checksum */
	bool made;
};

struct vx_gro {
	const struct vx_frame *frame;	/* the batch */
	u64 offloads;
	u32 nparcel;
	u32 nopen;
	struct vx_parcel parcel[VX_BATCH];
	u8 next[VX_BATCH];		/* by frame: the one that follows in the same parcel */
	u8 open[VX_GRO_OPEN];		/* parcels that take more frames, oldest first: one of a flow at most */
	struct vx_gro_head head[VX_BATCH];	/* by parcel; .made is valid of those that are open */
};

/*
 * Fill in parcels for n frames, which stay where they are until all is delivered. False: there is nothing to plan, all of them go as they
 * came. offloads: of VX_GUEST_OFFLOADS, with GUEST_CSUM.
 */
bool vx_gro_plan(struct vx_gro *g, const struct vx_frame *frame, u32 n, u64 offloads);

static inline u32 vx_gro_payload(const struct vx_gro *g, const struct vx_parcel *p, u32 frame)
{
	return g->frame[frame].len - p->payload;
}

/* Are checksums to be verified, as frames are merged, or as the guest is told? */
static inline bool vx_gro_verifies(const struct vx_parcel *p)
{
	return p->sound && (p->n > 1 || p->len >= VX_GRO_VERIFY_MIN);
}

/* The first frame of p is done with. */
static inline void vx_gro_advance(const struct vx_gro *g, struct vx_parcel *p)
{
	p->n--;
	p->len -= vx_gro_payload(g, p, p->first);
	p->first = g->next[p->first];
}

#endif
