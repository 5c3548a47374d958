// SPDX-License-Identifier: GPL-2.0-only
/*
 * closed_ports: TCP and UDP ports that nobody reaches, from a list that is replaced as a whole. The list is a map of its own;
 * the one that counts is that in "closed_sets". Whoever changes it fills a new map first and then puts it there, so that no
 * frame meets half of a list, and the old one, while it is pinned, is one command away:
 *
 *	M=$P/policies/closed_ports
 *	bpftool map create $M/set_1 type hash key 2 value 1 entries 1024 name closed
 *	bpftool map update pinned $M/set_1 key 23 0 value 1				# telnet
 *	bpftool map update pinned $M/closed_sets key 0 0 0 0 value pinned $M/set_1	# from now on
 *
 * Without a list nothing passes: this policy does not guess.
 */
#include <linux/in.h>
#include <vhost_xdp/policy.h>

/* What "bpftool map create" is told: key, value, entries. */
struct closed {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u16);
	__type(value, __u8);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct closed);
} closed_sets SEC(".maps");

SEC("xdp.frags")
int closed_ports(struct xdp_md *ctx)
{
	struct vx_pkt *pkt = vx_frame(ctx);
	__u32 zero = 0;
	__u16 port;
	void *set;

	/* Looked up once: this frame is judged by this list, whatever is put there meanwhile. */
	set = bpf_map_lookup_elem(&closed_sets, &zero);
	if (!pkt || !set)
		return vx_drop(ctx, VX_REASON_DENIED);
	if (!(pkt->flags & VX_PKT_L4) || (pkt->ip_proto != IPPROTO_TCP && pkt->ip_proto != IPPROTO_UDP))
		return vx_pass(ctx);
	port = pkt->dport;
	if (bpf_map_lookup_elem(set, &port))
		/* The rule in the counters is the port. */
		return vx_drop_rule(ctx, VX_REASON_DENIED, port);
	return vx_pass(ctx);
}

char _license[] SEC("license") = "GPL";
