// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packed virtqueues: virtio 1.3, section 2.8.
 *
 *	driver				device
 *	fill descriptors		read flags of consecutive descriptors
 *	wmb (A)				rmb (A)
 *	write the head's flags		read the descriptors, data
 *
 *	read flags			write data, all used descriptors but the first one's flags
 *	rmb (B)				wmb (B)
 *	read used descriptor, data	write the first one's flags
 *
 * The driver consumes used descriptors in ring order, so holding back the first one's flags holds back
 * the batch. The full barriers around event suppression are in vring.c.
 */
#include "vring_impl.h"

#define DESC_LEN	offsetof(struct vring_packed_desc, len)
#define DESC_FLAGS	offsetof(struct vring_packed_desc, flags)
#define EVENT_OFF	offsetof(struct vring_packed_desc_event, off_wrap)
#define EVENT_FLAGS	offsetof(struct vring_packed_desc_event, flags)
#define EVENT_ALIGN	4u
#define F_AVAIL		(1u << VRING_PACKED_DESC_F_AVAIL)
#define F_USED		(1u << VRING_PACKED_DESC_F_USED)
#define WRAP		(1u << VRING_PACKED_EVENT_F_WRAP_CTR)

#define PEEK		16u	/* descriptors per copy: four cache lines */

/* The part of a descriptor that the device writes; little-endian. */
struct used_part {
	u32 len;
	u16 id;
	u16 flags;
};

static int get16(u64 uaddr, u16 *v)
{
	u16 raw;
	int err = vx_guest_get16(&raw, uaddr);

	*v = vx_le16_to_cpu(raw);
	return err;
}

static bool is_avail(u16 flags, bool wrap)
{
	return !!(flags & F_AVAIL) == wrap && !!(flags & F_USED) != wrap;
}

int vx_packed_check(const struct vx_vring *vq, const struct vx_vring_addr *a)
{
	if (a->desc % VX_DESC_SIZE || a->avail % EVENT_ALIGN || a->used % EVENT_ALIGN)
		return -EINVAL;
	if (vq->iotlb)
		return 0;
	if (!vx_mem_holds(vq->mem, a->desc, (u64)vq->num * VX_DESC_SIZE) ||
	    !vx_mem_holds(vq->mem, a->avail, sizeof(struct vring_packed_desc_event)) ||
	    !vx_mem_holds(vq->mem, a->used, sizeof(struct vring_packed_desc_event)))
		return -EINVAL;
	return 0;
}

/*
 * The wrap counter w of a ring that stands at slot 0 with nothing in flight, from the ring itself: slots of the
 * first k that the driver has made available since have AVAIL = w, all others are of the lap before and have
 * AVAIL = !w. With k = 0 one of these is the head of a used chain, or untouched: AVAIL = USED.
 */
static int wrap_at_zero(const struct vx_vring *vq, bool *wrap)
{
	u16 first, last, flags;
	u32 i;

	if (get16(vq->a.desc + DESC_FLAGS, &first) ||
	    get16(vq->a.desc + (vq->num - 1) * VX_DESC_SIZE + DESC_FLAGS, &last))
		return -EFAULT;
	*wrap = first & F_AVAIL;
	if ((first ^ last) & F_AVAIL)
		return 0;
	for (i = 0; i < vq->num; i++) {
		if (get16(vq->a.desc + i * VX_DESC_SIZE + DESC_FLAGS, &flags))
			return -EFAULT;
		if (!(flags & F_AVAIL) == !(flags & F_USED)) {
			*wrap = !*wrap;
			break;
		}
	}
	return 0;
}

int vx_packed_start(struct vx_vring *vq, u32 base)
{
	struct vring_packed_desc_event probe;
	bool wrap;

	if (vx_guest_read(&probe, vq->a.avail, sizeof(probe)) || vx_guest_read(&probe, vq->a.used, sizeof(probe)) ||
	    wrap_at_zero(vq, &wrap))
		return -EFAULT;
	if (!base && wrap)
		base = WRAP;
	if (!(base >> 16))
		base |= base << 16;
	vq->last_avail = base & (WRAP - 1);
	vq->avail_wrap = base & WRAP;
	vq->last_used = base >> 16 & (WRAP - 1);
	vq->used_wrap = base >> 16 & WRAP;
	if (vq->last_avail >= vq->num || vq->last_used >= vq->num)
		return -EINVAL;
	return 0;
}

/*
 * How many descriptors from last_avail on are available, at most max, up to
 * the ring's end. Each one's flags are seen before any other part of it is read.
 */
