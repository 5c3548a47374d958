/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Configuration and flows of the policy "stateful".
 *
 * It belongs into both chains of a port: what the guest sends opens flows, what enters the guest is held against them.
 * A flow is the addresses, protocol and ports of TCP, UDP, SCTP, DCCP and UDP-Lite, the identifier of an ICMP echo or
 * timestamp, or, of other protocols, the addresses alone. Who may open one says the port's mode and its list of services.
 *
 * Without a flow pass: ARP, IPv6 neighbour discovery, IGMP and MLD, which are antispoof's to judge; ICMP errors that quote a
 * packet of a flow; later fragments between addresses of which a first one passed within VX_FLOW_FRAGMENT_NS (out of
 * order, ahead of the very first, they do not); and, by a flow of their own, answers of any DHCP server once the guest asked.
 *
 * TCP: a flow begins with a SYN, or from the guest with any segment, so that connections survive that the policy is set under them. It
 * is established when the third segment of the handshake fits. A RST ends a flow only with exactly the sequence number that comes next; a
 * FIN counts only without a gap before it. Other segments count when both numbers are within 16 MiB of where the flow is; else
 * they change and prolong nothing. A RST to the guest that does not fit is dropped; other segments pass: the guest's own
 * stack judges them, and its answer tells where the flow has got to.
 *
 * Needs <linux/bpf.h> and <vhost_xdp/stats.h> before it.
 */
#ifndef VHOST_XDP_STATEFUL_H
#define VHOST_XDP_STATEFUL_H

/* Who opens flows. */
#define VX_STATEFUL_MODES(X) \
	X(GUEST, 0, "guest")	/* the guest; others only its services. For a port without an entry, too */ \
	X(BOTH,  1, "both")	/* either side */ \
	X(NONE,  2, "none")	/* others, its services; the guest only answers */ \
	X(TRACK, 3, "track")	/* either side, and nothing is dropped: vx_pkt.flow tells the policies behind */

enum vx_stateful_mode {
#define X(name, n, text) VX_STATEFUL_##name = n,
	VX_STATEFUL_MODES(X)
#undef X
	VX_STATEFUL_N_MODES,
};

/* How long a flow stays after the last frame that counted, in seconds by default. */
#define VX_STATEFUL_TIMEOUTS(X) \
	X(TCP_SYN,    0, "tcp-syn",    30)	/* until the handshake is complete */ \
	X(TCP,        1, "tcp",        7440)	/* established: 2 h 4 min, RFC 5382 */ \
	X(TCP_FIN,    2, "tcp-fin",    60)	/* after a FIN or RST */ \
	X(UDP,        3, "udp",        30) \
	X(UDP_STREAM, 4, "udp-stream", 180)	/* with an answer, and more after that */ \
	X(ICMP,       5, "icmp",       10) \
	X(OTHER,      6, "other",      120)

enum vx_stateful_timeout {
#define X(name, n, text, seconds) VX_STATEFUL_##name = n,
	VX_STATEFUL_TIMEOUTS(X)
#undef X
	VX_STATEFUL_N_TIMEOUTS,
};

#define VX_STATEFUL_OPEN_MAX	32
#define VX_STATEFUL_LIMIT	3000u	/* flows of a port, by default */
#define VX_STATEFUL_LIMIT_MIN	6u
#define VX_STATEFUL_LIMIT_MAX	1000000u

struct vx_stateful_open {
	__u8  proto;		/* IPPROTO_*; ICMP stands for echo requests of both IP versions */
	__u8  reserved;
	__u16 first, last;	/* ports of the guest; 0..65535 where there are none */
};

/* Map "stateful_ports": HASH, key __u32 port id. One update replaces a port's whole configuration. */
struct vx_stateful_port {
	__u32 mode;		/* enum vx_stateful_mode; another counts as NONE */
	__u32 limit;		/* flows; 0: VX_STATEFUL_LIMIT */
	__u32 limit_before;	/* the one before a change: what was opened under it is still found; 0: none */
	__u32 n_open;		/* entries used below */
	__u32 timeout_ms[VX_STATEFUL_N_TIMEOUTS];	/* 0: the default */
	struct vx_stateful_open open[VX_STATEFUL_OPEN_MAX];
};

