/* SPDX-License-Identifier: GPL-2.0-only */
/* What the policy stateful wants to know of a frame: the flow that it names, and whether it could begin one. */
#ifndef VX_FLOW_SEEN_BPF_H
#define VX_FLOW_SEEN_BPF_H

#include <stdbool.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <bpf/bpf_endian.h>
#include <vhost_xdp/policy.h>
#include <vhost_xdp/stateful.h>

#define VX_TCP_FIN	0x01
#define VX_TCP_SYN	0x02
#define VX_TCP_RST	0x04
#define VX_TCP_ACK	0x10

enum vx_seen_kind {
	VX_SEEN_NOTHING,	/* no flow: other ICMP, not IP */
	VX_SEEN_FREE,		/* needs none */
	VX_SEEN_FLOW,
	VX_SEEN_LATER,		/* fragment; the key is that of the fragments between these addresses */
	VX_SEEN_ERROR,		/* ICMP; the key is that of the packet that it quotes */
};

struct vx_seen {
	struct vx_flow_key key;
	__u32 seq, ack;
	__u32 end;		/* TCP: behind its last byte, SYN and FIN counted */
	__u16 dport;		/* as sent */
	__u8  kind;		/* enum vx_seen_kind */
	__u8  direction;
	__u8  tcp;		/* flags */
	bool  opens;		/* of a kind that may begin a flow */
	bool  resumes;		/* TCP: of a connection that may have begun unseen */
	bool  first;		/* fragment, of several or of one */
};

static __always_inline void vx_copy_addr(__u32 *to, const __u32 *from)
{
	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
	to[3] = from[3];
}

/* The key of a frame that goes in the given direction from src to dst. */
static __always_inline void vx_key_ends(struct vx_flow_key *key, __u32 direction, const __u32 *src, const __u32 *dst, __u16 sport, __u16 dport)
{
	if (direction == VX_FROM_GUEST) {
		vx_copy_addr(key->guest, src);
		vx_copy_addr(key->peer, dst);
		key->guest_port = sport;
		key->peer_port = dport;
	} else {
		vx_copy_addr(key->guest, dst);
		vx_copy_addr(key->peer, src);
		key->guest_port = dport;
		key->peer_port = sport;
	}
}

#define ICMP4_REPLY		0
#define ICMP4_UNREACHABLE	3
#define ICMP4_ECHO		8
#define ICMP4_TIME_EXCEEDED	11
#define ICMP4_PARAMETER		12
#define ICMP4_TIMESTAMP		13
#define ICMP4_TIMESTAMP_REPLY	14
#define ICMP6_ERROR_LAST	4
#define ICMP6_ECHO		128
#define ICMP6_ECHO_REPLY	129
#define ICMP6_MLD_FIRST		130
#define ICMP6_MLD_LAST		132
#define ICMP6_MLD2_REPORT	143

/*
 * The peer_port of an exchange of which this frame is a part, sent in this direction: who asks, and what for. -1: none. "asks" says
 * whether this is the question.
 */
static __always_inline int vx_icmp_exchange(bool ip6, __u8 type, __u32 direction, bool *asks)
{
	__u32 what = 0;

	if (ip6 ? type == ICMP6_ECHO : type == ICMP4_ECHO) {
		*asks = true;
	} else if (ip6 ? type == ICMP6_ECHO_REPLY : type == ICMP4_REPLY) {
		*asks = false;
	} else if (!ip6 && type == ICMP4_TIMESTAMP) {
		*asks = true;
		what = 2;
	} else if (!ip6 && type == ICMP4_TIMESTAMP_REPLY) {
		*asks = false;
		what = 2;
	} else {
		return -1;
	}
	return what | (*asks ? direction : !direction);
}

static __always_inline bool vx_icmp_error(bool ip6, __u8 type)
{
	if (ip6)
		return type && type <= ICMP6_ERROR_LAST;
	return type == ICMP4_UNREACHABLE || type == ICMP4_TIME_EXCEEDED || type == ICMP4_PARAMETER;
}

static __always_inline bool vx_icmp_free(const struct vx_pkt *pkt)
{
	__u8 type = pkt->icmp_type;

	if (pkt->flags & VX_PKT_FRAGMENT)
		return false;
	return pkt->flags & VX_PKT_ND || (type >= ICMP6_MLD_FIRST && type <= ICMP6_MLD_LAST) || type == ICMP6_MLD2_REPORT;
}

struct vx_quoted {
	__u32 src[4], dst[4];
	__u8  l4[8];		/* ports; or type, code, checksum, identifier */
	__u8  proto;
};

