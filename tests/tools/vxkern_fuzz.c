// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vxkern_fuzz HOST GUEST [n N] [seed S]: N ioctls, reads and writes of random kind with arguments of all sorts, on control, vhost
 * and data fds at once, in any order; in children of 500 each, which may end in whatever way they do. Afterwards the module
 * holds what it held before, and still makes a port that carries frames.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/if_tun.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/kport.h"
#include "lib/vworld.h"
#include "lib/words.h"
#include "lib/xdp_prog.h"

#define PORT		"f0"
#define PER_CHILD	500
#define CHILD_SECONDS	60
#define ARENA		(4u << 20)

static uint64_t total = 20000, seed = 1, state;
static const char *host, *guest;
static int control, prog;
static struct kport port;
static struct vworld world;
static uint8_t *arena;
static uint64_t done[6];
static uint64_t *taken;	/* ioctls that succeeded; shared with the children */

static uint32_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state >> 16;
}

static const unsigned long vhost_requests[] = {
	VHOST_GET_FEATURES, VHOST_SET_FEATURES, VHOST_SET_OWNER, VHOST_RESET_OWNER, VHOST_SET_MEM_TABLE, VHOST_SET_LOG_BASE,
	VHOST_SET_LOG_FD, VHOST_SET_VRING_NUM, VHOST_SET_VRING_ADDR, VHOST_SET_VRING_BASE, VHOST_GET_VRING_BASE,
	VHOST_SET_VRING_ENDIAN, VHOST_GET_VRING_ENDIAN, VHOST_SET_VRING_KICK, VHOST_SET_VRING_CALL, VHOST_SET_VRING_ERR,
	VHOST_SET_VRING_BUSYLOOP_TIMEOUT, VHOST_GET_VRING_BUSYLOOP_TIMEOUT, VHOST_SET_BACKEND_FEATURES,
	VHOST_GET_BACKEND_FEATURES, VHOST_NET_SET_BACKEND, VHOST_NET_SET_BACKEND, VHOST_NET_SET_BACKEND, VHOST_NEW_WORKER,
	VHOST_FREE_WORKER, VHOST_ATTACH_VRING_WORKER, VHOST_GET_VRING_WORKER, VHOST_SET_MEM_TABLE, VHOST_SET_VRING_ADDR,
};
static const unsigned long tap_requests[] = {
	TUNSETIFF, TUNGETIFF, TUNGETFEATURES, TUNSETOFFLOAD, TUNSETVNETHDRSZ, TUNGETVNETHDRSZ, TUNSETSNDBUF, TUNGETSNDBUF,
	TUNSETPERSIST, TUNSETOWNER, TUNSETGROUP, TUNSETLINK, TUNSETDEBUG, TUNSETQUEUE, TUNSETVNETLE, TUNSETVNETBE,
	TUNATTACHFILTER, TUNSETSTEERINGEBPF, TUNSETCARRIER, TUNSETIFINDEX,
};
static const unsigned long control_requests[] = {
	VHOST_XDP_GET_ABI, VHOST_XDP_PORT_NEW, VHOST_XDP_PORT_DEL, VHOST_XDP_PORT_ATTACH, VHOST_XDP_PORT_DETACH,
	VHOST_XDP_PORT_SET_PROG, VHOST_XDP_PORT_OPEN, VHOST_XDP_PORT_GET, VHOST_XDP_PORT_NEXT, VHOST_XDP_GET_TOTALS,
};

#define PICK(list)	((list)[rnd() % (sizeof(list) / sizeof((list)[0]))])

static uint64_t number(void)
{
	switch (rnd() % 12) {
	case 0: return 1ull << rnd() % 64;
	case 1: return ~0ull;
	case 2: return rnd();
	case 3: return (uint64_t)rnd() << 32 | rnd();
	case 4: return (uintptr_t)arena + (rnd() % ARENA & ~15u);
	case 5: return world.vu.vk ? vu_uva(&world.vu, world.vu.mem + rnd() % VU_MEM_SIZE) & ~7ull : 0;
	case 6: return VU_GPA + (rnd() % VU_MEM_SIZE & ~7u);
	case 7: return rnd() % 24;			/* an fd, or a length */
	case 8: return rnd() % 2;
	default: return 0;
	}
}

