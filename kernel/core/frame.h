/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames between the pumps and what carries them: AF_XDP rings in both
 * engines, and in the kernel engine also pages handed to an XDP program.
 * All calls are per batch, so that an indirect call costs nothing per frame.
 */
#ifndef VX_CORE_FRAME_H
#define VX_CORE_FRAME_H

#include "vx_env.h"
#include <vhost_xdp/stats.h>

struct vx_frame {
	u8 *data;	/* L2 header first; private memory, never the guest's */
	u32 len;	/* bytes of data; on alloc: 0 */
	u32 room;	/* bytes that data may hold */
	u64 cookie;	/* the carrier's own: UMEM address or page */
	u32 more;	/* not 0: the next one of the array continues this L2 frame */
};

/*
 * Frames in pieces: only super-frames that stay whole, see <vhost_xdp/whole.h>, their headers in the first piece. Such a run
 * is handed over, returned and released as one. Towards the wire, .more of the first says how many segments it stands for.
 */
#define VX_PIECES_MAX	20u

/* Of the frame that begins here. */
static inline u32 vx_frame_pieces(const struct vx_frame *f)
{
	u32 n = 1;

	while (f++->more)
		n++;
	return n;
}

/* Frames towards the wire. */
struct vx_sink_ops {
	/* Up to n empty frames; returns the count (0: blocked, try after completions). */
	u32 (*alloc)(void *ctx, struct vx_frame *f, u32 n);
	/*
	 * Takes over all n frames, in order. Returns how many were accepted for sending; the rest were freed by the sink,
	 * counted in st, and have len 0.
	 */
	u32 (*send)(void *ctx, struct vx_frame *f, u32 n, struct vx_queue_stats *st);
	/* Give unused frames back. */
	void (*free)(void *ctx, struct vx_frame *f, u32 n);
	/* The most frames that alloc can give at one time once everything was completed: what needs more never goes out. */
	u32 (*capacity)(void *ctx);
	/*
	 * May a super-frame of these kinds (VX_WHOLE_*) go to this MAC as it is? Then how many bytes each piece behind the first
	 * holds, whatever .room says, so that VX_PIECES_MAX are enough for any; else 0. NULL: never.
	 */
	u32 (*whole)(void *ctx, const u8 *dst, u32 kinds);
};

/* Frames from the wire. */
struct vx_source_ops {
	/*
	 * Up to n received frames, oldest first, not yet consumed. Invalid descriptors are skipped, and counted in st, as are
	 * frames in pieces that the source was not set up for. n is at least VX_PIECES_MAX. Every peek is followed by one release.
	 */
	u32 (*peek)(void *ctx, struct vx_frame *f, u32 n, struct vx_queue_stats *st);
	/* The first n_done of the last peek are done with; the others will be peeked again, unchanged. */
	void (*release)(void *ctx, const struct vx_frame *f, u32 n_done, u32 n_peeked);
};

/*
 * Of the home, for who watches: a pump has done with n frames of this vring. Towards the guest, dropped of them were not delivered; from
 * the guest they are about to be sent. In the home it is where a tracer attaches; it does nothing itself.
 */
struct vx_vring;
void vx_frames_seen(const struct vx_vring *vq, enum vx_direction dir, const struct vx_frame *f, u32 n, u32 dropped);

/* Counters (lvalues) have one writer and are read at any time: no atomics, no torn values. */
#define vx_stat_add(counter, n)	VX_WRITE_ONCE(counter, (counter) + (n))

static inline void vx_stat_drop(struct vx_queue_stats *st, enum vx_reason reason, u64 n)
{
	vx_stat_add(st->drops[reason], n);
}

#endif
