// SPDX-License-Identifier: GPL-2.0-only
/* The virtio-net header. */
#include "vnet_hdr.h"

static enum vx_reason check_gso(const struct vx_vnet_hdr *h, u64 features)
{
	u32 size_min = VX_TCP_SIZE_MIN;
	u64 want;

	switch (h->gso_type) {
	case VIRTIO_NET_HDR_GSO_TCPV4:
		want = 1ULL << VIRTIO_NET_F_HOST_TSO4;
		break;
	case VIRTIO_NET_HDR_GSO_TCPV6:
		want = 1ULL << VIRTIO_NET_F_HOST_TSO6;
		break;
	case VIRTIO_NET_HDR_GSO_UDP_L4:
		if (h->ecn)
			return VX_REASON_BAD_VNET_HDR;
		want = 1ULL << VIRTIO_NET_F_HOST_USO;
		size_min = 1;
		break;
	default:
		return VX_REASON_BAD_VNET_HDR;
	}
	if (h->ecn)
		want |= 1ULL << VIRTIO_NET_F_HOST_ECN;
	if ((features & want) != want)
		return VX_REASON_BAD_VNET_HDR;
	return h->gso_size >= size_min && h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM ? VX_REASON_NONE : VX_REASON_BAD_GSO;
}

enum vx_reason vx_vnet_hdr_parse(struct vx_vnet_hdr *h, const u8 *raw, u32 len, u64 features)
{
	u8 type = raw[offsetof(struct virtio_net_hdr, gso_type)];
	struct virtio_net_hdr v;

	h->flags = raw[offsetof(struct virtio_net_hdr, flags)];
	h->ecn = type & VIRTIO_NET_HDR_GSO_ECN;
	h->gso_type = type & ~VIRTIO_NET_HDR_GSO_ECN;
	if (vx_likely(!(h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) && type == VIRTIO_NET_HDR_GSO_NONE))
		return VX_REASON_NONE;

	memcpy(&v, raw, sizeof(v));
	h->gso_size = vx_le16_to_cpu(v.gso_size);
	h->csum_start = vx_le16_to_cpu(v.csum_start);
	h->csum_offset = vx_le16_to_cpu(v.csum_offset);
	if (h->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if (!(features & 1ULL << VIRTIO_NET_F_CSUM) || (u32)h->csum_start + h->csum_offset + sizeof(u16) > len)
			return VX_REASON_BAD_CSUM;
	}
	return type == VIRTIO_NET_HDR_GSO_NONE ? VX_REASON_NONE : check_gso(h, features);
}
