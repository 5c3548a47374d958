// SPDX-License-Identifier: GPL-2.0-only
/*
 * Netdevs of ports come to an end, move, or change.
 *
 * A notifier is called under RTNL, which nobody but us may be kept from: it marks the port and leaves the rest to a work item.
 * The kernel's own AF_XDP code unbinds the sockets by itself then. That the netdev cannot vanish before the work has let go of it is the
 * business of the reference that the port holds.
 */
#include <linux/netdevice.h>
#include <linux/workqueue.h>
#include <vhost_xdp/whole.h>
#include "netdev.h"
#include "port_list.h"

static struct workqueue_struct *down_queue;

/* Under vx_ports_lock. */
static void port_lost(struct vx_port *port, const struct net_device *dev, bool moved)
{
	if (port->gone)
		return;
	port->gone = true;
	vx_port_say(port, "down: %s %s %s", dev == port->host ? "host end" : "guest end", dev->name,
		    moved ? "went to another network namespace" : "is gone");
	vx_port_get(port);
	if (!queue_work(down_queue, &port->down))
		vx_port_put(port);
}

void vx_port_judge_mtu(struct vx_port *port)
{
	const struct net_device *dev = port->guest;

	/* With that one super-frames stay whole, and the port's programs see to the length of all others. */
	if (dev->mtu > port->mtu && dev->mtu != VX_WHOLE_MTU)
		vx_port_say(port, "%s has an MTU of %u; frames longer than the port's %u may be dropped", dev->name, dev->mtu, port->mtu);
}

static int netdev_event(struct notifier_block *nb, unsigned long event, void *ptr)
{
	struct net_device *dev = netdev_notifier_info_to_dev(ptr);
	struct vx_port *port;

	if (event != NETDEV_UNREGISTER && event != NETDEV_REGISTER && event != NETDEV_CHANGEMTU)
		return NOTIFY_DONE;
	mutex_lock(&vx_ports_lock);
	list_for_each_entry(port, &vx_ports, node) {
		if (port->host != dev && port->guest != dev)
			continue;
		if (event == NETDEV_CHANGEMTU)
			vx_port_judge_mtu(port);
		else	/* one that is ours already registers when it arrives in another namespace */
			port_lost(port, dev, event == NETDEV_REGISTER || dev->reg_state == NETREG_REGISTERED);
	}
	mutex_unlock(&vx_ports_lock);
	return NOTIFY_DONE;
}

void vx_port_down_work(struct work_struct *work)
{
	struct vx_port *port = container_of(work, struct vx_port, down);
	char why[VHOST_XDP_ERROR_LEN];

	vx_port_let_go_if_gone(port);
	vx_port_error(port, why);
	mutex_lock(&port->lock);
	/* Somebody may have detached it, and attached it again, in the meantime. */
	if (vx_port_gone(port) && port->state == VHOST_XDP_PORT_ATTACHED)
		vx_port_detach(port, VHOST_XDP_PORT_DOWN, why);
	mutex_unlock(&port->lock);
	vx_port_put(port);
}

static struct notifier_block netdev_notifier = {
	.notifier_call = netdev_event,
};

int vx_netdev_init(void)
{
	int err;

	/* Ports do not wait for each other: each may have to wait for its VMM's memory. */
	down_queue = alloc_workqueue("vhost_xdp", WQ_UNBOUND, 0);
	if (!down_queue)
		return -ENOMEM;
	err = register_netdevice_notifier(&netdev_notifier);
	if (err)
		destroy_workqueue(down_queue);
	return err;
}

void vx_netdev_exit(void)
{
	unregister_netdevice_notifier(&netdev_notifier);
	destroy_workqueue(down_queue);
}
