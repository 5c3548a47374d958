/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel's vhost device where vu.h has a vhost-user connection: the same requests, as ioctls. Paths:
 *
 *	kernel:PORT	/dev/vhost-xdp, with data fds of PORT from the control device
 *	node:NETDEV	/dev/vhost-xdp, with /dev/tap<ifindex of NETDEV>, as for libvirt
 *	tap:NAME	/dev/vhost-net, with a tap of Linux' own called NAME: the peer that ours is compared with
 *
 * One device for each queue pair, as QEMU does; vring numbers count through.
 */
#ifndef VK_H
#define VK_H

#include <linux/vhost.h>
#include <stdbool.h>
#include <stdint.h>

#include "vu.h"

#define VK_PAIRS	8

struct vk {
	unsigned int pairs;
	int vhost[VK_PAIRS], data[VK_PAIRS];
	int err[2 * VK_PAIRS];	/* eventfds: a vring broke */
	uint64_t offered;	/* by the vhost devices; the rest of vu->offered is the tap's */
	uint64_t base;		/* where regions are mapped now; 0: nowhere */
};

/* Linux 6.5 */
#ifndef VHOST_NEW_WORKER
struct vhost_worker_state {
	unsigned int worker_id;
};
struct vhost_vring_worker {
	unsigned int index;
	unsigned int worker_id;
};
#define VHOST_NEW_WORKER		_IOR(VHOST_VIRTIO, 0x8, struct vhost_worker_state)
#define VHOST_FREE_WORKER		_IOW(VHOST_VIRTIO, 0x9, struct vhost_worker_state)
#define VHOST_ATTACH_VRING_WORKER	_IOW(VHOST_VIRTIO, 0x15, struct vhost_vring_worker)
#define VHOST_GET_VRING_WORKER		_IOWR(VHOST_VIRTIO, 0x16, struct vhost_vring_worker)
#endif

bool vk_is_path(const char *path);
/* A data fd and a vhost device for a queue pair of what path names; -1. */
int vk_open_data(const char *path, unsigned int pair, bool several);
int vk_open_vhost(const char *path);

/* What vu.c calls when vu->vk is set. */
int vk_connect(struct vu *vu, const char *path);
void vk_disconnect(struct vu *vu);
int vk_request(struct vu *vu, uint32_t request, const void *payload, const int *fds, int nfds);
int vk_get_u64(struct vu *vu, uint32_t request, uint64_t *value);
int vk_get_base(struct vu *vu, uint32_t index, uint32_t *base);
int vk_negotiate(struct vu *vu, uint64_t wanted);
int vk_share_memory(struct vu *vu);
int vk_log_base(struct vu *vu, void *log);

/*
 * Guest memory is mapped at another address and the memory table says so. The old mapping stays until
 * vk_unmap_old(), when the rings' addresses were told anew.
 */
int vk_move_memory(struct vu *vu);
void vk_unmap_old(struct vu *vu);

#endif
