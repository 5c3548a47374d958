// SPDX-License-Identifier: GPL-2.0-or-later
/* The policy ratelimit behind the port's own parser: how much passes, at once, over time, and on several CPUs. */
#include "plane.h"
#include <pthread.h>
#include <time.h>
#include <vhost_xdp/ratelimit.h>
#include <vhost_xdp/whole.h>

#define RATELIMIT	2
#define FROM		VX_FROM_GUEST
#define TO		VX_TO_GUEST
#define SECOND		1000000000ull
#define WHOLE_NOTE	0x76785731u	/* as in bpf/passed.bpf.h */
#define THREADS		4

/* As in bpf/policy_ratelimit.bpf.c. */
struct buckets {
	__u32 lock, reserved;
	__u64 filled;
	__s64 packets, bytes;
};

static int map_of(const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(P.policy[RATELIMIT], name);

	assert_true(fd >= 0);
	return fd;
}

static void set(__u32 port, __u32 direction, const struct vx_ratelimit *conf)
{
	struct vx_ratelimit_key key = { port, direction };

	if (conf)
		assert_int_equal(bpf_map_update_elem(map_of("ratelimit_ports"), &key, conf, BPF_ANY), 0);
	else
		bpf_map_delete_elem(map_of("ratelimit_ports"), &key);
}

static struct buckets left(__u32 port, __u32 direction)
{
	__u32 slot = port * VX_DIRECTIONS + direction;
	struct buckets b;

	assert_int_equal(bpf_map_lookup_elem_flags(map_of("ratelimit_buckets"), &slot, &b, BPF_F_LOCK), 0);
	return b;
}

static void put_left(__u32 port, __u32 direction, struct buckets b)
{
	__u32 slot = port * VX_DIRECTIONS + direction;

	assert_int_equal(bpf_map_update_elem(map_of("ratelimit_buckets"), &slot, &b, BPF_F_LOCK), 0);
}

static __u64 now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

static struct frame *packet(struct frame *f, __u32 len)
{
	eth(f, STRANGER, GUEST1, 0x0800);
	udp(ip4(f, "10.0.0.1", "10.0.0.2", 17, 0, 0), 1, 2);
	return ip_end(fill(f, len - f->len));
}

/* n frames of len bytes from port 1 at once; how many passed. */
static __u32 burst(__u32 n, __u32 len)
{
	__u32 passed = 0;
	struct frame f;

	while (n--)
		passed += run_xdp(bpf_program__fd(P.port->progs.vx_port), packet(&f, len), P.host_end[1], 0) == XDP_REDIRECT;
	return passed;
}

static __u64 dropped(__u32 direction, __u16 reason)
{
	struct vx_drop_key key = { .port = 1, .direction = direction, .stage = VX_STAGE_POLICY, .reason = reason, .rule = RATELIMIT };

	return drops(&key).packets;
}

static void fresh(const struct vx_ratelimit *conf)
{
	struct buckets never = {};

	put_left(1, FROM, never);
	put_left(1, TO, never);
	set(1, TO, NULL);
	set(1, FROM, conf);
}

