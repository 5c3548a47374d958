/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The driver's side of a virtqueue, split or packed. Interrupts are trusted: who forgets a call hangs the test. */
#ifndef RING_H
#define RING_H

#include <linux/virtio_ring.h>

#include "vu.h"

#define RING_PIECES	64

struct piece {
	void *p;
	uint32_t len;
};

struct ring_slot {
	void *cookie;
	uint16_t descs;		/* ring entries that come back with it */
};

struct ring {
	struct vu *vu;
	unsigned int index;	/* of the vring in the device */
	uint16_t size;
	bool packed, indirect, event;
	int kick, call;

	struct vring_desc *desc;		/* split */
	struct vring_avail *avail;
	struct vring_used *used;
	struct vring_packed_desc *pdesc;	/* packed */
	struct vring_packed_desc_event *driver_event, *device_event;
	uint8_t *indirect_tables;		/* one of RING_PIECES entries for each id */

	struct ring_slot *slot;	/* by id */
	uint16_t *free_id;	/* packed: stack of ids; split: next free descriptor */
	uint16_t free_ids, free_head;
	uint16_t free;		/* ring entries */
	uint16_t avail_idx, used_idx;	/* packed: place in the ring */
	bool avail_wrap, used_wrap;
	uint16_t pending;	/* entries (split: chains) added since the last kick */
	uint64_t kicks;
	uint64_t bogus;		/* used entries with an id that was not the device's to return */
};

/* Memory for it; once. Then ring_reset() before each use from scratch. */
int ring_init(struct ring *r, struct vu *vu, unsigned int index, uint16_t size, bool packed, bool indirect, bool event);
void ring_reset(struct ring *r);
/* Tell the device all about it; base as GET_VRING_BASE gives it. */
int ring_start(struct ring *r, uint32_t base);
/* Of that only where it is; a kernel takes it while the ring runs. */
int ring_set_addr(const struct ring *r);
uint32_t ring_base(const struct ring *r);

/* False when there is no room. */
bool ring_add(struct ring *r, const struct piece *piece, unsigned int n, bool write, void *cookie);
/* Notify the device of what was added, if it wants to know. */
void ring_kick(struct ring *r);
/* The next buffer that came back, or NULL. */
void *ring_get(struct ring *r, uint32_t *len);
/* Ask for a call; true when something is there already. */
bool ring_arm(struct ring *r);

#endif
