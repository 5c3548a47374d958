// SPDX-License-Identifier: GPL-2.0-only
/* The guest's memory as the VMM describes it, and the log of what is written there. */
#include <linux/eventfd.h>
#include <linux/uaccess.h>

#include "dev.h"

static int region_from(struct vx_mem_region *r, const struct vhost_memory_region *from)
{
	if (from->userspace_addr != (unsigned long)from->userspace_addr || from->memory_size != (unsigned long)from->memory_size ||
	    !access_ok(vx_user_ptr(from->userspace_addr), from->memory_size))
		return -EFAULT;
	r->gpa = from->guest_phys_addr;
	r->size = from->memory_size;
	r->vmm_addr = from->userspace_addr;
	r->uaddr = from->userspace_addr;
	return 0;
}

static struct vx_mem_table *table_from(const struct vhost_memory_region *from, u32 n)
{
	struct vx_mem_region *region;
	struct vx_mem_table *table = NULL;
	int err = 0;
	u32 i;

	region = kvcalloc(max(n, 1u), sizeof(*region), GFP_KERNEL);
	if (!region)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < n && !err; i++)
		err = region_from(&region[i], &from[i]);
	if (!err)
		table = vx_mem_table_new(region, n, &err);
	kvfree(region);
	return err ? ERR_PTR(err) : table;
}

static struct vx_mem_table *table_get(void __user *argp)
{
	struct vhost_memory_region *region;
	struct vx_mem_table *table;
	struct vhost_memory head;

	if (copy_from_user(&head, argp, offsetof(struct vhost_memory, regions)))
		return ERR_PTR(-EFAULT);
	if (head.padding)
		return ERR_PTR(-EOPNOTSUPP);
	if (head.nregions > VX_MEM_REGIONS_MAX)
		return ERR_PTR(-E2BIG);
	region = kvcalloc(max(head.nregions, 1u), sizeof(*region), GFP_KERNEL);
	if (!region)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(region, argp + offsetof(struct vhost_memory, regions), head.nregions * sizeof(*region)))
		table = ERR_PTR(-EFAULT);
	else
		table = table_from(region, head.nregions);
	kvfree(region);
	return table;
}

/*
 * A ring that the new table does not hold stays where it is: its addresses are the VMM's, and SET_VRING_ADDR may follow.
 * With an IOTLB rings are not in this table.
 */
static void use_table(struct vx_vq *vq, const struct vx_mem_table *table)
{
	struct vx_vring_addr a;

	if (!vx_vq_live(vq) || vq->ring.iotlb)
		return;
	vx_vring_set_mem(&vq->ring, table);
	if (!vx_vq_translate(vq, &vq->addr, table, &a, NULL))
		vx_vring_set_addr(&vq->ring, &a);
}

long vx_mem_set_table(struct vx_dev *dev, void __user *argp)
{
	struct vx_mem_table *table = table_get(argp);
	u32 i;

	if (IS_ERR(table))
		return PTR_ERR(table);
	vx_dev_lock_vqs(dev);
	for (i = 0; i < VX_DIRECTIONS; i++)
		use_table(&dev->vq[i], table);
	swap(dev->mem, table);
	vx_iotlb_clear(dev);
	vx_dev_unlock_vqs(dev);
	if (table)
		vx_mem_table_free(table);
	return 0;
}

/* The bitmap has no length of its own: it reaches as far as the VMM's memory may. */
long vx_mem_set_log_base(struct vx_dev *dev, void __user *argp)
{
	u64 base;

	if (copy_from_user(&base, argp, sizeof(base)))
		return -EFAULT;
	if (base != (unsigned long)base || !access_ok(vx_user_ptr(base), 1))
		return -EFAULT;
	vx_dev_lock_vqs(dev);
	dev->log.uaddr = base;
	dev->log.size = ULONG_MAX - base;
	vx_dev_unlock_vqs(dev);
	return 0;
}

static void set_log_call(struct vx_dev *dev, struct eventfd_ctx *ctx)
{
	vx_dev_lock_vqs(dev);
	swap(dev->log_call, ctx);
	vx_dev_unlock_vqs(dev);
	if (ctx)
		eventfd_ctx_put(ctx);
}

long vx_mem_set_log_fd(struct vx_dev *dev, void __user *argp)
{
	struct eventfd_ctx *ctx = NULL;
	int fd;

	if (get_user(fd, (int __user *)argp))
		return -EFAULT;
	if (fd != VHOST_FILE_UNBIND)
		ctx = eventfd_ctx_fdget(fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	set_log_call(dev, ctx);
	return 0;
}

void vx_mem_reset(struct vx_dev *dev)
{
	set_log_call(dev, NULL);
	memset(&dev->log, 0, sizeof(dev->log));
	if (dev->mem)
		vx_mem_table_free(dev->mem);
	dev->mem = NULL;
}
