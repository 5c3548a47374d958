/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver side of a virtqueue, split or packed, for tests: a model that
 * follows virtio 1.3 and Linux' driver, and whose rings a test may also break by hand.
 *
 * It owns the guest's memory: a region for the rings, one for indirect tables,
 * and two data regions that are adjacent for the guest and apart for the engine.
 */
#ifndef VX_TEST_GUEST_DRIVER_H
#define VX_TEST_GUEST_DRIVER_H

#include "vx_env.h"
#include "mem_iotlb.h"
#include "vring.h"

#define GD_RING_GPA	0x0000000000100000ull
#define GD_TABLE_GPA	0x0000000040000000ull
#define GD_DATA_GPA	0x0000000100000000ull	/* above 4 GiB */
#define GD_DATA_HALF	(4u << 20)		/* size of each data region */
#define GD_DATA_SPLIT	(GD_DATA_GPA + GD_DATA_HALF)
#define GD_TABLE_MAX	64u			/* entries in an indirect table */

struct gd_sg {
	u64 gpa;
	u32 len;
};

enum gd_shape {
	GD_DIRECT,
	GD_INDIRECT,
	GD_MIXED,	/* the first descriptor direct, the others in a table */
};

struct gd_chain_state {
	u64 token;
	u16 slots;	/* 0: this id is free */
};

struct gd {
	bool packed;
	bool event_idx;
	u16 num;
	u64 features;
	u32 base;		/* for vx_vring_start */
	struct vx_mem_table *mem;
	struct vx_mem_table *tlb;	/* what the device was told, after gd_iotlb() */
	struct vx_vring_addr addr;

	/* Split rings, as the driver sees them. */
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	/* Packed rings. */
	struct vring_packed_desc *pdesc;
	struct vring_packed_desc_event *driver_event, *device_event;

	u16 next_avail;		/* split: index of the next entry; packed: slot */
	u16 next_used;
	bool avail_wrap, used_wrap;
	u16 added;		/* chains (split) or slots (packed) since gd_kick_needed */
	u32 nfree;		/* descriptors (split) or slots (packed) */
	u32 nids;
	u16 *free_id;		/* stack: descriptors (split) or buffer ids (packed) */
	struct gd_chain_state *state;	/* by id */
	struct { u16 slot, flags; } *held;	/* packed: heads that gd_publish makes available */
	u32 nheld;
};

/*
 * start: where both indices begin; split: any 16-bit index; packed: slot | wrap counter << 15 (0x8000: a fresh ring).
 * All ring fields get their rules (vx_env_mark).
 */
struct gd *gd_new(bool packed, u16 num, u64 features, u16 start);
void gd_free(struct gd *gd);

/* vx_vring_start with what the driver set up; returns its result. */
int gd_start(struct gd *gd, struct vx_vring *vq);
/* vx_vring_fetch as one single-fetch scope. */
int gd_fetch(struct vx_vring *vq, struct vx_chain *chains, u32 max);

/*
 * From now on the driver names memory by IOVA, and so do all calls here: neighbouring pages of guest-physical memory have changed
 * places. The device has an IOTLB for room entries, still empty; only where the ring is, it knows. Call gd_start() after.
 */
void gd_iotlb(struct gd *gd, u32 room);
/* The VMM tells the device of the page that holds iova. */
void gd_map(struct gd *gd, u64 iova, u8 perm);
/* ... of the one that it missed, with all access at the second asking: one chain may read and write a page. */
void gd_map_missed(struct gd *gd, const struct vx_mem_miss *miss);
u64 gd_gpa(const struct gd *gd, u64 iova);

/* The driver's view of guest-physical memory; aborts when it is not there in one piece. */
void *gd_ptr(struct gd *gd, u64 gpa, u32 len);
/* The same bytes, piece by piece across regions. */
void gd_write(struct gd *gd, u64 gpa, const void *src, u32 len);
void gd_read(struct gd *gd, u64 gpa, void *dst, u32 len);

/* Add a chain: nout pieces to be read, then nin to be written; visible by gd_publish. -ENOSPC when the ring is full. */
int gd_add(struct gd *gd, const struct gd_sg *sg, u32 nout, u32 nin, enum gd_shape shape, u64 token);
void gd_publish(struct gd *gd);

/* One used chain, if there is one. Aborts when the device returns an id that is not out. */
bool gd_get_used(struct gd *gd, u64 *token, u32 *len);

/* After gd_publish: must this driver kick? Asked once per batch, as Linux does. */
bool gd_kick_needed(struct gd *gd);
/* Calls on every flush, or never (without EVENT_IDX, or packed). */
void gd_calls(struct gd *gd, bool on);
/* EVENT_IDX: call once the device has used n more slots than the driver has taken, 0 being the very next. */
void gd_call_after(struct gd *gd, u16 n);

#endif
