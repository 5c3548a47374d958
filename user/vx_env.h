/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kernel/core/ needs from its home, for the user engine. The same names
 * exist in kernel/vx_env.h and, checking every access, in tests/unit/env/vx_env.h.
 *
 * Guest memory is named by u64 addresses in the engine's address space. A
 * guest access copies or loads once; callers judge the copy. Here guest memory
 * is mapped, so accesses do not fail: a memory file that is truncated under us
 * raises SIGBUS, which guest_mem.c turns into zero pages and a stopped device.
 *
 * Memory order: vx_guest_* give no ordering; vx_rmb/vx_wmb/vx_mb order guest
 * accesses among themselves (virtio 1.3, 2.7.13). vx_load_acquire and
 * vx_store_release are for rings in our own memory (AF_XDP).
 */
#ifndef VX_ENV_H
#define VX_ENV_H

#include "vx_env_base.h"

#define vx_rmb()	atomic_thread_fence(memory_order_acquire)
#define vx_wmb()	atomic_thread_fence(memory_order_release)
#define vx_mb()		atomic_thread_fence(memory_order_seq_cst)

/* Zeroed memory for control paths; NULL when there is none. */
static inline void *vx_zalloc(size_t size)
{
	return calloc(1, size);
}

static inline void vx_free(void *p)
{
	free(p);
}

static inline int vx_guest_read(void *dst, u64 uaddr, u32 len)
{
	memcpy(dst, (const void *)(uintptr_t)uaddr, len);
	return 0;
}

static inline int vx_guest_write(u64 uaddr, const void *src, u32 len)
{
	memcpy((void *)(uintptr_t)uaddr, src, len);
	return 0;
}

/* Copy and sum in one pass: see csum.h. */
u64 vx_copy_csum(void *dst, const void *src, u32 len);

static inline int vx_guest_read_csum(void *dst, u64 uaddr, u32 len, u64 *sum)
{
	*sum = vx_copy_csum(dst, (const void *)(uintptr_t)uaddr, len);
	return 0;
}

static inline int vx_guest_write_csum(u64 uaddr, const void *src, u32 len, u64 *sum)
{
	*sum = vx_copy_csum((void *)(uintptr_t)uaddr, src, len);
	return 0;
}

/* One naturally aligned 16-bit load or store, raw little-endian. */
static inline int vx_guest_get16(u16 *v, u64 uaddr)
{
	*v = *(const volatile u16 *)(uintptr_t)uaddr;
	return 0;
}

static inline int vx_guest_put16(u64 uaddr, u16 v)
{
	*(volatile u16 *)(uintptr_t)uaddr = v;
	return 0;
}

/* A hint only; never faults. */
static inline void vx_guest_prefetch(u64 uaddr)
{
	__builtin_prefetch((const void *)(uintptr_t)uaddr);
}

/* Atomically OR mask into the byte at uaddr (dirty log, shared with the VMM). */
static inline int vx_guest_or8(u64 uaddr, u8 mask)
{
	__atomic_fetch_or((u8 *)(uintptr_t)uaddr, mask, __ATOMIC_SEQ_CST);
	return 0;
}

#endif
