/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The short way into a guest: a netdev of the module's own, which the uplink's steering and neighbours redirect to instead of the host
 * end. Frames come as they are, without a veth and without the copy into a UMEM, and are judged by the port's program as the guest end
 * would: when that redirects to the pair's AF_XDP socket, the frame goes to whom the socket belongs, which is us.
 *
 * What comes by the veth pair still does: from the host, and copies of what is for all.
 *
 *	ndo_xdp_xmit (softirq)		the reader
 *	frame into the ring		judge it, softirqs off
 *	wake the reader			copy it to the guest, return it
 *
 * Frames are pages of other drivers', who may wait for them. So what nobody has taken for a while is returned, by a work item; a reader that
 * sleeps on its guest's memory keeps no more than what it has judged.
 *
 * Locking: frames enter under the ring's producer_lock, and leave it under its consumer_lock. They are taken under the lock of who reads
 * the pair's socket: the mutex of a vring, or user_lock.
 */
#ifndef VX_INLET_H
#define VX_INLET_H

#include <linux/netdevice.h>
#include <linux/ptr_ring.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <net/xdp.h>
#include "frame.h"
#include "xsk_ring.h"

#define VX_INLET_RING	1024u	/* frames that wait, of one queue */
/* So many looks at a queue, and all that was there before the first is done with: what is in the ring, and what is out of it. */
#define VX_INLET_LOOKS	(VX_INLET_RING / VX_XSK_BATCH + 3)

struct bpf_prog;
struct sock;
struct vx_inlet;
struct vx_pair;
struct vx_port;
struct vx_vq;

/* One for each queue pair; lives as long as the netdev. */
struct vx_inlet_queue {
	struct vx_pair *pair;
	const struct sock *xsk;		/* a redirect to it means: deliver */
	struct bpf_prog __rcu *prog;	/* NULL while not attached: frames are dropped */
	struct xdp_rxq_info rxq;	/* the guest end, and the kind of memory that the frame at hand is */

	struct ptr_ring ring;		/* of struct xdp_frame */
	/* Under its producer_lock. */
	bool open;			/* somebody reads; what comes otherwise, or while an end of the pair is down, is refused */
	u64 packets, bytes;
	u64 refused, full;		/* frames that were not taken, or not before they were stale */
	bool watched;			/* stale is queued, or runs */

	struct delayed_work stale;
	u64 seen_taken;			/* by it, the last time */

	spinlock_t lock;
	struct vx_vq *receiver;		/* whom to wake; NULL: who waits on pair->user_wait. lock */

	/* The reader's. */
	u64 seen_refused, seen_full;	/* counted already */
	struct xdp_frame *next;		/* out of the ring, found no room yet; consumer_lock */
	u64 taken;			/* looks into the ring; consumer_lock */
	u32 nheld;			/* judged, and not done with */
	struct vx_frame held[VX_XSK_BATCH];
};

/*
 * A netdev called as the port with VHOST_XDP_INLET_SUFFIX, in net, down, that refuses frames. ERR_PTR with one line in
 * error[VHOST_XDP_ERROR_LEN]. Both take RTNL. After free no frame comes any more; what waits is returned, uncounted: discard before.
 */
struct vx_inlet *vx_inlet_make(struct vx_port *port, struct net *net, char *error);
void vx_inlet_unregister(struct vx_inlet *in);
void vx_inlet_free(struct vx_inlet *in);
struct vx_inlet_queue *vx_inlet_queue(struct vx_inlet *in, u32 index);

/* Frames are judged for the guest end from now on; skbs go on to the host end. The caller holds all three. */
void vx_inlet_attach(struct vx_inlet *in, struct net_device *host, struct net_device *guest, struct bpf_prog *prog);
/* Between two frames. NULL: all are dropped. The caller keeps the old one, and with NULL the ends, until synchronize_net(). */
void vx_inlet_set_prog(struct vx_inlet *in, struct bpf_prog *prog);

/* Whom it wakes from now on; NULL: who waits on pair->user_wait. */
void vx_inlet_set_receiver(struct vx_inlet_queue *q, struct vx_vq *vq);
/* Whether somebody reads. */
void vx_inlet_open(struct vx_inlet_queue *q, bool open);

/* Of the reader. */

/* ctx is the struct vx_inlet_queue. A peek that finds nothing may have dropped as many as it looks at: see vx_inlet_pending(). */
extern const struct vx_source_ops vx_inlet_source;
bool vx_inlet_pending(const struct vx_inlet_queue *q);
/* Throw away all that came so far, counted: under the program's reason where that drops it, else under this one. */
void vx_inlet_discard(struct vx_inlet_queue *q, struct vx_queue_stats *st, enum vx_reason reason);
/* Frames that were not taken, since it was last asked: nobody read; there was no room. */
void vx_inlet_lost(struct vx_inlet_queue *q, u64 *refused, u64 *full);

#endif
