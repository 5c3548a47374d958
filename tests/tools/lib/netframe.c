// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "netframe.h"

#define HOPOPTS		0
#define ROUTING		43
#define DSTOPTS		60
#define FRAGMENT	44

static uint64_t state = 1;

void nf_seed(uint64_t seed)
{
	state = seed;
}

/* Weyl's sequence, mixed: neighbouring seeds have nothing in common. */
static uint64_t next64(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

uint32_t nf_rand(void)
{
	return next64() >> 32;
}

uint32_t nf_below(uint32_t n)
{
	return (uint64_t)nf_rand() * n >> 32;
}

bool nf_one_in(uint32_t n)
{
	return !nf_below(n);
}

void nf_noise(void *p, size_t len)
{
	uint8_t *to = p;

	while (len) {
		uint64_t v = next64();
		size_t n = len < sizeof(v) ? len : sizeof(v);

		memcpy(to, &v, n);
		to += n;
		len -= n;
	}
}

/* Bytes [from, from + len) of a stream, whichever pieces it is cut into. */
static void stream_bytes(uint8_t *to, uint32_t len, uint64_t stream, uint32_t from)
{
	for (uint32_t i = 0; i < len; i++) {
		uint64_t word = (from + i) / 8 + stream;

		word *= 0xff51afd7ed558ccdull;
		to[i] = (word ^ word >> 29) >> (from + i) % 8 * 8;
	}
}

uint16_t nf_sum(uint16_t before, const uint8_t *p, uint32_t len)
{
	uint64_t sum = before;
	uint32_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += nf_get16(p + i);
	if (i < len)
		sum += p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

uint16_t nf_pseudo(const uint8_t *frame, const struct nf_view *v, uint32_t l4_len)
{
	uint8_t tail[8] = { 0 };

	nf_put32(tail, l4_len);
	tail[7] = v->proto;
	return nf_sum(nf_sum(0, frame + v->l3 + (v->ip6 ? 8 : 12), v->ip6 ? 32 : 8), tail, sizeof(tail));
}

/* --- to order ----------------------------------------------------------------- */

void nf_random(struct netframe *f, bool ip6, uint8_t proto)
{
	memset(f, 0, sizeof(*f));
	f->ip6 = ip6;
	f->proto = proto;
	nf_noise(f->dst, 6);
	nf_noise(f->src, 6);
	f->dst[0] = 2;
	f->src[0] = 2;
	for (int i = 0; i < NF_TAGS; i++) {
		f->tpid[i] = 0x8100;
		f->tci[i] = nf_rand();
	}
	f->tos = nf_one_in(2) ? 0 : nf_rand();
	f->ttl = 1 + nf_below(255);
	f->df = !nf_one_in(4);
	f->id = nf_rand();
	f->label = nf_rand() & 0xfffff;
	f->ext_len = 8;
	nf_noise(f->saddr, 16);
	nf_noise(f->daddr, 16);
	f->sport = 1 + nf_below(65535);
	f->dport = 1 + nf_below(65535);
	f->seq = nf_rand();
	f->ack = nf_rand();
	f->win = nf_rand();
	f->flags = NF_ACK;
	f->stream = nf_rand();
}

static uint32_t make_eth(const struct netframe *f, uint8_t *out)
{
	uint32_t at = 12;

	memcpy(out, f->dst, 6);
	memcpy(out + 6, f->src, 6);
	for (int i = 0; i < f->tags; i++, at += 4) {
		nf_put16(out + at, f->tpid[i]);
		nf_put16(out + at + 2, f->tci[i]);
	}
	nf_put16(out + at, f->ip6 ? 0x86dd : 0x0800);
	return at + 2;
}

static uint32_t make_ip4(const struct netframe *f, uint8_t *ip, uint32_t l4_len)
{
	uint32_t len = 20 + f->ip_opts;

	memset(ip, 0, len);
	ip[0] = 0x40 | len / 4;
	ip[1] = f->tos;
	nf_put16(ip + 2, len + l4_len);
	nf_put16(ip + 4, f->id);
	nf_put16(ip + 6, f->df ? 0x4000 : 0);
	ip[8] = f->ttl;
	ip[9] = f->proto;
	memcpy(ip + 12, f->saddr, 4);
	memcpy(ip + 16, f->daddr, 4);
	memset(ip + 20, 1, f->ip_opts);
	nf_put16(ip + 10, ~nf_sum(0, ip, len));
	return len;
}

static uint32_t make_ip6(const struct netframe *f, uint8_t *ip, uint32_t l4_len)
{
	uint32_t len = 40;
	uint8_t *next = ip + 6;

	nf_put32(ip, 6u << 28 | (uint32_t)f->tos << 20 | f->label);
	nf_put16(ip + 4, f->exts * f->ext_len + l4_len);
	ip[7] = f->ttl;
	memcpy(ip + 8, f->saddr, 16);
	memcpy(ip + 24, f->daddr, 16);
	for (int i = 0; i < f->exts; i++) {
		uint8_t *ext = ip + len;

		*next = f->ext[i];
		memset(ext, 0, f->ext_len);
		ext[1] = f->ext_len / 8 - 1;
		if (f->ext[i] == HOPOPTS || f->ext[i] == DSTOPTS) {	/* one option that pads it all */
			ext[2] = 1;
			ext[3] = f->ext_len - 4 < 256 ? f->ext_len - 4 : 0;
		}
		next = ext;
		len += f->ext_len;
	}
	*next = f->proto;
	return len;
}

static uint32_t make_l4(const struct netframe *f, uint8_t *l4)
{
	nf_put16(l4, f->sport);
	nf_put16(l4 + 2, f->dport);
	if (f->proto == NF_UDP) {
		nf_put16(l4 + 4, 8 + f->payload);
		nf_put16(l4 + 6, 0);
		return 8;
	}
	nf_put32(l4 + 4, f->seq);
	nf_put32(l4 + 8, f->ack);
	l4[12] = (20 + f->opt_len) / 4 << 4 | (f->reserved & 15);
	l4[13] = f->flags;
	nf_put16(l4 + 14, f->win);
	nf_put16(l4 + 16, 0);
	nf_put16(l4 + 18, f->urg);
	memcpy(l4 + 20, f->opt, f->opt_len);
	return 20 + f->opt_len;
}

static void make_csum(const struct netframe *f, uint8_t *out, uint32_t l4_len)
{
	const struct nf_view v = { .ip6 = f->ip6, .proto = f->proto, .l3 = f->l3 };
	uint8_t *l4 = out + f->l4, *at = l4 + (f->proto == NF_TCP ? 16 : 6);
	uint16_t sum = nf_pseudo(out, &v, l4_len);

	if (f->csum == NF_NONE)
		return;
	if (f->csum != NF_PARTIAL)
		sum = ~nf_sum(sum, l4, l4_len);
	if (f->csum == NF_WRONG)
		sum ^= 1u << nf_below(16);
	if (!sum && f->proto == NF_UDP && f->csum == NF_FULL)
		sum = 0xffff;
	nf_put16(at, sum);
}

uint32_t nf_make(struct netframe *f, uint8_t *out)
{
	uint32_t l4_len = f->payload + (f->proto == NF_TCP ? 20 + f->opt_len : 8);

	f->l3 = make_eth(f, out);
	f->l4 = f->l3 + (f->ip6 ? make_ip6(f, out + f->l3, l4_len) : make_ip4(f, out + f->l3, l4_len));
	f->hdr_len = f->l4 + make_l4(f, out + f->l4);
	stream_bytes(out + f->hdr_len, f->payload, f->stream, f->proto == NF_TCP ? f->seq : 0);
	make_csum(f, out, l4_len);
	f->len = f->hdr_len + f->payload + f->trail;
	nf_noise(out + f->hdr_len + f->payload, f->trail);
	return f->len;
}

/* --- the judge ---------------------------------------------------------------- */

static bool parse_ip4(struct nf_view *v, const uint8_t *frame, uint32_t len)
{
	const uint8_t *ip = frame + v->l3;
	uint32_t ihl;

	if (v->l3 + 20 > len || ip[0] >> 4 != 4)
		return false;
	ihl = (ip[0] & 15) * 4;
	v->l4 = v->l3 + ihl;
	v->end = v->l3 + nf_get16(ip + 2);
	v->proto = ip[9];
	v->fragment = nf_get16(ip + 6) & 0x3fff;
	return ihl >= 20 && v->l4 <= v->end && v->end <= len;
}

static bool parse_ip6(struct nf_view *v, const uint8_t *frame, uint32_t len)
{
	const uint8_t *ip = frame + v->l3;

	if (v->l3 + 40 > len || ip[0] >> 4 != 6)
		return false;
	v->proto = ip[6];
	v->l4 = v->l3 + 40;
	v->end = v->l4 + nf_get16(ip + 4);
	if (v->end > len)
		return false;
	while (v->proto == HOPOPTS || v->proto == ROUTING || v->proto == DSTOPTS || v->proto == FRAGMENT) {
		if (v->l4 + 8 > v->end)
			return false;
		v->fragment |= v->proto == FRAGMENT;
		v->proto = frame[v->l4];
		v->l4 += v->fragment ? 8 : (frame[v->l4 + 1] + 1) * 8;
	}
	return v->l4 <= v->end;
}

bool nf_parse(struct nf_view *v, const uint8_t *frame, uint32_t len)
{
	uint32_t at = 12;
	uint16_t type;

	*v = (struct nf_view) { 0 };
	while (at + 2 <= len && ((type = nf_get16(frame + at)) == 0x8100 || type == 0x88a8))
		at += 4;
	if (at + 2 > len)
		return false;
	v->l3 = at + 2;
	v->ip6 = type == 0x86dd;
	if (type != 0x86dd && type != 0x0800)
		return false;
	if (!(v->ip6 ? parse_ip6(v, frame, len) : parse_ip4(v, frame, len)) || v->fragment)
		return false;
	if (v->proto == NF_UDP)
		v->hdr_len = v->l4 + 8;
	else if (v->proto == NF_TCP && v->l4 + 20 <= v->end && frame[v->l4 + 12] >> 4 >= 5)
		v->hdr_len = v->l4 + (frame[v->l4 + 12] >> 4) * 4;
	else
		return false;
	v->payload = v->end - v->hdr_len;
	return v->hdr_len <= v->end;
}

const char *nf_judge(const uint8_t *frame, uint32_t len)
{
	const uint8_t *l4;
	struct nf_view v;

	if (!nf_parse(&v, frame, len))
		return "no TCP or UDP packet that is all there";
	if (!v.ip6 && nf_sum(0, frame + v.l3, v.l4 - v.l3) != 0xffff)
		return "IPv4 header checksum";
	l4 = frame + v.l4;
	if (v.proto == NF_UDP && nf_get16(l4 + 4) != v.end - v.l4)
		return "UDP length";
	if (v.proto == NF_UDP && !nf_get16(l4 + 6))
		return v.ip6 ? "no UDP checksum" : NULL;
	if (nf_sum(nf_pseudo(frame, &v, v.end - v.l4), l4, v.end - v.l4) != 0xffff)
		return v.proto == NF_UDP ? "UDP checksum" : "TCP checksum";
	return NULL;
}
