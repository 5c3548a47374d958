// SPDX-License-Identifier: GPL-2.0-only
/* Guest -> wire. */
#include "tx_impl.h"
#include <linux/if_ether.h>

#define AHEAD		3u	/* chains between a prefetch and its use */
#define SHORT_SUM	128u	/* fewer bytes are summed where they were copied to: what has one pass for both is slower to start */

void vx_tx_init(struct vx_tx *tx, struct vx_vring *vq, const struct vx_sink_ops *sink, void *sink_ctx,
		struct vx_queue_stats *stats, u64 features, u32 frame_max)
{
	memset(tx, 0, sizeof(*tx));
	tx->vq = vq;
	tx->sink = sink;
	tx->sink_ctx = sink_ctx;
	tx->stats = stats;
	tx->features = features;
	tx->hdr_len = vx_vnet_hdr_len(features);
	tx->frame_max = frame_max;
	tx->want = VX_BATCH;
}

static bool budget_left(const struct vx_tx_turn *t)
{
	return t->frames < VX_BUDGET_FRAMES && t->read < VX_BUDGET_BYTES;
}

/* What stays whole counts as the segments that it stands for. */
static void count_sent(struct vx_tx_turn *t, const struct vx_frame *f, u32 n, u32 sent)
{
	u32 i;

	t->packets += sent;
	for (i = 0; i < n; i++) {
		t->bytes += f[i].len;
		if (vx_likely(!f[i].more) || !f[i].len)
			continue;
		/* Its pieces are among those sent: the first and the last make all its segments, those between them none. */
		if (f[i].more > 1)
			t->packets += f[i].more - 2;
		else
			t->packets--;
	}
}

/* Hand over what is ready; the empty frames stay. */
static void send_ready(struct vx_tx *tx, struct vx_tx_turn *t)
{
	u32 n = tx->nready, sent;

	if (!n)
		return;
	/* Without a vring it is not from a guest's. */
	if (vx_likely(tx->vq))
		vx_frames_seen(tx->vq, VX_FROM_GUEST, tx->frame, n, 0);
	sent = tx->sink->send(tx->sink_ctx, tx->frame, n, tx->stats);
	count_sent(t, tx->frame, n, sent);
	if (vx_unlikely(sent < n))
		t->reason = VX_REASON_TX_FAILED;
	tx->nframe -= n;
	memmove(tx->frame, tx->frame + n, tx->nframe * sizeof(tx->frame[0]));
	tx->nready = 0;
}

bool vx_tx_reserve_more(struct vx_tx *tx, struct vx_tx_turn *t, u32 n)
{
	u32 end = tx->nready + n;

	if (end > VX_ARRAY_SIZE(tx->frame)) {
		send_ready(tx, t);
		end = n;
	}
	if (end > tx->nframe)
		tx->nframe += tx->sink->alloc(tx->sink_ctx, tx->frame + tx->nframe, end - tx->nframe);
	return end <= tx->nframe;
}

/* The bytes of a frame for which the guest wants a checksum: its pseudo-header's sum stands where that goes. */
static int read_checksummed(struct vx_cursor *cur, const struct vx_vnet_hdr *h, u8 *data, u32 len)
{
	u32 start = h->csum_start;
	u64 sum;
	int err;

	if (len - start < SHORT_SUM) {
		err = vx_cursor_read(cur, data, len);
		if (vx_unlikely(err))
			return err;
		sum = vx_csum_add(0, data + start, len - start);
	} else {
		err = vx_cursor_read_csum(cur, data, len, &sum);
		if (vx_unlikely(err))
			return err;
		/* Less what comes before: few bytes, where reading them apart would be one more access. */
		sum = vx_csum_add_at(0, vx_csum_add64(sum, ~vx_csum_add(0, data, start)), start);
	}
	vx_csum_store_nonzero(data + start + h->csum_offset, sum);
	return 0;
}

