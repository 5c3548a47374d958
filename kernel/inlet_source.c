// SPDX-License-Identifier: GPL-2.0-only
/* Frames that came by the inlet: judged, and given to whom they are for. See inlet.h. */
#include <linux/bpf.h>
#include <linux/bpf_trace.h>
#include <linux/filter.h>
#include <linux/prefetch.h>
#include <net/xdp.h>
#include <trace/events/xdp.h>
#include "inlet.h"
#include "pump.h"

/* --- verdicts --- */

/* Whether the program's redirect is to the socket; it is done with in any case. */
static __always_inline bool redirected_to(const struct sock *xsk)
{
	struct bpf_redirect_info *ri = vx_redirect_info();
	bool yes = ri->map_type == BPF_MAP_TYPE_XSKMAP && ri->tgt_value == (const void *)xsk;

	ri->map_id = 0;
	ri->map_type = BPF_MAP_TYPE_UNSPEC;
	return yes;
}

/* Not delivered. VX_REASON_NONE: the program dropped it, and counted it. */
static enum vx_reason refused(const struct vx_inlet_queue *q, struct bpf_prog *prog, u32 act)
{
	switch (act) {
	case XDP_DROP:
		return VX_REASON_NONE;
	case XDP_REDIRECT:
	case XDP_PASS:
	case XDP_TX:
		return VX_REASON_BAD_VERDICT;
	default:
		bpf_warn_invalid_xdp_action(q->rxq.dev, prog, act);
		fallthrough;
	case XDP_ABORTED:
		trace_xdp_exception(q->rxq.dev, prog, act);
		return VX_REASON_BAD_VERDICT;
	}
}

static u32 pieces_of(struct xdp_frame *xdpf)
{
	return likely(!xdp_frame_has_frags(xdpf)) ? 1 : 1 + xdp_get_shared_info_from_frame(xdpf)->nr_frags;
}

static __always_inline void piece(struct vx_frame *f, void *data, u32 len, const struct xdp_frame *xdpf)
{
	f->data = data;
	f->len = len;
	f->room = len;
	f->cookie = (uintptr_t)xdpf;
	f->more = 0;
}

/* Those behind the first, whose frame goes back as a whole. Returns how many pieces there are. */
static u32 describe_pieces(struct vx_frame *f, struct xdp_frame *xdpf)
{
	const struct skb_shared_info *info = xdp_get_shared_info_from_frame(xdpf);
	u32 i;

	for (i = 0; i < info->nr_frags; i++) {
		f++->more = 1;
		piece(f, skb_frag_address(&info->frags[i]), skb_frag_size(&info->frags[i]), NULL);
	}
	return i + 1;
}

/* Returns how many of f[] it takes; 0: it was dropped, and counted. *xdp is used for it, and is cleared only once by kernels that clear. */
static __always_inline u32 judge(struct vx_inlet_queue *q, struct bpf_prog *prog, struct xdp_frame *xdpf, struct xdp_buff *xdp,
				 struct vx_frame *f, struct vx_queue_stats *st)
{
	enum vx_reason reason = VX_REASON_NO_BACKEND;
	u32 act;

	/* One that does not know of pieces would judge the first and let all pass. */
	if (unlikely(prog && xdp_frame_has_frags(xdpf) && !prog->aux->xdp_has_frags)) {
		reason = VX_REASON_OVERSIZE;
	} else if (likely(prog)) {
		xdp_convert_frame_to_buff(xdpf, xdp);
		vx_rxq_of_frame(&q->rxq, xdpf);
		xdp->rxq = &q->rxq;
		act = bpf_prog_run_xdp(prog, xdp);
		if (likely(act == XDP_REDIRECT && redirected_to(q->xsk))) {
			piece(f, xdp->data, xdp->data_end - xdp->data, xdpf);
			return likely(!xdp_frame_has_frags(xdpf)) ? 1 : describe_pieces(f, xdpf);
		}
		reason = refused(q, prog, act);
	}
	if (reason)
		vx_stat_drop(st, reason, 1);
	return 0;
}

/* --- as a source --- */

static struct xdp_frame *take_next(struct vx_inlet_queue *q)
{
	struct xdp_frame *xdpf = q->next, *after;

