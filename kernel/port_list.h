/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports, between the files that manage them: control.c, netdev.c, port*.c. */
#ifndef VX_PORT_LIST_H
#define VX_PORT_LIST_H

#include "port.h"

struct file;
struct vhost_xdp_attach;
struct vhost_xdp_pair_info;
struct vhost_xdp_port_info;

extern struct mutex vx_ports_lock;
extern struct list_head vx_ports;	/* in order of name */

/* A strong reference, or NULL. next: the first one after name. */
struct vx_port *vx_port_find(const char *name, bool next);
int vx_port_new(const char *name, u32 npairs, u32 mtu);
/* -EBUSY while it is used, -ENOENT when somebody else deleted it. */
int vx_port_del(struct vx_port *port);

/* --- port_attach.c; the argument is copied and its reserved fields are judged --- */

/* One line in arg->error on failure. */
int vx_port_attach(struct vx_port *port, struct vhost_xdp_attach *arg);
/* Everything is given back; state: what the port is then. Under port->lock, of a port that is attached. */
void vx_port_detach(struct vx_port *port, enum vhost_xdp_port_state state, const char *why);
int vx_port_set_prog(struct vx_port *port, int fd);
/* A netdev left, and not all of the port was given back yet. */
bool vx_port_gone(struct vx_port *port);
/* Program and netdevs alone, if they left: waits for nothing that a VMM could hold up. */
void vx_port_let_go_if_gone(struct vx_port *port);

/* --- port_bind.c; under port->lock --- */

/* Decide anew who reads which socket, and publish. */
void vx_port_assign(struct vx_port *port);
/* Nobody reads any socket from now on. */
void vx_port_unassign(struct vx_port *port);
/* Counters go there from now on; on return nobody uses the former page. Nobody reads a socket meanwhile. */
void vx_port_set_page(struct vx_port *port, struct vx_engine_page *page);
/* Count for whoever counts otherwise. May wait for the pair's vring. */
struct vx_queue_stats *vx_pair_lock_stats(struct vx_pair *pair, enum vx_direction dir);
void vx_pair_unlock_stats(struct vx_pair *pair, enum vx_direction dir);

/* --- port_info.c --- */

/* pairs: room for port->npairs, or NULL. -ENOENT when it was deleted; *info is as it was then. */
int vx_port_info(struct vx_port *port, struct vhost_xdp_port_info *info, struct vhost_xdp_pair_info *pairs);

#endif
