/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Guest memory: guest-physical ranges and where the engine reaches them, and
 * the dirty log of what was written there.
 *
 * A table is immutable once built; the owner swaps whole tables while the
 * vrings that use it are paused, and frees the old one after. An IOTLB is a table
 * that changes: mem_iotlb.h.
 */
#ifndef VX_CORE_MEM_TABLE_H
#define VX_CORE_MEM_TABLE_H

#include "vx_env.h"

#define VX_MEM_REGIONS_MAX	512	/* as vhost's max_mem_regions can be raised to; QEMU needs up to 509 slots */

/* What the device may do with a region; the values are those of VHOST_ACCESS_*. */
#define VX_MEM_READ	1u
#define VX_MEM_WRITE	2u
#define VX_MEM_ALL	(VX_MEM_READ | VX_MEM_WRITE)

struct vx_mem_region {
	u64 gpa;	/* guest-physical start, bytes; in an IOTLB: the start as an IOVA */
	u64 size;
	u64 vmm_addr;	/* where the VMM maps it (userspace_addr in vhost and vhost-user messages) */
	u64 uaddr;	/* where the engine maps it; equals vmm_addr in the kernel engine */
	/* Set by the table itself. */
	u64 log_gpa;	/* guest-physical start, for the dirty log */
	u32 stamp;	/* IOTLB: when this came into it */
	u8 perm;	/* VX_MEM_*; all but in an IOTLB */
};

struct vx_mem_table {
	u32 n;
	u32 room;	/* regions that fit */
	u32 stamp;	/* IOTLB: the last one given */
	struct vx_mem_region region[];	/* sorted by gpa, not overlapping */
};

/* One contiguous piece of guest memory in the engine's address space. */
struct vx_iov {
	u64 uaddr;
	u64 gpa;	/* for the dirty log: guest-physical, whatever the descriptor named */
	u32 len;
};

/* What a translation lacked. */
struct vx_mem_miss {
	u64 iova;
	u8 access;	/* VX_MEM_READ or VX_MEM_WRITE; 0: nothing */
};

/* Does a range that is not empty go on beyond the last address? */
static inline bool vx_range_wraps(u64 start, u64 size)
{
	return size - 1 > ~start;
}

/*
 * Build a table from n regions in any order. Returns NULL with *err set:
 * -EINVAL (zero size, wrap-around, overlap in gpa, more than VX_MEM_REGIONS_MAX), -ENOMEM.
 * Regions may alias the same uaddr or vmm_addr.
 */
struct vx_mem_table *vx_mem_table_new(const struct vx_mem_region *regions, u32 n, int *err);
void vx_mem_table_free(struct vx_mem_table *mt);

/* The region that holds gpa, or NULL. */
const struct vx_mem_region *vx_mem_find(const struct vx_mem_table *mt, u64 gpa);

/*
 * Translate [gpa, gpa + len) for one kind of access into at most max pieces, splitting at region ends (CVE-2018-1059).
 * Returns the count; -EFAULT when a byte is unmapped or may not be accessed so, with *miss saying which;
 * -EINVAL when the range wraps around; -ENOBUFS when max is too small.
 */
int vx_mem_translate(const struct vx_mem_table *mt, u64 gpa, u32 len, u8 access, struct vx_iov *iov, u32 max,
		     struct vx_mem_miss *miss);

/* VMM address -> engine address and gpa, for a range that must lie in one region. -EFAULT otherwise. */
int vx_mem_from_vmm(const struct vx_mem_table *mt, u64 vmm_addr, u64 len, u64 *uaddr, u64 *gpa);

/* Same by guest-physical address, for ring addresses (IOTLB off). */
int vx_mem_from_gpa(const struct vx_mem_table *mt, u64 gpa, u64 len, u64 *uaddr);

/* Does [uaddr, uaddr + len) lie in one region of the engine's address space? */
bool vx_mem_holds(const struct vx_mem_table *mt, u64 uaddr, u64 len);

/* One bit per 4 KiB page of guest-physical memory, least significant bit first (VHOST_LOG_PAGE). */
#define VX_LOG_PAGE	4096u

struct vx_dirty_log {
	u64 uaddr;	/* bitmap, in the engine's address space */
	u64 size;	/* bytes of the bitmap */
};

/* Mark [gpa, gpa + len) dirty; pages beyond the bitmap are -EINVAL, nothing is written outside it. */
int vx_dirty_log_write(const struct vx_dirty_log *log, u64 gpa, u64 len);

#endif
