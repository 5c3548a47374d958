// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "packet.h"
#include "vnet_hdr.h"

#define BIT(n)	(1ULL << (n))
#define CSUM	BIT(VIRTIO_NET_F_CSUM)
#define TSO4	(CSUM | BIT(VIRTIO_NET_F_HOST_TSO4))
#define TSO6	(CSUM | BIT(VIRTIO_NET_F_HOST_TSO6))
#define ECN	BIT(VIRTIO_NET_F_HOST_ECN)
#define UFO	BIT(VIRTIO_NET_F_HOST_UFO)
#define USO	(CSUM | BIT(VIRTIO_NET_F_HOST_USO))
#define ALL	(TSO4 | TSO6 | ECN | USO)
#define NEEDS	VIRTIO_NET_HDR_F_NEEDS_CSUM
#define V4	VIRTIO_NET_HDR_GSO_TCPV4
#define V6	VIRTIO_NET_HDR_GSO_TCPV6
#define GSO_UDP	VIRTIO_NET_HDR_GSO_UDP
#define GSO_ECN	VIRTIO_NET_HDR_GSO_ECN
#define UDP_L4	VIRTIO_NET_HDR_GSO_UDP_L4

struct row {
	const char *what;
	u64 features;
	u32 len;
	u8 flags, type;
	u16 gso_size, start, offset;
	enum vx_reason want;
};

static const struct row rows[] = {
	{ "plain", 0, 60, 0, 0, 0, 0, 0, VX_REASON_NONE },
	{ "plain, other fields are noise", 0, 60, 0, 0, 0xffff, 0xffff, 0xffff, VX_REASON_NONE },
	{ "unknown flags are ignored", 0, 60, 0xfe, 0, 0, 0xffff, 0xffff, VX_REASON_NONE },
	{ "checksum", CSUM, 60, NEEDS, 0, 0, 34, 6, VX_REASON_NONE },
	{ "checksum, gso_size is noise", CSUM, 60, NEEDS, 0, 7, 34, 6, VX_REASON_NONE },
	{ "checksum not negotiated", TSO4 & ~CSUM, 60, NEEDS, 0, 0, 34, 6, VX_REASON_BAD_CSUM },
	{ "checksum in the last two bytes", CSUM, 60, NEEDS, 0, 0, 0, 58, VX_REASON_NONE },
	{ "checksum half outside", CSUM, 60, NEEDS, 0, 0, 0, 59, VX_REASON_BAD_CSUM },
	{ "start at the end", CSUM, 60, NEEDS, 0, 0, 60, 0, VX_REASON_BAD_CSUM },
	{ "start and offset add up to outside", CSUM, 60, NEEDS, 0, 0, 40, 19, VX_REASON_BAD_CSUM },
	{ "sum wraps 16 bits", CSUM, 1514, NEEDS, 0, 0, 0xffff, 1, VX_REASON_BAD_CSUM },
	{ "sum wraps 16 bits to inside", CSUM, 1514, NEEDS, 0, 0, 0xffff, 17, VX_REASON_BAD_CSUM },
	{ "largest of both", CSUM, 1514, NEEDS, 0, 0, 0xffff, 0xffff, VX_REASON_BAD_CSUM },
	{ "TSO4", ALL, 3000, NEEDS, V4, 1448, 34, 16, VX_REASON_NONE },
	{ "TSO6", ALL, 3000, NEEDS, V6, 1428, 54, 16, VX_REASON_NONE },
	{ "TSO4 not negotiated", TSO6 | ECN, 3000, NEEDS, V4, 1448, 34, 16, VX_REASON_BAD_VNET_HDR },
	{ "TSO6 not negotiated", TSO4 | ECN, 3000, NEEDS, V6, 1448, 54, 16, VX_REASON_BAD_VNET_HDR },
	{ "TSO4 with ECN", ALL, 3000, NEEDS, V4 | GSO_ECN, 1448, 34, 16, VX_REASON_NONE },
	{ "TSO6 with ECN", ALL, 3000, NEEDS, V6 | GSO_ECN, 1448, 54, 16, VX_REASON_NONE },
	{ "ECN not negotiated", ALL & ~ECN, 3000, NEEDS, V4 | GSO_ECN, 1448, 34, 16, VX_REASON_BAD_VNET_HDR },
	{ "ECN alone", ALL, 3000, NEEDS, GSO_ECN, 1448, 34, 16, VX_REASON_BAD_VNET_HDR },
	{ "UFO", ALL, 3000, NEEDS, GSO_UDP, 1448, 34, 6, VX_REASON_BAD_VNET_HDR },
	{ "UFO although negotiated", ALL | UFO, 3000, NEEDS, GSO_UDP, 1448, 34, 6, VX_REASON_BAD_VNET_HDR },
	{ "unknown type", ALL, 3000, NEEDS, 2, 1448, 34, 16, VX_REASON_BAD_VNET_HDR },
	{ "unknown type 6", ALL, 3000, NEEDS, 6, 1448, 34, 6, VX_REASON_BAD_VNET_HDR },
	{ "UDP tunnel over TCPV4", ALL, 3000, NEEDS, V4 | 0x20, 1448, 34, 16, VX_REASON_BAD_VNET_HDR },
	{ "UDP tunnel over UDP_L4", ALL, 3000, NEEDS, UDP_L4 | 0x40, 1448, 34, 6, VX_REASON_BAD_VNET_HDR },
	{ "USO", ALL, 3000, NEEDS, UDP_L4, 1448, 34, 6, VX_REASON_NONE },
	{ "USO in single bytes", ALL, 3000, NEEDS, UDP_L4, 1, 34, 6, VX_REASON_NONE },
	{ "USO not negotiated", ALL & ~BIT(VIRTIO_NET_F_HOST_USO), 3000, NEEDS, UDP_L4, 1448, 34, 6, VX_REASON_BAD_VNET_HDR },
	{ "USO, checksums not negotiated", ALL & ~CSUM, 3000, NEEDS, UDP_L4, 1448, 34, 6, VX_REASON_BAD_CSUM },
	{ "USO with ECN", ALL, 3000, NEEDS, UDP_L4 | GSO_ECN, 1448, 34, 6, VX_REASON_BAD_VNET_HDR },
	{ "USO without checksum", ALL, 3000, 0, UDP_L4, 1448, 34, 6, VX_REASON_BAD_GSO },
	{ "USO, gso_size 0", ALL, 3000, NEEDS, UDP_L4, 0, 34, 6, VX_REASON_BAD_GSO },
	{ "USO, checksum outside", ALL, 60, NEEDS, UDP_L4, 10, 59, 6, VX_REASON_BAD_CSUM },
	{ "gso_size 1", ALL, 3000, NEEDS, V4, 1, 34, 16, VX_REASON_BAD_GSO },
	{ "gso_size 7", ALL, 3000, NEEDS, V6, 7, 54, 16, VX_REASON_BAD_GSO },
	{ "gso_size 8", ALL, 3000, NEEDS, V4, 8, 34, 16, VX_REASON_NONE },
	{ "gso_size 65535", ALL, 3000, NEEDS, V4, 0xffff, 34, 16, VX_REASON_NONE },
	{ "TSO4, all other flags", ALL, 3000, 0xff, V4, 1448, 34, 16, VX_REASON_NONE },
	{ "segmentation, RSC_INFO instead of checksum", ALL, 3000, 4, V4, 1448, 34, 16, VX_REASON_BAD_GSO },
	{ "unknown type 127", ALL, 3000, NEEDS, 127, 1448, 34, 16, VX_REASON_BAD_VNET_HDR },
	{ "gso_size 0", ALL, 3000, NEEDS, V4, 0, 34, 16, VX_REASON_BAD_GSO },
	{ "segmentation without checksum", ALL, 3000, 0, V4, 1448, 34, 16, VX_REASON_BAD_GSO },
	{ "segmentation, other flag", ALL, 3000, VIRTIO_NET_HDR_F_DATA_VALID, V4, 1448, 34, 16, VX_REASON_BAD_GSO },
	{ "segmentation, checksum outside", ALL, 60, NEEDS, V4, 1448, 60, 16, VX_REASON_BAD_CSUM },
};

