// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy stateful beside a simple model: random flows, endpoints of TCP that behave (but lose segments), somebody on the wire who does
 * not, spoilt frames, and both directions of a port on two CPUs. VX_SEED=N repeats a run.
 */
#include "flows.h"
#include <pthread.h>

static __u32 seed;

static __u32 rnd(__u32 n)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed % n;
}

static __u32 rnd32(void)
{
	return rnd(0xffffffffu) ^ rnd(65536) << 16;
}

/* --- UDP and ICMP: a set of known flows --- */

#define STEPS	8000
#define N_ENDS	64

struct model {
	bool udp, icmp[2];	/* by who asks */
};

static struct ends random_ends(__u32 i)
{
	static const char *const guest[] = { GUEST4, "10.0.0.2", GUEST6, "2001:db8::2" };
	static const char *const peer[] = { PEER4, "192.0.2.10", PEER6, "2001:db8:9::10" };
	__u32 v6 = i >> 5 & 1;

	return (struct ends){ guest[v6 * 2 + (i & 1)], peer[v6 * 2 + (i >> 1 & 1)], 100 + (i >> 2 & 3), 200 + (i >> 4 & 1), 0 };
}

static void test_sets(void **state)
{
	static const struct vx_stateful_port modes[] = {
		{ .mode = VX_STATEFUL_GUEST },
		{ .mode = VX_STATEFUL_GUEST, .n_open = 2, .open = { { IPPROTO_UDP, 0, 101, 102 }, { IPPROTO_ICMP, 0, 0, 65535 } } },
		{ .mode = VX_STATEFUL_BOTH },
		{ .mode = VX_STATEFUL_NONE, .n_open = 1, .open = { { IPPROTO_UDP, 0, 0, 100 } } },
	};
	__u32 m, i;

	for (m = 0; m < 4; m++) {
		const struct vx_stateful_port *c = &modes[m], slow = patient(c);
		struct model known[N_ENDS] = {};

		conf(&slow);
		for (i = 0; i < STEPS; i++) {
			__u32 n = rnd(N_ENDS), direction = rnd(2), kind = rnd(3), asker;
			struct ends e = random_ends(n);
			bool v6 = strchr(e.guest, ':'), *it, opens = true, service, may;
			int got, want;

			if (kind == 0) {
				it = &known[n].udp;
				service = c->n_open && e.guest_port >= c->open[0].first && e.guest_port <= c->open[0].last;
				got = udp_(&e, direction);
			} else {
				/* A question of this side, or an answer to the other's: one flow for each port of the guest. */
				asker = kind == 1 ? direction : !direction;
				n &= ~0x10u;
				it = &known[n].icmp[asker];
				service = c->n_open == 2;
				opens = kind == 1;
				got = icmp_(&e, direction, v6 ? (opens ? 128 : 129) : opens ? 8 : 0, e.guest_port);
			}
			may = c->mode == VX_STATEFUL_BOTH || (c->mode == VX_STATEFUL_GUEST && direction == FROM) || (direction == TO && service);
			want = *it || (opens && may) ? PASS : NO_FLOW;
			/* A guest that may open may also answer what was not asked. */
			if (direction == FROM && (c->mode == VX_STATEFUL_GUEST || c->mode == VX_STATEFUL_BOTH))
				want = PASS;
			if (got != want)
				fail_msg("mode %u, step %u: %s:%u %s %s:%u, kind %u: reason %d, not %d", m, i, e.guest, e.guest_port,
					 direction == TO ? "from" : "to", e.peer, e.peer_port, kind, got, want);
			*it |= opens && may;
		}
	}
}

/* --- TCP: two ends that keep to the rules, and one who does not --- */

struct end {
	__u32 next, unacked;	/* to send */
	__u32 expected;		/* from the other */
	bool fin_sent, fin_seen;
};

struct conn {
	struct ends e;
	int opener;
	int stage;	/* 0: nothing; 1: SYN; 2: SYN and SYN-ACK; 3: established */
	struct end end[2];	/* by the direction in which it sends */
};

