// SPDX-License-Identifier: GPL-2.0-only
/* Ioctls that set up one vring. errno values are those of vhost. */
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/nospec.h>
#include <linux/uaccess.h>

#include "dev.h"
#include "vq.h"

/* Bound: the backend may use what the ioctl wants to change. */
static bool busy(const struct vx_vq *vq)
{
	return vq->backend;
}

static bool num_valid(const struct vx_vq *vq, u32 num)
{
	if (!num || num > VX_VRING_NUM_MAX)
		return false;
	return vq->dev->features & (1ULL << VIRTIO_F_RING_PACKED) || is_power_of_2(num);
}

static long set_num_exec(struct vx_vq *vq, void __user *argp)
{
	struct vhost_vring_state s;

	if (busy(vq))
		return -EBUSY;
	if (copy_from_user(&s, argp, sizeof(s)))
		return -EFAULT;
	if (!num_valid(vq, s.num))
		return -EINVAL;
	vq->num = s.num;
	return 0;
}

static bool addr_valid(const struct vhost_vring_addr *a)
{
	return !(a->desc_user_addr % VRING_DESC_ALIGN_SIZE || a->avail_user_addr % VRING_AVAIL_ALIGN_SIZE ||
		 a->used_user_addr % VRING_USED_ALIGN_SIZE || a->log_guest_addr % sizeof(u32));
}

/* Migration turns the log of a vring on while it runs. */
static int addr_change(struct vx_vq *vq, const struct vhost_vring_addr *addr)
{
	const struct vx_mem_table *mem = vq->ring.iotlb ? vq->dev->iotlb.table : vq->dev->mem;
	struct vx_mem_miss miss;
	struct vx_vring_addr a;
	int err;

	if (!vx_vq_live(vq))
		return 0;
	err = vx_vq_translate(vq, addr, mem, &a, &miss);
	if (err == -EAGAIN) {
		vx_vq_pause(vq);
		return 0;
	}
	return err || vx_vring_set_addr(&vq->ring, &a) ? -EINVAL : 0;
}

static long set_addr_exec(struct vx_vq *vq, void __user *argp)
{
	struct vhost_vring_addr addr;
	int err;

	if (copy_from_user(&addr, argp, sizeof(addr)))
		return -EFAULT;
	if (addr.flags & ~BIT(VHOST_VRING_F_LOG))
		return -EOPNOTSUPP;
	if (addr.desc_user_addr != (unsigned long)addr.desc_user_addr ||
	    addr.avail_user_addr != (unsigned long)addr.avail_user_addr ||
	    addr.used_user_addr != (unsigned long)addr.used_user_addr)
		return -EFAULT;
	if (!addr_valid(&addr))
		return -EINVAL;
	vx_vq_lock(vq);
	err = addr_change(vq, &addr);
	if (!err) {
		vq->addr = addr;
		vq->addr_set = true;
		/* What it asked the VMM was where the former ring lies. */
		if (vq->wants_start) {
			vx_iotlb_forget(vq);
			vx_vq_wake(vq);
		}
	}
	vx_vq_unlock(vq);
	return err;
}

static long set_base_exec(struct vx_vq *vq, void __user *argp)
{
	struct vhost_vring_state s;

	if (busy(vq))
		return -EBUSY;
	if (copy_from_user(&s, argp, sizeof(s)))
		return -EFAULT;
	if (s.num > 0xffff && !(vq->dev->features & (1ULL << VIRTIO_F_RING_PACKED)))
		return -EINVAL;
	vq->base = s.num;
	return 0;
}

static long put_state(struct vx_vq *vq, void __user *argp, u32 num)
{
	struct vhost_vring_state s = { .index = vq->dir, .num = num };

	return copy_to_user(argp, &s, sizeof(s)) ? -EFAULT : 0;
}

static long get_base_exec(struct vx_vq *vq, void __user *argp)
{
	u32 base;

	vx_vq_lock(vq);
	base = vx_vq_base(vq);
	vx_vq_unlock(vq);
	return put_state(vq, argp, base);
}

/* Rings are little-endian, whatever the guest: VIRTIO_F_VERSION_1 has no others. */
static long set_endian_exec(struct vx_vq *vq, void __user *argp)
{
	struct vhost_vring_state s;

	if (busy(vq))
		return -EBUSY;
	if (copy_from_user(&s, argp, sizeof(s)))
		return -EFAULT;
	if (s.num == VHOST_VRING_BIG_ENDIAN)
		return -EOPNOTSUPP;
	return s.num == VHOST_VRING_LITTLE_ENDIAN ? 0 : -EINVAL;
}

static long set_busyloop_exec(struct vx_vq *vq, void __user *argp)
{
	struct vhost_vring_state s;

	if (copy_from_user(&s, argp, sizeof(s)))
		return -EFAULT;
	WRITE_ONCE(vq->busyloop, s.num);
	return 0;
}

