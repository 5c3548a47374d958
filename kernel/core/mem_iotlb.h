/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An IOTLB (VIRTIO_F_ACCESS_PLATFORM): a memory table by IOVA, bounded, that changes
 * while the device runs. What is absent is asked for, and is not an error.
 *
 * Locking: the owner changes a table only while no vring that uses it runs, which then holds no
 * chain either. A vring remembers nothing of the table, so it need not be told.
 */
#ifndef VX_CORE_MEM_IOTLB_H
#define VX_CORE_MEM_IOTLB_H

#include "mem_table.h"

#define VX_MEM_IOTLB_MAX	2048u	/* as vhost's max_iotlb_entries */

/* Empty, for room entries; free it with vx_mem_table_free(). NULL when room is 0 or memory is short. */
struct vx_mem_table *vx_mem_iotlb_new(u32 room);

/*
 * From now on [iova, iova + size) is what the VMM has at vmm_addr, for the accesses in perm. Entries that it overlaps go, all
 * of each; when there is no room the oldest go. Takes one entry per region of mem that it touches, and its addresses for
 * the dirty log from there: empty the IOTLB when the memory table changes.
 * -EINVAL (nothing mapped, wrap-around, unknown permission); -EFAULT when some of it is in no region; -ENOSPC when it alone needs more
 * entries than there are. On an error nothing has changed.
 */
int vx_mem_iotlb_map(struct vx_mem_table *tlb, const struct vx_mem_table *mem, u64 iova, u64 size, u64 vmm_addr, u8 perm);

/* Every entry that overlaps [iova, iova + size) goes, all of it. A range that wraps around ends at the last address. */
void vx_mem_iotlb_unmap(struct vx_mem_table *tlb, u64 iova, u64 size);

void vx_mem_iotlb_clear(struct vx_mem_table *tlb);

/*
 * Where a part of a ring is: [iova, iova + size) over any number of entries, as long as they make one stretch of both the engine's
 * address space and guest-physical memory. 0; -EAGAIN when *miss is to be asked for; -EFAULT otherwise.
 */
int vx_mem_iotlb_ring(const struct vx_mem_table *tlb, u64 iova, u64 size, u8 access, u64 *uaddr, u64 *log_gpa,
		      struct vx_mem_miss *miss);

#endif
