/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any vring: plain life. */
#ifndef VX_TEST_VRING_PLAIN_H
#define VX_TEST_VRING_PLAIN_H

#include "vring_fixture.h"

static void test_empty_ring(void **state)
{
	ring(8, 0, FRESH);
	assert_false(vx_vring_has_avail(vq));
	assert_int_equal(gd_fetch(vq, chains, 4), 0);
	assert_int_equal(vx_vring_flush(vq), 0);
	assert_false(vx_vring_need_call(vq));
	expect_none();
}

static void test_one_chain_out_and_back(void **state)
{
	ring(8, 0, FRESH);
	memcpy(gd_ptr(gd, GD_DATA_GPA, 5), "hello", 5);
	post(GD_DATA_GPA, 5, false, 99);
	assert_true(vx_vring_has_avail(vq));
	assert_int_equal(gd_fetch(vq, chains, VX_BATCH), 1);
	assert_false(vx_vring_has_avail(vq));
	assert_int_equal(chains[0].niov_out, 1);
	assert_int_equal(chains[0].niov_in, 0);
	assert_int_equal(chains[0].out_len, 5);
	assert_int_equal(chains[0].iov[0].len, 5);
	assert_int_equal(chains[0].iov[0].gpa, GD_DATA_GPA);
	assert_memory_equal(vx_env_guest_ptr(chains[0].iov[0].uaddr, 5), "hello", 5);
	assert_int_equal(vx_vring_push(vq, &chains[0], 0), 0);
	expect_none();
	assert_int_equal(vx_vring_flush(vq), 0);
	expect_used(99, 0);
	expect_none();
}

static void test_write_to_guest(void **state)
{
	ring(8, 0, FRESH);
	post(GD_DATA_GPA + 100, 50, true, 1);
	assert_int_equal(gd_fetch(vq, chains, 1), 1);
	assert_int_equal(chains[0].in_len, 50);
	assert_int_equal(vx_iov_write(vq, &chains[0].iov[0], 3, "world", 5), 0);
	assert_int_equal(vx_vring_push(vq, &chains[0], 8), 0);
	assert_int_equal(vx_vring_flush(vq), 0);
	expect_used(1, 8);
	assert_memory_equal(gd_ptr(gd, GD_DATA_GPA + 103, 5), "world", 5);
}

static void test_chain_of_many_parts(void **state)
{
	struct gd_sg sg[] = {
		{ GD_DATA_GPA, 12 }, { GD_DATA_SPLIT - 10, 30 }, { GD_DATA_GPA + 64, 1 },
		{ GD_DATA_SPLIT - 1, 2 }, { GD_DATA_SPLIT + 64, 7 },
	};
	enum gd_shape shape;

	for (shape = GD_DIRECT; shape <= GD_MIXED; shape++) {
		again(8, INDIRECT, FRESH);
		assert_int_equal(gd_add(gd, sg, 3, 2, shape, 5), 0);
		gd_publish(gd);
		assert_int_equal(gd_fetch(vq, chains, 1), 1);
		assert_int_equal(chains[0].niov_out, 4);
		assert_int_equal(chains[0].niov_in, 3);
		assert_int_equal(chains[0].out_len, 43);
		assert_int_equal(chains[0].in_len, 9);
		assert_int_equal(chains[0].iov[1].len, 10);
		assert_int_equal(chains[0].iov[2].len, 20);
		assert_int_equal(chains[0].iov[2].gpa, GD_DATA_SPLIT);
		assert_int_equal(chains[0].iov[4].len, 1);
		assert_int_equal(chains[0].iov[6].len, 7);
		assert_int_equal(vx_vring_push(vq, &chains[0], 9), 0);
		assert_int_equal(vx_vring_flush(vq), 0);
		expect_used(5, 9);
	}
}

