// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The shipped policies in one chain: a guest that boots gets its address, finds its neighbours and its metadata, and talks; nothing else
 * passes for it.
 *
 *	from-guest: antispoof,stateful,ratelimit	to-guest: antispoof,stateful,ratelimit
 */
#include "flows.h"
#include <vhost_xdp/antispoof.h>
#include <vhost_xdp/ratelimit.h>

#define ANTISPOOF_SLOT	3
#define RATELIMIT_SLOT	4
#define ADDR4		"10.0.0.77"
#define ADDR6		"2001:db8::77"
#define LL6		"fe80::77"
#define ROUTER6		"fe80::1"
#define METADATA	"169.254.169.254"

#define is(got, want) do { int got_ = (got); if (got_ != (want)) fail_msg("line %d: reason %d, not %d", __LINE__, got_, (want)); } while (0)

static struct bpf_object *antispoof, *ratelimit;

static int arp_(__u32 direction, __u16 op, const char *mac, const char *spa, const char *tpa)
{
	struct frame f;

	eth(&f, direction == TO ? GUEST1 : ALL, direction == TO ? STRANGER : GUEST1, 0x0806);
	return judge(fill(arp(&f, op, mac, spa, tpa), 18), direction, 1);
}

static int nd_(__u32 direction, const char *src, const char *dst, __u8 type, const char *target, const char *mac)
{
	struct frame f;

	eth(&f, MCAST6, direction == TO ? STRANGER : GUEST1, 0x86dd);
	nd(ip6(&f, src, dst, IPPROTO_ICMPV6), type, target);
	if (mac)
		lladdr(&f, type == 136 ? 2 : 1, mac);
	return judge(ip_end(&f), direction, 1);
}

static int mld_(__u32 direction, const char *src, __u8 type)
{
	struct frame f;

	eth(&f, MCAST6, direction == TO ? STRANGER : GUEST1, 0x86dd);
	ext(ip6(&f, src, "ff02::16", 0), IPPROTO_ICMPV6, 0);
	return judge(ip_end(fill(icmp(&f, type), 20)), direction, 1);
}

static void configure(const struct vx_ratelimit *rate)
{
	struct vx_antispoof_port c = { .n4 = 1, .n6 = 1 };
	struct vx_ratelimit_key key = { 1, FROM };
	__u32 port = 1;

	inet_pton(AF_INET, ADDR4, c.ip4[0].addr);
	c.ip4[0].len = 32;
	inet_pton(AF_INET6, ADDR6, c.ip6[0].addr);
	c.ip6[0].len = 128;
	assert_int_equal(bpf_map_update_elem(bpf_object__find_map_fd_by_name(antispoof, "antispoof_ports"), &port, &c, BPF_ANY), 0);
	assert_int_equal(bpf_map_update_elem(bpf_object__find_map_fd_by_name(ratelimit, "ratelimit_ports"), &key, rate, BPF_ANY), 0);
	conf(NULL);
}

static const struct vx_ratelimit plenty = { 1000000, 1000000000, 100000, 100000000 };

static void test_boot4(void **state)
{
	struct ends discover = { "0.0.0.0", "255.255.255.255", 68, 67, 0 }, offer = { ADDR4, "10.0.0.2", 68, 67, 0 };
	struct ends ack = { "255.255.255.255", "10.0.0.2", 68, 67, 0 }, dns = { ADDR4, "10.0.0.53", 5000, 53, 0 };

	configure(&plenty);
	is(udp_(&offer, TO), NO_FLOW);
	is(udp_(&discover, FROM), PASS);
	is(udp_(&offer, TO), PASS);
	is(udp_(&discover, FROM), PASS);
	is(udp_(&ack, TO), PASS);
	/* Is the address free? Then it is announced. */
	is(arp_(FROM, 1, GUEST1, "0.0.0.0", ADDR4), PASS);
	is(arp_(FROM, 1, GUEST1, ADDR4, ADDR4), PASS);
	is(arp_(FROM, 1, GUEST1, ADDR4, "10.0.0.53"), PASS);
	is(arp_(TO, 2, STRANGER, "10.0.0.53", ADDR4), PASS);
	is(arp_(TO, 1, STRANGER, "10.0.0.53", ADDR4), PASS);
	is(arp_(FROM, 2, GUEST1, ADDR4, "10.0.0.53"), PASS);
	is(udp_(&dns, FROM), PASS);
	is(udp_(&dns, TO), PASS);
	/* Renewal, in the end from whichever server. */
	is(udp_(&offer, FROM), PASS);
	is(udp_(&offer, TO), PASS);
}

