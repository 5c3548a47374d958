/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy acl once more, as simple as can be: one rule after another, as
 * <vhost_xdp/acl.h> says it in words. And random rules and packets that keep
 * meeting each other, edges first.
 */
#ifndef TEST_ACL_MODEL_H
#define TEST_ACL_MODEL_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <vhost_xdp/policy.h>
#include <vhost_xdp/acl.h>
#include "acl_compile.h"

#define MODEL_UNUSED	__attribute__((unused))
#define MODEL_GROUPS	6
#define MODEL_PREFIXES	24

/* What a packet is. */
struct desc {
	int family;	/* 4, 6; 1: ARP; 0: neither */
	__u8 proto;
	__u8 src[16], dst[16];
	__u16 sport, dport;
	__u8 type, code;
	enum { WHOLE, FIRST, LATER } fragment;
	bool malformed;
};

struct model {
	struct vx_acl_rule *rule;
	__u32 n;
	bool allow;
	struct vx_acl_members group[MODEL_GROUPS];
	struct vx_acl_prefix prefix[MODEL_GROUPS][MODEL_PREFIXES];
};

static __u64 model_state = 88172645463325252ull;

static inline __u32 rnd(__u32 n)
{
	model_state ^= model_state << 13;
	model_state ^= model_state >> 7;
	model_state ^= model_state << 17;
	return (model_state >> 24) % n;
}

static inline bool model_ports(__u32 proto)
{
	return proto == 6 || proto == 17 || proto == 33 || proto == 132 || proto == 136;
}

static inline bool model_in(const struct vx_acl_prefix *p, const struct desc *d, const __u8 *addr)
{
	__u32 i;

	if (p->family != (d->family == 1 ? 4 : d->family))
		return false;
	for (i = 0; i < p->len; i++)
		if ((p->addr[i / 8] ^ addr[i / 8]) & 0x80 >> i % 8)
			return false;
	return true;
}

static inline bool model_side(const struct model *m, const struct desc *d, const __u8 *addr, const struct vx_acl_prefix *list, __u32 n,
			      const char *group)
{
	__u32 i;

	if (!n && !*group)
		return true;
	for (i = 0; i < MODEL_GROUPS; i++)
		if (*group && !strcmp(m->group[i].name, group)) {
			list = m->group[i].prefix;
			n = m->group[i].n;
		}
	for (i = 0; i < n; i++)
		if (model_in(&list[i], d, addr))
			return true;
	return false;
}

static inline bool model_range(const struct vx_acl_ports *list, __u32 n, __u16 port)
{
	__u32 i;

	for (i = 0; i < n; i++)
		if (port >= list[i].first && port <= list[i].last)
			return true;
	return !n;
}

/* Router and neighbour solicitations and advertisements, unfragmented. */
static inline bool model_nd(const struct desc *d)
{
	return d->family == 6 && d->proto == 58 && d->fragment == WHOLE && d->type >= 133 && d->type <= 136;
}

static inline bool model_ext(const struct desc *d)
{
	static const __u8 ext[] = { 0, 43, 44, 51, 60, 135, 139, 140 };

	return d->family == 6 && d->fragment == LATER && memchr(ext, d->proto, sizeof(ext));
}

static inline bool model_proto(const struct vx_acl_rule *r, const struct desc *d)
{
	bool allow = r->flags & VX_ACL_ALLOW;

	if (d->family == 1)
		return r->proto == VX_ACL_ARP;
	if (d->family == 0)
		return r->proto == VX_ACL_NON_IP;
	if (model_nd(d))
		return r->proto == VX_ACL_ND || (r->proto == 58 && r->flags & VX_ACL_TYPE && r->type >= 133 && r->type <= 136);
	if (r->proto > VX_ACL_IP6 || (r->proto == VX_ACL_IP4 && d->family == 6) || (r->proto == VX_ACL_IP6 && d->family == 4) ||
	    (r->proto == 1 && d->family == 6) || (r->proto == 58 && d->family == 4))
		return false;
	if (model_ext(d) && (r->proto < 256 || r->n_sport || r->n_dport))
		return !allow;
	if (r->proto < 256)
		return r->proto == d->proto;
	return !(r->n_sport || r->n_dport) || model_ports(d->proto);
}

