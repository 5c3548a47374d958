// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vxkern_vhost PATH (as in lib/vk.h): every ioctl of a vhost device in every state, with good, bad and hostile arguments. The
 * errors wanted are those of Linux' own vhost-net, which is given the same table to prove it. What was refused has changed
 * nothing: a running device goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/expect.h"
#include "lib/vworld.h"

/* Instead of an fd in an argument; replaced by one of this kind. */
enum { NO_FD = -1, CLOSED = -1000, EVENT, PIPE, UDP, RAW, DEVNULL, TUN, DATA, VHOST };

enum kind { NOTHING, NOWHERE, U64, U32, VRING, FILE_OF, ADDRESS };

struct arg {
	enum kind kind;
	uint32_t index;
	int64_t value;		/* of any kind but ADDRESS */
	uint32_t flags;
	uint64_t desc, avail, used, log;	/* added to the right ones */
};

#define N(i, n)		{ .kind = VRING, .index = (i), .value = (n) }
#define FD(i, fd)	{ .kind = FILE_OF, .index = (i), .value = (fd) }
#define V64(v)		{ .kind = U64, .value = (int64_t)(v) }
#define V32(v)		{ .kind = U32, .value = (int64_t)(v) }
#define BAD_POINTER	{ .kind = NOWHERE }
#define ADDR(...)	{ .kind = ADDRESS, __VA_ARGS__ }

#define ANYTHING	(-2)	/* as a wanted errno: what it is does not matter, that nothing breaks does */
#define NOT_OURS	(-3)	/* ours may say no, or do it */

#ifndef VHOST_GET_FEATURES_ARRAY	/* Linux 6.18 */
#define VHOST_GET_FEATURES_ARRAY	_IOR(VHOST_VIRTIO, 0x83, uint64_t)
#define VHOST_SET_FEATURES_ARRAY	_IOW(VHOST_VIRTIO, 0x83, uint64_t)
#endif

struct row {
	const char *name;
	unsigned long request;
	struct arg arg;
	int want[V_STATES];	/* no owner, owner, memory set, running */
};

static struct vworld world;

