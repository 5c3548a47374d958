/* SPDX-License-Identifier: GPL-2.0-only */
/* What a frame makes of its flow. Called under the lock of the flow's bucket: these call no helpers. */
#ifndef VX_FLOW_STATE_BPF_H
#define VX_FLOW_STATE_BPF_H

#include "flow_seen.bpf.h"

#define VX_SEQ_WINDOW	(1u << 24)

enum vx_fit {
	VX_FITS,	/* counts: the flow is prolonged */
	VX_FITS_NOT,	/* changes nothing; passes, for the guest's stack to judge */
	VX_FITS_DROP,
};

struct vx_timeouts {
	__u32 ms[VX_STATEFUL_N_TIMEOUTS];
};

static __always_inline bool vx_seq_near(__u32 a, __u32 b)
{
	return a - b + VX_SEQ_WINDOW <= 2 * VX_SEQ_WINDOW;
}

/* Up to a window behind, never ahead: nobody acknowledges what was not sent. */
static __always_inline bool vx_ack_near(__u32 ack, __u32 end)
{
	return end - ack <= VX_SEQ_WINDOW;
}

static __always_inline void vx_seq_advance(__u32 *v, __u32 to)
{
	if ((__s32)(to - *v) > 0)
		*v = to;
}

/* Nobody else speaks for a guest, and what it sends it may also open: where its flow was lost sight of, it tells where that is. */
static __always_inline enum vx_fit vx_tcp_astray(const struct vx_seen *p, struct vx_flow_side *s, struct vx_flow_side *r)
{
	if (p->direction == VX_TO_GUEST)
		return VX_FITS_NOT;
	s->end = p->end;
	s->ack = r->end = p->ack;
	r->ack = p->seq;
	return VX_FITS;
}

static __always_inline enum vx_fit vx_tcp_rst(struct vx_flow *f, const struct vx_seen *p, const struct vx_flow_side *s,
					      const struct vx_flow_side *r)
{
	bool fits;

	if (f->state != VX_FLOW_NEW || f->flags & VX_FLOW_PICKED)
		fits = p->seq == r->ack || p->seq == s->end;
	else if (p->direction == f->opener)
		fits = p->seq == s->end || p->seq + 1 == s->end;
	else
		fits = p->tcp & VX_TCP_ACK && p->ack == r->end;
	if (!fits)
		return p->direction == VX_TO_GUEST ? VX_FITS_DROP : VX_FITS_NOT;
	f->state = VX_FLOW_CLOSED;
	return VX_FITS;
}

static __always_inline void vx_tcp_begin(struct vx_flow *f, const struct vx_seen *p)
{
	struct vx_flow_side *s = &f->side[p->direction & 1], *r = &f->side[!(p->direction & 1)];

	f->state = VX_FLOW_NEW;
	f->opener = p->direction;
	f->flags = 0;
	s->end = p->end;
	s->ack = p->seq + 1;
	r->end = r->ack = 0;
	if (p->tcp & VX_TCP_SYN)
		return;
	f->flags = VX_FLOW_PICKED;
	s->ack = r->end = p->ack;
	r->ack = p->seq;
}

/* A SYN alone. In the middle of a connection the other end's answer tells what it is worth, RFC 5961. */
static __always_inline enum vx_fit vx_tcp_syn(struct vx_flow *f, const struct vx_seen *p, bool may_open)
{
	bool opener = p->direction == f->opener, again;

	/* A guest that was restarted begins anew with other numbers. */
	again = f->state == VX_FLOW_REPLIED && p->direction == VX_FROM_GUEST && p->end != f->side[VX_FROM_GUEST].end;
	if (f->state == VX_FLOW_CLOSED ? may_open : opener && (f->state == VX_FLOW_NEW || again)) {
		vx_tcp_begin(f, p);
		return VX_FITS;
	}
	return VX_FITS_NOT;
}

