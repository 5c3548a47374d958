// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "gsomake.h"

static void make_size_zero(struct gso_case *c)
{
	gso_make_tcp(c);
	c->gso_size = 0;
}

static void make_size_small(struct gso_case *c)
{
	gso_tcp(c);
	c->mss = 1 + nf_below(TCP_SIZE_MIN - 1);
	c->f.payload = c->mss + 1 + nf_below(1000);
	gso_finish(c);
}

static void make_no_needs_csum(struct gso_case *c)
{
	gso_make_tcp(c);
	c->flags = 0;
}

static void make_udp_no_needs_csum(struct gso_case *c)
{
	gso_make_udp(c);
	c->flags = 0;
}

static void make_other_family(struct gso_case *c)
{
	gso_make_tcp(c);
	c->type ^= TCPV4 ^ TCPV6;
}

static void make_other_protocol(struct gso_case *c)
{
	if (nf_one_in(2)) {
		gso_make_tcp(c);
		c->type = UDP_L4;
	} else {
		gso_make_udp(c);
		c->type = c->f.ip6 ? TCPV6 : TCPV4;
	}
}

static void make_udp_ecn(struct gso_case *c)
{
	gso_make_udp(c);
	c->type |= ECN;
}

static void make_udp_many(struct gso_case *c)
{
	gso_headers(c, NF_UDP);
	c->mss = 1 + nf_below(300);
	c->f.payload = c->mss * UDP_SEGMENTS_MAX + 1 + nf_below(1000);
	gso_finish(c);
}

static void make_ufo(struct gso_case *c)
{
	gso_super(c, NF_UDP);
	gso_finish(c);
	c->type = VIRTIO_NET_HDR_GSO_UDP;
}

static void make_unknown_type(struct gso_case *c)
{
	static const uint8_t type[] = { 2, 6, 7, 8, 0x20, 0x7f, 0x82, 0xff };

	gso_make_tcp(c);
	c->type = PICK(type);
}

static void make_ecn_alone(struct gso_case *c)
{
	gso_make_tcp(c);
	c->type = ECN;
}

static void make_start_wrong(struct gso_case *c)
{
	uint16_t was;

	gso_make_tcp(c);
	was = c->csum_start;
	while (c->csum_start == was)
		c->csum_start = nf_one_in(2) ? was + nf_below(9) - 4 : nf_below(c->len);
}

static void make_offset_wrong(struct gso_case *c)
{
	gso_make_tcp(c);
	while (c->csum_offset == 16)
		c->csum_offset = nf_one_in(2) ? 14 + nf_below(5) : nf_below(60);
}

static void make_udp_offset_wrong(struct gso_case *c)
{
	gso_make_udp(c);
	while (c->csum_offset == 6)
		c->csum_offset = nf_below(20);
}

static void make_sum_beyond(struct gso_case *c)
{
	gso_make_tcp(c);
	c->csum_start = c->len - 1;
}

static void make_ip_version(struct gso_case *c)
{
	gso_make_tcp(c);
	gso_frame(c)[c->f.l3] ^= 0x10 << nf_below(4);
}

static void make_ihl_short(struct gso_case *c)
{
	gso_tcp(c);
	c->f.ip6 = false;
	c->f.exts = 0;
	gso_finish(c);
	gso_frame(c)[c->f.l3] = 0x40 | nf_below(5);
}

static void make_ip_protocol(struct gso_case *c)
{
	static const uint8_t other[] = { 1, 2, 4, 41, 44, 47, 50, 51, 58, 59, 132, 136, 255 };

	gso_tcp(c);
	c->f.proto = NF_TCP;
	c->f.exts = 0;
	gso_finish(c);
	gso_frame(c)[c->f.l3 + (c->f.ip6 ? 6 : 9)] = PICK(other);
}

static void make_fragment4(struct gso_case *c)
{
	gso_tcp(c);
	c->f.ip6 = false;
	c->f.exts = 0;
	gso_finish(c);
	nf_put16(gso_frame(c) + c->f.l3 + 6, nf_one_in(2) ? 0x2000 : 1 + nf_below(0x1fff));
}

static void make_fragment6(struct gso_case *c)
{
	gso_tcp(c);
	c->f.ip6 = true;
	c->f.ip_opts = 0;
	c->f.exts = 1;
	c->f.ext[0] = 44;
	c->f.ext_len = 8;
	gso_finish(c);
}

static void make_routing_under_way(struct gso_case *c)
{
	gso_tcp(c);
	c->f.ip6 = true;
	c->f.ip_opts = 0;
	c->f.exts = 1;
	c->f.ext[0] = 43;
	c->f.ext_len = 24;
	gso_finish(c);
	gso_frame(c)[c->f.l3 + 43] = 1 + nf_below(255);
}

static void make_three_tags(struct gso_case *c)
{
	gso_tcp(c);
	c->f.tags = 3;
	c->f.tpid[0] = 0x8100;
	c->f.payload -= c->f.payload > 60000 ? 12 : 0;
	gso_finish(c);
}

