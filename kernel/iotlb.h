/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Device IOTLB of a vhost device (VIRTIO_F_ACCESS_PLATFORM): descriptors and rings are named by IOVAs, which the VMM translates when asked.
 *
 * A vring that misses a translation asks for one thing at a time and then waits for an UPDATE of it: so there are at most as many
 * questions as vrings, however long the VMM takes. The table changes under the mutexes of both vrings.
 */
#ifndef VX_IOTLB_H
#define VX_IOTLB_H

#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include "mem_iotlb.h"

struct iov_iter;
struct vx_dev;
struct vx_vq;

struct vx_iotlb {
	struct vx_mem_table *table;	/* NULL until the first SET_FEATURES that wants it; changed under dev->mutex */
	spinlock_t lock;		/* .question of each vring */
	wait_queue_head_t wait;		/* whoever reads questions */
};

/* What a vring asks the VMM. */
struct vx_question {
	struct vx_mem_miss miss;	/* .access 0: nothing */
	bool read;			/* the VMM knows */
};

void vx_iotlb_init(struct vx_iotlb *t);
int vx_iotlb_enable(struct vx_iotlb *t);
void vx_iotlb_reset(struct vx_dev *dev);

/* The vring cannot go on without it; under vq->mutex. */
void vx_iotlb_ask(struct vx_vq *vq, const struct vx_mem_miss *miss);
/* It can do without. */
void vx_iotlb_forget(struct vx_vq *vq);
/* Translations are void, as the memory table has changed. Under the mutexes of both vrings. */
void vx_iotlb_clear(struct vx_dev *dev);

/* The file operations of the vhost device. */
ssize_t vx_iotlb_read(struct kiocb *iocb, struct iov_iter *to);
ssize_t vx_iotlb_write(struct kiocb *iocb, struct iov_iter *from);
__poll_t vx_iotlb_poll(struct file *file, poll_table *wait);

#endif
