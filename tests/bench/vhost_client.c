// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/vhost_types.h>
#include <linux/virtio_config.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "vhost_client.h"

#define GPA		0x100000ull	/* not 0, so that a backend that forgets to translate is found out */
#define RING_BYTES	0x10000ull

enum request {
	GET_FEATURES = 1, SET_FEATURES = 2, SET_OWNER = 3, SET_MEM_TABLE = 5, SET_VRING_NUM = 8, SET_VRING_ADDR = 9,
	SET_VRING_BASE = 10, GET_VRING_BASE = 11, SET_VRING_KICK = 12, SET_VRING_CALL = 13,
	GET_PROTOCOL_FEATURES = 15, SET_PROTOCOL_FEATURES = 16, SET_VRING_ENABLE = 18,
};

#define VERSION		1u
#define REPLY		(1u << 2)
#define NEED_REPLY	(1u << 3)
#define F_PROTOCOL	30	/* feature bit: protocol features */
#define P_REPLY_ACK	3

struct region {
	uint64_t gpa, size, uaddr, offset;
};

struct message {
	uint32_t request, flags, size;
	union {
		uint64_t u64;
		struct vhost_vring_state state;
		struct vhost_vring_addr addr;
		struct {
			uint32_t n, pad;
			struct region region;
		} mem;
	};
} __attribute__((packed));

#define HEAD	offsetof(struct message, u64)

static int fail(int err, const char *what)
{
	fprintf(stderr, "frontend: %s: %s\n", what, strerror(-err));
	return err;
}

static int tell(struct vxb_client *c, struct message *m, uint32_t size, int fd)
{
	char room[CMSG_SPACE(sizeof(int))] = { 0 };
	struct iovec iov = { m, HEAD + size };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1 };

	m->size = size;
	m->flags |= VERSION;
	if (fd >= 0) {
		struct cmsghdr *cm = (struct cmsghdr *)room;

		h.msg_control = room;
		h.msg_controllen = sizeof(room);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cm), &fd, sizeof(fd));
	}
	return sendmsg(c->fd, &h, MSG_NOSIGNAL) == (ssize_t)iov.iov_len ? 0 : fail(errno ? -errno : -EPIPE, "sendmsg");
}

static int hear(struct vxb_client *c, struct message *m, uint32_t request)
{
	ssize_t n = recv(c->fd, m, HEAD, MSG_WAITALL);

	if (n != (ssize_t)HEAD || !(m->flags & REPLY) || m->request != request || m->size > sizeof(*m) - HEAD ||
	    recv(c->fd, &m->u64, m->size, MSG_WAITALL) != (ssize_t)m->size)
		return fail(-EPROTO, "no proper reply from the backend");
	return 0;
}

static int ask(struct vxb_client *c, uint32_t request, uint64_t *v)
{
	struct message m = { .request = request };
	int err = tell(c, &m, 0, -1);

	if (!err)
		err = hear(c, &m, request);
	*v = m.u64;
	return err;
}

/* Tell, and where the backend can answer, wait until it has done it. */
static int order(struct vxb_client *c, struct message *m, uint32_t size, int fd)
{
	uint32_t request = m->request;
	int err;

	m->flags = c->reply_ack ? NEED_REPLY : 0;
	err = tell(c, m, size, fd);
	if (err || !c->reply_ack)
		return err;
	err = hear(c, m, request);
	if (!err && m->u64)
		err = fail(-EPROTO, "the backend refused a request");
	return err;
}

static int order_u64(struct vxb_client *c, uint32_t request, uint64_t v, int fd)
{
	struct message m = { .request = request, .u64 = v };

	return order(c, &m, sizeof(m.u64), fd);
}

static int order_state(struct vxb_client *c, uint32_t request, uint32_t index, uint32_t num)
{
	struct message m = { .request = request, .state = { index, num } };

	return order(c, &m, sizeof(m.state), -1);
}

static int negotiate(struct vxb_client *c, uint64_t offloads)
{
	struct message owner = { .request = SET_OWNER };
	const uint64_t want = 1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_NET_F_MRG_RXBUF | 1ull << F_PROTOCOL | offloads |
			      (offloads ? 1ull << VIRTIO_RING_F_INDIRECT_DESC : 0);
	uint64_t have, protocol;
	int err = ask(c, GET_FEATURES, &have);

	if (!err && (have & want) != want)
		err = fail(-EPROTO, "the backend lacks VERSION_1, MRG_RXBUF, protocol features, or an offload");
	if (!err)
		err = ask(c, GET_PROTOCOL_FEATURES, &protocol);
	if (!err)
		err = order_u64(c, SET_PROTOCOL_FEATURES, protocol & 1ull << P_REPLY_ACK, -1);
	if (err)
		return err;
	c->reply_ack = protocol & 1ull << P_REPLY_ACK;
	c->features = want;
	err = order(c, &owner, 0, -1);
	return err ? err : order_u64(c, SET_FEATURES, want, -1);
}

