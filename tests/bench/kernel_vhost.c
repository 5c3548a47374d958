// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_tun.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <uapi/linux/vhost_xdp.h>

#include "kernel_vhost.h"

#define GPA		0x100000000ull	/* where guests have memory above 4 GiB: not where this process has it */
#define RING_BYTES	(64u << 10)	/* room for a ring of 1024, on a page of its own */
#define BIT(n)		(1ull << (n))

static int fail(int err, const char *what)
{
	fprintf(stderr, "kernel_drive: %s: %s\n", what, strerror(-err));
	return err;
}

/* The calls and their order: QEMU's. An endless send buffer is what lets vhost_net hand over frames in batches. */
static int tap_setup(int fd, unsigned long offload)
{
	int hdr = VXB_HDR, sndbuf = INT_MAX;

	if (ioctl(fd, TUNSETVNETHDRSZ, &hdr) || ioctl(fd, TUNSETSNDBUF, &sndbuf))
		return fail(-errno, "tap");
	if (!ioctl(fd, TUNSETOFFLOAD, offload))
		return 0;
	offload &= ~(unsigned long)(TUN_F_USO4 | TUN_F_USO6);
	return ioctl(fd, TUNSETOFFLOAD, offload) ? fail(-errno, "TUNSETOFFLOAD") : 0;
}

int vxk_tap_open(const char *netdev, unsigned long offload)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK), err;

	if (fd < 0)
		return fail(-errno, "/dev/net/tun");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", netdev);
	err = ioctl(fd, TUNSETIFF, &ifr) ? fail(-errno, netdev) : tap_setup(fd, offload);
	if (err)
		close(fd);
	return err ? err : fd;
}

int vxk_port_open(const char *port, unsigned long offload)
{
	struct vhost_xdp_open arg = { .pair = 0 };
	int control = open("/dev/vhost-xdp-control", O_RDWR | O_CLOEXEC), fd, err;

	if (control < 0)
		return fail(-errno, "/dev/vhost-xdp-control");
	snprintf(arg.name, sizeof(arg.name), "%s", port);
	fd = ioctl(control, VHOST_XDP_PORT_OPEN, &arg);
	err = fd < 0 ? fail(-errno, port) : tap_setup(fd, offload);
	close(control);
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

static int negotiate(struct vxk_vhost *v)
{
	const uint64_t must = BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_NET_F_MRG_RXBUF) | BIT(VIRTIO_RING_F_EVENT_IDX);
	/* Not ANY_LAYOUT: to vhost its bit says that the backend makes no headers. */
	const uint64_t want = must | BIT(VIRTIO_RING_F_INDIRECT_DESC);
	uint64_t have;

	if (ioctl(v->fd, VHOST_SET_OWNER) || ioctl(v->fd, VHOST_GET_FEATURES, &have))
		return fail(-errno, "VHOST_GET_FEATURES");
	if ((have & must) != must)
		return fail(-EPROTO, "the device lacks VERSION_1, MRG_RXBUF or EVENT_IDX");
	v->features = have & want;
	return ioctl(v->fd, VHOST_SET_FEATURES, &v->features) ? fail(-errno, "VHOST_SET_FEATURES") : 0;
}

static int share_memory(struct vxk_vhost *v)
{
	struct {
		struct vhost_memory head;
		struct vhost_memory_region region;
	} table = { .head = { .nregions = 1 } };

	table.region = (struct vhost_memory_region){ GPA, v->bytes, (uintptr_t)v->mem, 0 };
	return ioctl(v->fd, VHOST_SET_MEM_TABLE, &table) ? fail(-errno, "VHOST_SET_MEM_TABLE") : 0;
}

static int ring_memory(struct vxk_vhost *v, uint32_t index, const struct vxk_shape *shape)
{
	uint64_t buffers = VXK_RINGS * RING_BYTES + (index ? (uint64_t)shape->num * shape->buffer[0] : 0);
	struct vxb_ring *r = &v->ring[index];

	r->num = shape->num;
	r->size = shape->buffer[index];
	r->event_idx = true;
	vring_init(&r->vr, shape->num, v->mem + index * RING_BYTES, 4096);
	r->buffers = v->mem + buffers;
	r->gpa = GPA + buffers;
	r->kick = eventfd(0, EFD_CLOEXEC);
	r->call = eventfd(0, EFD_CLOEXEC);
	return r->kick < 0 || r->call < 0 ? fail(-errno, "eventfd") : 0;
}

static int ring_start(struct vxk_vhost *v, uint32_t index)
{
	struct vxb_ring *r = &v->ring[index];
	struct vhost_vring_state num = { index, r->num }, base = { index, 0 };
	struct vhost_vring_file call = { index, r->call }, kick = { index, r->kick };
	struct vhost_vring_addr addr = {
		.index = index,
		.desc_user_addr = (uintptr_t)r->vr.desc,
		.avail_user_addr = (uintptr_t)r->vr.avail,
		.used_user_addr = (uintptr_t)r->vr.used,
	};

	if (ioctl(v->fd, VHOST_SET_VRING_NUM, &num) || ioctl(v->fd, VHOST_SET_VRING_BASE, &base) ||
	    ioctl(v->fd, VHOST_SET_VRING_ADDR, &addr) || ioctl(v->fd, VHOST_SET_VRING_KICK, &kick) ||
	    ioctl(v->fd, VHOST_SET_VRING_CALL, &call))
		return fail(-errno, "a vring");
	return 0;
}

static int set_backend(struct vxk_vhost *v, int fd)
{
	for (uint32_t i = 0; i < VXK_RINGS; i++) {
		struct vhost_vring_file file = { i, fd };

		if (ioctl(v->fd, VHOST_NET_SET_BACKEND, &file))
			return fail(-errno, "VHOST_NET_SET_BACKEND");
	}
	return 0;
}

static int device_start(struct vxk_vhost *v, const char *device)
{
	int err;

	v->fd = open(device, O_RDWR | O_CLOEXEC);
	if (v->fd < 0)
		return fail(-errno, device);
	err = negotiate(v);
	if (!err)
		err = share_memory(v);
	for (uint32_t i = 0; i < VXK_RINGS && !err; i++)
		err = ring_start(v, i);
	return err ? err : set_backend(v, v->backend);
}

int vxk_vhost_open(struct vxk_vhost *v, const char *device, int backend, const struct vxk_shape *shape)
{
	int err = 0;

	*v = VXK_CLOSED;
	v->backend = backend;
	v->bytes = VXK_RINGS * RING_BYTES + (uint64_t)shape->num * (shape->buffer[VXK_RX] + shape->buffer[VXK_TX]);
	v->mem = mmap(NULL, v->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (v->mem == MAP_FAILED) {
		v->mem = NULL;
		err = fail(-errno, "mmap");
	}
	for (uint32_t i = 0; i < VXK_RINGS && !err; i++)
		err = ring_memory(v, i, shape);
	if (!err && *device)
		err = device_start(v, device);
	if (err)
		vxk_vhost_close(v);
	return err;
}

void vxk_vhost_close(struct vxk_vhost *v)
{
	if (v->fd >= 0) {
		set_backend(v, -1);
		close(v->fd);
	}
	if (v->backend >= 0)
		close(v->backend);
	for (uint32_t i = 0; i < VXK_RINGS; i++) {
		if (v->ring[i].kick >= 0)
			close(v->ring[i].kick);
		if (v->ring[i].call >= 0)
			close(v->ring[i].call);
	}
	if (v->mem)
		munmap(v->mem, v->bytes);
	*v = VXK_CLOSED;
}
