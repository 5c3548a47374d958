// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "csum.h"
#include "packet.h"

/* In network order, where 0 and 0xffff are the same number. */
static u16 ours(u64 sum)
{
	u16 v = vx_be16_to_cpu(vx_csum_fold(sum));

	return v == 0xffff ? 0 : v;
}

static u16 theirs(u16 sum)
{
	return sum == 0xffff ? 0 : sum;
}

static void test_every_length_and_alignment(void **state)
{
	static const u8 fills[] = { 0x00, 0xff };
	u8 buf[512];
	u32 i, len, off;

	for (i = 0; i < 3; i++) {
		if (i < 2)
			memset(buf, fills[i], sizeof(buf));
		else
			pkt_noise(buf, sizeof(buf));
		for (off = 0; off < 8; off++)
			for (len = 0; len < 400; len++)
				assert_int_equal(ours(vx_csum_add(0, buf + off, len)), theirs(pkt_sum(0, buf + off, len)));
	}
}

static void test_carries_survive(void **state)
{
	u8 buf[64];

	memset(buf, 0xff, sizeof(buf));
	assert_int_equal(ours(vx_csum_add(UINT64_MAX, buf, sizeof(buf))), 0);
	assert_int_equal(vx_csum_fold(UINT64_MAX), 0xffff);
	assert_int_equal(vx_csum_fold(0), 0);
	assert_int_equal(vx_csum_add64(UINT64_MAX, 1), 1);
	assert_int_equal(vx_csum_fold(0xffff0000ffff0001), 1);
}

static void test_pieces_sum_as_the_whole(void **state)
{
	u8 buf[70000];
	u32 i;

	pkt_noise(buf, sizeof(buf));
	for (i = 0; i < 2000; i++) {
		u32 len = pkt_rand() % sizeof(buf), cut = pkt_rand() % (len + 1) & ~1u;

		assert_int_equal(ours(vx_csum_add(vx_csum_add(0, buf, cut), buf + cut, len - cut)), theirs(pkt_sum(0, buf, len)));
	}
}

static void test_store(void **state)
{
	u8 buf[2] = { 0xff, 0xff }, field[2];

	vx_csum_store(field, vx_csum_add(0, buf, 2));
	assert_int_equal(vx_get_be16(field), 0);
	vx_csum_store_nonzero(field, vx_csum_add(0, buf, 2));
	assert_int_equal(vx_get_be16(field), 0xffff);
	buf[0] = 0x12;
	buf[1] = 0x34;
	vx_csum_store_nonzero(field, vx_csum_add(0, buf, 2));
	assert_int_equal(vx_get_be16(field), (u16)~0x1234);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_length_and_alignment),
		cmocka_unit_test(test_carries_survive),
		cmocka_unit_test(test_pieces_sum_as_the_whole),
		cmocka_unit_test(test_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
