// SPDX-License-Identifier: GPL-2.0-or-later
/* Watching frames: what samples say at each point, who gets them, how many, and that it ends by itself. And losses of redirects. */
#include <time.h>
#include "plane.h"
#include <vhost_xdp/watch.h>
#include "vx_loss.skel.h"

#define TO	VX_TO_GUEST
#define FROM	VX_FROM_GUEST
#define RING	(1u << 20)

static int watch_map, ring_fd[VX_WATCHERS];
static struct ring_buffer *rb[VX_WATCHERS];

static struct {
	struct vx_sample s;
	__u8 data[VX_SNAP_MAX];
} got[64];
static int n_got;

static __u64 now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static void read_watch(struct vx_watch *w)
{
	__u32 zero = 0;

	assert_int_equal(bpf_map_lookup_elem(watch_map, &zero, w), 0);
}

static void write_watch(const struct vx_watch *w)
{
	__u32 zero = 0;

	assert_int_equal(bpf_map_update_elem(watch_map, &zero, w, BPF_ANY), 0);
}

/* One watcher more; ns: how long. */
static void watch(__u32 i, __u32 what, __u32 port, __u32 snaplen, __u32 rate, __u64 ns)
{
	struct vx_watch w;

	read_watch(&w);
	w.watcher[i] = (struct vx_watcher){ .until = now() + ns, .what = what, .port = port, .snaplen = snaplen, .rate = rate,
					    .reasons = { ~0ull, ~0ull } };
	w.what |= what;
	write_watch(&w);
}

static void nobody(void)
{
	static const struct vx_watch none;

	write_watch(&none);
}

static int keep(void *arg, void *data, size_t size)
{
	const struct vx_sample *s = data;

	assert_true(size == sizeof(*s) + s->caplen);
	assert_true(n_got < 64);
	got[n_got].s = *s;
	memcpy(got[n_got++].data, s + 1, s->caplen);
	return 0;
}

/* What watcher i was given since the last call. */
static int samples(__u32 i)
{
	n_got = 0;
	ring_buffer__consume(rb[i]);
	return n_got;
}

static struct frame *build(struct frame *f, const char *dst, __u16 tpid, __u16 tci)
{
	eth_tag(f, dst, GUEST1, tpid, tci, 0x0800);
	return ip_end(udp(ip4(f, "10.0.0.1", "10.0.0.9", 17, 0, 0), 1000, 2000));
}

static void send_at(__u32 port, __u8 direction, const char *dst, __u16 tpid, __u16 tci)
{
	struct frame f;

	build(&f, dst, tpid, tci);
	assert_true(run_xdp(bpf_program__fd(P.port->progs.vx_port), &f, direction == TO ? P.guest_end[port] : P.host_end[port], 0) >= 0);
}

static void steer(const char *dst, __u16 tpid, __u16 tci)
{
	struct frame f;

	build(&f, dst, tpid, tci);
	assert_true(run_xdp(bpf_program__fd(P.steer->progs.vx_steer), &f, P.uplink, 0) >= 0);
}

static void assert_sample(int i, __u32 points, __u32 port, __u8 direction, __u8 stage, __u16 reason, __u8 verdict)
{
	const struct vx_sample *s = &got[i].s;

	assert_int_equal(s->points, points);
	assert_int_equal(s->port, port);
	assert_int_equal(s->direction, direction);
	assert_int_equal(s->reason, reason);
	assert_int_equal(s->verdict, verdict);
	if (reason)
		assert_int_equal(s->stage, stage);
}

static void nobody_watches(void **state)
{
	nobody();
	send_at(1, FROM, GUEST1, 0, 0);
	assert_int_equal(samples(0), 0);
}

static void a_frame_that_passes(void **state)
{
	struct frame f, tagged;

	nobody();
	watch(0, VX_WATCH_UPLINK | VX_WATCH_BEFORE | VX_WATCH_AFTER | VX_WATCH_DROPS, 3, VX_SNAP_MAX, 100, 10000000000ull);
	send_at(3, FROM, STRANGER, 0x8100, 0xa000);
	assert_int_equal(samples(0), 3);
	assert_sample(0, VX_WATCH_BEFORE, 3, FROM, 0, 0, VX_NO_VERDICT);
	assert_sample(1, VX_WATCH_AFTER, 3, FROM, 0, 0, XDP_REDIRECT);
	assert_sample(2, VX_WATCH_UPLINK, 3, FROM, 0, 0, XDP_REDIRECT);
	build(&f, STRANGER, 0, 0);
	build(&tagged, STRANGER, 0x8100, 0xa00a);
	assert_int_equal(got[0].s.len, f.len);
	assert_int_equal(got[0].s.caplen, f.len);
	assert_memory_equal(got[0].data, f.b, f.len);
	assert_memory_equal(got[1].data, f.b, f.len);
	assert_int_equal(got[0].s.vlan, 0xa000);
	assert_int_equal(got[2].s.len, tagged.len);
	assert_int_equal(got[2].s.vlan, 0);
	assert_memory_equal(got[2].data, tagged.b, tagged.len);

	steer(GUEST3, 0x8100, 10);
	assert_int_equal(samples(0), 1);
	assert_sample(0, VX_WATCH_UPLINK, 3, TO, 0, 0, XDP_REDIRECT);
	send_at(3, TO, GUEST3, 0x8100, 10);
	assert_int_equal(samples(0), 2);
	assert_sample(0, VX_WATCH_BEFORE, 3, TO, 0, 0, VX_NO_VERDICT);
	assert_sample(1, VX_WATCH_AFTER, 3, TO, 0, 0, XDP_REDIRECT);
}

