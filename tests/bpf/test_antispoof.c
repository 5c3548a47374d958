// SPDX-License-Identifier: GPL-2.0-or-later
/* The policy antispoof behind the port's own parser: who may send what. */
#include "plane.h"
#include <vhost_xdp/antispoof.h>

/* The configurations that rows name. Every one allows 10.0.0.1, 192.0.2.0/28, 2001:db8::1 and 2001:db8:1::/64. */
enum conf {
	OPEN,		/* no entry: any address, own MAC */
	BOUND,
	BOUND4,		/* IPv4 addresses alone */
	STRICT_LL,
	SERVER,		/* may be DHCP server and router */
	OTHER_L2,
	NO_IP,		/* no addresses, and none may be used */
	CONFS,
};

#define OWN4	"10.0.0.1"
#define NET4	"192.0.2.14"
#define BAD4	"192.0.2.16"
#define OWN6	"2001:db8::1"
#define NET6	"2001:db8:1::ffff:1"
#define BAD6	"2001:db8::2"
#define LL6	"fe80::1234"
#define EUI6	"fe80::5054:ff:fe00:1"
#define ANY6	"::"
#define OTHER	"\x52\x54\x00\x00\x00\x09"
#define PASS	VX_REASON_NONE
#define MALFORMED VX_REASON_MALFORMED

struct row {
	const char *what;
	enum conf conf;
	__u16 reason;
	void (*build)(struct frame *f, const struct row *r);
	const char *src, *dst, *mac;
	__u32 a, b, c;
};

static void l2(struct frame *f, const struct row *r)
{
	fill(eth(f, r->dst ?: STRANGER, r->mac ?: GUEST1, r->a), 46);
}

static void icmp4(struct frame *f, const struct row *r)
{
	eth(f, STRANGER, GUEST1, 0x0800);
	ip_end(fill(icmp(ip4(f, r->src, "10.0.0.9", 1, 0, 0), r->a), 28));
}

static void arp4(struct frame *f, const struct row *r)
{
	eth(f, ALL, GUEST1, r->b ?: 0x0806);
	fill(arp(f, r->a, r->mac ?: GUEST1, r->src, r->dst), 18);
}

static void udp4(struct frame *f, const struct row *r)
{
	eth(f, STRANGER, GUEST1, 0x0800);
	ip_end(udp(ip4(f, r->src, r->dst ?: "10.0.0.9", 17, 0, r->c), r->a, r->b));
}

/* IPv4 fragment: a is the flags and offset, b the source port of the UDP header that a first fragment carries. */
static void frag4(struct frame *f, const struct row *r)
{
	eth(f, STRANGER, GUEST1, 0x0800);
	ip4(f, r->src, "10.0.0.9", 17, r->a, 0);
	ip_end(r->a & 0x1fff ? fill(f, 32) : udp(f, r->b, 1000));
}

static void udp6(struct frame *f, const struct row *r)
{
	eth(f, STRANGER, GUEST1, 0x86dd);
	ip_end(udp(ip6(f, r->src, r->dst ?: "2001:db8::9", 17), r->a, r->b));
}

static void icmp6(struct frame *f, const struct row *r)
{
	eth(f, MCAST6, GUEST1, 0x86dd);
	ip_end(icmp(ip6(f, r->src, "ff02::1", 58), r->a));
}

/* Neighbour discovery of type a; option b carries mac. c: behind this many extension headers. */
static void nd6(struct frame *f, const struct row *r)
{
	__u32 i;

	eth(f, MCAST6, GUEST1, 0x86dd);
	ip6(f, r->src, "ff02::1", r->c ? 0 : 58);
	for (i = 0; i < r->c; i++)
		ext(f, i + 1 < r->c ? 60 : 58, i & 1);
	nd(f, r->a, r->dst);
	if (r->b)
		lladdr(f, r->b, r->mac ?: GUEST1);
	ip_end(f);
}

