// SPDX-License-Identifier: GPL-2.0-or-later
/* What a port in the module lives on: AF_XDP sockets, the program for frames from the guest, what only pins would hold. */
#include <bpf/bpf.h>
#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "engine_kernel.h"
#include "netdev.h"
#include "pins.h"
#include "redirects.h"
#include "say.h"
#include "xsk.h"

#define QUEUE_FREE_TRIES	100	/* 20 ms each */
#define N_KEEP			3

struct handover {
	const struct vx_port *port;
	u32 nsockets;
	struct vx_xsk_socket socket[VX_QUEUE_PAIRS_MAX];
	struct vhost_xdp_socket desc[VX_QUEUE_PAIRS_MAX];
	int prog, page;
	int keep[N_KEEP];
	u32 nkeep;
};

static void describe_ring(struct vhost_xdp_ring *to, const struct vx_xsk_ring *ring, const void *map)
{
	const u8 *base = map;

	*to = (struct vhost_xdp_ring){
		.addr = (uintptr_t)map,
		.entries = ring->size,
		.producer = (u32)((u8 *)ring->producer - base),
		.consumer = (u32)((u8 *)ring->consumer - base),
		.desc = (u32)((u8 *)ring->desc - base),
		.flags = (u32)((u8 *)ring->flags - base),
	};
}

static void describe_socket(struct vhost_xdp_socket *to, const struct vx_xsk_socket *s)
{
	*to = (struct vhost_xdp_socket){ .fd = s->fd, .umem_fd = -1 };
	describe_ring(&to->fill, &s->x.fill, s->ring[0].map);
	describe_ring(&to->completion, &s->x.comp, s->ring[1].map);
	describe_ring(&to->rx, &s->x.rx, s->ring[2].map);
	describe_ring(&to->tx, &s->x.tx, s->ring[3].map);
}

/* The kernel gives a queue free some time after a socket's end. */
static int socket_open(struct handover *h, u32 i, const char *ifname)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	int err = -EBUSY;

	for (u32 tries = 0; tries < QUEUE_FREE_TRIES && err == -EBUSY; tries++) {
		if (tries)
			nanosleep(&pause, NULL);
		err = vx_xsk_open(&h->socket[i], ifname, h->port->cfg.guest_ifindex, i, h->port->cfg.mtu);
	}
	if (err == -EBUSY)
		vx_fail(err, "queue %u of %s already has an AF_XDP socket of another program; stop that one first", i, ifname);
	return err;
}

static int sockets_open(struct handover *h)
{
	char ifname[VX_NAME_LEN];
	int err = 0;

	vx_port_guest_end(h->port, ifname);
	for (u32 i = 0; i < h->port->cfg.queue_pairs && !err; i++) {
		err = socket_open(h, i, ifname);
		if (!err)
			describe_socket(&h->desc[h->nsockets++], &h->socket[i]);
	}
	return err;
}

static int sockets_publish(const struct handover *h)
{
	int fd = vx_pin_open("v1/vx_xsk"), err = 0;

	for (u32 i = 0; i < h->nsockets && fd >= 0 && !err; i++) {
		u32 key = h->port->id * VX_QUEUE_PAIRS_MAX + i;

		if (bpf_map_update_elem(fd, &key, &h->socket[i].fd, BPF_ANY))
			err = -errno;
	}
	if (fd < 0)
		err = fd;
	else
		close(fd);
	return err ? vx_fail(err, "port %s cannot enter the map of AF_XDP sockets: %s", h->port->cfg.name, strerror(-err)) : 0;
}

/*
 * Programs hold their maps, and maps their programs; but a PROG_ARRAY is emptied when its last pin goes, and a link is detached.
 * Without these, unmounting the bpffs would end the traffic.
 */
