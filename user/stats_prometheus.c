// SPDX-License-Identifier: GPL-2.0-or-later
/* Prometheus' text format wants all samples of a metric together: each metric walks the ports. */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "losses.h"
#include "names.h"
#include "policy.h"
#include "redirects.h"
#include "samples.h"
#include "say.h"
#include "stats.h"
#include "stats_prometheus.h"
#include "worker_cpu.h"

static const struct vx_port *only_port;

static void each_port(int (*fn)(const struct vx_port *port, void *arg), void *arg)
{
	if (only_port)
		fn(only_port, arg);
	else
		vx_port_each(fn, arg);
}

static int packets(const struct vx_port *port, void *arg)
{
	int dir;

	for (dir = 0; dir < VX_DIRECTIONS; dir++)
		vx_sample((double)vx_stats_traffic(port, dir).packets, "port", port->cfg.name, "direction", vx_direction_name(dir));
	return 0;
}

static int bytes(const struct vx_port *port, void *arg)
{
	int dir;

	for (dir = 0; dir < VX_DIRECTIONS; dir++)
		vx_sample((double)vx_stats_traffic(port, dir).bytes, "port", port->cfg.name, "direction", vx_direction_name(dir));
	return 0;
}

/* Rules are a metric of their own: here they are summed. */
static int drop(const struct vx_drop_key *key, const struct vx_counter *sum, void *arg)
{
	char buf[VX_NUMBER_TEXT];

	vx_sample((double)sum->packets, "port", (const char *)arg, "direction", vx_direction_name(key->direction), "stage",
		       vx_stage_name(key->stage), "reason", vx_reason_name(key->reason, buf));
	return 0;
}

static int engine_drop(const struct vx_lost *lost, void *arg)
{
	if (lost->kind == VX_LOSS_ENGINE)
		vx_sample((double)lost->packets, "port", (const char *)arg, "direction", vx_direction_name(lost->direction), "stage",
			       vx_stage_name(VX_STAGE_ENGINE), "reason", lost->why);
	return 0;
}

static int drops(const struct vx_port *port, void *arg)
{
	vx_stats_each_drop(port->id, drop, (void *)port->cfg.name);
	vx_losses_each(port, engine_drop, (void *)port->cfg.name);
	return 0;
}

/* Of policies that count by rule themselves, what they say; of others, what they dropped. */
static int rule_drop(const struct vx_drop_key *key, const struct vx_counter *sum, void *arg)
{
	const bool *counts = arg;
	__u32 policy = key->rule & 0xff;
	char rule[16];

	if (key->stage != VX_STAGE_POLICY || !policy || counts[policy])
		return 0;
	snprintf(rule, sizeof(rule), "%u", key->rule >> 8);
	vx_sample((double)sum->packets, "policy", vx_policy_name(policy), "rule", rule);
	return 0;
}

static int rule_drops(const struct vx_port *port, void *arg)
{
	vx_stats_each_drop(port->id, rule_drop, arg);
	return 0;
}

struct policy_rules {
	bool counts[VX_POLICY_SLOTS];
	const char *policy;
};

static int rule_counter(const char *rule, const struct vx_counter *sum, void *arg)
{
	const struct policy_rules *r = arg;

	vx_sample((double)sum->packets, "policy", r->policy, "rule", rule);
	return 0;
}

static int own_rules(const struct vx_policy *policy, void *arg)
{
	const struct vx_rule_ops *ops = vx_rule_ops(policy);
	struct policy_rules *r = arg;

	if (!ops || !ops->each)
		return 0;
	r->policy = vx_policy_name(policy->id);
	r->counts[policy->id] = true;
	ops->each(policy, rule_counter, r);
	return 0;
}

static void rules(void)
{
	struct policy_rules r = {};

	vx_policy_each(own_rules, &r);
	each_port(rule_drops, r.counts);
}

static struct vx_engine_page *engine_page(const struct vx_port *port)
{
	struct vx_engine_page *page = malloc(sizeof(*page));

	if (page)
		vx_port_engine(port, page);
	return page;
}

static int xsk_drops(const struct vx_port *port, void *arg)
{
	struct vx_engine_page *page = engine_page(port);
	unsigned int q;
	char queue[16];

	for (q = 0; page && q < page->queue_pairs && q < VX_QUEUE_PAIRS_MAX; q++) {
		const struct vx_xsk_losses *l = &page->xsk[q];

		snprintf(queue, sizeof(queue), "%u", q);
		vx_sample((double)l->ring_full, "port", port->cfg.name, "queue", queue, "reason", "rx_ring_full");
		vx_sample((double)l->no_frame, "port", port->cfg.name, "queue", queue, "reason", "rx_fill_empty");
		vx_sample((double)l->oversize, "port", port->cfg.name, "queue", queue, "reason", "rx_oversize");
		vx_sample((double)l->tx_invalid, "port", port->cfg.name, "queue", queue, "reason", "tx_invalid");
	}
	free(page);
	return 0;
}

/* to: its name, which is the port's if it is the inlet. */
static bool is_of(const struct vx_redirect_key *key, const char *to, const struct vx_port *port)
{
	return key->from == port->cfg.host_ifindex || key->from == port->cfg.guest_ifindex || !strcmp(to, port->cfg.name);
}

