// SPDX-License-Identifier: GPL-2.0-or-later
/* The policy stateful behind the port's own parser: what belongs to a flow, what may open one, and what ends it. */
#include "flows.h"

#define is(got, want) do { int got_ = (got); if (got_ != (want)) fail_msg("line %d: reason %d, not %d", __LINE__, got_, (want)); } while (0)
#define seen(want) do { if (last.flow != (want)) fail_msg("line %d: flow %u, not %u", __LINE__, last.flow, (want)); } while (0)

static const struct vx_stateful_port web = { .n_open = 2, .open = { { IPPROTO_TCP, 0, 80, 81 }, { IPPROTO_ICMP, 0, 0, 65535 } } };
static const struct ends S4 = { GUEST4, PEER4, 80, 40000, 0 };

static void test_tcp_from_guest(void **state)
{
	const struct ends *both[] = { &E4, &E6 };
	int i;

	for (i = 0; i < 2; i++) {
		const struct ends *e = both[i];

		conf(NULL);
		is(tcp_(e, TO, SYN, 1, 0, 0), NO_FLOW);
		is(tcp_(e, TO, SYN | ACK, 1, 1001, 0), NO_FLOW);
		is(tcp_(e, TO, ACK, 1, 1001, 10), NO_FLOW);
		is(tcp_(e, TO, RST | ACK, 1, 1001, 0), NO_FLOW);
		is(tcp_(e, FROM, SYN, 1000, 0, 0), PASS);
		seen(VX_PKT_FLOW_NEW);
		assert_int_equal(the_flow(1).state, VX_FLOW_NEW);
		/* Not its answer: another acknowledgement, data without a handshake. */
		is(tcp_(e, TO, SYN | ACK, 5000, 1000, 0), NO_FLOW);
		is(tcp_(e, TO, SYN | ACK, 5000, 1002, 0), NO_FLOW);
		is(tcp_(e, TO, ACK, 5000, 1001, 10), NO_FLOW);
		is(tcp_(e, TO, RST | ACK, 5000, 999, 0), NO_FLOW);
		/* What an old connection of the other end has to say, RFC 5961. */
		is(tcp_(e, TO, ACK, 777, 888, 0), PASS);
		seen(VX_PKT_FLOW_INVALID);
		assert_int_equal(the_flow(1).state, VX_FLOW_NEW);
		is(tcp_(e, FROM, SYN, 1000, 0, 0), PASS);
		is(tcp_(e, TO, SYN | ACK, 5000, 1001, 0), PASS);
		seen(VX_PKT_FLOW_ESTABLISHED);
		assert_int_equal(the_flow(1).state, VX_FLOW_REPLIED);
		is(tcp_(e, TO, SYN | ACK, 5000, 1001, 0), PASS);
		is(tcp_(e, FROM, ACK, 1001, 5001, 0), PASS);
		assert_int_equal(the_flow(1).state, VX_FLOW_ESTABLISHED);
		is(tcp_(e, FROM, ACK, 1001, 5001, 100), PASS);
		is(tcp_(e, TO, ACK, 5001, 1101, 1000), PASS);
		seen(VX_PKT_FLOW_ESTABLISHED);
		assert_int_equal(the_flow(1).packets[FROM], 4);
		/* Another flow is another. */
		is(tcp_(&(struct ends){ e->guest, e->peer, 40000, 81, 0 }, TO, ACK, 5001, 1101, 10), NO_FLOW);
		is(tcp_(&(struct ends){ e->guest, e->peer, 40001, 80, 0 }, TO, ACK, 5001, 1101, 10), NO_FLOW);
		is(tcp_(&(struct ends){ e->guest, e->peer, 40000, 80, 2 }, TO, ACK, 5001, 1101, 10), NO_FLOW);
		is(udp_(e, TO), NO_FLOW);
	}
}

