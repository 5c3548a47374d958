/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device side of a virtqueue, split or packed, behind one interface.
 * Follows virtio 1.3, sections 2.7 (split) and 2.8 (packed).
 *
 * Locking: a vring belongs to one thread at a time. The owner pauses that
 * thread before it changes addresses, memory table, base or log.
 *
 * Errors: a negative errno from fetch/push/flush means that the guest broke
 * the ring (-EINVAL, -ELOOP, -ENOBUFS) or its memory faulted (-EFAULT). The
 * vring is then stopped: .broken is set, further calls return -ESHUTDOWN, and
 * the owner signals the err eventfd. Nothing else of the device is touched.
 *
 * IOTLB: descriptors hold IOVAs, vx_vring.mem is a table that changes (mem_iotlb.h). What it lacks, or does not allow, is no
 * error: fetch stops before that chain and .miss says what to ask the VMM for. As the chain stays available, has_avail
 * and enable_kick go on saying so.
 */
#ifndef VX_CORE_VRING_H
#define VX_CORE_VRING_H

#include "vx_env.h"
#include "mem_table.h"
#include <linux/virtio_ring.h>

#define VX_VRING_NUM_MAX	32768u	/* virtio 1.3, 2.7 and 2.8.10.1 */
#define VX_BATCH		64u	/* chains and frames handled per turn */
#define VX_IOVS			2048u	/* iov entries of all chains that are out at a time */
#define VX_CHAIN_IOVS		1280u	/* longest chain accepted, in iov entries and in descriptors */
#define VX_PENDING		256u	/* used entries gathered before they are written out */

/* One descriptor chain. Its iov entries are out[0..niov_out) then in[0..niov_in). */
struct vx_chain {
	u16 id;		/* split: head index; packed: buffer id */
	u16 ndesc;	/* ring slots taken: 1 on split rings */
	u16 niov_out;	/* driver -> device, to be read */
	u16 niov_in;	/* device -> driver, to be written */
	u32 out_len;	/* sum of the lengths, bytes */
	u32 in_len;
	const struct vx_iov *iov;
};

/* Where the vring lives, in the engine's address space (see vx_env.h), plus what the dirty log needs. */
struct vx_vring_addr {
	u64 desc;	/* split: descriptor table; packed: descriptor ring */
	u64 avail;	/* split: available ring; packed: driver event suppression */
	u64 used;	/* split: used ring; packed: device event suppression */
	u64 used_gpa;	/* guest-physical address of what the device writes, for the dirty log */
	u64 desc_gpa;	/* packed rings write descriptors as well */
	bool log;	/* log ring writes too (VHOST_VRING_F_LOG) */
};

/* As struct vring_used_elem; little-endian. */
struct vx_used {
	u32 id;
	u32 len;
};

struct vx_vring {
	u32 num;
	bool packed;
	bool event_idx;
	bool indirect;
	bool broken;
	int error;		/* why: -errno; 0 while it is not broken */
	bool kicks_on;		/* we currently ask the driver for notifications */
	struct vx_vring_addr a;
	const struct vx_mem_table *mem;
	struct vx_mem_region hit;	/* copy of the region that the last translation used; none with an IOTLB */
	bool iotlb;		/* mem is one: set by the owner before the start, and kept */
	struct vx_mem_miss miss;	/* why the last fetch ended early, if access is set */
	const struct vx_dirty_log *log;	/* NULL: no logging */

	/* Progress. Wrap counters are used by packed rings only. */
	u16 last_avail;		/* next slot to fetch */
	u16 last_used;		/* next slot to publish */
	bool avail_wrap;
	bool used_wrap;
	u16 cached_avail;	/* split: avail->idx as last read */
	u16 unsignalled;	/* slots published since the last call decision, for EVENT_IDX */
	bool signal_always;	/* no decision was taken yet, or too long ago for 16 bits */

	u32 nfetched;		/* chains fetched and neither pushed nor given back */
	u32 fetched_slots;	/* ring slots of those */

	/* Used entries gathered by push; published by flush. */
	struct vx_used pending[VX_PENDING];
	u16 pending_ndesc[VX_PENDING];
	u32 npending;
	u32 pending_slots;	/* ring slots pushed and not published */
	u32 spilled_slots;	/* of those, written to the ring already, though invisible to the driver */
	u16 held_flags;		/* packed: flags of the first unpublished descriptor, once that is spilled */

	struct vx_iov iov[VX_IOVS];
	u32 niov;		/* entries in use by fetched, unpushed chains */
	struct vring_desc table[VX_CHAIN_IOVS];	/* private copy of one indirect table, of either kind */
};

/*
 * Prepare a vring; *vq is zeroed by its owner before the first start. A log set earlier stays.
 * features: the negotiated virtio feature bits. All ring memory must lie in mem, each part in one region; with an
 * IOTLB the owner has just translated it (vx_mem_iotlb_ring), does so again when its entries go, and nothing is checked here.
 * base: as in VHOST_USER_SET_VRING_BASE / VHOST_SET_VRING_BASE; split: 16-bit index,
 * packed: bits 0-14 avail index, 15 avail wrap, 16-30 used index, 31 used wrap.
 * A packed base whose upper half is zero while the lower half is not is taken as
 * "used = avail" (frontends that send 16 bits). A packed base of plain 0 is "slot 0" from a
 * frontend without wrap counters, or slot 0 with wrap counter 0: the ring itself decides; a fresh one has wraps = 1.
 * On a split ring used->idx in guest memory wins over base, as chains complete in order: what a dead engine had
 * fetched but not completed is fetched again.
 * Returns 0, -EINVAL on a bad size, alignment or address, -EFAULT if the ring memory is not readable.
 */
