/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to tx*.c: one call of the pump, and what it makes of a chain. */
#ifndef VX_CORE_TX_IMPL_H
#define VX_CORE_TX_IMPL_H

#include "pump.h"
#include "csum.h"
#include "cursor.h"
#include "vnet_hdr.h"

struct vx_tx_turn {
	u32 frames;	/* segments and dropped chains */
	u64 read;	/* bytes copied from the guest, and what pieces cost */
	u64 packets, bytes, supers;
	bool pushed;
	bool fault;	/* guest memory did */
	bool blocked;
	enum vx_reason reason;	/* of the last drop */
};

/* What became of a chain. */
enum vx_tx_fate {
	VX_TX_DONE,	/* sent or dropped: complete it */
	VX_TX_FAULTED,	/* dropped: complete it, and stop the vring */
	VX_TX_WAITS,	/* no frames: leave it to a later call */
};

static inline enum vx_tx_fate vx_tx_drop(struct vx_tx *tx, struct vx_tx_turn *t, enum vx_reason reason)
{
	vx_stat_drop(tx->stats, reason, 1);
	t->frames++;
	t->reason = reason;
	return reason == VX_REASON_GUEST_FAULT ? VX_TX_FAULTED : VX_TX_DONE;
}

bool vx_tx_reserve_more(struct vx_tx *tx, struct vx_tx_turn *t, u32 n);

/* Are n empty frames at hand, from tx->frame[tx->nready] on? n is at most VX_GSO_SEGS_MAX. */
static inline bool vx_tx_reserve(struct vx_tx *tx, struct vx_tx_turn *t, u32 n)
{
	return vx_likely(tx->nready + n <= tx->nframe) || vx_tx_reserve_more(tx, t, n);
}

/* A frame of len bytes to be segmented. cur is at its first byte, h passed vx_vnet_hdr_parse. */
enum vx_tx_fate vx_tx_super(struct vx_tx *tx, struct vx_tx_turn *t, struct vx_cursor *cur, const struct vx_vnet_hdr *h,
			    u32 len);

#endif
