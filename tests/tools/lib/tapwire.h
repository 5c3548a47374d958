/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port with a data fd, and the wire that it leads to: for tests of what a VMM does with the fd itself. */
#ifndef TAPWIRE_H
#define TAPWIRE_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <vhost_xdp/stats.h>

#include "kport.h"

#define TW_PAIRS	2u
#define TW_MTU		1500u
#define TW_HDR		10u	/* struct virtio_net_hdr, a data fd's first choice */

struct tapwire {
	const char *name;	/* of the port, and of its host end */
	char guest[VHOST_XDP_NAME_LEN + 2];
	int control;
	int wire;		/* packet socket on the host end */
	int pass, drop, tx;	/* programs that give one verdict */
	struct kport port;
	void *page;		/* its engine page, once it was asked for */
	struct vhost_xdp_totals before;
};

/* NAME and NAME-g are a veth pair of TW_PAIRS queues; a new port of that name. Ends the program where that fails. */
void tw_new(struct tapwire *w, const char *name);
/* Attached, with fresh sockets and the program that passes. An errno. */
int tw_attach(struct tapwire *w);
/* In two steps: the sockets and a program on the guest end, and then the port. */
void tw_prepare(struct tapwire *w);
int tw_attach_prepared(struct tapwire *w);
/* Gone, and nothing is left. */
void tw_del(struct tapwire *w);

/* A data fd that does not block, or -1. */
int tw_open(const struct tapwire *w, uint32_t pair, uint32_t flags);

/* The counters of pair 0; want one of them within two seconds, as a vring that uses them at that moment has them first. */
const struct vx_queue_stats *tw_stats(struct tapwire *w, enum vx_direction dir);
bool tw_soon(uint64_t want, const __u64 *counter);
/* Does a backend serve the port? */
bool tw_backend(struct tapwire *w);

void tw_frame(uint8_t *frame, size_t len, uint8_t mark);
/* write() of a zero header of hdr bytes and a frame of len; an errno, ENOMSG when it was taken in part. */
int tw_put(int fd, size_t hdr, size_t len, uint8_t mark);
int tw_write(int fd, const void *buf, size_t len);

/* From the host end to the guest. */
void tw_wire_sends(const struct tapwire *w, size_t len, uint8_t mark);
/* This frame is the next to arrive at the host end. */
void tw_arrives(const struct tapwire *w, size_t len, uint8_t mark, const char *what);
/* How many arrive, until none comes for a while. */
unsigned int tw_count(const struct tapwire *w);

#endif
