// SPDX-License-Identifier: GPL-2.0-only
/* One vring of a vhost device: its lock, its life, and whom it tells of a fault. */
#include <linux/delay.h>
#include <linux/eventfd.h>
#include <linux/sched.h>
#include <linux/timer.h>

#include "dev.h"
#include "port.h"
#include "trace.h"
#include "worker.h"

/* How long somebody waits for a vring before its worker is told to give up the page that it waits for. */
#define PATIENCE	(5 * HZ)
/* How long who only asks tries for. */
#define SOON		(HZ / 10)
/* us; twice in the latter there is one of the former. */
#define TRY_EVERY	50u
#define MAKE_WAY	200u

/* --- the mutex --- */

struct patience {
	struct timer_list timer;
	struct vx_vq *vq;
};

static void lose_patience(struct timer_list *timer)
{
	struct patience *p = timer_container_of(p, timer, timer);

	vx_worker_interrupt(p->vq);
	mod_timer(&p->timer, jiffies + PATIENCE);	/* the next page may be withheld as well */
}

void vx_vq_lock(struct vx_vq *vq)
{
	struct patience p = { .vq = vq };

	if (mutex_trylock(&vq->mutex))
		return;
	timer_setup_on_stack(&p.timer, lose_patience, 0);
	mod_timer(&p.timer, jiffies + PATIENCE);
	mutex_lock(&vq->mutex);
	timer_delete_sync(&p.timer);
	timer_destroy_on_stack(&p.timer);
}

bool vx_vq_trylock(struct vx_vq *vq)
{
	return mutex_trylock(&vq->mutex);
}

bool vx_vq_lock_soon(struct vx_vq *vq)
{
	unsigned long until = jiffies + SOON;
	bool locked = mutex_trylock(&vq->mutex);

	if (locked)
		return true;
	atomic_inc(&vq->asked);
	do {
		usleep_range(TRY_EVERY, 2 * TRY_EVERY);
		locked = mutex_trylock(&vq->mutex);
	} while (!locked && time_before(jiffies, until));
	atomic_dec(&vq->asked);
	return locked;
}

void vx_vq_make_way(void)
{
	usleep_range(MAKE_WAY, 2 * MAKE_WAY);
}

void vx_vq_unlock(struct vx_vq *vq)
{
	mutex_unlock(&vq->mutex);
}

/* --- what the port decides --- */

void vx_vq_set_sources(struct vx_vq *vq, struct vx_socket **source, u32 n)
{
	memcpy(vq->source, source, n * sizeof(*source));
	vq->nsource = n;
	vq->next_source = 0;
}

void vx_vq_set_stats(struct vx_vq *vq, struct vx_queue_stats *stats)
{
	vq->stats = stats ? stats : &vq->own_stats;
	if (vq->dir == VX_TO_GUEST)
		vq->rx.stats = vq->stats;
	else
		vq->tx.stats = vq->stats;
}

static bool sleeps_in_turn(struct vx_vq *vq)
{
	bool ret;

	spin_lock_bh(&vq->server_lock);
	ret = vq->server && !task_is_running(vq->server);
	spin_unlock_bh(&vq->server_lock);
	return ret;
}

bool vx_vq_info(struct vx_vq *vq, struct vhost_xdp_vring_info *info)
{
	struct vx_worker *w;
	bool locked;

	memset(info, 0, sizeof(*info));
	info->worker_cpu = -1;
	rcu_read_lock();
	w = rcu_dereference(vq->worker);
	if (w) {
		info->worker_tid = task_pid_nr(w->task);
		info->worker_cpu = task_cpu(w->task);
	}
	rcu_read_unlock();

	locked = vx_vq_lock_soon(vq);
	info->running = vq->started;
	info->broken = vq->started && vq->ring.broken;
	info->num = vq->num;
	info->packed = vq->started && vq->ring.packed;
	info->avail = vq->ring.last_avail;
	info->used = vq->ring.last_used;
	info->logging = vq->started && vq->ring.log;
	info->kicks = vq->stats->kicks;
	info->calls = vq->stats->calls;
	if (!locked && sleeps_in_turn(vq))
		snprintf(info->error, sizeof(info->error), "vring %u: its worker waits for memory of the VMM", vq->dir);
	else
		strscpy(info->error, vq->error, sizeof(info->error));
	if (locked)
		vx_vq_unlock(vq);
	return locked;
}

/* --- faults --- */

static const char *why(int err)
{
	switch (err) {
	case -EFAULT:
		return "its memory is not mapped, or was withheld";
	case -EINVAL:
		return "its descriptors or indices are invalid";
	case -ELOOP:
		return "a chain of descriptors has no end";
	case -ENOBUFS:
		return "a chain of descriptors is too long";
	default:
		return "the guest broke it";
	}
}

void vx_vq_say_error(struct vx_vq *vq, const char *port, const char *what, int err)
{
	snprintf(vq->error, sizeof(vq->error), "vring %u %s: %s", vq->dir, what, why(err));
	pr_warn_ratelimited("%s: %s\n", port, vq->error);
}

void vx_vq_broken(struct vx_vq *vq)
{
	const char *port = vq->pair ? vq->pair->port->name : "?";

	vq->told = true;
	vq->announce = true;
	vx_vq_say_error(vq, port, "stops", vq->ring.error);
	trace_vq_error(port, vq->pair ? vq->pair->index : 0, vq->dir, vq->error);
	if (vq->err)
		eventfd_signal(vq->err);
}

/* --- life --- */

static int kick_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct vx_vq *vq = container_of(wait, struct vx_vq, wait);

	if (!(key_to_poll(key) & EPOLLIN))
		return 0;
	atomic_inc(&vq->kicked);
	vx_vq_wake(vq);
	return 0;
}

static void kick_queue(struct file *file, wait_queue_head_t *head, poll_table *table)
{
	struct vx_vq *vq = container_of(table, struct vx_vq, table);

	vq->head = head;
	add_wait_queue(head, &vq->wait);
}

void vx_vq_init(struct vx_vq *vq, struct vx_dev *dev, enum vx_direction dir)
{
	static struct lock_class_key key[VX_DIRECTIONS];

	__mutex_init(&vq->mutex, "vx_vq.mutex", &key[dir]);
	spin_lock_init(&vq->server_lock);
	vq->dev = dev;
	vq->dir = dir;
	vq->stats = &vq->own_stats;
	init_waitqueue_func_entry(&vq->wait, kick_wake);
	init_poll_funcptr(&vq->table, kick_queue);
}

void vx_vq_reset(struct vx_vq *vq)
{
	vx_vq_set_kick(vq, NULL);
	vx_vq_set_eventfd(vq, &vq->call, NULL);
	vx_vq_set_eventfd(vq, &vq->err, NULL);
	vq->num = 0;
	vq->base = 0;
	memset(&vq->addr, 0, sizeof(vq->addr));
	vq->addr_set = false;
	vq->busyloop = 0;
	vq->error[0] = 0;
	memset(&vq->own_stats, 0, sizeof(vq->own_stats));
}
