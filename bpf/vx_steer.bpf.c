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
#include "watch.bpf.h"

/* After filters such as xdp-filter: a redirect ends the chain. */
struct {
	__uint(priority, 90);
	__uint(XDP_PASS, 1);
} XDP_RUN_CONFIG(vx_steer);

/* On the way to a port, or dropped: reason. */
static __always_inline void vx_show(struct xdp_md *ctx, __u32 points, __u32 port, __u32 reason)
{
	struct vx_watch_room *room;

	if (!vx_watched(points))
		return;
	room = vx_watch_begin(points, port, VX_TO_GUEST);
	if (!room)
		return;
	room->s.verdict = reason ? XDP_DROP : XDP_REDIRECT;
	room->s.stage = VX_STAGE_STEER;
	room->s.reason = reason;
	room->s.len = bpf_xdp_get_buff_len(ctx);
	vx_watch_show(ctx, room, vx_load_xdp);
}

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
		if (bpf_redirect_map(&vx_dev, entry.host_ifindex, XDP_DROP) == XDP_REDIRECT) {
			vx_show(ctx, VX_WATCH_UPLINK, entry.port, VX_REASON_NONE);
			return XDP_REDIRECT;
		}
		reason = VX_REASON_REDIRECT_FAILED;
	}
	len = bpf_xdp_get_buff_len(ctx);
	vx_count(entry.port, VX_TO_GUEST, VX_STAGE_STEER, reason, 0, vlan ? len - VX_VLAN_HLEN : len);
	vx_show(ctx, VX_WATCH_UPLINK | VX_WATCH_DROPS, entry.port, reason);
	return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
