// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Adding and removing an uplink. What is changed is remembered in vx_uplinks
 * before it is changed, so that a later "del" restores it whatever happened
 * to this process.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>
#include <linux/if_arp.h>

#include "netdev.h"
#include "pins.h"
#include "port.h"
#include "say.h"
#include "steer.h"
#include "steps.h"
#include "uplink.h"

struct job {
	struct vx_uplink uplink;
	enum vx_mode mode;
};

/* bpffs takes no dots; '+' is rare in netdev names and harmless here. */
static void pin_name(const struct job *job, char out[VX_NAME_LEN])
{
	char *p;

	memcpy(out, job->uplink.cfg.name, VX_NAME_LEN);
	for (p = out; (p = strchr(p, '.')); )
		*p = '+';
}

static int record(void *arg)
{
	struct job *job = arg;
	char pin[VX_NAME_LEN];
	int err;

	pin_name(job, pin);
	err = vx_pin_mkdir("uplinks/%s", pin);
	if (!err)
		err = vx_uplink_save(&job->uplink);
	if (err == -E2BIG)
		return vx_fail(err, "there are %d uplinks already, the most that fit; remove one", VX_UPLINKS_MAX);
	return err ? vx_fail(err, "cannot record uplink %s: %s", job->uplink.cfg.name, strerror(-err)) : 0;
}

static void forget(void *arg)
{
	struct job *job = arg;
	char pin[VX_NAME_LEN];

	vx_map_drop("vx_uplinks", &job->uplink.ifindex);
	pin_name(job, pin);
	vx_pin_remove("uplinks/%s", pin);
}

/* Offloads that XDP does not see, or cannot live with. */
static const struct {
	const char *feature;
	__u32 flag;
	const char *harm;
} offloads[] = {
	{ VX_FEATURE_RXVLAN, VX_UPLINK_RXVLAN, "XDP would take tagged frames for untagged ones" },
	{ VX_FEATURE_RXSVLAN, VX_UPLINK_RXSVLAN, "XDP would take tagged frames for untagged ones" },
	{ VX_FEATURE_LRO, VX_UPLINK_LRO, "merged frames do not fit a guest" },
};

#define N_OFFLOADS	(int)(sizeof(offloads) / sizeof(offloads[0]))

static int offloads_off(void *arg)
{
	struct vx_uplink *uplink = &((struct job *)arg)->uplink;
	const char *name = uplink->cfg.name;
	int i, err;

	for (i = 0; i < N_OFFLOADS; i++) {
		if (vx_netdev_feature(name, offloads[i].feature) != 1)
			continue;
		uplink->cfg.flags |= offloads[i].flag;
		err = vx_uplink_save(uplink);
		if (!err)
			err = vx_netdev_set_feature(name, offloads[i].feature, false);
		if (err)
			return vx_fail(err, "%s keeps %s on (%s): %s; this NIC cannot be an uplink", name,
				       offloads[i].feature, strerror(-err), offloads[i].harm);
	}
	return 0;
}

static void offloads_restore(void *arg)
{
	const struct vx_uplink *uplink = &((struct job *)arg)->uplink;
	int i;

	/* A netdev that took over the name was not changed by us. */
	if (!vx_uplink_alive(uplink))
		return;
	for (i = 0; i < N_OFFLOADS; i++)
		if ((uplink->cfg.flags & offloads[i].flag) &&
		    vx_netdev_set_feature(uplink->cfg.name, offloads[i].feature, true))
			vx_warn("cannot turn %s of %s on again; it was on before", offloads[i].feature,
				uplink->cfg.name);
}

static int filter_in(const struct vx_port *port, void *arg)
{
	struct vx_uplink *uplink = arg;

	return port->cfg.uplink_ifindex == uplink->ifindex ? vx_uplink_filter_add(uplink, port->cfg.mac, port->cfg.vlan)
							   : 0;
}

static int filter_out(const struct vx_port *port, void *arg)
{
	struct vx_uplink *uplink = arg;

	if (port->cfg.uplink_ifindex == uplink->ifindex)
		vx_netdev_filter_del(uplink->ifindex, port->cfg.mac);
	return 0;
}

/* Ports that a "del force" cut off find their way back when the uplink is added again. */
static int filters_make(void *arg)
{
	struct vx_uplink *uplink = &((struct job *)arg)->uplink;
	int err = vx_port_each(filter_in, uplink);

	return err ? vx_fail(err, "%s takes no frames for another MAC: %s", uplink->cfg.name, strerror(-err)) : 0;
}

