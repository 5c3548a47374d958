/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what a host is to what a file says: which steps in which order, and how that reads as a diff. Pure functions.
 *
 * The order keeps this promise: at no moment do a port's policies pass what neither those before nor those afterwards
 * would. A new port has no chain, and passes nothing, until its rules are there. Of a port that runs, one change is one
 * write to a map. Where several belong together (the rules of two policies of a chain; a chain and rules that both the old
 * and the new one use), that direction is closed meanwhile: its chain is "none".
 */
#ifndef VX_PLAN_H
#define VX_PLAN_H

#include <jansson.h>

#include "conf.h"

#define VX_PLAN_PRUNE		(1u << 0)	/* what is not in the file goes */
#define VX_PLAN_RECREATE	(1u << 1)	/* ports whose change takes that are made anew */

enum vx_plan_op {
	VX_POLICY_LOAD,
	VX_POLICY_DEL,
	VX_UPLINK_ADD,
	VX_UPLINK_AGAIN,	/* taken away, with force, and added */
	VX_UPLINK_DEL,
	VX_PORT_ADD,		/* without a chain */
	VX_PORT_DEL,
	VX_PORT_CLEAN,		/* what a killed run left of it */
	VX_PORT_ATTACH,
	VX_PORT_SET,		/* what can be changed while it runs: host, flood-pps */
	VX_CHAIN_SET,
	VX_LINES_SET,		/* of a feature: of a port or a set */
};

/* All that it points to belongs to the configurations. */
struct vx_plan_step {
	enum vx_plan_op op;
	const char *name;			/* of the object */
	const void *want, *have;		/* the struct vx_conf_* of it, or NULL */
	int feature, direction;
	const char *chain, *old_chain;
	const struct vx_lines *lines, *old_lines;	/* NULL: no such set */
};

struct vx_plan_change {
	char sign;		/* '+', '-', '~', or '#' for what is only said */
	char *what;		/* "port vm1"; owned */
	const char *why;	/* or NULL */
	struct vx_lines lines;	/* each begins with '+' or '-' */
};

struct vx_plan {
	struct vx_plan_step *step;
	struct vx_plan_change *change;
	int steps, changes;
	struct vx_conf_errors refused;	/* what stands against it, with what to do */
};

/* want and have are made alike first, where the file leaves something open. Both must outlive the plan. */
void vx_plan_make(struct vx_conf *want, struct vx_conf *have, unsigned int flags, struct vx_plan *plan);
void vx_plan_free(struct vx_plan *plan);
/* Does it change nothing? */
bool vx_plan_empty(const struct vx_plan *plan);
/* For people: a line for each object and for each of its lines, with '+', '-', '~' or '#' in front. */
void vx_plan_print(const struct vx_plan *plan, FILE *out);
/* The same as a JSON array; NULL: out of memory. */
json_t *vx_plan_json(const struct vx_plan *plan);

/* --- for plan*.c alone --- */

/* Of plan_tell.c: the changes, in words. */
void vx_plan_tell(const struct vx_conf *want, const struct vx_conf *have, unsigned int flags, struct vx_plan *plan);

/* Why this port cannot become that one while it lives; NULL: it can. */
const char *vx_plan_anew(const struct vx_conf_port *want, const struct vx_conf_port *have);
/* Must this direction be closed while it changes? */
bool vx_plan_closes(const struct vx_conf *want, const struct vx_conf *have, const struct vx_conf_port *w, const struct vx_conf_port *h,
		    int dir);
/* The rules of a feature: before the chain, or behind it. */
bool vx_plan_behind(const struct vx_conf_port *w, const struct vx_conf_port *h, int feature, int dir);

#endif
