// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "gromake.h"

struct gro_frame *gro_emit(struct gro_batch *b)
{
	struct netframe *f = gro_next(b);
	struct gro_frame *to;

	if (gro_full(b))
		return NULL;
	to = &b->made[b->n++];
	to->flow = b->flows;
	to->len = nf_make(f, to->data);
	b->bytes += to->len;
	gro_flow_of(b)->n++;
	f->seq += f->payload;
	f->stream += f->proto == NF_UDP;
	f->id++;
	return to;
}

void gro_emit_some(struct gro_batch *b, uint32_t n)
{
	while (n--)
		gro_emit(b);
}

uint32_t gro_few(void)
{
	return 1 + nf_below(6);
}

static void timestamps(struct netframe *f)
{
	static const uint8_t start[] = { 1, 1, 8, 10 };

	f->opt_len = 12;
	memcpy(f->opt, start, sizeof(start));
	nf_noise(f->opt + 4, 8);
}

void gro_start(struct gro_batch *b, uint8_t proto, bool ip6)
{
	static const uint32_t size[] = { 1, 100, 536, 1200, 1400, 1428, 1440, 1448, 1460 };
	struct netframe *f = gro_next(b);

	nf_random(f, ip6, proto);
	f->tags = nf_one_in(5);
	f->payload = nf_one_in(3) ? 1 + nf_below(1460) : PICK(size);
	if (proto == NF_TCP && !nf_one_in(3))
		timestamps(f);
	if (nf_one_in(8))
		f->id = -nf_below(5);
	if (nf_one_in(8))
		f->seq = -nf_below(5000);
}

void gro_start_any(struct gro_batch *b, uint8_t proto)
{
	gro_start(b, proto, nf_one_in(2));
}

void gro_finish(struct gro_batch *b)
{
	struct netframe *f = gro_next(b);

	gro_emit_some(b, nf_below(6));
	if (nf_one_in(2)) {
		f->payload = 1 + nf_below(f->payload ? f->payload : 1);
		f->flags |= nf_one_in(2) ? NF_PSH : 0;
	}
	gro_emit(b);
}

uint8_t gro_either(void)
{
	return nf_one_in(3) ? NF_UDP : NF_TCP;
}
