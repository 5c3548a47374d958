// SPDX-License-Identifier: GPL-2.0-or-later
/* The rx pump with offloads: merged frames and verified ones in the guest's buffers. Each test runs on both kinds of ring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "fake_xsk.h"
#include "flow.h"
#include "guest_driver.h"
#include "packet.h"
#include "pump.h"

#define BIT(n)		(1ULL << (n))
#define CSUM		BIT(VIRTIO_NET_F_GUEST_CSUM)
#define NOT_HERE	(BIT(VIRTIO_F_RING_PACKED) | BIT(VIRTIO_RING_F_EVENT_IDX) | BIT(VIRTIO_NET_F_MRG_RXBUF))
#define PLAIN		(VX_CORE_FEATURES & ~NOT_HERE)
#define MERGE		(PLAIN | BIT(VIRTIO_NET_F_MRG_RXBUF))
#define HUGE		65562u	/* what the Linux driver posts without mergeable buffers */
#define TOKENS		1024u
#define RING		256u

struct kind {
	bool packed;
	u64 features;
};

static struct gd *gd;
static struct fx *fx;
static struct vx_vring *vq;
static struct vx_rx *rx;
static struct vx_queue_stats st;
static struct flow_wire wire;
static struct flow_frame flow[8];
static u64 next_gpa;
static struct gd_sg posted[TOKENS][4];
static u32 nposted;
static u64 wire_bytes;
static const struct kind *kind;

/* What take() got. */
static u8 bytes[70000];
static u32 length, buffers, frames;

static void start(void)
{
	u32 i;

	gd = gd_new(kind->packed, RING, kind->features, kind->packed ? 0x8000 | 200 : 0xfff0);
	vq = calloc(1, sizeof(*vq));
	rx = malloc(sizeof(*rx));
	memset(rx, 0xee, sizeof(*rx));
	memset(&st, 0, sizeof(st));
	assert_int_equal(gd_start(gd, vq), 0);
	gd_calls(gd, true);
	fx = fx_new(1024, 2048, 512, 0xffffff00);
	vx_rx_init(rx, vq, &vx_xsk_source, &fx->x, &st, gd->features);
	next_gpa = GD_DATA_GPA;
	nposted = 0;
	wire_bytes = 0;
	vx_xsk_refill(&fx->x);
	for (i = 0; i < VX_ARRAY_SIZE(flow); i++)
		flow_begin(&flow[i], i % 4 == 3 ? FLOW_UDP : FLOW_TCP, i % 2, i);
}

static void stop(void)
{
	vx_env_scope_end();
	flow_forget(&wire);
	if (fx)
		fx_free(fx);
	if (gd)
		gd_free(gd);
	free(vq);
	free(rx);
	fx = NULL;
	gd = NULL;
	vq = NULL;
	rx = NULL;
	vx_env_fail_access(0);
	vx_env_reset();
}

static int setup(void **state)
{
	kind = *state;
	pkt_seed(1);
	start();
	return 0;
}

static int teardown(void **state)
{
	stop();
	return 0;
}

static bool mergeable(void)
{
	return kind->features & BIT(VIRTIO_NET_F_MRG_RXBUF);
}

/* A receive buffer of up to four pieces. Bytes after each piece are a fence. */
static bool post4(u32 a, u32 b, u32 c, u32 d)
{
	u32 len[] = { a, b, c, d }, n = 0, token = nposted % TOKENS;
	struct gd_sg *sg = posted[token];

	memset(sg, 0, sizeof(posted[0]));
	while (n < 4 && len[n]) {
		if (next_gpa + len[n] + 8 > GD_DATA_GPA + 2 * GD_DATA_HALF)
			next_gpa = GD_DATA_GPA;
		sg[n].gpa = next_gpa;
		sg[n].len = len[n];
		gd_write(gd, next_gpa + len[n], "\x77\x77\x77\x77\x77\x77\x77\x77", 8);
		next_gpa += len[n] + 8;
		n++;
	}
	if (gd_add(gd, sg, 0, n, GD_DIRECT, token))
		return false;
	nposted++;
	gd_publish(gd);
	return true;
}

static void post(u32 len, u32 n)
{
	while (n--)
		assert_true(post4(len, 0, 0, 0));
}