static int pins_open(struct handover *h)
{
	const char *name = h->port->cfg.name;

	h->prog = vx_pin_open("progs/vx_port");
	h->page = vx_pin_open("ports/%s/engine", name);
	h->keep[0] = vx_pin_open("v1/vx_policy_v1");
	h->keep[1] = vx_pin_open("ports/%s/link_host", name);
	h->keep[2] = vx_pin_open("ports/%s/link_guest", name);
	if (h->prog < 0 || h->page < 0)
		return vx_fail(-ENOENT, "the program or the counters of port %s are missing; delete it and add it anew", name);
	for (u32 i = 0; i < N_KEEP; i++)
		if (h->keep[i] < 0)
			return vx_fail(h->keep[i], "the pins of port %s are incomplete; delete it and add it anew", name);
	h->nkeep = N_KEEP;
	return 0;
}

static int hand_over(int control, struct handover *h)
{
	struct vhost_xdp_attach arg = {
		.host_ifindex = h->port->cfg.host_ifindex,
		.guest_ifindex = h->port->cfg.guest_ifindex,
		.nsockets = h->nsockets,
		.prog_fd = h->prog,
		.page_fd = h->page,
		.nkeep = h->nkeep,
		.sockets = (uintptr_t)h->desc,
		.keep = (uintptr_t)h->keep,
		.flags = VHOST_XDP_ATTACH_INLET,
	};
	int err;

	memcpy(arg.name, h->port->cfg.name, sizeof(arg.name));
	if (!ioctl(control, VHOST_XDP_PORT_ATTACH, &arg))
		return 0;
	err = -errno;
	arg.error[sizeof(arg.error) - 1] = '\0';
	return vx_fail(err, "the module does not take port %s: %s; see also the kernel's messages (dmesg)", h->port->cfg.name,
		       *arg.error ? arg.error : strerror(-err));
}

/* From here on XDP redirects for the guest go there, not through the veth pair. When the module lets go of it, its entry in the map goes, too. */
int vx_kport_open_inlet(const struct vx_port *port)
{
	char name[VX_NAME_LEN + sizeof(VHOST_XDP_INLET_SUFFIX)];
	struct vx_netdev dev;
	__u32 ifindex;
	int err;

	snprintf(name, sizeof(name), "%s" VHOST_XDP_INLET_SUFFIX, port->cfg.name);
	err = vx_netdev_by_name(name, &dev);
	if (err)
		return vx_fail(err, "cannot look at %s: %s", name, strerror(-err));
	ifindex = dev.ifindex;
	/* Of the inlet that it had before. */
	vx_redirects_forget(0);
	err = vx_netdev_no_ipv6(&dev);
	if (!err)
		err = vx_netdev_set_flags(ifindex, IFF_UP, IFF_UP);
	if (err)
		return vx_fail(err, "cannot bring %s up: %s", name, strerror(-err));
	err = vx_map_put("vx_dev", &port->cfg.host_ifindex, &ifindex, BPF_ANY);
	return err ? vx_fail(err, "cannot redirect to %s: %s", name, strerror(-err)) : 0;
}

static void close_all(struct handover *h)
{
	for (u32 i = 0; i < h->nsockets; i++)
		vx_xsk_close(&h->socket[i]);
	for (u32 i = 0; i < N_KEEP; i++)
		if (h->keep[i] >= 0)
			close(h->keep[i]);
	if (h->prog >= 0)
		close(h->prog);
	if (h->page >= 0)
		close(h->page);
}

int vx_kport_attach(int control, const struct vx_port *port)
{
	struct handover *h = vx_zalloc(sizeof(*h));
	int err;

	if (!h)
		return vx_fail(-ENOMEM, "no memory");
	h->port = port;
	h->prog = h->page = -1;
	for (u32 i = 0; i < N_KEEP; i++)
		h->keep[i] = -1;
	err = sockets_open(h);
	if (!err)
		err = pins_open(h);
	if (!err)
		err = sockets_publish(h);
	if (!err)
		err = hand_over(control, h);
	if (!err)
		err = vx_kport_open_inlet(port);
	/* On failure this ends the sockets, and with that the kernel drops them from the XSKMAP; else the module holds them. */
	close_all(h);
	vx_free(h);
	return err;
}
