/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames to order, for tests that compare us with the kernel: every field of TCP and UDP over IPv4 and IPv6 can be named.
 * And a judge that shares no code with the core: it parses byte by byte, and sums word by word.
 */
#ifndef NETFRAME_H
#define NETFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NF_MAX		(65535u + 14 + 12)	/* an IP packet behind Ethernet and three tags */
#define NF_TAGS		3
#define NF_EXTS		6

#define NF_TCP		6
#define NF_UDP		17

#define NF_FIN		0x01
#define NF_SYN		0x02
#define NF_RST		0x04
#define NF_PSH		0x08
#define NF_ACK		0x10
#define NF_URG		0x20
#define NF_ECE		0x40
#define NF_CWR		0x80

enum nf_csum {
	NF_FULL,
	NF_PARTIAL,	/* the pseudo-header's sum, as one leaves it to hardware */
	NF_WRONG,
	NF_NONE,	/* UDP: 0 */
};

struct netframe {
	/* What to make. */
	uint8_t dst[6], src[6];
	uint8_t tags;
	uint16_t tpid[NF_TAGS], tci[NF_TAGS];
	bool ip6;
	uint8_t proto;			/* NF_TCP, NF_UDP */
	uint8_t tos, ttl;
	bool df;
	uint16_t id;
	uint32_t label;			/* IPv6 flow label */
	uint8_t ip_opts;		/* bytes of IPv4 options, multiple of 4 */
	uint8_t ext[NF_EXTS];		/* IPv6 extension headers, in order */
	uint8_t exts;
	uint16_t ext_len;		/* bytes of each, multiple of 8 */
	uint8_t saddr[16], daddr[16];	/* IPv4: the first four */
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint16_t win, urg;
	uint8_t reserved;		/* TCP: the low bits of byte 12 */
	uint8_t flags;
	uint8_t opt[40], opt_len;	/* TCP options */
	uint32_t payload;		/* bytes; */
	uint64_t stream;		/* which ones, from position seq on (UDP: from 0) */
	uint8_t trail;			/* bytes behind the IP packet */
	enum nf_csum csum;

	/* What was made. */
	uint32_t l3, l4, hdr_len, len;
};

/* Repeatable random numbers. */
void nf_seed(uint64_t seed);
uint32_t nf_rand(void);
/* Below n; and one chance in n. */
uint32_t nf_below(uint32_t n);
bool nf_one_in(uint32_t n);
void nf_noise(void *p, size_t len);

/* Random addresses, ports and numbers; a plain frame without payload. */
void nf_random(struct netframe *f, bool ip6, uint8_t proto);
/* out has room for NF_MAX bytes. Returns f->len. */
uint32_t nf_make(struct netframe *f, uint8_t *out);

/* What a frame on the wire turned out to be. */
struct nf_view {
	bool ip6, fragment;
	uint8_t proto;
	uint32_t l3, l4, hdr_len;
	uint32_t payload;	/* bytes behind the headers, by the IP length */
	uint32_t end;		/* of the IP packet */
};

/* False: no TCP or UDP over IP that is all there. */
bool nf_parse(struct nf_view *v, const uint8_t *frame, uint32_t len);
/* Are the lengths and the checksums of what nf_parse understands right? NULL, or what is wrong. */
const char *nf_judge(const uint8_t *frame, uint32_t len);
/* The folded sum of len bytes and what was summed before, and of a pseudo-header. */
uint16_t nf_sum(uint16_t sum, const uint8_t *p, uint32_t len);
uint16_t nf_pseudo(const uint8_t *frame, const struct nf_view *v, uint32_t l4_len);

static inline void nf_put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static inline uint16_t nf_get16(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

static inline void nf_put32(uint8_t *p, uint32_t v)
{
	nf_put16(p, v >> 16);
	nf_put16(p + 2, v);
}

static inline uint32_t nf_get32(const uint8_t *p)
{
	return (uint32_t)nf_get16(p) << 16 | nf_get16(p + 2);
}

#endif
