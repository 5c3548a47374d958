// SPDX-License-Identifier: GPL-2.0-only
/* Workers made and ended, and the vrings given to them. All under dev->mutex, by the owner. */
#include <linux/cgroup.h>
#include <linux/kthread.h>
#include <linux/nospec.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "count.h"
#include "dev.h"
#include "worker.h"

#define VX_WORKERS_MAX	16u
/* Until a worker that is stuck in the VMM's memory is told to give up. */
#define PATIENCE	(5 * HZ)
/* Then it may come to the next page that it has to give up. */
#define NEXT_PAGE	HZ
#define TRIES		5u

static bool in_turn(const struct vx_worker *w)
{
	u32 i;

	for (i = 0; i < VX_DIRECTIONS; i++)
		if (READ_ONCE(w->dev->vq[i].server) == w->task)
			return true;
	return false;
}

static void worker_interrupt(struct vx_worker *w)
{
	send_sig(SIGKILL, w->task, 1);
}

static void worker_ask_to_stop(struct vx_worker *w)
{
	WRITE_ONCE(w->stop, true);
	smp_mb();	/* S, see serve_begin() */
	if (!in_turn(w))
		worker_interrupt(w);
	wake_up_process(w->task);
}

/* False: time is up, or (killable) the caller was killed. */
static bool worker_exited(struct vx_worker *w, unsigned long until, bool killable)
{
	long left = max_t(long, until - jiffies, 1);

	if (killable)
		return wait_for_completion_killable_timeout(&w->exited, left) > 0;
	return wait_for_completion_timeout(&w->exited, left);
}

/* It stopped, has no vring, and nobody finds it any more. */
static void worker_destroy(struct vx_worker *w)
{
	xa_erase(&w->dev->workers, w->id);
	kthread_stop(w->task);
	put_task_struct(w->task);
	vx_count(VX_COUNT_WORKERS, -1);
	kfree(w);
}

/* -EINTR: the caller was killed meanwhile. The worker ends when it can, and goes with its device. */
static int worker_end(struct vx_worker *w)
{
	unsigned long until = jiffies + PATIENCE;
	struct vx_dev *dev = w->dev;
	u32 i;

	worker_ask_to_stop(w);
	while (!worker_exited(w, until, true)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		worker_interrupt(w);
		until = jiffies + NEXT_PAGE;
	}
	synchronize_rcu();
	worker_destroy(w);
	/* What it was asked at the last moment. */
	for (i = 0; i < VX_DIRECTIONS; i++)
		vx_vq_wake(&dev->vq[i]);
	return 0;
}

/* In the owner's context: the thread is billed where the owner is. */
static struct vx_worker *worker_new(struct vx_dev *dev)
{
	struct vx_worker *w;
	int err;

	w = kzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);
	if (!w)
		return ERR_PTR(-ENOMEM);
	w->dev = dev;
	init_completion(&w->started);
	init_completion(&w->exited);
	w->task = kthread_create(vx_worker_main, w, "vhost-xdp-%d", current->pid);
	if (IS_ERR(w->task)) {
		err = PTR_ERR(w->task);
		goto err_free;
	}
	get_task_struct(w->task);
	err = xa_alloc(&dev->workers, &w->id, w, XA_LIMIT(0, VX_WORKERS_MAX - 1), GFP_KERNEL);
	if (err) {
		err = err == -EBUSY ? -ENOSPC : err;
		goto err_stop;
	}
	vx_count(VX_COUNT_WORKERS, 1);
	set_user_nice(w->task, task_nice(current));
	wake_up_process(w->task);
	/* A kthread chooses its CPUs when it first runs: the cgroup's come after that. */
	wait_for_completion(&w->started);
	err = cgroup_attach_task_all(current, w->task);
	if (!err)
		return w;
	worker_end(w);
	return ERR_PTR(err);

err_stop:
	kthread_stop(w->task);	/* it never ran */
	put_task_struct(w->task);
err_free:
	kfree(w);
	return ERR_PTR(err);
}

/* From now on vq is w's (NULL: nobody's). The worker that had it hands on what it is still asked. */
static void assign(struct vx_vq *vq, struct vx_worker *w)
{
	struct vx_worker *old = rcu_dereference_protected(vq->worker, lockdep_is_held(&vq->dev->mutex));

	if (old == w)
		return;
	if (old)
		old->users--;
	if (w)
		w->users++;
	rcu_assign_pointer(vq->worker, w);
	vx_vq_wake(vq);
}