static void test_tcp_ends(void **state)
{
	static const __u32 isn[] = { 0x100, 0x40000000, 0x90000000, 0xffffff00 };
	size_t i;

	/* Both sides have sent all. */
	conf(NULL);
	connect_(&E4, FROM, 1000);
	is(tcp_(&E4, FROM, FIN | ACK, 1001, 1001, 0), PASS);
	assert_int_equal(the_flow(1).state, VX_FLOW_CLOSING);
	is(tcp_(&E4, TO, ACK, 1001, 1002, 500), PASS);
	assert_int_equal(the_flow(1).state, VX_FLOW_CLOSING);
	is(tcp_(&E4, TO, FIN | ACK, 1501, 1002, 0), PASS);
	assert_int_equal(the_flow(1).state, VX_FLOW_CLOSED);
	is(tcp_(&E4, FROM, ACK, 1002, 1502, 0), PASS);
	is(tcp_(&E4, TO, FIN | ACK, 1501, 1002, 0), PASS);
	/* The same ports once more. */
	connect_(&E4, FROM, 900000);
	assert_int_equal(the_flow(1).state, VX_FLOW_ESTABLISHED);

	/* Refused. */
	conf(NULL);
	is(tcp_(&E4, FROM, SYN, 1000, 0, 0), PASS);
	is(tcp_(&E4, TO, RST | ACK, 0, 1001, 0), PASS);
	assert_int_equal(the_flow(1).state, VX_FLOW_CLOSED);
	is(tcp_(&E4, TO, SYN, 1, 0, 0), PASS);
	seen(VX_PKT_FLOW_INVALID);
	assert_int_equal(the_flow(1).state, VX_FLOW_CLOSED);

	/* By a peer that has forgotten it: where the guest's last segment says, whichever side's numbers are the larger ones. */
	for (i = 0; i < sizeof(isn) / sizeof(isn[0]); i++) {
		conf(NULL);
		is(tcp_(&E4, FROM, SYN, isn[i], 0, 0), PASS);
		is(tcp_(&E4, TO, SYN | ACK, 0x1000, isn[i] + 1, 0), PASS);
		is(tcp_(&E4, FROM, ACK, isn[i] + 1, 0x1001, 0), PASS);
		is(tcp_(&E4, TO, ACK, 0x1001, isn[i] + 1, 1000), PASS);
		is(tcp_(&E4, FROM, ACK, isn[i] + 1, 0x1001, 100), PASS);
		is(tcp_(&E4, TO, RST, isn[i] + 1, 0, 0), NO_FLOW);
		is(tcp_(&E4, TO, RST, 0x1001, 0, 0), PASS);
		assert_int_equal(the_flow(1).state, VX_FLOW_CLOSED);
	}
}

/* Who does not see the connection cannot end it, nor make it look closed. */
static void test_tcp_blind(void **state)
{
	static const __u32 off[] = { 1, 2, 100, 1460, 65535, 1u << 20, 1u << 24, 1u << 30, 1u << 31, ~0u };
	size_t i;

	conf(NULL);
	connect_(&E4, FROM, 1000);
	is(tcp_(&E4, TO, ACK, 1001, 1001, 1000), PASS);
	for (i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		/* 2001 is the next of the peer, 1001 what the guest has acknowledged. */
		__u32 seq = 2001 + off[i];

		is(tcp_(&E4, TO, RST, seq, 0, 0), NO_FLOW);
		is(tcp_(&E4, TO, RST | ACK, seq, 1001, 0), NO_FLOW);
		is(tcp_(&E4, TO, SYN, seq, 0, 0), PASS);
		seen(VX_PKT_FLOW_INVALID);
		assert_int_equal(the_flow(1).state, VX_FLOW_ESTABLISHED);
	}
	/* A FIN beyond what comes next counts as little. Where the guest's acknowledgements are not met, nothing does. */
	is(tcp_(&E4, TO, FIN | ACK, 5000, 1001, 0), PASS);
	assert_int_equal(the_flow(1).state, VX_FLOW_ESTABLISHED);
	conf(NULL);
	connect_(&E4, FROM, 1000);
	for (i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		is(tcp_(&E4, TO, FIN | ACK, 1001, 1001 + off[i], 0), PASS);
		seen(off[i] == ~0u ? VX_PKT_FLOW_ESTABLISHED : VX_PKT_FLOW_INVALID);
		if (off[i] != ~0u)
			assert_int_equal(the_flow(1).state, VX_FLOW_ESTABLISHED);
	}
	/* Exactly the next one does: from the wire, and from the guest. */
	conf(NULL);
	connect_(&E4, FROM, 1000);
	is(tcp_(&E4, TO, RST, 1001, 0, 0), PASS);
	assert_int_equal(the_flow(1).state, VX_FLOW_CLOSED);
	/* A guest that goes on all the same did not believe it. */
	is(tcp_(&E4, FROM, ACK, 1001, 1001, 100), PASS);
	assert_int_equal(the_flow(1).state, VX_FLOW_ESTABLISHED);
	is(tcp_(&E4, FROM, RST, 1101, 0, 0), PASS);
	assert_int_equal(the_flow(1).state, VX_FLOW_CLOSED);
}

/* Segments out of order, lost and sent again, and numbers that wrap around, are no reason to lose a flow. */
static void test_tcp_rough(void **state)
{
	__u32 isn = 0xfffffff0;

	conf(NULL);
	connect_(&E4, FROM, isn);
	is(tcp_(&E4, TO, ACK, isn + 1 + 2920, isn + 1, 1460), PASS);
	seen(VX_PKT_FLOW_ESTABLISHED);
	is(tcp_(&E4, TO, ACK, isn + 1, isn + 1, 1460), PASS);
	seen(VX_PKT_FLOW_ESTABLISHED);
	is(tcp_(&E4, FROM, ACK, isn + 1, isn + 1 + 1460, 0), PASS);
	is(tcp_(&E4, TO, ACK, isn + 1 + 1460, isn + 1, 1460), PASS);
	is(tcp_(&E4, FROM, ACK, isn + 1, isn + 1 + 4380, 0), PASS);
	seen(VX_PKT_FLOW_ESTABLISHED);
	/* Keepalive. */
	is(tcp_(&E4, TO, ACK, isn + 4380, isn + 1, 0), PASS);
	seen(VX_PKT_FLOW_ESTABLISHED);
	/* The policy was out of the way for a gigabyte. The guest's next segment finds the flow again. */
	is(tcp_(&E4, TO, ACK, isn + (1u << 30), isn + 1, 1460), PASS);
	seen(VX_PKT_FLOW_INVALID);
	is(tcp_(&E4, FROM, ACK, isn + 1, isn + (1u << 30) + 1460, 0), PASS);
	seen(VX_PKT_FLOW_ESTABLISHED);
	is(tcp_(&E4, TO, ACK, isn + (1u << 30) + 1460, isn + 1, 1460), PASS);
	seen(VX_PKT_FLOW_ESTABLISHED);
}

