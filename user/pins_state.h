/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VX_PINS_STATE_H
#define VX_PINS_STATE_H

/* Mark the pins as ours: of this version and network namespace. Negative errno; nothing is printed. */
int vx_pins_own(void);

#endif
