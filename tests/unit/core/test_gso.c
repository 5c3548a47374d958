// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "csum.h"
#include "gso.h"
#include "packet.h"
#include "pump.h"

#define HOP	PKT_HOPOPTS
#define ROUTING	43
#define FRAG	44
#define AH	51
#define DSTOPTS	60

static struct pkt p;

static struct vx_vnet_hdr request(u16 mss)
{
	return (struct vx_vnet_hdr) {
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = p.proto == 17 ? VIRTIO_NET_HDR_GSO_UDP_L4 : p.ip6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4,
		.gso_size = mss, .csum_start = p.l4, .csum_offset = pkt_csum_offset(&p),
	};
}

/* As the pump calls it: what comes later in the frame is not there yet. */
static enum vx_reason parse_as(struct vx_gso *g, const struct vx_vnet_hdr *h)
{
	enum vx_reason reason;

	memset(g, 0xdb, sizeof(*g));
	g->head_len = vx_gso_head_len(h, p.len);
	if (!g->head_len)
		return VX_REASON_BAD_GSO;
	memcpy(g->head, p.data, g->head_len);
	reason = vx_gso_parse(g, h, p.len);
	if (reason)
		return reason;
	assert_in_range(g->hdr_len, g->head_len, vx_min(p.len, VX_GSO_HEAD_MAX));
	memcpy(g->head + g->head_len, p.data + g->head_len, g->hdr_len - g->head_len);
	vx_gso_ready(g);
	return VX_REASON_NONE;
}

static enum vx_reason parse(struct vx_gso *g, u16 mss)
{
	struct vx_vnet_hdr h = request(mss);

	return parse_as(g, &h);
}

static void make(struct pkt want)
{
	want.proto = want.proto ? want.proto : 6;
	p = want;
	pkt_make(&p);
}

static void check_all_segments(u16 mss)
{
	static u8 frame[66000];
	u32 i, n = p.payload ? (p.payload + mss - 1) / mss : 1;
	struct vx_gso g;

	assert_int_equal(parse(&g, mss), VX_REASON_NONE);
	assert_int_equal(g.nsegs, n);
	assert_int_equal(g.hdr_len, p.hdr_len);
	for (i = 0; i < n; i++) {
		u32 len = vx_gso_payload(&g, i);
		const char *bad;

		memset(frame, 0xcc, g.hdr_len);
		memcpy(frame + g.hdr_len, p.data + p.hdr_len + i * mss, len);
		vx_gso_finish(&g, i, frame, vx_csum_add(0, frame + g.hdr_len, len));
		bad = pkt_judge(&p, mss, i, n, frame, g.hdr_len + len);
		if (bad)
			fail_msg("segment %u of %u (mss %u, %u bytes): %s", i, n, mss, p.len, bad);
	}
}

static void test_plain_ipv4(void **state)
{
	make((struct pkt) { .payload = 14480, .tcp_opts = 12, .flags = 0x18, .id = 0xfffe, .seq = 0xfffffff0 });
	check_all_segments(1448);
}

static void test_plain_ipv6(void **state)
{
	make((struct pkt) { .ip6 = true, .payload = 14281, .tcp_opts = 12, .flags = 0x19, .seq = 1 });
	check_all_segments(1428);
}

static void test_udp(void **state)
{
	u32 payload;

	for (payload = 0; payload < 9000; payload += payload < 40 ? 1 : 333) {
		make((struct pkt) { .proto = 17, .payload = payload, .id = 0xffff });
		check_all_segments(1 + payload / 20);
		check_all_segments(1472);
		make((struct pkt) { .proto = 17, .ip6 = true, .payload = payload, .ext = { payload & 1 ? DSTOPTS : 0 }, .ext_len = 8 });
		check_all_segments(1452);
	}
	make((struct pkt) { .proto = 17, .payload = VX_UDP_SEGS_MAX });
	check_all_segments(1);
}

