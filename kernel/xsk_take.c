// SPDX-License-Identifier: GPL-2.0-only
/* An AF_XDP socket comes to us, verified, and goes. */
#include <linux/file.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/log2.h>
#include <linux/net.h>
#include <linux/slab.h>
#include <net/xdp_sock.h>
#include <net/xsk_buff_pool.h>
#include "count.h"
#include "port.h"
#include "refuse.h"
#include "xsk.h"
#include "xsk_take.h"

static DEFINE_MUTEX(vx_sockets_lock);
static LIST_HEAD(vx_sockets);

static const char *const ring_name[VX_RINGS] = { "fill", "completion", "rx", "tx" };

/* What is asked of a socket, all taken at one moment. */
struct facts {
	struct xdp_umem *umem;
	struct xsk_buff_pool *pool;
	bool bound, zero_copy, alone;
	const struct net *net;
	int ifindex;
	u16 queue;
};

static struct facts socket_facts(struct socket *sock)
{
	struct xdp_sock *xs = (struct xdp_sock *)sock->sk;
	struct facts f = { 0 };

	mutex_lock(&xs->mutex);
	f.bound = xs->state == XSK_BOUND;
	if (f.bound) {
		f.net = dev_net(xs->dev);
		f.ifindex = xs->dev->ifindex;
		f.queue = xs->queue_id;
		f.umem = xs->umem;
		f.pool = xs->pool;
		f.zero_copy = xs->zc;
		f.alone = xs->pool && refcount_read(&xs->pool->users) == 1;
	}
	mutex_unlock(&xs->mutex);
	return f;
}

/* Resolved once: what is judged is what is held. The socket's file is to be put. */
static struct socket *xsk_lookup(int fd, char *error)
{
	int err = 0;
	struct socket *sock = sockfd_lookup(fd, &err);

	if (!sock)
		return ERR_PTR(vx_refuse(error, err, "fd %d is not a socket", fd));
	if (sock->sk->sk_family == AF_XDP)
		return sock;
	sockfd_put(sock);
	return ERR_PTR(vx_refuse(error, -EPROTOTYPE, "fd %d is not an AF_XDP socket", fd));
}

bool vx_socket_bound_to(const struct vx_socket *s, const struct net_device *guest)
{
	struct xdp_sock *xs = (struct xdp_sock *)s->sock->sk;
	bool yes;

	mutex_lock(&xs->mutex);
	yes = xs->state == XSK_BOUND && xs->dev == guest;
	mutex_unlock(&xs->mutex);
	return yes;
}

static int judge_socket(const struct facts *f, const struct net *net, u32 guest, u32 queue, char *error)
{
	if (!f->bound)
		return vx_refuse(error, -ENXIO, "socket %u is not bound", queue);
	if (!net_eq(f->net, net) || f->ifindex != guest)
		return vx_refuse(error, -ENXIO, "socket %u is bound to another netdev than the guest end", queue);
	if (f->queue != queue)
		return vx_refuse(error, -ENXIO, "socket %u is bound to queue %u", queue, f->queue);
	if (!f->umem || !f->alone)
		return vx_refuse(error, -EINVAL, "socket %u shares its fill and completion rings with another socket", queue);
	return 0;
}

static int judge_umem(const struct xdp_umem *umem, const struct vhost_xdp_socket *desc, u32 queue, u32 mtu, char *error)
{
	u32 chunk = umem->chunk_size, room = XDP_PACKET_HEADROOM + umem->headroom;
	u64 chunks;

	if (umem->flags & XDP_UMEM_UNALIGNED_CHUNK_FLAG || !is_power_of_2(chunk))
		return vx_refuse(error, -EINVAL, "the UMEM of socket %u has unaligned chunks", queue);
	if (chunk <= room || chunk - room < mtu + ETH_HLEN + VLAN_HLEN)
		return vx_refuse(error, -EMSGSIZE, "the UMEM of socket %u has chunks of %u bytes; an MTU of %u needs %u", queue, chunk,
				 mtu, mtu + ETH_HLEN + VLAN_HLEN + room);
	chunks = umem->size / chunk;
	if (desc->frames ? (u64)desc->first_frame + desc->frames > chunks : desc->first_frame)
		return vx_refuse(error, -EINVAL, "socket %u is to use chunks beyond the %llu of its UMEM", queue, chunks);
	return 0;
}

/* The socket that umem_fd names has to have the same UMEM. Sharing is counted by the UMEM: nothing else has to be held. */
static int judge_owner(const struct vhost_xdp_socket *desc, const struct socket *sock, const struct facts *f, u32 queue, char *error)
{
	struct socket *owner;
	bool same;

	if (desc->umem_fd < 0)
		return desc->umem_fd == -1 ? 0 : vx_refuse(error, -EBADF, "socket %u: umem_fd is %d", queue, desc->umem_fd);
	owner = xsk_lookup(desc->umem_fd, error);
	if (IS_ERR(owner))
		return PTR_ERR(owner);
	same = owner != sock && socket_facts(owner).umem == f->umem;
	sockfd_put(owner);
	return same ? 0 : vx_refuse(error, -EINVAL, "the UMEM of socket %u is not that of another socket, its umem_fd", queue);
}

static bool overlap(const struct vx_socket *a, const struct vx_socket *b)
{
	return a->area == b->area && a->first_frame < b->first_frame + b->frames && b->first_frame < a->first_frame + a->frames;
}

