// SPDX-License-Identifier: GPL-2.0-only
/*
 * ratelimit: packets and bytes a second, with a burst, per port and direction.
 *
 * A port's frames may be judged on several CPUs at once. All of them charge one
 * pair of buckets under its lock, so that the limits are exact for any number
 * of CPUs. Measured: 36 ns a frame, 41 with two CPUs that do nothing else.
 * Batches of tokens that each CPU borrows took 10, but are off by a batch for
 * every CPU: small limits, the usual ones, would be missed.
 */
#include <linux/in.h>
#include <vhost_xdp/policy.h>
#include <vhost_xdp/ratelimit.h>
#include <vhost_xdp/steer.h>

#define FAST_NS		(1ull << 25)	/* times the highest rate it fits into 62 bits */
#define TOKENS_MAX	(1ull << 62)	/* more than any burst is worth */

/* What each port and direction may have. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, VX_PORTS_MAX * VX_DIRECTIONS);
	__type(key, struct vx_ratelimit_key);
	__type(value, struct vx_ratelimit);
} ratelimit_ports SEC(".maps");

struct buckets {
	struct bpf_spin_lock lock;
	__u32 reserved;
	__u64 filled;		/* when, by bpf_ktime_get_ns(); 0: never yet, so that both are full */
	__s64 packets;		/* left, times VX_RATELIMIT_TOKEN; in debt below 0 */
	__s64 bytes;
};

/* What each has left. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, VX_PORTS_MAX * VX_DIRECTIONS);
	__type(key, __u32);
	__type(value, struct buckets);
} ratelimit_buckets SEC(".maps");

static __always_inline __u64 at_most(__u64 v, __u64 max)
{
	return v < max ? v : max;
}

static __always_inline __s64 full(__u64 burst)
{
	return at_most(burst ? burst : 1, VX_RATELIMIT_BURST_MAX) * VX_RATELIMIT_TOKEN;
}

/* What was left, and what came since; not more than full. */
static __always_inline __s64 refill(__s64 left, __u64 rate, __u64 elapsed, __s64 most)
{
	rate = at_most(rate, VX_RATELIMIT_RATE_MAX);
	if (elapsed > FAST_NS && (!rate || elapsed >= TOKENS_MAX / rate))
		return most;
	left += rate * elapsed;
	return left < most ? left : most;
}

static __always_inline int enough(__s64 left, __s64 cost, __s64 most)
{
	return left >= (cost < most ? cost : most);
}

/* The CPUs' clocks may differ a little: one that is behind brings no tokens, and does not turn the clock back. */
static __always_inline int charge(struct buckets *b, const struct vx_ratelimit *conf, __u64 now, __s64 packets, __s64 bytes)
{
	__s64 most_packets = full(conf->burst_packets), most_bytes = full(conf->burst_bytes), elapsed;
	int reason = VX_REASON_NONE;

	bpf_spin_lock(&b->lock);
	elapsed = now - b->filled;
	if (!b->filled) {
		b->packets = most_packets;
		b->bytes = most_bytes;
		b->filled = now;
	} else if (elapsed > 0) {
		b->packets = refill(b->packets, conf->pps, elapsed, most_packets);
		b->bytes = refill(b->bytes, conf->bytes_ps, elapsed, most_bytes);
		b->filled = now;
	}
	if (conf->pps && !enough(b->packets, packets, most_packets)) {
		reason = VX_REASON_RATE_PPS;
	} else if (conf->bytes_ps && !enough(b->bytes, bytes, most_bytes)) {
		reason = VX_REASON_RATE_BPS;
	} else {
		b->packets -= conf->pps ? packets : 0;
		b->bytes -= conf->bytes_ps ? bytes : 0;
	}
	bpf_spin_unlock(&b->lock);
	return reason;
}

/* On the wire each segment of a super-frame has its own headers. */
static __always_inline __u32 real_bytes(struct xdp_md *ctx, const struct vx_pkt *pkt)
{
	__u32 head = pkt->l4_off + 8;
	__u8 offset;

	if (pkt->segs <= 1)
		return pkt->len;
	if (pkt->ip_proto == IPPROTO_TCP && !bpf_xdp_load_bytes(ctx, pkt->l4_off + 12, &offset, 1))
		head = pkt->l4_off + (offset >> 4) * 4;
	return pkt->len + (pkt->segs - 1) * head;
}

SEC("xdp.frags")
int ratelimit(struct xdp_md *ctx)
{
	struct vx_pkt *pkt = vx_frame(ctx);
	struct vx_ratelimit_key key = {};
	struct vx_ratelimit *found, conf;
	__u32 slot, packets;
	struct buckets *b;
	int reason;

	if (!pkt)
		return vx_drop(ctx, VX_REASON_DENIED);
	key.port = pkt->port;
	key.direction = pkt->direction;
	found = bpf_map_lookup_elem(&ratelimit_ports, &key);
	if (!found)
		return vx_pass(ctx);
	/* Once: the operator may replace it meanwhile. */
	__builtin_memcpy(&conf, found, sizeof(conf));
	barrier();
	slot = pkt->port * VX_DIRECTIONS + pkt->direction;
	b = bpf_map_lookup_elem(&ratelimit_buckets, &slot);
	if (!b)
		return vx_drop(ctx, VX_REASON_DENIED);
	packets = pkt->segs ? pkt->segs : 1;
	reason = charge(b, &conf, bpf_ktime_get_ns(), packets * VX_RATELIMIT_TOKEN, real_bytes(ctx, pkt) * VX_RATELIMIT_TOKEN);
	if (reason)
		return vx_drop(ctx, reason);
	return vx_pass(ctx);
}

char _license[] SEC("license") = "GPL";
