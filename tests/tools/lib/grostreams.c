// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "gromake.h"

static void make_tcp(struct gro_batch *b)
{
	gro_start_any(b, NF_TCP);
	gro_emit_some(b, nf_below(20));
	gro_finish(b);
}

static void make_udp(struct gro_batch *b)
{
	gro_start_any(b, NF_UDP);
	gro_emit_some(b, nf_below(20));
	gro_finish(b);
}

static void uneven(struct gro_batch *b, uint8_t proto)
{
	gro_start_any(b, proto);
	for (uint32_t n = 2 + nf_below(12); n; n--) {
		if (!nf_one_in(3))
			gro_next(b)->payload = 1 + nf_below(1460);
		gro_emit(b);
	}
}

static void make_tcp_uneven(struct gro_batch *b)
{
	uneven(b, NF_TCP);
}

static void make_udp_uneven(struct gro_batch *b)
{
	uneven(b, NF_UDP);
}

/* As much as one packet can be, and more. */
static void make_large(struct gro_batch *b)
{
	static const uint32_t size[] = { 8192, 8948, 8960, 8961, 6550, 4369 };

	gro_start_any(b, nf_one_in(3) ? NF_UDP : NF_TCP);
	gro_next(b)->payload = nf_one_in(2) ? 4000 + nf_below(5000) : PICK(size);
	gro_emit_some(b, 20);
}

static void make_two_ways_to_end(struct gro_batch *b)
{
	gro_start_any(b, NF_TCP);
	for (int i = 0; i < 3; i++) {
		gro_next(b)->flags = NF_ACK;
		gro_emit_some(b, gro_few());
		gro_next(b)->flags |= nf_one_in(2) ? NF_PSH : NF_FIN;
		gro_emit(b);
	}
}

/* --- the order of frames ------------------------------------------------------------- */

static void make_duplicate(struct gro_batch *b)
{
	const struct gro_frame *last;

	gro_start_any(b, gro_either());
	gro_emit_some(b, gro_few());
	last = gro_emit(b);
	if (last && !gro_full(b)) {
		b->made[b->n++] = *last;
		gro_flow_of(b)->n++;
	}
	gro_finish(b);
}

static void make_swapped(struct gro_batch *b)
{
	struct gro_frame *one, *two, keep;

	gro_start_any(b, gro_either());
	gro_emit_some(b, gro_few());
	one = gro_emit(b);
	two = gro_emit(b);
	if (two) {
		keep = *one;
		*one = *two;
		*two = keep;
	}
	gro_finish(b);
}

/* --- IPv4 ids -------------------------------------------------------------------------- */

static void constant_id(struct gro_batch *b, uint8_t proto, bool df)
{
	gro_start(b, proto, false);
	gro_next(b)->df = df;
	for (uint32_t n = 2 + nf_below(10); n; n--) {
		gro_emit(b);
		gro_next(b)->id--;
	}
	gro_finish(b);
}

static void make_tcp_constant_id(struct gro_batch *b)
{
	constant_id(b, NF_TCP, true);
}

static void make_udp_constant_id(struct gro_batch *b)
{
	constant_id(b, NF_UDP, true);
}

static void make_constant_id_no_df(struct gro_batch *b)
{
	constant_id(b, gro_either(), false);
}

static const struct gro_kind kinds[] = {
	{ "TCP", 12, GRO_SAME, false, make_tcp, "" },
	{ "UDP", 8, GRO_SAME, false, make_udp, "" },
	{ "TCP, uneven", 6, GRO_SAME, false, make_tcp_uneven, "" },
	{ "UDP, uneven", 4, GRO_SAME, false, make_udp_uneven, "" },
	{ "64 KiB", 3, GRO_SAME, false, make_large, "but for those of over 65535 bytes with the Ethernet header, which its tap cuts up again" },
	{ "PSH and FIN", 3, GRO_SAME, false, make_two_ways_to_end, "" },
	{ "TCP, constant id, DF", 2, GRO_MORE, false, make_tcp_constant_id,
	  "Linux' GRO merges them too, but its tap cannot say so and cuts them up again; with DF an id means nothing (RFC 6864)" },
	{ "UDP, constant id, DF", 2, GRO_SAME, false, make_udp_constant_id, "" },
	{ "constant id, no DF", 2, GRO_FEWER, false, make_constant_id_no_df, "without DF the id matters, and a guest that cuts would count" },
	{ "duplicate", 2, GRO_SAME, false, make_duplicate, "" },
	{ "swapped", 2, GRO_SAME, false, make_swapped, "" },
};

const struct gro_list gro_streams = { kinds, sizeof(kinds) / sizeof(kinds[0]) };
