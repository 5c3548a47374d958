// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames that a VMM writes to and reads from a data fd itself.
 *
 * Written ones take the vring's way: the caller's buffers are the pieces of one chain, which the same pump reads and judges
 * (CVE-2024-41090). Read ones come from the pair's own socket while no vring reads it.
 */
#include <linux/fs.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include "inlet.h"
#include "pump.h"
#include "sink.h"
#include "tap_file.h"
#include "vnet_hdr.h"

struct vx_tap_send {
	struct vx_tx tx;
	struct vx_iov iov[UIO_MAXIOV];
};

/* --- write --- */

static int send_setup(struct vx_tap *t)
{
	struct vx_tap_send *send = t->send;

	if (!send) {
		send = kvzalloc(sizeof(*send), GFP_KERNEL_ACCOUNT);
		if (!send)
			return -ENOMEM;
		vx_tx_init(&send->tx, NULL, &vx_page_sink, &t->pair->sink, &t->stats[VX_FROM_GUEST], 0,
			   t->pair->port->mtu + ETH_HLEN);
		t->send = send;
	}
	send->tx.features = vx_tap_guest_may_send(t->flags);
	send->tx.hdr_len = vx_tap_hdr_len(t);
	return 0;
}

/* The caller's buffers as pieces of a chain. Buffers of the kernel's own have no place there. */
static int user_pieces(const struct iov_iter *from, struct vx_iov *iov, u32 max)
{
	size_t left = iov_iter_count(from), skip = from->iov_offset;
	const struct iovec *v;
	u32 n = 0;

	if (iter_is_ubuf(from)) {
		iov[0] = (struct vx_iov){ .uaddr = (uintptr_t)from->ubuf + skip, .len = left };
		return 1;
	}
	if (!iter_is_iovec(from))
		return -EINVAL;
	for (v = iter_iov(from); left; v++) {
		size_t len = min(v->iov_len - skip, left);

		if (n == max)
			return -EINVAL;
		if (len)
			iov[n++] = (struct vx_iov){ .uaddr = (uintptr_t)v->iov_base + skip, .len = len };
		left -= len;
		skip = 0;
	}
	return n;
}

static int write_error(enum vx_reason reason)
{
	switch (reason) {
	case VX_REASON_RUNT:
	case VX_REASON_BAD_VNET_HDR:
	case VX_REASON_BAD_CSUM:
	case VX_REASON_BAD_GSO:
	case VX_REASON_BAD_DESC:
		return -EINVAL;
	case VX_REASON_GUEST_FAULT:
		return -EFAULT;
	default:	/* sent, or lost on a way where frames are lost */
		return 0;
	}
}

/* Under t->lock. */
static int write_frame(struct vx_tap *t, const struct iov_iter *from)
{
	enum vx_reason reason;
	int n, err;

	err = send_setup(t);
	if (err)
		return err;
	n = user_pieces(from, t->send->iov, ARRAY_SIZE(t->send->iov));
	if (n < 0)
		return n;
	t->counted[VX_FROM_GUEST] = true;
	if (t->detached) {
		vx_stat_drop(&t->stats[VX_FROM_GUEST], VX_REASON_QUEUE_STOPPED, 1);
		return 0;
	}
	reason = vx_tx_one(&t->send->tx, t->send->iov, n);
	return write_error(reason);
}

ssize_t vx_tap_write(struct kiocb *iocb, struct iov_iter *from)
{
	struct vx_tap *t = iocb->ki_filp->private_data;
	size_t len = iov_iter_count(from);
	int err;

	if (!len)
		return -EINVAL;
	if (mutex_lock_interruptible(&t->lock))
		return -ERESTARTSYS;
	err = write_frame(t, from);
	vx_tap_fold(t);
	mutex_unlock(&t->lock);
	if (err)
		return err;
	iov_iter_advance(from, len);
	return len;
}

/* --- read --- */

static bool readable(struct vx_tap *t)
{
	struct vx_pair *pair = t->pair;
	bool yes;

	if (!t->reader || READ_ONCE(t->detached))
		return false;
	mutex_lock(&pair->user_lock);
	yes = pair->user_sock && (vx_xsk_rx_pending(&pair->user_sock->x) ||
				  (pair->user_sock->inlet && vx_inlet_pending(pair->user_sock->inlet)));
	mutex_unlock(&pair->user_lock);
	return yes;
}

/* The next frame of a source, into t->bounce: its length, or 0. */
static u32 take_from(struct vx_tap *t, const struct vx_source_ops *source, void *ctx)
{
	struct vx_frame f;
	u32 len;

	if (!source->peek(ctx, &f, 1, &t->stats[VX_TO_GUEST]))
		return 0;
	len = min_t(u32, f.len, PAGE_SIZE);
	memcpy(t->bounce, f.data, len);
	source->release(ctx, &f, 1, 1);
	return len;
}

