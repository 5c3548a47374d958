// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sequences of vhost-user messages with descriptors, and the vrings that they start.
 *
 * An input is a list of messages, each four bytes and a payload: request, mode, descriptors, length,
 * then that many bytes which are XORed onto a plausible payload of that request. So zero bytes make a
 * good message, and single bits a slightly bad one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <fcntl.h>
#include <linux/virtio_config.h>

#include "vhost_user.h"

#define PAIRS		2
#define GUEST_SIZE	(64u << 10)
#define GPA		0x40000000ull
#define VMM		0x7f0000000000ull
#define NUM		16
#define MESSAGES_MAX	64

enum mode { NEED_REPLY = 1, BAD_VERSION = 2, CUT = 4, LONGER = 8, TRUNCATE = 16, HANG_UP = 32, RAW_SIZE = 64, PACKED = 128 };

static int memfd, kick, null, peer;
static u8 *guest;
static struct vx_vu *vu;

static void nothing(void *ctx)
{
}

static int send_frame(void *ctx, const void *frame, u32 len)
{
	return len != 60;
}

static const struct vx_vu_ops ops = { nothing, nothing, send_frame };

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	memfd = memfd_create("guest", MFD_CLOEXEC);
	kick = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (memfd < 0 || kick < 0 || null < 0 || ftruncate(memfd, GUEST_SIZE) || vx_guest_fault_init())
		abort();
	guest = mmap(NULL, GUEST_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	/* Each message has its line; the fuzzer's own report does not come through stdio. */
	stderr = fopen("/dev/null", "w");
	return guest == MAP_FAILED || !stderr;
}

static void join(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		abort();
	peer = pair[0];
	if (vx_vu_connect(vu, pair[1]))
		abort();
}

static void leave(void)
{
	vx_vu_disconnect(vu);
	vx_guest_fault_clear();
	close(peer);
}

/* What a friendly VMM would send. */
static u32 plausible(union vx_vu_payload *p, u32 request, u8 mode)
{
	struct vx_vu_region all = { .gpa = GPA, .size = GUEST_SIZE, .vmm_addr = VMM };

	memset(p, 0, sizeof(*p));
	switch (request) {
	case VX_VU_SET_FEATURES:
		p->u64 = 1ULL << VIRTIO_F_VERSION_1 | (mode & PACKED ? 1ULL << VIRTIO_F_RING_PACKED : 0);
		return sizeof(p->u64);
	case VX_VU_SET_PROTOCOL_FEATURES:
		p->u64 = 0x1a01f;
		return sizeof(p->u64);
	case VX_VU_SET_MEM_TABLE:
		p->table.n = 1;
		p->table.region[0] = all;
		return offsetof(struct vx_vu_mem_table, region[1]);
	case VX_VU_ADD_MEM_REG:
	case VX_VU_REM_MEM_REG:
		p->reg.region = all;
		return sizeof(p->reg);
	case VX_VU_SET_LOG_BASE:
		p->log.size = 4096;
		return sizeof(p->log);
	case VX_VU_SET_VRING_ADDR:
		p->addr = (struct vx_vu_vring_addr){ .desc = VMM, .avail = VMM + 0x400, .used = VMM + 0x800 };
		return sizeof(p->addr);
	case VX_VU_SET_VRING_NUM:
		p->state.num = NUM;
		return sizeof(p->state);
	case VX_VU_SET_VRING_ENABLE:
		p->state.num = 1;
		return sizeof(p->state);
	case VX_VU_SET_VRING_BASE:
	case VX_VU_GET_VRING_BASE:
		return sizeof(p->state);
	case VX_VU_NET_SET_MTU:
		p->u64 = 1500;
		return sizeof(p->u64);
	case VX_VU_SET_VRING_KICK:
	case VX_VU_SET_VRING_CALL:
	case VX_VU_SET_VRING_ERR:
	case VX_VU_SEND_RARP:
	case VX_VU_SET_STATUS:
		return sizeof(p->u64);
	}
	return 0;
}

