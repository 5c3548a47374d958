// SPDX-License-Identifier: GPL-2.0-or-later
/* A super-frame from one guest to another that stays whole: through a tx pump, two sockets and an rx pump. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "fake_xsk.h"
#include "guest_driver.h"
#include "packet.h"
#include "pump.h"
#include <vhost_xdp/whole.h>

#define BIT(n)		(1ULL << (n))
#define NEEDS		VIRTIO_NET_HDR_F_NEEDS_CSUM
#define FRAME_MAX	1514u
#define MSS		1400u
#define HDR		12u
#define CHUNK		4096u
#define ROOM		(128u << 10)
#define ALL_KINDS	(VX_WHOLE_TSO4 | VX_WHOLE_TSO6 | VX_WHOLE_ECN | VX_WHOLE_USO4 | VX_WHOLE_USO6)
#define CWR		0x80
#define FEATURES	(VX_CORE_FEATURES & ~(BIT(VIRTIO_F_RING_PACKED) | BIT(VIRTIO_RING_F_EVENT_IDX)))
#define TOKENS		4096u

static struct vx_engine_page page;
static struct fx *from, *to;
static struct vx_tx *tx;
static struct vx_rx *rx;
static struct vx_vring *vq;
static struct gd *gd;
static struct vx_queue_stats sent, got;
static struct pkt p;
static u64 mem;
static u8 bytes[HDR + PKT_MAX], result[HDR + PKT_MAX];
static struct gd_sg buffer[TOKENS];
static u32 nposted;
static u64 next_gpa;

static int setup(void **state)
{
	pkt_seed(5);
	memset(&sent, 0, sizeof(sent));
	memset(&got, 0, sizeof(got));
	memset(&page, 0, sizeof(page));
	from = fx_new(512, CHUNK, 256, 0xffffff80);
	to = fx_new(512, CHUNK, 256, 0xffffff80);
	from->x.sg = to->x.sg = true;
	from->x.page = &page;
	tx = malloc(sizeof(*tx));
	vx_tx_init(tx, NULL, &vx_xsk_sink, &from->x, &sent, FEATURES, FRAME_MAX);
	gd = gd_new(false, 256, FEATURES, 0);
	vq = calloc(1, sizeof(*vq));
	assert_int_equal(gd_start(gd, vq), 0);
	rx = malloc(sizeof(*rx));
	vx_rx_init(rx, vq, &vx_xsk_source, &to->x, &got, FEATURES);
	vx_xsk_refill(&to->x);
	mem = vx_env_guest_map(0, ROOM);
	next_gpa = GD_DATA_GPA;
	nposted = 0;
	return 0;
}

static int teardown(void **state)
{
	fx_free(from);
	fx_free(to);
	gd_free(gd);
	free(vq);
	free(tx);
	free(rx);
	vx_env_fail_access(0);
	vx_env_reset();
	return 0;
}

static u8 gso_type(void)
{
	u8 type = p.ip6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;

	if (p.proto == 17)
		return VIRTIO_NET_HDR_GSO_UDP_L4;
	return p.flags & CWR ? type | VIRTIO_NET_HDR_GSO_ECN : type;
}

/* The guest sends p as one buffer. */
static enum vx_reason send(u16 mss)
{
	struct vx_iov iov[2];
	u32 len, cut;

	pkt_make(&p);
	pkt_vnet(bytes, NEEDS, gso_type(), mss, p.l4, pkt_csum_offset(&p));
	memcpy(bytes + HDR, p.data, p.len);
	len = HDR + p.len;
	cut = pkt_rand() % len;
	memcpy(vx_env_guest_ptr(mem, len), bytes, len);
	iov[0] = (struct vx_iov) { .uaddr = mem, .len = cut };
	iov[1] = (struct vx_iov) { .uaddr = mem + cut, .len = len - cut };
	return vx_tx_one(tx, iov, 2);
}

static u32 transmit(void)
{
	u32 n;

	fx_forget_sent(from);
	fx_transmit(from, UINT32_MAX);
	n = from->nsent;
	vx_xsk_complete(&from->x, 4096);
	assert_int_equal(fx_check(from), 0);
	return n;
}

static void neighbour(u32 kinds)
{
	*vx_near_slot(&page, p.data) = vx_near_entry(p.data, kinds);
}

