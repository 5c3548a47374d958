/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "vhost-xdp top": rates of ports, as a table that renews itself. */
#ifndef VX_TOP_H
#define VX_TOP_H

#include <linux/types.h>

struct vx_top_spec {
	double seconds;		/* between two looks */
	__u32 count;		/* tables to show; 0: until it is interrupted */
};

/* Negative errno after one line. */
int vx_top(const struct vx_top_spec *spec);

#endif
