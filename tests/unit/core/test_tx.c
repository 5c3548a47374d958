// SPDX-License-Identifier: GPL-2.0-or-later
/* The tx pump: a guest driver model on one side, a fake kernel on the other. Each test runs on both kinds of ring. */
#include "tx_fixture.h"

/* --- plain frames --- */

static void test_one_frame(void **state)
{
	struct vx_pump_result r;
	u8 frame[60];

	pkt_noise(frame, sizeof(frame));
	post_plain(frame, sizeof(frame));
	r = pump();
	assert_int_equal(r.status, VX_PUMP_IDLE);
	assert_int_equal(r.frames, 1);
	assert_true(r.call);
	assert_int_equal(fx_transmit(fx, 10), 1);
	assert_int_equal(fx->sent[0].len, 60);
	assert_memory_equal(fx->sent[0].data, frame, 60);
	assert_int_equal(used(), 1);
	assert_int_equal(st.packets, 1);
	assert_int_equal(st.bytes, 60);
	assert_int_equal(fx_drops(&st), 0);

	r = pump();
	assert_int_equal(r.status, VX_PUMP_IDLE);
	assert_int_equal(r.frames, 0);
	assert_false(r.call);
}

static void test_no_call_when_the_driver_wants_none(void **state)
{
	u8 frame[60] = { 0 };

	gd_calls(gd, false);
	post_plain(frame, sizeof(frame));
	assert_false(pump().call);
	assert_int_equal(used(), 1);
}

static void test_order_and_bytes_of_many_frames(void **state)
{
	u32 round, i, next = 0, len[2048];

	for (round = 0; round < 40; round++) {
		u32 n = 1 + pkt_rand() % 150;

		for (i = 0; i < n; i++) {
			u32 cut[] = { 1 + pkt_rand() % 30, pkt_rand() % 100, 0 };

			len[next % 2048] = 14 + pkt_rand() % (FRAME_MAX - 13);
			pkt_vnet(buffer, 0, 0, 0, 0, 0);
			memset(buffer + 12, next, len[next % 2048]);
			memcpy(buffer + 12, &next, sizeof(next));
			if (post_cut(buffer, 12 + len[next % 2048], cut, next))
				break;
			next++;
		}
		gd_publish(gd);
		pump_all();
		assert_int_equal(used(), i);
		assert_int_equal(fx->nsent, i);
		for (i = 0; i < fx->nsent; i++) {
			u32 id = next - fx->nsent + i;

			assert_int_equal(fx->sent[i].len, len[id % 2048]);
			assert_memory_equal(fx->sent[i].data, &id, sizeof(id));
			assert_int_equal(fx->sent[i].data[fx->sent[i].len - 1], (u8)id);
		}
		fx_forget_sent(fx);
	}
	assert_int_equal(st.packets, next);
}

/* CVE-2022-2132: the header may be cut anywhere, even into single bytes and with empty descriptors between. */
static void test_CVE_2022_2132_header_split_at_every_point(void **state)
{
	u32 a, b, n = 0;

	for (a = 1; a < 40; a++) {
		for (b = 0; b < 16; b++) {
			u32 cut[] = { a, b, 0 };

			p = (struct pkt) { .payload = 20, .proto = 6 };
			pkt_make(&p);
			pkt_vnet(buffer, NEEDS, 0, 0, p.l4, 16);
			memcpy(buffer + 12, p.data, p.len);
			assert_int_equal(post_cut(buffer, 12 + p.len, cut, 0), 0);
			gd_publish(gd);
			pump_all();
			assert_null(pkt_judge(&p, MSS, 0, 1, fx->sent[0].data, fx->sent[0].len));
			fx_forget_sent(fx);
			n += used();
		}
	}
	assert_int_equal(n, 39 * 16);
	assert_int_equal(fx_drops(&st), 0);
}