/* A frame as veth and AF_XDP bring it: 256 bytes of headroom in each chunk. */
static void receive(const u8 *data, u32 len)
{
	while (len) {
		u32 n = vx_min(len, CHUNK - FX_HEADROOM);
		u64 addr;

		assert_true(fx_take_fill(to, &addr));
		memcpy(to->area + addr + FX_HEADROOM, data, n);
		fx_receive_desc(to, addr + FX_HEADROOM, n, len > n ? FX_CONTD : 0);
		data += n;
		len -= n;
	}
}

static void post(u32 n, u32 len)
{
	while (n--) {
		struct gd_sg *sg = &buffer[nposted % TOKENS];

		if (next_gpa + len > GD_DATA_SPLIT)
			next_gpa = GD_DATA_GPA;
		*sg = (struct gd_sg) { .gpa = next_gpa, .len = len };
		next_gpa += len;
		assert_int_equal(gd_add(gd, sg, 0, 1, GD_DIRECT, nposted++ % TOKENS), 0);
	}
	gd_publish(gd);
}

/* The next frame that the guest got, with its header, into result. Returns the length, 0: none. */
static u32 taken(void)
{
	u32 n = 1, i, at = 0, len;
	u64 token;

	for (i = 0; i < n && gd_get_used(gd, &token, &len); i++) {
		gd_read(gd, buffer[token].gpa, result + at, len);
		if (!i)
			n = result[10] | result[11] << 8;
		at += len;
	}
	assert_true(!i || i == n);
	return at;
}

static void pump(void)
{
	enum vx_pump_status status;

	do {
		status = vx_rx_pump(rx).status;
	} while (status == VX_PUMP_MORE);
	assert_int_not_equal(status, VX_PUMP_BROKEN);
	vx_xsk_refill(&to->x);
}

/* What the guest at the other end got is what the one at this end sent, header and all. */
static void assert_same(void)
{
	u16 mss = result[4] | result[5] << 8;

	pkt_vnet(bytes, NEEDS, gso_type(), mss, p.l4, pkt_csum_offset(&p));
	bytes[2] = p.hdr_len;
	bytes[3] = p.hdr_len >> 8;
	assert_memory_equal(result, bytes, 10);
	assert_memory_equal(result + HDR, p.data, p.len);
}

static void shape(u32 round)
{
	p = (struct pkt) {
		.proto = round & 1 ? 17 : 6,
		.ip6 = round & 2,
		.tags = round >> 2 & 1,
		.flags = round & 8 ? 0x18 | CWR : 0x19,
		.tcp_opts = 4 * (pkt_rand() % 11),
		.id = pkt_rand(),
		.seq = pkt_rand(),
		.payload = VX_WHOLE_MIN + pkt_rand() % 60000,
	};
}

static void test_from_guest_to_guest(void **state)
{
	static const u32 size[] = { 1526, 4096, 2000, 65562 };
	u32 round, segs = 0;

	for (round = 0; round < 600; round++) {
		u32 len = size[round % 4], mss, n = sent.packets;

		shape(round);
		/* At most 120 segments: datagrams have no more. */
		mss = p.payload / 120 + 1 + pkt_rand() % 800;
		pkt_seed(round);
		pkt_make(&p);	/* its addresses */
		neighbour(ALL_KINDS);
		pkt_seed(round);
		assert_int_equal(send(mss), VX_REASON_NONE);
		segs += (p.payload + mss - 1) / mss;
		assert_int_equal(sent.packets, segs);
		assert_true(segs > n);
		assert_int_equal(transmit(), 1);
		assert_int_equal(from->sent[0].len, p.len);
		assert_true(from->sent[0].pieces <= VX_PIECES_MAX);
		assert_int_equal(vx_get_be16(from->sent[0].data + p.l4 + pkt_csum_offset(&p)), mss);

		post(p.len / len + 2, len);
		receive(from->sent[0].data, from->sent[0].len);
		pump();
		assert_int_equal(taken(), HDR + p.len);
		assert_int_equal(result[4] | result[5] << 8, mss);
		assert_same();
		assert_int_equal(got.packets, segs);
		while (taken())
			fail();
		assert_int_equal(fx_check(to), 0);
		teardown(NULL);
		setup(NULL);
		segs = 0;
	}
}

