/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the bytes of a frame to struct vx_pkt, once per frame and direction, so
 * that no policy parses again or differently. Whatever does not add up sets
 * VX_PKT_MALFORMED and ends the parse: a policy may then trust what is set.
 * Headers are read from the first buffer only; drivers put them there.
 */
#ifndef VX_PARSE_BPF_H
#define VX_PARSE_BPF_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <vhost_xdp/policy.h>
#include "ether.bpf.h"

#define VX_INNER_TAGS	2
#define VX_EXT_HEADERS	8	/* IPv6; senders need five at most */
#define VX_ND_OPTIONS	8
#define VX_OFF_MAX	8192	/* headers end before; keeps offsets in the verifier's range */

struct vx_cursor {
	void *data, *end;
	__u32 off;	/* of the next byte to read */
	__u32 limit;	/* where the enclosing header says that its payload ends */
};

/*
 * The next len bytes, or NULL when they are not all there. The empty asm keeps
 * the compiler from merging pulls of different lengths into one of a variable
 * length, whose bounds Linux 6.1 would not follow.
 */
static __always_inline void *vx_pull(struct vx_cursor *c, const __u32 len)
{
	void *p;

	asm volatile("" : : "i"(len));
	if (c->off > VX_OFF_MAX || c->off + len > c->limit)
		return NULL;
	p = c->data + c->off;
	if (p + len > c->end)
		return NULL;
	c->off += len;
	return p;
}

struct vx_arp {
	__be16 htype, ptype;
	__u8 hlen, plen;
	__be16 op;
	__u8 sha[ETH_ALEN];
	__u8 spa[4];
	__u8 tha[ETH_ALEN];
	__u8 tpa[4];
};

static __always_inline bool vx_parse_arp(struct vx_cursor *c, struct vx_pkt *pkt)
{
	struct vx_arp *arp = vx_pull(c, sizeof(*arp));

	if (!arp || arp->htype != bpf_htons(1) || arp->ptype != bpf_htons(ETH_P_IP) || arp->hlen != ETH_ALEN || arp->plen != 4)
		return false;
	pkt->arp_op = bpf_ntohs(arp->op);
	vx_copy_mac(pkt->ll_addr, arp->sha);
	__builtin_memcpy(&pkt->saddr[0], arp->spa, 4);
	__builtin_memcpy(&pkt->daddr[0], arp->tpa, 4);
	pkt->flags |= VX_PKT_ARP | VX_PKT_LLADDR;
	return true;
}

#define VX_ND_RS	133
#define VX_ND_RA	134
#define VX_ND_NS	135
#define VX_ND_NA	136
#define VX_ND_REDIRECT	137

struct vx_nd_option {
	__u8 type;
	__u8 len;	/* in units of 8 bytes, this header included */
};

static __always_inline bool vx_parse_nd_options(struct vx_cursor *c, struct vx_pkt *pkt, __u8 wanted)
{
	struct vx_nd_option *opt;
	__u8 *mac;
	int i;

	for (i = 0; i < VX_ND_OPTIONS && c->off < c->limit; i++) {
		__u32 start = c->off;

		opt = vx_pull(c, sizeof(*opt));
		if (!opt || !opt->len)
			return false;
		if (opt->type == wanted) {
			/* A second one would make it the receiver's choice which to believe. */
			if (opt->len != 1 || pkt->flags & VX_PKT_LLADDR)
				return false;
			mac = vx_pull(c, ETH_ALEN);
			if (!mac)
				return false;
			vx_copy_mac(pkt->ll_addr, mac);
			pkt->flags |= VX_PKT_LLADDR;
		} else {
			c->off = start + opt->len * 8;
		}
	}
	return c->off == c->limit;
}

