/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of TCP and UDP flows, as they come from the wire, and a judge of what the guest gets of them. Like packet.h it shares no code with
 * the core.
 */
#ifndef VX_TEST_FLOW_H
#define VX_TEST_FLOW_H

#include "vx_env.h"

#define FLOW_FRAME_MAX	4096u
#define FLOW_HDR	12u	/* virtio_net_hdr before what the guest gets */
#define FLOW_WIRE_MAX	4096u

enum { FLOW_TCP = 6, FLOW_UDP = 17 };
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32, ECE = 64, CWR = 128 };

struct flow_frame {
	/* What to make. */
	u8 src_mac, dst_mac;	/* last bytes */
	u8 tags, vlan;		/* VLAN tags, 0 to 3; id of the last */
	bool ip6;
	u8 proto;
	u8 src, dst;		/* last bytes of the addresses */
	u8 tos, ttl;
	u32 label;		/* IPv6 flow label */
	u16 id, frag;		/* IPv4 */
	u16 sport, dport;
	u32 seq, ack;
	u8 flags;
	u16 window;
	u8 opt_len;		/* bytes of TCP options, multiple of 4 */
	u8 opt;			/* what they are full of */
	u16 payload;
	u16 pad;		/* bytes behind the IP packet */

	/* What was made. */
	u16 l3, l4, head, len;
	u8 data[FLOW_FRAME_MAX];
};

/* The first frame of a flow, not yet made; number tells flows apart. */
void flow_begin(struct flow_frame *f, u8 proto, bool ip6, u8 number);
/* As the sender's next frame: numbers go on. */
void flow_next(struct flow_frame *f);
/* Payload is noise, checksums are right. */
void flow_make(struct flow_frame *f);
/* Make checksums right again after headers were changed. */
void flow_fix_ip(struct flow_frame *f);
void flow_fix_l4(struct flow_frame *f);
/* Is the TCP or UDP checksum of these bytes right? l3, l4: offsets. */
bool flow_csum_right(const u8 *frame, u32 len, u32 l3, u32 l4);

/* --- what went in, and what came out --- */

struct flow_wire {
	u32 n, left;		/* frames sent, and of those not received */
	u32 dropped;		/* so many may be missing before others of their flow, until flow_forget() */
	struct flow_sent {
		u8 *data;
		u32 len;
		u32 flow;	/* frames of one come in order */
		bool got;
	} sent[FLOW_WIRE_MAX];
};

void flow_sent(struct flow_wire *w, const void *data, u32 len, u32 flow);
void flow_forget(struct flow_wire *w);

/*
 * The guest got len bytes, header first. NULL when that is one frame that was sent, or when segmenting it gives frames that were
 * sent, in their flows' order, and when the header promises nothing that is not so; else what is wrong. n: how many frames it was.
 */
const char *flow_got(struct flow_wire *w, const u8 *bytes, u32 len, u32 *n);

#endif
