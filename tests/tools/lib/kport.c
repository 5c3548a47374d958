// SPDX-License-Identifier: GPL-2.0-or-later
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_link.h>
#include <linux/types.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <vhost_xdp/stats.h>

#include "kport.h"
#include "xdp_prog.h"

static void die(const char *what, int err)
{
	fprintf(stderr, "%s: %s\n", what, strerror(err));
	exit(2);
}

int kport_control(void)
{
	int fd = open(KPORT_CONTROL, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		die(KPORT_CONTROL, errno);
	return fd;
}

int kport_page_map(void)
{
	return map_new(BPF_MAP_TYPE_ARRAY, 4, sizeof(struct vx_engine_page), 1, BPF_F_MMAPABLE);
}

static int by_name(int control, unsigned long request, const char *name)
{
	struct vhost_xdp_name n = { 0 };

	strncpy(n.name, name, sizeof(n.name) - 1);
	return ioctl(control, request, &n) < 0 ? errno : 0;
}

int kport_new(int control, const char *name, uint32_t pairs, uint32_t mtu)
{
	struct vhost_xdp_new n = { .pairs = pairs, .mtu = mtu };

	strncpy(n.name, name, sizeof(n.name) - 1);
	return ioctl(control, VHOST_XDP_PORT_NEW, &n) < 0 ? errno : 0;
}

int kport_del(int control, const char *name)
{
	return by_name(control, VHOST_XDP_PORT_DEL, name);
}

int kport_detach(int control, const char *name)
{
	return by_name(control, VHOST_XDP_PORT_DETACH, name);
}

int kport_set_prog(int control, const char *name, int prog)
{
	struct vhost_xdp_prog p = { .prog_fd = prog };

	strncpy(p.name, name, sizeof(p.name) - 1);
	return ioctl(control, VHOST_XDP_PORT_SET_PROG, &p) < 0 ? errno : 0;
}

int kport_open(int control, const char *name, uint32_t pair, uint32_t flags)
{
	struct vhost_xdp_open o = { .pair = pair, .flags = flags };

	strncpy(o.name, name, sizeof(o.name) - 1);
	return ioctl(control, VHOST_XDP_PORT_OPEN, &o);
}

struct vhost_xdp_totals kport_totals(int control)
{
	struct vhost_xdp_totals t;

	memset(&t, 0, sizeof(t));
	if (ioctl(control, VHOST_XDP_GET_TOTALS, &t))
		die("GET_TOTALS", errno);
	return t;
}

void kport_print_totals(const struct vhost_xdp_totals *t)
{
	printf("ports %" PRIu64 " sockets %" PRIu64 " ring_pages %" PRIu64 " tx_pages %" PRIu64 " programs %" PRIu64
	       " files %" PRIu64 " data_fds %" PRIu64 " devices %" PRIu64 " workers %" PRIu64 " umem_lost %" PRIu64 "\n",
	       (uint64_t)t->ports, (uint64_t)t->sockets, (uint64_t)t->ring_pages, (uint64_t)t->tx_pages,
	       (uint64_t)t->programs, (uint64_t)t->files, (uint64_t)t->data_fds, (uint64_t)t->devices,
	       (uint64_t)t->workers, (uint64_t)t->umem_lost);
}

/* Empty pages are kept as long as a port is attached; a neighbour of the test may have ended meanwhile. */
static bool same_or_less(const struct vhost_xdp_totals *before, struct vhost_xdp_totals now)
{
	if (before->sockets)
		now.tx_pages = before->tx_pages;
	if (now.data_fds > before->data_fds || now.devices > before->devices || now.workers > before->workers)
		return false;
	now.data_fds = before->data_fds;
	now.devices = before->devices;
	now.workers = before->workers;
	return !memcmp(before, &now, sizeof(now));
}

bool kport_settled(int control, const struct vhost_xdp_totals *before)
{
	struct vhost_xdp_totals now;

	for (int tries = 0; tries < 60; tries++) {
		now = kport_totals(control);
		if (same_or_less(before, now))
			return true;
		usleep(50000);
	}
	printf("before: ");
	kport_print_totals(before);
	printf("now:    ");
	kport_print_totals(&now);
	return false;
}

void kport_sockets(struct kport *p, const char *name, const char *host, const char *guest, uint32_t n, uint32_t entries)
{
	const bool shared = p->shared;

	memset(p, 0, sizeof(*p));
	p->shared = shared;
	p->nsockets = n;
	p->host = if_nametoindex(host);
	p->guest = if_nametoindex(guest);
	if (!p->host || !p->guest)
		die("the port's netdevs", errno);
	for (uint32_t i = 0; i < n; i++) {
		int err = shared && i ? kport_socket_share(&p->socket[i], &p->socket[0], p->guest, i, entries) :
					kport_socket_open(&p->socket[i], p->guest, i, entries);

		if (err)
			die("an AF_XDP socket", err);
		if (shared) {
			p->socket[i].desc.first_frame = i * (3 * entries / n);
			p->socket[i].desc.frames = 3 * entries / n;
		}
	}
	p->xskmap = map_new(BPF_MAP_TYPE_XSKMAP, 4, 4, VHOST_XDP_PAIRS_MAX, 0);
	p->page = kport_page_map();
	strncpy(p->name, name, sizeof(p->name) - 1);
	p->keep[0] = p->xskmap;
	memcpy(p->attach.name, p->name, sizeof(p->name));
	p->attach.host_ifindex = p->host;
	p->attach.guest_ifindex = p->guest;
	p->attach.nsockets = n;
	p->attach.prog_fd = -1;
	p->attach.page_fd = p->page;
	p->attach.nkeep = 1;
	p->attach.keep = (uintptr_t)p->keep;
	p->attach.sockets = (uintptr_t)p->desc;
	for (uint32_t i = 0; i < n; i++)
		p->desc[i] = p->socket[i].desc;
}

/* Stays on the netdev when this process is gone, and holds the map. */
static void send_to_sockets(struct kport *p)
{
	int prog, err;

	for (uint32_t i = 0; i < p->nsockets; i++)
		map_set(p->xskmap, i, &p->socket[i].fd);
	prog = prog_to_sockets(p->xskmap, XDP_DROP);
	err = bpf_xdp_attach(p->guest, prog, XDP_FLAGS_DRV_MODE, NULL);
	if (err)
		die("a program on the guest end", -err);
	close(prog);
}

void kport_prepare(struct kport *p, const char *name, const char *host, const char *guest, uint32_t n, uint32_t entries)
{
	kport_sockets(p, name, host, guest, n, entries);
	send_to_sockets(p);
}

int kport_attach(int control, struct kport *p, int prog)
{
	int err;

	p->attach.prog_fd = prog;
	err = ioctl(control, VHOST_XDP_PORT_ATTACH, &p->attach) < 0 ? errno : 0;
	if (err)
		printf("attach %s: %s: %.*s\n", p->name, strerror(err), (int)sizeof(p->attach.error), p->attach.error);
	return err;
}

void kport_forget(struct kport *p)
{
	for (uint32_t i = 0; i < p->nsockets; i++)
		kport_socket_close(&p->socket[i]);
	close(p->page);
	close(p->xskmap);
}
