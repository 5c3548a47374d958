// SPDX-License-Identifier: GPL-2.0-or-later
/* The maps of "stateful". */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "port.h"
#include "say.h"
#include "stateful.h"

/* The same frame is judged in the same way: no entry, or one that says what goes without saying. */
static bool is_default(const struct vx_stateful_port *conf)
{
	__u32 i;

	for (i = 0; i < VX_STATEFUL_N_TIMEOUTS; i++)
		if (conf->timeout_ms[i])
			return false;
	return !conf->mode && !conf->n_open && (!conf->limit || conf->limit == VX_STATEFUL_LIMIT);
}

static int read_conf(int fd, __u32 port, struct vx_stateful_port *conf)
{
	memset(conf, 0, sizeof(*conf));
	return bpf_map_lookup_elem(fd, &port, conf) ? -errno : 0;
}

int vx_stateful_get(__u32 port, struct vx_stateful_port *conf)
{
	int fd = vx_policy_map("stateful", "stateful_ports", false), err;

	memset(conf, 0, sizeof(*conf));
	if (fd < 0)
		return fd;
	err = read_conf(fd, port, conf);
	close(fd);
	return !err && is_default(conf) ? -ENOENT : err;
}

static __u32 limit_of(__u32 limit)
{
	return limit ? limit : VX_STATEFUL_LIMIT;
}

static __u32 larger(__u32 a, __u32 b)
{
	return a > b ? a : b;
}

struct sum {
	int fd;
	__u32 port, limit;	/* what that port is to have */
	__u64 flows;
	__u32 ports;
};

static int add_limit(const struct vx_port *port, void *arg)
{
	struct vx_stateful_port conf;
	struct sum *sum = arg;

	/* What was opened under the limit before still has its place. */
	read_conf(sum->fd, port->id, &conf);
	sum->flows += port->id == sum->port ? sum->limit : larger(limit_of(conf.limit), conf.limit_before);
	sum->ports++;
	return 0;
}

/* Every port shall have what it was promised, whatever the others do; so shall those that are yet to come. */
static int judge_limits(int fd, __u32 port, __u32 limit)
{
	struct sum sum = { .fd = fd, .port = port, .limit = limit };
	const __u64 most = (__u64)(VX_FLOW_BUCKETS - VX_PORTS_MAX) * VX_FLOW_FILL;

	vx_port_each(add_limit, &sum);
	sum.flows += (__u64)(VX_PORTS_MAX - 1 - sum.ports) * VX_STATEFUL_LIMIT;
	if (sum.flows <= most)
		return 0;
	return vx_fail(-ENOSPC,
		       "the limits of all ports, and %u for each that may still be added, would be %llu flows, and %llu fit; take less, or lower "
		       "another port's and flush it",
		       VX_STATEFUL_LIMIT, sum.flows, most);
}

/* Buckets of a port, or of all; fn may delete the one that it is given. */
static int each_bucket(int fd, __u32 port, int (*fn)(int fd, const struct vx_flow_place *place, void *arg), void *arg)
{
	struct vx_flow_place place, next;
	/* While flows come and go the walk may begin anew, but not for ever. */
	__u32 budget = 2 * VX_FLOW_BUCKETS;
	bool more = !bpf_map_get_next_key(fd, NULL, &next);
	int ret = 0;

	while (more && !ret && budget--) {
		place = next;
		more = !bpf_map_get_next_key(fd, &place, &next);
		if (!port || place.port == port)
			ret = fn(fd, &place, arg);
	}
	return ret;
}

struct reach {
	__u32 buckets;	/* those from here on are not found any more */
};

static int drop_unreachable(int fd, const struct vx_flow_place *place, void *arg)
{
	const struct reach *reach = arg;

	if (place->bucket >= reach->buckets)
		bpf_map_delete_elem(fd, place);
	return 0;
}

