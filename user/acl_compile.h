/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From rules to the image that the policy "acl" reads: see <vhost_xdp/acl.h>. Pure: no maps, nothing is printed. */
#ifndef VX_ACL_COMPILE_H
#define VX_ACL_COMPILE_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
#include <vhost_xdp/policy.h>
#include <vhost_xdp/acl.h>

/* What a group stands for now. */
struct vx_acl_members {
	char name[VX_ACL_NAME_LEN];
	struct vx_acl_prefix *prefix;
	__u32 n;
};

struct vx_acl_source {
	const struct vx_acl_rule *rules;	/* in the order of judgement */
	__u32 n;
	bool allow;				/* default verdict */
	const struct vx_acl_members *groups;	/* sorted by name */
	__u32 n_groups;
	__u32 cpus;				/* that may run the program */
};

struct vx_acl_built {
	void *image;	/* VX_ACL_IMAGE_SIZE(size) + VX_ACL_IMAGE_SLACK bytes, to be freed */
	__u32 size;	/* n of acl_image_N */
	size_t used;	/* bytes; where it does not fit: needed */
};

/* -E2BIG: the largest image has no room for it; -ENOENT: a rule names a group that is not there; -ENOMEM. */
int vx_acl_compile(const struct vx_acl_source *source, struct vx_acl_built *built);

/* Which rule of an image a frame meets: its place in the order of judgement, or VX_ACL_NO_HIT and why in *allow. */
__u32 vx_acl_judge(const struct vx_acl_built *built, const struct vx_pkt *pkt, bool *allow, __u32 *number);

#endif
