/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Ports, uplinks and their maps: the seam between bpf/ and user/.
 *
 * Every map and pin is named once, here. Layout below the bpffs mount
 * (directory VX_PIN_ROOT; override with the environment variable
 * VHOST_XDP_BPFFS, which names the bpffs mount point):
 *
 *	vhost-xdp/v1/vx_policy_v1, vx_frame_v1, vx_chain_v1	the policy contract (policy.h)
 *	vhost-xdp/v1/vx_ports, vx_ifs, vx_fdb, vx_fdb_low, vx_dev, vx_xsk,
 *		     vx_engines, vx_uplinks, vx_members, vx_traffic, vx_drops, vx_drops_more,
 *		     vx_flood (of vx_host_end alone), vx_ifs_low (of vx_port alone),
 *		     vx_watch, vx_watch_rings (watch.h), vx_redirects
 *	vhost-xdp/loss/NAME				links of the programs that fill vx_redirects
 *	vhost-xdp/progs/vx_port, vx_finish, vx_uplink_in, vx_uplink_out, vx_host_end
 *	vhost-xdp/policies/NAME/prog and NAME's own maps; prev/ with those of the version before
 *	vhost-xdp/stage/NAME/				the same, while a version takes its place
 *	vhost-xdp/ports/NAME/engine			mmapable array, one struct vx_engine_page
 *	vhost-xdp/uplinks/NAME/				links of the uplink
 *
 * bpffs names take no dots. Byte order is host order unless a field says
 * otherwise. Needs the __u8..__u64 types before it.
 */
#ifndef VHOST_XDP_STEER_H
#define VHOST_XDP_STEER_H

#include "stats.h"

#define VX_PORTS_MAX		1024	/* port ids 1..1023; id 0 is the trial port on "lo" */
#define VX_UPLINKS_MAX		64
#define VX_MEMBERS_MAX		256	/* ports of one (uplink, VLAN) that a broadcast reaches */
#define VX_FDB_MAX		16384
#define VX_NAME_LEN		16	/* as IFNAMSIZ */
#define VX_GUEST_END_SUFFIX	"-g"	/* host end = port name, guest end = name + suffix */
#define VX_PORT_NAME_MAX	13	/* IFNAMSIZ - 1 - strlen(VX_GUEST_END_SUFFIX) */

/*
 * The trial port: "bpftool prog run pinned .../vx_port" runs on "lo". Chain
 * {VX_TRIAL_PORT, direction} is then run and the verdict is XDP_PASS or
 * XDP_DROP; nothing is delivered.
 */
#define VX_TRIAL_PORT		0
#define VX_TRIAL_IFINDEX	1

/*
 * May send to the host: to its own address, and its broadcast and multicast. What the host sends to a
 * port always reaches it, as on any wire; the to-guest policy judges that.
 */
#define VX_PORT_HOST_ALLOW	(1u << 0)

/* Map "vx_ports": ARRAY, key __u32 port id. ifindex 0: no such port. */
struct vx_port_cfg {
	__u32 host_ifindex;	/* host end: from-guest policy and steering */
	__u32 guest_ifindex;	/* guest end: AF_XDP sockets and to-guest policy */
	__u32 uplink_ifindex;
	__u16 vlan;		/* 0: untagged; else 1..4094, access VLAN */
	__u16 queue_pairs;
	__u32 flags;		/* VX_PORT_* */
	__u32 flood_pps;	/* broadcast + multicast frames per second, up to one second's worth at once; 0: unlimited */
	__u8  mac[6];
	__u8  uplink_mac[6];	/* the host's own MAC, copied at add and on uplink change */
	__u32 mtu;		/* bytes of L3 */
	char  name[VX_NAME_LEN];
};

/*
 * Map "vx_ifs": HASH, key __u32 ifindex of a port's host or guest end. VX_TRIAL_IFINDEX may have an entry
 * {VX_TRIAL_PORT, direction}; without one the trial port runs its to-guest chain, or its from-guest chain
 * if only that exists.
 */
struct vx_if {
	__u32 port;
	__u32 direction;	/* the direction judged on this netdev: host end FROM_GUEST, guest end TO_GUEST */
};

/*
 * Map "vx_ifs_low": ARRAY of the same, key ifindex below VX_IFS_LOW; port 0: look in vx_ifs. What is in one of the two and leaves the
 * other is gone only when it left both.
 */
#define VX_IFS_LOW		4096

/* Map "vx_fdb": HASH. VLAN is part of the key, so the same MAC may live on two VLANs. */
struct vx_fdb_key {
	__u32 uplink_ifindex;
	__u16 vlan;
	__u8  mac[6];
};

struct vx_fdb_entry {
	__u32 port;
	__u32 host_ifindex;	/* key into vx_dev */
};

