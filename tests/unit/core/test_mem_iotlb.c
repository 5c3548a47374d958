// SPDX-License-Identifier: GPL-2.0-or-later
/* A memory table by IOVA that changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "mem_iotlb.h"
#include "packet.h"

#define PAGE	4096ull
#define VMM	0x7f0000000000ull	/* where the VMM maps the guest */
#define ENGINE	0x100000000000ull	/* ... and the engine */
#define LOW	(16 * PAGE)		/* guest memory in two halves, adjacent for the VMM only */
#define HIGH	(1ull << 32)
#define ALL	VX_MEM_ALL

static struct vx_mem_table *mem, *tlb;

static int setup(void **state)
{
	const struct vx_mem_region r[] = {
		{ .gpa = 0, .size = LOW, .vmm_addr = VMM, .uaddr = ENGINE },
		{ .gpa = HIGH, .size = LOW, .vmm_addr = VMM + LOW, .uaddr = ENGINE + (1ull << 40) },
		/* An alias, and two that are adjacent for the engine, too. */
		{ .gpa = 2 * HIGH, .size = PAGE, .vmm_addr = VMM + PAGE, .uaddr = ENGINE + PAGE },
		{ .gpa = 3 * HIGH, .size = LOW, .vmm_addr = VMM + 4 * LOW, .uaddr = ENGINE + 4 * LOW },
		{ .gpa = 4 * HIGH, .size = LOW, .vmm_addr = VMM + 5 * LOW, .uaddr = ENGINE + 5 * LOW },
	};
	int err;

	mem = vx_mem_table_new(r, VX_ARRAY_SIZE(r), &err);
	tlb = vx_mem_iotlb_new(8);
	return !mem || !tlb;
}

static int teardown(void **state)
{
	vx_mem_table_free(mem);
	vx_mem_table_free(tlb);
	vx_env_fail_alloc(0);
	vx_env_reset();
	return 0;
}

static int map(u64 iova, u64 size, u64 off, u8 perm)
{
	return vx_mem_iotlb_map(tlb, mem, iova, size, VMM + off, perm);
}

/* What the device gets at iova: the engine's address, or 0. */
static u64 at(u64 iova, u8 access)
{
	struct vx_mem_miss miss = { 0 };
	struct vx_iov iov;
	int n = vx_mem_translate(tlb, iova, 1, access, &iov, 1, &miss);

	if (n == 1)
		return iov.uaddr;
	assert_int_equal(n, -EFAULT);
	assert_int_equal(miss.iova, iova);
	assert_int_equal(miss.access, access);
	return 0;
}

static void test_new(void **state)
{
	struct vx_mem_table *t;

	assert_null(vx_mem_iotlb_new(0));
	assert_null(vx_mem_iotlb_new(VX_MEM_IOTLB_MAX + 1));
	vx_env_fail_alloc(1);
	assert_null(vx_mem_iotlb_new(1));
	t = vx_mem_iotlb_new(VX_MEM_IOTLB_MAX);
	assert_non_null(t);
	vx_mem_table_free(t);
	assert_int_equal(at(0, VX_MEM_READ), 0);
}

static void test_map(void **state)
{
	assert_int_equal(map(10 * PAGE, 2 * PAGE, 3 * PAGE, ALL), 0);
	assert_int_equal(at(10 * PAGE - 1, VX_MEM_READ), 0);
	assert_int_equal(at(10 * PAGE, VX_MEM_READ), ENGINE + 3 * PAGE);
	assert_int_equal(at(12 * PAGE - 1, VX_MEM_WRITE), ENGINE + 5 * PAGE - 1);
	assert_int_equal(at(12 * PAGE, VX_MEM_READ), 0);
	assert_int_equal(tlb->region[0].log_gpa, 3 * PAGE);
	/* Neighbours on both sides, the last byte there is. */
	assert_int_equal(map(9 * PAGE, PAGE, 0, VX_MEM_READ), 0);
	assert_int_equal(map(12 * PAGE, PAGE, 0, VX_MEM_WRITE), 0);
	assert_int_equal(map(0 - PAGE, PAGE, PAGE, ALL), 0);
	assert_int_equal(tlb->n, 4);
	assert_int_equal(at(9 * PAGE, VX_MEM_READ), ENGINE);
	assert_int_equal(at(9 * PAGE, VX_MEM_WRITE), 0);
	assert_int_equal(at(12 * PAGE, VX_MEM_READ), 0);
	assert_int_equal(at(12 * PAGE, VX_MEM_WRITE), ENGINE);
	assert_int_equal(at(10 * PAGE, VX_MEM_READ), ENGINE + 3 * PAGE);
	assert_int_equal(at(~0ull, VX_MEM_READ), ENGINE + 2 * PAGE - 1);
}

