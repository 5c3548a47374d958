// SPDX-License-Identifier: GPL-2.0-or-later
/* Super-frames that stay whole: who gets them, what the sender learns, and that nothing else of their length passes. */
#include "plane.h"
#include <vhost_xdp/whole.h>

#define TO	VX_TO_GUEST
#define FROM	VX_FROM_GUEST
#define WHOLE_NOTE	0x76785731u	/* as in bpf/passed.bpf.h */
#define PASSED_NOTE	0x76785031u
#define MSS	1400
#define LEN	8014u	/* 6 segments */
#define SEGS	6
#define CWR	0x80
#define ALL_KINDS (VX_WHOLE_TSO4 | VX_WHOLE_TSO6 | VX_WHOLE_ECN | VX_WHOLE_USO4 | VX_WHOLE_USO6)

static struct vx_engine_page page;
static __u32 zero;

static void set_whole(__u32 port, __u64 kinds)
{
	assert_int_equal(bpf_map_lookup_elem(P.engine[port], &zero, &page), 0);
	page.whole = kinds;
	assert_int_equal(bpf_map_update_elem(P.engine[port], &zero, &page, BPF_ANY), 0);
}

static __u64 near(__u32 port, const char *mac)
{
	assert_int_equal(bpf_map_lookup_elem(P.engine[port], &zero, &page), 0);
	return *vx_near_slot(&page, (const __u8 *)mac);
}

static void set_near(__u32 port, const char *mac, __u64 entry)
{
	near(port, mac);
	*vx_near_slot(&page, (const __u8 *)mac) = entry;
	assert_int_equal(bpf_map_update_elem(P.engine[port], &zero, &page, BPF_ANY), 0);
}

static __u64 takes(const char *mac, __u32 kinds)
{
	return vx_near_entry((const __u8 *)mac, kinds);
}

/* A frame of len bytes; what stands for the checksum is size. */
static struct frame *make(struct frame *f, const char *dst, bool v6, __u8 proto, __u16 size, __u8 flags, __u32 len)
{
	__u32 l4, csum = proto == IPPROTO_TCP ? 16 : 6;

	eth(f, dst, GUEST1, v6 ? 0x86dd : 0x0800);
	if (v6)
		ip6(f, "2001:db8::1", "2001:db8::2", proto);
	else
		ip4(f, "10.0.0.1", "10.0.0.2", proto, 0, 0);
	l4 = f->len;
	if (proto == IPPROTO_TCP)
		tcp(f, 1000, 2000);
	else
		udp(f, 1000, 2000);
	if (proto == IPPROTO_TCP) {
		f->b[l4 + 12] = 0x50;
		f->b[l4 + 13] = 0x10 | flags;
	}
	f->b[l4 + csum] = size >> 8;
	f->b[l4 + csum + 1] = size;
	fill(f, len - f->len);
	return ip_end(f);
}

static int leaves(struct frame *f, __u32 port)
{
	return run_xdp(bpf_program__fd(P.port->progs.vx_port), f, P.host_end[port], 0);
}

/* f arrives at a guest end behind a note; magic 0: without. */
static int arrives(const struct frame *f, __u32 port, __u32 magic)
{
	static __u8 in[sizeof(f->b) + 8];
	__u32 note[2] = { magic, 1 }, meta = magic ? sizeof(note) : 0;
	struct xdp_md ctx = { .data = meta, .data_end = meta + f->len, .ingress_ifindex = P.guest_end[port] };
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_size_in = meta + f->len, .ctx_in = &ctx,
			    .ctx_size_in = sizeof(ctx));

	memcpy(in, note, meta);
	memcpy(in + meta, f->b, f->len);
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(P.port->progs.vx_port), &opts), 0);
	return opts.retval;
}

static __u64 oversize(__u32 port, __u8 direction)
{
	struct vx_drop_key key = { .port = port, .direction = direction, .stage = VX_STAGE_PORT, .reason = VX_REASON_OVERSIZE };

	return drops(&key).packets;
}

