// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "seqframe.h"

#define SEQ_MAGIC	0x76785351u
#define SEQ_PORT	7000
#define FIRST_TCP_SEQ	1

struct seq_head {
	uint32_t magic;
	uint16_t flow;
	uint64_t seq;
} __attribute__((packed));

static uint32_t sum(const void *data, size_t len, uint32_t start)
{
	const uint8_t *p = data;

	for (; len > 1; p += 2, len -= 2)
		start += p[0] << 8 | p[1];
	if (len)
		start += p[0] << 8;
	while (start >> 16)
		start = (start & 0xffff) + (start >> 16);
	return start;
}

static uint32_t pseudo_sum(const struct iphdr *ip, size_t l4len)
{
	return sum(&ip->saddr, 8, ip->protocol + l4len);
}

static uint8_t datagram_byte(uint64_t seq, size_t i)
{
	return seq * 7 + i * 31 + (seq >> 8);
}

static uint8_t stream_byte(uint64_t pos)
{
	return pos * 131 + (pos >> 8) * 7 + (pos >> 16);
}

static struct iphdr *put_headers(uint8_t *frame, const struct seq_addr *a, size_t len, uint8_t protocol)
{
	struct ethhdr *eth = (struct ethhdr *)frame;
	struct iphdr *ip = (struct iphdr *)(frame + ETH_HLEN);

	memcpy(eth->h_dest, a->dst, 6);
	memcpy(eth->h_source, a->mac, 6);
	eth->h_proto = htons(ETH_P_IP);
	memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = 5;
	ip->tot_len = htons(len - ETH_HLEN);
	ip->id = htons(a->id);
	ip->ttl = 64;
	ip->protocol = protocol;
	ip->saddr = a->ip;
	ip->daddr = a->peer;
	ip->check = htons(~sum(ip, sizeof(*ip), 0));
	return ip;
}

static uint16_t l4_check(const struct iphdr *ip, const void *l4, size_t l4len, enum seq_csum csum)
{
	uint32_t start = pseudo_sum(ip, l4len);
	uint16_t check;

	if (csum == SEQ_CSUM_PARTIAL)
		return htons(sum(NULL, 0, start));
	check = ~sum(l4, l4len, start);
	return check ? htons(check) : 0xffff;
}

size_t seq_datagram(uint8_t *frame, size_t len, const struct seq_addr *a, uint64_t seq, enum seq_csum csum)
{
	struct udphdr *udp = (struct udphdr *)(frame + ETH_HLEN + sizeof(struct iphdr));
	struct seq_head *head = (struct seq_head *)(udp + 1);
	uint8_t *body = (uint8_t *)(head + 1);
	struct iphdr *ip;
	size_t l4len;

	len = len < SEQ_MIN_LEN ? SEQ_MIN_LEN : len > SEQ_MAX_LEN ? SEQ_MAX_LEN : len;
	ip = put_headers(frame, a, len, IPPROTO_UDP);
	l4len = len - ETH_HLEN - sizeof(*ip);
	udp->source = htons(SEQ_PORT);
	udp->dest = htons(SEQ_PORT + a->flow);
	udp->len = htons(l4len);
	udp->check = 0;
	*head = (struct seq_head){ htonl(SEQ_MAGIC), htons(a->flow), seq };
	for (size_t i = 0; body + i < frame + len; i++)
		body[i] = datagram_byte(seq, i);
	udp->check = l4_check(ip, udp, l4len, csum);
	return len;
}

size_t seq_segment(uint8_t *frame, size_t payload, const struct seq_addr *a, uint64_t pos, enum seq_csum csum,
		   uint16_t *l4, uint16_t *headers)
{
	struct tcphdr *tcp = (struct tcphdr *)(frame + ETH_HLEN + sizeof(struct iphdr));
	uint8_t *body = (uint8_t *)(tcp + 1);
	size_t len = body - frame + payload;
	struct iphdr *ip = put_headers(frame, a, len, IPPROTO_TCP);

	memset(tcp, 0, sizeof(*tcp));
	tcp->source = htons(SEQ_PORT);
	tcp->dest = htons(SEQ_PORT + a->flow);
	tcp->seq = htonl(FIRST_TCP_SEQ + (uint32_t)pos);
	tcp->doff = sizeof(*tcp) / 4;
	tcp->ack = 1;
	tcp->psh = !a->more;
	tcp->window = htons(0xffff);
	for (size_t i = 0; i < payload; i++)
		body[i] = stream_byte(pos + i);
	tcp->check = l4_check(ip, tcp, sizeof(*tcp) + payload, csum);
	*l4 = (uint8_t *)tcp - frame;
	*headers = body - frame;
	return len;
}

int seq_score_init(struct seq_score *s, uint64_t expected)
{
	memset(s, 0, sizeof(*s));
	s->expected = expected;
	s->seen = calloc(1, expected / 8 + 1);
	return s->seen ? 0 : -1;
}

