/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The user engine of one port: its AF_XDP sockets, workers, vhost-user device, and the page that tells of them. */
#ifndef VX_ENGINE_USER_H
#define VX_ENGINE_USER_H

#include "port.h"
#include "vhost_user.h"
#include "worker.h"

struct vx_engine {
	struct vx_port port;
	u32 npairs;		/* vring pairs offered; at most nsockets */
	u32 nsockets;		/* one for each queue of the port */
	int attention;		/* eventfd: a worker has something to say, see vx_engine_attend() */
	int links;		/* netlink: some netdev changed, see vx_engine_links_changed() */
	bool told[2 * VX_QUEUE_PAIRS_MAX];	/* broken vrings that were reported */
	struct vx_engine_page *page;
	struct vx_vu *vu;
	struct vx_xsk_socket socket[VX_QUEUE_PAIRS_MAX];
	struct vx_worker worker[VX_QUEUE_PAIRS_MAX];
};

/*
 * The port, and its page mapped. queues: vring pairs to offer, 0 for as many as the port has.
 * Negative errno with one line printed; nothing stays behind.
 */
int vx_engine_find(struct vx_engine *e, const char *name, u32 queues);
/*
 * The rest that needs privileges: sockets bound and in the XSKMAP; no map fd stays open.
 * Negative errno with one line printed; the caller closes.
 */
int vx_engine_open(struct vx_engine *e, u32 busy_poll_us);
/* Start the threads. */
int vx_engine_start(struct vx_engine *e);
/* Drain, stop, close; of an engine that was found or opened. False: a worker hangs and the process must exit without more ado. */
bool vx_engine_close(struct vx_engine *e);

/* Of engine_user_sockets.c: one socket for each queue of the port; then all of them into the XSKMAP. */
int vx_engine_sockets_open(struct vx_engine *e);
int vx_engine_sockets_publish(struct vx_engine *e);
int vx_engine_links_open(struct vx_engine *e);

/* After .attention became readable: report what broke. 0, or -EIO: guest memory was lost, the VMM is to be disconnected. */
int vx_engine_attend(struct vx_engine *e);
/* After .links became readable. 0, or -ENETDOWN: the port's netdev went away, the engine is to end. */
int vx_engine_links_changed(struct vx_engine *e);

#endif
