/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "port list" and "port show". */
#ifndef VX_PORT_SHOW_H
#define VX_PORT_SHOW_H

#include <jansson.h>

struct vx_kport;

/* Negative errno after one line. */
int vx_port_list(void);
int vx_port_show(const char *name);

/* Of port_show_kernel.c: what the module tells of a port. */
json_t *vx_kport_json(const struct vx_kport *kp);
void vx_kport_lines(const struct vx_kport *kp);
const char *vx_kport_state(const struct vx_kport *kp);

#endif
