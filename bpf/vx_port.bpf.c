// SPDX-License-Identifier: GPL-2.0-only
/*
 * A port's two hooks. vx_port is attached natively to both ends of its veth
 * pair: what enters on the host end left the guest, what enters on the guest
 * end is for the guest. It takes the VLAN tag off, parses and starts the chain
 * of policies; vx_finish, in slot 0 of their array, ends every chain.
 */
#include <stdbool.h>
#include <stddef.h>
#include <vhost_xdp/policy.h>
#include "count.bpf.h"
#include "ether.bpf.h"
#include "parse.bpf.h"
#include "passed.bpf.h"
#include "vlan.bpf.h"
#include "watch.bpf.h"
#include "whole.bpf.h"

int vx_finish(struct xdp_md *ctx);

/* Completes the contract's map: loading this object fills slot 0. */
typeof(vx_policy_v1) vx_policy_v1 SEC(".maps") = {
	.values = { [0] = (void *)&vx_finish },
};

/* Which policies judge a port's frames, in order: eight ids, read as one word so that a swap is atomic. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VX_PORTS_MAX * VX_DIRECTIONS);
	__type(key, struct vx_chain_key);
	__type(value, __u64);
} vx_chain_v1 SEC(".maps");

/* Entries of vx_ifs whose key is small: an array is read for a fraction of what a hash costs, once per frame and direction. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VX_IFS_LOW);
	__type(key, __u32);
	__type(value, struct vx_if);
} vx_ifs_low SEC(".maps");

static __always_inline struct vx_if *vx_find_if(__u32 ifindex)
{
	struct vx_if *vif = bpf_map_lookup_elem(&vx_ifs_low, &ifindex);

	if (vif && vif->port)
		return vif;
	return bpf_map_lookup_elem(&vx_ifs, &ifindex);
}

#define VX_WHY(verdict, stage, reason)	((verdict) | (stage) << 8 | (__u32)(reason) << 16)

/* The frame under judgement, to those who watch. Not inlined, and global: verified once, for all that call it. */
__attribute__((noinline)) int vx_port_show(struct xdp_md *ctx, __u32 points, __u32 why, __u32 rule)
{
	struct vx_pkt *pkt = vx_frame(ctx);
	struct vx_watch_room *room;

	if (!pkt)
		return 0;
	room = vx_watch_begin(points, pkt->port, pkt->direction);
	if (!room)
		return 0;
	room->s.verdict = why;
	room->s.stage = why >> 8;
	room->s.reason = why >> 16;
	room->s.rule = rule;
	room->s.len = bpf_xdp_get_buff_len(ctx);
	room->s.segs = pkt->segs;
	/* Of the guest's own side: the tag was taken off. */
	if (points & ~VX_WATCH_UPLINK && pkt->flags & VX_PKT_VLAN_OUTER)
		room->s.vlan = pkt->vlan_outer;
	vx_watch_show(ctx, room, vx_load_xdp);
	return 0;
}

static __always_inline void vx_show(struct xdp_md *ctx, __u32 points, __u32 why, __u32 rule)
{
	if (vx_watched(points))
		vx_port_show(ctx, points, why, rule);
}

/* place: VX_WATCH_BEFORE or VX_WATCH_AFTER. */
static __always_inline int vx_drop_at(struct xdp_md *ctx, struct vx_pkt *pkt, __u32 place, __u32 stage, __u32 reason, __u32 rule)
{
	vx_count_n(pkt->port, pkt->direction, stage, reason, rule, pkt->segs, pkt->len);
	vx_show(ctx, place | VX_WATCH_DROPS, VX_WHY(XDP_DROP, stage, reason), rule);
	return XDP_DROP;
}

/* Before any policy saw it. */
static __always_inline int vx_refuse(struct xdp_md *ctx, struct vx_pkt *pkt, __u32 reason, __u32 rule)
{
	return vx_drop_at(ctx, pkt, VX_WATCH_BEFORE, VX_STAGE_PORT, reason, rule);
}

/* Behind the policies. */
static __always_inline int vx_drop_here(struct xdp_md *ctx, struct vx_pkt *pkt, __u32 reason, __u32 rule)
{
	return vx_drop_at(ctx, pkt, VX_WATCH_AFTER, VX_STAGE_PORT, reason, rule);
}

static __always_inline void vx_show_passed(struct xdp_md *ctx, __u32 verdict)
{
	vx_show(ctx, VX_WATCH_AFTER, VX_WHY(verdict, VX_STAGE_PORT, VX_REASON_NONE), 0);
}

