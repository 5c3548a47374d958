/* SPDX-License-Identifier: GPL-2.0-only */
/* A place in a chain's iov entries: each byte is read or written once, in order. */
#ifndef VX_CORE_CURSOR_H
#define VX_CORE_CURSOR_H

#include "csum.h"
#include "vring.h"

struct vx_cursor {
	const struct vx_iov *iov;
	u32 niov;	/* entries from iov on */
	u32 off;	/* in the first of them */
};

static inline void vx_cursor_skip(struct vx_cursor *c, u32 n)
{
	c->off += n;
	if (c->off == c->iov->len) {
		c->iov++;
		c->niov--;
		c->off = 0;
	}
}

/* -EFAULT when guest memory faults, or when the chain is shorter than its length said. */
static inline int vx_cursor_read(struct vx_cursor *c, void *dst, u32 len)
{
	u8 *to = dst;

	while (len) {
		u32 n;
		int err;

		if (vx_unlikely(!c->niov))
			return -EFAULT;
		n = vx_min(len, c->iov->len - c->off);
		err = vx_guest_read(to, c->iov->uaddr + c->off, n);
		if (vx_unlikely(err))
			return err;
		to += n;
		len -= n;
		vx_cursor_skip(c, n);
	}
	return 0;
}

/* As vx_cursor_read; *sum is set to the sum of these bytes. */
static inline int vx_cursor_read_csum(struct vx_cursor *c, void *dst, u32 len, u64 *sum)
{
	u8 *to = dst;
	u32 off, n;
	u64 piece;

	*sum = 0;
	for (off = 0; off < len; off += n) {
		int err;

		if (vx_unlikely(!c->niov))
			return -EFAULT;
		n = vx_min(len - off, c->iov->len - c->off);
		err = vx_guest_read_csum(to + off, c->iov->uaddr + c->off, n, &piece);
		if (vx_unlikely(err))
			return err;
		*sum = vx_csum_add_at(*sum, piece, off);
		vx_cursor_skip(c, n);
	}
	return 0;
}

/* The first bytes of a chain, with one access of constant size where that suffices; zeros from len to usual. */
static inline int vx_cursor_read_first(struct vx_cursor *c, void *dst, u32 len, u32 usual)
{
	if (vx_unlikely(len != usual || !c->niov || c->iov->len <= usual)) {
		memset(dst, 0, usual);
		return vx_cursor_read(c, dst, len);
	}
	c->off = usual;
	return vx_guest_read(dst, c->iov->uaddr, usual);
}

#endif
