/* SPDX-License-Identifier: GPL-2.0-only */
/* Why something was refused, in one line. */
#ifndef VX_REFUSE_H
#define VX_REFUSE_H

#include <linux/compiler_attributes.h>

/* error: VHOST_XDP_ERROR_LEN bytes. Returns err. */
__printf(3, 4) int vx_refuse(char *error, int err, const char *fmt, ...);

#endif
