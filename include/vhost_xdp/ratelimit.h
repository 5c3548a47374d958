/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Configuration of the policy "ratelimit": its map "ratelimit_ports", HASH. One
 * update replaces both limits of a port and direction; a pair without an entry passes.
 *
 * Two token buckets, of packets and of bytes. A frame passes when both have
 * its worth, and is charged to both or to none. One that is worth more than a whole
 * bucket passes when that is full, and leaves it in debt: it is late, not lost
 * for ever, and the rate holds. Bytes are those of the frames from the Ethernet header on; a
 * super-frame is charged as the segments that it stands for, a header to each.
 *
 * The buckets are in another map, "ratelimit_buckets", by port * VX_DIRECTIONS +
 * direction, and know no rate: what was left before a change of rate is left
 * after it, so that a change never brings a second burst.
 *
 * Needs the __u8..__u64 types and <vhost_xdp/stats.h> before it.
 */
#ifndef VHOST_XDP_RATELIMIT_H
#define VHOST_XDP_RATELIMIT_H

#define VX_RATELIMIT_RATE_MAX	(1ull << 37)	/* a second: 137 billion packets, or 1.1 Tbit of bytes; more counts as this */
#define VX_RATELIMIT_BURST_MAX	0xffffffffull	/* packets or bytes; more counts as this */
#define VX_RATELIMIT_TOKEN	1000000000ll	/* what a packet or byte costs: rate times elapsed nanoseconds is then exact */

struct vx_ratelimit_key {
	__u32 port;		/* id */
	__u32 direction;	/* enum vx_direction */
};

/* A rate of 0 is no limit; a burst of 0 counts as 1. */
struct vx_ratelimit {
	__u64 pps;		/* packets a second */
	__u64 bytes_ps;		/* bytes a second */
	__u64 burst_packets;	/* that pass at once after a pause */
	__u64 burst_bytes;
};

#endif