static void test_tcp_to_service(void **state)
{
	conf(&web);
	is(tcp_(&(struct ends){ GUEST4, PEER4, 82, 40000, 0 }, TO, SYN, 1, 0, 0), NO_FLOW);
	is(tcp_(&(struct ends){ GUEST4, PEER4, 79, 40000, 0 }, TO, SYN, 1, 0, 0), NO_FLOW);
	is(udp_(&S4, TO), NO_FLOW);
	/* Nothing but a SYN opens. */
	is(tcp_(&S4, TO, ACK, 1, 1, 10), NO_FLOW);
	is(tcp_(&S4, TO, SYN | ACK, 1, 1, 0), NO_FLOW);
	is(tcp_(&S4, TO, RST, 1, 1, 0), NO_FLOW);
	is(tcp_(&S4, TO, SYN | FIN, 1, 0, 0), NO_FLOW);
	is(tcp_(&S4, TO, SYN | RST, 1, 0, 0), NO_FLOW);
	is(tcp_(&S4, TO, 0, 1, 0, 0), NO_FLOW);
	assert_int_equal(n_flows(1), 0);
	is(tcp_(&S4, TO, SYN, 7000, 0, 0), PASS);
	is(tcp_(&S4, FROM, SYN | ACK, 9000, 7001, 0), PASS);
	/* Who never saw the guest's number cannot complete the handshake. */
	is(tcp_(&S4, TO, ACK, 7001, 9000, 100), PASS);
	assert_int_equal(the_flow(1).state, VX_FLOW_REPLIED);
	is(tcp_(&S4, TO, ACK, 7001, 9002, 100), PASS);
	assert_int_equal(the_flow(1).state, VX_FLOW_REPLIED);
	is(tcp_(&S4, TO, ACK, 7001, 9001, 0), PASS);
	assert_int_equal(the_flow(1).state, VX_FLOW_ESTABLISHED);
	is(tcp_(&S4, FROM, ACK, 9001, 7001, 1000), PASS);
	/* Established, it needs no service. */
	assert_int_equal(bpf_map_delete_elem(flow_map("stateful_ports"), &(__u32){ 1 }), 0);
	is(tcp_(&S4, TO, ACK, 7001, 10001, 10), PASS);
	is(tcp_(&(struct ends){ GUEST4, PEER4, 81, 40000, 0 }, TO, SYN, 1, 0, 0), NO_FLOW);
}

/* A connection that is older than the policy. */
static void test_tcp_picked_up(void **state)
{
	conf(NULL);
	is(tcp_(&E4, TO, ACK, 70000, 30000, 100), NO_FLOW);
	is(tcp_(&E4, FROM, RST, 30000, 0, 0), PASS);
	is(tcp_(&E4, FROM, SYN | ACK, 30000, 1, 0), PASS);
	assert_int_equal(n_flows(1), 0);
	is(tcp_(&E4, FROM, ACK, 30000, 70000, 0), PASS);
	assert_int_equal(the_flow(1).state, VX_FLOW_NEW);
	is(tcp_(&E4, TO, RST, 12345, 0, 0), NO_FLOW);
	is(tcp_(&E4, TO, ACK, 1u << 31, 30000, 100), PASS);
	seen(VX_PKT_FLOW_INVALID);
	is(tcp_(&E4, TO, ACK, 70000, 30000, 100), PASS);
	seen(VX_PKT_FLOW_ESTABLISHED);
	assert_int_equal(the_flow(1).state, VX_FLOW_ESTABLISHED);
	is(tcp_(&E4, TO, RST, 70100, 0, 0), PASS);
	assert_int_equal(the_flow(1).state, VX_FLOW_CLOSED);

	/* The SYN-ACK came while the policy was out of the way. */
	conf(NULL);
	is(tcp_(&E4, FROM, SYN, 1000, 0, 0), PASS);
	is(tcp_(&E4, FROM, ACK, 1001, 5001, 0), PASS);
	is(tcp_(&E4, TO, ACK, 5001, 1001, 100), PASS);
	seen(VX_PKT_FLOW_ESTABLISHED);
}

