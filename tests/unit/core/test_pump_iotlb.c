// SPDX-License-Identifier: GPL-2.0-or-later
/* Both pumps with a guest behind an IOMMU: memory that the IOTLB lacks holds frames up, and loses none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "fake_xsk.h"
#include "guest_driver.h"
#include "packet.h"
#include "pump.h"

#define BIT(n)		(1ULL << (n))
#define FEATURES	(VX_CORE_FEATURES & ~BIT(VIRTIO_F_RING_PACKED) & ~BIT(VIRTIO_RING_F_EVENT_IDX))
#define HDR		12u
#define PAGE		4096u
#define FRAMES		4096u
#define SLOT(i)		(GD_DATA_SPLIT - (1u << 20) + (i) % 256 * 8192)	/* one per descriptor of the ring */

static struct gd *gd;
static struct fx *fx;
static struct vx_vring *vq;
static struct vx_tx *tx;
static struct vx_rx *rx;
static struct vx_queue_stats st;
static struct pkt p;
static u8 bytes[HDR + PKT_MAX];

static void start(bool packed, u32 room)
{
	pkt_seed(packed);
	memset(&st, 0, sizeof(st));
	gd = gd_new(packed, 256, FEATURES, packed ? 0x8000 : 0xfff0);
	gd_iotlb(gd, room);
	vq = calloc(1, sizeof(*vq));
	assert_int_equal(gd_start(gd, vq), 0);
	gd_calls(gd, true);
	fx = fx_new(1024, 2048, 512, 0xffffff00);
	tx = malloc(sizeof(*tx));
	rx = malloc(sizeof(*rx));
	vx_tx_init(tx, vq, &vx_xsk_sink, &fx->x, &st, gd->features, 1514);
	vx_rx_init(rx, vq, &vx_xsk_source, &fx->x, &st, gd->features);
	vx_xsk_refill(&fx->x);
}

static int setup_split(void **state)
{
	start(false, 200);
	return 0;
}

static int setup_packed(void **state)
{
	start(true, 200);
	return 0;
}

static int teardown(void **state)
{
	fx_free(fx);
	gd_free(gd);
	free(vq);
	free(tx);
	free(rx);
	vx_env_reset();
	return 0;
}

static struct vx_pump_result judged(struct vx_pump_result r)
{
	assert_int_equal(vq->nfetched, 0);
	assert_int_equal(fx_check(fx), 0);
	assert_int_not_equal(r.status, VX_PUMP_BROKEN);
	if (r.status != VX_PUMP_BLOCKED)
		assert_false(vx_vring_missed(vq));
	return r;
}

static struct vx_pump_result pump_tx(void)
{
	return judged(vx_tx_pump(tx));
}

static struct vx_pump_result pump_rx(void)
{
	struct vx_pump_result r = judged(vx_rx_pump(rx));

	vx_xsk_refill(&fx->x);
	return r;
}

static void expect_miss(struct vx_pump_result r, u64 iova, u8 access)
{
	assert_int_equal(r.status, VX_PUMP_BLOCKED);
	assert_true(vx_vring_missed(vq));
	assert_int_equal(vq->miss.iova, iova);
	assert_int_equal(vq->miss.access, access);
}

static u32 used(void)
{
	u32 n = 0, len;
	u64 token;

	while (gd_get_used(gd, &token, &len))
		n++;
	return n;
}

/* --- from the guest --- */

static void post_out(u64 iova, u32 len)
{
	struct gd_sg sg = { iova, len };

	gd_write(gd, iova, bytes, len);
	assert_int_equal(gd_add(gd, &sg, 1, 0, GD_DIRECT, 0), 0);
	gd_publish(gd);
}