	if (unlikely(xdpf)) {
		q->next = NULL;
		return xdpf;
	}
	xdpf = __ptr_ring_consume(&q->ring);
	after = __ptr_ring_peek(&q->ring);
	if (likely(after))
		prefetch(after);
	return xdpf;
}

/*
 * Up to n frames out of the ring. One that has more pieces than there is room for waits, unless they are more than the most that can be asked
 * for at a time. Softirqs are off, in an RCU read section.
 */
static u32 judge_some(struct vx_inlet_queue *q, struct vx_frame *f, u32 n, u32 most, struct vx_queue_stats *st)
{
	struct bpf_prog *prog = rcu_dereference(q->prog);
	u32 got = 0, left = VX_XSK_BATCH;
	struct xdp_frame_bulk dropped;
	struct xdp_frame *xdpf;
	struct xdp_buff xdp;

	xdp_frame_bulk_init(&dropped);
	spin_lock(&q->ring.consumer_lock);
	q->taken++;
	while (got < n && left-- && (xdpf = take_next(q))) {
		u32 pieces = pieces_of(xdpf), took = 0;

		if (likely(pieces <= n - got)) {
			took = judge(q, prog, xdpf, &xdp, f + got, st);
		} else if (pieces <= most) {
			q->next = xdpf;
			break;
		} else {
			vx_stat_drop(st, VX_REASON_OVERSIZE, 1);
		}
		if (unlikely(!took))
			xdp_return_frame_bulk(xdpf, &dropped);
		got += took;
	}
	spin_unlock(&q->ring.consumer_lock);
	xdp_flush_frame_bulk(&dropped);
	return got;
}

static u32 judge_section(struct vx_inlet_queue *q, struct vx_frame *f, u32 n, u32 most, struct vx_queue_stats *st)
{
	struct bpf_net_context room, *ctx;
	u32 got;

	local_bh_disable();
	ctx = bpf_net_ctx_set(&room);
	rcu_read_lock();
	got = judge_some(q, f, n, most, st);
	rcu_read_unlock();
	bpf_net_ctx_clear(ctx);
	local_bh_enable();
	return got;
}

/* Of those that are held, as many as n has room for, without a part of one. */
static u32 take_held(struct vx_inlet_queue *q, struct vx_frame *f, u32 n)
{
	u32 got = min(q->nheld, n);

	while (got && q->held[got - 1].more)
		got--;
	memcpy(f, q->held, got * sizeof(*f));
	q->nheld -= got;
	memmove(q->held, q->held + got, q->nheld * sizeof(*f));
	return got;
}

static u32 source_peek(void *ctx, struct vx_frame *f, u32 n, struct vx_queue_stats *st)
{
	struct vx_inlet_queue *q = ctx;
	u32 got = 0;

	n = min(n, VX_XSK_BATCH);
	if (unlikely(q->nheld))
		got = take_held(q, f, n);
	if (got < n && !q->nheld && vx_inlet_pending(q))
		got += judge_section(q, f + got, n - got, n, st);
	return got;
}

/* A frame was judged once: what is not done with is kept here. */
static void source_release(void *ctx, const struct vx_frame *f, u32 n_done, u32 n_peeked)
{
	struct vx_inlet_queue *q = ctx;
	u32 i, left = n_peeked - n_done;
	struct xdp_frame_bulk done;

	xdp_frame_bulk_init(&done);
	rcu_read_lock();
	for (i = 0; i < n_done; i++)
		if (f[i].cookie)
			xdp_return_frame_bulk((struct xdp_frame *)(uintptr_t)f[i].cookie, &done);
	xdp_flush_frame_bulk(&done);
	rcu_read_unlock();
	if (likely(!left))
		return;
	memmove(q->held + left, q->held, q->nheld * sizeof(*f));
	memcpy(q->held, f + n_done, left * sizeof(*f));
	q->nheld += left;
}

bool vx_inlet_pending(const struct vx_inlet_queue *q)
{
	return q->nheld || q->next || !__ptr_ring_empty((struct ptr_ring *)&q->ring);
}

void vx_inlet_discard(struct vx_inlet_queue *q, struct vx_queue_stats *st, enum vx_reason reason)
{
	u32 looks = VX_INLET_LOOKS;

	while (looks-- && vx_inlet_pending(q))
		vx_rx_discard(&vx_inlet_source, q, st, reason);
}

const struct vx_source_ops vx_inlet_source = {
	.peek = source_peek,
	.release = source_release,
};
