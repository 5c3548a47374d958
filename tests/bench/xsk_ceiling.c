// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel could do for a backend that had no vring:
 *
 *	xsk_ceiling xdp NETDEV WIRE-NETDEV LENGTH MILLISECONDS	generator -> XDP_DROP
 *	xsk_ceiling rx  ...					generator -> AF_XDP, frames given back at once
 *	xsk_ceiling tx  ...					AF_XDP -> XDP_DROP at the wire
 *
 * The generator runs in a child on the wire's CPU, the socket on the backend's.
 */
#include <errno.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "meter.h"
#include "wire.h"

#ifndef XDP_MAX_TX_SKB_BUDGET
#define XDP_MAX_TX_SKB_BUDGET	9	/* Linux 6.17 */
#endif

#define RING		2048u
#define CHUNK		2048u
#define BATCH		64u
#define GENERATE	(1u << 18)	/* each call of the generator pays for its set-up */
#define MS		1000000ull
#define WARM_UP		(100 * MS)

struct ring {
	uint32_t *producer, *consumer, *flags;
	void *desc;
};

struct xsk {
	int fd;
	uint8_t *umem;
	struct ring fill, comp, rx, tx;
};

static int fail(const char *what)
{
	fprintf(stderr, "xsk_ceiling: %s: %s\n", what, strerror(errno));
	return -1;
}

static int ring_map(struct xsk *x, struct ring *r, int opt, const struct xdp_ring_offset *off, uint64_t pgoff, uint32_t entry)
{
	uint32_t size = RING;
	uint8_t *map;

	if (setsockopt(x->fd, SOL_XDP, opt, &size, sizeof(size)))
		return fail("ring");
	map = mmap(NULL, off->desc + (uint64_t)size * entry, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, x->fd, pgoff);
	if (map == MAP_FAILED)
		return fail("mmap");
	*r = (struct ring){ (void *)(map + off->producer), (void *)(map + off->consumer), (void *)(map + off->flags),
			    map + off->desc };
	return 0;
}

static int rings_map(struct xsk *x)
{
	struct xdp_mmap_offsets off;
	socklen_t len = sizeof(off);

	if (getsockopt(x->fd, SOL_XDP, XDP_MMAP_OFFSETS, &off, &len))
		return fail("XDP_MMAP_OFFSETS");
	if (ring_map(x, &x->fill, XDP_UMEM_FILL_RING, &off.fr, XDP_UMEM_PGOFF_FILL_RING, sizeof(uint64_t)) ||
	    ring_map(x, &x->comp, XDP_UMEM_COMPLETION_RING, &off.cr, XDP_UMEM_PGOFF_COMPLETION_RING, sizeof(uint64_t)) ||
	    ring_map(x, &x->rx, XDP_RX_RING, &off.rx, XDP_PGOFF_RX_RING, sizeof(struct xdp_desc)))
		return -1;
	return ring_map(x, &x->tx, XDP_TX_RING, &off.tx, XDP_PGOFF_TX_RING, sizeof(struct xdp_desc));
}

/* The kernel lets go of a queue some time after its last socket was closed. */
static int bind_patiently(int fd, const struct sockaddr_xdp *sa)
{
	for (uint64_t until = vxb_now() + 1000 * MS; bind(fd, (const struct sockaddr *)sa, sizeof(*sa));) {
		if (errno != EBUSY || vxb_now() > until)
			return fail("bind");
		usleep(10000);
	}
	return 0;
}

static int xsk_open(struct xsk *x, const char *dev)
{
	uint64_t size = 2ull * RING * CHUNK;
	uint32_t budget = RING;
	int room = 16 << 20;
	struct xdp_umem_reg reg = { .len = size, .chunk_size = CHUNK };
	struct sockaddr_xdp sa = {
		.sxdp_family = AF_XDP, .sxdp_flags = XDP_USE_NEED_WAKEUP, .sxdp_ifindex = if_nametoindex(dev),
	};

	x->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
	x->umem = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (x->fd < 0 || x->umem == MAP_FAILED)
		return fail("socket");
	madvise(x->umem, size, MADV_HUGEPAGE);
	reg.addr = (uintptr_t)x->umem;
	if (setsockopt(x->fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof(reg)) || rings_map(x))
		return fail("UMEM");
	/* The ceiling is the best there is: kernels without this option stay at 32 frames a call. */
	setsockopt(x->fd, SOL_XDP, XDP_MAX_TX_SKB_BUDGET, &budget, sizeof(budget));
	setsockopt(x->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	return bind_patiently(x->fd, &sa);
}

static void fill_start(struct xsk *x)
{
	for (uint32_t i = 0; i < RING; i++)
		((uint64_t *)x->fill.desc)[i] = (uint64_t)i * CHUNK;
	__atomic_store_n(x->fill.producer, RING, __ATOMIC_RELEASE);
}

/* Take what arrived and give it back. Returns how many. */
static uint32_t turn_rx(struct xsk *x)
{
	uint32_t cons = *x->rx.consumer, fill = *x->fill.producer;
	uint32_t n = __atomic_load_n(x->rx.producer, __ATOMIC_ACQUIRE) - cons;

	for (uint32_t i = 0; i < n; i++)
		((uint64_t *)x->fill.desc)[(fill + i) % RING] = ((struct xdp_desc *)x->rx.desc)[(cons + i) % RING].addr &
								~(uint64_t)(CHUNK - 1);
	if (n) {
		__atomic_store_n(x->rx.consumer, cons + n, __ATOMIC_RELEASE);
		__atomic_store_n(x->fill.producer, fill + n, __ATOMIC_RELEASE);
	}
	return n;
}

/* Send a batch; frames follow each other round the upper half of the UMEM. */
static uint32_t turn_tx(struct xsk *x, uint32_t len)
{
	uint32_t prod = *x->tx.producer, done = __atomic_load_n(x->comp.producer, __ATOMIC_ACQUIRE);
	uint32_t flying = prod - done;
	uint32_t n = flying + BATCH <= RING ? BATCH : 0;

	__atomic_store_n(x->comp.consumer, done, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < n; i++)
		((struct xdp_desc *)x->tx.desc)[(prod + i) % RING] =
			(struct xdp_desc){ (uint64_t)(RING + (prod + i) % RING) * CHUNK, len, 0 };
	__atomic_store_n(x->tx.producer, prod + n, __ATOMIC_RELEASE);
	if (sendto(x->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EBUSY)
		fail("sendto");
	return n;
}

static pid_t generator_start(struct vxb_wire *w)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || vxb_pin(1))
		_exit(1);
	while (!vxb_wire_generate(w, GENERATE))
		;
	_exit(1);
}

