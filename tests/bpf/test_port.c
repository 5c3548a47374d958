// SPDX-License-Identifier: GPL-2.0-or-later
/* A port's two hooks: DESIGN's table "Where a guest's frame goes", VLAN rules, chains, and everything that fails closed. */
#include "plane.h"

#define TO	VX_TO_GUEST
#define FROM	VX_FROM_GUEST

struct row {
	const char *what;
	__u32 port;
	__u8 direction;
	const char *dst;
	__u16 tpid, tci;	/* of the frame that goes in */
	int verdict;
	__u16 reason;		/* counted at stage "port"; 0: passed */
	const char *to;		/* redirect: the port or uplink, else NULL */
	__u16 out_tpid, out_tci;
};

static const struct row rows[] = {
	{ "guest to neighbour", 1, FROM, GUEST2, 0, 0, XDP_REDIRECT, 0, "p2", 0, 0 },
	{ "guest to the wire", 1, FROM, STRANGER, 0, 0, XDP_REDIRECT, 0, "u0", 0, 0 },
	{ "guest to a neighbour of another VLAN", 1, FROM, GUEST3, 0, 0, XDP_REDIRECT, 0, "u0", 0, 0 },
	{ "VLAN guest to the wire", 3, FROM, STRANGER, 0, 0, XDP_REDIRECT, 0, "u0", 0x8100, 10 },
	{ "VLAN guest to an untagged neighbour", 3, FROM, GUEST1, 0, 0, XDP_REDIRECT, 0, "u0", 0x8100, 10 },
	{ "VLAN guest's priority is kept", 3, FROM, STRANGER, 0x8100, 0xa000, XDP_REDIRECT, 0, "u0", 0x8100, 0xa00a },
	{ "priority tag comes off", 1, FROM, GUEST2, 0x8100, 0x6000, XDP_REDIRECT, 0, "p2", 0, 0 },
	{ "guest sends its own VLAN's tag", 3, FROM, STRANGER, 0x8100, 10, XDP_DROP, VX_REASON_WRONG_VLAN, NULL, 0x8100, 10 },
	{ "guest sends another tag", 1, FROM, STRANGER, 0x8100, 20, XDP_DROP, VX_REASON_WRONG_VLAN, NULL, 0x8100, 20 },
	{ "guest sends a service tag", 1, FROM, STRANGER, 0x88a8, 0, XDP_DROP, VX_REASON_WRONG_VLAN, NULL, 0x88a8, 0 },
	{ "guest to itself", 1, FROM, GUEST1, 0, 0, XDP_DROP, VX_REASON_HAIRPIN, NULL, 0, 0 },
	{ "guest to the host, denied", 1, FROM, HOST, 0, 0, XDP_DROP, VX_REASON_HOST_DENIED, NULL, 0, 0 },
	{ "broadcast goes on to tc", 1, FROM, ALL, 0, 0, XDP_PASS, 0, NULL, 0, 0 },
	{ "multicast goes on to tc, untagged", 3, FROM, MCAST6, 0, 0, XDP_PASS, 0, NULL, 0, 0 },
	{ "to the guest", 1, TO, GUEST1, 0, 0, XDP_REDIRECT, 0, "socket", 0, 0 },
	{ "broadcast to the guest", 1, TO, ALL, 0, 0, XDP_REDIRECT, 0, "socket", 0, 0 },
	{ "own VLAN's tag comes off", 3, TO, GUEST3, 0x8100, 0x600a, XDP_REDIRECT, 0, "socket", 0, 0 },
	{ "untagged to a VLAN guest", 3, TO, GUEST3, 0, 0, XDP_REDIRECT, 0, "socket", 0, 0 },
	{ "priority tag to the guest", 1, TO, GUEST1, 0x8100, 0xe000, XDP_REDIRECT, 0, "socket", 0, 0 },
	{ "another VLAN to a VLAN guest", 3, TO, GUEST3, 0x8100, 11, XDP_DROP, VX_REASON_WRONG_VLAN, NULL, 0x8100, 11 },
	{ "tagged to an untagged guest", 1, TO, GUEST1, 0x8100, 10, XDP_DROP, VX_REASON_WRONG_VLAN, NULL, 0x8100, 10 },
	{ "service tag to a VLAN guest", 3, TO, GUEST3, 0x88a8, 10, XDP_DROP, VX_REASON_WRONG_VLAN, NULL, 0x88a8, 10 },
};

