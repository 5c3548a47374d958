// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdbool.h>
#include <string.h>
#include <arpa/inet.h>

#include "policies_rules.h"

static unsigned long long state;

static __u32 rnd(__u32 n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 20) % n;
}

static void prefix(struct vx_acl_prefix *p, int family)
{
	static const __u8 len4[] = { 16, 20, 24, 24, 24, 28, 32, 32, 32, 32 }, len6[] = { 48, 56, 64, 64, 64, 64, 128, 128, 128, 128 };
	__u8 addr[16] = { 0x20, 0x01, 0x0d, 0xb8, rnd(2), rnd(256), rnd(4), rnd(256) };
	int i;

	memset(p, 0, sizeof(*p));
	p->family = family;
	p->len = family == 4 ? len4[rnd(sizeof(len4))] : len6[rnd(sizeof(len6))];
	if (family == 4) {
		addr[0] = 10 + rnd(3);
		for (i = 1; i < 4; i++)
			addr[i] = rnd(256);
	}
	addr[14] = rnd(256);
	addr[15] = rnd(256);
	for (i = 0; i < p->len; i++)
		p->addr[i / 8] |= addr[i / 8] & 0x80 >> i % 8;
}

static void rule(struct vx_acl_rule *r, __u32 number)
{
	static const __u16 common[] = { 22, 53, 80, 443, 8080 };
	int family = rnd(4) ? 4 : 6, sides = rnd(10);
	__u32 port = rnd(3) ? common[rnd(5)] : rnd(65000);

	memset(r, 0, sizeof(*r));
	r->number = number;
	r->prio = VX_ACL_PRIO;
	r->flags = rnd(2) ? VX_ACL_ALLOW : 0;
	r->proto = rnd(3) ? 6 : 17;
	if (sides < 8) {
		r->n_src = 1;
		prefix(r->src, family);
	}
	if (sides >= 6) {
		r->n_dst = 1;
		prefix(r->dst, family);
	}
	if (rnd(5)) {
		r->n_dport = 1;
		r->dport[0].first = port;
		r->dport[0].last = rnd(4) ? port : port + rnd(500);
	}
}

void rules_make(struct vx_acl_rule *rules, __u32 n)
{
	__u32 i;

	state = 88172645463325252ull + n;
	for (i = 0; i < n; i++)
		rule(&rules[i], i + 1);
}

static void inside(const struct vx_acl_prefix *p, __u8 *addr)
{
	int i;

	for (i = 0; i < p->len; i++)
		addr[i / 8] = (addr[i / 8] & ~(0x80 >> i % 8)) | (p->addr[i / 8] & 0x80 >> i % 8);
}

static void frame(struct bench_frame *f, const struct vx_acl_rule *r, bool meet)
{
	bool ip6 = meet && (r->n_src ? r->src[0].family == 6 : r->dst[0].family == 6);
	struct vx_acl_prefix src, dst;
	__u8 *ip = f->b + 14, *l4;
	__u16 dport = meet && r->n_dport ? r->dport[0].first : rnd(65536);
	__u16 sport = rnd(65536), total = BENCH_LEN - 14;

	if (!meet)
		ip6 = !rnd(4);
	prefix(&src, ip6 ? 6 : 4);
	prefix(&dst, ip6 ? 6 : 4);
	if (meet && r->n_src)
		inside(r->src, src.addr);
	if (meet && r->n_dst)
		inside(r->dst, dst.addr);
	memset(f, 0, sizeof(*f));
	memcpy(f->b, "\x52\x54\0\0\0\x01\x52\x54\0\0\0\x02", 12);
	f->b[12] = ip6 ? 0x86 : 0x08;
	f->b[13] = ip6 ? 0xdd : 0;
	if (ip6) {
		ip[0] = 0x60;
		ip[5] = total - 40;
		ip[6] = meet ? r->proto : 6;
		ip[7] = 64;
		memcpy(ip + 8, src.addr, 16);
		memcpy(ip + 24, dst.addr, 16);
		l4 = ip + 40;
	} else {
		ip[0] = 0x45;
		ip[3] = total;
		ip[8] = 64;
		ip[9] = meet ? r->proto : 6;
		memcpy(ip + 12, src.addr, 4);
		memcpy(ip + 16, dst.addr, 4);
		l4 = ip + 20;
	}
	l4[0] = sport >> 8;
	l4[1] = sport;
	l4[2] = dport >> 8;
	l4[3] = dport;
	l4[12] = 0x50;
}

void frames_make(const struct vx_acl_rule *rules, __u32 n, struct bench_frame *frames, __u32 n_frames)
{
	__u32 i;

	for (i = 0; i < n_frames; i++)
		frame(&frames[i], &rules[rnd(n)], i & 1);
}

static void nft_side(FILE *out, const char *side, const struct vx_acl_prefix *p)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(p->family == 4 ? AF_INET : AF_INET6, p->addr, text, sizeof(text));
	fprintf(out, "%s %s %s/%u ", p->family == 4 ? "ip" : "ip6", side, text, p->len);
}

static void nft_rule(FILE *out, const struct vx_acl_rule *r)
{
	const char *proto = r->proto == 6 ? "tcp" : "udp";

	if (r->n_src)
		nft_side(out, "saddr", r->src);
	if (r->n_dst)
		nft_side(out, "daddr", r->dst);
	if (r->n_dport)
		fprintf(out, "%s dport %u-%u ", proto, r->dport[0].first, r->dport[0].last);
	else
		fprintf(out, "meta l4proto %s ", proto);
	fprintf(out, "counter %s\n", r->flags & VX_ACL_ALLOW ? "accept" : "drop");
}

void rules_nft(FILE *out, const struct vx_acl_rule *rules, __u32 n, const char *dev, int as_set)
{
	char text[INET6_ADDRSTRLEN];
	__u32 i;

	fprintf(out, "table netdev bench {\n");
	if (as_set) {
		fprintf(out, "set s { type ipv4_addr . inet_service; elements = {");
		for (i = 0; i < n; i++)
			if (rules[i].n_src && rules[i].src[0].family == 4)
				fprintf(out, " %s . %u,\n", inet_ntop(AF_INET, rules[i].src[0].addr, text, sizeof(text)), rules[i].dport[0].first);
		fprintf(out, " 192.0.2.1 . 1 }\n}\n");
	}
	fprintf(out, "chain c { type filter hook ingress device %s priority 0; policy drop;\n", dev);
	if (as_set)
		fprintf(out, "ip saddr . tcp dport @s counter accept\n");
	for (i = 0; i < n && !as_set; i++)
		nft_rule(out, &rules[i]);
	fprintf(out, "}\n}\n");
}
