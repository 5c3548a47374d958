// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pages of frames from a guest.
 *
 * A page that is passed on keeps a reference of ours, and is used anew when that is the last one: to take a page from the kernel, which
 * clears it, and to give it back costs more than all the rest that is done for a small frame.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include "count.h"
#include "sink.h"
#include "sink_page.h"

#define BULK_MIN	8u	/* pages that are asked for at a time: few, so that no single frame waits for many */
#define BULK_MAX	64u

static void frame_init(const struct vx_sink *s, struct vx_frame *f, struct page *page)
{
	f->data = (u8 *)page_address(page) + XDP_PACKET_HEADROOM;
	f->len = 0;
	f->room = s->room;
	f->cookie = (uintptr_t)page;
	f->more = 0;
}

/* --- pages, under s->lock --- */

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

u32 vx_sink_alloc(void *ctx, struct vx_frame *f, u32 n)
{
	struct vx_sink *s = ctx;
	u32 done = reuse(s, f, n), got = 1;

	for (; done < n && got; done += got)
		got = refill(s, f + done, n - done);
	return done;
}

void vx_sink_free(void *ctx, struct vx_frame *f, u32 n)
{
	struct vx_sink *s = ctx;
	u32 i;

	spin_lock(&s->lock);
	for (i = 0; i < n; i++)
		keep(s, vx_sink_page(&f[i]));
	sink_unlock(s);
}

void vx_sink_settle(struct vx_sink *s, const unsigned long *lent, const struct vx_frame *f, u32 n)
{
	u32 i, given = 0;

	spin_lock(&s->lock);
	for (i = 0; i < n; i++) {
		if (test_bit(i, lent)) {
			lend(s, vx_sink_page(&f[i]));
			given++;
		} else {
			keep(s, vx_sink_page(&f[i]));
		}
	}
	WRITE_ONCE(s->given, s->given + given);
	sink_unlock(s);
}

void vx_sink_drain(struct vx_sink *s)
{
	spin_lock(&s->lock);
	while (s->ncache)
		let_go(s, s->cache[--s->ncache]);
	while (s->nlent)
		let_go(s, oldest_lent(s));
	sink_unlock(s);
}
