// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "fake_xsk.h"
#include "packet.h"

#define CONTD	1u
#define FRAMES	256u
#define SIZE	64u
#define START	0xfffffff0u	/* indices wrap early */
#define OTHERS	(100 * 2048ull)	/* bytes of others before a part */
#define SHARE	(FRAMES - SIZE)	/* of receive */

static struct vx_queue_stats send_stats;

static struct fx *fx;
static struct vx_queue_stats st;

static int setup(void **state)
{
	fx = fx_new(FRAMES, 2048, SIZE, START);
	memset(&st, 0, sizeof(st));
	return 0;
}

/* The same in a part of a UMEM that is shared with others. */
static int setup_part(void **state)
{
	fx = fx_new_part(FRAMES, 2048, SIZE, START, OTHERS);
	memset(&st, 0, sizeof(st));
	return 0;
}

static int teardown(void **state)
{
	u64 i;

	for (i = 0; i < fx->um.first; i++)
		assert_int_equal(fx->area[i], 0xa5);
	fx_free(fx);
	vx_env_reset();
	return 0;
}

static u32 peek(struct vx_frame *f, u32 n)
{
	return vx_xsk_source.peek(&fx->x, f, n, &st);
}

static void release(struct vx_frame *f, u32 done, u32 peeked)
{
	vx_xsk_source.release(&fx->x, f, done, peeked);
}

static void assert_clean(void)
{
	assert_int_equal(fx_check(fx), 0);
	assert_int_equal(fx->x.bad_desc, 0);
}

/* --- the rings themselves --- */

static void test_init_judges_offsets(void **state)
{
	static const struct xdp_ring_offset good = { .producer = 0, .consumer = 64, .desc = 192, .flags = 128 };
	static const struct {
		struct xdp_ring_offset off;
		u64 len;
		u32 size, entry;
	} bad[] = {
		{ { 0, 64, 192, 128 }, 192 + 64 * 8 - 1, 64, 8 },
		{ { 0, 64, 192, 128 }, 4096, 63, 8 },
		{ { 0, 64, 192, 128 }, 4096, 0, 8 },
		{ { 0, 64, 192, 128 }, 4096, 64, 0 },
		{ { 0, 64, 192, 128 }, 4096, 1u << 31, 16 },
		{ { 4093, 64, 192, 128 }, 4096, 64, 8 },
		{ { 4094, 64, 192, 128 }, 4096, 64, 8 },
		{ { 0, UINT64_MAX - 3, 192, 128 }, 4096, 64, 8 },
		{ { 0, 64, UINT64_MAX - 7, 128 }, 4096, 64, 8 },
		{ { 0, 64, 192, 1ull << 40 }, 4096, 64, 8 },
		{ { 0, 64, 196, 128 }, 4096, 64, 8 },
		{ { 2, 64, 192, 128 }, 4096, 64, 8 },
	};
	struct vx_xsk_ring r;
	u32 *mem = calloc(1, 4096), i;

	for (i = 0; i < VX_ARRAY_SIZE(bad); i++)
		assert_int_equal(vx_xsk_ring_init(&r, mem, bad[i].len, &bad[i].off, bad[i].size, bad[i].entry), -EINVAL);
	assert_int_equal(vx_xsk_ring_init(&r, mem, 192 + 64 * 8, &good, 64, 8), 0);
	mem[0] = 65;	/* more produced than there is room for */
	assert_int_equal(vx_xsk_ring_init(&r, mem, 4096, &good, 64, 8), -EINVAL);
	mem[0] = 3;
	mem[16] = 1;
	assert_int_equal(vx_xsk_ring_init(&r, mem, 4096, &good, 64, 8), 0);
	assert_int_equal(r.cached_prod, 3);
	assert_int_equal(r.cached_cons, 1);
	free(mem);
}

static void test_refill_leaves_frames_for_transmit(void **state)
{
	struct vx_frame f[FRAMES];
	u64 addr;
	u32 total = 0, n;

	while ((n = vx_xsk_refill(&fx->x))) {
		total += n;
		while (fx_take_fill(fx, &addr))
			;
	}
	assert_int_equal(total, SHARE);
	assert_int_equal(vx_xsk_sink.capacity(&fx->x), SIZE);
	assert_int_equal(vx_xsk_sink.alloc(&fx->x, f, FRAMES), SIZE);
	vx_xsk_sink.free(&fx->x, f, SIZE);
	assert_clean();
}