/* CPU time of this process, which is the socket's: in seconds. */
static double own_cpu(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static int report(const struct vxb_meter *m, const struct vxb_sample *from, double cpu, uint64_t frames, uint64_t bad)
{
	struct vxb_sample to;

	cpu = own_cpu() - cpu;
	vxb_meter_read(m, &to);
	if (!frames || bad) {
		fprintf(stderr, "xsk_ceiling: %s\n", bad ? "frames of a wrong length or content arrived" : "no frame arrived");
		return -1;
	}
	vxb_meter_print(from, &to);
	printf(" pps=%.0f", frames / vxb_meter_seconds(from, &to));
	printf(" per_cpu=%.0f\n", frames / cpu);
	return 0;
}

static int run_rx(struct xsk *x, const struct vxb_meter *m, uint64_t duration)
{
	struct vxb_sample from;
	uint64_t frames = 0, until;
	double cpu;

	for (until = vxb_now() + WARM_UP; vxb_now() < until;)
		turn_rx(x);
	vxb_meter_read(m, &from);
	cpu = own_cpu();
	for (until = from.wall + duration; vxb_now() < until;)
		frames += turn_rx(x);
	return report(m, &from, cpu, frames, 0);
}

static int run_tx(struct xsk *x, const struct vxb_meter *m, struct vxb_wire *wire, uint64_t duration)
{
	struct vxb_sample from;
	uint64_t until, first, frames, bad;
	double cpu;

	for (uint32_t i = 0; i < RING; i++)
		memcpy(x->umem + (uint64_t)(RING + i) * CHUNK, wire->frame, wire->len);
	for (until = vxb_now() + WARM_UP; vxb_now() < until;)
		turn_tx(x, wire->len);
	vxb_meter_read(m, &from);
	first = vxb_wire_count(wire, &bad);
	cpu = own_cpu();
	for (until = from.wall + duration; vxb_now() < until;)
		turn_tx(x, wire->len);
	frames = vxb_wire_count(wire, &bad) - first;
	return report(m, &from, cpu, frames, bad);
}

static int run_xdp(const struct vxb_meter *m, struct vxb_wire *near, uint64_t duration)
{
	struct vxb_sample from;
	uint64_t first, frames, bad;
	double cpu;

	usleep(WARM_UP / 1000);
	vxb_meter_read(m, &from);
	first = vxb_wire_count(near, &bad);
	cpu = own_cpu();
	usleep(duration / 1000);
	frames = vxb_wire_count(near, &bad) - first;
	return report(m, &from, cpu, frames, bad);
}

/* What runs while frames are generated. */
static int with_generator(struct xsk *x, struct vxb_wire *near, struct vxb_wire *gen, uint64_t duration)
{
	pid_t child = generator_start(gen);
	struct vxb_meter m;
	int err;

	if (child < 0)
		return fail("fork");
	err = vxb_meter_open(&m, child, 0, 0);
	if (!err)
		err = x ? run_rx(x, &m, duration) : run_xdp(&m, near, duration);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return err;
}

static int run_socket(const char *mode, const char *dev, struct vxb_wire *near, struct vxb_wire *wire, uint64_t duration)
{
	static struct xsk x;
	struct vxb_meter m;

	if (xsk_open(&x, dev))
		return -1;
	if (strcmp(mode, "rx"))
		return vxb_meter_open(&m, 0, 0, 0) ? -1 : run_tx(&x, &m, wire, duration);
	fill_start(&x);
	return vxb_wire_to_xsk(near, dev, x.fd) ? -1 : with_generator(&x, near, wire, duration);
}

int main(int argc, char **argv)
{
	static struct vxb_wire near, wire;
	uint64_t duration = argc > 5 ? atoi(argv[5]) * MS : 0;
	uint32_t len = argc > 5 ? atoi(argv[4]) : 0;
	bool xdp = argc > 5 && !strcmp(argv[1], "xdp");
	int err;

	if (!duration || len < 60 || len > VXB_FRAME_MAX) {
		fprintf(stderr, "usage: xsk_ceiling xdp|rx|tx NETDEV WIRE-NETDEV LENGTH MILLISECONDS\n");
		return 2;
	}
	if (vxb_pin(0) || vxb_wire_open(&wire, argv[3], VXB_WIRE_DROP, len, &vxb_wire_mac, NULL))
		return 1;
	if (xdp)
		err = vxb_wire_open(&near, argv[2], VXB_WIRE_DROP, len, &vxb_wire_mac, NULL) || with_generator(NULL, &near, &wire, duration);
	else
		err = run_socket(argv[1], argv[2], &near, &wire, duration);
	if (near.skel)
		vxb_wire_close(&near);
	vxb_wire_close(&wire);
	return err ? 1 : 0;
}
