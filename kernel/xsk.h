/* SPDX-License-Identifier: GPL-2.0-only */
/* An AF_XDP socket that user space made and gave to us: its file, its rings mapped into the kernel, its UMEM. */
#ifndef VX_KXSK_H
#define VX_KXSK_H

#include <linux/spinlock.h>
#include <linux/wait.h>
#include <uapi/linux/vhost_xdp.h>
#include "xsk_ring.h"

struct file;
struct net;
struct net_device;
struct socket;
struct vx_engine_page;
struct vx_inlet_queue;
struct vx_pair;
struct vx_vq;
struct xdp_umem;

/* One ring, as the kernel sees it. */
struct vx_ring_map {
	void *map;		/* vmap of pages */
	struct page **pages;
	u32 npages;
	bool pinned;		/* by us; else the socket's file keeps them */
};

enum vx_ring { VX_RING_FILL, VX_RING_COMPLETION, VX_RING_RX, VX_RING_TX, VX_RINGS };

struct vx_socket {
	struct vx_xsk x;		/* rings as the core knows them; used under the mutex of the vring that receives */
	struct vx_umem umem;
	struct file *file;		/* held: keeps rings, pool and pinned UMEM alive */
	struct socket *sock;
	struct vx_pair *pair;
	struct vx_inlet_queue *inlet;	/* what is read together with it, or NULL; set before anybody reads */
	u32 queue;
	bool zero_copy;
	struct vx_ring_map ring[VX_RINGS];

	/* All that were given to us; of them those that share a UMEM use parts of it. */
	struct list_head node;
	struct xdp_umem *area;
	u32 first_frame, frames;

	/* Readiness: called by the socket in softirq. */
	wait_queue_entry_t wait;
	wait_queue_head_t *head;
	spinlock_t lock;
	struct vx_vq *receiver;		/* whom to wake; lock */

	u64 seen_dropped, seen_full;	/* of the socket's own counters, folded already */
	bool ran_empty;			/* the fill ring did, since then */
	struct vx_engine_page *page;	/* where frames by owner are published; as last told: */
	u32 published[VX_OWNERS];
};

/*
 * Take over a socket as described: verified, its rings mapped. In the process that mapped the rings; may wait for that. It is bound to
 * the guest end, by number, of a netdev that nobody holds meanwhile. mtu: what the UMEM's chunks have to hold. Returns the socket, or
 * ERR_PTR with one line in error[VHOST_XDP_ERROR_LEN].
 */
struct vx_socket *vx_socket_take(const struct vhost_xdp_socket *desc, const struct net *net, u32 guest, struct vx_pair *pair, u32 mtu,
				 char *error);
/* Still, and to this one? */
bool vx_socket_bound_to(const struct vx_socket *s, const struct net_device *guest);
/* From now on it receives. */
void vx_socket_start(struct vx_socket *s, struct vx_engine_page *page);
/* Nobody uses it any more: returns frames, rings and files. Counts what cannot be accounted for. */
void vx_socket_give_back(struct vx_socket *s);

/* Whom it and its inlet wake from now on; on return nobody else is being woken. NULL: who waits on pair->user_wait. */
void vx_socket_set_receiver(struct vx_socket *s, struct vx_vq *vq);

/* The others of the receiving side, by who reads it: under the vring's mutex, or user_lock. Process context. */

/* Refill, and wake the driver where it asks for it. */
void vx_socket_fill(struct vx_socket *s);
/* With its inlet: somebody reads from now on, or nobody, and then what comes is refused. */
void vx_socket_open(struct vx_socket *s, bool open);
/* Throw away what was received so far, counted under reason; with it, what found no room because nobody read. */
void vx_socket_discard(struct vx_socket *s, struct vx_queue_stats *st, enum vx_reason reason);
/* What only the kernel saw lost goes into the counters; frames by owner go into the engine page. */
void vx_socket_fold(struct vx_socket *s, struct vx_queue_stats *to_guest);
void vx_socket_info(const struct vx_socket *s, struct vhost_xdp_pair_info *info);

/* xsk_map.c: what user space says about a ring, verified; *why is set on failure. In the process that mapped it. */
int vx_ring_map(struct vx_ring_map *m, struct file *file, enum vx_ring which, const struct vhost_xdp_ring *desc,
		struct vx_xsk_ring *ring, const char **why);
void vx_ring_unmap(struct vx_ring_map *m);

#endif