static void test_need_wakeup(void **state)
{
	struct vx_frame f;

	*fx->x.tx.flags = XDP_RING_NEED_WAKEUP;
	assert_false(vx_xsk_tx_need_wakeup(&fx->x));	/* nothing to send */
	assert_int_equal(vx_xsk_sink.alloc(&fx->x, &f, 1), 1);
	f.len = 60;
	assert_int_equal(vx_xsk_sink.send(&fx->x, &f, 1, &send_stats), 1);
	assert_true(vx_xsk_tx_need_wakeup(&fx->x));
	*fx->x.tx.flags = 0;
	assert_false(vx_xsk_tx_need_wakeup(&fx->x));
	assert_false(vx_xsk_fill_need_wakeup(&fx->x));
	*fx->x.fill.flags = XDP_RING_NEED_WAKEUP;
	assert_true(vx_xsk_fill_need_wakeup(&fx->x));
}

/* --- receive --- */

static void test_frames_arrive_in_order(void **state)
{
	struct vx_frame f[VX_XSK_BATCH];
	u32 sent = 0, got = 0, round;

	for (round = 0; round < 200; round++) {
		u32 burst = pkt_rand() % 40, n, keep, i;

		vx_xsk_refill(&fx->x);
		while (burst-- && fx_receive(fx, &sent, sizeof(sent)))
			sent++;
		n = peek(f, 1 + pkt_rand() % VX_XSK_BATCH);
		keep = n ? pkt_rand() % (n + 1) : 0;
		for (i = 0; i < n; i++) {
			u32 v;

			assert_int_equal(f[i].len, sizeof(v));
			assert_int_equal(f[i].room, 2048 - FX_HEADROOM);
			memcpy(&v, f[i].data, sizeof(v));
			assert_int_equal(v, got + i);
		}
		release(f, n - keep, n);
		got += n - keep;
		assert_int_equal(fx->x.nheld || *fx->x.rx.producer != *fx->x.rx.consumer, vx_xsk_rx_pending(&fx->x));
		assert_clean();
	}
	assert_true(got > 1000);
}

/* Frames kept back are longer than what one later peek asks for. */
static void test_small_peeks_of_kept_frames(void **state)
{
	struct vx_frame f[VX_XSK_BATCH];
	u32 i, v;

	vx_xsk_refill(&fx->x);
	for (i = 0; i < 20; i++)
		assert_true(fx_receive(fx, &i, sizeof(i)));
	assert_int_equal(peek(f, 16), 16);
	release(f, 0, 16);
	for (i = 0; i < 20; i++) {
		u32 n = peek(f, 5);

		assert_int_equal(n, vx_min(5u, 20 - i));
		memcpy(&v, f[0].data, sizeof(v));
		assert_int_equal(v, i);
		release(f, 1, n);
		assert_clean();
	}
	assert_int_equal(peek(f, 5), 0);
}

static void test_bad_rx_descriptors(void **state)
{
	struct vx_frame f[8];
	u64 a[6];
	u32 i;

	vx_xsk_refill(&fx->x);
	for (i = 0; i < 6; i++)
		assert_true(fx_take_fill(fx, &a[i]));
	fx_receive_desc(fx, fx->um.size, 60, 0);		/* outside */
	fx_receive_desc(fx, UINT64_MAX, 60, 0);
	fx_receive_desc(fx, a[0] | 1ull << 48, 60, 0);		/* unaligned mode's offset bits */
	fx_receive_desc(fx, (u64)(FRAMES - 1) * 2048, 60, 0);	/* was never given */
	fx_receive_desc(fx, a[1] + 256, 2048 - 255, 0);		/* leaves its chunk; comes back to us */
	fx_receive_desc(fx, a[2], UINT32_MAX, 0);
	fx_receive_desc(fx, a[3] + 256, 2048 - 256, 0);		/* good, and full */
	fx_receive_desc(fx, a[3] + 256, 60, 0);			/* twice */
	fx_receive_desc(fx, a[4] + 2047, 0, 0);			/* empty: the pump's to judge */
	assert_int_equal(peek(f, 8), 2);
	assert_ptr_equal(f[0].data, fx->area + a[3] + 256);
	assert_int_equal(f[0].len, 2048 - 256);
	assert_int_equal(f[1].len, 0);
	assert_int_equal(st.drops[VX_REASON_BAD_XSK_DESC], 7);
	assert_int_equal(fx->x.bad_desc, 7);
	assert_int_equal(fx->um.count[VX_OWNER_RX], 2);
	release(f, 2, 2);
	assert_int_equal(vx_umem_audit(&fx->um), 0);
	assert_int_equal(fx->um.count[VX_OWNER_FILL], SIZE - 4);
}

