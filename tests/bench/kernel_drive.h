/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One row of the kernel bench: a guest or two, the wire, and what was seen. */
#ifndef VXK_DRIVE_H
#define VXK_DRIVE_H

#include <pthread.h>

#include "kernel_clock.h"
#include "kernel_vhost.h"
#include "kernel_wire.h"

#define VXK_WARM_UP	1024u	/* frames, before anything is counted */
#define VXK_LATENCIES	65536u

struct vxk_mode;

struct vxk_drive {
	const struct vxk_mode *mode;
	enum vxk_join join;
	const char *setup;	/* as given */
	struct vxb_mac guest, neighbour;
	uint32_t len;		/* bytes: of a frame; of streams, payload of a buffer */
	uint32_t batch;		/* frames at once; of streams from a guest, buffers */
	uint32_t frames;
	uint16_t ring;
	struct vxk_vhost vhost, peer;	/* peer: the guest that receives, where two talk */
	struct vxk_wire wire;
	uint32_t nlatency;
	uint32_t took[VXK_LATENCIES];
};

/* A kind of row. run returns 0, or a negative errno after one printed line. */
struct vxk_mode {
	const char *name;
	int (*run)(struct vxk_drive *d);
	bool to_guest, from_guest;
	bool latency;
	bool plain;		/* a guest without offloads; of the modes below only */
	bool udp;		/* the guest takes merged datagrams, or sends what becomes many */
};

/* Frames one by one: kernel_frames.c */
int vxk_run_tx(struct vxk_drive *d);
int vxk_run_rx(struct vxk_drive *d);
int vxk_run_idle(struct vxk_drive *d);
/* TCP streams, and UDP segmentation: kernel_stream.c */
int vxk_run_stream(struct vxk_drive *d);
int vxk_run_echo(struct vxk_drive *d);

/* Prints why; -EIO. */
int vxk_broken(const char *why);

/* Open the device, and the peer's where two guests talk. 0, or a negative errno after one printed line. */
int vxk_open(struct vxk_drive *d, const struct vxk_shape *shape, unsigned long offload, bool pair);
int vxk_open_wire(struct vxk_drive *d, const struct vxk_wire_opts *opts);

/* Let the wire make so many frames in a thread of its own, each batch once all else sleeps. Ends the process if it cannot. */
pthread_t vxk_generate(struct vxk_drive *d, const uint32_t *frames);

void vxk_took(struct vxk_drive *d, uint64_t from, uint64_t to);
void vxk_print_took(struct vxk_drive *d);

#endif