static int socket_list(struct vx_socket *s, char *error)
{
	const struct vx_socket *other;
	int err = 0;

	mutex_lock(&vx_sockets_lock);
	list_for_each_entry(other, &vx_sockets, node) {
		if (other->file == s->file)
			err = vx_refuse(error, -EBUSY, "socket %u belongs to port %s already", s->queue, other->pair->port->name);
		else if (overlap(s, other))
			err = vx_refuse(error, -EINVAL, "socket %u shares chunks of its UMEM with another socket", s->queue);
		if (err)
			break;
	}
	if (!err)
		list_add(&s->node, &vx_sockets);
	mutex_unlock(&vx_sockets_lock);
	return err;
}

static void socket_unlist(struct vx_socket *s)
{
	mutex_lock(&vx_sockets_lock);
	list_del(&s->node);
	mutex_unlock(&vx_sockets_lock);
}

static int umem_take(struct vx_socket *s, const struct vhost_xdp_socket *desc)
{
	const struct xdp_umem *umem = s->area;
	u64 first = (u64)s->first_frame * umem->chunk_size;

	s->x.umem = &s->umem;
	return vx_umem_init_part(&s->umem, (u8 *)umem->addrs + first, (u64)s->frames * umem->chunk_size, umem->chunk_size, first);
}

static int rings_take(struct vx_socket *s, const struct vhost_xdp_socket *desc, char *error)
{
	const struct vhost_xdp_ring *from[VX_RINGS] = { &desc->fill, &desc->completion, &desc->rx, &desc->tx };
	struct vx_xsk_ring *to[VX_RINGS] = { &s->x.fill, &s->x.comp, &s->x.rx, &s->x.tx };
	const char *why;
	int i, err;

	for (i = 0; i < VX_RINGS; i++) {
		err = vx_ring_map(&s->ring[i], s->file, i, from[i], to[i], &why);
		if (err)
			return vx_refuse(error, err, "the %s ring of socket %u %s", ring_name[i], s->queue, why);
	}
	return 0;
}

static void rings_drop(struct vx_socket *s)
{
	int i;

	for (i = 0; i < VX_RINGS; i++)
		vx_ring_unmap(&s->ring[i]);
}

/* What cannot fail any more once it is done: rings, UMEM, its place in the list. */
static int socket_make(struct vx_socket *s, const struct vhost_xdp_socket *desc, char *error)
{
	int err;

	err = socket_list(s, error);
	if (err)
		return err;
	err = rings_take(s, desc, error);
	if (err)
		goto err_rings;
	err = umem_take(s, desc);
	if (err) {
		vx_refuse(error, err, "no memory to keep account of the UMEM of socket %u", s->queue);
		goto err_rings;
	}
	vx_socket_hook(s);
	return 0;

err_rings:
	rings_drop(s);
	socket_unlist(s);
	return err;
}

struct vx_socket *vx_socket_take(const struct vhost_xdp_socket *desc, const struct net *net, u32 guest, struct vx_pair *pair, u32 mtu,
				 char *error)
{
	struct socket *sock = xsk_lookup(desc->fd, error);
	struct vx_socket *s;
	struct facts f;
	int err;

	if (IS_ERR(sock))
		return ERR_CAST(sock);
	f = socket_facts(sock);
	err = judge_socket(&f, net, guest, pair->index, error);
	if (!err)
		err = judge_owner(desc, sock, &f, pair->index, error);
	if (!err)
		err = judge_umem(f.umem, desc, pair->index, mtu, error);
	if (err)
		goto err_put;
	s = kvzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	if (!s) {
		err = vx_refuse(error, -ENOMEM, "out of memory");
		goto err_put;
	}
	spin_lock_init(&s->lock);
	s->file = sock->file;
	s->sock = sock;
	s->pair = pair;
	s->queue = pair->index;
	s->zero_copy = f.zero_copy;
	s->x.sg = vx_xsk_in_pieces((struct xdp_sock *)sock->sk);
	s->area = f.umem;
	s->first_frame = desc->first_frame;
	s->frames = desc->frames ? desc->frames : div_u64(f.umem->size, f.umem->chunk_size);
	err = socket_make(s, desc, error);
	if (err)
		goto err_free;
	vx_count(VX_COUNT_SOCKETS, 1);
	return s;

err_free:
	kvfree(s);
err_put:
	sockfd_put(sock);
	return ERR_PTR(err);
}

/* Where is each frame? In the free list, with the kernel, or in a ring: all of these are known by their owner. */
static u32 frames_lost(struct vx_socket *s)
{
	u32 lost;

	vx_xsk_complete(&s->x, s->x.comp.size);
	lost = s->umem.count[VX_OWNER_RX] + s->umem.count[VX_OWNER_HELD];
	return lost ? lost : vx_umem_audit(&s->umem) == -EUCLEAN;
}

void vx_socket_give_back(struct vx_socket *s)
{
	vx_socket_unhook(s);
	vx_count(VX_COUNT_UMEM_LOST, frames_lost(s));
	rings_drop(s);
	vx_umem_destroy(&s->umem);
	socket_unlist(s);
	vx_count(VX_COUNT_SOCKETS, -1);
	sockfd_put(s->sock);
	kvfree(s);
}
