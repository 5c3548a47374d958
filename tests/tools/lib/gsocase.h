/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Segmentation requests for gsoref, as guests make them and as they should not; and how Linux and we compare there. */
#ifndef GSOCASE_H
#define GSOCASE_H

#include <stdbool.h>
#include <stdint.h>

#include "netframe.h"
#include "refwire.h"

enum gso_relation {
	GSO_SAME,		/* both send, the same bytes */
	GSO_SAME_BUT_SUM,	/* but for the checksum, which is right in what we send */
	GSO_NEITHER,		/* both refuse */
	GSO_STRICTER,		/* we refuse, whatever Linux makes of it */
	GSO_LOOSER,		/* Linux refuses; what we send is right */
	GSO_EITHER,		/* any of these; where both send, the same bytes but for the checksum */
};

struct gso_case;

struct gso_kind {
	const char *name;
	uint32_t weight;
	enum gso_relation relation;
	void (*make)(struct gso_case *c);
	const char *because;
};

struct gso_case {
	const struct gso_kind *kind;
	uint32_t number;	/* of the kind */
	struct netframe f;
	char text[160];
	uint32_t mss;
	uint8_t flags, type;
	uint16_t gso_size, hdr_len, csum_start, csum_offset;	/* as the virtio-net header has them */
	bool judge;		/* what leaves must have right lengths and checksums */
	uint32_t segment_max;	/* the longest frame that may leave, 0: unknown */
	uint32_t sum_at;	/* of the transport checksum */
	uint32_t len;		/* of the frame */
	uint8_t buf[RW_HDR + NF_MAX];	/* header and frame */
};

#define GSO_KINDS_MAX	64u
/* The kinds by number, from 0 on; NULL when there are no more. */
const struct gso_kind *gso_kind(uint32_t i);

/* Case number of seed; only: NULL, or the name of the one kind to make. */
void gso_case_make(struct gso_case *c, uint64_t seed, uint64_t number, bool uso, const char *only);

#endif
