// SPDX-License-Identifier: GPL-2.0-only
/* The frames of a vring, to who traces them: see core/frame.h. */
#include "dev.h"
#include "port.h"
#include "pump.h"
#include "trace.h"

void vx_frames_seen(const struct vx_vring *ring, enum vx_direction dir, const struct vx_frame *f, u32 n, u32 dropped)
{
	const struct vx_vq *vq = container_of(ring, struct vx_vq, ring);

	if (trace_vhost_xdp_frames_enabled())
		trace_vhost_xdp_frames(vq->pair->port->name, vq->pair->index, dir, f, n, dropped);
}