/* The packet that an ICMP error quotes: its addresses and the first eight bytes of its payload, if those tell the flow. */
static __always_inline bool vx_quoted4(struct xdp_md *ctx, __u32 off, struct vx_quoted *q)
{
	__u8 ip[20];

	if (bpf_xdp_load_bytes(ctx, off, ip, sizeof(ip)))
		return false;
	if (ip[0] >> 4 != 4 || (ip[0] & 15) < 5 || (ip[6] & 0x1f) | ip[7])
		return false;
	q->proto = ip[9];
	__builtin_memcpy(q->src, ip + 12, 4);
	__builtin_memcpy(q->dst, ip + 16, 4);
	return !bpf_xdp_load_bytes(ctx, off + (ip[0] & 15) * 4, q->l4, sizeof(q->l4));
}

static __always_inline bool vx_quoted6(struct xdp_md *ctx, __u32 off, struct vx_quoted *q)
{
	__u8 ip[8];

	if (bpf_xdp_load_bytes(ctx, off, ip, sizeof(ip)) || ip[0] >> 4 != 6 || bpf_xdp_load_bytes(ctx, off + 8, q->src, 16) ||
	    bpf_xdp_load_bytes(ctx, off + 24, q->dst, 16))
		return false;
	q->proto = ip[6];
	off += 40;
	/* What was too big may have been the first of several. */
	if (q->proto == IPPROTO_FRAGMENT) {
		if (bpf_xdp_load_bytes(ctx, off, ip, sizeof(ip)) || ip[2] | (ip[3] & 0xf8))
			return false;
		q->proto = ip[0];
		off += 8;
	}
	return !bpf_xdp_load_bytes(ctx, off, q->l4, sizeof(q->l4));
}

/* An error goes to whom the quoted packet came from. Its key is that packet's, its seq too. */
static __always_inline void vx_see_error(struct xdp_md *ctx, const struct vx_pkt *pkt, struct vx_seen *seen)
{
	bool ip6 = pkt->flags & VX_PKT_IP6, asks;
	__u32 off = pkt->l4_off + 8, i, diff = 0;
	__u32 direction = !seen->direction;
	struct vx_quoted q = {};
	__u16 sport, dport;
	int exchange;

	if (ip6 ? !vx_quoted6(ctx, off, &q) : !vx_quoted4(ctx, off, &q))
		return;
	for (i = 0; i < 4; i++)
		diff |= q.src[i] ^ pkt->daddr[i];
	if (diff)
		return;
	sport = q.l4[0] << 8 | q.l4[1];
	dport = q.l4[2] << 8 | q.l4[3];
	switch (q.proto) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		exchange = vx_icmp_exchange(ip6, q.l4[0], direction, &asks);
		if (exchange < 0 || (q.proto == IPPROTO_ICMPV6) != ip6)
			return;
		sport = dport = q.l4[4] << 8 | q.l4[5];
		if (direction == VX_FROM_GUEST)
			dport = exchange;
		else
			sport = exchange;
		break;
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		break;
	default:
		sport = dport = 0;
	}
	vx_key_ends(&seen->key, direction, q.src, q.dst, sport, dport);
	seen->key.proto = q.proto;
	seen->seq = (__u32)q.l4[4] << 24 | q.l4[5] << 16 | q.l4[6] << 8 | q.l4[7];
	seen->kind = VX_SEEN_ERROR;
}

static __always_inline void vx_see_icmp(struct xdp_md *ctx, const struct vx_pkt *pkt, struct vx_seen *seen)
{
	bool ip6 = pkt->flags & VX_PKT_IP6, asks = false;
	int exchange;
	__u8 id[2];

	if (ip6 && vx_icmp_free(pkt)) {
		seen->kind = VX_SEEN_FREE;
		return;
	}
	if (vx_icmp_error(ip6, pkt->icmp_type)) {
		vx_see_error(ctx, pkt, seen);
		return;
	}
	exchange = vx_icmp_exchange(ip6, pkt->icmp_type, seen->direction, &asks);
	if (exchange < 0 || bpf_xdp_load_bytes(ctx, pkt->l4_off + 4, id, sizeof(id)))
		return;
	seen->key.guest_port = id[0] << 8 | id[1];
	seen->key.peer_port = exchange;
	seen->opens = asks;
	seen->kind = VX_SEEN_FLOW;
}

