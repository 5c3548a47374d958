/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Driver side of a split virtqueue whose descriptors each own one buffer for good. Cheaper than any backend: it must never be
 * what a row measures.
 */
#ifndef VXB_RING_H
#define VXB_RING_H

#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#define VXB_HDR		sizeof(struct virtio_net_hdr_mrg_rxbuf)

/* A buffer for what the backend shall segment: an indirect table, then the headers, then data on pages of its own. */
#define VXB_SUPER_HDR	64u
#define VXB_SUPER_DATA	4096u
#define VXB_SUPER_BYTES	(VXB_SUPER_DATA + (64u << 10))
#define VXB_SUPER_PIECE	(32u << 10)	/* Linux gathers what it sends in pieces of this size */

struct vxb_ring {
	struct vring vr;
	uint16_t num;		/* power of two */
	uint16_t avail;		/* next slot to publish */
	uint16_t used;		/* next slot to reap */
	bool event_idx;		/* kicks and calls only where the other side asks for them */
	int kick, call;
	uint64_t kicks, calls;
	uint8_t *buffers;	/* num of them, */
	uint32_t size;		/* each of so many bytes */
	uint64_t gpa;		/* of the first */
};

static inline uint8_t *vxb_buffer(const struct vxb_ring *r, uint32_t id)
{
	return r->buffers + (uint64_t)id * r->size;
}

/* Used entries that wait to be reaped. What they name may be read after this. */
static inline uint16_t vxb_ring_used(const struct vxb_ring *r)
{
	return (uint16_t)(__atomic_load_n(&r->vr.used->idx, __ATOMIC_ACQUIRE) - r->used);
}

/* The next of them; the id is masked, so that a wild backend spoils numbers and not memory. */
static inline uint32_t vxb_ring_reap(struct vxb_ring *r, uint32_t *len)
{
	const struct vring_used_elem *e = &r->vr.used->ring[r->used++ & (r->num - 1)];

	*len = e->len;
	return e->id & (r->num - 1);
}

static inline void vxb_ring_offer(struct vxb_ring *r, uint16_t i, uint32_t id, uint64_t gpa, uint32_t len, uint16_t flags)
{
	r->vr.desc[id] = (struct vring_desc){ gpa, len, flags, 0 };
	r->vr.avail->ring[(uint16_t)(r->avail + i) & (r->num - 1)] = id;
}

/* Put a buffer into the i-th slot not published yet. A real driver writes its descriptor each time, so do that. */
static inline void vxb_ring_post(struct vxb_ring *r, uint16_t i, uint32_t id, uint32_t len, uint16_t flags)
{
	vxb_ring_offer(r, i, id, r->gpa + (uint64_t)id * r->size, len, flags);
}

/* The same for a buffer of VXB_SUPER_BYTES, with head bytes of headers (virtio's included) and data behind them. */
static inline void vxb_ring_post_super(struct vxb_ring *r, uint16_t i, uint32_t id, uint32_t head, uint32_t data)
{
	struct vring_desc *table = (struct vring_desc *)vxb_buffer(r, id);
	uint64_t gpa = r->gpa + (uint64_t)id * r->size;
	uint32_t n = 1, at = 0;

	table[0] = (struct vring_desc){ gpa + VXB_SUPER_HDR, head, VRING_DESC_F_NEXT, 1 };
	for (; at < data; at += VXB_SUPER_PIECE, n++)
		table[n] = (struct vring_desc){ gpa + VXB_SUPER_DATA + at, data - at < VXB_SUPER_PIECE ? data - at : VXB_SUPER_PIECE,
						VRING_DESC_F_NEXT, n + 1 };
	table[n - 1].flags = 0;
	vxb_ring_offer(r, i, id, gpa, n * sizeof(*table), VRING_DESC_F_INDIRECT);
}

static inline bool vxb_ring_wants_kick(const struct vxb_ring *r, uint16_t old)
{
	if (r->event_idx)
		return vring_need_event(*(volatile uint16_t *)&vring_avail_event(&r->vr), r->avail, old);
	return !(*(volatile uint16_t *)&r->vr.used->flags & VRING_USED_F_NO_NOTIFY);
}

/* Publish n posted buffers; kick when the backend wants it. A full eventfd is a kick that was given already. */
static inline void vxb_ring_publish(struct vxb_ring *r, uint16_t n)
{
	uint16_t old = r->avail;
	uint64_t one = 1;

	r->avail += n;
	__atomic_store_n(&r->vr.avail->idx, r->avail, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (vxb_ring_wants_kick(r, old) && write(r->kick, &one, sizeof(one)) == sizeof(one))
		r->kicks++;
}

/* All of a ring that receives. */
static inline void vxb_ring_post_all(struct vxb_ring *r)
{
	for (uint32_t i = 0; i < r->num; i++)
		vxb_ring_post(r, i, i, r->size, VRING_DESC_F_WRITE);
	vxb_ring_publish(r, r->num);
}

/* With no device, the driver completes its own buffers: what remains is what the driver costs. */
static inline void vxb_ring_play_device(struct vxb_ring *r)
{
	while (r->vr.used->idx != r->avail) {
		uint16_t slot = r->vr.used->idx & (r->num - 1);

		r->vr.used->ring[slot].id = r->vr.avail->ring[slot];
		__atomic_store_n(&r->vr.used->idx, r->vr.used->idx + 1, __ATOMIC_RELEASE);
	}
}

/* With event_idx: sleep until the entry at index has been used, or for any earlier call. */
static inline void vxb_ring_sleep(struct vxb_ring *r, uint16_t index)
{
	uint64_t n;

	*(volatile uint16_t *)&vring_used_event(&r->vr) = index;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (vxb_ring_used(r) > (uint16_t)(index - r->used))
		return;
	if (read(r->call, &n, sizeof(n)) == sizeof(n))
		r->calls += n;
}

#endif
