// SPDX-License-Identifier: GPL-2.0-or-later
/* The rx pump: a fake kernel on one side, a guest driver model on the other. Each test runs on both kinds of ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "fake_xsk.h"
#include "guest_driver.h"
#include "packet.h"
#include "pump.h"

#define BIT(n)		(1ULL << (n))
#define NOT_HERE	(BIT(VIRTIO_F_RING_PACKED) | BIT(VIRTIO_RING_F_EVENT_IDX) | BIT(VIRTIO_NET_F_MRG_RXBUF))
#define PLAIN		(VX_CORE_FEATURES & ~NOT_HERE)
#define MERGE		(PLAIN | BIT(VIRTIO_NET_F_MRG_RXBUF))
#define HDR		12u
#define LONGEST		(2048u - FX_HEADROOM)
#define TOKENS		4096u

static struct gd *gd;
static struct fx *fx;
static struct vx_vring *vq;
static struct vx_rx *rx;
static struct vx_queue_stats st;
static u64 next_gpa;
static u16 ring_size = 256;
static bool refetch;	/* chains are given back and fetched again within the call */

/* Buffers of the guest, by token. */
static struct gd_sg posted[TOKENS][4];
static u32 nposted;

/* Received so far: what the kernel delivered, in order. */
static u8 wire[TOKENS][4096];
static u32 wire_len[TOKENS], nwire, nseen;

static void start(bool packed, u64 feat)
{
	gd = gd_new(packed, ring_size, feat, packed ? 0x8000 | 200 : 0xfff0);
	vq = calloc(1, sizeof(*vq));
	rx = malloc(sizeof(*rx));
	memset(rx, 0xee, sizeof(*rx));
	memset(&st, 0, sizeof(st));
	assert_int_equal(gd_start(gd, vq), 0);
	gd_calls(gd, true);
	fx = fx_new(1024, 2048, 512, 0xffffff00);
	vx_rx_init(rx, vq, &vx_xsk_source, &fx->x, &st, gd->features);
	next_gpa = GD_DATA_GPA;
	nposted = nwire = nseen = 0;
	vx_xsk_refill(&fx->x);
}

static void stop(void)
{
	if (fx)
		fx_free(fx);
	if (gd)
		gd_free(gd);
	free(vq);
	free(rx);
	refetch = false;
	fx = NULL;
	gd = NULL;
	vq = NULL;
	rx = NULL;
	vx_env_fail_access(0);
	vx_env_reset();
}

static int setup_split(void **state)
{
	pkt_seed(1);
	start(false, PLAIN);
	return 0;
}

static int setup_packed(void **state)
{
	pkt_seed(2);
	start(true, PLAIN);
	return 0;
}

static int setup_split_merge(void **state)
{
	pkt_seed(3);
	start(false, MERGE);
	return 0;
}

static int setup_packed_merge(void **state)
{
	pkt_seed(4);
	start(true, MERGE);
	return 0;
}

static int teardown(void **state)
{
	stop();
	return 0;
}

/* A receive buffer of up to four pieces. Bytes after each piece are a fence. */
static int post4(u32 a, u32 b, u32 c, u32 d)
{
	u32 len[] = { a, b, c, d }, n = 0, token = nposted % TOKENS;
	struct gd_sg *sg = posted[token];

	memset(sg, 0, sizeof(posted[0]));
	while (n < 4 && len[n]) {
		u8 fence[8];

		if (next_gpa + len[n] + 8 > GD_DATA_GPA + 2 * GD_DATA_HALF)
			next_gpa = GD_DATA_GPA;
		sg[n].gpa = next_gpa;
		sg[n].len = len[n];
		memset(fence, 0x77, sizeof(fence));
		gd_write(gd, next_gpa + len[n], fence, sizeof(fence));
		next_gpa += len[n] + 8;
		n++;
	}
	if (gd_add(gd, sg, 0, n, GD_DIRECT, token))
		return -ENOSPC;
	nposted++;
	gd_publish(gd);
	return 0;
}

