// SPDX-License-Identifier: GPL-2.0-only
/* A port gets what it works with, and gives it back. Lock order: port.h. */
#include <linux/bpf.h>
#include <linux/file.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include "count.h"
#include "inlet.h"
#include "netdev.h"
#include "port_list.h"
#include "port_offer.h"
#include "refuse.h"
#include "tap.h"
#include "trace.h"

/* --- netdevs and program: prog_lock, and vx_ports_lock for the netdevs --- */

static bool still_there(const struct net_device *dev, const struct net *net)
{
	return dev->reg_state == NETREG_REGISTERED && net_eq(dev_net(dev), net);
}

/* The port that has it already, or NULL. One that is going down has nothing more to do with it. Under vx_ports_lock. */
static const struct vx_port *owner(const struct net_device *dev)
{
	const struct vx_port *port;

	list_for_each_entry(port, &vx_ports, node)
		if (!port->gone && (port->host == dev || port->guest == dev))
			return port;
	return NULL;
}

static int judge_owners(const struct vx_offer *o, char *error)
{
	const struct net_device *dev = owner(o->host) ? o->host : o->guest;
	const struct vx_port *other = owner(dev);

	return other ? vx_refuse(error, -EBUSY, "netdev %s belongs to port %s already", dev->name, other->name) : 0;
}

/* From here on the notifier knows of them. It was called for those that left before, and they show that they did. */
static int adopt_netdevs(struct vx_port *port, struct vx_offer *o, char *error)
{
	int err;

	mutex_lock(&vx_ports_lock);
	err = judge_owners(o, error);
	if (err) {
		mutex_unlock(&vx_ports_lock);
		return err;
	}
	if (still_there(o->host, o->net) && still_there(o->guest, o->net)) {
		netdev_tracker_alloc(o->host, &port->host_tracker, GFP_KERNEL);
		netdev_tracker_alloc(o->guest, &port->guest_tracker, GFP_KERNEL);
		port->host = o->host;
		port->guest = o->guest;
		port->gone = false;
		vx_port_judge_mtu(port);
		o->host = NULL;
		o->guest = NULL;
	} else {
		err = vx_refuse(error, -ENODEV, "a netdev of the port is going away");
	}
	mutex_unlock(&vx_ports_lock);
	return err;
}

static void disown_netdevs(struct vx_port *port)
{
	struct net_device *host, *guest;

	mutex_lock(&vx_ports_lock);
	host = port->host;
	guest = port->guest;
	port->host = NULL;
	port->guest = NULL;
	mutex_unlock(&vx_ports_lock);
	netdev_put(guest, &port->guest_tracker);
	netdev_put(host, &port->host_tracker);
}

static void judges_set_prog(struct vx_port *port, u32 n, struct bpf_prog *prog)
{
	if (port->inlet)
		vx_inlet_set_prog(port->inlet, prog);
	while (n)
		vx_sink_set_prog(&port->pair[--n].sink, prog);
}

/* One wait for all of them. */
static void judges_detach(struct vx_port *port, u32 n)
{
	judges_set_prog(port, n, NULL);
	synchronize_net();
	while (n)
		vx_sink_detach(&port->pair[--n].sink);
}

/* Sinks, and the inlet if there is one: whatever runs the program. */
static int judges_attach(struct vx_port *port, struct vx_inlet *in, struct bpf_prog *prog, char *error)
{
	u32 i;

	for (i = 0; i < port->npairs; i++) {
		int err = vx_sink_attach(&port->pair[i].sink, port->host, prog);

		if (err) {
			judges_detach(port, i);
			return vx_refuse(error, err, "no memory for frames from the guest");
		}
	}
	port->inlet = in;
	if (in)
		vx_inlet_attach(in, port->host, port->guest, prog);
	return 0;
}

/* The netdevs stay ours only together with the program. */
static int take_hold(struct vx_port *port, struct vx_offer *o, char *error)
{
	int err;

	mutex_lock(&port->prog_lock);
	err = adopt_netdevs(port, o, error);
	if (err)
		goto out;
	err = judges_attach(port, o->inlet, o->prog, error);
	if (err) {
		disown_netdevs(port);
		goto out;
	}
	port->prog = o->prog;
	o->prog = NULL;
	o->inlet = NULL;
out:
	mutex_unlock(&port->prog_lock);
	return err;
}