static void make_headers_long(struct gso_case *c)
{
	gso_tcp(c);
	c->f.ip6 = true;
	c->f.ip_opts = 0;
	c->f.exts = 3;
	c->f.ext_len = 80;
	memcpy(c->f.ext, "\0\74\74", 3);
	c->mss = 1400;
	c->f.payload = 1401 + nf_below(50000);
	gso_finish(c);
}

static void make_doff_short(struct gso_case *c)
{
	gso_make_tcp(c);
	gso_frame(c)[c->f.l4 + 12] = nf_below(5) << 4;
}

/* A TCP header longer than what there is. */
static void make_doff_long(struct gso_case *c)
{
	gso_headers(c, NF_TCP);
	c->f.opt_len = 0;
	c->f.payload = 2 + nf_below(30);
	c->mss = 1 + nf_below(c->f.payload - 1);
	gso_finish(c);
	gso_frame(c)[c->f.l4 + 12] = 0xf0;
}

static void make_cut_short(struct gso_case *c)
{
	gso_make_tcp(c);
	c->len = 14 + nf_below(c->f.hdr_len - 14);
	c->hdr_len = 0;
}

/* Any bit of what says how to cut, in the frame's headers or in the one before. */
static void make_any_bit(struct gso_case *c)
{
	uint32_t n = 1 + nf_below(2), i;

	if (nf_one_in(2))
		gso_make_tcp(c);
	else
		gso_make_udp(c);
	for (i = 0; i < n; i++) {
		uint16_t bit = 1u << nf_below(16);

		switch (nf_below(12)) {
		case 0: c->flags ^= bit; break;
		case 1: c->type ^= bit; break;
		case 2: c->gso_size ^= bit; break;
		case 3: c->csum_start ^= bit; break;
		case 4: c->csum_offset ^= bit; break;
		default: gso_frame(c)[12 + nf_below(c->f.hdr_len - 12)] ^= 1u << nf_below(8); break;
		}
	}
	/* hardly a thousand frames */
	if (c->gso_size < c->mss)
		c->gso_size = c->mss;
	c->segment_max = c->type & ~ECN ? c->f.hdr_len + 40 + c->gso_size : c->len;
	/* alone, it leaves as the guest wrote it */
	c->judge = c->type & ~ECN && c->gso_size < c->f.payload;
}

static const struct gso_kind kinds[] = {
	{ "gso_size 0", 1, GSO_NEITHER, make_size_zero, "" },
	{ "TCP, gso_size under 8", 1, GSO_STRICTER, make_size_small, "less than any TCP makes: many frames for few bytes" },
	{ "no NEEDS_CSUM", 1, GSO_STRICTER, make_no_needs_csum, "the driver must set it (virtio 1.3, 5.1.6.2.1)" },
	{ "UDP, no NEEDS_CSUM", 1, GSO_NEITHER, make_udp_no_needs_csum, "" },
	{ "type of the other IP", 1, GSO_NEITHER, make_other_family, "" },
	{ "type of the other protocol", 1, GSO_NEITHER, make_other_protocol, "" },
	{ "UDP with ECN", 1, GSO_NEITHER, make_udp_ecn, "" },
	{ "UDP, over 128 segments", 1, GSO_STRICTER, make_udp_many, "more than UDP_SEGMENT makes" },
	{ "UFO", 1, GSO_STRICTER, make_ufo, "not offered: no fragments from us" },
	{ "unknown type", 1, GSO_NEITHER, make_unknown_type, "" },
	{ "ECN without a type", 1, GSO_NEITHER, make_ecn_alone, "" },
	{ "csum_start not at L4", 1, GSO_STRICTER, make_start_wrong, "the guest means another segment than we found" },
	{ "csum_offset wrong", 1, GSO_NEITHER, make_offset_wrong, "" },
	{ "UDP, csum_offset wrong", 1, GSO_NEITHER, make_udp_offset_wrong, "" },
	{ "checksum beyond, TCP", 1, GSO_NEITHER, make_sum_beyond, "" },
	{ "IP version", 1, GSO_STRICTER, make_ip_version, "Linux goes by the ethertype alone" },
	{ "IPv4 header too short", 1, GSO_NEITHER, make_ihl_short, "" },
	{ "IP protocol not TCP", 1, GSO_NEITHER, make_ip_protocol, "" },
	{ "IPv4 fragment", 1, GSO_STRICTER, make_fragment4, "each segment would be the same fragment" },
	{ "IPv6 fragment", 1, GSO_NEITHER, make_fragment6, "" },
	{ "routing header under way", 1, GSO_STRICTER, make_routing_under_way, "the checksum is over an address that we would have to look for" },
	{ "three VLAN tags", 1, GSO_STRICTER, make_three_tags, "as many as policies parse: two" },
	{ "headers of over 256 bytes", 1, GSO_STRICTER, make_headers_long, "longer than any guest makes" },
	{ "TCP header too short", 1, GSO_NEITHER, make_doff_short, "" },
	{ "TCP header beyond the frame", 1, GSO_NEITHER, make_doff_long, "" },
	{ "ends within the headers", 1, GSO_STRICTER, make_cut_short, "Linux sends it as one frame when it is no longer than gso_size" },
	{ "any bit", 10, GSO_EITHER, make_any_bit, "any of the above" },
};

const struct gso_list gso_hostile = { kinds, sizeof(kinds) / sizeof(kinds[0]) };