static void post(u32 len)
{
	assert_int_equal(post4(len, 0, 0, 0), 0);
}

static bool arrive(u32 len)
{
	u32 i = nwire % TOKENS;

	pkt_noise(wire[i], len);
	wire_len[i] = len;
	if (!fx_receive(fx, wire[i], len))
		return false;
	nwire++;
	return true;
}

static struct vx_pump_result pump(void)
{
	struct vx_pump_result r;

	if (!refetch)
		vx_env_scope_begin();
	r = vx_rx_pump(rx);
	vx_env_scope_end();
	assert_int_equal(vq->nfetched, 0);
	assert_int_equal(fx_check(fx), 0);
	vx_xsk_refill(&fx->x);
	return r;
}

/* Copy one used buffer's written bytes to out; checks that it wrote no further than it said. */
static bool take_buffer(u8 *out, u32 *len)
{
	u64 token;
	u32 i, left, at = 0;

	if (!gd_get_used(gd, &token, len))
		return false;
	left = *len;
	for (i = 0; i < 4 && posted[token][i].len; i++) {
		struct gd_sg *sg = &posted[token][i];
		u32 n = vx_min(left, sg->len);
		u8 fence[8];

		gd_read(gd, sg->gpa, out + at, n);
		gd_read(gd, sg->gpa + sg->len, fence, sizeof(fence));
		for (u32 k = 0; k < sizeof(fence); k++)
			assert_int_equal(fence[k], 0x77);
		at += n;
		left -= n;
	}
	assert_int_equal(left, 0);
	return true;
}

/* One frame as the driver assembles it; false: none. Its bytes must be those of the next frame on the wire. */
static bool take_frame(u32 *buffers)
{
	static u8 bytes[64 * 4096];
	u32 len, at, n, i;

	if (!take_buffer(bytes, &at))
		return false;
	/* The header may lie across buffers when these are tiny. */
	for (i = 1; at < HDR; i++, at += len)
		assert_true(take_buffer(bytes + at, &len));
	for (n = 0; n < 10; n++)
		assert_int_equal(bytes[n], 0);
	n = bytes[10] | bytes[11] << 8;
	*buffers = n;
	for (; i < n; i++, at += len)
		assert_true(take_buffer(bytes + at, &len));
	assert_int_equal(i, n);
	assert_int_equal(at, HDR + wire_len[nseen % TOKENS]);
	assert_memory_equal(bytes + HDR, wire[nseen % TOKENS], wire_len[nseen % TOKENS]);
	nseen++;
	return true;
}

/* --- buffers that hold a frame each --- */

static void test_one_frame(void **state)
{
	struct vx_pump_result r;
	u32 n;

	post(1526);
	assert_true(arrive(60));
	r = pump();
	assert_int_equal(r.status, VX_PUMP_IDLE);
	assert_int_equal(r.frames, 1);
	assert_true(r.call);
	assert_true(take_frame(&n));
	assert_int_equal(n, 1);
	assert_false(take_frame(&n));
	assert_int_equal(st.packets, 1);
	assert_int_equal(st.bytes, 60);
	assert_int_equal(fx_drops(&st), 0);

	r = pump();
	assert_int_equal(r.status, VX_PUMP_IDLE);
	assert_int_equal(r.frames, 0);
	assert_false(r.call);
}

static void test_header_and_frame_cut_at_every_point(void **state)
{
	u32 a, b, n;

	for (a = 1; a < 80; a++) {
		for (b = 1; b < 16; b++) {
			assert_int_equal(post4(a, b, 7, 100), 0);
			assert_true(arrive(64));
			assert_int_equal(pump().status, VX_PUMP_IDLE);
			assert_true(take_frame(&n));
			assert_int_equal(n, 1);
		}
	}
}

