/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VX_ACL_LIST_H
#define VX_ACL_LIST_H

#include "acl.h"

/* "acl list": one set, or all that are in use, with counters. */
int vx_acl_list(const struct vx_acl_maps *maps, int argc, char **argv);
/* "acl test": which rule a packet would meet. */
int vx_acl_test(const struct vx_acl_maps *maps, const struct vx_acl_target *target, int argc, char **argv);

#endif