/* The same in an (atomic or first) fragment. */
static void nd6_fragment(struct frame *f, const struct row *r)
{
	eth(f, MCAST6, GUEST1, 0x86dd);
	frag6(ip6(f, r->src, "ff02::1", 44), 58, r->c);
	ip_end(nd(f, r->a, r->dst));
}

/* UDP behind extension headers and a fragment header: c is its offset and flags. */
static void udp6_fragment(struct frame *f, const struct row *r)
{
	eth(f, STRANGER, GUEST1, 0x86dd);
	ip6(f, r->src, "2001:db8::9", 0);
	ext(ext(f, 43, 1), 44, 0);
	frag6(f, 17, r->c);
	ip_end(udp(f, r->a, r->b));
}

/* Two options of one kind, the second one forged; a: ND type, b: option. */
static void nd6_twice(struct frame *f, const struct row *r)
{
	eth(f, MCAST6, GUEST1, 0x86dd);
	nd(ip6(f, r->src, "ff02::1", 58), r->a, r->dst);
	ip_end(lladdr(lladdr(f, r->b, GUEST1), r->b, OTHER));
}

/* An option of length a in units of 8 bytes, of which 8 bytes are there. */
static void nd6_option(struct frame *f, const struct row *r)
{
	eth(f, MCAST6, GUEST1, 0x86dd);
	nd(ip6(f, OWN6, "ff02::1", 58), 135, BAD6);
	ip_end(fill(put8(put8(f, 1), r->a), 6));
}

static void ip4_lies(struct frame *f, const struct row *r)
{
	struct row udp_row = *r;

	udp_row.c = 0;
	udp4(f, &udp_row);
	f->b[14] = 0x40 | r->c;		/* version and header length */
}

static void ip4_length(struct frame *f, const struct row *r)
{
	struct row udp_row = *r;

	udp_row.c = 0;
	udp4(f, &udp_row);
	f->b[16] = r->c >> 8;
	f->b[17] = r->c;
}

