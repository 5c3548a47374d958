/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames of a TCP stream, in sequence and with right checksums, as guests and wires give and take them: whole, or many in one
 * with a virtio-net header that says so. Also of UDP datagrams of one size, one way only.
 */
#ifndef VXB_STREAM_H
#define VXB_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"
#include "stream_shared.h"
#include "wire.h"

#define VXB_MTU		1500u
#define VXB_TCP_HEAD	66u	/* Ethernet, IPv4, TCP with timestamps, as Linux has it */
#define VXB_UDP_HEAD	42u
#define VXB_TCP_MSS	(VXB_MTU + 14 - VXB_TCP_HEAD)
#define VXB_UDP_MSS	(VXB_MTU + 14 - VXB_UDP_HEAD)
#define VXB_SEGMENTS	44u	/* of a buffer of up to 64 KiB: as many as fit for both */

struct vxb_stream {
	uint32_t head_len;
	uint32_t mss;
	uint32_t payload;	/* of each of the sender's buffers */
	bool udp;
	bool partial;		/* the sender leaves checksums to the device */
	uint32_t seq;		/* of what comes next */
	uint16_t id;
	struct vxb_stream_sums sums;
	uint8_t head[VXB_TCP_HEAD];
	struct virtio_net_hdr_mrg_rxbuf virtio;
};

/* payload: more than one frame holds is for the device to segment. */
void vxb_stream_init(struct vxb_stream *s, bool udp, bool partial, uint32_t payload, const struct vxb_mac *dst,
		     const struct vxb_mac *src);

/* A frame of its own, for a wire that gives each its place. */
void vxb_stream_frame(const struct vxb_stream *s, uint8_t *frame);

/* Post the stream's next buffer. Its payload was written by vxb_stream_fill() before. */
void vxb_stream_post(struct vxb_stream *s, struct vxb_ring *r, uint16_t i, uint32_t id);
void vxb_stream_fill(const struct vxb_stream *s, struct vxb_ring *r);

/* What a guest got. */
struct vxb_sink {
	uint32_t seq;		/* expected */
	bool started;
	bool deep;		/* look at every byte */
	bool lossy;		/* what is missing is counted, and no fault */
	uint64_t missing;	/* bytes of payload */
	uint64_t bytes;		/* of payload */
	uint64_t packets;	/* in so many */
	uint64_t foreign;	/* that are not of a stream */
	const char *wrong;	/* NULL, or what was found; nothing is taken then any more */
};

/* Take what has arrived, and post the buffers again. s: the stream as its sender has it. */
void vxb_stream_receive(const struct vxb_stream *s, struct vxb_sink *sink, struct vxb_ring *r);

#endif