int vx_workers_start(struct vx_dev *dev)
{
	struct vx_worker *w = worker_new(dev);
	u32 i;

	if (IS_ERR(w))
		return PTR_ERR(w);
	for (i = 0; i < VX_DIRECTIONS; i++)
		assign(&dev->vq[i], w);
	return 0;
}

static bool all_exited(struct vx_dev *dev, unsigned long until, bool killable)
{
	struct vx_worker *w;
	unsigned long id;

	xa_for_each(&dev->workers, id, w)
		if (!worker_exited(w, until, killable))
			return false;
	return true;
}

bool vx_workers_stop(struct vx_dev *dev, bool wait)
{
	unsigned long id, until = jiffies + PATIENCE;
	struct vx_worker *w;
	u32 tries = 0;

	xa_for_each(&dev->workers, id, w)
		worker_ask_to_stop(w);
	while (!all_exited(dev, until, wait)) {
		if (wait ? fatal_signal_pending(current) : tries++ == TRIES)
			return false;
		xa_for_each(&dev->workers, id, w)
			worker_interrupt(w);
		until = jiffies + NEXT_PAGE;
	}
	return true;
}

void vx_workers_free(struct vx_dev *dev)
{
	struct vx_worker *w;
	unsigned long id;
	u32 i;

	for (i = 0; i < VX_DIRECTIONS; i++)
		assign(&dev->vq[i], NULL);
	synchronize_rcu();
	xa_for_each(&dev->workers, id, w)
		worker_destroy(w);
}

/* --- ioctls --- */

static long worker_new_exec(struct vx_dev *dev, void __user *argp)
{
	struct vhost_worker_state state = { 0 };
	struct vx_worker *w = worker_new(dev);

	if (IS_ERR(w))
		return PTR_ERR(w);
	state.worker_id = w->id;
	if (!copy_to_user(argp, &state, sizeof(state)))
		return 0;
	worker_end(w);
	return -EFAULT;
}

static long worker_free_exec(struct vx_dev *dev, void __user *argp)
{
	struct vhost_worker_state state;
	struct vx_worker *w;

	if (copy_from_user(&state, argp, sizeof(state)))
		return -EFAULT;
	w = xa_load(&dev->workers, state.worker_id);
	if (!w)
		return -ENODEV;
	if (w->users)
		return -EBUSY;
	return worker_end(w);
}

static long worker_attach_exec(struct vx_dev *dev, void __user *argp)
{
	struct vhost_vring_worker state;
	struct vx_worker *w;

	if (copy_from_user(&state, argp, sizeof(state)))
		return -EFAULT;
	if (state.index >= VX_DIRECTIONS)
		return -ENOBUFS;
	w = xa_load(&dev->workers, state.worker_id);
	if (!w || w->stop)
		return -ENODEV;
	assign(&dev->vq[array_index_nospec(state.index, VX_DIRECTIONS)], w);
	return 0;
}

static long worker_get_exec(struct vx_dev *dev, void __user *argp)
{
	struct vhost_vring_worker state;
	struct vx_vq *vq;
	struct vx_worker *w;

	if (copy_from_user(&state, argp, sizeof(state)))
		return -EFAULT;
	if (state.index >= VX_DIRECTIONS)
		return -ENOBUFS;
	vq = &dev->vq[array_index_nospec(state.index, VX_DIRECTIONS)];
	w = rcu_dereference_protected(vq->worker, lockdep_is_held(&dev->mutex));
	if (!w)
		return -EINVAL;
	state.worker_id = w->id;
	return copy_to_user(argp, &state, sizeof(state)) ? -EFAULT : 0;
}

long vx_worker_ioctl(struct vx_dev *dev, unsigned int cmd, void __user *argp)
{
	switch (cmd) {
	case VHOST_NEW_WORKER:
		return worker_new_exec(dev, argp);
	case VHOST_FREE_WORKER:
		return worker_free_exec(dev, argp);
	case VHOST_ATTACH_VRING_WORKER:
		return worker_attach_exec(dev, argp);
	case VHOST_GET_VRING_WORKER:
		return worker_get_exec(dev, argp);
	default:
		return -ENOIOCTLCMD;
	}
}
