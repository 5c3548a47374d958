/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fuzz input, taken from the front; zeros after its end. */
#ifndef VX_FUZZ_INPUT_H
#define VX_FUZZ_INPUT_H

#include "fake_xsk.h"
#include "guest_driver.h"

struct input {
	const u8 *p, *end;
};

static inline bool in_left(const struct input *in)
{
	return in->p < in->end;
}

static inline u8 in_u8(struct input *in)
{
	return in->p < in->end ? *in->p++ : 0;
}

static inline u16 in_u16(struct input *in)
{
	u16 lo = in_u8(in);

	return lo | in_u8(in) << 8;
}

/* Some bytes of guest memory; most of it stays as it is. */
static inline void in_fill(struct input *in, struct gd *gd, u64 gpa, u32 room)
{
	u32 n = in_u8(in) % 64, off = in_u16(in) % (room - 64), i;

	for (i = 0; i < n; i++) {
		u8 b = in_u8(in);

		gd_write(gd, gpa + off + i, &b, 1);
	}
}

/* The VMM behind an IOTLB: it answers what was missed, or takes something back. */
static inline void in_vmm(struct input *in, struct gd *gd, const struct vx_vring *vq)
{
	u8 what = in_u8(in);

	if (!gd->tlb)
		return;
	if (what & 3 && vx_vring_missed(vq) && vx_mem_find(gd->mem, vq->miss.iova))
		gd_map_missed(gd, &vq->miss);
	else
		vx_mem_iotlb_unmap(gd->tlb, GD_DATA_SPLIT - (1u << 17) + in_u16(in) * 4, in_u16(in));
}

/* The kernel's side changes an index, or a descriptor. */
static inline void in_kernel(struct input *in, struct fx *fx)
{
	struct vx_xsk_ring *ring[] = { &fx->x.fill, &fx->x.comp, &fx->x.rx, &fx->x.tx };
	struct vx_xsk_ring *r = ring[in_u8(in) % 4];
	u8 what = in_u8(in);
	u32 by = what & 4 ? in_u8(in) : in_u16(in) | (u32)in_u16(in) << 16, entry;

	switch (what & 3) {
	case 0:
		*r->producer += by;
		break;
	case 1:
		*r->consumer += by;
		break;
	default:
		entry = in_u8(in) & r->mask;
		if (r == &fx->x.fill || r == &fx->x.comp)
			((u64 *)r->desc)[entry] = by * (what & 8 ? 1 : 2048);
		else
			((struct xdp_desc *)r->desc)[entry] = (struct xdp_desc) { by * (what & 8 ? 1 : 2048), in_u16(in), in_u8(in) & 1 };
	}
}

/* What an honest kernel would do with the TX ring, whatever is in it. */
static inline void fx_drain(struct fx *fx)
{
	struct vx_xsk_ring *r = &fx->x.tx;
	u32 n = 0;

	while (*r->consumer != *r->producer && n++ < r->size) {
		struct xdp_desc d = ((struct xdp_desc *)r->desc)[*r->consumer & r->mask];

		++*r->consumer;
		fx_complete_addr(fx, d.addr);
	}
}

#endif