static __always_inline __u64 vx_chain(__u32 port, __u32 direction)
{
	struct vx_chain_key key = { .port = port, .direction = direction };
	__u64 *ids = bpf_map_lookup_elem(&vx_chain_v1, &key);

	return ids ? *(volatile __u64 *)ids : 0;
}

/* The trial port needs no netdev of its own: its direction follows from the chain that was set. */
static __always_inline void vx_trial(struct vx_pkt *pkt)
{
	pkt->port = VX_TRIAL_PORT;
	pkt->direction = VX_TO_GUEST;
	if (!vx_chain(VX_TRIAL_PORT, VX_TO_GUEST) && vx_chain(VX_TRIAL_PORT, VX_FROM_GUEST))
		pkt->direction = VX_FROM_GUEST;
}

/* Whose hook this is. A netdev without an entry, or with one of a port that is gone, is nobody's. */
static __always_inline struct vx_port_cfg *vx_find_port(struct xdp_md *ctx, struct vx_pkt *pkt)
{
	__u32 ifindex = ctx->ingress_ifindex, port = VX_TRIAL_PORT;
	struct vx_if *vif = vx_find_if(ifindex);
	struct vx_port_cfg *cfg;

	if (vif) {
		pkt->port = port = vif->port;
		pkt->direction = vif->direction & 1;
	} else if (ifindex == VX_TRIAL_IFINDEX) {
		vx_trial(pkt);
	} else {
		return NULL;
	}
	cfg = bpf_map_lookup_elem(&vx_ports, &port);
	if (ifindex == VX_TRIAL_IFINDEX)
		pkt->flags |= VX_PKT_TRIAL;
	else if (cfg && !cfg->host_ifindex)
		return NULL;
	return cfg;
}

/*
 * Take off the tag that is not the guest's: a priority tag (VID 0) of either
 * direction, and towards the guest the port's own VLAN.
 */
static __always_inline int vx_untag(struct xdp_md *ctx, struct vx_pkt *pkt)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct vx_vlan_hdr *tag = (void *)(eth + 1);
	__u16 vid;

	if ((void *)(eth + 1) > end)
		return VX_REASON_MALFORMED;
	if (!vx_is_vlan(eth->h_proto))
		return VX_REASON_NONE;
	if ((void *)(tag + 1) > end)
		return VX_REASON_MALFORMED;
	vid = bpf_ntohs(tag->tci) & VX_VLAN_VID;
	if (eth->h_proto != bpf_htons(ETH_P_8021Q) || (vid && (pkt->direction == VX_FROM_GUEST || vid != pkt->port_vlan)))
		return VX_REASON_WRONG_VLAN;
	/* Behind a priority tag there may be no other. */
	if (!vid && vx_is_vlan(tag->proto))
		return VX_REASON_WRONG_VLAN;
	pkt->vlan_outer = bpf_ntohs(tag->tci);
	pkt->flags |= VX_PKT_VLAN_OUTER;
	pkt->len -= VX_VLAN_HLEN;
	return vx_vlan_pop(ctx) ? VX_REASON_VLAN_FAILED : VX_REASON_NONE;
}

/*
 * The netdevs' MTU lets everything pass. What is longer than the port's is a super-frame: on the host end one of the engine, which
 * refuses such frames of its guest; on the guest end one that came by a host end.
 */
static __always_inline bool vx_comes_whole(struct xdp_md *ctx, struct vx_pkt *pkt)
{
	struct vx_port_cfg *cfg = vx_port_by_id(pkt->port);

	pkt->segs = 1;
	if (pkt->flags & VX_PKT_TRIAL)
		return true;
	if (!cfg || pkt->len <= VX_WHOLE_MIN || (pkt->direction == VX_TO_GUEST && !vx_has_note(ctx)))
		return false;
	return vx_super(ctx, pkt, cfg);
}

/* Up to what is reserved, in as few stores as may be: the compiler knows of no larger alignment than that of a field. */
static __always_inline void vx_clear(struct vx_pkt *pkt)
{
	__u64 *w = (void *)pkt;
	int i;

#pragma unroll
	for (i = 0; i < (int)(offsetof(struct vx_pkt, reserved) / sizeof(*w)); i++)
		w[i] = 0;
	_Static_assert(!(offsetof(struct vx_pkt, reserved) % sizeof(*w)), "whole words are cleared");
}

