// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A hostile driver against the vring core: the input is guest memory, rings
 * included, and a script of what the engine does and of what the guest pokes into
 * memory meanwhile. Beyond the rules of the checking environment, every
 * chain must lie in guest memory and every call must stay within its budget.
 *
 * With an IOTLB the script also maps and unmaps while nothing is held.
 *
 * Input: kind, ring size, base (4, little-endian), length of the script (1), script, memory.
 */
#include <linux/virtio_config.h>
#include <stdio.h>
#include "mem_iotlb.h"
#include "vring.h"

#define HALF		32768u		/* two regions, adjacent for the guest only */
#define HOLE_GPA	(4 * HALF)	/* in the table, but gone: every access faults */
#define ENTRIES		8u	/* of the IOTLB */
#define LOG_BYTES	2u		/* covers the two regions, not the hole */
#define CALL_BUDGET	8192u		/* guest accesses of one call */

#define check(cond) do { \
	if (!(cond)) { \
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond); \
		abort(); \
	} \
} while (0)

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

static struct vx_vring vring, *vq = &vring;
static struct vx_chain held[VX_BATCH];
static u32 nheld;
static u64 half[2];	/* engine addresses */
static struct vx_mem_table *mem, *tlb;	/* no IOTLB: tlb is NULL */
static const u8 *poke, *poke_end;	/* what is left of the input for a guest that changes memory during an access */
static bool poking;

static void poke_bytes(u16 at, u8 v)
{
	u8 *p = vx_env_guest_ptr(half[at / HALF & 1] + at % HALF, 1);

	*p = v;
}

static void guest_runs(enum vx_env_op op, u64 uaddr, u32 len)
{
	if (poking && poke + 3 <= poke_end) {
		poke_bytes(poke[0] | poke[1] << 8, poke[2]);
		poke += 3;
	}
}

/* The entry behind a piece allows what the chain says is done to it. */
static void check_permission(const struct vx_iov *iov, u8 access)
{
	bool allowed = false;
	u32 i;

	for (i = 0; i < tlb->n; i++) {
		const struct vx_mem_region *r = &tlb->region[i];
		u64 off = iov->uaddr - r->uaddr;

		check(!i || r[-1].gpa + r[-1].size <= r->gpa);
		allowed |= off < r->size && iov->len <= r->size - off && r->perm & access;
	}
	check(allowed);
}

static void check_miss(void)
{
	const struct vx_mem_region *r;

	check(tlb);
	r = vx_mem_find(tlb, vq->miss.iova);
	check(!r || !(r->perm & vq->miss.access));
}

static void check_chain(const struct vx_chain *c)
{
	u32 i, n = (u32)c->niov_out + c->niov_in;
	u64 out = 0, in = 0;

	check(n <= VX_CHAIN_IOVS);
	check(c->iov >= vq->iov && c->iov + n <= vq->iov + VX_IOVS);
	check(c->ndesc >= 1 && c->ndesc <= vq->num);
	for (i = 0; i < n; i++) {
		u64 uaddr;

		check(c->iov[i].len);
		check(!vx_mem_from_gpa(mem, c->iov[i].gpa, c->iov[i].len, &uaddr));
		check(uaddr == c->iov[i].uaddr);
		*(i < c->niov_out ? &out : &in) += c->iov[i].len;
		if (tlb)
			check_permission(&c->iov[i], i < c->niov_out ? VX_MEM_READ : VX_MEM_WRITE);
	}
	check(out == c->out_len && in == c->in_len);
}

static void do_fetch(u32 max)
{
	u64 before = vx_env_accesses();
	int i, n;

	max = vx_min(max, VX_BATCH - nheld);
	n = vx_vring_fetch(vq, held + nheld, max);
	check(vx_env_accesses() - before <= CALL_BUDGET);
	check(n <= (int)max);
	check((n < 0) == vq->broken && (n == -ESHUTDOWN || !vq->broken || vq->error == n));
	if (n >= 0 && vx_vring_missed(vq))
		check_miss();
	for (i = 0; i < n; i++)
		check_chain(&held[nheld + i]);
	nheld += n > 0 ? n : 0;
	check(nheld == vq->nfetched);
	/* What is held stays as it was checked. */
	for (i = 0; i < (int)nheld; i++)
		check_chain(&held[i]);
}

static void do_push(u32 n)
{
	static const u8 zeros[64];
	u32 i;

	n = vx_min(n, nheld);
	for (i = 0; i < n; i++) {
		struct vx_chain *c = &held[i];

		if (c->niov_in)
			vx_iov_write(vq, &c->iov[c->niov_out], 0, zeros, vx_min(c->iov[c->niov_out].len, 64u));
		vx_vring_push(vq, c, c->in_len);
	}
	nheld -= n;
	memmove(held, held + n, nheld * sizeof(held[0]));
	check(vq->npending < VX_PENDING);
}

static void do_unfetch(u32 n)
{
	n = vx_min(n, nheld);
	vx_vring_unfetch(vq, &held[nheld - n], n);
	nheld -= n;
	check(nheld == vq->nfetched);
	check(nheld || !vq->fetched_slots);
}

static u32 poke_u16(void)
{
	u32 v = 0;

	if (poke + 2 <= poke_end) {
		v = poke[0] | poke[1] << 8;
		poke += 2;
	}
	return v;
}

