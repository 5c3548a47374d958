// SPDX-License-Identifier: GPL-2.0-or-later
/* Split vrings: what both kinds share, then what only this one can get wrong. */
#define RING_PACKED	0
#include "vring_cases.h"

static void set_desc(u16 i, u64 addr, u32 len, u16 flags, u16 next)
{
	gd->desc[i] = (struct vring_desc) { htole64(addr), htole32(len), htole16(flags), htole16(next) };
}

static void post_head(u16 head)
{
	u16 idx = le16toh(gd->avail->idx);

	gd->avail->ring[idx & (gd->num - 1)] = htole16(head);
	gd->avail->idx = htole16(idx + 1);
}

static int offer(u16 head)
{
	post_head(head);
	return gd_fetch(vq, chains, VX_BATCH);
}

/* Outside a single-fetch scope: who walks a loop reads descriptors again, until it knows. */
static int offer_loop(u16 head)
{
	post_head(head);
	return vx_vring_fetch(vq, chains, VX_BATCH);
}

static void test_head_outside_ring(void **state)
{
	ring(8, 0, 0);
	assert_int_equal(offer(8), -EINVAL);
	again(8, 0, 0);
	assert_int_equal(offer(0xffff), -EINVAL);
}

static void test_next_outside_ring(void **state)
{
	ring(8, 0, 0);
	set_desc(3, GD_DATA_GPA, 4, NEXT, 8);
	assert_int_equal(offer(3), -EINVAL);
}

static void test_loops(void **state)
{
	ring(8, 0, 0);
	set_desc(3, GD_DATA_GPA, 4, NEXT, 3);
	assert_int_equal(offer_loop(3), -ELOOP);
	again(8, 0, 0);
	set_desc(1, GD_DATA_GPA, 0, NEXT, 2);
	set_desc(2, GD_DATA_GPA, 0, NEXT, 5);
	set_desc(5, GD_DATA_GPA, 0, NEXT, 2);
	assert_int_equal(offer_loop(1), -ELOOP);
}

/* A table is copied as a whole: not even a loop reads it twice. */
static void test_loop_in_table(void **state)
{
	struct vring_desc *t;

	ring(8, INDIRECT, 0);
	t = gd_ptr(gd, TABLE, 48);
	t[0] = (struct vring_desc) { htole64(GD_DATA_GPA), htole32(1), htole16(NEXT), htole16(2) };
	t[2] = (struct vring_desc) { htole64(GD_DATA_GPA), htole32(1), htole16(NEXT), htole16(0) };
	set_desc(0, TABLE, 48, IND, 0);
	assert_int_equal(offer(0), -ELOOP);

	again(8, INDIRECT, 0);
	t = gd_ptr(gd, TABLE, 48);
	t[0] = (struct vring_desc) { htole64(GD_DATA_GPA), htole32(1), htole16(NEXT), htole16(3) };
	set_desc(0, TABLE, 48, IND, 0);
	assert_int_equal(offer(0), -EINVAL);	/* next entry beyond the table */
}

static void test_whole_ring_in_one_chain(void **state)
{
	u16 i;

	ring(8, 0, 0);
	for (i = 0; i < 8; i++)
		set_desc(i, GD_DATA_GPA + i, 1, i < 7 ? NEXT : 0, i + 1);
	assert_int_equal(offer(0), 1);
	assert_int_equal(chains[0].out_len, 8);
	assert_int_equal(chains[0].ndesc, 1);
}

static void test_avail_index_jumps(void **state)
{
	ring(8, 0, 65530);
	gd->avail->idx = htole16((u16)(65530 + 9));
	assert_int_equal(gd_fetch(vq, chains, 8), -EINVAL);
	again(8, 0, 65530);
	gd->avail->idx = htole16(65529);	/* backwards */
	assert_int_equal(gd_fetch(vq, chains, 8), -EINVAL);
}

/* More chains out than the ring has entries, although each step is small. */
static void test_avail_index_creeps(void **state)
{
	ring(8, 0, 0);
	set_desc(0, GD_DATA_GPA, 1, 0, 0);
	gd->avail->idx = htole16(8);
	/* One descriptor eight times: no single-fetch scope. */
	assert_int_equal(vx_vring_fetch(vq, chains, 8), 8);
	gd->avail->idx = htole16(9);
	assert_int_equal(vx_vring_fetch(vq, chains, 8), -EINVAL);
}

static void test_avail_index_back_while_chains_are_out(void **state)
{
	ring(8, 0, 0);
	post_n(4);
	assert_int_equal(gd_fetch(vq, chains, 4), 4);
	gd->avail->idx = htole16(2);
	assert_int_equal(gd_fetch(vq, chains, 4), -EINVAL);
}

