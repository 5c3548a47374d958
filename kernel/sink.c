// SPDX-License-Identifier: GPL-2.0-only
/* Frames from a guest: pages, the port's XDP program, and its verdicts. See sink.h. */
#include <linux/bpf.h>
#include <linux/bpf_trace.h>
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/gfp.h>
#include <linux/if_vlan.h>
#include <linux/netdevice.h>
#include <linux/prefetch.h>
#include <net/xdp.h>
#include <trace/events/xdp.h>
#include "count.h"
#include "port.h"
#include "pump.h"
#include "sink.h"

#define BULK_MIN	8u	/* pages that are asked for at a time: few, so that no single frame waits for many */
#define BULK_MAX	64u
#define SECTION	64u	/* frames judged with softirqs off */

/* What became of the frames of one section. */
struct section {
	struct list_head passed;	/* skbs for the host end */
	DECLARE_BITMAP(lent, SECTION);	/* frames that the program passed on */
};

static struct page *frame_page(const struct vx_frame *f)
{
	return (struct page *)(uintptr_t)f->cookie;
}

static void frame_init(const struct vx_sink *s, struct vx_frame *f, struct page *page)
{
	f->data = (u8 *)page_address(page) + XDP_PACKET_HEADROOM;
	f->len = 0;
	f->room = s->room;
	f->cookie = (uintptr_t)page;
}

/*
 * --- pages, under s->lock ---
 *
 * A page that is passed on keeps a reference of ours, and is used anew when that is the last one: to take a page from the kernel, which
 * clears it, and to give it back costs more than all the rest that is done for a small frame.
 */

static void sink_unlock(struct vx_sink *s) __releases(&s->lock)
{
	s64 held = s->taken - s->freed, change = held - s->counted;

	s->counted = held;
	spin_unlock(&s->lock);
	if (change)
		vx_count(VX_COUNT_TX_PAGES, change);
}

/* Nobody else has it, or others will free it. */
static void let_go(struct vx_sink *s, struct page *page)
{
	s->freed++;
	put_page(page);
}

/* For the next frame. A sink that has let go of its host end keeps nothing. */
static void keep(struct vx_sink *s, struct page *page)
{
	if (s->ncache < VX_SINK_CACHE && rcu_access_pointer(s->prog))
		s->cache[s->ncache++] = page;
	else
		let_go(s, page);
}

static bool is_back(struct page *page)
{
	return page_ref_count(page) == 1;
}

static struct page *oldest_lent(struct vx_sink *s)
{
	struct page *page = s->lent[s->lent_at];

	s->lent_at = (s->lent_at + 1) % VX_SINK_LENT;
	s->nlent--;
	return page;
}

static void lend(struct vx_sink *s, struct page *page)
{
	struct page *old;

	if (unlikely(!rcu_access_pointer(s->prog))) {
		let_go(s, page);
		return;
	}
	if (unlikely(s->nlent == VX_SINK_LENT)) {
		old = oldest_lent(s);
		if (is_back(old))
			keep(s, old);
		else
			let_go(s, old);
	}
	s->lent[(s->lent_at + s->nlent++) % VX_SINK_LENT] = page;
}

/* One that has come back. Those that stay away for long are given up, so that they do not stand before others. */
static struct page *come_back(struct vx_sink *s)
{
	while (s->nlent) {
		if (is_back(s->lent[s->lent_at]))
			return oldest_lent(s);
		if (s->nlent <= VX_SINK_LENT / 2)
			return NULL;
		let_go(s, oldest_lent(s));
	}
	return NULL;
}

/* --- frames --- */

static u32 reuse(struct vx_sink *s, struct vx_frame *f, u32 n)
{
	struct page *page;
	u32 i = 0;

	spin_lock(&s->lock);
	for (; i < n && s->ncache; i++)
		frame_init(s, &f[i], s->cache[--s->ncache]);
	for (; i < n && (page = come_back(s)); i++)
		frame_init(s, &f[i], page);
	sink_unlock(s);
	/* Those who had the pages have read them before we write there. */
	smp_acquire__after_ctrl_dep();
	return i;
}

