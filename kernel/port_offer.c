// SPDX-License-Identifier: GPL-2.0-only
/* PORT_ATTACH's argument: everything that it names, looked up and judged. */
#include <linux/bpf.h>
#include <linux/file.h>
#include <linux/if_arp.h>
#include <linux/netdevice.h>
#include <linux/nsproxy.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <vhost_xdp/stats.h>
#include "compat/bpf.h"
#include "count.h"
#include "inlet.h"
#include "port.h"
#include "port_offer.h"
#include "refuse.h"
#include "xsk.h"

static struct net_device *netdev_get(struct net *net, u32 ifindex, const char *which, char *error)
{
	struct net_device *dev = dev_get_by_index(net, ifindex);

	if (!dev)
		return ERR_PTR(vx_refuse(error, -ENODEV, "the %s, ifindex %u, is not in this network namespace", which, ifindex));
	if (dev->type == ARPHRD_ETHER)
		return dev;
	vx_refuse(error, -EINVAL, "the %s, %s, is not an Ethernet netdev", which, dev->name);
	dev_put(dev);
	return ERR_PTR(-EINVAL);
}

static int gather_netdevs(struct vx_offer *o, struct vhost_xdp_attach *arg)
{
	struct net_device *dev;

	if (arg->host_ifindex == arg->guest_ifindex)
		return vx_refuse(arg->error, -EINVAL, "host end and guest end are one netdev");
	o->net = current->nsproxy->net_ns;
	dev = netdev_get(o->net, arg->host_ifindex, "host end", arg->error);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	o->host = dev;
	dev = netdev_get(o->net, arg->guest_ifindex, "guest end", arg->error);
	if (IS_ERR(dev))
		return PTR_ERR(dev);
	o->guest = dev;
	return 0;
}

static void drop_netdevs(struct vx_offer *o)
{
	dev_put(o->guest);
	dev_put(o->host);
	o->guest = NULL;
	o->host = NULL;
}

/* --- what is read from the caller's memory --- */

static int read_memory(struct vx_offer *o, const struct vx_port *port, struct vhost_xdp_attach *arg)
{
	struct vhost_xdp_socket *desc;

	if (arg->nkeep > VHOST_XDP_KEEP_MAX)
		return vx_refuse(arg->error, -EINVAL, "%u fds to keep; %u are possible", arg->nkeep, VHOST_XDP_KEEP_MAX);
	if (copy_from_user(o->keep_fd, u64_to_user_ptr(arg->keep), arg->nkeep * sizeof(*o->keep_fd)))
		return vx_refuse(arg->error, -EFAULT, "the fds to keep cannot be read");
	if (arg->nsockets != port->npairs)
		return vx_refuse(arg->error, -EINVAL, "%u sockets for %u queue pairs", arg->nsockets, port->npairs);
	desc = memdup_user(u64_to_user_ptr(arg->sockets), arg->nsockets * sizeof(*desc));
	if (IS_ERR(desc))
		return vx_refuse(arg->error, PTR_ERR(desc), "the description of the sockets cannot be read");
	o->desc = desc;
	return 0;
}

/* --- BPF objects --- */

/* The file behind an fd, provided it is that of a BPF object already known. */
static struct file *file_of(int fd, const void *object)
{
	struct file *file = fget(fd);

	if (!file || file->private_data == object)
		return file;
	fput(file);
	return NULL;
}

static int gather_prog(struct vx_offer *o, struct vhost_xdp_attach *arg)
{
	struct bpf_prog *prog = vx_prog_get(arg->prog_fd, arg->error);

	if (IS_ERR(prog))
		return PTR_ERR(prog);
	vx_count(VX_COUNT_PROGRAMS, 1);
	o->prog = prog;
	o->prog_file = file_of(arg->prog_fd, prog);
	return o->prog_file ? 0 : vx_refuse(arg->error, -EBADF, "prog_fd changed meanwhile");
}

static bool is_map(const struct file *file, int fd)
{
	struct bpf_map *map = bpf_map_get(fd);
	bool same;

	if (IS_ERR(map))
		return false;
	same = file->private_data == map;
	bpf_map_put(map);
	return same;
}

static bool is_link(const struct file *file, int fd)
{
	struct bpf_link *link = bpf_link_get_from_fd(fd);
	bool same;

	if (IS_ERR(link))
		return false;
	same = file->private_data == link;
	bpf_link_put(link);
	return same;
}

/*
 * A map's file is held, not the map: when the last fd and pin of a PROG_ARRAY goes, it is emptied, however many references there are.
 * Files of other kinds could refer to us, and would then never go.
 */
static int gather_keep(struct vx_offer *o, struct vhost_xdp_attach *arg)
{
	const s32 *fd = o->keep_fd;
	struct file *file;
	u32 i;

	for (i = 0; i < arg->nkeep; i++) {
		file = fget(fd[i]);
		if (!file)
			return vx_refuse(arg->error, -EBADF, "fd %d to keep is not open", fd[i]);
		if (file->f_op != o->prog_file->f_op && !is_map(file, fd[i]) && !is_link(file, fd[i])) {
			fput(file);
			return vx_refuse(arg->error, -EINVAL, "fd %d to keep is no BPF map, program or link", fd[i]);
		}
		o->keep[o->nkeep++] = file;
		vx_count(VX_COUNT_FILES, 1);
	}
	return 0;
}

