// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest -> wire, one buffer that becomes many frames.
 *
 * The sink gets real frames only, and so does the policy, which judges each segment for itself. To judge the super-frame
 * once and let all of it pass would be cheaper, and is not the same: a policy may look at the length, a TCP flag or the IPv4
 * id, count frames or bytes against a rate, or keep state per frame; and what it writes into a frame (a VLAN tag) has to
 * be in each. Nobody can prove of an operator's program that it does nothing of the kind.
 *
 * All segments leave in one call or none does: a chain is completed once, and never sent in part and then anew.
 */
#include "gso.h"
#include "tx_impl.h"

/* Each byte is read once: first what says how long the headers are, then the rest of these. */
static enum vx_reason read_headers(struct vx_gso *g, struct vx_cursor *cur, const struct vx_vnet_hdr *h, u32 len)
{
	enum vx_reason reason;

	g->head_len = vx_gso_head_len(h, len);
	if (vx_unlikely(!g->head_len))
		return VX_REASON_BAD_GSO;
	if (vx_unlikely(vx_cursor_read(cur, g->head, g->head_len)))
		return VX_REASON_GUEST_FAULT;
	reason = vx_gso_parse(g, h, len);
	if (vx_unlikely(reason))
		return reason;
	if (vx_unlikely(vx_cursor_read(cur, g->head + g->head_len, g->hdr_len - g->head_len)))
		return VX_REASON_GUEST_FAULT;
	vx_gso_ready(g);
	return VX_REASON_NONE;
}

static bool have_room(const struct vx_frame *f, u32 n, u32 len)
{
	while (n--)
		if (vx_unlikely(f++->room < len))
			return false;
	return true;
}

static bool fill(const struct vx_gso *g, struct vx_cursor *cur, struct vx_frame *f)
{
	u64 sum;
	u32 i;

	for (i = 0; i < g->nsegs; i++, f++) {
		u32 len = vx_gso_payload(g, i);

		if (vx_unlikely(vx_cursor_read_csum(cur, f->data + g->hdr_len, len, &sum)))
			return false;
		vx_gso_finish(g, i, f->data, sum);
		f->len = g->hdr_len + len;
	}
	return true;
}

/* The pieces of a frame that stays whole: what the first one has room for, then room bytes each. */
static bool fill_whole(const struct vx_gso *g, struct vx_cursor *cur, struct vx_frame *f, u32 room)
{
	u32 left = g->payload, n = vx_min(left, f->room - g->hdr_len);

	vx_gso_whole(g, f->data);
	if (vx_unlikely(vx_cursor_read(cur, f->data + g->hdr_len, n)))
		return false;
	f->len = g->hdr_len + n;
	left -= n;
	f->more = left ? g->nsegs : 0;
	while (left) {
		f++;
		n = vx_min(left, room);
		if (vx_unlikely(vx_cursor_read(cur, f->data, n)))
			return false;
		f->len = n;
		left -= n;
		f->more = left ? 1 : 0;
	}
	return true;
}

static u32 count_pieces(const struct vx_gso *g, const struct vx_frame *first, u32 room)
{
	u32 len = g->hdr_len + g->payload;

	return len <= first->room ? 1 : 1 + (len - first->room + room - 1) / room;
}

/*
 * To a neighbour that takes it as it is. The policy then judges the one frame, and is told how many it stands for: there is no
 * segment on this path. false: segment it.
 */
static bool stays_whole(struct vx_tx *tx, struct vx_tx_turn *t, struct vx_cursor *cur, const struct vx_gso *g,
			enum vx_tx_fate *fate)
{
	u32 kinds = tx->sink->whole ? vx_gso_kinds(g) : 0, room = 0, n;

	if (kinds)
		room = tx->sink->whole(tx->sink_ctx, g->head, kinds);
	if (!room)
		return false;
	if (vx_unlikely(tx->sink->capacity(tx->sink_ctx) < VX_PIECES_MAX))
		return false;
	*fate = VX_TX_WAITS;
	if (!vx_tx_reserve(tx, t, VX_PIECES_MAX))
		return true;
	if (vx_unlikely(tx->frame[tx->nready].room < g->hdr_len))
		return false;
	n = count_pieces(g, tx->frame + tx->nready, room);
	if (vx_unlikely(n > VX_PIECES_MAX))
		return false;
	*fate = VX_TX_DONE;
	if (vx_unlikely(!fill_whole(g, cur, tx->frame + tx->nready, room))) {
		/* Whoever gets these frames next does not ask. */
		while (n--)
			tx->frame[tx->nready + n].more = 0;
		*fate = vx_tx_drop(tx, t, VX_REASON_GUEST_FAULT);
		return true;
	}
	tx->nready += n;
	t->frames += n;
	t->supers++;
	return true;
}

enum vx_tx_fate vx_tx_super(struct vx_tx *tx, struct vx_tx_turn *t, struct vx_cursor *cur, const struct vx_vnet_hdr *h,
			    u32 len)
{
	enum vx_tx_fate fate;
	enum vx_reason reason;
	struct vx_gso g;
	u32 longest;

	reason = read_headers(&g, cur, h, len);
	if (vx_unlikely(reason))
		return vx_tx_drop(tx, t, reason);
	longest = g.hdr_len + vx_gso_payload(&g, 0);
	if (vx_unlikely(longest > tx->frame_max))
		return vx_tx_drop(tx, t, VX_REASON_OVERSIZE);
	if (stays_whole(tx, t, cur, &g, &fate))
		return fate;
	/* Waiting for more frames than there will ever be would wedge the queue. */
	if (vx_unlikely(g.nsegs > tx->sink->capacity(tx->sink_ctx)))
		return vx_tx_drop(tx, t, VX_REASON_BAD_GSO);
	if (!vx_tx_reserve(tx, t, g.nsegs))
		return VX_TX_WAITS;
	if (vx_unlikely(!have_room(tx->frame + tx->nready, g.nsegs, longest)))
		return vx_tx_drop(tx, t, VX_REASON_OVERSIZE);
	if (vx_unlikely(!fill(&g, cur, tx->frame + tx->nready)))
		return vx_tx_drop(tx, t, VX_REASON_GUEST_FAULT);
	tx->nready += g.nsegs;
	t->frames += g.nsegs;
	t->supers++;
	return VX_TX_DONE;
}
