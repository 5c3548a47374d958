// SPDX-License-Identifier: GPL-2.0-or-later
/* Prometheus' text format wants all samples of a metric together: each metric walks the ports. */
#include <stdio.h>
#include <stdlib.h>

#include "policy.h"
#include "stats.h"
#include "stats_prometheus.h"

static const struct vx_port *only_port;

static void metric(const char *name, const char *type, const char *help,
		   int (*fn)(const struct vx_port *port, void *arg))
{
	printf("# HELP vhost_xdp_%s %s\n# TYPE vhost_xdp_%s %s\n", name, help, name, type);
	if (only_port)
		fn(only_port, NULL);
	else
		vx_port_each(fn, NULL);
}

static int packets(const struct vx_port *port, void *arg)
{
	int dir;

	for (dir = 0; dir < VX_DIRECTIONS; dir++)
		printf("vhost_xdp_port_packets_total{port=\"%s\",direction=\"%s\"} %llu\n", port->cfg.name,
		       vx_direction_name(dir), vx_stats_traffic(port, dir).packets);
	return 0;
}

static int bytes(const struct vx_port *port, void *arg)
{
	int dir;

	for (dir = 0; dir < VX_DIRECTIONS; dir++)
		printf("vhost_xdp_port_bytes_total{port=\"%s\",direction=\"%s\"} %llu\n", port->cfg.name,
		       vx_direction_name(dir), vx_stats_traffic(port, dir).bytes);
	return 0;
}

/* Label sets must be unique: the rule is one of them, although it is 0 for most. */
static int drop(const struct vx_drop_key *key, const struct vx_counter *sum, void *arg)
{
	char buf[VX_NUMBER_TEXT];

	printf("vhost_xdp_port_drops_total{port=\"%s\",direction=\"%s\",stage=\"%s\",reason=\"%s\",policy=\"%u\",rule="
	       "\"%u\"} %llu\n",
	       (const char *)arg, vx_direction_name(key->direction), vx_stage_name(key->stage),
	       vx_reason_name(key->reason, buf), key->rule & 0xff, key->rule >> 8, sum->packets);
	return 0;
}

static int drops(const struct vx_port *port, void *arg)
{
	struct vx_engine_page *page = malloc(sizeof(*page));
	char buf[VX_NUMBER_TEXT];
	unsigned int q, r;
	int dir;

	vx_stats_each_drop(port->id, drop, (void *)port->cfg.name);
	if (!page)
		return 0;
	vx_port_engine(port, page);
	for (dir = 0; dir < VX_DIRECTIONS; dir++)
		for (r = 0; r < VX_REASON_MAX; r++) {
			unsigned long long sum = 0;

			for (q = 0; q < VX_QUEUE_PAIRS_MAX; q++)
				sum += page->queue[q][dir].drops[r];
			if (sum)
				printf("vhost_xdp_port_drops_total{port=\"%s\",direction=\"%s\",stage=\"engine\","
				       "reason=\"%s\",policy=\"0\",rule=\"0\"} %llu\n",
				       port->cfg.name, vx_direction_name(dir), vx_reason_name(r, buf), sum);
		}
	free(page);
	return 0;
}

static int losses(const struct vx_port *port, void *arg)
{
	struct vx_loss all[VX_LOSSES_MAX];
	int i, n = vx_stats_losses(port, all, VX_LOSSES_MAX);

	for (i = 0; i < n; i++)
		printf("vhost_xdp_redirect_errors_total{port=\"%s\",netdev=\"%s\",error=\"%s\"} %llu\n", port->cfg.name,
		       all[i].end, all[i].name, all[i].packets);
	return 0;
}

static int up(const struct vx_port *port, void *arg)
{
	struct vx_engine_page *page = malloc(sizeof(*page));

	if (!page)
		return 0;
	vx_port_engine(port, page);
	printf("vhost_xdp_port_up{port=\"%s\"} %d\n", port->cfg.name, page->state == VX_ENGINE_UP);
	free(page);
	return 0;
}

static int umem(const struct vx_port *port, void *arg)
{
	/* As enum vx_frame_owner in kernel/core/umem.h. */
	static const char *const owners[] = { "free", "fill", "rx", "held", "tx" };
	struct vx_engine_page *page = malloc(sizeof(*page));
	size_t i;

	if (!page)
		return 0;
	vx_port_engine(port, page);
	for (i = 0; i < sizeof(owners) / sizeof(owners[0]); i++)
		printf("vhost_xdp_umem_frames{port=\"%s\",state=\"%s\"} %llu\n", port->cfg.name, owners[i],
		       page->umem_frames[i]);
	free(page);
	return 0;
}

static void queue_metric(const struct vx_port *port, const char *name, size_t offset)
{
	struct vx_engine_page *page = malloc(sizeof(*page));
	unsigned int q;
	int dir;

	if (!page)
		return;
	vx_port_engine(port, page);
	for (q = 0; q < page->queue_pairs && q < VX_QUEUE_PAIRS_MAX; q++)
		for (dir = 0; dir < VX_DIRECTIONS; dir++)
			printf("vhost_xdp_queue_%s_total{port=\"%s\",queue=\"%u\",direction=\"%s\"} %llu\n", name,
			       port->cfg.name, q, vx_direction_name(dir),
			       *(const __u64 *)((const char *)&page->queue[q][dir] + offset));
	free(page);
}

static int kicks(const struct vx_port *port, void *arg)
{
	queue_metric(port, "kicks", offsetof(struct vx_queue_stats, kicks));
	return 0;
}

static int calls(const struct vx_port *port, void *arg)
{
	queue_metric(port, "calls", offsetof(struct vx_queue_stats, calls));
	return 0;
}

static int errors(const struct vx_port *port, void *arg)
{
	queue_metric(port, "errors", offsetof(struct vx_queue_stats, errors));
	return 0;
}

int vx_stats_prometheus(const struct vx_port *only)
{
	only_port = only;
	printf("# HELP vhost_xdp_build_info The version of vhost-xdp.\n# TYPE vhost_xdp_build_info gauge\n");
	printf("vhost_xdp_build_info{version=\"%s\"} 1\n", VX_VERSION);
	metric("port_up", "gauge", "Whether an engine serves the port now.", up);
	metric("port_packets_total", "counter", "Frames that passed.", packets);
	metric("port_bytes_total", "counter", "Bytes of frames that passed.", bytes);
	metric("port_drops_total", "counter", "Frames that were dropped, by reason.", drops);
	metric("redirect_errors_total", "counter", "Frames lost on a port's netdevs behind their verdict.", losses);
	metric("umem_frames", "gauge", "AF_XDP frames by owner.", umem);
	metric("queue_kicks_total", "counter", "Notifications from the guest.", kicks);
	metric("queue_calls_total", "counter", "Notifications to the guest.", calls);
	metric("queue_errors_total", "counter", "Times a vring was stopped on a fault.", errors);
	return 0;
}
