// SPDX-License-Identifier: GPL-2.0-only
/* Wire -> guest. */
#include "rx_impl.h"
#include <linux/if_ether.h>
#include <vhost_xdp/whole.h>

#define AHEAD		2u	/* frames between a prefetch and its use */
#define DISCARD_BATCH	32u	/* they lie on the stack */

/* What became of a frame. */
enum fate {
	DONE,		/* delivered or dropped */
	FAULTED,	/* dropped, and the vring stops */
	WAITS,		/* no buffers: leave it in the source */
	STOPPED,	/* the vring broke before this frame's turn: leave it in the source */
};

void vx_rx_init(struct vx_rx *rx, struct vx_vring *vq, const struct vx_source_ops *source, void *source_ctx,
		struct vx_queue_stats *stats, u64 features)
{
	memset(rx, 0, sizeof(*rx));
	rx->vq = vq;
	rx->source = source;
	rx->source_ctx = source_ctx;
	rx->stats = stats;
	rx->features = features;
	rx->hdr_len = vx_vnet_hdr_len(features);
	rx->mergeable = features & (1ULL << VIRTIO_NET_F_MRG_RXBUF);
	vx_rx_set_offloads(rx, features);
}

void vx_rx_set_offloads(struct vx_rx *rx, u64 offloads)
{
	VX_WRITE_ONCE(rx->offloads, offloads & rx->features & VX_GUEST_OFFLOADS);
}

u32 vx_rx_whole(const struct vx_rx *rx)
{
	u64 offloads = VX_READ_ONCE(rx->offloads);
	u32 kinds = 0;

	if (!(offloads & (1ULL << VIRTIO_NET_F_GUEST_CSUM)))
		return 0;
	if (offloads & (1ULL << VIRTIO_NET_F_GUEST_TSO4))
		kinds |= VX_WHOLE_TSO4;
	if (offloads & (1ULL << VIRTIO_NET_F_GUEST_TSO6))
		kinds |= VX_WHOLE_TSO6;
	if (offloads & (1ULL << VIRTIO_NET_F_GUEST_ECN))
		kinds |= VX_WHOLE_ECN;
	if (offloads & (1ULL << VIRTIO_NET_F_GUEST_USO4))
		kinds |= VX_WHOLE_USO4;
	if (offloads & (1ULL << VIRTIO_NET_F_GUEST_USO6))
		kinds |= VX_WHOLE_USO6;
	return kinds;
}

static __always_inline int copy_plain(struct vx_rx *rx, const struct vx_frame *f, u32 heads)
{
	const struct vx_iov *iov = vx_in_iov(rx->chain + rx->chain0);
	u8 raw[VX_VNET_HDR_MAX];
	int err;

	vx_vnet_hdr_build(raw, heads);
	if (vx_unlikely(rx->hdr_len + f->len > iov->len))
		return vx_rx_copy_pieces(rx, f, raw);
	/* The usual length as a constant costs two stores, not a call. */
	if (vx_likely(rx->hdr_len == VX_VNET_HDR_MAX))
		err = vx_iov_write(rx->vq, iov, 0, raw, VX_VNET_HDR_MAX);
	else
		err = vx_iov_write(rx->vq, iov, 0, raw, rx->hdr_len);
	return err ? err : vx_iov_write(rx->vq, iov, rx->hdr_len, f->data, f->len);
}

static __always_inline int push_heads(struct vx_rx *rx, struct vx_rx_turn *t, u32 heads, u32 written)
{
	int err = 0;

	t->pushed = true;
	while (heads-- && !err) {
		const struct vx_chain *c = &rx->chain[rx->chain0++];
		u32 n = vx_min(written, c->in_len);

		err = vx_vring_push(rx->vq, c, n);
		written -= n;
		t->bytes += c->niov_in * VX_BUDGET_PIECE;
	}
	return err;
}

static enum fate drop(struct vx_rx *rx, struct vx_rx_turn *t, enum vx_reason reason, u32 n)
{
	vx_stat_drop(rx->stats, reason, n);
	t->dropped += n;
	t->frames += n;
	return reason == VX_REASON_GUEST_FAULT ? FAULTED : DONE;
}

/* No buffers for the n frames that come next. heads: as vx_rx_take_heads() returned it. */
static enum fate no_heads(struct vx_rx *rx, struct vx_rx_turn *t, int heads, u32 n)
{
	if (heads == -EMSGSIZE)
		return drop(rx, t, VX_REASON_NO_GUEST_BUFFER, n);
	return heads ? STOPPED : WAITS;
}

/* n frames of together bytes are in the first heads chains, where they take len bytes with their header. */
static __always_inline enum fate delivered(struct vx_rx *rx, struct vx_rx_turn *t, u32 heads, u32 len, u32 n, u32 bytes)
{
	if (vx_unlikely(push_heads(rx, t, heads, len)))
		return drop(rx, t, VX_REASON_GUEST_FAULT, n);
	t->frames += n;
	t->bytes += len;
	t->unflushed += n;
	t->unflushed_bytes += bytes;
	t->unflushed_supers += n > 1;
	return DONE;
}

