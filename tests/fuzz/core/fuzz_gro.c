// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rx pump with offloads between an honest kernel and a guest that posts any buffers: whatever was merged, segmented again it is
 * what arrived, flow by flow in its order, and no header promises what is not so.
 */
#include <stdio.h>
#include "fake_xsk.h"
#include "flow.h"
#include "guest_driver.h"
#include "input.h"
#include "packet.h"
#include "pump.h"

#define BIT(n)		(1ULL << (n))
#define NOT_HERE	(BIT(VIRTIO_F_RING_PACKED) | BIT(VIRTIO_RING_F_EVENT_IDX) | BIT(VIRTIO_NET_F_MRG_RXBUF))
#define FLOWS		6u
#define RING		64u

static struct vx_vring vq;
static struct vx_rx rx;
static struct vx_queue_stats st;
static struct flow_wire wire;
static struct flow_frame flow[FLOWS];
static struct gd_sg posted[RING][4];
static u32 nposted;
static u64 next_gpa;

static void post(struct input *in, struct gd *gd)
{
	u32 count = 1 + in_u8(in) % 8, n = 1 + in_u8(in) % 4, k, kind = in_u8(in);

	while (count--) {
		struct gd_sg *sg = posted[nposted % RING];

		memset(sg, 0, sizeof(posted[0]));
		for (k = 0; k < n; k++) {
			sg[k].len = 1 + (kind & 1 ? in_u8(in) : in_u16(in) % (kind & 2 ? 30000 : 2500));
			if (next_gpa + sg[k].len > GD_DATA_GPA + 2 * GD_DATA_HALF)
				next_gpa = GD_DATA_GPA;
			sg[k].gpa = next_gpa;
			next_gpa += sg[k].len;
		}
		if (gd_add(gd, sg, 0, n, GD_DIRECT, nposted % RING))
			break;
		nposted++;
	}
	gd_publish(gd);
}

/* The frames of a burst differ from what a sender would send in a few fields, and in some bytes behind the ports. */
static void arrive(struct input *in, struct fx *fx)
{
	u32 at = in_u8(in) % FLOWS, n = 1 + in_u8(in) % 20;
	struct flow_frame *f = &flow[at];
	u8 what = in_u8(in), flags = f->flags;

	if (what & 1)
		f->payload = in_u16(in) % 1500;
	while (n-- && wire.n < FLOW_WIRE_MAX) {
		u8 how = what & 2 ? in_u8(in) : 0;

		f->flags = how & 1 ? in_u8(in) : flags;
		f->pad = how & 2 ? in_u8(in) % 8 : 0;
		f->id += how & 4 ? in_u8(in) : 0;
		f->seq += how & 8 ? in_u8(in) : 0;
		f->tos = how & 16 ? in_u8(in) : f->tos;
		f->opt_len = how & 32 ? in_u8(in) % 11 * 4 : f->opt_len;
		flow_make(f);
		if (how & 64) {
			u32 off = f->l4 + 4 + in_u16(in) % (f->len - f->l4 - 4);

			/* A checksum of 0 and one of 0xffff both may be right, but do not come back from segmentation. */
			if (off - f->l4 != 16 && off - f->l4 != 17)
				f->data[off] ^= in_u8(in);
		}
		if (!fx_receive(fx, f->data, f->len))
			break;
		flow_sent(&wire, f->data, f->len, at);
		flow_next(f);
		if (what & 4)	/* does not count ids */
			f->id--;
	}
}

static u32 take_buffer(struct gd *gd, u8 *bytes)
{
	u64 token;
	u32 k, len, at = 0;

	if (!gd_get_used(gd, &token, &len))
		return 0;
	for (k = 0; at < len; k++) {
		u32 n = vx_min(len - at, posted[token][k].len);

		gd_read(gd, posted[token][k].gpa, bytes + at, n);
		at += n;
	}
	return len;
}

static bool take(struct gd *gd)
{
	static u8 bytes[200000];
	u32 at = take_buffer(gd, bytes), i, n, frames;
	const char *bad;

	if (!at)
		return false;
	for (i = 1; at < FLOW_HDR; i++)
		at += take_buffer(gd, bytes + at);
	n = bytes[10] | bytes[11] << 8;
	for (; i < n; i++)
		at += take_buffer(gd, bytes + at);
	bad = i == n ? flow_got(&wire, bytes, at, &frames) : "num_buffers";
	if (bad) {
		fprintf(stderr, "%s\n", bad);
		__builtin_trap();
	}
	return true;
}

static void pump(struct fx *fx, struct gd *gd)
{
	u32 lost = st.drops[VX_REASON_NO_GUEST_BUFFER], i;
	struct vx_pump_result r = vx_rx_pump(&rx);

	if (r.status == VX_PUMP_BROKEN || r.frames > VX_BUDGET_FRAMES || fx_check(fx) || vq.nfetched)
		__builtin_trap();
	lost = st.drops[VX_REASON_NO_GUEST_BUFFER] - lost;
	wire.dropped = lost;
	while (take(gd))
		;
	/* The judge cannot know which frames were dropped, so it starts anew behind them. */
	if (lost) {
		do {
			i = vx_rx_discard(&vx_xsk_source, &fx->x, &st, VX_REASON_QUEUE_STOPPED);
			lost += i;
		} while (i);
		if (lost != wire.left)
			__builtin_trap();
		flow_forget(&wire);
	}
	vx_xsk_refill(&fx->x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	u8 kind = in_u8(&in);
	u64 features = (VX_CORE_FEATURES & ~NOT_HERE) | (kind & 2 ? BIT(VIRTIO_NET_F_MRG_RXBUF) : 0);
	struct gd *gd = gd_new(kind & 1, RING, features, kind & 1 ? 0x8000 : kind);
	struct fx *fx = fx_new(256, 2048, 128, 0xfffffff0);
	u32 i;

	memset(&vq, 0, sizeof(vq));
	memset(&st, 0, sizeof(st));
	pkt_seed(kind);
	nposted = 0;
	next_gpa = GD_DATA_GPA;
	for (i = 0; i < FLOWS; i++) {
		flow_begin(&flow[i], i % 3 ? FLOW_TCP : FLOW_UDP, i & 1, i);
		flow[i].tags = kind >> 2 & 3;
	}
	if (gd_start(gd, &vq))
		__builtin_trap();
	vx_rx_init(&rx, &vq, &vx_xsk_source, &fx->x, &st, gd->features);
	vx_xsk_refill(&fx->x);
	while (in_left(&in)) {
		switch (in_u8(&in) % 8) {
		case 0:
		case 1:
			post(&in, gd);
			break;
		case 2:
		case 3:
		case 4:
			arrive(&in, fx);
			break;
		case 5:
		case 6:
			pump(fx, gd);
			break;
		case 7:
			i = in_u8(&in);
			vx_rx_set_offloads(&rx, i & 1 ? ~0ULL : (u64)i);
			break;
		}
	}
	pump(fx, gd);
	while ((i = vx_rx_discard(&vx_xsk_source, &fx->x, &st, VX_REASON_QUEUE_STOPPED)))
		wire.left -= i;
	if (wire.left)
		__builtin_trap();
	flow_forget(&wire);
	fx_free(fx);
	gd_free(gd);
	vx_env_reset();
	return 0;
}