/* Payload is what the IP header says, not what the frame was padded to. */
static __always_inline void vx_see_tcp(struct xdp_md *ctx, const struct vx_pkt *pkt, struct vx_seen *seen)
{
	__u8 flags = pkt->tcp_flags & (VX_TCP_FIN | VX_TCP_SYN | VX_TCP_RST | VX_TCP_ACK);
	__u32 head, end, off = pkt->l3_off + (pkt->flags & VX_PKT_IP6 ? 4 : 2);
	__u8 l4[16], total[2];

	seen->kind = VX_SEEN_NOTHING;
	if (bpf_xdp_load_bytes(ctx, pkt->l4_off, l4, sizeof(l4)) || bpf_xdp_load_bytes(ctx, off, total, sizeof(total)))
		return;
	head = pkt->l4_off + (l4[12] >> 4) * 4;
	end = pkt->l3_off + (total[0] << 8 | total[1]) + (pkt->flags & VX_PKT_IP6 ? 40 : 0);
	if ((l4[12] >> 4) < 5 || head > end)
		return;
	/* Of these, no stack makes more than one at a time. */
	if (flags & VX_TCP_SYN && flags & (VX_TCP_RST | VX_TCP_FIN))
		return;
	seen->seq = (__u32)l4[4] << 24 | l4[5] << 16 | l4[6] << 8 | l4[7];
	seen->ack = (__u32)l4[8] << 24 | l4[9] << 16 | l4[10] << 8 | l4[11];
	seen->end = seen->seq + (end - head) + !!(flags & VX_TCP_SYN) + !!(flags & VX_TCP_FIN);
	seen->tcp = flags;
	seen->opens = flags == VX_TCP_SYN;
	seen->resumes = (flags & (VX_TCP_ACK | VX_TCP_SYN | VX_TCP_RST)) == VX_TCP_ACK;
	seen->kind = VX_SEEN_FLOW;
}

/* The guest's question to a DHCP server, wherever that is, and an answer to one. */
static __always_inline bool vx_is_dhcp(const struct vx_pkt *pkt)
{
	bool ip6 = pkt->flags & VX_PKT_IP6;
	__u16 client = ip6 ? 546 : 68, server = ip6 ? 547 : 67;

	return pkt->direction == VX_FROM_GUEST ? pkt->sport == client && pkt->dport == server :
						 pkt->sport == server && pkt->dport == client;
}

static __always_inline void vx_see_udp(const struct vx_pkt *pkt, struct vx_seen *seen)
{
	__u32 i;

	seen->opens = true;
	if (!vx_is_dhcp(pkt))
		return;
	seen->opens = pkt->direction == VX_FROM_GUEST;
	seen->key.kind |= VX_FLOW_DHCP << 1;
	for (i = 0; i < 4; i++)
		seen->key.guest[i] = seen->key.peer[i] = 0;
}

/* The frame is well-formed. */
static __always_inline void vx_see(struct xdp_md *ctx, const struct vx_pkt *pkt, struct vx_seen *seen)
{
	bool ip6 = pkt->flags & VX_PKT_IP6;

	seen->direction = pkt->direction & 1;
	seen->dport = pkt->dport;
	if (pkt->flags & VX_PKT_ARP)
		seen->kind = VX_SEEN_FREE;
	if (!(pkt->flags & (VX_PKT_IP4 | VX_PKT_IP6)))
		return;
	vx_key_ends(&seen->key, seen->direction, pkt->saddr, pkt->daddr, pkt->sport, pkt->dport);
	seen->key.vlan = pkt->flags & VX_PKT_VLAN_INNER ? pkt->vlan_inner & 0xfff : 0;
	seen->key.proto = pkt->ip_proto;
	seen->key.kind = ip6;
	if (pkt->flags & VX_PKT_FRAGMENT && pkt->frag_off) {
		seen->key.kind |= VX_FLOW_FRAGMENTS << 1;
		seen->kind = VX_SEEN_LATER;
		return;
	}
	seen->first = pkt->flags & VX_PKT_FRAGMENT;
	seen->kind = VX_SEEN_FLOW;
	switch (pkt->ip_proto) {
	case IPPROTO_TCP:
		vx_see_tcp(ctx, pkt, seen);
		break;
	case IPPROTO_UDP:
		vx_see_udp(pkt, seen);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		seen->kind = VX_SEEN_NOTHING;
		if ((pkt->ip_proto == IPPROTO_ICMPV6) == ip6 && pkt->flags & VX_PKT_L4)
			vx_see_icmp(ctx, pkt, seen);
		break;
	case IPPROTO_IGMP:
		seen->kind = ip6 ? VX_SEEN_FLOW : VX_SEEN_FREE;
		seen->opens = true;
		break;
	default:
		seen->opens = true;
	}
}

#endif