static bool arrive_bytes(const void *data, u32 len, u32 flow_number)
{
	if (!fx_receive(fx, data, len))
		return false;
	flow_sent(&wire, data, len, flow_number);
	wire_bytes += len;
	return true;
}

/* The next frame of flow i. */
static bool arrive(u32 i)
{
	flow_make(&flow[i]);
	if (!arrive_bytes(flow[i].data, flow[i].len, i))
		return false;
	flow_next(&flow[i]);
	return true;
}

static void arrive_n(u32 i, u32 n)
{
	while (n--)
		assert_true(arrive(i));
}

static struct vx_pump_result pump(void)
{
	struct vx_pump_result r = vx_rx_pump(rx);

	assert_int_equal(vq->nfetched, 0);
	assert_int_equal(fx_check(fx), 0);
	vx_xsk_refill(&fx->x);
	return r;
}

/* One used buffer to bytes + at. */
static bool take_buffer(u32 at)
{
	u64 token;
	u32 i, k, left;

	if (!gd_get_used(gd, &token, &length))
		return false;
	left = length;
	for (i = 0; i < 4 && posted[token][i].len; i++) {
		struct gd_sg *sg = &posted[token][i];
		u32 n = vx_min(left, sg->len);
		u8 fence[8];

		gd_read(gd, sg->gpa, bytes + at, n);
		gd_read(gd, sg->gpa + sg->len, fence, sizeof(fence));
		for (k = 0; k < sizeof(fence); k++)
			assert_int_equal(fence[k], 0x77);
		at += n;
		left -= n;
	}
	assert_int_equal(left, 0);
	return true;
}

/* What the driver assembles from one buffer or several; it must be what was sent. False: nothing came. */
static bool take(void)
{
	const char *bad;
	u32 i, at;

	if (!take_buffer(0))
		return false;
	/* The header may lie across buffers when these are tiny. */
	for (i = 1, at = length; at < FLOW_HDR; i++, at += length)
		assert_true(take_buffer(at));
	buffers = bytes[10] | bytes[11] << 8;
	for (; i < buffers; i++, at += length)
		assert_true(take_buffer(at));
	assert_int_equal(i, buffers);
	length = at;
	bad = flow_got(&wire, bytes, length, &frames);
	if (bad)
		fail_msg("%s", bad);
	return true;
}

static void take_n(u32 n)
{
	assert_true(take());
	assert_int_equal(frames, n);
}

/* Everything arrived, and was counted. */
static void all_there(void)
{
	assert_false(take());
	assert_int_equal(wire.left, 0);
	assert_int_equal(st.packets, wire.n);
	assert_int_equal(st.bytes, wire_bytes);
	assert_int_equal(fx_drops(&st), 0);
}

/* --- what is delivered --- */

static void test_one_buffer_for_many(void **state)
{
	struct vx_pump_result r;
	u32 i;

	for (i = 0; i < 4; i++) {
		post(HUGE, 1);
		arrive_n(i, 40);
		r = pump();
		assert_int_equal(r.status, VX_PUMP_IDLE);
		assert_int_equal(r.frames, 40);
		assert_true(r.call);
		take_n(40);
		assert_int_equal(buffers, 1);
		assert_int_equal(st.supers, i + 1);
	}
	all_there();
}

static void test_single_frames_are_verified(void **state)
{
	u32 i, bad;

	for (i = 0; i < 8; i++) {
		for (bad = 0; bad < 2; bad++) {
			flow[i].payload = 256 + pkt_rand() % 1100;
			flow[i].tags = pkt_rand() % 3;
			flow_make(&flow[i]);
			flow[i].data[flow[i].len - 1] ^= bad;
			post(HUGE, 1);
			assert_true(arrive_bytes(flow[i].data, flow[i].len, i));
			pump();
			take_n(1);
			assert_int_equal(bytes[0], bad ? 0 : VIRTIO_NET_HDR_F_DATA_VALID);
			flow_next(&flow[i]);
		}
	}
	assert_int_equal(st.supers, 0);
	all_there();
}

