// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "pins.h"
#include "policy.h"
#include "policy_conf.h"
#include "port.h"
#include "ratelimit.h"
#include "say.h"
#include "stateful.h"

int vx_why(char why[VX_WHY], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, VX_WHY, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

int vx_policy_map(const char *policy, const char *map, bool load)
{
	int fd = vx_pin_open("policies/%s/%s", policy, map), err;

	if (fd == -ENOENT && load) {
		err = vx_policy_load_builtin(policy);
		if (err)
			return err;
		fd = vx_pin_open("policies/%s/%s", policy, map);
	}
	if (fd < 0 && (load || fd != -ENOENT))
		return vx_fail(fd, "the policy named %s has no map %s: %s", policy, map, strerror(-fd));
	return fd;
}

int vx_policy_port(const char *name, struct vx_port *port)
{
	int err = vx_port_find(name, port);

	if (!err || err == -ENOENT)
		return err ? vx_fail(err, "there is no port %s; see 'vhost-xdp port list'", name) : 0;
	return vx_fail(err, "cannot look for port %s: %s", name, strerror(-err));
}

int vx_policy_ports(const char *name, int (*fn)(const struct vx_port *port, void *arg), void *arg)
{
	struct vx_port port;
	int err = vx_pins_check();

	/* Nothing is set up: there are no ports. */
	if (err)
		return err == -ENOENT && name ? vx_policy_port(name, &port) : err == -ENOENT ? 0 : err;
	if (!name)
		return vx_port_each(fn, arg);
	err = vx_policy_port(name, &port);
	return err ? err : fn(&port, arg);
}

static void forget_id(int fd, __u32 port)
{
	bpf_map_delete_elem(fd, &port);
}

/* Maps of policies by their names. */
static const struct {
	const char *map;
	void (*forget)(int fd, __u32 port);
} kept[] = {
	{ "antispoof_ports", forget_id },
	{ "ratelimit_ports", vx_ratelimit_forget },
	{ "ratelimit_buckets", vx_ratelimit_forget_buckets },
	{ "stateful_ports", forget_id },
	{ "stateful_flows", vx_stateful_forget_flows },
};

static void forget_in(const char *policy, const char *version, __u32 port)
{
	size_t i;
	int fd;

	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
		fd = vx_pin_open("policies/%s/%s%s", policy, version, kept[i].map);
		if (fd < 0)
			continue;
		kept[i].forget(fd, port);
		close(fd);
	}
}

/* The version before may come back. */
static int forget_both(const char *policy, void *arg)
{
	const __u32 *port = arg;

	forget_in(policy, "", *port);
	forget_in(policy, "prev/", *port);
	return 0;
}

void vx_policy_forget(__u32 port)
{
	vx_pin_each("policies", forget_both, &port);
}