/* SYN and ACK from whom did not open: the end of the SYN, or what it carried was not taken. */
static __always_inline enum vx_fit vx_tcp_syn_ack(struct vx_flow *f, const struct vx_seen *p, struct vx_flow_side *s,
						  const struct vx_flow_side *r)
{
	if (p->ack != r->end && p->ack != r->ack)
		return p->direction == VX_TO_GUEST ? VX_FITS_DROP : VX_FITS_NOT;
	s->end = p->end;
	s->ack = p->ack;
	f->state = VX_FLOW_REPLIED;
	return VX_FITS;
}

/* Anything else before a handshake is complete. 0: go on as with an established one. */
static __always_inline int vx_tcp_early(struct vx_flow *f, const struct vx_seen *p, struct vx_flow_side *s, struct vx_flow_side *r)
{
	bool opener = p->direction == f->opener;

	if (f->flags & VX_FLOW_PICKED) {
		if (opener)
			return 0;
		if (!vx_ack_near(p->ack, r->end) || !vx_seq_near(p->seq, s->end))
			return VX_FITS_NOT + 1;
		f->state = VX_FLOW_ESTABLISHED;
		return 0;
	}
	if (f->state == VX_FLOW_NEW) {
		/* It heard what we did not see. */
		if (p->direction == VX_FROM_GUEST) {
			vx_tcp_begin(f, p);
			return VX_FITS + 1;
		}
		/* The other end may have an old connection in mind, and says so without data. */
		return (opener || p->end != p->seq ? VX_FITS_DROP : VX_FITS_NOT) + 1;
	}
	if (opener && p->ack == r->end && vx_seq_near(p->seq, s->end)) {
		f->state = VX_FLOW_ESTABLISHED;
		/* Until now it was one of its own numbers: not to be compared with this. */
		s->ack = p->ack;
	}
	return 0;
}

static __always_inline enum vx_fit vx_tcp_ordinary(struct vx_flow *f, const struct vx_seen *p, struct vx_flow_side *s,
						   struct vx_flow_side *r)
{
	__u8 fins = VX_FLOW_FIN_TO_GUEST | VX_FLOW_FIN_FROM_GUEST;
	bool in_order;
	int early;

	if (!(p->tcp & VX_TCP_ACK))
		return VX_FITS_NOT;
	if (f->state < VX_FLOW_ESTABLISHED) {
		early = vx_tcp_early(f, p, s, r);
		if (early)
			return early - 1;
	}
	if (!vx_seq_near(p->seq, s->end) || !vx_ack_near(p->ack, r->end))
		return f->state < VX_FLOW_ESTABLISHED && !(f->flags & VX_FLOW_PICKED) ? VX_FITS_NOT : vx_tcp_astray(p, s, r);
	in_order = p->seq == s->end || p->end == s->end;
	vx_seq_advance(&s->end, p->end);
	vx_seq_advance(&s->ack, p->ack);
	if (p->tcp & VX_TCP_FIN && in_order)
		f->flags |= 1 << (p->direction & 1);
	if (f->state < VX_FLOW_ESTABLISHED)
		return VX_FITS;
	if ((f->flags & fins) == fins)
		f->state = VX_FLOW_CLOSED;
	else if (f->flags & fins)
		f->state = VX_FLOW_CLOSING;
	/* A guest that goes on did not believe the RST. */
	else if (f->state != VX_FLOW_CLOSED || p->direction == VX_FROM_GUEST)
		f->state = VX_FLOW_ESTABLISHED;
	return VX_FITS;
}

static __always_inline enum vx_fit vx_flow_tcp(struct vx_flow *f, const struct vx_seen *p, bool may_open)
{
	struct vx_flow_side *s = &f->side[p->direction & 1], *r = &f->side[!(p->direction & 1)];

	if (p->tcp & VX_TCP_RST)
		return vx_tcp_rst(f, p, s, r);
	if (p->tcp & VX_TCP_SYN && !(p->tcp & VX_TCP_ACK))
		return vx_tcp_syn(f, p, may_open);
	if (p->tcp & VX_TCP_SYN && f->state <= VX_FLOW_REPLIED && !(f->flags & VX_FLOW_PICKED) && p->direction != f->opener)
		return vx_tcp_syn_ack(f, p, s, r);
	return vx_tcp_ordinary(f, p, s, r);
}