/* CVE-2018-1059: a buffer across two regions of guest memory, which are far apart for us. */
static void test_CVE_2018_1059_buffer_across_regions(void **state)
{
	u32 before, n;

	for (before = 1; before < 100; before++) {
		next_gpa = GD_DATA_SPLIT - before;
		post(1526);
		assert_true(arrive(64));
		pump();
		assert_true(take_frame(&n));
	}
}

static void test_thousands_of_frames(void **state)
{
	u32 round, n;

	for (round = 0; round < 300; round++) {
		u32 burst = pkt_rand() % 120;

		while (pkt_rand() % 80 && !post4(12 + LONGEST, 0, 0, 0))
			;
		while (burst-- && arrive(14 + pkt_rand() % (LONGEST - 13)))
			;
		pump();
		while (take_frame(&n))
			assert_int_equal(n, 1);
	}
	assert_int_equal(st.packets, nseen);
	assert_true(nseen > 3000);
	assert_int_equal(fx_drops(&st), 0);
}

static void test_frames_wait_for_buffers(void **state)
{
	u32 i, n;

	for (i = 0; i < 100; i++)
		assert_true(arrive(60 + i));
	assert_int_equal(pump().status, VX_PUMP_BLOCKED);
	assert_int_equal(pump().frames, 0);
	for (i = 0; i < 100; i++) {
		struct vx_pump_result r;

		assert_true(vx_xsk_rx_pending(&fx->x));
		post(2000);
		r = pump();
		assert_int_equal(r.frames, 1);
		assert_int_equal(r.status, i < 99 ? VX_PUMP_BLOCKED : VX_PUMP_IDLE);
		assert_true(take_frame(&n));
	}
	assert_false(vx_xsk_rx_pending(&fx->x));
	assert_int_equal(fx_drops(&st), 0);
}

/* CVE-2020-16843: a buffer that is too small does not stop the frames that fit. */
static void test_CVE_2020_16843_buffer_too_small(void **state)
{
	u32 n;

	post(12 + 100);
	post(2000);
	assert_true(arrive(101));
	assert_true(arrive(1000));
	nseen = 2;
	assert_true(arrive(100));
	assert_true(arrive(500));
	assert_int_equal(pump().status, VX_PUMP_IDLE);
	assert_int_equal(st.drops[VX_REASON_NO_GUEST_BUFFER], 2);
	assert_true(take_frame(&n));
	assert_true(take_frame(&n));
	assert_int_equal(st.packets, 2);
}

static void test_runts(void **state)
{
	u32 i, n;

	post(2000);
	for (i = 0; i < 14; i++)
		assert_true(arrive(i));
	assert_true(arrive(14));
	nseen = 14;
	assert_int_equal(pump().frames, 15);
	assert_int_equal(st.drops[VX_REASON_RUNT], 14);
	assert_true(take_frame(&n));
}

/* Chains that the device is to read have no room: completed, and out of the way. Out-parts before room are ignored. */
static void test_chains_with_out_parts(void **state)
{
	struct gd_sg out = { GD_DATA_SPLIT + 4096, 2000 }, both[2] = { { GD_DATA_SPLIT + 8192, 50 }, { GD_DATA_SPLIT, 2000 } };
	struct gd_sg none = { GD_DATA_SPLIT, 0 };
	u64 token;
	u32 len, n, i;
	u8 b;

	gd_write(gd, out.gpa, "x", 1);
	assert_int_equal(gd_add(gd, &out, 1, 0, GD_DIRECT, 1), 0);
	assert_int_equal(gd_add(gd, &none, 0, 1, GD_DIRECT, 2), 0);
	assert_int_equal(gd_add(gd, both, 1, 1, GD_DIRECT, 3), 0);
	gd_publish(gd);
	assert_true(arrive(60));
	assert_true(arrive(61));
	post(2000);
	pump();
	assert_int_equal(st.drops[VX_REASON_BAD_DESC], 2);
	for (i = 1; i <= 3; i++) {
		assert_true(gd_get_used(gd, &token, &len));
		assert_int_equal(token, i);
		assert_int_equal(len, i < 3 ? 0 : 72);
	}
	gd_read(gd, both[1].gpa + HDR, &b, 1);
	assert_int_equal(b, wire[0][0]);
	gd_read(gd, out.gpa, &b, 1);
	assert_int_equal(b, 'x');
	nseen = 1;
	assert_true(take_frame(&n));
	assert_int_equal(st.packets, 2);
}

