// SPDX-License-Identifier: GPL-2.0-only
/* closed: nothing may pass. The policy that the demo and the tests swap in; written as any operator would. */
#include <vhost_xdp/policy.h>

SEC("xdp.frags")
int closed(struct xdp_md *ctx)
{
	return vx_drop(ctx, VX_REASON_DENIED);
}

char _license[] SEC("license") = "GPL";
