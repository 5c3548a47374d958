/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vhost-user connection as a VMM has it, with memory to share. Written against QEMU's vhost-user.rst and not against
 * our back end, so that both can be wrong in different places only.
 */
#ifndef VU_H
#define VU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	VU_GET_FEATURES = 1, VU_SET_FEATURES = 2, VU_SET_OWNER = 3, VU_SET_MEM_TABLE = 5, VU_SET_LOG_BASE = 6,
	VU_SET_VRING_NUM = 8, VU_SET_VRING_ADDR = 9, VU_SET_VRING_BASE = 10, VU_GET_VRING_BASE = 11, VU_SET_VRING_KICK = 12,
	VU_SET_VRING_CALL = 13, VU_SET_VRING_ERR = 14, VU_GET_PROTOCOL_FEATURES = 15, VU_SET_PROTOCOL_FEATURES = 16,
	VU_GET_QUEUE_NUM = 17, VU_SET_VRING_ENABLE = 18, VU_SEND_RARP = 19, VU_RESET_DEVICE = 34, VU_GET_MAX_MEM_SLOTS = 36,
	VU_ADD_MEM_REG = 37, VU_REM_MEM_REG = 38, VU_SET_STATUS = 39, VU_GET_STATUS = 40,
};

enum { VU_P_MQ = 0, VU_P_LOG_SHMFD = 1, VU_P_RARP = 2, VU_P_REPLY_ACK = 3, VU_P_CONFIGURE_MEM_SLOTS = 15, VU_P_STATUS = 16 };

#define VU_VERSION	1u
#define VU_REPLY	4u
#define VU_NEED_REPLY	8u
#define VU_FDS		8

#define F_CSUM		(1ull << 0)
#define F_GUEST_CSUM	(1ull << 1)
#define F_GUEST_TSO4	(1ull << 7)
#define F_GUEST_TSO6	(1ull << 8)
#define F_GUEST_ECN	(1ull << 9)
#define F_HOST_TSO4	(1ull << 11)
#define F_HOST_TSO6	(1ull << 12)
#define F_HOST_ECN	(1ull << 13)
#define F_MRG_RXBUF	(1ull << 15)
#define F_LOG_ALL	(1ull << 26)
#define F_INDIRECT	(1ull << 28)
#define F_EVENT_IDX	(1ull << 29)
#define F_PROTOCOL	(1ull << 30)
#define F_VERSION_1	(1ull << 32)
#define F_IOMMU		(1ull << 33)	/* VIRTIO_F_ACCESS_PLATFORM; here guest-physical addresses are those of the bus */
#define F_PACKED	(1ull << 34)
#define F_GUEST_USO4	(1ull << 54)
#define F_GUEST_USO6	(1ull << 55)
#define F_HOST_USO	(1ull << 56)

struct vu_header {
	uint32_t request, flags, size;
} __attribute__((packed));

struct vu_region {
	uint64_t gpa, size, uva, offset;
};

#define VU_REGIONS	8
#define VU_GPA		0x40000000ull
#define VU_UVA		0x7e0000000000ull	/* what we claim to be our own address of GPA VU_GPA */
#define VU_MEM_SIZE	(32u << 20)

struct vk;

struct vu {
	int sock;
	struct vk *vk;		/* instead: a vhost device of the kernel (vk.h) */
	unsigned int pairs;	/* of queues; what only the kernel wants to know before */
	uint64_t offered, features, protocol;
	bool ack;		/* every message that has no reply of its own asks for one */
	int timeout_ms;

	int memfd;
	uint8_t *mem;
	size_t used;		/* by vu_alloc */
	unsigned int regions;
	struct vu_region region[VU_REGIONS];
	int logfd;
	uint8_t *log;
	size_t log_size;
};

/* Memory in n regions, adjacent for the guest and apart in the file; buffers may cross from one into the next. */
int vu_mem_init(struct vu *vu, unsigned int n);
/* Fails the program when memory is used up. align is a power of two. */
void *vu_alloc(struct vu *vu, size_t size, size_t align);
uint64_t vu_gpa(const struct vu *vu, const void *p);
uint64_t vu_uva(const struct vu *vu, const void *p);

/* path: of a socket, or as in vk.h. */
int vu_connect(struct vu *vu, const char *path);
void vu_disconnect(struct vu *vu);

/* Raw: size bytes of payload as they are. */
int vu_send(struct vu *vu, uint32_t request, uint32_t flags, const void *payload, uint32_t size, const int *fds, int nfds);
/* Wait for a reply of at most size bytes; its length, or -1 when the other side went away or is silent. */
int vu_receive(struct vu *vu, uint32_t *request, void *payload, uint32_t size);

/* With the acknowledgement when that was negotiated. 0, or -1: refused, silent or gone. */
int vu_set(struct vu *vu, uint32_t request, const void *payload, uint32_t size, const int *fds, int nfds);
int vu_set_u64(struct vu *vu, uint32_t request, uint64_t value);
int vu_set_state(struct vu *vu, uint32_t request, uint32_t index, uint32_t value);
int vu_set_fd(struct vu *vu, uint32_t request, uint32_t index, int fd);
int vu_get_u64(struct vu *vu, uint32_t request, uint64_t *value);
int vu_get_base(struct vu *vu, uint32_t index, uint32_t *base);

/* Owner, features (wanted of the offered), protocol features. */
int vu_negotiate(struct vu *vu, uint64_t wanted);
/* The virtio device status, if the back end wants to know it. */
int vu_set_status(struct vu *vu, uint8_t status);
int vu_share_memory(struct vu *vu, bool slots);
/* Share a dirty log and switch logging on. The log has one bit a page of 4 KiB. */
int vu_log_start(struct vu *vu);
bool vu_log_dirty(const struct vu *vu, const void *p);

#endif