/* For the guest it is less to sum a few bytes than for us to promise. */
static void test_short_frames_are_not(void **state)
{
	u32 len;

	flow[0].opt_len = 0;
	for (len = VX_GRO_VERIFY_MIN - 5; len < VX_GRO_VERIFY_MIN + 5; len++) {
		flow[0].payload = len - 54;
		post(HUGE, 1);
		arrive_n(0, 1);
		pump();
		take_n(1);
		assert_int_equal(length, FLOW_HDR + len);
		assert_int_equal(bytes[0], len < VX_GRO_VERIFY_MIN ? 0 : VIRTIO_NET_HDR_F_DATA_VALID);
		/* ... but where they are merged. */
		flow[0].payload = 1;
		post(HUGE, 1);
		arrive_n(0, 2);
		pump();
		take_n(2);
	}
	all_there();
}

/* What cannot be verified is delivered as it came. */
static void test_other_frames_pass(void **state)
{
	u8 frame[1500];
	u32 i;

	for (i = 0; i < 100; i++) {
		u32 len = 14 + pkt_rand() % 1400;

		pkt_noise(frame, len);
		frame[12] = 8;
		frame[13] = i % 3;
		post(HUGE, 1);
		assert_true(arrive_bytes(frame, len, 1000 + i));
		pump();
		take_n(1);
		assert_int_equal(bytes[0], 0);
	}
	all_there();
}

static void test_runt_among_others(void **state)
{
	post(HUGE, 2);
	arrive_n(0, 2);
	assert_true(fx_receive(fx, "short", 5));
	arrive_n(0, 2);
	assert_int_equal(pump().frames, 5);
	take_n(4);
	assert_int_equal(st.drops[VX_REASON_RUNT], 1);
	assert_int_equal(wire.left, 0);
}

static void test_interleaved_flows(void **state)
{
	u32 i, k;

	post(HUGE, 8);
	for (i = 0; i < 8; i++)
		for (k = 0; k < 8; k++)
			assert_true(arrive(k));
	assert_int_equal(pump().status, VX_PUMP_IDLE);
	for (k = 0; k < 8; k++)
		take_n(8);
	all_there();
}

/* Payload of any length is summed right wherever buffers cut it. */
static void test_cut_at_every_point(void **state)
{
	u32 a, b;

	for (a = 1; a < 170; a++) {
		for (b = 1; b < 8; b++) {
			flow[a % 8].payload = 1 + pkt_rand() % 50;
			assert_true(post4(a, b, 7, 300));
			arrive_n(a % 8, 3);
			pump();
			take_n(3);
		}
	}
	all_there();
}

static void test_tiny_mergeable_buffers(void **state)
{
	static const u32 sizes[] = { 1, 3, 12, 13, 40, 79, 80, 500, 1526, 4096 };
	u32 i, k, round;

	for (i = 0; i < VX_ARRAY_SIZE(sizes); i++) {
		for (round = 0; round < 20; round++) {
			struct flow_frame *f = &flow[round % 8];
			u32 n = 2 + pkt_rand() % 3, head = f->proto == FLOW_TCP ? 32 : 8, need;

			f->payload = sizes[i] == 1 ? 1 : 1 + pkt_rand() % (sizes[i] * 10);
			f->payload = vx_min(f->payload, 1400);
			f->opt_len = sizes[i] < 13 ? 0 : 12;
			head -= f->proto == FLOW_TCP && !f->opt_len ? 12 : 0;
			need = FLOW_HDR + 14 + (f->ip6 ? 40 : 20) + head + n * f->payload;
			if (need > VX_BATCH * sizes[i])
				continue;
			need = (need + sizes[i] - 1) / sizes[i];
			for (k = 0; k < need; k++)
				post(sizes[i], 1);
			arrive_n(round % 8, n);
			assert_int_equal(pump().status, VX_PUMP_IDLE);
			take_n(n);
			assert_int_equal(buffers, need);
			assert_false(take());
		}
	}
	all_there();
}