static u32 refill(struct vx_sink *s, struct vx_frame *f, u32 n)
{
	struct page *page[BULK_MAX] = { NULL };
	u32 i, got = alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN, clamp(n, BULK_MIN, BULK_MAX), page);

	n = min(n, got);
	for (i = 0; i < n; i++)
		frame_init(s, &f[i], page[i]);
	spin_lock(&s->lock);
	s->taken += got;
	for (; i < got; i++)
		keep(s, page[i]);
	sink_unlock(s);
	return n;
}

static u32 sink_alloc(void *ctx, struct vx_frame *f, u32 n)
{
	struct vx_sink *s = ctx;
	u32 done = reuse(s, f, n), got = 1;

	for (; done < n && got; done += got)
		got = refill(s, f + done, n - done);
	return done;
}

static void sink_free(void *ctx, struct vx_frame *f, u32 n)
{
	struct vx_sink *s = ctx;
	u32 i;

	spin_lock(&s->lock);
	for (i = 0; i < n; i++)
		keep(s, frame_page(&f[i]));
	sink_unlock(s);
}

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
static enum vx_reason judge(struct vx_sink *s, struct section *sec, struct bpf_prog *prog, const struct vx_frame *f, u32 i)
{
	struct page *page = frame_page(f);
	struct xdp_buff xdp;
	u32 act;

	xdp_init_buff(&xdp, PAGE_SIZE, &s->rxq);
	xdp_prepare_buff(&xdp, f->data - XDP_PACKET_HEADROOM, XDP_PACKET_HEADROOM, f->len, true);
	act = bpf_prog_run_xdp(prog, &xdp);
	switch (act) {
	case XDP_REDIRECT:
	case XDP_PASS:
		page_ref_inc(page);
		if (unlikely(act == XDP_PASS ? !pass(s, sec, &xdp) : xdp_do_redirect(s->host, &xdp, prog))) {
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

/* Returns how many were not dropped by us. Softirqs are off, in an RCU read section. */
static u32 judge_all(struct vx_sink *s, struct section *sec, struct vx_frame *f, u32 n, struct vx_queue_stats *st)
{
	struct bpf_prog *prog = rcu_dereference(s->prog);
	enum vx_reason reason = VX_REASON_NONE;
	u32 i, sent = 0;

	if (unlikely(!prog))
		reason = VX_REASON_NO_BACKEND;
	else if (unlikely(!(READ_ONCE(s->host->flags) & IFF_UP)))
		reason = VX_REASON_TX_FAILED;
	for (i = 0; i < n; i++) {
		enum vx_reason why = reason;

		if (i + 1 < n)
			prefetch(f[i + 1].data);
		if (likely(!why))
			why = judge(s, sec, prog, &f[i], i);
		if (likely(!why)) {
			sent++;
			continue;
		}
		vx_stat_drop(st, why, 1);
		f[i].len = 0;
	}
	return sent;
}

static void settle(struct vx_sink *s, const struct section *sec, const struct vx_frame *f, u32 n)
{
	u32 i, given = 0;

	spin_lock(&s->lock);
	for (i = 0; i < n; i++) {
		if (test_bit(i, sec->lent)) {
			lend(s, frame_page(&f[i]));
			given++;
		} else {
			keep(s, frame_page(&f[i]));
		}
	}
	WRITE_ONCE(s->given, s->given + given);
	sink_unlock(s);
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
	settle(s, &sec, f, n);
	return sent;
}

static u32 sink_send(void *ctx, struct vx_frame *f, u32 n, struct vx_queue_stats *st)
{
	u32 part, sent = 0;

	for (; n; n -= part, f += part) {
		part = min(n, SECTION);
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
	.alloc = sink_alloc,
	.send = sink_send,
	.free = sink_free,
	.capacity = sink_capacity,
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

static void drain(struct vx_sink *s)
{
	spin_lock(&s->lock);
	while (s->ncache)
		let_go(s, s->cache[--s->ncache]);
	while (s->nlent)
		let_go(s, oldest_lent(s));
	sink_unlock(s);
}

void vx_sink_detach(struct vx_sink *s)
{
	if (!s->host)
		return;
	if (rcu_access_pointer(s->prog)) {
		RCU_INIT_POINTER(s->prog, NULL);
		synchronize_net();
	}
	drain(s);
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
