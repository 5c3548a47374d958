/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VMM's part of vhost-user for one queue pair: connect, share memory, start and stop two split rings. */
#ifndef VXB_VHOST_CLIENT_H
#define VXB_VHOST_CLIENT_H

#include "ring.h"

#define VXB_RX		0
#define VXB_TX		1
#define VXB_RING_MAX	1024u

struct vxb_shape {
	uint16_t num[2];	/* entries of each ring, */
	uint32_t buffer[2];	/* and bytes of its buffers */
	uint64_t offloads;	/* virtio features that must be there too */
};

struct vxb_client {
	int fd;
	int memfd;
	uint8_t *mem;
	uint64_t bytes;		/* of it */
	uint64_t features;	/* negotiated */
	bool reply_ack;
	int call[2];
	struct vxb_ring ring[2];
};

/* 0, or a negative errno after one printed line. */
int vxb_client_open(struct vxb_client *c, const char *path, const struct vxb_shape *shape);
void vxb_client_close(struct vxb_client *c);

#endif