static void test_the_sender_learns(void **state)
{
	struct frame f;

	set_whole(2, VX_WHOLE_TSO4 | VX_WHOLE_ECN);
	assert_int_equal(leaves(make(&f, GUEST2, false, IPPROTO_TCP, 0, 0, 60), 1), XDP_REDIRECT);
	assert_int_equal(near(1, GUEST2), 0);
	assert_int_equal(leaves(make(&f, GUEST2, false, IPPROTO_TCP, 0, 0, 1400), 1), XDP_REDIRECT);
	assert_int_equal(near(1, GUEST2), takes(GUEST2, VX_WHOLE_TSO4 | VX_WHOLE_ECN));
	assert_int_equal(near(2, GUEST2), 0);

	/* It changes its mind. */
	set_whole(2, VX_WHOLE_TSO6);
	assert_int_equal(leaves(make(&f, GUEST2, true, IPPROTO_UDP, 0, 0, 1400), 1), XDP_REDIRECT);
	assert_int_equal(near(1, GUEST2), takes(GUEST2, VX_WHOLE_TSO6));
	set_whole(2, 0);
	assert_int_equal(leaves(make(&f, GUEST2, false, IPPROTO_TCP, 0, 0, 1400), 1), XDP_REDIRECT);
	assert_int_equal(near(1, GUEST2), 0);

	/* Nothing is learnt of who takes none, or is not here. */
	set_near(1, GUEST2, takes(STRANGER, ALL_KINDS));
	assert_int_equal(leaves(make(&f, GUEST2, false, IPPROTO_TCP, 0, 0, 1400), 1), XDP_REDIRECT);
	assert_int_equal(near(1, GUEST2), takes(STRANGER, ALL_KINDS));
	set_near(1, GUEST2, 0);
	set_near(1, STRANGER, 0);
	assert_int_equal(leaves(make(&f, STRANGER, false, IPPROTO_TCP, 0, 0, 1400), 1), XDP_REDIRECT);
	assert_int_equal(near(1, STRANGER), 0);
}

static void test_kinds(void **state)
{
	static const struct {
		bool v6;
		__u8 proto, flags;
		__u32 needs;
	} rows[] = {
		{ false, IPPROTO_TCP, 0, VX_WHOLE_TSO4 },
		{ false, IPPROTO_TCP, CWR, VX_WHOLE_TSO4 | VX_WHOLE_ECN },
		{ true, IPPROTO_TCP, 0, VX_WHOLE_TSO6 },
		{ true, IPPROTO_TCP, CWR, VX_WHOLE_TSO6 | VX_WHOLE_ECN },
		{ false, IPPROTO_UDP, 0, VX_WHOLE_USO4 },
		{ true, IPPROTO_UDP, 0, VX_WHOLE_USO6 },
	};
	struct frame f;
	__u32 i, bit;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		__u64 sent = traffic(1, FROM).packets, bytes = traffic(1, FROM).bytes, got = traffic(2, TO).packets, lost;

		set_whole(2, rows[i].needs);
		make(&f, GUEST2, rows[i].v6, rows[i].proto, MSS, rows[i].flags, LEN);
		assert_int_equal(arrives(&f, 2, WHOLE_NOTE), XDP_REDIRECT);
		assert_int_equal(leaves(&f, 1), XDP_REDIRECT);
		assert_int_equal(P.meta_len, 8);
		assert_int_equal(P.meta[0], WHOLE_NOTE);
		assert_int_equal(P.meta[1], 1);
		assert_int_equal(f.len, LEN);
		assert_int_equal(traffic(1, FROM).packets, sent + SEGS);
		assert_int_equal(traffic(1, FROM).bytes, bytes + LEN);
		assert_int_equal(traffic(2, TO).packets, got + SEGS);

		for (bit = 1; bit <= ALL_KINDS; bit <<= 1) {
			if (!(rows[i].needs & bit))
				continue;
			set_whole(2, ALL_KINDS & ~bit);
			set_near(1, GUEST2, takes(GUEST2, ALL_KINDS));
			lost = oversize(1, FROM);
			make(&f, GUEST2, rows[i].v6, rows[i].proto, MSS, rows[i].flags, LEN);
			assert_int_equal(leaves(&f, 1), XDP_DROP);
			assert_int_equal(oversize(1, FROM), lost + SEGS);
			assert_int_equal(near(1, GUEST2), takes(GUEST2, ALL_KINDS & ~bit));
			lost = oversize(2, TO);
			assert_int_equal(arrives(&f, 2, WHOLE_NOTE), XDP_DROP);
			assert_int_equal(oversize(2, TO), lost + SEGS);
		}
	}
}

