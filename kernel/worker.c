// SPDX-License-Identifier: GPL-2.0-only
/* Kernel threads that serve vrings: when they sleep, what wakes them. */
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>

#include "dev.h"
#include "port.h"
#include "worker.h"

#define NEVER		U64_MAX
#define SPIN_MIN	4000u
/* A sleep may last this much longer, for the sake of timers that can then fire together. */
#define SLACK		(50 * NSEC_PER_USEC)

/*
 * No wake-up is lost:
 *
 *	who has something for a vring		the worker
 *	makes it visible			asleep = true
 *	sets the vring's bit, full barrier	full barrier
 *	reads asleep: wakes			reads the bits: stays
 *						...
 *						takes the bits, full barrier, then looks at what there is
 *
 * Either the bit is seen before the worker sleeps, or asleep is seen when the bit was set. Who finds the bit set already does nothing: whoever
 * set it has woken the worker, or will; and as the worker takes the bits before it looks, it sees what came before.
 */
void vx_worker_queue(struct vx_worker *w, struct vx_vq *vq)
{
	if (!test_and_set_bit(vq->dir, &w->todo) && READ_ONCE(w->asleep))
		wake_up_process(w->task);
}

void vx_vq_wake(struct vx_vq *vq)
{
	struct vx_worker *w;

	rcu_read_lock();
	w = rcu_dereference(vq->worker);
	if (w)
		vx_worker_queue(w, vq);
	rcu_read_unlock();
}

/* The vring may have gone to another worker meanwhile. */
void vx_worker_interrupt(struct vx_vq *vq)
{
	spin_lock_bh(&vq->server_lock);
	if (vq->server)
		send_sig(SIGKILL, vq->server, 1);
	spin_unlock_bh(&vq->server_lock);
}

/* --- the thread --- */

/* Who was about to interrupt us has done so when we have the lock: what is pending then was meant for this turn. */
static void leave(struct vx_vq *vq)
{
	spin_lock_bh(&vq->server_lock);
	WRITE_ONCE(vq->server, NULL);
	spin_unlock_bh(&vq->server_lock);
	mutex_unlock(&vq->mutex);
	/* Somebody lost patience with us, and the vring broke of it or not: the next page is another matter. */
	if (signal_pending(current))
		flush_signals(current);
	if (unlikely(atomic_read(&vq->asked)))
		vx_vq_make_way();
}

/*
 * A worker in a turn is given time to come to its end, any other that shall stop is interrupted at once. A turn that is
 * not known yet touches nothing:
 *
 *	the worker			who stops it
 *	server = itself, full barrier	stop = true, full barrier (S)
 *	reads stop: leaves		reads server: interrupts it, if it is another
 *
 * False: there is no turn. It shall stop, or it was interrupted while another worker's turn of the same vring had no end.
 */
static bool serve_begin(struct vx_worker *w, struct vx_vq *vq)
{
	int err = mutex_lock_killable(&vq->mutex);

	if (signal_pending(current))
		flush_signals(current);
	if (err)
		return false;
	smp_store_mb(vq->server, current);	/* S */
	if (likely(!READ_ONCE(w->stop)))
		return true;
	leave(vq);
	return false;
}

static void serve_end(struct vx_vq *vq)
{
	struct vx_port *port = NULL;

	if (vq->started && vq->ring.broken && !vq->told)
		vx_vq_broken(vq);
	if (vq->announce && vq->pair) {
		port = vq->pair->port;
		vx_port_get(port);
	}
	vq->announce = false;
	leave(vq);
	if (port) {
		vx_port_changed(port);
		vx_port_put(port);
	}
}

/* Ours, and bound? Under vq->mutex. A bit that arrived after the vring went to another worker goes there. */
static bool serves(struct vx_worker *w, struct vx_vq *vq)
{
	if (rcu_access_pointer(vq->worker) != w) {
		vx_vq_wake(vq);
		return false;
	}
	return vq->pair;
}

static bool run(struct vx_worker *w, struct vx_vq *vq)
{
	bool more = false;

	if (!serve_begin(w, vq))
		return false;
	if (serves(w, vq))
		more = vx_turn_run(vq);
	else
		__clear_bit(vq->dir, &w->active);
	serve_end(vq);
	return more;
}