static int share_memory(struct vxb_client *c)
{
	struct message m = { .request = SET_MEM_TABLE, .mem = { .n = 1 } };

	c->memfd = memfd_create("bench-guest", MFD_CLOEXEC);
	if (c->memfd < 0 || ftruncate(c->memfd, c->bytes))
		return fail(-errno, "memfd");
	c->mem = mmap(NULL, c->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, c->memfd, 0);
	if (c->mem == MAP_FAILED) {
		c->mem = NULL;
		return fail(-errno, "mmap");
	}
	m.mem.region = (struct region){ GPA, c->bytes, (uintptr_t)c->mem, 0 };
	return order(c, &m, sizeof(m.mem), c->memfd);
}

static int start_ring(struct vxb_client *c, uint32_t index, const struct vxb_shape *shape)
{
	struct message m = { .request = SET_VRING_ADDR };
	struct vxb_ring *r = &c->ring[index];
	uint64_t buffers = 2 * RING_BYTES + (index ? (uint64_t)shape->num[0] * shape->buffer[0] : 0);
	int err;

	r->num = shape->num[index];
	r->size = shape->buffer[index];
	vring_init(&r->vr, r->num, c->mem + index * RING_BYTES, 4096);
	r->vr.avail->flags = VRING_AVAIL_F_NO_INTERRUPT;
	r->buffers = c->mem + buffers;
	r->gpa = GPA + buffers;
	r->kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->call[index] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->kick < 0 || c->call[index] < 0)
		return fail(-errno, "eventfd");
	m.addr = (struct vhost_vring_addr){
		.index = index,
		.desc_user_addr = (uintptr_t)r->vr.desc,
		.avail_user_addr = (uintptr_t)r->vr.avail,
		.used_user_addr = (uintptr_t)r->vr.used,
	};
	err = order_state(c, SET_VRING_NUM, index, r->num);
	if (!err)
		err = order_state(c, SET_VRING_BASE, index, 0);
	if (!err)
		err = order(c, &m, sizeof(m.addr), -1);
	if (!err)
		err = order_u64(c, SET_VRING_CALL, index, c->call[index]);
	return err ? err : order_u64(c, SET_VRING_KICK, index, r->kick);
}

int vxb_client_open(struct vxb_client *c, const char *path, const struct vxb_shape *shape)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	struct timeval patience = { .tv_sec = 5 };
	int err;

	*c = (struct vxb_client){ .memfd = -1, .call = { -1, -1 }, .ring = { { .kick = -1 }, { .kick = -1 } } };
	c->bytes = 2 * RING_BYTES + (uint64_t)shape->num[0] * shape->buffer[0] + (uint64_t)shape->num[1] * shape->buffer[1];
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    connect(c->fd, (struct sockaddr *)&sa, sizeof(sa))) {
		err = fail(-errno, path);
		vxb_client_close(c);
		return err;
	}
	err = negotiate(c, shape->offloads);
	if (!err)
		err = share_memory(c);
	for (uint32_t i = 0; i < 2 && !err; i++)
		err = start_ring(c, i, shape);
	for (uint32_t i = 0; i < 2 && !err; i++)
		err = order_state(c, SET_VRING_ENABLE, i, 1);
	if (err)
		vxb_client_close(c);
	return err;
}

void vxb_client_close(struct vxb_client *c)
{
	for (uint32_t i = 0; i < 2; i++) {
		struct message m = { .request = GET_VRING_BASE, .state = { i, 0 } };

		if (c->mem && c->call[i] >= 0 && !tell(c, &m, sizeof(m.state), -1))
			hear(c, &m, GET_VRING_BASE);
		if (c->ring[i].kick >= 0)
			close(c->ring[i].kick);
		if (c->call[i] >= 0)
			close(c->call[i]);
	}
	if (c->mem)
		munmap(c->mem, c->bytes);
	if (c->memfd >= 0)
		close(c->memfd);
	if (c->fd >= 0)
		close(c->fd);
}
