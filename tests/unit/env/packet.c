// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames for tests: see packet.h. */
#include "packet.h"

#define FIN 0x01
#define PSH 0x08
#define CWR 0x80

static u64 rng = 88172645463325252ull;

void pkt_seed(u64 seed)
{
	rng = seed * 2654435769u + 88172645463325252ull;
}

u32 pkt_rand(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return rng >> 16;
}

void pkt_noise(void *p, u32 len)
{
	u8 *b = p;

	while (len--)
		*b++ = pkt_rand();
}

u16 pkt_sum(u16 sum, const u8 *p, u32 len)
{
	u32 s = sum, i;

	for (i = 0; i < len; i++) {
		s += i % 2 ? p[i] : p[i] << 8;
		if (s > 0xffff)
			s -= 0xffff;
	}
	return s;
}

u16 pkt_pseudo(const u8 *ip, bool ip6, u8 proto, u32 l4_len)
{
	u8 tail[4] = { 0, proto, l4_len >> 8, l4_len };

	return pkt_sum(pkt_sum(0, ip + (ip6 ? 8 : 12), ip6 ? 32 : 8), tail, 4);
}

static u32 make_ip6(struct pkt *p, u8 *ip)
{
	u8 *next = ip + 6;
	u32 off = 40, i;

	pkt_noise(ip, 40);
	ip[0] = 0x60 | (ip[0] & 15);
	for (i = 0; i < sizeof(p->ext) && p->ext[i]; i++) {
		*next = p->ext[i] == PKT_HOPOPTS ? 0 : p->ext[i];
		memset(ip + off, 0, p->ext_len);
		ip[off + 1] = p->ext_len / 8 - 1;
		next = ip + off;
		off += p->ext_len;
	}
	*next = p->proto;
	return off;
}

static u32 make_ip4(struct pkt *p, u8 *ip)
{
	u32 len = 20 + p->ip_opts;

	pkt_noise(ip, 20);
	memset(ip + 20, 1, p->ip_opts);
	ip[0] = 0x40 | len / 4;
	pkt_put16(ip + 4, p->id);
	pkt_put16(ip + 6, 0x4000);
	ip[9] = p->proto;
	return len;
}

static u32 make_tcp(struct pkt *p, u8 *tcp)
{
	pkt_noise(tcp, 20);
	pkt_put32(tcp + 4, p->seq);
	tcp[12] = (20 + p->tcp_opts) / 4 << 4 | (tcp[12] & 1);	/* AE, once NS */
	tcp[13] = p->flags;
	memset(tcp + 20, 1, p->tcp_opts);
	return 20 + p->tcp_opts;
}

static u32 make_udp(struct pkt *p, u8 *udp)
{
	pkt_noise(udp, 8);
	pkt_put16(udp + 4, 8 + p->payload);
	return 8;
}

void pkt_make(struct pkt *p)
{
	u32 off = 12, i;
	u8 *ip;

	pkt_noise(p->data, 12);
	for (i = 0; i < p->tags; i++, off += 4) {
		pkt_put16(p->data + off, i + 1 < p->tags ? 0x88a8 : 0x8100);
		pkt_put16(p->data + off + 2, 100 + i);
	}
	pkt_put16(p->data + off, p->ip6 ? 0x86dd : 0x0800);
	p->l3 = off + 2;
	ip = p->data + p->l3;
	p->l4 = p->l3 + (p->ip6 ? make_ip6(p, ip) : make_ip4(p, ip));
	p->hdr_len = p->l4 + (p->proto == 17 ? make_udp(p, p->data + p->l4) : make_tcp(p, p->data + p->l4));
	pkt_noise(p->data + p->hdr_len, p->payload);
	p->len = p->hdr_len + p->payload;

	/* Too long a frame wraps these, which must not matter. */
	pkt_put16(p->ip6 ? ip + 4 : ip + 2, p->ip6 ? p->len - p->l3 - 40 : p->len - p->l3);
	if (!p->ip6) {
		pkt_put16(ip + 10, 0);
		pkt_put16(ip + 10, ~pkt_sum(0, ip, p->l4 - p->l3));
	}
	pkt_put16(p->data + p->l4 + pkt_csum_offset(p), pkt_pseudo(ip, p->ip6, p->proto, p->len - p->l4));
}

void pkt_vnet(u8 *raw, u8 flags, u8 gso_type, u16 gso_size, u16 csum_start, u16 csum_offset)
{
	u16 v[] = { 0xbeef, gso_size, csum_start, csum_offset, 0 };	/* hdr_len is a lie */
	u32 i;

	raw[0] = flags;
	raw[1] = gso_type;
	for (i = 0; i < VX_ARRAY_SIZE(v); i++) {
		raw[2 + 2 * i] = v[i];
		raw[3 + 2 * i] = v[i] >> 8;
	}
}

static bool same_but(const u8 *a, const u8 *b, u32 len, const u8 *skip, u32 nskip)
{
	u32 i, j;

	for (i = 0; i < len; i++) {
		for (j = 0; j < nskip && skip[j] != i; j++)
			;
		if (j == nskip && a[i] != b[i])
			return false;
	}
	return true;
}

static const char *judge_ip(const struct pkt *p, u32 i, const u8 *ip, u32 l3_len)
{
	static const u8 may4[] = { 2, 3, 4, 5, 10, 11 }, may6[] = { 4, 5 };
	const u8 *was = p->data + p->l3;

	if (p->ip6) {
		if (!same_but(ip, was, p->l4 - p->l3, may6, sizeof(may6)))
			return "IPv6 header changed";
		return pkt_get16(ip + 4) == l3_len - 40 ? NULL : "payload_len";
	}
	if (!same_but(ip, was, p->l4 - p->l3, may4, sizeof(may4)))
		return "IPv4 header changed";
	if (pkt_get16(ip + 2) != l3_len)
		return "tot_len";
	if (pkt_get16(ip + 4) != (u16)(p->id + i))
		return "IPv4 id";
	return pkt_sum(0, ip, p->l4 - p->l3) == 0xffff ? NULL : "IPv4 checksum";
}