static void hear(struct conn *c, int direction, __u32 seq, __u32 len, __u8 flags)
{
	struct end *s = &c->end[direction], *r = &c->end[!direction];

	if (seq != r->expected)
		return;
	r->expected += len + !!(flags & FIN);
	r->fin_seen |= !!(flags & FIN);
	if (rnd(2))
		s->unacked = r->expected;
}

/* A segment that belongs; it must pass, and most arrive. */
static void legit(struct conn *c, int direction, __u8 flags, __u32 seq, __u32 len)
{
	int reason = tcp_(&c->e, direction, flags, seq, c->end[direction].expected, len);

	if (reason || last.flow == VX_PKT_FLOW_INVALID)
		fail_msg("stage %d, %s, flags %#x, seq %u of %u, ack %u: reason %d, flow %u", c->stage, direction == TO ? "to" : "from", flags, seq,
			 c->end[direction].next, c->end[direction].expected, reason, last.flow);
	if (rnd(10))
		hear(c, direction, seq, len, flags);
}

static void handshake(struct conn *c)
{
	int o = c->opener;

	switch (c->stage) {
	case 0:
		c->end[o] = (struct end){ .next = rnd32() };
		c->end[!o] = (struct end){ .next = rnd32() };
		c->stage = 1;
		/* fall through */
	case 1:
		assert_int_equal(tcp_(&c->e, o, SYN, c->end[o].next, 0, 0), PASS);
		if (!rnd(5))
			return;
		c->end[!o].expected = c->end[o].next + 1;
		c->stage = 2;
		/* fall through */
	case 2:
		assert_int_equal(tcp_(&c->e, !o, SYN | ACK, c->end[!o].next, c->end[!o].expected, 0), PASS);
		if (!rnd(5))
			return;
		c->end[o].expected = c->end[!o].next + 1;
		c->end[o].next++;
		c->end[!o].next++;
		c->end[o].unacked = c->end[o].next;
		c->end[!o].unacked = c->end[!o].next;
		c->stage = 3;
		assert_int_equal(tcp_(&c->e, o, ACK, c->end[o].next, c->end[o].expected, 0), PASS);
	}
}

static void talk(struct conn *c)
{
	int direction = rnd(2);
	struct end *s = &c->end[direction];
	__u32 len = rnd(3) ? 1 + rnd(1400) : 0, seq = s->next;

	if (!s->fin_sent && !rnd(40)) {
		legit(c, direction, FIN | ACK, s->next, 0);
		s->next++;
		s->fin_sent = true;
		return;
	}
	/* Again, where an answer is missing; or something new. */
	if (s->fin_sent || !rnd(4)) {
		seq = s->unacked;
		len = s->next - s->fin_sent - seq;
		if ((__s32)len < 0)
			len = 0;
		if (len > 1400)
			len = 1400;
	} else {
		s->next += len;
	}
	legit(c, direction, ACK, seq, len);
}

static bool over(const struct conn *c)
{
	return c->stage == 3 && c->end[0].fin_sent && c->end[1].fin_sent;
}

/* Neither number is near what the ends use: who would guess one of them is left to the tables. */
static void attack(struct conn *c)
{
	static const __u8 kinds[] = { SYN, SYN | ACK, ACK, RST, RST | ACK, FIN | ACK, FIN, 0, 0x3f };
	__u8 flags = kinds[rnd(sizeof(kinds))];
	__u32 seq, ack;

	do {
		seq = rnd32();
	} while (seq - c->end[TO].next + (1u << 25) < 1u << 26 || seq - c->end[FROM].expected + (1u << 25) < 1u << 26);
	do {
		ack = rnd32();
	} while (c->end[FROM].next - ack + (1u << 25) < 1u << 26);
	tcp_(&c->e, TO, flags, seq, ack, rnd(2) * 10);
	if (last.verdict == VX_VERDICT_PASS && last.flow != VX_PKT_FLOW_INVALID && c->stage == 3)
		fail_msg("flags %#x, seq %u, ack %u passed as flow %u", flags, seq, ack, last.flow);
	if (c->stage == 3 && flags & RST && last.verdict == VX_VERDICT_PASS)
		fail_msg("RST %u passed", seq);
}