static inline bool model_l4(const struct vx_acl_rule *r, const struct desc *d)
{
	bool names = r->n_sport || r->n_dport || r->flags & (VX_ACL_TYPE | VX_ACL_CODE);

	if (d->fragment == LATER)
		return !names || !(r->flags & VX_ACL_ALLOW);
	if (r->flags & VX_ACL_FRAGMENT)
		return false;
	if (r->flags & VX_ACL_TYPE && r->type != d->type)
		return false;
	if (r->flags & VX_ACL_CODE && r->code != d->code)
		return false;
	return model_range(r->sport, r->n_sport, d->sport) && model_range(r->dport, r->n_dport, d->dport);
}

/* Place of the rule in force, m->n for none; *allow: the verdict. */
MODEL_UNUSED static __u32 model_judge(const struct model *m, const struct desc *d, bool *allow)
{
	__u32 i;

	for (i = 0; i < m->n; i++) {
		const struct vx_acl_rule *r = &m->rule[i];

		if (!model_proto(r, d) || !model_l4(r, d))
			continue;
		if (d->family && (!model_side(m, d, d->src, r->src, r->n_src, r->src_group) ||
				  !model_side(m, d, d->dst, r->dst, r->n_dst, r->dst_group)))
			continue;
		*allow = r->flags & VX_ACL_ALLOW;
		return i;
	}
	*allow = d->family == 1 || model_nd(d) || m->allow;
	return m->n;
}

static inline void random_prefix(struct vx_acl_prefix *p, int family)
{
	static const __u8 len4[] = { 9, 10, 11, 8, 9, 12, 15, 16, 17, 20, 23, 24, 24, 24, 25, 28, 30, 31, 32, 32, 32, 32 };
	static const __u8 len6[] = { 17, 31, 32, 32, 33, 47, 48, 56, 60, 63, 64, 64, 65, 72, 80, 96, 112, 120, 127, 128, 128, 128 };
	__u8 addr[16] = {};
	__u32 i;

	memset(p, 0, sizeof(*p));
	p->family = family;
	if (!rnd(50)) {
		p->len = rnd(9);
		p->addr[0] = (family == 4 ? 10 : 0x20) & ~(0xff >> p->len);
		return;
	}
	p->len = family == 4 ? len4[rnd(sizeof(len4))] : len6[rnd(sizeof(len6))];
	for (i = 0; i < 16; i++)
		addr[i] = rnd(3) ? rnd(5) : rnd(4) ? 0xff * rnd(2) : rnd(256);
	addr[0] = family == 4 ? 10 + rnd(2) : 0x20;
	for (i = 0; i < p->len; i++)
		p->addr[i / 8] |= addr[i / 8] & 0x80 >> i % 8;
}

/* In, at an edge of, or just outside the prefix. */
static inline void addr_near(const struct vx_acl_prefix *p, __u8 *addr)
{
	__u32 fill = rnd(4), bits = p->family == 4 ? 32 : 128, i;

	memcpy(addr, p->addr, 16);
	for (i = p->len; i < bits; i++)
		if (fill == 1 || (fill > 1 && rnd(2)))
			addr[i / 8] |= 0x80 >> i % 8;
	if (!rnd(6))
		addr[rnd(bits) / 8] ^= 0x80 >> rnd(8);
}

static inline void random_ports(struct vx_acl_ports *list, __u8 *n)
{
	__u32 at = rnd(3) ? rnd(1024) : rnd(60000), len;

	for (*n = 0; *n < 1 + rnd(3) && at < 65000; at += 2 + rnd(300)) {
		len = rnd(3) ? 0 : rnd(4) ? rnd(20) : rnd(4000);
		if (at + len > 65535)
			len = 65535 - at;
		list[(*n)++] = (struct vx_acl_ports){ at, at + len };
		at += len;
	}
	if (!rnd(20)) {
		*n = 1;
		list[0] = (struct vx_acl_ports){ rnd(2) ? 0 : 255, rnd(2) ? 65535 : 256 };
	}
}

static inline void random_side(struct vx_acl_prefix *list, __u8 *n, char *group, int family)
{
	__u32 i;

	if (!rnd(8)) {
		snprintf(group, VX_ACL_NAME_LEN, "g%u", rnd(MODEL_GROUPS));
		return;
	}
	*n = rnd(6) ? 1 : 1 + rnd(VX_ACL_PREFIXES);
	for (i = 0; i < *n; i++)
		random_prefix(&list[i], family ? family : rnd(2) ? 4 : 6);
}

