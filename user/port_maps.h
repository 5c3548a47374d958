/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The maps of a port. Negative errno; nothing is printed. */
#ifndef VX_PORT_MAPS_H
#define VX_PORT_MAPS_H

#include "port.h"

struct vx_uplink;

/* Lowest id that no port has; 0 when there is none. */
__u32 vx_port_maps_free_id(void);

/* Port, ends, redirect target and engine page, with all counters of an earlier port of that id gone. */
int vx_port_maps_fill(const struct vx_port *port);
void vx_port_maps_clear(const struct vx_port *port);

/*
 * Steering and broadcasts: traffic begins, and ends. -E2BIG: the broadcast group is full. -EEXIST: another port has
 * (MAC, VLAN).
 */
int vx_port_maps_join(const struct vx_port *port);
void vx_port_maps_leave(const struct vx_port *port);
/* Id of the port that has this (MAC, VLAN) on this uplink, or 0. */
__u32 vx_port_maps_owner(const struct vx_port_cfg *cfg);

/* Whether the request can be met. 0: go on; 1: that port exists already, just so; negative: one line was printed. */
int vx_port_judge(struct vx_port_spec *spec, struct vx_uplink *uplink);
/* 0, or negative after one line. */
int vx_check_port_name(const char *name);

#endif
