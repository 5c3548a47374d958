/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was lost behind a verdict, where nobody has the frame any more: full rings, refused redirects, guests that take nothing.
 * Together with the drops of the map vx_drops this is every frame that was sent and did not arrive, each of them once.
 */
#ifndef VX_LOSSES_H
#define VX_LOSSES_H

#include <linux/types.h>

#include "port.h"

enum vx_loss_kind {
	VX_LOSS_ENGINE,		/* counted by the engine; a socket's own losses included */
	VX_LOSS_REDIRECT,	/* XDP said where to, and it was not taken there */
	VX_LOSS_NETDEV,		/* a queue of the port's netdevs was full */
};

struct vx_lost {
	enum vx_loss_kind kind;
	__u8 direction;		/* enum vx_direction */
	__u16 queue;		/* VX_LOSS_ENGINE */
	int from, to;		/* VX_LOSS_REDIRECT: ifindexes; VX_LOSS_NETDEV: from */
	char where[40];		/* "queue 0", "vm1 > eth0", "vm1-g" */
	char why[24];		/* "no_guest_buffer", "ring_full" */
	__u64 packets;
};

/* Of one port, non-zero ones only, until fn returns non-zero: that, 0, or a negative errno. */
int vx_losses_each(const struct vx_port *port, int (*fn)(const struct vx_lost *lost, void *arg), void *arg);

#endif