static const struct row rows[] = {
	{ "own MAC", OPEN, PASS, l2, .a = 0x88b5 },
	{ "other MAC", OPEN, VX_REASON_SPOOF_MAC, l2, .mac = OTHER, .a = 0x88b5 },
	{ "group MAC", OPEN, VX_REASON_SPOOF_MAC, l2, .mac = ALL, .a = 0x88b5 },
	{ "other protocol, bound", BOUND, VX_REASON_DENIED, l2, .a = 0x88b5 },
	{ "SNAP, bound", BOUND, VX_REASON_DENIED, l2, .a = 46 },
	{ "other protocol, allowed", OTHER_L2, PASS, l2, .a = 0x88b5 },

	{ "spanning tree", OPEN, VX_REASON_DENIED, l2, .dst = "\x01\x80\xc2\x00\x00\x00", .a = 46 },
	{ "LLDP", OPEN, VX_REASON_DENIED, l2, .dst = "\x01\x80\xc2\x00\x00\x0e", .a = 0x88cc },
	{ "LLDP, allowed", OTHER_L2, PASS, l2, .dst = "\x01\x80\xc2\x00\x00\x0e", .a = 0x88cc },
	{ "beyond what is the bridges'", OPEN, PASS, l2, .dst = "\x01\x80\xc2\x00\x00\x10", .a = 0x88b5 },

	{ "ARP", BOUND, PASS, arp4, OWN4, "10.0.0.9", .a = 1 },
	{ "ARP reply for a network's address", BOUND, PASS, arp4, NET4, "10.0.0.9", .a = 2 },
	{ "ARP for another's address", BOUND, VX_REASON_SPOOF_ARP, arp4, BAD4, "10.0.0.9", .a = 2 },
	{ "ARP request in another's name", BOUND, VX_REASON_SPOOF_ARP, arp4, BAD4, "10.0.0.9", .a = 1 },
	{ "ARP with another's MAC", BOUND, VX_REASON_SPOOF_ARP, arp4, OWN4, "10.0.0.9", .mac = OTHER, .a = 2 },
	{ "ARP with another's MAC, open", OPEN, VX_REASON_SPOOF_ARP, arp4, OWN4, "10.0.0.9", .mac = OTHER, .a = 2 },
	{ "ARP for any address, open", OPEN, PASS, arp4, BAD4, "10.0.0.9", .a = 2 },
	{ "ARP probe", BOUND, PASS, arp4, "0.0.0.0", OWN4, .a = 1 },
	{ "ARP for the metadata service", OPEN, PASS, arp4, OWN4, "169.254.169.254", .a = 1 },
	{ "ARP as the metadata service, open", OPEN, VX_REASON_SPOOF_ARP, arp4, "169.254.169.254", "10.0.0.9", .a = 2 },
	{ "ARP as the metadata service", BOUND, VX_REASON_SPOOF_ARP, arp4, "169.254.169.254", "10.0.0.9", .a = 2 },
	{ "ARP, no address", NO_IP, VX_REASON_SPOOF_ARP, arp4, OWN4, "10.0.0.9", .a = 1 },
	{ "ARP probe, no address", NO_IP, PASS, arp4, "0.0.0.0", OWN4, .a = 1 },
	{ "RARP announcement", BOUND, PASS, arp4, "0.0.0.0", "0.0.0.0", .a = 3, .b = 0x8035 },

	{ "IPv4", BOUND, PASS, udp4, OWN4, .a = 1, .b = 2 },
	{ "IPv4 of a network", BOUND, PASS, udp4, NET4, .a = 1, .b = 2 },
	{ "IPv4 of another", BOUND, VX_REASON_SPOOF_IP4, udp4, BAD4, .a = 1, .b = 2 },
	{ "IPv4 of another, options", BOUND, VX_REASON_SPOOF_IP4, udp4, BAD4, .a = 1, .b = 2, .c = 10 },
	{ "IPv4 of another, open", OPEN, PASS, udp4, BAD4, .a = 1, .b = 2 },
	{ "IPv4, no address", NO_IP, VX_REASON_SPOOF_IP4, udp4, OWN4, .a = 1, .b = 2 },
	{ "DHCP client, no address", NO_IP, PASS, udp4, "0.0.0.0", "255.255.255.255", .a = 68, .b = 67 },
	{ "IPv6, no address", NO_IP, VX_REASON_SPOOF_IP6, udp6, OWN6, .a = 1, .b = 2 },
	{ "other protocol, no address", NO_IP, VX_REASON_DENIED, l2, .a = 0x88b5 },
	{ "to the metadata service", BOUND, PASS, udp4, OWN4, "169.254.169.254", .a = 1, .b = 80 },
	{ "as the metadata service", OPEN, VX_REASON_SPOOF_IP4, udp4, "169.254.169.254", .a = 80, .b = 2 },
	{ "IPv4 redirect", OPEN, VX_REASON_RA_SERVER, icmp4, OWN4, .a = 5 },
	{ "IPv4 router advertisement", BOUND, VX_REASON_RA_SERVER, icmp4, OWN4, .a = 9 },
	{ "IPv4 redirect, allowed", SERVER, PASS, icmp4, OWN4, .a = 5 },
	{ "IPv4 echo", BOUND, PASS, icmp4, OWN4, .a = 8 },
	{ "IPv4 unspecified", BOUND, VX_REASON_SPOOF_IP4, udp4, "0.0.0.0", .a = 1, .b = 2 },
	{ "IPv4 broadcast as source", BOUND, VX_REASON_SPOOF_IP4, udp4, "255.255.255.255", .a = 1, .b = 2 },
	{ "DHCP client", BOUND, PASS, udp4, "0.0.0.0", "255.255.255.255", .a = 68, .b = 67 },
	{ "DHCP client from port 1", BOUND, VX_REASON_SPOOF_IP4, udp4, "0.0.0.0", "255.255.255.255", .a = 1, .b = 67 },
	{ "DHCP client, unicast", BOUND, VX_REASON_SPOOF_IP4, udp4, "0.0.0.0", "10.0.0.9", .a = 68, .b = 67 },
	{ "DHCP renewal", BOUND, PASS, udp4, OWN4, "10.0.0.9", .a = 68, .b = 67 },
	{ "DHCP server", OPEN, VX_REASON_DHCP_SERVER, udp4, OWN4, "255.255.255.255", .a = 67, .b = 68 },
	{ "DHCP server from any port", OPEN, VX_REASON_DHCP_SERVER, udp4, OWN4, "255.255.255.255", .a = 9999, .b = 68 },
	{ "DHCP server to any port", BOUND, VX_REASON_DHCP_SERVER, udp4, OWN4, "10.0.0.9", .a = 67, .b = 9999 },
	{ "DHCP server with IPv4 options", OPEN, VX_REASON_DHCP_SERVER, udp4, OWN4, "10.0.0.9", .a = 67, .b = 68, .c = 10 },
	{ "DHCP server, allowed", SERVER, PASS, udp4, OWN4, "255.255.255.255", .a = 67, .b = 68 },
	{ "DHCP server, first fragment", OPEN, VX_REASON_DHCP_SERVER, frag4, OWN4, .a = 0x2000, .b = 67 },
	{ "first fragment", BOUND, PASS, frag4, OWN4, .a = 0x2000, .b = 1 },
	{ "later fragment", BOUND, PASS, frag4, OWN4, .a = 0x0003 },
	{ "later fragment of another", BOUND, VX_REASON_SPOOF_IP4, frag4, BAD4, .a = 0x0003 },
	{ "IPv4 header too short", OPEN, MALFORMED, ip4_lies, OWN4, .a = 1, .b = 2, .c = 4 },
	{ "IPv4 header past its end", OPEN, MALFORMED, ip4_lies, OWN4, .a = 1, .b = 2, .c = 15 },
	{ "IPv4 length past the frame", OPEN, MALFORMED, ip4_length, OWN4, .a = 67, .b = 2, .c = 45 },
	{ "IPv4 length below the header", OPEN, MALFORMED, ip4_length, OWN4, .a = 67, .b = 2, .c = 19 },
	{ "IPv4 length without room for ports", OPEN, MALFORMED, ip4_length, OWN4, .a = 67, .b = 2, .c = 27 },

	{ "IPv6", BOUND, PASS, udp6, OWN6, .a = 1, .b = 2 },
	{ "IPv6 of a network", BOUND, PASS, udp6, NET6, .a = 1, .b = 2 },
	{ "IPv6 of another", BOUND, VX_REASON_SPOOF_IP6, udp6, BAD6, .a = 1, .b = 2 },
	{ "IPv6 of another, open", OPEN, PASS, udp6, BAD6, .a = 1, .b = 2 },
	{ "IPv6 with IPv4 addresses alone", BOUND4, VX_REASON_SPOOF_IP6, udp6, OWN6, .a = 1, .b = 2 },
	{ "IPv6 link-local", BOUND, PASS, udp6, LL6, .a = 1, .b = 2 },
	{ "IPv6 link-local, strict", STRICT_LL, VX_REASON_SPOOF_IP6, udp6, LL6, .a = 1, .b = 2 },
	{ "IPv6 link-local of the MAC, strict", STRICT_LL, PASS, udp6, EUI6, .a = 1, .b = 2 },
	{ "IPv6 unspecified", BOUND, VX_REASON_SPOOF_IP6, udp6, ANY6, .a = 1, .b = 2 },
	{ "IPv4-mapped", BOUND, VX_REASON_SPOOF_IP6, udp6, "::ffff:10.0.0.1", .a = 1, .b = 2 },
	{ "DHCPv6 client", BOUND, PASS, udp6, LL6, "ff02::1:2", .a = 546, .b = 547 },
	{ "DHCPv6 server", OPEN, VX_REASON_DHCP_SERVER, udp6, LL6, .a = 547, .b = 546 },
	{ "DHCPv6 server from any port", OPEN, VX_REASON_DHCP_SERVER, udp6, LL6, .a = 9999, .b = 546 },
	{ "DHCPv6 server, allowed", SERVER, PASS, udp6, LL6, .a = 547, .b = 546 },
	{ "DHCPv6 server behind headers", OPEN, VX_REASON_DHCP_SERVER, udp6_fragment, LL6, .a = 547, .b = 546, .c = 1 },
	{ "DHCPv6 server, atomic fragment", OPEN, VX_REASON_DHCP_SERVER, udp6_fragment, LL6, .a = 547, .b = 546, .c = 0 },
	{ "later IPv6 fragment", BOUND, PASS, udp6_fragment, OWN6, .a = 547, .b = 546, .c = 8 },
	{ "later IPv6 fragment of another", BOUND, VX_REASON_SPOOF_IP6, udp6_fragment, BAD6, .a = 1, .b = 2, .c = 8 },

	{ "echo request", BOUND, PASS, icmp6, OWN6, .a = 128 },
	{ "echo request from nowhere", BOUND, VX_REASON_SPOOF_IP6, icmp6, ANY6, .a = 128 },
	{ "MLD report from nowhere", BOUND, PASS, icmp6, ANY6, .a = 143 },
	{ "router solicitation", BOUND, PASS, nd6, LL6, .a = 133, .b = 1 },
	{ "router solicitation from nowhere", BOUND, PASS, nd6, ANY6, .a = 133 },
	{ "router solicitation, another's MAC", OPEN, VX_REASON_SPOOF_ND, nd6, LL6, .mac = OTHER, .a = 133, .b = 1 },
	{ "router solicitation cut short", OPEN, MALFORMED, nd6_option, .a = 5 },
	{ "neighbour solicitation", BOUND, PASS, nd6, OWN6, BAD6, .a = 135, .b = 1 },
	{ "neighbour solicitation, another's MAC", BOUND, VX_REASON_SPOOF_ND, nd6, OWN6, BAD6, .mac = OTHER, .a = 135, .b = 1 },
	{ "neighbour solicitation of another", BOUND, VX_REASON_SPOOF_IP6, nd6, BAD6, OWN6, .a = 135, .b = 1 },
	{ "duplicate address detection", BOUND, PASS, nd6, ANY6, OWN6, .a = 135 },
	{ "duplicate address detection, link-local", BOUND, PASS, nd6, ANY6, LL6, .a = 135 },
	{ "duplicate address detection for another", BOUND, VX_REASON_SPOOF_ND, nd6, ANY6, BAD6, .a = 135 },
	{ "detection with a link-layer address", BOUND, VX_REASON_SPOOF_IP6, nd6, ANY6, OWN6, .a = 135, .b = 1 },
	{ "neighbour advertisement", BOUND, PASS, nd6, OWN6, OWN6, .a = 136, .b = 2 },
	{ "neighbour advertisement for another", BOUND, VX_REASON_SPOOF_ND, nd6, OWN6, BAD6, .a = 136, .b = 2 },
	{ "the same from link-local", BOUND, VX_REASON_SPOOF_ND, nd6, LL6, BAD6, .a = 136, .b = 2 },
	{ "the same behind extension headers", BOUND, VX_REASON_SPOOF_ND, nd6, LL6, BAD6, .a = 136, .b = 2, .c = 4 },
	{ "neighbour advertisement, another's MAC", BOUND, VX_REASON_SPOOF_ND, nd6, OWN6, OWN6, .mac = OTHER, .a = 136, .b = 2 },
	{ "neighbour advertisement, two MACs", BOUND, MALFORMED, nd6_twice, OWN6, OWN6, .a = 136, .b = 2 },
	{ "neighbour advertisement, open", OPEN, PASS, nd6, BAD6, BAD6, .a = 136, .b = 2 },
	{ "neighbour advertisement, another's MAC, open", OPEN, VX_REASON_SPOOF_ND, nd6, BAD6, BAD6, .mac = OTHER, .a = 136, .b = 2 },
	{ "neighbour advertisement in a fragment", OPEN, VX_REASON_SPOOF_ND, nd6_fragment, OWN6, OWN6, .a = 136, .c = 1 },
	{ "neighbour advertisement, atomic fragment", OPEN, VX_REASON_SPOOF_ND, nd6_fragment, OWN6, OWN6, .a = 136, .c = 0 },
	{ "option without length", BOUND, MALFORMED, nd6_option, .a = 0 },
	{ "option past the end", BOUND, MALFORMED, nd6_option, .a = 2 },
	{ "option of its length", BOUND, VX_REASON_SPOOF_ND, nd6_option, .a = 1 },
	{ "router advertisement", OPEN, VX_REASON_RA_SERVER, nd6, LL6, .a = 134, .b = 1 },
	{ "router advertisement behind headers", OPEN, VX_REASON_RA_SERVER, nd6, LL6, .a = 134, .b = 1, .c = 7 },
	{ "router advertisement in a fragment", OPEN, VX_REASON_RA_SERVER, nd6_fragment, LL6, .a = 134, .c = 1 },
	{ "router advertisement, allowed", SERVER, PASS, nd6, LL6, .a = 134, .b = 1 },
	{ "redirect", OPEN, VX_REASON_RA_SERVER, nd6, LL6, BAD6, .a = 137 },
	{ "more extension headers than we follow", OPEN, MALFORMED, nd6, LL6, .a = 134, .b = 1, .c = 12 },
};

