// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who receives from which socket, and what the port's neighbours are told.
 *
 * Each socket is read by one at most: the to-guest vring of its own pair while that is live; else, when its data fd is read by the VMM
 * itself, that; else one of the live ones, by turns. When there is none, nobody reads.
 */
#include "port_list.h"
#include "tap.h"
#include "vq.h"

/* What is found, and what shall be. */
struct plan {
	struct vx_vq *reader[VX_QUEUE_PAIRS_MAX];	/* of each pair's socket */
	bool user[VX_QUEUE_PAIRS_MAX];			/* the data fd reads it */
	bool up;			/* some pair carries frames both ways */
	u64 features;
	u32 whole;			/* what all who receive take, see <vhost_xdp/whole.h> */
};

static bool vq_live(struct vx_vq *vq, u64 *features)
{
	bool live;

	if (!vq)
		return false;
	vx_vq_lock(vq);
	live = vx_vq_live(vq);
	*features |= live ? vq->features : 0;
	vx_vq_unlock(vq);
	return live;
}

static u32 takes_whole(const struct vx_pair *pair)
{
	const struct vx_vq *vq = pair->vq[VX_TO_GUEST];

	return vq && pair->sock && pair->sock->x.sg ? vx_rx_whole(&vq->rx) : 0;
}

/* A vring that lives may die meanwhile: then vx_port_changed() is called once more. */
static void plan_make(struct vx_port *port, struct plan *p)
{
	struct vx_vq *live[VX_QUEUE_PAIRS_MAX];
	u32 i, nlive = 0;

	memset(p, 0, sizeof(*p));
	p->whole = ~0u;
	for (i = 0; i < port->npairs; i++) {
		struct vx_pair *pair = &port->pair[i];
		bool to = vq_live(pair->vq[VX_TO_GUEST], &p->features), from = vq_live(pair->vq[VX_FROM_GUEST], &p->features);

		p->user[i] = pair->reader && !pair->vq[VX_TO_GUEST];
		p->up |= (to && from) || p->user[i];
		if (p->user[i])
			p->whole = 0;
		if (to) {
			p->reader[i] = pair->vq[VX_TO_GUEST];
			live[nlive++] = p->reader[i];
			p->whole &= takes_whole(pair);
		}
	}
	for (i = 0; i < port->npairs && nlive; i++)
		if (!p->reader[i] && !p->user[i])
			p->reader[i] = live[i % nlive];
}

/* All that the vring is to read, by .sock_vq. */
static void set_sources(struct vx_port *port, struct vx_vq *vq)
{
	struct vx_socket *source[VX_QUEUE_PAIRS_MAX];
	u32 i, n = 0;

	for (i = 0; i < port->npairs; i++)
		if (port->pair[i].sock && port->pair[i].sock_vq == vq)
			source[n++] = port->pair[i].sock;
	vx_vq_lock(vq);
	vx_vq_set_sources(vq, source, n);
	vx_vq_unlock(vq);
}

/* Frames that lie in an inlet are other drivers' memory. */
static void leave_nothing(struct vx_pair *pair)
{
	struct vx_queue_stats *st;

	if (!pair->sock->inlet)
		return;
	st = vx_pair_lock_stats(pair, VX_TO_GUEST);
	vx_socket_discard(pair->sock, st, VX_REASON_NO_BACKEND);
	vx_pair_unlock_stats(pair, VX_TO_GUEST);
}

/* Nobody reads the socket any more. */
static void take_away(struct vx_pair *pair)
{
	struct vx_vq *vq = pair->sock_vq;

	if (pair->sock) {
		vx_socket_open(pair->sock, false);
		vx_socket_set_receiver(pair->sock, NULL);
	}
	pair->sock_vq = NULL;
	if (vq)
		set_sources(pair->port, vq);
	mutex_lock(&pair->user_lock);
	pair->user_sock = NULL;
	mutex_unlock(&pair->user_lock);
	if (pair->sock)
		leave_nothing(pair);
}

/* It was read by nobody until now: what waits there is as old as that. */
static void give_to_vq(struct vx_pair *pair, struct vx_vq *vq)
{
	vx_vq_lock(vq);
	vx_socket_discard(pair->sock, vq->stats, VX_REASON_NO_BACKEND);
	vx_socket_fold(pair->sock, vq->stats);
	vx_vq_unlock(vq);
	pair->sock_vq = vq;
	set_sources(pair->port, vq);
	vx_socket_set_receiver(pair->sock, vq);
	vx_socket_open(pair->sock, true);
}

static void give_to_user(struct vx_pair *pair)
{
	mutex_lock(&pair->user_lock);
	vx_socket_discard(pair->sock, vx_pair_stats(pair, VX_TO_GUEST), VX_REASON_NO_BACKEND);
	pair->user_sock = pair->sock;
	mutex_unlock(&pair->user_lock);
	vx_socket_open(pair->sock, true);
}