/* In UDP 0 says that there is no checksum, in TCP it is one. */
static void test_checksums_that_sum_to_0(void **state)
{
	u32 i, sum, found = 0;
	u8 frame[100];
	struct vx_gso g;

	for (i = 0; i < 2; i++) {
		make((struct pkt) { .proto = i ? 17 : 6, .payload = 20 });
		for (sum = 0; sum < 0x10000; sum++) {
			const u8 *at = frame + p.l4 + pkt_csum_offset(&p);

			assert_int_equal(parse(&g, 10), VX_REASON_NONE);
			vx_gso_finish(&g, 0, frame, sum);
			if (i)
				assert_int_not_equal(vx_get_be16(at), 0);
			found += vx_get_be16(at) == (i ? 0xffff : 0);
		}
		assert_true(found >= i + 1);
	}
}

static void test_flags(void **state)
{
	u32 flags;

	for (flags = 0; flags < 256; flags++) {
		make((struct pkt) { .ip6 = flags & 1, .payload = 300, .flags = flags });
		check_all_segments(100);
		make((struct pkt) { .payload = 300, .flags = flags });
		check_all_segments(300);	/* one segment only: it is the first and the last */
	}
}

static void test_headers_alone(void **state)
{
	make((struct pkt) { .payload = 0, .flags = 0x11 });
	check_all_segments(1448);
	make((struct pkt) { .ip6 = true, .payload = 1, .flags = 0x11 });
	check_all_segments(1);
}

static void test_extension_headers(void **state)
{
	make((struct pkt) { .ip6 = true, .ext = { HOP, DSTOPTS, ROUTING, DSTOPTS }, .ext_len = 16, .payload = 5000 });
	check_all_segments(1000);
	make((struct pkt) { .ip6 = true, .ext = { 60, 60, 60, 60, 60, 60, 60, 60 }, .ext_len = 8, .payload = 5000 });
	check_all_segments(1000);
	/* The longest that fits. */
	make((struct pkt) { .ip6 = true, .tags = 2, .ext = { HOP }, .ext_len = 128, .tcp_opts = 40, .payload = 5000 });
	assert_int_equal(p.hdr_len, 250);
	check_all_segments(1000);
}

static void test_random_frames(void **state)
{
	u32 i;

	pkt_seed(11);
	for (i = 0; i < 6000; i++) {
		struct pkt want = {
			.tags = pkt_rand() % 3, .ip6 = pkt_rand() % 2, .ip_opts = pkt_rand() % 11 * 4, .tcp_opts = pkt_rand() % 11 * 4,
			.flags = pkt_rand(), .id = pkt_rand(), .seq = pkt_rand(),
			.payload = pkt_rand() % (pkt_rand() % 8 ? 3000 : 65000), .proto = pkt_rand() % 3 ? 6 : 17,
		};
		u32 mss = 1 + pkt_rand() % 9000, most = want.proto == 17 ? VX_UDP_SEGS_MAX : VX_GSO_SEGS_MAX;

		if (pkt_rand() % 2) {
			want.ext[0] = pkt_rand() % 2 ? HOP : ROUTING;
			want.ext[1] = pkt_rand() % 2 ? DSTOPTS : 0;
			want.ext_len = 8 * (1 + pkt_rand() % 5);
		}
		make(want);
		if (p.payload / mss >= most)
			mss = p.payload / most + 1;
		check_all_segments(mss);
	}
}

static void refuse(const char *what, enum vx_reason want, u16 mss)
{
	struct vx_gso g;
	enum vx_reason got = parse(&g, mss);

	if (got != want)
		fail_msg("%s: reason %d instead of %d", what, got, want);
}

