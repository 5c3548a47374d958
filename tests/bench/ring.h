/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Driver side of a split virtqueue whose descriptors each own one buffer for
 * good, tuned to be cheaper than any backend: it must never be what a row measures.
 */
#ifndef VXB_RING_H
#define VXB_RING_H

#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#define VXB_QUEUE	1024u	/* entries of a ring */
#define VXB_BUFFER	2048u	/* bytes of a buffer */
#define VXB_HDR		sizeof(struct virtio_net_hdr_mrg_rxbuf)

struct vxb_ring {
	struct vring vr;
	uint16_t avail;		/* next slot to publish */
	uint16_t used;		/* next slot to reap */
	int kick;
	uint8_t *buffers;	/* VXB_QUEUE of them */
	uint64_t gpa;		/* of the first */
};

static inline uint8_t *vxb_buffer(const struct vxb_ring *r, uint32_t id)
{
	return r->buffers + (uint64_t)id * VXB_BUFFER;
}

/* Used entries that wait to be reaped. What they name may be read after this. */
static inline uint16_t vxb_ring_used(const struct vxb_ring *r)
{
	return (uint16_t)(__atomic_load_n(&r->vr.used->idx, __ATOMIC_ACQUIRE) - r->used);
}

/* The id and length of the i-th of them; the id is masked, so that a wild backend spoils numbers and not memory. */
static inline uint32_t vxb_ring_reap(const struct vxb_ring *r, uint16_t i, uint32_t *len)
{
	const struct vring_used_elem *e = &r->vr.used->ring[(uint16_t)(r->used + i) % VXB_QUEUE];

	*len = e->len;
	return e->id % VXB_QUEUE;
}

/* Put a buffer into the i-th slot not published yet. A real driver writes its descriptor each time, so do that. */
static inline void vxb_ring_post(struct vxb_ring *r, uint16_t i, uint32_t id, uint32_t len, uint16_t flags)
{
	struct vring_desc *d = &r->vr.desc[id];

	d->addr = r->gpa + (uint64_t)id * VXB_BUFFER;
	d->len = len;
	d->flags = flags;
	r->vr.avail->ring[(uint16_t)(r->avail + i) % VXB_QUEUE] = id;
}

/* Publish n posted buffers; kick when the backend wants it. */
static inline void vxb_ring_publish(struct vxb_ring *r, uint16_t n)
{
	uint64_t one = 1;

	r->avail += n;
	__atomic_store_n(&r->vr.avail->idx, r->avail, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!(*(volatile uint16_t *)&r->vr.used->flags & VRING_USED_F_NO_NOTIFY) && write(r->kick, &one, sizeof(one)) < 0)
		return;	/* a full eventfd is a kick that was given already */
}

#endif