#define VX_FLOW_STATES(X) \
	X(NEW,         0, "new")		/* nothing came back yet */ \
	X(REPLIED,     1, "replied")		/* something did; TCP: SYN and SYN-ACK */ \
	X(ESTABLISHED, 2, "established")	/* and the opener went on */ \
	X(CLOSING,     3, "closing")		/* TCP: one side has sent all */ \
	X(CLOSED,      4, "closed")		/* both have, or one has reset it */

enum vx_flow_state {
#define X(name, n, text) VX_FLOW_##name = n,
	VX_FLOW_STATES(X)
#undef X
};

enum vx_flow_kind {
	VX_FLOW_PLAIN = 0,
	VX_FLOW_DHCP = 1,	/* the guest asked a server for an address: addresses are zero, any may answer */
	VX_FLOW_FRAGMENTS = 2,	/* a first fragment passed between these addresses: later ones may; ports are zero */
};

#define VX_FLOW_FRAGMENT_NS	30000000000ull

/* Absent parts are zero. */
struct vx_flow_key {
	__u32 guest[4];		/* addresses as in struct vx_pkt */
	__u32 peer[4];
	__u16 guest_port;	/* ICMP: identifier */
	__u16 peer_port;	/* ICMP: who asks, enum vx_direction; 2 more for timestamps */
	__u16 vlan;		/* inner VLAN id */
	__u8  proto;
	__u8  kind;		/* enum vx_flow_kind, << 1; bit 0: IPv6 */
};

/* What one side of a TCP connection has said. */
struct vx_flow_side {
	__u32 end;		/* behind the last byte that it sent */
	__u32 ack;		/* the byte that it expects next; of an opener before it knows: its first */
};

#define VX_FLOW_FIN_TO_GUEST	(1u << VX_TO_GUEST)	/* that side has sent its FIN */
#define VX_FLOW_FIN_FROM_GUEST	(1u << VX_FROM_GUEST)
#define VX_FLOW_PICKED		(1u << 2)		/* TCP that began before it was seen */

struct vx_flow {
	struct vx_flow_key key;
	__u64 expires;		/* by bpf_ktime_get_ns(); past or 0: free */
	__u8  state;		/* enum vx_flow_state */
	__u8  opener;		/* enum vx_direction of the first frame */
	__u8  flags;		/* VX_FLOW_FIN_*, VX_FLOW_PICKED */
	__u8  reserved;
	__u32 packets[VX_DIRECTIONS];	/* that counted */
	struct vx_flow_side side[VX_DIRECTIONS];	/* that sends in this direction */
};

/*
 * Map "stateful_flows": HASH of buckets. A port with a limit of N flows has N / VX_FLOW_FILL + 1 buckets, made when first needed; a flow
 * is in one of the two that its hash names. So a port's memory is bounded whatever others do, and expired
 * flows make room where they are: nothing else has to clean up. Where there is none left, a new flow takes that of
 * one that is not established, or was opened by others without a handshake (all but TCP): one from the guest any of these, one to the guest
 * only those to the guest. Else it is refused.
 */
#define VX_FLOW_WAYS		8
#define VX_FLOW_FILL		5	/* of the ways of a bucket: as many of a port's flows find room, but for one time in 100,000 */
#define VX_FLOW_BUCKETS		(1u << 20)	/* of all ports: each may have its default, and some of them more */

struct vx_flow_place {
	__u32 port;
	__u32 bucket;
};

struct vx_flow_bucket {
	struct bpf_spin_lock lock;
	__u32 tag[VX_FLOW_WAYS];	/* of the hash: most others are told apart by it */
	__u32 reserved;
	struct vx_flow flow[VX_FLOW_WAYS];
};

#endif
