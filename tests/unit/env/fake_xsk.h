/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's side of an AF_XDP socket, for tests: it follows the rules, and a test may break them by hand. */
#ifndef VX_TEST_FAKE_XSK_H
#define VX_TEST_FAKE_XSK_H

#include "vx_env.h"
#include "xsk_ring.h"
#include <linux/if_xdp.h>
#include <vhost_xdp/stats.h>

#define FX_HEADROOM	256u	/* as XDP_PACKET_HEADROOM */

#define FX_CONTD	1u	/* XDP_PKT_CONTD of <linux/if_xdp.h>, since Linux 6.6 */

struct fx_frame {
	u8 *data;
	u32 len;
	u32 pieces;
};

struct fx {
	struct vx_xsk x;
	struct vx_umem um;
	u8 *area;		/* all that was registered: um.first bytes of others, then ours */
	u8 *ring[4];		/* memory of fill, completion, RX, TX */
	bool hold_completions;
	u64 *in_flight;		/* transmitted, not completed */
	u32 nin_flight;
	struct fx_frame *sent;	/* copies, in order */
	u32 nsent, sent_room;
	bool more;		/* the last descriptor sent does not end its frame */
};

/* Frames dropped, for whatever reason. */
static inline u64 fx_drops(const struct vx_queue_stats *st)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < VX_REASON_MAX; i++)
		sum += st->drops[i];
	return sum;
}

/* All four rings have size entries; indices begin at start. */
struct fx *fx_new(u32 nframes, u32 chunk, u32 size, u32 start);
/* Its frames are a part of a registered UMEM, from first on. */
struct fx *fx_new_part(u32 nframes, u32 chunk, u32 size, u32 start, u64 first);
void fx_free(struct fx *fx);

/* A frame arrives. False: no fill entry or no room in the RX ring, as on a real overflow. */
bool fx_receive(struct fx *fx, const void *data, u32 len);
/* One raw RX descriptor. */
void fx_receive_desc(struct fx *fx, u64 addr, u32 len, u32 options);
/* A fill entry as the kernel takes it; false: none. */
bool fx_take_fill(struct fx *fx, u64 *addr);
/* Transmit up to max descriptors (and complete them, unless hold_completions); returns how many. Aborts on a bad one. */
u32 fx_transmit(struct fx *fx, u32 max);
/* Complete up to max of those in flight. */
u32 fx_complete(struct fx *fx, u32 max);
void fx_complete_addr(struct fx *fx, u64 addr);
void fx_forget_sent(struct fx *fx);

/* For a sink that takes only half of what it is given, as vx_xsk_sink.send otherwise. */
u32 fx_half_send(void *ctx, struct vx_frame *f, u32 n, struct vx_queue_stats *st);

/* 0 when the audit is clean, nothing is held between calls, and no violation was seen. */
int fx_check(const struct fx *fx);

#endif
