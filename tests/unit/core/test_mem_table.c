// SPDX-License-Identifier: GPL-2.0-or-later
/* Guest memory table and dirty log. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "mem_table.h"

#define MB	(1ull << 20)

static struct vx_mem_table *mt;

static int teardown(void **state)
{
	vx_mem_table_free(mt);
	mt = NULL;
	vx_env_fail_alloc(0);
	vx_env_reset();	/* fails on a leak */
	return 0;
}

static int build(const struct vx_mem_region *r, u32 n)
{
	int err = 1;

	vx_mem_table_free(mt);
	mt = vx_mem_table_new(r, n, &err);
	assert_int_equal(!mt, !!err);
	return err;
}

#define R(gpa_, size_, vmm_, uaddr_) \
	((struct vx_mem_region) { .gpa = gpa_, .size = size_, .vmm_addr = vmm_, .uaddr = uaddr_ })
#define BUILD(...) \
	build((struct vx_mem_region[]) { __VA_ARGS__ }, \
	      sizeof((struct vx_mem_region[]) { __VA_ARGS__ }) / sizeof(struct vx_mem_region))

static int translate(u64 gpa, u32 len, struct vx_iov *iov, u32 max)
{
	struct vx_mem_miss miss;

	return vx_mem_translate(mt, gpa, len, VX_MEM_READ, iov, max, &miss);
}

static void test_refused_tables(void **state)
{
	assert_int_equal(BUILD(R(0, 0, 0, 0)), -EINVAL);
	assert_int_equal(BUILD(R(0, MB, 0, 0), R(MB, 0, 0, 0)), -EINVAL);
	assert_int_equal(BUILD(R(~0ull, 2, 0, 0)), -EINVAL);
	assert_int_equal(BUILD(R(0, 2, ~0ull, 0)), -EINVAL);
	assert_int_equal(BUILD(R(0, 2, 0, ~0ull)), -EINVAL);
	assert_int_equal(BUILD(R(1, ~0ull, 0, 0)), 0);		/* up to the very last byte */
	assert_int_equal(BUILD(R(2, ~0ull, 0, 0)), -EINVAL);
	/* Overlaps: same start, by one byte before and behind, one within the other, in both orders. */
	assert_int_equal(BUILD(R(0, MB, 0, 0), R(0, MB, MB, MB)), -EINVAL);
	assert_int_equal(BUILD(R(MB, MB, 0, 0), R(2 * MB - 1, MB, 0, 0)), -EINVAL);
	assert_int_equal(BUILD(R(2 * MB - 1, MB, 0, 0), R(MB, MB, 0, 0)), -EINVAL);
	assert_int_equal(BUILD(R(0, 8 * MB, 0, 0), R(MB, MB, 0, 0)), -EINVAL);
	assert_int_equal(BUILD(R(MB, MB, 0, 0), R(0, 8 * MB, 0, 0)), -EINVAL);
	assert_int_equal(BUILD(R(0, MB, 0, 0), R(2 * MB, MB, 0, 0), R(MB, MB + 1, 0, 0)), -EINVAL);
}

static void test_accepted_tables(void **state)
{
	assert_int_equal(build(NULL, 0), 0);
	assert_null(vx_mem_find(mt, 0));
	/* Adjacent, aliased, unsorted. */
	assert_int_equal(BUILD(R(2 * MB, MB, 5, 5), R(0, MB, 5, 5), R(MB, MB, 7, 7)), 0);
	assert_int_equal(mt->n, 3);
	assert_int_equal(mt->region[0].gpa, 0);
	assert_int_equal(mt->region[1].gpa, MB);
	assert_int_equal(mt->region[1].uaddr, 7);
	assert_int_equal(mt->region[2].gpa, 2 * MB);
}

static void test_no_memory(void **state)
{
	vx_env_fail_alloc(1);
	assert_int_equal(BUILD(R(0, MB, 0, 0)), -ENOMEM);
	assert_int_equal(vx_env_live_allocs(), 0);
	assert_int_equal(BUILD(R(0, MB, 0, 0), R(0, MB, 0, 0)), -EINVAL);
	assert_int_equal(vx_env_live_allocs(), 0);
}

