/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stand-in for an engine: one AF_XDP socket that receives, without any library, so that what arrives is what the plane sent. */
#ifndef TEST_GUEST_END_H
#define TEST_GUEST_END_H

#include <linux/if_xdp.h>
#include <poll.h>
#include <sys/mman.h>
#include "plane.h"

#define FRAMES	256
#define FRAME_SIZE 4096

struct guest_end {
	int fd;
	__u8 *area;
	struct {
		__u8 *map;
		__u32 *producer, *consumer;
		void *desc;
	} fill, rx;
};

#define MAP_RING(ring, offsets, entry, pgoff)								\
	do {												\
		(ring).map = mmap(NULL, (offsets).desc + FRAMES * sizeof(entry), PROT_READ | PROT_WRITE,	\
				  MAP_SHARED | MAP_POPULATE, g->fd, pgoff);				\
		assert_ptr_not_equal((ring).map, MAP_FAILED);						\
		(ring).producer = (void *)((ring).map + (offsets).producer);				\
		(ring).consumer = (void *)((ring).map + (offsets).consumer);				\
		(ring).desc = (ring).map + (offsets).desc;						\
	} while (0)

static inline void guest_give(struct guest_end *g, __u64 addr)
{
	__u32 p = *g->fill.producer;

	((__u64 *)g->fill.desc)[p % FRAMES] = addr & ~(__u64)(FRAME_SIZE - 1);
	__atomic_store_n(g->fill.producer, p + 1, __ATOMIC_RELEASE);
}

UNUSED static void guest_open(struct guest_end *g, __u32 ifindex)
{
	struct sockaddr_xdp addr = { .sxdp_family = AF_XDP, .sxdp_ifindex = ifindex, .sxdp_flags = XDP_COPY };
	struct xdp_umem_reg reg = { .len = FRAMES * FRAME_SIZE, .chunk_size = FRAME_SIZE };
	struct xdp_mmap_offsets off;
	socklen_t len = sizeof(off);
	int n = FRAMES;

	g->fd = socket(AF_XDP, SOCK_RAW, 0);
	assert_true(g->fd >= 0);
	g->area = mmap(NULL, FRAMES * FRAME_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(g->area, MAP_FAILED);
	reg.addr = (uintptr_t)g->area;
	assert_int_equal(setsockopt(g->fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)), 0);
	assert_int_equal(setsockopt(g->fd, SOL_XDP, XDP_UMEM_FILL_RING, &n, sizeof(n)), 0);
	assert_int_equal(setsockopt(g->fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &n, sizeof(n)), 0);
	assert_int_equal(setsockopt(g->fd, SOL_XDP, XDP_RX_RING, &n, sizeof(n)), 0);
	assert_int_equal(getsockopt(g->fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &len), 0);
	MAP_RING(g->fill, off.fr, __u64, XDP_UMEM_PGOFF_FILL_RING);
	MAP_RING(g->rx, off.rx, struct xdp_desc, XDP_PGOFF_RX_RING);
	for (n = 0; n < FRAMES; n++)
		guest_give(g, (__u64)n * FRAME_SIZE);
	assert_int_equal(bind(g->fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
}

UNUSED static void guest_close(struct guest_end *g)
{
	close(g->fd);
	munmap(g->area, FRAMES * FRAME_SIZE);
}

/* The next frame, without waiting. */
UNUSED static bool guest_recv(struct guest_end *g, struct frame *f)
{
	__u32 c = *g->rx.consumer;
	struct xdp_desc *d;

	if (__atomic_load_n(g->rx.producer, __ATOMIC_ACQUIRE) == c)
		return false;
	d = &((struct xdp_desc *)g->rx.desc)[c % FRAMES];
	f->len = d->len;
	memcpy(f->b, g->area + d->addr, d->len);
	__atomic_store_n(g->rx.consumer, c + 1, __ATOMIC_RELEASE);
	guest_give(g, d->addr);
	return true;
}

#endif
