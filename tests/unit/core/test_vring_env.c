// SPDX-License-Identifier: GPL-2.0-or-later
/* The checking environment itself: each of its rules must be able to fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include "vx_env.h"

static u64 at;

static int setup(void **state)
{
	vx_env_collect(true);
	at = vx_env_guest_map(0, 64);
	return 0;
}

static int teardown(void **state)
{
	vx_env_take_violations(NULL);
	vx_env_collect(false);
	vx_env_reset();
	return 0;
}

static void expect(u32 n, const char *text)
{
	const char *last;

	assert_int_equal(vx_env_take_violations(&last), n);
	if (n)
		assert_non_null(strstr(last, text));
}

static void test_bounds(void **state)
{
	u8 b[65];
	u16 v;

	assert_int_equal(vx_guest_read(b, at, 64), 0);
	assert_int_equal(vx_guest_read(b, at + 63, 1), 0);
	expect(0, NULL);
	assert_int_equal(vx_guest_read(b, at, 65), -EFAULT);
	expect(1, "leave");
	assert_int_equal(vx_guest_write(at + 63, b, 2), -EFAULT);
	expect(1, "leave");
	assert_int_equal(vx_guest_get16(&v, at + 64), -EFAULT);
	expect(1, "never");
	assert_int_equal(vx_guest_or8(at - 1, 1), -EFAULT);
	expect(1, "never");
	vx_guest_put16(at + 1, 0);
	expect(1, "odd");
}

static void test_holes_fail_without_blame(void **state)
{
	u8 b;

	vx_env_guest_unmap(at);
	assert_int_equal(vx_guest_read(&b, at, 1), -EFAULT);
	assert_int_equal(vx_guest_write(at, &b, 1), -EFAULT);
	assert_null(vx_env_guest_ptr(at, 1));
	expect(0, NULL);
	assert_int_equal(vx_env_guest_map(at, 64), at);
	assert_int_equal(vx_guest_read(&b, at, 1), 0);
}

static void test_double_fetch(void **state)
{
	u8 b[8];
	u16 v;

	vx_guest_read(b, at, 8);
	vx_guest_read(b, at, 8);
	expect(0, NULL);	/* no scope, no rule */
	vx_env_scope_begin();
	vx_guest_read(b, at, 8);
	vx_guest_read(b, at + 8, 8);
	expect(0, NULL);
	vx_guest_read(b, at + 7, 1);
	expect(1, "twice");
	vx_guest_get16(&v, at + 8);
	expect(1, "twice");
	vx_env_scope_end();
	vx_env_scope_begin();
	vx_guest_read(b, at, 8);
	expect(0, NULL);	/* a new scope */
	vx_env_scope_end();

	vx_env_mark(at, 2, VX_ENV_RACY);
	vx_env_scope_begin();
	vx_guest_get16(&v, at);
	vx_guest_get16(&v, at);
	vx_guest_read(b, at, 8);
	expect(0, NULL);
	vx_env_scope_end();
}

static void test_barriers(void **state)
{
	u8 b[8] = { 0 };
	u16 v;

	vx_env_mark(at, 2, VX_ENV_ACQUIRE);
	vx_env_mark(at + 2, 2, VX_ENV_PUBLISH);
	vx_env_mark(at + 4, 2, VX_ENV_EVENT);
	vx_env_mark(at + 8, 8, VX_ENV_ANNOUNCED);

	vx_guest_get16(&v, at);
	vx_guest_read(b, at + 16, 8);
	expect(0, NULL);
	vx_guest_read(b, at + 8, 8);
	expect(1, "vx_rmb");
	vx_guest_get16(&v, at);
	vx_wmb();
	vx_guest_read(b, at + 8, 8);
	expect(1, "vx_rmb");	/* the wrong barrier is none */
	vx_rmb();
	vx_guest_read(b, at + 8, 8);
	expect(0, NULL);

	vx_guest_write(at + 16, b, 8);
	vx_rmb();
	vx_guest_put16(at + 2, 1);
	expect(1, "vx_wmb");
	vx_wmb();
	vx_guest_put16(at + 2, 1);
	expect(0, NULL);

	vx_wmb();
	vx_rmb();
	vx_guest_get16(&v, at + 4);
	expect(1, "vx_mb");
	vx_mb();
	vx_guest_get16(&v, at + 4);
	expect(0, NULL);
}

static void test_planned_faults(void **state)
{
	u8 b;
	void *p;

	vx_env_fail_access(2);
	assert_int_equal(vx_guest_read(&b, at, 1), 0);
	assert_int_equal(vx_guest_write(at, &b, 1), -EFAULT);
	assert_int_equal(vx_guest_read(&b, at, 1), 0);
	vx_env_fail_alloc(1);
	assert_null(vx_zalloc(1));
	p = vx_zalloc(1);
	assert_non_null(p);
	assert_int_equal(vx_env_live_allocs(), 1);
	vx_free(p);
	assert_int_equal(vx_env_live_allocs(), 0);
	expect(0, NULL);
}

static void test_leaks(void **state)
{
	void *p = vx_zalloc(8);

	vx_env_reset();
	expect(1, "leaked");
	free(p);
}

#define CASE(name)	cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(bounds), CASE(holes_fail_without_blame), CASE(double_fetch), CASE(barriers),
		CASE(planned_faults), CASE(leaks),
	};

	return cmocka_run_group_tests_name("vring_env", tests, NULL, NULL);
}
