// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "gromake.h"

#define DSTOPTS		60

static void make_ip_options(struct gro_batch *b)
{
	gro_start(b, gro_either(), false);
	if (nf_one_in(2)) {
		gro_emit_some(b, gro_few());
		gro_next(b)->ip_opts = 4 * (1 + nf_below(10));
		gro_emit(b);
		gro_next(b)->ip_opts = 0;
	} else {
		gro_next(b)->ip_opts = 4 * (1 + nf_below(10));
		gro_emit_some(b, gro_few());
	}
	gro_finish(b);
}

/* Linux with 802.1Q devices merges these as well, others do not: what is merged must still be right. */
static void make_two_tags(struct gro_batch *b)
{
	gro_start_any(b, gro_either());
	gro_next(b)->tags = 2;
	gro_next(b)->tpid[0] = nf_one_in(2) ? 0x88a8 : 0x8100;
	gro_emit_some(b, gro_few());
	gro_next(b)->tci[nf_below(2)] ^= nf_one_in(2);
	gro_finish(b);
}

static void make_extensions(struct gro_batch *b)
{
	gro_start(b, gro_either(), true);
	gro_next(b)->ext[0] = DSTOPTS;
	gro_next(b)->exts = nf_one_in(2);
	gro_emit_some(b, gro_few());
	gro_next(b)->exts = 1;
	gro_emit_some(b, gro_few());
	gro_finish(b);
}

static void spoil(struct gro_batch *b, void (*how)(const struct netframe *f, uint8_t *frame))
{
	struct gro_frame *bad;

	gro_emit_some(b, gro_few());
	bad = gro_emit(b);
	if (bad)
		how(gro_next(b), bad->data);
	gro_finish(b);
}

static void fragment(const struct netframe *f, uint8_t *frame)
{
	uint8_t *ip = frame + f->l3;

	nf_put16(ip + 6, nf_one_in(2) ? 0x2000 : 1 + nf_below(1000));
	nf_put16(ip + 10, 0);
	nf_put16(ip + 10, ~nf_sum(0, ip, 20));
}

static void make_fragment(struct gro_batch *b)
{
	gro_start(b, gro_either(), false);
	spoil(b, fragment);
}

static void ip_sum(const struct netframe *f, uint8_t *frame)
{
	frame[f->l3 + 10 + nf_below(2)] ^= 1 + nf_below(255);
}

static void make_ip_sum(struct gro_batch *b)
{
	gro_start(b, gro_either(), false);
	spoil(b, ip_sum);
}

static void data_offset(const struct netframe *f, uint8_t *frame)
{
	frame[f->l4 + 12] = nf_below(16) << 4;
}

static void make_data_offset(struct gro_batch *b)
{
	gro_start_any(b, NF_TCP);
	spoil(b, data_offset);
}

static void udp_length(const struct netframe *f, uint8_t *frame)
{
	nf_put16(frame + f->l4 + 4, nf_below(2) ? nf_rand() : nf_get16(frame + f->l4 + 4) + 1 - nf_below(3));
}

static void make_udp_length(struct gro_batch *b)
{
	gro_start_any(b, NF_UDP);
	spoil(b, udp_length);
}

static void ip_length(const struct netframe *f, uint8_t *frame)
{
	uint8_t *ip = frame + f->l3, *len = ip + (f->ip6 ? 4 : 2);

	nf_put16(len, nf_one_in(2) ? nf_rand() : nf_get16(len) + 2 - nf_below(5));
	if (f->ip6)
		return;
	nf_put16(ip + 10, 0);
	nf_put16(ip + 10, ~nf_sum(0, ip, 20));
}

static void make_ip_length(struct gro_batch *b)
{
	gro_start_any(b, gro_either());
	spoil(b, ip_length);
}

static void other_protocol(const struct netframe *f, uint8_t *frame)
{
	frame[f->l3 + (f->ip6 ? 6 : 9)] = f->ip6 ? 58 : 1;
	if (!f->ip6) {
		nf_put16(frame + f->l3 + 10, 0);
		nf_put16(frame + f->l3 + 10, ~nf_sum(0, frame + f->l3, 20));
	}
}

static void make_other_protocol(struct gro_batch *b)
{
	gro_start_any(b, gro_either());
	spoil(b, other_protocol);
}

/* Any byte of the headers. */
static void any_byte(const struct netframe *f, uint8_t *frame)
{
	frame[12 + nf_below(f->hdr_len - 12)] ^= 1u << nf_below(8);
}

static void make_any_byte(struct gro_batch *b)
{
	gro_start_any(b, gro_either());
	gro_next(b)->tags = 0;
	spoil(b, any_byte);
}

static const struct gro_kind kinds[] = {
	{ "IPv4 options", 2, GRO_FEWER, true, make_ip_options, OVERTAKES },
	{ "two VLAN tags", 2, GRO_MORE, false, make_two_tags, "this Linux may have no 802.1Q to look behind them" },
	{ "IPv6 extension", 2, GRO_FEWER, true, make_extensions, "we do not look behind them" },
	{ "fragment", 2, GRO_FEWER, true, make_fragment, OVERTAKES },
	{ "wrong IPv4 checksum", 2, GRO_FEWER, true, make_ip_sum, OVERTAKES },
	{ "TCP data offset", 2, GRO_SAME, false, make_data_offset, "" },
	{ "UDP length", 2, GRO_FEWER, false, make_udp_length, OVERTAKES },
	{ "IP length", 2, GRO_FEWER, true, make_ip_length, OVERTAKES },
	{ "another protocol", 2, GRO_SAME, false, make_other_protocol, "" },
	{ "any byte", 4, GRO_FEWER, true, make_any_byte, "any of the above" },
};

const struct gro_list gro_spoilt = { kinds, sizeof(kinds) / sizeof(kinds[0]) };