/* --- eventfds --- */

void vx_vq_set_eventfd(struct vx_vq *vq, struct eventfd_ctx **slot, struct eventfd_ctx *ctx)
{
	vx_vq_lock(vq);
	swap(*slot, ctx);
	/* A call that was due while there was another eventfd, or none, must not be lost; one too many does no harm. */
	if (slot == &vq->call && *slot && vx_vq_live(vq))
		eventfd_signal(*slot);
	vx_vq_unlock(vq);
	if (ctx)
		eventfd_ctx_put(ctx);
}

/* The callback takes no lock of ours: it may be removed under the mutex. */
int vx_vq_set_kick(struct vx_vq *vq, struct file *file)
{
	struct file *old;
	int err = 0;

	vx_vq_lock(vq);
	old = vq->kick;
	if (vq->head)
		remove_wait_queue(vq->head, &vq->wait);
	vq->head = NULL;
	vq->kick = file;
	if (file && vfs_poll(file, &vq->table) & EPOLLERR)
		err = -EINVAL;
	vx_vq_unlock(vq);
	if (old)
		fput(old);
	vx_vq_wake(vq);
	return err;
}

static long set_kick_exec(struct vx_vq *vq, void __user *argp)
{
	struct vhost_vring_file f;
	struct file *file = NULL;

	if (copy_from_user(&f, argp, sizeof(f)))
		return -EFAULT;
	if (f.fd != VHOST_FILE_UNBIND)
		file = eventfd_fget(f.fd);
	if (IS_ERR(file))
		return PTR_ERR(file);
	return vx_vq_set_kick(vq, file);
}

static long set_eventfd_exec(struct vx_vq *vq, struct eventfd_ctx **slot, void __user *argp)
{
	struct eventfd_ctx *ctx = NULL;
	struct vhost_vring_file f;

	if (copy_from_user(&f, argp, sizeof(f)))
		return -EFAULT;
	if (f.fd != VHOST_FILE_UNBIND)
		ctx = eventfd_ctx_fdget(f.fd);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);
	vx_vq_set_eventfd(vq, slot, ctx);
	return 0;
}

static long vring_exec(struct vx_vq *vq, unsigned int cmd, void __user *argp)
{
	switch (cmd) {
	case VHOST_SET_VRING_NUM:
		return set_num_exec(vq, argp);
	case VHOST_SET_VRING_ADDR:
		return set_addr_exec(vq, argp);
	case VHOST_SET_VRING_BASE:
		return set_base_exec(vq, argp);
	case VHOST_GET_VRING_BASE:
		return get_base_exec(vq, argp);
	case VHOST_SET_VRING_ENDIAN:
		return set_endian_exec(vq, argp);
	case VHOST_GET_VRING_ENDIAN:
		return put_state(vq, argp, VHOST_VRING_LITTLE_ENDIAN);
	case VHOST_SET_VRING_BUSYLOOP_TIMEOUT:
		return set_busyloop_exec(vq, argp);
	case VHOST_GET_VRING_BUSYLOOP_TIMEOUT:
		return put_state(vq, argp, vq->busyloop);
	case VHOST_SET_VRING_KICK:
		return set_kick_exec(vq, argp);
	case VHOST_SET_VRING_CALL:
		return set_eventfd_exec(vq, &vq->call, argp);
	case VHOST_SET_VRING_ERR:
		return set_eventfd_exec(vq, &vq->err, argp);
	default:
		return -ENOIOCTLCMD;
	}
}

static bool is_vring_ioctl(unsigned int cmd)
{
	switch (cmd) {
	case VHOST_SET_VRING_NUM:
	case VHOST_SET_VRING_ADDR:
	case VHOST_SET_VRING_BASE:
	case VHOST_GET_VRING_BASE:
	case VHOST_SET_VRING_ENDIAN:
	case VHOST_GET_VRING_ENDIAN:
	case VHOST_SET_VRING_BUSYLOOP_TIMEOUT:
	case VHOST_GET_VRING_BUSYLOOP_TIMEOUT:
	case VHOST_SET_VRING_KICK:
	case VHOST_SET_VRING_CALL:
	case VHOST_SET_VRING_ERR:
		return true;
	default:
		return false;
	}
}

/* The argument of each of them begins with the index. */
long vx_vq_ioctl(struct vx_dev *dev, unsigned int cmd, void __user *argp)
{
	u32 index;

	if (!is_vring_ioctl(cmd))
		return -ENOIOCTLCMD;
	if (get_user(index, (u32 __user *)argp))
		return -EFAULT;
	if (index >= VX_DIRECTIONS)
		return -ENOBUFS;
	return vring_exec(&dev->vq[array_index_nospec(index, VX_DIRECTIONS)], cmd, argp);
}