/* Frames before the one that misses leave at once, those behind it stay in order. */
static void test_tx_waits_for_the_page_of_one_frame(void **state)
{
	struct vx_pump_result r;
	u32 i;

	gd_map(gd, GD_DATA_GPA, VX_MEM_READ);
	for (i = 0; i < 5; i++) {
		memset(bytes, 0, HDR);
		memset(bytes + HDR, i, 60);
		post_out(GD_DATA_GPA + (i == 2 ? 9 * PAGE : i * 100), HDR + 60);
	}
	r = pump_tx();
	expect_miss(r, GD_DATA_GPA + 9 * PAGE, VX_MEM_READ);
	assert_int_equal(r.frames, 2);
	assert_true(r.call);
	assert_int_equal(used(), 2);
	r = pump_tx();
	expect_miss(r, GD_DATA_GPA + 9 * PAGE, VX_MEM_READ);
	assert_int_equal(r.frames, 0);
	assert_false(r.call);
	gd_map(gd, GD_DATA_GPA + 9 * PAGE, VX_MEM_READ);
	assert_int_equal(pump_tx().status, VX_PUMP_IDLE);
	assert_false(vx_vring_missed(vq));
	assert_int_equal(used(), 3);
	assert_int_equal(fx_transmit(fx, 10), 5);
	for (i = 0; i < 5; i++)
		assert_int_equal(fx->sent[i].data[0], i);
	assert_int_equal(fx_drops(&st), 0);
}

/* No frame free is not a miss, even where a chain further on misses. */
static void test_tx_blocked_for_frames_is_no_miss(void **state)
{
	u32 i;

	fx->hold_completions = true;
	gd_map(gd, GD_DATA_GPA, VX_MEM_READ);
	memset(bytes, 0, HDR + 60);
	/* 512 frames are for transmit; this leaves four. */
	while (st.packets < 508) {
		post_out(GD_DATA_GPA, HDR + 60);
		pump_tx();
		used();
	}
	for (i = 0; i < 10; i++)
		post_out(GD_DATA_GPA, HDR + 60);
	post_out(GD_DATA_GPA + PAGE, HDR + 60);
	assert_int_equal(pump_tx().status, VX_PUMP_BLOCKED);
	assert_false(vx_vring_missed(vq));
	fx_transmit(fx, UINT32_MAX);
	fx_complete(fx, UINT32_MAX);
	vx_xsk_complete(&fx->x, 4096);
	expect_miss(pump_tx(), GD_DATA_GPA + PAGE, VX_MEM_READ);
	assert_int_equal(st.packets, 518);
}

/* Nor is a budget that ends before the miss. */
static void test_tx_budget_ends_before_the_miss(void **state)
{
	u32 i;

	p = (struct pkt) { .payload = 40 * 100, .proto = 6 };
	pkt_make(&p);
	pkt_vnet(bytes, VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_TCPV4, 100, p.l4, 16);
	memcpy(bytes + HDR, p.data, p.len);
	for (i = 0; i < 2; i++)
		gd_map(gd, GD_DATA_GPA + i * PAGE, VX_MEM_READ);
	for (i = 0; i < 11; i++)
		post_out(GD_DATA_GPA + i / 10 * 8 * PAGE, HDR + p.len);
	assert_int_equal(pump_tx().status, VX_PUMP_MORE);
	assert_false(vx_vring_missed(vq));
	assert_int_equal(st.supers, 7);
	expect_miss(pump_tx(), GD_DATA_GPA + 8 * PAGE, VX_MEM_READ);
	assert_int_equal(st.supers, 10);
}

static void test_tx_discard_waits_too(void **state)
{
	memset(bytes, 0, HDR + 60);
	post_out(GD_DATA_GPA, HDR + 60);
	expect_miss(vx_tx_discard(tx, VX_REASON_QUEUE_STOPPED), GD_DATA_GPA, VX_MEM_READ);
	gd_map(gd, GD_DATA_GPA, VX_MEM_READ);
	assert_int_equal(vx_tx_discard(tx, VX_REASON_QUEUE_STOPPED).status, VX_PUMP_IDLE);
	assert_int_equal(used(), 1);
	assert_int_equal(st.drops[VX_REASON_QUEUE_STOPPED], 1);
}

