/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the flows of a burst are put together; for the kinds of grocase.h. */
#ifndef GROMAKE_H
#define GROMAKE_H

#include "grocase.h"

#define PICK(list)	((list)[nf_below(sizeof(list) / sizeof((list)[0]))])
#define OVERTAKES	"Linux lets it overtake what is held; we keep the order"

struct gro_list {
	const struct gro_kind *kind;
	uint32_t n;
};

extern const struct gro_list gro_streams;	/* grostreams.c */
extern const struct gro_list gro_changes;	/* one thing about a flow changes: grochanges.c */
extern const struct gro_list gro_spoilt;	/* headers that are not merged, or not to be trusted: grospoilt.c */

/* The flow that is made now. */
static inline struct gro_flow *gro_flow_of(struct gro_batch *b)
{
	return &b->flow[b->flows];
}

/* The frame that comes next in it. */
static inline struct netframe *gro_next(struct gro_batch *b)
{
	return &gro_flow_of(b)->f;
}

static inline bool gro_full(const struct gro_batch *b)
{
	return b->flow[b->flows].n == b->room || b->bytes > GRO_BYTES - GRO_FRAME_MAX;
}

/* Make it, and go on behind it. NULL when there is no room. */
struct gro_frame *gro_emit(struct gro_batch *b);
void gro_emit_some(struct gro_batch *b, uint32_t n);
uint32_t gro_few(void);
/* NF_TCP or NF_UDP. */
uint8_t gro_either(void);

void gro_start(struct gro_batch *b, uint8_t proto, bool ip6);
void gro_start_any(struct gro_batch *b, uint8_t proto);
/* Some more frames, the last of them perhaps shorter. */
void gro_finish(struct gro_batch *b);

#endif
