/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A change of state as a list: done downward, undone upward. Each undo copes
 * with a step that was never done, so that the same list cleans up after a
 * failure, after a run that was killed, and when the operator says "del".
 */
#ifndef VX_STEPS_H
#define VX_STEPS_H

#include <stdbool.h>

struct vx_step {
	int (*make)(void *arg);		/* 0, or a negative errno after one printed line */
	void (*undo)(void *arg);	/* may be NULL */
};

/* From here on SIGINT, SIGTERM and SIGHUP are remembered instead of ending the process half-way. */
void vx_interrupt_guard(void);
/* Whether one came. What undoes a change must not be stopped by what made it necessary: it ignores them. */
bool vx_interrupted(void);
void vx_interrupt_ignore(void);

int vx_steps_make(const struct vx_step *steps, int n, void *arg);
void vx_steps_undo(const struct vx_step *steps, int n, void *arg);

#endif
