/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocols and ICMP types by name. */
#ifndef VX_ACL_NAMES_H
#define VX_ACL_NAMES_H

#include <stdbool.h>
#include <linux/types.h>

/* By name or number; enum vx_acl_proto for what is none. -ENOENT. */
int vx_acl_proto_of(const char *word, __u16 *proto);
/* A name or number in static memory, until the next call. */
const char *vx_acl_proto_name(__u32 proto);
/* Also where it is said only "IP", and may so be one that has. */
bool vx_acl_has_ports(__u32 proto);

int vx_acl_type_of(__u32 proto, const char *word, __u8 *type);
const char *vx_acl_type_name(__u32 proto, __u8 type);
/* All names of one protocol's types, as text. */
const char *vx_acl_types(__u32 proto);

#endif
