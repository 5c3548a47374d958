// SPDX-License-Identifier: GPL-2.0-or-later
/* The tx pump and buffers that become many frames. Each test runs on both kinds of ring. */
#include "gso.h"
#include "tx_fixture.h"

#define UDP_L4	VIRTIO_NET_HDR_GSO_UDP_L4

static u8 honest_type(void)
{
	return p.proto == 17 ? UDP_L4 : p.ip6 ? V6 : V4;
}

/* The frame that p describes, in buffer, behind an honest header. */
static void make_request(u16 mss)
{
	pkt_make(&p);
	pkt_vnet(buffer, NEEDS, honest_type(), mss, p.l4, pkt_csum_offset(&p));
	memcpy(buffer + 12, p.data, p.len);
}

static void check_sent(u32 mss)
{
	u32 n = p.payload ? (p.payload + mss - 1) / mss : 1, i;

	assert_int_equal(fx->nsent, n);
	for (i = 0; i < n; i++) {
		const char *bad = pkt_judge(&p, mss, i, n, fx->sent[i].data, fx->sent[i].len);

		if (bad)
			fail_msg("segment %u of %u: %s", i, n, bad);
	}
	fx_forget_sent(fx);
}

static void post_buffer(const u32 *cut)
{
	assert_int_equal(post_cut(buffer, 12 + p.len, cut, 0), 0);
	gd_publish(gd);
}

/* Thousands of random super-frames, cut into descriptors at random. */
static void random_supers(u32 rounds)
{
	u32 i;

	for (i = 0; i < rounds; i++) {
		u32 cut[] = { 1 + pkt_rand() % 40, 1 + pkt_rand() % 100, 1 + pkt_rand() % 3000, 1 + pkt_rand() % 4096,
			      1 + pkt_rand() % 4096, 1 + pkt_rand() % 30000, 0 };
		u32 mss = 200 + pkt_rand() % 1200;

		cut[pkt_rand() % 7] = 0;
		p = (struct pkt) {
			.tags = pkt_rand() % 3, .ip6 = pkt_rand() % 2, .tcp_opts = pkt_rand() % 4 * 4, .flags = pkt_rand(),
			.id = pkt_rand(), .seq = pkt_rand(), .proto = pkt_rand() % 3 ? 6 : 17,
			.payload = pkt_rand() % (pkt_rand() % 8 ? 4000 : 65000),
		};
		if (p.proto == 17 && p.payload > mss * VX_UDP_SEGS_MAX)
			p.payload = mss * VX_UDP_SEGS_MAX;
		make_request(mss);
		buffer[0] |= pkt_rand() % 2 * 2;
		assert_int_equal(post_cut(buffer, 12 + p.len, cut, i), 0);
		gd_publish(gd);
		pump_all();
		check_sent(mss);
		assert_int_equal(used(), 1);
	}
	assert_int_equal(st.supers, rounds);
	assert_int_equal(fx_drops(&st), 0);
}

static void test_random_super_frames(void **state)
{
	random_supers(1500);
}

static void test_segments_longer_than_the_mtu_allows(void **state)
{
	u32 mss;

	p = (struct pkt) { .payload = 5000, .proto = 6 };
	pkt_make(&p);
	for (mss = FRAME_MAX - p.hdr_len - 2; mss <= FRAME_MAX - p.hdr_len + 2; mss++)
		post(NEEDS, V4, mss, p.l4, 16, p.data, p.len);
	pump_all();
	assert_int_equal(used(), 5);
	assert_int_equal(st.supers, 3);
	assert_int_equal(st.drops[VX_REASON_OVERSIZE], 2);
	assert_int_equal(fx->nsent, 3 * 4);
}

