/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where frames from a guest go: private pages, judged by the port's XDP program on behalf of its host end.
 *
 *	XDP_REDIRECT	leaves as an xdp_frame, the page with it
 *	XDP_PASS	becomes an skb, received by the host end
 *	XDP_DROP	counted by the program; XDP_TX would return the frame to the guest on a veth: bad_verdict
 *
 * Locking: the from-guest vring and a data fd may use a sink at the same time. Process context. What they send runs under
 * rcu_read_lock() and uses host and rxq only while it sees a program, so that vx_sink_detach() needs no lock of theirs, which may be
 * held for as long as a guest's memory takes to answer.
 */
#ifndef VX_SINK_H
#define VX_SINK_H

#include <linux/bpf.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <net/xdp.h>
#include "frame.h"

#define VX_SINK_CACHE	256u	/* empty pages kept */
#define VX_SINK_LENT	512u	/* pages passed on that we wait for */
/* The longest frame that one page carries. */
#define VX_SINK_ROOM_MAX	((u32)(PAGE_SIZE - XDP_PACKET_HEADROOM - SKB_DATA_ALIGN(sizeof(struct skb_shared_info))))

struct vx_pair;
struct bpf_prog;
struct net_device;

struct vx_sink {
	struct vx_pair *pair;
	struct bpf_prog __rcu *prog;	/* NULL while not attached: frames are dropped */
	struct net_device *host;	/* of rxq; NULL while not attached */
	u32 room;			/* bytes of a frame */
	struct xdp_rxq_info rxq;

	spinlock_t lock;		/* everything below */
	u64 given;			/* frames passed on */
	u64 taken;			/* pages taken from the kernel */
	u64 freed;			/* pages that we have no reference on any more */
	s64 counted;			/* the difference of both, as in VX_COUNT_TX_PAGES */
	u32 ncache;			/* 0 while not attached, as is .nlent */
	u32 lent_at, nlent;		/* a ring, oldest first */
	struct page *cache[VX_SINK_CACHE];
	struct page *lent[VX_SINK_LENT];
};

/* The struct vx_sink is the ctx. capacity is bounded by what one turn may hold. alloc falls short only when memory does. */
extern const struct vx_sink_ops vx_page_sink;

void vx_sink_init(struct vx_sink *s, struct vx_pair *pair, u32 mtu);

/* The rest: one caller at a time, as port->lock gives. */

/* The host end is there: register as one of its queues. The caller holds host and prog until after vx_sink_detach(). */
int vx_sink_attach(struct vx_sink *s, struct net_device *host, struct bpf_prog *prog);
/* Of an attached sink, between two frames; the caller keeps the old one until synchronize_net(). NULL: every frame is dropped. */
void vx_sink_set_prog(struct vx_sink *s, struct bpf_prog *prog);
/*
 * Let go of the host end and of all pages at rest. Waits for what is being sent, unless the caller did so for many sinks at once:
 * vx_sink_set_prog(s, NULL) for each, synchronize_net(), and then this.
 */
void vx_sink_detach(struct vx_sink *s);

/* The host end's name into name[IFNAMSIZ]; false while there is none. */
bool vx_sink_host_name(const struct vx_sink *s, char *name);

/* Frames, and so pages, that the program passed on. */
static inline u64 vx_sink_given(const struct vx_sink *s)
{
	return READ_ONCE(s->given);
}

/* An XDP program from an fd, of a kind that the sink can run, or ERR_PTR with one line in error. Put with bpf_prog_put(). */
struct bpf_prog *vx_prog_get(int fd, char *error);

#endif