static int peek(struct vx_vring *vq, u32 max)
{
	u64 at = vq->a.desc + vq->last_avail * VX_DESC_SIZE + DESC_FLAGS;
	u32 n = 0;
	u16 flags;

	max = vx_min(max, vq->num - vq->last_avail);
	for (; n < max; n++, at += VX_DESC_SIZE) {
		if (get16(at, &flags))
			return -EFAULT;
		if (!is_avail(flags, vq->avail_wrap))
			break;
	}
	if (n)
		vx_rmb();	/* A */
	return n;
}

/* Entries of an indirect table stand in order; of their flags only WRITE has a meaning (2.8.7). */
static int walk_table(struct vx_build *b, const struct vring_packed_desc *ref)
{
	int i, err, n = vx_build_table(b, vx_le64_to_cpu(ref->addr), vx_le32_to_cpu(ref->len));

	for (i = 0; i < n; i++) {
		const struct vring_packed_desc *d = (const struct vring_packed_desc *)&b->vq->table[i];
		u16 flags = vx_le16_to_cpu(d->flags);

		if (flags & VRING_DESC_F_INDIRECT)
			return -EINVAL;
		err = vx_build_add(b, vx_le64_to_cpu(d->addr), vx_le32_to_cpu(d->len), flags & VRING_DESC_F_WRITE);
		if (err)
			return err;
	}
	return n < 0 ? n : 0;
}

/*
 * Walk the chain that starts at last_avail. d: copies of its first have
 * descriptors; the driver made the rest available with the first.
 */
static int walk_chain(struct vx_build *b, const struct vring_packed_desc *d, u32 have)
{
	struct vx_vring *vq = b->vq;
	u32 room = vq->num - vq->fetched_slots - vq->pending_slots;
	struct vring_packed_desc next;
	u16 slot = vq->last_avail;
	bool wrap = vq->avail_wrap;
	u32 seen;

	if (!room)
		return -ELOOP;
	for (seen = 1; ; seen++) {
		u16 flags = vx_le16_to_cpu(d->flags);
		int err;

		if (flags & VRING_DESC_F_INDIRECT)
			err = flags & VRING_DESC_F_NEXT ? -EINVAL : walk_table(b, d);
		else
			err = vx_build_add(b, vx_le64_to_cpu(d->addr), vx_le32_to_cpu(d->len),
					   flags & VRING_DESC_F_WRITE);
		if (err)
			return err;
		if (!(flags & VRING_DESC_F_NEXT))
			break;
		if (seen == room)
			return -ELOOP;
		vx_slot_add(vq, &slot, &wrap, 1);
		d++;
		if (seen >= have) {
			if (vx_guest_read(&next, vq->a.desc + slot * VX_DESC_SIZE, sizeof(next)))
				return -EFAULT;
			d = &next;
		}
	}
	vx_build_done(b, vx_le16_to_cpu(d->id), seen);
	return 0;
}

/* Returns what it cost, in descriptors, or -errno. */
static int take(struct vx_vring *vq, const struct vring_packed_desc *d, u32 have, struct vx_chain *c)
{
	u16 flags = vx_le16_to_cpu(d->flags);
	struct vx_build b;
	int err;

	if (vx_likely(!(flags & (VRING_DESC_F_NEXT | VRING_DESC_F_INDIRECT))) &&
	    vq->fetched_slots + vq->pending_slots < vq->num &&
	    vx_chain_single(vq, c, vx_le64_to_cpu(d->addr), vx_le32_to_cpu(d->len), flags & VRING_DESC_F_WRITE)) {
		c->id = vx_le16_to_cpu(d->id);
		return 1;
	}
	vx_build_start(&b, vq, c);
	err = walk_chain(&b, d, have);
	return err ? err : (int)(b.steps + b.copied);
}

int vx_packed_fetch(struct vx_vring *vq, struct vx_chain *chains, u32 max)
{
	struct vring_packed_desc d[PEEK];
	u32 i, got = 0, work = 0;
	int n = 0, ret = 0;

	while (got < max && work < VX_IOVS) {
		n = ret = peek(vq, vx_min(max - got, PEEK));
		if (n > 0 && vx_guest_read(d, vq->a.desc + vq->last_avail * VX_DESC_SIZE, n * sizeof(d[0])))
			ret = -EFAULT;
		if (ret <= 0)
			break;
		for (i = 0; i < (u32)n && ret >= 0; i += chains[got++].ndesc) {
			ret = take(vq, &d[i], n - i, &chains[got]);
			if (vx_unlikely(ret < 0))
				break;
			work += ret;
			vq->nfetched++;
			vq->fetched_slots += chains[got].ndesc;
			vx_slot_add(vq, &vq->last_avail, &vq->avail_wrap, chains[got].ndesc);
		}
		if (ret < 0)
			break;
	}
	return got || ret == VX_LATER ? (int)got : ret;
}