SEC("xdp.frags")
int vx_port(struct xdp_md *ctx)
{
	struct vx_pkt *pkt = vx_frame(ctx);
	struct vx_port_cfg *cfg;
	__u32 first;
	__u64 chain;
	int reason;

	if (!pkt)
		return XDP_DROP;
	vx_clear(pkt);
	pkt->len = bpf_xdp_get_buff_len(ctx);
	pkt->segs = 1;
	cfg = vx_find_port(ctx, pkt);
	if (!cfg)
		return vx_refuse(ctx, pkt, VX_REASON_NO_PORT, 0);
	vx_copy_mac(pkt->port_mac, cfg->mac);
	pkt->port_vlan = cfg->vlan;

	reason = vx_untag(ctx, pkt);
	if (reason)
		return vx_refuse(ctx, pkt, reason, 0);
	/* In memory: with one value more to keep in a register, those of the parse move where Linux 6.1 loses their bounds. */
	pkt->segs = !vx_too_long(pkt, cfg);
	if (!vx_parse(ctx, pkt))
		return vx_refuse(ctx, pkt, VX_REASON_MALFORMED, 0);
	barrier();
	if (!pkt->segs && !vx_comes_whole(ctx, pkt))
		return vx_refuse(ctx, pkt, VX_REASON_OVERSIZE, 0);

	chain = vx_chain(pkt->port, pkt->direction);
	__builtin_memcpy(pkt->chain, &chain, sizeof(chain));
	first = pkt->chain[0];
	vx_show(ctx, first ? VX_WATCH_BEFORE : 0, VX_NO_VERDICT, 0);
	if (first)
		bpf_tail_call(ctx, &vx_policy_v1, first);
	return vx_refuse(ctx, pkt, VX_REASON_NO_POLICY, first);
}

/* Only a super-frame may be in pieces, to a socket that takes them: of others, the kernels before 6.6 would deliver the first alone. */
static __always_inline bool vx_fits(struct xdp_md *ctx, const struct vx_pkt *pkt, const struct vx_engine_page *page)
{
	__u32 kinds;

	if (pkt->segs == 1)
		return pkt->len == ctx->data_end - ctx->data;
	kinds = vx_super_kinds(pkt);
	return (page->whole & kinds) == kinds;
}

static __always_inline int vx_deliver_to_guest(struct xdp_md *ctx, struct vx_pkt *pkt)
{
	struct vx_engine_page *page = vx_port_page(pkt->port);
	__u32 queue = ctx->rx_queue_index;
	bool up = page && *(volatile __u32 *)&page->state == VX_ENGINE_UP;

	if (up && !vx_fits(ctx, pkt, page))
		return vx_drop_here(ctx, pkt, VX_REASON_OVERSIZE, 0);
	/* Without its socket an engine is dead, whatever its page says. */
	if (!up || queue >= VX_QUEUE_PAIRS_MAX ||
	    bpf_redirect_map(&vx_xsk, pkt->port * VX_QUEUE_PAIRS_MAX + queue, XDP_DROP) != XDP_REDIRECT)
		return vx_drop_here(ctx, pkt, VX_REASON_NO_BACKEND, 0);
	vx_count_traffic(pkt->port, VX_TO_GUEST, pkt->segs, pkt->len);
	vx_show_passed(ctx, XDP_REDIRECT);
	return XDP_REDIRECT;
}

static __always_inline int vx_redirect(struct xdp_md *ctx, struct vx_pkt *pkt, __u32 ifindex)
{
	if (bpf_redirect_map(&vx_dev, ifindex, XDP_DROP) != XDP_REDIRECT)
		return vx_drop_here(ctx, pkt, VX_REASON_REDIRECT_FAILED, 0);
	vx_count_traffic(pkt->port, VX_FROM_GUEST, pkt->segs, pkt->len);
	vx_show_passed(ctx, XDP_REDIRECT);
	return XDP_REDIRECT;
}

/* To the clsact program on this host end, which counts what it delivers. The note proves that the whole chain passed. */
static __always_inline int vx_pass_to_tc(struct xdp_md *ctx, struct vx_pkt *pkt)
{
	if (!vx_note(ctx, VX_PASSED_MAGIC, pkt->port))
		return vx_drop_here(ctx, pkt, VX_REASON_REDIRECT_FAILED, 0);
	vx_show_passed(ctx, XDP_PASS);
	return XDP_PASS;
}

static __always_inline int vx_deliver_to_wire(struct xdp_md *ctx, struct vx_pkt *pkt, struct vx_port_cfg *cfg)
{
	/* The guest's priority, if it set one, survives in the new tag. */
	__u16 tci = cfg->vlan | (pkt->vlan_outer & ~VX_VLAN_VID);

	/* An uplink without native XDP is no target of a redirect, but its queueing discipline takes what tc sends. */
	if (bpf_redirect_map(&vx_dev, cfg->uplink_ifindex, XDP_DROP) != XDP_REDIRECT)
		return vx_pass_to_tc(ctx, pkt);
	vx_show_passed(ctx, XDP_REDIRECT);
	if (cfg->vlan && vx_vlan_push(ctx, tci))
		return vx_drop_here(ctx, pkt, VX_REASON_VLAN_FAILED, 0);
	vx_count_traffic(pkt->port, VX_FROM_GUEST, 1, pkt->len);
	vx_show(ctx, VX_WATCH_UPLINK, VX_WHY(XDP_REDIRECT, VX_STAGE_PORT, VX_REASON_NONE), 0);
	return XDP_REDIRECT;
}

