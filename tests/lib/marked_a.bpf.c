// SPDX-License-Identifier: GPL-2.0-only
/* marked_a: everything may pass but the marked flow, flow 9 of the test tools. */
#include <vhost_xdp/policy.h>

#define MARKED_PORT	7009

SEC("xdp.frags")
int marked_a(struct xdp_md *ctx)
{
	struct vx_pkt *pkt = vx_frame(ctx);

	if (!pkt || pkt->dport == MARKED_PORT)
		return vx_drop(ctx, VX_REASON_DENIED);
	return vx_pass(ctx);
}

char _license[] SEC("license") = "GPL";
