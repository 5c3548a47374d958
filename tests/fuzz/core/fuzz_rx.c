// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rx pump between a kernel side that may lie and a guest that posts any buffers: no access outside, no frame
 * unaccounted for, no chain kept, bounded work; without lies, what the guest gets adds up. With an IOTLB, too.
 */
#include "fake_xsk.h"
#include "flow.h"
#include "guest_driver.h"
#include "input.h"
#include "packet.h"
#include "pump.h"

#define EVENT_IDX	(1ULL << VIRTIO_RING_F_EVENT_IDX)
#define MERGE		(1ULL << VIRTIO_NET_F_MRG_RXBUF)

static struct vx_vring vq;
static struct vx_rx rx;
static struct vx_queue_stats st;

static void add_buffers(struct input *in, struct gd *gd)
{
	u32 count = 1 + in_u8(in) % 16, n = 1 + in_u8(in) % 4, i, nout = in_u8(in) > 240;
	u8 shape = in_u8(in) % 3;
	struct gd_sg sg[4];

	for (i = 0; i < n; i++) {
		sg[i].gpa = GD_DATA_SPLIT - 2000 + in_u16(in) % 4000;
		sg[i].len = in_u8(in) & 1 ? in_u8(in) : in_u16(in) % 4096;
	}
	while (count--)
		gd_add(gd, sg, nout, n - nout, shape, 0);
	gd_publish(gd);
}

/* A burst of a flow, with a few bytes of it changed. */
static u32 add_burst(struct input *in, struct fx *fx)
{
	static struct flow_frame f;
	u8 what = in_u8(in);
	u32 n = 1 + in_u8(in) % 16, arrived = 0, changes;

	flow_begin(&f, what & 1 ? FLOW_TCP : FLOW_UDP, what & 2, what >> 6);
	f.tags = what >> 2 & 3;
	f.payload = in_u16(in) % 1500;
	f.flags = in_u8(in);
	f.pad = what & 16 ? in_u8(in) % 8 : 0;
	while (n--) {
		flow_make(&f);
		for (changes = what & 32 ? in_u8(in) % 4 : 0; changes; changes--) {
			u32 at = in_u8(in) % f.len;

			f.data[at] = in_u8(in);
		}
		arrived += fx_receive(fx, f.data, f.len);
		flow_next(&f);
	}
	return arrived;
}

static bool add_piece(struct fx *fx, const u8 *data, u32 len, bool more)
{
	struct vx_xsk_ring *r = &fx->x.rx;
	u64 addr;

	if (*r->producer - vx_load_acquire(r->consumer) == r->size || !fx_take_fill(fx, &addr))
		return false;
	memcpy(fx->area + addr + FX_HEADROOM, data, len);
	fx_receive_desc(fx, addr + FX_HEADROOM, len, more ? FX_CONTD : 0);
	return true;
}

/* A frame in pieces, as a neighbour's super-frame comes: headers first, sound or spoilt; its end may be missing. */
static void add_pieces(struct input *in, struct fx *fx)
{
	static struct flow_frame f;
	u8 what = in_u8(in), changes;
	u32 off = 0, n, csum;

	flow_begin(&f, what & 1 ? FLOW_TCP : FLOW_UDP, what & 2, what >> 6);
	f.tags = what >> 2 & 1;
	f.payload = 1 + in_u16(in) % 3900;
	f.flags = in_u8(in);
	flow_make(&f);
	csum = f.l4 + (what & 1 ? 16 : 6);
	f.data[csum] = in_u8(in) % 16;
	f.data[csum + 1] = in_u8(in);
	for (changes = what & 32 ? in_u8(in) % 4 : 0; changes; changes--) {
		u32 at = in_u8(in) % f.len;

		f.data[at] = in_u8(in);
	}
	for (; off < f.len; off += n) {
		n = vx_min(1 + in_u16(in) % (2048 - FX_HEADROOM), f.len - off);
		if (!add_piece(fx, f.data + off, n, off + n < f.len || what & 16))
			return;
	}
}

