// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses. The longest prefix that covers an address decides its class:
 * the rules of that prefix, of those around it, and those that name no address. A
 * trie of one byte a level finds it; where only one way leads on, a check stands
 * for all tables on it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "acl_build.h"

/* A prefix in a rule or group; later, distinct prefixes. */
struct node {
	__u64 addr[2];	/* as a number; IPv4 in the upper 32 bits */
	__u32 len;
	__u32 owner;	/* rule, or number of rules + group; later: class */
};

struct dim {
	struct vx_acl_build *b;
	bool src;
	int family;
	struct node *node;
	__u32 n, room;
	__u32 *next;	/* rules of the same group: by rule, and by number of rules + group the first; 0: none, else rule + 1 */
	int err;
};

static __u64 mask_half(__u32 len)
{
	return len >= 64 ? ~0ull : len ? ~0ull << (64 - len) : 0;
}

static __u64 mask(__u32 len, int half)
{
	return half ? mask_half(len > 64 ? len - 64 : 0) : mask_half(len);
}

static bool covers(const struct node *a, const struct node *b)
{
	return a->len <= b->len && !((a->addr[0] ^ b->addr[0]) & mask(a->len, 0)) && !((a->addr[1] ^ b->addr[1]) & mask(a->len, 1));
}

static __u32 byte(const struct node *p, __u32 depth)
{
	return p->addr[depth >> 3] >> (56 - 8 * (depth & 7)) & 255;
}

static int compare(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	if (x->addr[0] != y->addr[0])
		return x->addr[0] < y->addr[0] ? -1 : 1;
	if (x->addr[1] != y->addr[1])
		return x->addr[1] < y->addr[1] ? -1 : 1;
	return x->len < y->len ? -1 : x->len > y->len;
}

static void collect(struct dim *d, const struct vx_acl_prefix *list, __u32 n, __u32 owner)
{
	struct node *more, *p;
	__u32 i, k;

	for (i = 0; i < n && !d->err; i++) {
		if (list[i].family != d->family)
			continue;
		if (d->n == d->room) {
			d->room = d->room ? 2 * d->room : 256;
			more = realloc(d->node, d->room * sizeof(*more));
			if (!more) {
				d->err = -ENOMEM;
				return;
			}
			d->node = more;
		}
		p = &d->node[d->n++];
		*p = (struct node){ .len = list[i].len, .owner = owner };
		for (k = 0; k < 16; k++)
			p->addr[k >> 3] |= (__u64)list[i].addr[k] << (56 - 8 * (k & 7));
		p->addr[0] &= mask(p->len, 0);
		p->addr[1] &= mask(p->len, 1);
	}
}

