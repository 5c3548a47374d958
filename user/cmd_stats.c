// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <jansson.h>

#include "args.h"
#include "cmd.h"
#include "losses.h"
#include "names.h"
#include "output.h"
#include "pins.h"
#include "policy.h"
#include "say.h"
#include "stats.h"
#include "stats_prometheus.h"
#include "worker_cpu.h"

static int drop_line(const struct vx_drop_key *key, const struct vx_counter *sum, void *arg)
{
	char buf[VX_NUMBER_TEXT], rule[VX_RULE_TEXT];

	printf("  dropped     %-10s  %12llu packets %15llu bytes  %s/%s", vx_direction_name(key->direction),
	       sum->packets, sum->bytes, vx_stage_name(key->stage), vx_reason_name(key->reason, buf));
	vx_rule_text(key->port, key->direction, key->rule, rule);
	printf("%s%s\n", *rule ? " " : "", rule);
	return 0;
}

static void queue_lines(const struct vx_engine_page *page)
{
	char buf[VX_NUMBER_TEXT];
	unsigned int q, r;
	int dir;

	for (q = 0; q < page->queue_pairs && q < VX_QUEUE_PAIRS_MAX; q++)
		for (dir = 0; dir < VX_DIRECTIONS; dir++) {
			const struct vx_queue_stats *s = &page->queue[q][dir];

			printf("  queue %-5u %-10s  %12llu packets %15llu bytes  kicks %llu calls %llu supers %llu "
			       "errors %llu\n",
			       q, vx_direction_name(dir), s->packets, s->bytes, s->kicks, s->calls, s->supers,
			       s->errors);
			for (r = 0; r < VX_REASON_MAX; r++)
				if (s->drops[r])
					printf("  dropped     %-10s  %12llu packets  engine/%s queue %u\n",
					       vx_direction_name(dir), s->drops[r], vx_reason_name(r, buf), q);
		}
}

static int lost_line(const struct vx_lost *lost, void *arg)
{
	if (lost->kind != VX_LOSS_ENGINE)
		printf("  lost        %-10s  %12llu packets  %s at %s\n", vx_direction_name(lost->direction), lost->packets, lost->why,
		       lost->where);
	return 0;
}

static int port_text(const struct vx_port *port, void *arg)
{
	struct vx_engine_page *page = malloc(sizeof(*page));
	int dir;

	if (!page)
		return -ENOMEM;
	vx_port_engine(port, page);
	printf("port %s (id %u, %s)\n", port->cfg.name, port->id, page->state == VX_ENGINE_UP ? "up" : "no backend");
	for (dir = 0; dir < VX_DIRECTIONS; dir++) {
		struct vx_counter c = vx_stats_traffic(port, dir);

		printf("  passed      %-10s  %12llu packets %15llu bytes\n", vx_direction_name(dir), c.packets,
		       c.bytes);
	}
	vx_stats_each_drop(port->id, drop_line, NULL);
	vx_losses_each(port, lost_line, NULL);
	queue_lines(page);
	free(page);
	return 0;
}

static int drop_json(const struct vx_drop_key *key, const struct vx_counter *sum, void *arg)
{
	char buf[VX_NUMBER_TEXT];

	return json_array_append_new(
		arg, json_pack("{s:s, s:s, s:s, s:i, s:s*, s:i, s:I, s:I}", "direction", vx_direction_name(key->direction),
			       "stage", vx_stage_name(key->stage), "reason", vx_reason_name(key->reason, buf), "policy",
			       key->rule & 0xff, "policy_name", key->rule & 0xff ? vx_policy_name(key->rule & 0xff) : NULL, "rule",
			       key->rule >> 8, "packets", (json_int_t)sum->packets, "bytes", (json_int_t)sum->bytes));
}

static json_t *queue_json(const struct vx_queue_stats *s)
{
	json_t *drops = json_object();
	char buf[VX_NUMBER_TEXT];
	unsigned int r;

	for (r = 0; r < VX_REASON_MAX; r++)
		if (s->drops[r])
			json_object_set_new(drops, vx_reason_name(r, buf), json_integer(s->drops[r]));
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "packets", (json_int_t)s->packets, "bytes",
			 (json_int_t)s->bytes, "kicks", (json_int_t)s->kicks, "calls", (json_int_t)s->calls, "supers",
			 (json_int_t)s->supers, "errors", (json_int_t)s->errors, "drops", drops);
}

static json_t *xsk_json(const struct vx_xsk_losses *l)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "rx_ring_full", (json_int_t)l->ring_full, "rx_fill_empty", (json_int_t)l->no_frame,
			 "rx_oversize", (json_int_t)l->oversize, "tx_invalid", (json_int_t)l->tx_invalid);
}

