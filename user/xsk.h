/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An AF_XDP socket with a UMEM of its own, on one receive queue of a netdev. Used by one thread at a time. */
#ifndef VX_XSK_H
#define VX_XSK_H

#include "xsk_ring.h"
#include <linux/if_xdp.h>
#include <vhost_xdp/stats.h>

struct vx_xsk_socket {
	struct vx_xsk x;
	struct vx_umem umem;
	int fd;
	u32 queue;
	void *area;		/* the UMEM's memory */
	u64 area_len;
	struct {
		void *map;
		u64 len;
	} ring[4];
	struct xdp_statistics seen;	/* folded into the counters so far */
	u32 published[VX_OWNERS];	/* frames per owner, as last told */
};

/* Does this kernel carry frames in pieces through AF_XDP? Needs CAP_NET_RAW. */
bool vx_xsk_in_pieces(void);

/*
 * Bound, its rings empty: it receives once it was filled and is in an XSKMAP. Negative errno with one line printed,
 * except for -EBUSY: the queue has a socket already. Nothing stays open.
 */
int vx_xsk_open(struct vx_xsk_socket *s, const char *ifname, u32 ifindex, u32 queue, u32 mtu);
void vx_xsk_close(struct vx_xsk_socket *s);

/*
 * Have the kernel send what is in the TX ring. 0: it took everything. -EAGAIN: it will take
 * more when some of it was sent. -ENETDOWN, -ENXIO: the device is down or gone.
 */
int vx_xsk_send(struct vx_xsk_socket *s);

/* Give the kernel free frames for receive, waking it up where it asks for that. */
void vx_xsk_fill(struct vx_xsk_socket *s);

/* Has the kernel unbound it, because its netdev was deleted or moved? By any thread. */
bool vx_xsk_gone(const struct vx_xsk_socket *s);

/* Count what the kernel dropped since the last call: frames that had passed the policy but found no room. */
void vx_xsk_fold_stats(struct vx_xsk_socket *s, struct vx_queue_stats *to_guest, struct vx_queue_stats *from_guest);

#endif
