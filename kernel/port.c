// SPDX-License-Identifier: GPL-2.0-only
/* Ports: their list, their making and their end. Lock order: port.h. */
#include <linux/bpf.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "control.h"
#include "count.h"
#include "netdev.h"
#include "port_list.h"
#include "refuse.h"

DEFINE_MUTEX(vx_ports_lock);
LIST_HEAD(vx_ports);

int vx_refuse(char *error, int err, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(error, VHOST_XDP_ERROR_LEN, fmt, args);
	va_end(args);
	return err;
}

void vx_port_say(struct vx_port *port, const char *fmt, ...)
{
	char line[VHOST_XDP_ERROR_LEN];
	unsigned long flags;
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	spin_lock_irqsave(&port->error_lock, flags);
	strscpy_pad(port->error, line, sizeof(port->error));
	spin_unlock_irqrestore(&port->error_lock, flags);
	pr_notice_ratelimited("port %s: %s\n", port->name, line);
}

void vx_port_error(struct vx_port *port, char *error)
{
	spin_lock_irq(&port->error_lock);
	memcpy(error, port->error, sizeof(port->error));
	spin_unlock_irq(&port->error_lock);
}

static void pair_init(struct vx_port *port, u32 index)
{
	struct vx_pair *pair = &port->pair[index];
	u32 dir;

	pair->port = port;
	pair->index = index;
	for (dir = 0; dir < VX_DIRECTIONS; dir++)
		pair->stats[dir] = &port->page->queue[index][dir];
	mutex_init(&pair->user_lock);
	init_waitqueue_head(&pair->user_wait);
	vx_sink_init(&pair->sink, pair, port->mtu);
}

static struct vx_port *port_alloc(const char *name, u32 npairs, u32 mtu)
{
	struct vx_port *port = kvzalloc(struct_size(port, pair, npairs), GFP_KERNEL_ACCOUNT);
	u32 i;

	if (!port)
		return NULL;
	port->own_page = kvzalloc(sizeof(*port->own_page), GFP_KERNEL_ACCOUNT);
	if (!port->own_page) {
		kvfree(port);
		return NULL;
	}
	kref_init(&port->ref);
	strscpy(port->name, name, sizeof(port->name));
	port->npairs = npairs;
	port->mtu = mtu;
	port->page = port->own_page;
	spin_lock_init(&port->error_lock);
	mutex_init(&port->prog_lock);
	mutex_init(&port->lock);
	INIT_WORK(&port->down, vx_port_down_work);
	for (i = 0; i < npairs; i++)
		pair_init(port, i);
	return port;
}

static void port_release(struct kref *ref)
{
	struct vx_port *port = container_of(ref, struct vx_port, ref);

	kvfree(port->own_page);
	kvfree(port);
	/* Whoever got us here is pinned by itself: by an open file, or by the workqueue that the exit waits for. */
	module_put(THIS_MODULE);
}

void vx_port_put(struct vx_port *port)
{
	kref_put(&port->ref, port_release);
}

/* The first port whose name is not below. */
static struct vx_port *port_at(const char *name)
{
	struct vx_port *port;

	list_for_each_entry(port, &vx_ports, node)
		if (strcmp(port->name, name) >= 0)
			return port;
	return NULL;
}

struct vx_port *vx_port_find(const char *name, bool next)
{
	struct vx_port *port;

	mutex_lock(&vx_ports_lock);
	port = port_at(name);
	if (port && !strcmp(port->name, name)) {
		if (next)
			port = list_is_last(&port->node, &vx_ports) ? NULL : list_next_entry(port, node);
	} else if (!next) {
		port = NULL;
	}
	if (port)
		vx_port_get(port);
	mutex_unlock(&vx_ports_lock);
	return port;
}

int vx_port_new(const char *name, u32 npairs, u32 mtu)
{
	struct vx_port *port, *at;
	int err = 0;

	port = port_alloc(name, npairs, mtu);
	if (!port)
		return -ENOMEM;
	__module_get(THIS_MODULE);
	mutex_lock(&vx_ports_lock);
	at = port_at(name);
	if (at && !strcmp(at->name, name))
		err = -EEXIST;
	else
		list_add_tail(&port->node, at ? &at->node : &vx_ports);
	mutex_unlock(&vx_ports_lock);
	if (err)
		vx_port_put(port);
	else
		vx_count(VX_COUNT_PORTS, 1);
	return err;
}

static bool port_used(const struct vx_port *port)
{
	u32 i;

	for (i = 0; i < port->npairs; i++)
		if (port->pair[i].opened || port->pair[i].vq[VX_TO_GUEST] || port->pair[i].vq[VX_FROM_GUEST])
			return true;
	return false;
}

int vx_port_del(struct vx_port *port)
{
	int err = mutex_lock_interruptible(&port->lock);

	if (err)
		return err;
	if (port->deleted)
		err = -ENOENT;
	else if (port_used(port))
		err = -EBUSY;
	if (!err) {
		if (port->state != VHOST_XDP_PORT_NEW_STATE)
			vx_port_detach(port, VHOST_XDP_PORT_NEW_STATE, "the port is deleted");
		port->deleted = true;
	}
	mutex_unlock(&port->lock);
	if (err)
		return err;
	mutex_lock(&vx_ports_lock);
	list_del(&port->node);
	mutex_unlock(&vx_ports_lock);
	vx_count(VX_COUNT_PORTS, -1);
	vx_port_put(port);
	return 0;
}

int vx_ports_init(void)
{
	int err = vx_netdev_init();

	if (err)
		return err;
	err = vx_control_init();
	if (err)
		vx_netdev_exit();
	return err;
}

void vx_ports_exit(void)
{
	vx_control_exit();
	vx_netdev_exit();
}
