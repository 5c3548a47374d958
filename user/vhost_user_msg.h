/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The vhost-user wire format, as far as a network back end needs it. Host byte order; see docs/interop/vhost-user.rst of QEMU. */
#ifndef VX_VHOST_USER_MSG_H
#define VX_VHOST_USER_MSG_H

#include <stdbool.h>
#include <linux/types.h>

#define VX_VU_VERSION		1u
#define VX_VU_VERSION_MASK	3u
#define VX_VU_REPLY		(1u << 2)
#define VX_VU_NEED_REPLY	(1u << 3)

#define VX_VU_FDS_MAX		8	/* of one message; SET_MEM_TABLE carries the most */
#define VX_VU_TABLE_REGIONS	8	/* of one SET_MEM_TABLE */

/* SET_VRING_KICK, _CALL and _ERR: vring in the low byte, and a flag that says that no fd comes along. */
#define VX_VU_VRING_INDEX_MASK	0xffu
#define VX_VU_VRING_NOFD	(1u << 8)

#define VX_VU_REQUESTS(X) \
	X(GET_FEATURES, 1) \
	X(SET_FEATURES, 2) \
	X(SET_OWNER, 3) \
	X(RESET_OWNER, 4) \
	X(SET_MEM_TABLE, 5) \
	X(SET_LOG_BASE, 6) \
	X(SET_LOG_FD, 7) \
	X(SET_VRING_NUM, 8) \
	X(SET_VRING_ADDR, 9) \
	X(SET_VRING_BASE, 10) \
	X(GET_VRING_BASE, 11) \
	X(SET_VRING_KICK, 12) \
	X(SET_VRING_CALL, 13) \
	X(SET_VRING_ERR, 14) \
	X(GET_PROTOCOL_FEATURES, 15) \
	X(SET_PROTOCOL_FEATURES, 16) \
	X(GET_QUEUE_NUM, 17) \
	X(SET_VRING_ENABLE, 18) \
	X(SEND_RARP, 19) \
	X(NET_SET_MTU, 20) \
	X(RESET_DEVICE, 34) \
	X(GET_MAX_MEM_SLOTS, 36) \
	X(ADD_MEM_REG, 37) \
	X(REM_MEM_REG, 38) \
	X(SET_STATUS, 39) \
	X(GET_STATUS, 40)

enum vx_vu_request {
#define X(name, n) VX_VU_##name = n,
	VX_VU_REQUESTS(X)
#undef X
	VX_VU_REQUEST_MAX = 41,
};

enum vx_vu_protocol_feature {
	VX_VU_PROTO_MQ = 0,
	VX_VU_PROTO_LOG_SHMFD = 1,
	VX_VU_PROTO_RARP = 2,
	VX_VU_PROTO_REPLY_ACK = 3,
	VX_VU_PROTO_NET_MTU = 4,
	VX_VU_PROTO_RESET_DEVICE = 13,
	VX_VU_PROTO_CONFIGURE_MEM_SLOTS = 15,
	VX_VU_PROTO_STATUS = 16,
};

/* Virtio feature bits that belong to the transport, not to the guest. */
#define VX_VU_F_LOG_ALL			26
#define VX_VU_F_PROTOCOL_FEATURES	30

#define VX_VU_VRING_F_LOG	(1u << 0)	/* struct vx_vu_vring_addr.flags: log used ring writes */

struct vx_vu_header {
	__u32 request;
	__u32 flags;
	__u32 size;		/* bytes of payload */
};

struct vx_vu_vring_state {
	__u32 index;
	__u32 num;
};

struct vx_vu_vring_addr {
	__u32 index;
	__u32 flags;
	__u64 desc;		/* VMM addresses */
	__u64 used;
	__u64 avail;
	__u64 log;
};

struct vx_vu_region {
	__u64 gpa;
	__u64 size;
	__u64 vmm_addr;
	__u64 mmap_offset;
};

struct vx_vu_mem_table {
	__u32 n;
	__u32 padding;
	struct vx_vu_region region[VX_VU_TABLE_REGIONS];
};

struct vx_vu_mem_reg {
	__u64 padding;
	struct vx_vu_region region;
};

struct vx_vu_log {
	__u64 size;
	__u64 offset;
};

union vx_vu_payload {
	__u64 u64;
	struct vx_vu_vring_state state;
	struct vx_vu_vring_addr addr;
	struct vx_vu_mem_table table;
	struct vx_vu_mem_reg reg;
	struct vx_vu_log log;
};

/* A message with the descriptors that came along; a handler that keeps one puts -1 in its place. */
struct vx_vu_msg {
	struct vx_vu_header header;
	union vx_vu_payload payload;
	int fds[VX_VU_FDS_MAX];
	__u32 nfds;
};

#endif
