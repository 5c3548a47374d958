/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any vring: descriptors that hold IOVAs. */
#ifndef VX_TEST_VRING_IOTLB_H
#define VX_TEST_VRING_IOTLB_H

#include "vring_fixture.h"
#include "vring_log.h"

#define PAGE_IOVA	(GD_DATA_GPA + 8 * 4096)

static void ring_iotlb(u16 num, u64 features)
{
	ring(num, features, FRESH);
	gd_iotlb(gd, 64);
	assert_int_equal(gd_start(gd, vq), 0);
}

/* Nothing to fetch, as this is not in the IOTLB; and the vring lives. */
static void expect_miss(u64 iova, u8 access)
{
	assert_int_equal(gd_fetch(vq, chains, VX_BATCH), 0);
	assert_true(vx_vring_missed(vq));
	assert_int_equal(vq->miss.iova, iova);
	assert_int_equal(vq->miss.access, access);
	assert_false(vq->broken);
	assert_true(vx_vring_has_avail(vq));
	assert_true(vx_vring_enable_kick(vq));
}

static void test_iotlb_miss_and_update(void **state)
{
	u64 uaddr;

	ring_iotlb(8, 0);
	assert_int_equal(gd_fetch(vq, chains, 8), 0);
	assert_false(vx_vring_missed(vq));	/* empty is not a miss */

	post(PAGE_IOVA + 100, 200, false, 1);
	expect_miss(PAGE_IOVA + 100, VX_MEM_READ);
	expect_miss(PAGE_IOVA + 100, VX_MEM_READ);
	gd_map(gd, PAGE_IOVA, VX_MEM_READ);
	assert_int_equal(gd_fetch(vq, chains, 8), 1);
	assert_false(vx_vring_missed(vq));
	assert_int_equal(vx_mem_from_gpa(gd->mem, gd_gpa(gd, PAGE_IOVA), 4096, &uaddr), 0);
	assert_int_equal(chains[0].niov_out, 1);
	assert_int_equal(chains[0].iov[0].uaddr, uaddr + 100);
	assert_int_equal(chains[0].iov[0].len, 200);
	vx_vring_push(vq, &chains[0], 0);
	assert_int_equal(vx_vring_flush(vq), 0);
	expect_used(1, 0);
}

/* What precedes the miss is given, what follows it waits with it. */
static void test_iotlb_miss_behind_good_chains(void **state)
{
	u32 i;

	ring_iotlb(8, 0);
	gd_map(gd, GD_DATA_GPA, VX_MEM_ALL);
	for (i = 0; i < 6; i++)
		post(i == 3 ? PAGE_IOVA : GD_DATA_GPA + i, 1, true, i);
	assert_int_equal(gd_fetch(vq, chains, 8), 3);
	assert_true(vx_vring_missed(vq));
	vx_vring_push(vq, &chains[0], 1);
	vx_vring_unfetch(vq, &chains[1], 2);
	assert_int_equal(gd_fetch(vq, &chains[1], 8), 2);
	for (i = 1; i < 3; i++)
		vx_vring_push(vq, &chains[i], 1);
	expect_miss(PAGE_IOVA, VX_MEM_WRITE);
	assert_int_equal(vx_vring_flush(vq), 0);
	gd_map(gd, PAGE_IOVA, VX_MEM_ALL);
	assert_int_equal(gd_fetch(vq, chains, 8), 3);
	for (i = 0; i < 3; i++)
		vx_vring_push(vq, &chains[i], 1);
	gd->base = vx_vring_stop(vq);
	for (i = 0; i < 6; i++)
		expect_used(i, 1);
}

