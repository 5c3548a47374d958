// SPDX-License-Identifier: GPL-2.0-or-later
/* What is remembered of uplinks, and their unicast filters. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "netdev.h"
#include "pins.h"
#include "port.h"
#include "say.h"
#include "uplink.h"

static int by_ifindex(const void *a, const void *b)
{
	const struct vx_uplink *x = a, *y = b;

	return x->ifindex < y->ifindex ? -1 : x->ifindex > y->ifindex;
}

/* A copy first: fn may change the map. Returns how many, or a negative errno. */
static int read_all(struct vx_uplink *all)
{
	__u32 key, *prev = NULL;
	int fd, n = 0;

	fd = vx_pin_open("v1/vx_uplinks");
	if (fd < 0)
		return fd;
	while (n < VX_UPLINKS_MAX && !bpf_map_get_next_key(fd, prev, &key)) {
		all[n].ifindex = key;
		if (!bpf_map_lookup_elem(fd, &key, &all[n].cfg))
			n++;
		prev = &key;
	}
	close(fd);
	qsort(all, n, sizeof(*all), by_ifindex);
	return n;
}

int vx_uplink_each(int (*fn)(const struct vx_uplink *uplink, void *arg), void *arg)
{
	struct vx_uplink *all = calloc(VX_UPLINKS_MAX, sizeof(*all));
	int i, n, ret = 0;

	if (!all)
		return -ENOMEM;
	n = read_all(all);
	for (i = 0; i < n && !ret; i++)
		ret = fn(&all[i], arg);
	free(all);
	return n < 0 ? n : ret;
}

static int same_name(const struct vx_uplink *uplink, void *arg)
{
	struct vx_uplink *found = arg;

	if (strcmp(uplink->cfg.name, found->cfg.name))
		return 0;
	*found = *uplink;
	return 1;
}

int vx_uplink_find(const char *name, struct vx_uplink *uplink)
{
	int ret;

	memset(uplink, 0, sizeof(*uplink));
	if (strlen(name) >= sizeof(uplink->cfg.name))
		return -ENOENT;
	strcpy(uplink->cfg.name, name);
	ret = vx_uplink_each(same_name, uplink);
	return ret > 0 ? 0 : ret ? ret : -ENOENT;
}

int vx_uplink_save(const struct vx_uplink *uplink)
{
	return vx_map_put("vx_uplinks", &uplink->ifindex, &uplink->cfg, BPF_ANY);
}

bool vx_uplink_alive(const struct vx_uplink *uplink)
{
	struct vx_netdev dev;

	return !vx_netdev_by_index(uplink->ifindex, &dev) && !strcmp(dev.name, uplink->cfg.name);
}

struct count {
	const struct vx_uplink *uplink;
	const struct vx_port *leaving;	/* not counted; NULL: none */
	int n;
	int same_mac;			/* as the one that leaves */
};

static int count_port(const struct vx_port *port, void *arg)
{
	struct count *c = arg;

	if (port->cfg.uplink_ifindex != c->uplink->ifindex || (c->leaving && c->leaving->id == port->id))
		return 0;
	c->n++;
	if (c->leaving && !memcmp(c->leaving->cfg.mac, port->cfg.mac, 6))
		c->same_mac++;
	return 0;
}

int vx_uplink_count_ports(const struct vx_uplink *uplink)
{
	struct count c = { .uplink = uplink };

	vx_port_each(count_port, &c);
	return c.n;
}

static int promiscuous(struct vx_uplink *uplink)
{
	struct vx_netdev dev;
	int err = vx_netdev_by_index(uplink->ifindex, &dev);

	if (err || (dev.flags & IFF_PROMISC))
		return err;
	uplink->cfg.flags |= VX_UPLINK_PROMISC;
	err = vx_uplink_save(uplink);
	return err ? err : vx_netdev_set_flags(uplink->ifindex, IFF_PROMISC, IFF_PROMISC);
}

int vx_uplink_filter_add(struct vx_uplink *uplink, const __u8 mac[6], __u16 vlan)
{
	const char *name = uplink->cfg.name;
	int err = vx_netdev_filter_add(uplink->ifindex, mac);

	/* The same MAC on another VLAN of this uplink has it in already. */
	if (err && err != -EEXIST) {
		vx_debug("no unicast filter entry on %s (%s): promiscuous mode instead", name, strerror(-err));
		return promiscuous(uplink);
	}
	/* A filter of VLANs that stays on knows only the host's own; none but the kernel's 8021q may add to it. */
	if (vlan && vx_netdev_feature(name, VX_FEATURE_VLANFILTER) == 1) {
		vx_debug("%s filters VLANs: promiscuous mode instead", name);
		return promiscuous(uplink);
	}
	return 0;
}

void vx_uplink_filter_del(struct vx_uplink *uplink, const struct vx_port *leaving)
{
	struct count others = { .uplink = uplink, .leaving = leaving };

	vx_port_each(count_port, &others);
	if (!others.same_mac)
		vx_netdev_filter_del(uplink->ifindex, leaving->cfg.mac);
	if (!(uplink->cfg.flags & VX_UPLINK_PROMISC) || others.n)
		return;
	vx_netdev_set_flags(uplink->ifindex, 0, IFF_PROMISC);
	uplink->cfg.flags &= ~VX_UPLINK_PROMISC;
	vx_uplink_save(uplink);
}
