// SPDX-License-Identifier: GPL-2.0-or-later
/* Each step of a plan, and its way back. They print one line when they fail. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apply.h"
#include "pins.h"
#include "port.h"
#include "say.h"
#include "uplink.h"

void vx_apply_forget(struct vx_apply *a)
{
	free(a->ports);
	free(a->policies);
	a->ports = a->policies = NULL;
	a->n_ports = a->n_policies = 0;
}

static int note_port(const struct vx_port *port, void *arg)
{
	struct vx_apply *a = arg;

	snprintf(a->ports[a->n_ports].name, sizeof(a->ports->name), "%s", port->cfg.name);
	a->ports[a->n_ports++].id = port->id;
	return a->n_ports == VX_PORTS_MAX;
}

static int note_policy(const struct vx_policy *policy, void *arg)
{
	struct vx_apply *a = arg;

	snprintf(a->policies[a->n_policies].name, sizeof(a->policies->name), "%s", policy->name);
	a->policies[a->n_policies++].id = policy->id;
	return a->n_policies == VX_POLICY_SLOTS;
}

static __u32 id_of(const struct vx_apply_id *ids, int n, const char *name)
{
	int i;

	for (i = 0; i < n; i++)
		if (!strcmp(ids[i].name, name))
			return ids[i].id;
	return 0;
}

/* 0: there is none. */
static __u32 port_id(struct vx_apply *a, const char *name)
{
	if (!a->ports) {
		a->ports = calloc(VX_PORTS_MAX, sizeof(*a->ports));
		if (!a->ports)
			return 0;
		vx_port_each(note_port, a);
	}
	return id_of(a->ports, a->n_ports, name);
}

static __u32 policy_id(struct vx_apply *a, const char *name)
{
	__u32 id;

	if (!vx_parse_u32(name, 1, VX_POLICY_SLOTS - 1, &id))
		return id;
	if (!a->policies) {
		a->policies = calloc(VX_POLICY_SLOTS, sizeof(*a->policies));
		if (!a->policies)
			return 0;
		vx_policy_each(note_policy, a);
	}
	return id_of(a->policies, a->n_policies, name);
}

static int load_policy(struct vx_apply *a, const struct vx_conf_policy *policy)
{
	char file[PATH_MAX + 64];
	struct vx_policy_load load = { .file = policy->file, .name = policy->name, .id = policy->id };

	vx_apply_forget(a);
	if (!policy->file && vx_policy_shipped(policy->name, file, sizeof(file)))
		return vx_policy_load_builtin(policy->name);
	if (!policy->file)
		load.file = file;
	return vx_policy_load(&load);
}

static int policy_load(struct vx_apply *a, const struct vx_plan_step *step)
{
	return load_policy(a, step->want);
}

static int policy_take_back(struct vx_apply *a, const struct vx_plan_step *step)
{
	vx_apply_forget(a);
	return step->have ? vx_policy_rollback(step->name) : vx_policy_del(step->name);
}

static int policy_del(struct vx_apply *a, const struct vx_plan_step *step)
{
	vx_apply_forget(a);
	return vx_policy_del(step->name);
}

static int policy_restore(struct vx_apply *a, const struct vx_plan_step *step)
{
	const struct vx_conf_policy *policy = step->have;

	if (!policy->unknown)
		return load_policy(a, policy);
	return vx_fail(-ENOENT, "policy %s was not loaded by this program, which cannot bring it back; load it: vhost-xdp policy load FILE as %s",
		       policy->name, policy->name);
}

static int uplink_add(struct vx_apply *a, const struct vx_plan_step *step)
{
	return vx_uplink_add(step->name, ((const struct vx_conf_uplink *)step->want)->mode);
}

static int uplink_take_back(struct vx_apply *a, const struct vx_plan_step *step)
{
	return vx_uplink_del(step->name, true);
}

/* A driver may refuse the other mode: its ports keep the wire that they had. */
static int uplink_again(struct vx_apply *a, const struct vx_plan_step *step)
{
	const struct vx_conf_uplink *have = step->have;
	int err = vx_uplink_del(step->name, true);

	if (err)
		return err;
	err = uplink_add(a, step);
	if (err && !have->broken && vx_uplink_add(step->name, have->mode))
		vx_fail(err, "uplink %s could not be brought back, and its ports have no wire; apply the file that was valid before", step->name);
	return err;
}

static int uplink_as_before(struct vx_apply *a, const struct vx_plan_step *step)
{
	const struct vx_conf_uplink *have = step->have;
	int err = vx_uplink_del(step->name, true);

	return err ? err : vx_uplink_add(step->name, have->mode);
}

static int uplink_del(struct vx_apply *a, const struct vx_plan_step *step)
{
	return vx_uplink_del(step->name, false);
}

static int uplink_restore(struct vx_apply *a, const struct vx_plan_step *step)
{
	return vx_uplink_add(step->name, ((const struct vx_conf_uplink *)step->have)->mode);
}

static int add_port(struct vx_apply *a, const struct vx_conf_port *port)
{
	struct vx_port_spec spec = { .uplink = port->uplink, .kernel = port->kernel };

	memcpy(spec.cfg.name, port->name, sizeof(spec.cfg.name));
	memcpy(spec.cfg.mac, port->mac, 6);
	spec.cfg.vlan = port->vlan;
	spec.cfg.queue_pairs = port->queues;
	spec.cfg.mtu = port->mtu;
	spec.cfg.flood_pps = port->flood;
	spec.cfg.flags = port->host_allow ? VX_PORT_HOST_ALLOW : 0;
	vx_apply_forget(a);
	return vx_port_add(&spec);
}

