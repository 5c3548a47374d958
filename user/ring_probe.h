/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of ring_tap.c: the program, loaded and not attached. */
#ifndef VX_RING_PROBE_H
#define VX_RING_PROBE_H

#include <stdbool.h>
#include <linux/types.h>

struct bpf_program;
struct vx_ring_probe;

/* Negative errno after one line; *probe is to be freed in any case. */
int vx_ring_probe_load(struct vx_ring_probe **probe, __u32 port, const char *name, __u32 watcher, bool kernel);
struct bpf_program *vx_ring_probe_program(const struct vx_ring_probe *probe);
/* NULL is fine. */
void vx_ring_probe_free(struct vx_ring_probe *probe);

#endif
