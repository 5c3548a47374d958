// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "conf_read.h"
#include "engine_kernel.h"
#include "netdev.h"
#include "pins.h"
#include "policy_source.h"
#include "port.h"
#include "port_maps.h"
#include "say.h"
#include "steer.h"
#include "uplink.h"

struct reader {
	struct vx_conf *conf;
	struct vx_uplink uplink[VX_UPLINKS_MAX];	/* as those of conf */
	char policy[VX_POLICY_SLOTS][VX_POLICY_NAME_MAX + 1];
};

/* The last step of adding one; in generic mode there is no such step. */
static bool is_target(const struct vx_uplink *uplink)
{
	int fd = vx_pin_open("v1/vx_dev");
	__u32 value[2];	/* on newer kernels with a program beside the ifindex */
	bool found;

	if (uplink->cfg.flags & VX_UPLINK_GENERIC)
		return true;
	if (fd < 0)
		return false;
	found = !bpf_map_lookup_elem(fd, &uplink->ifindex, value);
	close(fd);
	return found;
}

static int read_uplink(const struct vx_uplink *uplink, void *arg)
{
	struct reader *r = arg;
	struct vx_steer_state state = {};
	struct vx_conf_uplink *u;
	struct vx_netdev dev;

	r->uplink[r->conf->uplinks] = *uplink;
	u = vx_conf_add_uplink(r->conf, uplink->cfg.name);
	u->mode = uplink->cfg.flags & VX_UPLINK_GENERIC ? VX_MODE_GENERIC : VX_MODE_NATIVE;
	if (!vx_uplink_alive(uplink)) {
		u->broken = "its netdev was made anew, or is gone";
		return 0;
	}
	vx_steer_query(uplink, &state);
	if (!state.attached)
		u->broken = "its steering program was detached";
	else if (!is_target(uplink))
		u->broken = "half-made, by a run that was killed";
	if (!vx_netdev_by_index(uplink->ifindex, &dev))
		u->mtu = dev.mtu;
	return 0;
}

static int read_policy(const struct vx_policy *policy, void *arg)
{
	struct reader *r = arg;
	struct vx_conf_policy *p;
	char file[PATH_MAX], home[VX_PIN_PATH];

	/* One without a name is bpftool's alone; chains have its number. */
	if (!*policy->name)
		return 0;
	snprintf(r->policy[policy->id], sizeof(r->policy[0]), "%s", policy->name);
	p = vx_conf_add_policy(r->conf, policy->name);
	p->slot = policy->id;
	snprintf(home, sizeof(home), "policies/%s%s", policy->name, policy->in_prev ? "/prev" : "");
	if (vx_policy_source_get(home, file)) {
		p->unknown = true;
	} else if (!vx_policy_source_shipped(policy->name, file)) {
		p->id = policy->id;
		p->file = strdup(file);
		if (!p->file)
			return -ENOMEM;
	}
	return 0;
}

static void chain_text(const struct reader *r, const __u8 ids[VX_CHAIN_MAX], char *text, size_t len)
{
	size_t n = 0;
	int i;

	for (i = 0; i < VX_CHAIN_MAX && ids[i] && n < len; i++) {
		if (*r->policy[ids[i]])
			n += snprintf(text + n, len - n, "%s%s", i ? "," : "", r->policy[ids[i]]);
		else
			n += snprintf(text + n, len - n, "%s%u", i ? "," : "", ids[i]);
	}
}

static const struct vx_conf_uplink *uplink_of(const struct reader *r, __u32 ifindex)
{
	int i;

	for (i = 0; i < r->conf->uplinks; i++)
		if (r->uplink[i].ifindex == ifindex)
			return &r->conf->uplink[i];
	return NULL;
}

static void read_state(const struct vx_port *port, struct vx_conf_port *p)
{
	struct vx_kport kp;

	p->kernel = !vx_kport_find(port, &kp);
	p->used = p->kernel && vx_kport_used(&kp);
	if (vx_port_maps_owner(&port->cfg) != port->id) {
		p->state = VX_PORT_BROKEN;
		p->why = "half-made, by a run that was killed";
	} else if (!vx_port_alive(port)) {
		p->state = p->kernel ? VX_PORT_DOWN : VX_PORT_BROKEN;
		p->why = "its netdevs are gone";
	} else if (p->kernel && kp.info.state != VHOST_XDP_PORT_ATTACHED) {
		p->state = VX_PORT_DOWN;
		p->why = "the module let go of its netdevs";
	}
}