static void test_headers_that_are_refused(void **state)
{
	static const struct pkt v4 = { .payload = 3000 }, v6 = { .ip6 = true, .payload = 3000 };
	static const struct pkt u4 = { .proto = 17, .payload = 3000 }, u6 = { .proto = 17, .ip6 = true, .payload = 3000 };

#define BREAK(what, base, ...) do { make(base); __VA_ARGS__; refuse(what, VX_REASON_BAD_GSO, 1000); } while (0)
	BREAK("three VLAN tags", ((struct pkt) { .tags = 3, .payload = 3000 }));
	BREAK("ARP", v4, p.data[13] = 6);
	BREAK("IPv6 ethertype on TCPV4", v4, memcpy(p.data + 12, "\x86\xdd", 2));
	BREAK("IPv4 ethertype on TCPV6", v6, memcpy(p.data + 12, "\x08\x00", 2));
	BREAK("IPv4 says version 6", v4, p.data[14] = 0x65);
	BREAK("IPv6 says version 4", v6, p.data[14] = 0x45);
	BREAK("IPv4 header of 16 bytes", v4, p.data[14] = 0x44);
	BREAK("IPv4 header of 0 bytes", v4, p.data[14] = 0x40);
	BREAK("IPv4 options move TCP", v4, p.data[14] = 0x46);
	BREAK("IPv4 more fragments", v4, p.data[20] |= 0x20);
	BREAK("IPv4 fragment offset", v4, p.data[21] = 1);
	BREAK("IPv4 UDP on TCPV4", v4, p.data[23] = 17);
	BREAK("IPv6 UDP on TCPV6", v6, p.data[20] = 17);
	BREAK("IPv4 TCP on UDP_L4", u4, p.data[23] = 6);
	BREAK("IPv6 TCP on UDP_L4", u6, p.data[20] = 6);
	BREAK("ARP on UDP_L4", u4, p.data[13] = 6);
	BREAK("UDP header past the frame", u4, p.len = p.l4 + 7);
	BREAK("UDP more fragments", u4, p.data[20] |= 0x20);
	BREAK("UDP fragment", ((struct pkt) { .proto = 17, .ip6 = true, .ext = { FRAG }, .ext_len = 8, .payload = 3000 }));
	BREAK("IPv6 no next header", ((struct pkt) { .ip6 = true, .payload = 3000, .proto = 59 }));
	BREAK("IPv6 fragment", ((struct pkt) { .ip6 = true, .ext = { FRAG }, .ext_len = 8, .payload = 3000 }));
	BREAK("IPv6 AH", ((struct pkt) { .ip6 = true, .ext = { AH }, .ext_len = 24, .payload = 3000 }));
	BREAK("IPv6 routing under way", ((struct pkt) { .ip6 = true, .ext = { ROUTING }, .ext_len = 24, .payload = 3000 }),
	      p.data[p.l3 + 40 + 3] = 1);
	BREAK("nine extension headers",
	      ((struct pkt) { .ip6 = true, .ext = { 60, 60, 60, 60, 60, 60, 60, 60, 60 }, .ext_len = 8, .payload = 3000 }));
	BREAK("extension header past what may be headers",
	      ((struct pkt) { .ip6 = true, .ext = { HOP }, .ext_len = 208, .payload = 3000 }));
	BREAK("extension header past the frame", ((struct pkt) { .ip6 = true, .ext = { HOP }, .ext_len = 8, .payload = 0 }),
	      p.data[p.l3 + 41] = 255);
	BREAK("TCP header of 16 bytes", v4, p.data[p.l4 + 12] = 0x40);
	BREAK("TCP header past the frame", ((struct pkt) { .payload = 10 }), p.data[p.l4 + 12] = 0xf0);
	BREAK("csum_start elsewhere", v4, p.l4 += 2);
#undef BREAK
	make(v4);
	refuse("more segments than allowed", VX_REASON_BAD_GSO, 2);
	make((struct pkt) { .payload = VX_GSO_SEGS_MAX });
	check_all_segments(1);
	make((struct pkt) { .payload = VX_GSO_SEGS_MAX + 1 });
	refuse("one segment too many", VX_REASON_BAD_GSO, 1);
	make((struct pkt) { .proto = 17, .payload = VX_UDP_SEGS_MAX + 1 });
	refuse("one datagram too many", VX_REASON_BAD_GSO, 1);
	make((struct pkt) { .payload = 66000 });
	refuse("no IP packet is that long", VX_REASON_OVERSIZE, 1448);
	make((struct pkt) { .proto = 17, .payload = 66000 });
	refuse("no UDP packet is that long", VX_REASON_OVERSIZE, 1448);
}

static void test_checksum_anywhere_else(void **state)
{
	static const u8 proto[] = { 6, 17 };
	struct vx_gso g;
	u32 i, v;

	for (i = 0; i < 2; i++) {
		make((struct pkt) { .payload = 3000, .proto = proto[i] });
		for (v = 0; v <= 0xffff; v++) {
			struct vx_vnet_hdr h = request(1000);

			h.csum_offset = v;
			assert_int_equal(parse_as(&g, &h), v == pkt_csum_offset(&p) ? VX_REASON_NONE : VX_REASON_BAD_GSO);
			h = request(1000);
			h.csum_start = v;
			assert_int_equal(parse_as(&g, &h), v == p.l4 ? VX_REASON_NONE : VX_REASON_BAD_GSO);
		}
	}
}

