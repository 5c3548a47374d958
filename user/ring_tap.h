/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frames in a port's virtqueues, into a watcher's ring buffer: bpf/vx_ring.bpf.c, attached while this is open. */
#ifndef VX_RING_TAP_H
#define VX_RING_TAP_H

#include <linux/types.h>

struct vx_port;
struct vx_ring_tap;

/* watcher: its number. Negative errno after one line. */
int vx_ring_tap_open(struct vx_ring_tap **tap, const struct vx_port *port, __u32 watcher);
/* NULL is fine. */
void vx_ring_tap_close(struct vx_ring_tap *tap);

#endif