/* Super-frames over many pages, each of them asked for, with invalidations between. */
static void test_tx_super_frames(void **state)
{
	u32 round, i, misses = 0;

	for (round = 0; round < 40; round++) {
		u64 iova = GD_DATA_GPA + pkt_rand() % (GD_DATA_HALF * 2 - (1u << 17));
		struct vx_pump_result r;
		u32 n;

		p = (struct pkt) { .payload = 1 + pkt_rand() % 60000, .proto = 6 };
		pkt_make(&p);
		pkt_vnet(bytes, VIRTIO_NET_HDR_F_NEEDS_CSUM, VIRTIO_NET_HDR_GSO_TCPV4, 1400, p.l4, 16);
		memcpy(bytes + HDR, p.data, p.len);
		post_out(iova, HDR + p.len);
		while ((r = pump_tx()).status == VX_PUMP_BLOCKED) {
			assert_int_equal(r.frames, 0);	/* no segment leaves before all can */
			assert_true(vx_vring_missed(vq));
			gd_map_missed(gd, &vq->miss);
			misses++;
		}
		assert_int_equal(r.status, VX_PUMP_IDLE);
		n = fx_transmit(fx, UINT32_MAX);
		vx_xsk_complete(&fx->x, 4096);
		assert_int_equal(n, (p.payload + 1399) / 1400);
		for (i = 0; i < n; i++)
			assert_null(pkt_judge(&p, 1400, i, n, fx->sent[i].data, fx->sent[i].len));
		fx_forget_sent(fx);
		vx_mem_iotlb_unmap(gd->tlb, iova, pkt_rand() % 70000);
	}
	assert_true(misses > 100);
	assert_int_equal(used(), 40);
}

/* --- to the guest --- */

static struct { u64 iova; u32 len; } posted[FRAMES];
static u32 nposted, nseen, wire[FRAMES], nwire;

static bool post_in(u64 iova, u32 len)
{
	struct gd_sg sg = { iova, len };

	posted[nposted % FRAMES].iova = iova;
	posted[nposted % FRAMES].len = len;
	if (gd_add(gd, &sg, 0, 1, GD_DIRECT, nposted % FRAMES))
		return false;
	nposted++;
	gd_publish(gd);
	return true;
}

/* A frame that tells its number and length. */
static bool arrive(u32 len)
{
	memset(bytes, nwire, len);
	memcpy(bytes, &nwire, sizeof(nwire));
	if (!fx_receive(fx, bytes, len))
		return false;
	wire[nwire++ % FRAMES] = len;
	return true;
}

static u32 take_buffer(u32 at)
{
	u64 token;
	u32 len;

	if (!gd_get_used(gd, &token, &len))
		return 0;
	gd_read(gd, posted[token].iova, bytes + at, len);
	return len;
}

/* The next frame as the driver puts it together; false: none. */
static bool take_frame(void)
{
	u32 at = take_buffer(0), n, i, len = wire[nseen % FRAMES], number;

	if (!at)
		return false;
	n = bytes[10] | bytes[11] << 8;
	for (i = 1; i < n; i++) {
		u32 more = take_buffer(at);

		assert_true(more > 0);	/* a frame shows at once or not at all */
		at += more;
	}
	assert_int_equal(at, HDR + len);
	memcpy(&number, bytes + HDR, sizeof(number));
	assert_int_equal(number, nseen++);
	for (i = 4; i < len; i++)
		assert_int_equal(bytes[HDR + i], (u8)number);
	return true;
}

static void forget(void)
{
	nposted = nseen = nwire = 0;
}