static void test_base(void **state)
{
	ring(8, 0, 100);
	assert_int_equal(vx_vring_start(vq, 8, 0, &gd->addr, gd->mem, 0x10000), -EINVAL);
	assert_int_equal(vx_vring_start(vq, 12, 0, &gd->addr, gd->mem, 0), -EINVAL);	/* no power of two */
	/* A frontend that forgot, or kept what a dead engine had fetched: the ring knows better. */
	assert_int_equal(vx_vring_start(vq, 8, 0, &gd->addr, gd->mem, 0), 0);
	post_n(3);
	assert_int_equal(gd_fetch(vq, chains, 8), 3);
	assert_int_equal(vx_vring_start(vq, 8, 0, &gd->addr, gd->mem, 103), 0);
	assert_int_equal(gd_fetch(vq, chains, 8), 3);
	assert_int_equal(vx_vring_stop(vq), 100);
}

/* EVENT_IDX was not negotiated: the ring may end where the event fields would be. */
static void test_no_event_fields(void **state)
{
	struct vx_vring_addr a;
	u64 data;

	ring(16, 0, 0);
	assert_int_equal(vx_mem_from_gpa(gd->mem, GD_DATA_GPA + GD_DATA_HALF - 4096, 4096, &data), 0);
	a = gd->addr;
	a.avail = data + 4096 - 36;
	a.used = data + 2048 - 132;
	assert_int_equal(start_at(16, a), 0);
	a.avail = gd->addr.avail;
	a.used = data + 4096 - 132;
	assert_int_equal(start_at(16, a), 0);
	assert_false(vx_vring_enable_kick(vq));
	vx_vring_disable_kick(vq);
	assert_int_equal(vq->broken, false);
}

/* A long pause between call decisions must not let the 16-bit test miss its event. */
static void test_call_after_more_than_a_lap(void **state)
{
	u64 t;
	u32 i, l;

	ring(8, EVENT_IDX, 0);
	gd_call_after(gd, 1000);
	for (i = 0; i < 70000; i += 8) {
		post_n(8);
		complete(8);
		while (gd_get_used(gd, &t, &l))
			;
		if (!i)
			vx_vring_need_call(vq);
	}
	gd_call_after(gd, 3000);
	assert_true(vx_vring_need_call(vq));
	assert_false(vx_vring_need_call(vq));
}

/* Tables of which only the first entry is used: copying them has its price, too. */
static void test_cve_2019_3900_budget_of_oversized_tables(void **state)
{
	struct vring_desc *t;
	u32 i;
	int n;

	ring(64, INDIRECT, 0);
	t = gd_ptr(gd, GD_DATA_GPA, 16);
	t[0] = (struct vring_desc) { htole64(GD_DATA_GPA), htole32(1), 0, 0 };
	for (i = 0; i < 64; i++) {
		set_desc(i, GD_DATA_GPA, VX_CHAIN_IOVS * 16, IND, 0);
		post_head(i);
	}
	n = vx_vring_fetch(vq, chains, VX_BATCH);
	assert_in_range(n, 1, VX_IOVS / VX_CHAIN_IOVS + 1);
}

/* A direct descriptor before a full table is one too many. */
static void test_table_after_direct_descriptors(void **state)
{
	struct vring_desc *t;
	u32 i;

	ring(8, INDIRECT, 0);
	t = gd_ptr(gd, GD_DATA_GPA, VX_CHAIN_IOVS * 16);
	for (i = 0; i < VX_CHAIN_IOVS; i++)
		t[i] = (struct vring_desc) { 0, 0, htole16(i + 1 < VX_CHAIN_IOVS ? NEXT : 0), htole16(i + 1) };
	set_desc(0, GD_DATA_GPA, 0, NEXT, 1);
	set_desc(1, GD_DATA_GPA, VX_CHAIN_IOVS * 16, IND, 0);
	assert_int_equal(offer(0), -ENOBUFS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VRING_CASES,
		VRING_CASE(head_outside_ring), VRING_CASE(next_outside_ring), VRING_CASE(loops),
		VRING_CASE(loop_in_table),
		VRING_CASE(whole_ring_in_one_chain), VRING_CASE(avail_index_jumps), VRING_CASE(avail_index_creeps),
		VRING_CASE(avail_index_back_while_chains_are_out), VRING_CASE(base), VRING_CASE(no_event_fields),
		VRING_CASE(call_after_more_than_a_lap), VRING_CASE(cve_2019_3900_budget_of_oversized_tables),
		VRING_CASE(table_after_direct_descriptors),
	};

	return cmocka_run_group_tests_name("vring_split", tests, NULL, NULL);
}
