// SPDX-License-Identifier: GPL-2.0-only
/* What becomes one guest buffer: its headers, as they came and as the guest gets them. */
#include "parcel.h"
#include "pump.h"
#include <linux/if_ether.h>
#include <linux/in6.h>
#include <vhost_xdp/whole.h>

/* To L3; returns the ethertype there, 0 when the frame ends before. */
static u16 parse_eth(struct vx_parcel *p, const u8 *d, u32 len)
{
	u32 off = ETH_HLEN, tags;
	u16 type;

	for (tags = 0;; tags++) {
		if (len < off)
			return 0;
		type = vx_get_be16(d + off - sizeof(type));
		if ((type != ETH_P_8021Q && type != ETH_P_8021AD) || tags == VLAN_TAGS_MAX)
			break;
		off += VLAN_TAG_LEN;
	}
	p->l3 = off;
	return type;
}

/* len bytes of IP payload; is the frame exact, so that nothing follows them? */
static void parse_l4(struct vx_parcel *p, const u8 *l4, u32 len, bool exact)
{
	u32 head = UDP_HDR_LEN;

	if (len < UDP_HDR_LEN)
		return;
	memcpy(&p->ports, l4, sizeof(p->ports));
	p->flow = true;
	if (p->proto == IPPROTO_TCP) {
		if (len < TCP_HDR_MIN)
			return;
		head = (l4[TCP_DOFF] >> 4) * 4;
		if (head < TCP_HDR_MIN || head > len)
			return;
		p->seq = vx_get_be32(l4 + TCP_SEQ);
	} else if (vx_get_be16(l4 + UDP_LEN) != len || !vx_get_be16(l4 + UDP_CSUM)) {
		return;
	}
	p->payload = p->l4 + head;
	p->size = len - head;
	p->sound = exact;
}

static u8 known_proto(u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP ? proto : 0;
}

static void parse_ip4(struct vx_parcel *p, const u8 *ip, u32 room)
{
	u32 len;

	if (room < IP4_HDR_MIN)
		return;
	p->proto = known_proto(ip[IP4_PROTO]);
	/* No options, no fragment, no flag that is reserved. */
	if (!p->proto || ip[0] != 0x45 || vx_get_be16(ip + IP4_FRAG) & ~IP4_DF)
		return;
	len = vx_get_be16(ip + IP4_TOT_LEN);
	if (len < IP4_HDR_MIN || len > room || vx_csum_fold(vx_csum_words(ip, IP4_HDR_MIN)) != 0xffff)
		return;
	p->l4 = p->l3 + IP4_HDR_MIN;
	p->id = vx_get_be16(ip + IP4_ID);
	parse_l4(p, ip + IP4_HDR_MIN, len - IP4_HDR_MIN, len == room);
}

static void parse_ip6(struct vx_parcel *p, const u8 *ip, u32 room)
{
	u32 len;

	if (room < IP6_HDR_LEN)
		return;
	p->ip6 = true;
	p->proto = known_proto(ip[IP6_NEXT]);
	if (!p->proto && ip[IP6_NEXT] != IPPROTO_ICMPV6)
		p->proto = VX_PROTO_EITHER;
	if (!known_proto(p->proto) || ip[0] >> 4 != 6)
		return;
	len = vx_get_be16(ip + IP6_PAYLOAD_LEN);
	room -= IP6_HDR_LEN;
	if (len > room)
		return;
	p->l4 = p->l3 + IP6_HDR_LEN;
	parse_l4(p, ip + IP6_HDR_LEN, len, len == room);
}

void vx_parcel_parse(struct vx_parcel *p, const struct vx_frame *f)
{
	switch (parse_eth(p, f->data, f->len)) {
	case ETH_P_IP:
		parse_ip4(p, f->data + p->l3, f->len - p->l3);
		break;
	case ETH_P_IPV6:
		parse_ip6(p, f->data + p->l3, f->len - p->l3);
		break;
	}
}

bool vx_parcel_wanted(const struct vx_parcel *p, const u8 *head, u64 offloads)
{
	u64 want;

	if (p->proto == IPPROTO_UDP) {
		want = 1ULL << (p->ip6 ? VIRTIO_NET_F_GUEST_USO6 : VIRTIO_NET_F_GUEST_USO4);
	} else {
		want = 1ULL << (p->ip6 ? VIRTIO_NET_F_GUEST_TSO6 : VIRTIO_NET_F_GUEST_TSO4);
		if (head[p->l4 + TCP_FLAGS] & TCP_CWR)
			want |= 1ULL << VIRTIO_NET_F_GUEST_ECN;
	}
	return (offloads & want) == want;
}

