/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a merged frame was made of, by cutting it up again; shares no code with the core. */
#ifndef UNMERGE_H
#define UNMERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "grocase.h"
#include "refwire.h"

#define UM_FRAME_MAX	(65536u + 64)

/* A frame as a guest gets it. */
struct um_frame {
	uint8_t hdr[RW_HDR];
	uint32_t len;
	uint8_t data[UM_FRAME_MAX];
	/* What it was made of, once um_trace has found it: places in batch.frame. */
	uint32_t n, part[GRO_FRAMES];
};

/* A burst as it was delivered. */
struct um_burst {
	uint32_t n;
	struct um_frame *frame;		/* GRO_FRAMES of them */
	int32_t in[GRO_FRAMES];		/* by place in batch.frame: the frame here that has it; -1: none */
};

/*
 * Find for each frame what it was made of. NULL when all frames of the batch were delivered once, unharmed, and cutting up what
 * was merged gives them byte for byte; else what is wrong, with *at saying in which frame. An IPv4 id that all share passes for
 * one that counts.
 */
const char *um_trace(struct um_burst *u, const struct gro_batch *b, uint32_t *at);

uint32_t um_segments(const struct um_frame *f);

/* Fields of the header. */
static inline uint8_t um_flags(const struct um_frame *f)
{
	return f->hdr[0];
}

static inline uint8_t um_type(const struct um_frame *f)
{
	return f->hdr[1];
}

/* At byte 4: gso_size, 6: csum_start, 8: csum_offset. */
static inline uint16_t um_le16(const struct um_frame *f, uint32_t at)
{
	return f->hdr[at] | f->hdr[at + 1] << 8;
}

#endif
