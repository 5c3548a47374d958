// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "netdev.h"
#include "pins.h"
#include "port.h"

int vx_port_each(int (*fn)(const struct vx_port *port, void *arg), void *arg)
{
	struct vx_port port;
	int fd, ret = 0;

	fd = vx_pin_open("v1/vx_ports");
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	for (port.id = 1; port.id < VX_PORTS_MAX && !ret; port.id++)
		if (!bpf_map_lookup_elem(fd, &port.id, &port.cfg) && port.cfg.host_ifindex)
			ret = fn(&port, arg);
	close(fd);
	return ret;
}

static int same_name(const struct vx_port *port, void *arg)
{
	struct vx_port *found = arg;

	if (strncmp(port->cfg.name, found->cfg.name, VX_NAME_LEN))
		return 0;
	*found = *port;
	return 1;
}

int vx_port_find(const char *name, struct vx_port *port)
{
	int ret;

	memset(port, 0, sizeof(*port));
	if (strlen(name) > VX_PORT_NAME_MAX)
		return -ENOENT;
	strcpy(port->cfg.name, name);
	ret = vx_port_each(same_name, port);
	return ret > 0 ? 0 : ret ? ret : -ENOENT;
}

void vx_port_guest_end(const struct vx_port *port, char name[VX_NAME_LEN])
{
	snprintf(name, VX_NAME_LEN, "%.*s" VX_GUEST_END_SUFFIX, VX_PORT_NAME_MAX, port->cfg.name);
}

static bool is_netdev(__u32 ifindex, const char *name)
{
	struct vx_netdev dev;

	return !vx_netdev_by_index(ifindex, &dev) && !strcmp(dev.name, name);
}

bool vx_port_alive(const struct vx_port *port)
{
	char guest_end[VX_NAME_LEN];

	vx_port_guest_end(port, guest_end);
	return is_netdev(port->cfg.host_ifindex, port->cfg.name) && is_netdev(port->cfg.guest_ifindex, guest_end);
}

void vx_port_engine(const struct vx_port *port, struct vx_engine_page *page)
{
	int fd = vx_pin_open_rdonly("ports/%s/engine", port->cfg.name);
	__u32 zero = 0;

	memset(page, 0, sizeof(*page));
	if (fd < 0)
		return;
	bpf_map_lookup_elem(fd, &zero, page);
	close(fd);
}
