// SPDX-License-Identifier: GPL-2.0-only
/*
 * ruled: closes the ports that its rule set lists. A set is a map of its own, and the one that counts is that in "sets": it is
 * replaced as a whole. Entries 1 and 2 of a set are alike, and differ from set to set: a frame that saw half of one and half
 * of the other is dropped under a reason of its own.
 */
#include <vhost_xdp/policy.h>

#define REASON_TORN	(VX_REASON_CUSTOM + 1)

struct ruleset {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct ruleset);
} sets SEC(".maps");

SEC("xdp.frags")
int ruled(struct xdp_md *ctx)
{
	struct vx_pkt *pkt = vx_frame(ctx);
	__u32 key = 0, first = 1, second = 2, *a, *b;
	void *set = bpf_map_lookup_elem(&sets, &key);

	if (!pkt || !set)
		return vx_drop(ctx, VX_REASON_DENIED);
	a = bpf_map_lookup_elem(set, &first);
	b = bpf_map_lookup_elem(set, &second);
	if (!a || !b || *a != *b)
		return vx_drop(ctx, REASON_TORN);
	key = pkt->dport;
	if (bpf_map_lookup_elem(set, &key))
		return vx_drop_rule(ctx, VX_REASON_DENIED, *a);
	return vx_pass(ctx);
}

char _license[] SEC("license") = "GPL";
