// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <linux/bpf.h>
#include <jansson.h>

#include "capture.h"
#include "cmd.h"
#include "frame_filter.h"
#include "frame_text.h"
#include "names.h"
#include "output.h"
#include "pcapng.h"
#include "policy.h"
#include "ring_tap.h"
#include "say.h"
#include "stamp.h"
#include "stats.h"
#include "watch.h"

#define RING		(8u << 20)
#define NS_PER_S	1000000000ull

struct capture {
	const struct vx_capture_spec *spec;
	struct vx_frame_filter *filter;
	struct vx_watch_fd watch;
	struct vx_ring_tap *tap;
	FILE *f;
	int interface[VX_WATCH_POINTS];	/* its number in the file */
	__u64 written[VX_WATCH_POINTS];
	__u64 over, lost;
	__u32 shown;
};

static const struct {
	const char *name, *description;
} points[VX_WATCH_POINTS] = {
	{ "uplink", "on the uplink" },
	{ "before", "before the policies" },
	{ "after", "behind the policies, with their verdict" },
	{ "ring", "in the guest's virtqueues" },
};

const char *vx_point_name(int point)
{
	return points[point].name;
}

static int point_of(const struct vx_sample *s)
{
	int i;

	for (i = 0; i < VX_WATCH_POINTS; i++)
		if (s->points & VX_WATCH_UPLINK << i)
			return i;
	return -1;
}

/* The engine tells of frames by the batch. */
static const char *ring_fate(__u8 verdict)
{
	switch (verdict) {
	case VX_NO_VERDICT: return "taken from the guest";
	case XDP_PASS: return "delivered";
	case XDP_DROP: return "drop engine";
	default: return "delivered, or dropped by the engine like others of its batch";
	}
}

const char *vx_verdict_text(const struct vx_sample *s, char text[VX_VERDICT_TEXT])
{
	char reason[VX_NUMBER_TEXT], rule[VX_RULE_TEXT];

	if (s->reason) {
		vx_rule_text(s->port, s->direction, s->rule, rule);
		snprintf(text, VX_VERDICT_TEXT, "drop %s/%s%s%s", vx_stage_name(s->stage), vx_reason_name(s->reason, reason),
			 *rule ? ", " : "", rule);
	} else if (s->points & VX_WATCH_RING) {
		snprintf(text, VX_VERDICT_TEXT, "%s", ring_fate(s->verdict));
	} else {
		snprintf(text, VX_VERDICT_TEXT, "%s", s->verdict == VX_NO_VERDICT ? "" : "pass");
	}
	return text;
}

static int write_packet(struct capture *c, const struct vx_sample *s, const __u8 *data, int point, const char *verdict)
{
	const struct vx_pcapng_packet p = {
		.interface = c->interface[point],
		.time = vx_realtime(s->time),
		.caplen = s->caplen,
		.len = s->len,
		.data = data,
		.flags = s->direction == VX_TO_GUEST ? VX_PCAPNG_INBOUND : VX_PCAPNG_OUTBOUND,
		.verdict = s->verdict == VX_NO_VERDICT || !s->verdict ? VX_PCAPNG_NO_VERDICT : s->verdict,
		.comment = verdict,
	};

	c->written[point]++;
	return vx_pcapng_packet(c->f, &p);
}

static int print_json(const struct vx_sample *s, const char *frame, int point, const char *verdict)
{
	char time[VX_STAMP_TEXT];
	json_t *line;
	int err;

	vx_stamp_full(vx_realtime(s->time), time);
	line = json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:s}", "time", time, "port", vx_port_name(s->port), "direction",
			 vx_direction_name(s->direction), "point", points[point].name, "verdict", verdict, "len", s->len, "segs", s->segs,
			 "frame", frame);
	err = line ? json_dumpf(line, stdout, JSON_COMPACT | JSON_SORT_KEYS) : -1;
	json_decref(line);
	return err || putchar('\n') < 0 ? vx_output_failed() : 0;
}

static int print(const struct vx_sample *s, const __u8 *data, int point, const char *verdict)
{
	char time[VX_STAMP_TEXT], frame[VX_FRAME_TEXT];

	vx_frame_text(data, s->caplen, s->len, s->vlan, frame);
	if (vx_json)
		return print_json(s, frame, point, verdict);
	return printf("%s %s %s %-6s %s  %s\n", vx_stamp(vx_realtime(s->time), time), vx_port_name(s->port),
		      vx_direction_name(s->direction), points[point].name, *verdict ? verdict : "-", frame) < 0 ? vx_output_failed() : 0;
}

static int frame(const struct vx_sample *s, const __u8 *data, void *arg)
{
	struct capture *c = arg;
	char verdict[VX_VERDICT_TEXT];
	int point = point_of(s), err;

	if (point < 0 || (c->filter && !vx_frame_filter_match(c->filter, data, s->caplen, s->len)))
		return 0;
	vx_verdict_text(s, verdict);
	err = c->f ? write_packet(c, s, data, point, verdict) : print(s, data, point, verdict);
	if (err)
		return err;
	return ++c->shown == c->spec->count ? -ECANCELED : 0;
}