/* Low nibble: how many; high nibble: of what kind. */
static u32 choose_fds(int *fds, u8 choice, u32 request)
{
	u32 n = (choice & 0xf) % 11;
	int usual = request == VX_VU_SET_VRING_KICK || request == VX_VU_SET_VRING_CALL || request == VX_VU_SET_VRING_ERR ||
		    request == VX_VU_SET_LOG_FD ? kick : memfd;

	for (u32 i = 0; i < n; i++)
		fds[i] = choice >> 4 == 1 ? null : choice >> 4 == 2 ? kick : choice >> 4 == 3 ? memfd : usual;
	return n;
}

static void transmit(struct vx_vu_header *h, const void *payload, size_t len, const int *fds, u32 nfds)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(16 * sizeof(int))];
	} control = { 0 };
	struct iovec iov[2] = { { h, sizeof(*h) }, { (void *)payload, len } };
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2 };

	if (nfds) {
		struct cmsghdr *c = &control.align;

		mh.msg_control = &control;
		mh.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	}
	if (sendmsg(peer, &mh, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
}

/* Use what was started, as a worker would. */
static void run_vrings(void)
{
	static struct vx_chain chains[VX_BATCH];

	for (u32 i = 0; i < vu->nvrings; i++) {
		struct vx_vring *vq = &vu->vring[i].vq;
		int n;

		if (!vx_vu_vring_live(&vu->vring[i]))
			continue;
		n = vx_vring_fetch(vq, chains, 8);
		for (int k = 0; k < n; k++) {
			if (vx_vring_push(vq, &chains[k], 0))
				break;
		}
		vx_vring_flush(vq);
		vx_vring_need_call(vq);
		if (!vq->broken)
			vx_vring_enable_kick(vq);
	}
}

static size_t one_message(const u8 *data, size_t size)
{
	u8 request = data[0], mode = data[1];
	size_t n = data[3], used;
	union vx_vu_payload payload;
	struct vx_vu_header h = { .request = request };
	char replies[512];
	int fds[16];
	u32 nfds = choose_fds(fds, data[2], request);

	h.size = plausible(&payload, request, mode);
	if (n > size - 4)
		n = size - 4;
	if (n > sizeof(payload))
		n = sizeof(payload);
	used = 4 + n;
	for (size_t i = 0; i < n; i++)
		((u8 *)&payload)[i] ^= data[4 + i];
	if (mode & RAW_SIZE)
		h.size = (u32)n;
	h.flags = mode & BAD_VERSION ? 3 : VX_VU_VERSION | (mode & NEED_REPLY ? VX_VU_NEED_REPLY : 0);
	n = h.size;
	if (mode & LONGER)
		h.size += 8;
	if (mode & TRUNCATE && ftruncate(memfd, mode & CUT ? 0 : 4096))
		abort();
	transmit(&h, &payload, mode & CUT ? n / 2 : n, fds, nfds);
	if (mode & HANG_UP)
		shutdown(peer, SHUT_WR);
	if (vx_vu_readable(vu)) {
		leave();
		join();
	}
	while (recv(peer, replies, sizeof(replies), MSG_DONTWAIT) > 0)
		;
	run_vrings();
	if (vx_guest_faulted()) {
		leave();
		join();
	}
	if (mode & TRUNCATE && ftruncate(memfd, GUEST_SIZE))
		abort();
	return used;
}

static int lowest_free_fd(void)
{
	int fd = dup(null);

	close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int free_fd = lowest_free_fd();

	memset(guest, 0, GUEST_SIZE);
	vu = vx_vu_new("fuzz", PAIRS, 1500, &ops, NULL);
	if (!vu)
		abort();
	join();
	/* The rest of the input is also what the guest memory holds. */
	memcpy(guest, data, size < 0x1000 ? size : 0x1000);
	for (u32 i = 0; i < MESSAGES_MAX && size >= 4; i++) {
		size_t n = one_message(data, size);

		data += n;
		size -= n;
	}
	leave();
	vx_vu_free(vu);
	/* Whatever came with the messages, nothing of it stays open. */
	if (lowest_free_fd() != free_fd)
		abort();
	return 0;
}