static struct frame *build(struct frame *f, const char *dst, __u16 tpid, __u16 tci)
{
	eth_tag(f, dst, GUEST1, tpid, tci, 0x0800);
	return ip_end(udp(ip4(f, "10.0.0.1", "10.0.0.9", 17, 0, 0), 1000, 2000));
}

static __u32 hook(__u32 port, __u8 direction)
{
	return direction == TO ? P.guest_end[port] : P.host_end[port];
}

static int port_run(struct frame *f, __u32 port, __u8 direction)
{
	return run_xdp(bpf_program__fd(P.port->progs.vx_port), f, hook(port, direction), 0);
}

static __u64 dropped(__u32 port, __u8 direction, __u8 stage, __u16 reason, __u32 rule)
{
	struct vx_drop_key key = { .port = port, .direction = direction, .stage = stage, .reason = reason, .rule = rule };

	return drops(&key).packets;
}

/* The frame went where the row says, for without that it goes nowhere; to the wire, vx_host_end has another way. */
static void check_target(const struct row *r)
{
	__u16 reason = VX_REASON_REDIRECT_FAILED;
	__u32 ifindex = 0;
	struct frame f;
	__u64 before;
	bool wire;

	if (!strcmp(r->to, "socket"))
		reason = VX_REASON_NO_BACKEND;
	else
		ifindex = if_nametoindex(r->to);
	wire = ifindex && ifindex == P.uplink;
	before = dropped(r->port, r->direction, VX_STAGE_PORT, reason, 0);
	ifindex ? set_dev(ifindex, false) : set_socket(r->port, false);
	if (port_run(build(&f, r->dst, r->tpid, r->tci), r->port, r->direction) != (wire ? XDP_PASS : XDP_DROP) ||
	    dropped(r->port, r->direction, VX_STAGE_PORT, reason, 0) != before + !wire)
		fail_msg("%s: not redirected to %s", r->what, r->to);
	ifindex ? set_dev(ifindex, true) : set_socket(r->port, true);
}

static void table(void **state)
{
	struct frame f, want;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		__u64 all = all_drops(), one = dropped(r->port, r->direction, VX_STAGE_PORT, r->reason, 0), passed = all_traffic();
		struct vx_counter t = traffic(r->port, r->direction);
		__u32 len = build(&f, r->dst, 0, 0)->len;
		int verdict = port_run(build(&f, r->dst, r->tpid, r->tci), r->port, r->direction);

		if (verdict != r->verdict)
			fail_msg("%s: verdict %d, not %d", r->what, verdict, r->verdict);
		build(&want, r->dst, r->out_tpid, r->out_tci);
		if (f.len != want.len || memcmp(f.b, want.b, f.len))
			fail_msg("%s: frame out differs", r->what);
		if (all_drops() - all != (r->reason != 0) ||
		    (r->reason && dropped(r->port, r->direction, VX_STAGE_PORT, r->reason, 0) != one + 1))
			fail_msg("%s: not counted as drop for reason %u", r->what, r->reason);
		/* What goes on to tc is counted there. */
		if (all_traffic() - passed != (verdict == XDP_REDIRECT))
			fail_msg("%s: counted as passed %llu times", r->what, all_traffic() - passed);
		if (verdict == XDP_REDIRECT && traffic(r->port, r->direction).bytes != t.bytes + len)
			fail_msg("%s: bytes are not those that the guest sees", r->what);
		/* The note for tc, without which it drops. */
		if (verdict == XDP_PASS ? P.meta_len != 8 || P.meta[1] != r->port : P.meta_len != 0)
			fail_msg("%s: %u bytes of metadata", r->what, P.meta_len);
		if (r->to)
			check_target(r);
	}
}

static void host_allow(void **state)
{
	struct frame f;

	set_port_flags(1, VX_PORT_HOST_ALLOW);
	assert_int_equal(port_run(build(&f, HOST, 0, 0), 1, FROM), XDP_PASS);
	set_port_flags(1, 0);
	assert_int_equal(port_run(build(&f, HOST, 0, 0), 1, FROM), XDP_DROP);
}