static void test_udp(void **state)
{
	const struct ends *both[] = { &E4, &E6 };
	int i;

	for (i = 0; i < 2; i++) {
		conf(NULL);
		is(udp_(both[i], TO), NO_FLOW);
		is(udp_(both[i], FROM), PASS);
		seen(VX_PKT_FLOW_NEW);
		is(udp_(both[i], FROM), PASS);
		assert_int_equal(the_flow(1).state, VX_FLOW_NEW);
		is(udp_(both[i], TO), PASS);
		seen(VX_PKT_FLOW_ESTABLISHED);
		is(udp_(both[i], TO), PASS);
		assert_int_equal(the_flow(1).state, VX_FLOW_REPLIED);
		is(udp_(both[i], FROM), PASS);
		assert_int_equal(the_flow(1).state, VX_FLOW_ESTABLISHED);
		is(tcp_(both[i], TO, ACK, 1, 1, 1), NO_FLOW);
	}
	is(udp_(&E4, TO), NO_FLOW);
}

static void test_icmp(void **state)
{
	conf(NULL);
	is(icmp_(&E4, TO, 0, 7), NO_FLOW);
	is(icmp_(&E4, TO, 8, 7), NO_FLOW);
	is(icmp_(&E4, FROM, 8, 7), PASS);
	is(icmp_(&E4, TO, 0, 7), PASS);
	is(icmp_(&E4, TO, 0, 8), NO_FLOW);
	/* The answer's flow is not one for questions. */
	is(icmp_(&E4, TO, 8, 7), NO_FLOW);
	is(icmp_(&E4, TO, 14, 7), NO_FLOW);
	is(icmp_(&E4, FROM, 13, 7), PASS);
	is(icmp_(&E4, TO, 14, 7), PASS);
	is(icmp_(&E4, TO, 5, 7), NO_FLOW);	/* redirect */
	is(icmp_(&E6, FROM, 128, 7), PASS);
	is(icmp_(&E6, TO, 129, 7), PASS);
	is(icmp_(&E6, TO, 128, 7), NO_FLOW);
	is(icmp_(&E6, TO, 8, 7), NO_FLOW);
	is(icmp_(&E6, TO, 139, 7), NO_FLOW);	/* node information */
	conf(&web);
	is(icmp_(&E4, TO, 8, 7), PASS);
	is(icmp_(&E4, FROM, 0, 7), PASS);
	seen(VX_PKT_FLOW_ESTABLISHED);
	is(icmp_(&E6, TO, 128, 7), PASS);
	is(icmp_(&E6, FROM, 129, 7), PASS);
}

/* An error of a router on the way that quotes what the guest sent, or is to have sent. */
static int error_(const struct ends *e, __u8 type, __u8 proto, __u32 seq, __u16 quoted_frag, const char *to)
{
	bool v6 = strchr(e->guest, ':');
	struct ends router = { to ? to : e->guest, v6 ? "2001:db8:77::1" : "192.0.2.77", 0, 0, e->port };
	struct frame f;
	__u32 outer;

	flow_ip(&f, &router, TO, v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP, 0);
	outer = f.l3;
	put16(put16(put16(put8(put8(&f, type), 1), 0), 0), 1280);
	if (v6)
		ip6(&f, e->guest, e->peer, proto);
	else
		ip4(&f, e->guest, e->peer, proto, quoted_frag, 0);
	flow_ports(&f, e, FROM);
	put32(&f, seq);
	f.l3 = outer;
	return judge(ip_end(&f), TO, e->port);
}

static void test_errors(void **state)
{
	struct ends other = { GUEST4, PEER4, 40001, 80, 0 };

	conf(NULL);
	is(error_(&E4, 3, IPPROTO_UDP, 0, 0, NULL), NO_FLOW);
	is(udp_(&E4, FROM), PASS);
	is(error_(&E4, 3, IPPROTO_UDP, 0, 0, NULL), PASS);
	seen(VX_PKT_FLOW_RELATED);
	is(error_(&E4, 11, IPPROTO_UDP, 0, 0, NULL), PASS);
	is(error_(&E4, 12, IPPROTO_UDP, 0, 0, NULL), PASS);
	is(error_(&E4, 4, IPPROTO_UDP, 0, 0, NULL), NO_FLOW);	/* source quench, obsolete */
	is(error_(&other, 3, IPPROTO_UDP, 0, 0, NULL), NO_FLOW);
	is(error_(&E4, 3, IPPROTO_TCP, 0, 0, NULL), NO_FLOW);
	/* A later fragment has no ports; an error goes to whom the packet came from. */
	is(error_(&E4, 3, IPPROTO_UDP, 0, 5, NULL), NO_FLOW);
	is(error_(&E4, 3, IPPROTO_UDP, 0, 0x2000, NULL), PASS);
	is(error_(&E4, 3, IPPROTO_UDP, 0, 0, "10.0.0.2"), NO_FLOW);
	assert_int_equal(the_flow(1).state, VX_FLOW_NEW);
	is(udp_(&E6, FROM), PASS);
	is(error_(&E6, 2, IPPROTO_UDP, 0, 0, NULL), PASS);
	is(error_(&E6, 5, IPPROTO_UDP, 0, 0, NULL), NO_FLOW);
	/* Of TCP, one that was sent lately. */
	conf(NULL);
	connect_(&E4, FROM, 1000);
	is(tcp_(&E4, FROM, ACK, 1001, 1001, 1000), PASS);
	is(error_(&E4, 3, IPPROTO_TCP, 1001, 0, NULL), PASS);
	is(error_(&E4, 3, IPPROTO_TCP, 2002, 0, NULL), NO_FLOW);
	is(error_(&E4, 3, IPPROTO_TCP, 1u << 31, 0, NULL), NO_FLOW);
	assert_int_equal(the_flow(1).state, VX_FLOW_ESTABLISHED);
}

