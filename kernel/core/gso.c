// SPDX-License-Identifier: GPL-2.0-only
/* TCP and UDP segmentation. */
#include "gso.h"
#include "csum.h"
#include "inet.h"
#include "pump.h"
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <vhost_xdp/whole.h>

#define IP6_EXT_MAX		8u	/* extension headers walked */
#define IP6_ROUTING_LEFT	3

/* The n bytes from off on in the private copy; NULL when they are not all there. */
static const u8 *header(const struct vx_gso *g, u32 off, u32 n)
{
	return off <= g->head_len && n <= g->head_len - off ? g->head + off : NULL;
}

static bool parse_eth(struct vx_gso *g)
{
	u32 off = 2 * ETH_ALEN, tags;
	u16 proto;

	for (tags = 0;; tags++) {
		const u8 *at = header(g, off, sizeof(proto));

		if (!at)
			return false;
		proto = vx_get_be16(at);
		off += sizeof(proto);
		if ((proto != ETH_P_8021Q && proto != ETH_P_8021AD) || tags == VLAN_TAGS_MAX)
			break;
		off += VLAN_TAG_LEN - sizeof(proto);
	}
	g->l3 = off;
	g->ip6 = proto == ETH_P_IPV6;
	return g->ip6 || proto == ETH_P_IP;
}

static u8 l4_proto(const struct vx_gso *g)
{
	return g->udp ? IPPROTO_UDP : IPPROTO_TCP;
}

static u32 csum_offset(const struct vx_gso *g)
{
	return g->udp ? UDP_CSUM : TCP_CSUM;
}

static bool parse_ip4(struct vx_gso *g)
{
	const u8 *ip = header(g, g->l3, IP4_HDR_MIN);
	u32 len;

	if (!ip || ip[0] >> 4 != 4)
		return false;
	len = (ip[0] & 15) * 4;
	if (len < IP4_HDR_MIN || !header(g, g->l3, len))
		return false;
	if (vx_get_be16(ip + IP4_FRAG) & IP4_FRAG_MASK || ip[IP4_PROTO] != l4_proto(g))
		return false;
	g->l4 = g->l3 + len;
	g->ip_id = vx_get_be16(ip + IP4_ID);
	return true;
}

/* Length of an extension header that may stand before TCP or UDP in each segment; 0: none such. */
static u32 ip6_ext_len(const struct vx_gso *g, u8 type, u32 off)
{
	const u8 *ext = header(g, off, 8);

	if (!ext)
		return 0;
	switch (type) {
	case IPPROTO_ROUTING:
		/* Still under way, the packet's checksum is over an address that the fixed header does not have. */
		if (ext[IP6_ROUTING_LEFT])
			return 0;
		break;
	case IPPROTO_HOPOPTS:
	case IPPROTO_DSTOPTS:
		break;
	default:
		return 0;
	}
	return (ext[1] + 1) * 8;
}

static bool parse_ip6(struct vx_gso *g)
{
	const u8 *ip = header(g, g->l3, IP6_HDR_LEN);
	u32 i, off = g->l3 + IP6_HDR_LEN;
	u8 next;

	if (!ip || ip[0] >> 4 != 6)
		return false;
	next = ip[IP6_NEXT];
	for (i = 0; next != l4_proto(g); i++) {
		u32 len = i < IP6_EXT_MAX ? ip6_ext_len(g, next, off) : 0;

		if (!len)
			return false;
		next = g->head[off];
		off += len;
	}
	g->l4 = off;
	return true;
}

static bool parse_l4(struct vx_gso *g, const struct vx_vnet_hdr *h)
{
	u32 min = g->udp ? UDP_HDR_LEN : TCP_HDR_MIN, len = min;
	const u8 *l4 = header(g, g->l4, min);

	if (!l4)
		return false;
	/* The guest asks for the checksum of the segment that we found, or it has tricked one of us. */
	if (h->csum_start != g->l4 || h->csum_offset != csum_offset(g))
		return false;
	if (!g->udp) {
		len = (l4[TCP_DOFF] >> 4) * 4;
		g->seq = vx_get_be32(l4 + TCP_SEQ);
		g->tcp_flags = l4[TCP_FLAGS];
	}
	g->hdr_len = g->l4 + len;
	return len >= min;
}

u32 vx_gso_head_len(const struct vx_vnet_hdr *h, u32 len)
{
	u32 head_len = h->csum_start + (h->gso_type == VIRTIO_NET_HDR_GSO_UDP_L4 ? UDP_HDR_LEN : TCP_HDR_MIN);

	return head_len <= vx_min(len, VX_GSO_HEAD_MAX) ? head_len : 0;
}

enum vx_reason vx_gso_parse(struct vx_gso *g, const struct vx_vnet_hdr *h, u32 len)
{
	if (len > VX_GSO_LEN_MAX)
		return VX_REASON_OVERSIZE;
	g->udp = h->gso_type == VIRTIO_NET_HDR_GSO_UDP_L4;
	if (!parse_eth(g))
		return VX_REASON_BAD_GSO;
	if (!g->udp && g->ip6 != (h->gso_type == VIRTIO_NET_HDR_GSO_TCPV6))
		return VX_REASON_BAD_GSO;
	if (!(g->ip6 ? parse_ip6(g) : parse_ip4(g)) || !parse_l4(g, h) || g->hdr_len > vx_min(len, VX_GSO_HEAD_MAX))
		return VX_REASON_BAD_GSO;
	g->payload = len - g->hdr_len;
	g->mss = h->gso_size;
	g->nsegs = g->payload > g->mss ? (g->payload + g->mss - 1) / g->mss : 1;
	return g->nsegs <= (g->udp ? VX_UDP_SEGS_MAX : VX_GSO_SEGS_MAX) ? VX_REASON_NONE : VX_REASON_BAD_GSO;
}

