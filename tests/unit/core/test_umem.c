// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "umem.h"
#include "packet.h"

#define N	64u
#define CHUNK	2048u

static u8 area[N * CHUNK];
static struct vx_umem um;

static int setup(void **state)
{
	return vx_umem_init(&um, area, sizeof(area), CHUNK);
}

static int teardown(void **state)
{
	vx_umem_destroy(&um);
	vx_env_reset();
	return 0;
}

static void test_init_refuses_odd_sizes(void **state)
{
	static const struct { u64 size; u32 chunk; } bad[] = {
		{ 0, 2048 }, { 4096, 0 }, { 4096, 3000 }, { 4096 + 1, 2048 }, { 2048, 4096 }, { 1ull << 63, 2048 },
	};
	struct vx_umem u;
	u32 i;

	for (i = 0; i < VX_ARRAY_SIZE(bad); i++)
		assert_int_equal(vx_umem_init(&u, area, bad[i].size, bad[i].chunk), -EINVAL);
}

static void test_init_without_memory(void **state)
{
	struct vx_umem u;
	u32 i;

	for (i = 1; i <= 2; i++) {
		vx_env_fail_alloc(i);
		assert_int_equal(vx_umem_init(&u, area, sizeof(area), CHUNK), -ENOMEM);
	}
	vx_env_fail_alloc(1);
	assert_int_equal(vx_umem_audit(&um), -ENOMEM);
}

static void test_each_frame_is_given_out_once(void **state)
{
	u64 addr[N + 8];
	u8 seen[N] = { 0 };
	u32 i;

	assert_int_equal(vx_umem_alloc(&um, addr, N + 8, VX_OWNER_HELD), N);
	assert_int_equal(vx_umem_alloc(&um, addr + N, 1, VX_OWNER_HELD), 0);
	for (i = 0; i < N; i++) {
		assert_int_equal(addr[i] % CHUNK, 0);
		assert_true(addr[i] / CHUNK < N);
		assert_int_equal(seen[addr[i] / CHUNK]++, 0);
	}
	assert_int_equal(um.count[VX_OWNER_HELD], N);
	assert_int_equal(vx_umem_audit(&um), 0);
	assert_int_equal(vx_umem_free(&um, addr, N, VX_OWNER_HELD), N);
	assert_int_equal(um.nfree, N);
	assert_int_equal(vx_umem_audit(&um), 0);
}

static void test_an_address_inside_a_frame_names_the_frame(void **state)
{
	u64 addr;

	vx_umem_alloc(&um, &addr, 1, VX_OWNER_FILL);
	assert_true(vx_umem_move(&um, addr + 256, VX_OWNER_FILL, VX_OWNER_RX));
	assert_false(vx_umem_move(&um, addr + CHUNK, VX_OWNER_RX, VX_OWNER_FILL));
	addr += CHUNK - 1;
	assert_int_equal(vx_umem_free(&um, &addr, 1, VX_OWNER_RX), 1);
	assert_int_equal(um.violations, 1);
	assert_int_equal(vx_umem_audit(&um), 0);
}

static void test_frames_handed_back_wrongly(void **state)
{
	u64 addr[2], bad[] = { sizeof(area), UINT64_MAX, 1ull << 32, 1ull << 43 };
	u32 i;

	vx_umem_alloc(&um, addr, 2, VX_OWNER_TX);
	assert_int_equal(vx_umem_free(&um, &addr[0], 1, VX_OWNER_FILL), 0);	/* wrong ring */
	assert_int_equal(vx_umem_free(&um, &addr[0], 1, VX_OWNER_TX), 1);
	assert_int_equal(vx_umem_free(&um, &addr[0], 1, VX_OWNER_TX), 0);	/* twice */
	assert_int_equal(vx_umem_free(&um, &addr[0], 1, VX_OWNER_FREE), 0);
	for (i = 0; i < VX_ARRAY_SIZE(bad); i++) {
		assert_int_equal(vx_umem_free(&um, &bad[i], 1, VX_OWNER_TX), 0);
		assert_false(vx_umem_move(&um, bad[i], VX_OWNER_TX, VX_OWNER_HELD));
	}
	assert_int_equal(um.violations, 3 + 2 * VX_ARRAY_SIZE(bad));
	assert_int_equal(um.count[VX_OWNER_TX], 1);
	assert_int_equal(um.nfree, N - 1);
	assert_int_equal(vx_umem_audit(&um), 0);
}

