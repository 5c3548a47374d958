/* SPDX-License-Identifier: GPL-2.0-only */
/* Where flows are: two buckets for each, a lock to each bucket. Only one lock is held at a time. */
#ifndef VX_FLOW_TABLE_BPF_H
#define VX_FLOW_TABLE_BPF_H

#include "flow_state.bpf.h"

/* Flows of all ports, in buckets. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, VX_FLOW_BUCKETS);
	__type(key, struct vx_flow_place);
	__type(value, struct vx_flow_bucket);
} stateful_flows SEC(".maps");

/* An empty bucket, to make others of: it does not fit on the stack, and a lock makes no sense in it. */
struct flow_empty {
	__u8 zero[sizeof(struct vx_flow_bucket)];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow_empty);
} stateful_empty SEC(".maps");

struct flow_seed {
	struct bpf_spin_lock lock;
	__u32 reserved;
	__u64 seed;	/* random, so that nobody can choose flows that share a bucket; 0: not made yet */
};

/* What the hash begins with. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct flow_seed);
} stateful_seed SEC(".maps");

static __always_inline __u64 vx_flow_seed(void)
{
	__u32 zero = 0;
	struct flow_seed *s = bpf_map_lookup_elem(&stateful_seed, &zero);
	__u64 seed, fresh;

	if (!s)
		return 0;
	seed = *(volatile __u64 *)&s->seed;
	if (seed)
		return seed;
	fresh = (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32() | 1;
	bpf_spin_lock(&s->lock);
	if (!s->seed)
		s->seed = fresh;
	seed = s->seed;
	bpf_spin_unlock(&s->lock);
	return seed;
}

static __always_inline __u64 vx_mix(__u64 h, __u64 v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

/* 0..buckets-1 by the upper bits of v. */
static __always_inline __u32 vx_scale(__u32 v, __u32 buckets)
{
	return (__u64)v * buckets >> 32;
}

static __always_inline __u32 vx_buckets_of(__u32 limit)
{
	if (limit < VX_STATEFUL_LIMIT_MIN)
		limit = VX_STATEFUL_LIMIT_MIN;
	if (limit > VX_STATEFUL_LIMIT_MAX)
		limit = VX_STATEFUL_LIMIT_MAX;
	return limit / VX_FLOW_FILL + 1;
}

static __always_inline struct vx_flow_bucket *vx_bucket(__u32 port, __u32 bucket)
{
	struct vx_flow_place place = { .port = port, .bucket = bucket };

	return bpf_map_lookup_elem(&stateful_flows, &place);
}

/* Made if need be. NULL: no memory, or all ports' together are full. */
static __always_inline struct vx_flow_bucket *vx_bucket_make(__u32 port, __u32 bucket)
{
	struct vx_flow_place place = { .port = port, .bucket = bucket };
	struct vx_flow_bucket *b = bpf_map_lookup_elem(&stateful_flows, &place);
	__u32 zero = 0;
	void *empty;

	if (b)
		return b;
	empty = bpf_map_lookup_elem(&stateful_empty, &zero);
	if (!empty)
		return NULL;
	/* Another CPU may be first: then it is there all the same. */
	bpf_map_update_elem(&stateful_flows, &place, empty, BPF_NOEXIST);
	return bpf_map_lookup_elem(&stateful_flows, &place);
}

static __always_inline bool vx_key_equal(const struct vx_flow_key *a, const struct vx_flow_key *b)
{
	const __u64 *x = (const void *)a, *y = (const void *)b;

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3]) | (x[4] ^ y[4]));
}

/*
 * The same number, but the verifier takes it for any: it goes on once, and not once for each way. The mask tells it what it needs
 * to know then.
 */
static __always_inline __u32 vx_any_way(__u32 way, __u64 unknown)
{
	__u32 v = way + (__u32)unknown;

	asm volatile("" : "+r"(v));
	return (v - (__u32)unknown) & (2 * VX_FLOW_WAYS - 1);
}

/* The way that has it, or VX_FLOW_WAYS. Locked, as all below. */
static __always_inline __u32 vx_bucket_find(const struct vx_flow_bucket *b, __u32 tag, const struct vx_flow_key *key, __u64 now)
{
	__u32 i;

	for (i = 0; i < VX_FLOW_WAYS; i++)
		if (b->tag[i] == tag && b->flow[i].expires > now && vx_key_equal(&b->flow[i].key, key))
			break;
	return vx_any_way(i, now);
}

static __always_inline __u32 vx_bucket_used(const struct vx_flow_bucket *b, __u64 now)
{
	__u32 i, n = 0;

	for (i = 0; i < VX_FLOW_WAYS; i++)
		n += b->flow[i].expires > now;
	return n;
}

/* A way for a new flow: a free one, else the one nearest to its end of those that give way to this opener, else VX_FLOW_WAYS. */
static __always_inline __u32 vx_bucket_room(const struct vx_flow_bucket *b, __u8 opener, bool evict, __u64 now)
{
	__u64 least = ~0ull;
	__u32 i, way = VX_FLOW_WAYS;

	for (i = 0; i < VX_FLOW_WAYS; i++) {
		const struct vx_flow *f = &b->flow[i];
		__u64 expires = f->expires;

		if (expires <= now)
			expires = 0;
		else if (!evict || !vx_flow_gives_way(f, opener))
			continue;
		if (expires < least) {
			least = expires;
			way = i;
		}
	}
	return vx_any_way(way, now);
}

#endif
