/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A plan is carried out as a transaction: what fails or is interrupted leaves all as it was. */
#ifndef VX_APPLY_H
#define VX_APPLY_H

#include "plan.h"

/*
 * Under the lock. file: for errors, which name the place. 0, or a negative errno after lines that say what failed, and
 * whether all of it could be undone.
 */
int vx_apply_run(const struct vx_conf *have, const struct vx_plan *plan, const char *file);

/*
 * What the file leaves to the host: policies that chains and rules need are added, numbers in chains become names, and
 * files are compared with what is loaded. Only looks.
 */
void vx_apply_settle(struct vx_conf *want, const struct vx_conf *have, struct vx_conf_errors *errors);

/* --- for apply*.c alone --- */

struct vx_apply {
	const struct vx_conf *have;
	/* By name, as they are now; made when needed, forgotten when they change. */
	struct vx_apply_id {
		char name[VX_POLICY_NAME_MAX + 1];
		__u32 id;
	} *ports, *policies;
	int n_ports, n_policies;
};

struct vx_apply_op {
	int (*make)(struct vx_apply *a, const struct vx_plan_step *step);
	/* Of a step that was made. NULL: nothing to undo, the step only repaired. */
	int (*undo)(struct vx_apply *a, const struct vx_plan_step *step);
	const char *what;	/* "loading policy" */
};

extern const struct vx_apply_op vx_apply_ops[];
void vx_apply_forget(struct vx_apply *a);

#endif