static void test_boot6(void **state)
{
	struct ends solicit = { LL6, "ff02::1:2", 546, 547, 0 }, reply = { LL6, ROUTER6, 546, 547, 0 };
	struct ends web = { ADDR6, PEER6, 5000, 443, 0 };

	configure(&plenty);
	is(mld_(FROM, "::", 143), PASS);
	is(nd_(FROM, "::", "ff02::1:ff00:77", 135, LL6, NULL), PASS);
	is(nd_(FROM, LL6, "ff02::2", 133, NULL, GUEST1), PASS);
	is(nd_(TO, ROUTER6, "ff02::1", 134, NULL, STRANGER), PASS);
	is(nd_(FROM, "::", "ff02::1:ff00:77", 135, ADDR6, NULL), PASS);
	is(mld_(TO, ROUTER6, 130), PASS);
	is(mld_(FROM, LL6, 143), PASS);
	is(udp_(&reply, TO), NO_FLOW);
	is(udp_(&solicit, FROM), PASS);
	is(udp_(&reply, TO), PASS);
	is(nd_(FROM, ADDR6, "ff02::1:ff00:1", 135, ROUTER6, GUEST1), PASS);
	is(nd_(TO, ROUTER6, ADDR6, 136, ROUTER6, STRANGER), PASS);
	is(nd_(TO, ROUTER6, "ff02::1:ff00:77", 135, ADDR6, STRANGER), PASS);
	is(nd_(FROM, ADDR6, ROUTER6, 136, ADDR6, GUEST1), PASS);
	connect_(&web, FROM, 1);
}

static void test_metadata(void **state)
{
	struct ends metadata = { ADDR4, METADATA, 40000, 80, 0 }, as = { METADATA, PEER4, 80, 40000, 0 };
	struct ends open = { METADATA, PEER4, 80, 40000, 2 };
	struct frame f;

	configure(&plenty);
	is(arp_(FROM, 1, GUEST1, ADDR4, METADATA), PASS);
	is(arp_(TO, 2, STRANGER, METADATA, ADDR4), PASS);
	connect_(&metadata, FROM, 1);
	is(tcp_(&metadata, TO, ACK, 2, 2, 1000), PASS);
	/* Nobody passes for it: neither a port with addresses, nor one that may use any. */
	is(arp_(FROM, 2, GUEST1, METADATA, PEER4), VX_REASON_SPOOF_ARP);
	is(tcp_(&as, FROM, SYN | ACK, 1, 1, 0), VX_REASON_SPOOF_IP4);
	is(tcp_(&open, FROM, SYN | ACK, 1, 1, 0), VX_REASON_SPOOF_IP4);
	eth(&f, ALL, GUEST2, 0x0806);
	is(judge(arp(&f, 2, GUEST2, METADATA, PEER4), FROM, 2), VX_REASON_SPOOF_ARP);
}

static void test_nothing_else(void **state)
{
	struct ends spoofed = { "10.0.0.78", PEER4, 5000, 80, 0 }, server = { ADDR4, "255.255.255.255", 67, 68, 0 };
	struct ends in = { ADDR4, PEER4, 22, 5000, 0 }, own = { ADDR4, PEER4, 5000, 80, 0 };

	configure(&plenty);
	/* What antispoof refuses opens nothing for the answer. */
	is(tcp_(&spoofed, FROM, SYN, 1, 0, 0), VX_REASON_SPOOF_IP4);
	is(tcp_(&spoofed, TO, SYN | ACK, 1, 2, 0), NO_FLOW);
	assert_int_equal(n_flows(1), 0);
	is(udp_(&server, FROM), VX_REASON_DHCP_SERVER);
	is(nd_(FROM, LL6, "ff02::1", 134, NULL, GUEST1), VX_REASON_RA_SERVER);
	is(nd_(FROM, LL6, "ff02::1", 136, "2001:db8::1", GUEST1), VX_REASON_SPOOF_ND);
	is(tcp_(&in, TO, SYN, 1, 0, 0), NO_FLOW);
	/* The chain goes on behind stateful. */
	configure(&(struct vx_ratelimit){ 1, 0, 3, 0 });
	is(tcp_(&own, FROM, SYN, 1, 0, 0), PASS);
	is(tcp_(&own, TO, SYN | ACK, 1, 2, 0), PASS);
	is(tcp_(&own, FROM, ACK, 2, 2, 0), PASS);
	is(tcp_(&own, FROM, ACK, 2, 2, 10), PASS);
	is(tcp_(&own, FROM, ACK, 12, 2, 10), VX_REASON_RATE_PPS);
	is(tcp_(&own, TO, ACK, 2, 2, 10), PASS);
}

static int up(void **state)
{
	static const __u8 chain[VX_CHAIN_MAX] = { ANTISPOOF_SLOT, STATEFUL, RATELIMIT_SLOT };
	__u32 port;

	flows_up(state);
	antispoof = plane_policy("policy_antispoof.bpf.o", "antispoof", ANTISPOOF_SLOT);
	ratelimit = plane_policy("policy_ratelimit.bpf.o", "ratelimit", RATELIMIT_SLOT);
	for (port = 1; port <= 2; port++) {
		set_chain(port, FROM, chain);
		set_chain(port, TO, chain);
	}
	return 0;
}

static int down(void **state)
{
	bpf_object__close(antispoof);
	bpf_object__close(ratelimit);
	return plane_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_boot4),
		cmocka_unit_test(test_boot6),
		cmocka_unit_test(test_metadata),
		cmocka_unit_test(test_nothing_else),
	};

	return cmocka_run_group_tests(tests, up, down);
}
