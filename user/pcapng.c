// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "pcapng.h"

enum block {
	BLOCK_INTERFACE = 1,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
	BLOCK_SECTION = 0x0a0d0d0a,
};

#define BYTE_ORDER_MAGIC	0x1a2b3c4d
#define LINKTYPE_ETHERNET	1
#define TSRESOL_NS		9
#define TEXT_MAX		1024u	/* of one option */
#define OPTIONS_MAX		4096u

enum option {
	OPT_END = 0, OPT_COMMENT = 1,
	SHB_OS = 3, SHB_USERAPPL = 4,
	IF_NAME = 2, IF_DESCRIPTION = 3, IF_TSRESOL = 9, IF_FILTER = 11,
	EPB_FLAGS = 2, EPB_VERDICT = 7,
	ISB_IFRECV = 4, ISB_IFDROP = 5,
};

#define VERDICT_XDP	2	/* "Linux_eBPF_XDP" */
#define FILTER_PCAP	0	/* a libpcap filter string */

/* A block is put together before it is written: its length stands at both ends. */
struct options {
	__u8 bytes[OPTIONS_MAX];
	__u32 len;
};

static __u32 padded(__u32 n)
{
	return (n + 3) & ~3u;
}

/* What does not fit is left out: the block stays sound. prefix: -1, or a byte before the value. */
static void option(struct options *o, __u16 code, int prefix, const void *value, __u32 len)
{
	__u32 n = len + (prefix >= 0);
	__u16 head[2] = { code, (__u16)n };
	__u8 *at = o->bytes + o->len;

	if (o->len + sizeof(head) + padded(n) + sizeof(head) > OPTIONS_MAX)
		return;
	memset(at, 0, sizeof(head) + padded(n));
	memcpy(at, head, sizeof(head));
	at += sizeof(head);
	if (prefix >= 0)
		*at++ = (__u8)prefix;
	memcpy(at, value, len);
	o->len += sizeof(head) + padded(n);
}

static void text(struct options *o, __u16 code, int prefix, const char *value)
{
	if (value && *value)
		option(o, code, prefix, value, (__u32)strnlen(value, TEXT_MAX));
}

static void end(struct options *o)
{
	const __u16 head[2] = { OPT_END, 0 };

	if (!o->len)
		return;
	memcpy(o->bytes + o->len, head, sizeof(head));
	o->len += sizeof(head);
}

struct part {
	const void *bytes;
	__u32 len;
};

static bool put(FILE *f, const void *bytes, __u32 len)
{
	static const __u8 zero[3];
	__u32 pad = padded(len) - len;

	if (len && fwrite(bytes, len, 1, f) != 1)
		return false;
	return !pad || fwrite(zero, pad, 1, f) == 1;
}

static int block(FILE *f, __u32 type, const struct part *parts, int n, struct options *o)
{
	__u32 head[2] = { type, 12 };
	bool ok;
	int i;

	end(o);
	for (i = 0; i < n; i++)
		head[1] += padded(parts[i].len);
	head[1] += o->len;
	ok = put(f, head, sizeof(head));
	for (i = 0; i < n && ok; i++)
		ok = put(f, parts[i].bytes, parts[i].len);
	return ok && put(f, o->bytes, o->len) && put(f, &head[1], sizeof(head[1])) ? 0 : -EIO;
}

int vx_pcapng_section(FILE *f, const char *application, const char *os)
{
	const struct {
		__u32 magic;
		__u16 major, minor;
		__u32 length[2];	/* of the section: unknown */
	} section = { BYTE_ORDER_MAGIC, 1, 0, { ~0u, ~0u } };
	const struct part part = { &section, sizeof(section) };
	struct options o = {};

	text(&o, SHB_OS, -1, os);
	text(&o, SHB_USERAPPL, -1, application);
	return block(f, BLOCK_SECTION, &part, 1, &o);
}

int vx_pcapng_interface(FILE *f, const char *name, const char *description, const char *filter, __u32 snaplen)
{
	const struct {
		__u16 linktype, reserved;
		__u32 snaplen;
	} interface = { LINKTYPE_ETHERNET, 0, snaplen };
	const struct part part = { &interface, sizeof(interface) };
	const __u8 resolution = TSRESOL_NS;
	struct options o = {};

	text(&o, IF_NAME, -1, name);
	text(&o, IF_DESCRIPTION, -1, description);
	option(&o, IF_TSRESOL, -1, &resolution, sizeof(resolution));
	text(&o, IF_FILTER, FILTER_PCAP, filter);
	return block(f, BLOCK_INTERFACE, &part, 1, &o);
}

int vx_pcapng_packet(FILE *f, const struct vx_pcapng_packet *p)
{
	const struct {
		__u32 interface, high, low, caplen, len;
	} packet = { p->interface, (__u32)(p->time >> 32), (__u32)p->time, p->caplen, p->len };
	const struct part parts[] = { { &packet, sizeof(packet) }, { p->data, p->caplen } };
	struct options o = {};

	option(&o, EPB_FLAGS, -1, &p->flags, sizeof(p->flags));
	if (p->verdict != VX_PCAPNG_NO_VERDICT)
		option(&o, EPB_VERDICT, VERDICT_XDP, &p->verdict, sizeof(p->verdict));
	text(&o, OPT_COMMENT, -1, p->comment);
	return block(f, BLOCK_PACKET, parts, 2, &o);
}

int vx_pcapng_statistics(FILE *f, __u32 interface, __u64 time, __u64 received, __u64 dropped)
{
	const struct {
		__u32 interface, high, low;
	} statistics = { interface, (__u32)(time >> 32), (__u32)time };
	const struct part part = { &statistics, sizeof(statistics) };
	struct options o = {};

	option(&o, ISB_IFRECV, -1, &received, sizeof(received));
	option(&o, ISB_IFDROP, -1, &dropped, sizeof(dropped));
	return block(f, BLOCK_STATISTICS, &part, 1, &o);
}
