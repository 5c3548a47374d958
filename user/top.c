// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/ioctl.h>
#include <jansson.h>

#include "cmd.h"
#include "losses.h"
#include "output.h"
#include "policy.h"
#include "say.h"
#include "stamp.h"
#include "stats.h"
#include "top.h"
#include "watch.h"
#include "worker_cpu.h"

#define TOP_OF_REASONS	40	/* "post-verdict/" and the like in front of a reason */

/* What one look at one direction of a port saw, since it was made. */
struct side {
	__u64 packets, bytes;
	__u64 dropped;
	__u64 by_reason[VX_REASON_MAX];
	__u64 lost;		/* behind a verdict, outside of the engine */
};

struct seen {
	bool there;
	char name[VX_NAME_LEN];
	__u32 host_ifindex;	/* another one: another port of that id */
	bool up;
	double cpu;
	struct side side[VX_DIRECTIONS];
};

/* By port id. */
struct look {
	__u64 at;
	struct seen port[VX_PORTS_MAX];
};

struct row {
	const struct seen *port;
	int direction;
	double pps, bps, drops, cpu;
	char reason[TOP_OF_REASONS];
};

static int add_drop(const struct vx_drop_key *key, const struct vx_counter *sum, void *arg)
{
	struct side *side = &((struct seen *)arg)->side[key->direction & 1];

	side->dropped += sum->packets;
	side->by_reason[key->reason % VX_REASON_MAX] += sum->packets;
	return 0;
}

static int add_loss(const struct vx_lost *lost, void *arg)
{
	struct side *side = &((struct seen *)arg)->side[lost->direction & 1];
	int reason = lost->kind == VX_LOSS_ENGINE ? vx_reason_parse(lost->why) : -1;

	side->dropped += lost->packets;
	if (reason >= 0)
		side->by_reason[reason] += lost->packets;
	else
		side->lost += lost->packets;
	return 0;
}

static int look_at(const struct vx_port *port, void *arg)
{
	struct seen *s = &((struct look *)arg)->port[port->id];
	struct vx_engine_page *page = malloc(sizeof(*page));
	int dir;

	if (!page)
		return -ENOMEM;
	vx_port_engine(port, page);
	s->there = true;
	snprintf(s->name, sizeof(s->name), "%s", port->cfg.name);
	s->host_ifindex = port->cfg.host_ifindex;
	s->up = page->state == VX_ENGINE_UP;
	s->cpu = vx_port_cpu(port, page);
	free(page);
	for (dir = 0; dir < VX_DIRECTIONS; dir++) {
		struct vx_counter c = vx_stats_traffic(port, dir);

		s->side[dir].packets = c.packets;
		s->side[dir].bytes = c.bytes;
	}
	vx_stats_each_drop(port->id, add_drop, s);
	vx_losses_each(port, add_loss, s);
	return 0;
}

static int look(struct look *l)
{
	memset(l, 0, sizeof(*l));
	l->at = vx_now();
	return vx_port_each(look_at, l);
}

/* Counters of an engine begin anew with it. */
static double rate(__u64 now, __u64 before, double seconds)
{
	return now > before ? (double)(now - before) / seconds : 0;
}

static void top_reason(struct row *row, const struct side *now, const struct side *before)
{
	__u64 most = now->lost > before->lost ? now->lost - before->lost : 0;
	char number[VX_NUMBER_TEXT];
	int r;

	snprintf(row->reason, sizeof(row->reason), "%s", most ? "post-verdict" : "");
	for (r = 0; r < VX_REASON_MAX; r++) {
		__u64 more = now->by_reason[r] > before->by_reason[r] ? now->by_reason[r] - before->by_reason[r] : 0;

		if (more <= most)
			continue;
		most = more;
		snprintf(row->reason, sizeof(row->reason), "%s", vx_reason_name(r, number));
	}
}

static void make_row(struct row *row, const struct seen *now, const struct seen *before, int dir, double seconds)
{
	static const struct seen none;
	const struct seen *old = before->there && before->host_ifindex == now->host_ifindex ? before : &none;

	row->port = now;
	row->direction = dir;
	row->pps = rate(now->side[dir].packets, old->side[dir].packets, seconds);
	row->bps = 8 * rate(now->side[dir].bytes, old->side[dir].bytes, seconds);
	row->drops = rate(now->side[dir].dropped, old->side[dir].dropped, seconds);
	row->cpu = old->there && now->cpu > old->cpu ? 100 * (now->cpu - old->cpu) / seconds : 0;
	top_reason(row, &now->side[dir], &old->side[dir]);
}

