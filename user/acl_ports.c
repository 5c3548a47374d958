// SPDX-License-Identifier: GPL-2.0-or-later
/* Ports, ICMP types and protocols: small numbers, so that tables of all of them will do. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "acl_build.h"

/* From this number on a rule is on, or off. */
struct event {
	__u32 at;
	__u32 rule;
	bool on;
};

static int compare(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* Ranges of a rule neither overlap nor touch. */
static __u32 port_events(const struct vx_acl_build *b, bool src, struct event *ev, struct vx_acl_bits *bits)
{
	const struct vx_acl_ports *list;
	__u32 i, k, n, used = 0;

	for (i = 0; i < b->src->n; i++) {
		const struct vx_acl_rule *r = &b->src->rules[i];

		list = src ? r->sport : r->dport;
		n = src ? r->n_sport : r->n_dport;
		if (!n)
			vx_acl_bit(b, bits, i, true);
		for (k = 0; k < n; k++) {
			ev[used++] = (struct event){ .at = list[k].first, .rule = i, .on = true };
			ev[used++] = (struct event){ .at = list[k].last + 1u, .rule = i };
		}
	}
	qsort(ev, used, sizeof(*ev), compare);
	return used;
}

static int sweep(struct vx_acl_build *b, const struct event *ev, __u32 n, struct vx_acl_bits *bits, __u32 *class)
{
	__u32 at = 0, next, i = 0;
	int c;

	while (at < 65536) {
		for (; i < n && ev[i].at == at; i++)
			vx_acl_bit(b, bits, ev[i].rule, ev[i].on);
		c = vx_acl_class(b, bits);
		if (c < 0)
			return c;
		next = i < n ? ev[i].at : 65536;
		while (at < next && at < 65536)
			class[at++] = c;
	}
	return 0;
}

/* A table below only where one upper byte does not say it all. */
static int port_root(struct vx_acl_build *b, const __u32 *class, __u32 root[256])
{
	__u32 hi, lo;
	int number;

	for (hi = 0; hi < 256; hi++, class += 256) {
		for (lo = 1; lo < 256 && class[lo] == class[0]; lo++)
			;
		root[hi] = class[0];
		if (lo == 256)
			continue;
		number = vx_acl_pool_add(&b->table, class);
		if (number < 0)
			return number;
		root[hi] = VX_ACL_STEP_TABLE | (number & VX_ACL_STEP_OFF);
	}
	return 0;
}

int vx_acl_build_ports(struct vx_acl_build *b, bool src, __u32 root[256])
{
	struct event *ev = calloc(b->src->n * VX_ACL_PORTS * 2 + 1, sizeof(*ev));
	__u32 *class = calloc(65536, sizeof(*class));
	struct vx_acl_bits bits = {};
	int err = -ENOMEM;

	if (ev && class)
		err = sweep(b, ev, port_events(b, src, ev, &bits), &bits, class);
	if (!err)
		err = port_root(b, class, root);
	free(class);
	free(ev);
	return err;
}

/* Types, or codes, that no rule names are all of one class. */
int vx_acl_build_icmp(struct vx_acl_build *b, bool code, __u32 root[256])
{
	__u32 flag = code ? VX_ACL_CODE : VX_ACL_TYPE, i, v;
	struct vx_acl_bits any = {}, bits;
	bool named[256] = {};
	int class, fallback;

	for (i = 0; i < b->src->n; i++) {
		const struct vx_acl_rule *r = &b->src->rules[i];

		if (r->flags & flag)
			named[code ? r->code : r->type] = true;
		else
			vx_acl_bit(b, &any, i, true);
	}
	fallback = vx_acl_class(b, &any);
	if (fallback < 0)
		return fallback;
	for (v = 0; v < 256; v++) {
		root[v] = fallback;
		if (!named[v])
			continue;
		bits = any;
		for (i = 0; i < b->src->n; i++)
			if (b->src->rules[i].flags & flag && (code ? b->src->rules[i].code : b->src->rules[i].type) == v)
				vx_acl_bit(b, &bits, i, true);
		class = vx_acl_class(b, &bits);
		if (class < 0)
			return class;
		root[v] = class;
	}
	return 0;
}

static bool has_ports(__u32 proto)
{
	/* TCP, UDP, DCCP, SCTP, UDP-Lite */
	return proto == 6 || proto == 17 || proto == 33 || proto == 132 || proto == 136;
}

/* In a later fragment it hides what comes behind it. */
static bool is_extension(__u32 proto)
{
	return proto == 0 || proto == 43 || proto == 44 || proto == 51 || proto == 60 || proto == 135 || proto == 139 || proto == 140;
}

static bool names_nd(const struct vx_acl_rule *r)
{
	return r->proto == VX_ACL_ND || (r->proto == 58 && r->flags & VX_ACL_TYPE && r->type >= 133 && r->type <= 136);
}

static bool fits_family(const struct vx_acl_rule *r, bool ip6)
{
	if (r->proto == (ip6 ? VX_ACL_IP4 : VX_ACL_IP6) || r->proto > VX_ACL_IP6)
		return false;
	return !(r->proto == 1 && ip6) && !(r->proto == 58 && !ip6);
}

static bool fits_packet(const struct vx_acl_rule *r, __u32 proto)
{
	if (r->flags & VX_ACL_FRAGMENT)
		return false;
	if (r->proto < VX_ACL_ANY)
		return r->proto == proto;
	return !(r->n_sport || r->n_dport) || has_ports(proto);
}

/* What cannot be seen is taken for a reason to deny, and for none to allow. */
static bool fits_fragment(const struct vx_acl_rule *r, __u32 proto, bool ip6)
{
	bool allow = r->flags & VX_ACL_ALLOW, hidden = ip6 && is_extension(proto), ports = r->n_sport || r->n_dport;

	if (allow && (ports || r->flags & (VX_ACL_TYPE | VX_ACL_CODE)))
		return false;
	if (hidden && (r->proto < VX_ACL_ANY || ports))
		return !allow;
	if (r->proto < VX_ACL_ANY)
		return r->proto == proto;
	return !ports || has_ports(proto);
}

static bool fits_key(const struct vx_acl_rule *r, __u32 key)
{
	bool ip6 = key & VX_ACL_KEY_IP6;

	if (key == VX_ACL_KEY_ARP)
		return r->proto == VX_ACL_ARP;
	if (key == VX_ACL_KEY_ND)
		return names_nd(r);
	if (key == VX_ACL_KEY_NON_IP)
		return r->proto == VX_ACL_NON_IP;
	if (key > VX_ACL_KEY_NON_IP || !fits_family(r, ip6))
		return false;
	if (key & VX_ACL_KEY_FRAGMENT)
		return fits_fragment(r, key & 255, ip6);
	return fits_packet(r, key & 255);
}

/* Protocols that no rule names, and that are nothing special, are like 255. */
int vx_acl_build_proto(struct vx_acl_build *b, __u32 root[VX_ACL_KEYS])
{
	__u32 key, i, like;
	bool named[256] = { [255] = true };
	struct vx_acl_bits bits;
	int class;

	for (i = 0; i < 255; i++)
		named[i] = has_ports(i) || is_extension(i);
	for (i = 0; i < b->src->n; i++)
		if (b->src->rules[i].proto < VX_ACL_ANY)
			named[b->src->rules[i].proto] = true;
	for (key = VX_ACL_KEYS; key-- > 0;) {
		if (key < VX_ACL_KEY_ARP && !named[key & 255]) {
			like = key | 255;
			root[key] = root[like];
			continue;
		}
		memset(&bits, 0, sizeof(bits));
		for (i = 0; i < b->src->n; i++)
			if (fits_key(&b->src->rules[i], key))
				vx_acl_bit(b, &bits, i, true);
		class = vx_acl_class(b, &bits);
		if (class < 0)
			return class;
		root[key] = class;
	}
	return 0;
}