static const struct row rows[] = {
	{ "GET_FEATURES", VHOST_GET_FEATURES, V64(0), { 0, 0, 0, 0 } },
	{ "GET_FEATURES, nowhere", VHOST_GET_FEATURES, BAD_POINTER, { EFAULT, EFAULT, EFAULT, EFAULT } },
	{ "SET_FEATURES, none", VHOST_SET_FEATURES, V64(0), { 0, 0, 0, 0 } },
	{ "SET_FEATURES, VERSION_1", VHOST_SET_FEATURES, V64(F_VERSION_1), { 0, 0, 0, 0 } },
	{ "SET_FEATURES, unknown ones", VHOST_SET_FEATURES, V64(1ull << 60), { EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP } },
	{ "SET_FEATURES, all", VHOST_SET_FEATURES, V64(~0ull), { EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP } },
	{ "SET_FEATURES, nowhere", VHOST_SET_FEATURES, BAD_POINTER, { EFAULT, EFAULT, EFAULT, EFAULT } },
	{ "GET_BACKEND_FEATURES", VHOST_GET_BACKEND_FEATURES, V64(0), { 0, 0, 0, 0 } },
	{ "GET_BACKEND_FEATURES, nowhere", VHOST_GET_BACKEND_FEATURES, BAD_POINTER, { EFAULT, EFAULT, EFAULT, EFAULT } },
	{ "SET_BACKEND_FEATURES, none", VHOST_SET_BACKEND_FEATURES, V64(0), { 0, 0, 0, 0 } },
	{ "SET_BACKEND_FEATURES, IOTLB_MSG_V2", VHOST_SET_BACKEND_FEATURES, V64(2), { 0, 0, 0, 0 } },
	{ "SET_BACKEND_FEATURES, unknown", VHOST_SET_BACKEND_FEATURES, V64(1ull << 40), { EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP } },
	{ "SET_BACKEND_FEATURES, nowhere", VHOST_SET_BACKEND_FEATURES, BAD_POINTER, { EFAULT, EFAULT, EFAULT, EFAULT } },
	{ "SET_OWNER", VHOST_SET_OWNER, { 0 }, { 0, EBUSY, EBUSY, EBUSY } },
	{ "RESET_OWNER", VHOST_RESET_OWNER, { 0 }, { EPERM, 0, 0, 0 } },
	{ "SET_MEM_TABLE, nowhere", VHOST_SET_MEM_TABLE, BAD_POINTER, { EPERM, EFAULT, EFAULT, EFAULT } },
	{ "SET_LOG_BASE, nowhere", VHOST_SET_LOG_BASE, BAD_POINTER, { EPERM, EFAULT, EFAULT, EFAULT } },
	{ "SET_LOG_BASE, in no user's memory", VHOST_SET_LOG_BASE, V64(0xffff888000000000), { EPERM, ANYTHING, ANYTHING, ANYTHING } },
	{ "SET_LOG_FD", VHOST_SET_LOG_FD, V32(EVENT), { EPERM, 0, 0, 0 } },
	{ "SET_LOG_FD, none", VHOST_SET_LOG_FD, V32(NO_FD), { EPERM, 0, 0, 0 } },
	{ "SET_LOG_FD, closed", VHOST_SET_LOG_FD, V32(CLOSED), { EPERM, EBADF, EBADF, EBADF } },
	{ "SET_LOG_FD, a pipe", VHOST_SET_LOG_FD, V32(PIPE), { EPERM, EINVAL, EINVAL, EINVAL } },
	{ "SET_LOG_FD, nowhere", VHOST_SET_LOG_FD, BAD_POINTER, { EPERM, EFAULT, EFAULT, EFAULT } },
	{ "SET_VRING_NUM 256", VHOST_SET_VRING_NUM, N(0, 256), { EPERM, 0, 0, EBUSY } },
	{ "SET_VRING_NUM 1", VHOST_SET_VRING_NUM, N(1, 1), { EPERM, 0, 0, EBUSY } },
	{ "SET_VRING_NUM 32768", VHOST_SET_VRING_NUM, N(1, 32768), { EPERM, 0, 0, EBUSY } },
	{ "SET_VRING_NUM 0", VHOST_SET_VRING_NUM, N(0, 0), { EPERM, EINVAL, EINVAL, EBUSY } },
	{ "SET_VRING_NUM 3", VHOST_SET_VRING_NUM, N(0, 3), { EPERM, EINVAL, EINVAL, EBUSY } },
	{ "SET_VRING_NUM 65536", VHOST_SET_VRING_NUM, N(0, 65536), { EPERM, EINVAL, EINVAL, EBUSY } },
	{ "SET_VRING_NUM 2^31", VHOST_SET_VRING_NUM, N(0, 1u << 31), { EPERM, EINVAL, EINVAL, EBUSY } },
	{ "SET_VRING_NUM of vring 2", VHOST_SET_VRING_NUM, N(2, 256), { EPERM, ENOBUFS, ENOBUFS, ENOBUFS } },
	{ "SET_VRING_NUM of vring 2^32-1", VHOST_SET_VRING_NUM, N(~0u, 256), { EPERM, ENOBUFS, ENOBUFS, ENOBUFS } },
	{ "SET_VRING_NUM, nowhere", VHOST_SET_VRING_NUM, BAD_POINTER, { EPERM, EFAULT, EFAULT, EFAULT } },
	{ "SET_VRING_BASE 0", VHOST_SET_VRING_BASE, N(0, 0), { EPERM, 0, 0, EBUSY } },
	{ "SET_VRING_BASE 65535", VHOST_SET_VRING_BASE, N(1, 65535), { EPERM, 0, 0, EBUSY } },
	{ "SET_VRING_BASE 65536, split", VHOST_SET_VRING_BASE, N(1, 65536), { EPERM, EINVAL, EINVAL, EBUSY } },
	{ "SET_VRING_BASE of vring 2", VHOST_SET_VRING_BASE, N(2, 0), { EPERM, ENOBUFS, ENOBUFS, ENOBUFS } },
	{ "SET_VRING_BASE, nowhere", VHOST_SET_VRING_BASE, BAD_POINTER, { EPERM, EFAULT, EFAULT, EFAULT } },
	{ "GET_VRING_BASE", VHOST_GET_VRING_BASE, N(0, 0), { EPERM, 0, 0, 0 } },
	{ "GET_VRING_BASE of vring 2", VHOST_GET_VRING_BASE, N(2, 0), { EPERM, ENOBUFS, ENOBUFS, ENOBUFS } },
	{ "GET_VRING_BASE, nowhere", VHOST_GET_VRING_BASE, BAD_POINTER, { EPERM, EFAULT, EFAULT, EFAULT } },
	{ "SET_VRING_ADDR", VHOST_SET_VRING_ADDR, ADDR(0), { EPERM, 0, 0, 0 } },
	{ "SET_VRING_ADDR of vring 2", VHOST_SET_VRING_ADDR, ADDR(.index = 2), { EPERM, ENOBUFS, ENOBUFS, ENOBUFS } },
	{ "SET_VRING_ADDR, unknown flag", VHOST_SET_VRING_ADDR, ADDR(.flags = 2), { EPERM, EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP } },
	{ "SET_VRING_ADDR, available ring at an odd place", VHOST_SET_VRING_ADDR, ADDR(.avail = 1), { EPERM, EINVAL, EINVAL, EINVAL } },
	{ "SET_VRING_ADDR, used ring off by 2", VHOST_SET_VRING_ADDR, ADDR(.used = 2), { EPERM, EINVAL, EINVAL, EINVAL } },
	{ "SET_VRING_ADDR, log off by 2", VHOST_SET_VRING_ADDR, ADDR(.log = 2), { EPERM, EINVAL, EINVAL, EINVAL } },
	{ "SET_VRING_ADDR, descriptors in kernel memory", VHOST_SET_VRING_ADDR, ADDR(.desc = 1ull << 63), { EPERM, ANYTHING, ANYTHING, EINVAL } },
	{ "SET_VRING_ADDR, used ring in kernel memory", VHOST_SET_VRING_ADDR, ADDR(.used = 1ull << 63), { EPERM, ANYTHING, ANYTHING, EINVAL } },
	{ "SET_VRING_ADDR, available ring in kernel memory", VHOST_SET_VRING_ADDR, ADDR(.avail = 1ull << 63), { EPERM, ANYTHING, ANYTHING, EINVAL } },
	{ "SET_VRING_ADDR, nowhere", VHOST_SET_VRING_ADDR, BAD_POINTER, { EPERM, EFAULT, EFAULT, EFAULT } },
	{ "SET_VRING_ENDIAN", VHOST_SET_VRING_ENDIAN, N(0, 0), { EPERM, NOT_OURS, NOT_OURS, NOT_OURS } },
	{ "GET_VRING_ENDIAN", VHOST_GET_VRING_ENDIAN, N(0, 0), { EPERM, NOT_OURS, NOT_OURS, NOT_OURS } },
	{ "SET_VRING_KICK", VHOST_SET_VRING_KICK, FD(0, EVENT), { EPERM, 0, 0, 0 } },
	{ "SET_VRING_KICK, none", VHOST_SET_VRING_KICK, FD(0, NO_FD), { EPERM, 0, 0, 0 } },
	{ "SET_VRING_KICK, closed", VHOST_SET_VRING_KICK, FD(1, CLOSED), { EPERM, EBADF, EBADF, EBADF } },
	{ "SET_VRING_KICK, a pipe", VHOST_SET_VRING_KICK, FD(1, PIPE), { EPERM, EINVAL, EINVAL, EINVAL } },
	{ "SET_VRING_KICK, itself", VHOST_SET_VRING_KICK, FD(1, VHOST), { EPERM, EINVAL, EINVAL, EINVAL } },
	{ "SET_VRING_KICK of vring 2", VHOST_SET_VRING_KICK, FD(2, EVENT), { EPERM, ENOBUFS, ENOBUFS, ENOBUFS } },
	{ "SET_VRING_KICK, nowhere", VHOST_SET_VRING_KICK, BAD_POINTER, { EPERM, EFAULT, EFAULT, EFAULT } },
	{ "SET_VRING_CALL", VHOST_SET_VRING_CALL, FD(0, EVENT), { EPERM, 0, 0, 0 } },
	{ "SET_VRING_CALL, none", VHOST_SET_VRING_CALL, FD(0, NO_FD), { EPERM, 0, 0, 0 } },
	{ "SET_VRING_CALL, closed", VHOST_SET_VRING_CALL, FD(1, CLOSED), { EPERM, EBADF, EBADF, EBADF } },
	{ "SET_VRING_CALL, a socket", VHOST_SET_VRING_CALL, FD(1, UDP), { EPERM, EINVAL, EINVAL, EINVAL } },
	{ "SET_VRING_CALL of vring 77", VHOST_SET_VRING_CALL, FD(77, EVENT), { EPERM, ENOBUFS, ENOBUFS, ENOBUFS } },
	{ "SET_VRING_CALL, nowhere", VHOST_SET_VRING_CALL, BAD_POINTER, { EPERM, EFAULT, EFAULT, EFAULT } },
	{ "SET_VRING_ERR", VHOST_SET_VRING_ERR, FD(0, EVENT), { EPERM, 0, 0, 0 } },
	{ "SET_VRING_ERR, none", VHOST_SET_VRING_ERR, FD(0, NO_FD), { EPERM, 0, 0, 0 } },
	{ "SET_VRING_ERR, closed", VHOST_SET_VRING_ERR, FD(1, CLOSED), { EPERM, EBADF, EBADF, EBADF } },
	{ "SET_VRING_ERR, /dev/null", VHOST_SET_VRING_ERR, FD(1, DEVNULL), { EPERM, EINVAL, EINVAL, EINVAL } },
	{ "SET_VRING_ERR, nowhere", VHOST_SET_VRING_ERR, BAD_POINTER, { EPERM, EFAULT, EFAULT, EFAULT } },
	{ "SET_VRING_BUSYLOOP_TIMEOUT 50", VHOST_SET_VRING_BUSYLOOP_TIMEOUT, N(0, 50), { EPERM, 0, 0, 0 } },
	{ "SET_VRING_BUSYLOOP_TIMEOUT of vring 2", VHOST_SET_VRING_BUSYLOOP_TIMEOUT, N(2, 50), { EPERM, ENOBUFS, ENOBUFS, ENOBUFS } },
	{ "SET_VRING_BUSYLOOP_TIMEOUT, nowhere", VHOST_SET_VRING_BUSYLOOP_TIMEOUT, BAD_POINTER, { EPERM, EFAULT, EFAULT, EFAULT } },
	{ "GET_VRING_BUSYLOOP_TIMEOUT", VHOST_GET_VRING_BUSYLOOP_TIMEOUT, N(0, 0), { EPERM, 0, 0, 0 } },
	{ "GET_VRING_BUSYLOOP_TIMEOUT of vring 2", VHOST_GET_VRING_BUSYLOOP_TIMEOUT, N(2, 0), { EPERM, ENOBUFS, ENOBUFS, ENOBUFS } },
	{ "NET_SET_BACKEND", VHOST_NET_SET_BACKEND, FD(1, DATA), { EPERM, EFAULT, EFAULT, 0 } },
	{ "NET_SET_BACKEND, none", VHOST_NET_SET_BACKEND, FD(1, NO_FD), { EPERM, NOT_OURS, 0, 0 } },
	{ "NET_SET_BACKEND, closed", VHOST_NET_SET_BACKEND, FD(1, CLOSED), { EPERM, NOT_OURS, ENOTSOCK, ENOTSOCK } },
	{ "NET_SET_BACKEND, a UDP socket", VHOST_NET_SET_BACKEND, FD(1, UDP), { EPERM, NOT_OURS, ENOTSOCK, ENOTSOCK } },
	{ "NET_SET_BACKEND, /dev/null", VHOST_NET_SET_BACKEND, FD(1, DEVNULL), { EPERM, NOT_OURS, ENOTSOCK, ENOTSOCK } },
	{ "NET_SET_BACKEND, an eventfd", VHOST_NET_SET_BACKEND, FD(1, EVENT), { EPERM, NOT_OURS, ENOTSOCK, ENOTSOCK } },
	{ "NET_SET_BACKEND, a pipe", VHOST_NET_SET_BACKEND, FD(1, PIPE), { EPERM, NOT_OURS, ENOTSOCK, ENOTSOCK } },
	{ "NET_SET_BACKEND, itself", VHOST_NET_SET_BACKEND, FD(1, VHOST), { EPERM, NOT_OURS, ENOTSOCK, ENOTSOCK } },
	{ "NET_SET_BACKEND of vring 2", VHOST_NET_SET_BACKEND, FD(2, DATA), { EPERM, ENOBUFS, ENOBUFS, ENOBUFS } },
	{ "NET_SET_BACKEND, nowhere", VHOST_NET_SET_BACKEND, BAD_POINTER, { EFAULT, EFAULT, EFAULT, EFAULT } },
	{ "an ioctl of vhost-scsi", VHOST_SCSI_GET_ABI_VERSION, V32(0), { EPERM, ENOTTY, ENOTTY, ENOTTY } },
	{ "an ioctl of vDPA", VHOST_VDPA_GET_STATUS, V64(0), { EPERM, ENOTTY, ENOTTY, ENOTTY } },
	{ "an ioctl that there is not", _IO(VHOST_VIRTIO, 0xee), V64(0), { EPERM, ENOTTY, ENOTTY, ENOTTY } },
	{ "an ioctl of a tap", _IOR('T', 210, unsigned int), V64(0), { EPERM, ENOTTY, ENOTTY, ENOTTY } },
};