static u32 csum_at(const struct vx_parcel *p)
{
	return p->l4 + (p->proto == IPPROTO_TCP ? TCP_CSUM : UDP_CSUM);
}

u32 vx_parcel_whole(struct vx_parcel *p, const struct vx_frame *f, u64 offloads)
{
	struct vx_frame all = *f;
	u32 n;

	for (n = 1; f[n - 1].more; n++)
		all.len += f[n].len;
	vx_parcel_init(p, &all);
	if (f->len >= VX_PARCEL_HEAD_MAX && all.len <= VX_WHOLE_MAX) {
		vx_parcel_parse(p, &all);
		p->size = p->sound ? vx_get_be16(f->data + csum_at(p)) : 0;
	} else {
		p->proto = VX_PROTO_EITHER;
	}
	p->n = n;
	p->whole = true;
	p->sound = p->size && p->size < p->len - p->payload && vx_parcel_wanted(p, f->data, offloads);
	return n;
}

u64 vx_parcel_pseudo(const struct vx_parcel *p, const u8 *first)
{
	const u8 *ip = first + p->l3;

	return vx_cpu_to_be16(p->proto) +
	       (p->ip6 ? vx_csum_words(ip + IP6_ADDRS, IP6_ADDRS_LEN) : vx_csum_words(ip + IP4_ADDRS, IP4_ADDRS_LEN));
}

u64 vx_parcel_common(const struct vx_parcel *p, const u8 *first)
{
	const u8 *l4 = first + p->l4;
	u64 sum = vx_parcel_pseudo(p, first);

	/* Sums are of 16 bits: to take one away is to add what is left of all ones. */
	if (p->proto == IPPROTO_TCP)
		sum += vx_csum_words(l4, p->payload - p->l4) + (u16)~vx_csum_fold(vx_parcel_tcp_own(l4));
	return sum;
}

static void merged_l4(const struct vx_parcel *p, const struct vx_frame *last, u32 len, u8 *head)
{
	u8 *l4 = head + p->l4, *csum = l4 + UDP_CSUM;
	u16 sum = vx_csum_fold(vx_parcel_pseudo(p, head) + vx_cpu_to_be16((u16)(len - p->l4)));

	if (p->proto == IPPROTO_TCP) {
		csum = l4 + TCP_CSUM;
		l4[TCP_FLAGS] |= last->data[p->l4 + TCP_FLAGS] & (TCP_FIN | TCP_PSH);
	} else {
		vx_put_be16(l4 + UDP_LEN, len - p->l4);
	}
	memcpy(csum, &sum, sizeof(sum));
}

static void merged_ip(const struct vx_parcel *p, u32 len, u8 *ip)
{
	len -= p->l3;
	if (p->ip6) {
		vx_put_be16(ip + IP6_PAYLOAD_LEN, len - IP6_HDR_LEN);
		return;
	}
	vx_put_be16(ip + IP4_TOT_LEN, len);
	vx_put_be16(ip + IP4_CSUM, 0);
	vx_csum_store(ip + IP4_CSUM, vx_csum_add(0, ip, IP4_HDR_MIN));
}

static void put_le16(u8 *p, u16 v)
{
	v = vx_cpu_to_le16(v);
	memcpy(p, &v, sizeof(v));
}

static u8 gso_type(const struct vx_parcel *p, const u8 *head)
{
	u8 type;

	if (p->proto == IPPROTO_UDP)
		return VIRTIO_NET_HDR_GSO_UDP_L4;
	type = p->ip6 ? VIRTIO_NET_HDR_GSO_TCPV6 : VIRTIO_NET_HDR_GSO_TCPV4;
	return head[p->l4 + TCP_FLAGS] & TCP_CWR ? type | VIRTIO_NET_HDR_GSO_ECN : type;
}

void vx_parcel_merge(const struct vx_parcel *p, const struct vx_frame *last, u32 len, u8 *raw, u8 *head)
{
	merged_ip(p, len, head + p->l3);
	merged_l4(p, last, len, head);
	raw[offsetof(struct virtio_net_hdr, flags)] = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	raw[offsetof(struct virtio_net_hdr, gso_type)] = gso_type(p, head);
	put_le16(raw + offsetof(struct virtio_net_hdr, hdr_len), p->payload);
	put_le16(raw + offsetof(struct virtio_net_hdr, gso_size), p->size);
	put_le16(raw + offsetof(struct virtio_net_hdr, csum_start), p->l4);
	put_le16(raw + offsetof(struct virtio_net_hdr, csum_offset), csum_at(p) - p->l4);
}
