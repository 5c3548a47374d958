// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ring.h"

#define PACKED_AVAIL	(1 << 7)
#define PACKED_USED	(1 << 15)
#define EVENT_ENABLE	0
#define EVENT_DISABLE	1
#define EVENT_DESC	2

#define load_acquire(p)		__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define full_barrier()		__atomic_thread_fence(__ATOMIC_SEQ_CST)

/* The event fields stand behind the rings' flexible ends. */
static uint16_t *used_event(struct ring *r)
{
	return &r->avail->ring[r->size];
}

static uint16_t *avail_event(struct ring *r)
{
	return (uint16_t *)&r->used->ring[r->size];
}

int ring_init(struct ring *r, struct vu *vu, unsigned int index, uint16_t size, bool packed, bool indirect, bool event)
{
	*r = (struct ring){ .vu = vu, .index = index, .size = size, .packed = packed, .indirect = indirect, .event = event };
	r->kick = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	r->call = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	r->slot = calloc(size, sizeof(*r->slot));
	r->free_id = calloc(size, sizeof(*r->free_id));
	if (r->kick < 0 || r->call < 0 || !r->slot || !r->free_id)
		return -1;
	if (packed) {
		r->pdesc = vu_alloc(vu, size * sizeof(*r->pdesc), 16);
		r->driver_event = vu_alloc(vu, sizeof(*r->driver_event), 4);
		r->device_event = vu_alloc(vu, sizeof(*r->device_event), 4);
	} else {
		r->desc = vu_alloc(vu, size * sizeof(*r->desc), 16);
		r->avail = vu_alloc(vu, sizeof(*r->avail) + (size + 1) * sizeof(uint16_t), 2);
		r->used = vu_alloc(vu, sizeof(*r->used) + size * sizeof(struct vring_used_elem) + sizeof(uint16_t), 4096);
	}
	if (indirect)
		r->indirect_tables = vu_alloc(vu, (size_t)size * RING_PIECES * 16, 16);
	ring_reset(r);
	return 0;
}

void ring_reset(struct ring *r)
{
	r->free = r->size;
	r->free_ids = r->size;
	r->free_head = 0;
	r->avail_idx = r->used_idx = r->pending = 0;
	r->avail_wrap = r->used_wrap = true;
	for (uint16_t i = 0; i < r->size; i++)
		r->free_id[i] = r->packed ? i : i + 1;
	if (r->packed) {
		memset(r->pdesc, 0, r->size * sizeof(*r->pdesc));
		memset(r->driver_event, 0, sizeof(*r->driver_event));
		memset(r->device_event, 0, sizeof(*r->device_event));
	} else {
		memset(r->avail, 0, sizeof(*r->avail) + (r->size + 1) * sizeof(uint16_t));
		memset(r->used, 0, sizeof(*r->used) + r->size * sizeof(struct vring_used_elem) + sizeof(uint16_t));
	}
}

uint32_t ring_base(const struct ring *r)
{
	if (!r->packed)
		return r->used_idx;
	return (r->used_idx | r->used_wrap << 15) * 0x10001u;
}

int ring_set_addr(const struct ring *r)
{
	struct {
		uint32_t index, flags;
		uint64_t desc, used, avail, log;
	} addr = { .index = r->index };
	struct vu *vu = r->vu;

	addr.desc = vu_uva(vu, r->packed ? (void *)r->pdesc : (void *)r->desc);
	addr.avail = vu_uva(vu, r->packed ? (void *)r->driver_event : (void *)r->avail);
	addr.used = vu_uva(vu, r->packed ? (void *)r->device_event : (void *)r->used);
	if (vu->features & F_LOG_ALL) {
		addr.flags = 1;
		addr.log = vu_gpa(vu, r->packed ? (void *)r->pdesc : (void *)r->used);
	}
	return vu_set(vu, VU_SET_VRING_ADDR, &addr, sizeof(addr), NULL, 0);
}

int ring_start(struct ring *r, uint32_t base)
{
	struct vu *vu = r->vu;
	uint64_t ignored;

	while (read(r->call, &ignored, sizeof(ignored)) > 0)
		;
	while (read(r->kick, &ignored, sizeof(ignored)) > 0)
		;
	if (vu_set_state(vu, VU_SET_VRING_NUM, r->index, r->size) ||
	    vu_set_state(vu, VU_SET_VRING_BASE, r->index, base) ||
	    ring_set_addr(r) ||
	    vu_set_fd(vu, VU_SET_VRING_CALL, r->index, r->call) ||
	    vu_set_fd(vu, VU_SET_VRING_KICK, r->index, r->kick))
		return -1;
	return vu->features & F_PROTOCOL ? vu_set_state(vu, VU_SET_VRING_ENABLE, r->index, 1) : 0;
}

/* Fill in an indirect table; the ring then holds one descriptor that points to it. */
static struct piece indirect_table(struct ring *r, uint16_t id, const struct piece *piece, unsigned int n, bool write)
{
	uint8_t *table = r->indirect_tables + (size_t)id * RING_PIECES * 16;

	for (unsigned int i = 0; i < n; i++) {
		uint64_t addr = vu_gpa(r->vu, piece[i].p);
		uint16_t flags = write ? VRING_DESC_F_WRITE : 0;

		if (r->packed)
			((struct vring_packed_desc *)table)[i] =
				(struct vring_packed_desc){ addr, piece[i].len, 0, flags };
		else
			((struct vring_desc *)table)[i] = (struct vring_desc){
				addr, piece[i].len, flags | (i + 1 < n ? VRING_DESC_F_NEXT : 0), i + 1 };
	}
	return (struct piece){ table, n * 16 };
}

