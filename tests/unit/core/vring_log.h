/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any vring: dirty log. */
#ifndef VX_TEST_VRING_LOG_H
#define VX_TEST_VRING_LOG_H

#include "vring_fixture.h"

static u8 *log_bytes;
static struct vx_dirty_log dirty;

static void log_map(u64 size)
{
	dirty.uaddr = vx_env_guest_map(0, size);
	dirty.size = size;
	log_bytes = vx_env_guest_ptr(dirty.uaddr, size);
	vx_vring_set_log(vq, &dirty);
}

static bool logged(u64 gpa)
{
	return log_bytes[gpa / 4096 / 8] & 1 << (gpa / 4096 % 8);
}

static u32 log_count(void)
{
	u32 n = 0;
	u64 i;

	for (i = 0; i < dirty.size; i++)
		n += __builtin_popcount(log_bytes[i]);
	return n;
}

static void test_log_of_data_and_ring(void **state)
{
	struct vx_vring_addr a;
	u64 used_page;
	u8 frame[6000] = { 1 };

	ring(8, 0, FRESH);
	log_map((GD_DATA_SPLIT + GD_DATA_HALF) / 4096 / 8);
	post(GD_DATA_GPA + 4000, 9000, true, 1);
	assert_int_equal(gd_fetch(vq, chains, 1), 1);
	assert_int_equal(log_count(), 0);	/* reading dirties nothing */
	assert_int_equal(vx_iov_write(vq, chains[0].iov, 96, frame, sizeof(frame)), 0);
	assert_true(logged(GD_DATA_GPA + 4096) && logged(GD_DATA_GPA + 8192));
	assert_int_equal(log_count(), 2);	/* bytes 4096..10095, and nothing of the page before */
	vx_vring_push(vq, &chains[0], 6000);
	assert_int_equal(vx_vring_flush(vq), 0);
	assert_int_equal(log_count(), 2);	/* VHOST_VRING_F_LOG is not set */

	a = gd->addr;
	a.log = true;
	assert_int_equal(vx_vring_set_addr(vq, &a), 0);
	used_page = RING_PACKED ? a.desc_gpa : a.used_gpa;
	post(GD_DATA_GPA, 1, true, 2);
	complete(1);
	assert_true(logged(used_page));
	assert_int_equal(log_count(), 3);
	memset(log_bytes, 0, dirty.size);
	vx_vring_enable_kick(vq);
	vx_vring_disable_kick(vq);
	assert_true(logged(a.used_gpa));
	assert_int_equal(log_count(), 1);
}

/* A write that faults on its way has dirtied what it got to, all the same. */
static void test_log_of_a_write_that_faults(void **state)
{
	u8 frame[6000];
	u64 uaddr;

	ring(8, 0, FRESH);
	log_map((GD_DATA_SPLIT + GD_DATA_HALF) / 4096 / 8);
	post(GD_DATA_GPA, 9000, true, 1);
	assert_int_equal(gd_fetch(vq, chains, 1), 1);
	assert_int_equal(vx_mem_from_gpa(gd->mem, GD_DATA_GPA, 9000, &uaddr), 0);
	vx_env_guest_fault_from(uaddr + 4096);
	memset(frame, 0x77, sizeof(frame));
	assert_int_equal(vx_iov_write(vq, chains[0].iov, 1000, frame, sizeof(frame)), -EFAULT);
	assert_int_equal(*(u8 *)gd_ptr(gd, GD_DATA_GPA + 4095, 1), 0x77);
	assert_int_equal(*(u8 *)gd_ptr(gd, GD_DATA_GPA + 4096, 1), 0);
	assert_true(logged(GD_DATA_GPA));
	/* No byte after the chain's own is marked. */
	assert_in_range(log_count(), 1, 2);
	assert_false(vq->broken);
}

