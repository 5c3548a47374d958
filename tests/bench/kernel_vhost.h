/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMM's part of <linux/vhost.h> for one queue pair, with this process's own memory as the guest's. */
#ifndef VXK_VHOST_H
#define VXK_VHOST_H

#include "kernel_ring.h"

enum { VXK_RX, VXK_TX, VXK_RINGS };

struct vxk_vhost {
	int fd;			/* -1: there is no device, and the driver plays its part as cheaply as it can */
	int backend;
	uint8_t *mem;
	uint64_t features;	/* negotiated */
	struct vxk_ring ring[VXK_RINGS];
};

/* A tap as a VMM sets it up. Returns an fd, or a negative errno after one printed line. */
int vxk_tap_open(const char *netdev);
/* The data fd of a port of vhost_xdp. */
int vxk_port_open(const char *port);

/* device: "" for none. Takes over backend. 0, or a negative errno after one printed line. */
int vxk_vhost_open(struct vxk_vhost *v, const char *device, int backend, uint16_t num);
void vxk_vhost_close(struct vxk_vhost *v);

#endif
