// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/virtio_net.h>
#include <string.h>

#include "unmerge.h"

#define GSO_SIZE	4
#define CSUM_START	6
#define CSUM_OFFSET	8

uint32_t um_segments(const struct um_frame *f)
{
	uint16_t size = um_le16(f, GSO_SIZE);
	struct nf_view v;

	if (um_type(f) == VIRTIO_NET_HDR_GSO_NONE)
		return 1;
	if (!size || !nf_parse(&v, f->data, f->len))
		return 0;
	return (v.payload + size - 1) / size;
}

/* The checksum that was left to the guest. */
static void complete(const struct um_frame *f, uint8_t *out, uint32_t len, bool udp)
{
	uint8_t *from = out + um_le16(f, CSUM_START), *at = from + um_le16(f, CSUM_OFFSET);
	uint16_t sum = ~nf_sum(0, from, out + len - from);

	nf_put16(at, !sum && udp ? 0xffff : sum);
}

static bool plain(const struct um_frame *f, uint8_t *out)
{
	uint32_t end = (uint32_t)um_le16(f, CSUM_START) + um_le16(f, CSUM_OFFSET) + 2;

	memcpy(out, f->data, f->len);
	if (um_flags(f) & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if (end > f->len)
			return false;
		complete(f, out, f->len, um_le16(f, CSUM_OFFSET) == 6);
	}
	return true;
}

/* Segment i of n as its sender made it; its length. ids: how far the IPv4 id went on. */
static uint32_t segment(const struct um_frame *f, const struct nf_view *v, uint32_t i, uint32_t n, uint16_t ids, uint8_t *out)
{
	uint32_t size = um_le16(f, GSO_SIZE), payload = i + 1 < n ? size : v->payload - i * size, len = v->hdr_len + payload;
	uint8_t *ip = out + v->l3, *l4 = out + v->l4;
	uint16_t sum;

	memcpy(out, f->data, v->hdr_len);
	memcpy(out + v->hdr_len, f->data + v->hdr_len + i * size, payload);
	if (v->ip6) {
		nf_put16(ip + 4, len - v->l3 - 40);
	} else {
		nf_put16(ip + 2, len - v->l3);
		nf_put16(ip + 4, nf_get16(ip + 4) + ids);
		nf_put16(ip + 10, 0);
		nf_put16(ip + 10, ~nf_sum(0, ip, v->l4 - v->l3));
	}
	if (v->proto == NF_TCP) {
		nf_put32(l4 + 4, nf_get32(l4 + 4) + i * size);
		l4[13] &= ~((i + 1 < n ? NF_PSH | NF_FIN : 0) | (i ? NF_CWR : 0));
		nf_put16(l4 + 16, 0);
	} else {
		nf_put16(l4 + 4, len - v->l4);
		nf_put16(l4 + 6, 0);
	}
	sum = ~nf_sum(nf_pseudo(out, v, len - v->l4), l4, len - v->l4);
	nf_put16(l4 + (v->proto == NF_TCP ? 16 : 6), !sum && v->proto == NF_UDP ? 0xffff : sum);
	return len;
}

/* id: where an IPv4 id is that does not matter, nor the header's checksum; 0: all matters. */
static bool same(const uint8_t *a, const uint8_t *b, uint32_t len, uint32_t id)
{
	if (!id)
		return !memcmp(a, b, len);
	return !memcmp(a, b, id) && !memcmp(a + id + 2, b + id + 2, 4) && !memcmp(a + id + 8, b + id + 8, len - id - 8);
}

/* The first frame of the batch that has these bytes and was not found yet. */
static bool find(struct um_burst *u, const struct gro_batch *b, uint32_t at, const uint8_t *bytes, uint32_t len, uint32_t id)
{
	struct um_frame *f = &u->frame[at];

	for (uint32_t i = 0; i < b->n; i++) {
		if (u->in[i] >= 0 || b->frame[i]->len != len || !same(b->frame[i]->data, bytes, len, id))
			continue;
		u->in[i] = at;
		f->part[f->n++] = i;
		return true;
	}
	return false;
}

