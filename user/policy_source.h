/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which file a policy was loaded from: beside its pins, in a map "from-file", a name that none of its own can have. Policies
 * loaded by bpftool have none.
 */
#ifndef VX_POLICY_SOURCE_H
#define VX_POLICY_SOURCE_H

#include <stdbool.h>
#include <limits.h>

#define VX_POLICY_FROM	"from-file"

/* dir: the directory of the pins, below the root of ours. 0 or a negative errno; nothing is printed. */
int vx_policy_source_pin(const char *dir, const char *file);
/* home: its pins, "policies/NAME" or "policies/NAME/prev". -ENOENT: not known. */
int vx_policy_source_get(const char *home, char file[PATH_MAX]);
/* Is it the file that this name has among the shipped policies? */
bool vx_policy_source_shipped(const char *name, const char *file);

#endif