static void configure(enum conf conf)
{
	static const struct {
		__u32 flags;
		__u8 n4, n6;
	} kinds[CONFS] = {
		[BOUND] = { 0, 2, 2 },
		[BOUND4] = { 0, 2, 0 },
		[STRICT_LL] = { VX_ANTISPOOF_STRICT_LL, 2, 2 },
		[SERVER] = { VX_ANTISPOOF_DHCP_SERVER | VX_ANTISPOOF_ROUTER, 2, 2 },
		[OTHER_L2] = { VX_ANTISPOOF_OTHER_L2, 2, 2 },
		[NO_IP] = { VX_ANTISPOOF_NO_IP, 0, 0 },
	};
	int fd = bpf_object__find_map_fd_by_name(P.policy[ANTISPOOF], "antispoof_ports");
	struct vx_antispoof_port c = { .flags = kinds[conf].flags, .n4 = kinds[conf].n4, .n6 = kinds[conf].n6 };
	__u32 port = 1;

	assert_true(fd >= 0);
	if (conf == OPEN) {
		bpf_map_delete_elem(fd, &port);
		return;
	}
	inet_pton(AF_INET, OWN4, c.ip4[0].addr);
	c.ip4[0].len = 32;
	inet_pton(AF_INET, "192.0.2.0", c.ip4[1].addr);
	c.ip4[1].len = 28;
	inet_pton(AF_INET6, OWN6, c.ip6[0].addr);
	c.ip6[0].len = 128;
	inet_pton(AF_INET6, "2001:db8:1::", c.ip6[1].addr);
	c.ip6[1].len = 64;
	assert_int_equal(bpf_map_update_elem(fd, &port, &c, BPF_ANY), 0);
}

