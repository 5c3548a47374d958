// SPDX-License-Identifier: GPL-2.0-or-later
/* Flows for tests: see flow.h. */
#include "flow.h"
#include "packet.h"

void flow_begin(struct flow_frame *f, u8 proto, bool ip6, u8 number)
{
	memset(f, 0, sizeof(*f));
	f->proto = proto;
	f->ip6 = ip6;
	f->src_mac = 1;
	f->dst_mac = 2;
	f->src = 10;
	f->dst = 20;
	f->ttl = 64;
	f->label = 0x12345;
	f->id = 0xfff0;
	f->frag = 0x4000;
	f->sport = 1000 + number;
	f->dport = 5201;
	f->seq = 0xffffe000 + number;
	f->ack = 77;
	f->flags = ACK;
	f->window = 500;
	f->opt_len = 12;
	f->opt = 1;
	f->payload = 1000;
}

void flow_next(struct flow_frame *f)
{
	f->seq += f->payload;
	f->id++;
}

static void make_ip(struct flow_frame *f, u8 *ip, u32 l4_len)
{
	if (f->ip6) {
		pkt_put32(ip, 6u << 28 | (u32)f->tos << 20 | f->label);
		pkt_put16(ip + 4, l4_len);
		ip[6] = f->proto;
		ip[7] = f->ttl;
		memset(ip + 8, 0x20, 32);
		ip[23] = f->src;
		ip[39] = f->dst;
		return;
	}
	ip[0] = 0x45;
	ip[1] = f->tos;
	pkt_put16(ip + 2, 20 + l4_len);
	pkt_put16(ip + 4, f->id);
	pkt_put16(ip + 6, f->frag);
	ip[8] = f->ttl;
	ip[9] = f->proto;
	memset(ip + 12, 10, 8);
	ip[15] = f->src;
	ip[19] = f->dst;
}

static u32 make_l4(struct flow_frame *f, u8 *l4)
{
	pkt_put16(l4, f->sport);
	pkt_put16(l4 + 2, f->dport);
	if (f->proto == FLOW_UDP) {
		pkt_put16(l4 + 4, 8 + f->payload);
		return 8;
	}
	pkt_put32(l4 + 4, f->seq);
	pkt_put32(l4 + 8, f->ack);
	l4[12] = (20 + f->opt_len) / 4 << 4;
	l4[13] = f->flags;
	pkt_put16(l4 + 14, f->window);
	memset(l4 + 20, f->opt, f->opt_len);
	return 20 + f->opt_len;
}

static u16 csum_place(u8 proto)
{
	return proto == FLOW_UDP ? 6 : 16;
}

/* Sum of pseudo-header and the len bytes at l4. */
static u16 l4_sum(const u8 *ip, const u8 *l4, u32 len)
{
	bool ip6 = ip[0] >> 4 == 6;

	return pkt_sum(pkt_pseudo(ip, ip6, ip6 ? ip[6] : ip[9], len), l4, len);
}

bool flow_csum_right(const u8 *frame, u32 len, u32 l3, u32 l4)
{
	return l4_sum(frame + l3, frame + l4, len - l4) == 0xffff;
}

void flow_fix_ip(struct flow_frame *f)
{
	u8 *ip = f->data + f->l3;

	if (f->ip6)
		return;
	pkt_put16(ip + 10, 0);
	pkt_put16(ip + 10, ~pkt_sum(0, ip, 20));
}

void flow_fix_l4(struct flow_frame *f)
{
	u8 *csum = f->data + f->l4 + csum_place(f->proto);
	u16 sum;

	pkt_put16(csum, 0);
	sum = ~l4_sum(f->data + f->l3, f->data + f->l4, f->len - f->pad - f->l4);
	pkt_put16(csum, !sum && f->proto == FLOW_UDP ? 0xffff : sum);
}

