// SPDX-License-Identifier: GPL-2.0-only
/* An AF_XDP socket in use: whom it wakes, its fill ring, and what it lost. How it came to us: xsk_take.c. */
#include <linux/file.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <net/xdp_sock.h>
#include "inlet.h"
#include "port.h"
#include "pump.h"
#include "vq.h"
#include "xsk.h"
#include "xsk_take.h"

/* --- readiness --- */

static int socket_wake(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct vx_socket *s = container_of(wait, struct vx_socket, wait);

	/* It also wakes when what was sent is done. */
	if (key && !(key_to_poll(key) & EPOLLIN))
		return 0;
	spin_lock(&s->lock);
	if (s->receiver)
		vx_vq_input(s->receiver);
	else
		wake_up_interruptible_poll(&s->pair->user_wait, EPOLLIN | EPOLLRDNORM);
	spin_unlock(&s->lock);
	return 0;
}

struct hook {
	poll_table table;
	struct vx_socket *s;
};

static void hook_in(struct file *file, wait_queue_head_t *head, poll_table *table)
{
	struct vx_socket *s = container_of(table, struct hook, table)->s;

	if (s->head)
		return;
	s->head = head;
	add_wait_queue(head, &s->wait);
}

void vx_socket_hook(struct vx_socket *s)
{
	struct hook hook = { .s = s };

	init_waitqueue_func_entry(&s->wait, socket_wake);
	init_poll_funcptr(&hook.table, hook_in);
	vfs_poll(s->file, &hook.table);
}

void vx_socket_unhook(struct vx_socket *s)
{
	if (s->head)
		remove_wait_queue(s->head, &s->wait);
	s->head = NULL;
}

void vx_socket_set_receiver(struct vx_socket *s, struct vx_vq *vq)
{
	unsigned long flags;

	/* Taken by the waker with interrupts off. */
	spin_lock_irqsave(&s->lock, flags);
	s->receiver = vq;
	spin_unlock_irqrestore(&s->lock, flags);
	if (s->inlet)
		vx_inlet_set_receiver(s->inlet, vq);
}

void vx_socket_open(struct vx_socket *s, bool open)
{
	if (s->inlet)
		vx_inlet_open(s->inlet, open);
}

/* --- receiving --- */

static u32 level(const struct vx_xsk_ring *r)
{
	return min(READ_ONCE(*r->producer) - READ_ONCE(*r->consumer), r->size);
}

void vx_socket_fill(struct vx_socket *s)
{
	struct msghdr msg = { .msg_flags = MSG_DONTWAIT };

	/* It stays empty until now, so none of the times when it is goes unseen. */
	if (!level(&s->x.fill))
		s->ran_empty = true;
	vx_xsk_refill(&s->x);
	/* In copy mode the fill ring has no driver that sleeps. */
	if (s->zero_copy && vx_xsk_fill_need_wakeup(&s->x))
		kernel_recvmsg(s->sock, &msg, NULL, 0, 0, MSG_DONTWAIT);
}

/*
 * What the socket itself lost since we last asked. It counts as dropped both what found no entry in the fill ring and what was longer
 * than a chunk. While the fill ring never was empty it can only have been the latter.
 */
static struct vx_xsk_losses lost_by_socket(struct vx_socket *s)
{
	const struct xdp_sock *xs = (const struct xdp_sock *)s->sock->sk;
	u64 dropped = READ_ONCE(xs->rx_dropped), full = READ_ONCE(xs->rx_queue_full), n = dropped - s->seen_dropped;
	bool ran_empty = s->ran_empty || !level(&s->x.fill);
	const struct vx_xsk_losses l = {
		.ring_full = full - s->seen_full,
		.no_frame = ran_empty ? n : 0,
		.oversize = ran_empty ? 0 : n,
	};

	s->seen_dropped = dropped;
	s->seen_full = full;
	s->ran_empty = false;
	return l;
}

/* Who reads the socket is the only one to write there. */
static void publish_losses(struct vx_socket *s, const struct vx_xsk_losses *l)
{
	struct vx_xsk_losses *sum = &s->page->xsk[s->queue];

	vx_stat_add(sum->ring_full, l->ring_full);
	vx_stat_add(sum->no_frame, l->no_frame);
	vx_stat_add(sum->oversize, l->oversize);
}

struct losses {
	u64 no_reader, no_room, oversize;
};

static struct losses lost(struct vx_socket *s)
{
	const struct vx_xsk_losses own = lost_by_socket(s);
	struct losses l = { .no_room = own.ring_full + own.no_frame, .oversize = own.oversize };
	u64 full;

	publish_losses(s, &own);
	if (s->inlet) {
		vx_inlet_lost(s->inlet, &l.no_reader, &full);
		l.no_room += full;
	}
	return l;
}

void vx_socket_discard(struct vx_socket *s, struct vx_queue_stats *st, enum vx_reason reason)
{
	u32 left = s->x.rx.size / VX_BUDGET_FRAMES + 2;
	struct losses l;

	while (vx_rx_discard(&vx_xsk_source, &s->x, st, reason) && --left)
		vx_socket_fill(s);
	if (s->inlet)
		vx_inlet_discard(s->inlet, st, reason);
	l = lost(s);
	vx_stat_drop(st, reason, l.no_room + l.no_reader);
	vx_stat_drop(st, VX_REASON_OVERSIZE, l.oversize);
	vx_socket_fill(s);
	s->ran_empty = false;
}

static void publish_frames(struct vx_socket *s)
{
	u32 o;

	/* Every socket of the port adds its part. */
	for (o = 0; o < VX_OWNERS; o++) {
		s64 more = (s64)s->umem.count[o] - s->published[o];

		if (more)
			atomic64_add(more, (atomic64_t *)&s->page->umem_frames[o]);
		s->published[o] = s->umem.count[o];
	}
}

void vx_socket_start(struct vx_socket *s, struct vx_engine_page *page)
{
	s->page = page;
	vx_socket_fill(s);
	s->ran_empty = false;
	publish_frames(s);
}

void vx_socket_fold(struct vx_socket *s, struct vx_queue_stats *to_guest)
{
	struct losses l = lost(s);

	vx_stat_drop(to_guest, VX_REASON_NO_BACKEND, l.no_reader);
	vx_stat_drop(to_guest, VX_REASON_NO_GUEST_BUFFER, l.no_room);
	vx_stat_drop(to_guest, VX_REASON_OVERSIZE, l.oversize);
	publish_frames(s);
}

static bool needs_wakeup(const struct vx_xsk_ring *r)
{
	return READ_ONCE(*r->flags) & XDP_RING_NEED_WAKEUP;
}

void vx_socket_info(const struct vx_socket *s, struct vhost_xdp_pair_info *info)
{
	u32 o;

	info->fill = level(&s->x.fill);
	info->rx = level(&s->x.rx) + s->x.nheld;
	info->tx = level(&s->x.tx);
	info->completion = level(&s->x.comp);
	for (o = 0; o < VX_OWNERS; o++)
		info->frames[o] = s->umem.count[o];
	info->zero_copy = s->zero_copy;
	info->need_wakeup = (needs_wakeup(&s->x.fill) ? 1 : 0) + (needs_wakeup(&s->x.tx) ? 2 : 0);
}