/* What may not stay whole is segmented as ever. */
static void test_segmented(void **state)
{
	static const struct {
		const char *what;
		u32 kinds, ip_opts, payload, mss;
		bool ext, no_sg;
	} rows[] = {
		{ "unknown", 0, 0, 20000, MSS, false, false },
		{ "of another kind", ALL_KINDS & ~VX_WHOLE_TSO4, 0, 20000, MSS, false, false },
		{ "IP options", ALL_KINDS, 4, 20000, MSS, false, false },
		{ "too short", ALL_KINDS, 0, VX_WHOLE_MIN - 54, MSS, false, false },
		{ "too long", ALL_KINDS, 0, VX_WHOLE_MAX - 53, MSS, false, false },
		{ "a socket without pieces", ALL_KINDS, 0, 20000, MSS, false, true },
	};
	u32 i, n;

	for (i = 0; i < VX_ARRAY_SIZE(rows); i++) {
		from->x.sg = !rows[i].no_sg;
		p = (struct pkt) { .proto = 6, .payload = rows[i].payload, .ip_opts = rows[i].ip_opts };
		pkt_seed(9);
		pkt_make(&p);
		if (rows[i].kinds)
			neighbour(rows[i].kinds);
		pkt_seed(9);
		assert_int_equal(send(rows[i].mss), VX_REASON_NONE);
		n = (p.payload + rows[i].mss - 1) / rows[i].mss;
		if (transmit() != n)
			fail_msg("%s: %u frames", rows[i].what, from->nsent);
		while (n--)
			assert_null(pkt_judge(&p, rows[i].mss, n, from->nsent, from->sent[n].data, from->sent[n].len));
		memset(&page, 0, sizeof(page));
	}
}

/* A piece's copy fails: the frame is dropped, and the next ones, of segments, leave one by one. */
static void test_fault_in_a_piece(void **state)
{
	u32 at;

	for (at = 1; at < 8; at++) {
		u64 faults = sent.drops[VX_REASON_GUEST_FAULT];

		p = (struct pkt) { .proto = 6, .payload = 30000 };
		pkt_seed(9);
		pkt_make(&p);
		neighbour(ALL_KINDS);
		pkt_seed(9);
		vx_env_fail_access(at);
		assert_int_equal(send(MSS), VX_REASON_GUEST_FAULT);
		vx_env_fail_access(0);
		assert_int_equal(sent.drops[VX_REASON_GUEST_FAULT], faults + 1);
		assert_int_equal(transmit(), 0);
		memset(&page, 0, sizeof(page));
		pkt_seed(9);
		assert_int_equal(send(MSS), VX_REASON_NONE);
		assert_int_equal(transmit(), 22);
	}
}

static void whole(struct pkt *q)
{
	vx_put_be16(q->data + q->l4 + pkt_csum_offset(q), MSS);
}

static void make(u32 payload)
{
	p = (struct pkt) { .proto = 6, .flags = 0x10, .payload = payload, .seq = 1000 };
	pkt_make(&p);
}

/* Nothing of what lies reaches the guest. */
static void test_unsound(void **state)
{
	static const struct {
		const char *what;
		u32 off;	/* from l3 */
		u8 value;
	} rows[] = {
		{ "version", 0, 0x55 }, { "header length", 0, 0x46 }, { "length", 2, 0x10 }, { "a fragment", 6, 0x20 },
		{ "protocol", 9, 1 }, { "IP checksum", 10, 0 }, { "short TCP header", 20 + 12, 0x40 }, { "size of segments", 20 + 16, 0xff },
	};
	u32 i;

	post(200, 4096);
	for (i = 0; i < VX_ARRAY_SIZE(rows); i++) {
		make(20000);
		whole(&p);
		p.data[p.l3 + rows[i].off] = rows[i].value;
		receive(p.data, p.len);
		pump();
		if (taken())
			fail_msg("%s", rows[i].what);
		assert_int_equal(got.drops[VX_REASON_OVERSIZE], i + 1);
	}
	make(20000);
	vx_put_be16(p.data + p.l4 + 16, 0);
	receive(p.data, p.len);
	make(20000);
	vx_put_be16(p.data + p.l4 + 16, 20000);
	receive(p.data, p.len);
	pump();
	assert_int_equal(taken(), 0);
	assert_int_equal(fx_drops(&got), i + 2);
	assert_int_equal(fx_check(to), 0);
}

