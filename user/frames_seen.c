// SPDX-License-Identifier: GPL-2.0-or-later
/* Where "vhost-xdp capture" looks into the user engine, by a uprobe: see kernel/core/frame.h. Kept by that name in the binary. */
#include "frame.h"

__attribute__((noinline, visibility("default"))) void vx_frames_seen(const struct vx_vring *vq, enum vx_direction dir,
								    const struct vx_frame *f, u32 n, u32 dropped)
{
	/* All arguments are in their places when it is entered. */
	__asm__ volatile("" : : "r"(vq), "r"(dir), "r"(f), "r"(n), "r"(dropped));
}