static void test_legacy_header_of_ten_bytes(void **state)
{
	u64 token;
	u32 len;

	vx_rx_init(rx, vq, &vx_xsk_source, &fx->x, &st, CSUM | BIT(VIRTIO_NET_F_GUEST_TSO4));
	assert_int_equal(rx->hdr_len, 10);
	post(HUGE, 1);
	arrive_n(0, 5);
	pump();
	assert_true(gd_get_used(gd, &token, &len));
	memset(bytes, 0, FLOW_HDR);
	gd_read(gd, posted[token][0].gpa, bytes, 10);
	gd_read(gd, posted[token][0].gpa + 10, bytes + FLOW_HDR, len - 10);
	assert_null(flow_got(&wire, bytes, len + 2, &frames));
	assert_int_equal(frames, 5);
}

/* --- checksums --- */

/* The frame is alone, without a promise; what is before it is merged, and what is after. */
static void test_bad_checksum_anywhere(void **state)
{
	u32 i, k, n, at;

	for (i = 0; i < 4; i++) {
		for (n = 2; n < 7; n++) {
			for (k = 0; k < n; k++) {
				post(mergeable() ? 900 : HUGE, mergeable() ? 30 : 3);
				for (at = 0; at < n; at++) {
					flow[i].payload = 501;
					flow_make(&flow[i]);
					flow[i].data[flow[i].head + 300] ^= at == k;
					assert_true(arrive_bytes(flow[i].data, flow[i].len, i));
					flow_next(&flow[i]);
				}
				assert_int_equal(pump().frames, n);
				if (k)
					take_n(k);
				take_n(1);
				assert_int_equal(bytes[0], 0);
				if (k + 1 < n)
					take_n(n - k - 1);
				assert_false(take());
				/* Use the other buffers up. */
				while (post4(HUGE, 0, 0, 0))
					;
				stop();
				start();
			}
		}
	}
}

static void test_all_checksums_bad(void **state)
{
	u32 i;

	post(HUGE, 64);
	for (i = 0; i < 60; i++) {
		flow_make(&flow[0]);
		flow[0].data[flow[0].l4 + 16] ^= 1;
		assert_true(arrive_bytes(flow[0].data, flow[0].len, 0));
		flow_next(&flow[0]);
	}
	pump();
	for (i = 0; i < 60; i++) {
		take_n(1);
		assert_int_equal(bytes[0], 0);
	}
	assert_int_equal(st.supers, 0);
	all_there();
}

/* A cut parcel's last frame decides about PSH and FIN. */
static void test_flags_of_a_cut_parcel(void **state)
{
	u32 i;

	post(HUGE, 3);
	for (i = 0; i < 4; i++) {
		flow[0].flags = i == 3 ? ACK | PSH | FIN : i ? ACK | ECE : ACK | ECE | CWR;
		if (i == 3)
			flow[0].flags |= ECE;
		flow_make(&flow[0]);
		flow[0].data[flow[0].head] ^= i == 2;
		assert_true(arrive_bytes(flow[0].data, flow[0].len, 0));
		flow_next(&flow[0]);
	}
	pump();
	take_n(2);
	assert_int_equal(bytes[1], VIRTIO_NET_HDR_GSO_TCPV4 | VIRTIO_NET_HDR_GSO_ECN);
	assert_int_equal(bytes[FLOW_HDR + flow[0].l4 + 13], ACK | ECE | CWR);
	take_n(1);
	take_n(1);
	all_there();
}

/* --- too few buffers --- */

/* However many there are: what they hold is delivered, in order, the rest waits, nothing is lost. */
static void test_few_buffers(void **state)
{
	u32 size, flows, n, i;

	for (size = 700; size < 5000; size += 450) {
		if (!mergeable() && size < 1500)
			continue;
		for (flows = 1; flows <= 8; flows++) {
			u32 rounds = 0, before = wire.n;

			for (i = 0; i < 40; i++)
				assert_true(arrive(i % flows));
			assert_int_equal(pump().status, VX_PUMP_BLOCKED);
			while (wire.left) {
				n = 1 + pkt_rand() % 4;
				post(size, n);
				if (pump().status == VX_PUMP_IDLE)
					assert_int_equal(st.packets, wire.n);
				/* Two of the smallest hold one frame. */
				if (rounds++ > 2 * 40)
					fail_msg("stalled: %u left", wire.left);
				while (take())
					;
			}
			assert_int_equal(wire.n - before, 40);
			assert_int_equal(st.packets, wire.n);
			while (post4(1, 0, 0, 0))
				;
			stop();
			start();
		}
	}
}

