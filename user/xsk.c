// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/if_ether.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port.h"
#include "say.h"
#include "xsk.h"

#ifndef XDP_MAX_TX_SKB_BUDGET
#define XDP_MAX_TX_SKB_BUDGET	9	/* Linux 6.17 */
#endif

#ifndef XDP_USE_SG
#define XDP_USE_SG	(1 << 4)	/* Linux 6.6 */
#endif

#define RING_SIZE	2048u
/*
 * Both receive rings may be full while the guest takes nothing: what it sends
 * then still finds frames.
 */
#define FRAMES		(3 * RING_SIZE)

#define HUGE_PAGE	(2u << 20)

/* Copy mode takes at most this many descriptors per system call. */
#define TX_PER_CALL	32u

#define SEND_BUFFER	(16 << 20)

static int umem_open(struct vx_xsk_socket *s, u32 chunk)
{
	struct xdp_umem_reg reg;
	int err;

	s->area_len = ((u64)FRAMES * chunk + HUGE_PAGE - 1) & ~(u64)(HUGE_PAGE - 1);
	s->area = mmap(NULL, s->area_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->area == MAP_FAILED) {
		s->area = NULL;
		return -errno;
	}
	madvise(s->area, s->area_len, MADV_HUGEPAGE);
	madvise(s->area, s->area_len, MADV_DONTFORK);

	err = vx_umem_init(&s->umem, s->area, (u64)FRAMES * chunk, chunk);
	if (err)
		return err;
	memset(&reg, 0, sizeof(reg));
	reg.addr = (uintptr_t)s->area;
	reg.len = (u64)FRAMES * chunk;
	reg.chunk_size = chunk;
	return setsockopt(s->fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)) ? -errno : 0;
}

static int ring_open(struct vx_xsk_socket *s, u32 n, struct vx_xsk_ring *ring, int opt, const struct xdp_ring_offset *off,
		     u64 pgoff, u32 entry_size)
{
	u32 size = RING_SIZE;
	void *map;

	if (setsockopt(s->fd, SOL_XDP, opt, &size, sizeof(size)))
		return -errno;
	s->ring[n].len = off->desc + (u64)size * entry_size;
	map = mmap(NULL, s->ring[n].len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, s->fd, (off_t)pgoff);
	if (map == MAP_FAILED)
		return -errno;
	s->ring[n].map = map;
	return vx_xsk_ring_init(ring, map, s->ring[n].len, off, size, entry_size);
}

static int rings_open(struct vx_xsk_socket *s)
{
	struct xdp_mmap_offsets off;
	socklen_t len = sizeof(off);
	u32 size = RING_SIZE;
	int err;

	/* The offsets are fixed per kernel; a kernel that reports fewer of them is older than the flags field (5.4). */
	if (getsockopt(s->fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &len))
		return -errno;
	if (len != sizeof(off))
		return -EOPNOTSUPP;
	err = ring_open(s, 0, &s->x.fill, XDP_UMEM_FILL_RING, &off.fr, XDP_UMEM_PGOFF_FILL_RING, sizeof(u64));
	if (!err)
		err = ring_open(s, 1, &s->x.comp, XDP_UMEM_COMPLETION_RING, &off.cr, XDP_UMEM_PGOFF_COMPLETION_RING,
				sizeof(u64));
	if (!err)
		err = ring_open(s, 2, &s->x.rx, XDP_RX_RING, &off.rx, XDP_PGOFF_RX_RING, sizeof(struct xdp_desc));
	if (!err)
		err = ring_open(s, 3, &s->x.tx, XDP_TX_RING, &off.tx, XDP_PGOFF_TX_RING, sizeof(struct xdp_desc));
	/* Speed only: kernels that do not know the option take 32 descriptors per call. */
	setsockopt(s->fd, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, &size, sizeof(size));
	return err;
}

static int socket_bind(struct vx_xsk_socket *s, u32 ifindex)
{
	struct sockaddr_xdp sa = {
		.sxdp_family = AF_XDP,
		.sxdp_flags = XDP_USE_NEED_WAKEUP | (s->x.sg ? XDP_USE_SG : 0),
		.sxdp_ifindex = ifindex,
		.sxdp_queue_id = s->queue,
	};
	int room = SEND_BUFFER;

	/* The default holds fewer than a hundred frames on their way through the peer. */
	if (setsockopt(s->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room)))
		setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return bind(s->fd, (struct sockaddr *)&sa, sizeof(sa)) ? -errno : 0;
}

/* No netdev has the number 0: a kernel that knows the flag says so, others refuse the flag first. */
static bool knows_pieces(int fd)
{
	struct sockaddr_xdp sa = { .sxdp_family = AF_XDP, .sxdp_flags = XDP_USE_SG };

	return bind(fd, (struct sockaddr *)&sa, sizeof(sa)) && errno == ENODEV;
}

