// SPDX-License-Identifier: GPL-2.0-or-later
/* The user engine's copy that sums: every length and alignment, against a sum byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "csum.h"

static u8 from[4096], to[4096];

/* In memory order, 0 as 0xffff: both are zero. */
static u16 slow_sum(const u8 *p, u32 len)
{
	u32 sum = 0, i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum ? sum : 0xffff;
}

static u16 folded(u64 sum)
{
	u16 v = vx_be16_to_cpu(vx_csum_fold(sum));

	return v ? v : 0xffff;
}

static void fill(u32 kind)
{
	u32 i;

	for (i = 0; i < sizeof(from); i++)
		from[i] = kind == 0 ? 0 : kind == 1 ? 0xff : i * 2654435761u >> 16;
}

static void check(u32 src, u32 dst, u32 len, bool write)
{
	u64 sum = 1;

	memset(to, 0xa5, sizeof(to));
	if (write)
		assert_int_equal(vx_guest_write_csum((uintptr_t)(to + dst), from + src, len, &sum), 0);
	else
		assert_int_equal(vx_guest_read_csum(to + dst, (uintptr_t)(from + src), len, &sum), 0);
	assert_int_equal(folded(sum), slow_sum(from + src, len));
	assert_memory_equal(to + dst, from + src, len);
	/* Not a byte beside it. */
	assert_int_equal(to[dst + len], 0xa5);
	if (dst)
		assert_int_equal(to[dst - 1], 0xa5);
}

static void test_every_length_and_alignment(void **state)
{
	u32 kind, src, dst, len;

	for (kind = 0; kind < 3; kind++) {
		fill(kind);
		for (src = 0; src < 5; src++)
			for (dst = 0; dst < 5; dst++)
				for (len = 0; len < 140; len++)
					check(src, dst, len, len & 1);
		for (len = 1400; len < 1600; len++)
			check(len % 7, len % 5, len, kind & 1);
	}
}

static void test_pieces_at_odd_offsets(void **state)
{
	u32 cut;

	fill(2);
	for (cut = 0; cut <= 300; cut++) {
		u64 a, b;

		vx_guest_read_csum(to, (uintptr_t)from, cut, &a);
		vx_guest_read_csum(to + cut, (uintptr_t)from + cut, 300 - cut, &b);
		assert_int_equal(folded(vx_csum_add_at(a, b, cut)), slow_sum(from, 300));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_length_and_alignment),
		cmocka_unit_test(test_pieces_at_odd_offsets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