/* --- one case ------------------------------------------------------------------ */

static int pipe_fd, udp_fd, raw_fd, null_fd, tun_fd, event_fd, closed_fd;

static void make_fds(void)
{
	int ends[2];

	pipe_fd = pipe2(ends, O_CLOEXEC) ? -1 : ends[0];
	udp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	raw_fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, 17);
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	tun_fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	closed_fd = dup(event_fd);
	close(closed_fd);
	closed_fd += 100;
}

static int64_t with_fd(int64_t value)
{
	switch (value) {
	case CLOSED: return closed_fd;
	case EVENT: return event_fd;
	case PIPE: return pipe_fd;
	case UDP: return udp_fd;
	case RAW: return raw_fd;
	case DEVNULL: return null_fd;
	case TUN: return tun_fd;
	case DATA: return world.vu.vk->data[0];
	case VHOST: return vworld_fd(&world);
	default: return value;
	}
}

static int call(const struct row *row, enum vstate state)
{
	const struct arg *a = &row->arg;
	union {
		uint64_t u64;
		uint32_t u32;
		struct vhost_vring_state vring;
		struct vhost_vring_file file;
		struct vhost_vring_addr addr;
		uint8_t room[256];
	} arg = { .u64 = 0 };
	const bool rings = state == V_RUNNING;

	switch (a->kind) {
	case NOTHING:
		return ioctl(vworld_fd(&world), row->request, 0);
	case NOWHERE:
		return ioctl(vworld_fd(&world), row->request, 8);
	case U64:
		arg.u64 = a->value;
		break;
	case U32:
		arg.u32 = with_fd(a->value);
		break;
	case VRING:
		arg.vring = (struct vhost_vring_state){ a->index, a->value };
		break;
	case FILE_OF:
		arg.file = (struct vhost_vring_file){ a->index, with_fd(a->value) };
		break;
	case ADDRESS:
		arg.addr = (struct vhost_vring_addr){
			.index = a->index, .flags = a->flags,
			.desc_user_addr = a->desc + (rings ? vu_uva(&world.vu, world.rx.desc) : VU_UVA),
			.avail_user_addr = a->avail + (rings ? vu_uva(&world.vu, world.rx.avail) : VU_UVA),
			.used_user_addr = a->used + (rings ? vu_uva(&world.vu, world.rx.used) : VU_UVA),
			.log_guest_addr = a->log + VU_GPA,
		};
		break;
	}
	return ioctl(vworld_fd(&world), row->request, &arg);
}