bool vx_port_gone(struct vx_port *port)
{
	bool gone;

	mutex_lock(&vx_ports_lock);
	gone = port->gone;
	mutex_unlock(&vx_ports_lock);
	return gone;
}

static void let_go(struct vx_port *port, bool anyway)
{
	struct bpf_prog *prog;

	mutex_lock(&port->prog_lock);
	prog = port->prog;
	if (prog && (anyway || vx_port_gone(port))) {
		port->prog = NULL;
		judges_detach(port, port->npairs);
		bpf_prog_put(prog);
		vx_count(VX_COUNT_PROGRAMS, -1);
		disown_netdevs(port);
		/* The rest may have to wait for a VMM, while another netdev gets the same number. */
		vx_tap_node_del(port);
	}
	mutex_unlock(&port->prog_lock);
}

void vx_port_let_go_if_gone(struct vx_port *port)
{
	let_go(port, false);
}

int vx_port_set_prog(struct vx_port *port, int fd)
{
	char error[VHOST_XDP_ERROR_LEN] = "";
	struct bpf_prog *prog = vx_prog_get(fd, error), *old;

	if (IS_ERR(prog)) {
		vx_port_say(port, "program refused: %s", error);
		return PTR_ERR(prog);
	}
	mutex_lock(&port->prog_lock);
	old = port->prog;
	if (old) {
		port->prog = prog;
		judges_set_prog(port, port->npairs, prog);
		synchronize_net();
		bpf_prog_put(old);
	}
	mutex_unlock(&port->prog_lock);
	if (old)
		return 0;
	bpf_prog_put(prog);
	return -ENOTCONN;
}

/* --- the rest: port->lock --- */

static void join_inlet(struct vx_port *port, struct vx_socket *s)
{
	struct vx_inlet_queue *q;

	if (!port->inlet)
		return;
	q = vx_inlet_queue(port->inlet, s->pair->index);
	q->xsk = s->sock->sk;
	s->inlet = q;
}

static void adopt_sockets(struct vx_port *port, struct vx_offer *o)
{
	u32 i;

	for (i = 0; i < o->nsock; i++) {
		struct vx_pair *pair = &port->pair[i];

		join_inlet(port, o->sock[i]);
		mutex_lock(&pair->user_lock);
		pair->sock = o->sock[i];
		mutex_unlock(&pair->user_lock);
		vx_socket_start(pair->sock, port->page);
	}
	o->nsock = 0;
}

static void page_begin(struct vx_engine_page *page, u32 npairs)
{
	memset(page, 0, sizeof(*page));
	page->abi = VX_ENGINE_ABI;
	page->queue_pairs = npairs;
}

static void page_end(struct vx_engine_page *page)
{
	WRITE_ONCE(page->state, VX_ENGINE_DOWN);
	WRITE_ONCE(page->features, 0);
	WRITE_ONCE(page->whole, 0);
	memset(page->umem_frames, 0, sizeof(page->umem_frames));
}

static void adopt_rest(struct vx_port *port, struct vx_offer *o)
{
	memcpy(port->keep, o->keep, sizeof(port->keep));
	port->nkeep = o->nkeep;
	o->nkeep = 0;
	port->page_map = o->page_map;
	o->page_map = NULL;
	page_begin(o->page, port->npairs);
	vx_port_set_page(port, o->page);
}

static void error_clear(struct vx_port *port)
{
	spin_lock_irq(&port->error_lock);
	memset(port->error, 0, sizeof(port->error));
	spin_unlock_irq(&port->error_lock);
}

/* It ends with the offer. */
static void inlet_back(struct vx_port *port, struct vx_offer *o)
{
	mutex_lock(&port->prog_lock);
	o->inlet = port->inlet;
	port->inlet = NULL;
	mutex_unlock(&port->prog_lock);
}