/* Rates so low that nothing comes while a test runs: what passes at once is the burst. */
static void test_burst(void **state)
{
	static const struct {
		const char *what;
		struct vx_ratelimit conf;
		__u32 send, len, passed;
		__u16 reason;
	} rows[] = {
		{ "no limit", { 0, 0, 5, 500 }, 20, 100, 20, 0 },
		{ "packets", { 1, 0, 5, 0 }, 20, 100, 5, VX_REASON_RATE_PPS },
		{ "one packet", { 1, 0, 1, 0 }, 20, 100, 1, VX_REASON_RATE_PPS },
		{ "burst 0 counts as 1", { 1, 0, 0, 0 }, 20, 100, 1, VX_REASON_RATE_PPS },
		{ "bytes", { 0, 1, 0, 1000 }, 20, 100, 10, VX_REASON_RATE_BPS },
		{ "bytes, not quite another", { 0, 1, 0, 1099 }, 20, 100, 10, VX_REASON_RATE_BPS },
		{ "both, packets first", { 1, 1, 5, 1000 }, 20, 100, 5, VX_REASON_RATE_PPS },
		{ "both, bytes first", { 1, 1, 15, 1000 }, 20, 100, 10, VX_REASON_RATE_BPS },
		{ "a frame larger than the burst", { 0, 1, 0, 100 }, 20, 1400, 1, VX_REASON_RATE_BPS },
		{ "the largest burst", { 1, 1, ~0ull, ~0ull }, 20, 1400, 20, 0 },
		{ "the highest rate", { ~0ull, ~0ull, ~0ull, ~0ull }, 20, 1400, 20, 0 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		__u64 lost = dropped(FROM, rows[i].reason), all = all_drops();
		__u32 passed;

		fresh(&rows[i].conf);
		passed = burst(rows[i].send, rows[i].len);
		if (passed != rows[i].passed)
			fail_msg("%s: %u passed, not %u", rows[i].what, passed, rows[i].passed);
		if (all_drops() - all != rows[i].send - passed || (rows[i].reason && dropped(FROM, rows[i].reason) - lost != all_drops() - all))
			fail_msg("%s: not counted for reason %u", rows[i].what, rows[i].reason);
	}
}

/* The buckets' clock is set back, as if that time had passed. What then passes is what the rate brought. */
static void test_refill(void **state)
{
	static const struct {
		const char *what;
		struct vx_ratelimit conf;
		__s64 ns;
		__u32 len, passed;
	} rows[] = {
		{ "1 pps, a second", { 1, 0, 9, 0 }, SECOND, 100, 1 },
		{ "1 pps, three seconds", { 1, 0, 9, 0 }, 3 * SECOND, 100, 3 },
		{ "1 pps, less than a second", { 1, 0, 9, 0 }, SECOND / 10, 100, 0 },
		{ "no more than the burst", { 1, 0, 9, 0 }, 3600 * SECOND, 100, 9 },
		{ "a year", { 1, 0, 9, 0 }, 31536000ll * SECOND, 100, 9 },
		{ "a thousandth of 10 kpps", { 10000, 0, 99, 0 }, SECOND / 1000, 100, 10 },
		{ "bytes", { 0, 1000, 0, 2000 }, SECOND, 100, 10 },
		{ "both", { 4, 1000, 99, 2000 }, SECOND, 100, 4 },
		{ "the clock goes back", { 1, 0, 9, 0 }, -3600ll * (__s64)SECOND, 100, 0 },
		{ "400 Gbit/s, a year", { 0, 50000000000ull, 0, 5000 }, 31536000ll * SECOND, 1000, 5 },
		{ "400 Gbit/s, 33 ms", { 0, 50000000000ull, 0, 5000 }, 1 << 25, 1000, 5 },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buckets empty = { .filled = now() - rows[i].ns };
		__u32 passed, n = rows[i].conf.bytes_ps > 1000000 ? 5 : 20;

		fresh(&rows[i].conf);
		put_left(1, FROM, empty);
		passed = burst(n, rows[i].len);
		/* The test itself takes time: on a busy machine it may see one more, and many at 10,000 a second. */
		if (passed < rows[i].passed || (passed > rows[i].passed + !!rows[i].passed && rows[i].conf.pps < 1000))
			fail_msg("%s: %u passed, not %u", rows[i].what, passed, rows[i].passed);
		if (rows[i].ns < 0 && left(1, FROM).filled != empty.filled)
			fail_msg("%s: the clock was turned back", rows[i].what);
	}
}

/* At 400 Gbit/s and 1 pps alike, what is left is exact: rate times time, less what passed. */
static void test_exact(void **state)
{
	static const __u64 rates[] = { 1, 3, 1000, 125000000, 50000000000ull, VX_RATELIMIT_RATE_MAX };
	static const __u64 elapsed[] = { 1, 7, 1000, 33554432, 33554433, 1000000000 };
	size_t i, k;

	for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		for (k = 0; k < sizeof(elapsed) / sizeof(elapsed[0]); k++) {
			struct vx_ratelimit conf = { .bytes_ps = rates[i], .burst_bytes = VX_RATELIMIT_BURST_MAX };
			struct buckets before = { .filled = now() - elapsed[k], .bytes = 1000ll * VX_RATELIMIT_TOKEN }, after;
			unsigned __int128 want;

			fresh(&conf);
			put_left(1, FROM, before);
			assert_int_equal(burst(1, 1000), 1);
			after = left(1, FROM);
			want = (unsigned __int128)rates[i] * (after.filled - before.filled) + before.bytes;
			if (want > VX_RATELIMIT_BURST_MAX * VX_RATELIMIT_TOKEN)
				want = VX_RATELIMIT_BURST_MAX * VX_RATELIMIT_TOKEN;
			want -= 1000ull * VX_RATELIMIT_TOKEN;
			if ((__s64)want != after.bytes)
				fail_msg("rate %llu, %llu ns: %lld left, not %lld", rates[i], elapsed[k], after.bytes, (__s64)want);
		}
}

/* A frame larger than the burst passes once the bucket is full, and is paid for before the next one. */
static void test_debt(void **state)
{
	struct vx_ratelimit conf = { .bytes_ps = 100, .burst_bytes = 500 };
	struct buckets b;

	fresh(&conf);
	assert_int_equal(burst(3, 1400), 1);
	b = left(1, FROM);
	assert_true(b.bytes < -890ll * VX_RATELIMIT_TOKEN && b.bytes >= -900ll * VX_RATELIMIT_TOKEN);
	/* 900 bytes owed and a bucket of 500: 14 s at 100 a second. */
	b.filled -= 10 * SECOND;
	put_left(1, FROM, b);
	assert_int_equal(burst(1, 1400), 0);
	assert_int_equal(burst(1, 60), 1);
	b = left(1, FROM);
	b.filled -= 5 * SECOND;
	put_left(1, FROM, b);
	assert_int_equal(burst(2, 1400), 1);
}

/* Another rate does not bring another burst, however often it changes; nor does the way back from no limit at once. */
static void test_change(void **state)
{
	struct vx_ratelimit slow = { 1, 0, 10, 0 }, fast = { 2, 0, 10, 0 }, small = { 1, 0, 3, 0 };
	int i;

	fresh(&slow);
	assert_int_equal(burst(20, 100), 10);
	for (i = 0; i < 100; i++) {
		set(1, FROM, i & 1 ? &slow : &fast);
		assert_int_equal(burst(1, 100), 0);
	}
	set(1, FROM, NULL);
	assert_int_equal(burst(2, 100), 2);
	set(1, FROM, &slow);
	assert_int_equal(burst(5, 100), 0);
	/* A smaller bucket holds less, at once. */
	fresh(&slow);
	assert_int_equal(burst(1, 100), 1);
	set(1, FROM, &small);
	assert_int_equal(burst(20, 100), 3);
}

static void test_keys(void **state)
{
	struct vx_ratelimit none_passes = { 1, 0, 1, 0 };
	struct frame f;

	fresh(&none_passes);
	assert_int_equal(burst(5, 100), 1);
	/* Neither the other direction, nor another port. */
	assert_int_equal(run_xdp(bpf_program__fd(P.port->progs.vx_port), packet(&f, 100), P.guest_end[1], 0), XDP_REDIRECT);
	assert_int_equal(run_xdp(bpf_program__fd(P.port->progs.vx_port), packet(&f, 100), P.host_end[2], 0), XDP_REDIRECT);
	assert_int_equal(run_xdp(bpf_program__fd(P.port->progs.vx_port), packet(&f, 100), P.host_end[2], 0), XDP_REDIRECT);
	/* ARP is a frame like any other. */
	eth(&f, ALL, GUEST1, 0x0806);
	arp(&f, 1, GUEST1, "10.0.0.1", "10.0.0.2");
	assert_int_equal(run_xdp(bpf_program__fd(P.port->progs.vx_port), &f, P.host_end[1], 0), XDP_DROP);
}

/* A super-frame of TCP: 6 segments of 1,400 bytes but the last; at a guest end, behind the note of a host end. */
static int super(__u32 options)
{
	static __u8 in[9000];
	struct frame f;
	__u32 note[2] = { WHOLE_NOTE, 1 }, l4, len;
	struct xdp_md ctx = { .data = sizeof(note), .ingress_ifindex = P.guest_end[1] };
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .ctx_in = &ctx, .ctx_size_in = sizeof(ctx));

	eth(&f, GUEST1, GUEST2, 0x0800);
	ip4(&f, "10.0.0.1", "10.0.0.2", 6, 0, 0);
	l4 = f.len;
	fill(tcp(&f, 1000, 2000), options + 5 * 1400 + 100);
	f.b[l4 + 12] = (20 + options) / 4 << 4;
	f.b[l4 + 13] = 0x10;
	f.b[l4 + 16] = 1400 >> 8;
	f.b[l4 + 17] = 1400 & 0xff;
	ip_end(&f);
	len = sizeof(note) + f.len;
	memcpy(in, note, sizeof(note));
	memcpy(in + sizeof(note), f.b, f.len);
	ctx.data_end = opts.data_size_in = len;
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(P.port->progs.vx_port), &opts), 0);
	return opts.retval;
}

