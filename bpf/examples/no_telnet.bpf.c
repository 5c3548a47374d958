// SPDX-License-Identifier: GPL-2.0-only
/* no_telnet: the README's policy. TCP to port 23 is denied, over IPv4 and IPv6; everything else passes. */
#include <linux/in.h>
#include <vhost_xdp/policy.h>

SEC("xdp.frags")
int no_telnet(struct xdp_md *ctx)
{
	struct vx_pkt *pkt = vx_frame(ctx);

	/*
	 * Ports are only there when VX_PKT_L4 says so: a later fragment has none. It passes here, and is of no use to anyone
	 * without the first one, which does not.
	 */
	if (!pkt || (pkt->ip_proto == IPPROTO_TCP && (pkt->flags & VX_PKT_L4) && pkt->dport == 23))
		return vx_drop(ctx, VX_REASON_DENIED);
	return vx_pass(ctx);
}

char _license[] SEC("license") = "GPL";
