// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clsact companions of the XDP programs, for what XDP cannot do: deliver
 * one frame to several, and join guests with the host's own stack.
 *
 *	                    wire
 *	        vx_uplink_in |  ^ vx_uplink_out
 *	                     v  |
 *	  host stack ------ uplink ------ XDP redirects, not seen here
 *	                     |  ^
 *	                     v  | vx_host_end
 *	                  host ends
 *
 * Group frames are cloned to every host end of the (uplink, VLAN) but the one
 * they came from. From a guest they also go to the wire and, where allowed, to
 * the host; those two pass the uplink's own programs under a mark, so that
 * nobody gets a frame twice. Clones leave through a host end and so meet the
 * to-guest policy like any other frame. Unicast from the host to a port's
 * (MAC, VLAN) goes to that port instead of the wire.
 *
 * TC_ACT_UNSPEC lets the next filter decide: the host's traffic is untouched.
 */
#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include "count.bpf.h"
#include "ether.bpf.h"
#include "passed.bpf.h"
#include "watch.bpf.h"

#define VX_NSEC		1000000000ull
#define VX_XMIT_DROP	1	/* what a full transmit queue returns */

/* How many group frames a port may still send. */
struct vx_bucket {
	struct bpf_spin_lock lock;
	__u32 tokens;
	__u64 filled;	/* time up to which tokens were given, ns */
};

/* Buckets of vx_host_end, by port id. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VX_PORTS_MAX);
	__type(key, __u32);
	__type(value, struct vx_bucket);
} vx_flood SEC(".maps");

static __always_inline struct ethhdr *vx_eth(struct __sk_buff *skb)
{
	struct ethhdr *eth = (void *)(long)skb->data;

	return (void *)(eth + 1) > (void *)(long)skb->data_end ? NULL : eth;
}

/* The tag is beside the frame on ingress, and in either place on egress. Negative: cut short, or a service tag, which no port has. */
static __always_inline int vx_skb_vlan(struct __sk_buff *skb, struct ethhdr *eth)
{
	struct vx_vlan_hdr *tag = (void *)(eth + 1);

	if (skb->vlan_present)
		return skb->vlan_proto == bpf_htons(ETH_P_8021Q) ? (int)(skb->vlan_tci & VX_VLAN_VID) : -1;
	if (eth->h_proto == bpf_htons(ETH_P_8021AD))
		return -1;
	if (eth->h_proto != bpf_htons(ETH_P_8021Q))
		return 0;
	if ((void *)(tag + 1) > (void *)(long)skb->data_end)
		return -1;
	return bpf_ntohs(tag->tci) & VX_VLAN_VID;
}

static __always_inline bool vx_marked(struct __sk_buff *skb, __u32 mark)
{
	return (skb->mark & VX_MARK_MASK) == mark;
}

/* why: verdict | direction << 8 | reason << 16. Not inlined, and global: verified once, for all that call it. */
#define VX_WHY(verdict, direction, reason)	((verdict) | (direction) << 8 | (__u32)(reason) << 16)

__attribute__((noinline)) int vx_tc_show(struct __sk_buff *skb, __u32 points, __u32 port, __u32 why)
{
	struct vx_watch_room *room = vx_watch_begin(points, port, why >> 8 & 1);

	if (!room)
		return 0;
	room->s.verdict = why;
	room->s.stage = VX_STAGE_TC;
	room->s.reason = why >> 16;
	room->s.len = skb->len;
	if (skb->vlan_present)
		room->s.vlan = skb->vlan_tci;
	if (skb->gso_segs > 1)
		room->s.segs = skb->gso_segs;
	vx_watch_show(skb, room, vx_load_skb);
	return 0;
}

static __always_inline void vx_show(struct __sk_buff *skb, __u32 points, __u32 port, __u32 why)
{
	if (vx_watched(points))
		vx_tc_show(skb, points, port, why);
}

/* len: without our own tag. */
static __always_inline void vx_count_skb(struct __sk_buff *skb, __u32 port, __u32 len)
{
	__u32 packets = skb->gso_segs > 1 ? skb->gso_segs : 1;

	vx_count_traffic(port, VX_FROM_GUEST, packets, len);
}

