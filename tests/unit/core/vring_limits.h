/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any vring: limits, memory that changes or faults under the core. */
#ifndef VX_TEST_VRING_LIMITS_H
#define VX_TEST_VRING_LIMITS_H

#include "vring_fixture.h"

/* n empty parts, then one real one. */
static void post_padded(u32 pad, u64 token)
{
	struct gd_sg sg[GD_TABLE_MAX] = { { 0, 0 } };

	sg[pad] = (struct gd_sg) { GD_DATA_GPA, 1 };
	assert_int_equal(gd_add(gd, sg, pad + 1, 0, GD_INDIRECT, token), 0);
}

/* Descriptors that carry nothing still cost time: one call walks a bounded number of them. */
static void test_cve_2019_3900_budget_of_empty_descriptors(void **state)
{
	u32 i, done = 0;
	int n;

	ring(64, INDIRECT, FRESH);
	for (i = 0; i < 64; i++)
		post_padded(GD_TABLE_MAX - 1, i);
	gd_publish(gd);
	n = gd_fetch(vq, chains, VX_BATCH);
	assert_in_range(n, 1, VX_IOVS / GD_TABLE_MAX);
	while (n > 0) {
		for (i = 0; i < (u32)n; i++)
			vx_vring_push(vq, &chains[i], 0);
		done += n;
		n = gd_fetch(vq, chains, VX_BATCH);
	}
	assert_int_equal(n, 0);
	assert_int_equal(done, 64);
}

static void test_longest_chain(void **state)
{
	struct raw *t = calloc(VX_CHAIN_IOVS, sizeof(*t)), ref = { GD_DATA_SPLIT, VX_CHAIN_IOVS * 16, IND };
	u32 i;

	for (i = 0; i < VX_CHAIN_IOVS; i++)
		t[i] = (struct raw) { GD_DATA_GPA + i, 1, i + 1 < VX_CHAIN_IOVS ? NEXT : 0 };
	ring(16, INDIRECT, FRESH);
	raw_table(GD_DATA_SPLIT, t, VX_CHAIN_IOVS);
	assert_int_equal(raw_fetch(&ref, 1), 1);
	assert_int_equal(chains[0].niov_out, VX_CHAIN_IOVS);
	assert_int_equal(chains[0].iov[VX_CHAIN_IOVS - 1].gpa, GD_DATA_GPA + VX_CHAIN_IOVS - 1);

	/* One piece more, because one part crosses regions. */
	again(16, INDIRECT, FRESH);
	t[7] = (struct raw) { GD_DATA_SPLIT - 1, 2, NEXT };
	raw_table(GD_DATA_SPLIT + 4096, t, VX_CHAIN_IOVS);
	ref.addr += 4096;
	assert_int_equal(raw_fetch(&ref, 1), -ENOBUFS);
	free(t);
}

/* Chains of 64 pieces: 32 fill the array. A full array is not an error, and fetching goes on after pushes. */
static void test_iov_array_full(void **state)
{
	struct gd_sg sg[GD_TABLE_MAX];
	u32 i, j;

	ring(64, INDIRECT, FRESH);
	for (i = 0; i < 64; i++) {
		for (j = 0; j < GD_TABLE_MAX; j++)
			sg[j] = (struct gd_sg) { GD_DATA_GPA + i * 4096 + j, 1 };
		assert_int_equal(gd_add(gd, sg, GD_TABLE_MAX, 0, GD_INDIRECT, i), 0);
	}
	gd_publish(gd);
	for (i = 0, j = 0; i < 64; ) {
		int n;

		while ((n = gd_fetch(vq, &chains[i], 64 - i)) > 0)
			i += n;
		assert_int_equal(n, 0);
		assert_int_equal(vq->niov, VX_IOVS);
		assert_int_equal(i - j, VX_IOVS / GD_TABLE_MAX);
		for (; j < i; j++) {
			assert_int_equal(chains[j].iov[63].gpa, GD_DATA_GPA + j * 4096 + 63);
			assert_int_equal(vx_vring_push(vq, &chains[j], 0), 0);
		}
	}
	assert_int_equal(vx_vring_flush(vq), 0);
	for (i = 0; i < 64; i++)
		expect_used(i, 0);
}

/* --- the guest changes memory while we read it --- */

static void scribble(enum vx_env_op op, u64 uaddr, u32 len)
{
	u64 span = (u64)gd->num * 16;

	if (op == VX_ENV_READ && (uaddr - gd->addr.desc < span || len >= 16))
		memset(vx_env_guest_ptr(uaddr, len), 0xff, len);
}

