// SPDX-License-Identifier: GPL-2.0-or-later
/* The guest's driver: a poll-mode one, and cheap. */
#include <string.h>

#include "frontend.h"

#define BURST		32u	/* buffers recycled at once, as a poll-mode driver does; of large ones, as many as there are */

static bool is_stream(const struct vxb_bench *b)
{
	return b->mode->tcp || b->mode->udp;
}

void vxb_guest_setup(struct vxb_bench *b)
{
	struct vxb_ring *tx = &b->client.ring[VXB_TX];

	if (is_stream(b))
		vxb_stream_fill(&b->stream, tx);
	for (uint32_t i = 0; i < tx->num && !is_stream(b); i++) {
		memset(vxb_buffer(tx, i), 0, VXB_HDR);
		vxb_frame_make(vxb_buffer(tx, i) + VXB_HDR, b->len, &vxb_wire_mac, &b->guest);
	}
	vxb_ring_post_all(&b->client.ring[VXB_RX]);
	if (b->mode->pair)
		vxb_ring_post_all(&b->peer.ring[VXB_RX]);
}

void vxb_guest_post_tx(struct vxb_bench *b, uint16_t i, uint32_t id)
{
	struct vxb_ring *r = &b->client.ring[VXB_TX];

	/* A real guest has just written what it sends: the backend finds those cache lines in another core. */
	if (is_stream(b)) {
		vxb_stream_post(&b->stream, r, i, id);
		return;
	}
	memset(vxb_buffer(r, id), 0, VXB_HDR);
	*(volatile uint32_t *)(vxb_buffer(r, id) + VXB_HDR + VXB_MAGIC_OFF) = VXB_MAGIC;
	vxb_ring_post(r, i, id, VXB_HDR + b->len, 0);
}

uint32_t vxb_guest_recycle_tx(struct vxb_bench *b)
{
	struct vxb_ring *r = &b->client.ring[VXB_TX];
	uint16_t n = vxb_ring_used(r);
	uint32_t len;

	if (n < BURST && b->stream.payload <= VXB_UDP_MSS)
		return 0;
	for (uint16_t i = 0; i < n; i++)
		vxb_guest_post_tx(b, i, vxb_ring_reap(r, &len));
	if (n)
		vxb_ring_publish(r, n);
	return n;
}

static uint32_t receive_stream(struct vxb_bench *b)
{
	const struct vxb_stream *s = b->mode->pair ? &b->stream : &b->generated;
	uint64_t before = b->sink.bytes;
	uint32_t n;

	vxb_stream_receive(s, &b->sink, &(b->mode->pair ? &b->peer : &b->client)->ring[VXB_RX]);
	n = (b->sink.bytes - before) / (b->generated.payload ? b->generated.payload : 1);
	b->received += n;
	return n;
}

static uint32_t receive_frames(struct vxb_bench *b, uint32_t frame_len)
{
	struct vxb_ring *r = &b->client.ring[VXB_RX];
	uint16_t n = vxb_ring_used(r);
	uint32_t good = 0;

	for (uint16_t i = 0; i < n; i++) {
		uint32_t len, id = vxb_ring_reap(r, &len);

		good += len == VXB_HDR + frame_len &&
			*(volatile uint32_t *)(vxb_buffer(r, id) + VXB_HDR + VXB_MAGIC_OFF) == VXB_MAGIC;
		vxb_ring_post(r, i, id, r->size, VRING_DESC_F_WRITE);
	}
	if (n) {
		vxb_ring_publish(r, n);
		b->received += good;
		b->spoilt += n - good;
	}
	return n;
}

uint32_t vxb_guest_receive(struct vxb_bench *b)
{
	if (!is_stream(b))
		return receive_frames(b, b->len);
	/* What comes back is what was sent, each time. */
	if (b->mode->prog == VXB_WIRE_ECHO)
		return receive_frames(b, b->stream.head_len + b->stream.payload);
	return receive_stream(b);
}
