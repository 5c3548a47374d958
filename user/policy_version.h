/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Versions of a policy as pins:
 *
 *	policies/NAME/prog, policies/NAME/MAP...		the version that judges
 *	policies/NAME/prev/prog, policies/NAME/prev/MAP...	the one before it, for "policy rollback"
 *	stage/NAME/...						the same two, while they change places
 *
 * A change is prepared in stage/, happens when the slot is given the other program, and is finished by an exchange of the
 * two directories. A run that was killed before the slot changed never happened; one that was killed behind it is
 * finished by the next that changes anything. All of this is done under the lock.
 */
#ifndef VX_POLICY_VERSION_H
#define VX_POLICY_VERSION_H

#include <linux/types.h>

struct bpf_object;

/* Finish or forget what a killed run left in stage/. */
void vx_version_settle(void);

/*
 * Pin the program and maps of a loaded object as the next version of a policy, with the pins in the directory prev (below
 * the root of our pins) as the version before; NULL: none. 0, or a negative errno; nothing is printed and nothing is left.
 */
int vx_version_stage_object(const struct bpf_object *obj, const char *name, const char *prev);

/* The same, of two directories: now becomes the version that judges. */
int vx_version_stage_pins(const char *name, const char *now, const char *prev);

/* What is staged takes its place in the slot and the directory: 0, or a negative errno, and then all is as before. */
int vx_version_commit(const char *name, __u32 slot);

#endif
