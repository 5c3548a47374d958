// SPDX-License-Identifier: GPL-2.0-or-later
/* The AF_XDP sockets of a port, made while we may. */
#include <bpf/bpf.h>
#include <signal.h>
#include <time.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine_user.h"
#include "pins.h"
#include "say.h"

#define QUEUE_FREE_TRIES	100	/* 20 ms each */

/* Only after the first socket is bound: until then the page may be another engine's. */
static void page_reset(struct vx_engine *e)
{
	memset(e->page, 0, sizeof(*e->page));
	e->page->abi = VX_ENGINE_ABI;
	e->page->queue_pairs = e->nsockets;
	e->page->pid = getpid();
}

/* Is the process that the page names still there? If it is not ours to ask, assume so. */
static bool owner_lives(const struct vx_engine *e)
{
	pid_t owner = (pid_t)VX_READ_ONCE(e->page->pid);

	return owner > 0 && owner != getpid() && (!kill(owner, 0) || errno != ESRCH);
}

/* The kernel gives a queue free some time after the last engine's end: a restart must wait for that. */
static int socket_open(struct vx_engine *e, u32 i, const char *ifname)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	int err;

	for (u32 tries = 0; ; tries++) {
		err = vx_xsk_open(&e->socket[i], ifname, e->port.cfg.guest_ifindex, i, e->port.cfg.mtu);
		if (err != -EBUSY)
			return err;
		if (owner_lives(e))
			return vx_fail(err, "port %s is already served, by process %u; stop that one first", e->port.cfg.name,
				       e->page->pid);
		if (tries == QUEUE_FREE_TRIES)
			return vx_fail(err, "queue %u of %s already has an AF_XDP socket of another program; stop that one first",
				       i, ifname);
		nanosleep(&pause, NULL);
	}
}

int vx_engine_sockets_open(struct vx_engine *e)
{
	char ifname[VX_NAME_LEN];

	vx_port_guest_end(&e->port, ifname);
	for (u32 i = 0; i < e->nsockets; i++) {
		int err = socket_open(e, i, ifname);

		if (err)
			return err;
		e->socket[i].x.page = e->page;
		vx_xsk_fill(&e->socket[i]);
		if (!i)
			page_reset(e);
	}
	return 0;
}

int vx_engine_sockets_publish(struct vx_engine *e)
{
	int fd = vx_pin_open("v1/vx_xsk"), err = 0;

	if (fd < 0)
		return vx_fail(fd, "the map of AF_XDP sockets is missing (%s); run: vhost-xdp doctor", strerror(-fd));
	for (u32 i = 0; i < e->nsockets && !err; i++) {
		u32 key = e->port.id * VX_QUEUE_PAIRS_MAX + i;

		err = bpf_map_update_elem(fd, &key, &e->socket[i].fd, BPF_ANY);
		if (err)
			vx_fail(err, "queue %u of port %s cannot enter the map of AF_XDP sockets: %s", i, e->port.cfg.name,
				strerror(-err));
	}
	close(fd);
	return err;
}

/*
 * An AF_XDP socket whose netdev goes tells nobody who polls it. So listen to what happens
 * to netdevs, and ask the socket whenever something does.
 */
int vx_engine_links_open(struct vx_engine *e)
{
	struct sockaddr_nl sa = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };

	e->links = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (e->links < 0 || bind(e->links, (struct sockaddr *)&sa, sizeof(sa)))
		return vx_fail(-errno, "netdevs cannot be watched: %s", strerror(errno));
	return 0;
}

int vx_engine_links_changed(struct vx_engine *e)
{
	char news[1024];

	/* What happened does not matter, nor whether some of it was lost (ENOBUFS). */
	for (u32 i = 0; i < 64 && (recv(e->links, news, sizeof(news), MSG_DONTWAIT) >= 0 || errno == ENOBUFS); i++)
		;
	for (u32 i = 0; i < e->nsockets; i++) {
		if (vx_xsk_gone(&e->socket[i]))
			return vx_fail(-ENETDOWN, "the netdev of port %s is gone; serve ends", e->port.cfg.name);
	}
	return 0;
}
