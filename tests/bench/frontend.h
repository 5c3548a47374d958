/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One measurement of the user bench: a guest or two, the wire, and the backend's cost. */
#ifndef VXB_FRONTEND_H
#define VXB_FRONTEND_H

#include "meter.h"
#include "stream.h"
#include "vhost_client.h"
#include "wire.h"

#define VXB_MS		1000000ull

struct vxb_bench;

/* run returns 0, or a negative errno after one printed line. */
struct vxb_mode {
	const char *name;
	int (*run)(struct vxb_bench *b);
	enum vxb_wire_prog prog;
	bool tcp, udp;		/* a stream's frames */
	bool pair;		/* two guests */
	uint64_t offloads;	/* virtio features, beside the usual ones */
};

struct vxb_bench {
	const struct vxb_mode *mode;
	struct vxb_client client, peer;	/* peer: the guest that receives, where two talk */
	struct vxb_wire wire;
	struct vxb_meter meter;
	struct vxb_mac guest, neighbour;
	uint32_t len;		/* of frames; of streams, payload of a buffer */
	uint64_t duration;
	struct vxb_stream stream;	/* as the guest sends it */
	struct vxb_stream generated;	/* as the wire does */
	struct vxb_sink sink;
	uint64_t received;	/* whole frames, or of a stream segments, in the guest */
	uint64_t spoilt;	/* frames in the guest of a wrong length or content */
	uint64_t lost;
};

int vxb_broken(const char *why);

/* --- the guest: frontend_guest.c --- */

/* Give the rings their first buffers; what is sent is only prepared. */
void vxb_guest_setup(struct vxb_bench *b);
/* Into the i-th slot not published yet. */
void vxb_guest_post_tx(struct vxb_bench *b, uint16_t i, uint32_t id);
/* Send again what was sent. Returns how many buffers. */
uint32_t vxb_guest_recycle_tx(struct vxb_bench *b);
/* Take what has arrived and post the buffers again. Returns how many frames, or segments. */
uint32_t vxb_guest_receive(struct vxb_bench *b);

/* --- what is measured: frontend_run.c --- */

int vxb_run_tx(struct vxb_bench *b);
int vxb_run_rx(struct vxb_bench *b);
int vxb_run_pair(struct vxb_bench *b);
int vxb_run_echo(struct vxb_bench *b);
int vxb_run_idle(struct vxb_bench *b);

#endif