/* The IP header's length fields lie: what is there counts, as it does for Linux. */
static void test_lengths_that_lie(void **state)
{
	static const u16 lies[] = { 0, 1, 20, 60, 0x7fff, 0xffff };
	u32 i, k;

	for (i = 0; i < VX_ARRAY_SIZE(lies); i++) {
		for (k = 0; k < 4; k++) {
			make((struct pkt) { .ip6 = k & 1, .proto = k & 2 ? 17 : 6, .payload = 3000 });
			vx_put_be16(p.data + p.l3 + (p.ip6 ? 4 : 2), lies[i]);
			if (k & 2)
				vx_put_be16(p.data + p.l4 + 4, lies[i]);
			check_all_segments(1000);
		}
	}
}

/* Cut anywhere, a frame is refused or its headers lie inside what was read: ASan watches the rest. */
static void test_every_cut(void **state)
{
	static const struct pkt base[] = {
		{ .tags = 2, .payload = 10, .ip_opts = 8, .tcp_opts = 8 },
		{ .ip6 = true, .ext = { HOP, DSTOPTS }, .ext_len = 24, .payload = 10, .tcp_opts = 40 },
		{ .tags = 1, .payload = 10, .proto = 17 },
	};
	u32 i, len;

	for (i = 0; i < VX_ARRAY_SIZE(base); i++) {
		make(base[i]);
		for (len = 0; len <= p.len; len++) {
			struct vx_vnet_hdr h = request(1000);
			u32 head_len = vx_gso_head_len(&h, len);
			struct vx_gso *g = malloc(offsetof(struct vx_gso, head) + head_len);	/* no head beyond that */
			u8 *head = (u8 *)g + offsetof(struct vx_gso, head);

			assert_true(head_len <= len);
			g->head_len = head_len;
			memcpy(head, p.data, head_len);
			if (head_len)
				assert_int_equal(vx_gso_parse(g, &h, len), len < p.hdr_len ? VX_REASON_BAD_GSO : VX_REASON_NONE);
			else
				assert_true(len < p.hdr_len);
			free(g);
		}
	}
}

static void test_random_headers_never_reach_outside(void **state)
{
	u32 i, ok = 0;

	pkt_seed(5);
	for (i = 0; i < 300000; i++) {
		u32 flips = 1 + pkt_rand() % 3;
		struct vx_gso g;

		if (i % 64 == 0)
			make((struct pkt) { .ip6 = pkt_rand() % 2, .tags = pkt_rand() % 2, .payload = pkt_rand() % 2000,
					    .proto = pkt_rand() % 3 ? 6 : 17,
					    .ext = { pkt_rand() % 2 ? HOP : 0 }, .ext_len = 8 });
		while (flips--)
			p.data[12 + pkt_rand() % (p.hdr_len - 12)] = pkt_rand();
		if (parse(&g, 1 + pkt_rand() % 2000))
			continue;
		ok++;
		assert_true(g.l3 < g.l4 && g.l4 + (g.udp ? 8 : 20) <= g.hdr_len && g.hdr_len <= VX_GSO_HEAD_MAX);
		assert_int_equal(g.hdr_len + g.payload, p.len);
		assert_in_range(g.nsegs, 1, VX_GSO_SEGS_MAX);
		assert_true((u64)(g.nsegs - 1) * g.mss <= g.payload);
	}
	assert_true(ok > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_ipv4),
		cmocka_unit_test(test_plain_ipv6),
		cmocka_unit_test(test_udp),
		cmocka_unit_test(test_checksums_that_sum_to_0),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_headers_alone),
		cmocka_unit_test(test_extension_headers),
		cmocka_unit_test(test_random_frames),
		cmocka_unit_test(test_headers_that_are_refused),
		cmocka_unit_test(test_checksum_anywhere_else),
		cmocka_unit_test(test_lengths_that_lie),
		cmocka_unit_test(test_every_cut),
		cmocka_unit_test(test_random_headers_never_reach_outside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
