// SPDX-License-Identifier: GPL-2.0-only
/*
 * A generator for test runs: each run writes the next of many frames over the
 * one that came in, then tail-calls the program at slot 0, or sends the frame out.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include "policies_shared.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BENCH_FRAMES);
	__type(key, __u32);
	__type(value, struct bench_frame);
} frames SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct bench_turn);
} turn SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} next SEC(".maps");

SEC("xdp.frags")
int generate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 zero = 0, i;
	struct bench_turn *t = bpf_map_lookup_elem(&turn, &zero);
	struct bench_frame *f;

	if (!t || data + sizeof(f->b) > end)
		return XDP_ABORTED;
	i = t->next++;
	if (t->next >= t->frames)
		t->next = 0;
	f = bpf_map_lookup_elem(&frames, &i);
	if (!f)
		return XDP_ABORTED;
	__builtin_memcpy(data, f->b, sizeof(f->b));
	if (t->ifindex)
		return bpf_redirect(t->ifindex, 0);
	bpf_tail_call(ctx, &next, 0);
	return XDP_ABORTED;
}

/* A filter that costs nothing. */
SEC("xdp.frags")
int drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
