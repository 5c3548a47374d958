/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The socket in the file system that VMMs connect to, and its removal however we end. */
#ifndef VX_SERVE_SOCKET_H
#define VX_SERVE_SOCKET_H

#include <sys/types.h>

#include "privileges.h"

struct vx_engine_page;

struct vx_serve_socket {
	const char *path;
	int fd;			/* listening */
	int dir;		/* of the path */
	const char *base;	/* name in dir */
	dev_t dev;
	ino_t ino;
	pid_t janitor;
	int alive;		/* pipe: closes when we end */
};

/*
 * Make and listen on path, mode 0660, owned by id. A dead run's socket is replaced; a live one, or
 * something else of that name, is refused. Negative errno with one line printed; nothing stays behind.
 */
int vx_serve_socket_open(struct vx_serve_socket *s, const char *path, const struct vx_identity *id);

/*
 * Start the janitor: a process that does nothing but wait for our end, then marks the page
 * down and removes the socket. We cannot do that ourselves: not without privileges, nor after SIGKILL.
 * To be called before there are AF_XDP sockets or threads, because it must not keep them.
 */
int vx_serve_socket_guard(struct vx_serve_socket *s, const struct vx_identity *id, struct vx_engine_page *page);

/* Close, and wait until the socket is gone from the file system. */
void vx_serve_socket_close(struct vx_serve_socket *s);

#endif
