/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages on a vhost-user connection. Nothing here blocks: a peer that stops in the middle of a message costs nothing. */
#ifndef VX_VHOST_USER_IO_H
#define VX_VHOST_USER_IO_H

#include "vhost_user_msg.h"

struct vx_vu_conn {
	int fd;			/* non-blocking stream socket */
	__u32 have;		/* bytes of header and payload received so far */
	struct vx_vu_msg msg;
};

/* Takes over fd and makes it non-blocking. */
int vx_vu_conn_open(struct vx_vu_conn *conn, int fd);
void vx_vu_conn_close(struct vx_vu_conn *conn);

/*
 * 1: conn->msg is whole, to be handed back by vx_vu_conn_done(). 0: more must arrive first.
 * -ECONNRESET: the peer left. -EMSGSIZE, -EPROTO: no vhost-user message; -ENFILE: more descriptors than a message may carry.
 */
int vx_vu_conn_receive(struct vx_vu_conn *conn);

/* Ready for the next message; descriptors that no handler kept are closed. */
void vx_vu_conn_done(struct vx_vu_conn *conn);

/* Send size bytes of payload as the reply to the present message. A peer that does not read its replies is an error: -EAGAIN. */
int vx_vu_conn_reply(struct vx_vu_conn *conn, const union vx_vu_payload *payload, __u32 size);

#endif
