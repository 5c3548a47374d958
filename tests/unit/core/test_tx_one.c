// SPDX-License-Identifier: GPL-2.0-or-later
/* One frame from a buffer of the caller's own: the checks of the tx pump, without a vring. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "fake_xsk.h"
#include "packet.h"
#include "pump.h"

#define NEEDS		VIRTIO_NET_HDR_F_NEEDS_CSUM
#define V4		VIRTIO_NET_HDR_GSO_TCPV4
#define V6		VIRTIO_NET_HDR_GSO_TCPV6
#define FRAME_MAX	1514u
#define MSS		1400u
#define ROOM		(128u << 10)
#define PIECES		8u

static struct fx *fx;
static struct vx_tx *tx;
static struct vx_queue_stats st;
static struct pkt p;
static u64 mem;		/* the caller's memory */
static u8 bytes[12 + PKT_MAX];

static int setup(void **state)
{
	pkt_seed(3);
	memset(&st, 0, sizeof(st));
	tx = malloc(sizeof(*tx));
	fx = fx_new(256, 2048, 128, 0xffffff80);
	vx_tx_init(tx, NULL, &vx_xsk_sink, &fx->x, &st, VX_CORE_FEATURES, FRAME_MAX);
	mem = vx_env_guest_map(0, ROOM);
	return 0;
}

static int teardown(void **state)
{
	fx_free(fx);
	free(tx);
	vx_env_fail_access(0);
	vx_env_reset();
	return 0;
}

/* Whatever becomes of it, no frame stays behind and it is counted once. */
static enum vx_reason send(const struct vx_iov *iov, u32 n)
{
	u64 packets = st.packets, drops = fx_drops(&st);
	enum vx_reason why;

	vx_env_scope_begin();
	why = vx_tx_one(tx, iov, n);
	vx_env_scope_end();
	assert_int_equal(tx->nframe, 0);
	assert_int_equal(tx->nready, 0);
	assert_int_equal(fx_check(fx), 0);
	if (why) {
		assert_true(fx_drops(&st) > drops);
		assert_true(st.drops[why] > 0);
	} else {
		assert_int_equal(fx_drops(&st), drops);
		assert_true(st.packets > packets);
	}
	return why;
}

/* The first len bytes, in n pieces of random lengths. */
static enum vx_reason send_bytes(u32 len, u32 n)
{
	struct vx_iov iov[PIECES];
	u64 at = mem;
	u32 i, off = 0;

	for (i = 0; i < n; i++) {
		u32 part = i + 1 < n ? pkt_rand() % (len - off + 1) : len - off;

		memcpy(vx_env_guest_ptr(at, part), bytes + off, part);
		iov[i] = (struct vx_iov) { .uaddr = at, .len = part };
		at += part + 5;
		off += part;
	}
	return send(iov, n);
}

static u32 drain(void)
{
	u32 n = fx_transmit(fx, UINT32_MAX);

	vx_xsk_complete(&fx->x, 4096);
	assert_int_equal(fx->x.outstanding_tx, 0);
	return n;
}

static void test_one_frame(void **state)
{
	u32 n, len;

	for (n = 1; n <= PIECES; n++) {
		for (len = 14; len <= FRAME_MAX; len += 100) {
			pkt_noise(bytes, sizeof(bytes));
			pkt_vnet(bytes, 0, 0, 0, 0, 0);
			assert_int_equal(send_bytes(12 + len, n), VX_REASON_NONE);
			assert_int_equal(drain(), 1);
			assert_int_equal(fx->sent[0].len, len);
			assert_memory_equal(fx->sent[0].data, bytes + 12, len);
			fx_forget_sent(fx);
		}
	}
	assert_int_equal(st.packets, PIECES * 16);
	assert_int_equal(fx_drops(&st), 0);
}

static void test_header_lengths(void **state)
{
	static const u32 lens[] = { 0, 10, 12 };
	u32 i, n;

	for (i = 0; i < VX_ARRAY_SIZE(lens); i++) {
		for (n = 1; n < 4; n++) {
			tx->hdr_len = lens[i];
			pkt_noise(bytes, sizeof(bytes));
			if (lens[i])
				memset(bytes, 0, lens[i]);
			assert_int_equal(send_bytes(lens[i] + 60, n), VX_REASON_NONE);
			assert_int_equal(drain(), 1);
			assert_int_equal(fx->sent[0].len, 60);
			assert_memory_equal(fx->sent[0].data, bytes + lens[i], 60);
			fx_forget_sent(fx);
			assert_int_equal(send_bytes(lens[i] + 13, n), VX_REASON_RUNT);
			assert_int_equal(send_bytes(lens[i] + FRAME_MAX + 1, n), VX_REASON_OVERSIZE);
		}
	}
}