static void drops_of_each_stage(void **state)
{
	static const __u8 none[VX_CHAIN_MAX], allow[VX_CHAIN_MAX] = { ALLOW };
	struct frame f;
	__u32 mark = 0;

	nobody();
	watch(1, VX_WATCH_DROPS, 0, 64, 100, 10000000000ull);
	send_at(1, FROM, GUEST1, 0, 0);
	send_at(1, FROM, STRANGER, 0x8100, 20);
	set_chain(1, FROM, none);
	send_at(1, FROM, STRANGER, 0, 0);
	set_chain(1, FROM, allow);
	set_engine(1, false);
	steer(GUEST1, 0, 0);
	set_engine(1, true);
	build(&f, STRANGER, 0, 0);
	assert_int_equal(run_tc(bpf_program__fd(P.tc->progs.vx_host_end), &f, P.host_end[1], &mark), TC_ACT_SHOT);
	assert_int_equal(samples(1), 5);
	assert_sample(0, VX_WATCH_AFTER | VX_WATCH_DROPS, 1, FROM, VX_STAGE_PORT, VX_REASON_HAIRPIN, XDP_DROP);
	assert_sample(1, VX_WATCH_BEFORE | VX_WATCH_DROPS, 1, FROM, VX_STAGE_PORT, VX_REASON_WRONG_VLAN, XDP_DROP);
	assert_sample(2, VX_WATCH_BEFORE | VX_WATCH_DROPS, 1, FROM, VX_STAGE_PORT, VX_REASON_NO_POLICY, XDP_DROP);
	assert_sample(3, VX_WATCH_UPLINK | VX_WATCH_DROPS, 1, TO, VX_STAGE_STEER, VX_REASON_NO_BACKEND, XDP_DROP);
	assert_sample(4, VX_WATCH_DROPS, 1, FROM, VX_STAGE_TC, VX_REASON_BAD_VERDICT, XDP_DROP);
	assert_int_equal(got[0].s.caplen, f.len < 64 ? f.len : 64);
}

static void only_what_was_asked_for(void **state)
{
	struct vx_watch w;

	nobody();
	watch(0, VX_WATCH_DROPS, 2, 64, 100, 10000000000ull);
	watch(1, VX_WATCH_DROPS, 0, 20, 100, 10000000000ull);
	watch(2, VX_WATCH_AFTER, 1, 64, 100, 10000000000ull);
	read_watch(&w);
	w.watcher[1].reasons[0] = 1ull << VX_REASON_WRONG_VLAN;
	w.watcher[1].reasons[1] = 0;
	write_watch(&w);
	send_at(1, FROM, GUEST1, 0, 0);
	send_at(1, FROM, STRANGER, 0x8100, 20);
	assert_int_equal(samples(0), 0);	/* another port */
	assert_int_equal(samples(1), 1);	/* another reason */
	assert_int_equal(got[0].s.reason, VX_REASON_WRONG_VLAN);
	assert_int_equal(got[0].s.caplen, 20);
	assert_int_equal(samples(2), 1);	/* another point */
	assert_int_equal(got[0].s.reason, VX_REASON_HAIRPIN);
}

/* Within one of its seconds, or across two. */
static void rate_is_bounded(void **state)
{
	struct vx_watch w;
	int i, n;

	nobody();
	watch(0, VX_WATCH_DROPS, 1, 64, 5, 10000000000ull);
	for (i = 0; i < 40; i++)
		send_at(1, FROM, GUEST1, 0, 0);
	n = samples(0);
	assert_true(n == 5 || n == 10);
	read_watch(&w);
	assert_int_equal(w.watcher[0].over, 40 - n);
	assert_int_equal(w.watcher[0].lost, 0);
}

static void a_full_ring_is_told(void **state)
{
	struct vx_watch w;
	__u32 i = 3;
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "small", 0, 0, 4096, NULL);

	assert_true(fd >= 0);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(P.port->maps.vx_watch_rings), &i, &fd, BPF_ANY), 0);
	nobody();
	watch(3, VX_WATCH_DROPS, 1, 64, 1000, 10000000000ull);
	for (i = 0; i < 100; i++)
		send_at(1, FROM, GUEST1, 0, 0);
	read_watch(&w);
	assert_true(w.watcher[3].lost > 50 && w.watcher[3].lost < 100);
	close(fd);
}

