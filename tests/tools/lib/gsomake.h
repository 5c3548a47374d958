/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How segmentation requests are put together; for the kinds of gsocase.h. */
#ifndef GSOMAKE_H
#define GSOMAKE_H

#include <linux/virtio_net.h>

#include "gsocase.h"

#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#define NEEDS		VIRTIO_NET_HDR_F_NEEDS_CSUM
#define TCPV4		VIRTIO_NET_HDR_GSO_TCPV4
#define TCPV6		VIRTIO_NET_HDR_GSO_TCPV6
#define UDP_L4		VIRTIO_NET_HDR_GSO_UDP_L4
#define ECN		VIRTIO_NET_HDR_GSO_ECN
#define UDP_SEGMENTS_MAX 128u	/* as Linux' UDP_SEGMENT */
#define TCP_SIZE_MIN	8u	/* as Linux' TCP */
#define CSUM_AT(f)	((f)->proto == NF_TCP ? 16 : 6)
#define PICK(list)	((list)[nf_below(sizeof(list) / sizeof((list)[0]))])

struct gso_list {
	const struct gso_kind *kind;
	uint32_t n;
};

extern const struct gso_list gso_usual;		/* what guests do: gsousual.c */
extern const struct gso_list gso_hostile;	/* what they should not do: gsohostile.c */

static inline uint8_t *gso_frame(struct gso_case *c)
{
	return c->buf + RW_HDR;
}

/* A frame as a guest's stack makes it, without payload yet. */
void gso_headers(struct gso_case *c, uint8_t proto);
/* With more payload than one segment takes. */
void gso_super(struct gso_case *c, uint8_t proto);
void gso_tcp(struct gso_case *c);
/* The frame's bytes, and the header that asks for what c->mss says. */
void gso_finish(struct gso_case *c);

/* The two that most others begin with. */
void gso_make_tcp(struct gso_case *c);
void gso_make_udp(struct gso_case *c);

#endif
