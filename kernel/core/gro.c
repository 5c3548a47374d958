// SPDX-License-Identifier: GPL-2.0-only
/* Receive coalescing: the plan. */
#include "gro.h"
#include "inet.h"
#include "pump.h"
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>

#define MERGES		(VX_GUEST_OFFLOADS & ~(1ULL << VIRTIO_NET_F_GUEST_CSUM))
#define ENDS_MERGE	(TCP_FIN | TCP_SYN | TCP_RST | TCP_PSH | TCP_URG)

static const u8 *first_of(const struct vx_gro *g, const struct vx_parcel *p)
{
	return g->frame[p->first].data;
}

/* --- what goes together --- */

/* What two headers differ in is gathered, not branched upon: 0 is usual. */
static u64 diff64(const u8 *a, const u8 *b, u32 off)
{
	u64 x, y;

	memcpy(&x, a + off, sizeof(x));
	memcpy(&y, b + off, sizeof(y));
	return x ^ y;
}

static u64 diff32(const u8 *a, const u8 *b, u32 off)
{
	return vx_load32(a + off) ^ vx_load32(b + off);
}

static u64 diff16(const u8 *a, const u8 *b, u32 off)
{
	u16 x, y;

	memcpy(&x, a + off, sizeof(x));
	memcpy(&y, b + off, sizeof(y));
	return x ^ y;
}

/* Whole words of 32 bits. */
static u64 diff_words(const u8 *a, const u8 *b, u32 off, u32 end)
{
	u64 diff = 0;

	for (; off < end; off += sizeof(u32))
		diff |= diff32(a, b, off);
	return diff;
}

static u64 eth_diff(const struct vx_parcel *p, const u8 *a, const u8 *b)
{
	return diff64(a, b, 0) | diff32(a, b, 8) | diff16(a, b, 12) | diff_words(a, b, ETH_HLEN, p->l3);
}

static u64 addrs_diff(const struct vx_parcel *p, const u8 *a, const u8 *b)
{
	if (!p->ip6)
		return diff64(a, b, p->l3 + IP4_ADDRS);
	return diff_words(a, b, p->l3 + IP6_ADDRS, p->l3 + IP6_ADDRS + IP6_ADDRS_LEN);
}

/* All but the sequence number, and what a merged frame's last may have. */
static u64 tcp_diff(const struct vx_parcel *p, const u8 *a, const u8 *b)
{
	u8 flags = (a[TCP_FLAGS] ^ b[TCP_FLAGS]) & (u8)~(TCP_CWR | TCP_FIN | TCP_PSH);

	return diff32(a, b, TCP_ACK) | (u64)(a[TCP_DOFF] ^ b[TCP_DOFF]) | flags | (b[TCP_FLAGS] & TCP_CWR) |
	       diff16(a, b, TCP_WINDOW) | diff_words(a, b, TCP_HDR_MIN, p->payload - p->l4);
}

static bool l4_fits(const struct vx_parcel *p, const u8 *a, const u8 *b, u32 len)
{
	if (p->proto == IPPROTO_TCP)
		return !tcp_diff(p, a, b) && vx_get_be32(b + TCP_SEQ) == p->seq;
	return vx_get_be16(b + UDP_LEN) == len && vx_get_be16(b + UDP_CSUM);
}

/* len: all that is behind L2. */
static bool ip4_fits(struct vx_parcel *p, const u8 *a, const u8 *b, u32 len)
{
	/* Version, header length, TOS; flags, TTL, protocol. */
	u64 diff = diff16(a, b, 0) | (vx_get_be16(b + IP4_TOT_LEN) ^ len) | diff32(a, b, IP4_FRAG);
	u16 ahead = vx_get_be16(b + IP4_ID) - p->id;

	if (diff || vx_csum_fold(vx_csum_words(b, IP4_HDR_MIN)) != 0xffff)
		return false;
	/* The second frame shows whether the sender counts packets that must not be fragmented. */
	if (p->n == 1 && !ahead && vx_get_be16(a + IP4_FRAG) & IP4_DF)
		p->fixed_id = true;
	return ahead == (p->fixed_id ? 0 : p->n);
}

