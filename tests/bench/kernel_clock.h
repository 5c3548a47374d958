/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Instructions, told by the clock: QEMU's "-icount shift=0" lets time advance by one nanosecond with each instruction. While the CPU
 * sleeps, "sleep=off" jumps to the next timer: the kernel's own account of idle time takes that out.
 *
 * A string instruction counts once for each unit that it moves. The test host's CPU has no ERMS, so that is eight bytes.
 */
#ifndef VXK_CLOCK_H
#define VXK_CLOCK_H

#include <stdint.h>
#include <time.h>

struct vxk_sample {
	uint64_t now;			/* ns */
	uint64_t idle;			/* ns */
	uint64_t worker_run;		/* ns that threads of vhost devices ran */
	uint64_t worker_wakeups;
	uint32_t workers;
};

static inline uint64_t vxk_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* Two instructions each. */
static inline void vxk_loop(uint64_t n)
{
	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(n) : : "cc");
}

/* 0, or a negative errno after one printed line: the clock is not what this needs. */
int vxk_clock_open(void);
/*
 * Let this thread and the workers of vhost devices run at one real-time priority: each until it sleeps, and all else (the
 * generator) when they do; ksoftirqd before all. Which frames come in one batch is then nobody's chance. 0 or a negative
 * errno after one printed line.
 */
#define VXK_PRIORITY	1
int vxk_priority(void);

/* What is between start and stop is counted, and profiled where the bench's QEMU plugin watches. */
void vxk_clock_start(struct vxk_sample *s);
void vxk_clock_stop(struct vxk_sample *s);
double vxk_clock_busy(const struct vxk_sample *from, const struct vxk_sample *to);
/* As a share of the time. */
double vxk_clock_idle(const struct vxk_sample *from, const struct vxk_sample *to);

#endif
