/* SPDX-License-Identifier: GPL-2.0-only */
/* Ethernet addresses and VLAN tags, and whether a port's engine runs: what steering, ports and clsact programs share. */
#ifndef VX_ETHER_BPF_H
#define VX_ETHER_BPF_H

#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include "maps.bpf.h"

#define VX_VLAN_HLEN	4
#define VX_VLAN_VID	0x0fff

struct vx_vlan_hdr {
	__be16 tci;
	__be16 proto;	/* of what follows */
};

/* MACs are taken by 32 and 16 bits, wherever they lie: the compiler would do it byte by byte. */
static __always_inline bool vx_mac_equal(const __u8 *a, const __u8 *b)
{
	return !((*(const __u32 *)a ^ *(const __u32 *)b) | (*(const __u16 *)(a + 4) ^ *(const __u16 *)(b + 4)));
}

/* Not to the stack, where the verifier wants 32 bits at a place of theirs. */
static __always_inline void vx_copy_mac(__u8 *dst, const __u8 *src)
{
	*(__u32 *)dst = *(const __u32 *)src;
	*(__u16 *)(dst + 4) = *(const __u16 *)(src + 4);
}

static __always_inline bool vx_mac_group(const __u8 *mac)
{
	return mac[0] & 1;
}

static __always_inline bool vx_is_vlan(__be16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) || proto == bpf_htons(ETH_P_8021AD);
}

static __always_inline struct vx_port_cfg *vx_port_by_id(__u32 id)
{
	struct vx_port_cfg *cfg = bpf_map_lookup_elem(&vx_ports, &id);

	return cfg && cfg->host_ifindex ? cfg : NULL;
}

static __always_inline bool vx_fdb_find_any(__u32 uplink_ifindex, __u16 vlan, const __u8 *mac, struct vx_fdb_entry *to)
{
	struct vx_fdb_key key = { .uplink_ifindex = uplink_ifindex, .vlan = vlan };
	struct vx_fdb_entry *entry;

	__builtin_memcpy(key.mac, mac, ETH_ALEN);
	entry = bpf_map_lookup_elem(&vx_fdb, &key);
	if (!entry)
		return false;
	*to = *entry;
	return true;
}

/* Whose (MAC, VLAN) it is; *to is set only then. */
static __always_inline bool vx_fdb_find(__u32 uplink_ifindex, __u16 vlan, const __u8 *mac, struct vx_fdb_entry *to)
{
	__u32 slot = vx_fdb_slot(vlan, mac), *low = bpf_map_lookup_elem(&vx_fdb_low, &slot), first;
	struct vx_port_cfg *cfg;

	first = low ? *(volatile __u32 *)low : VX_FDB_MORE;
	if (!first)
		return false;
	slot = first & ~VX_FDB_MORE;
	cfg = vx_port_by_id(slot);
	if (cfg && vx_mac_equal(cfg->mac, mac) && cfg->vlan == vlan && cfg->uplink_ifindex == uplink_ifindex) {
		to->port = slot;
		to->host_ifindex = cfg->host_ifindex;
		return true;
	}
	return first & VX_FDB_MORE && vx_fdb_find_any(uplink_ifindex, vlan, mac, to);
}

static __always_inline struct vx_engine_page *vx_port_page(__u32 port)
{
	void *engine = bpf_map_lookup_elem(&vx_engines, &port);
	__u32 zero = 0;

	return engine ? bpf_map_lookup_elem(engine, &zero) : NULL;
}

/* The page of a port with an engine that runs. One that died took its sockets with it, but could not write its page: both must agree. */
static __always_inline struct vx_engine_page *vx_active_page(__u32 port)
{
	struct vx_engine_page *page = vx_port_page(port);
	__u32 queue0 = port * VX_QUEUE_PAIRS_MAX;

	if (!page || *(volatile __u32 *)&page->state != VX_ENGINE_UP)
		return NULL;
	return bpf_map_lookup_elem(&vx_xsk, &queue0) ? page : NULL;
}

static __always_inline bool vx_port_active(__u32 port)
{
	return vx_active_page(port);
}

#endif