static void filters_clear(void *arg)
{
	struct vx_uplink *uplink = &((struct job *)arg)->uplink;

	vx_port_each(filter_out, uplink);
	if (uplink->cfg.flags & VX_UPLINK_PROMISC)
		vx_netdev_set_flags(uplink->ifindex, 0, IFF_PROMISC);
}

/* Only a driver with native XDP transmits what is redirected to it; to others, vx_host_end sends. */
static int devmap_add(void *arg)
{
	struct vx_uplink *uplink = &((struct job *)arg)->uplink;
	int err;

	if (uplink->cfg.flags & VX_UPLINK_GENERIC)
		return 0;
	err = vx_map_put("vx_dev", &uplink->ifindex, &uplink->ifindex, BPF_ANY);
	return err ? vx_fail(err, "cannot make %s a redirect target: %s", uplink->cfg.name, strerror(-err)) : 0;
}

static void devmap_del(void *arg)
{
	vx_map_drop("vx_dev", &((struct job *)arg)->uplink.ifindex);
}

static int clsact_make(void *arg)
{
	struct vx_uplink *uplink = &((struct job *)arg)->uplink;
	const char *why;
	bool made;
	int err;

	vx_bpf_log_reset();
	err = vx_tc_qdisc(uplink->ifindex, &made);
	if (!err && made) {
		uplink->cfg.flags |= VX_UPLINK_CLSACT;
		err = vx_uplink_save(uplink);
	}
	if (!err)
		err = vx_tc_attach(uplink->ifindex, VX_HOOK_INGRESS, "vx_uplink_in");
	if (!err)
		err = vx_tc_attach(uplink->ifindex, VX_HOOK_EGRESS, "vx_uplink_out");
	if (!err)
		return 0;
	why = vx_bpf_log_kernel();
	return vx_fail(err, "cannot attach the clsact programs to %s: %s%s%s", uplink->cfg.name, strerror(-err),
		       *why ? ": " : "", why);
}

static void clsact_undo(void *arg)
{
	const struct vx_uplink *uplink = &((struct job *)arg)->uplink;

	vx_tc_detach(uplink->ifindex, VX_HOOK_EGRESS);
	vx_tc_detach(uplink->ifindex, VX_HOOK_INGRESS);
	if (uplink->cfg.flags & VX_UPLINK_CLSACT)
		vx_tc_qdisc_remove(uplink->ifindex);
}

static int steer_on(void *arg)
{
	struct job *job = arg;
	int err;

	err = vx_steer_attach(&job->uplink, job->mode == VX_MODE_GENERIC, job->mode != VX_MODE_AUTO);
	if (err && job->mode == VX_MODE_AUTO) {
		err = vx_steer_attach(&job->uplink, true, true);
		if (!err)
			vx_warn("the driver of %s has no native XDP: steering runs in generic mode, slower",
				job->uplink.cfg.name);
	}
	if (err)
		return err;
	err = vx_uplink_save(&job->uplink);
	return err ? vx_fail(err, "cannot record uplink %s: %s", job->uplink.cfg.name, strerror(-err)) : 0;
}

static void steer_off(void *arg)
{
	vx_steer_detach(&((struct job *)arg)->uplink);
}

static const struct vx_step steps[] = {
	{ record, forget },
	{ offloads_off, offloads_restore },
	{ filters_make, filters_clear },
	{ clsact_make, clsact_undo },
	{ steer_on, steer_off },
	{ devmap_add, devmap_del },
};

#define N_STEPS	(int)(sizeof(steps) / sizeof(steps[0]))

static int is_end_of(const struct vx_port *port, void *arg)
{
	const struct vx_netdev *dev = arg;

	return (__u32)dev->ifindex == port->cfg.host_ifindex || (__u32)dev->ifindex == port->cfg.guest_ifindex;
}

static int judge(const char *name, struct vx_netdev *dev)
{
	int err = vx_netdev_by_name(name, dev);

	if (err == -ENODEV)
		return vx_fail(err, "there is no netdev %s here; see 'ip link'", name);
	if (err)
		return vx_fail(err, "cannot look at %s: %s", name, strerror(-err));
	if (dev->type != ARPHRD_ETHER)
		return vx_fail(-EINVAL, "%s is not an Ethernet netdev; an uplink must be one", name);
	if (vx_port_each(is_end_of, dev) > 0)
		return vx_fail(-EINVAL, "%s is an end of a port; an uplink must be another netdev", name);
	return 0;
}

