// SPDX-License-Identifier: GPL-2.0-only
/* my: the policy that the manual's commands load. Rule 1 closes one port: 5353, or that of the version built with -DCLOSED=. */
#include <vhost_xdp/policy.h>

#ifndef CLOSED
#define CLOSED	5353
#endif
#ifndef RULES
#define RULES	4
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RULES);
	__type(key, __u32);
	__type(value, __u64);
} my_rules SEC(".maps");

SEC("xdp.frags")
int my(struct xdp_md *ctx)
{
	struct vx_pkt *pkt = vx_frame(ctx);
	__u32 key = 1;
	__u64 *closed = bpf_map_lookup_elem(&my_rules, &key);

	if (!pkt || !closed)
		return vx_drop(ctx, VX_REASON_DENIED);
	if (*closed && pkt->flags & VX_PKT_L4 && pkt->dport == CLOSED)
		return vx_drop_rule(ctx, VX_REASON_CUSTOM + 3, key);
	return vx_pass(ctx);
}

char _license[] SEC("license") = "GPL";
