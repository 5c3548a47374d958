// SPDX-License-Identifier: GPL-2.0-or-later
/* Packed vrings: what both kinds share, then what only this one can get wrong. */
#define RING_PACKED	1
#include "vring_cases.h"

#define F_AVAIL		(1u << VRING_PACKED_DESC_F_AVAIL)
#define F_USED		(1u << VRING_PACKED_DESC_F_USED)

static void set_desc(u16 slot, u64 addr, u32 len, u16 id, u16 flags)
{
	gd->pdesc[slot] = (struct vring_packed_desc) { htole64(addr), htole32(len), htole16(id), htole16(flags) };
}

/* The id is the driver's, and stands in the chain's last descriptor. */
static void test_id_is_echoed(void **state)
{
	ring(4, 0, 0x8000);
	set_desc(1, GD_DATA_GPA, 2, 0xffff, WRITE | F_AVAIL);
	set_desc(0, GD_DATA_GPA, 1, 1, NEXT | F_AVAIL);
	assert_int_equal(gd_fetch(vq, chains, 4), 1);
	assert_int_equal(chains[0].id, 0xffff);
	assert_int_equal(chains[0].ndesc, 2);
	vx_vring_push(vq, &chains[0], 2);
	assert_int_equal(vx_vring_flush(vq), 0);
	assert_int_equal(le16toh(gd->pdesc[0].id), 0xffff);
	assert_int_equal(le32toh(gd->pdesc[0].len), 2);
	assert_int_equal(le16toh(gd->pdesc[0].flags), F_AVAIL | F_USED | WRITE);
	assert_int_equal(le64toh(gd->pdesc[0].addr), GD_DATA_GPA);	/* not the device's to write */
	assert_int_equal(le16toh(gd->pdesc[1].flags), WRITE | F_AVAIL);
}

static void test_chain_across_ring_end(void **state)
{
	struct gd_sg sg[] = { { GD_DATA_GPA, 1 }, { GD_DATA_GPA + 1, 2 }, { GD_DATA_GPA + 3, 4 } };
	u16 start;

	for (start = 0; start < 7; start++) {
		again(7, 0, 0x8000 | start);
		assert_int_equal(gd_add(gd, sg, 3, 0, GD_DIRECT, 1), 0);
		assert_int_equal(gd_add(gd, sg, 1, 2, GD_DIRECT, 2), 0);
		gd_publish(gd);
		assert_int_equal(gd_fetch(vq, chains, 8), 2);
		assert_int_equal(chains[0].out_len, 7);
		assert_int_equal(chains[1].in_len, 6);
		vx_vring_unfetch(vq, chains, 2);
		assert_int_equal(vq->last_avail, start);
		assert_true(vq->avail_wrap);
		assert_int_equal(gd_fetch(vq, chains, 8), 2);
		vx_vring_push(vq, &chains[0], 0);
		vx_vring_push(vq, &chains[1], 6);
		assert_int_equal(vx_vring_flush(vq), 0);
		expect_used(1, 0);
		expect_used(2, 6);
		assert_int_equal(vq->last_used, (start + 6) % 7);
		assert_int_equal(vq->used_wrap, start + 6 < 7);
	}
}

/* Chains that do not divide the number of descriptors copied at a time. */
static void test_chains_across_copies(void **state)
{
	struct gd_sg sg[] = {
		{ GD_DATA_GPA, 1 }, { GD_DATA_GPA, 2 }, { GD_DATA_GPA, 3 }, { GD_DATA_GPA, 4 }, { GD_DATA_GPA, 5 },
	};
	u32 i;

	ring(64, 0, 0x8000);
	for (i = 0; i < 12; i++)
		assert_int_equal(gd_add(gd, sg, 5, 0, GD_DIRECT, i), 0);
	gd_publish(gd);
	assert_int_equal(gd_fetch(vq, chains, VX_BATCH), 12);
	for (i = 0; i < 12; i++) {
		assert_int_equal(chains[i].out_len, 15);
		vx_vring_push(vq, &chains[i], 0);
	}
	vx_vring_flush(vq);
	for (i = 0; i < 12; i++)
		expect_used(i, 0);
}

