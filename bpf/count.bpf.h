/* SPDX-License-Identifier: GPL-2.0-only */
/* Counting what passed and what did not. */
#ifndef VX_COUNT_BPF_H
#define VX_COUNT_BPF_H

#include "maps.bpf.h"

static __always_inline void vx_count_traffic(__u32 port, __u32 direction, __u32 packets, __u32 bytes)
{
	__u32 key = port * VX_DIRECTIONS + direction;
	struct vx_counter *c = bpf_map_lookup_elem(&vx_traffic, &key);

	if (c) {
		c->packets += packets;
		c->bytes += bytes;
	}
}

static __always_inline void vx_count_drop(struct vx_drop_key *key, __u32 packets, __u32 bytes)
{
	struct vx_counter *c = bpf_map_lookup_elem(&vx_drops, key);

	if (!c) {
		struct vx_counter zero = {};

		/* May lose a race with another CPU: then the entry is there all the same. */
		bpf_map_update_elem(&vx_drops, key, &zero, BPF_NOEXIST);
		c = bpf_map_lookup_elem(&vx_drops, key);
	}
	if (!c) {
		__u32 more = key->port * VX_DIRECTIONS + key->direction;

		c = bpf_map_lookup_elem(&vx_drops_more, &more);
	}
	if (c) {
		c->packets += packets;
		c->bytes += bytes;
	}
}

static __always_inline void vx_count_n(__u32 port, __u32 direction, __u32 stage, __u32 reason, __u32 rule, __u32 packets, __u32 bytes)
{
	struct vx_drop_key key = {
		.port = port,
		.direction = direction,
		.stage = stage,
		.reason = reason < VX_REASON_MAX ? reason : VX_REASON_DENIED,
		.rule = rule,
	};

	vx_count_drop(&key, packets, bytes);
}

static __always_inline void vx_count(__u32 port, __u32 direction, __u32 stage, __u32 reason, __u32 rule, __u32 bytes)
{
	vx_count_n(port, direction, stage, reason, rule, 1, bytes);
}

#endif