/* QEMU af-xdp: frames longer than a chunk vanish silently. Here each counts once, however many pieces it came in. */
static void test_frames_in_pieces_count_as_oversize(void **state)
{
	struct vx_frame f[8];
	u32 pieces, i, want = 0;
	u64 a;

	for (pieces = 2; pieces < 8; pieces++) {
		vx_xsk_refill(&fx->x);
		for (i = 0; i < pieces; i++) {
			fx_take_fill(fx, &a);
			fx_receive_desc(fx, a + 256, 1700, i + 1 < pieces ? CONTD : 0);
			if (i == 1) {	/* the pieces come in two peeks */
				assert_int_equal(peek(f, 8), 0);
				assert_int_equal(st.drops[VX_REASON_OVERSIZE], pieces == 2 ? ++want : want);
			}
		}
		assert_true(fx_receive(fx, "whole", 5));
		assert_int_equal(peek(f, 8), 1);
		assert_memory_equal(f[0].data, "whole", 5);
		release(f, 1, 1);
		want += pieces > 2;
		assert_int_equal(st.drops[VX_REASON_OVERSIZE], want);
		assert_clean();
	}
}

static void test_rx_producer_gone_mad(void **state)
{
	static const u32 jump[] = { SIZE, 1000, 0x7fffffff, 0x80000000, UINT32_MAX - 1, UINT32_MAX };
	struct vx_frame f[8];
	u32 i;

	vx_xsk_refill(&fx->x);
	assert_true(fx_receive(fx, "a", 1));
	assert_true(vx_xsk_rx_pending(&fx->x));		/* we know of one */
	for (i = 0; i < VX_ARRAY_SIZE(jump); i++) {
		*fx->x.rx.producer += jump[i];
		assert_int_equal(peek(f, 8), i ? 0 : 1);
		release(f, !i, !i);
		*fx->x.rx.producer -= jump[i];
	}
	assert_int_equal(fx->x.bad_desc, VX_ARRAY_SIZE(jump));
	assert_true(fx_receive(fx, "b", 1));
	assert_int_equal(peek(f, 8), 1);
	assert_int_equal(f[0].data[0], 'b');
	release(f, 1, 1);
	assert_int_equal(fx_check(fx), 0);
}

/* --- transmit --- */

static void test_transmit_in_order(void **state)
{
	struct vx_frame f[FRAMES];
	u32 next = 0, round, i, n, unused;

	for (round = 0; round < 300; round++) {
		n = vx_xsk_sink.alloc(&fx->x, f, pkt_rand() % SIZE);
		for (i = 0; i < n; i++) {
			assert_int_equal(f[i].room, 2048);
			memcpy(f[i].data, &next, sizeof(next));
			f[i].len = sizeof(next);
			next++;
		}
		unused = n ? pkt_rand() % n : 0;
		next -= unused;
		assert_int_equal(vx_xsk_sink.send(&fx->x, f, n - unused, &send_stats), n - unused);
		vx_xsk_sink.free(&fx->x, f + n - unused, unused);
		assert_clean();
		fx_transmit(fx, pkt_rand() % SIZE);
		vx_xsk_complete(&fx->x, pkt_rand() % SIZE);
		assert_clean();
	}
	fx_transmit(fx, FRAMES);
	while (vx_xsk_complete(&fx->x, SIZE))
		;
	assert_int_equal(fx->x.outstanding_tx, 0);
	assert_int_equal(fx->nsent, next);
	assert_true(next > 1000);
	for (i = 0; i < next; i++)
		assert_memory_equal(fx->sent[i].data, &i, sizeof(i));
}

static void test_no_more_frames_than_ring_entries(void **state)
{
	struct vx_frame f[FRAMES];

	fx->hold_completions = true;
	assert_int_equal(vx_xsk_sink.alloc(&fx->x, f, 40), 40);
	assert_int_equal(vx_xsk_sink.alloc(&fx->x, f + 40, 40), SIZE - 40);
	assert_int_equal(vx_xsk_sink.send(&fx->x, f, SIZE, &send_stats), SIZE);
	assert_int_equal(vx_xsk_sink.alloc(&fx->x, f, 1), 0);
	assert_int_equal(fx_transmit(fx, 10), 10);
	assert_int_equal(vx_xsk_sink.alloc(&fx->x, f, 1), 0);	/* sent, but still the kernel's */
	fx_complete(fx, 4);
	assert_int_equal(vx_xsk_complete(&fx->x, 3), 3);
	assert_int_equal(vx_xsk_sink.alloc(&fx->x, f, 10), 3);
	vx_xsk_sink.free(&fx->x, f, 3);
	assert_clean();
}

