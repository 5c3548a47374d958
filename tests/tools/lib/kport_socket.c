// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kport.h"

uint32_t kport_chunk = 2048;

static const struct {
	int option;
	uint64_t pgoff;
	size_t entry;
	size_t offsets;		/* in struct xdp_mmap_offsets */
} kinds[KPORT_RINGS] = {
	{ XDP_UMEM_FILL_RING, XDP_UMEM_PGOFF_FILL_RING, sizeof(uint64_t), offsetof(struct xdp_mmap_offsets, fr) },
	{ XDP_UMEM_COMPLETION_RING, XDP_UMEM_PGOFF_COMPLETION_RING, sizeof(uint64_t), offsetof(struct xdp_mmap_offsets, cr) },
	{ XDP_RX_RING, XDP_PGOFF_RX_RING, sizeof(struct xdp_desc), offsetof(struct xdp_mmap_offsets, rx) },
	{ XDP_TX_RING, XDP_PGOFF_TX_RING, sizeof(struct xdp_desc), offsetof(struct xdp_mmap_offsets, tx) },
};

struct vhost_xdp_ring *kport_ring(struct vhost_xdp_socket *s, unsigned int ring)
{
	struct vhost_xdp_ring *const rings[KPORT_RINGS] = { &s->fill, &s->completion, &s->rx, &s->tx };

	return rings[ring];
}

static int rings_map(struct kport_socket *s)
{
	struct xdp_mmap_offsets off;
	socklen_t len = sizeof(off);

	if (getsockopt(s->fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &len))
		return errno;
	for (unsigned int i = 0; i < KPORT_RINGS; i++) {
		const struct xdp_ring_offset *o = (const void *)((const char *)&off + kinds[i].offsets);

		if (setsockopt(s->fd, SOL_XDP, kinds[i].option, &s->entries, sizeof(s->entries)))
			return errno;
		s->map_size[i] = o->desc + s->entries * kinds[i].entry;
		s->map[i] = mmap(NULL, s->map_size[i], PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, s->fd, (off_t)kinds[i].pgoff);
		if (s->map[i] == MAP_FAILED) {
			s->map[i] = NULL;
			return errno;
		}
		*kport_ring(&s->desc, i) = (struct vhost_xdp_ring){
			.addr = (uintptr_t)s->map[i], .entries = s->entries, .producer = o->producer, .consumer = o->consumer,
			.desc = o->desc, .flags = o->flags,
		};
	}
	return 0;
}

static int bind_flags(int fd, uint32_t ifindex, uint32_t queue, uint16_t flags, int shared)
{
	struct sockaddr_xdp sa = { .sxdp_family = AF_XDP, .sxdp_flags = flags, .sxdp_ifindex = ifindex,
				   .sxdp_queue_id = queue, .sxdp_shared_umem_fd = shared };

	/* a socket that was closed gives its queue back a little later */
	for (int tries = 0; bind(fd, (struct sockaddr *)&sa, sizeof(sa)); tries++) {
		if (errno != EBUSY || tries == 100)
			return errno;
		usleep(10000);
	}
	return 0;
}

int kport_bind(int fd, uint32_t ifindex, uint32_t queue)
{
	return bind_flags(fd, ifindex, queue, XDP_USE_NEED_WAKEUP, 0);
}

static int socket_new(struct kport_socket *s, uint32_t entries)
{
	memset(s, 0, sizeof(*s));
	s->entries = entries;
	s->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	s->desc.fd = s->fd;
	s->desc.umem_fd = -1;
	return s->fd < 0 ? errno : 0;
}

int kport_socket_open(struct kport_socket *s, uint32_t ifindex, uint32_t queue, uint32_t entries)
{
	struct xdp_umem_reg reg;
	int err = socket_new(s, entries);

	if (err)
		return err;
	s->umem_size = 3ull * entries * kport_chunk;
	s->umem = mmap(NULL, s->umem_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(&reg, 0, sizeof(reg));
	reg.addr = (uintptr_t)s->umem;
	reg.len = s->umem_size;
	reg.chunk_size = kport_chunk;
	if (s->umem == MAP_FAILED || setsockopt(s->fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)))
		return errno;
	err = rings_map(s);
	return err || !ifindex ? err : kport_bind(s->fd, ifindex, queue);
}

int kport_socket_share(struct kport_socket *s, const struct kport_socket *owner, uint32_t ifindex, uint32_t queue, uint32_t entries)
{
	int err = socket_new(s, entries);

	s->desc.umem_fd = owner->fd;
	if (!err)
		err = rings_map(s);
	return err ? err : bind_flags(s->fd, ifindex, queue, XDP_SHARED_UMEM, owner->fd);
}

void kport_socket_close(struct kport_socket *s)
{
	for (unsigned int i = 0; i < KPORT_RINGS; i++)
		if (s->map[i])
			munmap(s->map[i], s->map_size[i]);
	if (s->umem && s->umem != MAP_FAILED)
		munmap(s->umem, s->umem_size);
	if (s->fd >= 0)
		close(s->fd);
	memset(s, 0, sizeof(*s));
	s->fd = -1;
}
