// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vk.h"

#define LOG_PAGE 4096

int vu_mem_init(struct vu *vu, unsigned int n)
{
	size_t part = VU_MEM_SIZE / n & ~0xfffull;

	vu->memfd = memfd_create("vufront", MFD_CLOEXEC);
	if (vu->memfd < 0 || ftruncate(vu->memfd, VU_MEM_SIZE))
		return -1;
	vu->mem = mmap(NULL, VU_MEM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, vu->memfd, 0);
	if (vu->mem == MAP_FAILED)
		return -1;
	for (vu->regions = 0; vu->regions < n; vu->regions++) {
		struct vu_region *r = &vu->region[vu->regions];

		r->offset = part * vu->regions;
		r->gpa = VU_GPA + r->offset;
		/* apart, so that a back end that translates only the first byte of a range is found out */
		r->uva = VU_UVA + r->offset * 2;
		r->size = vu->regions == n - 1 ? VU_MEM_SIZE - r->offset : part;
	}
	return 0;
}

void *vu_alloc(struct vu *vu, size_t size, size_t align)
{
	void *p;

	vu->used = (vu->used + align - 1) & ~(align - 1);
	if (vu->used + size > VU_MEM_SIZE) {
		fprintf(stderr, "vufront: guest memory used up\n");
		exit(2);
	}
	p = vu->mem + vu->used;
	vu->used += size;
	return p;
}

uint64_t vu_gpa(const struct vu *vu, const void *p)
{
	return VU_GPA + ((const uint8_t *)p - vu->mem);
}

uint64_t vu_uva(const struct vu *vu, const void *p)
{
	uint64_t offset = (const uint8_t *)p - vu->mem;

	if (vu->features & F_IOMMU)
		return vu_gpa(vu, p);
	for (unsigned int i = 0; i < vu->regions; i++)
		if (offset - vu->region[i].offset < vu->region[i].size)
			return vu->region[i].uva + offset - vu->region[i].offset;
	return 0;
}

int vu_connect(struct vu *vu, const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	vu->ack = false;
	if (!vu->timeout_ms)
		vu->timeout_ms = 3000;
	if (vk_is_path(path))
		return vk_connect(vu, path);
	vu->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	if (vu->sock >= 0 && !connect(vu->sock, (struct sockaddr *)&sa, sizeof(sa)))
		return 0;
	vu_disconnect(vu);
	return -1;
}

void vu_disconnect(struct vu *vu)
{
	if (vu->vk)
		vk_disconnect(vu);
	if (vu->sock >= 0)
		close(vu->sock);
	vu->sock = -1;
}