/* CVE-2018-1059: a frame may lie across two regions of guest memory, which are far apart for us. */
static void test_CVE_2018_1059_frame_across_regions(void **state)
{
	u32 before;

	pkt_noise(buffer, 12 + 1000);
	pkt_vnet(buffer, 0, 0, 0, 0, 0);
	for (before = 1; before < 30; before++) {
		struct gd_sg sg = { GD_DATA_SPLIT - before, 12 + 1000 };

		gd_write(gd, sg.gpa, buffer, sg.len);
		assert_int_equal(gd_add(gd, &sg, 1, 0, GD_DIRECT, 0), 0);
		gd_publish(gd);
		pump_all();
		assert_memory_equal(fx->sent[0].data, buffer + 12, 1000);
		fx_forget_sent(fx);
	}
	assert_int_equal(used(), 29);
}

/* --- what is refused --- */

struct refusal {
	const char *what;
	u8 flags, type;
	u16 mss, start, offset;
	u32 len;	/* of the chain, header included */
	enum vx_reason want;
};

static const struct refusal refusals[] = {
	{ "one byte", 0, 0, 0, 0, 0, 1, VX_REASON_BAD_VNET_HDR },
	{ "header cut short", 0, 0, 0, 0, 0, 11, VX_REASON_BAD_VNET_HDR },
	{ "header alone", 0, 0, 0, 0, 0, 12, VX_REASON_RUNT },
	{ "runt", 0, 0, 0, 0, 0, 12 + 13, VX_REASON_RUNT },
	{ "runt, segmentation", NEEDS, V4, MSS, 0, 0, 12 + 13, VX_REASON_RUNT },
	{ "longer than the MTU allows", 0, 0, 0, 0, 0, 12 + FRAME_MAX + 1, VX_REASON_OVERSIZE },
	{ "longer than a chunk", 0, 0, 0, 0, 0, 12 + 2049, VX_REASON_OVERSIZE },
	{ "very long", 0, 0, 0, 0, 0, 60000, VX_REASON_OVERSIZE },
	{ "checksum outside", NEEDS, 0, 0, 50, 9, 12 + 60, VX_REASON_BAD_CSUM },
	{ "checksum far outside", NEEDS, 0, 0, 0xffff, 0xffff, 12 + 60, VX_REASON_BAD_CSUM },
	{ "UFO", NEEDS, VIRTIO_NET_HDR_GSO_UDP, MSS, 34, 6, 12 + 3000, VX_REASON_BAD_VNET_HDR },
	{ "unknown type", NEEDS, 9, MSS, 34, 6, 12 + 3000, VX_REASON_BAD_VNET_HDR },
	{ "gso_size 0", NEEDS, V4, 0, 34, 16, 12 + 3000, VX_REASON_BAD_GSO },
	{ "segmentation without checksum", 0, V4, MSS, 34, 16, 12 + 3000, VX_REASON_BAD_GSO },
	{ "headers are noise", NEEDS, V4, MSS, 34, 16, 12 + 3000, VX_REASON_BAD_GSO },
	{ "too long to be IP", NEEDS, V4, MSS, 34, 16, 12 + 65535 + 23, VX_REASON_OVERSIZE },
};

/* CVE-2024-41090, -41091: no path is without these checks; and each bad chain is completed and counted, once. */
static void test_CVE_2024_41090_refused_frames(void **state)
{
	static const u32 cuts[][2] = { { 0 }, { 12, 0 }, { 7, 0 } };
	u8 good[60] = { 1 };
	u32 i, k;

	memset(buffer, 0, sizeof(buffer));
	for (i = 0; i < VX_ARRAY_SIZE(refusals); i++) {
		for (k = 0; k < VX_ARRAY_SIZE(cuts); k++) {
			const struct refusal *r = &refusals[i];
			u64 before = st.drops[r->want], all = fx_drops(&st);

			pkt_vnet(buffer, r->flags, r->type, r->mss, r->start, r->offset);
			assert_int_equal(post_cut(buffer, r->len, cuts[k], 0), 0);
			gd_publish(gd);
			post_plain(good, sizeof(good));
			pump_all();
			if (st.drops[r->want] != before + 1 || fx_drops(&st) != all + 1)
				fail_msg("%s (cut %u): reason %d not counted once", r->what, k, r->want);
			assert_int_equal(used(), 2);
			assert_int_equal(fx->nsent, 1);
			assert_memory_equal(fx->sent[0].data, good, sizeof(good));
			fx_forget_sent(fx);
		}
	}
	assert_int_equal(st.errors, 0);
	assert_false(vq->broken);
}

