// SPDX-License-Identifier: GPL-2.0-or-later
/* Steering on the uplink: DESIGN's table "What arrives on the uplink", as far as XDP decides it. */
#include "plane.h"

struct row {
	const char *what;
	const char *dst;
	__u16 tpid, tci;
	int verdict;
	__u32 port;	/* redirected to, or counted against */
	__u16 reason;
};

static const struct row rows[] = {
	{ "port's MAC, untagged", GUEST1, 0, 0, XDP_REDIRECT, 1, 0 },
	{ "another port's MAC", GUEST2, 0, 0, XDP_REDIRECT, 2, 0 },
	{ "port's MAC and VLAN", GUEST3, 0x8100, 10, XDP_REDIRECT, 3, 0 },
	{ "port's VLAN with a priority", GUEST3, 0x8100, 0xa00a, XDP_REDIRECT, 3, 0 },
	{ "priority tag to an untagged port", GUEST1, 0x8100, 0xe000, XDP_REDIRECT, 1, 0 },
	{ "port's MAC, other VLAN", GUEST3, 0x8100, 11, XDP_PASS, 0, 0 },
	{ "VLAN port's MAC, untagged", GUEST3, 0, 0, XDP_PASS, 0, 0 },
	{ "untagged port's MAC, tagged", GUEST1, 0x8100, 10, XDP_PASS, 0, 0 },
	{ "service tag", GUEST3, 0x88a8, 10, XDP_PASS, 0, 0 },
	{ "host's own MAC", HOST, 0, 0, XDP_PASS, 0, 0 },
	{ "unknown MAC", STRANGER, 0, 0, XDP_PASS, 0, 0 },
	{ "broadcast", ALL, 0, 0, XDP_PASS, 0, 0 },
	{ "broadcast on a port's VLAN", ALL, 0x8100, 10, XDP_PASS, 0, 0 },
	{ "multicast", MCAST6, 0, 0, XDP_PASS, 0, 0 },
};

static int steer(struct frame *f)
{
	return run_xdp(bpf_program__fd(P.steer->progs.vx_steer), f, P.uplink, 0);
}

static void build(struct frame *f, const struct row *r)
{
	eth_tag(f, r->dst, STRANGER, r->tpid, r->tci, 0x0800);
	ip_end(udp(ip4(f, "10.0.0.9", "10.0.0.1", 17, 0, 0), 1000, 2000));
}

static __u64 dropped(__u32 port, __u16 reason)
{
	struct vx_drop_key key = { .port = port, .direction = VX_TO_GUEST, .stage = VX_STAGE_STEER, .reason = reason };

	return drops(&key).packets;
}

static void table(void **state)
{
	struct frame in, f;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		__u64 before = all_drops(), failed;

		build(&in, r);
		f = in;
		if (steer(&f) != r->verdict)
			fail_msg("%s: not verdict %d", r->what, r->verdict);
		/* Steering changes nothing. */
		if (f.len != in.len || memcmp(f.b, in.b, in.len))
			fail_msg("%s: frame changed", r->what);
		assert_int_equal(all_drops(), before);
		if (!r->port)
			continue;
		/* It went to this port's host end, for without that it goes nowhere. */
		failed = dropped(r->port, VX_REASON_REDIRECT_FAILED);
		set_dev(P.host_end[r->port], false);
		f = in;
		if (steer(&f) != XDP_DROP || dropped(r->port, VX_REASON_REDIRECT_FAILED) != failed + 1)
			fail_msg("%s: not redirected to port %u", r->what, r->port);
		set_dev(P.host_end[r->port], true);
	}
}

static void no_backend(void **state)
{
	__u64 before = dropped(1, VX_REASON_NO_BACKEND);
	struct frame f;

	set_engine(1, false);
	build(&f, &rows[0]);
	assert_int_equal(steer(&f), XDP_DROP);
	assert_int_equal(dropped(1, VX_REASON_NO_BACKEND), before + 1);
	set_engine(1, true);

	/* An engine that was killed says "up" for ever, but has no socket. */
	set_socket(1, false);
	build(&f, &rows[0]);
	assert_int_equal(steer(&f), XDP_DROP);
	assert_int_equal(dropped(1, VX_REASON_NO_BACKEND), before + 2);
	set_socket(1, true);

	build(&f, &rows[0]);
	assert_int_equal(steer(&f), XDP_REDIRECT);
}

/* Ports whose MACs end alike share a slot of vx_fdb_low: each gets its own frames, and nobody those of a third. */
static void same_slot(void **state)
{
	const struct row other = { "", "\x02\x00\x5e\x00\x00\x01", 0, 0, 0, 0, 0 }, third = { "", "\x02\x00\x5f\x00\x00\x01", 0, 0, 0, 0, 0 };
	int fd = bpf_map__fd(P.steer->maps.vx_fdb), low = bpf_map__fd(P.steer->maps.vx_fdb_low);
	struct vx_fdb_entry entry = { .port = 2, .host_ifindex = P.host_end[2] };
	struct vx_fdb_key key = { .uplink_ifindex = P.uplink };
	__u32 slot = vx_fdb_slot(0, (const __u8 *)GUEST1), was, now;
	struct frame f;

	memcpy(key.mac, other.dst, 6);
	assert_int_equal(vx_fdb_slot(0, key.mac), slot);
	assert_int_equal(vx_fdb_slot(0, (const __u8 *)third.dst), slot);
	assert_int_equal(bpf_map_lookup_elem(low, &slot, &was), 0);

	assert_int_equal(bpf_map_update_elem(fd, &key, &entry, BPF_ANY), 0);
	now = was | VX_FDB_MORE;
	assert_int_equal(bpf_map_update_elem(low, &slot, &now, BPF_ANY), 0);
	set_dev(P.host_end[1], false);
	build(&f, &other);
	assert_int_equal(steer(&f), XDP_REDIRECT);
	build(&f, &rows[0]);
	assert_int_equal(steer(&f), XDP_DROP);
	build(&f, &third);
	assert_int_equal(steer(&f), XDP_PASS);
	set_dev(P.host_end[1], true);

	/* The first of them has left. */
	now = VX_FDB_MORE;
	assert_int_equal(bpf_map_update_elem(low, &slot, &now, BPF_ANY), 0);
	build(&f, &other);
	assert_int_equal(steer(&f), XDP_REDIRECT);
	build(&f, &rows[0]);
	assert_int_equal(steer(&f), XDP_REDIRECT);
	assert_int_equal(bpf_map_delete_elem(fd, &key), 0);
	assert_int_equal(bpf_map_update_elem(low, &slot, &was, BPF_ANY), 0);
	build(&f, &other);
	assert_int_equal(steer(&f), XDP_PASS);
}

static void truncated(void **state)
{
	struct frame in, f;
	__u32 len;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (len = 0; len <= 64; len++) {
			int want = rows[i].verdict;

			build(&in, &rows[i]);
			fill(&in, 64);
			f = in;
			f.len = len;
			if (len < 14)
				want = -EINVAL;	/* the kernel hands no program less than an Ethernet header */
			else if (rows[i].tpid && len < 18)
				want = XDP_PASS;
			if (steer(&f) != want)
				fail_msg("%s: %u bytes: not %d", rows[i].what, len, want);
			if (len >= 14)
				assert_memory_equal(f.b, in.b, len);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(no_backend),
		cmocka_unit_test(same_slot),
		cmocka_unit_test(truncated),
	};

	return cmocka_run_group_tests(tests, plane_up, plane_down);
}