/* One whose tool was killed gets nothing more, and the word is cleared by whom finds that out. */
static void it_ends_by_itself(void **state)
{
	struct vx_watch w;

	nobody();
	watch(0, VX_WATCH_DROPS | VX_WATCH_AFTER, 0, 64, 100, 0);
	send_at(1, FROM, GUEST1, 0, 0);
	assert_int_equal(samples(0), 0);
	read_watch(&w);
	assert_int_equal(w.what, 0);
	/* Not while another one is there. */
	watch(0, VX_WATCH_AFTER, 0, 64, 100, 0);
	watch(1, VX_WATCH_DROPS, 0, 64, 100, 10000000000ull);
	send_at(1, FROM, GUEST1, 0, 0);
	assert_int_equal(samples(0), 0);
	assert_int_equal(samples(1), 1);
	read_watch(&w);
	assert_int_equal(w.what, VX_WATCH_AFTER | VX_WATCH_DROPS);
}

static __u64 redirect_losses(int fd, __u32 from, __u32 kind, __s32 *error)
{
	struct vx_redirect_key key, *prev = NULL;
	__u64 each[libbpf_num_possible_cpus()], n = 0;
	int i;

	while (!bpf_map_get_next_key(fd, prev, &key)) {
		prev = &key;
		if (key.from != from || key.kind != kind || bpf_map_lookup_elem(fd, &key, each))
			continue;
		*error = key.error;
		for (i = 0; i < libbpf_num_possible_cpus(); i++)
			n += each[i];
	}
	return n;
}

/* The real redirect of a test run: to a netdev that is down, from each of ours, and told of this network namespace only. */
static void redirects_that_fail(void **state)
{
	struct vx_loss *skel = vx_loss__open();
	struct xdp_md ctx = { .ingress_ifindex = P.host_end[1] };
	struct bpf_link *link[2];
	socklen_t len = sizeof(__u64);
	__s32 error = 0;
	__u64 cookie = 0;
	struct frame f;
	int sock = socket(AF_INET, SOCK_DGRAM, 0);

	nobody();
	assert_non_null(skel);
	assert_int_equal(getsockopt(sock, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len), 0);
	close(sock);
	skel->rodata->our_netns = cookie;
	share_maps(skel->obj);
	assert_int_equal(vx_loss__load(skel), 0);
	link[0] = bpf_program__attach(skel->progs.vx_redirect_err);
	link[1] = bpf_program__attach(skel->progs.vx_devmap_xmit);
	assert_int_equal(libbpf_get_error(link[0]), 0);
	assert_int_equal(libbpf_get_error(link[1]), 0);

	build(&f, STRANGER, 0, 0);
	ctx.data_end = f.len;
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f.b, .data_size_in = f.len, .ctx_in = &ctx, .ctx_size_in = sizeof(ctx),
			    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .repeat = 7);
	/* With NAPI at the far end, u0 is one that can be redirected to. */
	run("ethtool -K w0 gro on && ip link set u0 down");
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(P.port->progs.vx_port), &opts), 0);
	run("ip link set u0 up && ethtool -K w0 gro off");
	assert_int_equal(redirect_losses(bpf_map__fd(skel->maps.vx_redirects), P.host_end[1], VX_REDIRECT_NETDEV, &error), 7);
	assert_int_equal(error, ENETDOWN);
	/* Up, but its peer takes nothing by XDP. */
	assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(P.port->progs.vx_port), &opts), 0);
	assert_int_equal(redirect_losses(bpf_map__fd(skel->maps.vx_redirects), P.host_end[1], VX_REDIRECT_XMIT, &error) +
				 redirect_losses(bpf_map__fd(skel->maps.vx_redirects), P.host_end[1], VX_REDIRECT_NETDEV, &error), 14);
	bpf_link__destroy(link[0]);
	bpf_link__destroy(link[1]);
	vx_loss__destroy(skel);
}

static int up(void **state)
{
	__u32 i;

	plane_up(state);
	watch_map = bpf_map__fd(bpf_object__find_map_by_name(P.port->obj, ".data.vx_watch"));
	for (i = 0; i < VX_WATCHERS; i++) {
		ring_fd[i] = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, RING, NULL);
		assert_true(ring_fd[i] >= 0);
		assert_int_equal(bpf_map_update_elem(bpf_map__fd(P.port->maps.vx_watch_rings), &i, &ring_fd[i], BPF_ANY), 0);
		rb[i] = ring_buffer__new(ring_fd[i], keep, NULL, NULL);
		assert_non_null(rb[i]);
	}
	return 0;
}

static int down(void **state)
{
	int i;

	for (i = 0; i < VX_WATCHERS; i++) {
		ring_buffer__free(rb[i]);
		close(ring_fd[i]);
	}
	return plane_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_watches),
		cmocka_unit_test(a_frame_that_passes),
		cmocka_unit_test(drops_of_each_stage),
		cmocka_unit_test(only_what_was_asked_for),
		cmocka_unit_test(rate_is_bounded),
		cmocka_unit_test(a_full_ring_is_told),
		cmocka_unit_test(it_ends_by_itself),
		cmocka_unit_test(redirects_that_fail),
	};

	return cmocka_run_group_tests(tests, up, down);
}