static void test_refused_maps(void **state)
{
	assert_int_equal(map(PAGE, PAGE, 0, ALL), 0);
	assert_int_equal(map(PAGE, 0, 0, ALL), -EINVAL);
	assert_int_equal(map(PAGE, PAGE, 0, 0), -EINVAL);
	assert_int_equal(map(PAGE, PAGE, 0, 4), -EINVAL);
	assert_int_equal(map(PAGE, PAGE, 0, 7), -EINVAL);
	assert_int_equal(map(0 - PAGE, PAGE + 1, 0, ALL), -EINVAL);
	assert_int_equal(map(PAGE, PAGE, 0 - VMM - 1, ALL), -EINVAL);	/* wraps around for the VMM */
	assert_int_equal(map(PAGE, PAGE, 0 - PAGE, ALL), -EFAULT);
	assert_int_equal(map(PAGE, PAGE + 1, 2 * LOW - PAGE, ALL), -EFAULT);	/* its last byte is nowhere */
	assert_int_equal(map(PAGE, ~0ull - PAGE, 0, ALL), -EINVAL);
	assert_int_equal(map(PAGE, 1ull << 46, 0, ALL), -EFAULT);
	/* None of them did anything. */
	assert_int_equal(tlb->n, 1);
	assert_int_equal(at(PAGE, VX_MEM_WRITE), ENGINE);
}

/* One stretch for the VMM, two for the log and for the engine. */
static void test_map_over_regions(void **state)
{
	struct vx_mem_miss miss;
	struct vx_iov iov[4];
	struct vx_mem_table *small;

	assert_int_equal(map(0, 4 * PAGE, LOW - 2 * PAGE, VX_MEM_WRITE), 0);
	assert_int_equal(tlb->n, 2);
	assert_int_equal(vx_mem_translate(tlb, 100, 4 * PAGE - 100, VX_MEM_WRITE, iov, 4, &miss), 2);
	assert_int_equal(iov[0].uaddr, ENGINE + LOW - 2 * PAGE + 100);
	assert_int_equal(iov[0].gpa, LOW - 2 * PAGE + 100);
	assert_int_equal(iov[0].len, 2 * PAGE - 100);
	assert_int_equal(iov[1].uaddr, ENGINE + (1ull << 40));
	assert_int_equal(iov[1].gpa, HIGH);
	assert_int_equal(iov[1].len, 2 * PAGE);

	small = vx_mem_iotlb_new(1);
	assert_non_null(small);
	assert_int_equal(vx_mem_iotlb_map(small, mem, 0, 4 * PAGE, VMM + LOW - 2 * PAGE, ALL), -ENOSPC);
	assert_int_equal(small->n, 0);
	vx_mem_table_free(small);
}

static void test_map_replaces_what_it_overlaps(void **state)
{
	u32 i;

	for (i = 0; i < 4; i++)
		assert_int_equal(map(2 * i * PAGE, 2 * PAGE, 2 * i * PAGE, ALL), 0);
	assert_int_equal(map(3 * PAGE, 2 * PAGE, 9 * PAGE, VX_MEM_READ), 0);
	assert_int_equal(tlb->n, 3);
	assert_int_equal(at(PAGE, VX_MEM_READ), ENGINE + PAGE);
	assert_int_equal(at(2 * PAGE, VX_MEM_READ), 0);	/* all of an entry goes */
	assert_int_equal(at(3 * PAGE, VX_MEM_READ), ENGINE + 9 * PAGE);
	assert_int_equal(at(3 * PAGE, VX_MEM_WRITE), 0);
	assert_int_equal(at(5 * PAGE, VX_MEM_READ), 0);
	assert_int_equal(at(6 * PAGE, VX_MEM_READ), ENGINE + 6 * PAGE);
}

