/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The user side of one AF_XDP socket's four rings (Documentation/networking/af_xdp.rst,
 * <linux/if_xdp.h>), freestanding: the memory is mapped by whoever owns the socket.
 *
 *	producer (ours: fill, TX)	consumer (ours: RX, completion)
 *	load consumer, acquire (A)	load producer, acquire (B)
 *	write entries			copy entries
 *	store producer, release (B)	store consumer, release (A)
 *
 * All content is untrusted: an index that goes where the other side cannot have
 * got to is ignored, an entry is copied once, and the copy is judged.
 */
#ifndef VX_CORE_XSK_RING_H
#define VX_CORE_XSK_RING_H

#include "vx_env.h"
#include "umem.h"
#include "frame.h"

#define VX_XSK_BATCH	64u	/* most frames of one peek */

struct vx_xsk_ring {
	u32 *producer;
	u32 *consumer;
	u32 *flags;		/* XDP_RING_NEED_WAKEUP */
	void *desc;		/* fill, completion: u64; RX, TX: struct xdp_desc */
	u32 size;		/* entries, power of two */
	u32 mask;
	u32 cached_prod;
	u32 cached_cons;
};

/*
 * One socket with its own UMEM. Locking: one thread.
 *
 * The UMEM is split so that neither direction starves the other: transmit has at most tx.size frames
 * and half of them all, receive the rest.
 */
struct vx_xsk {
	struct vx_umem *umem;
	struct vx_xsk_ring fill, comp, rx, tx;
	u32 outstanding_tx;	/* frames with owner TX */
	u64 bad_desc;		/* descriptors and ring indices refused */
	bool sg;		/* frames come and go in pieces, too */
	bool in_pieces;		/* the next RX descriptor continues a frame that is being dropped */
	struct vx_engine_page *page;	/* of the port, for what may stay whole; NULL: nothing */
	u32 nheld;		/* frames taken from the RX ring and not done with */
	struct vx_frame held[VX_XSK_BATCH];
};

/*
 * off: from getsockopt(XDP_MMAP_OFFSETS); map: the mapping. -EINVAL on a size that is no power of two, offsets beyond
 * map_len, or indices that cannot be.
 */
struct xdp_ring_offset;
int vx_xsk_ring_init(struct vx_xsk_ring *r, void *map, u64 map_len, const struct xdp_ring_offset *off, u32 size,
		     u32 entry_size);

/* Give the kernel as many free frames for receive as fit; returns how many. */
u32 vx_xsk_refill(struct vx_xsk *x);
/* Take back finished TX frames, budgeted; returns how many. */
u32 vx_xsk_complete(struct vx_xsk *x, u32 max);

/* Kernel wants a wakeup (sendto / recvfrom or poll)? For TX: and there is something to send. */
bool vx_xsk_tx_need_wakeup(const struct vx_xsk *x);
bool vx_xsk_fill_need_wakeup(const struct vx_xsk *x);
bool vx_xsk_rx_pending(struct vx_xsk *x);

/* The pumps' view of a socket: see frame.h. ctx is the struct vx_xsk. */
extern const struct vx_source_ops vx_xsk_source;
extern const struct vx_sink_ops vx_xsk_sink;

#endif