static void test_plain_and_super_frames_stay_in_order(void **state)
{
	u32 i;

	p = (struct pkt) { .payload = 10 * MSS, .proto = 6 };
	pkt_make(&p);
	for (i = 0; i < 60; i++) {
		u8 frame[60] = { i };

		post_plain(frame, sizeof(frame));
		post(NEEDS, V4, MSS, p.l4, 16, p.data, p.len);
	}
	pump_all();
	assert_int_equal(used(), 120);
	assert_int_equal(fx->nsent, 60 * 11);
	for (i = 0; i < fx->nsent; i++) {
		if (i % 11 == 0)
			assert_int_equal(fx->sent[i].data[0], i / 11);
		else
			assert_null(pkt_judge(&p, MSS, i % 11 - 1, 10, fx->sent[i].data, fx->sent[i].len));
	}
}

/* The ring has room for some segments only: none of them leaves before all of them can. */
static void test_ring_full_amid_a_super_frame(void **state)
{
	u32 busy;

	for (busy = 490; busy <= 512; busy++) {
		struct vx_pump_result r;
		u8 frame[60] = { 0 };
		u32 i;

		stop();
		start(*(bool *)*state, FEATURES, 1024, 512);
		for (i = 0; i < busy; i++) {
			post_plain(frame, sizeof(frame));
			pump();
			used();
		}
		p = (struct pkt) { .payload = 10 * MSS, .proto = 6 };
		pkt_make(&p);
		post(NEEDS, V4, MSS, p.l4, 16, p.data, p.len);
		post_plain(frame, sizeof(frame));
		r = pump();
		if (busy <= 501) {
			assert_int_equal(r.status, VX_PUMP_IDLE);
			assert_int_equal(used(), 2);
		} else {
			assert_int_equal(r.status, VX_PUMP_BLOCKED);
			assert_int_equal(used(), busy == 502);
			assert_int_equal(fx->x.outstanding_tx, busy == 502 ? 512 : busy);
		}
		pump_all();
		assert_int_equal(fx->nsent, busy + 11);
		for (i = 0; i < 10; i++)
			assert_null(pkt_judge(&p, MSS, i, 10, fx->sent[busy + i].data, fx->sent[busy + i].len));
		assert_int_equal(fx_drops(&st), 0);
	}
}

/* CVE-2020-16843's kin: a super-frame that will never fit must not wedge the queue. */
static void test_CVE_2020_16843_super_frame_larger_than_the_sink(void **state)
{
	u8 frame[60] = { 0 };

	stop();
	start(*(bool *)*state, FEATURES, 64, 32);
	p = (struct pkt) { .payload = 33 * 100, .proto = 6 };
	pkt_make(&p);
	post(NEEDS, V4, 100, p.l4, 16, p.data, p.len);
	post_plain(frame, sizeof(frame));
	pump_all();
	assert_int_equal(st.drops[VX_REASON_BAD_GSO], 1);
	assert_int_equal(fx->nsent, 1);
	assert_int_equal(used(), 2);

	p = (struct pkt) { .payload = 32 * 100, .proto = 6 };
	pkt_make(&p);
	post(NEEDS, V4, 100, p.l4, 16, p.data, p.len);
	fx_forget_sent(fx);
	pump_all();
	check_sent(100);
}

/* CVE-2022-2132's kin: all headers may be cut anywhere. */
static void test_CVE_2022_2132_super_frame_split_at_every_byte(void **state)
{
	static const struct pkt kinds[] = {
		{ .proto = 6, .tcp_opts = 12 },
		{ .proto = 6, .ip6 = true, .ext = { PKT_HOPOPTS, 60 }, .ext_len = 8 },
		{ .proto = 17, .tags = 2, .ip_opts = 8 },
		{ .proto = 17, .ip6 = true },
	};
	u32 i, a, b, n = 0;

	for (i = 0; i < VX_ARRAY_SIZE(kinds); i++) {
		p = kinds[i];
		p.payload = 1000;
		make_request(333);
		for (a = 1; a < 12 + p.hdr_len + 4; a++) {
			for (b = 0; b < 8; b++) {
				u32 cut[] = { a, b, 1 + 2 * b, 0 };

				post_buffer(cut);
				pump_all();
				check_sent(333);
				n += used();
			}
		}
	}
	assert_int_equal(st.supers, n);
	assert_int_equal(fx_drops(&st), 0);
}

