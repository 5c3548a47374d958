// SPDX-License-Identifier: GPL-2.0-only
/* Wire -> guest: the guest's buffers. */
#include "rx_impl.h"

int vx_rx_flush(struct vx_rx *rx, struct vx_rx_turn *t)
{
	int err = vx_vring_flush(rx->vq);

	if (vx_unlikely(err)) {
		vx_stat_drop(rx->stats, VX_REASON_GUEST_FAULT, t->unflushed);
	} else {
		t->packets += t->unflushed;
		t->packet_bytes += t->unflushed_bytes;
		t->supers += t->unflushed_supers;
	}
	t->unflushed = 0;
	t->unflushed_bytes = 0;
	t->unflushed_supers = 0;
	return err;
}

void vx_rx_give_back(struct vx_rx *rx)
{
	vx_vring_unfetch(rx->vq, rx->chain + rx->chain0, rx->nchain - rx->chain0);
	rx->chain0 = 0;
	rx->nchain = 0;
}

/* Add up to n chains to those at hand. Returns how many came, or -errno. */
static int fetch(struct vx_rx *rx, struct vx_rx_turn *t, u32 n)
{
	u32 left = rx->nchain - rx->chain0;
	int got;

	/* The fetch may find the ring broken, and then nothing can be published any more. */
	got = vx_rx_flush(rx, t);
	if (vx_unlikely(got))
		return got;
	memmove(rx->chain, rx->chain + rx->chain0, left * sizeof(rx->chain[0]));
	rx->chain0 = 0;
	rx->nchain = left;
	got = vx_vring_fetch(rx->vq, rx->chain + left, vx_min(n, VX_BATCH - left));
	if (got > 0) {
		rx->nchain += got;
		rx->buffer = rx->chain[rx->nchain - 1].in_len;
	}
	return got;
}

/*
 * More chains for a parcel that those at hand cannot hold. Returns a positive number if there are more now, 0 to wait
 * for the guest, -EMSGSIZE if waiting is no use.
 */
static int more_chains(struct vx_rx *rx, struct vx_rx_turn *t, u32 n)
{
	u32 left = rx->nchain - rx->chain0;
	int got = fetch(rx, t, n);

	if (got || !left || vx_vring_missed(rx->vq) || !vx_vring_has_avail(rx->vq))
		return got;
	/* There are some, so the iov array is full; in part perhaps with entries of chains that were pushed. */
	vx_rx_give_back(rx);
	got = fetch(rx, t, VX_BATCH);
	if (got < 0)
		return got;
	if ((u32)got <= left)
		return vx_vring_missed(rx->vq) ? 0 : -EMSGSIZE;
	return got;
}

int vx_rx_count_heads(const struct vx_rx *rx, u32 need)
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

u32 vx_rx_room(const struct vx_rx *rx)
{
	u32 i, n = vx_min(rx->nchain - rx->chain0, rx->mergeable ? VX_BATCH : 1);
	u64 have = 0;

	for (i = 0; i < n; i++)
		have += rx->chain[rx->chain0 + i].in_len;
	return vx_min(have, (u64)UINT32_MAX);
}

/* A chain without room, as one that the driver meant to be read, would stand in the way for ever. */
static int skip_useless(struct vx_rx *rx, struct vx_rx_turn *t)
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

/* How many chains to fetch for need bytes, if they are like the last one, and for n - 1 more frames. */
static u32 chains_for(const struct vx_rx *rx, u32 need, u32 n)
{
	u32 have = vx_rx_room(rx);

	return rx->buffer && need > have ? n + (need - have - 1) / rx->buffer : n;
}

int vx_rx_find_heads(struct vx_rx *rx, struct vx_rx_turn *t, u32 need, u32 n)
{
	for (;;) {
		int ret = skip_useless(rx, t);

		if (vx_likely(!ret))
			ret = vx_rx_count_heads(rx, need);
		if (vx_likely(ret))
			return ret;
		if (!vx_rx_budget_left(t))	/* spent on useless chains */
			return 0;
		ret = more_chains(rx, t, chains_for(rx, need, n));
		if (ret <= 0)
			return ret;
	}
}
