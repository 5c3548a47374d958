/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions of pcap-filter(7), on frames that we have. */
#ifndef VX_FRAME_FILTER_H
#define VX_FRAME_FILTER_H

#include <stdbool.h>
#include <linux/types.h>

struct vx_frame_filter;

/* NULL after one line. expression: what pcap-filter(7) says. */
struct vx_frame_filter *vx_frame_filter_new(const char *expression);
void vx_frame_filter_free(struct vx_frame_filter *f);

/*
 * A frame with a VLAN tag matches as it is, or as it would be without: who looks for a port's traffic on its uplink, too, writes what
 * it is, and not where.
 */
bool vx_frame_filter_match(const struct vx_frame_filter *f, const __u8 *data, __u32 caplen, __u32 len);

#endif
