/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any vring: chains that must be refused, and their neighbours that must not. */
#ifndef VX_TEST_VRING_SHAPES_H
#define VX_TEST_VRING_SHAPES_H

#include "vring_fixture.h"

static void test_out_after_in(void **state)
{
	assert_int_equal(VERDICT(0, { GD_DATA_GPA, 4, NEXT | WRITE }, { GD_DATA_GPA, 4, 0 }), -EINVAL);
	assert_int_equal(VERDICT(0, { GD_DATA_GPA, 0, NEXT | WRITE }, { GD_DATA_GPA, 4, 0 }), -EINVAL);
	assert_int_equal(TABLE_VERDICT({ GD_DATA_GPA, 4, NEXT | WRITE }, { GD_DATA_GPA, 4, 0 }), -EINVAL);
}

static void test_unmapped_memory(void **state)
{
	assert_int_equal(VERDICT(0, { 0, 4, 0 }), -EFAULT);
	assert_int_equal(VERDICT(0, { GD_DATA_GPA - 1, 1, 0 }), -EFAULT);
	assert_int_equal(VERDICT(0, { ~0ull, 2, 0 }), -EINVAL);
	assert_int_equal(VERDICT(0, { ~0ull - 5, 0xffffffff, WRITE }), -EINVAL);
	assert_int_equal(VERDICT(0, { GD_DATA_GPA, 1, NEXT }, { GD_DATA_GPA, 0xfffffffe, 0 }), -EFAULT);
}

static void test_cve_2018_1059_region_end(void **state)
{
	u64 end = GD_DATA_SPLIT + GD_DATA_HALF;

	assert_int_equal(VERDICT(0, { end - 4, 4, WRITE }), 1);
	assert_int_equal(VERDICT(0, { end - 4, 5, WRITE }), -EFAULT);
	assert_int_equal(VERDICT(0, { end - 4, 4, NEXT }, { end - 4, 5, 0 }), -EFAULT);
	assert_int_equal(VERDICT(0, { end, 1, 0 }), -EFAULT);
	assert_int_equal(VERDICT(0, { GD_DATA_GPA, 2 * GD_DATA_HALF, 0 }), 1);
	assert_int_equal(chains[0].niov_out, 2);
	assert_int_equal(VERDICT(0, { GD_DATA_GPA, 2 * GD_DATA_HALF + 1, 0 }), -EFAULT);
}

static void test_indirect_rules(void **state)
{
	const struct raw entry[] = { { GD_DATA_GPA, 8, 0 } };

	assert_int_equal(VERDICT(0, { TABLE, 16, IND }), -EINVAL);		/* not negotiated */
	assert_int_equal(VERDICT(INDIRECT, { TABLE, 16, IND | NEXT }, { GD_DATA_GPA, 8, 0 }), -EINVAL);
	assert_int_equal(VERDICT(INDIRECT, { TABLE, 0, IND }), -EINVAL);
	assert_int_equal(VERDICT(INDIRECT, { TABLE, 15, IND }), -EINVAL);
	assert_int_equal(VERDICT(INDIRECT, { TABLE, 17, IND }), -EINVAL);
	assert_int_equal(VERDICT(INDIRECT, { TABLE, 0xfffffff0, IND }), -ENOBUFS);
	assert_int_equal(VERDICT(INDIRECT, { TABLE, (VX_CHAIN_IOVS + 1) * 16, IND }), -ENOBUFS);
	assert_int_equal(VERDICT(INDIRECT, { 0x1000, 16, IND }), -EFAULT);
	assert_int_equal(VERDICT(INDIRECT, { GD_DATA_SPLIT + GD_DATA_HALF - 16, 32, IND }), -EFAULT);
	assert_int_equal(TABLE_VERDICT({ TABLE, 16, IND }), -EINVAL);		/* a table in a table */
	assert_int_equal(TABLE_VERDICT({ GD_DATA_GPA, 4, NEXT }, { TABLE, 16, IND }), -EINVAL);
	assert_int_equal(TABLE_VERDICT({ 0x1000, 4, 0 }), -EFAULT);

	/* WRITE beside INDIRECT means nothing. */
	again(16, INDIRECT, FRESH);
	raw_table(TABLE, entry, 1);
	assert_int_equal(raw_fetch((struct raw[]) { { TABLE, 16, IND | WRITE } }, 1), 1);
	assert_int_equal(chains[0].out_len, 8);
}