static void test_zero_length_descriptors(void **state)
{
	/* Legal, as in Linux' vhost; where they point does not matter. */
	assert_int_equal(VERDICT(0, { 0, 0, NEXT }, { GD_DATA_GPA, 4, NEXT }, { 1, 0, WRITE }), 1);
	assert_int_equal(chains[0].niov_out, 1);
	assert_int_equal(chains[0].niov_in, 0);
	assert_int_equal(chains[0].out_len, 4);
	assert_int_equal(VERDICT(0, { 0, 0, 0 }), 1);
	assert_int_equal(chains[0].niov_out + chains[0].niov_in, 0);
	assert_int_equal(TABLE_VERDICT({ 0, 0, NEXT }, { GD_DATA_GPA, 4, 0 }), 1);
}

static void test_batch_bounds(void **state)
{
	u32 i;

	ring(256, 0, FRESH);
	for (i = 0; i < 200; i++)
		post(GD_DATA_GPA + i * 64, 64, false, i);
	assert_int_equal(gd_fetch(vq, chains, 0), 0);
	assert_int_equal(gd_fetch(vq, chains, 3), 3);
	assert_int_equal(chains[2].iov[0].gpa, GD_DATA_GPA + 128);
	assert_int_equal(gd_fetch(vq, chains, 1), 1);
	assert_int_equal(chains[0].iov[0].gpa, GD_DATA_GPA + 192);
}

/* vhost_net wrote more rx heads than its array held: fetch bounds what it fills, whatever it is asked for. */
static void test_cve_2018_16880_heads_are_bounded(void **state)
{
	u32 i;

	ring(256, 0, FRESH);
	for (i = 0; i < 200; i++)
		post(GD_DATA_GPA + i * 64, 64, true, i);
	assert_int_equal(gd_fetch(vq, chains, 1000000), VX_BATCH);
	assert_int_equal(chains[VX_BATCH - 1].iov[0].gpa, GD_DATA_GPA + (VX_BATCH - 1) * 64);
}

static void test_unfetch(void **state)
{
	u32 i;

	ring(8, 0, FRESH);
	for (i = 0; i < 8; i++)
		post(GD_DATA_GPA + i * 64, 64, true, i);
	assert_int_equal(gd_fetch(vq, chains, 8), 8);
	vx_vring_push(vq, &chains[0], 1);
	vx_vring_unfetch(vq, &chains[3], 5);
	vx_vring_unfetch(vq, &chains[3], 0);
	vx_vring_push(vq, &chains[1], 2);
	vx_vring_unfetch(vq, &chains[2], 1);
	assert_true(vx_vring_has_avail(vq));
	assert_int_equal(gd_fetch(vq, chains, 8), 6);
	assert_int_equal(chains[0].iov[0].gpa, GD_DATA_GPA + 2 * 64);
	assert_int_equal(chains[5].iov[0].gpa, GD_DATA_GPA + 7 * 64);
	for (i = 0; i < 6; i++)
		vx_vring_push(vq, &chains[i], 3 + i);
	assert_int_equal(vx_vring_flush(vq), 0);
	for (i = 0; i < 8; i++)
		expect_used(i, i + 1);
}

/* A frame in several buffers must appear at once, so nothing may show before flush. */
static void test_nothing_shows_before_flush(void **state)
{
	u32 i, n;

	ring(1024, 0, RING_PACKED ? 0x8000 | 700 : 65000);
	for (i = 0; i < 1000; i++)
		post(GD_DATA_GPA + i * 64, 64, true, i);
	for (i = 0; i < 1000; ) {
		n = gd_fetch(vq, chains, VX_BATCH);
		assert_in_range(n, 1, VX_BATCH);
		while (n--) {
			assert_int_equal(vx_vring_push(vq, &chains[i % VX_BATCH], i), 0);
			i++;
		}
		expect_none();
	}
	assert_int_equal(vx_vring_flush(vq), 0);
	for (i = 0; i < 1000; i++)
		expect_used(i, i);
	expect_none();
}

#endif