MODEL_UNUSED static void random_rule(struct vx_acl_rule *r, __u32 number)
{
	static const __u16 protos[] = { 6, 6, 6, 17, 17, 1, 58, 132, 47, VX_ACL_ANY, VX_ACL_ANY, VX_ACL_IP4, VX_ACL_IP6, VX_ACL_ARP, VX_ACL_ND,
					VX_ACL_NON_IP, 60 };
	int family;

	memset(r, 0, sizeof(*r));
	r->number = number;
	r->prio = VX_ACL_PRIO;
	r->flags = rnd(2) ? VX_ACL_ALLOW : 0;
	r->proto = protos[rnd(sizeof(protos) / sizeof(protos[0]))];
	family = r->proto == 1 || r->proto == VX_ACL_IP4 || r->proto == VX_ACL_ARP ? 4 : r->proto == 58 || r->proto == VX_ACL_IP6 ||
		 r->proto == VX_ACL_ND ? 6 : rnd(6) ? 4 + 2 * rnd(2) : 0;
	if (r->proto != VX_ACL_NON_IP && rnd(10) < 7)
		random_side(r->src, &r->n_src, r->src_group, family);
	if (r->proto != VX_ACL_NON_IP && rnd(10) < 6)
		random_side(r->dst, &r->n_dst, r->dst_group, family);
	if (model_ports(r->proto) || (r->proto >= VX_ACL_ANY && r->proto <= VX_ACL_IP6)) {
		if (!rnd(4))
			random_ports(r->sport, &r->n_sport);
		if (rnd(3))
			random_ports(r->dport, &r->n_dport);
	}
	if ((r->proto == 1 || r->proto == 58) && rnd(4)) {
		r->flags |= VX_ACL_TYPE;
		r->type = r->proto == 58 ? 128 + rnd(12) : rnd(12);
		if (!rnd(3)) {
			r->flags |= VX_ACL_CODE;
			r->code = rnd(3);
		}
	}
	if (r->proto <= VX_ACL_IP6 && !r->n_sport && !r->n_dport && !(r->flags & VX_ACL_TYPE) && !rnd(6))
		r->flags |= VX_ACL_FRAGMENT;
}

static inline int width(const struct vx_acl_rule *r)
{
	int src = r->n_src ? r->src[0].len * (r->src[0].family == 4 ? 4 : 1) : *r->src_group ? 40 : 0;
	int dst = r->n_dst ? r->dst[0].len * (r->dst[0].family == 4 ? 4 : 1) : *r->dst_group ? 40 : 0;

	return -(src > dst ? src : dst) - (r->n_src > 1 || r->n_dst > 1 ? -30 : 0);
}

static inline int narrower(const void *a, const void *b)
{
	return width(a) - width(b);
}

MODEL_UNUSED static void random_model(struct model *m, struct vx_acl_rule *rules, __u32 n)
{
	__u32 i, k;

	m->rule = rules;
	m->n = n;
	m->allow = rnd(2);
	for (i = 0; i < MODEL_GROUPS; i++) {
		snprintf(m->group[i].name, sizeof(m->group[i].name), "g%u", i);
		m->group[i].prefix = m->prefix[i];
		m->group[i].n = i ? rnd(MODEL_PREFIXES) : 0;
		for (k = 0; k < m->group[i].n; k++)
			random_prefix(&m->prefix[i][k], rnd(2) ? 4 : 6);
	}
	for (i = 0; i < n; i++)
		random_rule(&rules[i], 0);
	/* What matches much comes late, or little behind it would ever be reached; not always, as it hides what is wrong there. */
	if (rnd(4))
		qsort(rules, n, sizeof(*rules), narrower);
	for (i = 0; i < n; i++)
		rules[i].number = i + 1;
}

static inline __u16 port_near(const struct vx_acl_ports *list, __u32 n)
{
	const struct vx_acl_ports *p = &list[rnd(n ? n : 1)];

	if (!n)
		return rnd(65536);
	switch (rnd(5)) {
	case 0:
		return p->first - 1;
	case 1:
		return p->first;
	case 2:
		return p->last;
	case 3:
		return p->last + 1;
	}
	return p->first + rnd(p->last - p->first + 1);
}

