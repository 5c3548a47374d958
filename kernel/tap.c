// SPDX-License-Identifier: GPL-2.0-only
/* Data fds: how they come and go. What they do is in tap_io.c and tap_ioctl.c. */
#include <linux/anon_inodes.h>
#include <linux/compat.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/if_tun.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include "count.h"
#include "port_list.h"
#include "tap.h"
#include "tap_file.h"

/* Under port->lock. */
static struct vx_pair *free_pair(struct vx_port *port, u32 index)
{
	u32 i;

	if (port->deleted)
		return ERR_PTR(-ENOENT);
	if (!port->host_ifindex)
		return ERR_PTR(-ENOTCONN);
	if (index != VX_TAP_ANY_PAIR && index >= port->npairs)
		return ERR_PTR(-EINVAL);
	for (i = 0; i < port->npairs; i++)
		if ((index == VX_TAP_ANY_PAIR || index == i) && !port->pair[i].opened)
			return &port->pair[i];
	return ERR_PTR(-EBUSY);
}

static int take_pair(struct vx_tap *t, struct vx_port *port, u32 index)
{
	struct vx_pair *pair;

	mutex_lock(&port->lock);
	pair = free_pair(port, index);
	if (!IS_ERR(pair)) {
		pair->opened = true;
		pair->reader = t->reader;
		t->pair = pair;
		/* Somebody takes frames now. */
		if (t->reader)
			vx_port_assign(port);
	}
	mutex_unlock(&port->lock);
	return PTR_ERR_OR_ZERO(pair);
}

/* What came for this reader is not for the next one, who may be at the door already. */
static void leave_pair(struct vx_tap *t)
{
	struct vx_port *port = t->pair->port;

	mutex_lock(&port->lock);
	t->pair->opened = false;
	t->pair->reader = false;
	if (t->reader)
		vx_port_assign(port);
	mutex_unlock(&port->lock);
}

struct vx_tap *vx_tap_new(struct vx_port *port, u32 pair, u32 flags)
{
	struct vx_tap *t;
	int err;

	t = kzalloc(sizeof(*t), GFP_KERNEL_ACCOUNT);
	if (!t)
		return ERR_PTR(-ENOMEM);
	t->reader = flags & VHOST_XDP_OPEN_READ;
	mutex_init(&t->lock);
	vx_tap_ioctl_init(t);
	err = vx_tap_io_init(t);
	if (err)
		goto err_free;
	err = take_pair(t, port, pair);
	if (err)
		goto err_io;
	vx_count(VX_COUNT_DATA_FDS, 1);
	return t;

err_io:
	vx_tap_io_exit(t);
err_free:
	kfree(t);
	return ERR_PTR(err);
}

/* No vring of a vhost device uses the pair any more: each of them holds the file. */
void vx_tap_free(struct vx_tap *t)
{
	struct vx_port *port = t->pair->port;

	vx_tap_io_exit(t);
	leave_pair(t);
	vx_count(VX_COUNT_DATA_FDS, -1);
	kfree(t);
	vx_port_put(port);
}

static int tap_release(struct inode *inode, struct file *file)
{
	vx_tap_free(file->private_data);
	return 0;
}

const struct file_operations vx_tap_fops = {
	.owner = THIS_MODULE,
	.open = vx_tap_node_open,	/* of a node; an anonymous file comes open */
	.release = tap_release,
	.read_iter = vx_tap_read,
	.write_iter = vx_tap_write,
	.poll = vx_tap_poll,
	.unlocked_ioctl = vx_tap_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

int vx_tap_open_fd(struct vx_port *port, u32 pair, u32 flags)
{
	struct file *file;
	struct vx_tap *t;
	int fd, err;

	if (pair == VX_TAP_ANY_PAIR)
		return -EINVAL;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	vx_port_get(port);
	t = vx_tap_new(port, pair, flags);
	if (IS_ERR(t)) {
		err = PTR_ERR(t);
		goto err_port;
	}
	file = anon_inode_getfile("[vhost-xdp-port]", &vx_tap_fops, t, O_RDWR);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		goto err_tap;
	}
	fd_install(fd, file);
	return fd;

err_tap:
	vx_tap_free(t);
	put_unused_fd(fd);
	return err;
err_port:
	vx_port_put(port);
	put_unused_fd(fd);
	return err;
}

struct vx_pair *vx_tap_pair(struct file *file)
{
	struct vx_tap *t;

	if (file->f_op != &vx_tap_fops)
		return NULL;
	t = file->private_data;
	return t->pair;
}

static const struct {
	u32 tun;
	u64 virtio;
} guest_gets[] = {
	{ TUN_F_CSUM, 1ULL << VIRTIO_NET_F_GUEST_CSUM },
	{ TUN_F_TSO4, 1ULL << VIRTIO_NET_F_GUEST_TSO4 },
	{ TUN_F_TSO6, 1ULL << VIRTIO_NET_F_GUEST_TSO6 },
	{ TUN_F_TSO_ECN, 1ULL << VIRTIO_NET_F_GUEST_ECN },
	{ TUN_F_USO4, 1ULL << VIRTIO_NET_F_GUEST_USO4 },
	{ TUN_F_USO6, 1ULL << VIRTIO_NET_F_GUEST_USO6 },
};

u64 vx_tap_features(struct file *file)
{
	const struct vx_tap *t = file->private_data;
	u32 i, offload = READ_ONCE(t->offload);
	u64 features = vx_tap_guest_may_send(READ_ONCE(t->flags));

	for (i = 0; i < ARRAY_SIZE(guest_gets); i++)
		if (offload & guest_gets[i].tun)
			features |= guest_gets[i].virtio;
	return features;
}

void vx_tap_changed(struct vx_port *port)
{
	u32 i;

	for (i = 0; i < port->npairs; i++)
		wake_up_interruptible_poll(&port->pair[i].user_wait, EPOLLIN | EPOLLRDNORM);
}
