// SPDX-License-Identifier: GPL-2.0-only
/* Frames from a guest: the port's XDP program, and its verdicts. See sink.h. */
#include <linux/bpf.h>
#include <linux/bpf_trace.h>
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/prefetch.h>
#include <net/xdp.h>
#include <trace/events/xdp.h>
#include "port.h"
#include "pump.h"
#include "sink.h"
#include "sink_page.h"

#define SECTION	64u	/* frames judged with softirqs off */

/* What became of the frames of one section. */
struct section {
	struct list_head passed;	/* skbs for the host end */
	DECLARE_BITMAP(lent, SECTION);	/* frames that the program passed on */
};

/* --- verdicts --- */

static bool pass(struct vx_sink *s, struct section *sec, struct xdp_buff *xdp)
{
	struct xdp_frame *xdpf = xdp_convert_buff_to_frame(xdp);
	struct sk_buff *skb = xdpf ? xdp_build_skb_from_frame(xdpf, s->host) : NULL;

	if (skb)
		list_add_tail(&skb->list, &sec->passed);
	return skb;
}

/* VX_REASON_NONE: the frame has left, or the program dropped it. The program may have moved its ends. */
static __always_inline enum vx_reason act_on(struct vx_sink *s, struct section *sec, struct bpf_prog *prog, struct xdp_buff *xdp, u32 act,
			     struct page *page, u32 i)
{
	switch (act) {
	case XDP_REDIRECT:
	case XDP_PASS:
		page_ref_inc(page);
		if (unlikely(act == XDP_PASS ? !pass(s, sec, xdp) : xdp_do_redirect(s->host, xdp, prog))) {
			page_ref_dec(page);
			return VX_REASON_TX_FAILED;
		}
		__set_bit(i, sec->lent);
		return VX_REASON_NONE;
	case XDP_DROP:
		return VX_REASON_NONE;
	case XDP_TX:
		return VX_REASON_BAD_VERDICT;
	default:
		bpf_warn_invalid_xdp_action(s->host, prog, act);
		fallthrough;
	case XDP_ABORTED:
		trace_xdp_exception(s->host, prog, act);
		return VX_REASON_BAD_VERDICT;
	}
}

static void judge_setup(struct vx_sink *s, struct xdp_buff *xdp, const struct vx_frame *f)
{
	xdp_init_buff(xdp, PAGE_SIZE, &s->rxq);
	xdp_prepare_buff(xdp, f->data - XDP_PACKET_HEADROOM, XDP_PACKET_HEADROOM, f->len, true);
}

/* f is frame i of its section. */
static enum vx_reason judge(struct vx_sink *s, struct section *sec, struct bpf_prog *prog, const struct vx_frame *f, u32 i)
{
	struct xdp_buff xdp;

	judge_setup(s, &xdp, f);
	return act_on(s, sec, prog, &xdp, bpf_prog_run_xdp(prog, &xdp), vx_sink_page(f), i);
}

/* The same of one in n pieces. It has nowhere to go but to a neighbour. */
static enum vx_reason judge_whole(struct vx_sink *s, struct section *sec, struct bpf_prog *prog, const struct vx_frame *f, u32 i, u32 n)
{
	enum vx_reason why;
	struct xdp_buff xdp;
	u32 act;

	judge_setup(s, &xdp, f);
	vx_sink_add_pieces(&xdp, f, n);
	act = bpf_prog_run_xdp(prog, &xdp);
	why = act == XDP_PASS ? VX_REASON_BAD_VERDICT : act_on(s, sec, prog, &xdp, act, vx_sink_page(f), i);
	if (!test_bit(i, sec->lent))
		vx_sink_drop_pieces(&xdp);
	/* Whoever has their pages now: those that nobody has are back at once. */
	bitmap_set(sec->lent, i + 1, n - 1);
	return why;
}

static void drop_pieces(struct vx_frame *f, u32 n)
{
	while (n--)
		f++->len = 0;
}

