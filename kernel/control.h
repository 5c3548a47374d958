/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/vhost-xdp-control */
#ifndef VX_CONTROL_H
#define VX_CONTROL_H

int vx_control_init(void);
void vx_control_exit(void);

#endif
