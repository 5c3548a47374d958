// SPDX-License-Identifier: GPL-2.0-only
/*
 * Split virtqueues: virtio 1.3, section 2.7.
 *
 *	driver				device
 *	fill descriptors, avail ring	read avail->idx
 *	wmb (A)				rmb (A)
 *	write avail->idx		read avail ring, descriptors, data
 *
 *	read used->idx			write data, used ring
 *	rmb (B)				wmb (B)
 *	read used ring, data		write used->idx
 *
 * The full barriers around event suppression are in vring.c.
 */
#include "vring_impl.h"

#define AVAIL_FLAGS	offsetof(struct vring_avail, flags)
#define AVAIL_IDX	offsetof(struct vring_avail, idx)
#define AVAIL_RING	offsetof(struct vring_avail, ring)
#define USED_FLAGS	offsetof(struct vring_used, flags)
#define USED_IDX	offsetof(struct vring_used, idx)
#define USED_RING	offsetof(struct vring_used, ring)
#define USED_SIZE	sizeof(struct vring_used_elem)

static int get16(u64 uaddr, u16 *v)
{
	u16 raw;
	int err = vx_guest_get16(&raw, uaddr);

	*v = vx_le16_to_cpu(raw);
	return err;
}

/* Write one 16-bit field of the used ring. */
static int put_used16(struct vx_vring *vq, u64 off, u16 v)
{
	int err = vx_guest_put16(vq->a.used + off, vx_cpu_to_le16(v));

	return err ? err : vx_vring_log(vq, vq->a.used_gpa + off, sizeof(v), 0);
}

static u64 used_event(const struct vx_vring *vq)
{
	return vq->a.avail + AVAIL_RING + vq->num * sizeof(u16);
}

static u64 avail_event_off(const struct vx_vring *vq)
{
	return USED_RING + vq->num * USED_SIZE;
}

int vx_split_check(const struct vx_vring *vq, const struct vx_vring_addr *a)
{
	u64 event = vq->event_idx ? sizeof(u16) : 0;

	if (vq->num & (vq->num - 1))
		return -EINVAL;
	if (a->desc % VRING_DESC_ALIGN_SIZE || a->avail % VRING_AVAIL_ALIGN_SIZE || a->used % VRING_USED_ALIGN_SIZE)
		return -EINVAL;
	if (vq->iotlb)
		return 0;
	if (!vx_mem_holds(vq->mem, a->desc, (u64)vq->num * VX_DESC_SIZE) ||
	    !vx_mem_holds(vq->mem, a->avail, AVAIL_RING + vq->num * sizeof(u16) + event) ||
	    !vx_mem_holds(vq->mem, a->used, USED_RING + vq->num * USED_SIZE + event))
		return -EINVAL;
	return 0;
}

int vx_split_start(struct vx_vring *vq, u32 base)
{
	u16 probe, used;

	if (base > 0xffff)
		return -EINVAL;
	if (get16(vq->a.used + USED_IDX, &used) || get16(vq->a.avail + AVAIL_IDX, &probe) ||
	    get16(vq->a.desc + vq->num * VX_DESC_SIZE - sizeof(probe), &probe))
		return -EFAULT;
	vq->last_avail = used;
	vq->last_used = used;
	vq->cached_avail = used;
	return 0;
}

/* Chains available, as far as known; looks at the ring again when that is less than wanted. */
static int available(struct vx_vring *vq, u32 want)
{
	u16 idx, n = vq->cached_avail - vq->last_avail;

	if (n >= want)
		return n;
	if (get16(vq->a.avail + AVAIL_IDX, &idx))
		return -EFAULT;
	n = idx - vq->last_avail;
	/* No driver has more chains out than the ring has entries, counted from what we have given back. */
	if (n > vq->num || (u16)(idx - vq->last_used) > vq->num)
		return -EINVAL;
	vq->cached_avail = idx;
	vx_rmb();	/* A */
	return n;
}

static int read_heads(struct vx_vring *vq, u16 *heads, u32 n)
{
	u32 slot = vq->last_avail & (vq->num - 1);
	u32 first = vx_min(n, vq->num - slot), i;

	if (vx_guest_read(heads, vq->a.avail + AVAIL_RING + slot * sizeof(*heads), first * sizeof(*heads)))
		return -EFAULT;
	if (n > first && vx_guest_read(heads + first, vq->a.avail + AVAIL_RING, (n - first) * sizeof(*heads)))
		return -EFAULT;
	for (i = 0; i < n; i++) {
		heads[i] = vx_le16_to_cpu(heads[i]);
		if (heads[i] < vq->num)
			vx_guest_prefetch(vq->a.desc + heads[i] * VX_DESC_SIZE);
	}
	return 0;
}

/* The table is a private copy: chains in it may go any way, but not on for ever. */
static int walk_table(struct vx_build *b, const struct vring_desc *ref)
{
	int n = vx_build_table(b, vx_le64_to_cpu(ref->addr), vx_le32_to_cpu(ref->len));
	u32 i = 0, seen = 0;

	if (n < 0)
		return n;
	for (;;) {
		const struct vring_desc *d = &b->vq->table[i];
		u16 flags = vx_le16_to_cpu(d->flags);
		int err;

		if (flags & VRING_DESC_F_INDIRECT)
			return -EINVAL;
		if (++seen > (u32)n)
			return -ELOOP;
		err = vx_build_add(b, vx_le64_to_cpu(d->addr), vx_le32_to_cpu(d->len), flags & VRING_DESC_F_WRITE);
		if (err)
			return err;
		if (!(flags & VRING_DESC_F_NEXT))
			return 0;
		i = vx_le16_to_cpu(d->next);
		if (i >= (u32)n)
			return -EINVAL;
	}
}

