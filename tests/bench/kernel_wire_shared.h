/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between kernel_wire.bpf.c and kernel_wire.c. */
#ifndef VXK_WIRE_SHARED_H
#define VXK_WIRE_SHARED_H

#include <linux/types.h>
#include "stream_shared.h"
#include "wire_shared.h"

enum { VXK_UPLINK, VXK_TAP, VXK_ENDS };	/* keys of the DEVMAP */

/* Written by programs that run on the one CPU there is, so no atomics. */
struct vxk_wire_page {
	__u64 made;		/* by the generator */
	__u64 good;		/* arrived whole */
	__u64 bad;		/* arrived with a wrong length, or out of sequence */
	__u64 foreign;		/* arrived, and are not ours */
	__u64 made_at;		/* ns, CLOCK_MONOTONIC: the last one */
	__u64 good_at;
	__u32 seq;		/* of a stream: what arrives next */
};

#endif
