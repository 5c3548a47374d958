/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread of one queue pair: it moves frames between two vrings and AF_XDP
 * sockets, and sleeps when there are none.
 *
 * The thread that handles messages pauses a worker before it changes anything
 * that the worker uses. While paused, the worker may sleep in epoll_wait() but
 * holds nothing.
 */
#ifndef VX_WORKER_H
#define VX_WORKER_H

#include <pthread.h>

#include "guest_xdp.h"
#include "pump.h"
#include "vhost_user.h"
#include "xsk.h"

struct vx_worker {
	const char *name;		/* of the port */
	struct vx_engine_page *page;
	u32 index;			/* of the queue pair */
	u32 frame_max;
	u32 spin_max;			/* ns of polling before sleep, at most */
	int attention;			/* eventfd: a vring broke, memory was lost */

	/* Set while paused. */
	struct vx_vu_vring *rx_ring, *tx_ring;
	struct vx_xsk_socket *own;	/* transmits */
	struct vx_xsk_socket *source[VX_QUEUE_PAIRS_MAX];	/* receive: our own, and those of queue pairs that do not run */
	u32 nsource;
	bool has_own;			/* not lent to another worker */
	bool rx_live, tx_live;		/* frames pass */
	bool tx_waste;			/* the vring runs, but is disabled: take frames and drop them */
	bool backend;			/* a VMM runs some vring of this port */

	/* The worker's own. */
	bool rx_blocked;		/* frames wait for guest buffers */
	bool rx_rechecked;
	bool sources_armed;		/* the sockets are watched for input */
	bool tx_blocked;		/* the guest's frames wait for completions */
	bool unfolded;			/* moved frames since the last publication */
	int tx_wait;			/* frames wait in the TX ring: try again after so many ms */
	u32 next_source;
	u64 spin;			/* ns, present */
	u64 blocked_since;		/* ns, CLOCK_MONOTONIC */
	u64 folded_at;
	struct vx_rx rx;
	struct vx_tx tx;
	struct vx_guest_xdp guest_xdp;

	pthread_t thread;
	pthread_mutex_t lock;		/* held by the worker unless it sleeps */
	pthread_mutex_t gate;		/* held by who pauses it; lets that one win the lock */
	int epfd, wake;
	bool threaded;
	atomic_bool pausing;
	atomic_bool quit;
};

int vx_worker_init(struct vx_worker *w);
int vx_worker_spawn(struct vx_worker *w);
/* Stop the thread, free what init made. False: it hangs in memory that a VMM holds back; the process must go. */
bool vx_worker_stop(struct vx_worker *w);
void vx_worker_destroy(struct vx_worker *w);

/* False: the worker hangs, see above. */
bool vx_worker_pause(struct vx_worker *w);
void vx_worker_resume(struct vx_worker *w);

/* While paused: take its eventfds and sockets out of its epoll set, and put the present ones in. */
void vx_worker_unwatch(struct vx_worker *w);
void vx_worker_watch(struct vx_worker *w);

/* Once it stopped: send what is in the socket's TX ring and take back what was sent, for a bounded time. */
void vx_worker_drain(struct vx_worker *w);
/* Tell what others read: frames per owner, and losses that only the kernel saw. By whoever holds the worker. */
void vx_worker_publish(struct vx_worker *w);

/* What the guest is given, by what is known of it; after vx_rx_init(). */
void vx_worker_set_offloads(struct vx_worker *w);

/* Of worker.c, for worker_loop.c. */
void vx_signal_fd(int fd);
bool vx_worker_discard(struct vx_worker *w, struct vx_xsk_socket *s, enum vx_reason reason);

static inline struct vx_queue_stats *vx_worker_stats(struct vx_worker *w, enum vx_direction dir)
{
	return &w->page->queue[w->index][dir];
}

/* One turn of both pumps; true when there may be more to do at once. For the thread, and for tests. */
bool vx_worker_turn(struct vx_worker *w);

#endif
