// SPDX-License-Identifier: GPL-2.0-only
/*
 * acl: ordered rules that allow or deny, from <vhost_xdp/acl.h>. A frame reads
 * once which set of rules is its port's, and once which image that set has now: it
 * is judged by that image alone, whatever is replaced meanwhile.
 */
#include <stdbool.h>
#include <vhost_xdp/policy.h>
#include <vhost_xdp/acl.h>
#include <vhost_xdp/acl_find.h>

#define ACL_PORTS	1024

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ACL_PORTS * VX_DIRECTIONS);
	__type(key, __u32);
	__type(value, __u32);
} acl_use SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VX_ACL_SETS);
	__type(key, __u32);
	__type(value, __u32);
} acl_heads SEC(".maps");

/* One value each, and not one page after another: the program does with it as with memory. */
#define IMAGE_MAP(n)							\
struct {								\
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);			\
	__uint(max_entries, 2 * VX_ACL_SETS);				\
	__uint(key_size, sizeof(__u32));				\
	__uint(value_size, sizeof(__u32));				\
	__array(values, struct {					\
		__uint(type, BPF_MAP_TYPE_ARRAY);			\
		__uint(max_entries, 1);					\
		__uint(key_size, sizeof(__u32));			\
		__uint(value_size, VX_ACL_IMAGE_SIZE(n) + VX_ACL_IMAGE_SLACK);	\
	});								\
} acl_image_##n SEC(".maps")

IMAGE_MAP(0);
IMAGE_MAP(1);
IMAGE_MAP(2);
IMAGE_MAP(3);
IMAGE_MAP(4);
IMAGE_MAP(5);

/* For user space alone. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VX_ACL_SETS);
	__type(key, __u32);
	__type(value, struct vx_acl_set);
} acl_sets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, VX_ACL_RULES_ALL);
	__type(key, struct vx_acl_rule_key);
	__type(value, struct vx_acl_rule);
} acl_rules SEC(".maps");

struct acl_name {
	char name[VX_ACL_NAME_LEN];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, VX_ACL_GROUPS);
	__type(key, struct acl_name);
	__type(value, struct vx_acl_group);
} acl_groups SEC(".maps");

static __always_inline void count(void *image, __u32 mask, const struct vx_pkt *pkt, __u32 place)
{
	struct vx_acl_image *head = image;
	__u32 cpu = bpf_get_smp_processor_id();
	struct vx_counter *c;

	if (cpu >= head->cpus)
		cpu %= head->cpus;
	c = image + (((head->counters + cpu * head->stride) * 8 + place * sizeof(*c)) & mask);
	if (head->shared) {
		__sync_fetch_and_add(&c->packets, pkt->segs);
		__sync_fetch_and_add(&c->bytes, pkt->len);
	} else {
		c->packets += pkt->segs;
		c->bytes += pkt->len;
	}
}

/* Not inlined: one body, which the verifier follows once for each size of image. Number of the rule | VX_ACL_HIT_ALLOW. */
static __noinline __u32 judge(struct vx_acl_image *image, __u32 mask, struct vx_pkt *pkt)
{
	struct vx_acl_hit hit = vx_acl_find(image, mask, pkt);
	__u32 key;

	if (hit.place == VX_ACL_NO_HIT) {
		key = vx_acl_key(pkt);
		hit.place = image->rules + VX_ACL_COUNT_DEFAULT;
		hit.rule = image->allow ? VX_ACL_HIT_ALLOW : 0;
		if (key == VX_ACL_KEY_ARP || key == VX_ACL_KEY_ND) {
			hit.place = image->rules + VX_ACL_COUNT_UNNAMED;
			hit.rule = VX_ACL_HIT_ALLOW;
		}
	}
	count(image, mask, pkt, hit.place);
	return hit.rule;
}

#define JUDGE(n) ({									\
	void *inner_ = bpf_map_lookup_elem(&acl_image_##n, &key);			\
	void *image_ = inner_ ? bpf_map_lookup_elem(inner_, &zero) : NULL;		\
	image_ ? judge(image_, VX_ACL_IMAGE_SIZE(n) - 8, pkt) : 0; })

/* A set that is not there denies. */
static __always_inline __u32 judge_set(struct vx_pkt *pkt, __u32 set)
{
	__u32 *head = bpf_map_lookup_elem(&acl_heads, &set), zero = 0, now, key;

	now = head ? *(volatile __u32 *)head : 0;
	if (!now)
		return 0;
	key = 2 * set + VX_ACL_HEAD_SIDE(now);
	switch (VX_ACL_HEAD_IMAGE(now)) {
	case 0:
		return JUDGE(0);
	case 1:
		return JUDGE(1);
	case 2:
		return JUDGE(2);
	case 3:
		return JUDGE(3);
	case 4:
		return JUDGE(4);
	case 5:
		return JUDGE(5);
	}
	return 0;
}

SEC("xdp.frags")
int acl(struct xdp_md *ctx)
{
	struct vx_pkt *pkt = vx_frame(ctx);
	__u32 key, *use, rule;

	if (!pkt)
		return vx_drop(ctx, VX_REASON_DENIED);
	if (pkt->flags & VX_PKT_MALFORMED)
		return vx_drop(ctx, VX_REASON_MALFORMED);
	key = pkt->port * VX_DIRECTIONS + (pkt->direction & 1);
	use = bpf_map_lookup_elem(&acl_use, &key);
	rule = judge_set(pkt, use ? *use : VX_ACL_SET_DEFAULT);
	if (rule & VX_ACL_HIT_ALLOW)
		return vx_pass(ctx);
	return vx_drop_rule(ctx, VX_REASON_DENIED, rule);
}

char _license[] SEC("license") = "GPL";
