// SPDX-License-Identifier: GPL-2.0-only
/*
 * antispoof: a guest sends only in its own name. MAC, ARP, IPv4, IPv6 and
 * neighbour discovery sources are held against <vhost_xdp/antispoof.h>, and it
 * does not answer as a DHCP server or router. What enters a guest passes.
 */
#include <stdbool.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <bpf/bpf_endian.h>
#include <vhost_xdp/policy.h>
#include <vhost_xdp/antispoof.h>

#define ND_RS		133
#define ND_NS		135
#define ND_NA		136
#define ND_REDIRECT	137
#define MLD_REPORT	131
#define MLD_DONE	132
#define MLD2_REPORT	143

#define ICMP4_REDIRECT	5
#define ICMP4_ROUTER	9

/* 169.254.169.254: whoever answers there hands out guests' credentials. */
#define METADATA	0xa9fea9feu

#define DHCP4_SERVER	67
#define DHCP4_CLIENT	68
#define DHCP6_CLIENT	546
#define DHCP6_SERVER	547

/* What each port may use. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, struct vx_antispoof_port);
} antispoof_ports SEC(".maps");

/* What this frame is held against; conf is NULL for a port without an entry. */
struct who {
	struct vx_antispoof_port *conf;
	__u32 flags;
	bool bound;	/* to listed addresses */
	__u8 mac[ETH_ALEN];
};

static __always_inline bool is_own_mac(const struct who *who, const __u8 *mac)
{
	__u8 diff = 0;
	int i;

	for (i = 0; i < ETH_ALEN; i++)
		diff |= mac[i] ^ who->mac[i];
	return !diff;
}

/* The first len bits (0..32) of a word in network byte order. */
static __always_inline __u32 prefix_mask(__u32 len)
{
	return len ? bpf_htonl(~0u << ((32 - len) & 31)) : 0;
}

static __always_inline __u32 word(const __u8 *p)
{
	return *(const __u32 *)p;
}

static __always_inline bool is_own_ip4(const struct who *who, __u32 addr)
{
	struct vx_antispoof_ip4 *p;
	__u32 i;

	if (!who->bound)
		return addr != bpf_htonl(METADATA);
	for (i = 0; i < VX_ANTISPOOF_PREFIXES && i < who->conf->n4; i++) {
		p = &who->conf->ip4[i];
		if (p->len <= 32 && !((addr ^ word(p->addr)) & prefix_mask(p->len)))
			return true;
	}
	return false;
}

static __always_inline bool in_prefix6(const __u32 *addr, const struct vx_antispoof_ip6 *p)
{
	__u32 diff = 0, left = p->len, w, bits;

	if (left > 128)
		return false;
	for (w = 0; w < 4; w++) {
		bits = left < 32 ? left : 32;
		diff |= (addr[w] ^ word(p->addr + 4 * w)) & prefix_mask(bits);
		left -= bits;
	}
	return !diff;
}

/* fe80::/10; strictly, the modified EUI-64 of the MAC below fe80::/64. */
static __always_inline bool is_own_link_local(const struct who *who, const __u32 *addr)
{
	const __u8 *m = who->mac;

	if ((addr[0] & bpf_htonl(0xffc00000)) != bpf_htonl(0xfe800000))
		return false;
	if (!(who->flags & VX_ANTISPOOF_STRICT_LL))
		return true;
	return addr[0] == bpf_htonl(0xfe800000) && !addr[1] &&
	       addr[2] == bpf_htonl((__u32)(m[0] ^ 2) << 24 | m[1] << 16 | m[2] << 8 | 0xff) &&
	       addr[3] == bpf_htonl(0xfe000000u | m[3] << 16 | m[4] << 8 | m[5]);
}

static __always_inline bool is_own_ip6(const struct who *who, const __u32 *addr)
{
	__u32 i;

	if (!who->bound || is_own_link_local(who, addr))
		return true;
	for (i = 0; i < VX_ANTISPOOF_PREFIXES && i < who->conf->n6; i++)
		if (in_prefix6(addr, &who->conf->ip6[i]))
			return true;
	return false;
}

static __always_inline bool is_zero6(const __u32 *addr)
{
	return !(addr[0] | addr[1] | addr[2] | addr[3]);
}

static __always_inline int judge_arp(const struct who *who, const struct vx_pkt *pkt)
{
	if (!is_own_mac(who, pkt->ll_addr))
		return VX_REASON_SPOOF_ARP;
	/* A probe asks in nobody's name whether an address is free. RARP carries none. */
	if (pkt->saddr[0] && !is_own_ip4(who, pkt->saddr[0]))
		return VX_REASON_SPOOF_ARP;
	return VX_REASON_NONE;
}

static __always_inline bool is_udp(const struct vx_pkt *pkt)
{
	return pkt->flags & VX_PKT_L4 && pkt->ip_proto == IPPROTO_UDP;
}

