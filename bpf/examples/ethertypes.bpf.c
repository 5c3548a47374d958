// SPDX-License-Identifier: GPL-2.0-only
/*
 * ethertypes: what is not in the list does not pass. IPv4, IPv6 and ARP are in it from the start; more are added with
 *
 *	bpftool map update pinned $P/policies/ethertypes/ethertypes_allowed key 204 136 value 1	# 0x88cc, LLDP
 *
 * pkt->ethertype is in host byte order and behind all VLAN tags, so that a tag does not hide what it carries.
 */
#include <linux/if_ether.h>
#include <vhost_xdp/policy.h>

/* The rule that the counters name. */
#define RULE_TAGGED	1
#define RULE_OTHER	2

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u16);
	__type(value, __u8);
} ethertypes_allowed SEC(".maps");

SEC("xdp.frags")
int ethertypes(struct xdp_md *ctx)
{
	struct vx_pkt *pkt = vx_frame(ctx);
	__u16 type;

	if (!pkt)
		return vx_drop(ctx, VX_REASON_DENIED);
	/* A guest of an access VLAN has no business with tags of its own. */
	if (pkt->flags & VX_PKT_VLAN_INNER)
		return vx_drop_rule(ctx, VX_REASON_DENIED, RULE_TAGGED);
	type = pkt->ethertype;
	if (type == ETH_P_IP || type == ETH_P_IPV6 || type == ETH_P_ARP)
		return vx_pass(ctx);
	if (bpf_map_lookup_elem(&ethertypes_allowed, &type))
		return vx_pass(ctx);
	return vx_drop_rule(ctx, VX_REASON_DENIED, RULE_OTHER);
}

char _license[] SEC("license") = "GPL";
