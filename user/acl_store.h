/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of rules in the maps of <vhost_xdp/acl.h>. Everything here runs under
 * the lock of pins.h (or is alone with its maps, as tests are), returns a negative
 * errno, and prints nothing.
 */
#ifndef VX_ACL_STORE_H
#define VX_ACL_STORE_H

#include "acl_compile.h"

struct vx_acl_maps {
	int use, heads, sets, rules, groups;
	int image[VX_ACL_IMAGES];
};

/* open: an fd of the map of that name, which is then the caller's to close by vx_acl_maps_close(). */
int vx_acl_maps_open(struct vx_acl_maps *maps, int (*open)(void *arg, const char *name), void *arg);
void vx_acl_maps_close(struct vx_acl_maps *maps);

/* Rules in the order of judgement. */
struct vx_acl_rules {
	struct vx_acl_rule *rule;
	__u32 n, room;
	bool allow;			/* default verdict */
	struct vx_counter fallback[2];	/* VX_ACL_COUNT_* */
};

void vx_acl_rules_free(struct vx_acl_rules *rules);

/* head of a set, 0: it has no rules and no default, and denies. */
int vx_acl_head(const struct vx_acl_maps *maps, __u32 set, __u32 *head);

/*
 * A side of a set with its counters as they are now. side: 0, 1, or -1 for the
 * one in force. -ENOENT: there is none.
 */
int vx_acl_read(const struct vx_acl_maps *maps, __u32 set, int side, struct vx_acl_rules *rules);
int vx_acl_read_image(const struct vx_acl_maps *maps, __u32 set, int side, struct vx_acl_built *built);

/*
 * Put rules in force, of which built is the image, by one map update; what was
 * in force becomes the side before. A rule that is in both goes on counting where
 * it was. When this fails, what was in force still is.
 */
int vx_acl_replace(const struct vx_acl_maps *maps, __u32 set, const struct vx_acl_rules *rules, const struct vx_acl_built *built);

/* The side before comes back into force, and the other way round. -ENOENT: there is none. */
int vx_acl_rollback(const struct vx_acl_maps *maps, __u32 set);

/* The same rules, compiled anew: one update puts the image in the place of the one that this side had. Counters go on. */
int vx_acl_swap_image(const struct vx_acl_maps *maps, __u32 set, int side, const struct vx_acl_built *built);

/* The side that is not in force goes. */
int vx_acl_forget_side(const struct vx_acl_maps *maps, __u32 set, int side);

/* Both sides go. What uses the set is denied from then on. */
void vx_acl_drop(const struct vx_acl_maps *maps, __u32 set);

/* The same frames, by the same condition. */
bool vx_acl_same_match(const struct vx_acl_rule *a, const struct vx_acl_rule *b);

#endif
