// SPDX-License-Identifier: GPL-2.0-only
/* Super-frames from a guest that stay whole: the pages behind the first are the fragments of one XDP buffer. */
#include <linux/bpf.h>
#include <linux/mm.h>
#include <linux/skbuff.h>
#include <net/xdp.h>
#include <vhost_xdp/whole.h>
#include "port.h"
#include "sink.h"
#include "sink_page.h"

/* All of a page behind what its first bytes are kept for. */
#define PIECE	((u32)(PAGE_SIZE - XDP_PACKET_HEADROOM))

u32 vx_sink_whole(void *ctx, const u8 *dst, u32 kinds)
{
	struct vx_sink *s = ctx;
	struct bpf_prog *prog;
	u64 near = 0;

	/* Of a port with a very small MTU the first piece holds too little. */
	if (s->room + PIECE * (VX_PIECES_MAX - 1) < VX_WHOLE_MAX || s->room + PIECE * MAX_SKB_FRAGS < VX_WHOLE_MAX)
		return 0;
	rcu_read_lock();
	prog = rcu_dereference(s->prog);
	/* The page of a port is not taken away before its program. */
	if (VX_XDP_IN_PIECES && prog && prog->aux->xdp_has_frags)
		near = READ_ONCE(*vx_near_slot(READ_ONCE(s->pair->port->page), dst));
	rcu_read_unlock();
	return vx_near_takes(near, dst, kinds) ? PIECE : 0;
}

void vx_sink_add_pieces(struct xdp_buff *xdp, const struct vx_frame *f, u32 n)
{
	struct skb_shared_info *info = xdp_get_shared_info_from_buff(xdp);
	u32 i;

	memset(info, 0, offsetof(struct skb_shared_info, frags));
	for (i = 1; i < n; i++) {
		struct page *page = vx_sink_page(&f[i]);

		page_ref_inc(page);
		skb_frag_fill_page_desc(&info->frags[i - 1], page, XDP_PACKET_HEADROOM, f[i].len);
		info->xdp_frags_size += f[i].len;
	}
	info->nr_frags = n - 1;
	xdp_buff_set_frags_flag(xdp);
}

void vx_sink_drop_pieces(struct xdp_buff *xdp)
{
	struct skb_shared_info *info = xdp_get_shared_info_from_buff(xdp);
	u32 i;

	if (!xdp_buff_has_frags(xdp))
		return;
	for (i = 0; i < info->nr_frags; i++)
		page_ref_dec(skb_frag_page(&info->frags[i]));
}