/* Write one used descriptor, without its flags where those must wait. */
static int write_used(struct vx_vring *vq, u16 slot, const struct used_part *u, bool hold)
{
	u64 off = slot * VX_DESC_SIZE + DESC_LEN;
	u32 len = hold ? offsetof(struct used_part, flags) : sizeof(*u);

	return vx_vring_log(vq, vq->a.desc_gpa + off, len, vx_guest_write(vq->a.desc + off, u, len));
}

int vx_packed_spill(struct vx_vring *vq)
{
	u16 slot = vq->last_used;
	bool wrap = vq->used_wrap;
	u32 i;

	vx_slot_add(vq, &slot, &wrap, vq->spilled_slots);
	for (i = 0; i < vq->npending; i++) {
		bool first = !vq->spilled_slots;
		u16 flags = wrap ? F_AVAIL | F_USED : 0;
		struct used_part u;
		int err;

		if (vq->pending[i].len)
			flags |= VRING_DESC_F_WRITE;
		u.len = vq->pending[i].len;
		u.id = vx_cpu_to_le16(vx_le32_to_cpu(vq->pending[i].id));
		u.flags = vx_cpu_to_le16(flags);
		if (first)
			vq->held_flags = flags;
		err = write_used(vq, slot, &u, first);
		if (err)
			return err;
		vq->spilled_slots += vq->pending_ndesc[i];
		vx_slot_add(vq, &slot, &wrap, vq->pending_ndesc[i]);
	}
	return 0;
}

int vx_packed_publish(struct vx_vring *vq)
{
	u64 off = vq->last_used * VX_DESC_SIZE + DESC_FLAGS;

	vx_wmb();	/* B */
	if (vx_guest_put16(vq->a.desc + off, vx_cpu_to_le16(vq->held_flags)))
		return -EFAULT;
	vx_slot_add(vq, &vq->last_used, &vq->used_wrap, vq->pending_slots);
	vx_slots_published(vq);
	return vx_vring_log(vq, vq->a.desc_gpa + off, sizeof(u16), 0);
}

int vx_packed_need_call(struct vx_vring *vq)
{
	u16 flags, event;

	if (get16(vq->a.avail + EVENT_FLAGS, &flags))
		return -EFAULT;
	flags &= 3;	/* the other bits are reserved */
	if (flags != VRING_PACKED_EVENT_FLAG_DESC || !vq->event_idx)
		return flags != VRING_PACKED_EVENT_FLAG_DISABLE;
	vx_rmb();	/* the driver writes the offset before these flags */
	if (get16(vq->a.avail + EVENT_OFF, &event))
		return -EFAULT;
	/* An event of the other lap lies one ring behind the slots of this one. */
	if (!!(event & WRAP) == vq->used_wrap)
		event &= WRAP - 1;
	else
		event = (event & (WRAP - 1)) - vq->num;
	return vx_event_passed(vq, event, vq->last_used);
}

static int put_event(struct vx_vring *vq, u64 off, u16 v)
{
	if (vx_guest_put16(vq->a.used + off, vx_cpu_to_le16(v)))
		return -EFAULT;
	return vx_vring_log(vq, vq->a.used_gpa + off, sizeof(v), 0);
}

int vx_packed_kick(struct vx_vring *vq, bool on)
{
	int err;

	if (!on)
		return put_event(vq, EVENT_FLAGS, VRING_PACKED_EVENT_FLAG_DISABLE);
	if (!vq->event_idx)
		return vq->kicks_on ? 0 : put_event(vq, EVENT_FLAGS, VRING_PACKED_EVENT_FLAG_ENABLE);
	err = put_event(vq, EVENT_OFF, vq->last_avail | (vq->avail_wrap ? WRAP : 0));
	if (err || vq->kicks_on)
		return err;
	vx_wmb();	/* the driver reads the flags first */
	return put_event(vq, EVENT_FLAGS, VRING_PACKED_EVENT_FLAG_DESC);
}

int vx_packed_has_avail(struct vx_vring *vq)
{
	u16 flags;

	if (get16(vq->a.desc + vq->last_avail * VX_DESC_SIZE + DESC_FLAGS, &flags))
		return -EFAULT;
	return is_avail(flags, vq->avail_wrap);
}