static void test_endless_chain(void **state)
{
	u32 i;

	ring(8, 0, 0x8000);
	for (i = 0; i < 8; i++)
		set_desc(i, GD_DATA_GPA, 0, i, NEXT | F_AVAIL);
	assert_int_equal(gd_fetch(vq, chains, 8), -ELOOP);
}

/* The driver "makes available" again what the device holds. */
static void test_held_slots_are_not_taken_twice(void **state)
{
	u32 i;

	ring(4, 0, 0x8000);
	for (i = 0; i < 4; i++)
		set_desc(i, GD_DATA_GPA, 1, i, F_AVAIL);
	assert_int_equal(gd_fetch(vq, chains, 8), 4);
	set_desc(0, GD_DATA_GPA, 1, 0, F_USED);	/* available in the next lap */
	assert_int_equal(gd_fetch(vq, &chains[4], 8), -ELOOP);
}

static void test_flags_that_are_not_available(void **state)
{
	ring(4, 0, 0x8000);
	set_desc(0, GD_DATA_GPA, 1, 0, F_AVAIL | F_USED);
	assert_int_equal(gd_fetch(vq, chains, 4), 0);
	assert_false(vx_vring_has_avail(vq));
	set_desc(0, GD_DATA_GPA, 1, 0, F_USED);
	assert_int_equal(gd_fetch(vq, chains, 4), 0);
	set_desc(0, GD_DATA_GPA, 1, 0, 0);
	assert_int_equal(gd_fetch(vq, chains, 4), 0);
}

/* Entries of a table stand in order; NEXT and the ring's bits mean nothing there. */
static void test_table_flags(void **state)
{
	assert_int_equal(TABLE_VERDICT({ GD_DATA_GPA, 1, 0 }, { GD_DATA_GPA, 2, NEXT | F_AVAIL | F_USED },
				       { GD_DATA_GPA, 4, WRITE }), 1);
	assert_int_equal(chains[0].out_len, 3);
	assert_int_equal(chains[0].in_len, 4);
}

static int start_base(u32 base)
{
	return vx_vring_start(vq, 8, gd->features, &gd->addr, gd->mem, base);
}

static void test_base(void **state)
{
	ring(8, 0, 0x8000);
	assert_int_equal(start_base(0x00038007), 0);	/* available: 7, wrap 1; used: 3, wrap 0 */
	assert_int_equal(vq->last_avail, 7);
	assert_true(vq->avail_wrap);
	assert_int_equal(vq->last_used, 3);
	assert_false(vq->used_wrap);
	assert_int_equal(vx_vring_stop(vq), 0x00038007);

	assert_int_equal(start_base(0x8005), 0);	/* 16 bits only */
	assert_int_equal(vx_vring_stop(vq), 0x80058005);
	assert_int_equal(start_base(5), 0);
	assert_int_equal(vx_vring_stop(vq), 0x00050005);
	assert_int_equal(start_base(0), 0);		/* UML */
	assert_int_equal(vx_vring_stop(vq), 0x80008000);

	assert_int_equal(start_base(0x80088008), -EINVAL);
	assert_int_equal(start_base(0x80088000), -EINVAL);
	assert_int_equal(start_base(8), -EINVAL);
}

/* After an odd number of laps, slot 0 has wrap counter 0, and the base reads plain 0: that is no fresh ring. */
static void test_base_zero_after_a_lap(void **state)
{
	u32 lap;

	ring(4, 0, 0x8000);
	for (lap = 0; lap < 5; lap++) {
		u64 t;
		u32 l;

		post_n(4);
		complete(4);
		while (gd_get_used(gd, &t, &l))
			;
		if (lap & 1)
			post_n(1);	/* resume with something available, too */
		gd->base = vx_vring_stop(vq);
		assert_int_equal(gd->base, lap & 1 ? 0x80008000 : 0);
		assert_int_equal(gd_start(gd, vq), 0);
		assert_int_equal(vx_vring_has_avail(vq), lap & 1);
		if (lap & 1) {
			complete(1);
			expect_used(0, 0);
			again(4, 0, 0x8000);
			post_n(4);
			complete(4);
			while (gd_get_used(gd, &t, &l))
				;
			post_n(1);
			gd->base = vx_vring_stop(vq);
			assert_int_equal(gd->base, 0);
			assert_int_equal(gd_start(gd, vq), 0);
			complete(1);
			again(4, 0, 0x8000);
		}
	}
}

