// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's side of an AF_XDP socket: see fake_xsk.h. */
#include "fake_xsk.h"
#include <stdio.h>

/* Where Linux has them; only the descriptors' place differs between rings there, too. */
static const struct xdp_ring_offset off = { .producer = 0, .consumer = 128, .flags = 196, .desc = 320 };

static void die(const char *what)
{
	fprintf(stderr, "fake xsk: %s\n", what);
	abort();
}

static void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size);
	if (!p)
		die("out of memory");
	return p;
}

static u8 *new_ring(struct vx_xsk_ring *r, u32 size, u32 entry, u32 start)
{
	u64 len = off.desc + (u64)size * entry;
	u8 *mem = aligned_alloc(64, (len + 63) & ~63ull);

	if (!mem)
		die("out of memory");
	memset(mem, 0, len);
	memcpy(mem + off.producer, &start, sizeof(start));
	memcpy(mem + off.consumer, &start, sizeof(start));
	if (vx_xsk_ring_init(r, mem, len, &off, size, entry))
		die("ring refused");
	return mem;
}

struct fx *fx_new_part(u32 nframes, u32 chunk, u32 size, u32 start, u64 first)
{
	struct fx *fx = xrealloc(NULL, sizeof(*fx));
	u64 len = (u64)nframes * chunk;

	memset(fx, 0, sizeof(*fx));
	fx->area = aligned_alloc(4096, first + len);
	if (!fx->area || vx_umem_init_part(&fx->um, fx->area + first, len, chunk, first))
		die("no UMEM");
	memset(fx->area, 0xa5, first + len);
	fx->x.umem = &fx->um;
	fx->ring[0] = new_ring(&fx->x.fill, size, sizeof(u64), start);
	fx->ring[1] = new_ring(&fx->x.comp, size, sizeof(u64), start);
	fx->ring[2] = new_ring(&fx->x.rx, size, sizeof(struct xdp_desc), start);
	fx->ring[3] = new_ring(&fx->x.tx, size, sizeof(struct xdp_desc), start);
	fx->in_flight = xrealloc(NULL, (nframes + size) * sizeof(u64));
	return fx;
}

struct fx *fx_new(u32 nframes, u32 chunk, u32 size, u32 start)
{
	return fx_new_part(nframes, chunk, size, start, 0);
}

void fx_forget_sent(struct fx *fx)
{
	while (fx->nsent)
		free(fx->sent[--fx->nsent].data);
}

void fx_free(struct fx *fx)
{
	u32 i;

	fx_forget_sent(fx);
	free(fx->sent);
	free(fx->in_flight);
	for (i = 0; i < 4; i++)
		free(fx->ring[i]);
	vx_umem_destroy(&fx->um);
	free(fx->area);
	free(fx);
}

bool fx_take_fill(struct fx *fx, u64 *addr)
{
	struct vx_xsk_ring *r = &fx->x.fill;

	if (vx_load_acquire(r->producer) == *r->consumer)
		return false;
	*addr = ((u64 *)r->desc)[*r->consumer & r->mask];
	vx_store_release(r->consumer, *r->consumer + 1);
	return true;
}

void fx_receive_desc(struct fx *fx, u64 addr, u32 len, u32 options)
{
	struct vx_xsk_ring *r = &fx->x.rx;

	((struct xdp_desc *)r->desc)[*r->producer & r->mask] = (struct xdp_desc) { addr, len, options };
	vx_store_release(r->producer, *r->producer + 1);
}

bool fx_receive(struct fx *fx, const void *data, u32 len)
{
	struct vx_xsk_ring *r = &fx->x.rx;
	u32 room = fx->um.chunk > 2 * FX_HEADROOM ? FX_HEADROOM : 0;
	u64 addr;

	if (*r->producer - vx_load_acquire(r->consumer) == r->size)
		return false;
	if (!fx_take_fill(fx, &addr))
		return false;
	if (len > fx->um.chunk - room)
		die("frame longer than a chunk");
	memcpy(fx->area + addr + room, data, len);
	fx_receive_desc(fx, addr + room, len, 0);
	return true;
}

static void keep_copy(struct fx *fx, const void *data, u32 len)
{
	if (fx->more) {
		struct fx_frame *last = &fx->sent[fx->nsent - 1];

		last->data = xrealloc(last->data, last->len + len + 1);
		memcpy(last->data + last->len, data, len);
		last->len += len;
		last->pieces++;
		return;
	}
	if (fx->nsent == fx->sent_room) {
		fx->sent_room = fx->sent_room ? 2 * fx->sent_room : 256;
		fx->sent = xrealloc(fx->sent, fx->sent_room * sizeof(*fx->sent));
	}
	fx->sent[fx->nsent].data = xrealloc(NULL, len ? len : 1);
	memcpy(fx->sent[fx->nsent].data, data, len);
	fx->sent[fx->nsent].pieces = 1;
	fx->sent[fx->nsent++].len = len;
}

u32 fx_transmit(struct fx *fx, u32 max)
{
	struct vx_xsk_ring *r = &fx->x.tx;
	u32 n = 0;

	while (n < max && *r->consumer != vx_load_acquire(r->producer)) {
		struct xdp_desc d = ((struct xdp_desc *)r->desc)[*r->consumer & r->mask];

		if (d.addr - fx->um.first >= fx->um.size || d.len > fx->um.chunk - (d.addr & (fx->um.chunk - 1)) ||
		    (d.options && (!fx->x.sg || d.options != FX_CONTD)))
			die("bad TX descriptor");
		keep_copy(fx, fx->area + d.addr, d.len);
		fx->more = d.options;
		fx->in_flight[fx->nin_flight++] = d.addr;
		vx_store_release(r->consumer, *r->consumer + 1);
		n++;
	}
	if (!fx->hold_completions)
		fx_complete(fx, fx->nin_flight);
	return n;
}

void fx_complete_addr(struct fx *fx, u64 addr)
{
	struct vx_xsk_ring *r = &fx->x.comp;

	((u64 *)r->desc)[*r->producer & r->mask] = addr;
	vx_store_release(r->producer, *r->producer + 1);
}

u32 fx_complete(struct fx *fx, u32 max)
{
	struct vx_xsk_ring *r = &fx->x.comp;
	u32 n = 0;

	while (n < max && n < fx->nin_flight && *r->producer - vx_load_acquire(r->consumer) < r->size)
		fx_complete_addr(fx, fx->in_flight[n++]);
	fx->nin_flight -= n;
	memmove(fx->in_flight, fx->in_flight + n, fx->nin_flight * sizeof(u64));
	return n;
}

int fx_check(const struct fx *fx)
{
	const u32 *count = fx->um.count;
	int err = vx_umem_audit(&fx->um);

	if (err || fx->um.violations)
		return -EUCLEAN;
	if (count[VX_OWNER_HELD] || count[VX_OWNER_RX] != fx->x.nheld || count[VX_OWNER_TX] != fx->x.outstanding_tx)
		return -EUCLEAN;
	return 0;
}

u32 fx_half_send(void *ctx, struct vx_frame *f, u32 n, struct vx_queue_stats *st)
{
	u32 i, sent = vx_xsk_sink.send(ctx, f, n / 2, st);

	vx_xsk_sink.free(ctx, f + n / 2, n - n / 2);
	vx_stat_drop(st, VX_REASON_TX_FAILED, n - n / 2);
	for (i = n / 2; i < n; i++)
		f[i].len = 0;
	return sent;
}