int vx_vring_start(struct vx_vring *vq, u32 num, u64 features, const struct vx_vring_addr *addr,
		   const struct vx_mem_table *mem, u32 base);

/* Stop the vring for a reason of the caller's, unless it was stopped before; passes err through. */
int vx_vring_fail(struct vx_vring *vq, int err);

/* Base to hand back on GET_VRING_BASE; unpushed chains count as not fetched. */
u32 vx_vring_stop(struct vx_vring *vq);

/*
 * Same ring, new addresses or memory table or log, while paused and with nothing fetched. Where a new table moves
 * the ring, set_addr (which checks against the table) comes after set_mem.
 */
void vx_vring_set_mem(struct vx_vring *vq, const struct vx_mem_table *mem);
int vx_vring_set_addr(struct vx_vring *vq, const struct vx_vring_addr *addr);
void vx_vring_set_log(struct vx_vring *vq, const struct vx_dirty_log *log);

/*
 * Take up to max (at most VX_BATCH) available chains, validated and translated. Fewer when the iov array is full, or
 * when a bad chain follows, which the next call then reports; what was fetched before and neither pushed nor
 * unfetched stays valid. Returns the count, 0 when empty (or when unpushed chains fill the iov array, or when
 * .miss is set), or -errno. Zero-length descriptors are legal and get no iov entry.
 */
int vx_vring_fetch(struct vx_vring *vq, struct vx_chain *chains, u32 max);

/* Did the last fetch stop before a chain whose memory the IOTLB does not have? */
static inline bool vx_vring_missed(const struct vx_vring *vq)
{
	return vq->miss.access;
}

/* Give back the last n chains, as if they had never been fetched. chains: the last n, in fetch order. */
void vx_vring_unfetch(struct vx_vring *vq, const struct vx_chain *chains, u32 n);

/* Write gathered used entries to the ring, still invisible to the driver. */
int vx_vring_spill(struct vx_vring *vq);

/*
 * Complete a chain, in fetch order. written: bytes written to its in-part. Invisible to the driver before flush,
 * however many chains are pushed: a frame in several buffers appears at once.
 */
static inline int vx_vring_push(struct vx_vring *vq, const struct vx_chain *c, u32 written)
{
	u32 i = vq->npending;

	vq->pending[i].id = vx_cpu_to_le32(c->id);
	vq->pending[i].len = vx_cpu_to_le32(written);
	vq->pending_ndesc[i] = c->ndesc;
	vq->npending = i + 1;
	vq->pending_slots += c->ndesc;
	vq->nfetched--;
	vq->fetched_slots -= c->ndesc;
	return vx_unlikely(vq->npending == VX_PENDING) ? vx_vring_spill(vq) : 0;
}

/* Publish all pushed chains with one index (split) or one flags (packed) update. */
int vx_vring_flush(struct vx_vring *vq);

/* After flush: does the driver want a call? Includes the required full barrier. */
bool vx_vring_need_call(struct vx_vring *vq);

/*
 * Turn driver notifications on (before sleeping) or off (while polling).
 * enable returns true when chains became available meanwhile: poll again instead of sleeping.
 */
bool vx_vring_enable_kick(struct vx_vring *vq);
void vx_vring_disable_kick(struct vx_vring *vq);

/* Cheap test without taking anything. */
bool vx_vring_has_avail(struct vx_vring *vq);

/*
 * After a write of len bytes at gpa that ended with err: mark them dirty, all of them even if it faulted, as it may have
 * changed some before. Write, then mark: a VMM that clears the mark and copies the page in between misses nothing.
 */
static inline int vx_dirty_log_after(const struct vx_dirty_log *log, u64 gpa, u32 len, int err)
{
	int log_err = vx_dirty_log_write(log, gpa, len);

	return err ? err : log_err;
}

/*
 * Copy len bytes into one piece of a chain's in-part, and log them: how data reaches the guest.
 * off + len <= iov->len is the caller's duty. A fault is the caller's to judge; it does not stop the vring.
 */
static inline int vx_iov_write(struct vx_vring *vq, const struct vx_iov *iov, u32 off, const void *src, u32 len)
{
	int err = vx_guest_write(iov->uaddr + off, src, len);

	return vx_unlikely(vq->log) ? vx_dirty_log_after(vq->log, iov->gpa + off, len, err) : err;
}

/* The same, with their sum on the way (csum.h). */
static inline int vx_iov_write_csum(struct vx_vring *vq, const struct vx_iov *iov, u32 off, const void *src, u32 len, u64 *sum)
{
	int err = vx_guest_write_csum(iov->uaddr + off, src, len, sum);

	return vx_unlikely(vq->log) ? vx_dirty_log_after(vq->log, iov->gpa + off, len, err) : err;
}

#endif