static int read_features(const struct vx_port *port, struct vx_conf_port *p)
{
	struct vx_feature_target target = { .name = port->cfg.name, .port = port->id };
	int f, err = 0;

	for (f = 0; f < vx_features_n && !err; f++) {
		int dirs = vx_features[f].scope == VX_SCOPE_SET ? 0 : vx_features[f].scope == VX_SCOPE_PORT ? 1 : VX_DIRECTIONS;

		for (target.direction = 0; target.direction < dirs && !err; target.direction++)
			err = vx_feature_current(f, &target, &p->feature[f][target.direction]);
	}
	return err;
}

static int read_port(const struct vx_port *port, void *arg)
{
	const struct vx_conf_uplink *uplink;
	struct reader *r = arg;
	struct vx_conf_port *p = vx_conf_add_port(r->conf, port->cfg.name);
	__u8 ids[VX_CHAIN_MAX];
	int dir;

	p->id = port->id;
	memcpy(p->mac, port->cfg.mac, 6);
	p->vlan = port->cfg.vlan;
	p->queues = port->cfg.queue_pairs;
	p->flood = port->cfg.flood_pps;
	p->host_allow = port->cfg.flags & VX_PORT_HOST_ALLOW;
	uplink = uplink_of(r, port->cfg.uplink_ifindex);
	if (uplink)
		strcpy(p->uplink, uplink->name);
	p->mtu = port->cfg.mtu;
	p->mtu_default = uplink && uplink->mtu == p->mtu;
	for (dir = 0; dir < VX_DIRECTIONS; dir++)
		if (!vx_chain_get(port->id, dir, ids))
			chain_text(r, ids, p->chain[dir], sizeof(p->chain[dir]));
	read_state(port, p);
	if (uplink && !vx_uplink_alive(&r->uplink[uplink - r->conf->uplink])) {
		p->state = VX_PORT_BROKEN;
		p->why = "its uplink was made anew, or is gone";
	}
	return read_features(port, p);
}

/* A record of a port that is in no map: of a run that was killed. */
static int read_leftover(const char *name, void *arg)
{
	struct reader *r = arg;
	struct vx_conf_port *p;

	if (vx_conf_port(r->conf, name))
		return 0;
	p = vx_conf_add_port(r->conf, name);
	p->state = VX_PORT_BROKEN;
	p->why = "left by a run that was killed";
	return 0;
}

struct set_reader {
	struct vx_conf *conf;
	int feature;
};

static int read_set(const char *name, void *arg)
{
	struct set_reader *r = arg;
	struct vx_conf_set *set = vx_conf_add_set(r->conf, r->feature, name);
	struct vx_feature_target target = { .name = name };

	return vx_feature_current(r->feature, &target, &set->lines);
}

static int read_sets(struct vx_conf *conf)
{
	struct set_reader r = { .conf = conf };
	int err = 0;

	for (r.feature = 0; r.feature < vx_features_n && !err; r.feature++)
		if (vx_features[r.feature].scope == VX_SCOPE_SET)
			err = vx_features[r.feature].each(read_set, &r);
	return err;
}

int vx_conf_read(struct vx_conf *conf)
{
	struct reader *r;
	int err = vx_pins_check();

	memset(conf, 0, sizeof(*conf));
	if (err)
		return err == -ENOENT ? 0 : err;
	r = vx_need(1, sizeof(*r));
	r->conf = conf;
	err = vx_uplink_each(read_uplink, r);
	if (!err)
		err = vx_policy_each(read_policy, r);
	if (!err)
		err = read_sets(conf);
	if (!err)
		err = vx_port_each(read_port, r);
	vx_conf_index(conf);
	if (!err)
		err = vx_pin_each("ports", read_leftover, r);
	vx_conf_index(conf);
	free(r);
	return err ? vx_fail(err, "cannot read what is set up: %s", strerror(-err)) : 0;
}
