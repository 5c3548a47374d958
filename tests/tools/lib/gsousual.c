// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "gsomake.h"

void gso_make_tcp(struct gso_case *c)
{
	gso_tcp(c);
	gso_finish(c);
	if (nf_one_in(8))
		c->type ^= ECN;
}

void gso_make_udp(struct gso_case *c)
{
	gso_super(c, NF_UDP);
	gso_finish(c);
}

/* Change two bytes of payload so that what begins at l4 and is len long sums up to 0xffff, as a pseudo-header of its own says. */
static void sum_up_to_nothing(struct gso_case *c, uint32_t len)
{
	const struct netframe *f = &c->f;
	const struct nf_view v = { .ip6 = f->ip6, .proto = f->proto, .l3 = f->l3 };
	uint8_t *l4 = gso_frame(c) + f->l4, *spare = gso_frame(c) + f->hdr_len, keep[2];
	uint16_t sum;

	memcpy(keep, l4 + CSUM_AT(f), 2);
	nf_put16(l4 + CSUM_AT(f), 0);
	nf_put16(spare, 0);
	if (f->proto == NF_UDP)
		nf_put16(l4 + 4, len);
	sum = nf_sum(nf_pseudo(gso_frame(c), &v, len), l4, len);
	nf_put16(spare, 0xffff - sum);
	memcpy(l4 + CSUM_AT(f), keep, 2);
}

static void make_sum_zero(struct gso_case *c, uint8_t proto)
{
	do {
		gso_super(c, proto);
	} while (c->mss < 2);
	c->f.flags = NF_ACK;
	gso_finish(c);
	sum_up_to_nothing(c, c->f.hdr_len - c->f.l4 + c->mss);
	if (proto == NF_UDP)
		nf_put16(gso_frame(c) + c->f.l4 + 4, 8 + c->f.payload);
}

static void make_tcp_sum_zero(struct gso_case *c)
{
	make_sum_zero(c, NF_TCP);
}

static void make_udp_sum_zero(struct gso_case *c)
{
	make_sum_zero(c, NF_UDP);
}

/* Short enough for one frame. */
static void short_frame(struct gso_case *c, uint8_t proto)
{
	gso_headers(c, proto);
	c->f.payload = nf_one_in(8) ? nf_below(60000) : nf_below(1500);
	c->mss = 0;
	gso_finish(c);
	c->type = VIRTIO_NET_HDR_GSO_NONE;
	c->gso_size = 0;
	c->segment_max = c->len;
}

static void make_csum(struct gso_case *c)
{
	short_frame(c, nf_one_in(2) ? NF_TCP : NF_UDP);
	if (nf_one_in(8) && c->f.payload >= 2)
		sum_up_to_nothing(c, c->f.hdr_len - c->f.l4 + c->f.payload);
}

static void make_plain(struct gso_case *c)
{
	short_frame(c, nf_one_in(2) ? NF_TCP : NF_UDP);
	c->f.csum = NF_FULL;
	c->len = nf_make(&c->f, gso_frame(c));
	c->flags = nf_one_in(4) ? VIRTIO_NET_HDR_F_DATA_VALID : 0;
	c->hdr_len = nf_one_in(2) ? 0 : 14 + nf_below(c->len - 13);
	nf_noise(&c->csum_start, 2);
	nf_noise(&c->csum_offset, 2);
}

/* Any ethertype; the sum begins wherever. */
static void make_csum_anywhere(struct gso_case *c)
{
	short_frame(c, NF_UDP);
	c->f.tags = 0;
	c->f.payload += 20;
	c->len = nf_make(&c->f, gso_frame(c));
	nf_put16(gso_frame(c) + 12, 0x88b6);
	nf_noise(gso_frame(c) + 14, c->len - 14);
	c->csum_start = 20 + nf_below(c->len - 21);
	c->csum_offset = nf_below(c->len - c->csum_start - 1);
	c->hdr_len = 0;
	c->judge = false;
	c->segment_max = c->len;
}

static void make_csum_in_ethernet(struct gso_case *c)
{
	make_csum_anywhere(c);
	c->csum_start = nf_below(20);
	c->csum_offset = nf_below(20);
}

static void make_csum_beyond(struct gso_case *c)
{
	make_csum_anywhere(c);
	c->csum_start = nf_one_in(2) ? c->len - 1 : nf_rand();
	c->csum_offset = (uint32_t)c->csum_start + 2 > c->len ? nf_rand() : c->len - c->csum_start - 1 + nf_below(100);
}

static void make_runt(struct gso_case *c)
{
	short_frame(c, NF_TCP);
	c->len = nf_below(14);
	c->flags = 0;
	c->hdr_len = 0;
}