static void test_legacy_header_of_ten_bytes(void **state)
{
	u64 token;
	u32 len;
	u8 got[74];

	vx_rx_init(rx, vq, &vx_xsk_source, &fx->x, &st, 0);
	assert_int_equal(rx->hdr_len, 10);
	post(1526);
	assert_true(arrive(64));
	pump();
	assert_true(gd_get_used(gd, &token, &len));
	assert_int_equal(len, 74);
	gd_read(gd, posted[token][0].gpa, got, sizeof(got));
	assert_memory_equal(got, "\0\0\0\0\0\0\0\0\0\0", 10);
	assert_memory_equal(got + 10, wire[0], 64);
}

/* --- mergeable buffers --- */

static void test_merge_over_small_buffers(void **state)
{
	static const u32 sizes[] = { 1, 2, 5, 11, 12, 13, 28, 100, 500, 700, 1526 };
	u32 i, k, len, n;

	for (i = 0; i < VX_ARRAY_SIZE(sizes); i++) {
		for (len = 14; len < LONGEST; len += 61) {
			u32 need = (HDR + len + sizes[i] - 1) / sizes[i];

			if (need > VX_BATCH)
				break;
			for (k = 0; k < need; k++)
				post(sizes[i]);
			assert_true(arrive(len));
			assert_int_equal(pump().status, VX_PUMP_IDLE);
			assert_true(take_frame(&n));
			assert_int_equal(n, need);
			assert_false(take_frame(&n));
		}
	}
	assert_int_equal(fx_drops(&st), 0);
}

static void test_merge_random_buffers(void **state)
{
	u32 round, n, heads = 0;

	for (round = 0; round < 400; round++) {
		u32 burst = pkt_rand() % 60;

		while (pkt_rand() % 100 && !post4(1 + pkt_rand() % 600, pkt_rand() % 300, pkt_rand() % 3 ? 0 : 40, 0))
			;
		while (burst-- && arrive(14 + pkt_rand() % (LONGEST - 13)))
			;
		pump();
		while (take_frame(&n))
			heads += n;
	}
	assert_int_equal(st.packets, nseen);
	assert_true(nseen > 3000);
	assert_true(heads > nseen);
	assert_int_equal(fx_drops(&st), 0);
}

/* Too few buffers for this frame are no reason to lose it. */
static void test_merge_waits_for_enough_buffers(void **state)
{
	u32 i, n;

	refetch = true;
	assert_true(arrive(1000));
	for (i = 0; i < 10; i++) {
		assert_int_equal(pump().status, VX_PUMP_BLOCKED);
		assert_false(take_frame(&n));
		post(100);
	}
	post(12);
	assert_int_equal(pump().status, VX_PUMP_IDLE);
	assert_true(take_frame(&n));
	assert_int_equal(n, 11);
	assert_int_equal(fx_drops(&st), 0);
}

/* CVE-2018-16880: never more heads than there is room to remember; the frame is dropped, and smaller ones pass. */
static void test_CVE_2018_16880_too_many_heads(void **state)
{
	u32 i, n;

	refetch = true;
	for (i = 0; i < 100; i++)
		post(10);
	assert_true(arrive(VX_BATCH * 10 - HDR + 1));
	nseen = 1;
	assert_true(arrive(VX_BATCH * 10 - HDR));
	assert_int_equal(pump().status, VX_PUMP_IDLE);
	assert_int_equal(st.drops[VX_REASON_NO_GUEST_BUFFER], 1);
	assert_true(take_frame(&n));
	assert_int_equal(n, VX_BATCH);
	assert_false(take_frame(&n));
}

