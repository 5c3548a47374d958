/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of vx_env.h that does not touch guest memory: the same in every home in user space. */
#ifndef VX_ENV_BASE_H
#define VX_ENV_BASE_H

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

#define vx_load_acquire(p)	__atomic_load_n((p), __ATOMIC_ACQUIRE)
#define vx_store_release(p, v)	__atomic_store_n((p), (v), __ATOMIC_RELEASE)

#endif