static int judge_page_map(const struct bpf_map *map, char *error)
{
	if (map->map_type != BPF_MAP_TYPE_ARRAY || map->max_entries != 1 || !(map->map_flags & BPF_F_MMAPABLE) ||
	    !map->ops->map_direct_value_addr)
		return vx_refuse(error, -EINVAL, "page_fd is not a mmapable array map of one entry");
	/* Once such a map is frozen, the verifier takes what is in it for constant. */
	if (map->map_flags & BPF_F_RDONLY_PROG)
		return vx_refuse(error, -EPERM, "page_fd is read-only for programs");
	/* Programs have the kernel take these for pointers and locks of its own: not what lies where we count. */
	if (vx_map_has_fields(map))
		return vx_refuse(error, -EINVAL, "the entry of page_fd has fields of the kernel's own (a lock, timer or pointer)");
	if (map->value_size < sizeof(struct vx_engine_page))
		return vx_refuse(error, -EINVAL, "the entry of page_fd has %u bytes; %zu are needed", map->value_size,
				 sizeof(struct vx_engine_page));
	return 0;
}

static int gather_page(struct vx_offer *o, struct vhost_xdp_attach *arg)
{
	struct bpf_map *map;
	struct file *file;
	u64 addr;
	int err;

	map = bpf_map_get(arg->page_fd);
	if (IS_ERR(map))
		return vx_refuse(arg->error, PTR_ERR(map), "page_fd is not a BPF map");
	o->page_map = map;
	err = judge_page_map(map, arg->error);
	if (err)
		return err;
	file = file_of(arg->page_fd, map);
	err = file && file->f_mode & FMODE_CAN_WRITE ? 0 : vx_refuse(arg->error, -EPERM, "page_fd may only be read");
	if (file)
		fput(file);
	if (err)
		return err;
	err = map->ops->map_direct_value_addr(map, &addr, 0);
	if (err)
		return vx_refuse(arg->error, err, "page_fd has no memory of its own");
	o->page = (struct vx_engine_page *)(unsigned long)addr;
	return 0;
}

/* --- sockets --- */

static bool reserved_is_zero(const struct vhost_xdp_socket *d)
{
	return !d->reserved[0] && !d->reserved[1] && !d->fill.reserved && !d->completion.reserved && !d->rx.reserved &&
	       !d->tx.reserved;
}

static int gather_sockets(struct vx_offer *o, struct vx_port *port, struct vhost_xdp_attach *arg)
{
	const struct vhost_xdp_socket *desc = o->desc;
	struct vx_socket *s;

	for (; o->nsock < port->npairs; desc++) {
		if (!reserved_is_zero(desc))
			return vx_refuse(arg->error, -EINVAL, "socket %u: a reserved field is not zero", o->nsock);
		s = vx_socket_take(desc, o->net, arg->guest_ifindex, &port->pair[o->nsock], port->mtu, arg->error);
		if (IS_ERR(s))
			return PTR_ERR(s);
		o->sock[o->nsock++] = s;
	}
	return 0;
}

static int judge_sockets(const struct vx_offer *o, struct vhost_xdp_attach *arg)
{
	u32 i;

	for (i = 0; i < o->nsock; i++)
		if (!vx_socket_bound_to(o->sock[i], o->guest))
			return vx_refuse(arg->error, -ENXIO, "the guest end was replaced by another netdev");
	return 0;
}

static int gather_inlet(struct vx_offer *o, struct vx_port *port, struct vhost_xdp_attach *arg)
{
	struct vx_inlet *in;

	if (!(arg->flags & VHOST_XDP_ATTACH_INLET))
		return 0;
	in = vx_inlet_make(port, o->net, arg->error);
	if (IS_ERR(in))
		return PTR_ERR(in);
	o->inlet = in;
	return 0;
}

int vx_offer_gather(struct vx_offer *o, struct vx_port *port, struct vhost_xdp_attach *arg)
{
	int err = gather_netdevs(o, arg);

	/* Only a look for now. */
	drop_netdevs(o);
	if (!err)
		err = read_memory(o, port, arg);
	if (!err)
		err = gather_prog(o, arg);
	if (!err)
		err = gather_keep(o, arg);
	if (!err)
		err = gather_page(o, arg);
	if (!err)
		err = gather_sockets(o, port, arg);
	return err ? err : gather_inlet(o, port, arg);
}

int vx_offer_netdevs(struct vx_offer *o, struct vhost_xdp_attach *arg)
{
	int err = gather_netdevs(o, arg);

	return err ? err : judge_sockets(o, arg);
}

void vx_offer_drop(struct vx_offer *o)
{
	if (o->inlet) {
		vx_inlet_unregister(o->inlet);
		vx_inlet_free(o->inlet);
	}
	while (o->nsock)
		vx_socket_give_back(o->sock[--o->nsock]);
	if (o->page_map)
		bpf_map_put(o->page_map);
	while (o->nkeep) {
		fput(o->keep[--o->nkeep]);
		vx_count(VX_COUNT_FILES, -1);
	}
	if (o->prog_file)
		fput(o->prog_file);
	if (o->prog) {
		bpf_prog_put(o->prog);
		vx_count(VX_COUNT_PROGRAMS, -1);
	}
	kfree(o->desc);
	drop_netdevs(o);
}
