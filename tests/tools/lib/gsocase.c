// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gsomake.h"

const struct gso_kind *gso_kind(uint32_t i)
{
	if (i < gso_usual.n)
		return &gso_usual.kind[i];
	i -= gso_usual.n;
	return i < gso_hostile.n ? &gso_hostile.kind[i] : NULL;
}

static uint32_t random_kind(void)
{
	uint32_t sum = 0, at, i;

	for (i = 0; gso_kind(i); i++)
		sum += gso_kind(i)->weight;
	at = nf_below(sum);
	for (i = 0; at >= gso_kind(i)->weight; i++)
		at -= gso_kind(i)->weight;
	return i;
}

static uint32_t find_kind(const char *name)
{
	for (uint32_t i = 0; gso_kind(i); i++)
		if (!strcmp(gso_kind(i)->name, name))
			return i;
	fprintf(stderr, "no kind is called \"%s\"\n", name);
	exit(2);
}

static void describe(struct gso_case *c)
{
	const struct netframe *f = &c->f;

	snprintf(c->text, sizeof(c->text), "IPv%d %s, tags %u, options %u+%u, extensions %u of %u, payload %u, flags %02x, gso type %02x size %u",
		 f->ip6 ? 6 : 4, f->proto == NF_TCP ? "TCP" : "UDP", f->tags, f->ip_opts, f->opt_len, f->exts, f->ext_len, f->payload,
		 f->flags, c->type, c->gso_size);
}

static void write_header(struct gso_case *c)
{
	struct virtio_net_hdr_v1 hdr = {
		.flags = c->flags, .gso_type = c->type, .hdr_len = c->hdr_len, .gso_size = c->gso_size,
		.csum_start = c->csum_start, .csum_offset = c->csum_offset,
	};

	memcpy(c->buf, &hdr, sizeof(hdr));
}

void gso_case_make(struct gso_case *c, uint64_t seed, uint64_t number, bool uso, const char *only)
{
	nf_seed(seed * 0x100000001ull + number);
	do {
		memset(c, 0, offsetof(struct gso_case, buf));
		c->number = only ? find_kind(only) : random_kind();
		c->kind = gso_kind(c->number);
		c->kind->make(c);
	} while (!uso && c->type == UDP_L4);
	describe(c);
	write_header(c);
}