static bool ip6_fits(const u8 *a, const u8 *b, u32 len)
{
	return !(diff32(a, b, IP6_CLASS_FLOW) | (vx_get_be16(b + IP6_PAYLOAD_LEN) ^ (len - IP6_HDR_LEN)) | diff16(a, b, IP6_NEXT));
}

/* Does the frame go on where p ends, and says all else that p's first frame says? So nothing more has to be parsed. */
static bool fits(const struct vx_gro *g, struct vx_parcel *p, const struct vx_frame *f)
{
	const u8 *a = first_of(g, p), *b = f->data;
	u32 size = f->len - p->payload;

	/* No payload, or not even all headers: that is beyond any size. */
	if (size - 1 >= p->size || vx_load32(b + p->l4) != p->ports || p->len + size > VX_GRO_LEN_MAX)
		return false;
	if (eth_diff(p, a, b) | addrs_diff(p, a, b) || !l4_fits(p, a + p->l4, b + p->l4, f->len - p->l4))
		return false;
	a += p->l3;
	b += p->l3;
	return p->ip6 ? ip6_fits(a, b, f->len - p->l3) : ip4_fits(p, a, b, f->len - p->l3);
}

/* --- the same at a glance --- */

static void head_ignore(struct vx_gro_head *h, u32 off, u32 n)
{
	u8 *mask = (u8 *)h->mask + off;

	while (n--)
		*mask++ = 0;
}

static void head_make_ip4(struct vx_gro_head *h, u32 l3, const u8 *ip)
{
	head_ignore(h, l3 + IP4_TOT_LEN, sizeof(u16));
	head_ignore(h, l3 + IP4_ID, sizeof(u16));
	head_ignore(h, l3 + IP4_CSUM, sizeof(u16));
	h->ip4_sum = vx_load16(ip) + vx_load16(ip + IP4_FRAG) + vx_load16(ip + IP4_TTL) +
		     vx_csum_fold(vx_csum_words(ip + IP4_ADDRS, IP4_ADDRS_LEN));
}

/* p is of TCP, and has two frames, of which f is the first. */
static void head_make(struct vx_gro_head *h, const struct vx_parcel *p, const struct vx_frame *f)
{
	u32 flags = p->l4 + TCP_FLAGS, i;

	if (p->payload > sizeof(h->want) || f->len < sizeof(h->want))
		return;
	memset(h->mask, 0xff, sizeof(h->mask));
	head_ignore(h, p->payload, sizeof(h->mask) - p->payload);
	if (p->ip6)
		head_ignore(h, p->l3 + IP6_PAYLOAD_LEN, sizeof(u16));
	else
		head_make_ip4(h, p->l3, f->data + p->l3);
	head_ignore(h, p->l4 + TCP_SEQ, sizeof(u32));
	head_ignore(h, p->l4 + TCP_CSUM, sizeof(u16));
	((u8 *)h->mask)[flags] = (u8)~(TCP_FIN | TCP_PSH);
	memcpy(h->want, f->data, sizeof(h->want));
	/* Only the first of a merged frame may have CWR. */
	((u8 *)h->want)[flags] &= (u8)~TCP_CWR;
	for (i = 0; i < VX_GRO_HEAD_WORDS; i++)
		h->want[i] &= h->mask[i];
	h->made = true;
}

/* p->fixed_id has been found out. */
static __always_inline bool ip4_fits_head(const struct vx_gro_head *h, const struct vx_parcel *p, const u8 *ip, u32 len)
{
	u32 sum = h->ip4_sum + vx_load16(ip + IP4_TOT_LEN) + vx_load16(ip + IP4_ID) + vx_load16(ip + IP4_CSUM);

	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16) == 0xffff && vx_get_be16(ip + IP4_TOT_LEN) == len &&
	       (u16)(vx_get_be16(ip + IP4_ID) - p->id) == (p->fixed_id ? 0 : p->n);
}

static __always_inline u64 word_diff(const struct vx_gro_head *h, const u8 *b, u32 i)
{
	u64 word;

	memcpy(&word, b + i * sizeof(word), sizeof(word));
	return (word & h->mask[i]) ^ h->want[i];
}