static void one_case(const struct row *row, enum vstate state)
{
	int want = row->want[state], err;

	if (!vworld_enter(&world, state, 0)) {
		expect_true(false, "%s [%s]: the state cannot be reached", row->name, vstate_names[state]);
		vworld_leave(&world);
		return;
	}
	err = ERR(call(row, state));
	if (want == ANYTHING || (want == NOT_OURS && world.ours))
		want = err;
	else if (want == NOT_OURS)
		want = ANY_ERROR;
	expect_errno(err, want, want, "%s [%s]", row->name, vstate_names[state]);
	if (err && state == V_RUNNING)
		expect_true(vworld_alive(&world), "%s: refused, and the vrings go on", row->name);
	vworld_leave(&world);
}

/* Of a kind that looks right: a device takes its own kind of backend only. */
static void foreign_backends(void)
{
	struct vhost_vring_file file = { 1, raw_fd };

	expect_about("backends of other kinds");
	if (!expect_true(vworld_enter(&world, V_MEMORY, 0), "a device with memory"))
		return;
	expect_errno(ERR(ioctl(vworld_fd(&world), VHOST_NET_SET_BACKEND, &file)), ENOTSOCK, ENOTSOCK, "a raw IP socket");
	if (world.ours) {
		file.fd = tun_fd;
		expect_errno(ERR(ioctl(vworld_fd(&world), VHOST_NET_SET_BACKEND, &file)), ENOTSOCK, ENOTSOCK, "a tap of Linux' own");
	}
	vworld_leave(&world);
}

