// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rings of an AF_XDP socket, from where a process mapped them into where the kernel can use them.
 *
 * Depending on the kernel, ring memory is mapped by page frame (VM_PFNMAP: the socket's file keeps it) or as pages that can be pinned.
 * Which of both is seen from the mapping, not from the kernel's version.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/if_xdp.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/vmalloc.h>
#include "count.h"
#include "xsk.h"

static const struct {
	u64 pgoff;
	u32 entry_size;
} kinds[VX_RINGS] = {
	[VX_RING_FILL] = { XDP_UMEM_PGOFF_FILL_RING, sizeof(u64) },
	[VX_RING_COMPLETION] = { XDP_UMEM_PGOFF_COMPLETION_RING, sizeof(u64) },
	[VX_RING_RX] = { XDP_PGOFF_RX_RING, sizeof(struct xdp_desc) },
	[VX_RING_TX] = { XDP_PGOFF_TX_RING, sizeof(struct xdp_desc) },
};

static bool word_fits(u32 off, u32 end)
{
	return !(off % sizeof(u32)) && off + sizeof(u32) <= end;
}

static bool offsets_ok(const struct vhost_xdp_ring *d)
{
	/* The kernel's header comes first, then the entries: a word of the header inside them would be overwritten. */
	return word_fits(d->producer, d->desc) && word_fits(d->consumer, d->desc) && word_fits(d->flags, d->desc) &&
	       d->producer != d->consumer && d->producer != d->flags && d->consumer != d->flags;
}

/* Bytes of the ring, or 0 when that many entries do not make up the mapping. */
static u64 ring_bytes(const struct vhost_xdp_ring *d, u32 entry_size, u64 mapped)
{
	u64 need = d->desc + (u64)d->entries * entry_size;

	if (need > mapped)
		return 0;
	/* The socket's own ring size cannot be asked for, but a mapping of several pages is at least half full of entries. */
	if (mapped > PAGE_SIZE && (u64)d->entries * 2 * entry_size + d->desc <= mapped)
		return 0;
	return need;
}

static struct vm_area_struct *ring_vma(struct file *file, enum vx_ring which, const struct vhost_xdp_ring *d)
{
	struct vm_area_struct *vma = find_vma(current->mm, d->addr);

	if (!vma || vma->vm_start != d->addr || vma->vm_file != file || vma->vm_pgoff != kinds[which].pgoff >> PAGE_SHIFT)
		return NULL;
	/* A private mapping may hold copies of the ring's pages, which nothing but the mapping keeps. */
	if ((vma->vm_flags & (VM_SHARED | VM_WRITE)) != (VM_SHARED | VM_WRITE))
		return NULL;
	return vma;
}

static int pages_by_frame(struct vx_ring_map *m, struct vm_area_struct *vma)
{
	u32 i;

	for (i = 0; i < m->npages; i++) {
		struct follow_pfnmap_args args = { .vma = vma, .address = vma->vm_start + i * PAGE_SIZE };
		unsigned long pfn;

		if (follow_pfnmap_start(&args))
			return -EFAULT;
		pfn = args.pfn;
		follow_pfnmap_end(&args);
		if (!pfn_valid(pfn))
			return -EFAULT;
		m->pages[i] = pfn_to_page(pfn);
	}
	return 0;
}

static int pages_by_pin(struct vx_ring_map *m, struct vm_area_struct *vma)
{
	long got = pin_user_pages(vma->vm_start, m->npages, FOLL_WRITE | FOLL_LONGTERM, m->pages);

	if (got == m->npages) {
		m->pinned = true;
		return 0;
	}
	if (got > 0)
		unpin_user_pages(m->pages, got);
	return got < 0 ? got : -EFAULT;
}

/* The mmap lock is held over the verdict and the taking: what was judged is what is taken. */
static int take_pages(struct vx_ring_map *m, struct file *file, enum vx_ring which, const struct vhost_xdp_ring *d,
		      u64 *bytes, const char **why)
{
	struct vm_area_struct *vma = ring_vma(file, which, d);

	*why = "is not where the socket's own mapping of it is";
	if (!vma)
		return -EINVAL;
	*why = "does not have that many entries";
	*bytes = ring_bytes(d, kinds[which].entry_size, vma->vm_end - vma->vm_start);
	if (!*bytes)
		return -EINVAL;
	*why = "cannot be taken from the process's memory";
	m->npages = PAGE_ALIGN(*bytes) >> PAGE_SHIFT;
	m->pages = kvcalloc(m->npages, sizeof(*m->pages), GFP_KERNEL_ACCOUNT);
	if (!m->pages)
		return -ENOMEM;
	return vma->vm_flags & VM_PFNMAP ? pages_by_frame(m, vma) : pages_by_pin(m, vma);
}

int vx_ring_map(struct vx_ring_map *m, struct file *file, enum vx_ring which, const struct vhost_xdp_ring *desc,
		struct vx_xsk_ring *ring, const char **why)
{
	const struct xdp_ring_offset off = {
		.producer = desc->producer, .consumer = desc->consumer, .desc = desc->desc, .flags = desc->flags,
	};
	u64 bytes;
	int err;

	memset(m, 0, sizeof(*m));
	*why = "has entries or offsets that cannot be";
	if (!is_power_of_2(desc->entries) || desc->reserved || !offsets_ok(desc))
		return -EINVAL;
	if (mmap_read_lock_killable(current->mm))
		return -EINTR;
	err = take_pages(m, file, which, desc, &bytes, why);
	mmap_read_unlock(current->mm);
	if (err)
		goto err_free_pages;

	m->map = vmap(m->pages, m->npages, VM_MAP, PAGE_KERNEL);
	err = m->map ? 0 : -ENOMEM;
	if (err)
		goto err_unpin;
	*why = "has entries or offsets that cannot be";
	err = vx_xsk_ring_init(ring, m->map, bytes, &off, desc->entries, kinds[which].entry_size);
	if (err)
		goto err_vunmap;
	*why = "was used already";
	err = ring->cached_prod || ring->cached_cons ? -EBUSY : 0;
	if (err)
		goto err_vunmap;
	vx_count(VX_COUNT_RING_PAGES, m->npages);
	return 0;

err_vunmap:
	vunmap(m->map);
err_unpin:
	if (m->pinned)
		unpin_user_pages(m->pages, m->npages);
err_free_pages:
	kvfree(m->pages);
	memset(m, 0, sizeof(*m));
	return err;
}

void vx_ring_unmap(struct vx_ring_map *m)
{
	if (!m->map)
		return;
	vunmap(m->map);
	if (m->pinned)
		unpin_user_pages(m->pages, m->npages);
	kvfree(m->pages);
	vx_count(VX_COUNT_RING_PAGES, -(s64)m->npages);
	memset(m, 0, sizeof(*m));
}