static int judge(struct frame *f, bool to_guest)
{
	return run_xdp(bpf_program__fd(P.port->progs.vx_port), f, to_guest ? P.guest_end[1] : P.host_end[1], 0);
}

static __u64 dropped(__u16 reason)
{
	struct vx_drop_key key = { .port = 1, .direction = VX_FROM_GUEST, .stage = VX_STAGE_POLICY, .reason = reason, .rule = ANTISPOOF };

	return drops(&key).packets;
}

static void table(void **state)
{
	struct frame f;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		__u64 all = all_drops(), one = dropped(r->reason);
		int verdict;

		configure(r->conf);
		r->build(&f, r);
		verdict = judge(&f, false);
		if ((verdict == XDP_DROP) != (r->reason != PASS))
			fail_msg("%s: verdict %d", r->what, verdict);
		if (all_drops() - all != (r->reason != PASS) || (r->reason && dropped(r->reason) != one + 1))
			fail_msg("%s: not counted for reason %u", r->what, r->reason);
	}
}

/* What enters the guest is not its doing. */
static void to_guest(void **state)
{
	struct frame f;
	size_t i;

	configure(BOUND);
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rows[i].build(&f, &rows[i]);
		if (judge(&f, true) != XDP_REDIRECT)
			fail_msg("%s: did not enter", rows[i].what);
	}
}

