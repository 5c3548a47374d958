// SPDX-License-Identifier: GPL-2.0-only
/* A memory table by IOVA that changes. */
#include "mem_iotlb.h"

struct vx_mem_table *vx_mem_iotlb_new(u32 room)
{
	struct vx_mem_table *tlb;

	if (!room || room > VX_MEM_IOTLB_MAX)
		return NULL;
	tlb = vx_zalloc(sizeof(*tlb) + room * sizeof(tlb->region[0]));
	if (tlb)
		tlb->room = room;
	return tlb;
}

/* The first entry that ends behind iova; tlb->n if there is none. */
static u32 first_behind(const struct vx_mem_table *tlb, u64 iova)
{
	u32 lo = 0, hi = tlb->n;

	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;
		const struct vx_mem_region *r = &tlb->region[mid];

		if (r->gpa + (r->size - 1) < iova)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Entries [from, to) go. */
static void cut(struct vx_mem_table *tlb, u32 from, u32 to)
{
	memmove(&tlb->region[from], &tlb->region[to], (tlb->n - to) * sizeof(tlb->region[0]));
	tlb->n -= to - from;
}

static void retire_oldest(struct vx_mem_table *tlb)
{
	u32 i, oldest = 0;

	for (i = 1; i < tlb->n; i++)
		if (tlb->stamp - tlb->region[i].stamp > tlb->stamp - tlb->region[oldest].stamp)
			oldest = i;
	cut(tlb, oldest, oldest + 1);
}

/* Its place is free. */
static void insert(struct vx_mem_table *tlb, const struct vx_mem_region *r)
{
	u32 i;

	if (tlb->n == tlb->room)
		retire_oldest(tlb);
	i = first_behind(tlb, r->gpa);
	memmove(&tlb->region[i + 1], &tlb->region[i], (tlb->n - i) * sizeof(*r));
	tlb->region[i] = *r;
	tlb->n++;
}

/* The longest piece from vmm_addr on that one region of mem holds; false: none does. */
static bool piece_at(const struct vx_mem_table *mem, u64 vmm_addr, u64 size, struct vx_mem_region *piece)
{
	u32 i;

	piece->size = 0;
	for (i = 0; i < mem->n; i++) {
		const struct vx_mem_region *r = &mem->region[i];
		u64 off = vmm_addr - r->vmm_addr, len;

		len = off < r->size ? vx_min(size, r->size - off) : 0;
		if (len <= piece->size)
			continue;
		piece->size = len;
		piece->uaddr = r->uaddr + off;
		piece->log_gpa = r->log_gpa + off;
	}
	piece->vmm_addr = vmm_addr;
	return piece->size;
}

/* Entries that a range takes, or -EFAULT. */
static int count_pieces(const struct vx_mem_table *mem, u64 vmm_addr, u64 size)
{
	struct vx_mem_region piece;
	int n;

	/* Each piece ends where another region does: there are no more than those. */
	for (n = 0; size; n++) {
		if (!piece_at(mem, vmm_addr, size, &piece))
			return -EFAULT;
		vmm_addr += piece.size;
		size -= piece.size;
	}
	return n;
}

int vx_mem_iotlb_map(struct vx_mem_table *tlb, const struct vx_mem_table *mem, u64 iova, u64 size, u64 vmm_addr, u8 perm)
{
	struct vx_mem_region piece = { .gpa = iova, .perm = perm };
	int n;

	if (!size || vx_range_wraps(iova, size) || vx_range_wraps(vmm_addr, size) || !perm || perm & ~VX_MEM_ALL)
		return -EINVAL;
	n = count_pieces(mem, vmm_addr, size);
	if (n < 0)
		return n;
	if ((u32)n > tlb->room)
		return -ENOSPC;
	vx_mem_iotlb_unmap(tlb, iova, size);
	piece.stamp = ++tlb->stamp;
	while (size && piece_at(mem, vmm_addr, size, &piece)) {
		insert(tlb, &piece);
		piece.gpa += piece.size;
		vmm_addr += piece.size;
		size -= piece.size;
	}
	return 0;
}

void vx_mem_iotlb_unmap(struct vx_mem_table *tlb, u64 iova, u64 size)
{
	u64 last = size && !vx_range_wraps(iova, size) ? iova + (size - 1) : ~0ull;
	u32 from = first_behind(tlb, iova), to = from;

	if (!size)
		return;
	while (to < tlb->n && tlb->region[to].gpa <= last)
		to++;
	cut(tlb, from, to);
}

void vx_mem_iotlb_clear(struct vx_mem_table *tlb)
{
	tlb->n = 0;
}

int vx_mem_iotlb_ring(const struct vx_mem_table *tlb, u64 iova, u64 size, u8 access, u64 *uaddr, u64 *log_gpa,
		      struct vx_mem_miss *miss)
{
	u64 done = 0;

	if (!size || vx_range_wraps(iova, size))
		return -EFAULT;
	while (done < size) {
		const struct vx_mem_region *r = vx_mem_find(tlb, iova + done);
		u64 off;

		if (!r || (r->perm & access) != access) {
			miss->iova = iova + done;
			miss->access = access;
			return -EAGAIN;
		}
		off = iova + done - r->gpa;
		if (!done) {
			*uaddr = r->uaddr + off;
			*log_gpa = r->log_gpa + off;
		} else if (r->uaddr + off != *uaddr + done || r->log_gpa + off != *log_gpa + done) {
			return -EFAULT;
		}
		done += vx_min(size - done, r->size - off);
	}
	return 0;
}
