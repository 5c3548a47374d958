/* SPDX-License-Identifier: GPL-2.0-only */
/* Showing frames to those who watch: see <vhost_xdp/watch.h>. */
#ifndef VX_WATCH_BPF_H
#define VX_WATCH_BPF_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <vhost_xdp/watch.h>

/* A section of its own makes it a map of its own, which all objects share like those of maps.bpf.h. Written by others at any time. */
static volatile struct vx_watch vx_watch SEC(".data.vx_watch");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, VX_WATCHERS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_RINGBUF);
		__uint(max_entries, VX_WATCH_RING_MIN);
	});
} vx_watch_rings SEC(".maps");

struct vx_watch_room {
	struct vx_sample s;
	__u8 data[VX_SNAP_MAX];
};

/* Where samples are put together. Programs of one kind do not interrupt each other; each object has its own. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vx_watch_room);
} watch_room SEC(".maps");

/* All that is done while nobody watches. */
static __always_inline bool vx_watched(__u32 points)
{
	return vx_watch.what & points;
}

/* CPUs that enter a new second together may each take it for new: a few samples more. */
static __always_inline bool vx_watch_take(volatile struct vx_watcher *w, __u64 now)
{
	__u64 second = now >> VX_WATCH_SECOND;

	if (w->second != second) {
		w->second = second;
		w->taken = 0;
	}
	if (w->taken < w->rate) {
		__sync_fetch_and_add(&w->taken, 1);
		return true;
	}
	__sync_fetch_and_add(&w->over, 1);
	return false;
}

static __always_inline bool vx_watch_wants(const volatile struct vx_watcher *w, const struct vx_sample *s)
{
	__u32 points = w->what & s->points;

	if (!points || (w->port && w->port != s->port))
		return false;
	return points != VX_WATCH_DROPS || w->reasons[(s->reason >> 6) & 1] >> (s->reason & 63) & 1;
}

/* load: copies that many bytes of the frame, from its start; non-zero when it could not. */
typedef long (*vx_load_fn)(void *ctx, void *to, __u32 len);

static __always_inline void vx_watch_give(void *ctx, struct vx_watch_room *room, __u32 key, vx_load_fn load)
{
	volatile struct vx_watcher *w = &vx_watch.watcher[key];
	__u32 n = room->s.len, snaplen = w->snaplen;
	void *ring;

	if (!vx_watch_wants(w, &room->s) || !vx_watch_take(w, room->s.time))
		return;
	ring = bpf_map_lookup_elem(&vx_watch_rings, &key);
	if (n > snaplen)
		n = snaplen;
	/* The verifier must see both bounds in the register that is passed on; that of Linux 6.1 learns no lower one from "not 0". */
	n--;
	asm volatile("" : "+r"(n));
	if (!ring || n >= VX_SNAP_MAX)
		return;
	n++;
	if (load(ctx, room->data, n))
		return;
	room->s.caplen = n;
	if (bpf_ringbuf_output(ring, room, sizeof(room->s) + n, 0))
		__sync_fetch_and_add(&w->lost, 1);
}

/* The sample is complete but for .time and .caplen. */
static __always_inline void vx_watch_show(void *ctx, struct vx_watch_room *room, vx_load_fn load)
{
	__u64 now = bpf_ktime_get_ns();
	bool anybody = false;
	__u32 i;

	room->s.time = now;
#pragma clang loop unroll(full)
	for (i = 0; i < VX_WATCHERS; i++) {
		if (vx_watch.watcher[i].until <= now)
			continue;
		anybody = true;
		vx_watch_give(ctx, room, i, load);
	}
	/* Whoever asked for this is gone. A tool that has just come says so again. */
	if (!anybody)
		vx_watch.what = 0;
}

static __always_inline struct vx_watch_room *vx_watch_begin(__u32 points, __u32 port, __u32 direction)
{
	__u32 zero = 0;
	struct vx_watch_room *room = bpf_map_lookup_elem(&watch_room, &zero);

	if (!room)
		return NULL;
	__builtin_memset(&room->s, 0, sizeof(room->s));
	room->s.points = points;
	room->s.port = port;
	room->s.direction = direction;
	room->s.segs = 1;
	room->s.verdict = VX_NO_VERDICT;
	return room;
}

static __always_inline long vx_load_xdp(void *ctx, void *to, __u32 len)
{
	return bpf_xdp_load_bytes(ctx, 0, to, len);
}

static __always_inline long vx_load_skb(void *ctx, void *to, __u32 len)
{
	return bpf_skb_load_bytes(ctx, 0, to, len);
}

#endif