static int find_group(const struct vx_acl_source *src, const char *name)
{
	__u32 lo = 0, hi = src->n_groups, mid;
	int diff;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		diff = strcmp(name, src->groups[mid].name);
		if (!diff)
			return (int)mid;
		if (diff < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return -ENOENT;
}

/* All prefixes with whose they are, each group once; bits gets the rules without any. */
static void collect_all(struct dim *d, struct vx_acl_bits *any)
{
	const struct vx_acl_source *src = d->b->src;
	__u32 i;
	int g;

	for (i = 0; i < src->n && !d->err; i++) {
		const struct vx_acl_rule *r = &src->rules[i];
		const char *group = d->src ? r->src_group : r->dst_group;
		__u32 n = d->src ? r->n_src : r->n_dst;

		if (*group) {
			g = find_group(src, group);
			if (g < 0) {
				d->err = g;
				return;
			}
			if (!d->next[src->n + g])
				collect(d, src->groups[g].prefix, src->groups[g].n, src->n + g);
			d->next[i] = d->next[src->n + g];
			d->next[src->n + g] = i + 1;
		} else if (n) {
			collect(d, d->src ? r->src : r->dst, n, i);
		} else {
			vx_acl_bit(d->b, any, i, true);
		}
	}
}

static void add_owner(const struct dim *d, struct vx_acl_bits *bits, __u32 owner)
{
	__u32 r;

	if (owner < d->b->src->n) {
		vx_acl_bit(d->b, bits, owner, true);
		return;
	}
	for (r = d->next[owner]; r; r = d->next[r - 1])
		vx_acl_bit(d->b, bits, r - 1, true);
}

/* Sorted by address, a prefix follows all that are around it: those are kept on a stack. */
static int classes(struct dim *d, __u32 any)
{
	__u32 stack[129], depth = 0, i, j, n = 0, around;
	struct vx_acl_bits bits;
	int class;

	if (d->n)
		qsort(d->node, d->n, sizeof(*d->node), compare);
	for (i = 0; i < d->n; i = j) {
		while (depth && !covers(&d->node[stack[depth - 1]], &d->node[i]))
			depth--;
		around = depth ? d->node[stack[depth - 1]].owner : any;
		vx_acl_class_bits(d->b, around, &bits);
		for (j = i; j < d->n && !compare(&d->node[i], &d->node[j]); j++)
			add_owner(d, &bits, d->node[j].owner);
		class = vx_acl_class(d->b, &bits);
		if (class < 0)
			return class;
		d->node[n] = d->node[i];
		d->node[n].owner = class;
		stack[depth++] = n++;
	}
	d->n = n;
	return 0;
}

static __u32 check(struct dim *d, const struct node *p, __u32 len, __u32 yes, __u32 no)
{
	struct vx_acl_check c = {
		.mask = { mask(len, 0), mask(len, 1) },
		.want = { p->addr[0] & mask(len, 0), p->addr[1] & mask(len, 1) },
		.yes = yes,
		.no = no,
	};
	int number = vx_acl_pool_add(&d->b->check, &c);

	if (number < 0)
		d->err = number;
	return VX_ACL_STEP_CHECK | (number & VX_ACL_STEP_OFF);
}

/* Bits that all prefixes of a sorted range have in common, in whole bytes. */
static __u32 common_bytes(const struct node *p, __u32 n)
{
	const struct node *last = &p[n - 1];
	__u32 i, bytes = 16;

	for (i = 0; i < n; i++)
		if (p[i].len / 8 < bytes)
			bytes = p[i].len / 8;
	for (i = 0; i < bytes && byte(p, i) == byte(last, i); i++)
		;
	return i;
}

static __u32 build(struct dim *d, const struct node *p, __u32 n, __u32 depth, __u32 class);

static __u32 table(struct dim *d, const struct node *p, __u32 n, __u32 depth, __u32 class)
{
	__u32 step[256], end = 8 * (depth + 1), i, j, k;
	int number;

	for (i = 0; i < 256; i++)
		step[i] = class;
	/* Those that end in this byte: longer ones come later and have the last word. */
	for (i = 0; i < n; i++)
		if (p[i].len <= end)
			for (k = 0; k < 1u << (end - p[i].len); k++)
				step[byte(&p[i], depth) + k] = p[i].owner;
	for (i = 0; i < n && !d->err; i = j) {
		while (i < n && p[i].len <= end)
			i++;
		for (j = i; j < n && p[j].len > end && byte(&p[i], depth) == byte(&p[j], depth); j++)
			;
		if (j > i)
			step[byte(&p[i], depth)] = build(d, p + i, j - i, depth + 1, step[byte(&p[i], depth)]);
	}
	number = vx_acl_pool_add(&d->b->table, step);
	if (number < 0)
		d->err = number;
	return VX_ACL_STEP_TABLE | depth << 24 | (number & VX_ACL_STEP_OFF);
}

/* The step into a subtree: prefixes p[0..n) from this byte on; class is what covers all of it. */
static __u32 build(struct dim *d, const struct node *p, __u32 n, __u32 depth, __u32 class)
{
	__u32 bytes, step = class, i;

	while (n && p->len <= 8 * depth) {
		class = step = p->owner;
		p++;
		n--;
	}
	/* The longer one of two is asked first. */
	if (n <= 2) {
		for (i = 0; i < n; i++)
			step = check(d, &p[i], p[i].len, p[i].owner, step);
		return step;
	}
	bytes = common_bytes(p, n);
	if (bytes <= depth)
		return table(d, p, n, depth, class);
	/* What ends there covers all the rest. */
	step = build(d, p, n, bytes, class);
	return check(d, p, 8 * bytes, step, class);
}

int vx_acl_build_addr(struct vx_acl_build *b, bool src, int family, __u32 *root)
{
	struct dim d = { .b = b, .src = src, .family = family };
	struct vx_acl_bits bits = {};
	int any;

	d.next = calloc(b->src->n + b->src->n_groups + 1, sizeof(*d.next));
	if (!d.next)
		return -ENOMEM;
	collect_all(&d, &bits);
	any = d.err ? d.err : vx_acl_class(b, &bits);
	if (any >= 0)
		d.err = classes(&d, any);
	else
		d.err = any;
	if (!d.err)
		*root = build(&d, d.node, d.n, 0, any);
	free(d.node);
	free(d.next);
	return d.err;
}
