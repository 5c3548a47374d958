/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of test_tx*.c: a guest driver model on one side of the tx pump, a fake kernel on the other. */
#ifndef VX_TEST_TX_FIXTURE_H
#define VX_TEST_TX_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "fake_xsk.h"
#include "guest_driver.h"
#include "packet.h"
#include "pump.h"

#define BIT(n)		(1ULL << (n))
#define FEATURES	(VX_CORE_FEATURES & ~BIT(VIRTIO_F_RING_PACKED) & ~BIT(VIRTIO_RING_F_EVENT_IDX))
#define NEEDS		VIRTIO_NET_HDR_F_NEEDS_CSUM
#define V4		VIRTIO_NET_HDR_GSO_TCPV4
#define V6		VIRTIO_NET_HDR_GSO_TCPV6
#define FRAME_MAX	1514u
#define MSS		1400u

static struct gd *gd;
static struct fx *fx;
static struct vx_vring *vq;
static struct vx_tx *tx;
static struct vx_queue_stats st;
static struct pkt p;
static u64 next_gpa;
static bool refetch;	/* a chain that fails is looked at again by the next fetch, which then reports it */

static void start(bool packed, u64 feat, u32 nframes, u32 ring)
{
	gd = gd_new(packed, 256, feat, packed ? 0x8000 : 0xfff0);
	vq = calloc(1, sizeof(*vq));
	tx = malloc(sizeof(*tx));
	memset(tx, 0xee, sizeof(*tx));
	memset(&st, 0, sizeof(st));
	assert_int_equal(gd_start(gd, vq), 0);
	gd_calls(gd, true);
	fx = fx_new(nframes, 2048, ring, 0xffffff00);
	vx_tx_init(tx, vq, &vx_xsk_sink, &fx->x, &st, gd->features, FRAME_MAX);
	next_gpa = GD_DATA_GPA;
}

static void stop(void)
{
	if (fx)
		fx_free(fx);
	if (gd)
		gd_free(gd);
	free(vq);
	free(tx);
	refetch = false;
	fx = NULL;
	gd = NULL;
	vq = NULL;
	tx = NULL;
	vx_env_fail_access(0);
	vx_env_reset();
}

static int setup_split(void **state)
{
	pkt_seed(1);
	start(false, FEATURES, 1024, 512);
	return 0;
}

static int setup_packed(void **state)
{
	pkt_seed(2);
	start(true, FEATURES, 1024, 512);
	return 0;
}

static int teardown(void **state)
{
	stop();
	return 0;
}

static u64 guest_bytes(const void *data, u32 len)
{
	u64 gpa;

	if (next_gpa + len > GD_DATA_GPA + 2 * GD_DATA_HALF)
		next_gpa = GD_DATA_GPA;
	gpa = next_gpa;
	gd_write(gd, gpa, data, len);
	next_gpa += len + 3;
	return gpa;
}

/* One chain of these bytes, cut in pieces of the given lengths (0-terminated; the rest is one more piece). */
static int post_cut(const u8 *data, u32 len, const u32 *cut, u64 token)
{
	struct gd_sg sg[GD_TABLE_MAX];
	u32 n = 0;

	while (len) {
		u32 part = *cut ? vx_min(*cut++, len) : len;

		sg[n].gpa = guest_bytes(data, part);
		sg[n++].len = part;
		data += part;
		len -= part;
	}
	return gd_add(gd, sg, n, 0, n > 4 ? GD_INDIRECT : GD_DIRECT, token);
}

static u8 buffer[12 + PKT_MAX];

/* A header and a frame, in one piece. */
static void post(u8 flags, u8 type, u16 mss, u16 csum_start, u16 csum_offset, const void *frame, u32 len)
{
	static const u32 whole[] = { 0 };

	pkt_vnet(buffer, flags, type, mss, csum_start, csum_offset);
	memcpy(buffer + 12, frame, len);
	assert_int_equal(post_cut(buffer, 12 + len, whole, 0), 0);
	gd_publish(gd);
}

static void post_plain(const void *frame, u32 len)
{
	post(0, 0, 0, 0, 0, frame, len);
}

static struct vx_pump_result pump(void)
{
	struct vx_pump_result r;

	if (!refetch)
		vx_env_scope_begin();
	r = vx_tx_pump(tx);
	vx_env_scope_end();
	assert_int_equal(vq->nfetched, 0);
	assert_int_equal(tx->nframe, 0);
	assert_int_equal(tx->nready, 0);
	assert_int_equal(fx_check(fx), 0);
	return r;
}

/* Everything through, however many calls it takes. */
static void pump_all(void)
{
	struct vx_pump_result r;
	u32 i = 0;

	do {
		r = pump();
		fx_transmit(fx, UINT32_MAX);
		vx_xsk_complete(&fx->x, 4096);
		assert_true(++i < 10000);
	} while (r.status == VX_PUMP_MORE || r.status == VX_PUMP_BLOCKED);
	assert_int_equal(r.status, VX_PUMP_IDLE);
}

static u32 used(void)
{
	u32 n = 0, len;
	u64 token;

	while (gd_get_used(gd, &token, &len)) {
		assert_int_equal(len, 0);
		n++;
	}
	return n;
}

#define BOTH(f) \
	{ #f " (split)", f, setup_split, teardown, &split }, { #f " (packed)", f, setup_packed, teardown, &packed }

#endif
