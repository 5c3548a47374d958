// SPDX-License-Identifier: GPL-2.0-or-later
/* Both ends of the kernel bench's wire, and what joins a tap with its uplink. Built against UAPI headers only. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "kernel_wire_shared.h"

const volatile __u32 wire_ifindex;	/* where generated frames go */
const volatile __u32 peer_ifindex;	/* where tc sends what came in */
const volatile __u32 frame_len;
const volatile __u32 discard;		/* the generator alone: frames are made and go nowhere */
const volatile __u32 stamp;		/* note the time of each frame */

struct vxk_wire_page page;		/* in .bss, which user space maps: reading it costs no system call */

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, VXK_ENDS);
	__type(key, __u32);
	__type(value, __u32);
} ends SEC(".maps");

static __always_inline int generate(void)
{
	page.made++;
	if (stamp)
		page.stamp = bpf_ktime_get_ns();
	return discard ? XDP_DROP : bpf_redirect(wire_ifindex, 0);
}

static __always_inline void arrived(void *data, void *end, __u32 len)
{
	if (data + VXB_MAGIC_OFF + sizeof(__u32) > end || *(__u32 *)(data + VXB_MAGIC_OFF) != VXB_MAGIC) {
		page.foreign++;
		return;
	}
	if (len != frame_len) {
		page.bad++;
		return;
	}
	page.good++;
	if (stamp)
		page.stamp = bpf_ktime_get_ns();
}

/*
 * BPF_PROG_TEST_RUN makes frames "on" the loopback device. The program that makes them is the one that sits on the wire:
 * a run of a program that no netdev uses would rebuild the XDP dispatcher.
 */
SEC("xdp")
int wire_end(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (ctx->ingress_ifindex == 1)
		return generate();
	arrived(data, end, end - data);
	return XDP_DROP;
}

/* The same end for frames that come as an skb, which XDP on a veth would have to copy. */
SEC("tc")
int wire_end_skb(struct __sk_buff *skb)
{
	arrived((void *)(long)skb->data, (void *)(long)skb->data_end, skb->len);
	return TC_ACT_SHOT;
}

SEC("tc")
int to_peer_skb(struct __sk_buff *skb)
{
	return bpf_redirect(peer_ifindex, 0);
}

SEC("xdp")
int to_uplink(struct xdp_md *ctx)
{
	return bpf_redirect_map(&ends, VXK_UPLINK, XDP_DROP);
}

SEC("xdp")
int to_tap(struct xdp_md *ctx)
{
	return bpf_redirect_map(&ends, VXK_TAP, XDP_DROP);
}

char LICENSE[] SEC("license") = "GPL";