static __always_inline int judge_ip4(const struct who *who, const struct vx_pkt *pkt)
{
	bool udp = is_udp(pkt);

	/* Clients go by the destination port, whatever the source. */
	if (udp && (pkt->sport == DHCP4_SERVER || pkt->dport == DHCP4_CLIENT) && !(who->flags & VX_ANTISPOOF_DHCP_SERVER))
		return VX_REASON_DHCP_SERVER;
	if (pkt->flags & VX_PKT_L4 && pkt->ip_proto == IPPROTO_ICMP &&
	    (pkt->icmp_type == ICMP4_REDIRECT || pkt->icmp_type == ICMP4_ROUTER) && !(who->flags & VX_ANTISPOOF_ROUTER))
		return VX_REASON_RA_SERVER;
	if (is_own_ip4(who, pkt->saddr[0]))
		return VX_REASON_NONE;
	if (!pkt->saddr[0] && pkt->daddr[0] == ~0u && udp && pkt->sport == DHCP4_CLIENT && pkt->dport == DHCP4_SERVER)
		return VX_REASON_NONE;
	return VX_REASON_SPOOF_IP4;
}

/* A guest without an address yet: duplicate address detection, looking for routers, joining groups. */
static __always_inline bool may_be_unspecified(const struct vx_pkt *pkt)
{
	if (!(pkt->flags & VX_PKT_L4) || pkt->ip_proto != IPPROTO_ICMPV6)
		return false;
	switch (pkt->icmp_type) {
	case ND_RS:
	case ND_NS:
		return !(pkt->flags & VX_PKT_LLADDR);
	case MLD_REPORT:
	case MLD_DONE:
	case MLD2_REPORT:
		return true;
	}
	return false;
}

static __always_inline int judge_nd(const struct who *who, const struct vx_pkt *pkt)
{
	bool claims = pkt->icmp_type == ND_NA || (pkt->icmp_type == ND_NS && is_zero6(pkt->saddr));

	if (pkt->icmp_type != ND_RS && pkt->icmp_type != ND_NS && pkt->icmp_type != ND_NA && !(who->flags & VX_ANTISPOOF_ROUTER))
		return VX_REASON_RA_SERVER;
	/* Some receivers believe it in fragments, against RFC 6980; it cannot be judged there. */
	if (pkt->flags & VX_PKT_FRAGMENT)
		return VX_REASON_SPOOF_ND;
	if (pkt->flags & VX_PKT_LLADDR && !is_own_mac(who, pkt->ll_addr) && pkt->icmp_type != ND_REDIRECT)
		return VX_REASON_SPOOF_ND;
	if (claims && !is_own_ip6(who, pkt->nd_target))
		return VX_REASON_SPOOF_ND;
	return VX_REASON_NONE;
}

static __always_inline int judge_ip6(const struct who *who, const struct vx_pkt *pkt)
{
	if (is_udp(pkt) && (pkt->sport == DHCP6_SERVER || pkt->dport == DHCP6_CLIENT) && !(who->flags & VX_ANTISPOOF_DHCP_SERVER))
		return VX_REASON_DHCP_SERVER;
	if (is_zero6(pkt->saddr) ? who->bound && !may_be_unspecified(pkt) : !is_own_ip6(who, pkt->saddr))
		return VX_REASON_SPOOF_IP6;
	return pkt->flags & VX_PKT_ND ? judge_nd(who, pkt) : VX_REASON_NONE;
}

/* 01:80:c2:00:00:00 to 0f: bridges talk there, of spanning trees, and do not forward it. */
static __always_inline bool for_bridges(const struct vx_pkt *pkt)
{
	return pkt->dst[0] == 0x01 && pkt->dst[1] == 0x80 && pkt->dst[2] == 0xc2 && !pkt->dst[3] && !pkt->dst[4] && pkt->dst[5] < 16;
}

static __always_inline int judge(const struct who *who, const struct vx_pkt *pkt)
{
	if (!is_own_mac(who, pkt->src))
		return VX_REASON_SPOOF_MAC;
	if (pkt->flags & VX_PKT_MALFORMED)
		return VX_REASON_MALFORMED;
	if (for_bridges(pkt) && !(who->flags & VX_ANTISPOOF_OTHER_L2))
		return VX_REASON_DENIED;
	if (pkt->flags & VX_PKT_ARP)
		return judge_arp(who, pkt);
	if (pkt->flags & VX_PKT_IP4)
		return judge_ip4(who, pkt);
	if (pkt->flags & VX_PKT_IP6)
		return judge_ip6(who, pkt);
	/* Among the others are encapsulations that carry IP past the checks above. */
	return who->bound && !(who->flags & VX_ANTISPOOF_OTHER_L2) ? VX_REASON_DENIED : VX_REASON_NONE;
}

SEC("xdp.frags")
int antispoof(struct xdp_md *ctx)
{
	struct vx_pkt *pkt = vx_frame(ctx);
	struct who who = {};
	int reason, i;
	__u8 set = 0;

	if (!pkt)
		return vx_drop(ctx, VX_REASON_DENIED);
	if (pkt->direction == VX_TO_GUEST)
		return vx_pass(ctx);

	who.conf = bpf_map_lookup_elem(&antispoof_ports, &pkt->port);
	__builtin_memcpy(who.mac, pkt->port_mac, ETH_ALEN);
	if (who.conf) {
		who.flags = who.conf->flags;
		who.bound = who.conf->n4 || who.conf->n6 || who.flags & VX_ANTISPOOF_NO_IP;
		for (i = 0; i < ETH_ALEN; i++)
			set |= who.conf->mac[i];
		if (set)
			__builtin_memcpy(who.mac, who.conf->mac, ETH_ALEN);
	}
	reason = judge(&who, pkt);
	if (reason)
		return vx_drop(ctx, reason);
	return vx_pass(ctx);
}

char _license[] SEC("license") = "GPL";