static void check(struct fx *fx)
{
	if (vx_umem_audit(&fx->um) || fx->um.count[VX_OWNER_RX] != fx->x.nheld || vq.nfetched)
		__builtin_trap();
}

/* Each packet that was counted is in the used ring, with all its bytes and its header; what was merged has fewer headers. */
static void pump(struct fx *fx, struct gd *gd, u64 *got)
{
	u64 bytes = st.bytes, packets = st.packets, supers = st.supers, token, want;
	struct vx_pump_result r = vx_rx_pump(&rx);
	u32 len;

	if (r.frames > VX_BUDGET_FRAMES + VX_BATCH || (r.status == VX_PUMP_BROKEN) != vq.broken)
		__builtin_trap();
	if (vx_vring_missed(&vq) && (r.status != VX_PUMP_BLOCKED || !gd->tlb))
		__builtin_trap();
	*got = 0;
	while (gd_get_used(gd, &token, &len))
		*got += len;
	want = st.bytes - bytes + (st.packets - packets) * rx.hdr_len;
	if (!vq.broken && (supers == st.supers ? *got != want : *got >= want))
		__builtin_trap();
	check(fx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	u8 kind = in_u8(&in);
	u64 features = (VX_CORE_FEATURES & ~(EVENT_IDX | MERGE | 1ULL << VIRTIO_F_RING_PACKED)) | (kind & 2 ? EVENT_IDX : 0) |
		       (kind & 4 ? MERGE : 0);
	struct gd *gd = gd_new(kind & 1, 64, features, kind & 1 ? 0x8000 : kind);
	struct fx *fx = fx_new(128, 2048, 64, 0xfffffff0);
	u64 arrived = 0, got;
	bool honest = true, single = true;
	u8 frame[1700], op;
	u32 n;

	memset(&vq, 0, sizeof(vq));
	memset(&st, 0, sizeof(st));
	memset(frame, kind, sizeof(frame));
	if (kind & 8)
		gd_iotlb(gd, 16);
	if (gd_start(gd, &vq))
		__builtin_trap();
	vx_rx_init(&rx, &vq, &vx_xsk_source, &fx->x, &st, gd->features);
	vx_xsk_refill(&fx->x);
	fx->x.sg = kind & 16;
	while (in_left(&in)) {
		op = in_u8(&in);
		switch (op % 8) {
		case 0:
		case 1:
			add_buffers(&in, gd);
			break;
		case 2:
			if (honest && op & 8) {
				add_pieces(&in, fx);
				single = false;
			} else if (honest) {
				arrived += add_burst(&in, fx);
			}
			break;
		case 3:
			n = in_u16(&in) % sizeof(frame);
			for (u32 i = 1 + in_u8(&in) % 16; i; i--)
				arrived += honest && fx_receive(fx, frame, n);
			break;
		case 4:
		case 5:
			pump(fx, gd, &got);
			vx_xsk_refill(&fx->x);
			break;
		case 6:
			in_kernel(&in, fx);
			honest = false;
			break;
		case 7:
			if (gd->tlb && op & 8)
				in_vmm(&in, gd, &vq);
			else if (op & 16)
				vx_rx_set_offloads(&rx, in_u8(&in) & 1 ? ~0ULL : 1ULL << VIRTIO_NET_F_GUEST_CSUM);
			else
				vx_env_fail_access(in_u8(&in));
			break;
		}
	}
	pump(fx, gd, &got);
	do {
		n = vx_rx_discard(&vx_xsk_source, &fx->x, &st, VX_REASON_QUEUE_STOPPED);
		check(fx);
	} while (n);
	/* Useless chains count under BAD_DESC too, beside the frames. A super-frame counts as what it stands for. */
	if (honest && single && arrived != st.packets + fx_drops(&st) - st.drops[VX_REASON_BAD_DESC])
		__builtin_trap();
	vx_env_fail_access(0);
	fx_free(fx);
	gd_free(gd);
	vx_env_reset();
	return 0;
}