static void test_sink_refuses_what_is_not_its_own(void **state)
{
	struct vx_frame f[3];

	assert_int_equal(vx_xsk_sink.alloc(&fx->x, f, 3), 3);
	f[0].len = 60;
	f[1].len = 2049;
	f[2].len = 60;
	assert_int_equal(vx_xsk_sink.send(&fx->x, f, 3, &send_stats), 1);
	assert_int_equal(fx->um.count[VX_OWNER_HELD], 0);
	assert_int_equal(fx->um.count[VX_OWNER_TX], 1);
	assert_clean();
}

/* Completed before it was taken from the ring: the frames are free, the ring is not. */
static void test_completions_that_come_too_early(void **state)
{
	struct vx_frame f[FRAMES];
	u32 i;

	assert_int_equal(vx_xsk_sink.alloc(&fx->x, f, SIZE), SIZE);
	assert_int_equal(vx_xsk_sink.send(&fx->x, f, SIZE, &send_stats), SIZE);
	for (i = 0; i < SIZE; i++)
		fx_complete_addr(fx, f[i].cookie);
	assert_int_equal(vx_xsk_complete(&fx->x, SIZE), SIZE);
	assert_int_equal(vx_xsk_sink.alloc(&fx->x, f, 10), 0);
	*fx->x.tx.consumer += 15;
	assert_int_equal(vx_xsk_sink.alloc(&fx->x, f, 10), 10);
	assert_int_equal(vx_xsk_sink.alloc(&fx->x, f + 10, 10), 5);
	assert_int_equal(vx_xsk_sink.send(&fx->x, f, 15, &send_stats), 15);
	assert_clean();
}

static void test_hostile_completions(void **state)
{
	struct vx_frame f[4];
	u64 fill;

	vx_xsk_refill(&fx->x);
	fx_take_fill(fx, &fill);
	fx->hold_completions = true;
	assert_int_equal(vx_xsk_sink.alloc(&fx->x, f, 4), 4);
	assert_int_equal(vx_xsk_sink.send(&fx->x, f, 2, &send_stats), 2);
	fx_complete_addr(fx, f[0].cookie);
	fx_complete_addr(fx, f[0].cookie);		/* twice */
	fx_complete_addr(fx, fill);			/* of the other direction */
	fx_complete_addr(fx, f[2].cookie);		/* held, not sent */
	fx_complete_addr(fx, fx->um.size);
	fx_complete_addr(fx, UINT64_MAX);
	assert_int_equal(vx_xsk_complete(&fx->x, 100), 1);
	assert_int_equal(fx->x.outstanding_tx, 1);
	assert_int_equal(fx->um.violations, 5);
	assert_int_equal(fx->x.bad_desc, 5);
	vx_xsk_sink.free(&fx->x, f + 2, 2);
	assert_int_equal(fx->um.count[VX_OWNER_HELD], 0);
	assert_int_equal(vx_umem_audit(&fx->um), 0);
}

/* A consumer index that lies must not make us overwrite what was not sent. */
static void test_tx_consumer_gone_mad(void **state)
{
	static const u32 lie[] = { 1, 2, SIZE, 0x7fffffff, 0x80000000, UINT32_MAX - SIZE };	/* backwards */
	struct vx_frame f[SIZE];
	u32 good = *fx->x.tx.consumer, i;

	assert_int_equal(vx_xsk_sink.alloc(&fx->x, f, SIZE), SIZE);
	assert_int_equal(vx_xsk_sink.send(&fx->x, f, SIZE, &send_stats), SIZE);
	for (i = 0; i < VX_ARRAY_SIZE(lie); i++) {
		*fx->x.tx.consumer = good - lie[i];
		fx->um.count[VX_OWNER_TX] -= 8;		/* as if completions had come */
		assert_int_equal(vx_xsk_sink.alloc(&fx->x, f, 8), 0);
		fx->um.count[VX_OWNER_TX] += 8;
	}
	*fx->x.tx.consumer = good;
	assert_true(fx->x.bad_desc >= VX_ARRAY_SIZE(lie));
	assert_int_equal(vx_umem_audit(&fx->um), 0);
	assert_int_equal(fx_transmit(fx, SIZE), SIZE);
}

