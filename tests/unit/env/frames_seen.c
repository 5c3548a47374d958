// SPDX-License-Identifier: GPL-2.0-or-later
/* Here nobody traces, but what is told must be there to be read. */
#include <assert.h>

#include "frame.h"

void vx_frames_seen(const struct vx_vring *vq, enum vx_direction dir, const struct vx_frame *f, u32 n, u32 dropped)
{
	volatile u8 byte;

	assert(vq);
	for (u32 i = 0; i < n; i++)
		if (f[i].len)
			byte = f[i].data[f[i].len - 1];
	(void)byte;
}
