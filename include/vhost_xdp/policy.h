/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The policy contract, version 1. Frozen: fields are only ever taken out of "reserved".
 *
 * A policy is one C file with one XDP program. It judges frames of a port in
 * one direction, alone or as one of up to eight in a chain:
 *
 *	#include <vhost_xdp/policy.h>
 *
 *	SEC("xdp.frags")
 *	int my_policy(struct xdp_md *ctx)
 *	{
 *		struct vx_pkt *pkt = vx_frame(ctx);
 *
 *		if (!pkt || pkt->dport == 23)
 *			return vx_drop(ctx, VX_REASON_DENIED);
 *		return vx_pass(ctx);
 *	}
 *
 *	char _license[] SEC("license") = "GPL";
 *
 * Build it with "clang -O2 -g -target bpf"; libbpf-dev and linux-libc-dev
 * suffice. Load it with the two maps below replaced by the pinned ones:
 *
 *	bpftool prog load my.o DIR/prog map name vx_policy_v1 pinned ... map name vx_frame_v1 pinned ... pinmaps DIR
 *
 * Rules:
 * - Every path ends in "return vx_pass(ctx)", "return vx_drop(ctx, reason)" or
 *   "return vx_drop_rule(ctx, reason, rule)", written in the program itself:
 *   the kernel loses the verdict of a tail call made in a function that was
 *   not inlined. Another return value goes uncounted, and XDP_PASS delivers nothing.
 * - Treat struct vx_pkt as read-only (only the shipped policy stateful notes something in it). It belongs to this frame until the
 *   program returns; keep nothing in it and no pointer to it.
 * - The frame may be read through ctx->data, at the offsets given, with bounds
 *   checks as in any XDP program. It may not be changed.
 * - Maps of your own may have any name but these two.
 */
#ifndef VHOST_XDP_POLICY_H
#define VHOST_XDP_POLICY_H

#include <linux/types.h>
#include <linux/bpf.h>
#include "stats.h"

#define VX_POLICY_SLOTS		256	/* policy ids 1..255; slot 0 is vhost-xdp's own */
#define VX_CHAIN_MAX		8

/* What is known of the frame: bits of vx_pkt.flags. */
#define VX_PKT_VLAN_OUTER	(1u << 0)	/* had a tag that was taken off on entry: vlan_outer */
#define VX_PKT_VLAN_INNER	(1u << 1)	/* carries a tag: vlan_inner */
#define VX_PKT_GROUP		(1u << 2)	/* broadcast or multicast destination MAC */
#define VX_PKT_ARP		(1u << 3)	/* Ethernet/IPv4 ARP or RARP */
#define VX_PKT_IP4		(1u << 4)
#define VX_PKT_IP6		(1u << 5)
#define VX_PKT_FRAGMENT		(1u << 6)	/* an IP fragment; frag_off 0 is the first */
#define VX_PKT_L4		(1u << 7)	/* ip_proto's header is there: ports, or type and code, are valid */
#define VX_PKT_ND		(1u << 8)	/* IPv6 neighbour discovery, router messages and redirects included */
#define VX_PKT_LLADDR		(1u << 9)	/* ll_addr is set */
#define VX_PKT_MALFORMED	(1u << 10)	/* headers cut short, contradictory, or too many: later fields are unset */
#define VX_PKT_IP_OPTIONS	(1u << 11)	/* IPv4 options or IPv6 extension headers other than the fragment header */
#define VX_PKT_TRIAL		(1u << 12)	/* "bpftool prog run": nothing will be delivered */

/* Integers are in host byte order, addresses as on the wire. Absent parts are zero. */
struct vx_pkt {
	__u32 port;		/* id, as in "vhost-xdp port list -j" */
	__u32 direction;	/* enum vx_direction */
	__u8  port_mac[6];
	__u16 port_vlan;	/* access VLAN; 0: untagged */

	__u32 len;		/* of the frame from its Ethernet header, as the guest sees it */
	__u32 flags;		/* VX_PKT_* */
	__u8  dst[6];
	__u8  src[6];
	__u16 ethertype;	/* behind all VLAN tags; a length below 0x600 means 802.3 */
	__u16 vlan_outer;	/* TCI */
	__u16 vlan_inner;	/* TCI */