static void judge_datagram(struct seq_score *s, const struct udphdr *udp, size_t l4len, uint16_t flow)
{
	const struct seq_head *head = (const void *)(udp + 1);
	const uint8_t *body = (const void *)(head + 1);
	uint64_t seq = head->seq;

	if (l4len < sizeof(*udp) + sizeof(*head) || head->magic != htonl(SEQ_MAGIC) || ntohs(head->flow) != flow) {
		s->foreign++;
		return;
	}
	for (size_t i = 0; body + i < (const uint8_t *)udp + l4len; i++) {
		if (body[i] != datagram_byte(seq, i)) {
			s->corrupt++;
			return;
		}
	}
	if (seq >= s->expected) {
		s->corrupt++;
		return;
	}
	if (s->seen[seq / 8] & 1 << seq % 8)
		s->duplicated++;
	else
		s->received++;
	if (seq < s->next)
		s->reordered++;
	else
		s->next = seq + 1;
	s->seen[seq / 8] |= 1 << seq % 8;
}

static void judge_segment(struct seq_score *s, const struct tcphdr *tcp, size_t l4len)
{
	const uint8_t *body = (const uint8_t *)tcp + tcp->doff * 4;
	size_t payload = l4len - tcp->doff * 4;
	uint32_t offset = ntohl(tcp->seq) - FIRST_TCP_SEQ;
	/* the stream may be longer than 4 GiB: take the position that is nearest to where we are */
	uint64_t pos = s->bytes + (int32_t)(offset - (uint32_t)s->bytes);

	s->segments++;
	if (payload > s->largest)
		s->largest = payload;
	for (size_t i = 0; i < payload; i++) {
		if (body[i] != stream_byte(pos + i)) {
			s->corrupt++;
			return;
		}
	}
	if (pos < s->bytes)
		s->duplicated++;
	else if (pos > s->bytes)
		s->reordered++;
	if (pos + payload > s->bytes && pos <= s->bytes)
		s->bytes = pos + payload;
}

void seq_judge(struct seq_score *s, const uint8_t *frame, size_t len, uint16_t flow)
{
	const struct ethhdr *eth = (const void *)frame;
	const struct iphdr *ip = (const void *)(frame + ETH_HLEN);
	const struct udphdr *udp = (const void *)(ip + 1);
	size_t l4len;

	/* source and destination ports stand at the same place in UDP and TCP */
	if (len < ETH_HLEN + sizeof(*ip) + sizeof(*udp) || eth->h_proto != htons(ETH_P_IP) || ip->ihl != 5 ||
	    (ip->protocol != IPPROTO_UDP && ip->protocol != IPPROTO_TCP) || udp->dest != htons(SEQ_PORT + flow)) {
		s->foreign++;
		return;
	}
	if (ntohs(ip->tot_len) > len - ETH_HLEN || ntohs(ip->tot_len) < sizeof(*ip) + sizeof(*udp)) {
		s->corrupt++;
		return;
	}
	l4len = ntohs(ip->tot_len) - sizeof(*ip);
	if (sum(ip, sizeof(*ip), 0) != 0xffff || sum(udp, l4len, pseudo_sum(ip, l4len)) != 0xffff) {
		s->corrupt++;
		return;
	}
	if (ip->protocol == IPPROTO_UDP)
		judge_datagram(s, udp, l4len, flow);
	else if (l4len >= sizeof(struct tcphdr) && ((const struct tcphdr *)udp)->doff * 4 <= l4len)
		judge_segment(s, (const void *)udp, l4len);
	else
		s->corrupt++;
}

uint64_t seq_lost(const struct seq_score *s)
{
	return s->expected - s->received;
}

void seq_print(const char *who, const struct seq_score *s)
{
	if (s->segments)
		printf("%s: %" PRIu64 " bytes in %" PRIu64 " segments, largest %" PRIu64 ", duplicated %" PRIu64
		       ", reordered %" PRIu64 ", corrupt %" PRIu64 "\n", who, s->bytes, s->segments, s->largest, s->duplicated,
		       s->reordered, s->corrupt);
	else
		printf("%s: received %" PRIu64 " of %" PRIu64 ", lost %" PRIu64 ", duplicated %" PRIu64 ", reordered %" PRIu64
		       ", corrupt %" PRIu64 "\n", who, s->received, s->expected, seq_lost(s), s->duplicated, s->reordered,
		       s->corrupt);
}

bool seq_perfect(const struct seq_score *s)
{
	return s->received == s->expected && !s->duplicated && !s->corrupt;
}

bool seq_parse_mac(const char *text, uint8_t mac[6])
{
	for (int i = 0; i < 6; i++) {
		char *end;
		unsigned long byte = strtoul(text, &end, 16);

		if (end == text || end > text + 2 || byte > 255 || *end != (i < 5 ? ':' : 0))
			return false;
		mac[i] = byte;
		text = end + 1;
	}
	return true;
}