void flow_make(struct flow_frame *f)
{
	u32 off = 12, i;

	memset(f->data, 0, 128);
	f->data[5] = f->dst_mac;
	f->data[11] = f->src_mac;
	for (i = 0; i < f->tags; i++, off += 4) {
		pkt_put16(f->data + off, i + 1 < f->tags ? 0x88a8 : 0x8100);
		pkt_put16(f->data + off + 2, f->vlan);
	}
	pkt_put16(f->data + off, f->ip6 ? 0x86dd : 0x0800);
	f->l3 = off + 2;
	f->l4 = f->l3 + (f->ip6 ? 40 : 20);
	f->head = f->l4 + make_l4(f, f->data + f->l4);
	f->len = f->head + f->payload + f->pad;
	make_ip(f, f->data + f->l3, f->head - f->l4 + f->payload);
	pkt_noise(f->data + f->head, f->payload + f->pad);
	flow_fix_ip(f);
	flow_fix_l4(f);
}

void flow_sent(struct flow_wire *w, const void *data, u32 len, u32 flow)
{
	struct flow_sent *s = &w->sent[w->n];

	if (w->n == FLOW_WIRE_MAX)
		abort();
	s->data = malloc(len ? len : 1);
	if (!s->data)
		abort();
	memcpy(s->data, data, len);
	s->len = len;
	s->flow = flow;
	s->got = false;
	w->n++;
	w->left++;
}

void flow_forget(struct flow_wire *w)
{
	while (w->n)
		free(w->sent[--w->n].data);
	w->left = 0;
	w->dropped = 0;
}

/* The bytes are a frame that was sent; no other frame of its flow that was sent before it is missing, but for those dropped. */
static const char *find_sent(struct flow_wire *w, const u8 *frame, u32 len)
{
	u32 i, k, missing = 0;

	for (i = 0; i < w->n; i++) {
		struct flow_sent *s = &w->sent[i];

		if (s->got || s->len != len || memcmp(s->data, frame, len))
			continue;
		for (k = 0; k < i; k++)
			if (!w->sent[k].got && w->sent[k].flow == s->flow && ++missing > w->dropped)
				return "order within a flow";
		s->got = true;
		w->left--;
		return NULL;
	}
	return "a frame that was not sent";
}

/* What a merged frame is, by its own headers. */
struct super {
	const u8 *data;
	u32 len, l3, l4, head, mss;
	u8 proto;
	bool ip6, ecn;
};

static const char *parse_super(struct super *s, const u8 *hdr)
{
	u32 off = 12, csum_offset = hdr[8] | hdr[9] << 8;

	while (off + 2 <= s->len && (pkt_get16(s->data + off) == 0x8100 || pkt_get16(s->data + off) == 0x88a8))
		off += 4;
	s->l3 = off + 2;
	s->ip6 = pkt_get16(s->data + off) == 0x86dd;
	s->l4 = s->l3 + (s->ip6 ? 40 : 20);
	s->proto = s->data[s->l3 + (s->ip6 ? 6 : 9)];
	s->head = s->l4 + (s->proto == FLOW_UDP ? 8 : (s->data[s->l4 + 12] >> 4) * 4);
	s->mss = hdr[4] | hdr[5] << 8;
	s->ecn = hdr[1] & 0x80;
	if (hdr[0] != 1)
		return "flags of a merged frame";
	if ((hdr[1] & 0x7f) != (s->proto == FLOW_UDP ? 5 : s->ip6 ? 4 : 1))
		return "gso_type";
	if (s->head != (hdr[2] | (u32)hdr[3] << 8) || s->l4 != (hdr[6] | (u32)hdr[7] << 8) || csum_offset != csum_place(s->proto))
		return "hdr_len, csum_start or csum_offset";
	if (!s->mss || s->len - s->head <= s->mss)
		return "gso_size";
	if (s->proto == FLOW_TCP && s->ecn != !!(s->data[s->l4 + 13] & CWR))
		return "GSO_ECN";
	return NULL;
}