/* No loop: it would be as long again as what it does. */
static __always_inline u64 head_diff(const struct vx_gro_head *h, const u8 *b)
{
	_Static_assert(VX_GRO_HEAD_WORDS == 9, "each word is named below");
	return word_diff(h, b, 0) | word_diff(h, b, 1) | word_diff(h, b, 2) | word_diff(h, b, 3) | word_diff(h, b, 4) |
	       word_diff(h, b, 5) | word_diff(h, b, 6) | word_diff(h, b, 7) | word_diff(h, b, 8);
}

/* As fits(), of a parcel with a head. A frame that does not look like it may fit all the same. */
static __always_inline bool fits_head(const struct vx_gro_head *h, const struct vx_parcel *p, const struct vx_frame *f)
{
	const u8 *b = f->data;

	/* The words reach into the payload. */
	if (vx_load32(b + p->l4) != p->ports || f->len < sizeof(h->want))
		return false;
	if (head_diff(h, b) || vx_get_be32(b + p->l4 + TCP_SEQ) != p->seq)
		return false;
	if (p->ip6)
		return vx_get_be16(b + p->l3 + IP6_PAYLOAD_LEN) == f->len - p->l4;
	return ip4_fits_head(h, p, b + p->l3, f->len - p->l3);
}

/* Is it a frame of p's flow? c is a frame with a flow. */
static bool same_flow(const struct vx_gro *g, const struct vx_parcel *p, const struct vx_parcel *c)
{
	const u8 *a = first_of(g, p), *b = first_of(g, c);

	return p->ports == c->ports && p->proto == c->proto && p->ip6 == c->ip6 && p->l3 == c->l3 &&
	       !(eth_diff(p, a, b) | addrs_diff(p, a, b));
}

/* A frame of size bytes of payload is p's last. May more join? */
static bool goes_on(const struct vx_parcel *p, const u8 *frame, u32 size)
{
	return size == p->size && (p->proto != IPPROTO_TCP || !(frame[p->l4 + TCP_FLAGS] & ENDS_MERGE));
}

/* Does the guest take a merged frame that begins so? */
static bool may_begin(const struct vx_gro *g, const struct vx_parcel *c)
{
	const u8 *frame = first_of(g, c);

	return c->sound && c->size && goes_on(c, frame, c->size) && vx_parcel_wanted(c, frame, g->offloads);
}

/* --- the plan --- */

static void close_open(struct vx_gro *g, u32 i)
{
	g->nopen--;
	memmove(g->open + i, g->open + i + 1, g->nopen - i);
}

/* size bytes of payload of the frame become the end of p. */
static __always_inline void append(struct vx_gro *g, struct vx_parcel *p, u32 frame, u32 size)
{
	g->next[p->last] = frame;
	p->last = frame;
	p->n++;
	p->len += size;
	p->seq += size;
}

/* The frames from one on that go on in the open parcel i, which has a head. Returns how many. */
static __attribute__((__noinline__)) u32 join_run(struct vx_gro *g, u32 i, u32 from, u32 n)
{
	struct vx_parcel p = g->parcel[g->open[i]];	/* in registers, mostly */
	const struct vx_gro_head *h = &g->head[g->open[i]];
	const struct vx_frame *f = &g->frame[from];
	bool open = true;
	u32 k;

	for (k = from; k < n && open; k++, f++) {
		u32 size = f->len - p.payload;

		if (f->more || size - 1 >= p.size || p.len + size > VX_GRO_LEN_MAX || !fits_head(h, &p, f))
			break;
		append(g, &p, k, size);
		open = goes_on(&p, f->data, size);
	}
	g->parcel[g->open[i]] = p;
	if (!open)
		close_open(g, i);
	return k - from;
}

