/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counters of rules: what an image counted, and what is kept beside the rules
 * from images before it. The sum is what a rule counted since it was made.
 */
#ifndef VX_ACL_COUNTERS_H
#define VX_ACL_COUNTERS_H

#include "acl_store.h"

/* What the image counted on top of what the rules carry. */
void vx_acl_counters_add(struct vx_acl_rules *rules, const struct vx_acl_built *built);
void vx_acl_counters_zero(struct vx_acl_rules *rules);

/*
 * Side "to" came into force after "from": a rule that is in both, and the
 * default, go on where they were. base: what "to" said before it came into force.
 */
void vx_acl_counters_carry(const struct vx_acl_maps *maps, __u32 set, int from, int to, const struct vx_acl_rules *base);

/* What an image counted that is no longer in use is added to what the rules of that side carry. */
void vx_acl_counters_keep(const struct vx_acl_maps *maps, __u32 set, int side, const struct vx_acl_built *last);

#endif