/* d: the copy of the chain's first descriptor. */
static int walk_chain(struct vx_build *b, struct vring_desc *d)
{
	struct vx_vring *vq = b->vq;
	u32 seen = 0;

	for (;;) {
		u16 flags = vx_le16_to_cpu(d->flags), next;
		int err;

		/* Direct descriptors may precede a table, nothing follows (2.7.5.3). */
		if (flags & VRING_DESC_F_INDIRECT)
			return flags & VRING_DESC_F_NEXT ? -EINVAL : walk_table(b, d);
		if (++seen > vq->num)
			return -ELOOP;
		err = vx_build_add(b, vx_le64_to_cpu(d->addr), vx_le32_to_cpu(d->len), flags & VRING_DESC_F_WRITE);
		if (err)
			return err;
		if (!(flags & VRING_DESC_F_NEXT))
			return 0;
		next = vx_le16_to_cpu(d->next);
		if (next >= vq->num)
			return -EINVAL;
		if (vx_guest_read(d, vq->a.desc + next * VX_DESC_SIZE, sizeof(*d)))
			return -EFAULT;
	}
}

/* Returns what it cost, in descriptors, or -errno. */
static int take(struct vx_vring *vq, u16 head, struct vx_chain *c)
{
	struct vring_desc d;
	struct vx_build b;
	u16 flags;
	int err;

	if (vx_unlikely(head >= vq->num))
		return -EINVAL;
	if (vx_guest_read(&d, vq->a.desc + head * VX_DESC_SIZE, sizeof(d)))
		return -EFAULT;
	flags = vx_le16_to_cpu(d.flags);
	if (vx_likely(!(flags & (VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT))) &&
	    vx_chain_single(vq, c, vx_le64_to_cpu(d.addr), vx_le32_to_cpu(d.len), flags & VRING_DESC_F_WRITE)) {
		c->id = head;
		return 1;
	}
	vx_build_start(&b, vq, c);
	err = walk_chain(&b, &d);
	if (err)
		return err;
	vx_build_done(&b, head, 1);
	return b.steps + b.copied;
}

int vx_split_fetch(struct vx_vring *vq, struct vx_chain *chains, u32 max)
{
	u16 heads[VX_BATCH];
	u32 i, n, work = 0;
	int ret = available(vq, max);

	if (ret <= 0)
		return ret;
	n = vx_min((u32)ret, max);
	ret = read_heads(vq, heads, n);
	if (ret)
		return ret;
	/* work: empty descriptors and oversized tables fill no iov entry, but cost time. */
	for (i = 0; i < n && work < VX_IOVS; i++) {
		ret = take(vq, heads[i], &chains[i]);
		if (vx_unlikely(ret < 0))
			break;
		work += ret;
	}
	vq->last_avail += i;
	vq->nfetched += i;
	vq->fetched_slots += i;
	return i || ret == VX_LATER ? (int)i : ret;
}

/* Write n entries from slot on; they do not cross the ring's end. */
static int write_used(struct vx_vring *vq, u32 slot, const struct vx_used *e, u32 n)
{
	u64 off = USED_RING + slot * USED_SIZE;

	return vx_vring_log(vq, vq->a.used_gpa + off, n * USED_SIZE, vx_guest_write(vq->a.used + off, e, n * USED_SIZE));
}

int vx_split_spill(struct vx_vring *vq)
{
	u32 slot = (u16)(vq->last_used + vq->spilled_slots) & (vq->num - 1);
	u32 done, n;
	int err;

	for (done = 0; done < vq->npending; done += n, slot = 0) {
		n = vx_min(vq->npending - done, vq->num - slot);
		err = write_used(vq, slot, &vq->pending[done], n);
		if (err)
			return err;
	}
	vq->spilled_slots += vq->npending;
	return 0;
}

int vx_split_publish(struct vx_vring *vq)
{
	u16 idx = vq->last_used + vq->pending_slots;

	vx_wmb();	/* B */
	if (vx_guest_put16(vq->a.used + USED_IDX, vx_cpu_to_le16(idx)))
		return -EFAULT;
	vq->last_used = idx;
	vx_slots_published(vq);
	return vx_vring_log(vq, vq->a.used_gpa + USED_IDX, sizeof(idx), 0);
}

int vx_split_need_call(struct vx_vring *vq)
{
	u16 v;

	if (!vq->event_idx) {
		if (get16(vq->a.avail + AVAIL_FLAGS, &v))
			return -EFAULT;
		return !(v & VRING_AVAIL_F_NO_INTERRUPT);
	}
	if (get16(used_event(vq), &v))
		return -EFAULT;
	return vx_event_passed(vq, v, vq->last_used);
}

int vx_split_kick(struct vx_vring *vq, bool on)
{
	if (!vq->event_idx)
		return vq->kicks_on == on ? 0 : put_used16(vq, USED_FLAGS, on ? 0 : VRING_USED_F_NO_NOTIFY);
	/* Left behind, the event index costs one kick in 65536 chains: cheaper than moving it away. */
	return on ? put_used16(vq, avail_event_off(vq), vq->last_avail) : 0;
}

int vx_split_has_avail(struct vx_vring *vq)
{
	return available(vq, 1);
}
