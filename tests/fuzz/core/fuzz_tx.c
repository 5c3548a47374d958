// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tx pump between a guest that posts anything and a kernel side that may lie: no access outside, no frame
 * unaccounted for, no chain kept, bounded work. With an IOTLB, too, and with buffers that come without a vring.
 */
#include "fake_xsk.h"
#include "guest_driver.h"
#include "input.h"
#include "packet.h"
#include "pump.h"

#define EVENT_IDX	(1ULL << VIRTIO_RING_F_EVENT_IDX)

#define ONE_UADDR	0x0123000000000000ull	/* where buffers without a vring lie */

static struct vx_vring vq;
static struct vx_tx tx;
static struct vx_queue_stats st;
static struct vx_sink_ops sink;

/* A well-formed super-frame or a checksummed frame, before bytes of it are changed. */
static void add_tcp(struct input *in, struct gd *gd)
{
	static u8 bytes[12 + PKT_MAX];
	static struct pkt p;
	u8 kind = in_u8(in), tags = kind >> 1 & 3;
	bool udp = tags == 3;
	struct gd_sg sg[3];
	u32 a, b, len;

	p = (struct pkt) { .ip6 = kind & 1, .tags = udp ? 0 : tags, .tcp_opts = kind >> 3 & 3 ? 12 : 0, .proto = udp ? 17 : 6,
			   .ext = { kind & 32 ? 60 : 0 }, .ext_len = 8, .flags = in_u8(in), .payload = in_u16(in) };
	pkt_make(&p);
	len = 12 + p.len;
	pkt_vnet(bytes, 1, kind & 64 ? 0 : udp ? 5 : kind & 1 ? 4 : 1, in_u16(in), p.l4, pkt_csum_offset(&p));
	memcpy(bytes + 12, p.data, p.len);
	if (kind & 128)
		bytes[in_u8(in) % len] ^= in_u8(in);
	gd_write(gd, GD_DATA_GPA + 64, bytes, len);
	a = 1 + in_u8(in) % (len - 1);
	b = a + in_u16(in) % (len - a);
	sg[0] = (struct gd_sg) { GD_DATA_GPA + 64, a };
	sg[1] = (struct gd_sg) { GD_DATA_GPA + 64 + a, b - a };
	sg[2] = (struct gd_sg) { GD_DATA_GPA + 64 + b, len - b };
	gd_add(gd, sg, 3, 0, in_u8(in) % 3, 0);
}

static void add_raw(struct input *in, struct gd *gd)
{
	struct gd_sg sg[8];
	u32 i, n = 1 + in_u8(in) % 8, nin = in_u8(in) > 250;

	for (i = 0; i < n; i++) {
		sg[i].gpa = GD_DATA_SPLIT - 300 + in_u16(in) % 600;
		sg[i].len = in_u8(in) & 1 ? in_u8(in) : in_u16(in);
	}
	in_fill(in, gd, GD_DATA_SPLIT - 300, 600);
	gd_add(gd, sg, n - nin, nin, in_u8(in) % 3, 0);
}

/* No frame is too short or too long, whatever is in it (fuzz_super.c looks inside). */
static u32 checked_send(void *ctx, struct vx_frame *f, u32 n, struct vx_queue_stats *stats)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (f[i].len < 14 || f[i].len > tx.frame_max || f[i].len > f[i].room)
			__builtin_trap();
	return vx_xsk_sink.send(ctx, f, n, stats);
}

static void check(struct fx *fx)
{
	if (vx_umem_audit(&fx->um) || fx->um.count[VX_OWNER_HELD] || vq.nfetched || tx.nframe || tx.nready)
		__builtin_trap();
}

static u64 counted(void)
{
	return st.packets + fx_drops(&st);
}

/* Each chain that came back was sent as one frame at least, or dropped once. */
static void pump(struct fx *fx, struct gd *gd)
{
	u64 before = counted(), done = 0, token;
	struct vx_pump_result r = vx_tx_pump(&tx);
	u32 len;

	if (r.frames > VX_BUDGET_FRAMES + VX_GSO_SEGS_MAX || (r.status == VX_PUMP_BROKEN) != vq.broken)
		__builtin_trap();
	if (vx_vring_missed(&vq) && (r.status != VX_PUMP_BLOCKED || !gd->tlb))
		__builtin_trap();
	while (gd_get_used(gd, &token, &len)) {
		if (len)
			__builtin_trap();
		done++;
	}
	if (done > counted() - before || r.frames != counted() - before)
		__builtin_trap();
	check(fx);
}

/* Bytes of the input, as a writer of a tap might give them, cut anywhere. */
static void send_one(struct input *in, struct fx *fx)
{
	u64 before = counted(), room = 4096, mem = vx_env_guest_map(ONE_UADDR, room);
	u32 i, n = 1 + in_u8(in) % 4, len = in_u8(in);
	struct vx_iov iov[4];
	enum vx_reason why;

	for (i = 0; i < len; i++)
		*(u8 *)vx_env_guest_ptr(mem + i, 1) = in_u8(in);
	for (i = 0; i < n; i++) {
		iov[i].uaddr = mem + in_u8(in);
		iov[i].len = in_u8(in) & 1 ? in_u8(in) : in_u16(in) % (room - 255);
	}
	why = vx_tx_one(&tx, iov, n);
	if (counted() == before || (why && !st.drops[why]) || why >= VX_REASON_MAX)
		__builtin_trap();
	check(fx);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	u8 kind = in_u8(&in);
	u64 features = (VX_CORE_FEATURES & ~(EVENT_IDX | 1ULL << VIRTIO_F_RING_PACKED)) | (kind & 2 ? EVENT_IDX : 0);
	struct gd *gd = gd_new(kind & 1, 32, features, kind & 1 ? 0x8000 : kind);
	struct fx *fx = fx_new(128, 2048, 64, 0xfffffff0);
	u8 op;

	sink = vx_xsk_sink;
	memset(&vq, 0, sizeof(vq));
	memset(&st, 0, sizeof(st));
	if (kind & 8)
		gd_iotlb(gd, 16);
	if (gd_start(gd, &vq))
		__builtin_trap();
	pkt_seed(kind);
	sink.send = checked_send;
	vx_tx_init(&tx, &vq, &sink, &fx->x, &st, gd->features, kind & 4 ? 1514 : 4096);
	while (in_left(&in)) {
		op = in_u8(&in);
		switch (op % 8) {
		case 0:
		case 1:
			add_tcp(&in, gd);
			gd_publish(gd);
			break;
		case 2:
			if (op & 8) {
				send_one(&in, fx);
				break;
			}
			add_raw(&in, gd);
			gd_publish(gd);
			break;
		case 3:
		case 4:
			pump(fx, gd);
			break;
		case 5:
			in_kernel(&in, fx);
			break;
		case 6:
			fx_drain(fx);
			vx_xsk_complete(&fx->x, in_u8(&in));
			check(fx);
			break;
		case 7:
			if (gd->tlb && op & 8)
				in_vmm(&in, gd, &vq);
			else
				vx_env_fail_access(in_u8(&in));
			break;
		}
	}
	pump(fx, gd);
	vx_env_fail_access(0);
	fx_free(fx);
	gd_free(gd);
	vx_env_reset();
	return 0;
}