/* The headers as they must be for a stack that trusts them. */
static const char *judge_super(const struct super *s)
{
	const u8 *ip = s->data + s->l3, *l4 = s->data + s->l4;
	static const u8 none;

	if (s->len - s->l3 > 65535)
		return "too long for IP";
	if (s->ip6 ? pkt_get16(ip + 4) != s->len - s->l4 : pkt_get16(ip + 2) != s->len - s->l3)
		return "IP length";
	if (!s->ip6 && pkt_sum(0, ip, 20) != 0xffff)
		return "IPv4 checksum";
	if (s->proto == FLOW_UDP && pkt_get16(l4 + 4) != s->len - s->l4)
		return "UDP length";
	/* The sum of the pseudo-header alone: l4_sum() with the length but no bytes. */
	if (pkt_get16(l4 + csum_place(s->proto)) != pkt_sum(l4_sum(ip, &none, 0), (u8[]){ (s->len - s->l4) >> 8, s->len - s->l4 }, 2))
		return "sum of the pseudo-header";
	return NULL;
}

/* Segment i of n, as Linux makes it; step: by how much IPv4 ids go up. */
static u32 segment(const struct super *s, u32 i, u32 n, u32 step, u8 *out)
{
	u32 from = s->head + i * s->mss, part = vx_min(s->mss, s->len - from), len = s->head + part;
	u8 *ip = out + s->l3, *l4 = out + s->l4, *csum = l4 + csum_place(s->proto);
	u16 sum;

	memcpy(out, s->data, s->head);
	memcpy(out + s->head, s->data + from, part);
	if (s->ip6) {
		pkt_put16(ip + 4, len - s->l4);
	} else {
		pkt_put16(ip + 2, len - s->l3);
		pkt_put16(ip + 4, pkt_get16(ip + 4) + i * step);
		pkt_put16(ip + 10, 0);
		pkt_put16(ip + 10, ~pkt_sum(0, ip, 20));
	}
	if (s->proto == FLOW_UDP) {
		pkt_put16(l4 + 4, len - s->l4);
	} else {
		pkt_put32(l4 + 4, pkt_get32(l4 + 4) + i * s->mss);
		if (i)
			l4[13] &= ~CWR;
		if (i + 1 < n)
			l4[13] &= ~(FIN | PSH);
	}
	pkt_put16(csum, 0);
	sum = ~l4_sum(ip, l4, len - s->l4);
	pkt_put16(csum, !sum && s->proto == FLOW_UDP ? 0xffff : sum);
	return len;
}

static const char *super_got(struct flow_wire *w, struct super *s, const u8 *hdr, u32 *n)
{
	const char *bad = parse_super(s, hdr);
	static u8 out[70000];
	u32 i, count, step;

	bad = bad ? bad : judge_super(s);
	if (bad)
		return bad;
	count = (s->len - s->head + s->mss - 1) / s->mss;
	for (i = 0; i < count; i++) {
		/* A sender that does not count ids says so with "don't fragment". */
		bool fixed = !s->ip6 && s->data[s->l3 + 6] & 0x40;

		for (step = 1, bad = "none"; bad; step = 0) {
			bad = find_sent(w, out, segment(s, i, count, step, out));
			if (!step || !fixed || !i)
				break;
		}
		if (bad)
			return bad;
	}
	*n = count;
	return NULL;
}

const char *flow_got(struct flow_wire *w, const u8 *bytes, u32 len, u32 *n)
{
	struct super s = { .data = bytes + FLOW_HDR, .len = len - FLOW_HDR };
	u8 all = 0;
	u32 i;

	if (bytes[1])
		return super_got(w, &s, bytes, n);
	for (i = 2; i < 10; i++)
		all |= bytes[i];
	if (all)
		return "a header with more than flags";
	*n = 1;
	if (bytes[0] == 2) {
		u8 hdr[10] = { 1 };

		/* Only to find the headers. */
		parse_super(&s, hdr);
		if (s.len < s.head || (s.proto != FLOW_TCP && s.proto != FLOW_UDP) || !flow_csum_right(s.data, s.len, s.l3, s.l4))
			return "DATA_VALID without a right checksum";
	} else if (bytes[0]) {
		return "flags";
	}
	return find_sent(w, s.data, s.len);
}
