// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <string.h>

#include "stream.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4	5
#endif
#define DF	0x4000	/* of frag_off: a flow's frames may then share an id */
#define L3	sizeof(struct ethhdr)
#define L4	(L3 + sizeof(struct iphdr))

static uint32_t words(const uint8_t *p, uint32_t len)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static uint8_t pattern(uint32_t i)
{
	const uint32_t magic = VXB_MAGIC;

	return i < sizeof(magic) ? ((const uint8_t *)&magic)[i] : i * 7 + (i >> 8);
}

/* What every segment carries. */
static void make_payload(const struct vxb_stream *s, uint8_t *at, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		at[i] = pattern(i % s->mss);
}

static void make_tcp(uint8_t *at)
{
	/* The acknowledgment is where other frames have their magic; then two NOPs and a timestamp. */
	struct tcphdr tcp = { .source = htons(5001), .dest = htons(40000), .ack_seq = VXB_MAGIC, .doff = 8, .ack = 1, .window = htons(502) };
	const uint8_t option[12] = { 1, 1, 8, 10, 0, 0, 1, 0, 0, 0, 2, 0 };

	memcpy(at, &tcp, sizeof(tcp));
	memcpy(at + sizeof(tcp), option, sizeof(option));
}

/* The headers, with no place in the stream and no sums yet. */
static void make_head(struct vxb_stream *s, const struct vxb_mac *dst, const struct vxb_mac *src)
{
	struct ethhdr eth = { .h_proto = htons(ETH_P_IP) };
	struct iphdr ip = {
		.version = 4, .ihl = 5, .ttl = 64, .frag_off = htons(DF), .protocol = s->udp ? IPPROTO_UDP : IPPROTO_TCP,
		.tot_len = htons(s->head_len - L3 + s->payload), .saddr = htonl(0xc6120001), .daddr = htonl(0xc6130001),
	};
	/* The ports are the magic: where the payload begins, an skb may have no linear data. */
	struct udphdr udp = { .source = VXB_MAGIC & 0xffff, .dest = VXB_MAGIC >> 16, .len = htons(s->head_len - L4 + s->payload) };

	memcpy(eth.h_dest, dst->b, ETH_ALEN);
	memcpy(eth.h_source, src->b, ETH_ALEN);
	memcpy(s->head, &eth, sizeof(eth));
	memcpy(s->head + L3, &ip, sizeof(ip));
	if (s->udp)
		memcpy(s->head + L4, &udp, sizeof(udp));
	else
		make_tcp(s->head + L4);
}

static uint32_t pseudo_sum(const struct vxb_stream *s)
{
	uint32_t len = s->head_len - L4 + s->payload;

	return words(s->head + L3 + 12, 8) + (s->udp ? IPPROTO_UDP : IPPROTO_TCP) + len;
}

static void make_sums(struct vxb_stream *s)
{
	uint8_t payload[VXB_UDP_MSS];
	uint16_t sum = htons(~vxb_sum_fold(pseudo_sum(s)));

	s->sums.ip = words(s->head + L3, sizeof(struct iphdr));
	if (s->partial)
		memcpy(s->head + s->virtio.hdr.csum_start + s->virtio.hdr.csum_offset, &sum, sizeof(sum));
	if (s->payload > s->mss || s->udp)
		return;
	make_payload(s, payload, s->payload);
	s->sums.tcp = pseudo_sum(s) + words(s->head + L4, s->head_len - L4) + words(payload, s->payload);
	s->sums.tcp = (s->sums.tcp & 0xffff) + (s->sums.tcp >> 16);
}

void vxb_stream_init(struct vxb_stream *s, bool udp, bool partial, uint32_t payload, const struct vxb_mac *dst,
		     const struct vxb_mac *src)
{
	*s = (struct vxb_stream){
		.udp = udp, .partial = partial, .payload = payload,
		.head_len = udp ? VXB_UDP_HEAD : VXB_TCP_HEAD, .mss = udp ? VXB_UDP_MSS : VXB_TCP_MSS,
	};
	if (partial)
		s->virtio.hdr = (struct virtio_net_hdr){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = L4,
							 .csum_offset = udp ? 6 : 16 };
	if (payload > s->mss) {
		s->virtio.hdr.gso_type = udp ? VIRTIO_NET_HDR_GSO_UDP_L4 : VIRTIO_NET_HDR_GSO_TCPV4;
		s->virtio.hdr.gso_size = s->mss;
		s->virtio.hdr.hdr_len = s->head_len;
	}
	make_head(s, dst, src);
	make_sums(s);
}

void vxb_stream_frame(const struct vxb_stream *s, uint8_t *frame)
{
	memcpy(frame, s->head, s->head_len);
	make_payload(s, frame + s->head_len, s->payload);
}

void vxb_stream_fill(const struct vxb_stream *s, struct vxb_ring *r)
{
	for (uint32_t id = 0; id < r->num; id++)
		make_payload(s, vxb_buffer(r, id) + (s->payload > s->mss ? VXB_SUPER_DATA : VXB_HDR + s->head_len), s->payload);
}