static bool split_add(struct ring *r, const struct piece *piece, unsigned int n, uint16_t flags, void *cookie)
{
	uint16_t head = r->free_head, at = head;

	for (unsigned int i = 0; i < n; i++) {
		uint16_t next = r->free_id[at];

		r->desc[at] = (struct vring_desc){ vu_gpa(r->vu, piece[i].p), piece[i].len,
						   flags | (i + 1 < n ? VRING_DESC_F_NEXT : 0), next };
		if (i + 1 < n)
			at = next;
	}
	r->free_head = r->free_id[at];
	r->slot[head] = (struct ring_slot){ cookie, n };
	r->avail->ring[r->avail_idx % r->size] = head;
	r->avail_idx++;
	store_release(&r->avail->idx, r->avail_idx);
	return true;
}

static bool packed_add(struct ring *r, const struct piece *piece, unsigned int n, uint16_t flags, void *cookie)
{
	uint16_t id = r->free_id[--r->free_ids], first = r->avail_idx, first_flags = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct vring_packed_desc *d = &r->pdesc[r->avail_idx];
		uint16_t f = flags | (i + 1 < n ? VRING_DESC_F_NEXT : 0) | (r->avail_wrap ? PACKED_AVAIL : PACKED_USED);

		d->addr = vu_gpa(r->vu, piece[i].p);
		d->len = piece[i].len;
		d->id = id;
		if (i)
			store_release(&d->flags, f);
		else
			first_flags = f;
		if (++r->avail_idx == r->size) {
			r->avail_idx = 0;
			r->avail_wrap = !r->avail_wrap;
		}
	}
	r->slot[id] = (struct ring_slot){ cookie, n };
	store_release(&r->pdesc[first].flags, first_flags);	/* last, so that the device sees all or nothing */
	return true;
}

bool ring_add(struct ring *r, const struct piece *piece, unsigned int n, bool write, void *cookie)
{
	uint16_t flags = write ? VRING_DESC_F_WRITE : 0;
	bool indirect = r->indirect && n > 1 && n <= RING_PIECES;
	struct piece table;

	if (r->free < (indirect ? 1 : n))
		return false;
	if (indirect) {
		table = indirect_table(r, r->packed ? r->free_id[r->free_ids - 1] : r->free_head, piece, n, write);
		piece = &table;
		n = 1;
		flags = VRING_DESC_F_INDIRECT;
	}
	r->free -= n;
	r->pending += r->packed ? n : 1;
	return r->packed ? packed_add(r, piece, n, flags, cookie) : split_add(r, piece, n, flags, cookie);
}

static bool split_wants_kick(struct ring *r)
{
	if (!r->event)
		return !(load_acquire(&r->used->flags) & VRING_USED_F_NO_NOTIFY);
	return vring_need_event(load_acquire(avail_event(r)), r->avail_idx, r->avail_idx - r->pending);
}

static bool packed_wants_kick(struct ring *r)
{
	uint16_t flags = load_acquire(&r->device_event->flags), off_wrap = r->device_event->off_wrap, event;

	if (flags != EVENT_DESC)
		return flags != EVENT_DISABLE;
	event = off_wrap & 0x7fff;
	if (!!(off_wrap >> 15) != r->avail_wrap)
		event -= r->size;
	return vring_need_event(event, r->avail_idx, r->avail_idx - r->pending);
}

void ring_kick(struct ring *r)
{
	uint64_t one = 1;

	if (!r->pending)
		return;
	full_barrier();
	if ((r->packed ? packed_wants_kick(r) : split_wants_kick(r)) && write(r->kick, &one, sizeof(one)) > 0)
		r->kicks++;
	r->pending = 0;
}

static void *give_back(struct ring *r, uint16_t id)
{
	struct ring_slot *slot = &r->slot[id % r->size];
	void *cookie = slot->cookie;
	uint16_t at = id;

	if (id >= r->size || !cookie) {
		r->bogus++;
		return NULL;
	}
	if (r->packed) {
		r->free_id[r->free_ids++] = id;
	} else {
		for (uint16_t i = 1; i < slot->descs; i++)
			at = r->free_id[at];
		r->free_id[at] = r->free_head;
		r->free_head = id;
	}
	r->free += slot->descs;
	slot->cookie = NULL;
	return cookie;
}

static bool has_used(struct ring *r)
{
	uint16_t flags;

	if (!r->packed)
		return load_acquire(&r->used->idx) != r->used_idx;
	flags = load_acquire(&r->pdesc[r->used_idx].flags);
	return !!(flags & PACKED_AVAIL) == r->used_wrap && !!(flags & PACKED_USED) == r->used_wrap;
}

void *ring_get(struct ring *r, uint32_t *len)
{
	uint16_t id, descs;
	void *cookie;

	if (!has_used(r))
		return NULL;
	if (!r->packed) {
		struct vring_used_elem *e = &r->used->ring[r->used_idx++ % r->size];

		*len = e->len;
		return give_back(r, e->id);
	}
	id = r->pdesc[r->used_idx].id;
	*len = r->pdesc[r->used_idx].len;
	descs = id < r->size ? r->slot[id].descs : 1;
	cookie = give_back(r, id);
	r->used_idx += descs;
	if (r->used_idx >= r->size) {
		r->used_idx -= r->size;
		r->used_wrap = !r->used_wrap;
	}
	return cookie;
}

bool ring_arm(struct ring *r)
{
	if (r->packed) {
		r->driver_event->off_wrap = r->used_idx | r->used_wrap << 15;
		store_release(&r->driver_event->flags, r->event ? EVENT_DESC : EVENT_ENABLE);
	} else {
		*used_event(r) = r->used_idx;
	}
	full_barrier();
	return has_used(r);
}
