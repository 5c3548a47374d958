// SPDX-License-Identifier: GPL-2.0-or-later
/* Adding and removing a port: netdevs, programs, then the maps that let traffic in. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/if_link.h>

#include "netdev.h"
#include "pins.h"
#include "policy.h"
#include "port.h"
#include "port_maps.h"
#include "say.h"
#include "steer.h"
#include "steps.h"
#include "uplink.h"

struct job {
	struct vx_port port;
	struct vx_uplink uplink;
	char guest_end[VX_NAME_LEN];
	char *const *chain;
};

static int record(void *arg)
{
	struct job *job = arg;
	int err = vx_pin_mkdir("ports/%s", job->port.cfg.name);

	return err ? vx_fail(err, "cannot record port %s: %s", job->port.cfg.name, strerror(-err)) : 0;
}

static void forget(void *arg)
{
	struct job *job = arg;

	vx_pin_remove("ports/%s", job->port.cfg.name);
}

/*
 * The host stack must never talk on these by itself, and XDP must see frames
 * as a guest would: finished checksums, no merged segments, tags in the frame.
 */
static int quieten(const char *name, __u32 *ifindex)
{
	static const char *const off[] = { VX_FEATURE_TXVLAN,  VX_FEATURE_TXSVLAN, VX_FEATURE_RXVLAN,
					   VX_FEATURE_RXSVLAN, VX_FEATURE_TSO4,	   VX_FEATURE_TSO6,
					   VX_FEATURE_GSO,     VX_FEATURE_TXCSUM,  VX_FEATURE_TXSCTP };
	struct vx_netdev dev;
	size_t i;
	int err;

	err = vx_netdev_by_name(name, &dev);
	if (err)
		return vx_fail(err, "cannot look at %s: %s", name, strerror(-err));
	*ifindex = dev.ifindex;
	for (i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		if (vx_netdev_feature(name, off[i]) != 1)
			continue;
		err = vx_netdev_set_feature(name, off[i], false);
		if (err)
			return vx_fail(err, "%s keeps %s on: %s; this kernel's veth cannot carry a port", name, off[i],
				       strerror(-err));
	}
	err = vx_netdev_no_ipv6(&dev);
	if (err)
		return vx_fail(err, "cannot turn IPv6 off on %s: %s; is /proc/sys writable?", name, strerror(-err));
	err = vx_netdev_set_flags(dev.ifindex, IFF_NOARP, IFF_NOARP | IFF_MULTICAST);
	return err ? vx_fail(err, "cannot turn ARP off on %s: %s", name, strerror(-err)) : 0;
}

static int netdevs_make(void *arg)
{
	struct job *job = arg;
	struct vx_port_cfg *cfg = &job->port.cfg;
	int err;

	err = vx_netdev_add_veth(cfg->name, job->guest_end, cfg->mtu, cfg->queue_pairs);
	if (err == -EEXIST)
		return vx_fail(err,
			       "a netdev %s or %s exists already; take another port name, or remove it: ip link del %s",
			       cfg->name, job->guest_end, cfg->name);
	if (err)
		return vx_fail(err, "cannot make the veth pair %s, %s: %s", cfg->name, job->guest_end, strerror(-err));
	err = quieten(cfg->name, &cfg->host_ifindex);
	if (!err)
		err = quieten(job->guest_end, &cfg->guest_ifindex);
	return err;
}

/* By name where the run that made them was killed before it knew their numbers; a veth of that name pair is ours. */
static void netdevs_del(void *arg)
{
	struct job *job = arg;
	struct vx_netdev host, guest;

	if (vx_netdev_by_name(job->port.cfg.name, &host) || vx_netdev_by_name(job->guest_end, &guest))
		return;
	if (strcmp(host.kind, "veth") || host.link != guest.ifindex)
		return;
	if (job->port.cfg.host_ifindex && job->port.cfg.host_ifindex != (__u32)host.ifindex)
		return;
	vx_netdev_del(host.ifindex);
}

static int attach_xdp(const struct job *job, __u32 ifindex, const char *end)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	int prog, link, err = 0;

	prog = vx_pin_open("progs/vx_port");
	if (prog < 0)
		return vx_fail(prog, "cannot open the port program: %s", strerror(-prog));
	link = bpf_link_create(prog, ifindex, BPF_XDP, &opts);
	if (link < 0)
		err = vx_fail(-errno, "cannot attach XDP to the %s end of %s: %s", end, job->port.cfg.name,
			      strerror(errno));
	close(prog);
	if (err)
		return err;
	err = vx_pin_add(link, "ports/%s/link_%s", job->port.cfg.name, end);
	close(link);
	return err ? vx_fail(err, "cannot pin the XDP link of %s: %s", job->port.cfg.name, strerror(-err)) : 0;
}

static int programs_attach(void *arg)
{
	const struct job *job = arg;
	const __u32 ends[] = { job->port.cfg.host_ifindex, job->port.cfg.guest_ifindex };
	bool made;
	int i, err;

	err = attach_xdp(job, ends[0], "host");
	if (!err)
		err = attach_xdp(job, ends[1], "guest");
	if (err)
		return err;
	for (i = 0; i < 2 && !err; i++) {
		err = vx_tc_qdisc(ends[i], &made);
		if (!err)
			err = vx_tc_attach(ends[i], VX_HOOK_INGRESS, "vx_host_end");
	}
	return err ? vx_fail(err, "cannot attach the clsact program to %s: %s", job->port.cfg.name, strerror(-err)) : 0;
}

