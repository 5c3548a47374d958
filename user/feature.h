/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What policies are configured with: rules of a port, of a port's direction, or of a named set. To the configuration file,
 * to "apply" and to "show --conf" all of them are lines of words. A new one is one entry of vx_features, made of what the
 * policy's own commands are made of: words into a struct, that struct into lines, and the struct read and replaced.
 */
#ifndef VX_FEATURE_H
#define VX_FEATURE_H

#include <stddef.h>
#include <linux/types.h>

#include "lines.h"

#define VX_FEATURES_MAX		8
#define VX_CONF_NAME_MAX	31	/* of a set */
#define VX_FEATURE_WHY		1024

enum vx_feature_scope {
	VX_SCOPE_PORT,		/* "NAME WORDS" or "NAME { LINES }" in a port */
	VX_SCOPE_DIRECTION,	/* the same behind a direction: "NAME to-guest WORDS" */
	VX_SCOPE_SET,		/* "NAME SET { LINES }", outside of ports; NAME may be two words */
};

/* Whose configuration. */
struct vx_feature_target {
	const char *name;	/* of the port, or of the set */
	__u32 port;		/* its id; 0: a set */
	int direction;		/* 0 unless the scope is a direction */
};

/* Where lines are wrong, and what would be right. */
struct vx_feature_error {
	int line, word;		/* from 0 */
	char text[VX_FEATURE_WHY];
};

struct vx_feature_line {
	char **word;
	int n;			/* at least 1 */
};

/* Takes one line; no newline. */
typedef void vx_feature_out(const char *line, void *arg);

struct vx_feature {
	const char *name;
	enum vx_feature_scope scope;
	bool early;		/* of a port, what sets may stand for */
	bool refers;		/* its lines may name sets */
	bool one_line;		/* all words belong together, in whichever lines they are */
	const char *policy;	/* shipped; its maps hold the configuration */
	const char *idle;	/* of a port: what is said when its rules are there, but the policy is not in its chain */
	const char *ref;	/* of a set: how rules name one, "group" for "group NAME" */
	size_t size;		/* of the struct; all zero are the defaults */

	/* Pure. One line into the struct; 0, or -EINVAL with why. */
	int (*words)(int argc, char **argv, void *conf, char *why);
	/* Pure, may be NULL. What can only be said once all lines are there, in which *line is the one to blame. */
	int (*whole)(void *conf, int *line, char *why);
	/* In canonical order. */
	void (*print)(const void *conf, vx_feature_out *line, void *arg);
	/* What the struct owns; may be NULL. */
	void (*release)(void *conf);
	/* 0, -ENOENT: nothing is configured, or another negative errno; nothing is printed. */
	int (*get)(const struct vx_feature_target *target, void *conf);
	/* At once; NULL: nothing is configured any more, or the set is gone. Negative errno after one printed line. */
	int (*replace)(const struct vx_feature_target *target, void *conf);
	/* Of a set: fn for each that exists, until it returns non-zero; returns that. */
	int (*each)(int (*fn)(const char *set, void *arg), void *arg);
};

extern const struct vx_feature vx_features[];
extern const int vx_features_n;

/* Index, or -ENOENT. */
int vx_feature_find(const char *name);

/* Pure. Appends the lines as they would be printed; no lines are the defaults. 0, or -EINVAL and *error is filled. */
int vx_feature_parse(int feature, const struct vx_feature_line *lines, int n, struct vx_lines *out, struct vx_feature_error *error);
/* Appends what is configured now. Negative errno; nothing is printed. */
int vx_feature_current(int feature, const struct vx_feature_target *target, struct vx_lines *out);
/* All of it becomes lines, as they were printed; NULL: the set goes. Negative errno after one line. */
int vx_feature_replace(int feature, const struct vx_feature_target *target, const struct vx_lines *lines);

#endif
