// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <jansson.h>

#include "cmd.h"
#include "drops.h"
#include "frame_text.h"
#include "loss_watch.h"
#include "names.h"
#include "output.h"
#include "policy.h"
#include "say.h"
#include "stats.h"
#include "stamp.h"
#include "watch.h"

#define RING		(1u << 20)
#define SNAPLEN		192u	/* headers, with room for a few options */
#define NS_PER_S	1000000000ull

struct drops {
	const struct vx_drops_spec *spec;
	struct vx_watch_fd watch;
	struct vx_loss_watch *losses;
	__u32 shown;
};

static int print_object(json_t *object)
{
	int err = object ? json_dumpf(object, stdout, JSON_COMPACT | JSON_SORT_KEYS) : -ENOMEM;

	json_decref(object);
	return err || putchar('\n') < 0 ? vx_output_failed() : 0;
}

static int drop_json(const struct vx_sample *s, const char *frame)
{
	char time[VX_STAMP_TEXT], reason[VX_NUMBER_TEXT];
	__u32 policy = s->rule & 0xff;

	vx_stamp_full(vx_realtime(s->time), time);
	return print_object(json_pack("{s:s, s:s, s:s?, s:s, s:s, s:s, s:s?, s:i, s:i, s:i, s:s}", "event", "drop", "time", time, "port",
				      s->port ? vx_port_name(s->port) : NULL, "direction", vx_direction_name(s->direction), "stage",
				      vx_stage_name(s->stage), "reason", vx_reason_name(s->reason, reason), "policy",
				      policy ? vx_policy_name(policy) : NULL, "rule", s->rule >> 8, "len", s->len, "segs", s->segs, "frame",
				      frame));
}

static int drop_text(const struct vx_sample *s, const char *frame)
{
	char time[VX_STAMP_TEXT], reason[VX_NUMBER_TEXT], rule[VX_RULE_TEXT], segs[24] = "";

	if (s->segs > 1)
		snprintf(segs, sizeof(segs), ", %u frames", s->segs);
	vx_rule_text(s->port, s->direction, s->rule, rule);
	return printf("%s %s %s %s/%s%s%s  %s%s\n", vx_stamp(vx_realtime(s->time), time), vx_port_name(s->port),
		      vx_direction_name(s->direction), vx_stage_name(s->stage), vx_reason_name(s->reason, reason), *rule ? " " : "", rule,
		      frame, segs) < 0 ? vx_output_failed() : 0;
}

static int drop(const struct vx_sample *s, const __u8 *data, void *arg)
{
	struct drops *d = arg;
	char frame[VX_FRAME_TEXT];
	int err;

	vx_frame_text(data, s->caplen, s->len, s->vlan, frame);
	err = vx_json ? drop_json(s, frame) : drop_text(s, frame);
	if (err)
		return err;
	return ++d->shown == d->spec->count ? -ECANCELED : 0;
}

static void loss(const struct vx_port *port, const struct vx_lost *lost, __u64 more, void *arg)
{
	char time[VX_STAMP_TEXT];

	if (vx_json) {
		vx_stamp_full(vx_realtime(vx_now()), time);
		print_object(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "event", "post-verdict", "time", time, "port",
				       port->cfg.name, "direction", vx_direction_name(lost->direction), "where", lost->where, "reason",
				       lost->why, "packets", (json_int_t)more));
		return;
	}
	printf("%s %s %s post-verdict/%s  +%llu frames at %s\n", vx_stamp(vx_realtime(vx_now()), time), port->cfg.name,
	       vx_direction_name(lost->direction), lost->why, more, lost->where);
}

/* Nobody shall take what is shown for all that was dropped. */
static void missed(struct drops *d)
{
	__u64 over, lost;

	vx_watch_missed(&d->watch, &over, &lost);
	if (!over && !lost)
		return;
	if (vx_json) {
		print_object(json_pack("{s:s, s:I, s:I}", "event", "not-shown", "over_rate", (json_int_t)over, "ring_full",
				       (json_int_t)lost));
		return;
	}
	printf("# %llu more drops not shown: over %u a second\n", over, d->spec->rate);
	if (lost)
		printf("# %llu more drops not shown: this output is too slow\n", lost);
}

static int look(struct drops *d)
{
	vx_names_refresh();
	missed(d);
	vx_loss_watch_look(d->losses, d->spec->port, loss, NULL);
	return fflush(stdout) ? vx_output_failed() : 0;
}

static int loop(struct drops *d)
{
	__u64 looked = vx_now();
	int err = 0;

	while (!err && !vx_watch_over) {
		err = vx_watch_wait(&d->watch, 200);
		if (!err && fflush(stdout))
			err = vx_output_failed();
		if (!err && vx_now() - looked >= NS_PER_S) {
			err = look(d);
			looked = vx_now();
		}
	}
	/* Whoever counts the lines wants the rest, too. */
	if (!err || (err == -ECANCELED && !ferror(stdout)))
		err = look(d);
	return err == -ECANCELED ? 0 : err;
}

int vx_drops(const struct vx_drops_spec *spec)
{
	struct drops d = { .spec = spec };
	struct vx_watch_spec want = {
		.what = VX_WATCH_DROPS,
		.port = spec->port ? spec->port->id : 0,
		.snaplen = SNAPLEN,
		.rate = spec->rate,
		.reasons = { spec->reasons[0], spec->reasons[1] },
		.ring = RING,
		.fn = drop,
		.arg = &d,
	};
	int err;

	d.losses = vx_loss_watch_new();
	if (!d.losses)
		return vx_fail(-ENOMEM, "out of memory");
	vx_watch_signals();
	vx_names_refresh();
	vx_loss_watch_look(d.losses, spec->port, NULL, NULL);
	err = vx_watch_open(&d.watch, &want);
	if (!err) {
		/* To stderr: others read the lines. */
		fprintf(stderr, "vhost-xdp: watching; end with ^C\n");
		err = loop(&d);
		vx_watch_close(&d.watch);
	}
	vx_loss_watch_free(d.losses);
	return err;
}