static void test_unmap(void **state)
{
	static const struct { u64 iova, size; u32 left; } cases[] = {
		{ 0, PAGE, 4 }, { 0, 0, 4 }, { 2 * PAGE, 0, 4 }, { 5 * PAGE, PAGE, 4 }, { 0 - PAGE, PAGE, 4 },
		{ PAGE, 1, 3 }, { 5 * PAGE - 1, 1, 3 }, { 2 * PAGE - 1, 2, 2 }, { 0, 2 * PAGE, 3 }, { PAGE, 4 * PAGE, 0 },
		{ 2 * PAGE, 2 * PAGE, 2 }, { 0, ~0ull, 0 }, { 3 * PAGE, ~0ull, 2 },
	};
	u32 i, k;

	for (i = 0; i < VX_ARRAY_SIZE(cases); i++) {
		u64 last = cases[i].size > ~cases[i].iova ? ~0ull : cases[i].iova + cases[i].size - 1;

		vx_mem_iotlb_clear(tlb);
		for (k = 1; k < 5; k++)
			assert_int_equal(map(k * PAGE, PAGE, k * PAGE, ALL), 0);
		vx_mem_iotlb_unmap(tlb, cases[i].iova, cases[i].size);
		assert_int_equal(tlb->n, cases[i].left);
		for (k = 1; k < 5; k++) {
			bool hit = cases[i].size && cases[i].iova < (k + 1) * PAGE && last >= k * PAGE;

			assert_int_equal(at(k * PAGE, VX_MEM_READ), hit ? 0 : ENGINE + k * PAGE);
		}
	}
	vx_mem_iotlb_clear(tlb);
	assert_int_equal(tlb->n, 0);
}

/* A full table forgets what it was told first. */
static void test_full_table_retires_the_oldest(void **state)
{
	u32 i, k;

	for (i = 0; i < 30; i++) {
		u64 iova = i * 7 % 30 * PAGE;

		assert_int_equal(map(iova, PAGE, i % 16 * PAGE, ALL), 0);
		assert_int_equal(tlb->n, vx_min(i + 1, 8u));
		for (k = 0; k <= i; k++)
			assert_int_equal(!!at(k * 7 % 30 * PAGE, VX_MEM_READ), k + 8 > i);
	}
	/* Two pieces into a full table: two old ones go, neither of the new. */
	assert_int_equal(map(100 * PAGE, 2 * PAGE, LOW - PAGE, ALL), 0);
	assert_int_equal(tlb->n, 8);
	assert_true(at(100 * PAGE, VX_MEM_READ) && at(101 * PAGE, VX_MEM_READ));
	assert_true(at(29 * 7 % 30 * PAGE, VX_MEM_READ) && !at(23 * 7 % 30 * PAGE, VX_MEM_READ));
	/* The clock may wrap around. */
	vx_mem_iotlb_clear(tlb);
	tlb->stamp = ~0u - 4;
	for (i = 0; i < 9; i++)
		assert_int_equal(map(i * PAGE, PAGE, 0, ALL), 0);
	assert_false(at(0, VX_MEM_READ));
	assert_true(at(PAGE, VX_MEM_READ));
}

