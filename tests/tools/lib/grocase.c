// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gromake.h"

const struct gro_kind *gro_kind(uint32_t i)
{
	const struct gro_list *lists[] = { &gro_streams, &gro_changes, &gro_spoilt };

	for (size_t k = 0; k < sizeof(lists) / sizeof(lists[0]); k++) {
		if (i < lists[k]->n)
			return &lists[k]->kind[i];
		i -= lists[k]->n;
	}
	return NULL;
}

static uint32_t random_kind(void)
{
	uint32_t sum = 0, at, i;

	for (i = 0; gro_kind(i); i++)
		sum += gro_kind(i)->weight;
	at = nf_below(sum);
	for (i = 0; at >= gro_kind(i)->weight; i++)
		at -= gro_kind(i)->weight;
	return i;
}

static uint32_t find_kind(const char *name)
{
	for (uint32_t i = 0; gro_kind(i); i++)
		if (!strcmp(gro_kind(i)->name, name))
			return i;
	fprintf(stderr, "no kind is called \"%s\"\n", name);
	exit(2);
}

/* The flows' frames among each other, each flow's in order; sometimes one after the other. */
static void mix(struct gro_batch *b)
{
	uint32_t taken[GRO_FLOWS] = { 0 }, left = b->n, at = 0, i, pick = 0, stay = 1 + nf_below(6);

	for (i = 0; i < b->flows; i++) {
		b->flow[i].first = at;
		at += b->flow[i].n;
	}
	while (left) {
		if (nf_one_in(stay) || taken[pick] == b->flow[pick].n)
			pick = nf_below(b->flows);
		if (taken[pick] == b->flow[pick].n)
			continue;
		b->frame[b->n - left] = &b->made[b->flow[pick].first + taken[pick]++];
		left--;
	}
}

void gro_batch_make(struct gro_batch *b, uint64_t seed, uint64_t number, const char *only)
{
	uint32_t flows;

	nf_seed(seed * 0x100000001ull + number);
	flows = 1 + nf_below(GRO_FLOWS);
	b->n = 0;
	b->bytes = 0;
	b->disturbed = false;
	for (b->flows = 0; b->flows < flows; b->flows++) {
		uint32_t k = only ? find_kind(only) : random_kind();
		const struct gro_kind *kind = gro_kind(k);

		gro_flow_of(b)->kind = kind;
		gro_flow_of(b)->number = k;
		gro_flow_of(b)->n = 0;
		b->room = GRO_FRAMES / flows;
		b->disturbed |= kind->disturbs;
		kind->make(b);
	}
	mix(b);
}