static void arm(struct vx_worker *w, struct vx_vq *vq)
{
	if (!serve_begin(w, vq))
		return;
	w->deadline[vq->dir] = NEVER;
	if (!serves(w, vq) || vx_turn_arm(vq, &w->deadline[vq->dir]))
		__clear_bit(vq->dir, &w->active);
	serve_end(vq);
}

/* The bits that were set, and vrings whose time has come. */
static void take_bits(struct vx_worker *w)
{
	u32 i;

	if (READ_ONCE(w->todo))
		w->active |= xchg(&w->todo, 0);
	for (i = 0; i < VX_DIRECTIONS; i++) {
		if (w->deadline[i] == NEVER || w->active & BIT(i))
			continue;
		if (ktime_get_ns() >= w->deadline[i]) {
			w->deadline[i] = NEVER;
			w->active |= BIT(i);
		}
	}
}

static u64 spin_max(const struct vx_worker *w)
{
	u32 i, us = 0;

	for (i = 0; i < VX_DIRECTIONS; i++) {
		const struct vx_vq *vq = &w->dev->vq[i];

		if (rcu_access_pointer(vq->worker) == w)
			us = max(us, READ_ONCE(vq->busyloop));
	}
	return (u64)us * NSEC_PER_USEC;
}

/* Poll a little longer? Not when anybody else wants the CPU. */
static bool spin_on(struct vx_worker *w)
{
	u64 now;

	if (!w->spin || need_resched())
		return false;
	now = ktime_get_ns();
	if (!w->idle_since)
		w->idle_since = now;
	cpu_relax();
	return now - w->idle_since < w->spin;
}

static void wait_for_bits(struct vx_worker *w)
{
	u64 until = min(w->deadline[VX_TO_GUEST], w->deadline[VX_FROM_GUEST]);
	ktime_t expires = until;

	/* Not interruptible: signals are for page faults. Idle: does not count as load. */
	set_current_state(TASK_IDLE);
	WRITE_ONCE(w->asleep, true);
	smp_mb();	/* see vx_worker_queue() */
	if (!READ_ONCE(w->todo) && !READ_ONCE(w->stop)) {
		if (until == NEVER)
			schedule();
		else
			schedule_hrtimeout_range(&expires, SLACK, HRTIMER_MODE_ABS);
	}
	__set_current_state(TASK_RUNNING);
	WRITE_ONCE(w->asleep, false);
}

static void worker_sleep(struct vx_worker *w)
{
	u64 start, most = spin_max(w);

	if (!most) {
		w->spin = 0;
		wait_for_bits(w);
		return;
	}
	/* Polling pays when work comes sooner than the bound; otherwise sleep at once next time. */
	start = ktime_get_ns();
	wait_for_bits(w);
	if (READ_ONCE(w->todo) && ktime_get_ns() - start <= most)
		w->spin = min(most, w->spin * 2 + SPIN_MIN);
	else
		w->spin = 0;
}

/* One round over the vrings that are not armed: a vring that has much to do waits for the other after each turn. */
static bool serve_active(struct vx_worker *w)
{
	bool more = false;
	u32 i;

	for (i = 0; i < VX_DIRECTIONS && !READ_ONCE(w->stop); i++)
		if (w->active & BIT(i))
			more |= run(w, &w->dev->vq[i]);
	return more;
}

int vx_worker_main(void *data)
{
	struct vx_worker *w = data;
	u32 i;

	allow_kernel_signal(SIGKILL);
	kthread_use_mm(w->dev->mm);
	w->deadline[VX_TO_GUEST] = NEVER;
	w->deadline[VX_FROM_GUEST] = NEVER;
	complete(&w->started);
	while (!READ_ONCE(w->stop)) {
		take_bits(w);
		if (serve_active(w)) {
			w->idle_since = 0;
			cond_resched();
			continue;
		}
		if (w->active && spin_on(w))
			continue;
		w->idle_since = 0;
		for (i = 0; i < VX_DIRECTIONS && !READ_ONCE(w->stop); i++)
			if (w->active & BIT(i))
				arm(w, &w->dev->vq[i]);
		if (!w->active)
			worker_sleep(w);
		else
			cond_resched();
	}
	kthread_unuse_mm(w->dev->mm);
	complete_all(&w->exited);
	return 0;
}
