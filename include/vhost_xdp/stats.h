/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Counters and drop reasons, shared by bpf/, kernel/core/ and user/.
 *
 * A frame that is not delivered is counted exactly once, under one reason.
 * Numbers are ABI: they appear in maps, in JSON and in Prometheus labels, so
 * entries are only ever appended.
 *
 * Needs the __u8..__u64 types of <linux/types.h> (or vmlinux.h) before it.
 */
#ifndef VHOST_XDP_STATS_H
#define VHOST_XDP_STATS_H

/* Direction as seen from the guest; "ingress" and "egress" are avoided because tc means the opposite. */
enum vx_direction {
	VX_TO_GUEST = 0,
	VX_FROM_GUEST = 1,
	VX_DIRECTIONS = 2,
};

/* Where in the path a frame was counted. */
#define VX_STAGES(X) \
	X(STEER,  0, "steer")	/* uplink XDP program */ \
	X(PORT,   1, "port")	/* port XDP programs: entry, delivery */ \
	X(POLICY, 2, "policy")	/* a policy of the chain */ \
	X(TC,     3, "tc")	/* clsact companions: clone, host */ \
	X(ENGINE, 4, "engine")	/* vring and AF_XDP pumps */

/*
 * Reasons below VX_REASON_CUSTOM are ours. A policy may use
 * VX_REASON_CUSTOM .. VX_REASON_MAX - 1 freely; tools print those as "custom_N".
 */
#define VX_REASONS(X) \
	X(NONE,            0,  "none") \
	X(NO_POLICY,       1,  "no_policy")		/* empty chain, or the chain names an empty slot */ \
	X(NO_PORT,         2,  "no_port")		/* hook without a port entry */ \
	X(NO_BACKEND,      3,  "no_backend")		/* no engine serves this port now */ \
	X(WRONG_VLAN,      4,  "wrong_vlan") \
	X(MALFORMED,       5,  "malformed")		/* truncated Ethernet or VLAN header */ \
	X(BAD_VERDICT,     6,  "bad_verdict")		/* a policy ended without vx_pass() or vx_drop() */ \
	X(HOST_DENIED,     7,  "host_denied")		/* for the host, without "host allow" */ \
	X(REDIRECT_FAILED, 8,  "redirect_failed") \
	X(FLOOD_RATE,      9,  "flood_rate")		/* broadcast/multicast above the port's rate */ \
	X(VLAN_FAILED,     10, "vlan_failed")		/* no room to push or pop the tag */ \
	X(DENIED,          11, "denied")		/* a policy said no without a better reason */ \
	X(SPOOF_MAC,       12, "spoof_mac") \
	X(SPOOF_ARP,       13, "spoof_arp") \
	X(SPOOF_IP4,       14, "spoof_ip4") \
	X(SPOOF_IP6,       15, "spoof_ip6") \
	X(SPOOF_ND,        16, "spoof_nd") \
	X(DHCP_SERVER,     17, "dhcp_server") \
	X(RA_SERVER,       18, "ra_server") \
	X(HAIRPIN,         19, "hairpin")		/* destination is the sending port itself */ \
	X(RATE_PPS,        20, "rate_pps")		/* more packets a second than the port may have */ \
	X(RATE_BPS,        21, "rate_bps")		/* more bytes */ \
	X(NO_FLOW,         22, "no_flow")		/* belongs to no flow that was opened, and may open none */ \
	X(FLOW_LIMIT,      23, "flow_limit")		/* a new flow, and no room for it among those of the port */ \
	X(UNTOLD,          24, "untold")		/* dropped for a reason that map "vx_drops" had no room for */ \
	X(RUNT,            32, "runt")			/* shorter than an Ethernet header */ \
	X(OVERSIZE,        33, "oversize")		/* longer than a UMEM frame carries */ \
	X(BAD_VNET_HDR,    34, "bad_vnet_hdr")		/* virtio_net_hdr missing or of unknown type */ \
	X(BAD_CSUM,        35, "bad_csum")		/* csum_start/csum_offset outside the frame */ \
	X(BAD_GSO,         36, "bad_gso")		/* segmentation fields and headers disagree */ \
	X(BAD_DESC,        37, "bad_desc")		/* descriptor chain of the wrong direction or shape */ \
	X(GUEST_FAULT,     38, "guest_fault")		/* guest memory not accessible */ \
	X(NO_GUEST_BUFFER, 39, "no_guest_buffer")	/* receive vring empty for too long, or too small */ \
	X(BAD_XSK_DESC,    40, "bad_xsk_desc")		/* AF_XDP descriptor outside the UMEM */ \
	X(TX_FAILED,       41, "tx_failed")		/* AF_XDP refused the frame */ \
	X(QUEUE_STOPPED,   42, "queue_stopped")		/* vring disabled or broken */

