/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel engine, vhost_xdp.ko, as <uapi/linux/vhost_xdp.h> specifies it. It keeps ports by itself: a port of ours has the kernel
 * engine if, and as long as, the module knows it.
 */
#ifndef VX_ENGINE_KERNEL_H
#define VX_ENGINE_KERNEL_H

#include <stdbool.h>
#include <uapi/linux/vhost_xdp.h>
#include "port.h"

#define VX_CONTROL_DEV	"/dev/vhost-xdp-control"
#define VX_VHOST_DEV	"/dev/vhost-xdp"

/* A port as the module tells of it. */
struct vx_kport {
	struct vhost_xdp_port_info info;
	struct vhost_xdp_pair_info pair[VHOST_XDP_PAIRS_MAX];
};

/* The module is loaded and speaks our ABI. Negative errno after one line that says what to do. */
int vx_module_require(void);

/* 0; -ENOENT: no such port, or no module; another negative errno. Nothing is printed. */
int vx_kport_get(const char *name, struct vx_kport *kp);
/* In order of name, until fn returns non-zero; returns that, 0, or a negative errno. No module is no port. */
int vx_kport_each(int (*fn)(const struct vx_kport *kp, void *arg), void *arg);

/* Attached in this network namespace, or in none. */
bool vx_kport_here(const struct vx_kport *kp);
/* It is this port, and not another of that name. */
bool vx_kport_is(const struct vx_kport *kp, const struct vx_port *port);
/* A VMM holds one of its queue pairs. */
bool vx_kport_used(const struct vx_kport *kp);
/* The module's half of a port: 0; -ENOENT: it has none; another negative errno: it does not tell. Else *kp is zero. */
int vx_kport_find(const struct vx_port *port, struct vx_kport *kp);

/* Sockets made, in the XSKMAP, and handed over; nothing stays open here. Negative errno after one line. */
int vx_kport_make(const struct vx_port *port);
/* Negative errno, nothing is printed. -EBUSY: detached, but a VMM holds it. */
int vx_kport_remove(const char *name);

/* A data fd, close-on-exec. Negative errno after one line. */
int vx_kport_open_pair(const char *name, __u32 pair);

/* Of engine_kernel_attach.c: hand over to the module what it needs, through its control fd. */
int vx_kport_attach(int control, const struct vx_port *port);
/* XDP redirects for the guest go to the inlet of the attached port; again is fine. Negative errno after one line. */
int vx_kport_open_inlet(const struct vx_port *port);

#endif
