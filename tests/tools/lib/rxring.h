/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A receive ring with mergeable buffers for the core's rx pump, in one process: what a guest's driver does, and no more. */
#ifndef RXRING_H
#define RXRING_H

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pump.h"

#define RXRING_SIZE	256u
#define RXRING_BUF_MAX	65562u
#define RXRING_FEATURES	(1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_NET_F_MRG_RXBUF | VX_GUEST_OFFLOADS)
#define RXRING_HDR	12u
#define RXRING_GPA	0x100000ull

struct rxring {
	struct vring_desc desc[RXRING_SIZE] __attribute__((aligned(4096)));
	struct {
		__virtio16 flags, idx, ring[RXRING_SIZE], event;
	} avail __attribute__((aligned(4096)));
	struct {
		__virtio16 flags, idx;
		struct vring_used_elem ring[RXRING_SIZE];
		__virtio16 event;
	} used __attribute__((aligned(4096)));
	uint8_t buf[RXRING_SIZE][RXRING_BUF_MAX];
	uint32_t buf_len;
	uint16_t taken;
	struct vx_mem_table *mem;
	struct vx_vring vq;
};

static inline void rxring_check(int err, const char *what)
{
	if (!err)
		return;
	fprintf(stderr, "rxring: %s: %s\n", what, strerror(-err));
	exit(1);
}

static inline struct rxring *rxring_new(void)
{
	struct rxring *r = aligned_alloc(4096, (sizeof(*r) + 4095) / 4096 * 4096);
	struct vx_mem_region all = { .gpa = RXRING_GPA, .size = sizeof(*r) };
	int err = 0;

	if (!r)
		exit(2);
	memset(r, 0, sizeof(*r));
	all.vmm_addr = all.uaddr = (uintptr_t)r;
	r->mem = vx_mem_table_new(&all, 1, &err);
	rxring_check(r->mem ? 0 : err, "memory table");
	return r;
}

static inline void rxring_free(struct rxring *r)
{
	vx_mem_table_free(r->mem);
	free(r);
}

/* n more buffers, as far as there are any that the device does not have. */
static inline void rxring_post(struct rxring *r, uint32_t n)
{
	uint16_t idx = r->avail.idx;

	for (; n && (uint16_t)(idx - r->taken) < RXRING_SIZE; n--)
		idx++;
	r->avail.idx = idx;
}

/* Everything anew, buffers of buf_len bytes each; none is posted yet. */
static inline void rxring_start(struct rxring *r, uint32_t buf_len)
{
	struct vx_vring_addr addr = {
		.desc = (uintptr_t)r->desc, .avail = (uintptr_t)&r->avail, .used = (uintptr_t)&r->used,
	};

	memset(&r->vq, 0, sizeof(r->vq));
	memset(&r->used, 0, sizeof(r->used));
	r->buf_len = buf_len;
	r->taken = 0;
	for (uint32_t i = 0; i < RXRING_SIZE; i++) {
		r->desc[i] = (struct vring_desc) {
			.addr = RXRING_GPA + (r->buf[i] - (uint8_t *)r), .len = buf_len, .flags = VRING_DESC_F_WRITE,
		};
		r->avail.ring[i] = i;
	}
	r->avail.idx = 0;
	rxring_check(vx_vring_start(&r->vq, RXRING_SIZE, RXRING_FEATURES, &addr, r->mem, 0), "vx_vring_start");
}

/* The next frame, header first, from however many buffers it took. Its length with the header, 0 when there is none. */
static inline uint32_t rxring_take(struct rxring *r, uint8_t *to, uint32_t room)
{
	uint32_t n = 1, len = 0;

	for (uint32_t i = 0; i < n; i++, r->taken++) {
		const struct vring_used_elem *u = &r->used.ring[r->taken % RXRING_SIZE];

		if (r->taken == r->used.idx) {
			rxring_check(i ? -EPROTO : 0, "num_buffers is more than there are");
			return 0;
		}
		rxring_check(u->id < RXRING_SIZE && u->len <= r->buf_len && u->len <= room - len ? 0 : -EPROTO, "used entry");
		memcpy(to + len, r->buf[u->id], u->len);
		len += u->len;
		if (!i) {
			rxring_check(len >= RXRING_HDR ? 0 : -EPROTO, "no header");
			n = to[10] | to[11] << 8;
			rxring_check(n ? 0 : -EPROTO, "num_buffers 0");
		}
	}
	return len;
}

#endif