/* Busiest first, a port's directions by themselves; what is dropped is work, too. */
static int busier(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	double more = y->pps + y->drops - x->pps - x->drops;

	if (more > 0 || more < 0)
		return more > 0 ? 1 : -1;
	return strcmp(x->port->name, y->port->name) ? strcmp(x->port->name, y->port->name) : x->direction - y->direction;
}

static int make_rows(struct row *rows, const struct look *now, const struct look *before)
{
	double seconds = (double)(now->at - before->at) / 1e9;
	int n = 0, dir;
	__u32 id;

	for (id = 1; id < VX_PORTS_MAX; id++)
		for (dir = 0; dir < VX_DIRECTIONS && now->port[id].there; dir++)
			make_row(&rows[n++], &now->port[id], &before->port[id], dir, seconds);
	qsort(rows, n, sizeof(*rows), busier);
	return n;
}

/* "1.23M" */
static const char *human(double v, char text[16])
{
	static const char units[] = " kMGT";
	size_t i = 0;

	while (v >= 999.5 && i < sizeof(units) - 2) {
		v /= 1000;
		i++;
	}
	if (i)
		snprintf(text, 16, "%.*f%c", v < 9.995 ? 2 : v < 99.95 ? 1 : 0, v, units[i]);
	else
		snprintf(text, 16, "%.0f", v);
	return text;
}

static void table(const struct row *rows, int n, bool terminal)
{
	char stamp[VX_STAMP_TEXT], pps[16], bps[16], drops[16];
	struct winsize ws = {};
	int i, fit = n;

	vx_stamp(vx_realtime(vx_now()), stamp);
	if (terminal) {
		/* The rest of the screen, so that it does not scroll. */
		if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) && ws.ws_row > 3 && n > ws.ws_row - 3)
			fit = ws.ws_row - 3;
		fputs("\033[H\033[J", stdout);
	}
	printf("%.8s\n%-13s %-10s %9s %9s %9s %6s  %-10s %s\n", stamp, "PORT", "DIRECTION", "PPS", "BIT/S", "DROPS/S", "CPU", "STATE",
	       "TOP REASON");
	for (i = 0; i < fit; i++)
		printf("%-13s %-10s %9s %9s %9s %5.1f%%  %-10s %s\n", rows[i].port->name, vx_direction_name(rows[i].direction),
		       human(rows[i].pps, pps), human(rows[i].bps, bps), human(rows[i].drops, drops), rows[i].cpu,
		       rows[i].port->up ? "up" : "no-backend", rows[i].reason);
	if (!terminal)
		putchar('\n');
}

static int json_line(const struct row *rows, int n)
{
	char time[VX_STAMP_TEXT];
	json_t *all = json_array(), *line;
	int i, err;

	for (i = 0; i < n; i++)
		json_array_append_new(all, json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:b, s:s}", "port", rows[i].port->name, "direction",
						     vx_direction_name(rows[i].direction), "pps", rows[i].pps, "bps", rows[i].bps,
						     "drops_per_second", rows[i].drops, "cpu_percent", rows[i].cpu, "up",
						     rows[i].port->up, "top_reason", rows[i].reason));
	line = json_pack("{s:s, s:o}", "time", vx_stamp_full(vx_realtime(vx_now()), time), "ports", all);
	err = line ? json_dumpf(line, stdout, JSON_COMPACT | JSON_SORT_KEYS) : -1;
	json_decref(line);
	return err || putchar('\n') < 0 ? vx_output_failed() : 0;
}

static void pause_for(double seconds)
{
	struct timespec ts = { .tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9) };

	nanosleep(&ts, NULL);
}

static int loop(const struct vx_top_spec *spec, struct look looks[2], struct row *rows)
{
	bool terminal = isatty(STDOUT_FILENO) && !vx_json;
	__u32 shown;
	int err = look(&looks[0]);

	for (shown = 0; !err && (!spec->count || shown < spec->count); shown++) {
		int n;

		pause_for(spec->seconds);
		if (vx_watch_over)
			break;
		err = look(&looks[(shown + 1) & 1]);
		if (err)
			break;
		n = make_rows(rows, &looks[(shown + 1) & 1], &looks[shown & 1]);
		if (vx_json)
			err = json_line(rows, n);
		else
			table(rows, n, terminal);
		if (!err && fflush(stdout))
			err = vx_output_failed();
	}
	return err == -ECANCELED ? 0 : err;
}

int vx_top(const struct vx_top_spec *spec)
{
	struct look *looks = calloc(2, sizeof(*looks));
	struct row *rows = calloc(VX_PORTS_MAX, VX_DIRECTIONS * sizeof(*rows));
	int err;

	vx_watch_signals();
	err = looks && rows ? loop(spec, looks, rows) : -ENOMEM;
	free(looks);
	free(rows);
	return err && !ferror(stdout) ? vx_fail(err, "cannot read the counters: %s", strerror(-err)) : err;
}