/*
 * Map "vx_fdb_low": ARRAY of __u32, key vx_fdb_slot(). 0: nobody with such a (MAC, VLAN) is in vx_fdb. Else the id of a port, whose entry of
 * vx_ports says whether it is the one, with VX_FDB_MORE if others of vx_fdb have the same slot, or had.
 */
#define VX_FDB_SLOTS		4096
#define VX_FDB_MORE		(1u << 31)

static inline __attribute__((always_inline)) __u32 vx_fdb_slot(__u16 vlan, const __u8 *mac)
{
	return ((mac[4] << 8 | mac[5]) ^ mac[3] << 4 ^ vlan) & (VX_FDB_SLOTS - 1);
}

/*
 * Map "vx_dev":     DEVMAP_HASH, key ifindex of a host end or an uplink, value { ifindex }: the same, or for a port of the kernel
 *                   engine its inlet (<uapi/linux/vhost_xdp.h>).
 * Map "vx_xsk":     XSKMAP, key port * VX_QUEUE_PAIRS_MAX + rx queue. The kernel empties an entry
 *                   when its socket closes, so an empty entry means that no engine lives.
 * Map "vx_engines": ARRAY_OF_MAPS, key port id, inner: the port's vx_engine array (one
 *                   struct vx_engine_page, BPF_F_MMAPABLE).
 * Map "vx_traffic": PERCPU_ARRAY of struct vx_counter, key port * VX_DIRECTIONS + direction: frames that passed.
 * Map "vx_drops":   PERCPU_HASH of struct vx_counter, key struct vx_drop_key.
 * Map "vx_drops_more": PERCPU_ARRAY of struct vx_counter, key as of vx_traffic: drops that vx_drops had no room for.
 */

/* Map "vx_members": HASH, key struct vx_group_key, value struct vx_group: whom a broadcast reaches. */
struct vx_group_key {
	__u32 uplink_ifindex;
	__u32 vlan;
};

struct vx_group {
	__u32 n;
	__u32 host_ifindex[VX_MEMBERS_MAX];
};

#define VX_UPLINK_PROMISC	(1u << 0)	/* we turned promiscuous mode on: the filter of addresses or VLANs has no room */
#define VX_UPLINK_RXVLAN	(1u << 1)	/* rxvlan was on before us: restore it */
#define VX_UPLINK_LRO		(1u << 2)	/* LRO was on before us: restore it */
#define VX_UPLINK_GENERIC	(1u << 3)	/* steering attached in generic (SKB) mode */
#define VX_UPLINK_NODISPATCH	(1u << 4)	/* attached without the libxdp dispatcher */
#define VX_UPLINK_CLSACT	(1u << 5)	/* we created the clsact qdisc: delete it */
#define VX_UPLINK_RXSVLAN	(1u << 6)	/* stripping of 802.1ad tags was on before us: restore it */

/*
 * Map "vx_redirects": PERCPU_HASH of __u64, key struct vx_redirect_key: frames lost behind a redirect, as the kernel's tracepoints tell.
 * Its programs are pinned as loss/NAME; where the kernel does not take them, there is neither.
 */
#define VX_REDIRECTS_MAX	4096

#define VX_REDIRECT_XMIT	0	/* sent by XDP, refused by the netdev: its ring was full, or it was down */
#define VX_REDIRECT_NETDEV	1	/* refused before that */
#define VX_REDIRECT_SOCKET	2	/* an AF_XDP socket had no room: what its XDP_STATISTICS tell too */

struct vx_redirect_key {
	__u32 from;		/* ifindex */
	__u32 to;		/* ifindex; 0: unknown, or a socket */
	__u16 kind;
	__u16 reserved;
	__s32 error;		/* errno; 0: none, the netdev took fewer than it was given */
};

/* Map "vx_uplinks": HASH, key __u32 ifindex. */
struct vx_uplink_cfg {
	__u8  mac[6];		/* the host's own */
	__u16 reserved;
	__u32 flags;		/* VX_UPLINK_* */
	__u32 prog_id;		/* of the steering program */
	char  name[VX_NAME_LEN];
};

/*
 * clsact programs: vx_uplink_in on the ingress and vx_uplink_out on the egress of an uplink; vx_host_end on the
 * ingress of every port's host end, and of its guest end too, where it drops what no policy may let through.
 *
 * skb->mark set by them on what they send through an uplink, so that the
 * uplink's own program lets it pass unseen. It clears the mark.
 */
#define VX_MARK_TO_HOST		0x56580000u	/* redirected to the uplink's ingress */
#define VX_MARK_TO_WIRE		0x56590000u	/* cloned to the uplink's egress */
#define VX_MARK_MASK		0xffff0000u

#endif
