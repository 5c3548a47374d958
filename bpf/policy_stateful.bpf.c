// SPDX-License-Identifier: GPL-2.0-only
/*
 * stateful: what enters a guest answers what the guest began, or is for a service that it offers. See <vhost_xdp/stateful.h>.
 *
 * The flows are kept here, not in the kernel's conntrack. What XDP may call there, since Linux 6.1, looks an entry up, inserts one and sets
 * its timeout and status: it follows no TCP, and knows UDP and TCP alone (net/netfilter/nf_conntrack_bpf.c). It uses the default zone of
 * the netdev's namespace, where ports with the same addresses on different VLANs would share entries, and one bound for all: a guest that
 * fills it closes it for the others and the host. It needs the module's BTF when the policy loads, and calls itself unstable.
 */
#include "flow_table.bpf.h"
#include <vhost_xdp/steer.h>

/* How each port is judged. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VX_PORTS_MAX);
	__type(key, __u32);
	__type(value, struct vx_stateful_port);
} stateful_ports SEC(".maps");

/* A frame on its way through the functions below. Each of those is verified once, by itself: together they are too much for a verifier. */
struct work {
	struct vx_seen seen;
	struct vx_timeouts timeouts;
	__u64 now;
	__u32 port, packets;
	__u32 mode, limit, limit_before;
	__u32 tag, bucket[4];	/* where its flow is; under the limit before, too */
	__u32 reason;		/* VX_REASON_NONE: may pass */
	__u8  flow;		/* enum vx_pkt_flow */
	bool  open;		/* it may begin a flow */
};

#define STAGE	__attribute__((noinline))

/* Whatever is right with its headers. */
STAGE int stateful_see(struct xdp_md *ctx, struct vx_seen *seen)
{
	struct vx_pkt *pkt = vx_frame(ctx);

	if (!pkt || !seen)
		return 0;
	vx_see(ctx, pkt, seen);
	return 0;
}

STAGE int stateful_rules(struct work *w)
{
	static const __u32 seconds[VX_STATEFUL_N_TIMEOUTS] = {
#define X(name, n, text, s) [n] = s,
		VX_STATEFUL_TIMEOUTS(X)
#undef X
	};
	struct vx_stateful_port *conf;
	__u32 i, port, ms;

	if (!w)
		return 0;
	port = w->port;
	conf = bpf_map_lookup_elem(&stateful_ports, &port);
	w->mode = VX_STATEFUL_GUEST;
	w->limit = VX_STATEFUL_LIMIT;
	w->limit_before = 0;
	if (conf) {
		w->mode = conf->mode < VX_STATEFUL_N_MODES ? conf->mode : VX_STATEFUL_NONE;
		w->limit = conf->limit ? conf->limit : VX_STATEFUL_LIMIT;
		w->limit_before = conf->limit_before;
	}
	for (i = 0; i < VX_STATEFUL_N_TIMEOUTS; i++) {
		ms = conf ? conf->timeout_ms[i] : 0;
		w->timeouts.ms[i] = ms ? ms : seconds[i] * 1000;
	}
	return 0;
}

/* Does the guest offer what this frame asks for? */
STAGE int stateful_service(const struct vx_seen *seen, __u32 port)
{
	struct vx_stateful_port *conf = bpf_map_lookup_elem(&stateful_ports, &port);
	__u8 proto;
	__u32 i;

	if (!conf || !seen)
		return 0;
	proto = seen->key.proto == IPPROTO_ICMPV6 ? IPPROTO_ICMP : seen->key.proto;
	for (i = 0; i < VX_STATEFUL_OPEN_MAX && i < conf->n_open; i++) {
		const struct vx_stateful_open *o = &conf->open[i];

		if (o->proto == proto && seen->dport >= o->first && seen->dport <= o->last)
			return 1;
	}
	return 0;
}

