/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * UMEM frames and who owns each of them.
 *
 * Every frame of a UMEM has exactly one owner; vx_umem_audit() proves it. The
 * kernel side of AF_XDP is not trusted to hand back what it was given: a frame
 * that comes back from the wrong ring, twice, or from outside the UMEM is
 * counted and dropped, and never enters the free list twice.
 *
 * Several sockets may share one registered UMEM, each with a part of its own: addresses
 * in rings count from the start of the whole, and another's part is as much outside as what lies beyond.
 *
 * Locking: one thread, that of the queue pair.
 */
#ifndef VX_CORE_UMEM_H
#define VX_CORE_UMEM_H

#include "vx_env.h"

enum vx_frame_owner {
	VX_OWNER_FREE = 0,	/* in the free list */
	VX_OWNER_FILL = 1,	/* in the fill ring, or with the kernel's receive side */
	VX_OWNER_RX = 2,	/* taken from the RX ring, being copied to the guest */
	VX_OWNER_HELD = 3,	/* allocated, being filled from the guest */
	VX_OWNER_TX = 4,	/* in the TX ring, with the kernel, or in the completion ring */
	VX_OWNERS = 5,
};

struct vx_umem {
	u8 *base;
	u64 first;		/* address of base, as rings have it */
	u64 size;		/* bytes */
	u32 chunk;		/* bytes per frame, power of two */
	u32 chunk_shift;
	u32 nframes;
	u32 nfree;
	u32 *free;		/* stack of frame numbers */
	u8 *owner;		/* enum vx_frame_owner, per frame */
	u32 count[VX_OWNERS];
	u64 violations;		/* frames handed back wrongly */
};

/*
 * base: size bytes owned by the caller for as long as the UMEM lives, first bytes from the start of what was registered.
 * -EINVAL when size or first is no multiple of chunk, chunk no power of two, or the end beyond all addresses; -ENOMEM.
 */
int vx_umem_init_part(struct vx_umem *um, void *base, u64 size, u32 chunk, u64 first);

/* All of a UMEM. */
static inline int vx_umem_init(struct vx_umem *um, void *base, u64 size, u32 chunk)
{
	return vx_umem_init_part(um, base, size, chunk, 0);
}

void vx_umem_destroy(struct vx_umem *um);

/* Up to n frame addresses, of the chunks' first bytes; they become owner. Returns the count. */
u32 vx_umem_alloc(struct vx_umem *um, u64 *addr, u32 n, enum vx_frame_owner owner);
/* Returns how many really were from's; each of the others is a violation, and stays where it is. */
u32 vx_umem_free(struct vx_umem *um, const u64 *addr, u32 n, enum vx_frame_owner from);

/* The memory of an address within. */
static inline u8 *vx_umem_data(const struct vx_umem *um, u64 addr)
{
	return um->base + (addr - um->first);
}

/*
 * Move the frame that holds addr from one owner to another, neither of them FREE. False, and a violation
 * counted, when addr is outside or the frame is not owned by from.
 */
static inline bool vx_umem_move(struct vx_umem *um, u64 addr, enum vx_frame_owner from, enum vx_frame_owner to)
{
	u64 frame = (addr - um->first) >> um->chunk_shift;	/* below first: huge */

	if (vx_unlikely(frame >= um->nframes || um->owner[frame] != from)) {
		um->violations++;
		return false;
	}
	um->owner[frame] = to;
	um->count[from]--;
	um->count[to]++;
	return true;
}

/* 0 when owners, free list and counts agree and sum to nframes; -EUCLEAN otherwise, -ENOMEM when it cannot tell. */
int vx_umem_audit(const struct vx_umem *um);

#endif