static void test_as_many_regions_as_there_may_be(void **state)
{
	static struct vx_mem_region r[VX_MEM_REGIONS_MAX + 1];
	struct vx_iov iov;
	u32 i;

	for (i = 0; i <= VX_MEM_REGIONS_MAX; i++) {
		u64 at = (u64)(i * 211 % (VX_MEM_REGIONS_MAX + 1)) * 2 * MB;

		r[i] = R(at, MB, at + 1, at + 2);
	}
	assert_int_equal(build(r, VX_MEM_REGIONS_MAX + 1), -EINVAL);
	assert_int_equal(build(r, VX_MEM_REGIONS_MAX), 0);
	for (i = 0; i < VX_MEM_REGIONS_MAX; i++) {
		assert_int_equal(translate(r[i].gpa, MB, &iov, 1), 1);
		assert_int_equal(iov.uaddr, r[i].uaddr);
		assert_int_equal(translate(r[i].gpa + MB - 1, 1, &iov, 1), 1);
		assert_int_equal(iov.uaddr, r[i].uaddr + MB - 1);
		assert_int_equal(translate(r[i].gpa + MB, 1, &iov, 1), -EFAULT);
	}
}

static void test_translate_splits_at_region_ends(void **state)
{
	struct vx_iov iov[4];

	assert_int_equal(BUILD(R(MB, MB, 0, 100 * MB), R(2 * MB, MB, 0, 50 * MB),
			       R(3 * MB, MB, 0, 51 * MB), R(5 * MB, MB, 0, 0)), 0);
	assert_int_equal(translate(2 * MB - 1, MB + 2, iov, 4), 3);
	assert_int_equal(iov[0].uaddr, 101 * MB - 1);
	assert_int_equal(iov[0].len, 1);
	assert_int_equal(iov[1].uaddr, 50 * MB);
	assert_int_equal(iov[1].gpa, 2 * MB);
	assert_int_equal(iov[1].len, MB);
	assert_int_equal(iov[2].uaddr, 51 * MB);
	assert_int_equal(iov[2].len, 1);
	assert_int_equal(translate(2 * MB - 1, MB + 2, iov, 2), -ENOBUFS);
	assert_int_equal(translate(2 * MB - 1, MB + 2, iov, 0), -ENOBUFS);
	assert_int_equal(translate(MB, 0, iov, 0), 0);
}

/* The first byte of a range being mapped says nothing about the last. */
static void test_cve_2018_1059_whole_range_is_checked(void **state)
{
	struct vx_iov iov[4];

	assert_int_equal(BUILD(R(MB, MB, 0, 100 * MB), R(3 * MB, MB, 0, 50 * MB)), 0);
	assert_int_equal(translate(2 * MB - 4, 4, iov, 4), 1);
	assert_int_equal(translate(2 * MB - 4, 5, iov, 4), -EFAULT);
	/* Both ends mapped, the middle not. */
	assert_int_equal(translate(2 * MB - 4, MB + 8, iov, 4), -EFAULT);
	assert_int_equal(translate(MB, 0xffffffff, iov, 4), -EFAULT);
	assert_int_equal(translate(MB - 1, 2, iov, 4), -EFAULT);
	assert_int_equal(translate(4 * MB - 1, 2, iov, 4), -EFAULT);
}

static void test_address_space_end(void **state)
{
	struct vx_iov iov[4];

	assert_int_equal(BUILD(R(0, MB, 0, MB), R(0 - MB, MB, 0, 2 * MB)), 0);
	assert_int_equal(translate(~0ull, 1, iov, 4), 1);
	assert_int_equal(translate(~0ull, 2, iov, 4), -EINVAL);	/* does not go on at 0 */
}