STAGE int stateful_where(struct work *w)
{
	const __u64 *v;
	__u32 buckets;
	__u64 h;

	if (!w)
		return 0;
	v = (const void *)&w->seen.key;
	h = vx_mix(vx_flow_seed(), w->port);
	h = vx_mix(vx_mix(vx_mix(vx_mix(vx_mix(h, v[0]), v[1]), v[2]), v[3]), v[4]);
	w->tag = h;
	h = vx_mix(h, 0);
	buckets = vx_buckets_of(w->limit);
	w->bucket[0] = vx_scale(h >> 32, buckets);
	w->bucket[1] = vx_scale(h, buckets);
	buckets = vx_buckets_of(w->limit_before);
	w->bucket[2] = vx_scale(h >> 32, buckets);
	w->bucket[3] = vx_scale(h, buckets);
	return 0;
}

/* What an error quotes went the other way; of TCP, it must have been sent lately. */
static __always_inline void judge_error(struct work *w, const struct vx_flow *f)
{
	w->flow = VX_PKT_FLOW_RELATED;
	w->reason = VX_REASON_NONE;
	if (f->key.proto != IPPROTO_TCP || vx_ack_near(w->seen.seq, f->side[!(w->seen.direction & 1)].end))
		return;
	w->flow = VX_PKT_FLOW_INVALID;
	w->reason = VX_REASON_NO_FLOW;
}

static __always_inline void judge_frame(struct work *w, struct vx_flow *f)
{
	enum vx_fit fit = vx_flow_go_on(f, &w->seen, w->open, &w->timeouts, w->now, w->packets);

	w->reason = fit == VX_FITS_DROP ? VX_REASON_NO_FLOW : VX_REASON_NONE;
	w->flow = f->state == VX_FLOW_NEW ? VX_PKT_FLOW_NEW : VX_PKT_FLOW_ESTABLISHED;
	if (fit != VX_FITS)
		w->flow = VX_PKT_FLOW_INVALID;
}

/* 0: its flow is not in that bucket. */
STAGE int stateful_go_on(struct work *w, __u32 bucket)
{
	struct vx_flow_bucket *b;
	__u32 way;

	if (!w)
		return 0;
	b = vx_bucket(w->port, bucket);
	if (!b)
		return 0;
	bpf_spin_lock(&b->lock);
	way = vx_bucket_find(b, w->tag, &w->seen.key, w->now);
	if (way < VX_FLOW_WAYS) {
		if (w->seen.kind == VX_SEEN_ERROR) {
			judge_error(w, &b->flow[way]);
		} else if (w->seen.kind == VX_SEEN_LATER) {
			w->flow = VX_PKT_FLOW_RELATED;
			w->reason = VX_REASON_NONE;
		} else {
			judge_frame(w, &b->flow[way]);
		}
	}
	bpf_spin_unlock(&b->lock);
	return way < VX_FLOW_WAYS;
}

/* 0: there is no room in that bucket. */
STAGE int stateful_begin(struct work *w, __u32 bucket, __u32 evict)
{
	struct vx_flow_bucket *b;
	__u32 way, room;

	if (!w)
		return 0;
	b = vx_bucket_make(w->port, bucket);
	if (!b)
		return 0;
	bpf_spin_lock(&b->lock);
	/* Another CPU may have begun it meanwhile: this is one of the first frames of both, and may stand for the first. */
	way = vx_bucket_find(b, w->tag, &w->seen.key, w->now);
	room = way < VX_FLOW_WAYS ? way : vx_bucket_room(b, w->seen.direction, evict, w->now);
	if (room < VX_FLOW_WAYS) {
		b->tag[room] = w->tag;
		vx_flow_begin(&b->flow[room], &w->seen, &w->timeouts, w->now, w->packets);
	}
	bpf_spin_unlock(&b->lock);
	return room < VX_FLOW_WAYS;
}

STAGE int stateful_used(struct work *w, __u32 bucket)
{
	struct vx_flow_bucket *b;
	__u32 n;

	if (!w)
		return 0;
	b = vx_bucket(w->port, bucket);
	if (!b)
		return 0;
	bpf_spin_lock(&b->lock);
	n = vx_bucket_used(b, w->now);
	bpf_spin_unlock(&b->lock);
	return n;
}

