/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports as bpffs and the kernel's netdevs know them. Nothing of a port lives in a process of ours. */
#ifndef VX_PORT_H
#define VX_PORT_H

#include <stdbool.h>
#include <linux/types.h>
#include <vhost_xdp/steer.h>

struct vx_port {
	__u32 id;
	struct vx_port_cfg cfg;
};

/* 0, or -ENOENT / another negative errno; nothing is printed. */
int vx_port_find(const char *name, struct vx_port *port);

/* Call fn for each port in order of id until it returns non-zero; returns that, 0, or a negative errno. */
int vx_port_each(int (*fn)(const struct vx_port *port, void *arg), void *arg);

/* Name of the guest end netdev, e.g. "vm1-g". */
void vx_port_guest_end(const struct vx_port *port, char name[VX_NAME_LEN]);

#endif
