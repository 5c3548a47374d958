/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy "acl": sets of rules and groups by name. Parsing and printing of
 * single rules is in acl_words.h.
 *
 * Functions that change something run under vx_locked(), print one line when
 * they fail, and then leave everything as it was.
 */
#ifndef VX_ACL_H
#define VX_ACL_H

#include <stdio.h>
#include "acl_store.h"
#include "acl_words.h"
#include "names.h"

/* The pinned maps; -ENOENT, when the policy is not loaded. Nothing is printed. */
int vx_acl_open(struct vx_acl_maps *maps);
/* Those of the version before, which may be the same. */
int vx_acl_open_prev(struct vx_acl_maps *maps);

/*
 * Hold the lock and the maps while fn runs. make: what is missing is made, as by vx_locked(), the shipped policy is
 * loaded, and both go again when fn fails. Else fn is not called where nothing is set up: -ENOENT then, without a line.
 */
int vx_acl_locked(bool make, int (*fn)(const struct vx_acl_maps *maps, void *arg), void *arg);

/* Which set, in words: "vm1 to-guest", "set web". */
struct vx_acl_target {
	const char *port;	/* NULL: a named set */
	int direction;
	const char *name;
	__u32 port_id;
	__u32 set;		/* the one meant: a port's own, or the named one */
	__u32 used;		/* what the port uses now: the same, a named one, or VX_ACL_SET_DEFAULT */
	char text[64];		/* for messages */
};

/*
 * Find a target. Words used, or negative after one line. make: a named set
 * that is not there gets a number, which is free until something is put into it.
 */
int vx_acl_target(const struct vx_acl_maps *maps, int argc, char **argv, bool make, struct vx_acl_target *target);
/* "vm1 to-guest", "set web", "set default" by number; needs the ports' names. */
void vx_acl_set_text(const struct vx_acl_maps *maps, __u32 set, char text[64]);

/* Rules with their order, numbers and limits; what they collide with is told. line: of a file each came from, or NULL. */
int vx_acl_add(struct vx_acl_rules *rules, const struct vx_acl_rule *rule, const char *where);

/*
 * The whole configuration of a set, replaced as one. A port that used another
 * set uses its own from then on.
 */
int vx_acl_put(const struct vx_acl_maps *maps, const struct vx_acl_target *target, struct vx_acl_rules *rules);
/* Which set the frames of a target's port meet; one map update. */
int vx_acl_use(const struct vx_acl_maps *maps, const struct vx_acl_target *target, __u32 set);

/* Each set that has rules or a default in force, with its rules and their counters, until fn returns non-zero. */
int vx_acl_each(const struct vx_acl_maps *maps, int (*fn)(__u32 set, const char *text, const struct vx_acl_rules *rules, void *arg), void *arg);

/* Lines of a file, in the form that vx_acl_print() writes, into rules. name is for messages. */
int vx_acl_load(FILE *file, const char *name, struct vx_acl_rules *rules);
/* "default allow|deny", then the rules in the order of judgement. */
void vx_acl_print(FILE *out, const struct vx_acl_rules *rules, const char *indent);

/* Of names.h: in which rule a drop was, and each rule's counter. */
int vx_acl_rule_name(const struct vx_policy *policy, const struct vx_rule_of *of, char *text, size_t len);
int vx_acl_rule_each(const struct vx_policy *policy, int (*fn)(const char *rule, const struct vx_counter *sum, void *arg), void *arg);

/* After a port is gone, by name and number: its own sets, and its membership in groups. */
void vx_acl_forget_port(__u32 port, const char *name);
/* The addresses that its antispoof entry lists have changed: groups that name it are compiled anew. */
int vx_acl_port_changed(const char *name);

/*
 * Compile rules with the groups that they name; name, when given, as if it were group (NULL: as if it were not there).
 * what is for messages.
 */
int vx_acl_compile_rules(const struct vx_acl_maps *maps, const struct vx_acl_rules *rules, const char *name, const struct vx_acl_group *group,
			 const char *what, struct vx_acl_built *built);

#endif
