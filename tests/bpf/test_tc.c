// SPDX-License-Identifier: GPL-2.0-or-later
/* The clsact programs one frame at a time: marks, verdicts and short frames. What they deliver is test_topology's. */
#include "plane.h"

static int uplink_in(struct frame *f, __u32 *mark)
{
	return run_tc(bpf_program__fd(P.tc->progs.vx_uplink_in), f, P.uplink, mark);
}

static int uplink_out(struct frame *f, __u32 *mark)
{
	return run_tc(bpf_program__fd(P.tc->progs.vx_uplink_out), f, P.uplink, mark);
}

static int host_end(struct frame *f, __u32 ifindex)
{
	return run_tc(bpf_program__fd(P.tc->progs.vx_host_end), f, ifindex, NULL);
}

static struct frame *build(struct frame *f, const char *dst, __u16 tpid, __u16 tci)
{
	eth_tag(f, dst, STRANGER, tpid, tci, 0x0800);
	return ip_end(udp(ip4(f, "10.0.0.1", "10.0.0.9", 17, 0, 0), 1000, 2000));
}

static __u64 dropped(__u32 port, __u8 direction, __u16 reason)
{
	struct vx_drop_key key = { .port = port, .direction = direction, .stage = VX_STAGE_TC, .reason = reason };

	return drops(&key).packets;
}

/* A mark of ours is gone when others see the frame; a mark of somebody else stays. */
static void marks(void **state)
{
	__u32 mark = VX_MARK_TO_HOST;
	struct frame f;

	assert_int_equal(uplink_in(build(&f, HOST, 0, 0), &mark), TC_ACT_UNSPEC);
	assert_int_equal(mark, 0);
	mark = VX_MARK_TO_WIRE;
	assert_int_equal(uplink_out(build(&f, STRANGER, 0, 0), &mark), TC_ACT_UNSPEC);
	assert_int_equal(mark, 0);
	mark = 42;
	assert_int_equal(uplink_in(build(&f, HOST, 0, 0), &mark), TC_ACT_UNSPEC);
	assert_int_equal(uplink_out(build(&f, STRANGER, 0, 0), &mark), TC_ACT_UNSPEC);
	assert_int_equal(mark, 42);
	/* Under the mark for the wire even a port's own MAC goes there. */
	mark = VX_MARK_TO_WIRE;
	assert_int_equal(uplink_out(build(&f, GUEST1, 0, 0), &mark), TC_ACT_UNSPEC);
}

static void from_host(void **state)
{
	struct frame f;

	assert_int_equal(uplink_out(build(&f, GUEST1, 0, 0), NULL), TC_ACT_REDIRECT);
	assert_int_equal(uplink_out(build(&f, GUEST3, 0x8100, 10), NULL), TC_ACT_REDIRECT);
	assert_int_equal(uplink_out(build(&f, GUEST3, 0, 0), NULL), TC_ACT_UNSPEC);
	assert_int_equal(uplink_out(build(&f, GUEST1, 0x8100, 10), NULL), TC_ACT_UNSPEC);
	assert_int_equal(uplink_out(build(&f, STRANGER, 0, 0), NULL), TC_ACT_UNSPEC);
	/* Under a service tag are other networks' VLANs. */
	assert_int_equal(uplink_out(build(&f, GUEST1, 0x88a8, 0), NULL), TC_ACT_UNSPEC);
	assert_int_equal(uplink_out(build(&f, GUEST1, 0x88a8, 10), NULL), TC_ACT_UNSPEC);
	assert_int_equal(uplink_out(build(&f, GUEST3, 0x88a8, 10), NULL), TC_ACT_UNSPEC);
	set_engine(1, false);
	assert_int_equal(uplink_out(build(&f, GUEST1, 0, 0), NULL), TC_ACT_UNSPEC);
	set_engine(1, true);
}

/* Without vx_finish's note nothing gets from a host end to anybody. */
static void unjudged(void **state)
{
	static const char *const dst[] = { HOST, ALL, MCAST6, GUEST2, STRANGER };
	__u64 before = dropped(1, VX_FROM_GUEST, VX_REASON_BAD_VERDICT);
	__u64 other = dropped(1, VX_TO_GUEST, VX_REASON_BAD_VERDICT), nobody = dropped(0, 0, VX_REASON_NO_PORT);
	struct frame f;
	size_t i;

	set_port_flags(1, VX_PORT_HOST_ALLOW);
	for (i = 0; i < 5; i++) {
		assert_int_equal(host_end(build(&f, dst[i], 0, 0), P.host_end[1]), TC_ACT_SHOT);
		assert_int_equal(host_end(build(&f, dst[i], 0, 0), P.guest_end[1]), TC_ACT_SHOT);
		assert_int_equal(host_end(build(&f, dst[i], 0, 0), P.uplink), TC_ACT_SHOT);
	}
	set_port_flags(1, 0);
	assert_int_equal(dropped(1, VX_FROM_GUEST, VX_REASON_BAD_VERDICT), before + 5);
	assert_int_equal(dropped(1, VX_TO_GUEST, VX_REASON_BAD_VERDICT), other + 5);
	assert_int_equal(dropped(0, 0, VX_REASON_NO_PORT), nobody + 5);
}

static void truncated(void **state)
{
	static const struct {
		const char *dst;
		__u16 tpid, tci;
		int out;
	} rows[] = {
		{ HOST, 0, 0, TC_ACT_UNSPEC }, { GUEST1, 0, 0, TC_ACT_REDIRECT }, { ALL, 0, 0, TC_ACT_UNSPEC },
		{ GUEST3, 0x8100, 10, TC_ACT_REDIRECT }, { ALL, 0x8100, 10, TC_ACT_UNSPEC },
	};
	struct frame in, f;
	__u32 len, i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (len = 0; len <= 64; len++) {
			int got;

			/* Not IP: of that, a test run refuses short frames before we see them. */
			fill(eth_tag(&in, rows[i].dst, STRANGER, rows[i].tpid, rows[i].tci, 0x88b5), 64);
			in.len = len;
			f = in;
			got = uplink_in(&f, NULL);
			/* Kernels differ in how short a frame they let a test run make; none may come to harm. */
			if (got != TC_ACT_UNSPEC && !(len <= 14 && got == -EINVAL))
				fail_msg("in, row %u, %u bytes: %d", i, len, got);
			f = in;
			got = uplink_out(&f, NULL);
			if (got != (rows[i].tpid && len < 18 ? TC_ACT_UNSPEC : rows[i].out) && !(len <= 14 && got == -EINVAL))
				fail_msg("out, row %u, %u bytes: %d", i, len, got);
			f = in;
			got = host_end(&f, P.host_end[1]);
			if (got != TC_ACT_SHOT && !(len <= 14 && got == -EINVAL))
				fail_msg("host end, row %u, %u bytes: %d", i, len, got);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks),
		cmocka_unit_test(from_host),
		cmocka_unit_test(unjudged),
		cmocka_unit_test(truncated),
	};

	return cmocka_run_group_tests(tests, plane_up, plane_down);
}
