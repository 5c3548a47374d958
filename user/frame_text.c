// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <linux/if_ether.h>

#include "frame_text.h"
#include "words.h"

#define TAGS_MAX	4
#define EXTENSIONS_MAX	8

struct line {
	char *text;
	size_t len;
};

static void __attribute__((format(printf, 2, 3))) say(struct line *l, const char *fmt, ...)
{
	size_t room = VX_FRAME_TEXT - l->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->text + l->len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->len += (size_t)n < room ? (size_t)n : room - 1;
}

struct bytes {
	const __u8 *p;
	__u32 n;
};

static __u16 get16(const __u8 *p)
{
	return p[0] << 8 | p[1];
}

static __u32 get32(const __u8 *p)
{
	return (__u32)get16(p) << 16 | get16(p + 2);
}

static bool skip(struct bytes *b, __u32 n)
{
	if (b->n < n)
		return false;
	b->p += n;
	b->n -= n;
	return true;
}

static void tcp(struct line *l, const struct bytes *b)
{
	static const char letters[] = "FSRP.UEW";
	char flags[sizeof(letters)], *f = flags;
	int i;

	if (b->n < 20)
		return;
	for (i = 0; i < 8; i++)
		if (b->p[13] >> i & 1)
			*f++ = letters[i];
	*f = '\0';
	say(l, " Flags [%s], seq %u", *flags ? flags : "none", get32(b->p + 4));
	if (b->p[13] & 0x10)
		say(l, ", ack %u", get32(b->p + 8));
}

struct ip {
	int family;
	const __u8 *src, *dst;
	__u8 proto;
	bool later;		/* a fragment that is not the first */
	struct bytes load;
};

static const char *proto_name(__u8 proto, char number[16])
{
	switch (proto) {
	case IPPROTO_TCP: return "TCP";
	case IPPROTO_UDP: return "UDP";
	case IPPROTO_ICMP: return "ICMP";
	case IPPROTO_ICMPV6: return "ICMPv6";
	case IPPROTO_IGMP: return "IGMP";
	case IPPROTO_SCTP: return "SCTP";
	case IPPROTO_GRE: return "GRE";
	case IPPROTO_ESP: return "ESP";
	}
	snprintf(number, 16, "proto %u", proto);
	return number;
}

static void ip(struct line *l, const struct ip *h)
{
	bool ports = (h->proto == IPPROTO_TCP || h->proto == IPPROTO_UDP || h->proto == IPPROTO_SCTP) && !h->later && h->load.n >= 4;
	char src[INET6_ADDRSTRLEN] = "", dst[INET6_ADDRSTRLEN] = "", number[16];

	inet_ntop(h->family, h->src, src, sizeof(src));
	inet_ntop(h->family, h->dst, dst, sizeof(dst));
	say(l, " %s", h->family == AF_INET ? "IPv4" : "IPv6");
	if (ports)
		say(l, " %s.%u > %s.%u: %s", src, get16(h->load.p), dst, get16(h->load.p + 2), proto_name(h->proto, number));
	else
		say(l, " %s > %s: %s", src, dst, proto_name(h->proto, number));
	if (h->later)
		say(l, " fragment");
	else if (h->proto == IPPROTO_TCP)
		tcp(l, &h->load);
	else if ((h->proto == IPPROTO_ICMP || h->proto == IPPROTO_ICMPV6) && h->load.n >= 2)
		say(l, " type %u code %u", h->load.p[0], h->load.p[1]);
}

static bool ip4(struct line *l, struct bytes b)
{
	struct ip h = { .family = AF_INET };

	if (b.n < 20 || b.p[0] >> 4 != 4 || (b.p[0] & 15) < 5)
		return false;
	h.src = b.p + 12;
	h.dst = b.p + 16;
	h.proto = b.p[9];
	h.later = get16(b.p + 6) & 0x1fff;
	h.load = b;
	if (!skip(&h.load, (b.p[0] & 15) * 4))
		h.load.n = 0;
	ip(l, &h);
	return true;
}

