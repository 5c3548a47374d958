/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of test_vring_split.c and test_vring_packed.c: a ring of the kind RING_PACKED, and hands to break it with. */
#ifndef VX_TEST_VRING_FIXTURE_H
#define VX_TEST_VRING_FIXTURE_H


#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>
#include <linux/virtio_config.h>
#include "guest_driver.h"

#define EVENT_IDX	(1ULL << VIRTIO_RING_F_EVENT_IDX)
#define INDIRECT	(1ULL << VIRTIO_RING_F_INDIRECT_DESC)
#define NEXT		VRING_DESC_F_NEXT
#define WRITE		VRING_DESC_F_WRITE
#define IND		VRING_DESC_F_INDIRECT
#define FRESH		(RING_PACKED ? 0x8000 : 0)
#define TABLE		(GD_TABLE_GPA + 0x100)

static struct gd *gd;
static struct vx_vring *vq;
static struct vx_chain chains[VX_BATCH];

static void ring(u16 num, u64 features, u16 start)
{
	gd = gd_new(RING_PACKED, num, features, start);
	vq = calloc(1, sizeof(*vq));
	assert_int_equal(gd_start(gd, vq), 0);
}

static int teardown(void **state)
{
	if (gd)
		gd_free(gd);
	free(vq);
	gd = NULL;
	vq = NULL;
	vx_env_hook(NULL);
	vx_env_fail_access(0);
	vx_env_reset();
	return 0;
}

/* A new ring within a test. */
static void again(u16 num, u64 features, u16 start)
{
	teardown(NULL);
	ring(num, features, start);
}

static void post(u64 gpa, u32 len, bool in, u64 token)
{
	struct gd_sg sg = { gpa, len };

	assert_int_equal(gd_add(gd, &sg, !in, in, GD_DIRECT, token), 0);
	gd_publish(gd);
}

static void expect_used(u64 token, u32 len)
{
	u64 t;
	u32 l;

	assert_true(gd_get_used(gd, &t, &l));
	assert_int_equal(t, token);
	assert_int_equal(l, len);
}

static void expect_none(void)
{
	u64 t;
	u32 l;

	assert_false(gd_get_used(gd, &t, &l));
}

static void complete(u32 n)
{
	int got = gd_fetch(vq, chains, n);

	assert_int_equal(got, n);
	while (got--)
		vx_vring_push(vq, &chains[n - got - 1], 0);
	assert_int_equal(vx_vring_flush(vq), 0);
}

static void post_n(u32 n)
{
	while (n--)
		post(GD_DATA_GPA, 1, false, n);
}

/* --- descriptors written by hand, for drivers that break the rules --- */

struct raw {
	u64 addr;
	u32 len;
	u16 flags;
};

static void raw_write(void *at, const struct raw *r, u32 i, u16 extra_flags)
{
	if (RING_PACKED)
		((struct vring_packed_desc *)at)[i] = (struct vring_packed_desc) {
			htole64(r->addr), htole32(r->len), htole16(0x4711), htole16(r->flags | extra_flags) };
	else
		((struct vring_desc *)at)[i] = (struct vring_desc) {
			htole64(r->addr), htole32(r->len), htole16(r->flags), htole16(i + 1) };
}

static void raw_table(u64 gpa, const struct raw *r, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		raw_write(gd_ptr(gd, gpa, n * 16), &r[i], i, 0);
}

/* Put n descriptors into the first slots of a fresh ring, make them available, fetch. */
static int raw_fetch(const struct raw *r, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		raw_write(RING_PACKED ? (void *)gd->pdesc : gd->desc, &r[i], i, 1 << VRING_PACKED_DESC_F_AVAIL);
	if (!RING_PACKED) {
		gd->avail->ring[0] = 0;
		gd->avail->idx = htole16(1);
	}
	return gd_fetch(vq, chains, VX_BATCH);
}

/* A fresh ring, one chain: what does fetch say to it? On an error the vring must be dead, and only it. */
static int verdict(u64 features, const struct raw *r, u32 n)
{
	int ret;

	again(16, features, FRESH);
	ret = raw_fetch(r, n);
	if (ret < 0) {
		assert_true(vq->broken);
		assert_int_equal(gd_fetch(vq, chains, 1), -ESHUTDOWN);
		assert_int_equal(vq->error, ret);
		assert_int_equal(vx_vring_flush(vq), -ESHUTDOWN);
		assert_false(vx_vring_has_avail(vq));
		assert_false(vx_vring_enable_kick(vq));
		assert_false(vx_vring_need_call(vq));
		assert_int_equal(vx_vring_stop(vq), gd->base);
	}
	return ret;
}

#define VERDICT(features, ...) \
	verdict(features, (struct raw[]) { __VA_ARGS__ }, sizeof((struct raw[]) { __VA_ARGS__ }) / sizeof(struct raw))

/* An indirect table by hand, then one descriptor that refers to it. */
#define TABLE_VERDICT(...) ({ \
	struct raw t_[] = { __VA_ARGS__ }, ref_ = { TABLE, sizeof(t_) / sizeof(t_[0]) * 16, IND }; \
	again(16, INDIRECT, FRESH); \
	raw_table(TABLE, t_, sizeof(t_) / sizeof(t_[0])); \
	raw_fetch(&ref_, 1); })

#endif
