// SPDX-License-Identifier: GPL-2.0-only
/* Device IOTLB: questions to the VMM, and its answers. */
#include <linux/fs.h>
#include <linux/uio.h>

#include "dev.h"

void vx_iotlb_init(struct vx_iotlb *t)
{
	spin_lock_init(&t->lock);
	init_waitqueue_head(&t->wait);
}

int vx_iotlb_enable(struct vx_iotlb *t)
{
	if (!t->table)
		t->table = vx_mem_iotlb_new(VX_MEM_IOTLB_MAX);
	return t->table ? 0 : -ENOMEM;
}

void vx_iotlb_reset(struct vx_dev *dev)
{
	u32 i;

	for (i = 0; i < VX_DIRECTIONS; i++)
		vx_iotlb_forget(&dev->vq[i]);
	vx_mem_table_free(dev->iotlb.table);
	dev->iotlb.table = NULL;
	/* Who waits for questions of a device that has none sleeps for ever. */
	wake_up_interruptible_all(&dev->iotlb.wait);
}

static bool enabled(const struct vx_dev *dev)
{
	return READ_ONCE(dev->features) & (1ULL << VIRTIO_F_ACCESS_PLATFORM);
}

/* --- questions --- */

void vx_iotlb_ask(struct vx_vq *vq, const struct vx_mem_miss *miss)
{
	struct vx_iotlb *t = &vq->dev->iotlb;
	struct vx_question *q = &vq->question;
	bool again;

	vq->missed = true;
	spin_lock(&t->lock);
	again = q->miss.access == miss->access && q->miss.iova == miss->iova;
	if (!again) {
		q->miss = *miss;
		q->read = false;
	}
	spin_unlock(&t->lock);
	if (!again)
		wake_up_interruptible_poll(&t->wait, EPOLLIN | EPOLLRDNORM);
}

void vx_iotlb_forget(struct vx_vq *vq)
{
	struct vx_iotlb *t = &vq->dev->iotlb;

	vq->missed = false;
	spin_lock(&t->lock);
	vq->question.miss.access = 0;
	spin_unlock(&t->lock);
}

static struct vx_question *unread(struct vx_dev *dev)
{
	u32 i;

	for (i = 0; i < VX_DIRECTIONS; i++) {
		struct vx_question *q = &dev->vq[i].question;

		if (q->miss.access && !q->read)
			return q;
	}
	return NULL;
}

static bool take_question(struct vx_dev *dev, struct vx_mem_miss *miss)
{
	struct vx_question *q;

	spin_lock(&dev->iotlb.lock);
	q = unread(dev);
	if (q) {
		q->read = true;
		*miss = q->miss;
	}
	spin_unlock(&dev->iotlb.lock);
	return q;
}

/* The VMM does not know it after all. */
static void put_back(struct vx_dev *dev, const struct vx_mem_miss *miss)
{
	u32 i;

	spin_lock(&dev->iotlb.lock);
	for (i = 0; i < VX_DIRECTIONS; i++) {
		struct vx_question *q = &dev->vq[i].question;

		if (q->miss.access == miss->access && q->miss.iova == miss->iova)
			q->read = false;
	}
	spin_unlock(&dev->iotlb.lock);
	wake_up_interruptible_poll(&dev->iotlb.wait, EPOLLIN | EPOLLRDNORM);
}

static int wait_question(struct vx_dev *dev, struct vx_mem_miss *miss, bool nonblock)
{
	bool got = take_question(dev, miss);
	int err;

	if (got)
		return 0;
	if (nonblock)
		return -EAGAIN;
	err = wait_event_interruptible(dev->iotlb.wait, (got = take_question(dev, miss)) || !enabled(dev));
	return got ? 0 : err ? err : -EBADFD;
}

/* Both versions of the message, padding included: what goes to user space was zero before (CVE-2024-0340). */
ssize_t vx_iotlb_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct vx_dev *dev = iocb->ki_filp->private_data;
	bool v2 = READ_ONCE(dev->backend_features) & (1ULL << VHOST_BACKEND_F_IOTLB_MSG_V2);
	bool nonblock = iocb->ki_filp->f_flags & O_NONBLOCK || iocb->ki_flags & IOCB_NOWAIT;
	struct vhost_iotlb_msg *msg;
	struct vx_mem_miss miss;
	union {
		struct vhost_msg v1;
		struct vhost_msg_v2 v2;
	} m;
	int err;

	BUILD_BUG_ON(sizeof(m.v1) != sizeof(m.v2));
	if (iov_iter_count(to) < sizeof(m))
		return 0;
	err = wait_question(dev, &miss, nonblock);
	if (err)
		return err;
	memset(&m, 0, sizeof(m));
	if (v2)
		m.v2.type = VHOST_IOTLB_MSG_V2;
	else
		m.v1.type = VHOST_IOTLB_MSG;
	msg = v2 ? &m.v2.iotlb : &m.v1.iotlb;
	msg->type = VHOST_IOTLB_MISS;
	msg->iova = miss.iova;
	msg->perm = miss.access;
	if (copy_to_iter(&m, sizeof(m), to) == sizeof(m))
		return sizeof(m);
	put_back(dev, &miss);
	return -EFAULT;
}

