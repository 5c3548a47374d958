// SPDX-License-Identifier: GPL-2.0-only
/*
 * Steering, on the uplink: what is for a port goes to that port, everything
 * else on to the host. It makes no tail call and changes no packet, because
 * the libxdp dispatcher on Debian's kernels carries no program that does.
 */
#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <xdp/xdp_helpers.h>
#include "count.bpf.h"
#include "ether.bpf.h"

/* After filters such as xdp-filter: a redirect ends the chain. */
struct {
	__uint(priority, 90);
	__uint(XDP_PASS, 1);
} XDP_RUN_CONFIG(vx_steer);

SEC("xdp.frags")
int vx_steer(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct vx_fdb_entry entry;
	__u32 len, reason;
	__u16 vlan = 0;

	if ((void *)(eth + 1) > end || vx_mac_group(eth->h_dest))
		return XDP_PASS;
	if (eth->h_proto == bpf_htons(ETH_P_8021Q)) {
		struct vx_vlan_hdr *tag = (void *)(eth + 1);

		if ((void *)(tag + 1) > end)
			return XDP_PASS;
		/* VID 0 carries a priority only: untagged. */
		vlan = bpf_ntohs(tag->tci) & VX_VLAN_VID;
	} else if (eth->h_proto == bpf_htons(ETH_P_8021AD)) {
		return XDP_PASS;
	}

	if (!vx_fdb_find(ctx->ingress_ifindex, vlan, eth->h_dest, &entry))
		return XDP_PASS;
	reason = VX_REASON_NO_BACKEND;
	if (vx_port_active(entry.port)) {
		if (bpf_redirect_map(&vx_dev, entry.host_ifindex, XDP_DROP) == XDP_REDIRECT)
			return XDP_REDIRECT;
		reason = VX_REASON_REDIRECT_FAILED;
	}
	len = bpf_xdp_get_buff_len(ctx);
	vx_count(entry.port, VX_TO_GUEST, VX_STAGE_STEER, reason, 0, vlan ? len - VX_VLAN_HLEN : len);
	return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
