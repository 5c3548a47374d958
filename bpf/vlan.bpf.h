/* SPDX-License-Identifier: GPL-2.0-only */
/* Taking a VLAN tag off an XDP frame, and putting one on. */
#ifndef VX_VLAN_BPF_H
#define VX_VLAN_BPF_H

#include "ether.bpf.h"

/*
 * Both move the two MAC addresses by one tag length, in four-byte words and in
 * the order in which the overlapping copy reads nothing it has written.
 */
static __always_inline int vx_vlan_pop(struct xdp_md *ctx)
{
	__u32 *p = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (p + 4 > end)
		return -1;
	p[3] = p[2];
	p[2] = p[1];
	p[1] = p[0];
	return bpf_xdp_adjust_head(ctx, VX_VLAN_HLEN);
}

static __always_inline int vx_vlan_push(struct xdp_md *ctx, __u16 tci)
{
	__u32 *p, *end;

	if (bpf_xdp_adjust_head(ctx, -VX_VLAN_HLEN))
		return -1;
	p = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (p + 4 > end)
		return -1;
	p[0] = p[1];
	p[1] = p[2];
	p[2] = p[3];
	p[3] = bpf_htonl(ETH_P_8021Q << 16 | tci);
	return 0;
}

#endif