static __always_inline enum fate plain_frame(struct vx_rx *rx, struct vx_rx_turn *t, const struct vx_frame *f, u32 ahead)
{
	u32 need = rx->hdr_len + f->len;
	int heads;

	if (vx_unlikely(f->len < ETH_HLEN))
		return drop(rx, t, VX_REASON_RUNT, 1);
	heads = vx_rx_take_heads(rx, t, need, ahead);
	if (vx_unlikely(heads <= 0))
		return no_heads(rx, t, heads, 1);
	if (vx_unlikely(copy_plain(rx, f, heads)))
		return drop(rx, t, VX_REASON_GUEST_FAULT, 1);
	return delivered(rx, t, heads, need, 1, f->len);
}

/* As much of p as room bytes hold. */
static void cut_load(const struct vx_rx *rx, const struct vx_parcel *p, struct vx_rx_load *l, u32 room)
{
	u32 i = p->first;

	l->n = 0;
	l->len = p->payload;
	while (l->n < p->n && l->len + vx_gro_payload(&rx->gro, p, i) <= room) {
		l->len += vx_gro_payload(&rx->gro, p, i);
		i = rx->gro.next[i];
		l->n++;
	}
}

/* All of p, or what of it there are buffers for; *n frames are done with. */
static enum fate sound_frames(struct vx_rx *rx, struct vx_rx_turn *t, const struct vx_parcel *p, u32 ahead, u32 *n)
{
	struct vx_rx_load l = { .n = p->n, .len = p->len };
	int heads = vx_rx_take_heads(rx, t, rx->hdr_len + l.len, ahead);

	if (vx_unlikely(!heads || heads == -EMSGSIZE)) {
		u32 room = vx_rx_room(rx);

		cut_load(rx, p, &l, room > rx->hdr_len ? room - rx->hdr_len : 0);
		if (l.n)
			heads = 1;
	}
	*n = 1;
	if (vx_unlikely(heads <= 0))
		return no_heads(rx, t, heads, 1);
	heads = vx_rx_copy_sound(rx, p, &l);
	*n = l.n;
	if (vx_unlikely(heads <= 0))
		return drop(rx, t, VX_REASON_GUEST_FAULT, l.n);
	return delivered(rx, t, heads, rx->hdr_len + l.len, l.n, l.len + (l.n - 1) * p->payload);
}

static void look_ahead(const struct vx_rx *rx, u32 i, u32 n)
{
	u32 chain = rx->chain0 + AHEAD;

	if (i + AHEAD < n)
		vx_prefetch(rx->frame[i + AHEAD].data);
	if (chain < rx->nchain && rx->chain[chain].niov_in)
		vx_guest_prefetch(vx_in_iov(&rx->chain[chain])->uaddr);
}

/* A neighbour's super-frame. */
static enum fate whole_frame(struct vx_rx *rx, struct vx_rx_turn *t, const struct vx_parcel *p, u32 ahead)
{
	u32 segs, payload = p->len - p->payload, need = rx->hdr_len + p->len;
	int heads;

	/* The guest has changed its mind since the neighbour learnt of it. */
	if (vx_unlikely(!p->sound))
		return drop(rx, t, VX_REASON_OVERSIZE, 1);
	segs = (payload + p->size - 1) / p->size;
	heads = vx_rx_take_heads(rx, t, need, ahead);
	if (vx_unlikely(heads <= 0))
		return no_heads(rx, t, heads, segs);
	if (vx_unlikely(vx_rx_copy_whole(rx, p, heads)))
		return drop(rx, t, VX_REASON_GUEST_FAULT, segs);
	return delivered(rx, t, heads, need, segs, p->len);
}

/* Frames as they came. Returns what the last one's fate was, and in *done how many are done with. */
static enum fate plain_batch(struct vx_rx *rx, struct vx_rx_turn *t, u32 n, u32 *done)
{
	enum fate fate = DONE;
	u32 i = 0;

	while (i < n && fate == DONE && vx_rx_budget_left(t)) {
		look_ahead(rx, i, n);
		if (vx_unlikely(rx->frame[i].more)) {
			fate = drop(rx, t, VX_REASON_OVERSIZE, 1);
			i += vx_frame_pieces(&rx->frame[i]);
			continue;
		}
		fate = plain_frame(rx, t, &rx->frame[i], n - i);
		i += fate == DONE || fate == FAULTED;
	}
	*done = i;
	return fate;
}

/* One parcel, in parts where it has to be. The frames that are done with become 1 in *done. */
static enum fate parcel(struct vx_rx *rx, struct vx_rx_turn *t, struct vx_parcel *p, u32 ahead, u64 *done)
{
	enum fate fate = DONE;

