// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames in a guest's virtqueues, from vx_frames_seen() of the engine that serves them: a uprobe in the user engine, the module's
 * tracepoint vhost_xdp_frames in the kernel one. "vhost-xdp capture" attaches one of them for as long as it runs.
 */
#include <stddef.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <vhost_xdp/steer.h>
#include "watch.bpf.h"

#define BATCH_MAX	2048	/* pieces of frames in one call that are looked at: more than any call has */

/* struct vx_frame of kernel/core/frame.h. */
struct frame {
	__u64 data;
	__u32 len;
	__u32 room;
	__u64 cookie;
	__u32 more;
};

const volatile __u32 watcher = 0;
const volatile __u32 port_id = 0;
const volatile char port_name[VX_NAME_LEN] = {};

struct batch {
	__u64 frames;
	__u32 direction, n, dropped;
	bool user;
};

static __always_inline long load(void *to, __u32 len, __u64 from, bool user)
{
	return user ? bpf_probe_read_user(to, len, (void *)from) : bpf_probe_read_kernel(to, len, (void *)from);
}

/* What is known of a batch: all of it was delivered, none, or the engine knows which. */
static __always_inline __u8 verdict(const struct batch *b)
{
	if (b->direction == VX_FROM_GUEST)
		return VX_NO_VERDICT;
	return !b->dropped ? XDP_PASS : b->dropped >= b->n ? XDP_DROP : XDP_ABORTED;
}

/* Not by way of room per CPU: a worker may be preempted here. */
static __always_inline void give(volatile struct vx_watcher *w, const struct batch *b, const struct frame *f, __u32 len, __u64 now)
{
	__u32 key = watcher, n = f->len, snaplen = w->snaplen;
	struct vx_watch_room *room;
	void *ring = bpf_map_lookup_elem(&vx_watch_rings, &key);

	if (!ring || !vx_watch_take(w, now))
		return;
	room = bpf_ringbuf_reserve(ring, sizeof(*room), 0);
	if (!room) {
		__sync_fetch_and_add(&w->lost, 1);
		return;
	}
	__builtin_memset(&room->s, 0, sizeof(room->s));
	room->s.time = now;
	room->s.points = VX_WATCH_RING;
	room->s.port = port_id;
	room->s.direction = b->direction;
	room->s.stage = VX_STAGE_ENGINE;
	room->s.verdict = verdict(b);
	room->s.len = len;
	room->s.segs = f->more ? f->more : 1;
	if (n > snaplen)
		n = snaplen;
	n--;
	asm volatile("" : "+r"(n));
	if (n < VX_SNAP_MAX) {
		n++;
		room->s.caplen = load(room->data, n, f->data, b->user) ? 0 : n;
	}
	bpf_ringbuf_submit(room, 0);
}

struct walk {
	struct batch b;
	__u64 now;
	struct frame first;	/* of the frame at hand, which has its headers */
	__u32 len;		/* of its pieces so far */
	__u32 goes_on;		/* there are more */
};

/* Called by bpf_loop(), so that the verifier goes through it once: a loop of so many frames is too much for that of Linux 6.1. */
static long one(__u32 i, struct walk *walk)
{
	volatile struct vx_watcher *w = &vx_watch.watcher[watcher & (VX_WATCHERS - 1)];
	struct frame f = {};

	if (load(&f, sizeof(f), walk->b.frames + i * sizeof(f), walk->b.user))
		return 1;
	if (!walk->goes_on) {
		walk->first = f;
		walk->len = 0;
	}
	walk->len += f.len;
	walk->goes_on = f.more;
	if (!f.more)
		give(w, &walk->b, &walk->first, walk->len, walk->now);
	return 0;
}

static __always_inline int show(const struct batch *b)
{
	volatile struct vx_watcher *w = &vx_watch.watcher[watcher & (VX_WATCHERS - 1)];
	struct walk walk = { .b = *b, .now = bpf_ktime_get_ns() };

	if (!(w->what & VX_WATCH_RING) || w->until <= walk.now)
		return 0;
	bpf_loop(b->n < BATCH_MAX ? b->n : BATCH_MAX, one, &walk, 0);
	return 0;
}

/* (ring, direction, frames, n, dropped) */
SEC("uprobe")
int vx_ring_user(struct pt_regs *ctx)
{
	const struct batch b = {
		.frames = PT_REGS_PARM3(ctx),
		.direction = PT_REGS_PARM2(ctx) & 1,
		.n = PT_REGS_PARM4(ctx),
		.dropped = PT_REGS_PARM5(ctx),
		.user = true,
	};

	return show(&b);
}

/* (port, pair, direction, frames, n, dropped) */
SEC("raw_tp/vhost_xdp_frames")
int vx_ring_kernel(struct bpf_raw_tracepoint_args *ctx)
{
	const struct batch b = {
		.frames = ctx->args[3],
		.direction = ctx->args[2] & 1,
		.n = ctx->args[4],
		.dropped = ctx->args[5],
	};
	char name[VX_NAME_LEN];
	int i;

	if (bpf_probe_read_kernel(name, sizeof(name), (void *)ctx->args[0]))
		return 0;
	for (i = 0; i < VX_NAME_LEN && name[i] == port_name[i]; i++)
		if (!name[i])
			return show(&b);
	return 0;
}

char _license[] SEC("license") = "GPL";