static void test_dpdk_double_fetch(void **state)
{
	struct gd_sg sg[] = { { GD_DATA_GPA, 10 }, { GD_DATA_GPA + 100, 20 }, { GD_DATA_GPA + 200, 30 } };
	enum gd_shape shape;

	for (shape = GD_DIRECT; shape <= GD_MIXED; shape++) {
		again(8, INDIRECT, FRESH);
		assert_int_equal(gd_add(gd, sg, 2, 1, shape, 1), 0);
		gd_publish(gd);
		vx_env_hook(scribble);
		assert_int_equal(gd_fetch(vq, chains, 1), 1);
		vx_env_hook(NULL);
		assert_int_equal(chains[0].out_len, 30);
		assert_int_equal(chains[0].in_len, 30);
		assert_int_equal(chains[0].iov[2].gpa, GD_DATA_GPA + 200);
	}
}

/* Each access of a turn fails in turn: the vring ends up broken or whole, and what it says agrees. */
static void test_every_access_can_fault(void **state)
{
	struct gd_sg sg[] = { { GD_DATA_GPA, 10 }, { GD_DATA_SPLIT - 5, 20 }, { GD_DATA_GPA + 200, 30 } };
	u64 n;
	u32 i;

	for (n = 1; ; n++) {
		int got, err = 0;
		bool hit;

		again(16, INDIRECT | EVENT_IDX, FRESH);
		for (i = 0; i < 4; i++)
			gd_add(gd, sg, 2, 1, i % 3, i);
		gd_publish(gd);
		gd_call_after(gd, 0);
		vx_env_fail_access(n);
		got = gd_fetch(vq, chains, VX_BATCH);
		for (i = 0; got > 0 && i < (u32)got; i++)
			err |= vx_vring_push(vq, &chains[i], 1);
		if (got > 0)
			err |= vx_vring_flush(vq);
		vx_vring_need_call(vq);
		vx_vring_enable_kick(vq);
		vx_vring_disable_kick(vq);
		hit = got < 4 || err || vq->broken;
		vx_env_fail_access(0);
		if (!hit)
			break;
		/* A fault in the middle of a batch shows at the next fetch, which here works again. */
		if (!vq->broken)
			assert_in_range(got, 1, 3);
	}
	assert_true(n > 8);
}

/* The array has no room for one more piece: not even the fast path takes it. */
static void test_iov_array_full_to_the_last_entry(void **state)
{
	struct gd_sg sg[GD_TABLE_MAX];
	u32 i, got = 0;
	int n;

	ring(64, INDIRECT, FRESH);
	for (i = 0; i < GD_TABLE_MAX; i++)
		sg[i] = (struct gd_sg) { GD_DATA_GPA + i, 1 };
	for (i = 0; i < VX_IOVS / GD_TABLE_MAX; i++)
		assert_int_equal(gd_add(gd, sg, GD_TABLE_MAX, 0, GD_INDIRECT, i), 0);
	post(GD_DATA_GPA, 1, false, i);
	while ((n = gd_fetch(vq, &chains[got], VX_BATCH - got)) > 0)
		got += n;
	assert_int_equal(n, 0);
	assert_int_equal(got, VX_IOVS / GD_TABLE_MAX);
	assert_int_equal(vq->niov, VX_IOVS);
	for (i = 0; i < got; i++)
		vx_vring_push(vq, &chains[i], 0);
	assert_int_equal(gd_fetch(vq, chains, VX_BATCH), 1);
}

static void test_unfetch_returns_iov_entries(void **state)
{
	u32 i;

	ring(8, 0, FRESH);
	post(GD_DATA_GPA, 1, false, 0);
	post(GD_DATA_GPA + 1, 1, false, 1);
	assert_int_equal(gd_fetch(vq, &chains[0], 1), 1);
	for (i = 0; i < 2 * VX_IOVS; i++) {
		assert_int_equal(gd_fetch(vq, &chains[1], 1), 1);
		vx_vring_unfetch(vq, &chains[1], 1);
	}
	assert_int_equal(vq->niov, 1);
	assert_int_equal(chains[0].iov[0].gpa, GD_DATA_GPA);
}

static void test_too_many_empty_descriptors(void **state)
{
	u32 i, n = VX_CHAIN_IOVS + 1;
	struct raw *d = calloc(n, sizeof(*d));

	for (i = 0; i < n; i++)
		d[i].flags = i + 1 < n ? NEXT : 0;
	ring(2048, 0, FRESH);
	assert_int_equal(raw_fetch(d, n), -ENOBUFS);
	again(2048, 0, FRESH);
	d[n - 2].flags = 0;
	assert_int_equal(raw_fetch(d, n - 1), 1);
	free(d);
}

#endif