#define VX_REASON_CUSTOM	64
#define VX_REASON_MAX		96

enum vx_stage {
#define X(name, n, text) VX_STAGE_##name = n,
	VX_STAGES(X)
#undef X
};

enum vx_reason {
#define X(name, n, text) VX_REASON_##name = n,
	VX_REASONS(X)
#undef X
};

struct vx_counter {
	__u64 packets;
	__u64 bytes;		/* L2 length without FCS; VLAN tag as the guest sees it */
};

/* Key of map "vx_drops": one per-CPU struct vx_counter each, created on first drop. */
struct vx_drop_key {
	__u32 port;		/* port id; 0 where no port is known */
	__u8  direction;	/* enum vx_direction */
	__u8  stage;		/* enum vx_stage */
	__u16 reason;		/* enum vx_reason or custom */
	__u32 rule;		/* id of the policy that dropped, or of the missing one; its own rule number << 8; else 0 */
};

/*
 * One direction of one queue pair, written by exactly one engine thread and
 * read by anyone: monotonic until the engine is started anew.
 */
struct vx_queue_stats {
	__u64 packets;		/* frames carried, after segmentation */
	__u64 bytes;
	__u64 kicks;		/* eventfd notifications from the guest */
	__u64 calls;		/* eventfd notifications to the guest */
	__u64 errors;		/* times this vring was stopped on a fault */
	__u64 supers;		/* segmentation requests accepted; to the guest: frames that several were merged into */
	__u64 near;		/* no counter: a slot of the port's, see whole.h */
	__u64 reserved;
	__u64 drops[VX_REASON_MAX];
};

/*
 * What the AF_XDP socket of a queue lost by itself (XDP_STATISTICS). All of it is in struct vx_queue_stats too, under its reason.
 */
struct vx_xsk_losses {
	__u64 ring_full;	/* RX ring: the engine was too slow, or took nothing */
	__u64 no_frame;		/* fill ring empty: likewise */
	__u64 oversize;		/* longer than a frame of the UMEM */
	__u64 tx_invalid;	/* TX descriptors refused */
};

#define VX_QUEUE_PAIRS_MAX	16
#define VX_ENGINE_ABI		1

enum vx_engine_state {
	VX_ENGINE_DOWN = 0,	/* no engine, or no VMM connected */
	VX_ENGINE_UP = 1,	/* a vring pair is running */
};

/*
 * The one element of a port's mmapable array map (pinned as
 * ports/NAME/engine). The engine writes it through a mapping and keeps no
 * fd; the BPF programs read .state, tools read the rest.
 */
struct vx_engine_page {
	__u32 abi;		/* VX_ENGINE_ABI */
	__u32 state;		/* enum vx_engine_state */
	__u32 queue_pairs;	/* sockets made */
	__u32 pid;		/* of the engine, in its pid namespace */
	__u64 features;		/* virtio features negotiated; 0 when down */
	__u64 umem_frames[7];	/* by owner, see kernel/core/umem.h; sum is constant */
	__u64 whole;		/* super-frames that the port takes as they are: VX_WHOLE_*, see whole.h */
	struct vx_queue_stats queue[VX_QUEUE_PAIRS_MAX][VX_DIRECTIONS];
	struct vx_xsk_losses xsk[VX_QUEUE_PAIRS_MAX];
};

#endif
