/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two pumps of a queue pair. One call moves at most one budget of frames
 * and returns; it never sleeps, and it holds no guest descriptor when it
 * returns: used equals last_avail at any point where the engine may die.
 *
 * Locking: one thread per queue (the queue pair's worker).
 */
#ifndef VX_CORE_PUMP_H
#define VX_CORE_PUMP_H

#include "vx_env.h"
#include "frame.h"
#include "gro.h"
#include "vnet_hdr.h"
#include "vring.h"
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <vhost_xdp/stats.h>

#define VX_BUDGET_FRAMES	256u		/* frames per call, segments counted */
#define VX_BUDGET_BYTES		(512u << 10)	/* bytes per call (CVE-2019-3900) */
#define VX_BUDGET_PIECE		32u		/* bytes that each piece of a buffer counts for, however short it is */
#define VX_GSO_SEGS_MAX		1024u		/* segments of one guest buffer; more is VX_REASON_BAD_GSO */

enum vx_pump_status {
	VX_PUMP_IDLE = 0,	/* nothing left to do: enable kicks and sleep */
	VX_PUMP_MORE = 1,	/* budget used up: call again after other work */
	/*
	 * tx: no frame free, wait for completions; rx: no guest buffer, wait for a kick. If vx_vring_missed(), which
	 * after a call only comes with this status, the IOTLB lacks vq->miss: ask for it, and call again once it changed.
	 */
	VX_PUMP_BLOCKED = 2,
	VX_PUMP_BROKEN = 3,	/* the vring was stopped: signal its err eventfd */
};

struct vx_pump_result {
	enum vx_pump_status status;
	u32 frames;		/* moved, dropped ones included */
	bool call;		/* the driver wants a call now */
};

/* Guest -> wire. */
struct vx_tx {
	struct vx_vring *vq;
	const struct vx_sink_ops *sink;
	void *sink_ctx;
	struct vx_queue_stats *stats;
	u64 features;		/* negotiated virtio features */
	u32 hdr_len;		/* sizeof virtio_net_hdr: 10, or 12 with MRG_RXBUF or VERSION_1; 0: none */
	u32 frame_max;		/* longest L2 frame that may leave, bytes (MTU + 14; the guest's own 802.1Q tag is not carried) */
	u32 want;		/* chains to fetch next: few while each of them is many segments */
	struct vx_chain chain[VX_BATCH];

	/* Within one call: frame[0..nready) are filled and not sent, frame[nready..nframe) are empty. */
	u32 nready, nframe;
	struct vx_frame frame[VX_GSO_SEGS_MAX + VX_BATCH];
};

/* Wire -> guest. */
struct vx_rx {
	struct vx_vring *vq;
	const struct vx_source_ops *source;
	void *source_ctx;
	struct vx_queue_stats *stats;
	u64 features;
	u64 offloads;		/* of VX_GUEST_OFFLOADS, what the guest wants now: any thread may change it, see vx_rx_set_offloads() */
	u32 hdr_len;
	bool mergeable;
	struct vx_chain chain[VX_BATCH];
	u32 nchain, chain0;	/* fetched, not yet used: chain[chain0..nchain), within one call only */
	u32 buffer;		/* bytes of the chain fetched last: what the next may be like */
	struct vx_frame frame[VX_BATCH];
	struct vx_gro gro;	/* how frame[] is delivered */
};

/* features: as negotiated. *tx and *rx may hold anything; they keep the pointers. */
void vx_tx_init(struct vx_tx *tx, struct vx_vring *vq, const struct vx_sink_ops *sink, void *sink_ctx,
		struct vx_queue_stats *stats, u64 features, u32 frame_max);
void vx_rx_init(struct vx_rx *rx, struct vx_vring *vq, const struct vx_source_ops *source, void *source_ctx,
		struct vx_queue_stats *stats, u64 features);

/*
 * What the guest takes from now on, of VX_GUEST_OFFLOADS and of what was negotiated; other bits do not count. Without GUEST_CSUM
 * it is nothing. Any thread, any time: it holds from the next vx_rx_pump() on. vx_rx_init() sets all that was negotiated.
 */
void vx_rx_set_offloads(struct vx_rx *rx, u64 offloads);

/* The super-frames of neighbours that it takes now: VX_WHOLE_*, for the engine's page where its sources give frames in pieces. */
u32 vx_rx_whole(const struct vx_rx *rx);

/*
 * They write all of *stats but kicks and calls, which the owner counts. A guest memory fault costs the frame at
 * hand, and the vring is stopped.
 */
struct vx_pump_result vx_tx_pump(struct vx_tx *tx);
struct vx_pump_result vx_rx_pump(struct vx_rx *rx);

/* Complete what the guest sends and throw it away unread, counted under reason: for a vring that is disabled. */
struct vx_pump_result vx_tx_discard(struct vx_tx *tx, enum vx_reason reason);

/*
 * Transmit one buffer of the caller's own, header first, judged like one of a chain; no vring is involved, and tx->vq may be
 * NULL. tx->hdr_len may be set to another of its values before. Never waits: without enough frames it is VX_REASON_TX_FAILED.
 * VX_REASON_NONE when all of it was sent, else why it was dropped, which is also counted.
 */
enum vx_reason vx_tx_one(struct vx_tx *tx, const struct vx_iov *iov, u32 niov);

/* Throw away what the source holds, counted under reason: for a port whose vring is stopped. Budgeted like a pump. */
u32 vx_rx_discard(const struct vx_source_ops *source, void *source_ctx, struct vx_queue_stats *stats,
		  enum vx_reason reason);

/* What a guest can switch while it runs (VIRTIO_NET_CTRL_GUEST_OFFLOADS, TUNSETOFFLOAD). */
#define VX_GUEST_OFFLOADS	\
	((1ULL << VIRTIO_NET_F_GUEST_CSUM) | (1ULL << VIRTIO_NET_F_GUEST_TSO4) | (1ULL << VIRTIO_NET_F_GUEST_TSO6) | \
	 (1ULL << VIRTIO_NET_F_GUEST_ECN) | (1ULL << VIRTIO_NET_F_GUEST_USO4) | (1ULL << VIRTIO_NET_F_GUEST_USO6))

/* Virtio features that the core itself implements; an engine offers these plus its own protocol bits. */
#define VX_CORE_FEATURES	\
	((1ULL << VIRTIO_F_VERSION_1) | (1ULL << VIRTIO_RING_F_INDIRECT_DESC) | (1ULL << VIRTIO_RING_F_EVENT_IDX) | \
	 (1ULL << VIRTIO_F_RING_PACKED) | (1ULL << VIRTIO_F_RING_RESET) | (1ULL << VIRTIO_F_ANY_LAYOUT) | \
	 (1ULL << VIRTIO_NET_F_MRG_RXBUF) | (1ULL << VIRTIO_NET_F_CSUM) | (1ULL << VIRTIO_NET_F_HOST_TSO4) | \
	 (1ULL << VIRTIO_NET_F_HOST_TSO6) | (1ULL << VIRTIO_NET_F_HOST_ECN) | (1ULL << VIRTIO_NET_F_HOST_USO) | VX_GUEST_OFFLOADS)

#endif
