/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The wire's end of a bench: what leaves a backend is counted or echoed here, what it receives is generated here. */
#ifndef VXB_WIRE_H
#define VXB_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire_shared.h"

#define VXB_FRAME_MAX	1514u

struct bpf_program;
struct vxb_stream;
struct wire_bpf;

struct vxb_wire {
	struct wire_bpf *skel;
	struct bpf_program *prog;	/* attached */
	int ifindex;
	bool attached;
	uint32_t len;			/* of generated frames, L2 without FCS */
	uint8_t frame[VXB_FRAME_MAX];
};

struct vxb_mac {
	uint8_t b[6];
};

extern const struct vxb_mac vxb_wire_mac;

/* An Ethernet + IPv4 + UDP frame of len bytes that carries the magic. */
void vxb_frame_make(uint8_t *frame, uint32_t len, const struct vxb_mac *dst, const struct vxb_mac *src);
bool vxb_mac_parse(struct vxb_mac *mac, const char *text);

enum vxb_wire_prog {
	VXB_WIRE_DROP,		/* count and drop */
	VXB_WIRE_ECHO,		/* swap MACs and send back */
};

/*
 * Attach to dev in native mode and prepare to generate frames of len bytes to dst through it: of a stream, which says the rest, if that is
 * not NULL.
 * Takes over the place of another program. Returns 0, or a negative errno after one printed line.
 */
int vxb_wire_open(struct vxb_wire *w, const char *dev, enum vxb_wire_prog prog, uint32_t len, const struct vxb_mac *dst,
		  const struct vxb_stream *stream);
void vxb_wire_close(struct vxb_wire *w);

/* Put n frames on the wire toward the backend. 0 or a negative errno. */
int vxb_wire_generate(struct vxb_wire *w, uint32_t n);

/* Frames that arrived whole since the start; *bad gets those of a wrong length or content. */
uint64_t vxb_wire_count(const struct vxb_wire *w, uint64_t *bad);

/* The trivial way into an AF_XDP socket: every frame of dev's queue 0 goes to it. 0 or a negative errno after one printed line. */
int vxb_wire_to_xsk(struct vxb_wire *w, const char *dev, int xsk);

/* The same by a map that exists already, for good: the program stays when this process ends. */
int vxb_wire_leave_to_xsk(const char *dev, int map, uint32_t key);

#endif