static void test_chains_of_the_wrong_shape(void **state)
{
	struct gd_sg sg[2] = { { GD_DATA_GPA, 100 }, { GD_DATA_GPA + 200, 100 } }, none = { GD_DATA_GPA, 0 };

	assert_int_equal(gd_add(gd, sg, 1, 1, GD_DIRECT, 0), 0);	/* out and in */
	assert_int_equal(gd_add(gd, sg, 0, 2, GD_DIRECT, 0), 0);	/* in only */
	assert_int_equal(gd_add(gd, &none, 1, 0, GD_DIRECT, 0), 0);	/* nothing at all */
	gd_publish(gd);
	pump_all();
	assert_int_equal(used(), 3);
	assert_int_equal(st.drops[VX_REASON_BAD_DESC], 2);
	assert_int_equal(st.drops[VX_REASON_BAD_VNET_HDR], 1);
	assert_int_equal(fx->nsent, 0);
}

static void test_longest_frame_passes(void **state)
{
	pkt_noise(p.data, FRAME_MAX);
	post_plain(p.data, FRAME_MAX);
	post_plain(p.data, 14);
	pump_all();
	assert_int_equal(fx->nsent, 2);
	assert_int_equal(fx->sent[0].len, FRAME_MAX);
	assert_int_equal(fx->sent[1].len, 14);
}

static void test_frame_longer_than_the_sink_carries(void **state)
{
	tx->frame_max = 9014;
	memset(p.data, 0, 4000);
	post_plain(p.data, 2049);
	post_plain(p.data, 2048);
	pump_all();
	assert_int_equal(st.drops[VX_REASON_OVERSIZE], 1);
	assert_int_equal(fx->nsent, 1);

	p = (struct pkt) { .payload = 8000, .proto = 6 };
	pkt_make(&p);
	post(NEEDS, V4, 4000, p.l4, 16, p.data, p.len);
	pump_all();
	assert_int_equal(st.drops[VX_REASON_OVERSIZE], 2);
	assert_int_equal(fx->nsent, 1);
	assert_int_equal(used(), 3);
}

static void test_legacy_header_of_ten_bytes(void **state)
{
	u8 frame[64];
	u32 i;

	vx_tx_init(tx, vq, &vx_xsk_sink, &fx->x, &st, BIT(VIRTIO_NET_F_CSUM), FRAME_MAX);
	assert_int_equal(tx->hdr_len, 10);
	for (i = 8; i < 12; i++) {
		u32 cut[] = { i, 0 };

		pkt_vnet(buffer, 0, 0, 0, 0, 0);
		pkt_noise(frame, sizeof(frame));
		memcpy(buffer + 10, frame, sizeof(frame));
		assert_int_equal(post_cut(buffer, 10 + sizeof(frame), cut, 0), 0);
		gd_publish(gd);
		pump_all();
		assert_int_equal(fx->sent[0].len, sizeof(frame));
		assert_memory_equal(fx->sent[0].data, frame, sizeof(frame));
		fx_forget_sent(fx);
	}
}

/* --- checksums --- */

static void test_checksum_of_every_length(void **state)
{
	u32 payload;

	for (payload = 0; payload < 1400; payload += payload < 70 ? 1 : 37) {
		p = (struct pkt) { .ip6 = payload & 1, .payload = payload, .proto = 6, .tags = payload % 3 };
		pkt_make(&p);
		post(NEEDS, 0, 0, p.l4, 16, p.data, p.len);
		pump_all();
		assert_null(pkt_judge(&p, MSS, 0, 1, fx->sent[0].data, fx->sent[0].len));
		fx_forget_sent(fx);
		used();
	}
	assert_int_equal(st.supers, 0);
}

/* In UDP, 0 says that there is no checksum: what sums to 0 is sent as 0xffff. */
static void test_checksum_zero_becomes_ffff(void **state)
{
	u8 frame[60] = { 0 };

	frame[40] = 0xff;
	frame[41] = 0xff;
	post(NEEDS, 0, 0, 34, 6, frame, sizeof(frame));
	pump_all();
	assert_int_equal(fx->sent[0].data[40], 0xff);
	assert_int_equal(fx->sent[0].data[41], 0xff);
}

