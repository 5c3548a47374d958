/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames for tests, TCP or UDP, and a judge of what segmentation makes of them. The judge shares no code with the core: it
 * parses byte by byte and sums word by word.
 */
#ifndef VX_TEST_PACKET_H
#define VX_TEST_PACKET_H

#include "vx_env.h"

#define PKT_MAX	(70u << 10)

struct pkt {
	/* What to make. */
	u32 tags;		/* VLAN tags, 0 to 3 */
	bool ip6;
	u32 ip_opts;		/* bytes of IPv4 options, multiple of 4 */
	u8 ext[12];		/* IPv6 extension headers, 0-terminated; HOPOPTS is 255 here */
	u32 ext_len;		/* bytes of each, multiple of 8 */
	u8 proto;		/* 6, or 17: then tcp_opts, flags and seq mean nothing */
	u32 tcp_opts;		/* bytes, multiple of 4 */
	u8 flags;
	u16 id;
	u32 seq;
	u32 payload;

	/* What was made. */
	u32 l3, l4, hdr_len, len;
	u8 data[PKT_MAX];
};

#define PKT_HOPOPTS	255

/* Repeatable random numbers. */
u32 pkt_rand(void);
void pkt_seed(u64 seed);
void pkt_noise(void *p, u32 len);

/* A TCP or UDP frame; addresses and payload are random, lengths and the pseudo-header's sum are as Linux sets them. */
void pkt_make(struct pkt *p);

/* The 10 or 12 header bytes before it. */
void pkt_vnet(u8 *raw, u8 flags, u8 gso_type, u16 gso_size, u16 csum_start, u16 csum_offset);

/* Big-endian fields, at any address. */
static inline void pkt_put16(u8 *p, u32 v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static inline void pkt_put32(u8 *p, u32 v)
{
	pkt_put16(p, v >> 16);
	pkt_put16(p + 2, v);
}

static inline u32 pkt_get16(const u8 *p)
{
	return p[0] << 8 | p[1];
}

static inline u32 pkt_get32(const u8 *p)
{
	return pkt_get16(p) << 16 | pkt_get16(p + 2);
}

/* RFC 1071, one word at a time: the folded sum of len bytes, with what was summed before. */
u16 pkt_sum(u16 sum, const u8 *p, u32 len);

/* Of the pseudo-header before l4_len bytes of proto; ip: the IP header. */
u16 pkt_pseudo(const u8 *ip, bool ip6, u8 proto, u32 l4_len);

/* Where the checksum is behind l4. */
static inline u16 pkt_csum_offset(const struct pkt *p)
{
	return p->proto == 17 ? 6 : 16;
}

/*
 * NULL when frame (of len bytes) is right as segment i of n of p at this mss, else what is wrong. Of the packet's own fields
 * those that segmentation replaces don't count, but where n is 1.
 */
const char *pkt_judge(const struct pkt *p, u32 mss, u32 i, u32 n, const u8 *frame, u32 len);

/* NULL when a frame is TCP or UDP over IP in which all lengths and checksums are right, whatever it was made of. */
const char *pkt_check(const u8 *frame, u32 len);

#endif
