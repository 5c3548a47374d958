// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdbool.h>
#include <string.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <vhost_xdp/policy.h>

#include "check_packets.h"

/* A frame that is built front to back; lengths and checksums are filled in at the end. */
struct set {
	vx_packet_fn fn;
	void *arg;
	int ret;
	bool from_guest;
	__u8 guest[ETH_ALEN];
	__u32 len, l3, l4;
	__u8 proto;
	__u8 b[VX_CHECK_FRAME_MAX];
};

static const __u8 peer_mac[ETH_ALEN] = { 0x02, 0, 0, 0, 0, 0x01 };
static const __u8 everybody[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const __u8 all_nodes[ETH_ALEN] = { 0x33, 0x33, 0, 0, 0, 0x01 };
static const __u8 mdns_mac[ETH_ALEN] = { 0x01, 0, 0x5e, 0, 0, 0xfb };

#define GUEST4		"192.0.2.2"
#define PEER4		"192.0.2.1"
#define FAR4		"198.51.100.7"
#define METADATA4	"169.254.169.254"
#define GUEST6		"2001:db8::2"
#define PEER6		"2001:db8::1"

static void put(struct set *s, const void *p, __u32 len)
{
	if (s->len + len > sizeof(s->b))
		return;
	memcpy(s->b + s->len, p, len);
	s->len += len;
}

static void put8(struct set *s, __u8 v)
{
	put(s, &v, 1);
}

static void put16(struct set *s, __u16 v)
{
	v = htons(v);
	put(s, &v, 2);
}

static void fill(struct set *s, __u32 len)
{
	while (len--)
		put8(s, len);
}

static void put_ip(struct set *s, int family, const char *text)
{
	__u8 addr[16] = {};

	inet_pton(family, text, addr);
	put(s, addr, family == AF_INET ? 4 : 16);
}

/* dst NULL: the other side. */
static void eth(struct set *s, const __u8 *dst, __u16 type)
{
	s->len = s->l3 = s->l4 = 0;
	put(s, dst ? dst : s->from_guest ? peer_mac : s->guest, ETH_ALEN);
	put(s, s->from_guest ? s->guest : peer_mac, ETH_ALEN);
	put16(s, type);
}

/* Who says "guest" means the guest's side of the packet: its source where it sends, its destination where it is sent. */
static void ip4_between(struct set *s, const __u8 *dst, const char *guest, const char *peer, __u8 proto, __u16 frag, __u32 words)
{
	eth(s, dst, ETH_P_IP);
	s->l3 = s->len;
	s->proto = proto;
	put16(s, 0x4500 + (words << 8));
	put16(s, 0);
	put16(s, 0x1234);
	put16(s, frag);
	put8(s, 64);
	put8(s, proto);
	put16(s, 0);
	put_ip(s, AF_INET, s->from_guest ? guest : peer);
	put_ip(s, AF_INET, s->from_guest ? peer : guest);
	/* "no operation" */
	for (; words; words--) {
		put16(s, 0x0101);
		put16(s, 0x0101);
	}
	s->l4 = frag & 0x3fff ? 0 : s->len;
}

static void ip4(struct set *s, __u8 proto)
{
	ip4_between(s, NULL, GUEST4, PEER4, proto, 0, 0);
}

static void ip6_between(struct set *s, const __u8 *dst, const char *guest, const char *peer, __u8 next)
{
	eth(s, dst, ETH_P_IPV6);
	s->l3 = s->len;
	s->proto = next;
	put16(s, 0x6000);
	put16(s, 0);
	put16(s, 0);
	put8(s, next);
	put8(s, 255);
	put_ip(s, AF_INET6, s->from_guest ? guest : peer);
	put_ip(s, AF_INET6, s->from_guest ? peer : guest);
	s->l4 = s->len;
}

static void ip6(struct set *s, __u8 next)
{
	ip6_between(s, NULL, GUEST6, PEER6, next);
}

/* An extension header of 8 bytes; proto is what follows. */
static void ext(struct set *s, __u8 proto)
{
	put8(s, proto);
	put8(s, 0);
	put16(s, 0x0104);
	put16(s, 0);
	put16(s, 0);
	s->l4 = s->len;
	s->proto = proto;
}

static void frag6(struct set *s, __u8 proto, __u16 off_flags)
{
	put8(s, proto);
	put8(s, 0);
	put16(s, off_flags);
	put16(s, 0);
	put16(s, 7);
	s->l4 = 0;
}

static void tcp(struct set *s, __u16 sport, __u16 dport, __u8 flags, __u32 payload)
{
	put16(s, sport);
	put16(s, dport);
	fill(s, 8);
	put8(s, 0x50);
	put8(s, flags);
	put16(s, 64240);
	put16(s, 0);
	put16(s, 0);
	fill(s, payload);
}

static void udp(struct set *s, __u16 sport, __u16 dport, __u32 payload)
{
	put16(s, sport);
	put16(s, dport);
	put16(s, 8 + payload);
	put16(s, 0);
	fill(s, payload);
}

static void icmp(struct set *s, __u8 type, __u8 code)
{
	put8(s, type);
	put8(s, code);
	put16(s, 0);
	put16(s, 1);
	put16(s, 1);
	fill(s, 24);
}

/* Neighbour discovery: target where the type has one, option kind (1 source, 2 target address) where it carries one. */
static void nd(struct set *s, __u8 type, const char *target, __u8 option)
{
	put8(s, type);
	put8(s, 0);
	put16(s, 0);
	put16(s, 0);
	put16(s, 0);
	if (type == 134)
		fill(s, 8);
	if (target)
		put_ip(s, AF_INET6, target);
	if (type == 137)
		put_ip(s, AF_INET6, "2001:db8::99");
	if (option) {
		put8(s, option);
		put8(s, 1);
		put(s, s->from_guest ? s->guest : peer_mac, ETH_ALEN);
	}
}

static void arp(struct set *s, const __u8 *dst, __u16 op, const char *sender, const char *target)
{
	eth(s, dst, ETH_P_ARP);
	put16(s, 1);
	put16(s, ETH_P_IP);
	put8(s, ETH_ALEN);
	put8(s, 4);
	put16(s, op);
	put(s, s->from_guest ? s->guest : peer_mac, ETH_ALEN);
	put_ip(s, AF_INET, sender);
	put(s, "\0\0\0\0\0\0", ETH_ALEN);
	put_ip(s, AF_INET, target);
}

static __u32 sum(const __u8 *p, __u32 len, __u32 sum)
{
	__u32 i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	return sum;
}

static void put_sum(struct set *s, __u32 at, __u32 total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	total = ~total & 0xffff;
	s->b[at] = total >> 8;
	s->b[at + 1] = total;
}

static void l4_sum(struct set *s, bool v6)
{
	__u32 at = s->l4, len = s->len - s->l4, pseudo;

	pseudo = sum(s->b + s->l3 + (v6 ? 8 : 12), v6 ? 32 : 8, s->proto + len);
	switch (s->proto) {
	case IPPROTO_TCP:
		at += 16;
		break;
	case IPPROTO_UDP:
		at += 6;
		break;
	case IPPROTO_ICMP:
		pseudo = 0;
		/* fallthrough */
	case IPPROTO_ICMPV6:
		at += 2;
		break;
	default:
		return;
	}
	if (at + 2 <= s->len)
		put_sum(s, at, sum(s->b + s->l4, len, pseudo));
}

/* As it is: nothing is filled in. */
static void raw(struct set *s, const char *name)
{
	if (!s->ret)
		s->ret = s->fn(name, s->b, s->len, s->arg);
}

static void done(struct set *s, const char *name)
{
	bool v6 = s->l3 && s->b[s->l3] >> 4 == 6;
	__u32 total = s->len - s->l3;

	if (s->l3 && v6) {
		s->b[s->l3 + 4] = (total - 40) >> 8;
		s->b[s->l3 + 5] = total - 40;
	} else if (s->l3) {
		s->b[s->l3 + 2] = total >> 8;
		s->b[s->l3 + 3] = total;
		put_sum(s, s->l3 + 10, sum(s->b + s->l3, (s->b[s->l3] & 15) * 4, 0));
	}
	if (s->l3 && s->l4)
		l4_sum(s, v6);
	raw(s, name);
}

static void link_layer(struct set *s)
{
	const char *own = s->from_guest ? GUEST4 : PEER4, *other = s->from_guest ? PEER4 : GUEST4;

	arp(s, everybody, 1, own, other), done(s, "ARP request");
	arp(s, NULL, 2, own, other), done(s, "ARP reply");
	arp(s, everybody, 1, "0.0.0.0", own), done(s, "ARP probe");
	arp(s, everybody, 1, FAR4, other), done(s, "ARP request for another's address");
	eth(s, NULL, 0x88cc), fill(s, 46), done(s, "LLDP");
	eth(s, NULL, 0x8847), fill(s, 46), done(s, "MPLS");
	eth(s, NULL, 46), fill(s, 46), done(s, "802.3 length, no Ethernet type");
	eth(s, NULL, ETH_P_8021Q), put16(s, 0), put16(s, 0x88b5), fill(s, 46), done(s, "VLAN priority tag");
	eth(s, NULL, ETH_P_8021Q), put16(s, 99), put16(s, ETH_P_IP), fill(s, 46), done(s, "VLAN 99");
	eth(s, NULL, ETH_P_8021AD), put16(s, 99), put16(s, ETH_P_8021Q), put16(s, 98), put16(s, ETH_P_IP), fill(s, 46);
	done(s, "VLAN 98 in 99");
}

static void over_ip4(struct set *s)
{
	ip4(s, IPPROTO_TCP), tcp(s, 40000, 22, 0x02, 0), done(s, "IPv4 TCP SYN to port 22");
	ip4(s, IPPROTO_TCP), tcp(s, 40000, 23, 0x02, 0), done(s, "IPv4 TCP SYN to port 23");
	ip4(s, IPPROTO_TCP), tcp(s, 40000, 80, 0x02, 0), done(s, "IPv4 TCP SYN to port 80");
	ip4(s, IPPROTO_TCP), tcp(s, 443, 40000, 0x12, 0), done(s, "IPv4 TCP SYN ACK from port 443");
	ip4(s, IPPROTO_TCP), tcp(s, 443, 40000, 0x18, 1400), done(s, "IPv4 TCP data from port 443");
	ip4(s, IPPROTO_TCP), tcp(s, 40000, 80, 0x29, 0), done(s, "IPv4 TCP FIN PSH URG");
	ip4(s, IPPROTO_UDP), udp(s, 40000, 53, 32), done(s, "IPv4 UDP to port 53");
	ip4(s, IPPROTO_UDP), udp(s, 53, 40000, 100), done(s, "IPv4 UDP from port 53");
	ip4_between(s, mdns_mac, GUEST4, "224.0.0.251", IPPROTO_UDP, 0, 0), udp(s, 5353, 5353, 32), done(s, "IPv4 multicast DNS");
	ip4_between(s, NULL, GUEST4, METADATA4, IPPROTO_TCP, 0, 0), tcp(s, 40000, 80, 0x02, 0), done(s, "IPv4 TCP and 169.254.169.254");
	ip4_between(s, NULL, FAR4, PEER4, IPPROTO_UDP, 0, 0), udp(s, 40000, 9, 32), done(s, "IPv4 UDP, another's address");
	ip4(s, IPPROTO_ICMP), icmp(s, 8, 0), done(s, "IPv4 ICMP echo request");
	ip4(s, IPPROTO_ICMP), icmp(s, 0, 0), done(s, "IPv4 ICMP echo reply");
	ip4(s, IPPROTO_ICMP), icmp(s, 3, 4), done(s, "IPv4 ICMP fragmentation needed");
	ip4(s, IPPROTO_IGMP), icmp(s, 0x16, 0), done(s, "IPv4 IGMP report");
	ip4(s, IPPROTO_SCTP), udp(s, 40000, 5000, 32), done(s, "IPv4 SCTP");
	ip4(s, IPPROTO_GRE), fill(s, 32), done(s, "IPv4 GRE");
	ip4(s, IPPROTO_ESP), fill(s, 32), done(s, "IPv4 ESP");
	ip4_between(s, NULL, GUEST4, PEER4, IPPROTO_UDP, 0, 2), udp(s, 40000, 53, 32), done(s, "IPv4 UDP with options");
	ip4_between(s, NULL, GUEST4, PEER4, IPPROTO_UDP, 0x2000, 0), udp(s, 40000, 53, 32), done(s, "IPv4 UDP, first fragment");
	ip4_between(s, NULL, GUEST4, PEER4, IPPROTO_UDP, 0x0005, 0), fill(s, 40), done(s, "IPv4 UDP, last fragment");
	ip4(s, IPPROTO_UDP), udp(s, 40000, 4789, 8000), done(s, "IPv4 UDP, jumbo of 8 KB");
}

static void dhcp(struct set *s)
{
	/* The client asks, the server answers: with whom the guest is which is a matter of direction. */
	ip4_between(s, everybody, "0.0.0.0", "255.255.255.255", IPPROTO_UDP, 0, 0);
	if (!s->from_guest)
		ip4_between(s, everybody, "255.255.255.255", "0.0.0.0", IPPROTO_UDP, 0, 0);
	udp(s, 68, 67, 240), done(s, "DHCP request");
	ip4(s, IPPROTO_UDP), udp(s, 67, 68, 240), done(s, "DHCP answer");
	ip6_between(s, NULL, "fe80::2", "fe80::1", IPPROTO_UDP), udp(s, 546, 547, 60), done(s, "DHCPv6 request");
	ip6_between(s, NULL, "fe80::2", "fe80::1", IPPROTO_UDP), udp(s, 547, 546, 60), done(s, "DHCPv6 answer");
}

static void over_ip6(struct set *s)
{
	ip6(s, IPPROTO_TCP), tcp(s, 40000, 22, 0x02, 0), done(s, "IPv6 TCP SYN to port 22");
	ip6(s, IPPROTO_TCP), tcp(s, 40000, 23, 0x02, 0), done(s, "IPv6 TCP SYN to port 23");
	ip6(s, IPPROTO_TCP), tcp(s, 443, 40000, 0x18, 1400), done(s, "IPv6 TCP data from port 443");
	ip6(s, IPPROTO_UDP), udp(s, 40000, 53, 32), done(s, "IPv6 UDP to port 53");
	ip6(s, IPPROTO_ICMPV6), icmp(s, 128, 0), done(s, "IPv6 ICMP echo request");
	ip6(s, IPPROTO_ICMPV6), icmp(s, 2, 0), done(s, "IPv6 ICMP packet too big");
	ip6(s, IPPROTO_HOPOPTS), ext(s, IPPROTO_DSTOPTS), ext(s, IPPROTO_TCP), tcp(s, 40000, 23, 0x02, 0);
	done(s, "IPv6 TCP SYN to port 23 behind options");
	ip6(s, IPPROTO_ROUTING), ext(s, IPPROTO_UDP), udp(s, 40000, 53, 32), done(s, "IPv6 UDP behind a routing header");
	ip6(s, IPPROTO_FRAGMENT), frag6(s, IPPROTO_UDP, 1), udp(s, 40000, 53, 32), done(s, "IPv6 UDP, first fragment");
	ip6(s, IPPROTO_FRAGMENT), frag6(s, IPPROTO_UDP, 40), fill(s, 40), done(s, "IPv6 UDP, last fragment");
	ip6(s, IPPROTO_NONE), done(s, "IPv6 without an upper layer");
	ip6_between(s, all_nodes, "fe80::2", "fe80::1", IPPROTO_ICMPV6), nd(s, 133, NULL, 1), done(s, "ND router solicitation");
	ip6_between(s, all_nodes, "fe80::2", "fe80::1", IPPROTO_ICMPV6), nd(s, 134, NULL, 1), done(s, "ND router advertisement");
	ip6_between(s, all_nodes, GUEST6, PEER6, IPPROTO_ICMPV6), nd(s, 135, PEER6, 1), done(s, "ND neighbour solicitation");
	ip6(s, IPPROTO_ICMPV6), nd(s, 136, s->from_guest ? GUEST6 : PEER6, 2), done(s, "ND neighbour advertisement");
	ip6(s, IPPROTO_ICMPV6), nd(s, 137, PEER6, 2), done(s, "ND redirect");
}

static void malformed(struct set *s)
{
	eth(s, NULL, ETH_P_IP), raw(s, "an Ethernet header alone");
	ip4(s, IPPROTO_TCP), raw(s, "IPv4 whose length says 0");
	ip4(s, IPPROTO_TCP), fill(s, 8), done(s, "IPv4 TCP, header cut short");
	ip4(s, IPPROTO_UDP), udp(s, 1, 2, 8), s->b[s->l3] = 0x44, done(s, "IPv4 with a header of 16 bytes");
	ip4(s, IPPROTO_UDP), udp(s, 1, 2, 8), done(s, "IPv4 UDP to port 2"), s->len -= 4, raw(s, "IPv4 longer than its frame");
	ip6(s, IPPROTO_HOPOPTS), put16(s, 0x06ff), fill(s, 6), done(s, "IPv6 options longer than the packet");
	ip6(s, IPPROTO_ICMPV6), nd(s, 135, PEER6, 0), put16(s, 0x0100), fill(s, 6), done(s, "ND option of length 0");
	eth(s, NULL, ETH_P_ARP), put16(s, 1), raw(s, "ARP cut short");
	ip4(s, 255), done(s, "IPv4 protocol 255, empty");
}

int vx_check_packets(int direction, const __u8 mac[6], vx_packet_fn fn, void *arg)
{
	struct set s = { .fn = fn, .arg = arg, .from_guest = direction == VX_FROM_GUEST };

	memcpy(s.guest, mac, ETH_ALEN);
	link_layer(&s);
	over_ip4(&s);
	dhcp(&s);
	over_ip6(&s);
	malformed(&s);
	return s.ret;
}
