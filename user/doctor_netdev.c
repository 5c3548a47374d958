// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <linux/if_arp.h>

#include "doctor.h"
#include "netdev.h"
#include "port.h"
#include "say.h"

static void driver(const struct vx_netdev *dev)
{
	char name[64] = "unknown driver";

	vx_netdev_driver(dev->name, name, sizeof(name));
	if (dev->type != ARPHRD_ETHER)
		vx_finding(VX_BAD, dev->name, "%s; not an Ethernet netdev, so no uplink", name);
	else if (!(dev->flags & IFF_UP))
		vx_finding(VX_WARN, dev->name, "%s; down: ip link set dev %s up", name, dev->name);
	else if (!(dev->flags & IFF_RUNNING))
		vx_finding(VX_WARN, dev->name, "%s; no carrier", name);
	else
		vx_finding(VX_OK, dev->name, "%s; up", name);
}

static void xdp(const struct vx_netdev *dev)
{
	__u64 features;

	if (vx_netdev_xdp_features(dev->ifindex, &features)) {
		vx_finding(VX_WARN, "XDP",
			   "this kernel does not say what %s can do (6.3 does); try: vhost-xdp uplink add %s",
			   dev->name, dev->name);
		return;
	}
	if (features & VX_XDP_NATIVE)
		vx_finding(VX_OK, "native XDP", "yes");
	else
		vx_finding(VX_WARN, "native XDP",
			   "no: generic mode works, slower: vhost-xdp uplink add %s mode generic", dev->name);
	if (features & VX_XDP_XMIT)
		vx_finding(VX_OK, "redirect to it", "yes");
	else if (!strcmp(dev->kind, "veth"))
		vx_finding(VX_WARN, "redirect to it",
			   "not now: guests' frames are lost until the far end has GRO or an XDP program; there: "
			   "ethtool -K FAR-END gro on");
	else
		vx_finding(VX_WARN, "redirect to it",
			   "not now; some drivers allow it once an XDP program is attached to them");
	if (features & VX_XDP_ZEROCOPY)
		vx_finding(VX_OK, "zero-copy", "yes");
	else
		vx_finding(VX_OK, "zero-copy", "no: direct ports would copy; veth ports do not need it");
}

static void vlan(const struct vx_netdev *dev)
{
	int on = vx_netdev_feature(dev->name, VX_FEATURE_RXVLAN);

	if (on == 1)
		vx_finding(VX_OK, "rxvlan", "on; 'uplink add' turns it off for as long as it is an uplink");
	else
		vx_finding(VX_OK, "rxvlan", "%s", on ? "not known to the driver" : "off");
}

/* XDP loses the mark of an unfinished checksum, and does not see a tag that travels beside the frame. */
static void far_end(const struct vx_netdev *dev)
{
	struct vx_netdev peer;

	if (strcmp(dev->kind, "veth"))
		return;
	if (!dev->link || vx_netdev_by_index(dev->link, &peer)) {
		vx_finding(VX_WARN, "far end",
			   "of this veth is in another network namespace, where it needs: ethtool -K FAR-END tx off "
			   "txvlan off");
		return;
	}
	if (vx_netdev_feature(peer.name, VX_FEATURE_TXCSUM) == 1 ||
	    vx_netdev_feature(peer.name, VX_FEATURE_TXVLAN) == 1)
		vx_finding(VX_WARN, "far end",
			   "%s leaves checksums or VLAN tags to the receiver, which XDP cannot; ethtool -K %s tx off "
			   "txvlan off",
			   peer.name, peer.name);
	else
		vx_finding(VX_OK, "far end", "%s finishes checksums and tags itself", peer.name);
}

static void mtu(const struct vx_netdev *dev)
{
	if (dev->mtu <= VX_PORT_MTU_MAX)
		vx_finding(VX_OK, "MTU", "%u", dev->mtu);
	else
		vx_finding(VX_WARN, "MTU", "%u is more than a port carries; add ports with 'mtu %d' or less", dev->mtu,
			   VX_PORT_MTU_MAX);
}

int vx_doctor_netdev(const char *name)
{
	struct vx_netdev dev;

	if (vx_netdev_by_name(name, &dev))
		return vx_fail(-ENODEV, "there is no netdev %s here; see 'ip link'", name);
	driver(&dev);
	xdp(&dev);
	vlan(&dev);
	far_end(&dev);
	mtu(&dev);
	return 0;
}
