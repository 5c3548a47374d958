/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Times as people read them. */
#ifndef VX_STAMP_H
#define VX_STAMP_H

#include <linux/types.h>

#define VX_STAMP_TEXT	40

/* ns of CLOCK_REALTIME: "12:34:56.123456", in local time. Returns text. */
const char *vx_stamp(__u64 ns, char text[VX_STAMP_TEXT]);
/* RFC 3339, in UTC. Returns text. */
const char *vx_stamp_full(__u64 ns, char text[VX_STAMP_TEXT]);

#endif