/* A frame that leaves as it is, but for its checksum. Inlined as one_chain() is. */
static __always_inline enum vx_tx_fate one_frame(struct vx_tx *tx, struct vx_tx_turn *t, struct vx_cursor *cur,
					   const struct vx_vnet_hdr *h, u32 len)
{
	struct vx_frame *f;
	int err;

	if (vx_unlikely(len > tx->frame_max))
		return vx_tx_drop(tx, t, VX_REASON_OVERSIZE);
	if (vx_unlikely(!vx_tx_reserve(tx, t, 1)))
		return VX_TX_WAITS;
	f = &tx->frame[tx->nready];
	if (vx_unlikely(len > f->room))
		return vx_tx_drop(tx, t, VX_REASON_OVERSIZE);
	if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
		err = read_checksummed(cur, h, f->data, len);
	else
		err = vx_cursor_read(cur, f->data, len);
	if (vx_unlikely(err))
		return vx_tx_drop(tx, t, VX_REASON_GUEST_FAULT);
	f->len = len;
	tx->nready++;
	t->frames++;
	return VX_TX_DONE;
}

/* Inlined into the pump's loop, although vx_tx_one() calls it as well. */
static __always_inline enum vx_tx_fate one_chain(struct vx_tx *tx, struct vx_tx_turn *t, const struct vx_chain *c)
{
	struct vx_cursor cur = { .iov = c->iov, .niov = c->niov_out };
	u8 raw[VX_VNET_HDR_MAX];
	struct vx_vnet_hdr h;
	enum vx_reason reason;
	enum vx_tx_fate fate;
	u32 len;

	/* Lengths first, for every kind of frame alike (CVE-2024-41090, -41091). */
	if (vx_unlikely(c->niov_in))
		return vx_tx_drop(tx, t, VX_REASON_BAD_DESC);
	if (vx_unlikely(c->out_len < tx->hdr_len))
		return vx_tx_drop(tx, t, VX_REASON_BAD_VNET_HDR);
	len = c->out_len - tx->hdr_len;
	if (vx_unlikely(len < ETH_HLEN))
		return vx_tx_drop(tx, t, VX_REASON_RUNT);

	if (vx_unlikely(vx_cursor_read_first(&cur, raw, tx->hdr_len, VX_VNET_HDR_MAX)))
		return vx_tx_drop(tx, t, VX_REASON_GUEST_FAULT);
	reason = vx_vnet_hdr_parse(&h, raw, len, tx->features);
	if (vx_unlikely(reason))
		return vx_tx_drop(tx, t, reason);
	if (vx_likely(h.gso_type == VIRTIO_NET_HDR_GSO_NONE))
		fate = one_frame(tx, t, &cur, &h, len);
	else
		fate = vx_tx_super(tx, t, &cur, &h, len);
	if (vx_likely(fate == VX_TX_DONE))
		t->read += len;
	return fate;
}

/* Returns how many of n chains were completed; the others were given back. */
static u32 one_batch(struct vx_tx *tx, struct vx_tx_turn *t, u32 n)
{
	enum vx_tx_fate fate = VX_TX_DONE;
	u32 i;

	for (i = 0; i < n && fate == VX_TX_DONE && budget_left(t); i++) {
		if (i + AHEAD < n && tx->chain[i + AHEAD].niov_out)
			vx_guest_prefetch(tx->chain[i + AHEAD].iov->uaddr);
		fate = one_chain(tx, t, &tx->chain[i]);
		if (fate == VX_TX_WAITS)
			break;
		t->pushed = true;
		t->read += tx->chain[i].niov_out * VX_BUDGET_PIECE;
		if (vx_unlikely(vx_vring_push(tx->vq, &tx->chain[i], 0)))
			fate = VX_TX_FAULTED;
	}
	vx_vring_unfetch(tx->vq, tx->chain + i, n - i);
	t->fault |= fate == VX_TX_FAULTED;
	t->blocked |= fate == VX_TX_WAITS;
	return i;
}

static void adapt(struct vx_tx *tx, u32 n, u32 done)
{
	/* What is fetched and given back is work for nothing: with super-frames few chains fill the budget. */
	if (done < n)
		tx->want = vx_min(done + 1, VX_BATCH);
	else if (n == tx->want)
		tx->want = vx_min(2 * n, VX_BATCH);
}

