// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vhost_user_io.h"

static void close_fds(struct vx_vu_msg *m)
{
	for (__u32 i = 0; i < m->nfds; i++) {
		if (m->fds[i] >= 0)
			close(m->fds[i]);
	}
	m->nfds = 0;
}

int vx_vu_conn_open(struct vx_vu_conn *conn, int fd)
{
	memset(conn, 0, sizeof(*conn));
	conn->fd = fd;
	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		return -errno;
	return 0;
}

void vx_vu_conn_close(struct vx_vu_conn *conn)
{
	close_fds(&conn->msg);
	close(conn->fd);
	conn->fd = -1;
}

/* Every descriptor that the kernel installed for us is noted or closed, whatever is wrong with the message. */
static int take_fds(struct vx_vu_msg *m, struct msghdr *mh)
{
	int err = mh->msg_flags & MSG_CTRUNC ? -ENFILE : 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c; c = CMSG_NXTHDR(mh, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (m->nfds < VX_VU_FDS_MAX) {
				m->fds[m->nfds++] = fd;
			} else {
				close(fd);
				err = -ENFILE;
			}
		}
	}
	return err;
}

/* Read up to len bytes; returns how many, 0 for "later", or a negative errno. */
static int receive_some(struct vx_vu_conn *conn, void *buf, __u32 len)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(VX_VU_FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = buf, .iov_len = len };
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n;
	int err;

	do {
		n = recvmsg(conn->fd, &mh, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	err = take_fds(&conn->msg, &mh);
	if (err)
		return err;
	return n ? (int)n : -ECONNRESET;
}

static int check_header(const struct vx_vu_header *h)
{
	if ((h->flags & VX_VU_VERSION_MASK) != VX_VU_VERSION || h->flags & VX_VU_REPLY)
		return -EPROTO;
	if (h->size > sizeof(union vx_vu_payload))
		return -EMSGSIZE;
	return 0;
}

int vx_vu_conn_receive(struct vx_vu_conn *conn)
{
	struct vx_vu_msg *m = &conn->msg;
	const __u32 hlen = sizeof(m->header);
	int n;

	while (conn->have < hlen) {
		n = receive_some(conn, (char *)&m->header + conn->have, hlen - conn->have);
		if (n <= 0)
			return n;
		conn->have += n;
		if (conn->have < hlen)
			continue;
		n = check_header(&m->header);
		if (n)
			return n;
	}
	while (conn->have < hlen + m->header.size) {
		n = receive_some(conn, (char *)&m->payload + conn->have - hlen, hlen + m->header.size - conn->have);
		if (n <= 0)
			return n;
		conn->have += n;
	}
	return 1;
}

void vx_vu_conn_done(struct vx_vu_conn *conn)
{
	close_fds(&conn->msg);
	/* A short payload must not be completed by what the message before left behind. */
	memset(&conn->msg, 0, sizeof(conn->msg));
	conn->have = 0;
}

int vx_vu_conn_reply(struct vx_vu_conn *conn, const union vx_vu_payload *payload, __u32 size)
{
	struct vx_vu_header h = {
		.request = conn->msg.header.request,
		.flags = VX_VU_VERSION | VX_VU_REPLY,
		.size = size,
	};
	struct iovec iov[2] = {
		{ .iov_base = &h, .iov_len = sizeof(h) },
		{ .iov_base = (void *)payload, .iov_len = size },
	};
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2 };
	ssize_t n;

	do {
		n = sendmsg(conn->fd, &mh, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == sizeof(h) + size ? 0 : -EAGAIN;
}