/* Deliver a copy to one member, if it still is one: the list may be changing under us. */
static __always_inline void vx_clone_to(struct __sk_buff *skb, __u32 ifindex, struct vx_group_key *group, bool from_wire)
{
	struct vx_if *vif = bpf_map_lookup_elem(&vx_ifs, &ifindex);
	struct vx_port_cfg *cfg;
	long err;

	if (!vif)
		return;
	cfg = vx_port_by_id(vif->port);
	if (!cfg || cfg->host_ifindex != ifindex || cfg->vlan != group->vlan || cfg->uplink_ifindex != group->uplink_ifindex)
		return;
	if (from_wire)
		vx_show(skb, VX_WATCH_UPLINK, vif->port, VX_WHY(XDP_REDIRECT, VX_TO_GUEST, VX_REASON_NONE));
	err = bpf_clone_redirect(skb, ifindex, 0);
	if (err < 0 || err == VX_XMIT_DROP) {
		vx_count(vif->port, VX_TO_GUEST, VX_STAGE_TC, VX_REASON_REDIRECT_FAILED, 0, skb->len);
		vx_show(skb, VX_WATCH_DROPS, vif->port, VX_WHY(XDP_DROP, VX_TO_GUEST, VX_REASON_REDIRECT_FAILED));
	}
}

static __always_inline void vx_clone_to_members(struct __sk_buff *skb, __u32 uplink_ifindex, __u32 vlan, __u32 except,
						bool from_wire)
{
	struct vx_group_key key = { .uplink_ifindex = uplink_ifindex, .vlan = vlan };
	struct vx_group *group = bpf_map_lookup_elem(&vx_members, &key);
	__u32 i;

	if (!group)
		return;
	for (i = 0; i < VX_MEMBERS_MAX && i < group->n; i++)
		if (group->host_ifindex[i] != except)
			vx_clone_to(skb, group->host_ifindex[i], &key, from_wire);
}

/* Ingress of an uplink: the host gets everything, ports of the VLAN a copy of what is for all. */
SEC("tc")
int vx_uplink_in(struct __sk_buff *skb)
{
	struct ethhdr *eth = vx_eth(skb);
	int vlan;

	if (vx_marked(skb, VX_MARK_TO_HOST)) {
		skb->mark = 0;
		return TC_ACT_UNSPEC;
	}
	if (!eth || !vx_mac_group(eth->h_dest))
		return TC_ACT_UNSPEC;
	vlan = vx_skb_vlan(skb, eth);
	if (vlan >= 0)
		vx_clone_to_members(skb, skb->ifindex, vlan, 0, true);
	return TC_ACT_UNSPEC;
}

/* Egress of an uplink: what the host sends to a port goes there, what it sends to all goes there too. */
SEC("tc")
int vx_uplink_out(struct __sk_buff *skb)
{
	struct ethhdr *eth = vx_eth(skb);
	struct vx_fdb_entry entry;
	int vlan;

	if (vx_marked(skb, VX_MARK_TO_WIRE)) {
		skb->mark = 0;
		return TC_ACT_UNSPEC;
	}
	if (!eth)
		return TC_ACT_UNSPEC;
	vlan = vx_skb_vlan(skb, eth);
	if (vlan < 0)
		return TC_ACT_UNSPEC;
	if (vx_mac_group(eth->h_dest)) {
		vx_clone_to_members(skb, skb->ifindex, vlan, 0, false);
		return TC_ACT_UNSPEC;
	}
	/* A guest that is not here now may be elsewhere on the wire. */
	if (!vx_fdb_find(skb->ifindex, vlan, eth->h_dest, &entry) || !vx_port_active(entry.port))
		return TC_ACT_UNSPEC;
	return bpf_redirect(entry.host_ifindex, 0);
}

/* One token per frame; a full second's worth may go at once. */
static __always_inline bool vx_flood_ok(__u32 port, __u32 pps)
{
	struct vx_bucket *b = bpf_map_lookup_elem(&vx_flood, &port);
	__u64 now = bpf_ktime_get_ns(), passed, earned;
	bool ok;

	if (!pps)
		return true;
	if (!b)
		return false;
	bpf_spin_lock(&b->lock);
	passed = now - b->filled;
	if ((__s64)passed < 0) {
		/* Another CPU's later time: nothing earned since. */
	} else if (passed >= VX_NSEC) {
		b->tokens = pps;
		b->filled = now;
	} else {
		earned = passed * pps / VX_NSEC;
		if (earned) {
			b->tokens = b->tokens + earned < pps ? b->tokens + earned : pps;
			/* The time that made no whole token yet is kept. */
			b->filled += earned * VX_NSEC / pps;
		}
	}
	ok = b->tokens;
	if (ok)
		b->tokens--;
	bpf_spin_unlock(&b->lock);
	return ok;
}

static __always_inline int vx_shot(struct __sk_buff *skb, struct vx_if *vif, __u32 reason)
{
	vx_count(vif->port, vif->direction & 1, VX_STAGE_TC, reason, 0, skb->len);
	vx_show(skb, VX_WATCH_DROPS, vif->port, VX_WHY(XDP_DROP, vif->direction & 1, reason));
	return TC_ACT_SHOT;
}