/* Returns how many were not dropped by us. Softirqs are off, in an RCU read section. */
static u32 judge_all(struct vx_sink *s, struct section *sec, struct vx_frame *f, u32 n, struct vx_queue_stats *st)
{
	struct bpf_prog *prog = rcu_dereference(s->prog);
	enum vx_reason reason = VX_REASON_NONE;
	u32 i, k, sent = 0;

	if (unlikely(!prog))
		reason = VX_REASON_NO_BACKEND;
	else if (unlikely(!(READ_ONCE(s->host->flags) & IFF_UP)))
		reason = VX_REASON_TX_FAILED;
	for (i = 0; i < n; i += k) {
		enum vx_reason why = reason;

		k = vx_frame_pieces(&f[i]);
		if (i + 1 < n)
			prefetch(f[i + 1].data);
		if (likely(!why))
			why = likely(k == 1) ? judge(s, sec, prog, &f[i], i) : judge_whole(s, sec, prog, &f[i], i, k);
		if (likely(!why)) {
			sent += k;
			continue;
		}
		vx_stat_drop(st, why, max(f[i].more, 1u));
		drop_pieces(&f[i], k);
	}
	return sent;
}

static u32 send_section(struct vx_sink *s, struct vx_frame *f, u32 n, struct vx_queue_stats *st)
{
	struct section sec = { .passed = LIST_HEAD_INIT(sec.passed) };
	struct bpf_net_context room, *ctx;
	u32 sent;

	local_bh_disable();
	ctx = bpf_net_ctx_set(&room);
	rcu_read_lock();
	sent = judge_all(s, &sec, f, n, st);
	xdp_do_flush();
	/* Not by the host end's native program, which is the one that has judged them. */
	netif_receive_skb_list(&sec.passed);
	rcu_read_unlock();
	bpf_net_ctx_clear(ctx);
	local_bh_enable();
	vx_sink_settle(s, sec.lent, f, n);
	return sent;
}

static u32 sink_send(void *ctx, struct vx_frame *f, u32 n, struct vx_queue_stats *st)
{
	u32 part, sent = 0;

	for (; n; n -= part, f += part) {
		part = min(n, SECTION);
		while (unlikely(f[part - 1].more))
			part--;
		sent += send_section(ctx, f, part, st);
	}
	return sent;
}

/* Memory is the only bound, so it is that of the pump. */
static u32 sink_capacity(void *ctx)
{
	return VX_GSO_SEGS_MAX + VX_BATCH;
}

const struct vx_sink_ops vx_page_sink = {
	.alloc = vx_sink_alloc,
	.send = sink_send,
	.free = vx_sink_free,
	.capacity = sink_capacity,
	.whole = vx_sink_whole,
};

/* --- life --- */

void vx_sink_init(struct vx_sink *s, struct vx_pair *pair, u32 mtu)
{
	memset(s, 0, sizeof(*s));
	s->pair = pair;
	s->room = min_t(u32, VX_SINK_ROOM_MAX, mtu + ETH_HLEN + VLAN_HLEN);
	spin_lock_init(&s->lock);
}

int vx_sink_attach(struct vx_sink *s, struct net_device *host, struct bpf_prog *prog)
{
	int err = xdp_rxq_info_reg(&s->rxq, host, s->pair->index, 0);

	if (err)
		return err;
	err = xdp_rxq_info_reg_mem_model(&s->rxq, MEM_TYPE_PAGE_SHARED, NULL);
	if (err) {
		xdp_rxq_info_unreg(&s->rxq);
		return err;
	}
	s->host = host;
	rcu_assign_pointer(s->prog, prog);
	return 0;
}

void vx_sink_set_prog(struct vx_sink *s, struct bpf_prog *prog)
{
	rcu_assign_pointer(s->prog, prog);
}

void vx_sink_detach(struct vx_sink *s)
{
	if (!s->host)
		return;
	if (rcu_access_pointer(s->prog)) {
		RCU_INIT_POINTER(s->prog, NULL);
		synchronize_net();
	}
	vx_sink_drain(s);
	xdp_rxq_info_unreg(&s->rxq);
	s->host = NULL;
}

/* A name may be changed meanwhile: what is read is one or the other, or some of both. */
bool vx_sink_host_name(const struct vx_sink *s, char *name)
{
	bool attached;

	rcu_read_lock();
	attached = rcu_dereference(s->prog);
	if (attached)
		strscpy(name, s->host->name, IFNAMSIZ);
	rcu_read_unlock();
	return attached;
}
