// SPDX-License-Identifier: GPL-2.0-or-later
/* The compiler: places for the rules' bits, then the dimensions, then all of it laid out as an image. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "acl_build.h"
#include <vhost_xdp/acl_find.h>

#define SMALL_SHAPE	128	/* rules; fewer of a shape are not worth a chunk of their own */
#define SHAPES		4

static __u32 shape_of(const struct vx_acl_rule *r)
{
	return (r->n_src || *r->src_group) | (r->n_dst || *r->dst_group) << 1;
}

/* Few rules are one chunk in their order. Of many, each shape starts a chunk; those of rare shapes share. */
static int place(struct vx_acl_build *b)
{
	__u32 count[SHAPES] = {}, as[SHAPES], next[SHAPES] = {}, size[SHAPES] = {}, first, i, s, at = 0, c;

	b->bit = calloc(b->src->n + 1, sizeof(*b->bit));
	if (!b->bit)
		return -ENOMEM;
	for (i = 0; i < b->src->n; i++)
		count[shape_of(&b->src->rules[i])]++;
	for (s = 0; s < SHAPES; s++) {
		as[s] = b->src->n <= 512 || count[s] < SMALL_SHAPE ? 0 : s;
		size[as[s]] += count[s];
	}
	for (s = 0; s < SHAPES; s++) {
		next[s] = at;
		first = at / 512;
		at += size[s];
		b->bits = size[s] ? at : b->bits;
		at = (at + 511) & ~511u;
		for (c = first; c < at / 512; c++)
			b->shape[c] = (~0ull << first) & ~(~0ull << (at / 512));
	}
	for (i = 0; i < b->src->n; i++)
		b->bit[i] = next[as[shape_of(&b->src->rules[i])]]++;
	b->chunks = at ? at / 512 : 1;
	return 0;
}

struct layout {
	const struct vx_acl_build *b;
	size_t class_size;
	size_t hits, classes, tables, checks, lines, counters, end;	/* offsets in bytes */
	__u32 stride;	/* bytes */
	__u32 cpus;	/* with counters of their own */
};

static size_t align(size_t n, size_t to)
{
	return (n + to - 1) & ~(to - 1);
}

static void measure(struct layout *l, const struct vx_acl_build *b, __u32 cpus)
{
	l->b = b;
	l->cpus = cpus;
	l->class_size = align(sizeof(struct vx_acl_class) + b->chunks * sizeof(__u32), 8);
	l->hits = align(sizeof(struct vx_acl_image), 64);
	l->classes = l->hits + b->bits * sizeof(struct vx_acl_hit);
	l->tables = align(l->classes + b->class.n * l->class_size, 64);
	l->checks = l->tables + b->table.n * b->table.size;
	l->lines = align(l->checks + b->check.n * b->check.size, 64);
	l->counters = l->lines + b->line.n * b->line.size;
	l->stride = align((b->src->n + 2) * sizeof(struct vx_counter), 64);
	l->end = l->counters + (size_t)cpus * l->stride;
}

/* From the number of a record to its offset. */
static __u32 resolve(const struct layout *l, __u32 step)
{
	__u32 i = step & VX_ACL_STEP_OFF;
	size_t off;

	if (step & VX_ACL_STEP_CHECK)
		off = l->checks + i * l->b->check.size;
	else if (step & VX_ACL_STEP_TABLE)
		off = l->tables + i * l->b->table.size;
	else
		off = l->classes + i * l->class_size;
	return (step & ~VX_ACL_STEP_OFF) | off / 8;
}

static void put_class(const struct layout *l, struct vx_acl_class *out, const __u32 *lines)
{
	__u32 c, w, words;

	for (c = 0; c < l->b->chunks; c++) {
		const __u64 *line = vx_acl_pool_at(&l->b->line, lines[c]);

		for (w = 0, words = 0; w < 8; w++)
			words |= !!line[w] << w;
		out->chunk[c] = words << 24 | (l->lines / 64 + lines[c]);
		if (words)
			out->chunks |= 1ull << c;
	}
}

static void put_records(const struct layout *l, char *image)
{
	const struct vx_acl_build *b = l->b;
	struct vx_acl_check *check;
	__u32 i, k, *table;

	for (i = 0; i < b->class.n; i++)
		put_class(l, (struct vx_acl_class *)(image + l->classes + i * l->class_size), vx_acl_pool_at(&b->class, i));
	for (i = 0; i < b->table.n; i++) {
		table = vx_acl_pool_at(&b->table, i);
		for (k = 0; k < 256; k++)
			((__u32 *)(image + l->tables))[i * 256 + k] = resolve(l, table[k]);
	}
	for (i = 0; i < b->check.n; i++) {
		check = (struct vx_acl_check *)(image + l->checks) + i;
		*check = *(struct vx_acl_check *)vx_acl_pool_at(&b->check, i);
		check->yes = resolve(l, check->yes);
		check->no = resolve(l, check->no);
	}
	memcpy(image + l->lines, b->line.data, b->line.n * b->line.size);
}

