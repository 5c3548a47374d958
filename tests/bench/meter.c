// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "meter.h"

#define NS	1000000000ull

uint64_t vxb_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS + ts.tv_nsec;
}

int vxb_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

/* gzopen() reads plain files as well. */
static bool config_has(const char *path, const char *option)
{
	gzFile f = gzopen(path, "r");
	bool found = false;
	char line[256];

	while (f && !found && gzgets(f, line, sizeof(line)))
		found = !strncmp(line, option, strlen(option));
	if (f)
		gzclose(f);
	return found;
}

static bool irq_time_accounting(void)
{
	static const char option[] = "CONFIG_IRQ_TIME_ACCOUNTING=y";
	struct utsname u;
	char path[128];

	uname(&u);
	snprintf(path, sizeof(path), "/boot/config-%s", u.release);
	return config_has("/proc/config.gz", option) || config_has(path, option);
}

static int pid_by_comm(const char *comm)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	int pid = 0;

	while (d && !pid && (e = readdir(d))) {
		char path[300], text[64] = "";
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		f = atoi(e->d_name) > 0 ? fopen(path, "r") : NULL;
		if (!f)
			continue;
		if (fgets(text, sizeof(text), f) && !strncmp(text, comm, strlen(comm)) && text[strlen(comm)] == '\n')
			pid = atoi(e->d_name);
		fclose(f);
	}
	if (d)
		closedir(d);
	return pid;
}

int vxb_meter_open(struct vxb_meter *m, int pid, int pid2, int cpu)
{
	char comm[32];

	snprintf(comm, sizeof(comm), "ksoftirqd/%d", cpu);
	m->pid = pid ? pid : getpid();
	m->pid2 = pid2;
	m->cpu = cpu;
	m->ksoftirqd = pid_by_comm(comm);
	m->irq_time = irq_time_accounting();
	return m->ksoftirqd ? 0 : -ESRCH;
}

static void task_time(const char *path, uint64_t *run, uint64_t *wait)
{
	FILE *f = fopen(path, "r");
	unsigned long long r, w;

	if (!f)
		return;
	if (fscanf(f, "%llu %llu", &r, &w) == 2) {
		*run += r;
		*wait += w;
	}
	fclose(f);
}

static void process_time(int pid, uint64_t *run, uint64_t *wait)
{
	char path[300];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		if (atoi(e->d_name) <= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat", pid, e->d_name);
		task_time(path, run, wait);
	}
	if (d)
		closedir(d);
}

static void cpu_time(const struct vxb_meter *m, uint64_t *softirq, uint64_t *steal)
{
	uint64_t tick = NS / sysconf(_SC_CLK_TCK);
	FILE *f = fopen("/proc/stat", "r");
	unsigned long long v[8];
	char line[256];
	int cpu;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "cpu%d %llu %llu %llu %llu %llu %llu %llu %llu", &cpu, v, v + 1, v + 2, v + 3, v + 4, v + 5,
			   v + 6, v + 7) != 9)
			continue;
		*steal += v[7] * tick;
		if (cpu == m->cpu)
			*softirq += v[6] * tick;
	}
	if (f)
		fclose(f);
}

void vxb_meter_read(const struct vxb_meter *m, struct vxb_sample *s)
{
	uint64_t softirq = 0, ignored = 0;
	char path[64];

	memset(s, 0, sizeof(*s));
	process_time(m->pid, &s->backend, &s->waited);
	/* Two on one CPU wait for each other: that disturbs nothing. */
	if (m->pid2)
		process_time(m->pid2, &s->backend, &ignored);
	if (m->pid2)
		s->waited = 0;
	if (m->pid != getpid())
		process_time(getpid(), &ignored, &s->waited);
	snprintf(path, sizeof(path), "/proc/%d/schedstat", m->ksoftirqd);
	task_time(path, &s->backend, &ignored);
	cpu_time(m, &softirq, &s->steal);
	if (m->irq_time)
		s->backend += softirq;
	s->wall = vxb_now();
}

double vxb_meter_seconds(const struct vxb_sample *from, const struct vxb_sample *to)
{
	return (double)(to->wall - from->wall) / NS;
}

double vxb_meter_cpu(const struct vxb_sample *from, const struct vxb_sample *to)
{
	return (double)(to->backend - from->backend) / NS;
}

void vxb_meter_print(const struct vxb_sample *from, const struct vxb_sample *to)
{
	double wall = vxb_meter_seconds(from, to);

	printf("seconds=%.3f cpu=%.5f disturbed=%.4f", wall, vxb_meter_cpu(from, to) / wall,
	       (double)(to->waited - from->waited + to->steal - from->steal) / NS / wall);
}