/* As much as fits is delivered at once. */
static void test_part_of_a_parcel(void **state)
{
	u32 k;

	for (k = 1; k < 20; k++) {
		arrive_n(0, 20);
		post(FLOW_HDR + 66 + k * 1000 + 999, 1);
		assert_int_equal(pump().status, VX_PUMP_BLOCKED);
		take_n(k);
		assert_false(take());
		assert_int_equal(st.packets, k);
		post(HUGE, 1);
		assert_int_equal(pump().status, VX_PUMP_IDLE);
		take_n(20 - k);
		all_there();
		stop();
		start();
	}
}

/* Frames of other flows that were delivered lie behind one that was not. */
static void test_what_waits_keeps_its_order(void **state)
{
	u32 i;

	for (i = 0; i < 60; i++)
		assert_true(arrive(i % 3));
	post(HUGE, 1);
	assert_int_equal(pump().status, VX_PUMP_BLOCKED);
	take_n(20);
	/* They come first, and those that arrived meanwhile join them. */
	for (i = 0; i < 9; i++)
		assert_true(arrive(i % 3));
	post(HUGE, 3);
	assert_int_equal(pump().status, VX_PUMP_IDLE);
	/* A batch has room for 64: 40 that waited and 9. */
	take_n(23);
	take_n(23);
	take_n(3);
	all_there();
}

/* Buffers for one frame each: nothing is merged, nothing is lost. */
static void test_buffers_of_one_frame(void **state)
{
	u32 i;

	if (mergeable())
		return;
	post(1526, 100);
	arrive_n(0, 100);
	assert_int_equal(pump().status, VX_PUMP_IDLE);
	for (i = 0; i < 100; i++)
		take_n(1);
	all_there();
}

/* CVE-2020-16843: one that is too small for the next frame does not stop what fits. */
static void test_CVE_2020_16843_buffer_too_small(void **state)
{
	u32 i;

	if (mergeable())
		return;
	post(1000, 1);
	post(HUGE, 1);
	flow[0].payload = 1200;
	arrive_n(0, 3);
	for (i = 0; i < 5; i++) {
		flow[1].payload = 300;
		assert_true(arrive(1));
	}
	assert_int_equal(pump().status, VX_PUMP_IDLE);
	assert_int_equal(st.drops[VX_REASON_NO_GUEST_BUFFER], 3);
	/* As many as the small one holds. */
	take_n(3);
	take_n(2);
	assert_false(take());
	assert_int_equal(st.packets, 5);
}

/* CVE-2018-16880: never more heads than there is room to remember. */
static void test_CVE_2018_16880_heads(void **state)
{
	if (!mergeable())
		return;
	post(100, 200);
	arrive_n(0, 10);
	assert_int_equal(pump().status, VX_PUMP_IDLE);
	while (take())
		assert_in_range(buffers, 1, VX_BATCH);
	all_there();
}

/* The longest frame that IP allows, over buffers of one page as Linux posts them. */
static void test_longest_over_pages(void **state)
{
	post(mergeable() ? 1536 : HUGE, mergeable() ? 200 : 8);
	flow[0].payload = 1448;
	arrive_n(0, 128);
	pump();
	take_n(45);
	assert_int_equal(length, FLOW_HDR + 66 + 45 * 1448);
	while (take())
		;
	all_there();
}

/* --- switching --- */

static void test_switched_between_calls(void **state)
{
	u64 all = rx->offloads;

	post(HUGE, 50);
	arrive_n(0, 10);
	pump();
	take_n(10);
	vx_rx_set_offloads(rx, 0);
	arrive_n(0, 10);
	pump();
	for (u32 i = 0; i < 10; i++) {
		take_n(1);
		assert_int_equal(bytes[0], 0);
	}
	vx_rx_set_offloads(rx, CSUM);
	arrive_n(0, 1);
	arrive_n(0, 1);
	pump();
	take_n(1);
	assert_int_equal(bytes[0], VIRTIO_NET_HDR_F_DATA_VALID);
	take_n(1);
	/* Without GUEST_CSUM the others mean nothing. */
	vx_rx_set_offloads(rx, all & ~CSUM);
	arrive_n(0, 2);
	pump();
	take_n(1);
	assert_int_equal(bytes[0], 0);
	take_n(1);
	vx_rx_set_offloads(rx, ~0ULL);
	assert_int_equal(rx->offloads, all);
	arrive_n(0, 10);
	pump();
	take_n(10);
	all_there();

	/* What was not negotiated cannot be switched on. */
	vx_rx_init(rx, vq, &vx_xsk_source, &fx->x, &st, gd->features & ~BIT(VIRTIO_NET_F_GUEST_TSO4));
	vx_rx_set_offloads(rx, ~0ULL);
	arrive_n(0, 2);
	arrive_n(1, 2);
	pump();
	take_n(1);
	take_n(1);
	take_n(2);
	all_there();
}

