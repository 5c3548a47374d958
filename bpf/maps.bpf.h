/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps of <vhost_xdp/steer.h>. Every object of ours has all of them; user
 * space makes them once and pins them, later loads take the pinned ones.
 */
#ifndef VX_MAPS_BPF_H
#define VX_MAPS_BPF_H

#include <linux/types.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <vhost_xdp/steer.h>

/* Ports by id. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VX_PORTS_MAX);
	__type(key, __u32);
	__type(value, struct vx_port_cfg);
} vx_ports SEC(".maps");

/* Which port a netdev belongs to, and what is judged on it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * VX_PORTS_MAX);
	__type(key, __u32);
	__type(value, struct vx_if);
} vx_ifs SEC(".maps");

/* Which port has a (MAC, VLAN) behind an uplink. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VX_FDB_MAX);
	__type(key, struct vx_fdb_key);
	__type(value, struct vx_fdb_entry);
} vx_fdb SEC(".maps");

/* Whom of these to look at first: an array is read for a fraction of what a hash costs, for every frame. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VX_FDB_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} vx_fdb_low SEC(".maps");

/* Where XDP redirects to: host ends and uplinks. Never a DEVMAP: that one cannot be shared by xdp and xdp.frags programs. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, VX_PORTS_MAX + VX_UPLINKS_MAX);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} vx_dev SEC(".maps");

/* AF_XDP sockets of all guest ends. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, VX_PORTS_MAX * VX_QUEUE_PAIRS_MAX);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} vx_xsk SEC(".maps");

/* Whether an engine serves a port now. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, VX_PORTS_MAX);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(map_flags, BPF_F_MMAPABLE);
		__uint(max_entries, 1);
		__uint(key_size, sizeof(__u32));
		__uint(value_size, sizeof(struct vx_engine_page));
	});
} vx_engines SEC(".maps");

/* Uplinks by ifindex. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VX_UPLINKS_MAX);
	__type(key, __u32);
	__type(value, struct vx_uplink_cfg);
} vx_uplinks SEC(".maps");

/* Whom a broadcast on an (uplink, VLAN) reaches. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VX_PORTS_MAX);
	__type(key, struct vx_group_key);
	__type(value, struct vx_group);
} vx_members SEC(".maps");

/* Frames that passed, per port and direction. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VX_PORTS_MAX * VX_DIRECTIONS);
	__type(key, __u32);
	__type(value, struct vx_counter);
} vx_traffic SEC(".maps");

/* Frames that did not, with the reason. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct vx_drop_key);
	__type(value, struct vx_counter);
} vx_drops SEC(".maps");

/* Those for which it has no room: rules and reasons are of policies' making, and many. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VX_PORTS_MAX * VX_DIRECTIONS);
	__type(key, __u32);
	__type(value, struct vx_counter);
} vx_drops_more SEC(".maps");

#endif
