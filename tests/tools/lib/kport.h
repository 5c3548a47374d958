/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port of the kernel engine, made by hand through the control interface: sockets, rings, programs. */
#ifndef KPORT_H
#define KPORT_H

#include <linux/if_xdp.h>
#include <uapi/linux/vhost_xdp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KPORT_CONTROL	"/dev/vhost-xdp-control"
#define KPORT_RINGS	4	/* fill, completion, rx, tx */

extern uint32_t kport_chunk;	/* bytes of a UMEM's chunks; 2048 carry an MTU of 1500 */

/* An AF_XDP socket as the module wants it: rings mapped, then bound. */
struct kport_socket {
	int fd;
	uint32_t entries;
	void *umem;
	size_t umem_size;
	void *map[KPORT_RINGS];
	size_t map_size[KPORT_RINGS];
	struct vhost_xdp_socket desc;
};

/* A socket with a UMEM of its own; not bound when ifindex is 0. An errno. */
int kport_socket_open(struct kport_socket *s, uint32_t ifindex, uint32_t queue, uint32_t entries);
/* One that shares the UMEM of owner, on another queue of the same netdev. */
int kport_socket_share(struct kport_socket *s, const struct kport_socket *owner, uint32_t ifindex, uint32_t queue, uint32_t entries);
int kport_bind(int fd, uint32_t ifindex, uint32_t queue);
void kport_socket_close(struct kport_socket *s);
/* The ring of a description by number, in the order of KPORT_RINGS. */
struct vhost_xdp_ring *kport_ring(struct vhost_xdp_socket *s, unsigned int ring);

int kport_control(void);
int kport_page_map(void);	/* an fd of a map as PORT_ATTACH wants one */

/* Of one name; each an errno. */
int kport_new(int control, const char *name, uint32_t pairs, uint32_t mtu);
int kport_del(int control, const char *name);
int kport_detach(int control, const char *name);
int kport_set_prog(int control, const char *name, int prog);
/* A data fd, or -1. */
int kport_open(int control, const char *name, uint32_t pair, uint32_t flags);
struct vhost_xdp_totals kport_totals(int control);
void kport_print_totals(const struct vhost_xdp_totals *t);
/* Are the totals what they were, or soon? Not everything is given back at once. Printed when something was left. */
bool kport_settled(int control, const struct vhost_xdp_totals *before);

/* All of an attach that needs no further thought. */
struct kport {
	char name[VHOST_XDP_NAME_LEN];
	uint32_t host, guest, nsockets;
	bool shared;
	struct kport_socket socket[VHOST_XDP_PAIRS_MAX];
	struct vhost_xdp_socket desc[VHOST_XDP_PAIRS_MAX];
	int page, xskmap, keep[2];
	struct vhost_xdp_attach attach;
};

/*
 * Make sockets on a netdev's first n queues, each with a UMEM of its own, or with p->shared set all with a part of
 * the first's. p->attach is then complete but for prog_fd. Ends the program where the kernel
 * refuses. kport_prepare: and a program there that sends to them.
 */
void kport_sockets(struct kport *p, const char *name, const char *host, const char *guest, uint32_t n, uint32_t entries);
void kport_prepare(struct kport *p, const char *name, const char *host, const char *guest, uint32_t n, uint32_t entries);
/* The errno; prints what the module had to say. */
int kport_attach(int control, struct kport *p, int prog);
/* Closes what this process holds; an attached port lives on. */
void kport_forget(struct kport *p);

#endif
