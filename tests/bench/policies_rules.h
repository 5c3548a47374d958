/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random rules of the kind that clouds have, frames that meet them, and the same rules for nftables. */
#ifndef POLICIES_RULES_H
#define POLICIES_RULES_H

#include <stdio.h>
#include <linux/types.h>
#include <vhost_xdp/policy.h>
#include <vhost_xdp/acl.h>
#include "policies_shared.h"

/*
 * n rules: prefixes of all lengths as source, destination or both, a quarter of them IPv6; TCP or UDP, most with a
 * destination port or range. Always the same for the same n.
 */
void rules_make(struct vx_acl_rule *rules, __u32 n);
/* Half of the frames meet a rule drawn at random (or one before it), the others are random in the same address space. */
void frames_make(const struct vx_acl_rule *rules, __u32 n, struct bench_frame *frames, __u32 n_frames);
/* A netdev table on dev that drops what no rule accepts: the rules one by one, or their first address and port as one set. */
void rules_nft(FILE *out, const struct vx_acl_rule *rules, __u32 n, const char *dev, int as_set);

#endif
