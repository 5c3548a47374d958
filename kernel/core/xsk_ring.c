// SPDX-License-Identifier: GPL-2.0-only
/* The user side of an AF_XDP socket's rings. The letters at barriers are those of xsk_ring.h. */
#include "xsk_ring.h"
#include <linux/if_xdp.h>
#include <vhost_xdp/whole.h>

#ifndef XDP_PKT_CONTD
#define XDP_PKT_CONTD	(1 << 0)	/* Linux 6.6 */
#endif

static bool fits(u64 off, u64 len, u64 map_len, u64 align)
{
	return !(off & (align - 1)) && len <= map_len && off <= map_len - len;
}

int vx_xsk_ring_init(struct vx_xsk_ring *r, void *map, u64 map_len, const struct xdp_ring_offset *off, u32 size,
		     u32 entry_size)
{
	u8 *at = map;

	memset(r, 0, sizeof(*r));
	if (!size || size & (size - 1) || !entry_size)
		return -EINVAL;
	if (!fits(off->producer, sizeof(u32), map_len, sizeof(u32)) ||
	    !fits(off->consumer, sizeof(u32), map_len, sizeof(u32)) ||
	    !fits(off->flags, sizeof(u32), map_len, sizeof(u32)) ||
	    !fits(off->desc, (u64)size * entry_size, map_len, sizeof(u64)))
		return -EINVAL;
	r->producer = (u32 *)(at + off->producer);
	r->consumer = (u32 *)(at + off->consumer);
	r->flags = (u32 *)(at + off->flags);
	r->desc = at + off->desc;
	r->size = size;
	r->mask = size - 1;
	r->cached_prod = vx_load_acquire(r->producer);
	r->cached_cons = vx_load_acquire(r->consumer);
	return r->cached_prod - r->cached_cons > size ? -EINVAL : 0;
}

/* Entries that we may produce; asks the other side only when those known of are fewer than wanted. */
static u32 ring_room(struct vx_xsk *x, struct vx_xsk_ring *r, u32 want)
{
	u32 used = r->cached_prod - r->cached_cons;

	if (r->size - used < want) {
		u32 cons = vx_load_acquire(r->consumer);	/* A */

		/* It may only come closer to what we produced. */
		if (vx_unlikely(r->cached_prod - cons > used)) {
			x->bad_desc++;
			return r->size - used;
		}
		r->cached_cons = cons;
		used = r->cached_prod - cons;
	}
	return r->size - used;
}

/* Entries that we may consume. */
static u32 ring_entries(struct vx_xsk *x, struct vx_xsk_ring *r, u32 want)
{
	u32 n = r->cached_prod - r->cached_cons;

	if (n < want) {
		u32 prod = vx_load_acquire(r->producer);	/* B */
		u32 now = prod - r->cached_cons;

		if (vx_unlikely(now > r->size || now < n)) {
			x->bad_desc++;
			return n;
		}
		r->cached_prod = prod;
		n = now;
	}
	return n;
}

static void ring_publish(struct vx_xsk_ring *r, u32 n)
{
	r->cached_prod += n;
	vx_store_release(r->producer, r->cached_prod);	/* B */
}

static void ring_consumed(struct vx_xsk_ring *r)
{
	vx_store_release(r->consumer, r->cached_cons);	/* A */
}

static u32 tx_share(const struct vx_xsk *x)
{
	return vx_min(x->tx.size, x->umem->nframes / 2);
}

u32 vx_xsk_refill(struct vx_xsk *x)
{
	struct vx_umem *um = x->umem;
	u32 share = um->nframes - tx_share(x), used = um->count[VX_OWNER_FILL] + um->count[VX_OWNER_RX];
	u32 want = vx_min(x->fill.size, used < share ? share - used : 0), done = 0;
	u64 addr[VX_XSK_BATCH];

	want = want ? vx_min(want, ring_room(x, &x->fill, want)) : 0;
	while (done < want) {
		u32 i, n = vx_umem_alloc(um, addr, vx_min(want - done, VX_XSK_BATCH), VX_OWNER_FILL);

		if (!n)
			break;
		for (i = 0; i < n; i++)
			((u64 *)x->fill.desc)[(x->fill.cached_prod + done + i) & x->fill.mask] = addr[i];
		done += n;
	}
	if (done)
		ring_publish(&x->fill, done);
	return done;
}

u32 vx_xsk_complete(struct vx_xsk *x, u32 max)
{
	struct vx_xsk_ring *r = &x->comp;
	u32 n = vx_min(max, ring_entries(x, r, max)), done = 0;
	u64 addr[VX_XSK_BATCH];

	while (n) {
		u32 i, part = vx_min(n, VX_XSK_BATCH), good;

		for (i = 0; i < part; i++)
			addr[i] = VX_READ_ONCE(((u64 *)r->desc)[(r->cached_cons + i) & r->mask]);
		r->cached_cons += part;
		good = vx_umem_free(x->umem, addr, part, VX_OWNER_TX);
		x->bad_desc += part - good;
		done += good;
		n -= part;
		ring_consumed(r);
	}
	x->outstanding_tx = x->umem->count[VX_OWNER_TX];
	return done;
}

