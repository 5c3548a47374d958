// SPDX-License-Identifier: GPL-2.0-or-later
#include <time.h>

#include "guest_xdp.h"

#define GUEST_PAGE	4096u
#define XDP_HEADROOM	256u	/* of Linux' virtio-net driver, since it has XDP */
#define SURE		16u	/* buffers alike */
#define LOOK_EVERY	2000000u	/* ns */

static u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * 1000000000u + ts.tv_nsec;
}

static bool has_headroom(const struct vx_chain *c)
{
	return c->niov_in && !c->niov_out && c->iov->uaddr % GUEST_PAGE == XDP_HEADROOM;
}

/* All buffers that are there, oldest first. They are given back before anybody else looks. */
static u32 fetch_all(struct vx_guest_xdp *g, struct vx_vring *vq)
{
	u32 n = 0;

	while (n + VX_BATCH <= VX_GUEST_XDP_LOOK) {
		int got = vx_vring_fetch(vq, g->chain + n, VX_BATCH);

		if (got <= 0)
			break;
		n += got;
	}
	return n;
}

bool vx_guest_xdp_look(struct vx_guest_xdp *g, struct vx_rx *rx)
{
	bool on = true, was = g->on;
	u64 now;
	u32 n;

	if (!rx->mergeable || !(rx->features & VX_GUEST_OFFLOADS & ~(1ULL << VIRTIO_NET_F_GUEST_CSUM)))
		return false;
	if (!was && rx->stats->supers == g->supers)
		return false;
	now = now_ns();
	if (now - g->looked_at < LOOK_EVERY)
		return false;
	g->looked_at = now;
	g->supers = rx->stats->supers;
	n = fetch_all(g, rx->vq);
	for (u32 i = 1; i <= SURE && i <= n && on; i++)
		on = has_headroom(&g->chain[n - i]);
	vx_vring_unfetch(rx->vq, g->chain, n);
	if (n < SURE)
		return false;
	g->on = on;
	return on != was;
}