static void test_tcp_ends(void **state)
{
	static const struct vx_stateful_port c = { .n_open = 1, .open = { { IPPROTO_TCP, 0, 80, 80 } } };
	const struct vx_stateful_port slow = patient(&c);
	static struct conn conns[16];
	__u32 i, n, done = 0;

	conf(&slow);
	for (n = 0; n < 16; n++) {
		conns[n].opener = n & 1 ? FROM : TO;
		conns[n].e = random_ends(n & 2 ? 0 : 32);
		conns[n].e.guest_port = n & 1 ? 1000 + n : 80;
		conns[n].e.peer_port = n & 1 ? 443 : 2000 + n;
	}
	for (i = 0; i < 2 * STEPS; i++) {
		struct conn *conn = &conns[rnd(16)];

		if (!rnd(3)) {
			/* In the middle of a handshake an answer that fits no one must not pass as one, but a SYN of the opener is anybody's. */
			if (conn->stage == 3)
				attack(conn);
		} else if (conn->stage < 3) {
			handshake(conn);
		} else {
			talk(conn);
		}
		if (over(conn)) {
			done++;
			conn->stage = 0;
			/* The same ports at once: the sides have to see it closed. */
			conn->e.peer_port += conn->opener == TO ? 16 : 0;
			conn->e.guest_port += conn->opener == FROM ? 16 : 0;
		}
	}
	printf("%u connections from SYN to FIN\n", done);
	assert_true(done > 40);
}

/* --- spoilt frames --- */

static void any_frame(struct frame *f, __u32 direction)
{
	struct ends e = random_ends(rnd(N_ENDS)), r = e;
	bool v6 = strchr(e.guest, ':');
	__u32 outer;

	switch (rnd(6)) {
	case 0:
		make_tcp(f, &e, direction, rnd(64), rnd32(), rnd32(), rnd(100));
		return;
	case 1:
		ip_end(fill(put16(put16(flow_ports(flow_ip(f, &e, direction, 17, 0), &e, direction), 16), 0), 8));
		return;
	case 2:
		ip_end(fill(flow_ip(f, &e, direction, rnd(256), rnd(2) ? 0x2000 : rnd(0x2000)), 64));
		return;
	case 3:
		ip_end(fill(icmp(flow_ip(f, &e, direction, v6 ? 58 : 1, 0), rnd(256)), 40));
		return;
	case 4:
		flow_ip(f, &r, direction, v6 ? 58 : 1, 0);
		outer = f->l3;
		icmp(f, v6 ? 1 + rnd(4) : 3);
		if (v6)
			ip6(f, e.guest, e.peer, rnd(2) ? 6 : 17);
		else
			ip4(f, e.guest, e.peer, rnd(2) ? 6 : 17, 0, rnd(3));
		fill(flow_ports(f, &e, !direction), 20);
		f->l3 = outer;
		ip_end(f);
		return;
	default:
		eth(f, ALL, direction == TO ? STRANGER : GUEST1, 0x0806);
		arp(f, 1, GUEST1, GUEST4, PEER4);
	}
}

/* Flip bits, cut, lengthen; the Ethernet addresses stay. */
static void spoil(struct frame *f)
{
	__u32 n = rnd(4);

	while (n--)
		f->b[12 + rnd(f->len - 12)] = rnd(3) ? rnd(256) : f->b[12 + rnd(f->len - 12)];
	if (!rnd(4))
		f->len = 14 + rnd(f->len - 13);
	else if (!rnd(8))
		fill(f, rnd(100));
}

