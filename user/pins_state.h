/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VX_PINS_STATE_H
#define VX_PINS_STATE_H

#include <linux/types.h>

/* Mark the pins as ours: of this version and network namespace. Negative errno; nothing is printed. */
int vx_pins_own(void);
/* Of the network namespace we are in. */
int vx_netns_cookie(__u64 *cookie);

#endif