/* The audit is what other tests rely on: it has to fail when something is wrong. */
static void test_audit_finds_each_kind_of_damage(void **state)
{
	u64 addr[4];
	u32 saved;

	vx_umem_alloc(&um, addr, 4, VX_OWNER_HELD);
	assert_int_equal(vx_umem_audit(&um), 0);

	um.owner[addr[0] / CHUNK] = VX_OWNER_TX;
	assert_int_equal(vx_umem_audit(&um), -EUCLEAN);
	um.owner[addr[0] / CHUNK] = VX_OWNERS;
	assert_int_equal(vx_umem_audit(&um), -EUCLEAN);
	um.owner[addr[0] / CHUNK] = VX_OWNER_HELD;
	assert_int_equal(vx_umem_audit(&um), 0);

	um.count[VX_OWNER_HELD]++;
	assert_int_equal(vx_umem_audit(&um), -EUCLEAN);
	um.count[VX_OWNER_HELD]--;

	um.nfree--;
	assert_int_equal(vx_umem_audit(&um), -EUCLEAN);
	um.nfree++;

	saved = um.free[0];
	um.free[0] = um.free[1];	/* one twice, one lost */
	assert_int_equal(vx_umem_audit(&um), -EUCLEAN);
	um.free[0] = addr[0] / CHUNK;	/* one that is not free */
	assert_int_equal(vx_umem_audit(&um), -EUCLEAN);
	um.free[0] = N;
	assert_int_equal(vx_umem_audit(&um), -EUCLEAN);
	um.free[0] = saved;
	assert_int_equal(vx_umem_audit(&um), 0);
}

/* CVE-2021-47105: whatever comes back in whatever order, no frame is lost or doubled. */
static void test_CVE_2021_47105_random_hand_backs(void **state)
{
	u32 i;

	pkt_seed(1);
	for (i = 0; i < 50000; i++) {
		u64 addr[8];
		u32 n = pkt_rand() % 8, from = 1 + pkt_rand() % (VX_OWNERS - 1), to = 1 + pkt_rand() % (VX_OWNERS - 1), k;

		for (k = 0; k < n; k++)
			addr[k] = pkt_rand() % (sizeof(area) + 4 * CHUNK);
		if (pkt_rand() % 3 == 0)
			vx_umem_alloc(&um, addr, n, to);
		else if (pkt_rand() % 2)
			vx_umem_free(&um, addr, n, from);
		else if (n)
			vx_umem_move(&um, addr[0], from, to);
		assert_int_equal(vx_umem_audit(&um), 0);
	}
	assert_true(um.violations > 1000);
}

/* Addresses count from the start of what was registered; the parts of others are outside. */
static void test_part_of_a_umem(void **state)
{
	const u64 first = 5 * CHUNK;
	u64 addr[N], other[] = { 0, first - 1, first - CHUNK, first + sizeof(area), ~0ull, ~0ull - first };
	struct vx_umem part;
	u32 i;

	assert_int_equal(vx_umem_init_part(&part, area, sizeof(area), CHUNK, first), 0);
	assert_int_equal(vx_umem_alloc(&part, addr, N, VX_OWNER_HELD), N);
	for (i = 0; i < N; i++) {
		assert_int_equal(addr[i], first + i * CHUNK);
		assert_ptr_equal(vx_umem_data(&part, addr[i] + 17), area + i * CHUNK + 17);
	}
	for (i = 0; i < VX_ARRAY_SIZE(other); i++) {
		assert_false(vx_umem_move(&part, other[i], VX_OWNER_HELD, VX_OWNER_TX));
		assert_int_equal(vx_umem_free(&part, &other[i], 1, VX_OWNER_HELD), 0);
		assert_int_equal(part.violations, 2 * i + 2);
	}
	assert_true(vx_umem_move(&part, first + sizeof(area) - 1, VX_OWNER_HELD, VX_OWNER_TX));
	assert_true(vx_umem_move(&part, first, VX_OWNER_HELD, VX_OWNER_TX));
	assert_int_equal(vx_umem_free(&part, addr + 1, N - 2, VX_OWNER_HELD), N - 2);
	assert_int_equal(vx_umem_audit(&part), 0);
	assert_int_equal(part.count[VX_OWNER_FREE], N - 2);
	vx_umem_destroy(&part);

	/* Off the chunks' grid, and beyond the last address. */
	assert_int_equal(vx_umem_init_part(&part, area, sizeof(area), CHUNK, 1), -EINVAL);
	assert_int_equal(vx_umem_init_part(&part, area, sizeof(area), CHUNK, first + CHUNK / 2), -EINVAL);
	assert_int_equal(vx_umem_init_part(&part, area, sizeof(area), CHUNK, 0 - (u64)CHUNK), -EINVAL);
	assert_int_equal(vx_umem_init_part(&part, area, sizeof(area), CHUNK, 0 - (u64)sizeof(area)), 0);
	vx_umem_destroy(&part);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_init_refuses_odd_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_init_without_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_frame_is_given_out_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_an_address_inside_a_frame_names_the_frame, setup, teardown),
		cmocka_unit_test_setup_teardown(test_frames_handed_back_wrongly, setup, teardown),
		cmocka_unit_test_setup_teardown(test_audit_finds_each_kind_of_damage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_CVE_2021_47105_random_hand_backs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_part_of_a_umem, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