static void inactive_neighbour(void **state)
{
	struct row wire = { "inactive neighbour", 1, FROM, GUEST2, 0, 0, XDP_REDIRECT, 0, "u0", 0, 0 };

	set_engine(2, false);
	check_target(&wire);
	set_engine(2, true);
	wire.to = "p2";
	check_target(&wire);
}

static void no_backend(void **state)
{
	__u64 before = dropped(1, TO, VX_STAGE_PORT, VX_REASON_NO_BACKEND, 0);
	struct frame f;

	set_engine(1, false);
	assert_int_equal(port_run(build(&f, GUEST1, 0, 0), 1, TO), XDP_DROP);
	set_engine(1, true);
	set_socket(1, false);
	assert_int_equal(port_run(build(&f, GUEST1, 0, 0), 1, TO), XDP_DROP);
	set_socket(1, true);
	assert_int_equal(dropped(1, TO, VX_STAGE_PORT, VX_REASON_NO_BACKEND, 0), before + 2);
	assert_int_equal(port_run(build(&f, GUEST1, 0, 0), 1, TO), XDP_REDIRECT);
}

struct chain_row {
	const char *what;
	__u8 ids[VX_CHAIN_MAX];
	__u16 reason;
	__u32 rule;
};

static const struct chain_row chains[] = {
	{ "one", { ALLOW }, 0, 0 },
	{ "eight", { ALLOW, ALLOW, ALLOW, ALLOW, ALLOW, ALLOW, ALLOW, ALLOW }, 0, 0 },
	{ "ends at the first 0", { ALLOW, 0, EMPTY_SLOT }, 0, 0 },
	{ "empty", { 0 }, VX_REASON_NO_POLICY, 0 },
	{ "starts with 0", { 0, ALLOW }, VX_REASON_NO_POLICY, 0 },
	{ "empty slot first", { EMPTY_SLOT }, VX_REASON_NO_POLICY, EMPTY_SLOT },
	{ "empty slot second", { ALLOW, EMPTY_SLOT }, VX_REASON_NO_POLICY, EMPTY_SLOT },
	{ "empty slot eighth", { ALLOW, ALLOW, ALLOW, ALLOW, ALLOW, ALLOW, ALLOW, EMPTY_SLOT }, VX_REASON_NO_POLICY, EMPTY_SLOT },
	{ "highest id", { 255 }, VX_REASON_NO_POLICY, 255 },
};

static void chain(void **state)
{
	static const __u8 allow[VX_CHAIN_MAX] = { ALLOW };
	struct frame f;
	__u8 d;
	size_t i;

	for (i = 0; i < 2 * sizeof(chains) / sizeof(chains[0]); i++) {
		const struct chain_row *r = &chains[i / 2];
		__u64 all = all_drops(), one;

		d = i & 1;
		one = dropped(1, d, VX_STAGE_PORT, r->reason, r->rule);
		set_chain(1, d, r->ids);
		if (port_run(build(&f, d == TO ? GUEST1 : STRANGER, 0, 0), 1, d) != (r->reason ? XDP_DROP : XDP_REDIRECT))
			fail_msg("chain %s, direction %u: wrong verdict", r->what, d);
		if (all_drops() - all != (r->reason != 0) || (r->reason && dropped(1, d, VX_STAGE_PORT, r->reason, r->rule) != one + 1))
			fail_msg("chain %s, direction %u: wrong counter", r->what, d);
		set_chain(1, d, allow);
	}
}

static void no_chain_entry(void **state)
{
	static const __u8 allow[VX_CHAIN_MAX] = { ALLOW };
	__u64 before = dropped(2, FROM, VX_STAGE_PORT, VX_REASON_NO_POLICY, 0);
	struct frame f;

	no_chain(2, FROM);
	assert_int_equal(port_run(build(&f, GUEST1, 0, 0), 2, FROM), XDP_DROP);
	assert_int_equal(dropped(2, FROM, VX_STAGE_PORT, VX_REASON_NO_POLICY, 0), before + 1);
	set_chain(2, FROM, allow);
	assert_int_equal(port_run(build(&f, GUEST1, 0, 0), 2, FROM), XDP_REDIRECT);
}

