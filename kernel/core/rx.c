// SPDX-License-Identifier: GPL-2.0-only
/* Wire -> guest. */
#include "pump.h"
#include "cursor.h"
#include "vnet_hdr.h"
#include <linux/if_ether.h>

#define AHEAD		2u	/* frames between a prefetch and its use */
#define DISCARD_BATCH	16u	/* they lie on the stack */

/* What becomes one guest buffer (or one run of them): a header and pieces of data, from one frame or several. */
struct parcel {
	const struct vx_frame *piece;
	u32 npiece;
	u32 len;	/* bytes of all pieces */
};

/* What became of a frame. */
enum fate {
	DONE,		/* delivered or dropped */
	FAULTED,	/* dropped, and the vring stops */
	WAITS,		/* no buffers: leave it in the source */
	STOPPED,	/* the vring broke before this frame's turn: leave it in the source */
};

/* One call of the pump. */
struct rx_turn {
	u32 frames;	/* dropped ones included */
	u64 bytes;	/* copied, and what pieces cost */
	u64 packets, packet_bytes;
	u32 unflushed;	/* delivered into buffers that the driver cannot see yet, */
	u64 unflushed_bytes;
	bool pushed;
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
}

static bool budget_left(const struct rx_turn *t)
{
	return t->frames < VX_BUDGET_FRAMES && t->bytes < VX_BUDGET_BYTES;
}

/* --- guest buffers --- */

/* Publish. What was delivered counts only now. */
static int flush(struct vx_rx *rx, struct rx_turn *t)
{
	int err = vx_vring_flush(rx->vq);

	if (vx_unlikely(err)) {
		vx_stat_drop(rx->stats, VX_REASON_GUEST_FAULT, t->unflushed);
	} else {
		t->packets += t->unflushed;
		t->packet_bytes += t->unflushed_bytes;
	}
	t->unflushed = 0;
	t->unflushed_bytes = 0;
	return err;
}

static void give_back(struct vx_rx *rx)
{
	vx_vring_unfetch(rx->vq, rx->chain + rx->chain0, rx->nchain - rx->chain0);
	rx->chain0 = 0;
	rx->nchain = 0;
}

/* Add up to n chains to those at hand. Returns how many came, or -errno. */
static int fetch(struct vx_rx *rx, struct rx_turn *t, u32 n)
{
	u32 left = rx->nchain - rx->chain0;
	int got;

	/* The fetch may find the ring broken, and then nothing can be published any more. */
	got = flush(rx, t);
	if (vx_unlikely(got))
		return got;
	memmove(rx->chain, rx->chain + rx->chain0, left * sizeof(rx->chain[0]));
	rx->chain0 = 0;
	rx->nchain = left;
	got = vx_vring_fetch(rx->vq, rx->chain + left, vx_min(n, VX_BATCH - left));
	if (got > 0)
		rx->nchain += got;
	return got;
}

/*
 * More chains for a parcel that those at hand cannot hold. Returns a positive number if there are more now, 0 to wait
 * for the guest, -EMSGSIZE if waiting is no use.
 */
static int more_chains(struct vx_rx *rx, struct rx_turn *t, u32 n)
{
	u32 left = rx->nchain - rx->chain0;
	int got = fetch(rx, t, left ? VX_BATCH : n);

	if (got || !left || vx_vring_missed(rx->vq) || !vx_vring_has_avail(rx->vq))
		return got;
	/* There are some, so the iov array is full; in part perhaps with entries of chains that were pushed. */
	give_back(rx);
	got = fetch(rx, t, VX_BATCH);
	if (got < 0)
		return got;
	if ((u32)got <= left)
		return vx_vring_missed(rx->vq) ? 0 : -EMSGSIZE;
	return got;
}

