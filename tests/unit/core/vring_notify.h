/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any vring: notifications, and the order of memory accesses. */
#ifndef VX_TEST_VRING_NOTIFY_H
#define VX_TEST_VRING_NOTIFY_H

#include "vring_fixture.h"

static void test_calls_by_flags(void **state)
{
	ring(8, 0, FRESH);
	post_n(3);
	complete(1);
	assert_true(vx_vring_need_call(vq));
	assert_false(vx_vring_need_call(vq));	/* nothing new since */
	gd_calls(gd, false);
	complete(1);
	assert_false(vx_vring_need_call(vq));
	gd_calls(gd, true);
	complete(1);
	assert_true(vx_vring_need_call(vq));
}

/* The call comes with the batch that passes the driver's event, wherever the ring's end lies. */
static void test_calls_by_event(void **state)
{
	u32 start, after, batch;

	for (start = 0; start < 8; start++) {
		for (after = 0; after < 8; after++) {
			for (batch = 1; batch <= 3; batch++) {
				u64 t;
				u32 l, done = 0;

				again(8, EVENT_IDX, RING_PACKED ? 0x8000 | start : (u16)(0xfffc + start));
				post_n(1);
				complete(1);
				gd_call_after(gd, 5);
				assert_true(vx_vring_need_call(vq));	/* the first decision is always yes */
				assert_true(gd_get_used(gd, &t, &l));
				gd_call_after(gd, after);
				post_n(8);
				while (done < 8) {
					u32 n = vx_min(batch, 8 - done);

					complete(n);
					assert_int_equal(vx_vring_need_call(vq), done <= after && after < done + n);
					done += n;
				}
			}
		}
	}
}

static void test_kicks(void **state)
{
	u64 features[] = { 0, EVENT_IDX };
	u32 f, start;

	for (f = 0; f < 2; f++) {
		for (start = 0; start < 8; start++) {
			again(8, features[f], RING_PACKED ? start : (u16)(0xfffc + start));
			assert_false(vx_vring_enable_kick(vq));
			post_n(1);
			assert_true(gd_kick_needed(gd));
			vx_vring_disable_kick(vq);
			complete(1);
			post_n(2);
			assert_false(gd_kick_needed(gd));
			assert_true(vx_vring_enable_kick(vq));	/* came meanwhile: do not sleep */
			complete(2);
			assert_false(vx_vring_enable_kick(vq));
			post_n(5);
			assert_true(gd_kick_needed(gd));
			complete(5);
			assert_false(vx_vring_enable_kick(vq));
		}
	}
}

/* --- order of memory accesses --- */

#define PUBLISHED	(RING_PACKED ? gd->addr.desc + 14 : gd->addr.used + 2)

static void test_barriers(void **state)
{
	int announced, rmb, read, write, wmb, publish, mb, event, i;

	ring(8, EVENT_IDX, FRESH);
	post_n(4);
	vx_env_trace_start();
	assert_int_equal(gd_fetch(vq, chains, 4), 4);
	for (i = 0; i < 4; i++)
		vx_vring_push(vq, &chains[i], 0);
	assert_int_equal(vx_vring_flush(vq), 0);
	vx_vring_need_call(vq);
	vx_env_trace_stop();

	announced = vx_env_trace_find(0, VX_ENV_GET16, RING_PACKED ? gd->addr.desc + 14 : gd->addr.avail + 2, 2);
	rmb = vx_env_trace_find(announced, VX_ENV_RMB, 0, 0);
	read = vx_env_trace_find(0, VX_ENV_READ, gd->addr.desc, 8 * 16);
	assert_true(announced >= 0 && announced < rmb && rmb < read);

	publish = vx_env_trace_find(0, VX_ENV_PUT16, PUBLISHED, 2);
	write = vx_env_trace_find(0, VX_ENV_WRITE, RING_PACKED ? gd->addr.desc : gd->addr.used + 4, 8 * 16);
	wmb = vx_env_trace_find(write, VX_ENV_WMB, 0, 0);
	assert_true(read < write && write < wmb && wmb < publish);
	/* One publication for four chains, and no write between its barrier and it. */
	assert_int_equal(vx_env_trace_find(publish + 1, VX_ENV_PUT16, gd->addr.desc, 4096), -1);
	assert_int_equal(vx_env_trace_find(wmb, VX_ENV_WRITE, gd->addr.desc, 4096), -1);

	mb = vx_env_trace_find(publish, VX_ENV_MB, 0, 0);
	event = vx_env_trace_find(0, VX_ENV_GET16, RING_PACKED ? gd->addr.avail + 2 : gd->addr.avail + 4 + 16, 2);
	assert_true(publish < mb && mb < event);

	/* Before sleeping: the wish, a full barrier, one more look. */
	vx_env_trace_start();
	vx_vring_enable_kick(vq);
	vx_env_trace_stop();
	write = vx_env_trace_find(0, VX_ENV_PUT16, gd->addr.used, RING_PACKED ? 4 : 4 + 64 + 2);
	mb = vx_env_trace_find(write, VX_ENV_MB, 0, 0);
	read = vx_env_trace_find(mb, VX_ENV_GET16, RING_PACKED ? gd->addr.desc : gd->addr.avail, 8 * 16);
	assert_true(write >= 0 && write < mb && mb < read);
}

/* Few accesses per chain is what batching is for. */
static void test_accesses_per_batch(void **state)
{
	u64 before;
	u32 i;

	ring(256, 0, FRESH);
	post_n(64);
	before = vx_env_accesses();
	assert_int_equal(gd_fetch(vq, chains, 64), 64);
	/* split: index, heads, one per descriptor; packed: the flags of each, and one copy per 16. */
	assert_true(vx_env_accesses() - before <= 64 + (RING_PACKED ? 4 : 2));
	before = vx_env_accesses();
	for (i = 0; i < 64; i++)
		vx_vring_push(vq, &chains[i], 0);
	vx_vring_flush(vq);
	assert_true(vx_env_accesses() - before <= (RING_PACKED ? 65 : 2));
}

#endif
