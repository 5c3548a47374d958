/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is what a file holds what judges now? */
#ifndef VX_POLICY_SAME_H
#define VX_POLICY_SAME_H

struct vx_policy;

/*
 * Hands the object to the kernel, as a load would, and lets go of it again: nothing is pinned, and no slot changes. old is
 * the policy of that name that is loaded, or NULL. 0: all of it is the same, or nothing was loaded; 1: *why says what differs;
 * negative: it cannot be loaded, and one line was printed.
 */
int vx_policy_compare(const char *file, const struct vx_policy *old, const char **why);

#endif
