/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to sink*.c: the pages of frames from a guest. */
#ifndef VX_SINK_PAGE_H
#define VX_SINK_PAGE_H

#include "sink.h"

static inline struct page *vx_sink_page(const struct vx_frame *f)
{
	return (struct page *)(uintptr_t)f->cookie;
}

/* As in struct vx_sink_ops. */
u32 vx_sink_alloc(void *ctx, struct vx_frame *f, u32 n);
void vx_sink_free(void *ctx, struct vx_frame *f, u32 n);

/* Frames were judged: those with their bit in lent left with a reference of their own on the page, the others are done with. */
void vx_sink_settle(struct vx_sink *s, const unsigned long *lent, const struct vx_frame *f, u32 n);
/* --- sink_whole.c: frames in several pages --- */

/* As in struct vx_sink_ops. */
u32 vx_sink_whole(void *ctx, const u8 *dst, u32 kinds);
/* The pieces of f behind the first become part of xdp, each with a reference on its page. */
void vx_sink_add_pieces(struct xdp_buff *xdp, const struct vx_frame *f, u32 n);
/* Give up the references of those that are part of it still: a program may have cut some off. */
void vx_sink_drop_pieces(struct xdp_buff *xdp);

/* All pages at rest go back to the kernel. */
void vx_sink_drain(struct vx_sink *s);

#endif