struct refusal {
	u8 flags, type;
	u16 mss, start, offset;
	u32 len;
	enum vx_reason want;
};

/* CVE-2024-41090, -41091: this path has every check that the vring's has. */
static void test_CVE_2024_41090_refused_frames(void **state)
{
	static const struct refusal cases[] = {
		{ 0, 0, 0, 0, 0, 0, VX_REASON_BAD_VNET_HDR },
		{ 0, 0, 0, 0, 0, 11, VX_REASON_BAD_VNET_HDR },
		{ 0, 0, 0, 0, 0, 12, VX_REASON_RUNT },
		{ 0, 0, 0, 0, 0, 12 + 13, VX_REASON_RUNT },
		{ NEEDS, V4, MSS, 34, 16, 12 + 13, VX_REASON_RUNT },
		{ 0, 0, 0, 0, 0, 12 + FRAME_MAX + 1, VX_REASON_OVERSIZE },
		{ 0, 0, 0, 0, 0, 60000, VX_REASON_OVERSIZE },
		{ NEEDS, 0, 0, 50, 9, 12 + 60, VX_REASON_BAD_CSUM },
		{ NEEDS, 0, 0, 0xffff, 0xffff, 12 + 60, VX_REASON_BAD_CSUM },
		{ NEEDS, VIRTIO_NET_HDR_GSO_UDP, MSS, 34, 6, 12 + 3000, VX_REASON_BAD_VNET_HDR },
		{ 0, 77, 0, 0, 0, 12 + 60, VX_REASON_BAD_VNET_HDR },
		{ NEEDS, V4, 0, 34, 16, 12 + 60, VX_REASON_BAD_GSO },
		{ 0, V4, MSS, 0, 0, 12 + 60, VX_REASON_BAD_GSO },
		{ NEEDS, V4, MSS, 34, 16, 12 + 60, VX_REASON_BAD_GSO },	/* noise behind the header is no TCP */
		{ NEEDS, V6, MSS, 54, 16, 12 + 3000, VX_REASON_BAD_GSO },
	};
	u32 i, n;

	for (i = 0; i < VX_ARRAY_SIZE(cases); i++) {
		const struct refusal *c = &cases[i];

		for (n = 1; n < 4; n++) {
			pkt_noise(bytes, sizeof(bytes));
			pkt_vnet(bytes, c->flags, c->type, c->mss, c->start, c->offset);
			assert_int_equal(send_bytes(c->len, n), c->want);
		}
	}
	assert_int_equal(fx_drops(&st), 3 * VX_ARRAY_SIZE(cases));
	assert_int_equal(drain(), 0);
	assert_int_equal(send(NULL, 0), VX_REASON_BAD_VNET_HDR);
}

/* Lengths that only 64 bits hold, and more pieces than any chain has. */
static void test_buffers_beyond_all_measure(void **state)
{
	struct vx_iov huge[2] = { { .uaddr = mem, .len = ~0u }, { .uaddr = mem, .len = 62 } };
	struct vx_iov *many = calloc(VX_CHAIN_IOVS + 1, sizeof(*many));
	u32 i;

	/* In 32 bits this is 61 bytes. */
	assert_int_equal(send(huge, 2), VX_REASON_OVERSIZE);
	huge[1].len = 0;
	memset(vx_env_guest_ptr(mem, 12), 0, 12);
	assert_int_equal(send(huge, 2), VX_REASON_OVERSIZE);
	for (i = 0; i <= VX_CHAIN_IOVS; i++)
		many[i] = (struct vx_iov) { .uaddr = mem + i, .len = 1 };
	assert_int_equal(send(many, VX_CHAIN_IOVS + 1), VX_REASON_OVERSIZE);
	assert_int_equal(send(many, VX_CHAIN_IOVS), VX_REASON_NONE);
	assert_int_equal(drain(), 1);
	assert_int_equal(fx->sent[0].len, VX_CHAIN_IOVS - 12);
	free(many);
}

static void make_super(u32 payload, bool ip6)
{
	p = (struct pkt) { .payload = payload, .proto = 6, .ip6 = ip6 };
	pkt_make(&p);
	pkt_vnet(bytes, NEEDS, ip6 ? V6 : V4, MSS, p.l4, 16);
	memcpy(bytes + 12, p.data, p.len);
}

