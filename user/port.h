/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ports as bpffs and the kernel's netdevs know them. Nothing of a port lives in a process of ours. */
#ifndef VX_PORT_H
#define VX_PORT_H

#include <stdbool.h>
#include <linux/types.h>
#include <vhost_xdp/policy.h>
#include <vhost_xdp/steer.h>

/*
 * What veth hands to XDP in one piece, and so to AF_XDP in one 4096-byte
 * chunk: a page less the XDP headroom (256), skb_shared_info (320), the
 * Ethernet header (14) and a VLAN tag (4).
 */
#define VX_PORT_MTU_MAX		3502
#define VX_PORT_MTU_MIN		68

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

/* Both ends are still the netdevs that were made for it. */
bool vx_port_alive(const struct vx_port *port);

/* A copy of what the engine published; all zero when it cannot be read. */
void vx_port_engine(const struct vx_port *port, struct vx_engine_page *page);

/* What "port add" was asked for. */
struct vx_port_spec {
	struct vx_port_cfg cfg;		/* mtu 0: as the uplink */
	const char *uplink;
	char *chain[VX_DIRECTIONS];	/* "antispoof,acl", or NULL: none, fail closed */
	bool kernel;			/* engine: the module, else a process, see serve.h */
};

/* These print one line when they fail, and leave things as they were. */
int vx_port_add(struct vx_port_spec *spec);
/* force: also while a VMM uses it, or when it belongs to another network namespace. */
int vx_port_del(const char *name, bool force);
/* Bring back a port of the kernel engine that is down: its netdevs, programs and sockets are made anew, its VMM stays. */
int vx_port_attach(const char *name);

#endif
