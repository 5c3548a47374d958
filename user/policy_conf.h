/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the shipped policies' configurations have in common. Each is a struct in a map of its policy, and a few lines of words for people:
 * parsed without side effects, replaced as a whole by one map update, and printed in a canonical order that parses back to the same.
 */
#ifndef VX_POLICY_CONF_H
#define VX_POLICY_CONF_H

#include <stdbool.h>
#include <linux/types.h>

struct vx_port;

#define VX_WHY		200	/* bytes of an error text: what is wrong and what to write instead, without the program's name */
#define VX_CONF_LINE	256

/* Write why; returns -EINVAL. */
int vx_why(char why[VX_WHY], const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Takes one line of a configuration, without the object and the port; no newline. */
typedef void vx_conf_line(const char *words, void *arg);

/*
 * The fd of a map of a shipped policy, owned by the caller. With load the policy is loaded if need be, and a line is printed
 * when that fails; the caller holds the lock. Without, -ENOENT when it is not loaded, and nothing is printed.
 */
int vx_policy_map(const char *policy, const char *map, bool load);

/* The port of that name; prints a line when there is none. */
int vx_policy_port(const char *name, struct vx_port *port);

/* Call fn for the port of that name, or for all when it is NULL. Stops at the first error; prints a line for what is its own. */
int vx_policy_ports(const char *name, int (*fn)(const struct vx_port *port, void *arg), void *arg);

/* The port is gone: drop what the shipped policies' maps, under whatever name these were loaded, hold of it. */
void vx_policy_forget(__u32 port);

#endif