/* Only a neighbour takes it. One that does not any more, or is gone, gets segments from now on; so do the wire and the host. */
static __always_inline int vx_deliver_super(struct xdp_md *ctx, struct vx_pkt *pkt, const struct vx_port_cfg *cfg)
{
	struct vx_engine_page *page = NULL;
	__u32 kinds = vx_super_kinds(pkt);
	struct vx_fdb_entry entry;

	if (vx_fdb_find(cfg->uplink_ifindex, cfg->vlan, pkt->dst, &entry) && entry.port != pkt->port)
		page = vx_active_page(entry.port);

	if (!page || (page->whole & kinds) != kinds) {
		vx_near_learn(pkt, page ? page->whole : 0);
		return vx_drop_here(ctx, pkt, VX_REASON_OVERSIZE, 0);
	}
	if (!vx_note(ctx, VX_WHOLE_MAGIC, pkt->port))
		return vx_drop_here(ctx, pkt, VX_REASON_REDIRECT_FAILED, 0);
	return vx_redirect(ctx, pkt, entry.host_ifindex);
}

static __always_inline int vx_deliver_to_neighbour(struct xdp_md *ctx, struct vx_pkt *pkt, __u32 host_ifindex,
						   const struct vx_engine_page *page)
{
	if (pkt->len >= VX_NEAR_LEN && (pkt->ip_proto == IPPROTO_TCP || pkt->ip_proto == IPPROTO_UDP))
		vx_near_learn(pkt, page->whole);
	return vx_redirect(ctx, pkt, host_ifindex);
}

static __always_inline int vx_deliver_from_guest(struct xdp_md *ctx, struct vx_pkt *pkt)
{
	struct vx_port_cfg *cfg = vx_port_by_id(pkt->port);
	struct vx_engine_page *page = NULL;
	struct vx_fdb_entry entry;

	if (!cfg)
		return vx_drop_here(ctx, pkt, VX_REASON_NO_PORT, 0);
	if (pkt->segs > 1)
		return vx_deliver_super(ctx, pkt, cfg);
	if (pkt->flags & VX_PKT_GROUP)
		return vx_pass_to_tc(ctx, pkt);
	if (vx_mac_equal(pkt->dst, cfg->mac))
		return vx_drop_here(ctx, pkt, VX_REASON_HAIRPIN, 0);
	if (vx_mac_equal(pkt->dst, cfg->uplink_mac)) {
		if (!(cfg->flags & VX_PORT_HOST_ALLOW))
			return vx_drop_here(ctx, pkt, VX_REASON_HOST_DENIED, 0);
		return vx_pass_to_tc(ctx, pkt);
	}
	if (vx_fdb_find(cfg->uplink_ifindex, cfg->vlan, pkt->dst, &entry))
		page = vx_active_page(entry.port);
	if (page)
		return vx_deliver_to_neighbour(ctx, pkt, entry.host_ifindex, page);
	/* A guest that is not here now may be elsewhere on the wire. */
	return vx_deliver_to_wire(ctx, pkt, cfg);
}

SEC("xdp.frags")
int vx_finish(struct xdp_md *ctx)
{
	struct vx_pkt *pkt = vx_frame(ctx);

	if (!pkt)
		return XDP_DROP;
	if (pkt->verdict == VX_VERDICT_DROP) {
		/* An empty slot is nobody's judgement. */
		if (pkt->reason == VX_REASON_NO_POLICY)
			return vx_drop_here(ctx, pkt, VX_REASON_NO_POLICY, pkt->rule);
		return vx_drop_at(ctx, pkt, VX_WATCH_AFTER, VX_STAGE_POLICY, pkt->reason, pkt->rule);
	}
	if (pkt->verdict != VX_VERDICT_PASS)
		return vx_drop_here(ctx, pkt, VX_REASON_BAD_VERDICT, pkt->chain[pkt->pos & (VX_CHAIN_MAX - 1)]);
	if (pkt->flags & VX_PKT_TRIAL)
		return XDP_PASS;
	return pkt->direction == VX_TO_GUEST ? vx_deliver_to_guest(ctx, pkt) : vx_deliver_from_guest(ctx, pkt);
}

char _license[] SEC("license") = "GPL";