static void make_hdr_len_beyond(struct gso_case *c)
{
	do {
		if (nf_one_in(2))
			gso_make_tcp(c);
		else
			make_csum(c);
	} while (c->len > 65000);
	/* Linux lets it pass by the virtio-net header's length */
	c->hdr_len = c->len + RW_HDR + 1 + nf_below(500);
}

static void make_trail(struct gso_case *c)
{
	gso_tcp(c);
	if (c->f.payload > 60000)
		c->f.payload = c->mss + 1;
	gso_finish(c);
	/* what lies behind the IP packet becomes payload, as lengths are made anew */
	c->len += 1 + nf_below(60);
	nf_noise(gso_frame(c) + c->f.len, c->len - c->f.len);
}

static void make_lengths_lie(struct gso_case *c)
{
	if (nf_one_in(2))
		gso_make_tcp(c);
	else
		gso_make_udp(c);
	nf_noise(gso_frame(c) + c->f.l3 + (c->f.ip6 ? 4 : 2), 2);
	if (!c->f.ip6 && nf_one_in(2))
		nf_noise(gso_frame(c) + c->f.l3 + 10, 2);
}

static void make_udp_length_lies(struct gso_case *c)
{
	gso_make_udp(c);
	nf_noise(gso_frame(c) + c->f.l4 + 4, 2);
}

static void make_pseudo_lies(struct gso_case *c)
{
	if (nf_one_in(2))
		gso_make_tcp(c);
	else
		gso_make_udp(c);
	gso_frame(c)[c->sum_at] ^= 1 + nf_below(255);
}

/* --- one segment ------------------------------------------------------------------ */

static void one_segment(struct gso_case *c, uint8_t proto, uint32_t spare)
{
	gso_headers(c, proto);
	c->f.payload = nf_below(3000);
	c->mss = c->f.payload + c->f.opt_len + spare;
	c->mss += proto == NF_TCP && c->mss < TCP_SIZE_MIN ? TCP_SIZE_MIN : 0;
	gso_finish(c);
}

static void make_one_segment(struct gso_case *c)
{
	one_segment(c, nf_one_in(2) ? NF_TCP : NF_UDP, 1 + nf_below(1000));
}

/* Linux' first look takes the options for payload, its second does not. */
static void make_one_segment_options(struct gso_case *c)
{
	do {
		one_segment(c, NF_TCP, 0);
		c->mss = c->f.payload + nf_below(c->f.opt_len);
	} while (!c->f.opt_len || c->mss < TCP_SIZE_MIN);
	c->gso_size = c->mss;
}

static void make_by_frags(struct gso_case *c)
{
	gso_tcp(c);
	c->mss = 65535;
	gso_finish(c);
}

#define WHY_HARMLESS	"one right frame, which the guest might have sent as it is"

static const struct gso_kind kinds[] = {
	{ "TCP", 50, GSO_SAME, gso_make_tcp, "" },
	{ "UDP", 20, GSO_SAME, gso_make_udp, "" },
	{ "TCP, a sum of 0", 2, GSO_SAME, make_tcp_sum_zero, "" },
	{ "UDP, a sum of 0", 2, GSO_SAME, make_udp_sum_zero, "" },
	{ "checksum only", 8, GSO_SAME, make_csum, "" },
	{ "as it is", 2, GSO_SAME, make_plain, "" },
	{ "checksum, no IP", 2, GSO_SAME, make_csum_anywhere, "" },
	{ "one segment", 4, GSO_SAME, make_one_segment, "" },
	{ "IP lengths that lie", 2, GSO_SAME, make_lengths_lie, "" },
	{ "pseudo-header sum wrong", 2, GSO_SAME_BUT_SUM, make_pseudo_lies, "Linux adds to the guest's sum, we make it anew" },
	{ "bytes behind the packet", 2, GSO_SAME_BUT_SUM, make_trail, "as above: the guest's sum is over another length" },
	{ "UDP length that lies", 2, GSO_SAME_BUT_SUM, make_udp_length_lies, "as above" },
	{ "one segment but for options", 1, GSO_LOOSER, make_one_segment_options, WHY_HARMLESS },
	{ "gso_size 65535", 1, GSO_LOOSER, make_by_frags, WHY_HARMLESS },
	{ "hdr_len beyond the frame", 1, GSO_LOOSER, make_hdr_len_beyond, "hdr_len is a hint (virtio 1.3, 5.1.6.2.2); we never read it" },
	{ "checksum in the L2 header", 1, GSO_LOOSER, make_csum_in_ethernet, "bytes that the guest might have sent as they are" },
	{ "checksum beyond the frame", 1, GSO_NEITHER, make_csum_beyond, "" },
	{ "runt", 1, GSO_NEITHER, make_runt, "" },
};

const struct gso_list gso_usual = { kinds, sizeof(kinds) / sizeof(kinds[0]) };
