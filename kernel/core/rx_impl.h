/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to rx*.c: one call of the rx pump, and the guest buffers that it has at hand. */
#ifndef VX_CORE_RX_IMPL_H
#define VX_CORE_RX_IMPL_H

#include "pump.h"
#include "vnet_hdr.h"

/* One call of the pump. */
struct vx_rx_turn {
	u64 offloads;	/* 0: frames go as they are */
	u32 frames;	/* dropped ones included */
	u64 bytes;	/* copied, and what pieces cost */
	u64 packets, packet_bytes, supers;
	/* Delivered into buffers that the driver cannot see yet. */
	u32 unflushed;
	u32 unflushed_supers;
	u64 unflushed_bytes;
	bool pushed;
	u32 dropped;
};

/* What goes into the buffers at hand: the first n frames of a parcel, len bytes behind the header. */
struct vx_rx_load {
	u32 n;
	u32 len;
};

static inline bool vx_rx_budget_left(const struct vx_rx_turn *t)
{
	return t->frames < VX_BUDGET_FRAMES && t->bytes < VX_BUDGET_BYTES;
}

static inline const struct vx_iov *vx_in_iov(const struct vx_chain *c)
{
	return c->iov + c->niov_out;
}

/* --- rx_heads.c --- */

/* Publish. What was delivered counts only now. */
int vx_rx_flush(struct vx_rx *rx, struct vx_rx_turn *t);

/* Chains from chain0 on that together hold need bytes. 0: these do not. -EMSGSIZE: no more chains may be taken. */
int vx_rx_count_heads(const struct vx_rx *rx, u32 need);

/* Bytes that the chains at hand hold, of those that one parcel may have. */
u32 vx_rx_room(const struct vx_rx *rx);

int vx_rx_find_heads(struct vx_rx *rx, struct vx_rx_turn *t, u32 need, u32 n);

/*
 * Have chains for need bytes at chain0. Returns their number, 0 to wait for the guest, -EMSGSIZE when its buffers are
 * too small for this parcel, or another -errno when the vring broke. n: frames that will want chains as well.
 */
static inline int vx_rx_take_heads(struct vx_rx *rx, struct vx_rx_turn *t, u32 need, u32 n)
{
	if (vx_likely(rx->chain0 < rx->nchain && rx->chain[rx->chain0].in_len >= need))
		return 1;
	return vx_rx_find_heads(rx, t, need, n);
}

/* Give all chains back that were not pushed. */
void vx_rx_give_back(struct vx_rx *rx);

/* --- rx_copy.c --- */

/* The header and a frame into the chains at chain0, in any number of pieces. */
int vx_rx_copy_pieces(struct vx_rx *rx, const struct vx_frame *f, const u8 *raw);

/*
 * The header and l of the sound parcel p into the chains at chain0, which hold it. Returns how many of those it took, or -errno. l becomes
 * less when a frame has a wrong checksum: that goes alone, as it came.
 */
int vx_rx_copy_sound(struct vx_rx *rx, const struct vx_parcel *p, struct vx_rx_load *l);

/* The header and all of the sound parcel p, which is one frame in pieces, into heads chains. */
int vx_rx_copy_whole(struct vx_rx *rx, const struct vx_parcel *p, u32 heads);

#endif
