/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of offloads, as operators read them. */
#ifndef VX_OFFLOADS_H
#define VX_OFFLOADS_H

#include <jansson.h>
#include <linux/types.h>
#include <vhost_xdp/stats.h>

#define VX_OFFLOADS_TEXT	64

/* Those of virtio feature bits: what the guest may send, or what it takes. "none" where there are none. */
const char *vx_offloads_text(__u64 features, enum vx_direction dir, char text[VX_OFFLOADS_TEXT]);
/* The same as an array of strings. */
json_t *vx_offloads_json(__u64 features, enum vx_direction dir);

#endif