/* Chains from chain0 on that together hold need bytes. 0: these do not. -EMSGSIZE: no more chains may be taken. */
static int count_heads(const struct vx_rx *rx, u32 need)
{
	/* CVE-2018-16880: the bound comes before anything is written. */
	u32 i, max = rx->mergeable ? VX_BATCH : 1;
	u64 have = 0;

	for (i = 0; i < rx->nchain - rx->chain0 && i < max; i++) {
		have += rx->chain[rx->chain0 + i].in_len;
		if (have >= need)
			return i + 1;
	}
	return i == max ? -EMSGSIZE : 0;
}

/* A chain without room, as one that the driver meant to be read, would stand in the way for ever. */
static int skip_useless(struct vx_rx *rx, struct rx_turn *t)
{
	while (rx->chain0 < rx->nchain && vx_unlikely(!rx->chain[rx->chain0].in_len)) {
		int err = vx_vring_push(rx->vq, &rx->chain[rx->chain0++], 0);

		if (err)
			return err;
		t->pushed = true;
		t->frames++;
		vx_stat_drop(rx->stats, VX_REASON_BAD_DESC, 1);
	}
	return 0;
}

/*
 * Have chains for need bytes at chain0. Returns their number, 0 to wait for the guest, -EMSGSIZE when its buffers are
 * too small for this parcel, or another -errno when the vring broke. n: frames that will want chains as well.
 */
static int take_heads(struct vx_rx *rx, struct rx_turn *t, u32 need, u32 n)
{
	for (;;) {
		int ret = skip_useless(rx, t);

		if (vx_likely(!ret))
			ret = count_heads(rx, need);
		if (vx_likely(ret))
			return ret;
		if (!budget_left(t))	/* spent on useless chains */
			return 0;
		ret = more_chains(rx, t, n);
		if (ret <= 0)
			return ret;
	}
}

/* --- delivery --- */

static const struct vx_iov *in_iov(const struct vx_chain *c)
{
	return c->iov + c->niov_out;
}

/* Where the next byte goes, in a run of chains. */
struct rx_place {
	const struct vx_chain *chain;
	u32 iov;	/* of the chain's in-part */
	u32 off;
};

static int place_write(struct vx_rx *rx, struct rx_place *at, const void *src, u32 len)
{
	const u8 *from = src;

	while (len) {
		const struct vx_iov *iov;
		u32 n;
		int err;

		while (at->iov == at->chain->niov_in) {
			at->chain++;
			at->iov = 0;
		}
		iov = in_iov(at->chain) + at->iov;
		n = vx_min(len, iov->len - at->off);
		err = vx_iov_write(rx->vq, iov, at->off, from, n);
		if (vx_unlikely(err))
			return err;
		from += n;
		len -= n;
		at->off += n;
		if (at->off == iov->len) {
			at->iov++;
			at->off = 0;
		}
	}
	return 0;
}

static int write_parcel(struct vx_rx *rx, const struct parcel *p, u32 heads)
{
	struct rx_place at = { .chain = rx->chain + rx->chain0 };
	const struct vx_iov *iov = in_iov(at.chain);
	u8 raw[VX_VNET_HDR_MAX];
	u32 i;
	int err;

	vx_vnet_hdr_build(raw, heads);
	if (vx_likely(p->npiece == 1 && rx->hdr_len + p->len <= iov->len)) {
		/* The usual length as a constant costs two stores, not a call. */
		if (vx_likely(rx->hdr_len == VX_VNET_HDR_MAX))
			err = vx_iov_write(rx->vq, iov, 0, raw, VX_VNET_HDR_MAX);
		else
			err = vx_iov_write(rx->vq, iov, 0, raw, rx->hdr_len);
		return err ? err : vx_iov_write(rx->vq, iov, rx->hdr_len, p->piece->data, p->len);
	}
	err = place_write(rx, &at, raw, rx->hdr_len);
	for (i = 0; i < p->npiece && !err; i++)
		err = place_write(rx, &at, p->piece[i].data, p->piece[i].len);
	return err;
}

