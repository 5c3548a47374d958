/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What kernel/core/ needs from its home, for the user engine. The same names
 * exist in kernel/vx_env.h and, checking every access, in tests/unit/vx_env.h.
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

#include <endian.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;

#define vx_likely(x)	__builtin_expect(!!(x), 1)
#define vx_unlikely(x)	__builtin_expect(!!(x), 0)
#define vx_min(a, b)	({ __typeof__(a) a_ = (a); __typeof__(b) b_ = (b); a_ < b_ ? a_ : b_; })
#define vx_prefetch(p)	__builtin_prefetch(p)
#define VX_ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

#define vx_le16_to_cpu(x)	le16toh(x)
#define vx_le32_to_cpu(x)	le32toh(x)
#define vx_le64_to_cpu(x)	le64toh(x)
#define vx_cpu_to_le16(x)	htole16(x)
#define vx_cpu_to_le32(x)	htole32(x)
#define vx_cpu_to_le64(x)	htole64(x)
#define vx_be16_to_cpu(x)	be16toh(x)
#define vx_cpu_to_be16(x)	htobe16(x)
#define vx_be32_to_cpu(x)	be32toh(x)
#define vx_cpu_to_be32(x)	htobe32(x)

#define VX_READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define VX_WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))

#define vx_rmb()	atomic_thread_fence(memory_order_acquire)
#define vx_wmb()	atomic_thread_fence(memory_order_release)
#define vx_mb()		atomic_thread_fence(memory_order_seq_cst)
#define vx_load_acquire(p)	__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define vx_store_release(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELEASE)

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
