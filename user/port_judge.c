// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether "port add" can be done, told before anything is touched. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "engine_kernel.h"
#include "netdev.h"
#include "pins.h"
#include "policy.h"
#include "port_maps.h"
#include "say.h"
#include "uplink.h"
#include "words.h"

int vx_check_port_name(const char *name)
{
	int err = vx_check_name(name, VX_PORT_NAME_MAX);

	if (err == -ENAMETOOLONG)
		return vx_fail(err,
			       "the port name %s is too long; at most %d characters, since its guest end is called "
			       "NAME%s",
			       name, VX_PORT_NAME_MAX, VX_GUEST_END_SUFFIX);
	return err ? vx_fail(err, "the port name '%s' is not valid; use letters, digits, '_' and '-'", name) : 0;
}

static int judge_mtu(struct vx_port_cfg *cfg, const struct vx_netdev *dev)
{
	bool given = cfg->mtu;

	if (!given)
		cfg->mtu = dev->mtu;
	if (cfg->mtu > VX_PORT_MTU_MAX)
		return vx_fail(-ERANGE,
			       "MTU %u%s%s is more than AF_XDP carries in one 4096-byte chunk; use 'mtu %d' or less",
			       cfg->mtu, given ? "" : " of ", given ? "" : dev->name, VX_PORT_MTU_MAX);
	if (cfg->mtu > dev->mtu)
		return vx_fail(-ERANGE,
			       "MTU %u is more than that of uplink %s, %u; lower it, or raise the uplink's: ip link "
			       "set dev %s mtu %u",
			       cfg->mtu, dev->name, dev->mtu, dev->name, cfg->mtu);
	return 0;
}

static int judge_uplink(struct vx_port_spec *spec, struct vx_uplink *uplink)
{
	struct vx_netdev dev;
	int err;

	if (vx_uplink_find(spec->uplink, uplink)) {
		if (vx_netdev_by_name(spec->uplink, &dev))
			return vx_fail(-ENODEV, "there is no netdev %s here; see 'ip link'", spec->uplink);
		return vx_fail(-ENOENT, "%s is not an uplink yet; make it one: vhost-xdp uplink add %s", spec->uplink,
			       spec->uplink);
	}
	err = vx_netdev_by_index(uplink->ifindex, &dev);
	if (err || strcmp(dev.name, spec->uplink))
		return vx_fail(-ESTALE,
			       "%s was made anew since it became an uplink; clean up first: vhost-xdp uplink del %s "
			       "force",
			       spec->uplink, spec->uplink);
	spec->cfg.uplink_ifindex = uplink->ifindex;
	/* Its address may have been changed since. */
	memcpy(spec->cfg.uplink_mac, dev.mac, 6);
	if (!memcmp(spec->cfg.mac, dev.mac, 6))
		return vx_fail(-EEXIST, "this MAC is the host's own, on %s; give the guest another one", spec->uplink);
	return judge_mtu(&spec->cfg, &dev);
}

/* NULL: the port is just so. */
static const char *difference(const struct vx_port *old, bool kernel, const struct vx_port_spec *spec)
{
	const struct vx_port_cfg *a = &old->cfg, *b = &spec->cfg;
	__u8 want[VX_CHAIN_MAX], have[VX_CHAIN_MAX];
	int dir;

	if (memcmp(a->mac, b->mac, 6))
		return "mac";
	if (a->vlan != b->vlan)
		return "vlan";
	if (a->uplink_ifindex != b->uplink_ifindex)
		return "uplink";
	if (a->queue_pairs != b->queue_pairs)
		return "queues";
	if (a->mtu != b->mtu)
		return "mtu";
	if (a->flags != b->flags)
		return "host";
	if (a->flood_pps != b->flood_pps)
		return "flood-pps";
	if (kernel != spec->kernel)
		return "engine";
	for (dir = 0; dir < VX_DIRECTIONS; dir++) {
		if (!spec->chain[dir])
			continue;
		if (vx_chain_find(spec->chain[dir], want) || vx_chain_get(old->id, dir, have) ||
		    memcmp(want, have, sizeof(want)))
			return vx_direction_name(dir);
	}
	return NULL;
}