static enum vx_pump_status turn(struct vx_tx *tx, struct vx_tx_turn *t)
{
	while (budget_left(t)) {
		u32 max = vx_min(tx->want, VX_BUDGET_FRAMES - t->frames), done;
		int n = vx_vring_fetch(tx->vq, tx->chain, max);

		if (n < 0)
			return VX_PUMP_BROKEN;
		if (!n)
			return vx_vring_missed(tx->vq) ? VX_PUMP_BLOCKED : VX_PUMP_IDLE;
		/* One call for the whole batch, though some chains may turn out to need none, or more. */
		vx_tx_reserve(tx, t, n);
		done = one_batch(tx, t, n);
		send_ready(tx, t);
		if (t->fault)
			return VX_PUMP_BROKEN;
		if (max == tx->want || done < (u32)n)
			adapt(tx, n, done);
		if (t->blocked)
			return VX_PUMP_BLOCKED;
		/* A later fetch may find the ring broken, and then nothing can be published any more. */
		if (vx_unlikely(vx_vring_flush(tx->vq)))
			return VX_PUMP_BROKEN;
	}
	return VX_PUMP_MORE;
}

static void count(struct vx_tx *tx, const struct vx_tx_turn *t)
{
	if (t->packets) {
		vx_stat_add(tx->stats->packets, t->packets);
		vx_stat_add(tx->stats->bytes, t->bytes);
	}
	if (t->supers)
		vx_stat_add(tx->stats->supers, t->supers);
}

static void free_frames(struct vx_tx *tx)
{
	if (tx->nframe)
		tx->sink->free(tx->sink_ctx, tx->frame, tx->nframe);
	tx->nframe = 0;
}

/* Publish, and stop the vring if that is due. */
static void finish(struct vx_tx *tx, struct vx_tx_turn *t, struct vx_pump_result *r)
{
	if (t->pushed && !vx_vring_flush(tx->vq))
		r->call = vx_vring_need_call(tx->vq);
	r->frames = t->frames;
	/* A miss that is further on than what this call got to is met again. */
	if (r->status != VX_PUMP_BLOCKED || t->blocked)
		tx->vq->miss.access = 0;
	if (vx_unlikely(r->status == VX_PUMP_BROKEN || tx->vq->broken)) {
		r->status = VX_PUMP_BROKEN;
		vx_vring_fail(tx->vq, -EFAULT);
		vx_stat_add(tx->stats->errors, 1);
	}
	count(tx, t);
}

struct vx_pump_result vx_tx_pump(struct vx_tx *tx)
{
	struct vx_pump_result r = { .status = VX_PUMP_BROKEN };
	struct vx_tx_turn t = { 0 };

	if (vx_unlikely(tx->vq->broken))
		return r;
	r.status = turn(tx, &t);
	free_frames(tx);
	finish(tx, &t, &r);
	return r;
}

struct vx_pump_result vx_tx_discard(struct vx_tx *tx, enum vx_reason reason)
{
	struct vx_pump_result r = { .status = VX_PUMP_BROKEN };
	struct vx_tx_turn t = { 0 };
	int i, n = 1, err = 0;

	if (vx_unlikely(tx->vq->broken))
		return r;
	while (budget_left(&t) && n > 0 && !err) {
		n = vx_vring_fetch(tx->vq, tx->chain, VX_BATCH);
		for (i = 0; i < n && !err; i++) {
			err = vx_vring_push(tx->vq, &tx->chain[i], 0);
			vx_tx_drop(tx, &t, reason);
			t.pushed = true;
		}
		if (!err && n > 0)
			err = vx_vring_flush(tx->vq);
	}
	if (err || n < 0)
		r.status = VX_PUMP_BROKEN;
	else if (n)
		r.status = VX_PUMP_MORE;
	else
		r.status = vx_vring_missed(tx->vq) ? VX_PUMP_BLOCKED : VX_PUMP_IDLE;
	finish(tx, &t, &r);
	return r;
}

static u64 length(const struct vx_iov *iov, u32 niov)
{
	u64 sum = 0;

	while (niov--)
		sum += iov++->len;
	return sum;
}

enum vx_reason vx_tx_one(struct vx_tx *tx, const struct vx_iov *iov, u32 niov)
{
	struct vx_chain c = { .iov = iov, .niov_out = niov };
	u64 len = length(iov, niov);
	struct vx_tx_turn t = { 0 };

	c.out_len = len;
	if (vx_unlikely(len > ~0u || niov > VX_CHAIN_IOVS))
		vx_tx_drop(tx, &t, VX_REASON_OVERSIZE);
	else if (one_chain(tx, &t, &c) == VX_TX_WAITS)
		vx_tx_drop(tx, &t, VX_REASON_TX_FAILED);
	send_ready(tx, &t);
	free_frames(tx);
	count(tx, &t);
	return t.reason;
}
