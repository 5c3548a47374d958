/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy stateful in both chains of ports 1 and 2: frames of flows, what became of them, and what is known of a flow. */
#ifndef TEST_FLOWS_H
#define TEST_FLOWS_H

#include "plane.h"
#include <time.h>
#include <vhost_xdp/stateful.h>

#define STATEFUL	2
#define TO		VX_TO_GUEST
#define FROM		VX_FROM_GUEST
#define PASS		VX_REASON_NONE
#define NO_FLOW		VX_REASON_NO_FLOW
#define LIMIT		VX_REASON_FLOW_LIMIT

#define FIN		0x01
#define SYN		0x02
#define RST		0x04
#define ACK		0x10

#define GUEST4		"10.0.0.1"
#define PEER4		"192.0.2.9"
#define GUEST6		"2001:db8::1"
#define PEER6		"2001:db8:9::9"

/* The ends of a flow, from the guest's point of view. */
struct ends {
	const char *guest, *peer;
	__u16 guest_port, peer_port;
	__u32 port;	/* 0: port 1 */
};

static const struct ends E4 = { GUEST4, PEER4, 40000, 80, 0 }, E6 = { GUEST6, PEER6, 40000, 80, 0 };

static struct vx_pkt last;	/* the last frame, as it was judged */

UNUSED static int flow_map(const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(P.policy[STATEFUL], name);

	assert_true(fd >= 0);
	return fd;
}

UNUSED static __u64 flow_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* Judge f on its way; 0 or the reason. */
UNUSED static int judge(struct frame *f, __u32 direction, __u32 port)
{
	static struct vx_pkt all[1024];
	__u32 zero = 0, to = port ? port : 1;
	int verdict;

	verdict = run_xdp(bpf_program__fd(P.port->progs.vx_port), f, direction == TO ? P.guest_end[to] : P.host_end[to], 0);
	assert_true(libbpf_num_possible_cpus() <= 1024);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(P.port->maps.vx_frame_v1), &zero, all), 0);
	last = all[0];
	assert_int_equal(last.direction, direction);
	if (last.verdict == VX_VERDICT_PASS) {
		assert_true(verdict == XDP_REDIRECT || verdict == XDP_PASS);
		return PASS;
	}
	assert_int_equal(verdict, XDP_DROP);
	/* Dropped on entry, before any policy. */
	if (last.verdict == VX_VERDICT_NONE)
		return VX_REASON_MAX;
	return last.reason;
}

UNUSED static const char *mac_of(__u32 port)
{
	return port == 2 ? GUEST2 : GUEST1;
}

/* Ethernet and IP of the ends' frame in a direction; frag as in ip4(). */
UNUSED static struct frame *flow_ip(struct frame *f, const struct ends *e, __u32 direction, __u8 proto, __u16 frag)
{
	const char *mac = mac_of(e->port), *src = direction == TO ? e->peer : e->guest, *dst = direction == TO ? e->guest : e->peer;
	bool v6 = strchr(e->guest, ':');

	eth(f, direction == TO ? mac : STRANGER, direction == TO ? STRANGER : mac, v6 ? 0x86dd : 0x0800);
	if (!v6)
		return ip4(f, src, dst, proto, frag, 0);
	ip6(f, src, dst, frag ? 44 : proto);
	return frag ? frag6(f, proto, (frag & 0x1fff) << 3 | !!(frag & 0x2000)) : f;
}

UNUSED static struct frame *flow_ports(struct frame *f, const struct ends *e, __u32 direction)
{
	put16(f, direction == TO ? e->peer_port : e->guest_port);
	return put16(f, direction == TO ? e->guest_port : e->peer_port);
}

static inline void put32(struct frame *f, __u32 v)
{
	put16(put16(f, v >> 16), v);
}

UNUSED static struct frame *make_tcp(struct frame *f, const struct ends *e, __u32 direction, __u8 flags, __u32 seq, __u32 ack, __u32 len)
{
	flow_ports(flow_ip(f, e, direction, IPPROTO_TCP, 0), e, direction);
	put32(f, seq);
	put32(f, ack);
	put8(put8(f, 0x50), flags);
	put16(put16(put16(f, 1000), 0), 0);
	return ip_end(fill(f, len));
}

UNUSED static int tcp_(const struct ends *e, __u32 direction, __u8 flags, __u32 seq, __u32 ack, __u32 len)
{
	struct frame f;

	return judge(make_tcp(&f, e, direction, flags, seq, ack, len), direction, e->port);
}