static void test_super_frames(void **state)
{
	struct vx_ratelimit conf = { 1, 1, 100, 100000 };
	struct vx_engine_page page;
	__u32 zero = 0, options;
	struct buckets b;

	assert_int_equal(bpf_map_lookup_elem(P.engine[1], &zero, &page), 0);
	page.whole = VX_WHOLE_TSO4;
	assert_int_equal(bpf_map_update_elem(P.engine[1], &zero, &page, BPF_ANY), 0);
	for (options = 0; options <= 12; options += 12) {
		fresh(NULL);
		set(1, TO, &conf);
		assert_int_equal(super(options), XDP_REDIRECT);
		b = left(1, TO);
		assert_int_equal(100 - b.packets / VX_RATELIMIT_TOKEN, 6);
		assert_int_equal(100000 - b.bytes / VX_RATELIMIT_TOKEN, 5 * 1400 + 100 + 6 * (14 + 20 + 20 + options));
	}
	/* More segments than the burst are late, not lost. */
	conf.burst_packets = 4;
	fresh(NULL);
	set(1, TO, &conf);
	assert_int_equal(super(0), XDP_REDIRECT);
	assert_int_equal(super(0), XDP_DROP);
	assert_true(left(1, TO).packets < 0);
	set(1, TO, NULL);
}

