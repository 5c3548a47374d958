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
	int fd, err = 0;

	fd = vx_pin_open("v1/vx_uplinks");
	if (fd < 0)
		return fd;
	if (bpf_map_update_elem(fd, &uplink->ifindex, &uplink->cfg, BPF_ANY))
		err = -errno;
	close(fd);
	return err;
}

bool vx_uplink_alive(const struct vx_uplink *uplink)
{
	struct vx_netdev dev;

	return !vx_netdev_by_index(uplink->ifindex, &dev) && !strcmp(dev.name, uplink->cfg.name);
}

struct count {
	const struct vx_uplink *uplink;
	const __u8 *mac;	/* NULL: any */
	int n;
};

static int count_port(const struct vx_port *port, void *arg)
{
	struct count *c = arg;

	if (port->cfg.uplink_ifindex == c->uplink->ifindex && (!c->mac || !memcmp(c->mac, port->cfg.mac, 6)))
		c->n++;
	return 0;
}

int vx_uplink_count_ports(const struct vx_uplink *uplink)
{
	struct count c = { .uplink = uplink };

	vx_port_each(count_port, &c);
	return c.n;
}

int vx_uplink_filter_add(struct vx_uplink *uplink, const __u8 mac[6])
{
	struct vx_netdev dev;
	int err;

	err = vx_netdev_filter_add(uplink->ifindex, mac);
	/* The same MAC on another VLAN of this uplink has it in already. */
	if (!err || err == -EEXIST)
		return 0;
	vx_debug("no unicast filter entry on %s (%s): promiscuous mode instead", uplink->cfg.name, strerror(-err));
	err = vx_netdev_by_index(uplink->ifindex, &dev);
	if (err || (dev.flags & IFF_PROMISC))
		return err;
	uplink->cfg.flags |= VX_UPLINK_PROMISC;
	err = vx_uplink_save(uplink);
	return err ? err : vx_netdev_set_flags(uplink->ifindex, IFF_PROMISC, IFF_PROMISC);
}

void vx_uplink_filter_del(struct vx_uplink *uplink, const __u8 mac[6])
{
	struct count same = { .uplink = uplink, .mac = mac };

	vx_port_each(count_port, &same);
	if (!same.n)
		vx_netdev_filter_del(uplink->ifindex, mac);
	if (!(uplink->cfg.flags & VX_UPLINK_PROMISC) || vx_uplink_count_ports(uplink))
		return;
	vx_netdev_set_flags(uplink->ifindex, 0, IFF_PROMISC);
	uplink->cfg.flags &= ~VX_UPLINK_PROMISC;
	vx_uplink_save(uplink);
}