/* The guest switches off what it took: dropped, each as one. */
static void test_not_wanted(void **state)
{
	static const u64 offloads[] = {
		0, BIT(VIRTIO_NET_F_GUEST_CSUM), BIT(VIRTIO_NET_F_GUEST_TSO4), BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_GUEST_TSO6),
	};
	u32 i;

	post(200, 4096);
	for (i = 0; i < VX_ARRAY_SIZE(offloads); i++) {
		vx_rx_set_offloads(rx, offloads[i]);
		assert_int_equal(vx_rx_whole(rx) & VX_WHOLE_TSO4, 0);
		make(20000);
		whole(&p);
		receive(p.data, p.len);
		make(500);
		receive(p.data, p.len);
		pump();
		assert_int_equal(taken(), HDR + p.len);
		assert_int_equal(taken(), 0);
		assert_int_equal(got.drops[VX_REASON_OVERSIZE], i + 1);
	}
	vx_rx_set_offloads(rx, ~0ull);
	assert_int_equal(vx_rx_whole(rx), ALL_KINDS);
}

/* Too few buffers: it waits, whole, and comes when there are. Too small a ring for it: dropped. */
static void test_waits_for_buffers(void **state)
{
	make(20000);
	whole(&p);
	receive(p.data, p.len);
	post(4, 4096);
	pump();
	assert_int_equal(taken(), 0);
	assert_int_equal(to->um.count[VX_OWNER_RX], 6);
	post(1, 4096);
	pump();
	assert_int_equal(taken(), HDR + p.len);
	assert_int_equal(fx_drops(&got), 0);
	post(150, 256);
	make(60000);
	whole(&p);
	receive(p.data, p.len);
	pump();
	assert_int_equal(taken(), 0);
	assert_int_equal(got.drops[VX_REASON_NO_GUEST_BUFFER], (60000 + MSS - 1) / MSS);
}

static void segment(u32 seq, u32 port)
{
	p = (struct pkt) { .proto = 6, .flags = 0x10, .payload = MSS, .seq = seq, .id = seq / MSS };
	pkt_seed(77);
	pkt_make(&p);
	vx_put_be16(p.data + p.l4, port);
	vx_put_be16(p.data + p.l4 + 16, ~pkt_sum(0, p.data + p.l4, p.len - p.l4));
}

/* Segments of the same flow before and after it are merged among themselves, and nothing changes places. */
static void test_order_within_a_flow(void **state)
{
	static const u32 want[] = { 2 * MSS, 20000, 2 * MSS };
	u32 i, seq = 5000;

	post(100, 4096);
	for (i = 0; i < 5; i++) {
		if (i == 2) {
			p = (struct pkt) { .proto = 6, .flags = 0x10, .payload = 20000, .seq = seq };
			pkt_seed(77);
			pkt_make(&p);
			vx_put_be16(p.data + p.l4, 99);
			whole(&p);
			seq += 20000;
		} else {
			segment(seq, 99);
			seq += MSS;
		}
		receive(p.data, p.len);
	}
	pump();
	seq = 5000;
	for (i = 0; i < 3; i++) {
		assert_int_equal(taken(), HDR + p.hdr_len + want[i]);
		assert_int_equal(vx_get_be32(result + HDR + p.l4 + 4), seq);
		seq += want[i];
	}
	assert_int_equal(taken(), 0);
	assert_int_equal(fx_drops(&got), 0);
}

static void test_thrown_away(void **state)
{
	make(20000);
	receive(p.data, p.len);
	make(500);
	receive(p.data, p.len);
	assert_int_equal(vx_rx_discard(&vx_xsk_source, &to->x, &got, VX_REASON_NO_BACKEND), 2);
	assert_int_equal(got.drops[VX_REASON_NO_BACKEND], 2);
	assert_int_equal(fx_check(to), 0);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_from_guest_to_guest),
		TEST(test_segmented),
		TEST(test_fault_in_a_piece),
		TEST(test_unsound),
		TEST(test_not_wanted),
		TEST(test_waits_for_buffers),
		TEST(test_order_within_a_flow),
		TEST(test_thrown_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
