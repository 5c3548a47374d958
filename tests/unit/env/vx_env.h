/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kernel/core/ needs from its home, for tests: every access to guest
 * memory is judged.
 *
 * Guest memory lives at invented addresses that the CPU cannot dereference;
 * a core that forgets vx_guest_*() crashes. Each mapping is in one of three states:
 *	mapped		accesses work
 *	unmapped	a hole that once was memory: accesses return -EFAULT
 *	unknown		never mapped: the core invented an address, which is a violation
 * An access that leaves its mapping is a violation too, as no translated piece does.
 *
 * Rules that are always checked (see vx_env_* below):
 *	single fetch	within a scope, no byte is read twice by vx_guest_read, or by vx_guest_get16 outside racy fields
 *	acquire		after the load of an index or of descriptor flags, vx_rmb or vx_mb before what it announces is read
 *	publish		after plain writes, vx_wmb or vx_mb before the store that announces them
 *	event		vx_mb comes between such a store and the load of the driver's event field
 *
 * A violation aborts with one line on stderr, unless a test collects them.
 */
#ifndef VX_ENV_H
#define VX_ENV_H

#include "../../../user/vx_env_base.h"

void vx_rmb(void);
void vx_wmb(void);
void vx_mb(void);
void *vx_zalloc(size_t size);
void vx_free(void *p);
int vx_guest_read(void *dst, u64 uaddr, u32 len);
int vx_guest_write(u64 uaddr, const void *src, u32 len);
int vx_guest_read_csum(void *dst, u64 uaddr, u32 len, u64 *sum);
int vx_guest_write_csum(u64 uaddr, const void *src, u32 len, u64 *sum);
int vx_guest_get16(u16 *v, u64 uaddr);
int vx_guest_put16(u64 uaddr, u16 v);
int vx_guest_or8(u64 uaddr, u8 mask);

/* A hint may name any address at all. */
static inline void vx_guest_prefetch(u64 uaddr)
{
}

/*
 * --- for tests only, from here on ---
 */

/* Map size bytes at uaddr (0: the environment chooses); returns uaddr. Zeroed. */
u64 vx_env_guest_map(u64 uaddr, u64 size);
/* Turn a mapping into a hole. */
void vx_env_guest_unmap(u64 uaddr);
/* From uaddr on, to the end of its mapping, accesses fault: a write that begins before leaves there what it got to. */
void vx_env_guest_fault_from(u64 uaddr);
/* The test's own view of guest memory: unchecked, for the driver side. NULL when not mapped as one piece. */
void *vx_env_guest_ptr(u64 uaddr, u64 size);

/* What the bytes at uaddr are, for the rules; flags add up. */
enum vx_env_mark {
	VX_ENV_RACY = 1,	/* fields that are read again and again: indices, flags, events */
	VX_ENV_ACQUIRE = 2,	/* a load from here announces other data */
	VX_ENV_PUBLISH = 4,	/* a store to here announces other data */
	VX_ENV_EVENT = 8,	/* the driver's event field */
	VX_ENV_ANNOUNCED = 16,	/* what an acquire load announces: ring entries, descriptors */
};
void vx_env_mark(u64 uaddr, u64 size, unsigned int marks);

/* Single-fetch scope: one call of the core. Scopes do not nest. */
void vx_env_scope_begin(void);
void vx_env_scope_end(void);

/* The access (or allocation) number n from now fails, 1 being the next; 0: none. */
void vx_env_fail_access(u64 n);
void vx_env_fail_alloc(u64 n);
/* Accesses and allocations so far: what a test counts to fail each in turn. */
u64 vx_env_accesses(void);
u64 vx_env_allocs(void);
u64 vx_env_live_allocs(void);

/* Recorded accesses. */
enum vx_env_op {
	VX_ENV_READ, VX_ENV_WRITE, VX_ENV_GET16, VX_ENV_PUT16, VX_ENV_OR8, VX_ENV_RMB, VX_ENV_WMB, VX_ENV_MB,
};

struct vx_env_event {
	enum vx_env_op op;
	u64 uaddr;
	u32 len;
};

void vx_env_trace_start(void);
void vx_env_trace_stop(void);
u32 vx_env_trace_len(void);
const struct vx_env_event *vx_env_trace(u32 i);
/* Index of the first event >= from with this op that touches [uaddr, uaddr + len) (barriers: anything); -1: none. */
int vx_env_trace_find(u32 from, enum vx_env_op op, u64 uaddr, u64 len);

/* Called after each successful access: to change memory under the core's feet, as a guest may. NULL: none. */
typedef void (*vx_env_hook_fn)(enum vx_env_op op, u64 uaddr, u32 len);
void vx_env_hook(vx_env_hook_fn fn);

/* Collect violations instead of aborting; take returns how many there were, and the text of the last. */
void vx_env_collect(bool on);
u32 vx_env_take_violations(const char **last);

/* Forget all mappings, marks and plans. Violation when allocations of the core are still alive. */
void vx_env_reset(void);

#endif