static void test_header_in_single_bytes(void **state)
{
	struct gd_sg sg[GD_TABLE_MAX];
	u32 i;

	p = (struct pkt) { .payload = 5000, .proto = 6 };
	pkt_make(&p);
	pkt_vnet(buffer, NEEDS, V4, MSS, p.l4, 16);
	memcpy(buffer + 12, p.data, p.len);
	for (i = 0; i < 30; i++) {
		sg[2 * i] = (struct gd_sg) { guest_bytes(buffer + i, 1), 1 };
		sg[2 * i + 1] = (struct gd_sg) { GD_DATA_GPA, 0 };
	}
	sg[60] = (struct gd_sg) { guest_bytes(buffer + 30, 12 + p.len - 30), 12 + p.len - 30 };
	assert_int_equal(gd_add(gd, sg, 61, 0, GD_INDIRECT, 0), 0);
	gd_publish(gd);
	pump_all();
	assert_int_equal(fx->nsent, 4);
	for (i = 0; i < 4; i++)
		assert_null(pkt_judge(&p, MSS, i, 4, fx->sent[i].data, fx->sent[i].len));
}

/* --- one segment is none --- */

/* What the guest padded, or said of lengths, stays: only the checksum is completed. */
static void test_single_segment_leaves_as_it_is(void **state)
{
	static const u32 whole[] = { 0 };
	u32 payload, i;

	for (payload = 0; payload <= 1000; payload += 50) {
		for (i = 0; i < 4; i++) {
			p = (struct pkt) { .proto = i & 1 ? 17 : 6, .ip6 = i & 2, .payload = payload, .flags = 0x99, .tags = 1 };
			make_request(payload ? payload : 8);
			buffer[12 + p.l3 + 5] ^= 0x55;
			p.data[p.l3 + 5] ^= 0x55;
			post_buffer(whole);
			pump_all();
			check_sent(payload + 8);
		}
	}
	assert_int_equal(fx_drops(&st), 0);
}

/* --- lies --- */

/* Is this header, before the honest frame p, one to act on? Written anew from the specification. */
static bool acceptable(u8 flags, u8 type, u32 size, u32 start, u32 offset, u32 *nsegs)
{
	*nsegs = 1;
	if (!type)
		return p.len <= FRAME_MAX && (!(flags & NEEDS) || start + offset + 2 <= p.len);
	if (type != honest_type() && !(p.proto == 6 && type == (honest_type() | 0x80)))
		return false;
	if (!(flags & NEEDS) || start != p.l4 || offset != pkt_csum_offset(&p) || size < (p.proto == 6 ? 8 : 1))
		return false;
	if (p.payload > size)
		*nsegs = (p.payload + size - 1) / size;
	return p.hdr_len + vx_min(size, p.payload) <= FRAME_MAX && *nsegs <= (p.proto == 6 ? 512 : VX_UDP_SEGS_MAX);
}

static u32 lie(u32 truth, u32 mask)
{
	static const u16 lies[] = { 0, 1, 2, 7, 8, 14, 20, 34, 54, 100, 255, 256, 1448, 1473, 1500, 0x7fff, 0x8000, 0xfffe, 0xffff };

	switch (pkt_rand() % 8) {
	case 0:
		return lies[pkt_rand() % VX_ARRAY_SIZE(lies)] & mask;
	case 1:
		return pkt_rand() & mask;
	case 2:
		return (truth + pkt_rand() % 9 - 4) & mask;
	default:
		return truth;
	}
}