/* csum_start and csum_offset anywhere, odd ones too: words begin at csum_start. */
static void test_checksum_anywhere(void **state)
{
	u8 frame[600], want[600];
	u32 i;

	for (i = 0; i < 3000; i++) {
		u32 len = 14 + pkt_rand() % 587, start = pkt_rand() % (len - 1), offset = pkt_rand() % (len - start - 1);
		u16 sum;

		pkt_noise(frame, len);
		memcpy(want, frame, len);
		sum = ~pkt_sum(0, frame + start, len - start);
		sum = sum ? sum : 0xffff;
		want[start + offset] = sum >> 8;
		want[start + offset + 1] = sum;
		post(NEEDS, 0, 0, start, offset, frame, len);
		pump_all();
		assert_int_equal(fx->nsent, 1);
		assert_memory_equal(fx->sent[0].data, want, len);
		fx_forget_sent(fx);
		used();
	}
}

static void test_checksum_in_the_last_bytes(void **state)
{
	u8 frame[61];

	memset(frame, 0x11, sizeof(frame));
	post(NEEDS, 0, 0, 57, 2, frame, sizeof(frame));
	post(NEEDS, 0, 0, 0, 59, frame, sizeof(frame));
	pump_all();
	assert_int_equal(fx->nsent, 2);
	assert_memory_equal(fx->sent[0].data, frame, 59);
	/* 57 is odd: words begin at csum_start. */
	assert_int_equal(fx->sent[0].data[59] << 8 | fx->sent[0].data[60], (u16)~0x2222);
	assert_int_equal(fx->sent[1].data[59] << 8 | fx->sent[1].data[60], (u16)~pkt_sum(0, frame, sizeof(frame)));
}

/* --- budgets --- */

/* CVE-2019-3900: one call does a bounded amount of work, with frames that are dropped as with others. */
static void test_CVE_2019_3900_frames_per_call(void **state)
{
	u8 frame[60] = { 0 };
	u32 kind, i, total;

	for (kind = 0; kind < 2; kind++) {
		struct vx_pump_result r;

		stop();
		start(*(bool *)*state, FEATURES, 2048, 1024);
		for (i = 0; i < 256; i++)
			post_plain(frame, kind ? 10 : sizeof(frame));
		vq->cached_avail = vq->last_avail;
		r = pump();
		assert_int_equal(r.frames, VX_BUDGET_FRAMES);
		assert_int_equal(r.status, VX_PUMP_MORE);
		total = used();
		assert_int_equal(total, VX_BUDGET_FRAMES);
		assert_int_equal(pump().status, VX_PUMP_IDLE);
	}
	assert_int_equal(st.drops[VX_REASON_RUNT], 256);
}

static void test_CVE_2019_3900_segments_and_bytes_per_call(void **state)
{
	u32 i, kind;

	stop();
	start(*(bool *)*state, FEATURES, 4096, 2048);
	for (kind = 0; kind < 2; kind++) {
		u32 mss = kind ? 1400 : 100, done, calls = 0;

		p = (struct pkt) { .payload = kind ? 65000 : 20000, .proto = 6 };
		pkt_make(&p);
		for (i = 0; i < 40; i++)
			post(NEEDS, V4, mss, p.l4, 16, p.data, p.len);
		for (done = 0; done < 40; calls++) {
			struct vx_pump_result r = pump();

			/* At most one super-frame more than the budget. */
			assert_in_range(r.frames, 1, VX_BUDGET_FRAMES + VX_GSO_SEGS_MAX);
			assert_in_range(r.frames, 1, VX_BUDGET_FRAMES + 200);
			done += used();
			fx_transmit(fx, UINT32_MAX);
			vx_xsk_complete(&fx->x, 4096);
		}
		assert_true(calls > 6);
	}
}