static void ready_ip4(struct vx_gso *g)
{
	u8 *ip = g->head + g->l3;

	vx_put_be16(ip + IP4_TOT_LEN, 0);
	vx_put_be16(ip + IP4_ID, 0);
	vx_put_be16(ip + IP4_CSUM, 0);
	g->ip_sum = vx_csum_add(0, ip, g->l4 - g->l3);
}

void vx_gso_ready(struct vx_gso *g)
{
	u8 *ip = g->head + g->l3, *l4 = g->head + g->l4;

	/* Alone, it keeps what the guest wrote. */
	if (g->nsegs == 1)
		return;
	if (!g->ip6)
		ready_ip4(g);
	if (g->udp) {
		vx_put_be16(l4 + UDP_LEN, 0);
	} else {
		vx_put_be32(l4 + TCP_SEQ, 0);
		l4[TCP_FLAGS] = 0;
	}
	vx_put_be16(l4 + csum_offset(g), 0);
	g->l4_sum = g->ip6 ? vx_csum_add(0, ip + IP6_ADDRS, IP6_ADDRS_LEN) : vx_csum_add(0, ip + IP4_ADDRS, IP4_ADDRS_LEN);
	g->l4_sum = vx_csum_add64(g->l4_sum, vx_cpu_to_be16(l4_proto(g)));
	g->l4_sum = vx_csum_add(g->l4_sum, l4, g->hdr_len - g->l4);
}

static void finish_ip(const struct vx_gso *g, u32 i, u8 *ip, u32 l3_len)
{
	u16 id = g->ip_id + i;

	if (g->ip6) {
		vx_put_be16(ip + IP6_PAYLOAD_LEN, l3_len - IP6_HDR_LEN);
		return;
	}
	vx_put_be16(ip + IP4_TOT_LEN, l3_len);
	vx_put_be16(ip + IP4_ID, id);
	vx_csum_store(ip + IP4_CSUM, vx_csum_add64(vx_csum_add64(g->ip_sum, vx_cpu_to_be16(l3_len)), vx_cpu_to_be16(id)));
}

/* sum: of all but what is set here. */
static void finish_tcp(const struct vx_gso *g, u32 i, u8 *tcp, u64 sum)
{
	u32 seq = g->seq + i * g->mss;
	u8 flags = g->tcp_flags;

	if (i + 1 < g->nsegs)
		flags &= ~(TCP_FIN | TCP_PSH);
	if (i)
		flags &= ~TCP_CWR;
	tcp[TCP_FLAGS] = flags;
	vx_put_be32(tcp + TCP_SEQ, seq);
	sum = vx_csum_add64(vx_csum_add64(sum, vx_cpu_to_be32(seq)), vx_cpu_to_be16(flags));
	vx_csum_store(tcp + TCP_CSUM, sum);
}

static void finish_udp(u8 *udp, u16 len, u64 sum)
{
	vx_put_be16(udp + UDP_LEN, len);
	vx_csum_store_nonzero(udp + UDP_CSUM, vx_csum_add64(sum, vx_cpu_to_be16(len)));
}

void vx_gso_finish(const struct vx_gso *g, u32 i, u8 *frame, u64 sum)
{
	u32 len = g->hdr_len + vx_gso_payload(g, i), l4_len = len - g->l4;
	u8 *l4 = frame + g->l4;

	memcpy(frame, g->head, g->hdr_len);
	if (g->nsegs == 1) {
		vx_csum_store_nonzero(l4 + csum_offset(g), vx_csum_add(sum, l4, g->hdr_len - g->l4));
		return;
	}
	finish_ip(g, i, frame + g->l3, len - g->l3);
	sum = vx_csum_add64(vx_csum_add64(sum, g->l4_sum), vx_cpu_to_be16(l4_len));
	if (g->udp)
		finish_udp(l4, l4_len, sum);
	else
		finish_tcp(g, i, l4, sum);
}

u32 vx_gso_kinds(const struct vx_gso *g)
{
	u32 len = g->hdr_len + g->payload;

	if (g->nsegs == 1 || len <= VX_WHOLE_MIN || len > VX_WHOLE_MAX)
		return 0;
	/* Headers that the receiver understands. */
	if (g->l4 - g->l3 != (g->ip6 ? IP6_HDR_LEN : IP4_HDR_MIN))
		return 0;
	if (!g->ip6 && vx_get_be16(g->head + g->l3 + IP4_FRAG) & ~IP4_DF)
		return 0;
	if (g->udp)
		return g->ip6 ? VX_WHOLE_USO6 : VX_WHOLE_USO4;
	return (g->ip6 ? VX_WHOLE_TSO6 : VX_WHOLE_TSO4) | (g->tcp_flags & TCP_CWR ? VX_WHOLE_ECN : 0);
}

void vx_gso_whole(const struct vx_gso *g, u8 *frame)
{
	u32 len = g->hdr_len + g->payload;
	u8 *l4 = frame + g->l4;

	memcpy(frame, g->head, g->hdr_len);
	finish_ip(g, 0, frame + g->l3, len - g->l3);
	if (g->udp) {
		vx_put_be16(l4 + UDP_LEN, len - g->l4);
	} else {
		l4[TCP_FLAGS] = g->tcp_flags;
		vx_put_be32(l4 + TCP_SEQ, g->seq);
	}
	vx_put_be16(l4 + csum_offset(g), g->mss);
}
