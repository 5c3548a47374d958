/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Groups: prefixes and ports by name. A port stands for the addresses that its antispoof entry lists. */
#ifndef VX_ACL_GROUP_H
#define VX_ACL_GROUP_H

#include "acl.h"

/*
 * "prefix P[,P...]" and "port NAME[,NAME...]", any number of times, added to group. -EINVAL with why. Pure: whether
 * ports exist is judged by vx_group_put().
 */
int vx_group_parse(int argc, char **argv, struct vx_acl_group *group, char why[VX_ACL_TEXT]);
/* The same back, canonical; len counts all of it. */
void vx_group_print(FILE *out, const struct vx_acl_group *group);

/* -ENOENT: there is none. Nothing is printed. */
int vx_group_get(const struct vx_acl_maps *maps, const char *name, struct vx_acl_group *group);
/*
 * Make it so, and compile all sets that name it anew; NULL: it goes. Refused with one line when a set still names it,
 * when a port is not there or lists no addresses, or when a set would not fit any more.
 */
int vx_group_put(const struct vx_acl_maps *maps, const char *name, const struct vx_acl_group *group);
int vx_group_each(const struct vx_acl_maps *maps, int (*fn)(const char *name, const struct vx_acl_group *group, void *arg), void *arg);

/* Whether there are addresses that the port stands for. */
bool vx_group_port_known(const char *port);

/* Sorted members of all groups that the rules name; instead of what is stored, name stands for group (NULL: it is not there). */
int vx_group_members(const struct vx_acl_maps *maps, const struct vx_acl_rules *rules, const char *name, const struct vx_acl_group *group,
		     struct vx_acl_members **members, __u32 *n);
void vx_group_members_free(struct vx_acl_members *members, __u32 n);

/* Compile all sets anew that name the group, as if it were group. dry: only see whether it can be done. */
int vx_acl_recompile(const struct vx_acl_maps *maps, const char *name, const struct vx_acl_group *group, bool dry);

#endif