static int push_heads(struct vx_rx *rx, struct rx_turn *t, u32 heads, u32 written)
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

static enum fate drop(struct vx_rx *rx, struct rx_turn *t, enum vx_reason reason, u32 n)
{
	vx_stat_drop(rx->stats, reason, n);
	t->frames += n;
	return reason == VX_REASON_GUEST_FAULT ? FAULTED : DONE;
}

static enum fate deliver(struct vx_rx *rx, struct rx_turn *t, const struct parcel *p, u32 ahead)
{
	u32 need = rx->hdr_len + p->len;
	int heads = take_heads(rx, t, need, ahead);

	if (vx_unlikely(heads <= 0)) {
		if (heads == -EMSGSIZE)
			return drop(rx, t, VX_REASON_NO_GUEST_BUFFER, p->npiece);
		return heads ? STOPPED : WAITS;
	}
	if (vx_unlikely(write_parcel(rx, p, heads) || push_heads(rx, t, heads, need)))
		return drop(rx, t, VX_REASON_GUEST_FAULT, p->npiece);
	t->frames += p->npiece;
	t->bytes += need;
	t->unflushed += p->npiece;
	t->unflushed_bytes += p->len;
	return DONE;
}

static enum fate one_frame(struct vx_rx *rx, struct rx_turn *t, const struct vx_frame *f, u32 ahead)
{
	struct parcel p = { .piece = f, .npiece = 1, .len = f->len };

	if (vx_unlikely(f->len < ETH_HLEN))
		return drop(rx, t, VX_REASON_RUNT, 1);
	return deliver(rx, t, &p, ahead);
}

static void look_ahead(const struct vx_rx *rx, u32 i, u32 n)
{
	u32 chain = rx->chain0 + AHEAD;

	if (i + AHEAD < n)
		vx_prefetch(rx->frame[i + AHEAD].data);
	if (chain < rx->nchain && rx->chain[chain].niov_in)
		vx_guest_prefetch(in_iov(&rx->chain[chain])->uaddr);
}

/* Returns MORE after n frames, or what ended the batch before. */
static enum vx_pump_status one_batch(struct vx_rx *rx, struct rx_turn *t, u32 n)
{
	enum fate fate = DONE;
	u32 i = 0;

	while (i < n && fate == DONE && budget_left(t)) {
		look_ahead(rx, i, n);
		fate = one_frame(rx, t, &rx->frame[i], n - i);
		i += fate == DONE || fate == FAULTED;
	}
	rx->source->release(rx->source_ctx, rx->frame, i, n);
	if (vx_unlikely(fate == FAULTED || fate == STOPPED))
		return VX_PUMP_BROKEN;
	return fate == WAITS && budget_left(t) ? VX_PUMP_BLOCKED : VX_PUMP_MORE;
}

static enum vx_pump_status turn(struct vx_rx *rx, struct rx_turn *t)
{
	enum vx_pump_status status = VX_PUMP_MORE;

	while (status == VX_PUMP_MORE && budget_left(t)) {
		u32 max = vx_min(VX_BATCH, VX_BUDGET_FRAMES - t->frames);
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
	struct rx_turn t = { 0 };

	if (vx_unlikely(rx->vq->broken))
		return r;
	r.status = turn(rx, &t);
	give_back(rx);
	if ((t.pushed || t.unflushed) && !flush(rx, &t))
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
	}
	return r;
}

u32 vx_rx_discard(const struct vx_source_ops *source, void *source_ctx, struct vx_queue_stats *stats,
		  enum vx_reason reason)
{
	struct vx_frame frame[DISCARD_BATCH];
	u32 n, done = 0;

	do {
		n = source->peek(source_ctx, frame, DISCARD_BATCH, stats);
		if (n)
			source->release(source_ctx, frame, n, n);
		done += n;
	} while (n && done < VX_BUDGET_FRAMES);
	if (done)
		vx_stat_drop(stats, reason, done);
	return done;
}