static void test_iotlb_piece_per_entry(void **state)
{
	u32 i;

	ring_iotlb(8, 0);
	post(PAGE_IOVA + 4000, 96 + 4096 + 7, true, 1);
	for (i = 0; i < 3; i++) {
		expect_miss(i ? PAGE_IOVA + i * 4096 : PAGE_IOVA + 4000, VX_MEM_WRITE);
		gd_map(gd, PAGE_IOVA + i * 4096, VX_MEM_WRITE);
	}
	assert_int_equal(gd_fetch(vq, chains, 1), 1);
	assert_int_equal(chains[0].niov_in, 3);
	assert_int_equal(chains[0].in_len, 96 + 4096 + 7);
	for (i = 0; i < 3; i++) {
		u64 uaddr, iova = i ? PAGE_IOVA + i * 4096 : PAGE_IOVA + 4000;

		assert_int_equal(vx_mem_from_gpa(gd->mem, gd_gpa(gd, iova), 1, &uaddr), 0);
		assert_int_equal(chains[0].iov[i].uaddr, uaddr);
		assert_int_equal(chains[0].iov[i].gpa, gd_gpa(gd, iova));
		assert_int_equal(chains[0].iov[i].len, i == 0 ? 96 : i == 1 ? 4096 : 7);
	}
}

/* An entry that forbids the access is asked for again, and is not used meanwhile. */
static void test_iotlb_permissions(void **state)
{
	ring_iotlb(8, 0);
	gd_map(gd, PAGE_IOVA, VX_MEM_READ);
	post(PAGE_IOVA, 64, true, 1);
	expect_miss(PAGE_IOVA, VX_MEM_WRITE);
	gd_map(gd, PAGE_IOVA, VX_MEM_WRITE);
	assert_int_equal(gd_fetch(vq, chains, 1), 1);
	vx_vring_push(vq, &chains[0], 0);

	post(PAGE_IOVA, 64, false, 2);
	expect_miss(PAGE_IOVA, VX_MEM_READ);
	gd_map(gd, PAGE_IOVA, VX_MEM_ALL);
	assert_int_equal(gd_fetch(vq, chains, 1), 1);
	vx_vring_push(vq, &chains[0], 0);

	/* Behind a page that it may write comes one that it may not. */
	post(PAGE_IOVA + 4095, 2, true, 3);
	gd_map(gd, PAGE_IOVA + 4096, VX_MEM_READ);
	expect_miss(PAGE_IOVA + 4096, VX_MEM_WRITE);
}

static void test_iotlb_indirect_table(void **state)
{
	struct gd_sg sg[] = { { PAGE_IOVA, 10 }, { PAGE_IOVA + 4096, 20 } };
	u64 table;

	ring_iotlb(8, INDIRECT);
	assert_int_equal(gd_add(gd, sg, 1, 1, GD_INDIRECT, 1), 0);
	gd_publish(gd);
	assert_int_equal(gd_fetch(vq, chains, 1), 0);
	table = vq->miss.iova;
	assert_in_range(table, GD_TABLE_GPA, GD_TABLE_GPA + 8 * GD_TABLE_MAX * 16 - 1);
	gd_map(gd, table, VX_MEM_WRITE);	/* a table is read */
	expect_miss(table, VX_MEM_READ);
	gd_map(gd, table, VX_MEM_READ);
	expect_miss(PAGE_IOVA, VX_MEM_READ);
	gd_map(gd, PAGE_IOVA, VX_MEM_READ);
	expect_miss(PAGE_IOVA + 4096, VX_MEM_WRITE);
	gd_map(gd, PAGE_IOVA + 4096, VX_MEM_WRITE);
	assert_int_equal(gd_fetch(vq, chains, 1), 1);
	assert_int_equal(chains[0].out_len, 10);
	assert_int_equal(chains[0].in_len, 20);
}

/* A table over two entries, the second of them missing: nothing of the first is used. */
static void test_iotlb_table_over_two_entries(void **state)
{
	struct raw t[] = { { PAGE_IOVA, 1, NEXT }, { PAGE_IOVA + 1, 2, NEXT }, { PAGE_IOVA + 2, 3, 0 } };
	struct raw ref = { GD_DATA_GPA + 4096 - 32, sizeof(t) / sizeof(t[0]) * 16, IND };

	ring_iotlb(8, INDIRECT);
	gd_map(gd, PAGE_IOVA, VX_MEM_READ);
	gd_map(gd, GD_DATA_GPA, VX_MEM_READ);
	raw_write(gd_ptr(gd, GD_DATA_GPA + 4096 - 32, 16), t, 0, 0);
	raw_write(gd_ptr(gd, GD_DATA_GPA + 4096 - 16, 16), t + 1, 0, 0);
	raw_write(gd_ptr(gd, GD_DATA_GPA + 4096, 16), t + 2, 0, 0);
	if (!RING_PACKED)	/* raw_write links to its own index + 1 */
		((struct vring_desc *)gd_ptr(gd, GD_DATA_GPA + 4096 - 16, 16))->next = htole16(2);
	assert_int_equal(raw_fetch(&ref, 1), 0);
	assert_int_equal(vq->miss.iova, GD_DATA_GPA + 4096);
	gd_map(gd, GD_DATA_GPA + 4096, VX_MEM_READ);
	assert_int_equal(gd_fetch(vq, chains, 1), 1);
	assert_int_equal(chains[0].niov_out, 3);
	assert_int_equal(chains[0].out_len, 6);
}

