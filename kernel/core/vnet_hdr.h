/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The header before each frame in a virtio-net buffer (virtio 1.3, 5.1.6;
 * <linux/virtio_net.h>), little-endian. Legacy devices have the guest's byte
 * order, which we take to be little-endian too.
 */
#ifndef VX_CORE_VNET_HDR_H
#define VX_CORE_VNET_HDR_H

#include "vx_env.h"
#include <linux/virtio_net.h>
#include <linux/virtio_config.h>
#include <vhost_xdp/stats.h>

/* Younger than the oldest headers that we build with. */
#ifndef VIRTIO_NET_F_HOST_USO
#define VIRTIO_NET_F_GUEST_USO4	54
#define VIRTIO_NET_F_GUEST_USO6	55
#define VIRTIO_NET_F_HOST_USO	56
#endif
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4	5
#endif

#define VX_TCP_SIZE_MIN	8u	/* least gso_size for TCP: Linux' TCP makes none that is smaller */

#define VX_VNET_HDR_MAX	((u32)sizeof(struct virtio_net_hdr_v1))

/* In CPU byte order. */
struct vx_vnet_hdr {
	u8 flags;
	u8 gso_type;	/* without VIRTIO_NET_HDR_GSO_ECN */
	bool ecn;
	u16 gso_size;
	u16 csum_start;
	u16 csum_offset;
};

/* Bytes of the header under these features. */
static inline u32 vx_vnet_hdr_len(u64 features)
{
	if (features & (1ULL << VIRTIO_F_VERSION_1 | 1ULL << VIRTIO_NET_F_MRG_RXBUF))
		return sizeof(struct virtio_net_hdr_v1);
	return sizeof(struct virtio_net_hdr);
}

/*
 * Judge a private copy of the header of a frame of len bytes. VX_REASON_NONE: *h is filled in,
 * csum_start + csum_offset + 2 <= len if VIRTIO_NET_HDR_F_NEEDS_CSUM is set (CVE-2022-2132), and a segmentation
 * request is of a negotiated type, with a size and NEEDS_CSUM. UFO never is (Linux itself gave it up), nor are types that we
 * do not know; flags that mean nothing in this direction are ignored. The guest's hdr_len is never used.
 */
enum vx_reason vx_vnet_hdr_parse(struct vx_vnet_hdr *h, const u8 *raw, u32 len, u64 features);

/* Header towards the guest, VX_VNET_HDR_MAX bytes at raw. Stored as it is loaded again: in whole words. */
static inline void vx_vnet_hdr_build(u8 *raw, u16 num_buffers)
{
	u32 last = vx_cpu_to_le32((u32)num_buffers << 16);

	memset(raw, 0, sizeof(u64));
	memcpy(raw + sizeof(u64), &last, sizeof(last));
}

#endif
