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
#include <linux/nospec.h>
#include <linux/prefetch.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/types.h>
#include <linux/uaccess.h>
#include <asm/barrier.h>
#include <asm/byteorder.h>
#include <asm/futex.h>
#include <net/checksum.h>

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

#define VX_OR_TRIES	1024u

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

/* Where to read len bytes, or NULL. A CPU that guesses ahead of the check reads nothing of the kernel's either (Spectre v1). */
static inline const void __user *vx_user_src(u64 uaddr, u32 len)
{
	const void __user *src = vx_user_ptr(uaddr);

	if (can_do_masked_user_access())
		return mask_user_address(src);
	if (unlikely(!access_ok(src, len)))
		return NULL;
	barrier_nospec();
	return src;
}

static inline int vx_guest_read(void *dst, u64 uaddr, u32 len)
{
	const void __user *src = vx_user_src(uaddr, len);

	might_fault();
	if (unlikely(!src || raw_copy_from_user(dst, src, len)))
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

/*
 * Copy and sum: see csum.h. No kernel exports its loop that does both to modules, and a fast copy and a second look at bytes
 * that it left in the cache take fewer instructions than get_user() by words.
 */
static inline int vx_guest_read_csum(void *dst, u64 uaddr, u32 len, u64 *sum)
{
	if (unlikely(vx_guest_read(dst, uaddr, len)))
		return -EFAULT;
	*sum = (__force u32)csum_partial(dst, len, 0);
	return 0;
}

static inline int vx_guest_write_csum(u64 uaddr, const void *src, u32 len, u64 *sum)
{
	if (unlikely(vx_guest_write(uaddr, src, len)))
		return -EFAULT;
	*sum = (__force u32)csum_partial(src, len, 0);
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

/*
 * The aligned word around the byte lies in the same page; OR leaves its other bytes as they are. Where that takes a loop
 * (arm64) and others write the word as well, it may take several calls.
 */
static inline int vx_guest_or8(u64 uaddr, u8 mask)
{
#ifdef __BIG_ENDIAN
	u32 shift = (3 - (uaddr & 3)) * 8;
#else
	u32 shift = (uaddr & 3) * 8;
#endif
	u32 __user *word = vx_user_ptr(uaddr & ~3ULL);
	u32 tries;
	int old;

	might_fault();
	if (unlikely(!access_ok(word, sizeof(*word))))
		return -EFAULT;
	for (tries = 0; tries < VX_OR_TRIES; tries++) {
		int err = arch_futex_atomic_op_inuser(FUTEX_OP_OR, (u32)mask << shift, &old, word);

		if (likely(err != -EAGAIN))
			return err;
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
	return -EFAULT;
}

#endif