static void plan_apply(struct vx_port *port, const struct plan *p)
{
	u32 i;

	for (i = 0; i < port->npairs; i++) {
		struct vx_pair *pair = &port->pair[i];

		if ((pair->sock_vq && pair->sock_vq != p->reader[i]) || (pair->user_sock && !p->user[i]))
			take_away(pair);
	}
	for (i = 0; i < port->npairs; i++) {
		struct vx_pair *pair = &port->pair[i];

		if (!pair->sock)
			continue;
		if (p->reader[i] && pair->sock_vq != p->reader[i])
			give_to_vq(pair, p->reader[i]);
		if (p->user[i] && !pair->user_sock)
			give_to_user(pair);
	}
}

static void publish(struct vx_port *port, const struct plan *p)
{
	bool up = p->up && port->state == VHOST_XDP_PORT_ATTACHED;

	WRITE_ONCE(port->page->features, up ? p->features : 0);
	WRITE_ONCE(port->page->whole, up ? p->whole : 0);
	WRITE_ONCE(port->page->state, up ? VX_ENGINE_UP : VX_ENGINE_DOWN);
}

static void wake_all(struct vx_port *port)
{
	u32 i, dir;

	for (i = 0; i < port->npairs; i++)
		for (dir = 0; dir < VX_DIRECTIONS; dir++)
			if (port->pair[i].vq[dir])
				vx_vq_wake(port->pair[i].vq[dir]);
	vx_tap_changed(port);
}

void vx_port_assign(struct vx_port *port)
{
	struct plan p;

	plan_make(port, &p);
	plan_apply(port, &p);
	publish(port, &p);
	wake_all(port);
}

void vx_port_unassign(struct vx_port *port)
{
	const struct plan none = { 0 };

	plan_apply(port, &none);
	publish(port, &none);
}

void vx_port_changed(struct vx_port *port)
{
	mutex_lock(&port->lock);
	vx_port_assign(port);
	mutex_unlock(&port->lock);
}

void vx_port_offloads_changed(struct vx_pair *pair, struct file *tap)
{
	struct vx_port *port = pair->port;
	struct plan p;

	mutex_lock(&port->lock);
	if (pair->vq[VX_TO_GUEST]) {
		vx_vq_offloads_changed(pair->vq[VX_TO_GUEST], tap);
		plan_make(port, &p);
		publish(port, &p);
	}
	mutex_unlock(&port->lock);
}

/* --- counters --- */

struct vx_queue_stats *vx_pair_lock_stats(struct vx_pair *pair, enum vx_direction dir)
{
	if (pair->vq[dir])
		vx_vq_lock(pair->vq[dir]);
	mutex_lock(&pair->user_lock);
	return pair->stats[dir];
}

void vx_pair_unlock_stats(struct vx_pair *pair, enum vx_direction dir)
{
	mutex_unlock(&pair->user_lock);
	if (pair->vq[dir])
		vx_vq_unlock(pair->vq[dir]);
}

static void set_stats(struct vx_pair *pair, enum vx_direction dir, struct vx_queue_stats *to)
{
	memcpy(to, vx_pair_lock_stats(pair, dir), sizeof(*to));
	pair->stats[dir] = to;
	if (pair->vq[dir])
		vx_vq_set_stats(pair->vq[dir], to);
	vx_pair_unlock_stats(pair, dir);
}

void vx_port_set_page(struct vx_port *port, struct vx_engine_page *page)
{
	u32 i, dir;

	for (i = 0; i < port->npairs; i++)
		for (dir = 0; dir < VX_DIRECTIONS; dir++)
			set_stats(&port->pair[i], dir, &page->queue[i][dir]);
	port->page = page;
}

/* --- vrings come and go --- */

/* From one moment to the next it is the vring that counts, or again whoever uses the data fd. */
static void join(struct vx_pair *pair, struct vx_vq *vq)
{
	vx_vq_lock(vq);
	mutex_lock(&pair->user_lock);
	vq->pair = pair;
	vx_vq_set_stats(vq, vx_pair_stats(pair, vq->dir));
	pair->vq[vq->dir] = vq;
	mutex_unlock(&pair->user_lock);
	vx_vq_unlock(vq);
}

static void leave(struct vx_pair *pair, struct vx_vq *vq)
{
	vx_vq_lock(vq);
	mutex_lock(&pair->user_lock);
	vq->pair = NULL;
	vx_vq_set_stats(vq, NULL);
	pair->vq[vq->dir] = NULL;
	mutex_unlock(&pair->user_lock);
	vx_vq_unlock(vq);
}

int vx_port_bind(struct vx_pair *pair, struct vx_vq *vq)
{
	struct vx_port *port = pair->port;
	int err = mutex_lock_killable(&port->lock);

	if (err)
		return err;
	err = port->deleted ? -ENETDOWN : pair->vq[vq->dir] ? -EBUSY : 0;
	if (err)
		goto out;
	vx_port_get(port);
	join(pair, vq);
	vx_port_assign(port);
out:
	mutex_unlock(&port->lock);
	return err;
}

void vx_port_unbind(struct vx_vq *vq)
{
	struct vx_pair *pair = vq->pair;
	struct vx_port *port = pair->port;
	u32 i;

	mutex_lock(&port->lock);
	for (i = 0; i < port->npairs; i++)
		if (port->pair[i].sock_vq == vq)
			take_away(&port->pair[i]);
	leave(pair, vq);
	vx_port_assign(port);
	mutex_unlock(&port->lock);
	vx_port_put(port);
}