static int maps_fill(void *arg)
{
	struct job *job = arg;
	int err = vx_port_maps_fill(&job->port);

	return err ? vx_fail(err, "cannot record port %s in the maps: %s", job->port.cfg.name, strerror(-err)) : 0;
}

static void maps_clear(void *arg)
{
	struct job *job = arg;

	if (job->port.id)
		vx_port_maps_clear(&job->port);
}

static int chains_set(void *arg)
{
	struct job *job = arg;
	__u8 ids[VX_CHAIN_MAX];
	int dir, err;

	for (dir = 0; dir < VX_DIRECTIONS; dir++) {
		if (!job->chain[dir])
			continue;
		err = vx_chain_resolve(job->chain[dir], ids);
		if (err)
			return err;
		err = vx_chain_set(job->port.id, dir, ids);
		if (err)
			return vx_fail(err, "cannot set the %s chain of %s: %s", vx_direction_name(dir),
				       job->port.cfg.name, strerror(-err));
	}
	return 0;
}

static int bring_up(void *arg)
{
	const struct vx_port_cfg *cfg = &((struct job *)arg)->port.cfg;
	int err;

	err = vx_netdev_set_flags(cfg->host_ifindex, IFF_UP, IFF_UP);
	if (!err)
		err = vx_netdev_set_flags(cfg->guest_ifindex, IFF_UP, IFF_UP);
	return err ? vx_fail(err, "cannot bring %s up: %s", cfg->name, strerror(-err)) : 0;
}

static int filter_open(void *arg)
{
	struct job *job = arg;
	int err = vx_uplink_filter_add(&job->uplink, job->port.cfg.mac, job->port.cfg.vlan);

	return err ? vx_fail(err, "%s takes no frames for another MAC: %s", job->uplink.cfg.name, strerror(-err)) : 0;
}

static void filter_close(void *arg)
{
	struct job *job = arg;

	if (job->uplink.ifindex)
		vx_uplink_filter_del(&job->uplink, &job->port);
}

static int steer_here(void *arg)
{
	struct job *job = arg;
	int err = vx_port_maps_join(&job->port);

	if (err == -E2BIG)
		return vx_fail(err, "%d ports share VLAN %u of %s already, the most that broadcasts reach",
			       VX_MEMBERS_MAX, job->port.cfg.vlan, job->uplink.cfg.name);
	return err ? vx_fail(err, "cannot steer frames to port %s: %s", job->port.cfg.name, strerror(-err)) : 0;
}

static void steer_away(void *arg)
{
	struct job *job = arg;

	if (job->port.id)
		vx_port_maps_leave(&job->port);
}

/* Traffic is let in last and stopped first. What is not ours to keep changes only once vx_ports says for whom. */
static const struct vx_step steps[] = {
	{ record, forget },
	{ netdevs_make, netdevs_del },
	{ maps_fill, maps_clear },
	{ chains_set, NULL },
	{ programs_attach, NULL },
	{ bring_up, NULL },
	{ filter_open, filter_close },
	{ steer_here, steer_away },
};

#define N_STEPS	(int)(sizeof(steps) / sizeof(steps[0]))

/* A run that was killed left a record but no entry: clean up under that name, whether to add or to delete. */
static bool drop_leftover(const char *name)
{
	struct job job = {};

	if (!vx_pin_exists("ports/%s", name))
		return false;
	snprintf(job.port.cfg.name, sizeof(job.port.cfg.name), "%s", name);
	vx_port_guest_end(&job.port, job.guest_end);
	vx_steps_undo(steps, N_STEPS, &job);
	return true;
}

int vx_port_add(struct vx_port_spec *spec)
{
	struct job job = { .chain = spec->chain };
	int err;

	err = vx_port_judge(spec, &job.uplink);
	if (err)
		return err > 0 ? 0 : err;
	drop_leftover(spec->cfg.name);
	job.port.cfg = spec->cfg;
	vx_port_guest_end(&job.port, job.guest_end);
	job.port.id = vx_port_maps_free_id();
	if (!job.port.id)
		return vx_fail(-ENOSPC, "there are %d ports already, the most that fit; remove one", VX_PORTS_MAX - 1);
	return vx_steps_make(steps, N_STEPS, &job);
}

static int same_uplink(const struct vx_uplink *uplink, void *arg)
{
	struct job *job = arg;

	if (uplink->ifindex != job->port.cfg.uplink_ifindex)
		return 0;
	job->uplink = *uplink;
	return 1;
}

int vx_port_del(const char *name)
{
	struct vx_engine_page page;
	struct job job = {};

	if (vx_port_find(name, &job.port)) {
		if (!vx_check_port_name(name) && drop_leftover(name))
			return 0;
		return vx_fail(-ENOENT, "there is no port %s; see 'vhost-xdp port list'", name);
	}
	vx_port_engine(&job.port, &page);
	if (page.state == VX_ENGINE_UP)
		vx_warn("an engine serves %s right now; it stops", name);
	vx_port_guest_end(&job.port, job.guest_end);
	vx_uplink_each(same_uplink, &job);
	vx_steps_undo(steps, N_STEPS, &job);
	return 0;
}
