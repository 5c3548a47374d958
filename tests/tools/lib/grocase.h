/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bursts of frames for groref: flows that can be merged, each with one thing about it; and how Linux and we compare there. */
#ifndef GROCASE_H
#define GROCASE_H

#include <stdbool.h>
#include <stdint.h>

#include "netframe.h"

#define GRO_FRAMES	60u	/* less than one turn of NAPI, and than one batch of ours */
#define GRO_FLOWS	6u	/* no more than the kernel holds, wherever its hash puts them */
#define GRO_FRAME_MAX	9216u
#define GRO_BYTES	280000u	/* of a batch: all of it is one turn of ours */

enum gro_relation {
	GRO_SAME,	/* the same frames are merged, and look the same */
	GRO_FEWER,	/* we merge no frames that Linux does not */
	GRO_MORE,	/* we merge what Linux delivers apart */
};

struct gro_batch;

struct gro_kind {
	const char *name;
	uint32_t weight;
	enum gro_relation relation;
	bool disturbs;		/* the other flows of the batch too: they are GRO_FEWER then */
	void (*make)(struct gro_batch *b);
	const char *because;
};

struct gro_frame {
	uint32_t flow;
	uint32_t len;
	uint8_t data[GRO_FRAME_MAX];
};

struct gro_flow {
	const struct gro_kind *kind;
	uint32_t number;	/* of the kind */
	struct netframe f;	/* of the frame that comes next */
	uint32_t first, n;	/* before they are mixed */
};

struct gro_batch {
	bool disturbed;
	uint32_t flows, n, bytes;
	uint32_t room;		/* for the frames of the flow at hand */
	struct gro_flow flow[GRO_FLOWS];
	struct gro_frame made[GRO_FRAMES];
	struct gro_frame *frame[GRO_FRAMES];	/* as they arrive */
};

#define GRO_KINDS_MAX	64u
/* The kinds by number, from 0 on; NULL when there are no more. */
const struct gro_kind *gro_kind(uint32_t i);

/* Batch number of seed; only: NULL, or the name of the one kind to make. */
void gro_batch_make(struct gro_batch *b, uint64_t seed, uint64_t number, const char *only);

#endif