static const char *check_header(const struct um_frame *f, const struct nf_view *v)
{
	static const uint8_t types[2][2] = {
		{ VIRTIO_NET_HDR_GSO_TCPV4, VIRTIO_NET_HDR_GSO_TCPV6 }, { 5, 5 },	/* VIRTIO_NET_HDR_GSO_UDP_L4 */
	};
	uint8_t type = types[v->proto == NF_UDP][v->ip6];
	uint32_t at = v->l4 + (v->proto == NF_TCP ? 16 : 6);

	if ((um_type(f) & ~VIRTIO_NET_HDR_GSO_ECN) != type)
		return "gso_type is not the packet's";
	if (um_type(f) & VIRTIO_NET_HDR_GSO_ECN && !(v->proto == NF_TCP && f->data[v->l4 + 13] & NF_CWR))
		return "ECN without CWR";
	if (!(um_flags(f) & VIRTIO_NET_HDR_F_NEEDS_CSUM) || um_le16(f, CSUM_START) != v->l4 || um_le16(f, CSUM_START) + um_le16(f, CSUM_OFFSET) != at)
		return "the checksum is not left to the guest, or another one";
	if (nf_get16(f->data + at) != nf_pseudo(f->data, v, v->end - v->l4))
		return "no sum of the pseudo-header where the checksum goes";
	if (v->end != f->len)
		return "bytes behind the packet";
	if (v->proto == NF_UDP && nf_get16(f->data + v->l4 + 4) != v->end - v->l4)
		return "UDP length";
	return !v->ip6 && nf_sum(0, f->data + v->l3, v->l4 - v->l3) != 0xffff ? "IPv4 header checksum" : NULL;
}

static const char *trace_merged(struct um_burst *u, const struct gro_batch *b, uint32_t at)
{
	static uint8_t out[UM_FRAME_MAX];
	struct um_frame *f = &u->frame[at];
	uint32_t n = um_segments(f);
	const char *bad;
	struct nf_view v;

	if (!nf_parse(&v, f->data, f->len))
		return "a merged frame that is no TCP or UDP packet";
	bad = check_header(f, &v);
	if (bad)
		return bad;
	if (n < 2 || n > GRO_FRAMES)
		return "gso_size";
	for (uint32_t i = 0; i < n; i++)
		if (!find(u, b, at, out, segment(f, &v, i, n, i, out), 0) &&
		    (v.ip6 || !find(u, b, at, out, segment(f, &v, i, n, 0, out), 0)))
			return "a segment that was not among what arrived";
	return NULL;
}

/* A frame that came alone, or that Linux merged and cut up again for a guest that does not take it: then UDP's ids count. */
static const char *trace_plain(struct um_burst *u, const struct gro_batch *b, uint32_t at)
{
	static uint8_t out[UM_FRAME_MAX];
	struct um_frame *f = &u->frame[at];
	struct nf_view v;

	if (plain(f, out) && find(u, b, at, out, f->len, 0))
		return NULL;
	if (um_flags(f) & VIRTIO_NET_HDR_F_NEEDS_CSUM && nf_parse(&v, out, f->len) && !v.ip6 && find(u, b, at, out, f->len, v.l3 + 4))
		return NULL;
	return "a frame that had not arrived";
}

const char *um_trace(struct um_burst *u, const struct gro_batch *b, uint32_t *at)
{
	memset(u->in, -1, sizeof(u->in));
	for (uint32_t i = 0; i < u->n; i++) {
		struct um_frame *f = &u->frame[i];
		const char *bad;

		*at = i;
		f->n = 0;
		bad = um_type(f) == VIRTIO_NET_HDR_GSO_NONE ? trace_plain(u, b, i) : trace_merged(u, b, i);
		if (bad)
			return bad;
	}
	for (uint32_t i = 0; i < b->n; i++)
		if (u->in[i] < 0)
			return "a frame was not delivered";
	return NULL;
}