/* A frame over three buffers, the page of the second missing, then of the third: none of them is touched before. */
static void test_rx_miss_amid_a_frame(void **state)
{
	u8 before[500], after[500];
	u32 i;

	forget();
	for (i = 0; i < 3; i++)
		post_in(GD_DATA_GPA + i * PAGE, 500);
	memset(before, 0xaa, sizeof(before));
	gd_write(gd, GD_DATA_GPA, before, sizeof(before));
	gd_map(gd, GD_DATA_GPA, VX_MEM_WRITE);
	assert_true(arrive(1200));
	for (i = 1; i < 3; i++) {
		struct vx_pump_result r = pump_rx();

		expect_miss(r, GD_DATA_GPA + i * PAGE, VX_MEM_WRITE);
		assert_int_equal(r.frames, 0);
		assert_false(r.call);
		assert_int_equal(used(), 0);
		gd_read(gd, GD_DATA_GPA, after, sizeof(after));
		assert_memory_equal(before, after, sizeof(before));
		assert_true(vx_xsk_rx_pending(&fx->x));
		gd_map(gd, GD_DATA_GPA + i * PAGE, VX_MEM_WRITE);
	}
	assert_int_equal(pump_rx().status, VX_PUMP_IDLE);
	assert_true(take_frame());
	assert_int_equal(st.packets, 1);
	assert_int_equal(fx_drops(&st), 0);
}

/* Small frames pass with what there is; only then the miss is met. */
static void test_rx_delivers_before_the_miss(void **state)
{
	struct vx_pump_result r;
	u32 i;

	forget();
	gd_map(gd, GD_DATA_GPA, VX_MEM_WRITE);
	for (i = 0; i < 4; i++)
		post_in(GD_DATA_GPA + (i < 2 ? i * 500 : PAGE + i * 500), 500);
	for (i = 0; i < 4; i++)
		assert_true(arrive(100 + i));
	r = pump_rx();
	expect_miss(r, GD_DATA_GPA + PAGE + 1000, VX_MEM_WRITE);
	assert_int_equal(r.frames, 2);
	assert_true(r.call);
	assert_true(take_frame() && take_frame() && !take_frame());
	gd_map(gd, GD_DATA_GPA + PAGE, VX_MEM_WRITE);
	assert_int_equal(pump_rx().status, VX_PUMP_IDLE);
	assert_true(take_frame() && take_frame());
	/* No buffers at all is not a miss. */
	assert_true(arrive(60));
	assert_int_equal(pump_rx().status, VX_PUMP_BLOCKED);
	assert_false(vx_vring_missed(vq));
}

/* Not waited for: a frame that all buffers together could not hold, miss or not. It waits until that is known. */
static void test_rx_too_many_heads(void **state)
{
	u32 i;

	forget();
	gd_map(gd, GD_DATA_GPA, VX_MEM_WRITE);
	for (i = 0; i < VX_BATCH - 1; i++)
		post_in(GD_DATA_GPA + i * 16, 10);
	post_in(GD_DATA_GPA + PAGE, 10);
	post_in(GD_DATA_GPA + 2 * PAGE, 2000);
	assert_true(arrive(1000));
	expect_miss(pump_rx(), GD_DATA_GPA + PAGE, VX_MEM_WRITE);
	assert_int_equal(fx_drops(&st), 0);
	gd_map(gd, GD_DATA_GPA + PAGE, VX_MEM_WRITE);
	assert_int_equal(pump_rx().status, VX_PUMP_IDLE);
	assert_int_equal(st.drops[VX_REASON_NO_GUEST_BUFFER], 1);
}

#define FULL	(VX_IOVS / GD_TABLE_MAX)	/* chains of post_pieces() that fill the iov array */

/* n chains, each of as many bytes in a page of its own as a table has entries; the second half of each in another. */
static void post_pieces(u32 n)
{
	struct gd_sg sg[GD_TABLE_MAX];
	u32 i, k;

	for (i = 0; i < n; i++) {
		for (k = 0; k < GD_TABLE_MAX; k++)
			sg[k] = (struct gd_sg) { GD_DATA_GPA + (i + k / (GD_TABLE_MAX / 2) * 64) * PAGE + k * 8, 1 };
		assert_int_equal(gd_add(gd, sg, 0, GD_TABLE_MAX, GD_INDIRECT, i), 0);
	}
	gd_publish(gd);
}