/* The cursor is behind type, code and checksum. */
static __always_inline bool vx_parse_nd(struct vx_cursor *c, struct vx_pkt *pkt)
{
	__u8 type = pkt->icmp_type;
	__u32 *target;

	pkt->flags |= VX_PKT_ND;
	/* Nobody may believe neighbour discovery in fragments (RFC 6980), so there is nothing to understand. */
	if (pkt->flags & VX_PKT_FRAGMENT)
		return true;
	if (type == VX_ND_RA ? !vx_pull(c, 12) : !vx_pull(c, 4))
		return false;
	if (type >= VX_ND_NS) {
		target = vx_pull(c, sizeof(pkt->nd_target));
		if (!target)
			return false;
		__builtin_memcpy(pkt->nd_target, target, sizeof(pkt->nd_target));
	}
	if (type == VX_ND_REDIRECT && !vx_pull(c, sizeof(struct in6_addr)))
		return false;
	return vx_parse_nd_options(c, pkt, type == VX_ND_NA || type == VX_ND_REDIRECT ? 2 : 1);
}

/* The fixed part has to be there: a first fragment that cuts it leaves the rest to be rewritten by the next. */
static __always_inline bool vx_parse_l4(struct vx_cursor *c, struct vx_pkt *pkt)
{
	__u32 off = c->off;
	__u8 proto = pkt->ip_proto;
	__be16 *ports;
	__u8 *icmp;

	switch (proto) {
	case IPPROTO_TCP:
		ports = vx_pull(c, 20);
		if (!ports)
			return false;
		pkt->tcp_flags = ((__u8 *)ports)[13];
		goto ports;
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		ports = vx_pull(c, 12);
		goto ports;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		ports = vx_pull(c, 8);
ports:
		if (!ports)
			return false;
		pkt->sport = bpf_ntohs(ports[0]);
		pkt->dport = bpf_ntohs(ports[1]);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
	case IPPROTO_IGMP:
		icmp = vx_pull(c, 4);
		if (!icmp)
			return false;
		pkt->icmp_type = icmp[0];
		pkt->icmp_code = icmp[1];
		break;
	default:
		return true;
	}
	pkt->l4_off = off;
	pkt->flags |= VX_PKT_L4;
	if (proto == IPPROTO_ICMPV6 && pkt->flags & VX_PKT_IP6 && pkt->icmp_type >= VX_ND_RS && pkt->icmp_type <= VX_ND_REDIRECT)
		return vx_parse_nd(c, pkt);
	return true;
}

static __always_inline bool vx_parse_ip4(struct vx_cursor *c, struct vx_pkt *pkt)
{
	struct iphdr *ip = vx_pull(c, sizeof(*ip));
	__u32 ihl, total;
	__u16 frag;

	if (!ip || ip->version != 4)
		return false;
	ihl = ip->ihl * 4;
	total = bpf_ntohs(ip->tot_len);
	if (ihl < sizeof(*ip) || total < ihl || pkt->l3_off + total > pkt->len)
		return false;
	pkt->saddr[0] = ip->saddr;
	pkt->daddr[0] = ip->daddr;
	pkt->ip_proto = ip->protocol;
	frag = bpf_ntohs(ip->frag_off);
	pkt->frag_off = (frag & 0x1fff) * 8;
	pkt->flags |= VX_PKT_IP4;
	if (frag & 0x3fff)
		pkt->flags |= VX_PKT_FRAGMENT;
	if (ihl > sizeof(*ip))
		pkt->flags |= VX_PKT_IP_OPTIONS;
	c->limit = pkt->l3_off + total;
	c->off = pkt->l3_off + ihl;
	return pkt->frag_off ? true : vx_parse_l4(c, pkt);
}

struct vx_ext_header {
	__u8 next;
	__u8 len;
	__be16 frag;	/* fragment header: offset and flags */
	__u32 rest;
};