/* What a guest needs to be on a network at all. */
static void test_needs_none(void **state)
{
	static const struct vx_stateful_port none = { .mode = VX_STATEFUL_NONE };
	static const __u8 types[] = { 130, 131, 132, 133, 134, 135, 136, 137, 143 };
	int direction;
	struct frame f;
	size_t i;

	conf(&none);
	for (direction = 0; direction < 2; direction++) {
		eth(&f, ALL, direction == TO ? STRANGER : GUEST1, 0x0806);
		is(judge(arp(&f, 1, GUEST1, GUEST4, PEER4), direction, 1), PASS);
		seen(VX_PKT_FLOW_FREE);
		for (i = 0; i < sizeof(types); i++) {
			flow_ip(&f, &E6, direction, IPPROTO_ICMPV6, 0);
			if (types[i] >= 133 && types[i] <= 137)
				nd(&f, types[i], types[i] >= 135 ? GUEST6 : NULL);
			else
				fill(icmp(&f, types[i]), 16);
			is(judge(ip_end(&f), direction, 1), PASS);
			seen(VX_PKT_FLOW_FREE);
		}
		flow_ip(&f, &E4, direction, IPPROTO_IGMP, 0);
		is(judge(ip_end(icmp(&f, 0x11)), direction, 1), PASS);
		/* In a fragment nobody should believe it. */
		flow_ip(&f, &E6, direction, IPPROTO_ICMPV6, 0x2000);
		is(judge(ip_end(nd(&f, 136, GUEST6)), direction, 1), NO_FLOW);
		/* Not IP. */
		eth(&f, direction == TO ? GUEST1 : STRANGER, direction == TO ? STRANGER : GUEST1, 0x88b5);
		is(judge(fill(&f, 46), direction, 1), NO_FLOW);
		is(judge(&f, direction, 2), direction == TO ? NO_FLOW : PASS);
	}
}

static void test_dhcp(void **state)
{
	struct ends ask = { "0.0.0.0", "255.255.255.255", 68, 67, 0 }, offer = { "10.0.0.77", "10.0.0.254", 68, 67, 0 };
	struct ends bcast = { "255.255.255.255", "10.0.0.254", 68, 67, 0 }, odd = { "10.0.0.77", "10.0.0.254", 68, 66, 0 };
	struct ends ask6 = { "fe80::1", "ff02::1:2", 546, 547, 0 }, reply6 = { "fe80::1", "fe80::99", 546, 547, 0 };

	conf(NULL);
	is(udp_(&offer, TO), NO_FLOW);
	is(udp_(&bcast, TO), NO_FLOW);
	is(udp_(&ask, FROM), PASS);
	is(udp_(&odd, TO), NO_FLOW);
	is(udp_(&offer, TO), PASS);
	is(udp_(&bcast, TO), PASS);
	is(udp_(&reply6, TO), NO_FLOW);
	is(udp_(&ask6, FROM), PASS);
	is(udp_(&reply6, TO), PASS);
	assert_int_equal(n_flows(1), 2);
	/* The metadata service is a peer like any other. */
	connect_(&(struct ends){ "10.0.0.77", "169.254.169.254", 50000, 80, 0 }, FROM, 1);
}

static int fragment_(const struct ends *e, __u32 direction, __u16 frag, __u8 proto)
{
	struct frame f;

	flow_ip(&f, e, direction, proto, frag);
	if (!(frag & 0x1fff))
		put16(put16(flow_ports(&f, e, direction), 200), 0);
	return judge(ip_end(fill(&f, 64)), direction, e->port);
}

