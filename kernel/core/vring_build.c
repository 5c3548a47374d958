// SPDX-License-Identifier: GPL-2.0-only
/* From descriptor copies to a chain of translated pieces. */
#include "vring_impl.h"

#define TABLE_PIECES	16u	/* regions that one indirect table may cross */

void vx_build_start(struct vx_build *b, struct vx_vring *vq, struct vx_chain *c)
{
	b->vq = vq;
	b->c = c;
	b->start = vq->niov;
	b->niov = vq->niov;
	b->end = vx_min(VX_IOVS, vq->niov + VX_CHAIN_IOVS);
	b->steps = 0;
	b->copied = 0;
	b->in = false;
	c->niov_out = 0;
	c->niov_in = 0;
	c->out_len = 0;
	c->in_len = 0;
}

/* Too long a chain is the guest's fault only if it would not fit into an empty array either. */
static int no_room(const struct vx_build *b)
{
	return b->end - b->start == VX_CHAIN_IOVS ? -ENOBUFS : VX_LATER;
}

/* What the region used last does not hold. An IOTLB entry is never remembered: it may be gone by the next time. */
static int look_up(struct vx_vring *vq, u64 gpa, u32 len, bool in, struct vx_iov *iov, u32 max)
{
	const struct vx_mem_region *r = NULL;
	struct vx_mem_miss miss;
	int n;

	if (!vq->iotlb)
		r = vx_mem_find(vq->mem, gpa);
	if (r)
		vq->hit = *r;
	n = vx_mem_translate(vq->mem, gpa, len, in ? VX_MEM_WRITE : VX_MEM_READ, iov, max, &miss);
	if (n != -EFAULT || !vq->iotlb)
		return n;
	vq->miss = miss;
	return VX_LATER;
}

static int translate(struct vx_vring *vq, u64 gpa, u32 len, bool in, struct vx_iov *iov, u32 max)
{
	u64 off = gpa - vq->hit.gpa;

	if (vx_unlikely(off >= vq->hit.size || len > vq->hit.size - off))
		return look_up(vq, gpa, len, in, iov, max);
	if (!max)
		return -ENOBUFS;
	iov->uaddr = vq->hit.uaddr + off;
	iov->gpa = gpa;
	iov->len = len;
	return 1;
}

int vx_build_add(struct vx_build *b, u64 gpa, u32 len, bool in)
{
	struct vx_chain *c = b->c;
	u32 *sum = in ? &c->in_len : &c->out_len;
	int n;

	if (b->in && !in)
		return -EINVAL;
	b->in = in;
	if (++b->steps > VX_CHAIN_IOVS)
		return -ENOBUFS;
	if (!len)
		return 0;
	/* virtio 1.3, 2.7.5: no chain is longer than 2^32 bytes; both parts together, so that sums fit callers' u32. */
	if (len > ~0u - c->out_len - c->in_len)
		return -EINVAL;
	n = translate(b->vq, gpa, len, in, &b->vq->iov[b->niov], b->end - b->niov);
	if (n < 0)
		return n == -ENOBUFS ? no_room(b) : n;
	vx_guest_prefetch(b->vq->iov[b->niov].uaddr);
	*sum += len;
	b->niov += n;
	if (in)
		c->niov_in += n;
	else
		c->niov_out += n;
	return 0;
}

int vx_build_table(struct vx_build *b, u64 gpa, u32 len)
{
	u8 *to = (u8 *)b->vq->table;
	struct vx_iov piece[TABLE_PIECES];
	int i, n, err;

	if (!b->vq->indirect || !len || len % VX_DESC_SIZE)
		return -EINVAL;
	if (len > sizeof(b->vq->table))
		return -ENOBUFS;
	n = translate(b->vq, gpa, len, false, piece, TABLE_PIECES);
	for (i = 0; i < n; i++) {
		err = vx_guest_read(to, piece[i].uaddr, piece[i].len);
		if (err)
			return err;
		to += piece[i].len;
	}
	b->copied = len / VX_DESC_SIZE;
	return n < 0 ? n : (int)b->copied;
}

void vx_build_done(struct vx_build *b, u16 id, u16 ndesc)
{
	b->c->id = id;
	b->c->ndesc = ndesc;
	b->c->iov = &b->vq->iov[b->start];
	b->vq->niov = b->niov;
}
