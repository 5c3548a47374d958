/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A burst through the core's rx pump: a source that holds it, and a guest's ring. */
#ifndef RXCORE_H
#define RXCORE_H

#include "rxring.h"
#include "unmerge.h"

/* How the pump gets it. */
enum rxcore_feed {
	AT_ONCE,	/* as Linux does */
	IN_PIECES,	/* each peek shows a part of it */
	STARVED,	/* guest buffers come few at a time */
	FEEDS,
};

struct rxcore {
	enum rxcore_feed feed;
	const struct gro_batch *batch;
	uint8_t waiting[GRO_FRAMES];	/* places in batch->frame */
	uint32_t nwaiting;
	struct rxring *ring;
	struct vx_rx rx;
	struct vx_queue_stats stats;
};

static inline u32 rxcore_peek(void *ctx, struct vx_frame *f, u32 n, struct vx_queue_stats *st)
{
	struct rxcore *c = ctx;
	u32 i, max = c->feed == IN_PIECES ? 1 + nf_below(20) : GRO_FRAMES;

	for (i = 0; i < n && i < max && i < c->nwaiting; i++) {
		struct gro_frame *from = c->batch->frame[c->waiting[i]];

		f[i] = (struct vx_frame) {
			.data = from->data, .len = from->len, .room = GRO_FRAME_MAX, .cookie = c->waiting[i],
		};
	}
	return i;
}

/* What is given back comes first again, in the order in which it was given back. */
static inline void rxcore_release(void *ctx, const struct vx_frame *f, u32 n_done, u32 n_peeked)
{
	struct rxcore *c = ctx;

	for (u32 i = n_done; i < n_peeked; i++)
		c->waiting[i] = f[i].cookie;
	c->nwaiting -= n_done;
	memmove(c->waiting, c->waiting + n_done, c->nwaiting);
}

/* False: there are more frames than were sent. */
static inline bool rxcore_take(struct rxcore *c, struct um_burst *to)
{
	static uint8_t buf[RW_HDR + UM_FRAME_MAX];
	uint32_t len;

	while ((len = rxring_take(c->ring, buf, sizeof(buf)))) {
		struct um_frame *f = &to->frame[to->n];

		if (to->n++ == c->batch->n)
			return false;
		memcpy(f->hdr, buf, RW_HDR);
		f->len = len - RW_HDR;
		memcpy(f->data, buf + RW_HDR, f->len);
	}
	return true;
}

/* NULL, or what is wrong. offloads: of VX_GUEST_OFFLOADS. */
static inline const char *rxcore_run(struct rxcore *c, const struct gro_batch *b, uint64_t offloads, struct um_burst *to)
{
	static const struct vx_source_ops source = { .peek = rxcore_peek, .release = rxcore_release };
	static const uint32_t sizes[] = { 1526, 2048, 4096, 9234, RXRING_BUF_MAX };
	struct vx_pump_result r;
	uint32_t rounds = 0;

	c->batch = b;
	for (c->nwaiting = 0; c->nwaiting < b->n; c->nwaiting++)
		c->waiting[c->nwaiting] = c->nwaiting;
	rxring_start(c->ring, sizes[nf_below(VX_ARRAY_SIZE(sizes))]);
	vx_rx_init(&c->rx, &c->ring->vq, &source, c, &c->stats, RXRING_FEATURES);
	vx_rx_set_offloads(&c->rx, offloads);
	to->n = 0;
	do {
		rxring_post(c->ring, c->feed == STARVED ? 1 + nf_below(8) : RXRING_SIZE);
		r = vx_rx_pump(&c->rx);
		if (!rxcore_take(c, to))
			return "more frames than were sent";
	} while (c->feed == STARVED && r.status == VX_PUMP_BLOCKED && ++rounds < 1000);
	return r.status == VX_PUMP_IDLE && !c->nwaiting ? NULL : "the pump does not take all frames";
}

#endif
