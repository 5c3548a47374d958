/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames seen by the data path, as <vhost_xdp/watch.h> specifies it: one watcher of ours, with a ring buffer of its own.
 *
 * The deadline is moved on by vx_watch_wait(): who does not call it for VX_WATCH_SECONDS sees nothing more, and one that was killed
 * leaves only its ring, until the next watcher comes. Its place may be another's then, in which case vx_watch_wait() fails.
 */
#ifndef VX_WATCH_H
#define VX_WATCH_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <vhost_xdp/watch.h>

#define VX_WATCH_SECONDS	3

struct ring_buffer;

struct vx_watch_spec {
	__u32 what;		/* VX_WATCH_* */
	__u32 port;		/* id; 0: all */
	__u32 snaplen;
	__u32 rate;		/* samples a second */
	__u64 reasons[2];	/* zero: all */
	__u32 ring;		/* bytes, power of two */
	/* Called for each sample. A negative errno ends vx_watch_wait(), which returns it. */
	int (*fn)(const struct vx_sample *s, const __u8 *data, void *arg);
	void *arg;
};

struct vx_watch_fd {
	struct vx_watch *map;
	struct vx_watcher *mine;
	struct ring_buffer *rb;
	__u32 number;
	int rings;
	int ring;
	__u64 renewed;		/* ns */
	__u64 until;		/* as it was written last: where it is another one, another run has the place */
	__u64 over, lost;	/* as told last */
	__u32 seen;
	struct vx_watch_spec spec;
};

/* Set by SIGINT, SIGTERM, SIGHUP and by a reader that left, once vx_watch_signals() was called: time to end. */
extern volatile sig_atomic_t vx_watch_over;
void vx_watch_signals(void);

/* Negative errno after one line. */
int vx_watch_open(struct vx_watch_fd *w, const struct vx_watch_spec *spec);
void vx_watch_close(struct vx_watch_fd *w);

/* Wait for samples, at most that long. 0, or what .fn returned; -ECANCELED: vx_watch_over. */
int vx_watch_wait(struct vx_watch_fd *w, int ms);

/* Frames that were not shown since the last call: for the rate, and because the ring was full. */
void vx_watch_missed(struct vx_watch_fd *w, __u64 *over, __u64 *lost);

/* CLOCK_MONOTONIC, ns. */
__u64 vx_now(void);
/* That clock's time as CLOCK_REALTIME, ns. */
__u64 vx_realtime(__u64 monotonic);

#endif