static int begin_file(struct capture *c)
{
	const struct vx_capture_spec *spec = c->spec;
	char os[sizeof(struct utsname)], name[40];
	struct utsname un;
	int i, n = 0, err;

	uname(&un);
	snprintf(os, sizeof(os), "%s %s", un.sysname, un.release);
	err = vx_pcapng_section(c->f, "vhost-xdp " VX_VERSION, os);
	for (i = 0; i < VX_WATCH_POINTS && !err; i++) {
		if (!(spec->points & VX_WATCH_UPLINK << i))
			continue;
		c->interface[i] = n++;
		snprintf(name, sizeof(name), "%.*s:%s", VX_NAME_LEN, spec->port->cfg.name, points[i].name);
		err = vx_pcapng_interface(c->f, name, points[i].description, spec->filter, spec->snaplen);
	}
	/* Who reads from a pipe wants to know early that there is something. */
	return err || fflush(c->f) ? -EIO : 0;
}

static int end_file(struct capture *c)
{
	__u64 now = vx_realtime(vx_now());
	int i, err = 0;

	for (i = 0; i < VX_WATCH_POINTS && !err; i++)
		if (c->spec->points & VX_WATCH_UPLINK << i)
			err = vx_pcapng_statistics(c->f, c->interface[i], now, c->written[i], 0);
	return err || fflush(c->f) ? -EIO : 0;
}

static void missed(struct capture *c)
{
	__u64 over, lost;

	vx_watch_missed(&c->watch, &over, &lost);
	c->over += over;
	c->lost += lost;
}

static int loop(struct capture *c)
{
	__u64 looked = vx_now();
	int err = 0;

	while (!err && !vx_watch_over) {
		err = vx_watch_wait(&c->watch, 200);
		if ((!err || err == -ECANCELED) && fflush(c->f ? c->f : stdout))
			err = c->f ? -EIO : vx_output_failed();
		if (vx_now() - looked < NS_PER_S)
			continue;
		looked = vx_now();
		vx_names_refresh();
		missed(c);
	}
	missed(c);
	return err == -ECANCELED ? 0 : err;
}

static int open_file(struct capture *c)
{
	const char *file = c->spec->file;

	if (!file)
		return 0;
	if (!strcmp(file, "-") && isatty(STDOUT_FILENO))
		return vx_fail(-EINVAL, "a terminal does not show pcapng; write: vhost-xdp capture ... -w - | tcpdump -r -, or leave -w out");
	/* What others sent and received is nobody else's business. */
	umask(077);
	c->f = strcmp(file, "-") ? fopen(file, "we") : stdout;
	if (!c->f)
		return vx_fail(-errno, "cannot write %s: %s", file, strerror(errno));
	setvbuf(c->f, NULL, _IOFBF, 1 << 18);
	return 0;
}

static int close_file(struct capture *c, int err)
{
	int failed = !err && end_file(c);

	if (c->f != stdout && fclose(c->f))
		failed = true;
	/* A reader that left has what it wanted. */
	if ((err == -EIO || failed) && errno != EPIPE)
		return vx_fail(-EIO, "cannot write %s: %s", c->spec->file, strerror(errno));
	return err == -EIO ? 0 : err;
}

static void tell(const struct capture *c)
{
	fflush(stdout);
	fprintf(stderr, "vhost-xdp: %u frames captured", c->shown);
	if (c->over)
		fprintf(stderr, ", %llu not taken: over %u a second", c->over, c->spec->rate);
	if (c->lost)
		fprintf(stderr, ", %llu lost: this output is too slow", c->lost);
	fputc('\n', stderr);
}

static int watch(struct capture *c)
{
	const struct vx_capture_spec *spec = c->spec;
	struct vx_watch_spec want = {
		.what = spec->points,
		.port = spec->port->id,
		.snaplen = spec->snaplen,
		.rate = spec->rate,
		.ring = RING,
		.fn = frame,
		.arg = c,
	};
	int err = vx_watch_open(&c->watch, &want);

	if (!err && spec->points & VX_WATCH_RING)
		err = vx_ring_tap_open(&c->tap, spec->port, c->watch.number);
	return err;
}

static int run(struct capture *c)
{
	int err;

	fprintf(stderr, "vhost-xdp: capturing; end with ^C\n");
	err = loop(c);
	tell(c);
	return err;
}

int vx_capture(const struct vx_capture_spec *spec)
{
	struct capture c = { .spec = spec };
	int err;

	if (spec->filter) {
		c.filter = vx_frame_filter_new(spec->filter);
		if (!c.filter)
			return -EINVAL;
	}
	vx_watch_signals();
	vx_names_refresh();
	/* What is in the file stays until there is something else to put there. */
	err = watch(&c);
	if (!err)
		err = open_file(&c);
	if (!err && c.f && begin_file(&c))
		err = -EIO;
	if (!err)
		err = run(&c);
	vx_ring_tap_close(c.tap);
	vx_watch_close(&c.watch);
	if (c.f)
		err = close_file(&c, err);
	vx_frame_filter_free(c.filter);
	return err;
}