static bool ring_need_wakeup(const struct vx_xsk_ring *r)
{
	/* The kernel sets the flag and then looks at our producer index once more. */
	vx_mb();
	return VX_READ_ONCE(*r->flags) & XDP_RING_NEED_WAKEUP;
}

bool vx_xsk_tx_need_wakeup(const struct vx_xsk *x)
{
	return x->outstanding_tx && ring_need_wakeup(&x->tx);
}

bool vx_xsk_fill_need_wakeup(const struct vx_xsk *x)
{
	return ring_need_wakeup(&x->fill);
}

/* At the end of n frames: pieces of one whose end is not there yet. */
static u32 rx_pieces(const struct vx_frame *f, u32 n)
{
	u32 i = n;

	while (i && f[i - 1].more)
		i--;
	return n - i;
}

bool vx_xsk_rx_pending(struct vx_xsk *x)
{
	return rx_pieces(x->held, x->nheld) < x->nheld || ring_entries(x, &x->rx, 1);
}

/* --- receive --- */

/* A descriptor of a frame that is dropped; it is counted as one, at its end. */
static void rx_skip(struct vx_xsk *x, u64 addr, bool more, struct vx_queue_stats *st)
{
	vx_umem_free(x->umem, &addr, 1, VX_OWNER_RX);
	x->in_pieces = more;
	if (!more)
		vx_stat_drop(st, VX_REASON_OVERSIZE, 1);
}

/* They are dropped. Returns how many frames are left. */
static u32 rx_forget(struct vx_xsk *x, struct vx_frame *f, u32 n)
{
	u32 left = n - rx_pieces(f, n);

	while (n > left)
		vx_umem_free(x->umem, &f[--n].cookie, 1, VX_OWNER_RX);
	return left;
}

/* Take over one RX descriptor, already copied, behind f[0..n). Returns how many frames there are then; what is dropped is counted. */
static u32 rx_take(struct vx_xsk *x, const struct xdp_desc *d, struct vx_frame *f, u32 n, struct vx_queue_stats *st)
{
	struct vx_umem *um = x->umem;
	u64 addr = d->addr;
	u32 off = addr & (um->chunk - 1);
	bool more = d->options & XDP_PKT_CONTD;

	if (vx_unlikely(!vx_umem_move(um, addr, VX_OWNER_FILL, VX_OWNER_RX)))
		goto bad;
	if (vx_unlikely(d->len > um->chunk - off)) {
		vx_umem_free(um, &addr, 1, VX_OWNER_RX);
		goto bad;
	}
	if (vx_unlikely(x->in_pieces || (more && !x->sg))) {
		rx_skip(x, addr, more, st);
		return n;
	}
	f[n].data = vx_umem_data(um, addr);
	f[n].len = d->len;
	f[n].room = um->chunk - off;
	f[n].cookie = addr;
	f[n].more = more;
	vx_prefetch(f[n].data);
	n++;
	if (vx_unlikely(more && n >= VX_PIECES_MAX && rx_pieces(f, n) >= VX_PIECES_MAX)) {
		x->in_pieces = true;
		n = rx_forget(x, f, n);
	}
	return n;
bad:
	/* What is left of its frame is dropped with it. */
	n = rx_forget(x, f, n);
	x->in_pieces = more;
	x->bad_desc++;
	vx_stat_drop(st, VX_REASON_BAD_XSK_DESC, 1);
	return n;
}

/* Put frames before those that are held. */
static void rx_hold(struct vx_xsk *x, const struct vx_frame *f, u32 n)
{
	memmove(x->held + n, x->held, x->nheld * sizeof(*f));
	memcpy(x->held, f, n * sizeof(*f));
	x->nheld += n;
}

static u32 source_peek(void *ctx, struct vx_frame *f, u32 n, struct vx_queue_stats *st)
{
	struct vx_xsk *x = ctx;
	struct vx_xsk_ring *r = &x->rx;
	u32 got, todo, pieces;

	n = vx_min(n, VX_XSK_BATCH);
	got = vx_min(x->nheld, n);
	memcpy(f, x->held, got * sizeof(*f));
	x->nheld -= got;
	if (vx_unlikely(x->nheld))	/* these come after what this peek returns */
		memmove(x->held, x->held + got, x->nheld * sizeof(*f));

	/* At most one ring of bad descriptors is skipped. */
	todo = got < n ? ring_entries(x, r, n - got) : 0;
	if (todo) {
		while (todo-- && got < n) {
			struct xdp_desc *at = (struct xdp_desc *)r->desc + (r->cached_cons++ & r->mask), d;

			d.addr = VX_READ_ONCE(at->addr);
			d.len = VX_READ_ONCE(at->len);
			d.options = VX_READ_ONCE(at->options);
			got = rx_take(x, &d, f, got, st);
		}
		ring_consumed(r);
	}
	pieces = rx_pieces(f, got);
	if (vx_unlikely(pieces))
		rx_hold(x, f + got - pieces, pieces);
	return got - pieces;
}