static void test_fragments(void **state)
{
	const struct ends *both[] = { &E4, &E6 };
	struct ends other4 = { GUEST4, "192.0.2.10", 40000, 80, 0 }, other6 = { GUEST6, "2001:db8:9::10", 40000, 80, 0 };
	int i;

	for (i = 0; i < 2; i++) {
		conf(NULL);
		is(fragment_(both[i], TO, 0x2000, 17), NO_FLOW);
		is(fragment_(both[i], TO, 9, 17), NO_FLOW);
		/* The guest's own need no first one. */
		is(fragment_(both[i], FROM, 9, 17), PASS);
		is(fragment_(both[i], TO, 9, 17), NO_FLOW);
		is(udp_(both[i], FROM), PASS);
		is(fragment_(both[i], TO, 9, 17), NO_FLOW);
		is(fragment_(both[i], TO, 0x2000, 17), PASS);
		is(fragment_(both[i], TO, 0x2009, 17), PASS);
		seen(VX_PKT_FLOW_RELATED);
		is(fragment_(both[i], TO, 20, 17), PASS);
		/* Of another protocol, from another address. */
		is(fragment_(both[i], TO, 9, 132), NO_FLOW);
		is(fragment_(i ? &other6 : &other4, TO, 9, 17), NO_FLOW);
		is(fragment_(&(struct ends){ both[i]->guest, both[i]->peer, 0, 0, 2 }, TO, 9, 17), NO_FLOW);
	}
}

/* ESP, GRE and the like are flows by their addresses; SCTP has ports. */
static void test_others(void **state)
{
	struct ends sctp = { GUEST4, PEER4, 5000, 6000, 0 }, not = { GUEST4, PEER4, 5000, 6001, 0 };
	struct frame f;

	conf(NULL);
	is(judge(ip_end(fill(flow_ip(&f, &E4, TO, 50, 0), 32)), TO, 1), NO_FLOW);
	is(judge(ip_end(fill(flow_ip(&f, &E4, FROM, 50, 0), 32)), FROM, 1), PASS);
	is(judge(ip_end(fill(flow_ip(&f, &E4, TO, 50, 0), 32)), TO, 1), PASS);
	is(judge(ip_end(fill(flow_ip(&f, &E4, TO, 47, 0), 32)), TO, 1), NO_FLOW);
	is(judge(ip_end(fill(flow_ports(flow_ip(&f, &sctp, FROM, 132, 0), &sctp, FROM), 32)), FROM, 1), PASS);
	is(judge(ip_end(fill(flow_ports(flow_ip(&f, &not, TO, 132, 0), &not, TO), 32)), TO, 1), NO_FLOW);
	is(judge(ip_end(fill(flow_ports(flow_ip(&f, &sctp, TO, 132, 0), &sctp, TO), 32)), TO, 1), PASS);
	/* Padding is no payload, and a header that does not add up is nothing. */
	make_tcp(&f, &E4, FROM, SYN, 1, 0, 0);
	is(judge(fill(&f, 6), FROM, 1), PASS);
	make_tcp(&f, &E4, TO, SYN | ACK, 100, 2, 0);
	is(judge(fill(&f, 6), TO, 1), PASS);
	is(tcp_(&E4, FROM, ACK, 2, 101, 0), PASS);
	seen(VX_PKT_FLOW_ESTABLISHED);
	make_tcp(&f, &E4, TO, ACK, 101, 2, 4);
	f.b[f.len - 4 - 8] = 0xf0;
	is(judge(&f, TO, 1), NO_FLOW);
	make_tcp(&f, &E4, TO, ACK, 101, 2, 4);
	f.b[14] = 0x44;
	is(judge(&f, TO, 1), VX_REASON_MALFORMED);
}

static void test_modes(void **state)
{
	static const struct {
		__u32 mode;
		int guest_opens, other_opens, service_opens, answer, stray;
	} rows[] = {
		{ VX_STATEFUL_GUEST, PASS, NO_FLOW, PASS, PASS, NO_FLOW },
		{ VX_STATEFUL_BOTH, PASS, PASS, PASS, PASS, NO_FLOW },
		{ VX_STATEFUL_NONE, NO_FLOW, NO_FLOW, PASS, PASS, NO_FLOW },
		{ VX_STATEFUL_TRACK, PASS, PASS, PASS, PASS, PASS },
		{ 77, NO_FLOW, NO_FLOW, PASS, PASS, NO_FLOW },
	};
	struct ends there = { GUEST4, PEER4, 40001, 81, 0 };
	struct frame f;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vx_stateful_port c = web;

		c.mode = rows[i].mode;
		conf(&c);
		is(udp_(&E4, FROM), rows[i].guest_opens);
		seen(rows[i].guest_opens ? VX_PKT_FLOW_INVALID : VX_PKT_FLOW_NEW);
		is(udp_(&there, TO), rows[i].other_opens);
		is(tcp_(&S4, TO, SYN, 1000, 0, 0), rows[i].service_opens);
		is(tcp_(&S4, FROM, SYN | ACK, 2000, 1001, 0), rows[i].answer);
		is(tcp_(&there, TO, RST, 1000, 0, 0), rows[i].stray);
		seen(VX_PKT_FLOW_INVALID);
		eth(&f, GUEST1, STRANGER, 0x88b5);
		is(judge(fill(&f, 46), TO, 1), rows[i].other_opens);
	}
}

static __u64 ms_left(void)
{
	return (the_flow(1).expires - flow_now()) / 1000000;
}

#define left_is(ms) do { __u64 n_ = ms_left(); \
	if (n_ > (ms) || n_ + 20000 < (ms)) fail_msg("line %d: %llu ms left, not %u", __LINE__, n_, (ms)); } while (0)

