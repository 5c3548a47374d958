// SPDX-License-Identifier: GPL-2.0-or-later
/* Both ends of the kernel bench's wire, and what joins a tap with its uplink. Built against UAPI headers only. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

#include "kernel_wire_shared.h"

const volatile __u32 wire_ifindex;	/* where generated frames go */
const volatile __u32 peer_ifindex;	/* where tc sends what came in */
const volatile __u32 frame_len;
const volatile __u32 discard;		/* the generator alone: frames are made and go nowhere */
const volatile __u32 stamp;		/* note the time of each frame */
const volatile __u32 magic_off = VXB_MAGIC_OFF;
const volatile __u32 stream;		/* payload of each frame of a TCP stream, or 0 */
const volatile struct vxb_stream_sums sums;

struct vxk_wire_page page;		/* in .bss, which user space maps: reading it costs no system call */

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, VXK_ENDS);
	__type(key, __u32);
	__type(value, __u32);
} ends SEC(".maps");

static __always_inline int generate(void *data, void *end)
{
	if (stream) {
		struct vxb_stream_sums s = { sums.ip, sums.tcp };

		if (data + VXB_TCP_SUM_OFF + sizeof(__u16) > end)
			return XDP_ABORTED;
		/* A page that was used before may have been the first of many that were coalesced. */
		*(__u16 *)(data + VXB_IP_LEN_OFF) = __builtin_bswap16(frame_len - ETH_HLEN);
		vxb_stream_place(data, &s, page.made * stream, page.made);
	}
	page.made++;
	if (stamp)
		page.made_at = bpf_ktime_get_ns();
	return discard ? XDP_DROP : bpf_redirect(wire_ifindex, 0);
}

static __always_inline void arrived(void *data, void *end, __u32 len)
{
	if (data + magic_off + sizeof(__u32) > end || *(__u32 *)(data + magic_off) != VXB_MAGIC) {
		page.foreign++;
		return;
	}
	if (len != frame_len || (stream && page.good && vxb_stream_seq(data) != page.seq)) {
		page.bad++;
		return;
	}
	if (stream)
		page.seq = vxb_stream_seq(data) + stream;
	page.good++;
	if (stamp)
		page.good_at = bpf_ktime_get_ns();
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
		return generate(data, end);
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
