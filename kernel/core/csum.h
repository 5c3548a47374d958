/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ones' complement sums (RFC 1071), and network fields in private frame memory.
 *
 * Sums are taken in memory order: what is stored after folding is right on any
 * byte order. A piece that is added must start at an even offset of what is summed; vx_csum_add_at takes it from anywhere.
 *
 * The home (vx_env.h) copies and sums in one pass, as callers that sum bytes for themselves would fetch them twice:
 *	int vx_guest_read_csum(void *dst, u64 uaddr, u32 len, u64 *sum);
 *	int vx_guest_write_csum(u64 uaddr, const void *src, u32 len, u64 *sum);
 * *sum is set to that of these bytes alone. -EFAULT as with vx_guest_read and vx_guest_write: then *sum is not set.
 */
#ifndef VX_CORE_CSUM_H
#define VX_CORE_CSUM_H

#include "vx_env.h"

/* sum plus the bytes at p; fold it when all pieces were added. */
u64 vx_csum_add(u64 sum, const void *p, u32 len);

static inline u64 vx_csum_add64(u64 sum, u64 v)
{
	sum += v;
	return sum + (sum < v);
}

/* sum plus that of a piece, taken by itself, which starts at off in what is summed: at an odd place all its bytes swap. */
static inline u64 vx_csum_add_at(u64 sum, u64 piece, u32 off)
{
	return vx_csum_add64(sum, off & 1 ? piece << 8 | piece >> 56 : piece);
}

/* To 16 bits, not complemented. */
static inline u16 vx_csum_fold(u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

static inline u16 vx_get_be16(const u8 *p)
{
	return p[0] << 8 | p[1];
}

static inline u32 vx_get_be32(const u8 *p)
{
	return (u32)vx_get_be16(p) << 16 | vx_get_be16(p + 2);
}

static inline void vx_put_be16(u8 *p, u16 v)
{
	v = vx_cpu_to_be16(v);
	memcpy(p, &v, sizeof(v));
}

static inline void vx_put_be32(u8 *p, u32 v)
{
	v = vx_cpu_to_be32(v);
	memcpy(p, &v, sizeof(v));
}

/* Store a folded sum's complement. */
static inline void vx_csum_store(u8 *p, u64 sum)
{
	u16 v = ~vx_csum_fold(sum);

	memcpy(p, &v, sizeof(v));
}

/* As vx_csum_store, where a stored 0 would say "no checksum" (UDP); in TCP both mean the same. */
static inline void vx_csum_store_nonzero(u8 *p, u64 sum)
{
	u16 v = ~vx_csum_fold(sum);

	if (!v)
		v = 0xffff;
	memcpy(p, &v, sizeof(v));
}

#endif