static void fill(uint8_t *buf, size_t size)
{
	for (size_t at = 0; at < size; at += 4) {
		uint64_t n = number();

		if (at % 8 == 0 && rnd() % 2) {
			memcpy(buf + at, &n, 8);
			at += 4;
		} else {
			uint32_t half = rnd() % 3 ? n : n >> 32;

			memcpy(buf + at, &half, 4);
		}
	}
}

/* A few ports of ours; the first exists. Everything else of a structure is mostly zero, or nothing would get far. */
static void control_argument(uint8_t *buf, size_t size)
{
	fill(buf, size);
	for (size_t at = 0; at < size; at += 4)
		if (rnd() % 4)
			memset(buf + at, 0, 4);
	memset(buf, 0, VHOST_XDP_NAME_LEN);
	snprintf((char *)buf, VHOST_XDP_NAME_LEN, "f%u", rnd() % 4);
	if (rnd() % 3 == 0)
		memcpy(buf, &port.attach, sizeof(port.attach) - rnd() % 64);
}

/* Mostly one region, where our memory is. */
static void memory_argument(uint8_t *buf)
{
	struct vhost_memory *m = (void *)buf;

	m->nregions = rnd() % 4;
	m->padding = rnd() % 50 == 0;
	for (uint32_t i = 0; i < m->nregions; i++)
		m->regions[i] = (struct vhost_memory_region){ VU_GPA + i * (64u << 20), 1u << (12 + rnd() % 13), VU_UVA, 0 };
	if (rnd() % 4 == 0)
		fill(buf + 8, 200);
}

static void any_ioctl(int fd, unsigned int kind)
{
	static uint8_t buf[4096];
	unsigned long request;

	memset(buf, 0, sizeof(buf));
	if (kind == 0) {
		request = PICK(vhost_requests);
		fill(buf, 64);
		*(uint32_t *)buf = rnd() % 4 ? rnd() % 2 : rnd();
		if (request == VHOST_SET_MEM_TABLE)
			memory_argument(buf);
		if (request == VHOST_SET_VRING_NUM && rnd() % 2)
			((uint32_t *)buf)[1] = 1u << rnd() % 12;
		if (request == VHOST_SET_FEATURES && rnd() % 2)
			*(uint64_t *)buf &= world.vu.offered | F_LOG_ALL | F_IOMMU;
	} else if (kind == 1) {
		request = PICK(tap_requests);
		fill(buf, 64);
	} else {
		request = PICK(control_requests);
		control_argument(buf, 512);
	}
	if (rnd() % 20 == 0)
		request = rnd() % 2 ? request ^ 1u << rnd() % 32 : rnd();
	*taken += ioctl(fd, request, rnd() % 20 ? (uintptr_t)buf : (uintptr_t)number()) >= 0;
}

static void any_io(int fd)
{
	static uint8_t buf[70000];
	const uint64_t one = 1;
	ssize_t n;

	fill(buf, 128);
	if (rnd() % 2)
		buf[0] = 1 + rnd() % 2, memset(buf + 1, 0, 3);		/* a version of IOTLB messages */
	switch (rnd() % 5) {
	case 0:
		n = read(fd, buf, rnd() % 3000);
		break;
	case 1:
		n = write(fd, buf, rnd() % (rnd() % 10 ? 200 : sizeof(buf)));
		break;
	case 2:
		n = writev(fd, (struct iovec[]){ { buf, rnd() % 20 }, { buf + 20, rnd() % 2000 } }, 2);
		break;
	default:
		n = write(rnd() % 2 ? world.rx.kick : world.tx.kick, &one, sizeof(one));
	}
	(void)n;
}

/* Descriptors of all kinds, too. */
static void any_ring(void)
{
	struct ring *r = rnd() % 2 ? &world.rx : &world.tx;

	if (!r->desc || r->packed)
		return;
	for (int i = 0; i < 8; i++)
		r->desc[i] = (struct vring_desc){ number(), rnd() % 4 ? rnd() % 3000 : rnd(), rnd() % 8, rnd() % 12 };
	for (int i = 0; i < 8; i++)
		r->avail->ring[rnd() % r->size] = rnd() % 8;
	__atomic_store_n(&r->avail->idx, r->avail->idx + rnd() % 9, __ATOMIC_RELEASE);
}