static void test_rx_long_chains_page_by_page(void **state)
{
	u32 rounds = 0;

	forget();
	post_pieces(40);
	assert_true(arrive(1700));
	for (;;) {
		struct vx_pump_result r = pump_rx();

		if (r.status == VX_PUMP_IDLE)
			break;
		assert_int_equal(r.status, VX_PUMP_BLOCKED);
		assert_true(vx_vring_missed(vq));
		gd_map_missed(gd, &vq->miss);
		rounds++;
	}
	assert_in_range(rounds, 1700 / GD_TABLE_MAX, 128);
	assert_int_equal(st.packets, 1);
	assert_int_equal(fx_drops(&st), 0);
}

/* The iov array is full of what the first frame used up: only with that out of the way the second meets the miss, and waits. */
static void test_rx_miss_behind_a_full_iov_array(void **state)
{
	u32 i;

	forget();
	post_pieces(40);
	for (i = 0; i < 64; i++)
		gd_map(gd, GD_TABLE_GPA + i * PAGE, VX_MEM_READ);
	for (i = 0; i <= FULL; i++)
		gd_map(gd, GD_DATA_GPA + i * PAGE, VX_MEM_WRITE);
	for (i = 64; i < 64 + FULL; i++)
		gd_map(gd, GD_DATA_GPA + i * PAGE, VX_MEM_WRITE);
	assert_true(arrive(29 * GD_TABLE_MAX - HDR - 60));
	assert_true(arrive(4 * GD_TABLE_MAX - HDR));
	expect_miss(pump_rx(), GD_DATA_GPA + i * PAGE + GD_TABLE_MAX / 2 * 8, VX_MEM_WRITE);
	assert_int_equal(st.packets, 1);
	assert_int_equal(fx_drops(&st), 0);
	gd_map(gd, GD_DATA_GPA + i * PAGE, VX_MEM_WRITE);
	assert_int_equal(pump_rx().status, VX_PUMP_IDLE);
	assert_int_equal(st.packets, 2);
}

/* Random buffers, frames, answers and invalidations; an IOTLB that is too small for all of it. */
static void test_rx_random(void **state)
{
	u32 round, misses = 0;

	forget();
	for (round = 0; round < 3000; round++) {
		struct vx_pump_result r;
		u32 burst = pkt_rand() % 8;

		while (pkt_rand() % 12 && post_in(SLOT(nposted) + pkt_rand() % 5000, 20 + pkt_rand() % 2000))
			;
		while (burst-- && arrive(60 + pkt_rand() % 1500))
			;
		r = pump_rx();
		while (take_frame())
			;
		if (r.status == VX_PUMP_BLOCKED && vx_vring_missed(vq)) {
			misses++;
			if (pkt_rand() % 4)
				gd_map_missed(gd, &vq->miss);
		}
		if (!(pkt_rand() % 16))
			vx_mem_iotlb_unmap(gd->tlb, SLOT(pkt_rand()), pkt_rand() % 40000);
	}
	assert_int_equal(st.packets, nseen);
	assert_true(nseen > 500 && misses > 500);
	assert_int_equal(fx_drops(&st), 0);
}

#define BOTH(f) \
	{ #f " (split)", f, setup_split, teardown, NULL }, { #f " (packed)", f, setup_packed, teardown, NULL }

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(test_tx_waits_for_the_page_of_one_frame),
		BOTH(test_tx_blocked_for_frames_is_no_miss),
		BOTH(test_tx_budget_ends_before_the_miss),
		BOTH(test_tx_discard_waits_too),
		BOTH(test_tx_super_frames),
		BOTH(test_rx_miss_amid_a_frame),
		BOTH(test_rx_delivers_before_the_miss),
		BOTH(test_rx_too_many_heads),
		BOTH(test_rx_long_chains_page_by_page),
		BOTH(test_rx_miss_behind_a_full_iov_array),
		BOTH(test_rx_random),
	};

	return cmocka_run_group_tests_name("pump_iotlb", tests, NULL, NULL);
}