static void test_timeouts(void **state)
{
	static const struct vx_stateful_port c = { .timeout_ms = { 101000, 202000, 303000, 404000, 505000, 606000, 707000 } };
	static const struct vx_stateful_port brief = { .timeout_ms = { [VX_STATEFUL_UDP] = 1 } };
	struct frame f;

	conf(&c);
	is(tcp_(&E4, FROM, SYN, 1000, 0, 0), PASS);
	left_is(101000);
	is(tcp_(&E4, TO, SYN | ACK, 2000, 1001, 0), PASS);
	left_is(101000);
	is(tcp_(&E4, FROM, ACK, 1001, 2001, 0), PASS);
	left_is(202000);
	is(tcp_(&E4, FROM, FIN | ACK, 1001, 2001, 0), PASS);
	left_is(303000);
	conf(&c);
	is(udp_(&E4, FROM), PASS);
	left_is(404000);
	is(udp_(&E4, TO), PASS);
	left_is(404000);
	is(udp_(&E4, FROM), PASS);
	left_is(505000);
	conf(&c);
	is(icmp_(&E4, FROM, 8, 1), PASS);
	left_is(606000);
	conf(&c);
	is(judge(ip_end(fill(flow_ip(&f, &E4, FROM, 50, 0), 32)), FROM, 1), PASS);
	left_is(707000);
	conf(NULL);
	connect_(&E4, FROM, 1000);
	left_is(7440000);
	/* What does not count prolongs nothing. */
	is(tcp_(&E4, TO, FIN | ACK, 1u << 31, 1001, 0), PASS);
	left_is(7440000);
	conf(&brief);
	is(udp_(&E4, FROM), PASS);
	usleep(20000);
	is(udp_(&E4, TO), NO_FLOW);
	assert_int_equal(n_flows(1), 0);
}

/* --- bounds --- */

static struct ends numbered(char text[20], __u32 n, __u32 port)
{
	struct ends e = { GUEST4, text, 40000, 80, port };

	snprintf(text, 20, "198.%u.%u.%u", 18 + (n >> 16), n >> 8 & 255, n & 255);
	return e;
}

static void test_limit(void **state)
{
	struct vx_stateful_port c = patient(&web);
	__u32 i, n, refused = 0;
	char text[20];

	c.limit = 60;
	conf(&c);
	/* Established connections fill it. */
	for (n = 0; n < 1000; n++) {
		struct ends e = numbered(text, n, 0);

		if (tcp_(&e, FROM, SYN, 1000, 0, 0) == LIMIT)
			break;
		is(tcp_(&e, TO, SYN | ACK, 1000, 1001, 0), PASS);
		is(tcp_(&e, FROM, ACK, 1001, 1001, 0), PASS);
	}
	printf("limit 60: %u established\n", n);
	assert_in_range(n, 60, 13 * VX_FLOW_WAYS);
	/* Some find the last places. Most are refused; no one takes that of another, be it the guest's own flow or a stranger's. */
	for (i = 0; i < 5000; i++) {
		struct ends own = numbered(text, 5000 + i, 0);
		struct ends s = { GUEST4, text, 80, 1000 + i, 0 };
		int reason = i & 1 ? tcp_(&own, FROM, SYN, 1, 0, 0) : tcp_(&s, TO, SYN, 1, 0, 0);

		if (reason)
			is(reason, LIMIT);
		refused += !!reason;
	}
	printf("limit 60: %u of 5000 more refused\n", refused);
	assert_true(refused > 500);
	for (i = 0; i < n; i++) {
		struct ends e = numbered(text, i, 0);

		is(tcp_(&e, TO, ACK, 1001, 1001, 100), PASS);
		seen(VX_PKT_FLOW_ESTABLISHED);
	}
	/* Another port has its own. */
	for (i = 0; i < 100; i++) {
		struct ends e = numbered(text, i, 2);

		is(tcp_(&e, FROM, SYN, 1000, 0, 0), PASS);
	}
	assert_int_equal(n_flows(2), 100);
	assert_true(n_flows(1) <= 13 * VX_FLOW_WAYS);
}

/* As many as the limit says find room, established, and nobody is in another's way; so do as many of a port with a high limit at once. */
static void test_room(void **state)
{
	static const __u32 limits[] = { 6, 100, 6000, VX_STATEFUL_LIMIT_MAX };
	char text[20];
	__u32 i, k;

	for (k = 0; k < 4; k++) {
		struct vx_stateful_port c = { .limit = limits[k] };
		__u32 n = limits[k] < 6000 ? limits[k] : 6000;

		c = patient(&c);
		conf(&c);
		for (i = 0; i < n; i++) {
			struct ends e = numbered(text, i, 0);

			is(udp_(&e, FROM), PASS);
			is(udp_(&e, TO), PASS);
			is(udp_(&e, FROM), PASS);
		}
		assert_int_equal(n_flows(1), n);
	}
}