static int port_add(struct vx_apply *a, const struct vx_plan_step *step)
{
	return add_port(a, step->want);
}

static int port_take_back(struct vx_apply *a, const struct vx_plan_step *step)
{
	vx_apply_forget(a);
	return vx_port_del(step->name, true);
}

static int port_del(struct vx_apply *a, const struct vx_plan_step *step)
{
	vx_apply_forget(a);
	return vx_port_del(step->name, false);
}

static int set_chain(struct vx_apply *a, const char *name, int dir, const char *chain)
{
	char buf[VX_CHAIN_TEXT], *word[VX_CHAIN_MAX];
	__u8 ids[VX_CHAIN_MAX] = {};
	__u32 port = port_id(a, name);
	int i, n = 0, err;

	snprintf(buf, sizeof(buf), "%s", chain);
	if (strcmp(chain, "none"))
		n = vx_split(buf, word, VX_CHAIN_MAX);
	for (i = 0; i < n; i++) {
		ids[i] = policy_id(a, word[i]);
		if (!ids[i])
			return vx_fail(-ENOENT, "there is no policy %s; see 'vhost-xdp policy list'", word[i]);
	}
	err = !port || n < 0 ? -ENOENT : vx_chain_set(port, dir, ids);
	return err ? vx_fail(err, "cannot set the %s chain of port %s: %s", vx_direction_name(dir), name, strerror(-err)) : 0;
}

static int set_lines(struct vx_apply *a, const struct vx_plan_step *step, const struct vx_lines *lines)
{
	const struct vx_feature *feature = &vx_features[step->feature];
	struct vx_feature_target target = { .name = step->name, .direction = step->direction };

	if (feature->scope != VX_SCOPE_SET) {
		target.port = port_id(a, step->name);
		if (!target.port)
			return vx_fail(-ENOENT, "there is no port %s any more", step->name);
	}
	return vx_feature_replace(step->feature, &target, lines);
}

/* Rules before chains: it passes nothing until it is judged as it was. */
static int port_restore(struct vx_apply *a, const struct vx_plan_step *step)
{
	const struct vx_conf_port *port = step->have;
	struct vx_feature_target target = { .name = port->name };
	int f, dir, err = add_port(a, port);

	target.port = err ? 0 : port_id(a, port->name);
	for (f = 0; f < vx_features_n && !err; f++)
		for (dir = 0; dir < VX_DIRECTIONS && !err; dir++) {
			target.direction = dir;
			if (port->feature[f][dir].n)
				err = vx_feature_replace(f, &target, &port->feature[f][dir]);
		}
	for (dir = 0; dir < VX_DIRECTIONS && !err; dir++)
		err = set_chain(a, port->name, dir, port->chain[dir]);
	return err;
}

static int port_attach(struct vx_apply *a, const struct vx_plan_step *step)
{
	return vx_port_attach(step->name);
}

static int set_port(const char *name, const struct vx_conf_port *to)
{
	struct vx_port port;
	int err = vx_port_find(name, &port);

	if (!err) {
		port.cfg.flood_pps = to->flood;
		port.cfg.flags &= ~VX_PORT_HOST_ALLOW;
		port.cfg.flags |= to->host_allow ? VX_PORT_HOST_ALLOW : 0;
		err = vx_map_put("vx_ports", &port.id, &port.cfg, BPF_ANY);
	}
	return err ? vx_fail(err, "cannot change port %s: %s", name, strerror(-err)) : 0;
}

static int port_set(struct vx_apply *a, const struct vx_plan_step *step)
{
	return set_port(step->name, step->want);
}

static int port_set_back(struct vx_apply *a, const struct vx_plan_step *step)
{
	return set_port(step->name, step->have);
}

static int chain_set(struct vx_apply *a, const struct vx_plan_step *step)
{
	return set_chain(a, step->name, step->direction, step->chain);
}

static int chain_set_back(struct vx_apply *a, const struct vx_plan_step *step)
{
	return set_chain(a, step->name, step->direction, step->old_chain);
}

static int lines_set(struct vx_apply *a, const struct vx_plan_step *step)
{
	return set_lines(a, step, step->lines);
}

static int lines_set_back(struct vx_apply *a, const struct vx_plan_step *step)
{
	return set_lines(a, step, step->old_lines);
}

const struct vx_apply_op vx_apply_ops[] = {
	[VX_POLICY_LOAD] = { policy_load, policy_take_back, "loading policy" },
	[VX_POLICY_DEL] = { policy_del, policy_restore, "removing policy" },
	[VX_UPLINK_ADD] = { uplink_add, uplink_take_back, "adding uplink" },
	[VX_UPLINK_AGAIN] = { uplink_again, uplink_as_before, "adding uplink" },
	[VX_UPLINK_DEL] = { uplink_del, uplink_restore, "removing uplink" },
	[VX_PORT_ADD] = { port_add, port_take_back, "adding port" },
	[VX_PORT_DEL] = { port_del, port_restore, "removing port" },
	[VX_PORT_CLEAN] = { port_take_back, NULL, "cleaning up port" },
	[VX_PORT_ATTACH] = { port_attach, NULL, "bringing back port" },
	[VX_PORT_SET] = { port_set, port_set_back, "changing port" },
	[VX_CHAIN_SET] = { chain_set, chain_set_back, "setting a chain of port" },
	[VX_LINES_SET] = { lines_set, lines_set_back, "setting the rules of" },
};
