// SPDX-License-Identifier: GPL-2.0-only
/* Ioctls of a vhost device. errno values are those of vhost-net. */
#include <linux/file.h>
#include <linux/nospec.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "dev.h"
#include "worker.h"

/* What QEMU may ask the backend for. Offloads are not among it: they are the data fd's, as they are a tap's. */
#define FEATURES	((1ULL << VIRTIO_F_NOTIFY_ON_EMPTY) | (1ULL << VIRTIO_RING_F_INDIRECT_DESC) | \
			 (1ULL << VIRTIO_RING_F_EVENT_IDX) | (1ULL << VHOST_F_LOG_ALL) | (1ULL << VIRTIO_F_ANY_LAYOUT) | \
			 (1ULL << VIRTIO_F_VERSION_1) | (1ULL << VHOST_NET_F_VIRTIO_NET_HDR) | \
			 (1ULL << VIRTIO_NET_F_MRG_RXBUF) | (1ULL << VIRTIO_F_RING_RESET) | (1ULL << VIRTIO_F_RING_PACKED) | \
			 (1ULL << VIRTIO_F_ACCESS_PLATFORM))
#define BACKEND_FEATURES	(1ULL << VHOST_BACKEND_F_IOTLB_MSG_V2)
/* Words of the VMM's that are cleared before anything else gets its turn. */
#define CLEAR_STEP		8192u

/* --- owner --- */

static int set_owner(struct vx_dev *dev)
{
	int err;

	if (dev->mm)
		return -EBUSY;
	dev->mm = get_task_mm(current);
	if (!dev->mm)
		return -EINVAL;
	err = vx_workers_start(dev);
	if (err) {
		mmput(dev->mm);
		dev->mm = NULL;
	}
	return err;
}

static int reset_owner(struct vx_dev *dev)
{
	u32 i;

	/* Unbound first: frames that nobody takes any more are then counted as such. */
	for (i = 0; i < VX_DIRECTIONS; i++)
		vx_vq_clear_backend(&dev->vq[i]);
	if (!vx_workers_stop(dev, true))
		return -EINTR;
	vx_dev_reset(dev);
	return 0;
}

/* --- features --- */

static bool bound(const struct vx_dev *dev)
{
	return dev->vq[VX_TO_GUEST].backend || dev->vq[VX_FROM_GUEST].backend;
}

/* A vring that runs goes on as it was negotiated when it started, but for the log. */
static long features_change(struct vx_dev *dev, u64 features)
{
	u32 i;

	if (features & (1ULL << VHOST_F_LOG_ALL) && !dev->log.size && bound(dev))
		return -EFAULT;
	if (features & (1ULL << VIRTIO_F_ACCESS_PLATFORM) && vx_iotlb_enable(&dev->iotlb))
		return -ENOMEM;
	vx_dev_lock_vqs(dev);
	WRITE_ONCE(dev->features, features);
	for (i = 0; i < VX_DIRECTIONS; i++)
		if (dev->vq[i].started)
			vx_vring_set_log(&dev->vq[i].ring, vx_dev_log(dev));
	vx_dev_unlock_vqs(dev);
	/* Without an IOTLB nobody waits for its questions. */
	wake_up_interruptible_all(&dev->iotlb.wait);
	return 0;
}

static long set_features(struct vx_dev *dev, u64 features)
{
	long err;

	if (features & ~FEATURES)
		return -EOPNOTSUPP;
	mutex_lock(&dev->mutex);
	err = features_change(dev, features);
	mutex_unlock(&dev->mutex);
	return err;
}

static long set_features_exec(struct vx_dev *dev, void __user *argp)
{
	u64 features;

	if (copy_from_user(&features, argp, sizeof(features)))
		return -EFAULT;
	return set_features(dev, features);
}

static long put_u64(void __user *argp, u64 v)
{
	return copy_to_user(argp, &v, sizeof(v)) ? -EFAULT : 0;
}

/* In steps, as the array is as long as the VMM says. */
static long clear_array(u64 __user *to, u64 n)
{
	while (n) {
		u64 step = min_t(u64, n, CLEAR_STEP);

		if (clear_user(to, step * sizeof(*to)))
			return -EFAULT;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		to += step;
		n -= step;
	}
	return 0;
}

/* Features beyond the first 64 do not exist here. */
static long get_features_array_exec(void __user *argp)
{
	u64 __user *to = argp;
	u64 count;

	if (copy_from_user(&count, argp, sizeof(count)))
		return -EFAULT;
	if (!count)
		return 0;
	if (count > SIZE_MAX / sizeof(u64) || put_u64(to + 1, FEATURES))
		return -EFAULT;
	return clear_array(to + 2, count - 1);
}