static void child(void)
{
	int fds[3];

	alarm(CHILD_SECONDS);
	if (!vworld_enter(&world, rnd() % 3 ? V_RUNNING : rnd() % V_STATES, rnd() % 4 ? 0 : F_PACKED))
		_exit(3);
	fds[0] = vworld_fd(&world);
	fds[1] = world.vu.vk->data[0];
	fds[2] = control;
	fcntl(fds[0], F_SETFL, O_RDWR | O_NONBLOCK);
	fcntl(fds[1], F_SETFL, O_RDWR | O_NONBLOCK);
	for (unsigned int i = 0; i < PER_CHILD; i++) {
		unsigned int what = rnd() % 20;

		if (what < 12)
			any_ioctl(fds[0], 0);
		else if (what < 14)
			any_ioctl(fds[1], 1);
		else if (what < 16)
			any_ioctl(fds[2], 2);
		else if (what < 19)
			any_io(fds[rnd() % 2]);
		else
			any_ring();
	}
	_exit(0);
}

static void must(const char *what, int err)
{
	if (!err)
		return;
	fprintf(stderr, "vxkern_fuzz: %s: %s\n", what, strerror(err));
	exit(1);
}

static void ports_gone(void)
{
	for (int i = 0; i < 4; i++) {
		char name[8];

		snprintf(name, sizeof(name), "f%d", i);
		kport_detach(control, name);
		kport_del(control, name);
	}
}

static void one_child(uint64_t n)
{
	int status = 0;
	pid_t pid;

	state = seed * 0x9e3779b97f4a7c15ull + n + 1;
	must("PORT_NEW", kport_new(control, PORT, 1, 1500));
	kport_sockets(&port, PORT, host, guest, 1, 64);
	must("PORT_ATTACH", kport_attach(control, &port, prog));
	pid = fork();
	if (!pid)
		child();
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		must("a child", errno);
	done[WIFEXITED(status) ? (WEXITSTATUS(status) ? 3 : 0) : WTERMSIG(status) == SIGALRM ? 2 : 1]++;
	kport_forget(&port);
	ports_gone();
}

int main(int argc, char **argv)
{
	const struct word table[] = { { "n", WORD_U64, &total }, { "seed", WORD_U64, &seed }, {} };
	struct vhost_xdp_totals before;

	if (argc < 3) {
		fprintf(stderr, "usage: vxkern_fuzz HOST GUEST [n N] [seed S]\n");
		return 2;
	}
	host = argv[1];
	guest = argv[2];
	words_parse("vxkern_fuzz HOST GUEST", table, argc - 3, argv + 3);
	control = kport_control();
	before = kport_totals(control);
	prog = prog_verdict(BPF_PROG_TYPE_XDP, BPF_XDP, XDP_PASS);
	arena = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	world = (struct vworld){ .path = "kernel:" PORT, .ours = true, .vu.sock = -1 };
	taken = mmap(NULL, sizeof(*taken), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (arena == MAP_FAILED || taken == MAP_FAILED || vu_mem_init(&world.vu, 3))
		must("memory", ENOMEM);
	for (uint64_t n = 0; n < (total + PER_CHILD - 1) / PER_CHILD; n++)
		one_child(n);
	printf("vxkern_fuzz: seed %" PRIu64 ": %" PRIu64 " calls, %" PRIu64 " ioctls done as asked; children: %" PRIu64
	       " ended by themselves, %" PRIu64
	       " shot themselves, %" PRIu64 " hung, %" PRIu64 " had no device\n", seed, total, *taken, done[0], done[1], done[2], done[3]);
	must("totals are not what they were", kport_settled(control, &before) ? 0 : EUCLEAN);
	must("nothing was ever done", *taken < total / 20 ? EINVAL : 0);
	must("a child hung", done[2] ? ETIMEDOUT : 0);
	must("a child had no device", done[3] ? ENODEV : 0);
	must("PORT_NEW", kport_new(control, PORT, 1, 1500));
	kport_sockets(&port, PORT, host, guest, 1, 64);
	must("PORT_ATTACH", kport_attach(control, &port, prog));
	if (!vworld_enter(&world, V_RUNNING, 0) || !vworld_alive(&world))
		must("the port does not work", EIO);
	vworld_leave(&world);
	ports_gone();
	return 0;
}