int vu_send(struct vu *vu, uint32_t request, uint32_t flags, const void *payload, uint32_t size, const int *fds, int nfds)
{
	struct vu_header head = { request, VU_VERSION | flags, size };
	struct iovec iov[2] = { { &head, sizeof(head) }, { (void *)payload, size } };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(VU_FDS * sizeof(int))];
	} control;
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = payload ? 2 : 1 };

	if (vu->vk)
		return vk_request(vu, request, payload, fds, nfds);
	if (nfds) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		*CMSG_FIRSTHDR(&msg) = (struct cmsghdr){ CMSG_LEN(nfds * sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), fds, nfds * sizeof(int));
	}
	return sendmsg(vu->sock, &msg, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static int read_all(struct vu *vu, void *to, size_t len)
{
	while (len) {
		struct pollfd pfd = { .fd = vu->sock, .events = POLLIN };
		ssize_t n;

		if (poll(&pfd, 1, vu->timeout_ms) <= 0)
			return -1;
		n = read(vu->sock, to, len);
		if (n <= 0)
			return -1;
		to = (char *)to + n;
		len -= n;
	}
	return 0;
}

int vu_receive(struct vu *vu, uint32_t *request, void *payload, uint32_t size)
{
	struct vu_header head;

	if (read_all(vu, &head, sizeof(head)) || head.size > size || (head.flags & 3) != VU_VERSION || !(head.flags & VU_REPLY))
		return -1;
	if (read_all(vu, payload, head.size))
		return -1;
	*request = head.request;
	return head.size;
}

int vu_set(struct vu *vu, uint32_t request, const void *payload, uint32_t size, const int *fds, int nfds)
{
	uint64_t status;
	uint32_t answered;

	if (vu_send(vu, request, vu->ack ? VU_NEED_REPLY : 0, payload, size, fds, nfds))
		return -1;
	if (!vu->ack)
		return 0;
	if (vu_receive(vu, &answered, &status, sizeof(status)) != sizeof(status) || answered != request)
		return -1;
	return status ? -1 : 0;
}

int vu_set_u64(struct vu *vu, uint32_t request, uint64_t value)
{
	return vu_set(vu, request, &value, sizeof(value), NULL, 0);
}

int vu_set_state(struct vu *vu, uint32_t request, uint32_t index, uint32_t value)
{
	uint32_t state[2] = { index, value };

	return vu_set(vu, request, state, sizeof(state), NULL, 0);
}

int vu_set_fd(struct vu *vu, uint32_t request, uint32_t index, int fd)
{
	uint64_t value = index;

	return vu_set(vu, request, &value, sizeof(value), &fd, 1);
}

int vu_get_u64(struct vu *vu, uint32_t request, uint64_t *value)
{
	uint32_t answered;

	if (vu->vk)
		return vk_get_u64(vu, request, value);
	if (vu_send(vu, request, 0, NULL, 0, NULL, 0))
		return -1;
	return vu_receive(vu, &answered, value, sizeof(*value)) == sizeof(*value) && answered == request ? 0 : -1;
}

int vu_get_base(struct vu *vu, uint32_t index, uint32_t *base)
{
	uint32_t state[2] = { index, 0 }, answered;

	if (vu->vk)
		return vk_get_base(vu, index, base);
	if (vu_send(vu, VU_GET_VRING_BASE, 0, state, sizeof(state), NULL, 0) ||
	    vu_receive(vu, &answered, state, sizeof(state)) != sizeof(state) || answered != VU_GET_VRING_BASE)
		return -1;
	*base = state[1];
	return 0;
}

int vu_negotiate(struct vu *vu, uint64_t wanted)
{
	const uint64_t protocol = 1 << VU_P_MQ | 1 << VU_P_LOG_SHMFD | 1 << VU_P_RARP | 1 << VU_P_REPLY_ACK |
				  1 << VU_P_CONFIGURE_MEM_SLOTS | 1 << VU_P_STATUS;

	if (vu->vk)
		return vk_negotiate(vu, wanted);
	if (vu_set(vu, VU_SET_OWNER, NULL, 0, NULL, 0) || vu_get_u64(vu, VU_GET_FEATURES, &vu->offered))
		return -1;
	vu->features = vu->offered & wanted;
	vu->protocol = 0;
	if (vu->offered & F_PROTOCOL) {
		if (vu_get_u64(vu, VU_GET_PROTOCOL_FEATURES, &vu->protocol))
			return -1;
		vu->protocol &= protocol;
		if (vu_set_u64(vu, VU_SET_PROTOCOL_FEATURES, vu->protocol))
			return -1;
		vu->ack = vu->protocol & 1 << VU_P_REPLY_ACK;
		vu->features |= F_PROTOCOL;
	}
	return vu_set_u64(vu, VU_SET_FEATURES, vu->features) ? -1 : vu_set_status(vu, 0x0b);
}

int vu_set_status(struct vu *vu, uint8_t status)
{
	return vu->protocol & 1 << VU_P_STATUS ? vu_set_u64(vu, VU_SET_STATUS, status) : 0;
}

int vu_share_memory(struct vu *vu, bool slots)
{
	struct {
		uint32_t n, padding;
		struct vu_region region[VU_REGIONS];
	} table = { vu->regions, 0, { { 0 } } };
	struct {
		uint64_t padding;
		struct vu_region region;
	} one = { 0 };
	int fds[VU_REGIONS];

	if (vu->vk)
		return vk_share_memory(vu);
	for (unsigned int i = 0; i < vu->regions; i++) {
		fds[i] = vu->memfd;
		table.region[i] = one.region = vu->region[i];
		if (slots && vu_set(vu, VU_ADD_MEM_REG, &one, sizeof(one), &fds[i], 1))
			return -1;
	}
	return slots ? 0 : vu_set(vu, VU_SET_MEM_TABLE, &table, 8 + vu->regions * sizeof(table.region[0]), fds, vu->regions);
}

int vu_log_start(struct vu *vu)
{
	struct {
		uint64_t size, offset;
	} log = { (VU_GPA + VU_MEM_SIZE) / LOG_PAGE / 8, 0 };
	uint32_t answered;
	uint64_t ignored;

	if (!vu->log) {
		vu->log_size = log.size;
		vu->logfd = memfd_create("vufront-log", MFD_CLOEXEC);
		if (vu->logfd < 0 || ftruncate(vu->logfd, log.size))
			return -1;
		vu->log = mmap(NULL, log.size, PROT_READ | PROT_WRITE, MAP_SHARED, vu->logfd, 0);
		if (vu->log == MAP_FAILED)
			return -1;
	}
	if (vu->vk && vk_log_base(vu, vu->log))
		return -1;
	/* answered always: the front end must not go on before the log is used */
	if (!vu->vk && (vu_send(vu, VU_SET_LOG_BASE, 0, &log, sizeof(log), &vu->logfd, 1) ||
	    vu_receive(vu, &answered, &ignored, sizeof(ignored)) < 0 || answered != VU_SET_LOG_BASE))
		return -1;
	vu->features |= F_LOG_ALL;
	return vu_set_u64(vu, VU_SET_FEATURES, vu->features);
}

bool vu_log_dirty(const struct vu *vu, const void *p)
{
	uint64_t page = vu_gpa(vu, p) / LOG_PAGE;

	return vu->log[page / 8] & 1 << page % 8;
}
