// SPDX-License-Identifier: GPL-2.0-only
/* What both kinds of vring share, and the one branch per batch between them. */
#include "vring_impl.h"
#include <linux/virtio_config.h>

int vx_vring_fail(struct vx_vring *vq, int err)
{
	if (!vq->error)
		vq->error = err;
	vq->broken = true;
	return err;
}

static int check_addr(const struct vx_vring *vq, const struct vx_vring_addr *a)
{
	return vq->packed ? vx_packed_check(vq, a) : vx_split_check(vq, a);
}

int vx_vring_start(struct vx_vring *vq, u32 num, u64 features, const struct vx_vring_addr *addr,
		   const struct vx_mem_table *mem, u32 base)
{
	int err;

	vq->broken = true;	/* until everything below has succeeded */
	vq->error = -EINVAL;
	vq->num = num;
	vq->packed = features & (1ULL << VIRTIO_F_RING_PACKED);
	vq->event_idx = features & (1ULL << VIRTIO_RING_F_EVENT_IDX);
	vq->indirect = features & (1ULL << VIRTIO_RING_F_INDIRECT_DESC);
	vq->kicks_on = false;
	vq->a = *addr;
	vx_vring_set_mem(vq, mem);
	vq->unsignalled = 0;
	vq->signal_always = true;
	vq->nfetched = 0;
	vq->fetched_slots = 0;
	vq->npending = 0;
	vq->pending_slots = 0;
	vq->spilled_slots = 0;
	vq->niov = 0;
	vq->miss.access = 0;

	if (!num || num > VX_VRING_NUM_MAX || !mem)
		return -EINVAL;
	err = check_addr(vq, addr);
	if (!err)
		err = vq->packed ? vx_packed_start(vq, base) : vx_split_start(vq, base);
	vq->broken = err;
	vq->error = err;
	return err;
}

u32 vx_vring_stop(struct vx_vring *vq)
{
	u16 avail = vq->last_avail;
	bool wrap = vq->avail_wrap;
	u32 open;

	/* On a broken ring this fails, and what was pushed stays unpublished: to the driver it is not done. */
	vx_vring_flush(vq);
	vq->broken = true;
	open = vq->fetched_slots + vq->pending_slots;
	if (!vq->packed)
		return (u16)(avail - open);
	vx_slot_sub(vq, &avail, &wrap, open);
	return avail | (u32)wrap << 15 | (u32)vq->last_used << 16 | (u32)vq->used_wrap << 31;
}

void vx_vring_set_mem(struct vx_vring *vq, const struct vx_mem_table *mem)
{
	vq->mem = mem;
	memset(&vq->hit, 0, sizeof(vq->hit));
}

int vx_vring_set_addr(struct vx_vring *vq, const struct vx_vring_addr *addr)
{
	int err = check_addr(vq, addr);

	if (!err)
		vq->a = *addr;
	return err;
}

void vx_vring_set_log(struct vx_vring *vq, const struct vx_dirty_log *log)
{
	vq->log = log;
}

int vx_vring_fetch(struct vx_vring *vq, struct vx_chain *chains, u32 max)
{
	int n;

	if (vx_unlikely(vq->broken))
		return -ESHUTDOWN;
	if (!vq->nfetched)
		vq->niov = 0;
	vq->miss.access = 0;
	max = vx_min(max, VX_BATCH);
	n = vq->packed ? vx_packed_fetch(vq, chains, max) : vx_split_fetch(vq, chains, max);
	return vx_unlikely(n < 0) ? vx_vring_fail(vq, n) : n;
}

void vx_vring_unfetch(struct vx_vring *vq, const struct vx_chain *chains, u32 n)
{
	u32 i, slots = 0;

	if (!n)
		return;
	for (i = 0; i < n; i++)
		slots += chains[i].ndesc;
	vq->niov = chains[0].iov - vq->iov;
	vq->nfetched -= n;
	vq->fetched_slots -= slots;
	if (vq->packed)
		vx_slot_sub(vq, &vq->last_avail, &vq->avail_wrap, slots);
	else
		vq->last_avail -= slots;
}

int vx_vring_spill(struct vx_vring *vq)
{
	int err = -ESHUTDOWN;

	if (!vq->broken) {
		err = vq->packed ? vx_packed_spill(vq) : vx_split_spill(vq);
		if (err)
			vx_vring_fail(vq, err);
	}
	vq->npending = 0;
	return err;
}

int vx_vring_flush(struct vx_vring *vq)
{
	u32 slots = vq->pending_slots;
	int err;

	if (vx_unlikely(vq->broken))
		return -ESHUTDOWN;
	if (!slots)
		return 0;
	err = vx_vring_spill(vq);
	if (!err)
		err = vq->packed ? vx_packed_publish(vq) : vx_split_publish(vq);
	if (err)
		return vx_vring_fail(vq, err);
	/* The event test counts in 16 bits: beyond half of them it could miss, so call then. */
	slots += vq->unsignalled;
	if (slots > 0x7fff)
		vq->signal_always = true;
	vq->unsignalled = vx_min(slots, 0x7fffu);
	return 0;
}

bool vx_vring_need_call(struct vx_vring *vq)
{
	int call;

	if (!vq->unsignalled || vq->broken)
		return false;
	/* Our publication comes before our look at the driver's wish; pairs with the driver's barrier between its two. */
	vx_mb();
	call = vq->packed ? vx_packed_need_call(vq) : vx_split_need_call(vq);
	if (call < 0) {
		vx_vring_fail(vq, call);
		return true;
	}
	vq->unsignalled = 0;
	vq->signal_always = false;
	return call;
}

static int set_kick(struct vx_vring *vq, bool on)
{
	int err = vq->packed ? vx_packed_kick(vq, on) : vx_split_kick(vq, on);

	if (err)
		return vx_vring_fail(vq, err);
	vq->kicks_on = on;
	return 0;
}

bool vx_vring_enable_kick(struct vx_vring *vq)
{
	if (vq->broken)
		return false;
	if (set_kick(vq, true))
		return true;	/* so that the owner's next fetch learns of it */
	/* Our wish comes before our last look at the ring; pairs with the driver's barrier before it reads the wish. */
	vx_mb();
	return vx_vring_has_avail(vq);
}

void vx_vring_disable_kick(struct vx_vring *vq)
{
	if (!vq->broken && vq->kicks_on)
		set_kick(vq, false);
}

bool vx_vring_has_avail(struct vx_vring *vq)
{
	int avail;

	if (vq->broken)
		return false;
	avail = vq->packed ? vx_packed_has_avail(vq) : vx_split_has_avail(vq);
	if (avail < 0)
		vx_vring_fail(vq, avail);
	return avail;
}