/* Any frame, cut anywhere: a verdict, and never a pass that the whole frame would not have got. */
static void truncated(void **state)
{
	struct frame in, f;
	__u32 len;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		configure(rows[i].conf);
		rows[i].build(&in, &rows[i]);
		for (len = 14; len < in.len; len++) {
			int verdict;

			f = in;
			f.len = len;
			verdict = judge(&f, false);
			if (verdict != XDP_DROP && (rows[i].reason || verdict != (in.b[0] & 1 ? XDP_PASS : XDP_REDIRECT)))
				fail_msg("%s: %u bytes: verdict %d", rows[i].what, len, verdict);
		}
	}
}

/* A prefix longer than an address is the operator's mistake: it matches nothing. */
static void bad_prefix(void **state)
{
	int fd = bpf_object__find_map_fd_by_name(P.policy[ANTISPOOF], "antispoof_ports");
	struct vx_antispoof_port c = { .n4 = 255, .n6 = 255 };
	struct row r4 = { "", BOUND, 0, udp4, OWN4, .a = 1, .b = 2 }, r6 = { "", BOUND, 0, udp6, OWN6, .a = 1, .b = 2 };
	__u32 port = 1, i;
	struct frame f;

	for (i = 0; i < VX_ANTISPOOF_PREFIXES; i++) {
		c.ip4[i].len = 33 + i;
		c.ip6[i].len = 129 + i * 1000;
	}
	assert_int_equal(bpf_map_update_elem(fd, &port, &c, BPF_ANY), 0);
	udp4(&f, &r4);
	assert_int_equal(judge(&f, false), XDP_DROP);
	udp6(&f, &r6);
	assert_int_equal(judge(&f, false), XDP_DROP);
	/* And one of length 0 everything. */
	c.ip4[15].len = c.ip6[15].len = 0;
	assert_int_equal(bpf_map_update_elem(fd, &port, &c, BPF_ANY), 0);
	udp4(&f, &r4);
	assert_int_equal(judge(&f, false), XDP_REDIRECT);
	udp6(&f, &r6);
	assert_int_equal(judge(&f, false), XDP_REDIRECT);
}