static int count_redirect(const struct vx_redirect_key *key, __u64 n, void *arg)
{
	char from[VX_NAME_LEN], to[VX_NAME_LEN] = "socket";

	if (!n)
		return 0;
	vx_ifindex_name(key->from, from);
	if (key->kind != VX_REDIRECT_SOCKET)
		vx_ifindex_name(key->to, to);
	if (only_port && !is_of(key, to, only_port))
		return 0;
	vx_sample((double)n, "from", from, "to", to, "error", vx_redirect_error(key));
	return 0;
}

static void redirects(void)
{
	vx_redirects_each(count_redirect, NULL);
}

/* Where the kernel tells of netdevs only, there is no "to". */
static int netdev_loss(const struct vx_lost *lost, void *arg)
{
	if (lost->kind == VX_LOSS_NETDEV)
		vx_sample((double)lost->packets, "from", lost->where, "to", "", "error", lost->why);
	return 0;
}

static int netdev_losses(const struct vx_port *port, void *arg)
{
	vx_losses_each(port, netdev_loss, NULL);
	return 0;
}

static int up(const struct vx_port *port, void *arg)
{
	struct vx_engine_page *page = engine_page(port);

	if (page)
		vx_sample(page->state == VX_ENGINE_UP, "port", port->cfg.name);
	free(page);
	return 0;
}

static int cpu(const struct vx_port *port, void *arg)
{
	struct vx_engine_page *page = engine_page(port);

	if (page)
		vx_sample(vx_port_cpu(port, page), "port", port->cfg.name);
	free(page);
	return 0;
}

static int umem(const struct vx_port *port, void *arg)
{
	struct vx_engine_page *page = engine_page(port);
	int i;

	for (i = 0; page && i < VX_UMEM_OWNERS; i++)
		vx_sample((double)page->umem_frames[i], "port", port->cfg.name, "state", vx_umem_owner_name(i));
	free(page);
	return 0;
}

/* arg: where the counter is in struct vx_queue_stats. */
static int queue_counter(const struct vx_port *port, void *arg)
{
	struct vx_engine_page *page = engine_page(port);
	const size_t *offset = arg;
	unsigned int q;
	char queue[16];
	int dir;

	for (q = 0; page && q < page->queue_pairs && q < VX_QUEUE_PAIRS_MAX; q++)
		for (dir = 0; dir < VX_DIRECTIONS; dir++) {
			const char *stats = (const char *)&page->queue[q][dir];

			snprintf(queue, sizeof(queue), "%u", q);
			vx_sample((double)*(const __u64 *)(stats + *offset), "port", port->cfg.name, "queue", queue, "direction",
				       vx_direction_name(dir));
		}
	free(page);
	return 0;
}

static const struct {
	const char *name, *type, *help;
	int (*fn)(const struct vx_port *port, void *arg);
	size_t offset;
	void (*also)(void);
} metrics[] = {
	{ "port_up", "gauge", "Whether an engine serves the port now.", up, 0, NULL },
	{ "port_packets_total", "counter", "Frames that passed.", packets, 0, NULL },
	{ "port_bytes_total", "counter", "Bytes of frames that passed.", bytes, 0, NULL },
	{ "port_drops_total", "counter", "Frames that were dropped, by reason.", drops, 0, NULL },
	{ "policy_rule_packets_total", "counter", "Frames by the rule that decided on them.", NULL, 0, rules },
	{ "xsk_drops_total", "counter", "Frames lost by a port's AF_XDP sockets; part of stage engine of port_drops_total.", xsk_drops, 0, NULL },
	{ "redirect_errors_total", "counter", "Frames lost behind a redirect, or on a port's netdevs.", netdev_losses, 0, redirects },
	{ "umem_frames", "gauge", "AF_XDP frames by owner.", umem, 0, NULL },
	{ "queue_kicks_total", "counter", "Notifications from the guest.", queue_counter, offsetof(struct vx_queue_stats, kicks), NULL },
	{ "queue_calls_total", "counter", "Notifications to the guest.", queue_counter, offsetof(struct vx_queue_stats, calls), NULL },
	{ "queue_errors_total", "counter", "Times a vring was stopped on a fault.", queue_counter, offsetof(struct vx_queue_stats, errors), NULL },
	{ "worker_cpu_seconds_total", "counter", "CPU time of the engine's process or kernel threads.", cpu, 0, NULL },
};

int vx_stats_prometheus(const struct vx_port *only)
{
	size_t i;
	int err;

	only_port = only;
	vx_names_refresh();
	vx_sample(1, "version", VX_VERSION);
	err = vx_samples_print("build_info", "gauge", "The version of vhost-xdp.");
	for (i = 0; i < sizeof(metrics) / sizeof(metrics[0]) && !err; i++) {
		size_t offset = metrics[i].offset;

		if (metrics[i].fn)
			each_port(metrics[i].fn, &offset);
		if (metrics[i].also)
			metrics[i].also();
		err = vx_samples_print(metrics[i].name, metrics[i].type, metrics[i].help);
	}
	return err ? vx_fail(err, "out of memory") : 0;
}
