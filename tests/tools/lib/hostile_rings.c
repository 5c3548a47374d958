// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hostile_rings.h"
#include "ring.h"

static const char *path;
static struct vu *vu;
static struct ring rx, tx;
static uint8_t *buffer;

static void rings_up(bool packed)
{
	uint64_t wanted = F_PROTOCOL | F_VERSION_1 | F_INDIRECT | F_MRG_RXBUF | (packed ? F_PACKED : 0);

	vu_disconnect(vu);
	if (vu_connect(vu, path) || vu_negotiate(vu, wanted) || vu_share_memory(vu, false)) {
		fprintf(stderr, "hostile rings: none to work with\n");
		exit(1);
	}
	vu->used = 0;
	ring_init(&rx, vu, 0, 64, packed, true, false);
	ring_init(&tx, vu, 1, 64, packed, true, false);
	buffer = vu_alloc(vu, 65536, 16);
	memset(buffer, 0, 65536);
	if (ring_start(&rx, ring_base(&rx)) || ring_start(&tx, ring_base(&tx)) || vu_set_status(vu, 0x0f)) {
		fprintf(stderr, "hostile rings: none to work with\n");
		exit(1);
	}
}

static void poke(struct ring *r)
{
	uint64_t one = 1;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (write(r->kick, &one, sizeof(one)) < 0)
		perror("kick");
	usleep(15000);
}

static void rings_closed(void)
{
	close(rx.kick);
	close(rx.call);
	close(tx.kick);
	close(tx.call);
	free(rx.slot);
	free(rx.free_id);
	free(tx.slot);
	free(tx.free_id);
}

/* One descriptor chain as given, in a fresh ring of each direction. */
static void split_chain(const struct vring_desc *desc, unsigned int n, uint16_t head, uint16_t idx)
{
	for (int dir = 0; dir < 2; dir++) {
		struct ring *r = dir ? &tx : &rx;

		rings_up(false);
		for (unsigned int i = 0; i < n; i++)
			r->desc[i] = desc[i];
		for (unsigned int i = 0; i < r->size; i++)
			r->avail->ring[i] = head;
		__atomic_store_n(&r->avail->idx, idx, __ATOMIC_RELEASE);
		poke(r);
		rings_closed();
	}
}

static void packed_chain(const struct vring_packed_desc *desc, unsigned int n)
{
	for (int dir = 0; dir < 2; dir++) {
		struct ring *r = dir ? &tx : &rx;

		rings_up(true);
		for (unsigned int i = n; i-- > 0;) {
			r->pdesc[i] = desc[i];
			r->pdesc[i].flags |= 1 << 7;	/* available */
		}
		poke(r);
		rings_closed();
	}
}

void hostile_split_rings(struct vu *conn, const char *socket)
{
	const uint64_t here = VU_GPA + (1 << 16);
	const uint16_t W = VRING_DESC_F_WRITE, N = VRING_DESC_F_NEXT, I = VRING_DESC_F_INDIRECT;
	struct vring_desc all[64];

	vu = conn;
	path = socket;
	split_chain(&(struct vring_desc){ 0x10, 1514, 0, 0 }, 1, 0, 1);
	split_chain(&(struct vring_desc){ 0x10, 1514, W, 0 }, 1, 0, 1);
	split_chain(&(struct vring_desc){ ~0ull - 100, 1514, W, 0 }, 1, 0, 1);
	split_chain(&(struct vring_desc){ here, 0xffffffff, 0, 0 }, 1, 0, 1);
	split_chain(&(struct vring_desc){ here, 0xffffffff, W, 0 }, 1, 0, 1);
	split_chain(&(struct vring_desc){ here, 0, 0, 0 }, 1, 0, 1);
	split_chain(&(struct vring_desc){ here, 11, 0, 0 }, 1, 0, 1);
	split_chain(&(struct vring_desc){ here, 11, W, 0 }, 1, 0, 1);
	split_chain(&(struct vring_desc){ VU_GPA + VU_MEM_SIZE - 8, 1514, 0, 0 }, 1, 0, 1);
	split_chain(&(struct vring_desc){ here, 100, N, 0 }, 1, 0, 1);			/* points to itself */
	split_chain(&(struct vring_desc){ here, 100, N | W, 64 }, 1, 0, 1);		/* points out of the ring */
	split_chain(&(struct vring_desc){ here, 100, N, 0xffff }, 1, 0, 1);
	split_chain(&(struct vring_desc){ here, 17, I, 0 }, 1, 0, 1);			/* table of one and a bit */
	split_chain(&(struct vring_desc){ here, 0, I, 0 }, 1, 0, 1);
	split_chain(&(struct vring_desc){ here, 1 << 20, I, 0 }, 1, 0, 1);		/* of 65536 empty entries */
	split_chain(&(struct vring_desc){ here, 64, I | N, 1 }, 1, 0, 1);
	split_chain(&(struct vring_desc){ ~0ull - 15, 64, I, 0 }, 1, 0, 1);
	split_chain((struct vring_desc[]){ { here, 64, N, 1 }, { here, 64, W, 0 } }, 2, 0, 1);
	split_chain((struct vring_desc[]){ { here, 64, N | W, 1 }, { here, 64, 0, 0 } }, 2, 0, 1);
	split_chain(&(struct vring_desc){ here, 100, 0, 0 }, 1, 64, 1);			/* head out of the ring */
	split_chain(&(struct vring_desc){ here, 100, 0, 0 }, 1, 0xffff, 1);
	split_chain(&(struct vring_desc){ here, 100, 0, 0 }, 1, 0, 60000);		/* more than fits */
	split_chain(&(struct vring_desc){ here, 100, 0, 0 }, 1, 0, 64);			/* one head, again and again */
	for (unsigned int i = 0; i < 64; i++)
		all[i] = (struct vring_desc){ here, 65536, N, (i + 1) % 64 };
	split_chain(all, 64, 0, 1);							/* a loop of 4 MiB a turn */
	for (unsigned int i = 0; i < 64; i++)
		all[i].flags |= W;
	split_chain(all, 64, 5, 1);
}

