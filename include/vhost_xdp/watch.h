/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Watching frames: "vhost-xdp drops" and "vhost-xdp capture" say here what they want to see, and the programs of the data path
 * put copies of it into the watcher's ring buffer.
 *
 * Map "vx_watch": one struct vx_watch, mapped by the tools and read directly by the programs. While nobody watches, one load of
 * .what is all that it costs. A watcher is seen until its deadline, which the tool moves on while it runs: one that was killed
 * leaves nothing enabled, and the next program that finds nobody left clears .what itself.
 *
 * Map "vx_watch_rings": ARRAY_OF_MAPS, key number of the watcher, inner a RINGBUF that the tool made, of struct vx_sample.
 *
 * Needs the __u8..__u64 types before it.
 */
#ifndef VHOST_XDP_WATCH_H
#define VHOST_XDP_WATCH_H

#include "stats.h"

#define VX_WATCHERS		4
#define VX_SNAP_MAX		4096u	/* bytes of a frame that a sample holds at most */
#define VX_WATCH_RING_MIN	4096u

/* What is watched; a sample names the points that it is from. */
#define VX_WATCH_DROPS		(1u << 0)	/* dropped, wherever */
#define VX_WATCH_UPLINK		(1u << 1)	/* as the wire has it: tag included */
#define VX_WATCH_BEFORE		(1u << 2)	/* before the policies of a direction */
#define VX_WATCH_AFTER		(1u << 3)	/* behind them, with what they said */
#define VX_WATCH_RING		(1u << 4)	/* in the guest's virtqueue */
#define VX_WATCH_POINTS		4		/* of them that are a place: VX_WATCH_UPLINK << 0..3 */

struct vx_watcher {
	__u64 until;		/* CLOCK_MONOTONIC, ns; before now: nobody's */
	__u32 what;		/* VX_WATCH_* */
	__u32 port;		/* id; 0: all */
	__u32 snaplen;		/* 1..VX_SNAP_MAX */
	__u32 rate;		/* samples a second, at most */
	__u64 reasons[2];	/* of VX_WATCH_DROPS: bit n for reason n */
	/* Of the programs. */
	__u64 second;		/* which one .taken is of: CLOCK_MONOTONIC >> VX_WATCH_SECOND */
	__u64 taken;
	__u64 over;		/* frames not taken for .rate */
	__u64 lost;		/* samples that found the ring full */
};

#define VX_WATCH_SECOND		30	/* 1.07 s */

struct vx_watch {
	__u64 what;		/* of all watchers together; 0: nobody */
	struct vx_watcher watcher[VX_WATCHERS];
};

/* What was seen. The frame's first .caplen bytes follow. */
struct vx_sample {
	__u64 time;		/* CLOCK_MONOTONIC, ns */
	__u32 points;		/* VX_WATCH_* */
	__u32 port;		/* id; 0: none is known */
	__u8  direction;	/* enum vx_direction */
	__u8  stage;		/* enum vx_stage */
	__u16 reason;		/* enum vx_reason or custom; VX_REASON_NONE: not dropped */
	__u32 rule;		/* as in struct vx_drop_key */
	__u8  verdict;		/* XDP_*; VX_NO_VERDICT: none yet */
	__u8  reserved;
	__u16 vlan;		/* TCI of the tag that is beside the frame: taken off already, or not put on yet */
	__u32 len;		/* of the frame, without that tag */
	__u32 caplen;
	__u32 segs;		/* frames that it stands for */
};

#define VX_NO_VERDICT		255

#endif
