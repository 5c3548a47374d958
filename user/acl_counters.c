// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "acl_counters.h"

/* Where a CPU's counters are, or NULL outside of the image. */
static const struct vx_counter *of_cpu(const struct vx_acl_built *built, __u32 cpu)
{
	const struct vx_acl_image *image = built->image;
	size_t off = 8 * ((size_t)image->counters + (size_t)cpu * image->stride);

	if (off + (image->rules + 2) * sizeof(struct vx_counter) > VX_ACL_IMAGE_SIZE(built->size))
		return NULL;
	return (const struct vx_counter *)((const char *)built->image + off);
}

void vx_acl_counters_add(struct vx_acl_rules *rules, const struct vx_acl_built *built)
{
	const struct vx_acl_image *image = built->image;
	const struct vx_counter *c;
	__u32 cpu, i;

	if (image->rules != rules->n)
		return;
	for (cpu = 0; cpu < image->cpus; cpu++) {
		c = of_cpu(built, cpu);
		if (!c)
			return;
		for (i = 0; i < rules->n; i++) {
			rules->rule[i].packets += c[i].packets;
			rules->rule[i].bytes += c[i].bytes;
		}
		for (i = 0; i < 2; i++) {
			rules->fallback[i].packets += c[rules->n + i].packets;
			rules->fallback[i].bytes += c[rules->n + i].bytes;
		}
	}
}

void vx_acl_counters_zero(struct vx_acl_rules *rules)
{
	__u32 i;

	for (i = 0; i < rules->n; i++)
		rules->rule[i].packets = rules->rule[i].bytes = 0;
	memset(rules->fallback, 0, sizeof(rules->fallback));
}

bool vx_acl_same_match(const struct vx_acl_rule *a, const struct vx_acl_rule *b)
{
	return a->proto == b->proto && !((a->flags ^ b->flags) & ~VX_ACL_ALLOW) && a->type == b->type && a->code == b->code &&
	       a->n_src == b->n_src && a->n_dst == b->n_dst && a->n_sport == b->n_sport && a->n_dport == b->n_dport &&
	       !memcmp(a->src, b->src, sizeof(a->src)) && !memcmp(a->dst, b->dst, sizeof(a->dst)) &&
	       !memcmp(a->sport, b->sport, sizeof(a->sport)) && !memcmp(a->dport, b->dport, sizeof(a->dport)) &&
	       !strcmp(a->src_group, b->src_group) && !strcmp(a->dst_group, b->dst_group);
}

/* In the order of their content; numbers do not count. */
static int compare(const void *a, const void *b)
{
	const struct vx_acl_rule *x = *(struct vx_acl_rule *const *)a, *y = *(struct vx_acl_rule *const *)b;

	return memcmp(&x->flags, &y->flags, offsetof(struct vx_acl_rule, packets) - offsetof(struct vx_acl_rule, flags));
}

static struct vx_acl_rule **sorted(const struct vx_acl_rules *rules)
{
	struct vx_acl_rule **list = calloc(rules->n + 1, sizeof(struct vx_acl_rule *));
	__u32 i;

	for (i = 0; list && i < rules->n; i++)
		list[i] = &rules->rule[i];
	if (list)
		qsort(list, rules->n, sizeof(struct vx_acl_rule *), compare);
	return list;
}

/* The side counts already: what it carries changes by a difference, and what it has counted since stays. */
static void carry_rule(const struct vx_acl_maps *maps, const struct vx_acl_rule_key *key, const struct vx_acl_rule *base,
		       const struct vx_acl_rule *before)
{
	struct vx_acl_rule rule;

	if (base->packets == before->packets && base->bytes == before->bytes)
		return;
	if (bpf_map_lookup_elem(maps->rules, key, &rule))
		return;
	rule.packets += before->packets - base->packets;
	rule.bytes += before->bytes - base->bytes;
	bpf_map_update_elem(maps->rules, key, &rule, BPF_EXIST);
}

static void carry_fallback(const struct vx_acl_maps *maps, __u32 set, int to, const struct vx_acl_rules *base,
			   const struct vx_acl_rules *before)
{
	struct vx_acl_set info;
	int i;

	if (bpf_map_lookup_elem(maps->sets, &set, &info))
		return;
	for (i = 0; i < 2; i++) {
		info.side[to].fallback[i].packets += before->fallback[i].packets - base->fallback[i].packets;
		info.side[to].fallback[i].bytes += before->fallback[i].bytes - base->fallback[i].bytes;
	}
	bpf_map_update_elem(maps->sets, &set, &info, BPF_EXIST);
}

void vx_acl_counters_carry(const struct vx_acl_maps *maps, __u32 set, int from, int to, const struct vx_acl_rules *base)
{
	struct vx_acl_rule_key key = { .set = set, .side = to };
	struct vx_acl_rule **a, **b;
	struct vx_acl_rules before;
	__u32 i = 0, k = 0;
	int diff;

	if (vx_acl_read(maps, set, from, &before))
		return;
	a = sorted(&before);
	b = sorted(base);
	while (a && b && i < before.n && k < base->n) {
		diff = compare(&a[i], &b[k]);
		if (!diff) {
			key.place = b[k] - base->rule;
			carry_rule(maps, &key, b[k], a[i]);
		}
		i += diff <= 0;
		k += diff >= 0;
	}
	carry_fallback(maps, set, to, base, &before);
	free(a);
	free(b);
	vx_acl_rules_free(&before);
}

void vx_acl_counters_keep(const struct vx_acl_maps *maps, __u32 set, int side, const struct vx_acl_built *last)
{
	struct vx_acl_rules none = { .n = ((const struct vx_acl_image *)last->image)->rules }, counted = none;
	struct vx_acl_rule_key key = { .set = set, .side = side };

	none.rule = calloc(none.n + 1, sizeof(*none.rule));
	counted.rule = calloc(none.n + 1, sizeof(*none.rule));
	if (none.rule && counted.rule) {
		vx_acl_counters_add(&counted, last);
		for (; key.place < none.n; key.place++)
			carry_rule(maps, &key, &none.rule[key.place], &counted.rule[key.place]);
		carry_fallback(maps, set, side, &none, &counted);
	}
	free(none.rule);
	free(counted.rule);
}