static long set_features_array_exec(struct vx_dev *dev, void __user *argp)
{
	u64 __user *from = argp;
	u64 count, features = 0, more, i;

	if (copy_from_user(&count, argp, sizeof(count)))
		return -EFAULT;
	if (count && copy_from_user(&features, from + 1, sizeof(features)))
		return -EFAULT;
	for (i = 1; i < count; i++) {
		if (copy_from_user(&more, from + 1 + i, sizeof(more)))
			return -EFAULT;
		if (more)
			return -EOPNOTSUPP;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return set_features(dev, features);
}

static long set_backend_features_exec(struct vx_dev *dev, void __user *argp)
{
	u64 features;

	if (copy_from_user(&features, argp, sizeof(features)))
		return -EFAULT;
	if (features & ~BACKEND_FEATURES)
		return -EOPNOTSUPP;
	mutex_lock(&dev->mutex);
	WRITE_ONCE(dev->backend_features, features);
	mutex_unlock(&dev->mutex);
	return 0;
}

/* --- ioctls --- */

static long set_backend_exec(struct vx_dev *dev, const struct vhost_vring_file *f)
{
	struct file *file;
	struct vx_vq *vq;
	long err;

	if (f->index >= VX_DIRECTIONS)
		return -ENOBUFS;
	vq = &dev->vq[array_index_nospec(f->index, VX_DIRECTIONS)];
	if (f->fd == VHOST_FILE_UNBIND) {
		vx_vq_clear_backend(vq);
		return 0;
	}
	/* Resolved once: what the number means later does not matter (CVE-2023-1838). */
	file = fget(f->fd);
	if (!file)
		return -ENOTSOCK;
	err = vx_vq_set_backend(vq, file);
	fput(file);
	return err;
}

/* Our workers are always kernel threads. */
static long fork_from_owner_exec(struct vx_dev *dev, unsigned int cmd, void __user *argp)
{
	u8 mode = VHOST_FORK_OWNER_KTHREAD;

	if (cmd == VHOST_GET_FORK_FROM_OWNER)
		return put_user(mode, (u8 __user *)argp);
	if (dev->mm)
		return -EBUSY;
	if (get_user(mode, (u8 __user *)argp))
		return -EFAULT;
	return mode == VHOST_FORK_OWNER_KTHREAD ? 0 : -EINVAL;
}

/* Under dev->mutex. */
static long owner_ioctl(struct vx_dev *dev, unsigned int cmd, void __user *argp)
{
	long ret;

	switch (cmd) {
	case VHOST_SET_OWNER:
		return set_owner(dev);
	case VHOST_GET_FORK_FROM_OWNER:
	case VHOST_SET_FORK_FROM_OWNER:
		return fork_from_owner_exec(dev, cmd, argp);
	}
	if (dev->mm != current->mm || !dev->mm)
		return -EPERM;
	switch (cmd) {
	case VHOST_RESET_OWNER:
		return reset_owner(dev);
	case VHOST_SET_MEM_TABLE:
		return vx_mem_set_table(dev, argp);
	case VHOST_SET_LOG_BASE:
		return vx_mem_set_log_base(dev, argp);
	case VHOST_SET_LOG_FD:
		return vx_mem_set_log_fd(dev, argp);
	}
	ret = vx_worker_ioctl(dev, cmd, argp);
	return ret == -ENOIOCTLCMD ? vx_vq_ioctl(dev, cmd, argp) : ret;
}

static long net_set_backend(struct vx_dev *dev, void __user *argp)
{
	struct vhost_vring_file f;
	long ret = -EPERM;

	if (copy_from_user(&f, argp, sizeof(f)))
		return -EFAULT;
	mutex_lock(&dev->mutex);
	if (dev->mm && dev->mm == current->mm)
		ret = set_backend_exec(dev, &f);
	mutex_unlock(&dev->mutex);
	return ret;
}

long vx_dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vx_dev *dev = file->private_data;
	void __user *argp = (void __user *)arg;
	long ret;

	switch (cmd) {
	case VHOST_GET_FEATURES:
		return put_u64(argp, FEATURES);
	case VHOST_SET_FEATURES:
		return set_features_exec(dev, argp);
	case VHOST_GET_FEATURES_ARRAY:
		return get_features_array_exec(argp);
	case VHOST_SET_FEATURES_ARRAY:
		return set_features_array_exec(dev, argp);
	case VHOST_GET_BACKEND_FEATURES:
		return put_u64(argp, BACKEND_FEATURES);
	case VHOST_SET_BACKEND_FEATURES:
		return set_backend_features_exec(dev, argp);
	case VHOST_NET_SET_BACKEND:
		return net_set_backend(dev, argp);
	}
	mutex_lock(&dev->mutex);
	ret = owner_ioctl(dev, cmd, argp);
	mutex_unlock(&dev->mutex);
	return ret;
}