/* --- several CPUs at once --- */

struct sender {
	pthread_t thread;
	int cpu;
	__u64 until;
};

static void *send_all(void *arg)
{
	const struct sender *s = arg;
	struct xdp_md ctx = { .ingress_ifindex = P.host_end[1] };
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = 50);
	struct frame f;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(s->cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	packet(&f, 1000);
	opts.data_in = f.b;
	opts.data_size_in = ctx.data_end = f.len;
	while (now() < s->until)
		if (bpf_prog_test_run_opts(bpf_program__fd(P.port->progs.vx_port), &opts))
			return (void *)1;
	return NULL;
}

/* All CPUs send as fast as they can for ns; how many frames passed. */
static __u64 flood(__u64 ns)
{
	int cpus = sysconf(_SC_NPROCESSORS_ONLN), i;
	struct sender s[THREADS];
	__u64 before = traffic(1, FROM).packets;

	for (i = 0; i < THREADS; i++) {
		s[i] = (struct sender){ .cpu = i % cpus, .until = now() + ns };
		assert_int_equal(pthread_create(&s[i].thread, NULL, send_all, &s[i]), 0);
	}
	for (i = 0; i < THREADS; i++) {
		void *failed;

		pthread_join(s[i].thread, &failed);
		assert_null(failed);
	}
	return traffic(1, FROM).packets - before;
}

/* A rate well below what this machine, as busy as it is, sends in a second. */
static __u64 some_rate(void)
{
	__u64 rate;

	fresh(NULL);
	rate = flood(SECOND / 5) * 5 / 16;
	assert_true(rate > 100);
	return rate;
}