static void test_CVE_2019_3900_bytes_per_call(void **state)
{
	u32 i;

	fx_free(fx);
	fx = fx_new(1024, 4096, 512, 0);
	vx_tx_init(tx, vq, &vx_xsk_sink, &fx->x, &st, gd->features, 4096);
	for (i = 0; i < 256; i++)
		post_plain(p.data, 4096);
	assert_int_equal(pump().status, VX_PUMP_MORE);
	assert_int_equal(used(), VX_BUDGET_BYTES / (4096 + VX_BUDGET_PIECE) + 1);
}

/* Bytes in pieces of one byte cost more than a copy. */
static void test_CVE_2019_3900_pieces_per_call(void **state)
{
	struct gd_sg sg[GD_TABLE_MAX];
	u32 i;

	for (i = 0; i < GD_TABLE_MAX; i++)
		sg[i] = (struct gd_sg) { GD_DATA_GPA + i, 1 };
	for (i = 0; i < 256; i++) {
		assert_int_equal(gd_add(gd, sg, GD_TABLE_MAX, 0, GD_INDIRECT, i), 0);
		sg[0].gpa += 4096;	/* so that no byte is read twice */
		for (u32 k = 1; k < GD_TABLE_MAX; k++)
			sg[k].gpa = sg[0].gpa + k;
	}
	gd_publish(gd);
	refetch = true;	/* of ring entries that the fetch before had no use for */
	assert_int_equal(pump().status, VX_PUMP_MORE);
	assert_in_range(used(), 1, VX_BUDGET_BYTES / (GD_TABLE_MAX * VX_BUDGET_PIECE));
}

/* --- faults --- */

static void post_mix(u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		u32 cut[] = { 12, 1 + pkt_rand() % 60, 1 + pkt_rand() % 600, 0 };

		p = (struct pkt) { .payload = i % 3 ? 40 : 5000, .proto = 6 };
		pkt_make(&p);
		pkt_vnet(buffer, NEEDS, i % 3 ? 0 : V4, MSS, p.l4, 16);
		memcpy(buffer + 12, p.data, p.len);
		assert_int_equal(post_cut(buffer, 12 + p.len, cut, i), 0);
	}
	gd_publish(gd);
}

/* Every guest access fails once: frames stay accounted for, the vring stops, and what was completed was done with. */
static void test_fault_at_every_access(void **state)
{
	u64 n, total;
	u32 faults = 0;

	post_mix(20);
	n = vx_env_accesses();
	pump_all();
	total = vx_env_accesses() - n;
	assert_true(total > 100);
	for (n = 1; n <= total; n++) {
		struct vx_pump_result r;
		u32 done;

		stop();
		start(*(bool *)*state, FEATURES, 1024, 512);
		refetch = true;
		post_mix(20);
		vx_env_fail_access(n);
		r = pump();
		if (r.status != VX_PUMP_BROKEN)
			r = pump();	/* what failed was the look at an empty ring, or came later */
		fx_transmit(fx, UINT32_MAX);
		vx_xsk_complete(&fx->x, 4096);
		assert_int_equal(fx->x.outstanding_tx, 0);
		assert_int_equal(fx_check(fx), 0);
		done = used();
		assert_int_equal(st.errors, r.status == VX_PUMP_BROKEN);
		assert_int_equal(vq->broken, r.status == VX_PUMP_BROKEN);
		if (r.status == VX_PUMP_BROKEN) {
			faults++;
			/* A driver that restarts sees the rest as not sent; nothing is both completed and pending. */
			assert_int_equal((u16)(gd->packed ? 0 : vx_vring_stop(vq) - done), gd->packed ? 0 : 0xfff0);
			assert_int_equal(pump().status, VX_PUMP_BROKEN);
			assert_int_equal(st.errors, 1);
		} else {
			assert_int_equal(done, 20);
		}
		assert_in_range(st.drops[VX_REASON_GUEST_FAULT], 0, 1);
	}
	assert_true(faults > total / 2);
}

static void test_memory_that_goes_away(void **state)
{
	u8 frame[100] = { 0 };
	u64 uaddr;

	post_plain(frame, sizeof(frame));
	assert_int_equal(vx_mem_from_gpa(gd->mem, GD_DATA_GPA, 1, &uaddr), 0);
	vx_env_guest_unmap(uaddr);
	assert_int_equal(pump().status, VX_PUMP_BROKEN);
	assert_int_equal(used(), 1);
	assert_int_equal(st.drops[VX_REASON_GUEST_FAULT], 1);
	assert_int_equal(st.errors, 1);
	assert_true(vq->broken);
	assert_int_equal(vq->error, -EFAULT);
}

