/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The world around a vhost device: the wire's far end, the generator, and what joins a tap with its uplink. */
#ifndef VXK_WIRE_H
#define VXK_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel_wire_shared.h"
#include "stream.h"
#include "wire.h"

struct kernel_wire_bpf;

/* How frames get from a tap to the uplink and back. */
enum vxk_join {
	VXK_JOIN_NONE,		/* no tap */
	VXK_JOIN_WIRE,		/* no tap; from the wire frames get as far as the uplink */
	VXK_JOIN_TC,		/* bare: to the wire they end at the tap; from the wire tc redirects them */
	VXK_JOIN_BRIDGE,
	VXK_JOIN_EGRESS,	/* the bridge, but to the wire frames end before they leave the uplink */
	VXK_JOIN_XDP,		/* native XDP programs and a DEVMAP */
	VXK_JOIN_PORT,		/* vhost_xdp's own */
};

struct vxk_wire_opts {
	const char *wire;	/* netdev: the wire's far end */
	const char *uplink;	/* its veth peer */
	const char *tap;
	enum vxk_join join;
	bool to_guest;
	bool from_guest;
	bool discard;		/* the generator alone */
	bool stamp;
	uint32_t len;		/* of frames on the wire */
	struct vxb_mac guest;
	const struct vxb_stream *stream;	/* frames of one, or else NULL */
};

struct vxk_wire {
	struct kernel_wire_bpf *skel;
	const volatile struct vxk_wire_page *page;
	uint32_t len;
	uint8_t frame[VXB_FRAME_MAX];	/* what the generator makes */
	int xdp[2];			/* netdevs with a program of ours */
	uint32_t nxdp;
	int clsact;			/* netdev, or 0 */
};

/* 0, or a negative errno after one printed line. */
int vxk_wire_open(struct vxk_wire *w, const struct vxk_wire_opts *o);
void vxk_wire_close(struct vxk_wire *w);

/* Put n frames on the wire towards the uplink, batch at a time; other threads may run between two batches. 0 or a negative errno. */
int vxk_wire_generate(struct vxk_wire *w, uint32_t n, uint32_t batch);

#endif