/* Every field of the header lies, alone and with others: acted upon or refused and counted once, and no wrong frame leaves. */
static void test_every_field_lies(void **state)
{
	u32 i, k, good = 0, segmented = 0;

	for (i = 0; i < 8000; i++) {
		u32 cut[] = { pkt_rand() % 2 ? 12 : pkt_rand() % 80, pkt_rand() % 100, 0 }, flags, type, size, start, offset, n;
		u64 drops = fx_drops(&st), supers = st.supers;
		bool ok;

		p = (struct pkt) { .proto = pkt_rand() % 2 ? 6 : 17, .ip6 = pkt_rand() % 2, .tags = pkt_rand() % 3,
				   .payload = pkt_rand() % 3 ? pkt_rand() % 3000 : pkt_rand() % 60000 };
		make_request(1400);
		flags = lie(NEEDS, 0xff);
		type = lie(honest_type(), 0xff);
		size = lie(1400, 0xffff);
		start = lie(p.l4, 0xffff);
		offset = lie(pkt_csum_offset(&p), 0xffff);
		pkt_vnet(buffer, flags, type, size, start, offset);
		pkt_noise(buffer + 2, 2);	/* hdr_len */
		pkt_noise(buffer + 10, 2);	/* num_buffers */
		post_buffer(cut);
		pump_all();
		assert_int_equal(used(), 1);
		ok = acceptable(flags, type, size, start, offset, &n);
		if (fx->nsent != (ok ? n : 0) || fx_drops(&st) - drops != !ok)
			fail_msg("flags %x type %x size %u start %u offset %u: %u frames", flags, type, size, start, offset, fx->nsent);
		for (k = 0; n > 1 && k < fx->nsent; k++) {
			assert_null(pkt_judge(&p, size, k, n, fx->sent[k].data, fx->sent[k].len));
			assert_null(pkt_check(fx->sent[k].data, fx->sent[k].len));
		}
		assert_int_equal(st.supers - supers, ok && type);
		good += ok;
		segmented += fx->nsent > 1;
		fx_forget_sent(fx);
	}
	assert_true(good > 1000 && good < 7000 && segmented > 500);
	assert_int_equal(st.errors, 0);
}

/* Longer than any IP packet, in one descriptor or in many. */
static void test_frames_beyond_64_KiB(void **state)
{
	static const u32 one[] = { 0 }, some[] = { 12, 60, 30000, 30000, 0 };
	u32 i, extra, whole;

	for (i = 0; i < 4; i++) {
		for (extra = 0; extra < 6; extra++) {
			p = (struct pkt) { .proto = i & 1 ? 17 : 6, .ip6 = i & 2 };
			pkt_make(&p);
			/* The longest, and on from there. */
			p.payload = 14 + 8 + 65535 - p.hdr_len + extra;
			make_request(1400);
			whole = (p.payload + 1399) / 1400;
			post_buffer(extra & 1 ? one : some);
			pump_all();
			assert_int_equal(fx->nsent, extra ? 0 : whole);
			fx_forget_sent(fx);
			used();
		}
	}
	assert_int_equal(st.drops[VX_REASON_OVERSIZE], 4 * 5);
	assert_int_equal(fx_drops(&st), 4 * 5);
}

/* --- nothing stalls, nothing is lost or counted twice --- */

static u32 seen, victim;

/* A policy that drops one frame. */
static u32 send_all_but_one(void *ctx, struct vx_frame *f, u32 n, struct vx_queue_stats *stats)
{
	u32 i, sent = 0;

	for (i = 0; i < n; i++) {
		if (seen++ != victim) {
			sent += vx_xsk_sink.send(ctx, &f[i], 1, stats);
			continue;
		}
		vx_xsk_sink.free(ctx, &f[i], 1);
		vx_stat_drop(stats, VX_REASON_DENIED, 1);
		f[i].len = 0;
	}
	return sent;
}

static void post_supers(u32 n, u32 segs)
{
	static const u32 whole[] = { 0 };

	p = (struct pkt) { .payload = segs * MSS, .proto = 6, .flags = 0x18 };
	make_request(MSS);
	while (n--)
		post_buffer(whole);
}

