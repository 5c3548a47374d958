// SPDX-License-Identifier: GPL-2.0-or-later
/* One turn of a worker: the pumps, and what they owe to others. */
#include <time.h>
#include <unistd.h>

#include "worker.h"

#define COMPLETE_BUDGET	2048u

void vx_signal_fd(int fd)
{
	u64 one = 1;

	/* A full eventfd or pipe is non-blocking and already says what we have to say. */
	if (fd >= 0 && write(fd, &one, sizeof(one)) < 0)
		return;
}

/* Signals that a batch of frames owes the guest or the VMM. */
static void after_pump(struct vx_worker *w, struct vx_vu_vring *v, enum vx_direction dir, const struct vx_pump_result *r)
{
	if (r->call && v->call >= 0) {
		vx_signal_fd(v->call);
		vx_worker_stats(w, dir)->calls++;
	}
	if (r->status == VX_PUMP_BROKEN) {
		vx_signal_fd(v->err);
		vx_signal_fd(w->attention);
	}
}

bool vx_worker_discard(struct vx_worker *w, struct vx_xsk_socket *s, enum vx_reason reason)
{
	u32 n = vx_rx_discard(&vx_xsk_source, &s->x, vx_worker_stats(w, VX_TO_GUEST), reason);

	if (n)
		vx_xsk_fill(s);
	return n;
}

void vx_worker_set_offloads(struct vx_worker *w)
{
	vx_rx_set_offloads(&w->rx, w->guest_xdp.on ? 0 : w->rx.features);
}

/* The page tells what is on: for a program of the guest, which is on all of its queues, none is. */
static void xdp_changed(struct vx_worker *w)
{
	u64 offloads = w->rx.features & VX_GUEST_OFFLOADS;

	vx_worker_set_offloads(w);
	if (w->guest_xdp.on)
		__atomic_fetch_and(&w->page->features, ~offloads, __ATOMIC_RELAXED);
	else
		__atomic_fetch_or(&w->page->features, offloads, __ATOMIC_RELAXED);
}

static bool rx_turn(struct vx_worker *w)
{
	u32 first = w->next_source++;
	bool more = false;

	w->rx_blocked = false;
	for (u32 i = 0; i < w->nsource && !w->rx_blocked; i++) {
		struct vx_xsk_socket *s = w->source[(first + i) % w->nsource];
		struct vx_pump_result r;

		/* A lent socket may have been transmitting. */
		if (s != w->own && s->x.outstanding_tx)
			vx_xsk_complete(&s->x, COMPLETE_BUDGET);
		if (!w->rx_live) {
			more |= vx_worker_discard(w, s, w->backend ? VX_REASON_QUEUE_STOPPED : VX_REASON_NO_BACKEND);
			continue;
		}
		w->rx.source_ctx = &s->x;
		r = vx_rx_pump(&w->rx);
		after_pump(w, w->rx_ring, VX_TO_GUEST, &r);
		if (r.frames) {
			vx_xsk_fill(s);
			if (vx_unlikely(vx_guest_xdp_look(&w->guest_xdp, &w->rx)))
				xdp_changed(w);
		}
		w->rx_live = r.status != VX_PUMP_BROKEN;
		w->rx_blocked = r.status == VX_PUMP_BLOCKED;
		more |= r.frames || r.status == VX_PUMP_MORE;
	}
	if (more) {
		w->blocked_since = 0;
		w->rx_rechecked = false;
	}
	return more;
}

/* A vring that runs but is disabled: what it transmits is taken and dropped (vhost-user, "Ring states"). */
static bool tx_waste(struct vx_worker *w)
{
	struct vx_pump_result r = vx_tx_discard(&w->tx, VX_REASON_QUEUE_STOPPED);

	after_pump(w, w->tx_ring, VX_FROM_GUEST, &r);
	w->tx_waste = r.status != VX_PUMP_BROKEN;
	return r.frames || r.status == VX_PUMP_MORE;
}

static void tx_send(struct vx_worker *w)
{
	int err = vx_xsk_send(w->own);

	/* A device that is down takes nothing until someone brings it up: ask seldom. */
	w->tx_wait = !err ? 0 : err == -EAGAIN ? 1 : 100;
}

static bool tx_turn(struct vx_worker *w)
{
	struct vx_pump_result r = { .status = VX_PUMP_IDLE };
	bool more = false;

	if (w->tx_waste)
		return tx_waste(w);
	if (!w->has_own)
		return false;
	/* Completions alone are no work, unless somebody waits for them. */
	if (w->own->x.outstanding_tx && vx_xsk_complete(&w->own->x, COMPLETE_BUDGET))
		more = w->tx_wait;
	if (w->tx_live) {
		r = vx_tx_pump(&w->tx);
		after_pump(w, w->tx_ring, VX_FROM_GUEST, &r);
		w->tx_live = r.status != VX_PUMP_BROKEN;
		more |= r.frames || r.status == VX_PUMP_MORE;
	}
	if (r.frames || w->tx_wait)
		tx_send(w);
	w->tx_blocked = r.status == VX_PUMP_BLOCKED;
	if (w->tx_blocked)
		more |= vx_xsk_complete(&w->own->x, COMPLETE_BUDGET);
	return more;
}

bool vx_worker_turn(struct vx_worker *w)
{
	bool more = rx_turn(w);

	more |= tx_turn(w);
	if (vx_unlikely(vx_guest_faulted()) && (w->rx_live || w->tx_live || w->tx_waste)) {
		w->rx_live = w->tx_live = w->tx_waste = false;
		vx_signal_fd(w->attention);
	}
	w->unfolded |= more;
	return more;
}

void vx_worker_drain(struct vx_worker *w)
{
	/* A veth completes within the call; a NIC may need a moment. */
	for (u32 i = 0; i < 50 && w->own->x.outstanding_tx; i++) {
		struct timespec ms = { .tv_nsec = 1000000 };

		tx_send(w);
		if (!vx_xsk_complete(&w->own->x, COMPLETE_BUDGET))
			nanosleep(&ms, NULL);
	}
}
