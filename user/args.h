/* SPDX-License-Identifier: GPL-2.0-or-later */
/* "KEY VALUE" options after a command's fixed words, from a table. */
#ifndef VX_ARGS_H
#define VX_ARGS_H

#include <linux/types.h>

struct vx_arg {
	const char *name;	/* NULL ends the table */
	const char **text;	/* where to store the value as it is, or */
	__u32 *number;		/* as a number in min..max, or */
	__u32 min, max;
	const char **flag;	/* for a word without a value: set to the name */
};

/* Words may be abbreviated. 0, or -EINVAL after one line. */
int vx_args(const struct vx_arg *table, int argc, char **argv);

struct vx_verb {
	const char *name;	/* NULL ends the table */
	int (*run)(int argc, char **argv);	/* argv[0] is the word after the verb */
};

/* Run the verb that argv[0] abbreviates; without one, the first of the table if it is named def. */
int vx_verbs(const char *object, const struct vx_verb *table, const char *def, int argc, char **argv);

/* A usage error: says what, exits with 2 through -EINVAL. */
int vx_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
extern int vx_usage_error;

/* Hold the lock and the pins while fn changes state; release what is no longer needed. */
int vx_locked(int (*fn)(void *arg), void *arg);

#endif
