// SPDX-License-Identifier: GPL-2.0-or-later
/* Any header before any frame: what passes is inside the frame, and segments to what the judge accepts. */
#include "csum.h"
#include "gso.h"
#include "packet.h"
#include "pump.h"

static u8 frame[PKT_MAX];

static void require(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void checksum(const struct vx_vnet_hdr *h, const u8 *data, u32 len)
{
	u16 before;

	require((u32)h->csum_start + h->csum_offset + 2 <= len);
	memcpy(frame, data, len);
	before = pkt_sum(0, frame + h->csum_start, len - h->csum_start);
	vx_csum_store_nonzero(frame + h->csum_start + h->csum_offset, vx_csum_add(0, frame + h->csum_start, len - h->csum_start));
	/* At an even offset the field and the sum that it complements are aligned alike. */
	if (!(h->csum_offset & 1)) {
		u16 after = frame[h->csum_start + h->csum_offset] << 8 | frame[h->csum_start + h->csum_offset + 1];

		require((u16)~before % 0xffff == after % 0xffff);
		require(after != 0);
	}
}

static void segments(struct vx_gso *g, const struct vx_vnet_hdr *h, const u8 *data, u32 len)
{
	static struct pkt p;
	u32 i;

	p = (struct pkt) { .ip6 = g->ip6, .l3 = g->l3, .l4 = g->l4, .hdr_len = g->hdr_len, .len = len, .payload = g->payload,
			   .id = g->ip_id, .seq = g->seq, .proto = g->udp ? 17 : 6 };
	memcpy(p.data, data, len);
	memcpy(g->head + g->head_len, data + g->head_len, g->hdr_len - g->head_len);
	vx_gso_ready(g);
	require(g->l4 == h->csum_start && g->head_len <= g->hdr_len && g->hdr_len <= VX_GSO_HEAD_MAX && g->hdr_len + g->payload == len);
	require(g->nsegs >= 1 && g->nsegs <= VX_GSO_SEGS_MAX);
	for (i = 0; i < g->nsegs; i++) {
		u32 n = vx_gso_payload(g, i);

		require(n <= g->mss && i * g->mss + n <= g->payload);
		memcpy(frame + g->hdr_len, data + g->hdr_len + i * g->mss, n);
		vx_gso_finish(g, i, frame, vx_csum_add(0, frame + g->hdr_len, n));
		require(!pkt_judge(&p, g->mss, i, g->nsegs, frame, g->hdr_len + n));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Input: 8 bits of features, the length in units of 64 bytes (0: as it is, else padded or cut), header, frame. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int bits[] = { VIRTIO_NET_F_CSUM, VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_HOST_TSO6, VIRTIO_NET_F_HOST_ECN,
				    VIRTIO_NET_F_HOST_UFO, VIRTIO_NET_F_HOST_USO };
	static u8 whole[PKT_MAX];
	struct vx_vnet_hdr h;
	struct vx_gso g;
	u64 features = 0;
	u32 i, len;
	u8 raw[12];

	if (size < 2 + sizeof(raw) + 14 || size > 4096)
		return 0;
	for (i = 0; i < VX_ARRAY_SIZE(bits); i++)
		if (!(data[0] & 1 << i))
			features |= 1ULL << bits[i];
	memcpy(raw, data + 2, sizeof(raw));
	len = size - 2 - sizeof(raw);
	memset(whole, data[0], sizeof(whole));
	memcpy(whole, data + 2 + sizeof(raw), len);
	if (data[1])
		len = data[1] * 256;

	if (vx_vnet_hdr_parse(&h, raw, len, features))
		return 0;
	require(h.gso_type == VIRTIO_NET_HDR_GSO_NONE || h.gso_type == VIRTIO_NET_HDR_GSO_TCPV4 ||
		h.gso_type == VIRTIO_NET_HDR_GSO_TCPV6 || h.gso_type == VIRTIO_NET_HDR_GSO_UDP_L4);
	if (h.gso_type == VIRTIO_NET_HDR_GSO_NONE) {
		if (h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM)
			checksum(&h, whole, len);
		return 0;
	}
	require(h.gso_size && h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM);
	g.head_len = vx_gso_head_len(&h, len);
	memcpy(g.head, whole, g.head_len);
	if (g.head_len && !vx_gso_parse(&g, &h, len))
		segments(&g, &h, whole, len);
	return 0;
}
