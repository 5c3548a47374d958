// SPDX-License-Identifier: GPL-2.0-only
/* /dev/vhost-xdp: a vhost device, from open to release. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/sched/mm.h>

#include "count.h"
#include "dev.h"
#include "worker.h"

static struct workqueue_struct *vx_dev_wq;

void vx_dev_lock_vqs(struct vx_dev *dev)
{
	u32 i;

	for (i = 0; i < VX_DIRECTIONS; i++)
		vx_vq_lock(&dev->vq[i]);
}

void vx_dev_unlock_vqs(struct vx_dev *dev)
{
	u32 i;

	for (i = VX_DIRECTIONS; i--; )
		vx_vq_unlock(&dev->vq[i]);
}

void vx_dev_reset(struct vx_dev *dev)
{
	u32 i;

	for (i = 0; i < VX_DIRECTIONS; i++)
		vx_vq_clear_backend(&dev->vq[i]);
	vx_workers_free(dev);
	for (i = 0; i < VX_DIRECTIONS; i++)
		vx_vq_reset(&dev->vq[i]);
	vx_mem_reset(dev);
	dev->features = 0;
	dev->backend_features = 0;
	vx_iotlb_reset(dev);
	if (dev->mm)
		mmput(dev->mm);
	dev->mm = NULL;
}

static int vx_dev_open(struct inode *inode, struct file *file)
{
	struct vx_dev *dev = kvzalloc(sizeof(*dev), GFP_KERNEL_ACCOUNT);
	u32 i;

	if (!dev)
		return -ENOMEM;
	mutex_init(&dev->mutex);
	vx_iotlb_init(&dev->iotlb);
	xa_init_flags(&dev->workers, XA_FLAGS_ALLOC);
	for (i = 0; i < VX_DIRECTIONS; i++)
		vx_vq_init(&dev->vq[i], dev, i);
	file->private_data = dev;
	vx_count(VX_COUNT_DEVICES, 1);
	return 0;
}

static void dev_free(struct vx_dev *dev)
{
	u32 i;

	mutex_lock(&dev->mutex);
	vx_dev_reset(dev);
	mutex_unlock(&dev->mutex);
	xa_destroy(&dev->workers);
	for (i = 0; i < VX_DIRECTIONS; i++)
		mutex_destroy(&dev->vq[i].mutex);
	mutex_destroy(&dev->mutex);
	vx_count(VX_COUNT_DEVICES, -1);
	kvfree(dev);
}

static void teardown(struct work_struct *work)
{
	struct vx_dev *dev = container_of(work, struct vx_dev, teardown);

	mutex_lock(&dev->mutex);
	vx_workers_stop(dev, true);
	mutex_unlock(&dev->mutex);
	dev_free(dev);
	/* vx_dev_exit() waits for the work to return. */
	module_put(THIS_MODULE);
}

/*
 * A worker may wait for a page that the VMM withholds; when the VMM is killed, the page may come only after more of its files were closed,
 * this one included. So release does not wait for ever.
 */
static int vx_dev_release(struct inode *inode, struct file *file)
{
	struct vx_dev *dev = file->private_data;
	bool stopped;

	mutex_lock(&dev->mutex);
	stopped = vx_workers_stop(dev, false);
	mutex_unlock(&dev->mutex);
	if (stopped) {
		dev_free(dev);
		return 0;
	}
	pr_warn_ratelimited("a VMM withholds memory from its worker; its device is torn down later\n");
	__module_get(THIS_MODULE);
	INIT_WORK(&dev->teardown, teardown);
	queue_work(vx_dev_wq, &dev->teardown);
	return 0;
}

static const struct file_operations vx_dev_fops = {
	.owner = THIS_MODULE,
	.open = vx_dev_open,
	.release = vx_dev_release,
	.unlocked_ioctl = vx_dev_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.read_iter = vx_iotlb_read,
	.write_iter = vx_iotlb_write,
	.poll = vx_iotlb_poll,
	.llseek = noop_llseek,
};

static struct miscdevice vx_dev_misc = {
	.minor = VX_DEV_MINOR,
	.name = "vhost-xdp",
	.fops = &vx_dev_fops,
};

int vx_dev_init(void)
{
	int err;

	vx_dev_wq = alloc_workqueue("vhost_xdp_teardown", WQ_UNBOUND, 0);
	if (!vx_dev_wq)
		return -ENOMEM;
	err = misc_register(&vx_dev_misc);
	if (err == -EBUSY) {
		vx_dev_misc.minor = MISC_DYNAMIC_MINOR;
		err = misc_register(&vx_dev_misc);
	}
	if (err)
		destroy_workqueue(vx_dev_wq);
	return err;
}

void vx_dev_exit(void)
{
	misc_deregister(&vx_dev_misc);
	destroy_workqueue(vx_dev_wq);
}