static void test_from_vmm_and_gpa(void **state)
{
	u64 uaddr, gpa;

	assert_int_equal(BUILD(R(MB, MB, 10 * MB, 100 * MB), R(8 * MB, MB, 11 * MB, 200 * MB),
			       R(4 * MB, MB, 11 * MB, 201 * MB)), 0);
	assert_int_equal(vx_mem_from_vmm(mt, 10 * MB + 5, MB - 5, &uaddr, &gpa), 0);
	assert_int_equal(uaddr, 100 * MB + 5);
	assert_int_equal(gpa, MB + 5);
	/* Adjacent for the VMM, but not one region: refused. */
	assert_int_equal(vx_mem_from_vmm(mt, 10 * MB + 5, MB - 4, &uaddr, &gpa), -EFAULT);
	assert_int_equal(vx_mem_from_vmm(mt, 11 * MB, MB, &uaddr, &gpa), 0);	/* an alias: either will do */
	assert_true((gpa == 4 * MB && uaddr == 201 * MB) || (gpa == 8 * MB && uaddr == 200 * MB));
	assert_int_equal(vx_mem_from_vmm(mt, 10 * MB - 1, 1, &uaddr, &gpa), -EFAULT);
	assert_int_equal(vx_mem_from_vmm(mt, 10 * MB + 1, ~0ull, &uaddr, &gpa), -EFAULT);

	assert_int_equal(vx_mem_from_gpa(mt, 8 * MB + 1, MB - 1, &uaddr), 0);
	assert_int_equal(uaddr, 200 * MB + 1);
	assert_int_equal(vx_mem_from_gpa(mt, 8 * MB + 1, MB, &uaddr), -EFAULT);
	assert_int_equal(vx_mem_from_gpa(mt, 0, 1, &uaddr), -EFAULT);

	assert_true(vx_mem_holds(mt, 200 * MB, MB));
	assert_false(vx_mem_holds(mt, 200 * MB, MB + 1));	/* although the next region begins there */
	assert_false(vx_mem_holds(mt, 99 * MB, 1));
	assert_false(vx_mem_holds(mt, 100 * MB + 1, ~0ull));
}

static struct vx_dirty_log dirty;
static u8 *bits;

static void log_map(u64 size)
{
	dirty.uaddr = vx_env_guest_map(0, size);
	dirty.size = size;
	bits = vx_env_guest_ptr(dirty.uaddr, size);
}

/* Every range of up to 40 pages, against the plain definition. */
static void test_log_marks_exactly_the_pages(void **state)
{
	u64 from, len, page;

	log_map(8);
	for (from = 0; from < 20; from++) {
		for (len = 1; len <= 40; len++) {
			u64 gpa = from * 4096 + (len & 1 ? 4095 : 0), end = gpa + len * 4096 - (len & 2 ? 4095 : 0);
			u64 last = (end - 1) / 4096;

			memset(bits, 0, 8);
			assert_int_equal(vx_dirty_log_write(&dirty, gpa, end - gpa), 0);
			for (page = 0; page < 64; page++)
				assert_int_equal(bits[page / 8] >> page % 8 & 1, page >= gpa / 4096 && page <= last);
		}
	}
	memset(bits, 0, 8);
	assert_int_equal(vx_dirty_log_write(&dirty, 4096, 0), 0);
	assert_int_equal(bits[0], 0);
	bits[0] = 0x80;
	assert_int_equal(vx_dirty_log_write(&dirty, 4096, 1), 0);	/* others' bits stay */
	assert_int_equal(bits[0], 0x82);
}

static void test_cve_2019_14835_log_stays_inside(void **state)
{
	u8 none[2] = { 0 };

	log_map(2);
	assert_int_equal(vx_dirty_log_write(&dirty, 15 * 4096, 4096), 0);
	memset(bits, 0, 2);
	assert_int_equal(vx_dirty_log_write(&dirty, 15 * 4096, 4097), -EINVAL);
	assert_int_equal(vx_dirty_log_write(&dirty, 16 * 4096, 1), -EINVAL);
	assert_int_equal(vx_dirty_log_write(&dirty, ~0ull, 1), -EINVAL);
	assert_int_equal(vx_dirty_log_write(&dirty, ~0ull, 2), -EINVAL);
	assert_int_equal(vx_dirty_log_write(&dirty, 4096, ~0ull), -EINVAL);
	assert_memory_equal(bits, none, 2);	/* all or nothing */
	dirty.size = 0;
	assert_int_equal(vx_dirty_log_write(&dirty, 0, 1), -EINVAL);
}

static void test_log_memory_faults(void **state)
{
	log_map(2);
	vx_env_fail_access(2);
	assert_int_equal(vx_dirty_log_write(&dirty, 0, 16 * 4096), -EFAULT);
}

#define CASE(name)	cmocka_unit_test_teardown(test_##name, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(refused_tables), CASE(accepted_tables), CASE(no_memory), CASE(as_many_regions_as_there_may_be),
		CASE(translate_splits_at_region_ends), CASE(cve_2018_1059_whole_range_is_checked),
		CASE(address_space_end), CASE(from_vmm_and_gpa), CASE(log_marks_exactly_the_pages),
		CASE(cve_2019_14835_log_stays_inside),
		CASE(log_memory_faults),
	};

	return cmocka_run_group_tests_name("mem_table", tests, NULL, NULL);
}
