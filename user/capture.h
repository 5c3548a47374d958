/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "vhost-xdp capture": a port's frames at the points that they pass, as a pcapng file or as lines. */
#ifndef VX_CAPTURE_H
#define VX_CAPTURE_H

#include <stdio.h>
#include <linux/types.h>
#include <vhost_xdp/watch.h>

#include "port.h"

struct vx_capture_spec {
	const struct vx_port *port;
	const char *file;	/* NULL: lines; "-": standard output */
	const char *filter;	/* of pcap-filter(7), or NULL */
	__u32 points;		/* VX_WATCH_UPLINK.. */
	__u32 count;		/* end after so many frames; 0: never */
	__u32 snaplen;
	__u32 rate;		/* frames a second, at most */
};

/* Until it is interrupted. Negative errno after one line. */
int vx_capture(const struct vx_capture_spec *spec);

/* "uplink", "before", "after", "ring" */
const char *vx_point_name(int point);
/* Of a sample: why it is where it is. "pass", "drop policy/spoof_mac, policy antispoof rule 3", or "". Returns text. */
#define VX_VERDICT_TEXT	200
const char *vx_verdict_text(const struct vx_sample *s, char text[VX_VERDICT_TEXT]);

#endif