static void put_hits(const struct layout *l, char *image)
{
	struct vx_acl_hit *hits = (struct vx_acl_hit *)(image + l->hits);
	__u32 *first = ((struct vx_acl_image *)image)->first, i;

	memset(first, 0xff, sizeof(((struct vx_acl_image *)image)->first));
	for (i = 0; i < l->b->src->n; i++) {
		const struct vx_acl_rule *r = &l->b->src->rules[i];
		__u32 c = l->b->bit[i] / 512;

		if (first[c] > i)
			first[c] = i;

		hits[l->b->bit[i]] = (struct vx_acl_hit){
			.place = i,
			.rule = r->number | (r->flags & VX_ACL_ALLOW ? VX_ACL_HIT_ALLOW : 0),
		};
	}
}

static void put_head(const struct layout *l, struct vx_acl_image *image, const struct vx_acl_image *head, __u32 all)
{
	__u32 *const steps[] = { image->src, image->dst, image->proto, image->sport, image->dport, image->type, image->code };
	const __u32 n[] = { 2, 2, VX_ACL_KEYS, 256, 256, 256, 256 };
	__u32 i, k;

	*image = *head;
	image->rules = l->b->src->n;
	image->allow = l->b->src->allow;
	image->hits = l->hits / 8;
	image->counters = l->counters / 8;
	image->cpus = l->cpus;
	image->shared = l->cpus < l->b->src->cpus;
	image->stride = l->stride / 8;
	image->all = resolve(l, all);
	for (i = 0; i < 64; i++)
		image->bit[(1ull << i) * 0x03f79d71b4cb0a89ull >> 58] = i;
	memcpy(image->shape, l->b->shape, sizeof(image->shape));
	for (i = 0; i < sizeof(n) / sizeof(n[0]); i++)
		for (k = 0; k < n[i]; k++)
			steps[i][k] = resolve(l, steps[i][k]);
}

static int lay_out(const struct vx_acl_build *b, const struct vx_acl_image *head, __u32 all, struct vx_acl_built *built)
{
	struct layout l = {};

	/* Counters of their own for all CPUs would leave no room for large sets on hosts with many. */
	measure(&l, b, b->src->cpus);
	while (l.end > VX_ACL_IMAGE_SIZE(VX_ACL_IMAGES - 1) && l.cpus > 1)
		measure(&l, b, (l.cpus + 1) / 2);
	built->used = l.end;
	for (built->size = 0; built->size < VX_ACL_IMAGES && l.end > VX_ACL_IMAGE_SIZE(built->size);)
		built->size++;
	if (built->size == VX_ACL_IMAGES)
		return -E2BIG;
	built->image = calloc(1, VX_ACL_IMAGE_SIZE(built->size) + VX_ACL_IMAGE_SLACK);
	if (!built->image)
		return -ENOMEM;
	put_head(&l, built->image, head, all);
	put_hits(&l, built->image);
	put_records(&l, built->image);
	return 0;
}

static int all_rules(struct vx_acl_build *b)
{
	struct vx_acl_bits bits = {};
	__u32 i;

	for (i = 0; i < b->src->n; i++)
		vx_acl_bit(b, &bits, i, true);
	return vx_acl_class(b, &bits);
}

static int dimensions(struct vx_acl_build *b, struct vx_acl_image *head)
{
	int err, i;

	for (i = 0; i < 2; i++) {
		err = vx_acl_build_addr(b, true, i ? 6 : 4, &head->src[i]);
		if (!err)
			err = vx_acl_build_addr(b, false, i ? 6 : 4, &head->dst[i]);
		if (err)
			return err;
	}
	err = vx_acl_build_proto(b, head->proto);
	if (!err)
		err = vx_acl_build_ports(b, true, head->sport);
	if (!err)
		err = vx_acl_build_ports(b, false, head->dport);
	if (!err)
		err = vx_acl_build_icmp(b, false, head->type);
	return err ? err : vx_acl_build_icmp(b, true, head->code);
}

int vx_acl_compile(const struct vx_acl_source *source, struct vx_acl_built *built)
{
	struct vx_acl_build b = { .src = source };
	struct vx_acl_image head = {};
	int err, all = 0;

	memset(built, 0, sizeof(*built));
	if (source->n > VX_ACL_RULES_MAX)
		return -E2BIG;
	err = place(&b);
	b.line.size = 64;
	b.class.size = b.chunks * sizeof(__u32);
	b.table.size = 256 * sizeof(__u32);
	b.check.size = sizeof(struct vx_acl_check);
	if (!err) {
		all = all_rules(&b);
		err = all < 0 ? all : dimensions(&b, &head);
	}
	if (!err)
		err = lay_out(&b, &head, all, built);
	vx_acl_pool_free(&b.line);
	vx_acl_pool_free(&b.class);
	vx_acl_pool_free(&b.table);
	vx_acl_pool_free(&b.check);
	free(b.bit);
	return err;
}

__u32 vx_acl_judge(const struct vx_acl_built *built, const struct vx_pkt *pkt, bool *allow, __u32 *number)
{
	const struct vx_acl_image *image = built->image;
	__u32 key = vx_acl_key(pkt);
	struct vx_acl_hit hit = vx_acl_find(image, VX_ACL_IMAGE_SIZE(built->size) - 8, pkt);

	*number = hit.rule & VX_ACL_NUMBER_MAX;
	*allow = hit.rule & VX_ACL_HIT_ALLOW;
	if (hit.place == VX_ACL_NO_HIT)
		*allow = key == VX_ACL_KEY_ARP || key == VX_ACL_KEY_ND || image->allow;
	return hit.place;
}
