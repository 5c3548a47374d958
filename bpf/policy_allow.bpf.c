// SPDX-License-Identifier: GPL-2.0-only
/* allow: everything may pass. A port without any policy passes nothing, so this one is said aloud. */
#include <vhost_xdp/policy.h>

SEC("xdp.frags")
int allow(struct xdp_md *ctx)
{
	return vx_pass(ctx);
}

char _license[] SEC("license") = "GPL";
