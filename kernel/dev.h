/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/vhost-xdp: a vhost device of one queue pair. */
#ifndef VX_DEV_H
#define VX_DEV_H

#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include "vq.h"

struct mm_struct;

/* Of those reserved for local use: a number known beforehand lets the node be there, and load the module when it is opened. */
#define VX_DEV_MINOR	243

struct vx_dev {
	struct mutex mutex;		/* an ioctl */
	struct mm_struct *mm;		/* of the owner; its users are counted. NULL: no owner */
	u64 features;			/* acked; changed under the mutexes of both vrings, too */
	u64 backend_features;
	struct vx_mem_table *mem;	/* likewise; NULL until set */
	struct vx_dirty_log log;	/* likewise; size 0 until set */
	struct eventfd_ctx *log_call;	/* likewise */
	struct vx_iotlb iotlb;
	struct xarray workers;		/* struct vx_worker by id; 0 is the default one */
	struct work_struct teardown;	/* of a device whose worker did not answer at release */
	struct vx_vq vq[VX_DIRECTIONS];
};

int vx_dev_init(void);
void vx_dev_exit(void);

/* Everything that was set goes; the workers have stopped. Under dev->mutex. */
void vx_dev_reset(struct vx_dev *dev);

long vx_dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

/* Pause both vrings, in order. */
void vx_dev_lock_vqs(struct vx_dev *dev);
void vx_dev_unlock_vqs(struct vx_dev *dev);

/* The log that a vring started now would write, or NULL. */
static inline const struct vx_dirty_log *vx_dev_log(const struct vx_dev *dev)
{
	return dev->features & (1ULL << VHOST_F_LOG_ALL) ? &dev->log : NULL;
}

/* Of the ioctls; by the owner under dev->mutex. */
long vx_mem_set_table(struct vx_dev *dev, void __user *argp);
long vx_mem_set_log_base(struct vx_dev *dev, void __user *argp);
long vx_mem_set_log_fd(struct vx_dev *dev, void __user *argp);
void vx_mem_reset(struct vx_dev *dev);

#endif
