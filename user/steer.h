/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steering program and its clsact companions on one netdev. */
#ifndef VX_STEER_H
#define VX_STEER_H

#include <stdbool.h>
#include <linux/types.h>

struct vx_uplink;

/* Attach in the given mode; fills flags and prog_id of the uplink. Prints one line when it fails. */
int vx_steer_attach(struct vx_uplink *uplink, bool generic, bool last_try);
void vx_steer_detach(const struct vx_uplink *uplink);

struct vx_steer_state {
	bool attached;
	bool generic;
	bool dispatcher;
	int programs;		/* under the dispatcher, ours included */
};

/* What is really on the netdev now, whatever we remember. Negative errno; nothing is printed. */
int vx_steer_query(const struct vx_uplink *uplink, struct vx_steer_state *state);

enum vx_hook { VX_HOOK_INGRESS, VX_HOOK_EGRESS };

/* clsact: *made says whether this call created the qdisc. Negative errno; nothing is printed. */
int vx_tc_qdisc(int ifindex, bool *made);
void vx_tc_qdisc_remove(int ifindex);
int vx_tc_attach(int ifindex, enum vx_hook hook, const char *program);
void vx_tc_detach(int ifindex, enum vx_hook hook);
bool vx_tc_attached(int ifindex, enum vx_hook hook);

#endif
