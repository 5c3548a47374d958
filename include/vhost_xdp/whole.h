/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Super-frames (TCP or UDP of many segments) that stay whole on their way from one port to another of the same host.
 *
 * A port's engine says in its page which kinds it takes. When the from-guest program delivers a frame to such a neighbour, it notes the
 * neighbour's MAC and kinds in the page of the port that sent. The core of that port, before it segments, looks for the destination
 * there. So it is always the program that decides where frames go, and the first super-frame to a neighbour is segmented.
 *
 * On the way the TCP or UDP checksum's place holds the length of the segments' payload, in network byte order. The checksum
 * itself would be the pseudo-header's sum, which anybody can compute.
 *
 * Needs the __u8..__u64 types before it.
 */
#ifndef VHOST_XDP_WHOLE_H
#define VHOST_XDP_WHOLE_H

#include "stats.h"

/* Longer than this is a super-frame, and no other frame is: an MTU above would not fit an AF_XDP frame. */
#define VX_WHOLE_MIN	4096u
/* From the Ethernet header on, as Linux' tap has it: drivers' buffers may hold no more. */
#define VX_WHOLE_MAX	65535u
#define VX_WHOLE_MTU	65535u	/* of the netdevs of a port on kernels that carry frames in pieces */

#define VX_WHOLE_TSO4	(1u << 0)
#define VX_WHOLE_TSO6	(1u << 1)
#define VX_WHOLE_ECN	(1u << 2)	/* TSO4, TSO6: with CWR */
#define VX_WHOLE_USO4	(1u << 3)
#define VX_WHOLE_USO6	(1u << 4)

/* One u64 for each neighbour, so that it is read and written at once: kinds << VX_NEAR_KINDS | MAC. 0: nobody. */
#define VX_NEAR_KINDS	48
#define VX_NEAR_MAC	0xffffffffffffull

static inline __attribute__((always_inline)) __u64 vx_near_entry(const __u8 *mac, __u32 kinds)
{
	return (__u64)mac[0] << 40 | (__u64)mac[1] << 32 | (__u64)mac[2] << 24 | (__u64)mac[3] << 16 | (__u64)mac[4] << 8 | mac[5] |
	       (__u64)kinds << VX_NEAR_KINDS;
}

/* Does the entry say that mac takes these kinds? */
static inline __attribute__((always_inline)) int vx_near_takes(__u64 entry, const __u8 *mac, __u32 kinds)
{
	return (entry & VX_NEAR_MAC) == vx_near_entry(mac, 0) && ((entry >> VX_NEAR_KINDS) & kinds) == kinds;
}

/* Of an engine's page; the same place for the same MAC. */
static inline __attribute__((always_inline)) __u64 *vx_near_slot(struct vx_engine_page *page, const __u8 *mac)
{
	__u32 n = mac[5] ^ mac[4] ^ mac[3];

	return &page->queue[n / VX_DIRECTIONS % VX_QUEUE_PAIRS_MAX][n % VX_DIRECTIONS].near;
}

#endif