/*
 * Over a second, for packets and for bytes. Buckets begin empty and have room for more than comes in that time. So what passed and what is
 * left is what the rate brought, even where a busy machine does not let the flood take it all.
 */
static void accurate(bool bytes)
{
	__u64 rate = some_rate(), passed, lost = all_drops();
	struct vx_ratelimit conf = { 0 };
	struct buckets empty = {}, end;
	double want, got;

	if (bytes)
		conf = (struct vx_ratelimit){ .bytes_ps = rate * 1000, .burst_bytes = VX_RATELIMIT_BURST_MAX };
	else
		conf = (struct vx_ratelimit){ .pps = rate, .burst_packets = VX_RATELIMIT_BURST_MAX };
	fresh(&conf);
	empty.filled = now();
	put_left(1, FROM, empty);
	passed = flood(SECOND);
	end = left(1, FROM);
	want = (double)rate * (end.filled - empty.filled) / SECOND;
	got = passed + (bytes ? end.bytes / 1000.0 : end.packets) / VX_RATELIMIT_TOKEN;
	printf("%s: %llu of %.0f passed in %.3f s, %.0f left\n", bytes ? "bytes" : "packets", passed, want,
	       (double)(end.filled - empty.filled) / SECOND, got - passed);
	assert_true(end.filled - empty.filled > SECOND / 10 * 9);
	assert_true(all_drops() > lost);
	if (passed > want * 1.05 || got < want * 0.95 || got > want * 1.05)
		fail_msg("%llu passed and %.0f are left, not %.0f", passed, got - passed, want);
}

static void test_accurate_packets(void **state)
{
	accurate(false);
}

static void test_accurate_bytes(void **state)
{
	accurate(true);
}

/* While all CPUs send, the rate changes all the time: what passes is what the lower and the higher one allow, and never a burst more. */
static void *change_all(void *arg)
{
	const struct sender *s = arg;
	struct vx_ratelimit a = { .pps = s->cpu, .burst_packets = VX_RATELIMIT_BURST_MAX }, b = a;
	int i;

	b.pps = b.pps / 10 * 9;
	for (i = 0; now() < s->until; i++)
		set(1, FROM, i & 1 ? &a : &b);
	return NULL;
}

static void test_change_under_load(void **state)
{
	__u64 rate = some_rate(), passed;
	struct vx_ratelimit conf = { .pps = rate, .burst_packets = VX_RATELIMIT_BURST_MAX };
	struct buckets empty = {}, end;
	struct sender changer;
	double most, got;

	fresh(&conf);
	empty.filled = now();
	put_left(1, FROM, empty);
	changer = (struct sender){ .cpu = rate, .until = now() + SECOND };
	assert_int_equal(pthread_create(&changer.thread, NULL, change_all, &changer), 0);
	passed = flood(SECOND);
	pthread_join(changer.thread, NULL);
	end = left(1, FROM);
	most = (double)rate * (end.filled - empty.filled) / SECOND;
	got = passed + (double)end.packets / VX_RATELIMIT_TOKEN;
	if (got > most * 1.05 || got < most * 0.9 * 0.95)
		fail_msg("%llu passed and %.0f are left of at most %.0f", passed, got - passed, most);
}

static int up(void **state)
{
	static const __u8 chain[VX_CHAIN_MAX] = { RATELIMIT };
	__u32 port;

	plane_up(state);
	P.policy[RATELIMIT] = plane_policy("policy_ratelimit.bpf.o", "ratelimit", RATELIMIT);
	for (port = 1; port <= 2; port++) {
		set_chain(port, FROM, chain);
		set_chain(port, TO, chain);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst),
		cmocka_unit_test(test_refill),
		cmocka_unit_test(test_exact),
		cmocka_unit_test(test_debt),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_super_frames),
		cmocka_unit_test(test_accurate_packets),
		cmocka_unit_test(test_accurate_bytes),
		cmocka_unit_test(test_change_under_load),
	};

	return cmocka_run_group_tests(tests, up, plane_down);
}