/* Slot 0 gone: nobody can deliver, so nobody does. */
static void no_finish(void **state)
{
	int array = bpf_map__fd(P.port->maps.vx_policy_v1), finish = bpf_program__fd(P.port->progs.vx_finish);
	__u32 zero = 0;
	struct frame f;

	assert_int_equal(bpf_map_delete_elem(array, &zero), 0);
	assert_int_equal(port_run(build(&f, STRANGER, 0, 0), 1, FROM), XDP_DROP);
	assert_int_equal(port_run(build(&f, GUEST1, 0, 0), 1, TO), XDP_DROP);
	assert_int_equal(bpf_map_update_elem(array, &zero, &finish, BPF_ANY), 0);
	assert_int_equal(port_run(build(&f, GUEST1, 0, 0), 1, TO), XDP_REDIRECT);
}

static void no_port(void **state)
{
	__u32 id = 2, port1 = P.host_end[1];
	struct vx_port_cfg cfg, gone = {};
	struct vx_if vif;
	__u64 before = dropped(0, 0, VX_STAGE_PORT, VX_REASON_NO_PORT, 0);
	int ifs = bpf_map__fd(P.port->maps.vx_ifs), ports = bpf_map__fd(P.port->maps.vx_ports);
	struct frame f;

	assert_int_equal(bpf_map_lookup_elem(ifs, &port1, &vif), 0);
	assert_int_equal(bpf_map_delete_elem(ifs, &port1), 0);
	assert_int_equal(port_run(build(&f, STRANGER, 0, 0), 1, FROM), XDP_DROP);
	assert_int_equal(dropped(0, 0, VX_STAGE_PORT, VX_REASON_NO_PORT, 0), before + 1);
	assert_int_equal(bpf_map_update_elem(ifs, &port1, &vif, BPF_ANY), 0);

	before = dropped(2, FROM, VX_STAGE_PORT, VX_REASON_NO_PORT, 0);
	assert_int_equal(bpf_map_lookup_elem(ports, &id, &cfg), 0);
	assert_int_equal(bpf_map_update_elem(ports, &id, &gone, BPF_ANY), 0);
	assert_int_equal(port_run(build(&f, STRANGER, 0, 0), 2, FROM), XDP_DROP);
	assert_int_equal(dropped(2, FROM, VX_STAGE_PORT, VX_REASON_NO_PORT, 0), before + 1);
	assert_int_equal(bpf_map_update_elem(ports, &id, &cfg, BPF_ANY), 0);
}

/* Two tags: the guest may not send them; towards a VLAN guest, what is inside its own tag is its own. */
static void two_tags(void **state)
{
	struct frame f, in;

	eth_tag(&f, STRANGER, GUEST1, 0x8100, 0, 0x8100);
	put16(put16(&f, 20), 0x0800);
	fill(&f, 40);
	in = f;
	assert_int_equal(port_run(&f, 1, FROM), XDP_DROP);
	f = in;
	assert_int_equal(port_run(&f, 1, TO), XDP_DROP);
	assert_int_equal(dropped(1, TO, VX_STAGE_PORT, VX_REASON_WRONG_VLAN, 0) > 0, 1);

	eth_tag(&f, GUEST3, STRANGER, 0x8100, 10, 0x8100);
	put16(put16(&f, 20), 0x0800);
	ip_end(udp(ip4(&f, "10.0.0.1", "10.0.0.2", 17, 0, 0), 1, 2));
	assert_int_equal(port_run(&f, 3, TO), XDP_REDIRECT);
	assert_memory_equal(f.b + 12, "\x81\x00\x00\x14\x08\x00", 6);
}

/* A frame in several buffers would reach the socket cut short. */
static void oversize(void **state)
{
	__u64 before = dropped(1, TO, VX_STAGE_PORT, VX_REASON_OVERSIZE, 0);
	struct frame f;

	build(&f, GUEST1, 0, 0);
	fill(&f, 6000);
	assert_int_equal(port_run(&f, 1, TO), XDP_DROP);
	assert_int_equal(dropped(1, TO, VX_STAGE_PORT, VX_REASON_OVERSIZE, 0), before + 1);
}