/* After an INVALIDATE nothing that was translated before is remembered. */
static void test_iotlb_invalidate(void **state)
{
	u32 i;

	ring_iotlb(8, 0);
	for (i = 0; i < 3; i++) {
		gd_map(gd, PAGE_IOVA, VX_MEM_ALL);
		post(PAGE_IOVA, 1, true, i);
		post(PAGE_IOVA, 1, true, i);
		assert_int_equal(gd_fetch(vq, chains, 1), 1);
		vx_vring_push(vq, &chains[0], 1);
		vx_mem_iotlb_unmap(gd->tlb, PAGE_IOVA + 4095, 1);
		expect_miss(PAGE_IOVA, VX_MEM_WRITE);
		gd_map(gd, PAGE_IOVA, VX_MEM_ALL);
		assert_int_equal(gd_fetch(vq, chains, 1), 1);
		vx_vring_push(vq, &chains[0], 1);
		vx_mem_iotlb_clear(gd->tlb);
	}
}

/* What no entry could cure still breaks the ring. */
static void test_iotlb_broken_chains(void **state)
{
	struct raw wraps = { ~0ull - 10, 100, 0 };

	ring_iotlb(8, 0);
	assert_int_equal(raw_fetch(&wraps, 1), -EINVAL);
	assert_true(vq->broken);

	teardown(NULL);
	ring_iotlb(8, 0);
	gd_map(gd, PAGE_IOVA, VX_MEM_ALL);
	assert_int_equal(raw_fetch((struct raw[]) { { PAGE_IOVA, 1, NEXT | WRITE }, { PAGE_IOVA, 1, 0 } }, 2), -EINVAL);
	assert_true(vq->broken);
}

/* The log is by guest-physical address, whatever IOVA the guest used. */
static void test_iotlb_dirty_log(void **state)
{
	struct vx_vring_addr a;
	u8 b[4] = { 0 };

	ring_iotlb(8, 0);
	log_map((GD_DATA_SPLIT + GD_DATA_HALF) / 4096 / 8);
	gd_map(gd, PAGE_IOVA, VX_MEM_WRITE);
	post(PAGE_IOVA + 16, 4, true, 1);
	assert_int_equal(gd_fetch(vq, chains, 1), 1);
	assert_int_equal(vx_iov_write(vq, chains[0].iov, 0, b, sizeof(b)), 0);
	assert_int_equal(log_count(), 1);
	assert_true(logged(gd_gpa(gd, PAGE_IOVA)));
	assert_false(logged(PAGE_IOVA));
	a = gd->addr;
	a.log = true;
	assert_int_equal(vx_vring_set_addr(vq, &a), 0);
	vx_vring_push(vq, &chains[0], 4);
	assert_int_equal(vx_vring_flush(vq), 0);
	assert_true(logged(RING_PACKED ? a.desc_gpa : a.used_gpa));
}

/* The owner translated the ring, perhaps over many entries: where it lies is not looked up, how it is aligned is. */
static void test_iotlb_ring_is_the_owners(void **state)
{
	struct vx_vring_addr a;

	ring_iotlb(8, 0);
	assert_int_equal(gd->tlb->n, 0);
	a = gd->addr;
	a.desc += 8;
	assert_int_equal(vx_vring_set_addr(vq, &a), -EINVAL);
	assert_int_equal(vx_vring_start(vq, 8, gd->features, &a, gd->tlb, gd->base), -EINVAL);
	assert_int_equal(gd_start(gd, vq), 0);
	vx_env_guest_unmap(gd->addr.desc);
	assert_int_equal(gd_start(gd, vq), -EFAULT);
}

#endif