/* What came before a malformed chain is sent and completed. */
static void test_bad_chain_after_good_ones(void **state)
{
	struct gd_sg bad = { 0xdead0000, 60 };
	u8 frame[60] = { 0 };
	u32 i;

	for (i = 0; i < 100; i++)
		post_plain(frame, sizeof(frame));
	assert_int_equal(gd_add(gd, &bad, 1, 0, GD_DIRECT, 0), 0);
	gd_publish(gd);
	refetch = true;
	assert_int_equal(pump().status, VX_PUMP_BROKEN);
	assert_int_equal(vq->error, -EFAULT);
	assert_int_equal(used(), 100);
	assert_int_equal(fx_transmit(fx, 1000), 100);
	assert_int_equal(st.packets, 100);
}

/* A sink that takes only some: the others are counted. */
static void test_sink_that_refuses(void **state)
{
	struct vx_sink_ops ops = vx_xsk_sink;
	u8 frame[60] = { 0 };
	u32 i;

	ops.send = fx_half_send;
	tx->sink = &ops;
	for (i = 0; i < 50; i++)
		post_plain(frame, sizeof(frame));
	assert_int_equal(pump().status, VX_PUMP_IDLE);
	assert_int_equal(used(), 50);
	assert_int_equal(st.packets, 25);
	assert_int_equal(st.bytes, 25 * 60);
	assert_int_equal(st.drops[VX_REASON_TX_FAILED], 25);
}

static void test_discard(void **state)
{
	u8 frame[60] = { 0 };
	struct vx_pump_result r;
	u32 i;

	for (i = 0; i < 200; i++)
		post_plain(frame, sizeof(frame));
	r = vx_tx_discard(tx, VX_REASON_QUEUE_STOPPED);
	assert_int_equal(r.status, VX_PUMP_IDLE);
	assert_int_equal(r.frames, 200);
	assert_true(r.call);
	assert_int_equal(used(), 200);
	assert_int_equal(st.drops[VX_REASON_QUEUE_STOPPED], 200);
	assert_int_equal(fx->x.outstanding_tx, 0);

	for (i = 0; i < 256; i++)
		post_plain(frame, sizeof(frame));
	r = vx_tx_discard(tx, VX_REASON_QUEUE_STOPPED);
	assert_int_equal(r.status, VX_PUMP_MORE);
	assert_int_equal(r.frames, VX_BUDGET_FRAMES);
}

int main(void)
{
	static bool split = false, packed = true;
	const struct CMUnitTest tests[] = {
		BOTH(test_one_frame),
		BOTH(test_no_call_when_the_driver_wants_none),
		BOTH(test_order_and_bytes_of_many_frames),
		BOTH(test_CVE_2022_2132_header_split_at_every_point),
		BOTH(test_CVE_2018_1059_frame_across_regions),
		BOTH(test_CVE_2024_41090_refused_frames),
		BOTH(test_chains_of_the_wrong_shape),
		BOTH(test_longest_frame_passes),
		BOTH(test_frame_longer_than_the_sink_carries),
		BOTH(test_legacy_header_of_ten_bytes),
		BOTH(test_checksum_of_every_length),
		BOTH(test_checksum_zero_becomes_ffff),
		BOTH(test_checksum_anywhere),
		BOTH(test_checksum_in_the_last_bytes),
		BOTH(test_CVE_2019_3900_frames_per_call),
		BOTH(test_CVE_2019_3900_segments_and_bytes_per_call),
		BOTH(test_CVE_2019_3900_bytes_per_call),
		BOTH(test_CVE_2019_3900_pieces_per_call),
		BOTH(test_fault_at_every_access),
		BOTH(test_memory_that_goes_away),
		BOTH(test_bad_chain_after_good_ones),
		BOTH(test_sink_that_refuses),
		BOTH(test_discard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