static void test_policy_drops_the_third_segment(void **state)
{
	struct vx_sink_ops ops = vx_xsk_sink;
	u32 i, k;

	ops.send = send_all_but_one;
	for (victim = 0; victim < 10; victim++) {
		tx->sink = &ops;
		seen = 0;
		memset(&st, 0, sizeof(st));
		post_supers(2, 10);
		pump_all();
		assert_int_equal(used(), 2);
		assert_int_equal(fx->nsent, 19);
		for (i = 0, k = 0; i < 20; i++)
			if (i != victim)
				assert_null(pkt_judge(&p, MSS, i % 10, 10, fx->sent[k].data, fx->sent[k].len)), k++;
		assert_int_equal(st.packets, 19);
		assert_int_equal(st.bytes, 19 * (p.hdr_len + MSS));
		assert_int_equal(st.drops[VX_REASON_DENIED], 1);
		assert_int_equal(fx_drops(&st), 1);
		assert_int_equal(st.supers, 2);
		fx_forget_sent(fx);
	}
}

static void test_sink_takes_half_of_a_super_frame(void **state)
{
	struct vx_sink_ops ops = vx_xsk_sink;
	u32 i;

	ops.send = fx_half_send;
	tx->sink = &ops;
	post_supers(1, 10);
	pump_all();
	assert_int_equal(used(), 1);
	assert_int_equal(fx->nsent, 5);
	for (i = 0; i < 5; i++)
		assert_null(pkt_judge(&p, MSS, i, 10, fx->sent[i].data, fx->sent[i].len));
	assert_int_equal(st.packets, 5);
	assert_int_equal(st.bytes, 5 * (p.hdr_len + MSS));
	assert_int_equal(st.drops[VX_REASON_TX_FAILED], 5);
	assert_int_equal(fx_drops(&st), 5);

	/* It goes on when the sink does. */
	tx->sink = &vx_xsk_sink;
	fx_forget_sent(fx);
	post_supers(1, 10);
	pump_all();
	assert_int_equal(used(), 1);
	check_sent(MSS);
}

/* Completions come one by one, and each super-frame waits for room for all of it. */
static void test_completions_drip(void **state)
{
	u64 done = 0, sent;
	u32 i;

	stop();
	start(*(bool *)*state, FEATURES, 64, 32);
	fx->hold_completions = true;
	post_supers(20, 25);
	for (i = 0; done < 20; i++) {
		assert_true(i < 5000);
		pump();
		done += used();
		fx_transmit(fx, 3);
		fx_complete(fx, 1);
		vx_xsk_complete(&fx->x, 64);
	}
	fx_transmit(fx, UINT32_MAX);
	sent = fx->nsent;
	assert_int_equal(sent, 20 * 25);
	for (i = 0; i < sent; i++)
		assert_null(pkt_judge(&p, MSS, i % 25, 25, fx->sent[i].data, fx->sent[i].len));
	assert_int_equal(st.packets, 20 * 25);
	assert_int_equal(st.supers, 20);
	assert_int_equal(fx_drops(&st), 0);
}

int main(void)
{
	static bool split = false, packed = true;
	const struct CMUnitTest tests[] = {
		BOTH(test_random_super_frames),
		BOTH(test_CVE_2022_2132_super_frame_split_at_every_byte),
		BOTH(test_header_in_single_bytes),
		BOTH(test_segments_longer_than_the_mtu_allows),
		BOTH(test_plain_and_super_frames_stay_in_order),
		BOTH(test_ring_full_amid_a_super_frame),
		BOTH(test_CVE_2020_16843_super_frame_larger_than_the_sink),
		BOTH(test_single_segment_leaves_as_it_is),
		BOTH(test_every_field_lies),
		BOTH(test_frames_beyond_64_KiB),
		BOTH(test_policy_drops_the_third_segment),
		BOTH(test_sink_takes_half_of_a_super_frame),
		BOTH(test_completions_drip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
