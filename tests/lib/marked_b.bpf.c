// SPDX-License-Identifier: GPL-2.0-only
/* marked_b: the same verdicts as marked_a by another program, which names a reason of its own. */
#include <vhost_xdp/policy.h>

#define MARKED_PORT	7009

SEC("xdp.frags")
int marked_b(struct xdp_md *ctx)
{
	struct vx_pkt *pkt = vx_frame(ctx);

	if (pkt && pkt->dport != MARKED_PORT)
		return vx_pass(ctx);
	return vx_drop_rule(ctx, VX_REASON_CUSTOM, 7);
}

char _license[] SEC("license") = "GPL";
