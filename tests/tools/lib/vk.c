// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vk.h"

#define MOVE_BY		(256u << 20)
#define IFF_VNET_HDR_	0x4000	/* <linux/if_tun.h> has it among what needs <linux/if.h> */
#define RARP_LEN	60

/* Linux 6.2 */
#ifndef TUN_F_USO4
#define TUN_F_USO4	0x20
#define TUN_F_USO6	0x40
#endif

/* What a tap with IFF_VNET_HDR does for the guest, whatever vhost says. */
#define TAP_FEATURES	(F_CSUM | F_GUEST_CSUM | F_HOST_TSO4 | F_HOST_TSO6 | F_HOST_ECN | F_GUEST_TSO4 | F_GUEST_TSO6 | F_GUEST_ECN)
#define TAP_USO		(F_HOST_USO | F_GUEST_USO4 | F_GUEST_USO6)

int vk_connect(struct vu *vu, const char *path)
{
	struct vk *vk = calloc(1, sizeof(*vk));

	if (!vk)
		return -1;
	vu->vk = vk;
	vu->sock = -1;
	vk->pairs = vu->pairs ? vu->pairs : 1;
	for (unsigned int i = 0; i < VK_PAIRS; i++)
		vk->vhost[i] = vk->data[i] = vk->err[2 * i] = vk->err[2 * i + 1] = -1;
	for (unsigned int i = 0; i < vk->pairs; i++) {
		vk->data[i] = vk_open_data(path, i, vk->pairs > 1);
		vk->vhost[i] = vk_open_vhost(path);
		vk->err[2 * i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		vk->err[2 * i + 1] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		if (vk->data[i] < 0 || vk->vhost[i] < 0) {
			fprintf(stderr, "%s, pair %u: %s\n", path, i, strerror(errno));
			vk_disconnect(vu);
			return -1;
		}
	}
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void unmap(const struct vu *vu, uint64_t base)
{
	for (unsigned int i = 0; base && i < vu->regions; i++)
		munmap((void *)(uintptr_t)(base + vu->region[i].offset * 2), vu->region[i].size);
}

void vk_disconnect(struct vu *vu)
{
	struct vk *vk = vu->vk;

	for (unsigned int i = 0; i < VK_PAIRS; i++) {
		close_fd(vk->vhost[i]);
		close_fd(vk->data[i]);
		close_fd(vk->err[2 * i]);
		close_fd(vk->err[2 * i + 1]);
	}
	unmap(vu, vk->base);
	free(vk);
	vu->vk = NULL;
}

static int all(const struct vk *vk, unsigned long request, const void *arg)
{
	for (unsigned int i = 0; i < vk->pairs; i++)
		if (ioctl(vk->vhost[i], request, arg) < 0)
			return -1;
	return 0;
}

/* The device of a vring, whose number there goes to the start of a structure of any request. */
static int one(const struct vk *vk, unsigned long request, uint32_t index, void *arg)
{
	if (index / 2 >= vk->pairs) {
		errno = ENOBUFS;
		return -1;
	}
	*(uint32_t *)arg = index & 1;
	return ioctl(vk->vhost[index / 2], request, arg) < 0 ? -1 : 0;
}

static int set_backend(const struct vk *vk, uint32_t index, bool on)
{
	struct vhost_vring_file file = { .fd = on && index / 2 < vk->pairs ? vk->data[index / 2] : -1 };

	return one(vk, VHOST_NET_SET_BACKEND, index, &file);
}

static int set_fd(const struct vk *vk, unsigned long request, uint32_t index, const int *fds, int nfds)
{
	struct vhost_vring_file file = { .fd = nfds ? fds[0] : -1 };

	return one(vk, request, index, &file);
}

static int set_memory(const struct vk *vk, const void *payload)
{
	const struct {
		uint32_t n, padding;
		struct vu_region region[VU_REGIONS];
	} *in = payload;
	struct {
		uint32_t n, padding;
		struct vhost_memory_region region[VU_REGIONS];
	} out = { .n = in->n, .padding = in->padding };	/* a struct vhost_memory */

	for (uint32_t i = 0; i < in->n && i < VU_REGIONS; i++)
		out.region[i] = (struct vhost_memory_region){ in->region[i].gpa, in->region[i].size, in->region[i].uva, 0 };
	return all(vk, VHOST_SET_MEM_TABLE, &out);
}

/* As QEMU does it, five times. */
static int announce(const struct vk *vk, const uint8_t *mac)
{
	/* Ethernet and IPv4 addresses; "who am I" */
	static const uint8_t rarp[] = { 0x80, 0x35, 0, 1, 8, 0, 6, 4, 0, 3 };
	uint8_t header[12] = { 0 }, frame[RARP_LEN] = { 0 };
	const struct iovec iov[2] = { { header, sizeof(header) }, { frame, sizeof(frame) } };

	memset(frame, 0xff, ETH_ALEN);
	memcpy(frame + 6, mac, ETH_ALEN);
	memcpy(frame + 12, rarp, sizeof(rarp));
	memcpy(frame + 22, mac, ETH_ALEN);
	memcpy(frame + 32, mac, ETH_ALEN);
	for (int i = 0; i < 5; i++)
		if (writev(vk->data[0], iov, 2) != sizeof(header) + sizeof(frame))
			return -1;
	return 0;
}

/* As QEMU translates it, at the start and when the driver changes its mind. */
static unsigned long offload_of(uint64_t features)
{
	return (features & F_GUEST_CSUM ? TUN_F_CSUM : 0) | (features & F_GUEST_TSO4 ? TUN_F_TSO4 : 0) |
	       (features & F_GUEST_TSO6 ? TUN_F_TSO6 : 0) | (features & F_GUEST_ECN ? TUN_F_TSO_ECN : 0) |
	       (features & F_GUEST_USO4 ? TUN_F_USO4 : 0) | (features & F_GUEST_USO6 ? TUN_F_USO6 : 0);
}

static int set_features(struct vu *vu, uint64_t features)
{
	struct vk *vk = vu->vk;
	uint64_t vhost = features & (vk->offered | F_LOG_ALL);
	int hdr_len = features & (F_MRG_RXBUF | F_VERSION_1) ? 12 : 10;
	unsigned long offload = offload_of(features);

	for (unsigned int i = 0; i < vk->pairs; i++)
		if (ioctl(vk->data[i], TUNSETVNETHDRSZ, &hdr_len) < 0 || ioctl(vk->data[i], TUNSETOFFLOAD, offload) < 0)
			return -1;
	return all(vk, VHOST_SET_FEATURES, &vhost);
}

int vk_request(struct vu *vu, uint32_t request, const void *payload, const int *fds, int nfds)
{
	static const uint64_t nothing[8];
	const uint64_t value = payload ? *(const uint64_t *)payload : 0;
	const uint32_t index = value;
	struct vhost_vring_addr addr;
	struct vhost_vring_state state;
	struct vk *vk = vu->vk;

	payload = payload ? payload : nothing;
	switch (request) {
	case VU_SET_OWNER:
		return all(vk, VHOST_SET_OWNER, NULL);
	case VU_SET_FEATURES:
		return set_features(vu, value);
	case VU_SET_MEM_TABLE:
		return set_memory(vk, payload);
	case VU_SET_VRING_NUM:
	case VU_SET_VRING_BASE:
		memcpy(&state, payload, sizeof(state));
		return one(vk, request == VU_SET_VRING_NUM ? VHOST_SET_VRING_NUM : VHOST_SET_VRING_BASE, index, &state);
	case VU_SET_VRING_ADDR:
		memcpy(&addr, payload, sizeof(addr));
		return one(vk, VHOST_SET_VRING_ADDR, index, &addr);
	case VU_SET_VRING_KICK:
		return set_fd(vk, VHOST_SET_VRING_KICK, index, fds, nfds);
	case VU_SET_VRING_CALL:
		return set_fd(vk, VHOST_SET_VRING_CALL, index, fds, nfds);
	case VU_SET_VRING_ERR:
		return set_fd(vk, VHOST_SET_VRING_ERR, index, fds, nfds);
	case VU_SET_VRING_ENABLE:
		return set_backend(vk, index, value >> 32);
	case VU_SEND_RARP:
		return announce(vk, payload);
	case VU_SET_STATUS:
		return 0;
	default:
		errno = ENOTTY;
		return -1;
	}
}

int vk_get_u64(struct vu *vu, uint32_t request, uint64_t *value)
{
	if (request == VU_GET_FEATURES)
		return ioctl(vu->vk->vhost[0], VHOST_GET_FEATURES, value) < 0 ? -1 : 0;
	*value = vu->vk->pairs;
	return request == VU_GET_QUEUE_NUM ? 0 : -1;
}

int vk_get_base(struct vu *vu, uint32_t index, uint32_t *base)
{
	struct vhost_vring_state state = { 0 };

	if (set_backend(vu->vk, index, false) || one(vu->vk, VHOST_GET_VRING_BASE, index, &state))
		return -1;
	*base = state.num;
	return 0;
}

int vk_negotiate(struct vu *vu, uint64_t wanted)
{
	struct vk *vk = vu->vk;
	unsigned int flags[10] = { 0 };	/* a struct ifreq: the name, then the flags */

	if (all(vk, VHOST_SET_OWNER, NULL) || vk_get_u64(vu, VU_GET_FEATURES, &vk->offered) ||
	    ioctl(vk->data[0], TUNGETIFF, flags) < 0)
		return -1;
	/* what vhost-user calls its own features is met by the ioctls themselves */
	vu->offered = vk->offered | F_PROTOCOL;
	if (flags[4] & IFF_VNET_HDR_)
		vu->offered |= TAP_FEATURES | (ioctl(vk->data[0], TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_USO4 | TUN_F_USO6) ? 0 : TAP_USO);
	vu->features = vu->offered & wanted;
	vu->protocol = 0;
	for (unsigned int i = 0; i < 2 * vk->pairs; i++)
		if (set_fd(vk, VHOST_SET_VRING_ERR, i, &vk->err[i], 1))
			return -1;
	return set_features(vu, vu->features);
}

static int map_at(struct vu *vu, uint64_t base)
{
	for (unsigned int i = 0; i < vu->regions; i++) {
		struct vu_region *r = &vu->region[i];

		r->uva = base + r->offset * 2;
		if (mmap((void *)(uintptr_t)r->uva, r->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE,
			 vu->memfd, (off_t)r->offset) == MAP_FAILED)
			return -1;
	}
	vu->vk->base = base;
	return 0;
}

static int tell_memory(struct vu *vu)
{
	struct {
		uint32_t n, padding;
		struct vu_region region[VU_REGIONS];
	} table = { .n = vu->regions };

	memcpy(table.region, vu->region, sizeof(table.region));
	return set_memory(vu->vk, &table);
}

int vk_share_memory(struct vu *vu)
{
	if (!vu->vk->base && map_at(vu, VU_UVA))
		return -1;
	return tell_memory(vu);
}

static uint64_t other_base(uint64_t base)
{
	return base == VU_UVA ? VU_UVA + MOVE_BY : VU_UVA;
}

int vk_move_memory(struct vu *vu)
{
	return map_at(vu, other_base(vu->vk->base)) ? -1 : tell_memory(vu);
}

void vk_unmap_old(struct vu *vu)
{
	unmap(vu, other_base(vu->vk->base));
}

int vk_log_base(struct vu *vu, void *log)
{
	uint64_t base = (uintptr_t)log;

	return all(vu->vk, VHOST_SET_LOG_BASE, &base);
}
