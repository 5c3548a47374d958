/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Driver side of a split virtqueue with EVENT_IDX, as Linux guests use it: one descriptor a frame, kicks and calls only
 * where the other side asks for them. The driver sleeps on its call eventfd; on the one CPU of the bench that is when the device runs.
 */
#ifndef VXK_RING_H
#define VXK_RING_H

#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#define VXK_HDR		sizeof(struct virtio_net_hdr_mrg_rxbuf)
#define VXK_BUFFER	1536u	/* what Linux posts for an MTU of 1500 */

struct vxk_ring {
	struct vring vr;
	uint16_t num;		/* power of two */
	uint16_t avail;		/* next slot to publish */
	uint16_t used;		/* next slot to reap */
	int kick, call;
	uint64_t kicks, calls;
	uint8_t *buffers;	/* num of them */
	uint64_t gpa;		/* of the first */
};

static inline uint8_t *vxk_buffer(const struct vxk_ring *r, uint32_t id)
{
	return r->buffers + (uint64_t)id * VXK_BUFFER;
}

/* Used entries that wait to be reaped. What they name may be read after this. */
static inline uint16_t vxk_ring_used(const struct vxk_ring *r)
{
	return (uint16_t)(__atomic_load_n(&r->vr.used->idx, __ATOMIC_ACQUIRE) - r->used);
}

/* The next of them; the id is masked, so that a wild device spoils numbers and not memory. */
static inline uint32_t vxk_ring_reap(struct vxk_ring *r, uint32_t *len)
{
	const struct vring_used_elem *e = &r->vr.used->ring[r->used++ & (r->num - 1)];

	*len = e->len;
	return e->id & (r->num - 1);
}

/* Put a buffer into the i-th slot not published yet. */
static inline void vxk_ring_post(struct vxk_ring *r, uint16_t i, uint32_t id, uint32_t len, uint16_t flags)
{
	struct vring_desc *d = &r->vr.desc[id];

	d->addr = r->gpa + (uint64_t)id * VXK_BUFFER;
	d->len = len;
	d->flags = flags;
	r->vr.avail->ring[(uint16_t)(r->avail + i) & (r->num - 1)] = id;
}

/* Publish n posted buffers; kick when the device wants it. */
static inline void vxk_ring_publish(struct vxk_ring *r, uint16_t n)
{
	uint16_t old = r->avail;
	uint64_t one = 1;

	r->avail += n;
	__atomic_store_n(&r->vr.avail->idx, r->avail, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (vring_need_event(*(volatile uint16_t *)&vring_avail_event(&r->vr), r->avail, old) &&
	    write(r->kick, &one, sizeof(one)) == sizeof(one))
		r->kicks++;
}

/* Sleep until the entry at index has been used, or for any earlier call. */
static inline void vxk_ring_sleep(struct vxk_ring *r, uint16_t index)
{
	uint64_t n;

	*(volatile uint16_t *)&vring_used_event(&r->vr) = index;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (vxk_ring_used(r) > (uint16_t)(index - r->used))
		return;
	if (read(r->call, &n, sizeof(n)) == sizeof(n))
		r->calls += n;
}

#endif
