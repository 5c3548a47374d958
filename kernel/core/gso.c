// SPDX-License-Identifier: GPL-2.0-only
/* TCP segmentation. */
#include "gso.h"
#include "csum.h"
#include "pump.h"
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>

#define VLAN_TAGS_MAX	2u
#define VLAN_TAG_LEN	4u
#define IP6_EXT_MAX	8u	/* extension headers walked */

#define IP4_HDR_MIN	20u
#define IP4_TOT_LEN	2
#define IP4_ID		4
#define IP4_FRAG	6
#define IP4_PROTO	9
#define IP4_CSUM	10
#define IP4_ADDRS	12
#define IP4_FRAG_MASK	0x3fff	/* more fragments, offset */

#define IP6_HDR_LEN	40u
#define IP6_PAYLOAD_LEN	4
#define IP6_NEXT	6
#define IP6_ADDRS	8
#define IP6_ROUTING_LEFT 3

#define TCP_HDR_MIN	20u
#define TCP_SEQ		4
#define TCP_DOFF	12
#define TCP_FLAGS	13
#define TCP_CSUM	16
#define TCP_FIN		0x01
#define TCP_PSH		0x08
#define TCP_CWR		0x80

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
	return proto == (g->ip6 ? ETH_P_IPV6 : ETH_P_IP);
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
	if (vx_get_be16(ip + IP4_FRAG) & IP4_FRAG_MASK || ip[IP4_PROTO] != IPPROTO_TCP)
		return false;
	g->l4 = g->l3 + len;
	g->ip_id = vx_get_be16(ip + IP4_ID);
	g->pseudo_sum = vx_csum_add(0, ip + IP4_ADDRS, 8);
	return true;
}

/* Length of an extension header that may stand before TCP in each segment; 0: none such. */
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
	for (i = 0; next != IPPROTO_TCP; i++) {
		u32 len = i < IP6_EXT_MAX ? ip6_ext_len(g, next, off) : 0;

		if (!len)
			return false;
		next = g->head[off];
		off += len;
	}
	g->l4 = off;
	g->pseudo_sum = vx_csum_add(0, ip + IP6_ADDRS, 32);
	return true;
}

static bool parse_tcp(struct vx_gso *g, const struct vx_vnet_hdr *h)
{
	const u8 *tcp = header(g, g->l4, TCP_HDR_MIN);
	u32 len;

	if (!tcp)
		return false;
	len = (tcp[TCP_DOFF] >> 4) * 4;
	if (len < TCP_HDR_MIN || !header(g, g->l4, len))
		return false;
	/* The guest asks for the checksum of the segment that we found, or it has tricked one of us. */
	if (h->csum_start != g->l4 || h->csum_offset != TCP_CSUM)
		return false;
	g->hdr_len = g->l4 + len;
	g->seq = vx_get_be32(tcp + TCP_SEQ);
	g->tcp_flags = tcp[TCP_FLAGS];
	g->pseudo_sum = vx_csum_add64(g->pseudo_sum, vx_cpu_to_be16(IPPROTO_TCP));
	return true;
}

enum vx_reason vx_gso_parse(struct vx_gso *g, const struct vx_vnet_hdr *h, u32 len)
{
	if (len > VX_GSO_LEN_MAX)
		return VX_REASON_OVERSIZE;
	g->ip6 = h->gso_type == VIRTIO_NET_HDR_GSO_TCPV6;
	if (!parse_eth(g) || !(g->ip6 ? parse_ip6(g) : parse_ip4(g)) || !parse_tcp(g, h))
		return VX_REASON_BAD_GSO;
	g->payload = len - g->hdr_len;
	g->mss = h->gso_size;
	g->nsegs = g->payload > g->mss ? (g->payload + g->mss - 1) / g->mss : 1;
	return g->nsegs <= VX_GSO_SEGS_MAX ? VX_REASON_NONE : VX_REASON_BAD_GSO;
}

static void finish_ip(const struct vx_gso *g, u32 i, u8 *ip, u32 l3_len)
{
	if (g->ip6) {
		vx_put_be16(ip + IP6_PAYLOAD_LEN, l3_len - IP6_HDR_LEN);
		return;
	}
	vx_put_be16(ip + IP4_TOT_LEN, l3_len);
	vx_put_be16(ip + IP4_ID, g->ip_id + i);
	vx_put_be16(ip + IP4_CSUM, 0);
	vx_csum_store(ip + IP4_CSUM, vx_csum_add(0, ip, g->l4 - g->l3));
}

void vx_gso_finish(const struct vx_gso *g, u32 i, u8 *frame)
{
	u32 len = g->hdr_len + vx_gso_payload(g, i);
	u8 flags = g->tcp_flags, *tcp = frame + g->l4;
	u64 sum;

	memcpy(frame, g->head, g->hdr_len);
	finish_ip(g, i, frame + g->l3, len - g->l3);

	/* As if TCP had sent them one by one: what ends the stream or pushes it comes last, CWR is said once. */
	if (i + 1 < g->nsegs)
		flags &= ~(TCP_FIN | TCP_PSH);
	if (i)
		flags &= ~TCP_CWR;
	tcp[TCP_FLAGS] = flags;
	vx_put_be32(tcp + TCP_SEQ, g->seq + i * g->mss);
	vx_put_be16(tcp + TCP_CSUM, 0);
	sum = vx_csum_add64(g->pseudo_sum, vx_cpu_to_be16(len - g->l4));
	vx_csum_store(tcp + TCP_CSUM, vx_csum_add(sum, tcp, len - g->l4));
}
