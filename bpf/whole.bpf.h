/* SPDX-License-Identifier: GPL-2.0-only */
/* Super-frames from one port to another: what they are, who takes them, and what the sender learns of that. See <vhost_xdp/whole.h>. */
#ifndef VX_WHOLE_BPF_H
#define VX_WHOLE_BPF_H

#include <linux/in.h>
#include <vhost_xdp/policy.h>
#include <vhost_xdp/whole.h>
#include "ether.bpf.h"
#include "passed.bpf.h"

#define VX_TCP_CWR	0x80
#define VX_L4_LOOK	20	/* bytes of TCP or UDP that are read */
#define VX_NEAR_LEN	512	/* shorter frames are no bulk transfer: nothing is learnt from them */

/* What a frame of this length, tag taken off, is on this port. */
static __always_inline bool vx_too_long(const struct vx_pkt *pkt, const struct vx_port_cfg *cfg)
{
	return pkt->len > cfg->mtu + ETH_HLEN + VX_VLAN_HLEN;
}

static __always_inline bool vx_has_note(struct xdp_md *ctx)
{
	struct vx_passed *note = (void *)(long)ctx->data_meta;

	return (void *)(note + 1) <= (void *)(long)ctx->data && note->magic == VX_WHOLE_MAGIC;
}

/* A parsed frame longer than VX_WHOLE_MIN: is it a sound super-frame, of segments that this port's MTU allows? */
static __always_inline bool vx_super(struct xdp_md *ctx, struct vx_pkt *pkt, const struct vx_port_cfg *cfg)
{
	__u32 head = 8, csum = 6, size, payload;
	__u8 l4[VX_L4_LOOK];

	if (!(pkt->flags & VX_PKT_L4) || pkt->flags & (VX_PKT_MALFORMED | VX_PKT_FRAGMENT))
		return false;
	if (bpf_xdp_load_bytes(ctx, pkt->l4_off, l4, sizeof(l4)))
		return false;
	if (pkt->ip_proto == IPPROTO_TCP) {
		head = (l4[12] >> 4) * 4;
		if (head < 20)
			return false;
		csum = 16;
	} else if (pkt->ip_proto != IPPROTO_UDP) {
		return false;
	}
	size = l4[csum] << 8 | l4[csum + 1];
	head += pkt->l4_off;
	/* Not negative: the headers end early in what is longer than VX_WHOLE_MIN, or vx_parse() had refused them. */
	payload = pkt->len - head;
	if (!size || size >= payload || payload > 65535 || head + size > cfg->mtu + ETH_HLEN + VX_VLAN_HLEN)
		return false;
	pkt->gso_size = size;
	pkt->segs = (payload + size - 1) / size;
	return true;
}

static __always_inline __u32 vx_super_kinds(const struct vx_pkt *pkt)
{
	bool ip6 = pkt->flags & VX_PKT_IP6;

	if (pkt->ip_proto == IPPROTO_UDP)
		return ip6 ? VX_WHOLE_USO6 : VX_WHOLE_USO4;
	return (ip6 ? VX_WHOLE_TSO6 : VX_WHOLE_TSO4) | (pkt->tcp_flags & VX_TCP_CWR ? VX_WHOLE_ECN : 0);
}

/* The sender's page says from now on that dst takes these kinds; 0: that it takes none, or is no neighbour. */
static __always_inline void vx_near_learn(const struct vx_pkt *pkt, __u32 kinds)
{
	struct vx_engine_page *page = vx_port_page(pkt->port);
	__u64 now, entry = kinds ? vx_near_entry(pkt->dst, kinds) : 0;
	volatile __u64 *slot;

	if (!page)
		return;
	slot = vx_near_slot(page, pkt->dst);
	now = *slot;
	if (now == entry || (!entry && (now & VX_NEAR_MAC) != vx_near_entry(pkt->dst, 0)))
		return;
	*slot = entry;
}

#endif
