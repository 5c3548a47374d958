// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames in pieces through an AF_XDP socket that was bound for them, and which neighbours take them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "fake_xsk.h"
#include "packet.h"
#include <vhost_xdp/whole.h>

#define FRAMES	1024u
#define SIZE	256u
#define CHUNK	4096u
#define START	0xffffff00u	/* indices wrap early */

static struct vx_engine_page page;
static struct vx_queue_stats st;
static struct fx *fx;

static int setup(void **state)
{
	fx = fx_new(FRAMES, CHUNK, SIZE, START);
	fx->x.sg = true;
	fx->x.page = &page;
	memset(&st, 0, sizeof(st));
	memset(&page, 0, sizeof(page));
	vx_xsk_refill(&fx->x);
	return 0;
}

static int teardown(void **state)
{
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

/* A frame of so many pieces arrives, each beginning with its number. */
static void receive(u32 pieces)
{
	u32 i;
	u64 a;

	for (i = 0; i < pieces; i++) {
		assert_true(fx_take_fill(fx, &a));
		memcpy(fx->area + a + 256, &i, sizeof(i));
		fx_receive_desc(fx, a + 256, 100 + i, i + 1 < pieces ? FX_CONTD : 0);
	}
}

/* How many pieces the frame at f has; they are in order, and all there. */
static u32 run(const struct vx_frame *f, u32 n)
{
	u32 i;

	for (i = 0;; i++) {
		assert_true(i < n);
		assert_memory_equal(f[i].data, &i, sizeof(i));
		assert_int_equal(f[i].len, 100 + i);
		if (!f[i].more)
			return i + 1;
	}
}

static void test_no_part_of_a_frame_is_returned(void **state)
{
	struct vx_frame f[VX_XSK_BATCH];
	u32 n, i, got;

	for (n = VX_PIECES_MAX; n <= VX_XSK_BATCH; n++) {
		vx_xsk_refill(&fx->x);
		receive(18);
		receive(1);
		receive(VX_PIECES_MAX);
		receive(2);
		receive(17);
		for (i = 0; i < 18 + 1 + VX_PIECES_MAX + 2 + 17; i += got) {
			got = peek(f, n);
			assert_true(got);
			assert_true(!f[got - 1].more);
			/* All frames but the first come again. */
			release(f, run(f, got), got);
			got = run(f, got);
			assert_int_equal(fx_check(fx), 0);
		}
		assert_int_equal(peek(f, n), 0);
		release(f, 0, 0);
	}
	assert_int_equal(fx_drops(&st), 0);
}

static void test_frames_that_end_later(void **state)
{
	struct vx_frame f[VX_XSK_BATCH];
	u64 a;

	receive(1);
	assert_true(fx_take_fill(fx, &a));
	memset(fx->area + a, 0, 4);
	fx_receive_desc(fx, a, 100, FX_CONTD);
	assert_int_equal(peek(f, VX_XSK_BATCH), 1);
	release(f, 1, 1);
	assert_false(vx_xsk_rx_pending(&fx->x));
	assert_int_equal(peek(f, VX_XSK_BATCH), 0);
	release(f, 0, 0);
	assert_true(fx_take_fill(fx, &a));
	memcpy(fx->area + a, &(u32){ 1 }, 4);
	fx_receive_desc(fx, a, 101, 0);
	assert_true(vx_xsk_rx_pending(&fx->x));
	assert_int_equal(peek(f, VX_XSK_BATCH), 2);
	assert_int_equal(run(f, 2), 2);
	release(f, 0, 2);
	assert_true(vx_xsk_rx_pending(&fx->x));
	assert_int_equal(peek(f, VX_PIECES_MAX), 2);
	release(f, 2, 2);
	assert_int_equal(fx_check(fx), 0);
}

static void test_too_many_pieces_are_one_drop(void **state)
{
	struct vx_frame f[VX_XSK_BATCH];
	u32 pieces;

	for (pieces = VX_PIECES_MAX + 1; pieces < 100; pieces += 13) {
		memset(&st, 0, sizeof(st));
		vx_xsk_refill(&fx->x);
		receive(3);
		receive(pieces);
		receive(4);
		assert_int_equal(peek(f, VX_XSK_BATCH), 7);
		assert_int_equal(run(f, 3), 3);
		assert_int_equal(run(f + 3, 4), 4);
		release(f, 7, 7);
		assert_int_equal(st.drops[VX_REASON_OVERSIZE], 1);
		assert_int_equal(fx_drops(&st), 1);
		assert_int_equal(fx_check(fx), 0);
	}
}

static void test_a_bad_piece_takes_its_frame_along(void **state)
{
	struct vx_frame f[VX_XSK_BATCH];
	u64 a;

	receive(2);
	assert_true(fx_take_fill(fx, &a));
	fx_receive_desc(fx, a, 100, FX_CONTD);
	fx_receive_desc(fx, fx->um.size, 100, FX_CONTD);
	assert_true(fx_take_fill(fx, &a));
	fx_receive_desc(fx, a, 100, 0);
	receive(3);
	assert_int_equal(peek(f, VX_XSK_BATCH), 5);
	assert_int_equal(run(f, 5), 2);
	assert_int_equal(run(f + 2, 3), 3);
	release(f, 5, 5);
	assert_int_equal(st.drops[VX_REASON_BAD_XSK_DESC], 1);
	assert_int_equal(vx_umem_audit(&fx->um), 0);
	assert_int_equal(fx->um.count[VX_OWNER_RX], 0);
}

/* The kernel lies at random: every frame stays accounted for, and no peek ends within a frame. */
static void test_kernel_side_at_random(void **state)
{
	struct vx_frame f[VX_XSK_BATCH];
	u32 i, n, done, whole = 0;
	u64 a;

	pkt_seed(11);
	for (i = 0; i < 50000; i++) {
		vx_xsk_refill(&fx->x);
		for (n = pkt_rand() % 40; n; n--) {
			if (!fx_take_fill(fx, &a))
				break;
			if (*fx->x.rx.producer - *fx->x.rx.consumer == SIZE)
				break;
			fx_receive_desc(fx, pkt_rand() % 50 ? a : pkt_rand(), pkt_rand() % 100 ? 60 : pkt_rand(),
					pkt_rand() % 16 ? FX_CONTD : 0);
		}
		n = peek(f, VX_PIECES_MAX + pkt_rand() % VX_XSK_BATCH);
		assert_true(!n || !f[n - 1].more);
		whole += n;
		done = n ? pkt_rand() % (n + 1) : 0;
		while (done && f[done - 1].more)
			done--;
		release(f, done, n);
		assert_int_equal(vx_umem_audit(&fx->um), 0);
		assert_int_equal(fx->um.count[VX_OWNER_RX], fx->x.nheld);
		if (fx->um.count[VX_OWNER_FILL] > FRAMES / 2) {
			teardown(NULL);
			setup(NULL);
		}
	}
	assert_true(whole > 1000);
}

static void test_sent_in_pieces(void **state)
{
	struct vx_frame f[40];
	u32 i;

	assert_int_equal(vx_xsk_sink.alloc(&fx->x, f, 40), 40);
	for (i = 0; i < 40; i++) {
		assert_int_equal(f[i].more, 0);
		memset(f[i].data, i, f[i].room);
		f[i].len = f[i].room;
		f[i].more = i % 18 != 17 && i < 36;
	}
	assert_int_equal(vx_xsk_sink.send(&fx->x, f, 40, &st), 40);
	fx_transmit(fx, SIZE);
	assert_int_equal(fx->nsent, 6);
	assert_int_equal(fx->sent[0].pieces, 18);
	assert_int_equal(fx->sent[1].pieces, 18);
	assert_int_equal(fx->sent[2].pieces, 1);
	assert_int_equal(fx->sent[1].len, 18 * CHUNK);
	for (i = 0; i < 18; i++)
		assert_int_equal(fx->sent[1].data[i * CHUNK], 18 + i);
	assert_int_equal(vx_xsk_complete(&fx->x, 100), 40);
	assert_int_equal(fx_check(fx), 0);
}

/* One of them is not ours: the kernel must never see the beginning of its frame. */
static void test_a_frame_is_sent_or_refused_whole(void **state)
{
	struct vx_frame f[10];
	u32 i;

	assert_int_equal(vx_xsk_sink.alloc(&fx->x, f, 10), 10);
	for (i = 0; i < 10; i++) {
		f[i].len = 100;
		f[i].more = i != 1 && i < 8;
	}
	f[6].len = f[6].room + 1;
	assert_int_equal(vx_xsk_sink.send(&fx->x, f, 10, &st), 2);
	assert_int_equal(st.drops[VX_REASON_TX_FAILED], 8);
	assert_int_equal(f[1].len, 100);
	assert_int_equal(f[2].len, 0);
	fx_transmit(fx, SIZE);
	assert_int_equal(fx->nsent, 1);
	assert_int_equal(fx->sent[0].pieces, 2);
	vx_xsk_complete(&fx->x, 100);
	assert_int_equal(fx_check(fx), 0);
}

static void test_who_takes_them(void **state)
{
	static const u8 mac[6] = { 0x52, 0x54, 0, 1, 2, 3 }, same_slot[6] = { 0x52, 0x54, 1, 1, 2, 3 }, zero[6];
	const u32 kinds = VX_WHOLE_TSO4 | VX_WHOLE_ECN;

	assert_int_equal(vx_xsk_sink.whole(&fx->x, mac, VX_WHOLE_TSO4), 0);
	assert_int_equal(vx_xsk_sink.whole(&fx->x, zero, VX_WHOLE_TSO4), 0);
	*vx_near_slot(&page, mac) = vx_near_entry(mac, kinds);
	assert_int_equal(vx_xsk_sink.whole(&fx->x, mac, VX_WHOLE_TSO4), CHUNK);
	assert_int_equal(vx_xsk_sink.whole(&fx->x, mac, kinds), CHUNK);
	assert_int_equal(vx_xsk_sink.whole(&fx->x, mac, VX_WHOLE_TSO6), 0);
	assert_int_equal(vx_xsk_sink.whole(&fx->x, mac, VX_WHOLE_TSO6 | VX_WHOLE_ECN), 0);
	assert_ptr_equal(vx_near_slot(&page, mac), vx_near_slot(&page, same_slot));
	assert_int_equal(vx_xsk_sink.whole(&fx->x, same_slot, VX_WHOLE_TSO4), 0);
	fx->x.sg = false;
	assert_int_equal(vx_xsk_sink.whole(&fx->x, mac, VX_WHOLE_TSO4), 0);
	fx->x.sg = true;
	fx->x.page = NULL;
	assert_int_equal(vx_xsk_sink.whole(&fx->x, mac, VX_WHOLE_TSO4), 0);
}

/* Every slot is within the page, and the ports of one vendor spread over them. */
static void test_slots(void **state)
{
	u32 i, used = 0;

	for (i = 0; i < 1u << 24; i++) {
		u8 mac[6] = { 0x52, 0x54, 0, i >> 16, i >> 8, i };

		if (i < VX_QUEUE_PAIRS_MAX * VX_DIRECTIONS)
			*vx_near_slot(&page, mac) = 1;
		else
			assert_int_equal(*vx_near_slot(&page, mac), 1);
	}
	for (i = 0; i < VX_QUEUE_PAIRS_MAX; i++)
		used += page.queue[i][0].near + page.queue[i][1].near;
	assert_int_equal(used, VX_QUEUE_PAIRS_MAX * VX_DIRECTIONS);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_part_of_a_frame_is_returned),
		TEST(test_frames_that_end_later),
		TEST(test_too_many_pieces_are_one_drop),
		TEST(test_a_bad_piece_takes_its_frame_along),
		TEST(test_kernel_side_at_random),
		TEST(test_sent_in_pieces),
		TEST(test_a_frame_is_sent_or_refused_whole),
		TEST(test_who_takes_them),
		TEST(test_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