/* What is not done with is kept here, not in the ring: nobody can change a descriptor that was judged. */
static void source_release(void *ctx, const struct vx_frame *f, u32 n_done, u32 n_peeked)
{
	struct vx_xsk *x = ctx;
	u64 addr[VX_XSK_BATCH];
	u32 i, left = n_peeked - n_done;

	for (i = 0; i < n_done; i++)
		addr[i] = f[i].cookie;
	vx_umem_free(x->umem, addr, n_done, VX_OWNER_RX);
	if (!left)
		return;
	rx_hold(x, f + n_done, left);
}

const struct vx_source_ops vx_xsk_source = {
	.peek = source_peek,
	.release = source_release,
};

/* --- transmit --- */

static u32 sink_alloc(void *ctx, struct vx_frame *f, u32 n)
{
	struct vx_xsk *x = ctx;
	struct vx_umem *um = x->umem;
	u32 held = um->count[VX_OWNER_HELD], used = held + um->count[VX_OWNER_TX], share = tx_share(x);
	u32 room, done = 0;
	u64 addr[VX_XSK_BATCH];

	n = vx_min(n, used < share ? share - used : 0);
	/* A frame given out has its place in the TX ring, so that send cannot fail for want of one. */
	room = n ? ring_room(x, &x->tx, held + n) : 0;
	n = vx_min(n, room > held ? room - held : 0);
	while (done < n) {
		u32 i, got = vx_umem_alloc(um, addr, vx_min(n - done, VX_XSK_BATCH), VX_OWNER_HELD);

		if (!got)
			break;
		for (i = 0; i < got; i++) {
			f[done + i].data = vx_umem_data(um, addr[i]);
			f[done + i].len = 0;
			f[done + i].room = um->chunk;
			f[done + i].cookie = addr[i];
			f[done + i].more = 0;
		}
		done += got;
	}
	return done;
}

static void sink_free(void *ctx, struct vx_frame *f, u32 n)
{
	struct vx_xsk *x = ctx;
	u32 i;

	for (i = 0; i < n; i++)
		vx_umem_free(x->umem, &f[i].cookie, 1, VX_OWNER_HELD);
}

static void refuse(struct vx_xsk *x, struct vx_frame *f, u32 n, struct vx_queue_stats *st)
{
	u32 i;

	sink_free(x, f, n);
	vx_stat_drop(st, VX_REASON_TX_FAILED, n);
	for (i = 0; i < n; i++)
		f[i].len = 0;
}

static u32 sink_send(void *ctx, struct vx_frame *f, u32 n, struct vx_queue_stats *st)
{
	struct vx_xsk *x = ctx;
	struct vx_xsk_ring *r = &x->tx;
	u32 i, room = vx_min(n, ring_room(x, r, n));

	for (i = 0; i < room; i++) {
		struct xdp_desc *d = (struct xdp_desc *)r->desc + ((r->cached_prod + i) & r->mask);

		if (vx_unlikely(f[i].len > f[i].room ||
				!vx_umem_move(x->umem, f[i].cookie, VX_OWNER_HELD, VX_OWNER_TX)))
			break;
		d->addr = f[i].cookie;
		d->len = f[i].len;
		d->options = f[i].more ? XDP_PKT_CONTD : 0;
	}
	/* Never the beginning of a frame alone. */
	while (vx_unlikely(i && f[i - 1].more))
		vx_umem_move(x->umem, f[--i].cookie, VX_OWNER_TX, VX_OWNER_HELD);
	if (i)
		ring_publish(r, i);
	if (vx_unlikely(i < n))
		refuse(x, f + i, n - i, st);
	x->outstanding_tx = x->umem->count[VX_OWNER_TX];
	return i;
}

static u32 sink_capacity(void *ctx)
{
	return tx_share(ctx);
}

static u32 sink_whole(void *ctx, const u8 *dst, u32 kinds)
{
	struct vx_xsk *x = ctx;
	u64 near;

	if (!x->sg || !x->page)
		return 0;
	near = VX_READ_ONCE(*vx_near_slot(x->page, dst));
	if (!vx_near_takes(near, dst, kinds))
		return 0;
	return x->umem->chunk * (VX_PIECES_MAX - 1) >= VX_WHOLE_MAX ? x->umem->chunk : 0;
}

const struct vx_sink_ops vx_xsk_sink = {
	.alloc = sink_alloc,
	.send = sink_send,
	.free = sink_free,
	.capacity = sink_capacity,
	.whole = sink_whole,
};