static void test_indirect_table_across_regions(void **state)
{
	const struct raw entry[] = {
		{ GD_DATA_GPA, 8, NEXT }, { GD_DATA_GPA + 8, 9, NEXT }, { GD_DATA_GPA, 10, WRITE },
	};
	u8 bytes[48];
	u32 i;

	ring(16, INDIRECT, FRESH);
	for (i = 0; i < 3; i++)
		raw_write(bytes, &entry[i], i, 0);
	gd_write(gd, GD_DATA_SPLIT - 20, bytes, sizeof(bytes));
	assert_int_equal(raw_fetch((struct raw[]) { { GD_DATA_SPLIT - 20, 48, IND } }, 1), 1);
	assert_int_equal(chains[0].out_len, 17);
	assert_int_equal(chains[0].in_len, 10);
}

/* Lengths are summed in 32 bits by everybody: refuse what does not fit. Needs a region that no test machine backs. */
static void test_chain_longer_than_32_bits(void **state)
{
	const struct raw too_long[] = { { 1ull << 40, 0xffffffff, NEXT }, { 1ull << 40, 1, WRITE } };
	struct vx_mem_region big[2];
	struct vx_mem_table *mt;
	int err;

	ring(16, 0, FRESH);
	big[0] = *vx_mem_find(gd->mem, GD_RING_GPA);
	big[1] = (struct vx_mem_region) { .gpa = 1ull << 40, .size = 1ull << 34, .uaddr = 1ull << 40 };
	mt = vx_mem_table_new(big, 2, &err);
	assert_non_null(mt);
	vx_vring_set_mem(vq, mt);
	assert_int_equal(raw_fetch(too_long, 2), -EINVAL);
	vx_mem_table_free(mt);
}

static void test_error_after_good_chains(void **state)
{
	ring(8, 0, FRESH);
	post(GD_DATA_GPA, 10, false, 1);
	post(GD_DATA_GPA, 20, false, 2);
	post(0x10, 30, false, 3);
	assert_int_equal(gd_fetch(vq, chains, 8), 2);
	assert_false(vq->broken);
	vx_vring_push(vq, &chains[0], 0);
	vx_vring_push(vq, &chains[1], 0);
	assert_int_equal(vx_vring_flush(vq), 0);
	expect_used(1, 0);
	expect_used(2, 0);
	assert_int_equal(gd_fetch(vq, chains, 8), -EFAULT);
	assert_true(vq->broken);
}

/* Fast paths remember the last region: they must not remember too much. */
static void test_cve_2018_1059_after_a_hit(void **state)
{
	u64 end = GD_DATA_SPLIT + GD_DATA_HALF;

	ring(16, INDIRECT, FRESH);
	post(end - 8, 8, false, 1);
	post(GD_DATA_SPLIT, GD_DATA_HALF, false, 2);
	post(GD_DATA_SPLIT + 1, 0, false, 3);
	post(end - 8, 9, false, 4);
	assert_int_equal(gd_fetch(vq, chains, 8), 3);
	assert_int_equal(chains[1].iov[0].len, GD_DATA_HALF);
	assert_int_equal(chains[2].niov_out, 0);
	assert_int_equal(gd_fetch(vq, chains, 8), -EFAULT);

	again(16, 0, FRESH);
	post(GD_DATA_GPA, 8, false, 1);
	post(GD_DATA_SPLIT - 8, 16, false, 2);	/* from the remembered region into the next */
	assert_int_equal(gd_fetch(vq, chains, 8), 2);
	assert_int_equal(chains[1].niov_out, 2);
	assert_int_equal(chains[1].iov[1].gpa, GD_DATA_SPLIT);
}

#endif