/* --- budgets, faults, logging --- */

/* CVE-2019-3900: a call is bounded in frames, merged or not, and in bytes. */
static void test_CVE_2019_3900_budget(void **state)
{
	struct vx_pump_result r;
	u32 round;

	for (round = 0; round < 2; round++) {
		flow[0].payload = round ? 1700 : 10;
		while (post4(HUGE, 0, 0, 0))
			;
		arrive_n(0, 400);
		r = pump();
		assert_int_equal(r.status, VX_PUMP_MORE);
		assert_in_range(r.frames, 128, VX_BUDGET_FRAMES);
		assert_in_range(st.bytes, 0, VX_BUDGET_BYTES + 65536);
		while (pump().status == VX_PUMP_MORE)
			;
		while (take())
			;
		all_there();
		stop();
		start();
	}
}

static void fill_for_faults(void)
{
	u32 i;

	for (i = 0; i < 90; i++)
		assert_true(post4(30, 900, i % 2 ? 40 : 0, 0));
	for (i = 0; i < 40; i++) {
		flow[i % 3].payload = 300;
		assert_true(arrive(i % 3));
	}
}

/* Every guest access fails once: each frame is delivered, counted as lost, or still there; and the vring stops. */
static void test_fault_at_every_access(void **state)
{
	u64 n, total;
	u32 broke = 0;

	fill_for_faults();
	total = vx_env_accesses();
	pump();
	total = vx_env_accesses() - total;
	assert_true(total > 60);
	for (n = 1; n <= total; n++) {
		struct vx_pump_result r;
		u32 seen = 0, left;

		stop();
		start();
		fill_for_faults();
		vx_env_fail_access(n);
		r = pump();
		while (take())
			seen += frames;
		assert_int_equal(seen, st.packets);
		if (r.status == VX_PUMP_BROKEN) {
			broke++;
			assert_int_equal(pump().status, VX_PUMP_BROKEN);
		}
		assert_int_equal(st.errors, r.status == VX_PUMP_BROKEN);
		left = vx_rx_discard(&vx_xsk_source, &fx->x, &st, VX_REASON_QUEUE_STOPPED);
		assert_int_equal(seen + st.drops[VX_REASON_GUEST_FAULT] + left + st.drops[VX_REASON_NO_GUEST_BUFFER], 40);
		assert_int_equal(fx_check(fx), 0);
	}
	/* Chains beyond those that are needed may be unreadable. */
	if (broke <= total / 3)
		fail_msg("%u of %llu", broke, (unsigned long long)total);
}

/* CVE-2019-14835: the dirty log holds all that was written, rewritten headers too, and nothing else. */
static void test_CVE_2019_14835_dirty_log(void **state)
{
	u64 last = GD_DATA_GPA + 2 * GD_DATA_HALF - 1, size = last / VX_LOG_PAGE / 8 + 1, page, first = GD_DATA_GPA / VX_LOG_PAGE;
	struct vx_dirty_log log = { vx_env_guest_map(0, size), size };
	u8 *bits = vx_env_guest_ptr(log.uaddr, size);
	u32 round, k;

	vx_vring_set_log(vq, &log);
	for (round = 0; round < 300; round++) {
		u8 want[2 * GD_DATA_HALF / VX_LOG_PAGE] = { 0 };
		struct flow_frame *f = &flow[round % 8];
		u32 left;

		memset(bits, 0, size);
		f->payload = 100 + pkt_rand() % 1000;
		next_gpa = GD_DATA_GPA + pkt_rand() % (2 * GD_DATA_HALF - 50000);
		assert_true(post4(1 + pkt_rand() % 100, 1 + pkt_rand() % 9000, 9000, 9000));
		arrive_n(round % 8, 1 + pkt_rand() % 10);
		pump();
		assert_true(take());
		for (k = 0, left = length; left; k++) {
			struct gd_sg *sg = &posted[(nposted - 1) % TOKENS][k];
			u32 part = vx_min(left, sg->len);

			for (page = sg->gpa / VX_LOG_PAGE; page <= (sg->gpa + part - 1) / VX_LOG_PAGE; page++)
				want[page - first] = 1;
			left -= part;
		}
		for (page = 0; page < size * 8; page++)
			assert_int_equal(bits[page / 8] >> page % 8 & 1, page >= first && page - first < sizeof(want) ? want[page - first] : 0);
	}
	all_there();
}

