/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory of user space, as a 6.12 kernel or newer offers it. */
#ifndef VX_COMPAT_MM_H
#define VX_COMPAT_MM_H

#include <linux/mm.h>
#include <linux/uaccess.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define pin_user_pages(start, nr_pages, gup_flags, pages) pin_user_pages(start, nr_pages, gup_flags, pages, NULL)
#endif

#ifndef can_do_masked_user_access	/* 6.12 */
#define can_do_masked_user_access() 0
#define mask_user_address(src) (src)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
struct follow_pfnmap_args {
	struct vm_area_struct *vma;
	unsigned long address;
	unsigned long pfn;
};

static inline int follow_pfnmap_start(struct follow_pfnmap_args *args)
{
	return follow_pfn(args->vma, args->address, &args->pfn);
}

/* The mapping is not locked between the two: what they are used for must not go away by itself. */
static inline void follow_pfnmap_end(struct follow_pfnmap_args *args)
{
}
#endif

#endif