static void test_ring(void **state)
{
	struct vx_mem_miss miss = { 0 };
	u64 uaddr, gpa;

	assert_int_equal(map(PAGE, PAGE, 5 * PAGE, ALL), 0);
	assert_int_equal(map(2 * PAGE, PAGE, 6 * PAGE, ALL), 0);
	assert_int_equal(map(3 * PAGE, PAGE, 7 * PAGE, VX_MEM_READ), 0);
	assert_int_equal(map(5 * PAGE, PAGE, 9 * PAGE, ALL), 0);
	assert_int_equal(vx_mem_iotlb_ring(tlb, PAGE + 64, 2 * PAGE, VX_MEM_READ, &uaddr, &gpa, &miss), 0);
	assert_int_equal(uaddr, ENGINE + 5 * PAGE + 64);
	assert_int_equal(gpa, 5 * PAGE + 64);
	assert_int_equal(vx_mem_iotlb_ring(tlb, PAGE, 3 * PAGE, VX_MEM_READ, &uaddr, &gpa, &miss), 0);
	assert_int_equal(vx_mem_iotlb_ring(tlb, PAGE, 3 * PAGE + 1, VX_MEM_READ, &uaddr, &gpa, &miss), -EAGAIN);
	assert_int_equal(miss.iova, 4 * PAGE);
	assert_int_equal(miss.access, VX_MEM_READ);
	/* The device both reads and writes it. */
	assert_int_equal(vx_mem_iotlb_ring(tlb, PAGE, 3 * PAGE, ALL, &uaddr, &gpa, &miss), -EAGAIN);
	assert_int_equal(miss.iova, 3 * PAGE);
	assert_int_equal(miss.access, ALL);
	/* A hole in the engine's address space, then only in guest-physical memory. */
	assert_int_equal(map(4 * PAGE, PAGE, 9 * PAGE, ALL), 0);
	assert_int_equal(vx_mem_iotlb_ring(tlb, 3 * PAGE, 2 * PAGE, VX_MEM_READ, &uaddr, &gpa, &miss), -EFAULT);
	assert_int_equal(map(0, 2 * PAGE, 5 * LOW - PAGE, ALL), 0);
	assert_int_equal(vx_mem_iotlb_ring(tlb, 0, 2 * PAGE, VX_MEM_READ, &uaddr, &gpa, &miss), -EFAULT);
	assert_int_equal(vx_mem_iotlb_ring(tlb, 0, PAGE, VX_MEM_READ, &uaddr, &gpa, &miss), 0);
	/* Ends of the address space. */
	assert_int_equal(vx_mem_iotlb_ring(tlb, 0, 0, VX_MEM_READ, &uaddr, &gpa, &miss), -EFAULT);
	assert_int_equal(vx_mem_iotlb_ring(tlb, ~0ull, 2, VX_MEM_READ, &uaddr, &gpa, &miss), -EFAULT);
	assert_int_equal(vx_mem_iotlb_ring(tlb, 0, ~0ull, VX_MEM_READ, &uaddr, &gpa, &miss), -EFAULT);
	vx_mem_iotlb_clear(tlb);
	tlb->n = 2;
	tlb->region[0] = (struct vx_mem_region) { .gpa = 0, .size = 1, .uaddr = 0, .perm = ALL };
	tlb->region[1] = (struct vx_mem_region) { .gpa = 1, .size = ~0ull, .uaddr = 1, .log_gpa = 1, .perm = ALL };
	assert_int_equal(vx_mem_iotlb_ring(tlb, 0, 16, VX_MEM_READ, &uaddr, &gpa, &miss), 0);
	assert_int_equal(vx_mem_iotlb_ring(tlb, 0, ~0ull, VX_MEM_READ, &uaddr, &gpa, &miss), 0);
}

/* Random maps and unmaps against one byte of truth per page. */
static void test_random(void **state)
{
	struct { u64 entry, uaddr; u8 perm; } page[64] = { { 0, 0, 0 } };
	u32 round, i, k;

	vx_mem_table_free(tlb);
	tlb = vx_mem_iotlb_new(64);	/* never full */
	pkt_seed(5);
	for (round = 1; round < 20000; round++) {
		u32 first = pkt_rand() % 64, n = 1 + pkt_rand() % vx_min(64 - first, 6u), off = pkt_rand() % 24, skip = pkt_rand() % PAGE;
		u8 perm = 1 + pkt_rand() % 3;
		bool mapped = pkt_rand() % 3;

		if (mapped)
			assert_int_equal(map(first * PAGE, n * PAGE, off * PAGE, perm), 0);
		else
			vx_mem_iotlb_unmap(tlb, first * PAGE + skip, n * PAGE - skip);
		for (i = first; i < first + n; i++) {
			u64 gone = page[i].entry;

			for (k = 0; gone && k < 64; k++)
				if (page[k].entry == gone)
					page[k].perm = page[k].entry = 0;
		}
		for (i = 0; mapped && i < n; i++) {
			u64 o = off + i;

			page[first + i].entry = 2 * round + (o >= 16);	/* regions are entries of their own */
			page[first + i].uaddr = o < 16 ? ENGINE + o * PAGE : ENGINE + (1ull << 40) + (o - 16) * PAGE;
			page[first + i].perm = perm;
		}
		for (i = 0; i < 64; i++) {
			assert_int_equal(at(i * PAGE + 7, VX_MEM_READ), page[i].perm & VX_MEM_READ ? page[i].uaddr + 7 : 0);
			assert_int_equal(at(i * PAGE + 7, VX_MEM_WRITE), page[i].perm & VX_MEM_WRITE ? page[i].uaddr + 7 : 0);
		}
	}
}

#define CASE(name)	cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(new), CASE(map), CASE(refused_maps), CASE(map_over_regions), CASE(map_replaces_what_it_overlaps),
		CASE(unmap), CASE(full_table_retires_the_oldest), CASE(ring), CASE(random),
	};

	return cmocka_run_group_tests_name("mem_iotlb", tests, NULL, NULL);
}