/* Strangers' SYNs without end: what is established stays, and so does what the guest opens; each SYN takes another's place. */
static void test_flood(void **state)
{
	struct vx_stateful_port c = patient(&web);
	char text[20];
	__u32 i;

	c.limit = 60;
	conf(&c);
	for (i = 0; i < 20; i++) {
		struct ends e = numbered(text, i, 0);

		connect_(&e, FROM, 1000);
	}
	for (i = 20; i < 30; i++) {
		struct ends e = numbered(text, i, 0);

		is(tcp_(&e, FROM, SYN, 1000, 0, 0), PASS);
	}
	for (i = 0; i < 10000; i++) {
		struct ends e = { GUEST4, text, 80, i, 0 };

		numbered(text, 100000 + i, 0);
		is(tcp_(&e, TO, SYN, i, 0, 0), PASS);
	}
	assert_true(n_flows(1) <= 13 * VX_FLOW_WAYS);
	for (i = 0; i < 20; i++) {
		struct ends e = numbered(text, i, 0);

		is(tcp_(&e, TO, ACK, 1001, 1001, 10), PASS);
		seen(VX_PKT_FLOW_ESTABLISHED);
	}
	for (i = 20; i < 30; i++) {
		struct ends e = numbered(text, i, 0);

		is(tcp_(&e, TO, SYN | ACK, 5000, 1001, 0), PASS);
		is(tcp_(&e, FROM, ACK, 1001, 5001, 0), PASS);
	}
	/* The guest opens more, in the middle of it. */
	for (i = 30; i < 50; i++) {
		struct ends e = numbered(text, i, 0), s = { GUEST4, PEER4, 80, i, 0 };

		is(tcp_(&s, TO, SYN, i, 0, 0), PASS);
		connect_(&e, FROM, 1000);
	}
}

/* Of UDP, anybody can answer for a made-up address: twice asked and answered is no reason to keep others out, and never the guest. */
static void test_flood_answered(void **state)
{
	struct vx_stateful_port c = { .n_open = 1, .open = { { IPPROTO_UDP, 0, 53, 53 } }, .limit = 60 };
	char text[20];
	__u32 i;

	c = patient(&c);
	conf(&c);
	for (i = 0; i < 20; i++) {
		struct ends e = numbered(text, i, 0);

		connect_(&e, FROM, 1000);
		is(udp_(&e, FROM), PASS);
		is(udp_(&e, TO), PASS);
		is(udp_(&e, FROM), PASS);
	}
	for (i = 0; i < 3000; i++) {
		struct ends e = { GUEST4, text, 53, i, 0 };

		numbered(text, 100000 + i, 0);
		is(udp_(&e, TO), PASS);
		is(udp_(&e, FROM), PASS);
		is(udp_(&e, TO), PASS);
	}
	for (i = 20; i < 40; i++) {
		struct ends e = numbered(text, i, 0);

		connect_(&e, FROM, 1000);
	}
	for (i = 0; i < 20; i++) {
		struct ends e = numbered(text, i, 0);

		is(tcp_(&e, TO, ACK, 1001, 1001, 10), PASS);
		seen(VX_PKT_FLOW_ESTABLISHED);
		is(udp_(&e, TO), PASS);
		seen(VX_PKT_FLOW_ESTABLISHED);
	}
}

/* Another limit keeps the flows of the one before. */
static void test_limit_changes(void **state)
{
	struct vx_stateful_port c = { .limit = 600 };
	__u32 port = 1, i, before[] = { 600, 6000, 60 }, k;
	char text[20];

	for (k = 1; k < 3; k++) {
		c.limit = before[0];
		c.limit_before = 0;
		conf(&c);
		for (i = 0; i < 50; i++) {
			struct ends e = numbered(text, i, 0);

			connect_(&e, FROM, 1000);
		}
		c.limit = before[k];
		c.limit_before = before[0];
		assert_int_equal(bpf_map_update_elem(flow_map("stateful_ports"), &port, &c, BPF_ANY), 0);
		for (i = 0; i < 50; i++) {
			struct ends e = numbered(text, i, 0);

			is(tcp_(&e, TO, ACK, 1001, 1001, 10), PASS);
		}
		for (i = 50; i < 70; i++) {
			struct ends e = numbered(text, i, 0);

			connect_(&e, FROM, 1000);
		}
		assert_int_equal(n_flows(1), 70);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp_from_guest),
		cmocka_unit_test(test_tcp_ends),
		cmocka_unit_test(test_tcp_blind),
		cmocka_unit_test(test_tcp_rough),
		cmocka_unit_test(test_tcp_to_service),
		cmocka_unit_test(test_tcp_picked_up),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_needs_none),
		cmocka_unit_test(test_dhcp),
		cmocka_unit_test(test_fragments),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_timeouts),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_flood),
		cmocka_unit_test(test_flood_answered),
		cmocka_unit_test(test_limit_changes),
	};

	return cmocka_run_group_tests(tests, flows_up, plane_down);
}
