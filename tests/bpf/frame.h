/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames for the tables of tests: built front to back, lengths filled in at the end. Checksums are nobody's business here. */
#ifndef TEST_FRAME_H
#define TEST_FRAME_H

#include <string.h>
#include <arpa/inet.h>
#include <linux/types.h>

#define UNUSED __attribute__((unused))

#define GUEST1	"\x52\x54\x00\x00\x00\x01"
#define GUEST2	"\x52\x54\x00\x00\x00\x02"
#define GUEST3	"\x52\x54\x00\x00\x00\x03"
#define HOST	"\x02\x00\x00\x00\x00\xaa"
#define STRANGER "\x02\x00\x00\x00\x00\x77"
#define ALL	"\xff\xff\xff\xff\xff\xff"
#define MCAST6	"\x33\x33\x00\x00\x00\x01"

struct frame {
	__u32 len;
	__u32 l3;	/* offset of the IP header, for its length field */
	__u8 b[9000];
};

UNUSED static struct frame *put(struct frame *f, const void *p, __u32 len)
{
	memcpy(f->b + f->len, p, len);
	f->len += len;
	return f;
}

UNUSED static struct frame *put8(struct frame *f, __u8 v)
{
	return put(f, &v, 1);
}

UNUSED static struct frame *put16(struct frame *f, __u16 v)
{
	v = htons(v);
	return put(f, &v, 2);
}

UNUSED static struct frame *fill(struct frame *f, __u32 len)
{
	while (len--)
		put8(f, len);
	return f;
}

/* Ethernet, with one tag when tpid is given. */
UNUSED static struct frame *eth_tag(struct frame *f, const char *dst, const char *src, __u16 tpid, __u16 tci, __u16 type)
{
	f->len = 0;
	put(f, dst, 6);
	put(f, src, 6);
	if (tpid)
		put16(put16(f, tpid), tci);
	put16(f, type);
	f->l3 = f->len;
	return f;
}

UNUSED static struct frame *eth(struct frame *f, const char *dst, const char *src, __u16 type)
{
	return eth_tag(f, dst, src, 0, 0, type);
}

UNUSED static struct frame *put_ip4(struct frame *f, const char *addr)
{
	struct in_addr a;

	if (inet_pton(AF_INET, addr, &a) != 1)
		memset(&a, 0xee, sizeof(a));
	return put(f, &a, 4);
}

UNUSED static struct frame *put_ip6(struct frame *f, const char *addr)
{
	struct in6_addr a;

	if (inet_pton(AF_INET6, addr, &a) != 1)
		memset(&a, 0xee, sizeof(a));
	return put(f, &a, 16);
}

/* frag: the 16 bits of flags and offset as on the wire; words: 32-bit words of options. */
UNUSED static struct frame *ip4(struct frame *f, const char *src, const char *dst, __u8 proto, __u16 frag, __u32 words)
{
	f->l3 = f->len;
	put16(put8(put8(f, 0x45 + words), 0), 0);
	put16(put16(f, 0x1234), frag);
	put16(put8(put8(f, 64), proto), 0);
	put_ip4(put_ip4(f, src), dst);
	while (words--)
		put16(put16(f, 0x0101), 0x0101);
	return f;
}

UNUSED static struct frame *ip6(struct frame *f, const char *src, const char *dst, __u8 next)
{
	f->l3 = f->len;
	put16(put16(f, 0x6000), 0);
	put8(put8(put16(f, 0), next), 255);
	return put_ip6(put_ip6(f, src), dst);
}

/* An extension header of 8 * (units + 1) bytes. */
UNUSED static struct frame *ext(struct frame *f, __u8 next, __u8 units)
{
	put8(put8(f, next), units);
	return fill(f, 6 + 8 * units);
}

UNUSED static struct frame *frag6(struct frame *f, __u8 next, __u16 off_flags)
{
	put8(put8(f, next), 0);
	return put16(put16(put16(f, off_flags), 0), 7);
}

UNUSED static struct frame *udp(struct frame *f, __u16 sport, __u16 dport)
{
	put16(put16(f, sport), dport);
	put16(put16(f, 16), 0);
	return fill(f, 8);
}

UNUSED static struct frame *tcp(struct frame *f, __u16 sport, __u16 dport)
{
	put16(put16(f, sport), dport);
	return fill(f, 16);
}

UNUSED static struct frame *icmp(struct frame *f, __u8 type)
{
	put16(put8(put8(f, type), 0), 0);
	return fill(f, 4);
}

/* Neighbour discovery with a target where the type has one. */
UNUSED static struct frame *nd(struct frame *f, __u8 type, const char *target)
{
	put16(put8(put8(f, type), 0), 0);
	put16(put16(f, 0), 0);
	if (type == 134)
		fill(f, 8);
	if (target)
		put_ip6(f, target);
	if (type == 137)
		put_ip6(f, "2001:db8::99");
	return f;
}

UNUSED static struct frame *lladdr(struct frame *f, __u8 type, const char *mac)
{
	return put(put8(put8(f, type), 1), mac, 6);
}

UNUSED static struct frame *arp(struct frame *f, __u16 op, const char *sha, const char *spa, const char *tpa)
{
	put16(put16(f, 1), 0x0800);
	put16(put8(put8(f, 6), 4), op);
	put_ip4(put(f, sha, 6), spa);
	return put_ip4(put(f, "\0\0\0\0\0\0", 6), tpa);
}

/* Write the IP length for what was put behind the header. */
UNUSED static struct frame *ip_end(struct frame *f)
{
	__u16 total = f->len - f->l3, n;

	if (f->b[f->l3] >> 4 == 6) {
		n = htons(total - 40);
		memcpy(f->b + f->l3 + 4, &n, 2);
	} else {
		n = htons(total);
		memcpy(f->b + f->l3 + 2, &n, 2);
	}
	return f;
}

#endif