static void post_pieces(u32 chains, u32 pieces, u32 len)
{
	u32 i, k;

	for (i = 0; i < chains; i++) {
		struct gd_sg sg[GD_TABLE_MAX];

		for (k = 0; k < pieces; k++)
			sg[k] = (struct gd_sg) { GD_DATA_GPA + (i * pieces + k) * (len + 1), len };
		assert_int_equal(gd_add(gd, sg, 0, pieces, GD_INDIRECT, i), 0);
	}
	gd_publish(gd);
}

static u32 count_used(void)
{
	u32 n = 0, len;
	u64 token;

	while (gd_get_used(gd, &token, &len))
		n++;
	return n;
}

/* Chains of so many tiny pieces that those for one frame do not fit into the iov array: dropped, not waited for. */
static void test_merge_iov_array_too_small(void **state)
{
	refetch = true;
	fx_free(fx);
	fx = fx_new(64, 4096, 32, 0);
	rx->source_ctx = &fx->x;
	vx_xsk_refill(&fx->x);
	post_pieces(64, GD_TABLE_MAX, 1);
	assert_true(arrive(VX_IOVS - HDR + 1));
	assert_true(arrive(VX_IOVS - HDR));
	assert_int_equal(pump().status, VX_PUMP_IDLE);
	assert_int_equal(st.drops[VX_REASON_NO_GUEST_BUFFER], 1);
	assert_int_equal(st.packets, 1);
	assert_int_equal(count_used(), VX_IOVS / GD_TABLE_MAX);
}

/* Entries of chains that were used up must not keep the iov array full. */
static void test_merge_iov_array_is_used_again(void **state)
{
	u32 i;

	refetch = true;
	post_pieces(50, GD_TABLE_MAX, 5);
	for (i = 0; i < 10; i++)
		assert_true(arrive(5 * 5 * GD_TABLE_MAX - HDR));
	assert_int_equal(pump().status, VX_PUMP_IDLE);
	assert_int_equal(st.packets, 10);
	assert_int_equal(fx_drops(&st), 0);
	assert_int_equal(count_used(), 50);
}

static void test_merge_num_buffers_of_one(void **state)
{
	u32 n;

	post(12 + 60);
	post(12 + 60);
	assert_true(arrive(60));
	assert_true(arrive(60));
	pump();
	assert_true(take_frame(&n));
	assert_int_equal(n, 1);
	assert_true(take_frame(&n));
	assert_int_equal(n, 1);
}

/* --- budgets --- */

/* CVE-2019-3900: one call does a bounded amount of work, with frames that are dropped as with others. */
static void test_CVE_2019_3900_frames_per_call(void **state)
{
	u32 kind, i, n;

	for (kind = 0; kind < 2; kind++) {
		struct vx_pump_result r;

		stop();
		start(*(bool *)*state, PLAIN);
		for (i = 0; i < 256; i++)
			post(100);
		for (i = 0; i < 300; i++)
			assert_true(arrive(kind ? 200 : 60));
		r = pump();
		assert_int_equal(r.status, VX_PUMP_MORE);
		assert_int_equal(r.frames, VX_BUDGET_FRAMES);
		for (n = 0; take_frame(&i); n++)
			;
		assert_int_equal(n, kind ? 0 : VX_BUDGET_FRAMES);
		assert_int_equal(st.drops[VX_REASON_NO_GUEST_BUFFER], kind ? VX_BUDGET_FRAMES : 0);
	}
}