/* A frame's own place and sums; of a partial one, the pseudo-header's sum stays. */
static void write_head(struct vxb_stream *s, uint8_t *at)
{
	uint16_t sum = htons(vxb_sum_fold(s->sums.ip + s->id)), id = htons(s->id);
	uint32_t seq = htonl(s->seq);

	memcpy(at, &s->virtio, VXB_HDR);
	at += VXB_HDR;
	memcpy(at, s->head, s->head_len);
	if (s->partial || s->udp) {
		memcpy(at + VXB_IP_ID_OFF, &id, sizeof(id));
		memcpy(at + VXB_IP_SUM_OFF, &sum, sizeof(sum));
		if (!s->udp)
			memcpy(at + VXB_SEQ_OFF, &seq, sizeof(seq));
	} else {
		vxb_stream_place(at, &s->sums, s->seq, s->id);
	}
}

void vxb_stream_post(struct vxb_stream *s, struct vxb_ring *r, uint16_t i, uint32_t id)
{
	if (s->payload > s->mss) {
		write_head(s, vxb_buffer(r, id) + VXB_SUPER_HDR);
		vxb_ring_post_super(r, i, id, VXB_HDR + s->head_len, s->payload);
	} else {
		write_head(s, vxb_buffer(r, id));
		vxb_ring_post(r, i, id, VXB_HDR + s->head_len + s->payload, 0);
	}
	s->seq += s->payload;
	s->id += (s->payload + s->mss - 1) / s->mss;
}

/* --- in the guest that receives --- */

static bool skip_gap(struct vxb_sink *sink, uint32_t seq)
{
	int32_t gap = seq - sink->seq;

	if (!sink->lossy || gap < 0)
		return false;
	sink->missing += gap;
	return true;
}

/* NULL, or what is wrong. */
static const char *judge(const struct vxb_stream *s, struct vxb_sink *sink, const uint8_t *head, uint32_t len)
{
	const struct virtio_net_hdr *h = (const struct virtio_net_hdr *)head;
	const uint8_t *frame = head + VXB_HDR;
	uint32_t payload = len - VXB_HDR - VXB_TCP_HEAD;
	uint16_t tot_len;

	memcpy(&tot_len, frame + L3 + 2, sizeof(tot_len));
	if (len <= VXB_HDR + VXB_TCP_HEAD || len != VXB_HDR + L3 + ntohs(tot_len))
		return "a packet of a wrong length";
	if (payload > s->mss && ((h->gso_type & ~VIRTIO_NET_HDR_GSO_ECN) != VIRTIO_NET_HDR_GSO_TCPV4 || h->gso_size != s->mss))
		return "a long packet that is none of TCP segments, or with a wrong segment size";
	if (sink->started && vxb_stream_seq(frame) != sink->seq && !skip_gap(sink, vxb_stream_seq(frame)))
		return "a packet out of sequence";
	sink->seq = vxb_stream_seq(frame) + payload;
	sink->started = true;
	sink->bytes += payload;
	sink->packets++;
	return NULL;
}

/* Does a buffer hold the stream's bytes? It is len bytes of a packet, from off on. */
static bool same_bytes(const struct vxb_stream *s, const uint8_t *at, uint32_t len, uint32_t off)
{
	const uint32_t head = VXB_HDR + VXB_TCP_HEAD;

	for (uint32_t i = off < head ? head - off : 0; i < len; i++)
		if (at[i] != pattern((off + i - head) % s->mss))
			return false;
	return true;
}

static bool of_a_stream(const uint8_t *head)
{
	return *(const uint32_t *)(head + VXB_HDR + VXB_MAGIC_OFF) == VXB_MAGIC;
}

/* One packet, whose first buffer goes into the i-th slot not published yet; left: used entries. Returns how many it takes. */
static uint16_t take_packet(const struct vxb_stream *s, struct vxb_sink *sink, struct vxb_ring *r, uint16_t i, uint16_t left)
{
	const uint8_t *head = NULL;
	uint16_t heads = 1, k;
	uint32_t len = 0, n;

	for (k = 0; k < heads; k++) {
		uint32_t id = vxb_ring_reap(r, &n);
		const uint8_t *at = vxb_buffer(r, id);

		if (!head) {
			head = at;
			heads = ((const struct virtio_net_hdr_mrg_rxbuf *)head)->num_buffers;
		}
		if (!heads || heads > left) {
			sink->wrong = "a packet with a wrong number of buffers";
			return left;
		}
		if (sink->deep && of_a_stream(head) && !same_bytes(s, at, n, len))
			sink->wrong = "other bytes than were sent";
		len += n;
		vxb_ring_post(r, i + k, id, r->size, VRING_DESC_F_WRITE);
	}
	if (of_a_stream(head))
		sink->wrong = sink->wrong ? sink->wrong : judge(s, sink, head, len);
	else
		sink->foreign++;
	return heads;
}

void vxb_stream_receive(const struct vxb_stream *s, struct vxb_sink *sink, struct vxb_ring *r)
{
	uint16_t n = vxb_ring_used(r), i = 0;

	while (i < n && !sink->wrong)
		i += take_packet(s, sink, r, i, n - i);
	if (i && !sink->wrong)
		vxb_ring_publish(r, i);
}
