// SPDX-License-Identifier: GPL-2.0-only
/* What there is to tell of a port. */
#include <linux/bpf.h>
#include "port_list.h"
#include "vq.h"

/*
 * Under the lock of whoever reads the socket: only so do owners of frames add up. A worker that waits for its guest's memory keeps the
 * lock, and is not made to let go of it for who only asks: but then it moves no frame either.
 */
static void socket_info(struct vx_pair *pair, struct vhost_xdp_pair_info *info)
{
	struct vx_vq *vq = pair->sock_vq;
	bool locked = false;

	if (!pair->sock)
		return;
	if (vq)
		locked = vx_vq_lock_soon(vq);
	else
		mutex_lock(&pair->user_lock);
	vx_socket_info(pair->sock, info);
	if (locked)
		vx_vq_unlock(vq);
	if (!vq)
		mutex_unlock(&pair->user_lock);
}

static void vring_info(struct vx_vq *vq, struct vhost_xdp_vring_info *info)
{
	if (vq)
		vx_vq_info(vq, info);
	else
		info->worker_cpu = -1;
}

static void pair_info(struct vx_pair *pair, struct vhost_xdp_pair_info *info)
{
	vring_info(pair->vq[VX_TO_GUEST], &info->to_guest);
	vring_info(pair->vq[VX_FROM_GUEST], &info->from_guest);
	socket_info(pair, info);
	info->data_fd = pair->opened;
}

/* A vhost device has one queue pair: each pair with a vring has one. */
static u32 count_vmms(const struct vx_port *port)
{
	u32 i, n = 0;

	for (i = 0; i < port->npairs; i++)
		n += port->pair[i].vq[VX_TO_GUEST] || port->pair[i].vq[VX_FROM_GUEST];
	return n;
}

static u32 prog_id(struct vx_port *port)
{
	u32 id;

	mutex_lock(&port->prog_lock);
	id = port->prog ? port->prog->aux->id : 0;
	mutex_unlock(&port->prog_lock);
	return id;
}

static u64 pages_given(const struct vx_port *port)
{
	u64 n = 0;
	u32 i;

	for (i = 0; i < port->npairs; i++)
		n += vx_sink_given(&port->pair[i].sink);
	return n;
}

/* The netdevs may have left while nobody has come to give back the rest. */
static enum vhost_xdp_port_state port_state(struct vx_port *port)
{
	return port->state == VHOST_XDP_PORT_ATTACHED && vx_port_gone(port) ? VHOST_XDP_PORT_DOWN : port->state;
}

int vx_port_info(struct vx_port *port, struct vhost_xdp_port_info *info, struct vhost_xdp_pair_info *pairs)
{
	u64 user_pairs = info->pairs;
	u32 i;
	int err = mutex_lock_interruptible(&port->lock);

	if (err)
		return err;
	if (port->deleted) {
		mutex_unlock(&port->lock);
		return -ENOENT;
	}
	memset(info, 0, sizeof(*info));
	strscpy(info->name, port->name, sizeof(info->name));
	info->npairs = port->npairs;
	info->mtu = port->mtu;
	info->host_ifindex = port->host_ifindex;
	info->guest_ifindex = port->guest_ifindex;
	info->netns = port->netns;
	info->pairs = user_pairs;
	info->vmms = count_vmms(port);
	info->prog_id = prog_id(port);
	info->pages_given = pages_given(port);
	for (i = 0; i < port->npairs && pairs; i++)
		pair_info(&port->pair[i], &pairs[i]);
	info->state = port_state(port);
	vx_port_error(port, info->error);
	mutex_unlock(&port->lock);
	return 0;
}
