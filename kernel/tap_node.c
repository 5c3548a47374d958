// SPDX-License-Identifier: GPL-2.0-only
/*
 * The nodes /dev/tap<ifindex>, where QEMU and libvirt look for a netdev that is a tap by another name. Each open is the next queue
 * pair. ifindex is a name space's own and /dev is not: there are nodes for host ends in the initial one only. macvtap knows no such
 * bounds: where one of another name space has the name first, devtmpfs leaves it to that one, and our device has no node.
 */
#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <net/net_namespace.h>
#include "port.h"
#include "tap.h"
#include "tap_file.h"

#define NODES_MAX	4096u

struct tap_node {
	struct vx_port *port;
	u32 ifindex;
};

static DEFINE_MUTEX(nodes_lock);	/* innermost: after any lock of port.h */
static DEFINE_IDR(nodes);		/* minor -> struct tap_node */
static struct class *tap_class;
static struct cdev tap_cdev;
static dev_t tap_base;

static dev_t node_devt(int minor)
{
	return MKDEV(MAJOR(tap_base), minor);
}

/* --- open --- */

static struct vx_port *node_port(unsigned int minor, u32 *ifindex)
{
	struct vx_port *port = NULL;
	struct tap_node *node;

	mutex_lock(&nodes_lock);
	node = idr_find(&nodes, minor);
	if (node) {
		port = node->port;
		vx_port_get(port);
		*ifindex = node->ifindex;
	}
	mutex_unlock(&nodes_lock);
	return port;
}

/* The node may be one of a netdev that has just left. */
static bool still_there(struct vx_port *port, u32 ifindex)
{
	bool yes;

	mutex_lock(&port->lock);
	yes = port->state == VHOST_XDP_PORT_ATTACHED && port->host_ifindex == ifindex;
	mutex_unlock(&port->lock);
	return yes;
}

int vx_tap_node_open(struct inode *inode, struct file *file)
{
	struct vx_port *port;
	struct vx_tap *t;
	u32 ifindex;

	port = node_port(iminor(inode), &ifindex);
	if (!port)
		return -ENXIO;
	t = still_there(port, ifindex) ? vx_tap_new(port, VX_TAP_ANY_PAIR, 0) : ERR_PTR(-ENXIO);
	if (IS_ERR(t)) {
		vx_port_put(port);
		return PTR_ERR(t);
	}
	file->private_data = t;
	return nonseekable_open(inode, file);
}

/* --- nodes --- */

/* That of a port, or of an ifindex (0: of none). Under nodes_lock. */
static int find_node(const struct vx_port *port, u32 ifindex)
{
	struct tap_node *node;
	int minor;

	idr_for_each_entry(&nodes, node, minor)
		if (node->port == port || node->ifindex == ifindex)
			return minor;
	return -ENOENT;
}

static ssize_t port_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	const struct tap_node *node = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", node->port->name);
}

static DEVICE_ATTR_RO(port);

static struct attribute *node_attrs[] = { &dev_attr_port.attr, NULL };
ATTRIBUTE_GROUPS(node);

static int add_node(struct tap_node *node)
{
	struct device *dev;
	int minor;

	minor = idr_alloc(&nodes, node, 0, NODES_MAX, GFP_KERNEL);
	if (minor < 0)
		return minor;
	/* No child of the netdev, which may leave before we do. */
	dev = device_create_with_groups(tap_class, NULL, node_devt(minor), node, node_groups, "tap%u", node->ifindex);
	if (IS_ERR(dev)) {
		idr_remove(&nodes, minor);
		return PTR_ERR(dev);
	}
	return 0;
}

int vx_tap_node_add(struct vx_port *port, const struct net *net, u32 ifindex)
{
	struct tap_node *node;
	int err;

	if (!net_eq(net, &init_net))
		return 0;
	node = kzalloc(sizeof(*node), GFP_KERNEL);
	if (!node)
		return -ENOMEM;
	node->port = port;
	node->ifindex = ifindex;
	mutex_lock(&nodes_lock);
	err = find_node(port, ifindex) < 0 ? add_node(node) : -EEXIST;
	mutex_unlock(&nodes_lock);
	if (err)
		kfree(node);
	return err;
}

void vx_tap_node_del(struct vx_port *port)
{
	int minor;

	mutex_lock(&nodes_lock);
	minor = find_node(port, 0);
	if (minor >= 0) {
		/* Who reads its attributes has done so on return. */
		device_destroy(tap_class, node_devt(minor));
		kfree(idr_remove(&nodes, minor));
	}
	mutex_unlock(&nodes_lock);
}

/* --- life --- */

int vx_tap_init(void)
{
	int err;

	err = alloc_chrdev_region(&tap_base, 0, NODES_MAX, "vhost_xdp");
	if (err)
		return err;
	tap_class = class_create("vhost_xdp");
	if (IS_ERR(tap_class)) {
		err = PTR_ERR(tap_class);
		goto err_region;
	}
	cdev_init(&tap_cdev, &vx_tap_fops);
	tap_cdev.owner = THIS_MODULE;
	err = cdev_add(&tap_cdev, tap_base, NODES_MAX);
	if (err)
		goto err_class;
	return 0;

err_class:
	class_destroy(tap_class);
err_region:
	unregister_chrdev_region(tap_base, NODES_MAX);
	return err;
}

void vx_tap_exit(void)
{
	cdev_del(&tap_cdev);
	class_destroy(tap_class);
	unregister_chrdev_region(tap_base, NODES_MAX);
}