static const char *judge_tcp(const struct pkt *p, u32 mss, u32 i, u32 n, const u8 *tcp)
{
	static const u8 may[] = { 4, 5, 6, 7, 13, 16, 17 };
	const u8 *was = p->data + p->l4;
	u8 flags = was[13];

	if (!same_but(tcp, was, p->hdr_len - p->l4, may, sizeof(may)))
		return "TCP header changed";
	if (pkt_get32(tcp + 4) != p->seq + i * mss)
		return "sequence number";
	if (i + 1 < n)
		flags &= ~(FIN | PSH);
	if (i)
		flags &= ~CWR;
	return tcp[13] == flags ? NULL : "TCP flags";
}

static const char *judge_udp(const struct pkt *p, const u8 *udp, u32 len)
{
	if (memcmp(udp, p->data + p->l4, 4))
		return "UDP ports changed";
	if (pkt_get16(udp + 4) != len)
		return "UDP length";
	return pkt_get16(udp + 6) ? NULL : "UDP checksum 0";
}

/* A single one keeps its headers, checksum apart: what does not fit is what the guest said of them. */
static const char *judge_whole(const struct pkt *p, const u8 *frame)
{
	u32 at = p->l4 + pkt_csum_offset(p), len = p->len - p->l4;

	if (memcmp(frame, p->data, at) || memcmp(frame + at + 2, p->data + at + 2, p->len - at - 2))
		return "a single frame changed";
	if (!pkt_get16(frame + at))
		return "checksum 0";
	/* Complete once, whatever the guest had put there: with that in place of the result, the sum is the result's complement. */
	return (u16)~pkt_sum(0, p->data + p->l4, len) % 0xffff == pkt_get16(frame + at) % 0xffff ? NULL : "checksum";
}

const char *pkt_judge(const struct pkt *p, u32 mss, u32 i, u32 n, const u8 *frame, u32 len)
{
	u32 from = i * mss, want = i + 1 < n ? mss : p->payload - from, l4_len = len - p->l4;
	const u8 *ip = frame + p->l3, *l4 = frame + p->l4;
	const char *bad;

	if (len != p->hdr_len + want)
		return "length";
	if (n == 1)
		return judge_whole(p, frame);
	if (memcmp(frame, p->data, p->l3))
		return "Ethernet header changed";
	bad = judge_ip(p, i, ip, len - p->l3);
	if (!bad)
		bad = p->proto == 17 ? judge_udp(p, l4, l4_len) : judge_tcp(p, mss, i, n, l4);
	if (bad)
		return bad;
	if (memcmp(frame + p->hdr_len, p->data + p->hdr_len + from, want))
		return "payload";
	return pkt_sum(pkt_pseudo(ip, p->ip6, p->proto, l4_len), l4, l4_len) == 0xffff ? NULL : "checksum";
}

static const char *check_l4(const u8 *ip, bool ip6, u8 proto, const u8 *l4, u32 len)
{
	if (proto != 6 && proto != 17)
		return "neither TCP nor UDP";
	if (len < (proto == 6 ? 20 : 8))
		return "transport header cut short";
	if (proto == 6 && (l4[12] >> 4 < 5 || l4[12] >> 4 > len / 4))
		return "TCP data offset";
	if (proto == 17 && pkt_get16(l4 + 4) != len)
		return "UDP length";
	if (proto == 17 && !pkt_get16(l4 + 6))
		return "UDP checksum 0";
	return pkt_sum(pkt_pseudo(ip, ip6, proto, len), l4, len) == 0xffff ? NULL : "checksum";
}

static const char *check_ip6(const u8 *ip, u32 len)
{
	u8 next = ip[6];
	u32 off = 40;

	if (len < 40 || pkt_get16(ip + 4) != len - 40)
		return "payload_len";
	while (next == 0 || next == 43 || next == 60) {
		if (off + 8 > len)
			return "extension header cut short";
		next = ip[off];
		off += (ip[off + 1] + 1) * 8;
	}
	return off > len ? "extension header" : check_l4(ip, true, next, ip + off, len - off);
}

static const char *check_ip4(const u8 *ip, u32 len)
{
	u32 hdr = (ip[0] & 15) * 4;

	if (len < 20 || hdr < 20 || hdr > len || pkt_get16(ip + 2) != len)
		return "IPv4 lengths";
	if (pkt_get16(ip + 6) & 0x3fff)
		return "a fragment";
	if (pkt_sum(0, ip, hdr) != 0xffff)
		return "IPv4 checksum";
	return check_l4(ip, false, ip[9], ip + hdr, len - hdr);
}

const char *pkt_check(const u8 *frame, u32 len)
{
	u32 off = 12;

	while (off + 4 <= len && (pkt_get16(frame + off) == 0x8100 || pkt_get16(frame + off) == 0x88a8))
		off += 4;
	off += 2;
	if (off >= len)
		return "Ethernet header";
	if (pkt_get16(frame + off - 2) == 0x0800 && frame[off] >> 4 == 4)
		return check_ip4(frame + off, len - off);
	if (pkt_get16(frame + off - 2) == 0x86dd && frame[off] >> 4 == 6)
		return check_ip6(frame + off, len - off);
	return "not IP";
}