static __always_inline __u32 vx_flow_timeout(const struct vx_flow *f)
{
	switch (f->key.proto) {
	case IPPROTO_TCP:
		if (f->state < VX_FLOW_ESTABLISHED)
			return VX_STATEFUL_TCP_SYN;
		return f->state == VX_FLOW_ESTABLISHED ? VX_STATEFUL_TCP : VX_STATEFUL_TCP_FIN;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return f->state == VX_FLOW_ESTABLISHED ? VX_STATEFUL_UDP_STREAM : VX_STATEFUL_UDP;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return VX_STATEFUL_ICMP;
	}
	return VX_STATEFUL_OTHER;
}

static __always_inline void vx_flow_prolong(struct vx_flow *f, const struct vx_timeouts *t, __u64 now)
{
	if (f->key.kind >> 1 == VX_FLOW_FRAGMENTS)
		f->expires = now + VX_FLOW_FRAGMENT_NS;
	else
		f->expires = now + t->ms[vx_flow_timeout(f)] * 1000000ull;
}

/* A frame of the flow, which is alive. */
static __always_inline enum vx_fit vx_flow_go_on(struct vx_flow *f, const struct vx_seen *p, bool may_open, const struct vx_timeouts *t,
						 __u64 now, __u32 packets)
{
	bool closed = f->state == VX_FLOW_CLOSED;
	enum vx_fit fit = VX_FITS;

	if (f->key.proto == IPPROTO_TCP && f->key.kind >> 1 == VX_FLOW_PLAIN)
		fit = vx_flow_tcp(f, p, may_open);
	else if (p->direction != f->opener && f->state == VX_FLOW_NEW)
		f->state = VX_FLOW_REPLIED;
	else if (p->direction == f->opener && f->state == VX_FLOW_REPLIED && vx_flow_timeout(f) != VX_STATEFUL_ICMP)
		f->state = VX_FLOW_ESTABLISHED;
	if (fit != VX_FITS)
		return fit;
	f->packets[p->direction & 1] += packets;
	if (!closed || f->state != VX_FLOW_CLOSED)
		vx_flow_prolong(f, t, now);
	return fit;
}

static __always_inline void vx_flow_begin(struct vx_flow *f, const struct vx_seen *p, const struct vx_timeouts *t, __u64 now, __u32 packets)
{
	f->key = p->key;
	f->packets[0] = f->packets[1] = 0;
	f->packets[p->direction & 1] = packets;
	f->opener = p->direction;
	f->flags = 0;
	f->state = VX_FLOW_NEW;
	if (f->key.proto == IPPROTO_TCP && f->key.kind >> 1 == VX_FLOW_PLAIN)
		vx_tcp_begin(f, p);
	vx_flow_prolong(f, t, now);
}

/*
 * No handshake tells that the other end of a stranger's flow is real: of UDP and the like, an answer of the guest to a made-up address makes
 * it established. Whoever is real opens it once more by the next frame.
 */
static __always_inline bool vx_flow_proven(const struct vx_flow *f)
{
	if (f->state < VX_FLOW_ESTABLISHED || f->state == VX_FLOW_CLOSED)
		return false;
	return f->opener == VX_FROM_GUEST || (f->key.proto == IPPROTO_TCP && f->key.kind >> 1 == VX_FLOW_PLAIN);
}

/* What is not proven makes room for a new flow, but nobody else's for one that a stranger opens. */
static __always_inline bool vx_flow_gives_way(const struct vx_flow *f, __u8 opener)
{
	return !vx_flow_proven(f) && (opener == VX_FROM_GUEST || f->opener == VX_TO_GUEST);
}

#endif
