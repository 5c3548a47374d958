/* SPDX-License-Identifier: GPL-2.0-only */
/* What the generator of test runs and its driver share. */
#ifndef POLICIES_SHARED_H
#define POLICIES_SHARED_H

#define BENCH_FRAMES	4096
#define BENCH_LEN	80

struct bench_frame {
	__u8 b[BENCH_LEN];
};

struct bench_turn {
	__u32 next;
	__u32 frames;
	__u32 ifindex;	/* to redirect to, instead of the tail call */
};

#endif