	__u16 l3_off;		/* from ctx->data; 0: not IP, not ARP */
	__u16 l4_off;		/* from ctx->data; 0: unknown, or not the first fragment */
	__u8  ip_proto;		/* upper layer, behind IPv6 extension headers */
	__u8  tcp_flags;
	__u32 saddr[4];		/* IPv6; IPv4 and ARP sender in [0] */
	__u32 daddr[4];		/* IPv6; IPv4 and ARP target in [0] */
	__u16 sport;		/* TCP, UDP, SCTP, DCCP, UDP-Lite */
	__u16 dport;
	__u16 frag_off;		/* in bytes */
	__u8  icmp_type;	/* ICMP, ICMPv6, IGMP */
	__u8  icmp_code;
	__u16 arp_op;
	__u8  ll_addr[6];	/* ARP sender, or ND source or target link-layer address option */
	__u32 nd_target[4];	/* NS, NA, redirect */

	/* The verdict so far: for the functions below. */
	__u8  chain[VX_CHAIN_MAX];
	__u8  pos;
	__u8  verdict;		/* enum vx_verdict */
	__u16 reason;		/* enum vx_reason or custom */
	__u32 rule;		/* as in struct vx_drop_key */

	__u16 segs;		/* frames that it stands for: of a super-frame that stays whole, more than one */
	__u16 gso_size;		/* then: bytes of payload in each but the last */

	__u8  flow;		/* enum vx_pkt_flow: what the policy stateful, before in the chain, knows of it */
	__u8  reserved8[3];
	__u32 reserved[14];
};

enum vx_pkt_flow {
	VX_PKT_FLOW_NONE = 0,		/* not asked, or no room to note it */
	VX_PKT_FLOW_NEW = 1,		/* opens a flow, or nothing came back yet */
	VX_PKT_FLOW_ESTABLISHED = 2,	/* of a flow that was answered */
	VX_PKT_FLOW_RELATED = 3,	/* an ICMP error for a flow, or a later fragment */
	VX_PKT_FLOW_FREE = 4,		/* needs none: ARP, neighbour discovery, group membership */
	VX_PKT_FLOW_INVALID = 5,	/* does not fit into its flow, or there is none and it cannot open one */
};

enum vx_verdict {
	VX_VERDICT_NONE = 0,	/* a chain that ends like this drops */
	VX_VERDICT_PASS = 1,
	VX_VERDICT_DROP = 2,
};

/* Key of map "vx_chain_v1"; its value is VX_CHAIN_MAX policy ids in order, ended by the first 0. */
struct vx_chain_key {
	__u32 port;
	__u32 direction;	/* enum vx_direction */
};

#ifdef __bpf__
#include <bpf/bpf_helpers.h>

/* Policies by id. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, VX_POLICY_SLOTS);
	__uint(key_size, sizeof(__u32));
	__array(values, int (void *));
} vx_policy_v1 SEC(".maps");

/* The frame under judgement on this CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct vx_pkt);
} vx_frame_v1 SEC(".maps");

/* The frame under judgement. Never NULL in practice; the verifier wants it checked. */
static __always_inline struct vx_pkt *vx_frame(struct xdp_md *ctx)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&vx_frame_v1, &zero);
}

/* As vx_drop(); rule (1..0xffffff) names the policy's own rule in the counters. */
static __always_inline int vx_drop_rule(struct xdp_md *ctx, __u32 reason, __u32 rule)
{
	struct vx_pkt *pkt = vx_frame(ctx);

	if (!pkt)
		return XDP_DROP;
	pkt->verdict = VX_VERDICT_DROP;
	pkt->reason = reason;
	pkt->rule = pkt->chain[pkt->pos & (VX_CHAIN_MAX - 1)] | rule << 8;
	bpf_tail_call(ctx, &vx_policy_v1, 0);
	return XDP_DROP;
}

/* The frame is dropped and counted under reason: enum vx_reason, or VX_REASON_CUSTOM and above. */
static __always_inline int vx_drop(struct xdp_md *ctx, __u32 reason)
{
	return vx_drop_rule(ctx, reason, 0);
}

/* This policy has no objection: the next one judges, or the frame is delivered. */
static __always_inline int vx_pass(struct xdp_md *ctx)
{
	struct vx_pkt *pkt = vx_frame(ctx);
	__u32 pos, next = 0;

	if (!pkt)
		return XDP_DROP;
	pos = pkt->pos + 1;
	if (pos < VX_CHAIN_MAX)
		next = pkt->chain[pos];
	if (!next) {
		pkt->verdict = VX_VERDICT_PASS;
	} else {
		pkt->pos = pos;
		/* Stands if the slot is empty. */
		pkt->verdict = VX_VERDICT_DROP;
		pkt->reason = VX_REASON_NO_POLICY;
		pkt->rule = next;
		bpf_tail_call(ctx, &vx_policy_v1, next);
	}
	bpf_tail_call(ctx, &vx_policy_v1, 0);
	return XDP_DROP;
}
#endif /* __bpf__ */

#endif
