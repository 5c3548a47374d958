// SPDX-License-Identifier: GPL-2.0-only
/* UMEM frames and who owns each of them. */
#include "umem.h"

#define FRAMES_MAX	(~0u / (u32)sizeof(u32))	/* a free list of so many has a size in 32 bits */

int vx_umem_init_part(struct vx_umem *um, void *base, u64 size, u32 chunk, u64 first)
{
	u64 n;
	u32 i;

	memset(um, 0, sizeof(*um));
	if (!size || !chunk || chunk & (chunk - 1) || (size | first) & (chunk - 1) || size - 1 > ~first)
		return -EINVAL;
	while (chunk >> um->chunk_shift != 1)
		um->chunk_shift++;
	n = size >> um->chunk_shift;
	if (!n || n > FRAMES_MAX)
		return -EINVAL;
	um->base = base;
	um->first = first;
	um->size = size;
	um->chunk = chunk;
	um->nframes = n;
	um->free = vx_zalloc(um->nframes * sizeof(*um->free));
	um->owner = vx_zalloc(um->nframes);
	if (!um->free || !um->owner) {
		vx_umem_destroy(um);
		return -ENOMEM;
	}
	for (i = 0; i < um->nframes; i++)
		um->free[i] = um->nframes - 1 - i;
	um->nfree = um->nframes;
	um->count[VX_OWNER_FREE] = um->nframes;
	return 0;
}

void vx_umem_destroy(struct vx_umem *um)
{
	vx_free(um->free);
	vx_free(um->owner);
	memset(um, 0, sizeof(*um));
}

u32 vx_umem_alloc(struct vx_umem *um, u64 *addr, u32 n, enum vx_frame_owner owner)
{
	u32 i;

	n = vx_min(n, um->nfree);
	for (i = 0; i < n; i++) {
		u32 frame = um->free[--um->nfree];

		um->owner[frame] = owner;
		addr[i] = um->first + ((u64)frame << um->chunk_shift);
	}
	um->count[VX_OWNER_FREE] -= n;
	um->count[owner] += n;
	return n;
}

u32 vx_umem_free(struct vx_umem *um, const u64 *addr, u32 n, enum vx_frame_owner from)
{
	u32 i, done = 0;

	for (i = 0; i < n; i++) {
		u64 frame = (addr[i] - um->first) >> um->chunk_shift;

		/* Without the second test a frame freed from FREE would enter the stack twice. */
		if (vx_unlikely(frame >= um->nframes || um->owner[frame] != from || from == VX_OWNER_FREE)) {
			um->violations++;
			continue;
		}
		um->owner[frame] = VX_OWNER_FREE;
		um->free[um->nfree++] = frame;
		done++;
	}
	um->count[from] -= done;
	um->count[VX_OWNER_FREE] += done;
	return done;
}

/* Is every entry of the free list a free frame, and none there twice? */
static int audit_free_list(const struct vx_umem *um)
{
	u8 *seen = vx_zalloc(um->nframes);
	int err = 0;
	u32 i;

	if (!seen)
		return -ENOMEM;
	for (i = 0; i < um->nfree && !err; i++) {
		u32 frame = um->free[i];

		if (frame >= um->nframes || um->owner[frame] != VX_OWNER_FREE || seen[frame])
			err = -EUCLEAN;
		else
			seen[frame] = 1;
	}
	vx_free(seen);
	return err;
}

int vx_umem_audit(const struct vx_umem *um)
{
	u32 count[VX_OWNERS] = { 0 }, i;

	if (!um->nframes)
		return 0;
	for (i = 0; i < um->nframes; i++) {
		if (um->owner[i] >= VX_OWNERS)
			return -EUCLEAN;
		count[um->owner[i]]++;
	}
	if (memcmp(count, um->count, sizeof(count)) || um->nfree != count[VX_OWNER_FREE])
		return -EUCLEAN;
	return audit_free_list(um);
}