/* Without a flow nothing that is spoilt enters the guest but what never needs one; with flows, nothing breaks. */
static void test_spoilt(void **state)
{
	struct frame f;
	__u32 i, passed = 0;

	conf(NULL);
	for (i = 0; i < 2 * STEPS; i++) {
		any_frame(&f, TO);
		spoil(&f);
		if (judge(&f, TO, 1) == PASS) {
			passed++;
			if (last.flow != VX_PKT_FLOW_FREE)
				fail_msg("frame %u passed as flow %u", i, last.flow);
		}
	}
	printf("%u of %u spoilt frames need no flow\n", passed, i);
	assert_int_equal(n_flows(1), 0);
	for (i = 0; i < 2 * STEPS; i++) {
		__u32 direction = rnd(2);

		any_frame(&f, direction);
		spoil(&f);
		judge(&f, direction, 1);
	}
	assert_in_range(n_flows(1), 1, (VX_STATEFUL_LIMIT / VX_FLOW_FILL + 1) * VX_FLOW_WAYS);
}

/* --- two CPUs --- */

#define PAIRS	200

struct half {
	pthread_t thread;
	int cpu, direction;
	int lost;
};

static int quiet_run(struct frame *f, __u32 ifindex)
{
	struct xdp_md ctx = { .data_end = f->len, .ingress_ifindex = ifindex };
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->b, .data_size_in = f->len, .ctx_in = &ctx, .ctx_size_in = sizeof(ctx));

	return bpf_prog_test_run_opts(bpf_program__fd(P.port->progs.vx_port), &opts) ? -1 : (int)opts.retval;
}

/* One direction of connections that are established, with data and acknowledgements that are always somewhat behind. */
static void *send_half(void *arg)
{
	struct half *h = arg;
	struct frame f;
	cpu_set_t set;
	__u32 i, k;

	CPU_ZERO(&set);
	CPU_SET(h->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (i = 0; i < 20; i++)
		for (k = 0; k < PAIRS; k++) {
			struct ends e = { GUEST4, PEER4, 10000 + k, 80, 0 };

			make_tcp(&f, &e, h->direction, ACK, 1001 + i * 10, 1001, 10);
			h->lost += quiet_run(&f, h->direction == TO ? P.guest_end[1] : P.host_end[1]) != XDP_REDIRECT;
			/* And new ones, of which both may be the first. */
			e.guest_port = 20000 + (i * PAIRS + k) % 500;
			make_tcp(&f, &e, h->direction, ACK, 1001, 1001, 0);
			quiet_run(&f, h->direction == TO ? P.guest_end[1] : P.host_end[1]);
		}
	return NULL;
}

static void test_two_cpus(void **state)
{
	static const struct vx_stateful_port c = { .mode = VX_STATEFUL_BOTH };
	struct half h[4];
	int cpus = sysconf(_SC_NPROCESSORS_ONLN), i;

	conf(&c);
	for (i = 0; i < PAIRS; i++) {
		struct ends e = { GUEST4, PEER4, 10000 + i, 80, 0 };

		connect_(&e, FROM, 1000);
	}
	for (i = 0; i < 4; i++) {
		h[i] = (struct half){ .cpu = i % cpus, .direction = i >> 1 };
		assert_int_equal(pthread_create(&h[i].thread, NULL, send_half, &h[i]), 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(h[i].thread, NULL);
		assert_int_equal(h[i].lost, 0);
	}
	/* A new one begun on two CPUs at once is one all the same, but for the rare moment in which each takes another of its two buckets. */
	assert_in_range(n_flows(1), PAIRS + 500, PAIRS + 500 + 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_tcp_ends),
		cmocka_unit_test(test_spoilt),
		cmocka_unit_test(test_two_cpus),
	};

	seed = getenv("VX_SEED") ? strtoul(getenv("VX_SEED"), NULL, 0) : flow_now() ^ getpid();
	seed |= !seed;
	printf("VX_SEED=%u\n", seed);
	return cmocka_run_group_tests(tests, flows_up, plane_down);
}