/* "bpftool prog run" runs on lo: the trial port judges and delivers nothing. */
static void trial(void **state)
{
	static const __u8 allow[VX_CHAIN_MAX] = { ALLOW }, empty[VX_CHAIN_MAX] = { EMPTY_SLOT };
	int prog = bpf_program__fd(P.port->progs.vx_port);
	__u64 passed = all_traffic();
	struct frame f;

	assert_int_equal(run_xdp(prog, build(&f, STRANGER, 0, 0), VX_TRIAL_IFINDEX, 0), XDP_DROP);
	set_chain(VX_TRIAL_PORT, FROM, allow);
	assert_int_equal(run_xdp(prog, build(&f, STRANGER, 0, 0), VX_TRIAL_IFINDEX, 0), XDP_PASS);
	set_chain(VX_TRIAL_PORT, TO, empty);
	assert_int_equal(run_xdp(prog, build(&f, STRANGER, 0, 0), VX_TRIAL_IFINDEX, 0), XDP_DROP);
	assert_int_equal(dropped(VX_TRIAL_PORT, TO, VX_STAGE_PORT, VX_REASON_NO_POLICY, EMPTY_SLOT), 1);
	set_chain(VX_TRIAL_PORT, TO, allow);
	assert_int_equal(run_xdp(prog, build(&f, GUEST1, 0, 0), VX_TRIAL_IFINDEX, 0), XDP_PASS);
	assert_int_equal(all_traffic(), passed);
	no_chain(VX_TRIAL_PORT, TO);
	no_chain(VX_TRIAL_PORT, FROM);
}

/* Rules of many policies may have filled the map of reasons: what is dropped then is counted all the same. */
static void no_room_for_reasons(void **state)
{
	struct vx_drop_key filler = { .port = 1000, .stage = VX_STAGE_POLICY, .reason = VX_REASON_DENIED }, key = {};
	struct vx_counter c[libbpf_num_possible_cpus()];
	int fd = bpf_map__fd(P.port->maps.vx_drops), more = bpf_map__fd(P.port->maps.vx_drops_more);
	__u32 at = 1 * VX_DIRECTIONS + FROM;
	struct frame f;

	memset(c, 0, sizeof(c));
	key = (struct vx_drop_key){ .port = 1, .direction = FROM, .stage = VX_STAGE_PORT, .reason = VX_REASON_HAIRPIN };
	bpf_map_delete_elem(fd, &key);
	while (!bpf_map_update_elem(fd, &filler, c, BPF_ANY))
		filler.rule += 256;
	assert_int_equal(errno, E2BIG);
	build(&f, GUEST1, 0, 0);
	assert_int_equal(port_run(&f, 1, FROM), XDP_DROP);
	assert_int_equal(drops(&key).packets, 0);
	assert_int_equal(bpf_map_lookup_elem(more, &at, c), 0);
	assert_int_equal(sum(c).packets, 1);
	assert_int_equal(sum(c).bytes, f.len);

	while (filler.rule) {
		filler.rule -= 256;
		bpf_map_delete_elem(fd, &filler);
	}
	assert_int_equal(port_run(build(&f, GUEST1, 0, 0), 1, FROM), XDP_DROP);
	assert_int_equal(drops(&key).packets, 1);
}

static void truncated(void **state)
{
	struct frame in, f;
	__u32 len;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (len = 0; len <= 64; len++) {
			const struct row *r = &rows[i];
			__u64 all = all_drops(), passed = all_traffic();
			int verdict, want = r->verdict;

			build(&in, r->dst, r->tpid, r->tci);
			fill(&in, 64);
			f = in;
			f.len = len;
			if (len < 14)
				want = -EINVAL;
			else if (r->tpid && len < 18)
				want = XDP_DROP;
			verdict = port_run(&f, r->port, r->direction);
			if (verdict != want)
				fail_msg("%s: %u bytes: verdict %d, not %d", r->what, len, verdict, want);
			/* Whatever the length, it is counted once, as passed or as dropped. */
			if (want >= 0 && all_drops() - all + all_traffic() - passed != (want != XDP_PASS))
				fail_msg("%s: %u bytes: not counted once", r->what, len);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(host_allow),
		cmocka_unit_test(inactive_neighbour),
		cmocka_unit_test(no_backend),
		cmocka_unit_test(chain),
		cmocka_unit_test(no_chain_entry),
		cmocka_unit_test(no_finish),
		cmocka_unit_test(no_port),
		cmocka_unit_test(two_tags),
		cmocka_unit_test(oversize),
		cmocka_unit_test(trial),
		cmocka_unit_test(no_room_for_reasons),
		cmocka_unit_test(truncated),
	};

	return cmocka_run_group_tests(tests, plane_up, plane_down);
}
