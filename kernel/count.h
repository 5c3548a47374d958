/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module holds in all: one counter for each field of struct vhost_xdp_totals. */
#ifndef VX_COUNT_H
#define VX_COUNT_H

#include <linux/atomic.h>

enum vx_count {
	VX_COUNT_PORTS, VX_COUNT_SOCKETS, VX_COUNT_RING_PAGES, VX_COUNT_TX_PAGES, VX_COUNT_PROGRAMS, VX_COUNT_FILES,
	VX_COUNT_DATA_FDS, VX_COUNT_DEVICES, VX_COUNT_WORKERS, VX_COUNT_UMEM_LOST,
	VX_COUNTS,
};

extern atomic64_t vx_counts[VX_COUNTS];

static inline void vx_count(enum vx_count what, s64 n)
{
	atomic64_add(n, &vx_counts[what]);
}

#endif