static inline bool side_near(const struct model *m, const struct vx_acl_prefix *list, __u32 n, const char *group, int family, __u8 *addr)
{
	struct vx_acl_prefix any;
	__u32 i, tries;

	for (i = 0; i < MODEL_GROUPS && *group; i++)
		if (!strcmp(m->group[i].name, group)) {
			list = m->group[i].prefix;
			n = m->group[i].n;
		}
	for (tries = 0; n && tries < 4; tries++) {
		i = rnd(n);
		if (list[i].family != family)
			continue;
		addr_near(&list[i], addr);
		return true;
	}
	random_prefix(&any, family);
	addr_near(&any, addr);
	return false;
}

static inline int family_of(const struct vx_acl_rule *r)
{
	if (r->proto == 1 || r->proto == VX_ACL_IP4)
		return 4;
	if (r->proto == 58 || r->proto == VX_ACL_IP6 || r->proto == VX_ACL_ND)
		return 6;
	if (r->n_src)
		return r->src[0].family;
	return r->n_dst ? r->dst[0].family : 4 + 2 * (int)rnd(2);
}

/* Near to some rule of the model. */
MODEL_UNUSED static void random_desc(const struct model *m, struct desc *d)
{
	static const __u8 others[] = { 6, 17, 132, 1, 58, 47, 2, 50, 33 };
	const struct vx_acl_rule *r = &m->rule[rnd(m->n)];

	memset(d, 0, sizeof(*d));
	d->family = r->proto == VX_ACL_ARP ? 1 : r->proto == VX_ACL_NON_IP ? 0 : family_of(r);
	if (!rnd(40))
		d->family = rnd(2);
	side_near(m, r->src, r->n_src, r->src_group, d->family == 6 ? 6 : 4, d->src);
	side_near(m, r->dst, r->n_dst, r->dst_group, d->family == 6 ? 6 : 4, d->dst);
	if (d->family < 4)
		return;
	d->proto = r->proto < 256 && rnd(8) ? r->proto : r->proto == VX_ACL_ND ? 58 : others[rnd(sizeof(others))];
	d->fragment = r->flags & VX_ACL_FRAGMENT ? rnd(2) ? LATER : WHOLE : rnd(8) ? WHOLE : FIRST + rnd(2);
	if (d->fragment == LATER && !rnd(4))
		d->proto = rnd(2) ? 60 : 0;
	else if (d->family == 6 && (d->proto == 60 || d->proto == 0))
		d->proto = 17;
	d->malformed = !rnd(60);
	if (model_ports(d->proto)) {
		d->sport = port_near(r->sport, r->n_sport);
		d->dport = port_near(r->dport, r->n_dport);
	} else if (d->proto == 1 || d->proto == 58) {
		d->type = r->flags & VX_ACL_TYPE && rnd(4) ? r->type : d->proto == 58 ? 128 + rnd(12) : rnd(12);
		d->code = r->flags & VX_ACL_CODE && rnd(4) ? r->code : rnd(3);
	}
}

/* As the port's parser would say it. */
MODEL_UNUSED static void desc_pkt(const struct desc *d, struct vx_pkt *pkt)
{
	memset(pkt, 0, sizeof(*pkt));
	pkt->flags = d->family == 4 ? VX_PKT_IP4 : d->family == 6 ? VX_PKT_IP6 : d->family ? VX_PKT_ARP : 0;
	if (!d->family)
		return;
	memcpy(pkt->saddr, d->src, d->family == 6 ? 16 : 4);
	memcpy(pkt->daddr, d->dst, d->family == 6 ? 16 : 4);
	pkt->ip_proto = d->proto;
	pkt->frag_off = d->fragment == LATER ? 64 : 0;
	pkt->flags |= d->fragment != WHOLE ? VX_PKT_FRAGMENT : 0;
	if (d->family < 4 || d->fragment == LATER || !(model_ports(d->proto) || d->proto == 1 || d->proto == 2 || d->proto == 58))
		return;
	pkt->flags |= VX_PKT_L4;
	pkt->sport = d->sport;
	pkt->dport = d->dport;
	pkt->icmp_type = d->type;
	pkt->icmp_code = d->code;
	if (d->family == 6 && d->proto == 58 && d->type >= 133 && d->type <= 137)
		pkt->flags |= VX_PKT_ND;
}

#endif
