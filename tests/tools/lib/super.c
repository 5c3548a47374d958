// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <string.h>

#include "super.h"
#include "vu.h"

#define L4	(ETH_HLEN + sizeof(struct iphdr))

static uint16_t folded(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *p = data;

	for (; len > 1; p += 2, len -= 2)
		sum += p[0] << 8 | p[1];
	if (len)
		sum += p[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint16_t pseudo(const struct iphdr *ip, size_t l4len)
{
	return folded(&ip->saddr, 8, ip->protocol + l4len);
}

size_t super_datagrams(uint8_t *frame, unsigned int n, size_t len, const struct seq_addr *a, uint64_t seq, uint16_t *size)
{
	const size_t headers = L4 + sizeof(struct udphdr);
	struct iphdr *ip = (struct iphdr *)(frame + ETH_HLEN);
	struct udphdr *udp = (struct udphdr *)(frame + L4);
	uint8_t one[SEQ_MAX_LEN];
	size_t total = headers;

	len = seq_datagram(frame, len, a, seq, SEQ_CSUM_PARTIAL);
	*size = len - headers;
	for (unsigned int i = 0; i < n; i++, total += *size) {
		seq_datagram(one, len, a, seq + i, SEQ_CSUM_PARTIAL);
		memcpy(frame + total, one + headers, *size);
	}
	ip->tot_len = htons(total - ETH_HLEN);
	ip->check = 0;
	ip->check = htons(~folded(ip, sizeof(*ip), 0));
	udp->len = htons(total - L4);
	udp->check = htons(pseudo(ip, total - L4));
	return total;
}

/* The checksum that was left to the driver; false when what stands there is not what it has to start from. */
static bool finish_csum(uint8_t *frame, size_t len, size_t start, size_t offset)
{
	const struct iphdr *ip = (const void *)(frame + ETH_HLEN);
	uint16_t *check = (uint16_t *)(frame + start + offset);
	uint16_t sum;

	if (start != L4 || ntohs(*check) != pseudo(ip, len - start))
		return false;
	sum = ~folded(frame + start, len - start, 0);
	*check = sum ? htons(sum) : 0xffff;
	return true;
}

/* A datagram of several: cut into those again, as the driver's stack would for a socket that does not know of them. */
static void judge_datagrams(const uint8_t *frame, size_t payload, size_t size, struct seq_score *score, uint16_t flow)
{
	uint8_t one[L4 + sizeof(struct udphdr) + 65536];
	struct iphdr *ip = (struct iphdr *)(one + ETH_HLEN);
	struct udphdr *udp = (struct udphdr *)(one + L4);
	const size_t headers = L4 + sizeof(*udp);

	for (size_t at = 0; at < payload; at += size) {
		size_t n = payload - at < size ? payload - at : size;

		memcpy(one, frame, headers);
		memcpy(one + headers, frame + headers + at, n);
		ip->tot_len = htons(headers - ETH_HLEN + n);
		ip->check = 0;
		ip->check = htons(~folded(ip, sizeof(*ip), 0));
		udp->len = htons(sizeof(*udp) + n);
		udp->check = 0;
		udp->check = htons(~folded(udp, sizeof(*udp) + n, pseudo(ip, sizeof(*udp) + n)));
		seq_judge(score, one, headers + n, flow);
	}
}

static const char *judge_super(struct super_score *s, const struct virtio_net_hdr_v1 *h, uint64_t offloads, uint8_t *frame,
			       size_t len, struct seq_score *score, uint16_t flow)
{
	const struct iphdr *ip = (const void *)(frame + ETH_HLEN);
	const struct tcphdr *tcp = (const void *)(frame + L4);
	uint8_t type = h->gso_type & ~VIRTIO_NET_HDR_GSO_ECN;
	bool udp = type == VIRTIO_NET_HDR_GSO_UDP_L4;
	size_t headers = L4 + (udp ? sizeof(struct udphdr) : sizeof(*tcp));

	if (!udp && type != VIRTIO_NET_HDR_GSO_TCPV4)
		return "a super-frame of a type that was not sent";
	if (!(offloads & (udp ? F_GUEST_USO4 : F_GUEST_TSO4)) || (h->gso_type & VIRTIO_NET_HDR_GSO_ECN && !(offloads & F_GUEST_ECN)))
		return "a super-frame that was not negotiated, or is switched off";
	if (len < headers || ip->protocol != (udp ? IPPROTO_UDP : IPPROTO_TCP) || ntohs(ip->tot_len) != len - ETH_HLEN)
		return "a super-frame whose headers disagree with it";
	headers = udp ? headers : L4 + tcp->doff * 4;
	if (!h->gso_size || len <= headers + h->gso_size || h->hdr_len != headers)
		return "a super-frame that is none: gso_size or hdr_len";
	s->supers++;
	s->merged += (len - headers + h->gso_size - 1) / h->gso_size;
	if (udp)
		judge_datagrams(frame, len - headers, h->gso_size, score, flow);
	else
		seq_judge(score, frame, len, flow);
	return NULL;
}

const char *super_judge(struct super_score *s, const void *hdr, size_t hdr_len, uint64_t offloads, uint8_t *frame, size_t len,
			struct seq_score *score, uint16_t flow)
{
	struct virtio_net_hdr_v1 h = { 0 };

	memcpy(&h, hdr, hdr_len < sizeof(h) ? hdr_len : sizeof(h));
	if (h.flags & ~(VIRTIO_NET_HDR_F_NEEDS_CSUM | VIRTIO_NET_HDR_F_DATA_VALID) || (h.flags && !(offloads & F_GUEST_CSUM)))
		return "flags that were not negotiated, or are switched off";
	if (h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if ((size_t)h.csum_start + h.csum_offset + 2 > len || len < L4 + 8)
			return "a checksum outside of the frame";
		if (!finish_csum(frame, len, h.csum_start, h.csum_offset))
			return "a partial checksum that is not the pseudo-header's";
	}
	if (h.gso_type != VIRTIO_NET_HDR_GSO_NONE) {
		if (!(h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM))
			return "a super-frame with a checksum of its own";
		return judge_super(s, &h, offloads, frame, len, score, flow);
	}
	if (h.gso_size)
		return "a size of segments without any";
	s->marked += h.flags != 0;
	seq_judge(score, frame, len, flow);
	return NULL;
}
