/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "vhost-xdp drops": dropped frames, live, one line each, and what was lost behind a verdict, as numbers. */
#ifndef VX_DROPS_H
#define VX_DROPS_H

#include <linux/types.h>

#include "port.h"

struct vx_drops_spec {
	const struct vx_port *port;	/* NULL: all */
	__u64 reasons[2];		/* bit n for reason n; zero: all */
	__u32 count;			/* end after so many frames; 0: never */
	__u32 rate;			/* lines a second, at most */
};

/* Until it is interrupted. Negative errno after one line. */
int vx_drops(const struct vx_drops_spec *spec);

#endif
