// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "apply.h"
#include "say.h"
#include "steps.h"

static struct vx_pos place(const struct vx_plan_step *step)
{
	static const struct vx_pos nowhere;

	if (!step->want)
		return nowhere;
	switch (step->op) {
	case VX_POLICY_LOAD:
		return ((const struct vx_conf_policy *)step->want)->pos;
	case VX_UPLINK_ADD:
	case VX_UPLINK_AGAIN:
		return ((const struct vx_conf_uplink *)step->want)->pos;
	default:
		return ((const struct vx_conf_port *)step->want)->pos;
	}
}

/* A port that was made anew by that has left the sets that stand for it. */
static int restore_sets(const struct vx_conf *have)
{
	int i, j, failed = 0;

	for (i = 0; i < have->sets; i++) {
		const struct vx_conf_set *set = &have->set[i];
		struct vx_feature_target target = { .name = set->name };

		for (j = 0; j < set->lines.n && strncmp(set->lines.line[j], "port ", 5); j++)
			;
		if (j < set->lines.n && vx_feature_replace(set->feature, &target, &set->lines))
			failed++;
	}
	return failed;
}

/* All the way, whatever fails: what can be restored is. */
static int undo(struct vx_apply *a, const struct vx_plan *plan, int n)
{
	bool anew = false;
	int failed = 0;

	vx_interrupt_ignore();
	while (n--) {
		const struct vx_plan_step *step = &plan->step[n];

		if (vx_apply_ops[step->op].undo && vx_apply_ops[step->op].undo(a, step))
			failed++;
		anew |= step->op == VX_PORT_DEL;
	}
	return failed + (anew ? restore_sets(a->have) : 0);
}

static int tell(int err, const struct vx_plan_step *step, int failed, const char *file)
{
	const char *end = failed ? "not all that was done before could be undone, see above; apply the file that was valid before"
				 : "all that was done before is undone";
	struct vx_pos pos = place(step);

	if (err == -EINTR)
		return vx_fail(err, "interrupted; %s", end);
	if (pos.line)
		return vx_fail(err, "%s:%d:%d: %s %s failed; %s", file, pos.line, pos.column, vx_apply_ops[step->op].what, step->name, end);
	return vx_fail(err, "%s: %s %s failed; %s", file, vx_apply_ops[step->op].what, step->name, end);
}

int vx_apply_run(const struct vx_conf *have, const struct vx_plan *plan, const char *file)
{
	struct vx_apply a = { .have = have };
	int i, err = 0, failed;

	for (i = 0; i < plan->steps && !err; i++) {
		vx_debug("%s %s", vx_apply_ops[plan->step[i].op].what, plan->step[i].name);
		err = vx_interrupted() ? -EINTR : vx_apply_ops[plan->step[i].op].make(&a, &plan->step[i]);
	}
	if (err) {
		/* What failed has undone itself. */
		failed = undo(&a, plan, i - 1);
		tell(err, &plan->step[i - 1], failed, file);
	}
	vx_apply_forget(&a);
	return err;
}
