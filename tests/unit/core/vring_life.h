/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any vring: start and stop. */
#ifndef VX_TEST_VRING_LIFE_H
#define VX_TEST_VRING_LIFE_H

#include "vring_fixture.h"

static int start_at(u32 num, struct vx_vring_addr a)
{
	int err = vx_vring_start(vq, num, gd->features, &a, gd->mem, gd->base);

	assert_int_equal(vq->broken, !!err);
	assert_int_equal(vq->error, err);
	return err;
}

static void test_start_refuses(void **state)
{
	struct vx_vring_addr a;
	u64 data;

	ring(16, EVENT_IDX, FRESH);
	assert_int_equal(vx_mem_from_gpa(gd->mem, GD_DATA_GPA + GD_DATA_HALF - 4096, 4096, &data), 0);
	a = gd->addr;
	assert_int_equal(start_at(0, a), -EINVAL);
	assert_int_equal(start_at(VX_VRING_NUM_MAX * 2, a), -EINVAL);
	assert_int_equal(start_at(VX_VRING_NUM_MAX + 1, a), -EINVAL);
	assert_int_equal(vx_vring_start(vq, 16, gd->features, &a, NULL, 0), -EINVAL);
	assert_int_equal(start_at(16, a), 0);

	/* Each part in turn: misaligned, nowhere, over its region's end (where the guest, not we, finds the next). */
	a.desc = gd->addr.desc + 8;
	assert_int_equal(start_at(16, a), -EINVAL);
	a.desc = 0x1000;
	assert_int_equal(start_at(16, a), -EINVAL);
	a.desc = data + 4096 - 15 * 16;
	assert_int_equal(start_at(16, a), -EINVAL);
	a.desc = data + 4096 - 16 * 16;
	assert_int_equal(start_at(16, a), 0);

	a = gd->addr;
	a.avail = gd->addr.avail + 1;
	assert_int_equal(start_at(16, a), -EINVAL);
	a.avail = ~0ull & ~3ull;
	assert_int_equal(start_at(16, a), -EINVAL);
	a.avail = data + 4096 - (RING_PACKED ? 0 : 36);
	assert_int_equal(start_at(16, a), -EINVAL);
	a.avail = data + 4096 - (RING_PACKED ? 4 : 38);
	assert_int_equal(start_at(16, a), 0);

	a = gd->addr;
	a.used = gd->addr.used + 2;
	assert_int_equal(start_at(16, a), -EINVAL);
	a.used = data + 4096 - (RING_PACKED ? 0 : 132);
	assert_int_equal(start_at(16, a), -EINVAL);
	a.used = data + 4096 - (RING_PACKED ? 4 : 136);
	assert_int_equal(start_at(16, a), 0);
	assert_int_equal(vx_vring_set_addr(vq, &gd->addr), 0);
	a.used = 4;
	assert_int_equal(vx_vring_set_addr(vq, &a), -EINVAL);
	assert_int_equal(vq->a.used, gd->addr.used);
}

static void test_start_on_unreadable_memory(void **state)
{
	ring(16, 0, FRESH);
	vx_env_guest_unmap(gd->addr.desc);
	assert_int_equal(gd_start(gd, vq), -EFAULT);
	assert_true(vq->broken);
}

static void test_stop_counts_unpushed_as_not_fetched(void **state)
{
	u32 i;

	ring(8, 0, RING_PACKED ? 0x8000 | 5 : 0xfffd);
	for (i = 0; i < 8; i++)
		post(GD_DATA_GPA + i, 1, true, i);
	assert_int_equal(gd_fetch(vq, chains, 8), 8);
	vx_vring_push(vq, &chains[0], 1);
	vx_vring_push(vq, &chains[1], 1);	/* stop flushes these two */
	gd->base = vx_vring_stop(vq);
	assert_int_equal(vx_vring_fetch(vq, chains, 8), -ESHUTDOWN);
	assert_int_equal(gd->base, RING_PACKED ? 0x80078007u : 0xffff);
	expect_used(0, 1);
	expect_used(1, 1);
	expect_none();

	assert_int_equal(gd_start(gd, vq), 0);
	assert_int_equal(gd_fetch(vq, chains, 8), 6);
	assert_int_equal(chains[0].iov[0].gpa, GD_DATA_GPA + 2);
	for (i = 0; i < 6; i++)
		vx_vring_push(vq, &chains[i], 1);
	gd->base = vx_vring_stop(vq);
	assert_int_equal(gd->base, RING_PACKED ? 0x00050005u : 5);
	for (i = 2; i < 8; i++)
		expect_used(i, 1);
}

#endif
