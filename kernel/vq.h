/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One vring of a vhost device: what the VMM set up, the core's vring, the pump that serves it.
 *
 * vq->mutex is held for a turn of the pump, and by whoever changes what a turn uses. A turn touches the VMM's memory, and the VMM
 * may withhold that (userfaultfd): take the mutex with vx_vq_lock(), which does not wait for ever. Lock order: port.h.
 */
#ifndef VX_VQ_H
#define VX_VQ_H

#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/vhost.h>
#include "iotlb.h"
#include "pump.h"
#include "xsk.h"

struct task_struct;
struct vx_dev;
struct vx_pair;
struct vx_worker;
struct eventfd_ctx;

struct vx_vq {
	struct mutex mutex;
	spinlock_t server_lock;
	struct task_struct *server;	/* the worker that holds mutex for a turn; server_lock to use it, or to end the turn */
	atomic_t asked;			/* who waits in vx_vq_lock_soon() */
	struct vx_dev *dev;
	enum vx_direction dir;		/* vring 0 is to-guest, vring 1 from-guest */
	struct vx_vring ring;		/* running when started */
	bool started;			/* the core has the ring; may be broken */
	bool wants_start;		/* bound, but ring memory is not mapped yet, or not any more (IOTLB) */
	bool missed;			/* waits for the VMM's answer to its question */
	bool announce;			/* the port is to be told that it lives, or does not */
	struct vx_question question;	/* dev->iotlb.lock */

	/* As set by ioctl: changed under dev->mutex and mutex. */
	u32 num;
	u32 base;
	struct vhost_vring_addr addr;
	bool addr_set;
	u32 busyloop;			/* us */
	struct eventfd_ctx *call, *err;
	struct file *kick;
	/* Readiness of kick. */
	poll_table table;
	wait_queue_entry_t wait;
	wait_queue_head_t *head;
	atomic_t kicked;		/* kicks that the worker has not counted */

	/* The backend; under mutex. Set by vx_port_bind(). */
	struct file *backend;		/* the data fd, held; dev->mutex */
	struct vx_pair *pair;
	struct vx_socket *source[VX_QUEUE_PAIRS_MAX];	/* to-guest: sockets to read; see vx_port_bind() */
	u32 nsource;
	struct vx_queue_stats *stats;	/* in the port's engine page, or private while unbound */
	struct vx_queue_stats own_stats;
	char error[VHOST_XDP_ERROR_LEN];

	struct vx_worker __rcu *worker;	/* dev->mutex to change */
	u64 features;			/* effective: dev->features and what the tap was told */
	u64 tap_features;
	union {
		struct vx_rx rx;
		struct vx_tx tx;
	};

	/* The turn's own (pump_turn.c); under mutex. */
	bool blocked;			/* frames wait for guest buffers (to-guest) or for pages (from-guest) */
	bool rechecked;
	bool unfolded;			/* moved frames since the sockets' own counters were last read */
	bool told;			/* that the vring broke */
	u32 next_source;
	u32 turns;
	u64 blocked_since;		/* ns, CLOCK_MONOTONIC */
	u64 folded_at;
};

/* Something may be there to do; any context. Nothing happens while the vq has no worker. */
void vx_vq_wake(struct vx_vq *vq);

/* A socket has frames; any context. Quiet while the guest has no buffers for those that wait already. */
static inline void vx_vq_input(struct vx_vq *vq)
{
	if (!READ_ONCE(vq->blocked))	/* B, see pump_turn.c */
		vx_vq_wake(vq);
}

void vx_vq_lock(struct vx_vq *vq);
void vx_vq_unlock(struct vx_vq *vq);
bool vx_vq_trylock(struct vx_vq *vq);
/* For those who only want to know: does not break a vring that waits long for a page, which may come. False: not locked. */
bool vx_vq_lock_soon(struct vx_vq *vq);
/* Between two turns of the worker: let them have it, as they don't queue up. */
void vx_vq_make_way(void);

/*
 * Used by port.c under port->lock with vq->mutex held: sockets to read from now on, and where counters go (the port's page changes at
 * attach and detach).
 */
void vx_vq_set_sources(struct vx_vq *vq, struct vx_socket **source, u32 n);
void vx_vq_set_stats(struct vx_vq *vq, struct vx_queue_stats *stats);

/* Started, not broken, bound. Caller holds vq->mutex. */
static inline bool vx_vq_live(const struct vx_vq *vq)
{
	return vq->started && !vq->ring.broken;
}

/* For PORT_GET, under port->lock. False: vq->mutex was not to be had, and what is told may not belong together. */
bool vx_vq_info(struct vx_vq *vq, struct vhost_xdp_vring_info *info);

/* --- for the vhost device --- */

void vx_vq_init(struct vx_vq *vq, struct vx_dev *dev, enum vx_direction dir);
/* As after init; unbound before. Under dev->mutex, without a worker. */
void vx_vq_reset(struct vx_vq *vq);

/* VHOST_NET_SET_BACKEND: take over the file, or none. Under dev->mutex. The caller keeps its reference. */
int vx_vq_set_backend(struct vx_vq *vq, struct file *file);
void vx_vq_clear_backend(struct vx_vq *vq);

/* A new eventfd in a slot of the vring, or NULL. They take over the reference. */
void vx_vq_set_eventfd(struct vx_vq *vq, struct eventfd_ctx **slot, struct eventfd_ctx *ctx);
int vx_vq_set_kick(struct vx_vq *vq, struct file *file);

/* Bytes of the parts of the ring, and what the device does with its descriptors. */
struct vx_ring_sizes {
	u64 desc, avail, used;
	u8 desc_access;
};

struct vx_ring_sizes vx_vq_ring_sizes(const struct vx_vq *vq);
/* Where the ring lies by the VMM's addresses and a memory table, or by IOVAs and an IOTLB: then -EAGAIN with *miss as well. */
int vx_vq_translate(const struct vx_vq *vq, const struct vhost_vring_addr *addr, const struct vx_mem_table *mem,
		    struct vx_vring_addr *a, struct vx_mem_miss *miss);

/* IOTLB; under mutex. The ring's pages are not to be used any more: stop until they are mapped again. */
void vx_vq_pause(struct vx_vq *vq);
/* It wants to start, perhaps it can: by the worker. True: it did, and the port is to be told. */
bool vx_vq_restart(struct vx_vq *vq);

/* The data fd was told what the guest takes now. Takes vq->mutex: when it returns, no turn is at it that does not know. */
void vx_vq_offloads_changed(struct vx_vq *vq, struct file *tap);

/* What the VMM gets from GET_VRING_BASE now. */
u32 vx_vq_base(const struct vx_vq *vq);
/* Remember and say why; err: an errno. */
void vx_vq_say_error(struct vx_vq *vq, const char *port, const char *what, int err);
/* The vring stops on a fault: tell whoever wants to know, once. Under mutex. */
void vx_vq_broken(struct vx_vq *vq);

/* Ioctls of one vring: -ENOIOCTLCMD when cmd is none. Under dev->mutex. */
long vx_vq_ioctl(struct vx_dev *dev, unsigned int cmd, void __user *argp);

/*
 * The turn: pump_turn.c. run: serve the vring once; true when there may be more. arm: ask to be woken; false when there is work after
 * all, else *deadline (ns, CLOCK_MONOTONIC) says when to look again at the latest. Both under mutex, in the VMM's mm.
 */
bool vx_turn_run(struct vx_vq *vq);
bool vx_turn_arm(struct vx_vq *vq, u64 *deadline);

#endif
