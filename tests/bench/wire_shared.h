/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between wire.bpf.c and wire.c. */
#ifndef VXB_WIRE_SHARED_H
#define VXB_WIRE_SHARED_H

#include <linux/types.h>

#define VXB_MAGIC	0x56584231u	/* after the UDP header of every frame of ours, host order */
#define VXB_MAGIC_OFF	42u
#define VXB_CPUS	64

struct wire_counter {
	__u64 good;
	__u64 bad;		/* wrong length or content */
	__u64 pad[6];		/* one cache line per CPU */
};

#endif
