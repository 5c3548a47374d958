// SPDX-License-Identifier: GPL-2.0-only
/*
 * quota: so many bytes per port and direction, then nothing more. A port without an entry is not limited.
 *
 *	bpftool map update pinned $P/policies/quota/quota_left key 1 0 0 0 0 0 0 0 value 0 202 154 59 0 0 0 0	# port 1, to-guest: 10^9
 *	bpftool map dump pinned $P/policies/quota/quota_left							# what is left
 *	bpftool map delete pinned $P/policies/quota/quota_left key 1 0 0 0 0 0 0 0				# no limit again
 *
 * The map is this policy's own: it is pinned beside the program, and keeps its contents when a new version is loaded.
 */
#include <vhost_xdp/policy.h>

/* What "vhost-xdp drops" and the counters show; tools print it as custom_64. */
#define REASON_QUOTA	VX_REASON_CUSTOM

struct quota_key {
	__u32 port;
	__u32 direction;	/* 0: to-guest, 1: from-guest */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2048);
	__type(key, struct quota_key);
	__type(value, __s64);
} quota_left SEC(".maps");

SEC("xdp.frags")
int quota(struct xdp_md *ctx)
{
	struct vx_pkt *pkt = vx_frame(ctx);
	struct quota_key key = {};
	__s64 *left;

	if (!pkt)
		return vx_drop(ctx, VX_REASON_DENIED);
	key.port = pkt->port;
	key.direction = pkt->direction;
	left = bpf_map_lookup_elem(&quota_left, &key);
	if (left) {
		/* Several CPUs take from one account: each may overdraw it by one frame, none is forgotten. */
		if (*left <= 0)
			return vx_drop(ctx, REASON_QUOTA);
		__sync_fetch_and_add(left, -(__s64)pkt->len);
	}
	return vx_pass(ctx);
}

char _license[] SEC("license") = "GPL";
