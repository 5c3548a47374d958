// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_clock.h"

/* Long no-ops that no compiler makes; kernel_plugin.c knows them. Bits are of the section's number. */
#define MARK(n)		__asm__ volatile(".byte 0x0f, 0x1f, 0x80, 'v', 'x', 'k', " #n : : : "memory")
#define MARK_START	1
#define MARK_STOP	2
#define MARK_ZERO	3
#define MARK_ONE	4
#define MARK_(n)	MARK(n)
#define SECTION_BITS	16

int vxk_clock_open(void)
{
	char source[32] = "";
	FILE *f = fopen("/sys/devices/system/clocksource/clocksource0/current_clocksource", "r");

	if (!f || !fgets(source, sizeof(source), f))
		strcpy(source, "unknown");
	if (f)
		fclose(f);
	if (!strncmp(source, "tsc", 3))
		return 0;
	fprintf(stderr, "kernel_drive: the clock source is %s, not tsc, and counts no instructions\n", source);
	return -ENODEV;
}

/* The CPU's, in ns; finer than /proc/stat. */
static uint64_t idle_time(void)
{
	FILE *f = fopen("/proc/timer_list", "r");
	unsigned long long ns = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " .idle_sleeptime : %llu", &ns) == 1)
			break;
	if (f)
		fclose(f);
	return ns;
}

static bool first_line(const char *path, char *line, int size)
{
	FILE *f = fopen(path, "r");
	bool ok = f && fgets(line, size, f);

	if (f)
		fclose(f);
	return ok;
}

/* Threads of vhost devices, kernel threads or not. */
static bool is_worker(const char *comm)
{
	return !strncmp(comm, "vhost", 5) || !strncmp(comm, "vx", 2);
}

static void worker_add(struct vxk_sample *s, const char *comm, int pid, int tid)
{
	unsigned long long run, wait, times;
	char path[64], line[128];

	if (!is_worker(comm))
		return;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", pid, tid);
	if (first_line(path, line, sizeof(line)) && sscanf(line, "%llu %llu %llu", &run, &wait, &times) == 3) {
		s->worker_run += run;
		s->worker_wakeups += times;
		s->workers++;
	}
}

/* What the kernel puts off to ksoftirqd must not wait until a row is over. */
static void promote(struct vxk_sample *s, const char *comm, int pid, int tid)
{
	struct sched_param param = { .sched_priority = VXK_PRIORITY };

	if (!strncmp(comm, "ksoftirqd", 9))
		param.sched_priority++;
	else if (!is_worker(comm))
		return;
	if (sched_setscheduler(tid, SCHED_FIFO, &param))
		fprintf(stderr, "kernel_drive: %s: %s\n", comm, strerror(errno));
}

static void each_thread_of(int pid, void (*each)(struct vxk_sample *s, const char *comm, int pid, int tid), struct vxk_sample *s)
{
	char path[64], comm[32];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		int tid = atoi(e->d_name);

		snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", pid, tid);
		if (tid > 0 && first_line(path, comm, sizeof(comm)))
			each(s, comm, pid, tid);
	}
	if (d)
		closedir(d);
}

static void each_thread(void (*each)(struct vxk_sample *s, const char *comm, int pid, int tid), struct vxk_sample *s)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (atoi(e->d_name) > 0)
			each_thread_of(atoi(e->d_name), each, s);
	if (d)
		closedir(d);
}

int vxk_priority(void)
{
	const struct sched_param param = { .sched_priority = VXK_PRIORITY };

	if (sched_setscheduler(0, SCHED_FIFO, &param)) {
		fprintf(stderr, "kernel_drive: SCHED_FIFO: %s\n", strerror(errno));
		return -errno;
	}
	each_thread(promote, NULL);
	return 0;
}

static void mark_number(uint32_t number)
{
	for (int i = SECTION_BITS - 1; i >= 0; i--) {
		if (number >> i & 1)
			MARK_(MARK_ONE);
		else
			MARK_(MARK_ZERO);
	}
}

/* Where BPF programs are while this section's are loaded: others may have their addresses soon. */
static void write_symbols(const char *path, const char *number)
{
	FILE *in = fopen("/proc/kallsyms", "r"), *out = fopen(path, "a");
	char line[512], address[32], type[8], name[256];

	if (out)
		fprintf(out, "section %s\n", number);
	while (in && out && fgets(line, sizeof(line), in))
		if (strstr(line, "[bpf]") && sscanf(line, "%31s %7s %255s", address, type, name) == 3)
			fprintf(out, "%s %s[bpf]\n", address, name);
	if (in)
		fclose(in);
	if (out)
		fclose(out);
}

void vxk_clock_start(struct vxk_sample *s)
{
	const char *number = getenv("VXK_SECTION");

	*s = (struct vxk_sample){ 0 };
	each_thread(worker_add, s);
	mark_number(atoi(number ? number : "0"));
	s->idle = idle_time();
	s->now = vxk_now();
	MARK_(MARK_START);
}

void vxk_clock_stop(struct vxk_sample *s)
{
	const char *symbols = getenv("VXK_SYMBOLS"), *number = getenv("VXK_SECTION");

	*s = (struct vxk_sample){ 0 };
	MARK_(MARK_STOP);
	s->now = vxk_now();
	s->idle = idle_time();
	each_thread(worker_add, s);
	if (symbols && number)
		write_symbols(symbols, number);
}

double vxk_clock_busy(const struct vxk_sample *from, const struct vxk_sample *to)
{
	return (double)(to->now - from->now) - (double)(to->idle - from->idle);
}

double vxk_clock_idle(const struct vxk_sample *from, const struct vxk_sample *to)
{
	return (double)(to->idle - from->idle) / (double)(to->now - from->now);
}
