// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tsckhz: the frequency of this machine's time-stamp counter in kHz.
 *
 * An emulated x86 shows its guest this counter as it is, but not how fast it runs. A guest that measures it while the
 * machine is busy gets it wrong by any factor, and then all its time limits are; so tests tell it.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct moment {
	int64_t ns;
	uint64_t ticks;
};

/* Both clocks at nearly the same time: of some tries, the one that took shortest. */
static struct moment now(void)
{
	struct moment best = {};
	uint64_t shortest = UINT64_MAX;

	for (int i = 0; i < 50; i++) {
		struct timespec ts;
		uint64_t before = __rdtsc(), took;

		clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
		took = __rdtsc() - before;
		if (took >= shortest)
			continue;
		shortest = took;
		best.ns = ts.tv_sec * 1000000000LL + ts.tv_nsec;
		best.ticks = before + took / 2;
	}
	return best;
}

int main(void)
{
	const struct timespec pause = { .tv_nsec = 50 * 1000 * 1000 };
	struct moment first = now(), last;

	nanosleep(&pause, NULL);
	last = now();
	printf("%llu\n", (unsigned long long)((last.ticks - first.ticks) * 1000000 / (uint64_t)(last.ns - first.ns)));
	return 0;
}