/* Follow IPv6 extension headers to the upper layer. 0: found; 1: a later fragment, there is none; negative: malformed. */
static __always_inline int vx_parse_ext(struct vx_cursor *c, struct vx_pkt *pkt)
{
	struct vx_ext_header *ext;
	__u8 proto = pkt->ip_proto;
	__u32 start;
	int i;

	for (i = 0; i <= VX_EXT_HEADERS; i++) {
		switch (proto) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
		case IPPROTO_AH:
		case IPPROTO_FRAGMENT:
		case IPPROTO_MH:
		case 139: /* HIP */
		case 140: /* Shim6 */
			break;
		default:
			pkt->ip_proto = proto;
			return 0;
		}
		start = c->off;
		ext = vx_pull(c, sizeof(*ext));
		if (!ext)
			return -1;
		if (proto == IPPROTO_FRAGMENT) {
			/* One fragment inside another is nothing that a sender makes. */
			if (pkt->flags & VX_PKT_FRAGMENT)
				return -1;
			pkt->frag_off = bpf_ntohs(ext->frag) & 0xfff8;
			pkt->flags |= VX_PKT_FRAGMENT;
		} else {
			pkt->flags |= VX_PKT_IP_OPTIONS;
			c->off = start + (proto == IPPROTO_AH ? (ext->len + 2) * 4 : (ext->len + 1) * 8);
			if (c->off > c->limit)
				return -1;
		}
		proto = ext->next;
		if (pkt->frag_off) {
			pkt->ip_proto = proto;
			return 1;
		}
	}
	return -1;
}

static __always_inline bool vx_parse_ip6(struct vx_cursor *c, struct vx_pkt *pkt)
{
	struct ipv6hdr *ip6 = vx_pull(c, sizeof(*ip6));
	__u32 total;
	int err;

	if (!ip6 || ip6->version != 6)
		return false;
	total = sizeof(*ip6) + bpf_ntohs(ip6->payload_len);
	if (pkt->l3_off + total > pkt->len)
		return false;
	__builtin_memcpy(pkt->saddr, &ip6->saddr, sizeof(pkt->saddr));
	__builtin_memcpy(pkt->daddr, &ip6->daddr, sizeof(pkt->daddr));
	pkt->ip_proto = ip6->nexthdr;
	pkt->flags |= VX_PKT_IP6;
	c->limit = pkt->l3_off + total;
	err = vx_parse_ext(c, pkt);
	return err ? err > 0 : vx_parse_l4(c, pkt);
}

static __always_inline bool vx_parse_l3(struct vx_cursor *c, struct vx_pkt *pkt)
{
	pkt->l3_off = c->off;
	switch (pkt->ethertype) {
	case ETH_P_IP:
		return vx_parse_ip4(c, pkt);
	case ETH_P_IPV6:
		return vx_parse_ip6(c, pkt);
	case ETH_P_ARP:
	case ETH_P_RARP:
		return vx_parse_arp(c, pkt);
	}
	pkt->l3_off = 0;
	return true;
}

/* Everything behind the port's own tag; pkt's per-frame fields are zero, len is set. False: not even Ethernet. */
static __always_inline bool vx_parse(struct xdp_md *ctx, struct vx_pkt *pkt)
{
	struct vx_cursor c = {
		.data = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
		.limit = pkt->len,
	};
	struct ethhdr *eth = vx_pull(&c, sizeof(*eth));
	struct vx_vlan_hdr *tag;
	__be16 proto;
	int i;

	if (!eth)
		return false;
	vx_copy_mac(pkt->dst, eth->h_dest);
	vx_copy_mac(pkt->src, eth->h_source);
	if (vx_mac_group(eth->h_dest))
		pkt->flags |= VX_PKT_GROUP;
	proto = eth->h_proto;
	for (i = 0; i < VX_INNER_TAGS && vx_is_vlan(proto); i++) {
		tag = vx_pull(&c, sizeof(*tag));
		if (!tag)
			return false;
		if (!i)
			pkt->vlan_inner = bpf_ntohs(tag->tci);
		pkt->flags |= VX_PKT_VLAN_INNER;
		proto = tag->proto;
	}
	pkt->ethertype = bpf_ntohs(proto);
	if (vx_is_vlan(proto) || !vx_parse_l3(&c, pkt))
		pkt->flags |= VX_PKT_MALFORMED;
	return true;
}

#endif