/* The VMM answers what was missed, or does anything at all. */
static void do_iotlb(u32 n)
{
	u64 iova = poke_u16() * 8, size = poke_u16(), vmm = poke_u16() * 8;

	if (n & 8 && vq->miss.access) {
		iova = vq->miss.iova & ~0xffull;
		vx_mem_iotlb_map(tlb, mem, iova, 0x1000, iova, n & 4 ? VX_MEM_ALL : vq->miss.access);
	} else if (n & 4) {
		vx_mem_iotlb_unmap(tlb, iova, size);
	} else {
		vx_mem_iotlb_map(tlb, mem, iova, size, vmm, n & 3);
	}
	check(tlb->n <= ENTRIES);
}

static void do_op(u8 op)
{
	u32 n = op >> 3;

	switch (op & 7) {
	case 0:
		do_fetch(n + 1);
		break;
	case 1:
		do_push(n + 1);
		break;
	case 2:
		do_unfetch(n + 1);
		break;
	case 3:
		vx_vring_flush(vq);
		break;
	case 4:
		vx_vring_need_call(vq);
		break;
	case 5:
		if (n & 1)
			vx_vring_enable_kick(vq);
		else
			vx_vring_disable_kick(vq);
		break;
	case 6:
		vx_vring_has_avail(vq);
		break;
	case 7:
		if (n == 31)
			vx_env_fail_access(1);
		else if (tlb && !nheld && n >= 12)
			do_iotlb(n);
		else if (poke + 3 <= poke_end) {
			poke_bytes(poke[0] | poke[1] << 8, poke[2]);
			poke += 3;
		}
		break;
	}
	check(vq->last_avail < vq->num || !vq->packed);
	check(vq->last_used < vq->num || !vq->packed);
	check(vq->fetched_slots + vq->pending_slots <= vq->num);
}

static void lay_out(struct vx_vring_addr *a, u32 num, bool packed)
{
	u32 i;

	a->desc = half[0];
	a->avail = half[0] + num * 16;
	a->used = a->avail + (packed ? 4 : (6 + num * 2 + 3) & ~3u);
	a->used_gpa = a->used - half[0];
	a->desc_gpa = 0;
	vx_env_mark(a->desc, num * 16, VX_ENV_ANNOUNCED);
	if (!packed) {
		vx_env_mark(a->avail + 2, 2, VX_ENV_ACQUIRE);
		vx_env_mark(a->avail + 4, num * 2, VX_ENV_ANNOUNCED);
		vx_env_mark(a->used + 2, 2, VX_ENV_PUBLISH);
		return;
	}
	for (i = 0; i < num; i++)
		vx_env_mark(a->desc + i * 16 + 14, 2, VX_ENV_ACQUIRE | VX_ENV_PUBLISH);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const u16 sizes[] = { 1, 2, 4, 8, 16, 64, 256, 1024 };
	struct vx_vring_addr a = { 0 };
	struct vx_dirty_log dirty = { .size = LOG_BYTES };
	u64 features, hole;
	const u8 *op, *op_end;
	u32 num, base, n;
	int err;

	if (size < 7)
		return 0;
	num = sizes[data[1] & 7] - (data[1] >> 7 && (data[1] & 7));
	base = data[2] | data[3] << 8 | data[4] << 16 | (u32)data[5] << 24;
	features = (u64)(data[0] & 1) << VIRTIO_F_RING_PACKED | (u64)(data[0] >> 1 & 1) << VIRTIO_RING_F_EVENT_IDX |
		   (u64)(data[0] >> 2 & 1) << VIRTIO_RING_F_INDIRECT_DESC;
	a.log = data[0] >> 3 & 1;
	poking = data[0] >> 4 & 1;
	op = data + 7;
	n = vx_min((size_t)data[6], size - 7);
	op_end = op + n;
	/* The script and the pokes share bytes with memory: more ways to say the same, which suits a fuzzer. */
	poke = op_end;
	poke_end = data + size;

	half[0] = vx_env_guest_map(0, HALF);
	half[1] = vx_env_guest_map(0, HALF);
	hole = vx_env_guest_map(0, HALF);
	vx_env_guest_unmap(hole);
	dirty.uaddr = vx_env_guest_map(0, LOG_BYTES);
	n = vx_min((size_t)(poke_end - poke), (size_t)HALF);
	memcpy(vx_env_guest_ptr(half[0], n), poke, n);
	mem = vx_mem_table_new((struct vx_mem_region[]) {
		{ .gpa = 0, .size = HALF, .vmm_addr = 0, .uaddr = half[0] },
		{ .gpa = HALF, .size = HALF, .vmm_addr = HALF, .uaddr = half[1] },
		{ .gpa = HOLE_GPA, .size = HALF, .vmm_addr = HOLE_GPA, .uaddr = hole } }, 3, &err);
	tlb = data[0] >> 6 & 1 ? vx_mem_iotlb_new(ENTRIES) : NULL;
	check(mem);

	memset(vq, 0, sizeof(*vq));
	vq->iotlb = tlb;
	nheld = 0;
	lay_out(&a, num, data[0] & 1);
	if (data[0] >> 5 & 1)
		vx_vring_set_log(vq, &dirty);
	vx_env_hook(guest_runs);
	if (!vx_vring_start(vq, num, features, &a, tlb ? tlb : mem, base)) {
		while (op < op_end)
			do_op(*op++);
		base = vx_vring_stop(vq);
		check(vx_vring_fetch(vq, held, 1) == -ESHUTDOWN);
		check((base & 0x7fff) < num || !vq->packed);
	}
	vx_env_hook(NULL);
	vx_mem_table_free(mem);
	vx_mem_table_free(tlb);
	vx_env_reset();
	return 0;
}
