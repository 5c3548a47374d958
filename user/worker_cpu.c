// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine_kernel.h"
#include "worker_cpu.h"

double vx_task_cpu(int pid)
{
	unsigned long long user, system;
	char path[32], line[512], *rest;
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = pid > 0 ? fopen(path, "re") : NULL;
	if (!f)
		return 0;
	n = fread(line, 1, sizeof(line) - 1, f);
	fclose(f);
	line[n] = '\0';
	/* The name may hold anything, parentheses too. */
	rest = strrchr(line, ')');
	if (!rest || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user, &system) != 2)
		return 0;
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
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
