/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What policies are configured with: rules of a port, of a port's direction, or of a named set. To the configuration file,
 * to "apply" and to "show --conf" all of them are lines of words; a new one is one entry of vx_features.
 */
#ifndef VX_FEATURE_H
#define VX_FEATURE_H

#include <stddef.h>
#include <linux/types.h>

#include "lines.h"

#define VX_FEATURES_MAX		8
#define VX_CONF_NAME_MAX	31	/* of a set */
#define VX_FEATURE_ERROR	256

enum vx_feature_scope {
	VX_SCOPE_PORT,		/* "NAME WORDS" or "NAME { LINES }" in a port */
	VX_SCOPE_DIRECTION,	/* the same behind a direction: "NAME to-guest WORDS" */
	VX_SCOPE_SET,		/* "NAME SET { LINES }", outside of ports */
};

/* Whose configuration. */
struct vx_feature_target {
	const char *name;	/* of the port, or of the set */
	__u32 port;		/* its id; 0: a set */
	int direction;		/* 0 unless the scope is a direction */
};

/* Where lines are wrong, and what would be right. */
struct vx_feature_error {
	int line, word;		/* from 0; the word may be one behind the last */
	char text[VX_FEATURE_ERROR];
};

struct vx_feature_line {
	const char *const *word;
	int n;			/* at least 1 */
};

struct vx_feature {
	const char *name;
	enum vx_feature_scope scope;
	const char *policy;	/* shipped; its maps hold the configuration. NULL: none needed */
	const char *summary;	/* of its lines, for an error: "ip ADDRESS[/PREFIX], allow RIGHT" */

	/*
	 * Pure. Appends the lines as current() would print them, in canonical order; no lines are the default. 0, or -EINVAL
	 * and *error is filled.
	 */
	int (*parse)(const struct vx_feature_line *lines, int n, struct vx_lines *out, struct vx_feature_error *error);
	/* Appends what is configured now; nothing is printed, and what does not exist has no lines. */
	int (*current)(const struct vx_feature_target *target, struct vx_lines *out);
	/* All of it becomes lines, at once, as parse() made them; its policy is loaded. Negative errno after one printed line. */
	int (*replace)(const struct vx_feature_target *target, const struct vx_lines *lines);
	/* Of a set scope: call fn for each set that exists. */
	int (*each)(int (*fn)(const char *set, void *arg), void *arg);
};

extern const struct vx_feature vx_features[];
extern const int vx_features_n;

/* Index, or -ENOENT. */
int vx_feature_find(const char *name);

#endif