static void test_CVE_2019_3900_useless_chains(void **state)
{
	struct gd_sg out = { GD_DATA_GPA, 100 };
	struct vx_pump_result r;
	u32 i, n = 0;

	stop();
	ring_size = 1024;
	start(*(bool *)*state, PLAIN);
	ring_size = 256;
	for (i = 0; i < 600; i++)
		assert_int_equal(gd_add(gd, &out, 1, 0, GD_DIRECT, i), 0);
	gd_publish(gd);
	assert_true(arrive(60));
	r = pump();
	assert_int_equal(r.status, VX_PUMP_MORE);
	assert_in_range(r.frames, VX_BUDGET_FRAMES, VX_BUDGET_FRAMES + VX_BATCH);
	while (pump().status == VX_PUMP_MORE)
		;
	while (gd_get_used(gd, &(u64){ 0 }, &i))
		n++;
	assert_int_equal(n, 600);
	post(100);
	assert_int_equal(pump().status, VX_PUMP_IDLE);
	assert_true(take_frame(&n));
}

static void test_discard_is_budgeted(void **state)
{
	u32 i, n, total = 0;

	for (i = 0; i < 400; i++)
		assert_true(arrive(60));
	while ((n = vx_rx_discard(&vx_xsk_source, &fx->x, &st, VX_REASON_NO_BACKEND))) {
		assert_in_range(n, 1, VX_BUDGET_FRAMES);
		total += n;
	}
	assert_int_equal(total, 400);
	assert_int_equal(st.drops[VX_REASON_NO_BACKEND], 400);
	assert_int_equal(fx_check(fx), 0);
}

/* --- faults, logging --- */

static void fill_for_faults(void)
{
	u32 i;

	for (i = 0; i < 60; i++)
		assert_int_equal(post4(30, 90, i % 2 ? 40 : 0, 0), 0);
	for (i = 0; i < 40; i++)
		assert_true(arrive(40 + i % 3 * 60));
}

/* Every guest access fails once: each frame is delivered, counted as lost, or still there; and the vring stops. */
static void test_fault_at_every_access(void **state)
{
	u64 n, total;
	u32 broke = 0, k;

	stop();
	start(*(bool *)*state, MERGE);
	refetch = true;
	fill_for_faults();
	total = vx_env_accesses();
	pump();
	total = vx_env_accesses() - total;
	assert_true(total > 100);
	for (n = 1; n <= total; n++) {
		struct vx_pump_result r;
		u32 seen = 0, left;

		stop();
		start(*(bool *)*state, MERGE);
		refetch = true;
		fill_for_faults();
		vx_env_fail_access(n);
		r = pump();
		while (take_frame(&k))
			seen++;
		assert_int_equal(seen, st.packets);
		if (r.status == VX_PUMP_BROKEN) {
			broke++;
			assert_int_equal(pump().status, VX_PUMP_BROKEN);
		}
		assert_int_equal(st.errors, r.status == VX_PUMP_BROKEN);
		left = vx_rx_discard(&vx_xsk_source, &fx->x, &st, VX_REASON_QUEUE_STOPPED);
		assert_int_equal(seen + st.drops[VX_REASON_GUEST_FAULT] + left, 40);
		assert_int_equal(fx_check(fx), 0);
	}
	assert_true(broke > total / 2);
}

static void test_bad_chain_after_good_ones(void **state)
{
	struct gd_sg bad = { 0xdead0000, 2000 };
	u32 i, n;

	refetch = true;
	for (i = 0; i < 100; i++)
		post(200);
	assert_int_equal(gd_add(gd, &bad, 0, 1, GD_DIRECT, 0), 0);
	gd_publish(gd);
	for (i = 0; i < 150; i++)
		assert_true(arrive(60));
	assert_int_equal(pump().status, VX_PUMP_BROKEN);
	for (i = 0; take_frame(&n); i++)
		;
	assert_int_equal(i, 100);
	assert_int_equal(st.packets, 100);
	assert_int_equal(vx_rx_discard(&vx_xsk_source, &fx->x, &st, VX_REASON_QUEUE_STOPPED), 50);
}

/*
 * CVE-2019-14835: the dirty log holds what was written, all of it, and never reaches outside; a bitmap that is too
 * short stops the vring.
 */