/* Returns how many frames were joined to what is open. */
static u32 join(struct vx_gro *g, u32 frame, u32 n)
{
	const struct vx_frame *f = &g->frame[frame];
	u32 i = g->nopen;

	/* The youngest first: that is what goes on in a burst. */
	while (i--) {
		struct vx_parcel *p = &g->parcel[g->open[i]];
		struct vx_gro_head *h = &g->head[g->open[i]];
		u32 size = f->len - p->payload;

		if (!fits(g, p, f))
			continue;
		append(g, p, frame, size);
		if (!goes_on(p, f->data, size)) {
			close_open(g, i);
			return 1;
		}
		if (!h->made && p->proto == IPPROTO_TCP)
			head_make(h, p, &g->frame[p->first]);
		return 1 + (h->made ? join_run(g, i, frame + 1, n) : 0);
	}
	return 0;
}

/* c begins anew. What it may belong to does not take frames any more that come behind it: neither its flow, nor any if that cannot be told. */
static void close_before(struct vx_gro *g, const struct vx_parcel *c)
{
	u32 i = g->nopen;

	while (i--) {
		const struct vx_parcel *p = &g->parcel[g->open[i]];

		if (c->flow ? same_flow(g, p, c) : c->proto == VX_PROTO_EITHER || c->proto == p->proto)
			close_open(g, i);
	}
}

/*
 * Is there anything to find out about a frame? A short one only matters if it may be merged, or may end what is, and most protocols are
 * seen at a glance to do neither.
 */
static bool concerns(const struct vx_frame *f, u64 offloads)
{
	const u8 *d = f->data;

	if (f->len >= VX_GRO_VERIFY_MIN)
		return true;
	if (!(offloads & MERGES) || f->len < ETH_HLEN + IP4_HDR_MIN)
		return false;
	switch (vx_get_be16(d + 12)) {
	case ETH_P_IP:
		d += ETH_HLEN + IP4_PROTO;
		return *d == IPPROTO_TCP || (*d == IPPROTO_UDP && offloads & 1ULL << VIRTIO_NET_F_GUEST_USO4);
	case ETH_P_IPV6:
		d += ETH_HLEN + IP6_NEXT;
		return (*d != IPPROTO_UDP || offloads & 1ULL << VIRTIO_NET_F_GUEST_USO6) && *d != IPPROTO_ICMPV6;
	case ETH_P_8021Q:
	case ETH_P_8021AD:
		return true;
	default:
		return false;
	}
}

/* It is not merged with any other, and nothing of its flow goes past it. Returns how many pieces it has. */
static u32 plan_whole(struct vx_gro *g, u32 i)
{
	struct vx_parcel *c = &g->parcel[g->nparcel++];
	u32 n = vx_parcel_whole(c, &g->frame[i], g->offloads);

	c->first = i;
	c->last = i + n - 1;
	close_before(g, c);
	return n;
}

/* The frame, and what joins with it: returns how many. */
static u32 plan_frame(struct vx_gro *g, u32 i, u32 n)
{
	struct vx_parcel *c = &g->parcel[g->nparcel];
	bool matters = concerns(&g->frame[i], g->offloads);
	u32 joined = matters ? join(g, i, n) : 0;

	if (joined)
		return joined;
	vx_parcel_init(c, &g->frame[i]);
	c->first = i;
	c->last = i;
	g->nparcel++;
	if (!matters)
		return 1;
	vx_parcel_parse(c, &g->frame[i]);
	close_before(g, c);
	if (may_begin(g, c)) {
		c->seq += c->size;
		if (g->nopen == VX_GRO_OPEN)
			close_open(g, 0);
		g->head[g->nparcel - 1].made = false;
		g->open[g->nopen++] = g->nparcel - 1;
	}
	return 1;
}

bool vx_gro_plan(struct vx_gro *g, const struct vx_frame *frame, u32 n, u64 offloads)
{
	u32 i = 0;

	/* One that is short can be merged with nothing. */
	if (n == 1 && frame->len < VX_GRO_VERIFY_MIN)
		return false;
	while (i < n && !concerns(&frame[i], offloads))
		i++;
	if (i == n)
		return false;
	g->frame = frame;
	g->offloads = offloads;
	g->nparcel = 0;
	g->nopen = 0;
	for (i = 0; i < n;)
		i += vx_unlikely(frame[i].more) ? plan_whole(g, i) : plan_frame(g, i, n);
	return true;
}