/* --- all of it --- */

static void test_random(void **state)
{
	u32 round, i, seen = 0;

	for (round = 0; round < 400; round++) {
		while (pkt_rand() % 60 && post4(mergeable() ? 1 + pkt_rand() % 6000 : 2100, mergeable() ? pkt_rand() % 300 : 0, 0, 0))
			;
		for (i = pkt_rand() % 120; i; i--) {
			u32 at = pkt_rand() % 8;
			struct flow_frame *f = &flow[at];

			f->payload = pkt_rand() % 6 ? 1400 : pkt_rand() % 1500;
			f->flags = pkt_rand() % 8 ? ACK : ACK | pkt_rand();
			f->pad = pkt_rand() % 20 ? 0 : pkt_rand() % 10;
			flow_make(f);
			/* Behind the ports: it stays a frame of this flow. */
			if (!(pkt_rand() % 30))
				f->data[f->l4 + 4 + pkt_rand() % (f->len - f->l4 - 4)] ^= 1 << pkt_rand() % 8;
			if (wire.n == FLOW_WIRE_MAX || !arrive_bytes(f->data, f->len, at))
				break;
			flow_next(f);
		}
		if (!(pkt_rand() % 10))
			vx_rx_set_offloads(rx, pkt_rand() % 3 ? ~0ULL : pkt_rand());
		pump();
		while (take())
			seen += frames;
	}
	while (wire.left) {
		while (post4(2100, 0, 0, 0))
			;
		pump();
		assert_true(take());
		do
			seen += frames;
		while (take());
	}
	all_there();
	assert_true(seen > 3000);
	assert_true(st.supers > 100);
}

#define ON(f, k)	{ #f " (" #k ")", f, setup, teardown, (void *)&k }
#define EACH(f)		ON(f, split), ON(f, packed), ON(f, split_mergeable), ON(f, packed_mergeable)

int main(void)
{
	static const struct kind split = { false, PLAIN }, packed = { true, PLAIN };
	static const struct kind split_mergeable = { false, MERGE }, packed_mergeable = { true, MERGE };
	const struct CMUnitTest tests[] = {
		EACH(test_one_buffer_for_many),
		EACH(test_single_frames_are_verified),
		EACH(test_short_frames_are_not),
		EACH(test_other_frames_pass),
		EACH(test_runt_among_others),
		EACH(test_interleaved_flows),
		EACH(test_cut_at_every_point),
		ON(test_tiny_mergeable_buffers, split_mergeable),
		ON(test_tiny_mergeable_buffers, packed_mergeable),
		ON(test_legacy_header_of_ten_bytes, split),
		ON(test_legacy_header_of_ten_bytes, packed),
		EACH(test_bad_checksum_anywhere),
		EACH(test_all_checksums_bad),
		EACH(test_flags_of_a_cut_parcel),
		EACH(test_few_buffers),
		EACH(test_part_of_a_parcel),
		EACH(test_what_waits_keeps_its_order),
		EACH(test_buffers_of_one_frame),
		EACH(test_CVE_2020_16843_buffer_too_small),
		EACH(test_CVE_2018_16880_heads),
		EACH(test_longest_over_pages),
		EACH(test_switched_between_calls),
		EACH(test_CVE_2019_3900_budget),
		EACH(test_fault_at_every_access),
		EACH(test_CVE_2019_14835_dirty_log),
		EACH(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