	if (vx_unlikely(p->whole)) {
		fate = whole_frame(rx, t, p, ahead);
		if (fate == DONE || fate == FAULTED)
			*done |= ((1ULL << p->n) - 1) << p->first;
		return fate;
	}
	while (p->n && fate == DONE && vx_rx_budget_left(t)) {
		u32 n = 1;

		if (vx_gro_verifies(p))
			fate = sound_frames(rx, t, p, ahead, &n);
		else
			fate = plain_frame(rx, t, &rx->frame[p->first], ahead);
		if (fate != DONE && fate != FAULTED)
			break;
		while (n--) {
			*done |= 1ULL << p->first;
			vx_gro_advance(&rx->gro, p);
		}
	}
	return fate;
}

/* What is done with comes first, then the others in their order. Returns how many the first are. */
static u32 sort_done(struct vx_rx *rx, u64 done, u32 n)
{
	struct vx_frame *f = rx->frame;
	u32 i, k = 0;

	if (vx_likely(done == ~0ULL >> (64 - n)))
		return n;
	for (i = 0; i < n; i++) {
		struct vx_frame one = f[i];

		if (!(done >> i & 1))
			continue;
		memmove(f + k + 1, f + k, (i - k) * sizeof(*f));
		f[k++] = one;
	}
	return k;
}

/* As vx_gro_plan() has it. */
static enum fate planned_batch(struct vx_rx *rx, struct vx_rx_turn *t, u32 n, u32 *n_done)
{
	struct vx_gro *g = &rx->gro;
	enum fate fate = DONE;
	u64 done = 0;
	u32 i;

	for (i = 0; i < g->nparcel && fate == DONE && vx_rx_budget_left(t); i++) {
		look_ahead(rx, n, n);
		fate = parcel(rx, t, &g->parcel[i], g->nparcel - i, &done);
	}
	*n_done = sort_done(rx, done, n);
	return fate;
}

/* Returns MORE after n frames, or what ended the batch before. */
static enum vx_pump_status one_batch(struct vx_rx *rx, struct vx_rx_turn *t, u32 n)
{
	enum fate fate;
	u32 done;

	t->dropped = 0;
	if (t->offloads && vx_gro_plan(&rx->gro, rx->frame, n, t->offloads))
		fate = planned_batch(rx, t, n, &done);
	else
		fate = plain_batch(rx, t, n, &done);
	vx_frames_seen(rx->vq, VX_TO_GUEST, rx->frame, done, t->dropped);
	rx->source->release(rx->source_ctx, rx->frame, done, n);
	if (vx_unlikely(fate == FAULTED || fate == STOPPED))
		return VX_PUMP_BROKEN;
	return fate == WAITS && vx_rx_budget_left(t) ? VX_PUMP_BLOCKED : VX_PUMP_MORE;
}

static enum vx_pump_status turn(struct vx_rx *rx, struct vx_rx_turn *t)
{
	enum vx_pump_status status = VX_PUMP_MORE;

	while (status == VX_PUMP_MORE && vx_rx_budget_left(t)) {
		u32 left = VX_BUDGET_FRAMES - t->frames, max = left < VX_PIECES_MAX ? VX_PIECES_MAX : vx_min(VX_BATCH, left);
		u32 n = rx->source->peek(rx->source_ctx, rx->frame, max, rx->stats);

		if (!n)
			return VX_PUMP_IDLE;
		status = one_batch(rx, t, n);
	}
	return status;
}

struct vx_pump_result vx_rx_pump(struct vx_rx *rx)
{
	struct vx_pump_result r = { .status = VX_PUMP_BROKEN };
	struct vx_rx_turn t = { .offloads = VX_READ_ONCE(rx->offloads) };

	if (vx_unlikely(rx->vq->broken))
		return r;
	if (!(t.offloads & (1ULL << VIRTIO_NET_F_GUEST_CSUM)))
		t.offloads = 0;
	r.status = turn(rx, &t);
	vx_rx_give_back(rx);
	if ((t.pushed || t.unflushed) && !vx_rx_flush(rx, &t))
		r.call = vx_vring_need_call(rx->vq);
	r.frames = t.frames;
	/* A miss that is further on than what this call got to is met again. */
	if (r.status != VX_PUMP_BLOCKED)
		rx->vq->miss.access = 0;
	if (vx_unlikely(r.status == VX_PUMP_BROKEN || rx->vq->broken)) {
		r.status = VX_PUMP_BROKEN;
		vx_vring_fail(rx->vq, -EFAULT);
		vx_stat_add(rx->stats->errors, 1);
	}
	if (t.packets) {
		vx_stat_add(rx->stats->packets, t.packets);
		vx_stat_add(rx->stats->bytes, t.packet_bytes);
		vx_stat_add(rx->stats->supers, t.supers);
	}
	return r;
}

u32 vx_rx_discard(const struct vx_source_ops *source, void *source_ctx, struct vx_queue_stats *stats,
		  enum vx_reason reason)
{
	struct vx_frame frame[DISCARD_BATCH];
	u32 i, n, done = 0;

	do {
		n = source->peek(source_ctx, frame, DISCARD_BATCH, stats);
		if (n)
			source->release(source_ctx, frame, n, n);
		for (i = 0; i < n; i++)
			done += !frame[i].more;
	} while (n && done < VX_BUDGET_FRAMES);
	if (done)
		vx_stat_drop(stats, reason, done);
	return done;
}