static int judge_existing(const struct vx_port *old, const struct vx_port_spec *spec)
{
	const char *name = spec->cfg.name, *what;
	struct vx_kport kp;
	bool kernel = !vx_kport_find(old, &kp);

	if (!vx_port_alive(old) && kernel)
		return vx_fail(-ENETDOWN,
			       "port %s exists already, but its netdevs are gone; bring it back: vhost-xdp port attach %s, or delete it",
			       name, name);
	if (!vx_port_alive(old))
		return vx_fail(-ESTALE,
			       "port %s is left from a dead run, its netdevs are gone; clean up first: vhost-xdp port "
			       "del %s",
			       name, name);
	if (vx_port_maps_owner(&old->cfg) != old->id)
		return vx_fail(-ESTALE,
			       "port %s is half-made, by a run that was killed; clean up first: vhost-xdp port del %s",
			       name, name);
	what = difference(old, kernel, spec);
	if (what)
		return vx_fail(-EEXIST,
			       "port %s exists already with another '%s'; see 'vhost-xdp port show %s', or remove it "
			       "first: vhost-xdp port del %s",
			       name, what, name, name);
	if (kernel && kp.info.state != VHOST_XDP_PORT_ATTACHED)
		return vx_fail(-ENETDOWN, "port %s exists already, but is down; bring it back: vhost-xdp port attach %s", name, name);
	return 1;
}

static int has_id(const struct vx_port *port, void *arg)
{
	struct vx_port *found = arg;

	if (port->id != found->id)
		return 0;
	*found = *port;
	return 1;
}

static int judge_mac(const struct vx_port_cfg *cfg)
{
	struct vx_port other = { .id = vx_port_maps_owner(cfg) };
	char mac[VX_MAC_TEXT], vlan[24] = "untagged";

	if (!other.id)
		return 0;
	if (vx_port_each(has_id, &other) <= 0)
		snprintf(other.cfg.name, sizeof(other.cfg.name), "#%u", other.id);
	if (cfg->vlan)
		snprintf(vlan, sizeof(vlan), "on VLAN %u", cfg->vlan);
	vx_format_mac(cfg->mac, mac);
	return vx_fail(-EEXIST, "MAC %s, %s, is port %s already; give this guest another MAC or VLAN", mac, vlan,
		       other.cfg.name);
}

static int judge_netdevs(const struct vx_port_cfg *cfg)
{
	struct vx_port port = { .cfg = *cfg };
	char guest_end[VX_NAME_LEN];
	struct vx_netdev dev;
	const char *taken = NULL;

	vx_port_guest_end(&port, guest_end);
	if (!vx_netdev_by_name(cfg->name, &dev))
		taken = cfg->name;
	else if (!vx_netdev_by_name(guest_end, &dev))
		taken = guest_end;
	/* With a record of ours it is the leftover of a run that was killed, which the caller removes. */
	if (!taken || vx_pin_exists("ports/%s", cfg->name))
		return 0;
	return vx_fail(-EEXIST, "a netdev %s exists already; take another port name, or remove it: ip link del %s",
		       taken, taken);
}

int vx_port_judge(struct vx_port_spec *spec, struct vx_uplink *uplink)
{
	struct vx_port old;
	int err;

	err = vx_check_port_name(spec->cfg.name);
	if (!err)
		err = judge_uplink(spec, uplink);
	if (err)
		return err;
	if (!vx_port_find(spec->cfg.name, &old))
		return judge_existing(&old, spec);
	err = judge_mac(&spec->cfg);
	if (!err)
		err = judge_netdevs(&spec->cfg);
	return !err && spec->kernel ? vx_module_require() : err;
}
