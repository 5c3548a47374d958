/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Private to vring*.c: what split and packed rings share.
 *
 * A descriptor is copied from the guest once and only the copy is judged. All
 * addresses that come out of here were translated piece by piece.
 */
#ifndef VX_CORE_VRING_IMPL_H
#define VX_CORE_VRING_IMPL_H

#include "vring.h"

#define VX_DESC_SIZE	16u	/* of either kind */

/* Not an error: this chain has to wait, for room in the iov array or for what vq->miss names. */
#define VX_LATER	(-EAGAIN)

/* A chain under construction; nothing of the vring changes before vx_build_done. */
struct vx_build {
	struct vx_vring *vq;
	struct vx_chain *c;
	u32 start;	/* first iov entry */
	u32 niov;	/* next iov entry */
	u32 end;	/* one past the last allowed */
	u32 steps;	/* descriptors seen, indirect ones included */
	u32 copied;	/* indirect entries copied, seen or not */
	bool in;	/* a device-writable descriptor was seen */
};

void vx_build_start(struct vx_build *b, struct vx_vring *vq, struct vx_chain *c);
int vx_build_add(struct vx_build *b, u64 gpa, u32 len, bool in);
/* Copy an indirect table into vq->table; returns the number of entries. */
int vx_build_table(struct vx_build *b, u64 gpa, u32 len);
void vx_build_done(struct vx_build *b, u16 id, u16 ndesc);

/*
 * The common chain: one descriptor, in the region that was used last. False
 * means nothing but "take the long way", which does every check again.
 */
static inline bool vx_chain_single(struct vx_vring *vq, struct vx_chain *c, u64 gpa, u32 len, bool in)
{
	struct vx_iov *iov = &vq->iov[vq->niov];
	u64 off = gpa - vq->hit.gpa;

	if (vx_unlikely(off >= vq->hit.size || len > vq->hit.size - off || !len || vq->niov == VX_IOVS))
		return false;
	iov->uaddr = vq->hit.uaddr + off;
	iov->gpa = gpa;
	iov->len = len;
	vx_guest_prefetch(iov->uaddr);
	c->ndesc = 1;
	c->niov_out = !in;
	c->niov_in = in;
	c->out_len = in ? 0 : len;
	c->in_len = in ? len : 0;
	c->iov = iov;
	vq->niov++;
	return true;
}

/* Did the driver's event index pass while unsignalled slots were published, the last of them at now? */
static inline bool vx_event_passed(const struct vx_vring *vq, u16 event, u16 now)
{
	return vq->signal_always || vring_need_event(event, now, (u16)(now - vq->unsignalled));
}

/* Log a write of len bytes at gpa to the ring itself, which ended with err. */
static inline int vx_vring_log(struct vx_vring *vq, u64 gpa, u32 len, int err)
{
	if (vx_likely(!vq->log) || !vq->a.log)
		return err;
	return vx_dirty_log_after(vq->log, gpa, len, err);
}

/* The driver can see them now, whatever becomes of the log. */
static inline void vx_slots_published(struct vx_vring *vq)
{
	vq->pending_slots = 0;
	vq->spilled_slots = 0;
}

static inline void vx_slot_add(const struct vx_vring *vq, u16 *slot, bool *wrap, u32 n)
{
	u32 s = *slot + n;

	if (s >= vq->num) {
		s -= vq->num;
		*wrap = !*wrap;
	}
	*slot = s;
}

static inline void vx_slot_sub(const struct vx_vring *vq, u16 *slot, bool *wrap, u32 n)
{
	if (*slot < n) {
		*slot += vq->num - n;
		*wrap = !*wrap;
	} else {
		*slot -= n;
	}
}

/* Of each kind: 0 (or a truth value) or -errno; vring.c stops the vring on an error. */
int vx_split_check(const struct vx_vring *vq, const struct vx_vring_addr *a);
int vx_split_start(struct vx_vring *vq, u32 base);
int vx_split_fetch(struct vx_vring *vq, struct vx_chain *chains, u32 max);
int vx_split_spill(struct vx_vring *vq);
int vx_split_publish(struct vx_vring *vq);
int vx_split_need_call(struct vx_vring *vq);
int vx_split_kick(struct vx_vring *vq, bool on);
int vx_split_has_avail(struct vx_vring *vq);

int vx_packed_check(const struct vx_vring *vq, const struct vx_vring_addr *a);
int vx_packed_start(struct vx_vring *vq, u32 base);
int vx_packed_fetch(struct vx_vring *vq, struct vx_chain *chains, u32 max);
int vx_packed_spill(struct vx_vring *vq);
int vx_packed_publish(struct vx_vring *vq);
int vx_packed_need_call(struct vx_vring *vq);
int vx_packed_kick(struct vx_vring *vq, bool on);
int vx_packed_has_avail(struct vx_vring *vq);

#endif