static json_t *engine_json(const struct vx_port *port, const struct vx_engine_page *page)
{
	json_t *queues = json_array(), *frames = json_array(), *owners = json_object();
	unsigned int q, i;

	for (q = 0; q < page->queue_pairs && q < VX_QUEUE_PAIRS_MAX; q++)
		json_array_append_new(queues,
				      json_pack("{s:o, s:o, s:o}", "to-guest", queue_json(&page->queue[q][VX_TO_GUEST]),
						"from-guest", queue_json(&page->queue[q][VX_FROM_GUEST]), "xsk_drops",
						xsk_json(&page->xsk[q])));
	for (i = 0; i < sizeof(page->umem_frames) / sizeof(page->umem_frames[0]); i++)
		json_array_append_new(frames, json_integer(page->umem_frames[i]));
	for (i = 0; i < VX_UMEM_OWNERS; i++)
		json_object_set_new(owners, vx_umem_owner_name(i), json_integer(page->umem_frames[i]));
	return json_pack("{s:b, s:i, s:I, s:o, s:o, s:o, s:f}", "up", page->state == VX_ENGINE_UP, "pid", page->pid, "features",
			 (json_int_t)page->features, "umem_frames", frames, "umem", owners, "queues", queues, "cpu_seconds",
			 vx_port_cpu(port, page));
}

/* Those of the engine stand with its queues. */
static int loss_json(const struct vx_lost *lost, void *arg)
{
	if (lost->kind == VX_LOSS_ENGINE)
		return 0;
	return json_array_append_new(arg, json_pack("{s:s, s:s, s:s, s:I}", "where", lost->where, "direction",
						    vx_direction_name(lost->direction), "reason", lost->why, "packets",
						    (json_int_t)lost->packets));
}

static json_t *losses_json(const struct vx_port *port)
{
	json_t *all = json_array();

	vx_losses_each(port, loss_json, all);
	return all;
}

static json_t *traffic_json(const struct vx_port *port, int dir)
{
	struct vx_counter c = vx_stats_traffic(port, dir);

	return json_pack("{s:I, s:I}", "packets", (json_int_t)c.packets, "bytes", (json_int_t)c.bytes);
}

static int port_json(const struct vx_port *port, void *arg)
{
	struct vx_engine_page *page = malloc(sizeof(*page));
	json_t *drops = json_array();

	if (!page)
		return -ENOMEM;
	vx_port_engine(port, page);
	vx_stats_each_drop(port->id, drop_json, drops);
	json_array_append_new(arg, json_pack("{s:s, s:i, s:o, s:o, s:o, s:o, s:o}", "port", port->cfg.name, "id",
					     port->id, "to-guest", traffic_json(port, VX_TO_GUEST), "from-guest",
					     traffic_json(port, VX_FROM_GUEST), "drops", drops, "losses",
					     losses_json(port), "engine", engine_json(port, page)));
	free(page);
	return 0;
}

/* Frames that met a hook of ours without a port behind it belong to nobody's list, but must not vanish. */
static int nobody_line(const struct vx_drop_key *key, const struct vx_counter *sum, void *arg)
{
	bool *headed = arg;

	if (!*headed)
		printf("no port\n");
	*headed = true;
	return drop_line(key, sum, NULL);
}

static void nobody_json(json_t *all)
{
	json_t *drops = json_array();

	vx_stats_each_drop(VX_TRIAL_PORT, drop_json, drops);
	if (json_array_size(drops))
		json_array_append_new(all, json_pack("{s:n, s:i, s:o}", "port", "id", VX_TRIAL_PORT, "drops", drops));
	else
		json_decref(drops);
}

static int show(const char *name, const char *prometheus)
{
	int (*fn)(const struct vx_port *port, void *arg) = vx_json ? port_json : port_text;
	json_t *all = vx_json ? json_array() : NULL;
	bool headed = false;
	struct vx_port port;
	int err;

	if (name && vx_port_find(name, &port))
		return vx_fail(-ENOENT, "there is no port %s; see 'vhost-xdp port list'", name);
	vx_names_refresh();
	if (prometheus)
		return vx_stats_prometheus(name ? &port : NULL);
	err = name ? fn(&port, all) : vx_port_each(fn, all);
	if (err)
		return err;
	if (vx_json && !name)
		nobody_json(all);
	if (vx_json)
		return vx_print_json(all);
	if (!name)
		vx_stats_each_drop(VX_TRIAL_PORT, nobody_line, &headed);
	return 0;
}

static int run(int argc, char **argv)
{
	const char *prometheus = NULL, *name = NULL;
	const struct vx_arg table[] = { { "--prometheus", .flag = &prometheus }, {} };
	int err;

	if (argc && argv[0][0] != '-') {
		name = argv[0];
		argc--;
		argv++;
	}
	err = vx_args(table, argc, argv);
	if (!err)
		err = vx_pins_check();
	/* Nothing set up is nothing to count, which a collector on a timer must take as success. */
	if (err && (err != -ENOENT || name))
		return err == -ENOENT ? vx_fail(err, "there is no port %s; see 'vhost-xdp port list'", name) : err;
	return show(name, prometheus);
}

const struct vx_cmd vx_cmd_stats = {
	.object = "stats",
	.usage = "stats [PORT] [-j | --prometheus]\n",
	.help = "Traffic, drops with their reasons, losses and queues.",
	.run = run,
};