/* The same with a used entry: of either kind of ring, the fault is amid its fields. */
static void test_log_of_used_entries_that_fault(void **state)
{
	u64 off = RING_PACKED ? 30 * 16 + 10 : 4 + 30 * 8 + 2;
	struct vx_vring_addr a;
	u64 gpa;

	ring(1024, 0, RING_PACKED ? 0x8000 | 30 : 30);
	log_map(0x1000000 / 4096 / 8);
	a = gd->addr;
	a.log = true;
	assert_int_equal(vx_vring_set_addr(vq, &a), 0);
	gpa = RING_PACKED ? a.desc_gpa : a.used_gpa;
	post_n(20);
	assert_int_equal(gd_fetch(vq, chains, 20), 20);
	while (vq->nfetched)
		vx_vring_push(vq, &chains[20 - vq->nfetched], 0);
	vx_env_guest_fault_from((RING_PACKED ? a.desc : a.used) + off);
	assert_int_equal(log_count(), 0);
	assert_int_equal(vx_vring_flush(vq), -EFAULT);
	assert_true(vq->broken);
	assert_true(logged(gpa + off - 1));
}

/* vhost logged more than it had written: mark what was written, and nothing outside the bitmap. */
static void test_cve_2019_14835_log_is_bounded(void **state)
{
	ring(8, 0, FRESH);
	log_map(GD_DATA_GPA / 4096 / 8 + 1);	/* ends eight pages into the data */
	post(GD_DATA_GPA + 7 * 4096, 8192, true, 1);
	assert_int_equal(gd_fetch(vq, chains, 1), 1);
	assert_int_equal(vx_iov_write(vq, chains[0].iov, 0, "x", 0), 0);
	assert_int_equal(log_count(), 0);
	assert_int_equal(vx_iov_write(vq, chains[0].iov, 4095, "xy", 1), 0);
	assert_int_equal(log_count(), 1);
	assert_int_equal(vx_iov_write(vq, chains[0].iov, 4095, "xy", 2), -EINVAL);
	assert_int_equal(log_count(), 1);
}

static void test_ring_log_outside_bitmap_stops_the_vring(void **state)
{
	struct vx_vring_addr a;

	ring(8, 0, FRESH);
	log_map(1);
	a = gd->addr;
	a.log = true;
	assert_int_equal(vx_vring_set_addr(vq, &a), 0);
	post(GD_DATA_GPA, 1, true, 2);
	assert_int_equal(gd_fetch(vq, chains, 1), 1);
	vx_vring_push(vq, &chains[0], 1);
	assert_int_equal(vx_vring_flush(vq), -EINVAL);
	assert_true(vq->broken);
}

static void log_forgets(enum vx_env_op op, u64 uaddr, u32 len)
{
	if (op == VX_ENV_PUT16)
		memset(log_bytes, 0, dirty.size);
}

/* Ring writes of one batch on several pages; and the VMM takes the log in the middle, just after each 16-bit store. */
static void test_log_of_each_ring_write(void **state)
{
	u64 entries = RING_PACKED ? 4096 : 0, publish = 0;
	struct vx_vring_addr a;
	u32 i;

	for (i = 0; i < 2; i++) {
		ring(1024, EVENT_IDX, RING_PACKED ? 0x8000 | 250 : 600);
		log_map(0x1000000 / 4096 / 8);
		a = gd->addr;
		a.log = true;
		assert_int_equal(vx_vring_set_addr(vq, &a), 0);
		if (RING_PACKED) {
			publish = a.desc_gpa;
			entries = a.desc_gpa + 4096;
		} else {
			publish = a.used_gpa;
			entries = a.used_gpa + 4 + 600 * 8;
		}
		assert_int_not_equal(publish / 4096, entries / 4096);
		post_n(20);
		assert_int_equal(gd_fetch(vq, chains, 20), 20);
		while (vq->nfetched)
			vx_vring_push(vq, &chains[20 - vq->nfetched], 0);
		vx_env_hook(i ? log_forgets : NULL);
		assert_int_equal(vx_vring_flush(vq), 0);
		assert_true(logged(publish));
		assert_int_equal(logged(entries), !i);
		memset(log_bytes, 0, dirty.size);
		vx_vring_enable_kick(vq);
		assert_int_equal(log_count(), 1);
		assert_true(logged(RING_PACKED ? a.used_gpa : a.used_gpa + 4 + 8 * 1024));
		teardown(NULL);
	}
}

#endif
