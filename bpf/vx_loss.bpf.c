// SPDX-License-Identifier: GPL-2.0-only
/*
 * Losses of XDP redirects, from the kernel's tracepoints: frames that a program sent somewhere, and that were not taken there. The
 * second one runs for each bulk of frames that is sent to a netdev, and looks at one number then.
 */
#include <stdbool.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <vhost_xdp/steer.h>
#include "maps.bpf.h"

/* What of the kernel's own structures is read, wherever it is there. */
struct net {
	__u64 net_cookie;
} __attribute__((preserve_access_index));

typedef struct {
	struct net *net;
} __attribute__((preserve_access_index)) possible_net_t;

struct net_device {
	int ifindex;
	possible_net_t nd_net;
} __attribute__((preserve_access_index));

/* Ifindexes mean something in one network namespace only, and all of them pass here. */
const volatile __u64 our_netns = 0;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, VX_REDIRECTS_MAX);
	__type(key, struct vx_redirect_key);
	__type(value, __u64);
} vx_redirects SEC(".maps");

static __always_inline bool is_ours(__u32 ifindex)
{
	return bpf_map_lookup_elem(&vx_ifs, &ifindex) || bpf_map_lookup_elem(&vx_uplinks, &ifindex);
}

static __always_inline void count(struct vx_redirect_key *key, __u64 n)
{
	__u64 *sum = bpf_map_lookup_elem(&vx_redirects, key), zero = 0;

	if (!sum) {
		/* May lose a race with another CPU: then the entry is there all the same. */
		bpf_map_update_elem(&vx_redirects, key, &zero, BPF_NOEXIST);
		sum = bpf_map_lookup_elem(&vx_redirects, key);
	}
	if (sum)
		*sum += n;
}

static __always_inline bool here(struct net_device *dev)
{
	return BPF_CORE_READ(dev, nd_net.net, net_cookie) == our_netns;
}

/* (dev, prog, target, err, map_type, map_id, index) */
SEC("raw_tp/xdp_redirect_err")
int vx_redirect_err(struct bpf_raw_tracepoint_args *ctx)
{
	struct net_device *dev = (void *)ctx->args[0];
	struct vx_redirect_key key = { .error = -(int)ctx->args[3] };

	if (!here(dev))
		return 0;
	key.from = BPF_CORE_READ(dev, ifindex);
	if (!is_ours(key.from))
		return 0;
	switch ((__u32)ctx->args[4]) {
	case BPF_MAP_TYPE_XSKMAP:
		key.kind = VX_REDIRECT_SOCKET;
		break;
	case BPF_MAP_TYPE_DEVMAP_HASH:
		key.kind = VX_REDIRECT_NETDEV;
		/* Our map's keys are the ifindexes. */
		key.to = ctx->args[6];
		break;
	default:
		key.kind = VX_REDIRECT_NETDEV;
	}
	count(&key, 1);
	return 0;
}

/* (from, to, sent, drops, err) */
SEC("raw_tp/xdp_devmap_xmit")
int vx_devmap_xmit(struct bpf_raw_tracepoint_args *ctx)
{
	struct net_device *from = (void *)ctx->args[0], *to = (void *)ctx->args[1];
	__u32 drops = ctx->args[3];
	struct vx_redirect_key key = { .kind = VX_REDIRECT_XMIT, .error = -(int)ctx->args[4] };

	if (!drops || !here(to))
		return 0;
	key.from = BPF_CORE_READ(from, ifindex);
	key.to = BPF_CORE_READ(to, ifindex);
	if (is_ours(key.from) || is_ours(key.to))
		count(&key, drops);
	return 0;
}

char _license[] SEC("license") = "GPL";
