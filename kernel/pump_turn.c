// SPDX-License-Identifier: GPL-2.0-only
/* The turn of a vring: the pump, what it owes to others, and what has to wake it next time. */
#include <linux/eventfd.h>
#include <linux/ktime.h>

#include "dev.h"
#include "inlet.h"
#include "port.h"
#include "trace.h"

/* Frames that wait this long for a guest buffer are old news. */
#define STALE_AFTER	NSEC_PER_SEC
#define FOLD_EVERY	(NSEC_PER_SEC / 10)
#define FOLD_TURNS	1024u
/* After so many frames there are probably more soon: a look is cheaper than a kick. */
#define LOOK_AGAIN	16u
/* Where nobody notifies us: no kick eventfd, no memory for frames. */
#define RETRY		NSEC_PER_MSEC

/* --- what a pump owes --- */

static void call_guest(struct vx_vq *vq)
{
	if (!vq->call)
		return;
	eventfd_signal(vq->call);
	vx_stat_add(vq->stats->calls, 1);
	trace_call(vq->pair->port->name, vq->pair->index, vq->dir);
}

static void after_pump(struct vx_vq *vq, const struct vx_pump_result *r)
{
	const u64 on_empty = 1ULL << VIRTIO_F_NOTIFY_ON_EMPTY;

	if (r->call)
		call_guest(vq);
	else if (r->frames && vq->features & on_empty && vx_vq_live(vq) && !vx_vring_has_avail(&vq->ring))
		call_guest(vq);
	if (r->frames && vq->ring.log && vq->dev->log_call)
		eventfd_signal(vq->dev->log_call);
}

static void count_kicks(struct vx_vq *vq)
{
	u32 n = atomic_read(&vq->kicked) ? atomic_xchg(&vq->kicked, 0) : 0;

	if (!n)
		return;
	vx_stat_add(vq->stats->kicks, n);
	trace_kick(vq->pair->port->name, vq->pair->index, vq->dir);
}

/* An answer of the VMM is what the vring waits for, not chains: those it has. */
static void after_miss(struct vx_vq *vq)
{
	if (unlikely(vx_vring_missed(&vq->ring)))
		vx_iotlb_ask(vq, &vq->ring.miss);
}

static void fold(struct vx_vq *vq, u64 now)
{
	u32 i;

	for (i = 0; i < vq->nsource; i++)
		vx_socket_fold(vq->source[i], vq->stats);
	vq->folded_at = now;
	vq->unfolded = false;
}

/* --- to the guest --- */

/*
 * While frames wait for guest buffers, sockets do not wake us for more of them (vx_vq_input()):
 *
 *	a socket			the worker
 *	publishes a frame, full barrier	blocked = false, full barrier (B)
 *	reads blocked (B)		looks for frames
 */
static void unblock(struct vx_vq *vq)
{
	if (!vq->blocked)
		return;
	WRITE_ONCE(vq->blocked, false);
	smp_mb();	/* B */
}

/* Is there more to discard? */
static bool discard(struct vx_vq *vq, struct vx_socket *s, enum vx_reason reason)
{
	u32 n = vx_rx_discard(&vx_xsk_source, &s->x, vq->stats, reason);

	if (n)
		vx_socket_fill(s);
	if (!s->inlet)
		return n;
	n += vx_rx_discard(&vx_inlet_source, s->inlet, vq->stats, reason);
	return n || vx_inlet_pending(s->inlet);
}

/* Returns frames moved; *more when the budget was what ended it. */
static u32 rx_source(struct vx_vq *vq, const struct vx_source_ops *source, void *ctx, bool *more)
{
	struct vx_pump_result r;

	vq->rx.source = source;
	vq->rx.source_ctx = ctx;
	r = vx_rx_pump(&vq->rx);
	after_pump(vq, &r);
	if (r.status == VX_PUMP_BLOCKED) {
		WRITE_ONCE(vq->blocked, true);
		after_miss(vq);
	}
	*more |= r.status == VX_PUMP_MORE || r.frames >= LOOK_AGAIN;
	trace_rx(vq->pair->port->name, vq->pair->index, vq->dir, r.frames, r.status);
	return r.frames;
}

/* The socket, and its inlet. */
static u32 rx_socket(struct vx_vq *vq, struct vx_socket *s, bool *more)
{
	u32 moved = 0, n;

	if (s->inlet && vx_inlet_pending(s->inlet)) {
		moved = rx_source(vq, &vx_inlet_source, s->inlet, more);
		/* One look ends after so many frames that the program drops, and who brought those behind them has woken us already. */
		*more |= !vq->blocked && vx_inlet_pending(s->inlet);
	}
	if (vq->blocked || !vx_xsk_rx_pending(&s->x))
		return moved;
	n = rx_source(vq, &vx_xsk_source, &s->x, more);
	if (n)
		vx_socket_fill(s);
	return moved + n;
}