static void test_super_frames(void **state)
{
	u32 round, i;

	for (round = 0; round < 60; round++) {
		u32 n;

		make_super(1 + pkt_rand() % 65000, round & 1);
		assert_int_equal(send_bytes(12 + p.len, 1 + round % PIECES), VX_REASON_NONE);
		n = drain();
		assert_int_equal(n, (p.payload + MSS - 1) / MSS);
		for (i = 0; i < n; i++)
			assert_null(pkt_judge(&p, MSS, i, n, fx->sent[i].data, fx->sent[i].len));
		fx_forget_sent(fx);
	}
	assert_int_equal(st.supers, 60);
	assert_int_equal(fx_drops(&st), 0);
}

/* No frame free: the buffer is dropped and counted at once, and none of a super-frame's segments leaves alone. */
static void test_no_frames_free(void **state)
{
	u32 i;

	fx->hold_completions = true;
	memset(bytes, 0, 72);
	for (i = 0; i < 120; i++)
		assert_int_equal(send_bytes(72, 1), VX_REASON_NONE);
	make_super(20 * MSS, false);
	assert_int_equal(send_bytes(12 + p.len, 3), VX_REASON_TX_FAILED);
	assert_int_equal(st.drops[VX_REASON_TX_FAILED], 1);
	assert_int_equal(fx_transmit(fx, UINT32_MAX), 120);
	memset(bytes, 0, 72);
	for (i = 0; i < 8; i++)
		assert_int_equal(send_bytes(72, 1), VX_REASON_NONE);
	for (i = 0; i < 8; i++)
		assert_int_equal(send_bytes(72, 1), VX_REASON_TX_FAILED);
	assert_int_equal(st.packets, 128);
	assert_int_equal(st.drops[VX_REASON_TX_FAILED], 9);

	fx_transmit(fx, UINT32_MAX);
	fx_complete(fx, UINT32_MAX);
	assert_int_equal(vx_xsk_complete(&fx->x, 4096), 128);
	make_super(20 * MSS, false);
	assert_int_equal(send_bytes(12 + p.len, 3), VX_REASON_NONE);
}

static void test_super_frame_larger_than_the_sink(void **state)
{
	p = (struct pkt) { .payload = 10 * 129, .proto = 6 };
	pkt_make(&p);
	pkt_vnet(bytes, NEEDS, V4, 10, p.l4, 16);
	memcpy(bytes + 12, p.data, p.len);
	assert_int_equal(send_bytes(12 + p.len, 1), VX_REASON_BAD_GSO);
	assert_int_equal(drain(), 0);
}

/* A sink that takes only some: said, and counted for each. */
static void test_sink_that_refuses(void **state)
{
	struct vx_sink_ops ops = vx_xsk_sink;
	enum vx_reason why;

	ops.send = fx_half_send;
	tx->sink = &ops;
	make_super(10 * MSS, true);
	memcpy(vx_env_guest_ptr(mem, 12 + p.len), bytes, 12 + p.len);
	why = vx_tx_one(tx, &(struct vx_iov) { .uaddr = mem, .len = 12 + p.len }, 1);
	assert_int_equal(why, VX_REASON_TX_FAILED);
	assert_int_equal(st.packets, 5);
	assert_int_equal(st.drops[VX_REASON_TX_FAILED], 5);
	assert_int_equal(fx_check(fx), 0);
}

/* Each access to the caller's memory fails once. */
static void test_faults(void **state)
{
	u32 kind, n;

	for (kind = 0; kind < 2; kind++) {
		for (n = 1; ; n++) {
			enum vx_reason why;

			make_super(kind ? 5 * MSS : 100, false);
			vx_env_fail_access(n);
			why = send_bytes(12 + p.len, 4);
			vx_env_fail_access(0);
			drain();
			if (!why)
				break;
			assert_int_equal(why, VX_REASON_GUEST_FAULT);
		}
		assert_true(n > 3);
	}
	assert_int_equal(st.errors, 0);	/* no vring was stopped */
}

#define CASE(name)	cmocka_unit_test_setup_teardown(test_##name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(one_frame), CASE(header_lengths), CASE(CVE_2024_41090_refused_frames), CASE(buffers_beyond_all_measure),
		CASE(super_frames), CASE(no_frames_free), CASE(super_frame_larger_than_the_sink),
		CASE(sink_that_refuses), CASE(faults),
	};

	return cmocka_run_group_tests_name("tx_one", tests, NULL, NULL);
}