/* Reserved flag values and an event without EVENT_IDX: better one call too many. */
static void test_odd_event_flags(void **state)
{
	ring(8, 0, 0x8000);
	post_n(5);
	complete(1);
	assert_true(vx_vring_need_call(vq));
	complete(1);
	gd->driver_event->flags = htole16(VRING_PACKED_EVENT_FLAG_DESC);
	gd->driver_event->off_wrap = htole16(0x8000 | 7);
	assert_true(vx_vring_need_call(vq));
	complete(1);
	gd->driver_event->flags = htole16(3);
	assert_true(vx_vring_need_call(vq));
	complete(1);
	gd->driver_event->flags = htole16(0xfffc | VRING_PACKED_EVENT_FLAG_DISABLE);
	assert_false(vx_vring_need_call(vq));
}

/* The driver reads flags first, so the offset must be there before them. */
static void test_event_offset_before_flags(void **state)
{
	int off, wmb, flags;

	ring(8, EVENT_IDX, 0x8000);
	vx_env_trace_start();
	vx_vring_enable_kick(vq);
	vx_env_trace_stop();
	off = vx_env_trace_find(0, VX_ENV_PUT16, gd->addr.used, 2);
	wmb = vx_env_trace_find(off, VX_ENV_WMB, 0, 0);
	flags = vx_env_trace_find(0, VX_ENV_PUT16, gd->addr.used + 2, 2);
	assert_true(off >= 0 && off < wmb && wmb < flags);
	assert_int_equal(le16toh(gd->device_event->off_wrap), 0x8000);
	assert_int_equal(le16toh(gd->device_event->flags), VRING_PACKED_EVENT_FLAG_DESC);

	post_n(1);
	complete(1);
	vx_env_trace_start();
	vx_vring_need_call(vq);
	vx_env_trace_stop();
	gd_call_after(gd, 0);
	post_n(1);
	complete(1);
	vx_env_trace_start();
	vx_vring_need_call(vq);
	vx_env_trace_stop();
	flags = vx_env_trace_find(0, VX_ENV_GET16, gd->addr.avail + 2, 2);
	wmb = vx_env_trace_find(flags, VX_ENV_RMB, 0, 0);
	off = vx_env_trace_find(0, VX_ENV_GET16, gd->addr.avail, 2);
	assert_true(flags >= 0 && flags < wmb && wmb < off);
}

/* What follows the ring may look like descriptors: the copy ends with the ring. */
static void test_nothing_is_read_behind_the_ring(void **state)
{
	struct vring_packed_desc *behind;
	u32 i;

	ring(6, 0, 0x8000 | 4);
	post_n(2);
	behind = vx_env_guest_ptr(gd->addr.desc + 6 * 16, 32 * 16);
	for (i = 0; i < 32; i++)
		behind[i] = (struct vring_packed_desc) { htole64(GD_DATA_GPA), htole32(1), 0, htole16(F_AVAIL) };
	assert_int_equal(gd_fetch(vq, chains, VX_BATCH), 2);
	assert_int_equal(vq->last_avail, 0);
	assert_false(vq->avail_wrap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		VRING_CASES,
		VRING_CASE(id_is_echoed), VRING_CASE(chain_across_ring_end), VRING_CASE(chains_across_copies),
		VRING_CASE(endless_chain), VRING_CASE(held_slots_are_not_taken_twice),
		VRING_CASE(flags_that_are_not_available), VRING_CASE(table_flags), VRING_CASE(base),
		VRING_CASE(base_zero_after_a_lap), VRING_CASE(odd_event_flags),
		VRING_CASE(event_offset_before_flags), VRING_CASE(nothing_is_read_behind_the_ring),
	};

	return cmocka_run_group_tests_name("vring_packed", tests, NULL, NULL);
}