UNUSED static int udp_(const struct ends *e, __u32 direction)
{
	struct frame f;

	put16(put16(flow_ports(flow_ip(&f, e, direction, IPPROTO_UDP, 0), e, direction), 16), 0);
	return judge(ip_end(fill(&f, 8)), direction, e->port);
}

/* ICMP with an identifier. */
UNUSED static int icmp_(const struct ends *e, __u32 direction, __u8 type, __u16 id)
{
	struct frame f;

	flow_ip(&f, e, direction, strchr(e->guest, ':') ? IPPROTO_ICMPV6 : IPPROTO_ICMP, 0);
	put16(put16(put8(put8(&f, type), 0), 0), id);
	return judge(ip_end(fill(&f, 10)), direction, e->port);
}

/* An established TCP connection, opened by the guest or by the peer; both sides start at isn. */
UNUSED static void connect_(const struct ends *e, __u32 opener, __u32 isn)
{
	assert_int_equal(tcp_(e, opener, SYN, isn, 0, 0), PASS);
	assert_int_equal(tcp_(e, !opener, SYN | ACK, isn, isn + 1, 0), PASS);
	assert_int_equal(tcp_(e, opener, ACK, isn + 1, isn + 1, 0), PASS);
	assert_int_equal(last.flow, VX_PKT_FLOW_ESTABLISHED);
}

/* Call fn for all flows that have not expired. */
UNUSED static void each_flow(void (*fn)(__u32 port, struct vx_flow *flow, void *arg), void *arg)
{
	int fd = flow_map("stateful_flows"), i;
	struct vx_flow_place place, *prev = NULL;
	struct vx_flow_bucket b;

	for (; !bpf_map_get_next_key(fd, prev, &place); prev = &place) {
		assert_int_equal(bpf_map_lookup_elem_flags(fd, &place, &b, BPF_F_LOCK), 0);
		for (i = 0; i < VX_FLOW_WAYS; i++)
			if (b.flow[i].expires > flow_now())
				fn(place.port, &b.flow[i], arg);
	}
}

struct flow_found {
	__u32 port, n;
	struct vx_flow flow;
};

static inline void find_flow(__u32 port, struct vx_flow *flow, void *arg)
{
	struct flow_found *found = arg;

	if (port != found->port)
		return;
	found->flow = *flow;
	found->n++;
}

/* The port's only flow. */
UNUSED static struct vx_flow the_flow(__u32 port)
{
	struct flow_found found = { .port = port };

	each_flow(find_flow, &found);
	assert_int_equal(found.n, 1);
	return found.flow;
}

UNUSED static __u32 n_flows(__u32 port)
{
	struct flow_found found = { .port = port };

	each_flow(find_flow, &found);
	return found.n;
}

UNUSED static void flush(void)
{
	int fd = flow_map("stateful_flows");
	struct vx_flow_place place;

	while (!bpf_map_get_next_key(fd, NULL, &place))
		assert_int_equal(bpf_map_delete_elem(fd, &place), 0);
}

/* Nothing expires while a slow machine runs a test. */
UNUSED static struct vx_stateful_port patient(const struct vx_stateful_port *c)
{
	struct vx_stateful_port slow = *c;
	int i;

	for (i = 0; i < VX_STATEFUL_N_TIMEOUTS; i++)
		slow.timeout_ms[i] = 3600000;
	return slow;
}

/* The configuration of port 1; NULL: none. All flows are forgotten. */
UNUSED static void conf(const struct vx_stateful_port *c)
{
	__u32 port = 1;

	if (c)
		assert_int_equal(bpf_map_update_elem(flow_map("stateful_ports"), &port, c, BPF_ANY), 0);
	else
		bpf_map_delete_elem(flow_map("stateful_ports"), &port);
	flush();
}

UNUSED static int flows_up(void **state)
{
	static const __u8 chain[VX_CHAIN_MAX] = { STATEFUL };
	cpu_set_t set;
	__u32 port;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	assert_int_equal(sched_setaffinity(0, sizeof(set), &set), 0);
	plane_up(state);
	P.policy[STATEFUL] = plane_policy("policy_stateful.bpf.o", "stateful", STATEFUL);
	for (port = 1; port <= 2; port++) {
		set_chain(port, FROM, chain);
		set_chain(port, TO, chain);
	}
	return 0;
}

#endif