/* --- an array without end ----------------------------------------------------------- */

#define PAGE	4096u
#define PART	(8ull << 20)
#define PARTS	2048ull

/* Its length, and then the same memory over and over. */
static uint64_t *endless(void)
{
	uint8_t *first = mmap(NULL, PAGE + PART * PARTS, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uint64_t *length = (uint64_t *)(first + PAGE) - 1;
	uint8_t *at = first + PAGE;
	int memfd = memfd_create("part", MFD_CLOEXEC);

	if (first == MAP_FAILED || memfd < 0 || ftruncate(memfd, PART))
		return NULL;
	for (uint64_t i = 0; i < PARTS; i++)
		if (mmap(at + i * PART, PART, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memfd, 0) == MAP_FAILED)
			return NULL;
	*length = PART * PARTS / sizeof(*length);
	return length;
}

static void killed_in(unsigned long request, const char *name)
{
	struct timespec t[2];
	pid_t pid = fork();

	if (!pid) {
		uint64_t *array = endless();

		_exit(array && ioctl(vworld_fd(&world), request, array) < 0);
	}
	usleep(1500000);
	expect_true(!waitpid(pid, NULL, WNOHANG), "%s of an array of %llu GiB takes its time", name, PART * PARTS >> 30);
	kill(pid, SIGKILL);
	clock_gettime(CLOCK_MONOTONIC, &t[0]);
	waitpid(pid, NULL, 0);
	clock_gettime(CLOCK_MONOTONIC, &t[1]);
	expect_true(t[1].tv_sec - t[0].tv_sec <= 1, "... but no longer than the VMM lives");
}

static void endless_arrays(void)
{
	expect_about("feature arrays without end");
	if (!expect_true(vworld_enter(&world, V_OWNED, 0), "a device"))
		return;
	killed_in(VHOST_GET_FEATURES_ARRAY, "GET_FEATURES_ARRAY");
	killed_in(VHOST_SET_FEATURES_ARRAY, "SET_FEATURES_ARRAY");
	vworld_leave(&world);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: vxkern_vhost kernel:PORT|node:NETDEV|tap:NAME\n");
		return 2;
	}
	make_fds();
	vworld_init(&world, argv[1]);
	for (int state = 0; state < V_STATES; state++) {
		expect_about("every ioctl: %s", vstate_names[state]);
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
			one_case(&rows[i], state);
	}
	foreign_backends();
	if (world.ours)
		endless_arrays();
	return expect_done("vxkern_vhost");
}
