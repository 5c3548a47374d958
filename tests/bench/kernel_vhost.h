/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMM's part of <linux/vhost.h> for one queue pair, with this process's own memory as the guest's. */
#ifndef VXK_VHOST_H
#define VXK_VHOST_H

#include <linux/if_tun.h>

#include "ring.h"

enum { VXK_RX, VXK_TX, VXK_RINGS };

struct vxk_vhost {
	int fd;			/* -1: there is no device, and the driver plays its part as cheaply as it can */
	int backend;
	uint8_t *mem;
	uint64_t bytes;		/* of it */
	uint64_t features;	/* negotiated */
	struct vxb_ring ring[VXK_RINGS];
};

#define VXK_CLOSED	((struct vxk_vhost){ .fd = -1, .backend = -1, .ring = { { .kick = -1, .call = -1 }, { .kick = -1, .call = -1 } } })

struct vxk_shape {
	uint16_t num;			/* entries of a ring */
	uint32_t buffer[VXK_RINGS];	/* bytes */
};

#ifndef TUN_F_USO4		/* Linux 6.2 */
#define TUN_F_USO4	0x20
#define TUN_F_USO6	0x40
#endif

/* What a Linux guest takes from its tap; since 6.2 also UDP, where the host's kernel knows that. */
#define VXK_OFFLOADS	(TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN)
#define VXK_OFFLOADS_UDP (VXK_OFFLOADS | TUN_F_USO4 | TUN_F_USO6)

/* A tap as a VMM sets it up. Returns an fd, or a negative errno after one printed line. */
int vxk_tap_open(const char *netdev, unsigned long offload);
/* The data fd of a port of vhost_xdp. */
int vxk_port_open(const char *port, unsigned long offload);

/* device: "" for none. Takes over backend. 0, or a negative errno after one printed line. */
int vxk_vhost_open(struct vxk_vhost *v, const char *device, int backend, const struct vxk_shape *shape);
void vxk_vhost_close(struct vxk_vhost *v);

#endif