static void other_mac(void **state)
{
	int fd = bpf_object__find_map_fd_by_name(P.policy[ANTISPOOF], "antispoof_ports");
	struct vx_antispoof_port c = {};
	struct row r = { "", OPEN, 0, l2, .mac = OTHER, .a = 0x88b5 };
	__u32 port = 1;
	struct frame f;

	memcpy(c.mac, OTHER, 6);
	assert_int_equal(bpf_map_update_elem(fd, &port, &c, BPF_ANY), 0);
	l2(&f, &r);
	assert_int_equal(judge(&f, false), XDP_REDIRECT);
	r.mac = GUEST1;
	l2(&f, &r);
	assert_int_equal(judge(&f, false), XDP_DROP);
}

static int up(void **state)
{
	static const __u8 chain[VX_CHAIN_MAX] = { ANTISPOOF };

	plane_up(state);
	P.policy[ANTISPOOF] = plane_policy("policy_antispoof.bpf.o", "antispoof", ANTISPOOF);
	set_chain(1, VX_FROM_GUEST, chain);
	set_chain(1, VX_TO_GUEST, chain);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(to_guest),
		cmocka_unit_test(truncated),
		cmocka_unit_test(bad_prefix),
		cmocka_unit_test(other_mac),
	};

	return cmocka_run_group_tests(tests, up, plane_down);
}
