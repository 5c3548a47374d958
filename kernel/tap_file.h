/* SPDX-License-Identifier: GPL-2.0-only */
/* Private to tap*.c: one open data fd. */
#ifndef VX_TAP_FILE_H
#define VX_TAP_FILE_H

#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include "port.h"

struct vx_tap_send;

struct vx_tap {
	struct vx_pair *pair;		/* its port is referenced */
	bool reader;

	/*
	 * Everything below. Taken before any lock of port.h, and held over accesses to the VMM's memory: it keeps nobody waiting but
	 * the VMM itself.
	 */
	struct mutex lock;
	u32 flags;			/* IFF_* */
	u32 offload;			/* TUN_F_*; also read without the lock, as is .flags */
	int vnet_hdr_len;		/* with IFF_VNET_HDR */
	int sndbuf;
	bool vnet_le;
	bool detached;			/* by TUNSETQUEUE; also read without the lock */
	struct vx_tap_send *send;	/* made by the first write */
	u8 *bounce;			/* readers: one frame */

	/* Counted here and not yet in the engine page, whose counters may be a vring's to write. */
	struct vx_queue_stats stats[VX_DIRECTIONS];
	bool counted[VX_DIRECTIONS];
	struct delayed_work fold;
};

/* What stands before each frame. Under t->lock. */
static inline u32 vx_tap_hdr_len(const struct vx_tap *t)
{
	return t->flags & IFF_VNET_HDR ? t->vnet_hdr_len : 0;
}

extern const struct file_operations vx_tap_fops;

/* A data fd of this pair, or of the lowest that has none (VX_TAP_ANY_PAIR). Takes over a reference on the port if it succeeds. */
#define VX_TAP_ANY_PAIR	U32_MAX
struct vx_tap *vx_tap_new(struct vx_port *port, u32 pair, u32 flags);
void vx_tap_free(struct vx_tap *t);

/* tap_ioctl.c */
long vx_tap_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
void vx_tap_ioctl_init(struct vx_tap *t);
u64 vx_tap_guest_may_send(u32 flags);

/* tap_io.c */
ssize_t vx_tap_read(struct kiocb *iocb, struct iov_iter *to);
ssize_t vx_tap_write(struct kiocb *iocb, struct iov_iter *from);
__poll_t vx_tap_poll(struct file *file, poll_table *table);
void vx_tap_set_detached(struct vx_tap *t, bool detached);	/* under t->lock */
int vx_tap_io_init(struct vx_tap *t);
void vx_tap_io_exit(struct vx_tap *t);

/* tap_count.c: t->stats, where t->counted, into the engine page; now or soon. Under t->lock. */
void vx_tap_fold(struct vx_tap *t);
void vx_tap_count_init(struct vx_tap *t);
void vx_tap_count_exit(struct vx_tap *t);

/* tap_node.c */
int vx_tap_node_open(struct inode *inode, struct file *file);

#endif