/* The wire, the host, everybody, another VLAN, itself: none of them gets one, and the sender is told. */
static void test_only_neighbours(void **state)
{
	static const char *const dst[] = { STRANGER, HOST, ALL, MCAST6, GUEST3, GUEST1, GUEST2 };
	struct frame f;
	__u32 i;

	set_whole(1, ALL_KINDS);
	set_whole(2, ALL_KINDS);
	set_whole(3, ALL_KINDS);
	set_port_flags(1, VX_PORT_HOST_ALLOW);
	set_engine(2, false);
	for (i = 0; i < sizeof(dst) / sizeof(dst[0]); i++) {
		__u64 lost = oversize(1, FROM), sent = all_traffic();

		set_near(1, dst[i], takes(dst[i], ALL_KINDS));
		assert_int_equal(leaves(make(&f, dst[i], false, IPPROTO_TCP, MSS, 0, LEN), 1), XDP_DROP);
		assert_int_equal(oversize(1, FROM), lost + SEGS);
		assert_int_equal(near(1, dst[i]), 0);
		assert_int_equal(all_traffic(), sent);
	}
	set_port_flags(1, 0);
	set_engine(2, true);
}

static void test_only_from_a_host_end(void **state)
{
	struct frame f;
	__u64 lost;

	set_whole(2, ALL_KINDS);
	make(&f, GUEST2, false, IPPROTO_TCP, MSS, 0, LEN);
	lost = oversize(2, TO);
	assert_int_equal(arrives(&f, 2, 0), XDP_DROP);
	assert_int_equal(arrives(&f, 2, PASSED_NOTE), XDP_DROP);
	assert_int_equal(oversize(2, TO), lost + 2);
	assert_int_equal(arrives(&f, 2, WHOLE_NOTE), XDP_REDIRECT);
}

/* The netdevs let all lengths pass, so it is for the programs to keep the MTU. A frame may carry a tag on top of it. */
static void test_the_mtu_holds(void **state)
{
	static const __u32 longer[] = { 1519, 1522, 2000, 3500, 4096 };
	struct frame f;
	__u32 i;

	set_whole(2, ALL_KINDS);
	make(&f, GUEST2, false, IPPROTO_TCP, MSS, 0, 1518);
	assert_int_equal(arrives(&f, 2, 0), XDP_REDIRECT);
	assert_int_equal(leaves(&f, 1), XDP_REDIRECT);
	for (i = 0; i < sizeof(longer) / sizeof(longer[0]); i++) {
		__u64 out = oversize(1, FROM), in = oversize(2, TO);

		make(&f, GUEST2, false, IPPROTO_TCP, MSS, 0, longer[i]);
		assert_int_equal(arrives(&f, 2, 0), XDP_DROP);
		assert_int_equal(arrives(&f, 2, WHOLE_NOTE), XDP_DROP);
		assert_int_equal(leaves(&f, 1), XDP_DROP);
		assert_int_equal(oversize(1, FROM), out + 1);
		assert_int_equal(oversize(2, TO), in + 2);
	}
}

static void unsound(struct frame *f, const char *what)
{
	__u64 out = oversize(1, FROM), in = oversize(2, TO);
	int a = arrives(f, 2, WHOLE_NOTE), b = leaves(f, 1);

	if (a != XDP_DROP || b != XDP_DROP || oversize(1, FROM) != out + 1 || oversize(2, TO) != in + 1)
		fail_msg("%s: %d %d", what, a, b);
}

static void test_unsound(void **state)
{
	static const __u16 size[] = { 0, 1465, 1500, 4096, LEN - 54, LEN, 65535 };
	struct frame f;
	__u32 i;

	set_whole(2, ALL_KINDS);
	for (i = 0; i < sizeof(size) / sizeof(size[0]); i++)
		unsound(make(&f, GUEST2, false, IPPROTO_TCP, size[i], 0, LEN), "size of segments");
	assert_int_equal(leaves(make(&f, GUEST2, false, IPPROTO_TCP, 1464, 0, LEN), 1), XDP_REDIRECT);
	make(&f, GUEST2, false, IPPROTO_TCP, MSS, 0, LEN);
	f.b[14 + 20 + 12] = 0x40;
	unsound(&f, "a short TCP header");
	make(&f, GUEST2, false, IPPROTO_TCP, MSS, 0, LEN);
	f.b[14 + 6] = 0x20;
	unsound(&f, "a fragment");
	unsound(make(&f, GUEST2, false, IPPROTO_ICMP, MSS, 0, LEN), "ICMP");
	make(&f, GUEST2, false, IPPROTO_TCP, MSS, 0, LEN);
	f.b[12] = 0x12;
	unsound(&f, "not IP");
	make(&f, GUEST2, false, IPPROTO_TCP, MSS, 0, LEN);
	f.b[14] = 0x65;
	unsound(&f, "no version of IP");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_sender_learns),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_only_neighbours),
		cmocka_unit_test(test_only_from_a_host_end),
		cmocka_unit_test(test_the_mtu_holds),
		cmocka_unit_test(test_unsound),
	};

	return cmocka_run_group_tests(tests, plane_up, plane_down);
}