static void test_CVE_2019_14835_dirty_log(void **state)
{
	u64 last = GD_DATA_GPA + 2 * GD_DATA_HALF - 1, size = last / VX_LOG_PAGE / 8 + 1, page;
	struct vx_dirty_log log = { vx_env_guest_map(0, size), size };
	u8 *bits = vx_env_guest_ptr(log.uaddr, size), want[2 * GD_DATA_HALF / VX_LOG_PAGE] = { 0 };
	u32 i, k, n;

	vx_vring_set_log(vq, &log);
	for (i = 0; i < 200; i++) {
		u32 len = 14 + pkt_rand() % 1500, left = HDR + len;

		next_gpa = GD_DATA_GPA + pkt_rand() % (2 * GD_DATA_HALF - 3000);
		assert_int_equal(post4(1 + pkt_rand() % 20, 1 + pkt_rand() % 1000, 1600, 0), 0);
		assert_true(arrive(len));
		pump();
		for (k = 0; left; k++) {
			struct gd_sg *sg = &posted[(nposted - 1) % TOKENS][k];
			u32 part = vx_min(left, sg->len);

			for (page = sg->gpa / VX_LOG_PAGE; page <= (sg->gpa + part - 1) / VX_LOG_PAGE; page++)
				want[page - GD_DATA_GPA / VX_LOG_PAGE] = 1;
			left -= part;
		}
		assert_true(take_frame(&n));
	}
	for (page = 0; page < size * 8; page++) {
		u64 at = page - GD_DATA_GPA / VX_LOG_PAGE;

		assert_int_equal(bits[page / 8] >> page % 8 & 1, page >= GD_DATA_GPA / VX_LOG_PAGE && at < sizeof(want) ? want[at] : 0);
	}

	log.size = GD_DATA_GPA / VX_LOG_PAGE / 8;
	next_gpa = GD_DATA_GPA;
	post(2000);
	assert_true(arrive(60));
	assert_int_equal(pump().status, VX_PUMP_BROKEN);
	assert_int_equal(st.drops[VX_REASON_GUEST_FAULT], 1);
	assert_false(take_buffer(wire[0], &n));
}

#define BOTH(f) \
	{ #f " (split)", f, setup_split, teardown, &split }, { #f " (packed)", f, setup_packed, teardown, &packed }
#define MERGED(f) \
	{ #f " (split, mergeable)", f, setup_split_merge, teardown, &split }, \
	{ #f " (packed, mergeable)", f, setup_packed_merge, teardown, &packed }

int main(void)
{
	static bool split = false, packed = true;
	const struct CMUnitTest tests[] = {
		BOTH(test_one_frame),
		BOTH(test_header_and_frame_cut_at_every_point),
		BOTH(test_CVE_2018_1059_buffer_across_regions),
		BOTH(test_thousands_of_frames),
		BOTH(test_frames_wait_for_buffers),
		BOTH(test_CVE_2020_16843_buffer_too_small),
		BOTH(test_runts),
		BOTH(test_chains_with_out_parts),
		BOTH(test_legacy_header_of_ten_bytes),
		MERGED(test_one_frame),
		MERGED(test_thousands_of_frames),
		MERGED(test_frames_wait_for_buffers),
		MERGED(test_chains_with_out_parts),
		MERGED(test_merge_over_small_buffers),
		MERGED(test_merge_random_buffers),
		MERGED(test_merge_waits_for_enough_buffers),
		MERGED(test_CVE_2018_16880_too_many_heads),
		MERGED(test_merge_iov_array_too_small),
		MERGED(test_merge_iov_array_is_used_again),
		MERGED(test_merge_num_buffers_of_one),
		BOTH(test_CVE_2019_3900_frames_per_call),
		BOTH(test_CVE_2019_3900_useless_chains),
		BOTH(test_discard_is_budgeted),
		BOTH(test_fault_at_every_access),
		BOTH(test_bad_chain_after_good_ones),
		BOTH(test_CVE_2019_14835_dirty_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
