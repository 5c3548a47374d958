/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writing pcapng files: draft-ietf-opsawg-pcapng. One section, Ethernet interfaces, times in ns. */
#ifndef VX_PCAPNG_H
#define VX_PCAPNG_H

#include <stdio.h>
#include <linux/types.h>

#define VX_PCAPNG_INBOUND	1	/* epb_flags */
#define VX_PCAPNG_OUTBOUND	2

/* Bits of the packet's verdict option. */
#define VX_PCAPNG_NO_VERDICT	(~0ull)

struct vx_pcapng_packet {
	__u32 interface;	/* number, in order of vx_pcapng_interface() */
	__u64 time;		/* CLOCK_REALTIME, ns */
	__u32 caplen, len;
	const __u8 *data;
	__u32 flags;		/* VX_PCAPNG_INBOUND or _OUTBOUND */
	__u64 verdict;		/* XDP_* */
	const char *comment;	/* NULL or "": none; UTF-8 */
};

/* All: 0, or -EIO with errno as the C library left it. */
int vx_pcapng_section(FILE *f, const char *application, const char *os);
int vx_pcapng_interface(FILE *f, const char *name, const char *description, const char *filter, __u32 snaplen);
int vx_pcapng_packet(FILE *f, const struct vx_pcapng_packet *p);
/* At the end, of one interface: frames written and not written. */
int vx_pcapng_statistics(FILE *f, __u32 interface, __u64 time, __u64 received, __u64 dropped);

#endif
