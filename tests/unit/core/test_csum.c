// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "csum.h"
#include "cursor.h"
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

/* Pieces that were summed by themselves, wherever they start; and a part of which the sum is taken away again. */
static void test_pieces_at_odd_offsets(void **state)
{
	u8 buf[3000];
	u32 i;

	pkt_noise(buf, sizeof(buf));
	for (i = 0; i < 5000; i++) {
		u32 len = pkt_rand() % sizeof(buf), a = pkt_rand() % (len + 1), b = a + pkt_rand() % (len - a + 1);
		u64 sum = vx_csum_add(0, buf, a), all;

		sum = vx_csum_add_at(sum, vx_csum_add(0, buf + a, b - a), a);
		all = vx_csum_add_at(sum, vx_csum_add(0, buf + b, len - b), b);
		assert_int_equal(ours(all), theirs(pkt_sum(0, buf, len)));
		all = vx_csum_add64(all, ~vx_csum_add(0, buf, a));
		assert_int_equal(ours(vx_csum_add_at(0, all, a)), theirs(pkt_sum(0, buf + a, len - a)));
	}
}

/* What cursors make of pieces: the same sum, in one access a piece, each byte once. */
static void test_cursor_sums_what_it_reads(void **state)
{
	u64 mem = vx_env_guest_map(0, 5000);
	u8 buf[3000], out[3000];
	u32 i;

	for (i = 0; i < 2000; i++) {
		struct vx_iov iov[5];
		struct vx_cursor c = { .iov = iov, .niov = 5 };
		u32 k, n, at = 0, total = 0, len, skip;
		u64 before, sum;

		for (k = 0; k < 5; k++) {
			n = k == 4 ? 500 : 1 + pkt_rand() % 600;
			iov[k] = (struct vx_iov) { .uaddr = mem + at, .len = n };
			pkt_noise(buf + total, n);
			memcpy(vx_env_guest_ptr(mem + at, n), buf + total, n);
			at += n + pkt_rand() % 20;
			total += n;
		}
		skip = pkt_rand() % 200 % total;
		len = pkt_rand() % (total - skip + 1);
		vx_env_scope_begin();
		assert_int_equal(vx_cursor_read(&c, out, skip), 0);
		before = vx_env_accesses();
		assert_int_equal(vx_cursor_read_csum(&c, out + skip, len, &sum), 0);
		assert_in_range(vx_env_accesses() - before, !!len, 5);
		vx_env_scope_end();
		assert_memory_equal(out, buf, skip + len);
		assert_int_equal(ours(sum), theirs(pkt_sum(0, buf + skip, len)));
		if (skip + len < total)
			continue;
		assert_int_equal(vx_cursor_read_csum(&c, out, 1, &sum), -EFAULT);
	}
	vx_env_reset();
}

static void test_guest_accesses_that_sum(void **state)
{
	u64 mem = vx_env_guest_map(0, 100), sum = 7;
	u8 buf[100], out[100];

	pkt_noise(buf, sizeof(buf));
	assert_int_equal(vx_guest_write_csum(mem + 1, buf, 99, &sum), 0);
	assert_int_equal(ours(sum), theirs(pkt_sum(0, buf, 99)));
	assert_int_equal(vx_guest_read_csum(out, mem + 1, 99, &sum), 0);
	assert_int_equal(ours(sum), theirs(pkt_sum(0, buf, 99)));
	assert_memory_equal(out, buf, 99);
	sum = 7;
	vx_env_fail_access(1);
	assert_int_equal(vx_guest_read_csum(out, mem, 10, &sum), -EFAULT);
	vx_env_fail_access(1);
	assert_int_equal(vx_guest_write_csum(mem, buf, 10, &sum), -EFAULT);
	assert_int_equal(sum, 7);
	vx_env_reset();
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
		cmocka_unit_test(test_pieces_at_odd_offsets),
		cmocka_unit_test(test_cursor_sums_what_it_reads),
		cmocka_unit_test(test_guest_accesses_that_sum),
		cmocka_unit_test(test_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
