/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames for "policy check": a set of our own, or what somebody captured. */
#ifndef VX_CHECK_PACKETS_H
#define VX_CHECK_PACKETS_H

#include <linux/types.h>

#define VX_CHECK_FRAME_MAX	9216	/* what BPF_PROG_TEST_RUN takes in pieces, with room to spare */
#define VX_CHECK_PACKETS_MAX	65536

/* One frame, the caller's again when this returns; non-zero ends the set. */
typedef int (*vx_packet_fn)(const char *name, const __u8 *frame, __u32 len, void *arg);

/* What a guest with this MAC sends (from-guest) or is sent, one of each kind, malformed ones too. Returns what fn did, or 0. */
int vx_check_packets(int direction, const __u8 mac[6], vx_packet_fn fn, void *arg);

/*
 * The Ethernet frames of a pcap or pcapng file, or of all such files in a directory, in order of their names. Returns what fn
 * did, 0, or a negative errno after one line. What is longer than VX_CHECK_FRAME_MAX, or cut short, is left out with a
 * warning.
 */
int vx_check_pcap(const char *path, vx_packet_fn fn, void *arg);

#endif
