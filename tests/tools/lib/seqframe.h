/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames that prove their own delivery.
 *
 * Datagrams: Ethernet, IPv4, UDP, then a magic number, flow, sequence number and a pattern that follows from them.
 * Streams: Ethernet, IPv4, TCP segments of a byte stream whose byte at each position is known.
 * Every checksum is checked on arrival, so a frame that was changed on its way counts as corrupt.
 */
#ifndef SEQFRAME_H
#define SEQFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SEQ_MIN_LEN	60
#define SEQ_MAX_LEN	9018

struct seq_addr {
	uint8_t mac[6], dst[6];
	uint32_t ip, peer;	/* network order */
	uint16_t flow;
	uint16_t id;		/* IPv4; what senders that care count themselves */
	bool more;		/* segments: others follow, so no PSH */
};

enum seq_csum { SEQ_CSUM_FULL, SEQ_CSUM_PARTIAL };

/* Returns the length of the frame; len is clamped to what a datagram can be. */
size_t seq_datagram(uint8_t *frame, size_t len, const struct seq_addr *a, uint64_t seq, enum seq_csum csum);

/* One TCP (super)segment with payload bytes of the stream from pos on; *l4 and *headers for the virtio-net header. */
size_t seq_segment(uint8_t *frame, size_t payload, const struct seq_addr *a, uint64_t pos, enum seq_csum csum,
		   uint16_t *l4, uint16_t *headers);

/* What a receiver of one flow has seen. */
struct seq_score {
	uint64_t expected;	/* datagrams: how many will be sent; 0 while unknown */
	uint64_t received, duplicated, reordered, corrupt, foreign;
	uint64_t bytes;		/* stream: contiguous from the start */
	uint64_t segments, largest;
	uint64_t next;
	uint8_t *seen;		/* bitmap of expected bits */
};

int seq_score_init(struct seq_score *s, uint64_t expected);
/* Account for a received frame; frames that are not of this flow are only counted as foreign. */
void seq_judge(struct seq_score *s, const uint8_t *frame, size_t len, uint16_t flow);
uint64_t seq_lost(const struct seq_score *s);
void seq_print(const char *who, const struct seq_score *s);
/* Each expected datagram exactly once, unharmed. */
bool seq_perfect(const struct seq_score *s);

bool seq_parse_mac(const char *text, uint8_t mac[6]);

#endif