void hostile_packed_rings(struct vu *conn, const char *socket)
{
	const uint64_t here = VU_GPA + (1 << 16);
	const uint16_t W = VRING_DESC_F_WRITE, N = VRING_DESC_F_NEXT, I = VRING_DESC_F_INDIRECT;
	struct vring_packed_desc all[64];

	vu = conn;
	path = socket;
	packed_chain(&(struct vring_packed_desc){ 0x10, 1514, 0, 0 }, 1);
	packed_chain(&(struct vring_packed_desc){ 0x10, 1514, 0, W }, 1);
	packed_chain(&(struct vring_packed_desc){ ~0ull - 100, 1514, 0, W }, 1);
	packed_chain(&(struct vring_packed_desc){ here, 0xffffffff, 0, 0 }, 1);
	packed_chain(&(struct vring_packed_desc){ here, 0xffffffff, 0, W }, 1);
	packed_chain(&(struct vring_packed_desc){ here, 0, 0xffff, 0 }, 1);
	packed_chain(&(struct vring_packed_desc){ here, 11, 99, W }, 1);
	packed_chain(&(struct vring_packed_desc){ here, 1514, 0xffff, W }, 1);
	packed_chain(&(struct vring_packed_desc){ here, 100, 0, N }, 1);		/* the rest is missing */
	packed_chain(&(struct vring_packed_desc){ here, 17, 0, I }, 1);
	packed_chain(&(struct vring_packed_desc){ here, 0, 0, I }, 1);
	packed_chain(&(struct vring_packed_desc){ here, 1 << 20, 0, I }, 1);
	packed_chain(&(struct vring_packed_desc){ here, 64, 0, I | N }, 1);
	packed_chain((struct vring_packed_desc[]){ { here, 64, 0, N }, { here, 64, 0, W } }, 2);
	packed_chain((struct vring_packed_desc[]){ { here, 64, 0, N | W }, { here, 64, 0, 0 } }, 2);
	for (unsigned int i = 0; i < 64; i++)
		all[i] = (struct vring_packed_desc){ here, 65536, i, N };
	packed_chain(all, 64);								/* a chain without an end */
	for (unsigned int i = 0; i < 64; i++)
		all[i] = (struct vring_packed_desc){ here, 100, 7, 0 };
	packed_chain(all, 64);								/* one id, again and again */
}

void hostile_memory_swap(struct vu *conn, const char *socket)
{
	struct {
		uint32_t n, padding;
		struct vu_region region;
	} table = { 1, 0, conn->region[0] };

	vu = conn;
	path = socket;
	table.region.gpa += 1ull << 32;
	table.region.uva += 1ull << 32;
	for (int packed = 0; packed < 2; packed++) {
		rings_up(packed);
		vu_send(vu, VU_SET_MEM_TABLE, 0, &table, sizeof(table), &vu->memfd, 1);
		poke(&tx);
		poke(&rx);
		rings_closed();
	}
}