static __always_inline bool vx_all_passed(struct __sk_buff *skb, __u32 port)
{
	struct vx_passed *note = (void *)(long)skb->data_meta;

	return (void *)(note + 1) <= (void *)(long)skb->data && note->magic == VX_PASSED_MAGIC && note->port == port;
}

/* A port without a VLAN sends untagged. Negative: the tag could not be pushed. */
static __always_inline long vx_tag(struct __sk_buff *skb, struct vx_port_cfg *cfg)
{
	return cfg->vlan ? bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), cfg->vlan) : 0;
}

static __always_inline int vx_to_host(struct __sk_buff *skb, struct vx_port_cfg *cfg)
{
	skb->mark = VX_MARK_TO_HOST;
	return bpf_redirect(cfg->uplink_ifindex, BPF_F_INGRESS);
}

static __always_inline int vx_flood_all(struct __sk_buff *skb, struct vx_if *vif, struct vx_port_cfg *cfg)
{
	long err;

	if (!vx_flood_ok(vif->port, cfg->flood_pps))
		return vx_shot(skb, vif, VX_REASON_FLOOD_RATE);
	vx_count_skb(skb, vif->port, skb->len);
	vx_clone_to_members(skb, cfg->uplink_ifindex, cfg->vlan, cfg->host_ifindex, false);
	if (vx_tag(skb, cfg))
		return vx_shot(skb, vif, VX_REASON_VLAN_FAILED);
	vx_show(skb, VX_WATCH_UPLINK, vif->port, VX_WHY(XDP_REDIRECT, VX_FROM_GUEST, VX_REASON_NONE));
	skb->mark = VX_MARK_TO_WIRE;
	err = bpf_clone_redirect(skb, cfg->uplink_ifindex, 0);
	if (err < 0 || err == VX_XMIT_DROP)
		vx_shot(skb, vif, VX_REASON_REDIRECT_FAILED);
	return cfg->flags & VX_PORT_HOST_ALLOW ? vx_to_host(skb, cfg) : TC_ACT_SHOT;
}

/* Unicast that XDP could not redirect: its uplink has no native XDP, or is gone. */
static __always_inline int vx_to_wire(struct __sk_buff *skb, struct vx_if *vif, struct vx_port_cfg *cfg)
{
	__u32 ifindex = cfg->uplink_ifindex, len = skb->len;
	struct vx_uplink_cfg *uplink = bpf_map_lookup_elem(&vx_uplinks, &ifindex);

	if (!uplink || !(uplink->flags & VX_UPLINK_GENERIC))
		return vx_shot(skb, vif, VX_REASON_REDIRECT_FAILED);
	if (vx_tag(skb, cfg))
		return vx_shot(skb, vif, VX_REASON_VLAN_FAILED);
	vx_count_skb(skb, vif->port, len);
	vx_show(skb, VX_WATCH_UPLINK, vif->port, VX_WHY(XDP_REDIRECT, VX_FROM_GUEST, VX_REASON_NONE));
	skb->mark = VX_MARK_TO_WIRE;
	return bpf_redirect(ifindex, 0);
}

/*
 * Ingress of a port's ends. On the host end arrives what vx_finish passed on:
 * group frames, unicast to the host's own address, and unicast to an uplink
 * that is no target for XDP. Whatever else arrives
 * here was let through by nobody.
 */
SEC("tc")
int vx_host_end(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex;
	struct vx_if *vif = bpf_map_lookup_elem(&vx_ifs, &ifindex), nobody = {};
	struct ethhdr *eth = vx_eth(skb);
	struct vx_port_cfg *cfg;
	__u32 len = skb->len;

	if (!vif)
		return vx_shot(skb, &nobody, VX_REASON_NO_PORT);
	cfg = vx_port_by_id(vif->port);
	if (!cfg)
		return vx_shot(skb, vif, VX_REASON_NO_PORT);
	if (!eth || vif->direction != VX_FROM_GUEST || !vx_all_passed(skb, vif->port))
		return vx_shot(skb, vif, VX_REASON_BAD_VERDICT);
	if (vx_mac_group(eth->h_dest))
		return vx_flood_all(skb, vif, cfg);
	if (!vx_mac_equal(eth->h_dest, cfg->uplink_mac))
		return vx_to_wire(skb, vif, cfg);
	if (!(cfg->flags & VX_PORT_HOST_ALLOW))
		return vx_shot(skb, vif, VX_REASON_HOST_DENIED);
	if (vx_tag(skb, cfg))
		return vx_shot(skb, vif, VX_REASON_VLAN_FAILED);
	vx_count_skb(skb, vif->port, len);
	return vx_to_host(skb, cfg);
}

char _license[] SEC("license") = "GPL";
