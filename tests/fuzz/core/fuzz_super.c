// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One buffer with a segmentation request, honest but for what the input changes, cut anywhere. It is refused and counted
 * once, or what leaves are frames of TCP or UDP whose lengths and checksums are right and whose payload is that of the buffer.
 */
#include "fake_xsk.h"
#include "input.h"
#include "packet.h"
#include "pump.h"

#define UADDR	0x0123000000000000ull
#define ROOM	(PKT_MAX + 4096)

static struct vx_tx tx;
static struct vx_queue_stats st;
static struct pkt p;
static u8 bytes[12 + PKT_MAX];

static void require(bool ok)
{
	if (!ok)
		__builtin_trap();
}

static void make(struct input *in)
{
	u8 kind = in_u8(in), tweaks;

	p = (struct pkt) { .ip6 = kind & 1, .tags = kind >> 1 & 3, .proto = kind & 8 ? 17 : 6, .tcp_opts = kind & 16 ? 12 : 0,
			   .ip_opts = kind & 32 ? 8 : 0, .ext = { kind & 64 ? PKT_HOPOPTS : 0, kind & 128 ? 60 : 0 }, .ext_len = 8,
			   .flags = in_u8(in), .payload = in_u16(in) };
	pkt_make(&p);
	pkt_vnet(bytes, 1, kind & 8 ? 5 : kind & 1 ? 4 : 1, in_u16(in), p.l4, pkt_csum_offset(&p));
	memcpy(bytes + 12, p.data, p.len);
	for (tweaks = in_u8(in) % 8; tweaks; tweaks--) {
		u32 at = in_u8(in);

		if (at < 12 + p.len)
			bytes[at] = in_u8(in);
	}
}

static u32 cut(struct input *in, struct vx_iov *iov, u32 max)
{
	u32 n = 1 + in_u8(in) % max, i, off = 0, len = 12 + p.len;
	u64 at = UADDR;

	for (i = 0; i < n; i++) {
		u32 part = i + 1 < n ? vx_min(len - off, in_u16(in)) : len - off;

		memcpy(vx_env_guest_ptr(at, part), bytes + off, part);
		iov[i] = (struct vx_iov) { .uaddr = at, .len = part };
		at += part + 1;
		off += part;
	}
	return n;
}

/* Headers of one frame, as far as they are the same in all: the payload follows. */
static u32 headers(const u8 *frame, u32 len)
{
	u32 off = 12, ip6;
	u8 next;

	while (frame[off] != 0x08 && frame[off] != 0x86)	/* tags */
		off += 4;
	ip6 = frame[off] == 0x86;
	off += 2;
	next = frame[off + (ip6 ? 6 : 9)];
	off += ip6 ? 40 : (frame[off] & 15) * 4;
	while (ip6 && next != 6 && next != 17) {
		next = frame[off];
		off += (frame[off + 1] + 1) * 8;
	}
	return off + (next == 17 ? 8 : (frame[off + 12] >> 4) * 4);
}

static void check_frames(const struct fx *fx)
{
	u32 i, total = 0, hdr_len = headers(fx->sent[0].data, fx->sent[0].len);
	u32 mss = bytes[4] | bytes[5] << 8;

	for (i = 0; i < fx->nsent; i++) {
		u32 len = fx->sent[i].len - hdr_len;

		require(!pkt_check(fx->sent[i].data, fx->sent[i].len));
		require(len == mss || (i + 1 == fx->nsent && len && len < mss));
		require(!memcmp(fx->sent[i].data + hdr_len, bytes + 12 + hdr_len + total, len));
		total += len;
	}
	require(hdr_len + total == p.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	struct fx *fx = fx_new(512, 2048, 256, 0);
	struct vx_iov iov[6];
	enum vx_reason why;
	u32 i, n;

	memset(&st, 0, sizeof(st));
	pkt_seed(size);
	vx_env_guest_map(UADDR, ROOM);
	vx_tx_init(&tx, NULL, &vx_xsk_sink, &fx->x, &st, VX_CORE_FEATURES, 1514);
	make(&in);
	n = cut(&in, iov, VX_ARRAY_SIZE(iov));
	vx_env_fail_access(in_u8(&in));
	vx_env_scope_begin();
	why = vx_tx_one(&tx, iov, n);
	vx_env_scope_end();
	vx_env_fail_access(0);
	fx_transmit(fx, UINT32_MAX);
	vx_xsk_complete(&fx->x, 4096);
	require(!vx_umem_audit(&fx->um) && !fx->um.count[VX_OWNER_HELD] && !fx->um.count[VX_OWNER_TX]);
	require(why ? !fx->nsent && fx_drops(&st) == 1 && st.drops[why] == 1 : fx->nsent == st.packets && !fx_drops(&st));
	require(why || fx->nsent > 0);
	for (i = 0; i < fx->nsent; i++)
		require(fx->sent[i].len >= 14 && fx->sent[i].len <= 1514);
	if (fx->nsent > 1)
		check_frames(fx);
	fx_free(fx);
	vx_env_reset();
	return 0;
}
