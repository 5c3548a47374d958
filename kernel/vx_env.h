/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kernel/core/ needs from its home, for the module. The contract is that of user/vx_env.h.
 *
 * Guest memory is reached through the VMM's addresses: only in a thread that uses the VMM's mm (a worker, or an ioctl of the
 * VMM itself), in process context, as every access may sleep or fault. Regions were checked by access_ok() when the VMM
 * named them; it is asked again at each access, as it costs little.
 *
 * The bytes copied lie in buffers whose bounds the core has judged: the raw copies leave out the search for the vmalloc area
 * of each UMEM frame that a hardened copy would make.
 */
#ifndef VX_ENV_H
#define VX_ENV_H

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/futex.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/prefetch.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <asm/barrier.h>
#include <asm/byteorder.h>
#include <asm/futex.h>

#ifndef UINT32_MAX
#define UINT32_MAX	U32_MAX
#endif

#define vx_likely(x)	likely(x)
#define vx_unlikely(x)	unlikely(x)
#define vx_min(a, b)	({ typeof(a) a_ = (a); typeof(b) b_ = (b); a_ < b_ ? a_ : b_; })
#define vx_prefetch(p)	prefetch(p)
#define VX_ARRAY_SIZE(a)	ARRAY_SIZE(a)

/* The core keeps what it reads and writes in plain integers: its structures are the same in every home. */
#define vx_le16_to_cpu(x)	le16_to_cpu((__force __le16)(x))
#define vx_le32_to_cpu(x)	le32_to_cpu((__force __le32)(x))
#define vx_le64_to_cpu(x)	le64_to_cpu((__force __le64)(x))
#define vx_cpu_to_le16(x)	((__force u16)cpu_to_le16(x))
#define vx_cpu_to_le32(x)	((__force u32)cpu_to_le32(x))
#define vx_cpu_to_le64(x)	((__force u64)cpu_to_le64(x))
#define vx_be16_to_cpu(x)	be16_to_cpu((__force __be16)(x))
#define vx_cpu_to_be16(x)	((__force u16)cpu_to_be16(x))
#define vx_be32_to_cpu(x)	be32_to_cpu((__force __be32)(x))
#define vx_cpu_to_be32(x)	((__force u32)cpu_to_be32(x))

#define VX_READ_ONCE(x)		READ_ONCE(x)
#define VX_WRITE_ONCE(x, v)	WRITE_ONCE(x, v)

#define vx_load_acquire(p)	smp_load_acquire(p)	/* pairs as xsk_ring.h says */
#define vx_store_release(p, v)	smp_store_release(p, v)	/* pairs as xsk_ring.h says */

/* The guest runs on several CPUs even where the host has one. The driver has its own of each: vring*.c. */
#define vx_rmb()	virt_rmb()	/* pairs with the driver's */
#define vx_wmb()	virt_wmb()	/* pairs with the driver's */
#define vx_mb()		virt_mb()	/* pairs with the driver's */

static inline void *vx_zalloc(size_t size)
{
	return kvzalloc(size, GFP_KERNEL_ACCOUNT);
}

static inline void vx_free(void *p)
{
	kvfree(p);
}

static inline void __user *vx_user_ptr(u64 uaddr)
{
	return (void __user *)(uintptr_t)uaddr;
}

static inline int vx_guest_read(void *dst, u64 uaddr, u32 len)
{
	void __user *src = vx_user_ptr(uaddr);

	might_fault();
	if (unlikely(!access_ok(src, len) || raw_copy_from_user(dst, src, len)))
		return -EFAULT;
	return 0;
}

static inline int vx_guest_write(u64 uaddr, const void *src, u32 len)
{
	void __user *dst = vx_user_ptr(uaddr);

	might_fault();
	if (unlikely(!access_ok(dst, len) || raw_copy_to_user(dst, src, len)))
		return -EFAULT;
	return 0;
}

static inline int vx_guest_get16(u16 *v, u64 uaddr)
{
	return get_user(*v, (u16 __user *)vx_user_ptr(uaddr));
}

static inline int vx_guest_put16(u64 uaddr, u16 v)
{
	return put_user(v, (u16 __user *)vx_user_ptr(uaddr));
}

static inline void vx_guest_prefetch(u64 uaddr)
{
	prefetch((const void *)(uintptr_t)uaddr);
}

/* The aligned word around the byte lies in the same page; OR leaves its other bytes as they are. */
static inline int vx_guest_or8(u64 uaddr, u8 mask)
{
#ifdef __BIG_ENDIAN
	u32 shift = (3 - (uaddr & 3)) * 8;
#else
	u32 shift = (uaddr & 3) * 8;
#endif
	u32 __user *word = vx_user_ptr(uaddr & ~3ULL);
	int old;

	might_fault();
	if (unlikely(!access_ok(word, sizeof(*word))))
		return -EFAULT;
	return arch_futex_atomic_op_inuser(FUTEX_OP_OR, (u32)mask << shift, &old, word);
}

#endif
