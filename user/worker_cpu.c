// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine_kernel.h"
#include "worker_cpu.h"

/* Fields 14 and 15, by proc(5). The name may hold anything, parentheses and spaces too. */
#define FIELDS_BETWEEN	11

static double cpu_of(char *line)
{
	char *at = strrchr(line, ')');
	unsigned long long ticks = 0;
	int i;

	/* Behind the state, which is a letter. */
	at = at && strlen(at) > 4 ? at + 3 : NULL;
	for (i = 0; at && i < FIELDS_BETWEEN + 2; i++) {
		char *end;
		unsigned long long v = strtoull(at, &end, 10);

		if (i >= FIELDS_BETWEEN - 1 && i < FIELDS_BETWEEN + 1)
			ticks += v;
		at = end == at ? NULL : end;
	}
	return at ? (double)ticks / (double)sysconf(_SC_CLK_TCK) : 0;
}

double vx_task_cpu(int pid)
{
	char path[32], line[512];
	size_t n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = pid > 0 ? fopen(path, "re") : NULL;
	if (!f)
		return 0;
	n = fread(line, 1, sizeof(line) - 1, f);
	fclose(f);
	line[n] = '\0';
	return cpu_of(line);
}

/* A worker may serve several vrings. */
static bool seen(const int *tids, int n, int tid)
{
	while (n--)
		if (tids[n] == tid)
			return true;
	return false;
}

double vx_port_cpu(const struct vx_port *port, const struct vx_engine_page *page)
{
	int tids[2 * VHOST_XDP_PAIRS_MAX], n = 0;
	struct vx_kport kp;
	double sum = 0;
	__u32 i;

	if (vx_kport_find(port, &kp))
		return vx_task_cpu((int)page->pid);
	for (i = 0; i < kp.info.npairs && i < VHOST_XDP_PAIRS_MAX; i++) {
		const int both[] = { kp.pair[i].to_guest.worker_tid, kp.pair[i].from_guest.worker_tid };
		int dir;

		for (dir = 0; dir < 2; dir++) {
			if (!both[dir] || seen(tids, n, both[dir]))
				continue;
			tids[n++] = both[dir];
			sum += vx_task_cpu(both[dir]);
		}
	}
	return sum;
}