static void test_every_kind_of_header(void **state)
{
	u32 i;

	for (i = 0; i < VX_ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		struct vx_vnet_hdr h;
		enum vx_reason got;
		u8 raw[12];

		pkt_vnet(raw, r->flags, r->type, r->gso_size, r->start, r->offset);
		got = vx_vnet_hdr_parse(&h, raw, r->len, r->features);
		if (got != r->want)
			fail_msg("%s: reason %d instead of %d", r->what, got, r->want);
	}
}

static void test_fields_are_little_endian(void **state)
{
	struct vx_vnet_hdr h;
	u8 raw[12];

	pkt_vnet(raw, NEEDS, V6 | GSO_ECN, 0x1234, 0x0036, 0x0102);
	assert_int_equal(vx_vnet_hdr_parse(&h, raw, 9000, ALL), VX_REASON_NONE);
	assert_int_equal(h.gso_type, V6);
	assert_true(h.ecn);
	assert_int_equal(h.gso_size, 0x1234);
	assert_int_equal(h.csum_start, 0x36);
	assert_int_equal(h.csum_offset, 0x102);
}

/* CVE-2022-2132 and CVE-2024-11614: for any header that passes, the checksum lies in the frame. */
static void test_CVE_2024_11614_checksum_lies_in_the_frame(void **state)
{
	u32 i, passed = 0;

	pkt_seed(3);
	for (i = 0; i < 2000000; i++) {
		u32 len = 14 + pkt_rand() % 1600;
		struct vx_vnet_hdr h;
		u8 raw[12];

		pkt_noise(raw, sizeof(raw));
		if (pkt_rand() % 2) {
			raw[0] |= NEEDS;
			raw[7] &= 7;
			raw[9] &= 7;
		}
		if (vx_vnet_hdr_parse(&h, raw, len, ALL) || !(h.flags & NEEDS))
			continue;
		assert_true((u32)h.csum_start + h.csum_offset + 2 <= len);
		passed++;
	}
	assert_true(passed > 1000);
}

static void test_header_length_follows_features(void **state)
{
	assert_int_equal(vx_vnet_hdr_len(0), 10);
	assert_int_equal(vx_vnet_hdr_len(ALL), 10);
	assert_int_equal(vx_vnet_hdr_len(BIT(VIRTIO_NET_F_MRG_RXBUF)), 12);
	assert_int_equal(vx_vnet_hdr_len(BIT(VIRTIO_F_VERSION_1)), 12);
}

/* CVE-2024-0340: what goes to the guest has no bytes left over from elsewhere. */
static void test_CVE_2024_0340_header_to_guest_is_all_set(void **state)
{
	u8 raw[12], want[12] = { [10] = 0x34, [11] = 0x12 };

	memset(raw, 0xee, sizeof(raw));
	vx_vnet_hdr_build(raw, 0x1234);
	assert_memory_equal(raw, want, sizeof(want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind_of_header),
		cmocka_unit_test(test_fields_are_little_endian),
		cmocka_unit_test(test_CVE_2024_11614_checksum_lies_in_the_frame),
		cmocka_unit_test(test_header_length_follows_features),
		cmocka_unit_test(test_CVE_2024_0340_header_to_guest_is_all_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