/* Behind what the program drops. What comes while we look wakes us again. */
static u32 take_from_inlet(struct vx_tap *t, struct vx_inlet_queue *q)
{
	u32 looks = VX_INLET_LOOKS, len = 0;

	while (!len && looks-- && vx_inlet_pending(q))
		len = take_from(t, &vx_inlet_source, q);
	return len;
}

/* The next of the pair's socket and its inlet. Under t->lock. */
static u32 take_frame(struct vx_tap *t)
{
	struct vx_pair *pair = t->pair;
	struct vx_queue_stats *st = &t->stats[VX_TO_GUEST];
	struct vx_socket *sock;
	u32 len = 0;

	mutex_lock(&pair->user_lock);
	sock = pair->user_sock;
	if (sock && !t->detached) {
		t->counted[VX_TO_GUEST] = true;
		len = take_from(t, &vx_xsk_source, &sock->x);
		if (!len && sock->inlet)
			len = take_from_inlet(t, sock->inlet);
		vx_socket_fold(sock, st);
		vx_socket_fill(sock);
	}
	mutex_unlock(&pair->user_lock);
	return len;
}

/* As much of it as there is room for, like any tap. Under t->lock. */
static ssize_t read_frame(struct vx_tap *t, struct iov_iter *to)
{
	static const u8 zero[VX_VNET_HDR_MAX];
	struct vx_queue_stats *st = &t->stats[VX_TO_GUEST];
	u32 hdr_len = vx_tap_hdr_len(t), len;
	size_t room = iov_iter_count(to);

	if (room < hdr_len)
		return -EINVAL;
	len = take_frame(t);
	if (!len)
		return -EAGAIN;
	room = min_t(size_t, room - hdr_len, len);
	if (copy_to_iter(zero, hdr_len, to) != hdr_len || copy_to_iter(t->bounce, room, to) != room) {
		vx_stat_drop(st, VX_REASON_GUEST_FAULT, 1);
		return -EFAULT;
	}
	vx_stat_add(st->packets, 1);
	vx_stat_add(st->bytes, len);
	return hdr_len + room;
}

static ssize_t try_read(struct vx_tap *t, struct iov_iter *to)
{
	ssize_t n;

	if (!t->reader)
		return -EAGAIN;
	if (mutex_lock_interruptible(&t->lock))
		return -ERESTARTSYS;
	n = read_frame(t, to);
	vx_tap_fold(t);
	mutex_unlock(&t->lock);
	return n;
}

ssize_t vx_tap_read(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct vx_tap *t = file->private_data;
	DEFINE_WAIT_FUNC(wait, woken_wake_function);
	ssize_t n;

	if (!iov_iter_count(to))
		return 0;
	if ((file->f_flags & O_NONBLOCK) || (iocb->ki_flags & IOCB_NOWAIT))
		return try_read(t, to);
	add_wait_queue(&t->pair->user_wait, &wait);
	while ((n = try_read(t, to)) == -EAGAIN) {
		if (signal_pending(current)) {
			n = -ERESTARTSYS;
			break;
		}
		wait_woken(&wait, TASK_INTERRUPTIBLE, MAX_SCHEDULE_TIMEOUT);
	}
	remove_wait_queue(&t->pair->user_wait, &wait);
	return n;
}

__poll_t vx_tap_poll(struct file *file, poll_table *table)
{
	struct vx_tap *t = file->private_data;
	__poll_t mask = EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &t->pair->user_wait, table);
	if (readable(t))
		mask |= EPOLLIN | EPOLLRDNORM;
	return mask;
}

/* --- the queue is taken off, and put back --- */

/* What came meanwhile was for nobody. */
static void throw_away(struct vx_tap *t)
{
	struct vx_pair *pair = t->pair;

	mutex_lock(&pair->user_lock);
	if (pair->user_sock) {
		vx_socket_discard(pair->user_sock, &t->stats[VX_TO_GUEST], VX_REASON_QUEUE_STOPPED);
		t->counted[VX_TO_GUEST] = true;
	}
	mutex_unlock(&pair->user_lock);
	vx_tap_fold(t);
}

void vx_tap_set_detached(struct vx_tap *t, bool detached)
{
	if (t->detached && !detached)
		throw_away(t);
	WRITE_ONCE(t->detached, detached);
	if (!detached)
		wake_up_interruptible_poll(&t->pair->user_wait, EPOLLIN | EPOLLRDNORM);
}

/* --- life --- */

int vx_tap_io_init(struct vx_tap *t)
{
	vx_tap_count_init(t);
	if (!t->reader)
		return 0;
	t->bounce = kmalloc(PAGE_SIZE, GFP_KERNEL_ACCOUNT);
	return t->bounce ? 0 : -ENOMEM;
}

void vx_tap_io_exit(struct vx_tap *t)
{
	vx_tap_count_exit(t);
	kvfree(t->send);
	kfree(t->bounce);
}