/* CVE-2021-47105: all rings lie at random; every frame stays accounted for, and nothing is touched outside. */
static void test_CVE_2021_47105_kernel_side_at_random(void **state)
{
	struct vx_xsk_ring *ring[] = { &fx->x.fill, &fx->x.comp, &fx->x.rx, &fx->x.tx };
	u32 i;

	pkt_seed(7);
	for (i = 0; i < 20000; i++) {
		struct vx_frame f[VX_XSK_BATCH];
		struct vx_xsk_ring *r = ring[pkt_rand() % 4];
		u32 n;

		switch (pkt_rand() % 8) {
		case 0:
			*(pkt_rand() % 2 ? r->producer : r->consumer) += pkt_rand() % 8 ? pkt_rand() % 8 : pkt_rand();
			break;
		case 1:
			pkt_noise((u8 *)r->desc + pkt_rand() % (SIZE * 8 - 8), 8);
			break;
		case 2:
			*r->producer = r->cached_prod + pkt_rand() % 16;
			*r->consumer = r->cached_cons + pkt_rand() % 16;
			break;
		case 3:
			vx_xsk_refill(&fx->x);
			break;
		case 4:
			vx_xsk_complete(&fx->x, pkt_rand() % 100);
			break;
		case 5:
			fx_receive_desc(fx, pkt_rand() % fx->um.size, pkt_rand() % 3000, pkt_rand() % 8 ? 0 : CONTD);
			break;
		case 6:
			n = peek(f, pkt_rand() % 80);
			if (n)
				memset(f[n - 1].data, 0, f[n - 1].len);
			release(f, n ? pkt_rand() % n : 0, n);
			break;
		case 7:
			n = vx_xsk_sink.alloc(&fx->x, f, pkt_rand() % VX_XSK_BATCH);
			if (n)
				memset(f[n - 1].data, 0, f[n - 1].room);
			vx_xsk_sink.send(&fx->x, f, n / 2, &send_stats);
			vx_xsk_sink.free(&fx->x, f + n / 2, n - n / 2);
			break;
		}
		assert_int_equal(vx_umem_audit(&fx->um), 0);
		assert_int_equal(fx->um.count[VX_OWNER_HELD], 0);
		assert_int_equal(fx->um.count[VX_OWNER_RX], fx->x.nheld);
	}
	assert_true(fx->x.bad_desc > 100);
}

static void test_descriptors_in_the_part_of_others(void **state)
{
	const u64 others[] = { 0, OTHERS - 2048, OTHERS - 1, OTHERS + FRAMES * 2048 };
	struct vx_frame f[4];
	u64 addr;
	u32 i;

	assert_int_equal(vx_xsk_refill(&fx->x), SIZE);
	for (i = 0; i < VX_ARRAY_SIZE(others); i++) {
		assert_true(fx_take_fill(fx, &addr));
		assert_in_range(addr, OTHERS, OTHERS + FRAMES * 2048 - 1);
		fx_receive_desc(fx, others[i], 60, 0);
		fx_complete_addr(fx, others[i]);
	}
	fx_receive_desc(fx, addr, 60, 0);
	assert_int_equal(peek(f, 4), 1);
	assert_ptr_equal(f[0].data, fx->area + addr);
	assert_int_equal(st.drops[VX_REASON_BAD_XSK_DESC], 4);
	assert_int_equal(vx_xsk_complete(&fx->x, 8), 0);
	assert_int_equal(fx->um.violations, 8);
	assert_int_equal(vx_umem_audit(&fx->um), 0);
	release(f, 1, 1);
}

#define IN_PART(f)	{ #f " (part of a UMEM)", f, setup_part, teardown, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init_judges_offsets),
		cmocka_unit_test_setup_teardown(test_refill_leaves_frames_for_transmit, setup, teardown),
		cmocka_unit_test_setup_teardown(test_need_wakeup, setup, teardown),
		cmocka_unit_test_setup_teardown(test_frames_arrive_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_small_peeks_of_kept_frames, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_rx_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_frames_in_pieces_count_as_oversize, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rx_producer_gone_mad, setup, teardown),
		cmocka_unit_test_setup_teardown(test_transmit_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_more_frames_than_ring_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sink_refuses_what_is_not_its_own, setup, teardown),
		cmocka_unit_test_setup_teardown(test_completions_that_come_too_early, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_completions, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tx_consumer_gone_mad, setup, teardown),
		cmocka_unit_test_setup_teardown(test_CVE_2021_47105_kernel_side_at_random, setup, teardown),
		IN_PART(test_refill_leaves_frames_for_transmit),
		IN_PART(test_frames_arrive_in_order),
		IN_PART(test_small_peeks_of_kept_frames),
		IN_PART(test_frames_in_pieces_count_as_oversize),
		IN_PART(test_transmit_in_order),
		IN_PART(test_no_more_frames_than_ring_entries),
		IN_PART(test_descriptors_in_the_part_of_others),
		IN_PART(test_CVE_2021_47105_kernel_side_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