/* Under a lower limit than the last two, what was beyond these is only memory. */
static void trim(__u32 port, __u32 limit, __u32 before)
{
	struct reach reach = { .buckets = larger(limit, before) / VX_FLOW_FILL + 1 };
	int fd = vx_policy_map("stateful", "stateful_flows", false);

	if (fd < 0)
		return;
	each_bucket(fd, port, drop_unreachable, &reach);
	close(fd);
}

int vx_stateful_replace(__u32 port, const struct vx_stateful_port *conf)
{
	int fd = vx_policy_map("stateful", "stateful_ports", conf), err;
	struct vx_stateful_port now = {}, old;
	__u32 limit, before;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	if (conf)
		now = *conf;
	read_conf(fd, port, &old);
	limit = limit_of(now.limit);
	before = limit_of(old.limit);
	/* Where a flow is follows from the limit: those that are there must still be found. */
	now.limit_before = limit != before ? before : old.limit_before;
	err = limit > before ? judge_limits(fd, port, limit) : 0;
	if (!err && is_default(&now) && !now.limit_before)
		err = bpf_map_delete_elem(fd, &port) && errno != ENOENT ? -errno : 0;
	else if (!err)
		err = bpf_map_update_elem(fd, &port, &now, BPF_ANY) ? -errno : 0;
	close(fd);
	if (!err && larger(limit, now.limit_before) < larger(before, old.limit_before))
		trim(port, limit, now.limit_before);
	return err && err != -ENOSPC ? vx_fail(err, "cannot change how flows are tracked: %s", strerror(-err)) : err;
}

struct walk {
	int (*fn)(__u32 port, const struct vx_flow *flow, __u64 now, void *arg);
	void *arg;
};

static int walk_bucket(int fd, const struct vx_flow_place *place, void *arg)
{
	struct walk *walk = arg;
	struct vx_flow_bucket b;
	struct timespec ts;
	int i, ret = 0;
	__u64 now;

	if (bpf_map_lookup_elem_flags(fd, place, &b, BPF_F_LOCK))
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	now = ts.tv_sec * 1000000000ull + ts.tv_nsec;
	for (i = 0; i < VX_FLOW_WAYS && !ret; i++)
		if (b.flow[i].expires > now)
			ret = walk->fn(place->port, &b.flow[i], now, walk->arg);
	return ret;
}

int vx_stateful_each_flow(__u32 port, int (*fn)(__u32 port, const struct vx_flow *flow, __u64 now, void *arg), void *arg)
{
	int fd = vx_policy_map("stateful", "stateful_flows", false), ret;
	struct walk walk = { fn, arg };

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	ret = each_bucket(fd, port, walk_bucket, &walk);
	close(fd);
	return ret;
}

static int drop_bucket(int fd, const struct vx_flow_place *place, void *arg)
{
	bpf_map_delete_elem(fd, place);
	return 0;
}

/* The limit before has no flows any more. */
static int forget_limit(__u32 port)
{
	int fd = vx_policy_map("stateful", "stateful_ports", false), err = 0;
	struct vx_stateful_port conf;

	if (fd < 0)
		return fd;
	if (!read_conf(fd, port, &conf) && conf.limit_before) {
		conf.limit_before = 0;
		if (is_default(&conf))
			err = bpf_map_delete_elem(fd, &port) ? -errno : 0;
		else
			err = bpf_map_update_elem(fd, &port, &conf, BPF_EXIST) ? -errno : 0;
	}
	close(fd);
	return err;
}

int vx_stateful_flush(__u32 port)
{
	int fd = vx_policy_map("stateful", "stateful_flows", false), err;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	/* A frame that is being judged may note its flow in a bucket that goes, or that was made anew elsewhere: the tag tells them apart. */
	err = each_bucket(fd, port, drop_bucket, NULL);
	close(fd);
	return err ? err : forget_limit(port);
}

void vx_stateful_forget_flows(int fd, __u32 port)
{
	each_bucket(fd, port, drop_bucket, NULL);
}
