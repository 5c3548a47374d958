/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's GRO, between a netdev on which bursts are sent and a tap at which they arrive merged. */
#ifndef GROLINUX_H
#define GROLINUX_H

#include "unmerge.h"

struct grolinux {
	int near, tap;
	uint64_t window;	/* us: NAPI runs at most once in that time */
	uint64_t late;		/* bursts that were sent again, as they may have been cut in two */
};

/* Ends the program when it cannot be done. */
void grolinux_run(struct grolinux *l, const struct gro_batch *b, struct um_burst *to);

#endif