static bool rx_turn(struct vx_vq *vq)
{
	u32 first = vq->next_source++, i, moved = 0;
	bool more = false;

	unblock(vq);
	vx_vring_disable_kick(&vq->ring);
	for (i = 0; i < vq->nsource && !vq->blocked; i++) {
		struct vx_socket *s = vq->source[(first + i) % vq->nsource];

		if (vx_vq_live(vq))
			moved += rx_socket(vq, s, &more);
		else if (discard(vq, s, VX_REASON_QUEUE_STOPPED))
			more = true;
	}
	if (moved) {
		vq->blocked_since = 0;
		vq->rechecked = false;
	}
	vq->unfolded |= moved;
	if (!(++vq->turns % FOLD_TURNS))
		fold(vq, ktime_get_ns());
	return more;
}

static void stale_discard(struct vx_vq *vq, u64 now)
{
	u32 i;

	if (!vq->blocked_since) {
		vq->blocked_since = now;
		return;
	}
	if (now - vq->blocked_since < STALE_AFTER)
		return;
	for (i = 0; i < vq->nsource; i++)
		discard(vq, vq->source[i], VX_REASON_NO_GUEST_BUFFER);
	vq->blocked_since = 0;
	vq->unfolded = true;
	if (!vq->missed)
		unblock(vq);
}

static void sooner(u64 *deadline, u64 at)
{
	*deadline = min(*deadline, at);
}

/* Ask for a kick. True: there are chains already. */
static bool enable_kick(struct vx_vq *vq)
{
	bool avail = vx_vring_enable_kick(&vq->ring);

	if (unlikely(vq->ring.broken))
		vx_stat_add(vq->stats->errors, 1);
	return avail;
}

static bool rx_arm(struct vx_vq *vq, u64 *deadline)
{
	u64 now = ktime_get_ns();

	if (vq->unfolded && now - vq->folded_at >= FOLD_EVERY)
		fold(vq, now);
	if (vq->unfolded)
		sooner(deadline, vq->folded_at + FOLD_EVERY);
	if (!vx_vq_live(vq) || !vq->blocked)
		return true;	/* a socket wakes us */

	stale_discard(vq, now);
	if (!vq->blocked)
		return false;	/* what came since had nobody to wake */
	sooner(deadline, now + (vq->kick || vq->missed ? STALE_AFTER : RETRY));
	if (vq->missed || !enable_kick(vq))
		return true;
	/* Buffers that are there but too few for the frame give no second notification: look again now and then. */
	if (!vq->rechecked) {
		vq->rechecked = true;
		return false;
	}
	sooner(deadline, now + RETRY);
	return true;
}

/* --- from the guest --- */

static bool tx_turn(struct vx_vq *vq)
{
	struct vx_pump_result r;

	if (!vx_vq_live(vq))
		return false;
	vx_vring_disable_kick(&vq->ring);
	r = vx_tx_pump(&vq->tx);
	after_pump(vq, &r);
	vq->blocked = r.status == VX_PUMP_BLOCKED;
	if (vq->blocked)
		after_miss(vq);
	trace_tx(vq->pair->port->name, vq->pair->index, vq->dir, r.frames, r.status);
	return r.status == VX_PUMP_MORE || r.frames >= LOOK_AGAIN;
}

static bool tx_arm(struct vx_vq *vq, u64 *deadline)
{
	if (!vx_vq_live(vq) || vq->missed)
		return true;
	if (!vq->blocked && enable_kick(vq))
		return false;
	if (vq->blocked || !vq->kick)
		sooner(deadline, ktime_get_ns() + RETRY);
	return true;
}

/* --- either --- */

/* The ring is there, or the VMM was asked for it. */
static void try_restart(struct vx_vq *vq)
{
	if (vx_vq_restart(vq))
		vq->announce = true;
}

static bool turn(struct vx_vq *vq)
{
	count_kicks(vq);
	if (unlikely(vq->missed))
		return false;
	if (unlikely(vq->wants_start))
		try_restart(vq);
	if (unlikely(vq->wants_start))
		return false;
	return vq->dir == VX_TO_GUEST ? rx_turn(vq) : tx_turn(vq);
}

static bool arm(struct vx_vq *vq, u64 *deadline)
{
	return vq->dir == VX_TO_GUEST ? rx_arm(vq, deadline) : tx_arm(vq, deadline);
}

/* What is dropped is counted, by parts that know nothing of tracepoints: so compare. */
static noinline_for_stack bool traced(struct vx_vq *vq, u64 *deadline)
{
	u64 before[VX_REASON_MAX];
	bool ret;
	u32 i;

	memcpy(before, vq->stats->drops, sizeof(before));
	ret = deadline ? arm(vq, deadline) : turn(vq);
	for (i = 0; i < VX_REASON_MAX; i++) {
		u64 n = READ_ONCE(vq->stats->drops[i]) - before[i];

		if (n)
			trace_drop(vq->pair->port->name, vq->pair->index, vq->dir, i, n);
	}
	return ret;
}

bool vx_turn_run(struct vx_vq *vq)
{
	return trace_drop_enabled() ? traced(vq, NULL) : turn(vq);
}

bool vx_turn_arm(struct vx_vq *vq, u64 *deadline)
{
	return trace_drop_enabled() ? traced(vq, deadline) : arm(vq, deadline);
}