static __always_inline bool go_on(struct work *w)
{
	if (stateful_go_on(w, w->bucket[0]) || stateful_go_on(w, w->bucket[1]))
		return true;
	return w->limit_before && (stateful_go_on(w, w->bucket[2]) || stateful_go_on(w, w->bucket[3]));
}

/* In the emptier of its two buckets, so that they fill evenly; where both are full, in the place of one that gives way. */
static __always_inline bool begin(struct work *w)
{
	__u32 first = w->bucket[0], second = w->bucket[1];

	if (stateful_used(w, first) > stateful_used(w, second)) {
		first = w->bucket[1];
		second = w->bucket[0];
	}
	return stateful_begin(w, first, 0) || stateful_begin(w, second, 0) || stateful_begin(w, first, 1) || stateful_begin(w, second, 1);
}

/* May this side send what belongs to no flow? */
static __always_inline bool is_opener(const struct work *w)
{
	if (w->mode == VX_STATEFUL_BOTH || w->mode == VX_STATEFUL_TRACK)
		return true;
	return w->mode == VX_STATEFUL_GUEST && w->seen.direction == VX_FROM_GUEST;
}

static __always_inline bool may_open(struct work *w)
{
	if (is_opener(w))
		return w->seen.opens || w->seen.resumes;
	return w->seen.opens && w->seen.direction == VX_TO_GUEST && stateful_service(&w->seen, w->port);
}

static __always_inline void judge_unknown(struct work *w)
{
	w->flow = VX_PKT_FLOW_INVALID;
	w->reason = VX_REASON_NO_FLOW;
	if (w->seen.kind == VX_SEEN_FLOW && w->open) {
		w->reason = begin(w) ? VX_REASON_NONE : VX_REASON_FLOW_LIMIT;
		w->flow = w->reason ? VX_PKT_FLOW_NONE : VX_PKT_FLOW_NEW;
		return;
	}
	/* Who may open flows may send what has none, too: later fragments, errors, a RST for what is forgotten. */
	if (is_opener(w) && (w->seen.kind != VX_SEEN_FLOW || w->seen.direction == VX_FROM_GUEST))
		w->reason = VX_REASON_NONE;
}

/* Later fragments between the addresses of this one may pass. */
static __always_inline void note_fragments(struct work *w)
{
	__u8 flow = w->flow;

	w->seen.key.kind = (w->seen.key.kind & 1) | VX_FLOW_FRAGMENTS << 1;
	w->seen.key.guest_port = w->seen.key.peer_port = 0;
	stateful_where(w);
	if (!go_on(w))
		begin(w);
	w->reason = VX_REASON_NONE;
	w->flow = flow;
}

static __always_inline void judge(struct work *w)
{
	if (w->seen.kind == VX_SEEN_FREE) {
		w->flow = VX_PKT_FLOW_FREE;
		return;
	}
	if (w->seen.kind == VX_SEEN_NOTHING) {
		w->flow = VX_PKT_FLOW_INVALID;
		w->reason = is_opener(w) ? VX_REASON_NONE : VX_REASON_NO_FLOW;
		return;
	}
	w->now = bpf_ktime_get_ns();
	stateful_where(w);
	w->open = may_open(w);
	if (!go_on(w))
		judge_unknown(w);
	if (w->seen.first && w->seen.kind == VX_SEEN_FLOW && !w->reason)
		note_fragments(w);
}

SEC("xdp.frags")
int stateful(struct xdp_md *ctx)
{
	struct vx_pkt *pkt = vx_frame(ctx);
	struct work w = {};

	if (!pkt)
		return vx_drop(ctx, VX_REASON_DENIED);
	w.port = pkt->port;
	w.packets = pkt->segs ? pkt->segs : 1;
	stateful_rules(&w);
	if (pkt->flags & VX_PKT_MALFORMED) {
		w.flow = VX_PKT_FLOW_INVALID;
		w.reason = VX_REASON_MALFORMED;
	} else {
		stateful_see(ctx, &w.seen);
		judge(&w);
	}
	pkt->flow = w.flow;
	if (w.reason && w.mode != VX_STATEFUL_TRACK)
		return vx_drop(ctx, w.reason);
	return vx_pass(ctx);
}

char _license[] SEC("license") = "GPL";