__poll_t vx_iotlb_poll(struct file *file, poll_table *wait)
{
	struct vx_dev *dev = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &dev->iotlb.wait, wait);
	spin_lock(&dev->iotlb.lock);
	if (unread(dev))
		mask = EPOLLIN | EPOLLRDNORM;
	spin_unlock(&dev->iotlb.lock);
	return mask;
}

/* --- answers; under dev->mutex and the mutexes of both vrings --- */

/* Of a range that may end at the last address. */
static bool covers(const struct vhost_iotlb_msg *m, u64 iova)
{
	return iova >= m->iova && iova - m->iova < m->size;
}

static bool overlaps(const struct vhost_iotlb_msg *m, u64 iova, u64 size)
{
	return covers(m, iova) || (m->iova >= iova && m->iova - iova < size);
}

static bool has_ring(const struct vx_vq *vq, const struct vhost_iotlb_msg *m)
{
	struct vx_ring_sizes s = vx_vq_ring_sizes(vq);

	return vx_vq_live(vq) && vq->ring.iotlb &&
	       (overlaps(m, vq->addr.desc_user_addr, s.desc) || overlaps(m, vq->addr.avail_user_addr, s.avail) ||
		overlaps(m, vq->addr.used_user_addr, s.used));
}

/* The ring may lie elsewhere now. A vring that goes on where it was notices nothing. */
static void move_ring(struct vx_vq *vq)
{
	struct vx_mem_miss miss;
	struct vx_vring_addr a;

	if (vx_vq_translate(vq, &vq->addr, vq->dev->iotlb.table, &a, &miss) || vx_vring_set_addr(&vq->ring, &a))
		vx_vq_pause(vq);
}

static int update(struct vx_dev *dev, const struct vhost_iotlb_msg *m)
{
	u32 i;

	if (!dev->mem || vx_mem_iotlb_map(dev->iotlb.table, dev->mem, m->iova, m->size, m->uaddr, m->perm))
		return -EFAULT;
	for (i = 0; i < VX_DIRECTIONS; i++) {
		struct vx_vq *vq = &dev->vq[i];

		if (has_ring(vq, m))
			move_ring(vq);
		if (vq->missed && covers(m, vq->question.miss.iova)) {
			vx_iotlb_forget(vq);
			vx_vq_wake(vq);
		}
	}
	return 0;
}

static int invalidate(struct vx_dev *dev, const struct vhost_iotlb_msg *m)
{
	u32 i;

	vx_mem_iotlb_unmap(dev->iotlb.table, m->iova, m->size);
	for (i = 0; i < VX_DIRECTIONS; i++)
		if (has_ring(&dev->vq[i], m))
			vx_vq_pause(&dev->vq[i]);
	return 0;
}

void vx_iotlb_clear(struct vx_dev *dev)
{
	u32 i;

	if (!dev->iotlb.table)
		return;
	vx_mem_iotlb_clear(dev->iotlb.table);
	for (i = 0; i < VX_DIRECTIONS; i++)
		if (vx_vq_live(&dev->vq[i]) && dev->vq[i].ring.iotlb)
			vx_vq_pause(&dev->vq[i]);
}

static int handle(struct vx_dev *dev, const struct vhost_iotlb_msg *m)
{
	int err = -EFAULT;

	mutex_lock(&dev->mutex);
	if (enabled(dev) && dev->iotlb.table) {
		vx_dev_lock_vqs(dev);
		if (m->type == VHOST_IOTLB_UPDATE)
			err = update(dev, m);
		else if (m->type == VHOST_IOTLB_INVALIDATE)
			err = invalidate(dev, m);
		vx_dev_unlock_vqs(dev);
	}
	mutex_unlock(&dev->mutex);
	return err;
}

/* errno values are those of vhost: whatever is wrong with a message that could be read is EFAULT, but for a size of 0. */
ssize_t vx_iotlb_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct vx_dev *dev = iocb->ki_filp->private_data;
	struct vhost_iotlb_msg m;
	size_t skip;
	int type;

	if (copy_from_iter(&type, sizeof(type), from) != sizeof(type))
		return -EINVAL;
	if (type == VHOST_IOTLB_MSG)
		skip = offsetof(struct vhost_msg, iotlb) - sizeof(type);
	else if (type == VHOST_IOTLB_MSG_V2)
		skip = offsetof(struct vhost_msg_v2, iotlb) - sizeof(type);
	else
		return -EINVAL;
	if (iov_iter_count(from) < skip)
		return -EINVAL;
	iov_iter_advance(from, skip);
	if (copy_from_iter(&m, sizeof(m), from) != sizeof(m))
		return -EINVAL;
	if (m.type == VHOST_IOTLB_UPDATE && !m.size)
		return -EINVAL;
	if (handle(dev, &m))
		return -EFAULT;
	return type == VHOST_IOTLB_MSG ? sizeof(struct vhost_msg) : sizeof(struct vhost_msg_v2);
}
