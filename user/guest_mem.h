/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that a VMM shares with us: mapped files, and the core's table of them.
 *
 * A VMM may truncate such a file at any time; the next access would kill us
 * with SIGBUS. The handler puts zero pages in place of the whole mapping and
 * raises a flag: the device is then stopped, the process lives on.
 *
 * One thread (the one that handles messages) makes and frees maps; the workers
 * that use them are paused meanwhile.
 */
#ifndef VX_GUEST_MEM_H
#define VX_GUEST_MEM_H

#include "vx_env.h"
#include "mem_table.h"
#include "vhost_user_msg.h"

/* Part of a file, mapped shared. */
struct vx_guest_map {
	u8 *base;		/* as mapped: aligned to the file's page size */
	u64 len;
	u64 skip;		/* bytes from base to what was asked for */
	u32 refs;
};

/* The whole guest. Made anew for every change, sharing the maps that stay. */
struct vx_guest_mem {
	u32 n;
	struct vx_guest_map *map[VX_MEM_REGIONS_MAX];
	struct vx_mem_region region[VX_MEM_REGIONS_MAX];
	struct vx_mem_table *table;	/* NULL while there is no region */
};

/* Map size bytes at offset of the file fd (not kept). NULL, with *err and one line printed, if that cannot be. */
struct vx_guest_map *vx_guest_map_new(int fd, u64 offset, u64 size, int *err);
void vx_guest_map_put(struct vx_guest_map *map);

/* NULL with *err set; the line is printed. The old memory stays valid until it is freed. */
struct vx_guest_mem *vx_guest_mem_new(const struct vx_vu_region *regions, const int *fds, u32 n, int *err);
struct vx_guest_mem *vx_guest_mem_add(const struct vx_guest_mem *old, const struct vx_vu_region *region, int fd, int *err);
struct vx_guest_mem *vx_guest_mem_remove(const struct vx_guest_mem *old, const struct vx_vu_region *region, int *err);
void vx_guest_mem_free(struct vx_guest_mem *gm);

/* Install the SIGBUS handler, once per process. */
int vx_guest_fault_init(void);
/* Did a map lose its file since the last clear? */
bool vx_guest_faulted(void);
void vx_guest_fault_clear(void);

#endif