bool vx_xsk_in_pieces(void)
{
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	bool yes = fd >= 0 && knows_pieces(fd);

	if (fd >= 0)
		close(fd);
	return yes;
}

int vx_xsk_open(struct vx_xsk_socket *s, const char *ifname, u32 ifindex, u32 queue, u32 mtu)
{
	int err;

	memset(s, 0, sizeof(*s));
	s->queue = queue;
	s->fd = -1;
	if (mtu > VX_PORT_MTU_MAX)
		return vx_fail(-EMSGSIZE, "%s has an MTU of %u, but AF_XDP carries at most %u; "
			       "make the port anew with a smaller mtu", ifname, mtu, VX_PORT_MTU_MAX);
	s->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return vx_fail(-errno, "no AF_XDP socket: %s; root (CAP_NET_RAW) and a kernel with CONFIG_XDP_SOCKETS are needed",
			       strerror(errno));
	s->x.sg = knows_pieces(s->fd);
	/* A super-frame has no more pieces than the kernel takes only if they are large. */
	err = umem_open(s, mtu <= ETH_DATA_LEN && !s->x.sg ? 2048 : 4096);
	if (!err)
		err = rings_open(s);
	if (!err)
		err = socket_bind(s, ifindex);
	if (!err) {
		s->x.umem = &s->umem;
		return 0;
	}
	/* EBUSY is for the caller to explain: who has the queue? */
	if (err == -ENODEV)
		vx_fail(err, "%s does not exist in this network namespace", ifname);
	else if (err != -EBUSY)
		vx_fail(err, "no AF_XDP socket on queue %u of %s: %s", queue, ifname, strerror(-err));
	vx_xsk_close(s);
	return err;
}

void vx_xsk_close(struct vx_xsk_socket *s)
{
	for (u32 i = 0; i < VX_ARRAY_SIZE(s->ring); i++) {
		if (s->ring[i].map)
			munmap(s->ring[i].map, s->ring[i].len);
		s->ring[i].map = NULL;
	}
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	vx_umem_destroy(&s->umem);
	if (s->area)
		munmap(s->area, s->area_len);
	s->area = NULL;
}

int vx_xsk_send(struct vx_xsk_socket *s)
{
	/* The TX ring's consumer index does not tell progress on all kernels: bound the calls by what can be in it. */
	u32 calls = s->x.outstanding_tx / TX_PER_CALL + 2;

	while (calls--) {
		if (!vx_xsk_tx_need_wakeup(&s->x))
			return 0;
		if (sendto(s->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) >= 0)
			return 0;
		if (errno == ENOBUFS || errno == EBUSY)
			return -EAGAIN;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
	return -EAGAIN;
}

void vx_xsk_fill(struct vx_xsk_socket *s)
{
	vx_xsk_refill(&s->x);
	if (vx_xsk_fill_need_wakeup(&s->x))
		recvfrom(s->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL);
}

bool vx_xsk_gone(const struct vx_xsk_socket *s)
{
	return recvfrom(s->fd, NULL, 0, MSG_DONTWAIT, NULL, NULL) < 0 && errno == ENXIO;
}

static void tell_losses(struct vx_xsk_losses *l, const struct xdp_statistics *seen, const struct xdp_statistics *now, u64 no_frame,
			u64 oversize)
{
	vx_stat_add(l->ring_full, now->rx_ring_full - seen->rx_ring_full);
	vx_stat_add(l->no_frame, no_frame);
	vx_stat_add(l->oversize, oversize);
	vx_stat_add(l->tx_invalid, now->tx_invalid_descs - seen->tx_invalid_descs);
}

void vx_xsk_fold_stats(struct vx_xsk_socket *s, struct vx_queue_stats *to_guest, struct vx_queue_stats *from_guest)
{
	struct xdp_statistics now;
	socklen_t len = sizeof(now);
	u64 no_room, dropped, oversize;

	memset(&now, 0, sizeof(now));
	if (getsockopt(s->fd, SOL_XDP, XDP_STATISTICS, &now, &len))
		return;
	/* rx_dropped counts frames without a fill entry and frames longer than a chunk; only the former counts twice. */
	no_room = now.rx_fill_ring_empty_descs - s->seen.rx_fill_ring_empty_descs;
	dropped = now.rx_dropped - s->seen.rx_dropped;
	oversize = dropped > no_room ? dropped - no_room : 0;
	to_guest->drops[VX_REASON_OVERSIZE] += oversize;
	to_guest->drops[VX_REASON_NO_GUEST_BUFFER] += dropped - oversize + now.rx_ring_full - s->seen.rx_ring_full;
	from_guest->drops[VX_REASON_TX_FAILED] += now.tx_invalid_descs - s->seen.tx_invalid_descs;
	if (s->x.page)
		tell_losses(&s->x.page->xsk[s->queue], &s->seen, &now, dropped - oversize, oversize);
	s->seen = now;
}
