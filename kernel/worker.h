/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel threads that serve the vrings of a vhost device, in the mm of its owner.
 *
 * A vring belongs to one worker at a time. Whoever wakes a vring finds its worker under RCU and sets the vring's bit there: no
 * lock, nothing to free. A worker is freed a grace period after the last vring left it, so that nobody can set a bit of
 * a freed one (CVE-2025-40024); a bit that came too late is handed on to the vring's present worker.
 */
#ifndef VX_WORKER_H
#define VX_WORKER_H

#include <linux/completion.h>
#include <linux/types.h>

struct task_struct;
struct vx_dev;
struct vx_vq;

struct vx_worker {
	struct vx_dev *dev;
	struct task_struct *task;	/* a reference */
	u32 id;
	u32 users;			/* vrings attached; dev->mutex */
	unsigned long todo;		/* one bit for each vring with something to do */
	bool asleep;			/* or about to be: a new bit wants wake_up_process() */
	bool stop;
	struct completion started, exited;

	/* Its own. */
	unsigned long active;		/* vrings not yet armed */
	u64 deadline[2];		/* of armed vrings; U64_MAX: none */
	u64 spin;			/* ns to poll before the next sleep */
	u64 idle_since;
};

/* The thread; data: the worker. */
int vx_worker_main(void *data);

/* The default worker, serving both vrings. Under dev->mutex, by the owner. */
int vx_workers_start(struct vx_dev *dev);
/*
 * Stop them all. False: one does not come back from the VMM's memory, not even when it is interrupted; call again to wait for it
 * without end, or until the caller is killed.
 */
bool vx_workers_stop(struct vx_dev *dev, bool wait);
/* Free them, once stopped. */
void vx_workers_free(struct vx_dev *dev);

/* The worker was asked to serve this vring; any context. */
void vx_worker_queue(struct vx_worker *w, struct vx_vq *vq);
/* Who serves it has done so for too long: have it give up waiting for the page that it needs. Process context or softirq. */
void vx_worker_interrupt(struct vx_vq *vq);

long vx_worker_ioctl(struct vx_dev *dev, unsigned int cmd, void __user *argp);

#endif