/* Once the netdevs are ours nothing can fail but the device node, which comes before anything else is visible. */
static int commit(struct vx_port *port, struct vx_offer *o, struct vhost_xdp_attach *arg)
{
	int err;

	if (port->deleted)
		return vx_refuse(arg->error, -ENOENT, "the port is being deleted");
	if (port->state != VHOST_XDP_PORT_NEW_STATE)
		return vx_refuse(arg->error, -EBUSY, "the port is %s; detach it first",
				 port->state == VHOST_XDP_PORT_DOWN ? "down" : "attached already");
	error_clear(port);
	err = vx_offer_netdevs(o, arg);
	if (!err)
		err = take_hold(port, o, arg->error);
	if (err)
		return err;
	err = vx_tap_node_add(port, o->net, arg->host_ifindex);
	if (err) {
		let_go(port, true);
		inlet_back(port, o);
		return vx_refuse(arg->error, err, "no device node /dev/tap%u", arg->host_ifindex);
	}
	port->host_ifindex = arg->host_ifindex;
	port->guest_ifindex = arg->guest_ifindex;
	port->netns = o->net->ns.inum;
	adopt_rest(port, o);
	adopt_sockets(port, o);
	port->state = VHOST_XDP_PORT_ATTACHED;
	trace_attach(port->name, port->host_ifindex, port->guest_ifindex, port->npairs);
	vx_port_assign(port);
	return 0;
}

int vx_port_attach(struct vx_port *port, struct vhost_xdp_attach *arg)
{
	struct vx_offer *offer = kzalloc(sizeof(*offer), GFP_KERNEL);
	int err;

	if (!offer)
		return vx_refuse(arg->error, -ENOMEM, "out of memory");
	/* Without the lock: this waits for memory of the caller's. */
	err = vx_offer_gather(offer, port, arg);
	if (!err)
		err = mutex_lock_interruptible(&port->lock);
	if (!err) {
		err = commit(port, offer, arg);
		mutex_unlock(&port->lock);
	}
	vx_offer_drop(offer);
	kfree(offer);
	if (err && arg->error[0])
		vx_port_say(port, "attach refused: %s", arg->error);
	return err;
}

static void sockets_drop(struct vx_port *port)
{
	u32 i;

	for (i = 0; i < port->npairs; i++) {
		struct vx_pair *pair = &port->pair[i];
		struct vx_queue_stats *st = vx_pair_lock_stats(pair, VX_TO_GUEST);
		struct vx_socket *s = pair->sock;

		pair->sock = NULL;
		vx_socket_discard(s, st, VX_REASON_NO_BACKEND);
		vx_socket_fold(s, st);
		vx_pair_unlock_stats(pair, VX_TO_GUEST);
		vx_socket_give_back(s);
	}
}

/* All sockets were given back. */
static void inlet_drop(struct vx_port *port)
{
	struct vx_inlet *in = port->inlet;

	if (!in)
		return;
	mutex_lock(&port->prog_lock);
	port->inlet = NULL;
	mutex_unlock(&port->prog_lock);
	vx_inlet_free(in);
}

static void rest_drop(struct vx_port *port)
{
	page_end(port->page);
	vx_port_set_page(port, port->own_page);
	bpf_map_put(port->page_map);
	port->page_map = NULL;
	while (port->nkeep) {
		fput(port->keep[--port->nkeep]);
		vx_count(VX_COUNT_FILES, -1);
	}
}

void vx_port_detach(struct vx_port *port, enum vhost_xdp_port_state state, const char *why)
{
	if (port->state == VHOST_XDP_PORT_ATTACHED) {
		trace_detach(port->name, why);
		let_go(port, true);
		vx_port_unassign(port);
		/* What came until here is counted with the sockets. */
		if (port->inlet)
			vx_inlet_unregister(port->inlet);
		sockets_drop(port);
		inlet_drop(port);
		rest_drop(port);
	}
	mutex_lock(&vx_ports_lock);
	port->gone = false;
	mutex_unlock(&vx_ports_lock);
	port->state = state;
	vx_tap_changed(port);
}
