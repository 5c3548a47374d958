// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "gsomake.h"

#define SEGMENTS_MAX	800u	/* what waits for the far side's CPU is bounded */

static uint32_t headers(const struct netframe *f)
{
	return (f->ip6 ? 40 + f->exts * f->ext_len : 20 + f->ip_opts) + (f->proto == NF_TCP ? 20 + f->opt_len : 8);
}

/* From the IP header on, as long as its length field can say. */
static uint32_t payload_max(const struct netframe *f)
{
	return 65535 - 4 * f->tags - headers(f);
}

static uint32_t random_mss(uint32_t min)
{
	static const uint32_t usual[] = { 536, 1220, 1228, 1400, 1428, 1440, 1448, 1452, 1460, 1472, 8928, 8948, 16384 };

	switch (nf_below(8)) {
	case 0: return min + nf_below(100);
	case 1: return min + nf_below(65534 - min);
	case 2: return min + nf_below(2000);
	default: return PICK(usual);
	}
}

/* Longer than one segment. */
static uint32_t random_payload(uint32_t mss, uint32_t segments, uint32_t max)
{
	uint32_t most = mss * segments < max ? mss * segments : max, k = 1 + nf_below(most / mss);

	switch (nf_below(8)) {
	case 0: return most;
	case 1: return k * mss < most ? k * mss + 1 : most;
	case 2: return k > 1 ? k * mss : mss + 1;
	case 3: return k > 1 ? k * mss - 1 : mss + 1;
	default: return mss + 1 + nf_below(most - mss);
	}
}

static void random_tags(struct netframe *f)
{
	f->tags = nf_one_in(3) ? 1 + nf_one_in(3) : 0;
	if (f->tags == 2 || nf_one_in(4))
		f->tpid[0] = 0x88a8;
}

static void random_ext(struct netframe *f)
{
	static const uint8_t type[] = { 60, 43 };

	f->ext_len = 8 * (1 + nf_below(3));
	if (nf_one_in(2))
		f->ext[f->exts++] = 0;
	while (f->exts < 3 && nf_one_in(2))
		f->ext[f->exts++] = PICK(type);
}

static void timestamps(struct netframe *f)
{
	static const uint8_t start[] = { 1, 1, 8, 10 };

	f->opt_len = 12;
	memcpy(f->opt, start, sizeof(start));
	nf_noise(f->opt + 4, 8);
}

static void random_tcp(struct netframe *f)
{
	if (!nf_one_in(3)) {
		timestamps(f);
	} else {
		f->opt_len = 4 * nf_below(11);
		nf_noise(f->opt, f->opt_len);
	}
	f->flags = nf_one_in(2) ? NF_ACK | (nf_rand() & NF_PSH) : nf_rand();
	if (nf_one_in(8))
		f->seq = -nf_below(70000);
	f->urg = f->flags & NF_URG ? nf_rand() : 0;
	f->reserved = nf_one_in(8) ? nf_rand() : 0;
}

void gso_headers(struct gso_case *c, uint8_t proto)
{
	struct netframe *f = &c->f;

	nf_random(f, nf_one_in(2), proto);
	random_tags(f);
	if (f->ip6 && nf_one_in(3))
		random_ext(f);
	if (!f->ip6 && nf_one_in(4))
		f->ip_opts = 4 * nf_below(11);
	if (nf_one_in(6))
		f->id = -nf_below(50);
	if (proto == NF_TCP)
		random_tcp(f);
	f->csum = NF_PARTIAL;
}

static uint8_t gso_type(const struct netframe *f)
{
	if (f->proto == NF_UDP)
		return UDP_L4;
	return f->ip6 ? TCPV6 : TCPV4;
}

void gso_finish(struct gso_case *c)
{
	struct netframe *f = &c->f;

	if (f->payload > payload_max(f))
		f->payload = payload_max(f);
	c->len = nf_make(f, gso_frame(c));
	c->flags = NEEDS;
	c->type = gso_type(f);
	if (f->proto == NF_TCP && f->flags & NF_CWR)
		c->type |= ECN;
	c->gso_size = c->mss;
	c->hdr_len = nf_one_in(4) ? nf_below(f->hdr_len) : f->hdr_len;
	c->csum_start = f->l4;
	c->csum_offset = CSUM_AT(f);
	c->sum_at = f->l4 + c->csum_offset;
	c->judge = true;
	c->segment_max = f->hdr_len + c->mss;
}

void gso_super(struct gso_case *c, uint8_t proto)
{
	gso_headers(c, proto);
	do {
		c->mss = random_mss(proto == NF_TCP ? TCP_SIZE_MIN : 1);
	} while (c->mss >= payload_max(&c->f));
	c->f.payload = random_payload(c->mss, proto == NF_TCP ? SEGMENTS_MAX : UDP_SEGMENTS_MAX, payload_max(&c->f));
}

void gso_tcp(struct gso_case *c)
{
	gso_super(c, NF_TCP);
}
