/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does the guest run an XDP program on its device?
 *
 * Such a driver takes no super-frames: it says so on its control queue, and over vhost-user no VMM passes that on (QEMU 7.2 to 10
 * answer "done" and tell nobody). Super-frames would be dropped, TCP would crawl. But Linux' driver then keeps XDP's headroom free
 * before each receive buffer, which it never does otherwise: there, buffers are cut from a larger piece, one behind the other.
 * So look at the newest buffers now and then. Whoever is mistaken for such a driver merely gets frames one by one.
 */
#ifndef VX_GUEST_XDP_H
#define VX_GUEST_XDP_H

#include "pump.h"

#define VX_GUEST_XDP_LOOK	1024u	/* buffers looked through for the newest ones */

struct vx_guest_xdp {
	bool on;
	u64 supers;		/* counted at the last look */
	u64 looked_at;		/* ns, CLOCK_MONOTONIC */
	struct vx_chain chain[VX_GUEST_XDP_LOOK];
};

/* The driver starts anew. */
static inline void vx_guest_xdp_reset(struct vx_guest_xdp *g)
{
	g->on = false;
	g->supers = 0;
	g->looked_at = 0;
}

/* After a turn that moved frames, with nothing fetched. True when .on changed. */
bool vx_guest_xdp_look(struct vx_guest_xdp *g, struct vx_rx *rx);

#endif