/* Behind the extension headers, as far as they are there. */
static void ip6_load(struct ip *h)
{
	int i;

	for (i = 0; i < EXTENSIONS_MAX; i++) {
		struct bytes at = h->load;
		__u32 len = 8;

		if (h->proto != IPPROTO_HOPOPTS && h->proto != IPPROTO_ROUTING && h->proto != IPPROTO_DSTOPTS && h->proto != IPPROTO_FRAGMENT)
			return;
		if (at.n < 8)
			break;
		if (h->proto == IPPROTO_FRAGMENT)
			h->later = get16(at.p + 2) & 0xfff8;
		else
			len = (at.p[1] + 1) * 8;
		h->proto = at.p[0];
		if (!skip(&h->load, len))
			break;
		if (h->later)
			return;
	}
	h->load.n = 0;
}

static bool ip6(struct line *l, struct bytes b)
{
	struct ip h = { .family = AF_INET6, .load = b };

	if (b.n < 40 || b.p[0] >> 4 != 6)
		return false;
	h.src = b.p + 8;
	h.dst = b.p + 24;
	h.proto = b.p[6];
	skip(&h.load, 40);
	ip6_load(&h);
	ip(l, &h);
	return true;
}

static bool arp(struct line *l, struct bytes b)
{
	char sender[INET_ADDRSTRLEN], target[INET_ADDRSTRLEN], mac[VX_MAC_TEXT];

	/* Ethernet and IPv4 only. */
	if (b.n < 28 || get16(b.p) != 1 || get16(b.p + 2) != ETH_P_IP || b.p[4] != 6 || b.p[5] != 4)
		return false;
	inet_ntop(AF_INET, b.p + 14, sender, sizeof(sender));
	inet_ntop(AF_INET, b.p + 24, target, sizeof(target));
	vx_format_mac(b.p + 8, mac);
	if (get16(b.p + 6) == 1)
		say(l, " ARP who-has %s tell %s (%s)", target, sender, mac);
	else if (get16(b.p + 6) == 2)
		say(l, " ARP %s is-at %s", sender, mac);
	else
		say(l, " ARP op %u %s (%s) %s", get16(b.p + 6), sender, mac, target);
	return true;
}

static void layer3(struct line *l, __u16 type, const struct bytes *b)
{
	bool known = false;

	if (type == ETH_P_IP)
		known = ip4(l, *b);
	else if (type == ETH_P_IPV6)
		known = ip6(l, *b);
	else if (type == ETH_P_ARP)
		known = arp(l, *b);
	if (known)
		return;
	if (type < ETH_P_802_3_MIN)
		say(l, " 802.3");
	else
		say(l, " ethertype 0x%04x%s", type, type == ETH_P_IP || type == ETH_P_IPV6 || type == ETH_P_ARP ? " malformed" : "");
}

static bool is_tag(__u16 type)
{
	return type == ETH_P_8021Q || type == ETH_P_8021AD;
}

static void tag(struct line *l, __u16 tci)
{
	say(l, " vlan %u", tci & 0xfff);
	if (tci >> 13)
		say(l, " prio %u", tci >> 13);
	say(l, ",");
}

const char *vx_frame_text(const __u8 *frame, __u32 caplen, __u32 len, __u16 vlan, char text[VX_FRAME_TEXT])
{
	struct bytes b = { frame, caplen < len ? caplen : len };
	struct line l = { text, 0 };
	char src[VX_MAC_TEXT], dst[VX_MAC_TEXT];
	__u16 type;
	int i;

	*text = '\0';
	if (b.n < ETH_HLEN) {
		say(&l, "short, len %u", len);
		return text;
	}
	vx_format_mac(frame, dst);
	vx_format_mac(frame + ETH_ALEN, src);
	type = get16(frame + 2 * ETH_ALEN);
	skip(&b, ETH_HLEN);
	say(&l, "%s > %s,", src, dst);
	if (vlan)
		tag(&l, vlan);
	for (i = 0; i < TAGS_MAX && is_tag(type) && b.n >= 4; i++) {
		tag(&l, get16(b.p));
		type = get16(b.p + 2);
		skip(&b, 4);
	}
	layer3(&l, type, &b);
	say(&l, ", len %u", len);
	return text;
}
