// SPDX-License-Identifier: GPL-2.0-or-later
/* What a port is made of, step by step: netdevs, programs, engine, then the maps that let traffic in. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <linux/if_link.h>
#include <vhost_xdp/whole.h>

#include "engine_kernel.h"
#include "netdev.h"
#include "pins.h"
#include "policy.h"
#include "policy_conf.h"
#include "port.h"
#include "port_maps.h"
#include "port_steps.h"
#include "say.h"
#include "steer.h"
#include "uplink.h"
#include "xsk.h"

static int record(void *arg)
{
	struct vx_port_job *job = arg;
	int err = vx_pin_mkdir("ports/%s", job->port.cfg.name);

	return err ? vx_fail(err, "cannot record port %s: %s", job->port.cfg.name, strerror(-err)) : 0;
}

static void forget(void *arg)
{
	struct vx_port_job *job = arg;

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
	struct vx_port_job *job = arg;
	struct vx_port_cfg *cfg = &job->port.cfg;
	int err;

	/* The programs keep frames to the port's own MTU; what stays whole between two ports may be longer. */
	err = vx_netdev_add_veth(cfg->name, job->guest_end, vx_xsk_in_pieces() ? VX_WHOLE_MTU : cfg->mtu, cfg->queue_pairs);
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
	struct vx_port_job *job = arg;
	struct vx_netdev host, guest;

	if (vx_netdev_by_name(job->port.cfg.name, &host) || vx_netdev_by_name(job->guest_end, &guest))
		return;
	if (strcmp(host.kind, "veth") || host.link != guest.ifindex)
		return;
	if (job->port.cfg.host_ifindex && job->port.cfg.host_ifindex != (__u32)host.ifindex)
		return;
	vx_netdev_del(host.ifindex);
}

static int attach_xdp(const struct vx_port_job *job, __u32 ifindex, const char *end)
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
	const struct vx_port_job *job = arg;
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
	struct vx_port_job *job = arg;
	int err;

	/* A run that was killed may have left entries under this id. */
	if (!job->again)
		vx_policy_forget(job->port.id);
	err = vx_port_maps_fill(&job->port);
	return err ? vx_fail(err, "cannot record port %s in the maps: %s", job->port.cfg.name, strerror(-err)) : 0;
}

static void maps_clear(void *arg)
{
	struct vx_port_job *job = arg;

	if (!job->port.id)
		return;
	vx_port_maps_clear(&job->port);
	if (!job->again)
		vx_policy_forget(job->port.id);
}

static int chains_set(void *arg)
{
	struct vx_port_job *job = arg;
	__u8 ids[VX_CHAIN_MAX];
	int dir, err;

	for (dir = 0; dir < VX_DIRECTIONS; dir++) {
		if (!job->again && !job->chain[dir])
			continue;
		err = job->again ? 0 : vx_chain_resolve(job->chain[dir], ids);
		if (err)
			return err;
		err = vx_chain_set(job->port.id, dir, job->again ? job->ids[dir] : ids);
		if (err)
			return vx_fail(err, "cannot set the %s chain of %s: %s", vx_direction_name(dir),
				       job->port.cfg.name, strerror(-err));
	}
	return 0;
}

static int bring_up(void *arg)
{
	const struct vx_port_cfg *cfg = &((struct vx_port_job *)arg)->port.cfg;
	int err;

	err = vx_netdev_set_flags(cfg->host_ifindex, IFF_UP, IFF_UP);
	if (!err)
		err = vx_netdev_set_flags(cfg->guest_ifindex, IFF_UP, IFF_UP);
	return err ? vx_fail(err, "cannot bring %s up: %s", cfg->name, strerror(-err)) : 0;
}

static int filter_open(void *arg)
{
	struct vx_port_job *job = arg;
	int err = vx_uplink_filter_add(&job->uplink, job->port.cfg.mac, job->port.cfg.vlan);

	return err ? vx_fail(err, "%s takes no frames for another MAC: %s", job->uplink.cfg.name, strerror(-err)) : 0;
}

static void filter_close(void *arg)
{
	struct vx_port_job *job = arg;

	if (job->uplink.ifindex)
		vx_uplink_filter_del(&job->uplink, &job->port);
}

static int steer_here(void *arg)
{
	struct vx_port_job *job = arg;
	int err = vx_port_maps_join(&job->port);

	if (err == -E2BIG)
		return vx_fail(err, "%d ports share VLAN %u of %s already, the most that broadcasts reach",
			       VX_MEMBERS_MAX, job->port.cfg.vlan, job->uplink.cfg.name);
	return err ? vx_fail(err, "cannot steer frames to port %s: %s", job->port.cfg.name, strerror(-err)) : 0;
}

static void steer_away(void *arg)
{
	struct vx_port_job *job = arg;

	if (job->port.id)
		vx_port_maps_leave(&job->port);
}

static int engine_make(void *arg)
{
	struct vx_port_job *job = arg;

	/* The user engine comes by itself, with "serve". */
	return job->kernel ? vx_kport_make(&job->port) : 0;
}

static void engine_remove(void *arg)
{
	const struct vx_port_job *job = arg;
	const char *name = job->port.cfg.name;
	struct vx_kport kp;

	if (vx_kport_get(name, &kp) || !vx_kport_is(&kp, &job->port))
		return;
	if (vx_kport_remove(name) == -EBUSY && !job->again)
		vx_warn("a VMM still holds port %s: the module keeps the name until that VMM ends; then: vhost-xdp port del %s", name,
			name);
}

/* Traffic is let in last and stopped first. What is not ours to keep changes only once vx_ports says for whom. */
const struct vx_step vx_port_steps[VX_PORT_STEPS] = {
	{ record, forget },
	{ netdevs_make, netdevs_del },
	{ maps_fill, maps_clear },
	{ chains_set, NULL },
	{ programs_attach, NULL },
	{ bring_up, NULL },
	{ engine_make, engine_remove },
	{ filter_open, filter_close },
	{ steer_here, steer_away },
};
