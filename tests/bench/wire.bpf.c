// SPDX-License-Identifier: GPL-2.0-or-later
/* Both ends of the bench's wire. Built against UAPI headers only. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>

#include "stream_shared.h"
#include "wire_shared.h"

const volatile __u32 gen_ifindex;	/* where generated frames go */
const volatile __u32 frame_len;
const volatile __u32 xsk_key;
const volatile __u32 magic_off = VXB_MAGIC_OFF;
const volatile __u32 stream;		/* payload of each frame of a TCP stream, or 0 */
const volatile struct vxb_stream_sums sums;

__u32 made;				/* frames of the stream that were generated, by one thread */

/* In .bss, which user space maps: reading a counter costs no system call. One softirq per CPU writes, so no atomics. */
struct wire_counter counters[VXB_CPUS];

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} wire_xsks SEC(".maps");

static __always_inline int ours(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct wire_counter *c = &counters[bpf_get_smp_processor_id() % VXB_CPUS];

	if (data + magic_off + sizeof(__u32) > end || end - data != frame_len || *(__u32 *)(data + magic_off) != VXB_MAGIC) {
		c->bad++;
		return 0;
	}
	c->good++;
	return 1;
}

/*
 * BPF_PROG_TEST_RUN makes frames "on" the loopback device. The program that makes them is the one that sits on
 * the wire, because a run of a program that no netdev uses rebuilds the XDP dispatcher twice: 25 ms a call.
 */
static __always_inline int is_generator(const struct xdp_md *ctx)
{
	return ctx->ingress_ifindex == 1;
}

static __always_inline int generate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct vxb_stream_sums s = { sums.ip, sums.tcp };

	if (stream && data + VXB_TCP_SUM_OFF + sizeof(__u16) <= end) {
		vxb_stream_place(data, &s, made * stream, made);
		made++;
	}
	return bpf_redirect(gen_ifindex, 0);
}

SEC("xdp.frags")
int wire_drop(struct xdp_md *ctx)
{
	if (is_generator(ctx))
		return generate(ctx);
	ours(ctx);
	return XDP_DROP;
}

SEC("xdp.frags")
int wire_echo(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	unsigned char mac[ETH_ALEN];

	if (is_generator(ctx))
		return generate(ctx);
	if (!ours(ctx) || (void *)(eth + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
	return XDP_TX;
}

SEC("xdp.frags")
int wire_to_xsk(struct xdp_md *ctx)
{
	return bpf_redirect_map(&wire_xsks, xsk_key, XDP_DROP);
}

char LICENSE[] SEC("license") = "GPL";