static int exists_already(const struct vx_uplink *old, const struct vx_netdev *dev, enum vx_mode mode)
{
	bool generic = old->cfg.flags & VX_UPLINK_GENERIC;
	const char *name = old->cfg.name;
	struct vx_steer_state state;

	if (old->ifindex != (__u32)dev->ifindex)
		return vx_fail(-EEXIST,
			       "%s was made anew since it became an uplink; clean up first: vhost-xdp uplink del %s "
			       "force",
			       name, name);
	vx_steer_query(old, &state);
	if (!state.attached)
		return vx_fail(-EEXIST,
			       "%s is an uplink, but its steering program was detached; clean up first: vhost-xdp "
			       "uplink del %s force",
			       name, name);
	if (mode != VX_MODE_AUTO && generic != (mode == VX_MODE_GENERIC))
		return vx_fail(-EEXIST, "%s is an uplink in %s mode already; remove it first: vhost-xdp uplink del %s",
			       name, generic ? "generic" : "native", name);
	return 0;
}

/* Guests would reach everybody but the wire, and nobody would see why. */
static void warn_deaf(const struct vx_netdev *dev)
{
	__u64 features;

	if (!vx_netdev_xdp_features(dev->ifindex, &features) && !(features & VX_XDP_XMIT))
		vx_warn("nothing can be redirected to %s now, so frames from guests to the wire are lost; see "
			"'vhost-xdp doctor %s'",
			dev->name, dev->name);
}

int vx_uplink_add(const char *name, enum vx_mode mode)
{
	struct job job = { .mode = mode };
	struct vx_netdev dev;
	struct vx_uplink old;
	int err;

	err = judge(name, &dev);
	if (err)
		return err;
	if (!vx_uplink_find(name, &old))
		return exists_already(&old, &dev, mode);
	job.uplink.ifindex = dev.ifindex;
	memcpy(job.uplink.cfg.mac, dev.mac, 6);
	snprintf(job.uplink.cfg.name, sizeof(job.uplink.cfg.name), "%s", dev.name);
	if (!(dev.flags & IFF_UP))
		vx_warn("%s is down; bring it up: ip link set dev %s up", name, name);
	err = vx_steps_make(steps, N_STEPS, &job);
	if (!err && !(job.uplink.cfg.flags & VX_UPLINK_GENERIC))
		warn_deaf(&dev);
	return err;
}

/* What a run left that was killed before it had changed anything. */
static bool drop_leftover(const char *name)
{
	char pin[VX_NAME_LEN];
	struct job job = {};

	if (snprintf(job.uplink.cfg.name, VX_NAME_LEN, "%s", name) >= VX_NAME_LEN || !*name || strchr(name, '/'))
		return false;
	pin_name(&job, pin);
	return vx_pin_exists("uplinks/%s", pin) && !vx_pin_remove("uplinks/%s", pin);
}

int vx_uplink_del(const char *name, bool force)
{
	struct job job = {};
	int n, err;

	err = vx_uplink_find(name, &job.uplink);
	if (err == -ENOENT && drop_leftover(name))
		return 0;
	if (err)
		return vx_fail(-ENOENT, "%s is not an uplink; see 'vhost-xdp uplink list'", name);
	n = vx_uplink_count_ports(&job.uplink);
	if (n && !force)
		return vx_fail(-EBUSY,
			       "%d port%s %s; remove %s first (vhost-xdp port list), or cut %s off: vhost-xdp uplink "
			       "del %s force",
			       n, n > 1 ? "s use" : " uses", name, n > 1 ? "them" : "it", n > 1 ? "them" : "it", name);
	vx_steps_undo(steps, N_STEPS, &job);
	return 0;
}

struct record {
	const char *pin;
	bool found;
};

static int has_record(const struct vx_uplink *uplink, void *arg)
{
	struct job job = { .uplink = *uplink };
	struct record *r = arg;
	char pin[VX_NAME_LEN];

	pin_name(&job, pin);
	r->found |= !strcmp(pin, r->pin);
	return r->found;
}

static int drop_record(const char *pin, void *arg)
{
	struct record r = { .pin = pin };

	vx_uplink_each(has_record, &r);
	if (!r.found)
		vx_pin_remove("uplinks/%s", pin);
	return 0;
}

void vx_uplink_tidy(void)
{
	vx_pin_each("uplinks", drop_record, NULL);
}
