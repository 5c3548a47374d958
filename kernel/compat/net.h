/* SPDX-License-Identifier: GPL-2.0-only */
/* What sink.c and tap*.c use, for older kernels. See compat.h. */
#ifndef VX_COMPAT_NET_H
#define VX_COMPAT_NET_H

#include <linux/device.h>
#include <linux/gfp.h>
#include <linux/if_tun.h>
#include <linux/skbuff.h>
#include <linux/uio.h>
#include <linux/version.h>

#ifndef TUN_F_USO4	/* 6.2 */
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#undef class_create
#define class_create(name) ({				\
	static struct lock_class_key key_;		\
	__class_create(THIS_MODULE, name, &key_);	\
})

static inline const struct iovec *iter_iov(const struct iov_iter *iter)
{
	return iter->iov;
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 11, 0)
/* What redirects gather was per CPU. */
struct bpf_net_context {};

static inline struct bpf_net_context *bpf_net_ctx_set(struct bpf_net_context *ctx)
{
	return ctx;
}

static inline void bpf_net_ctx_clear(struct bpf_net_context *ctx)
{
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
/* Neither a redirect nor AF_XDP takes a frame in pieces. */
#define VX_XDP_IN_PIECES 0
#define vx_xsk_in_pieces(xs) false

static inline void skb_frag_fill_page_desc(skb_frag_t *frag, struct page *page, int off, int size)
{
	__skb_frag_set_page(frag, page);
	skb_frag_off_set(frag, off);
	skb_frag_size_set(frag, size);
}
#else
#define VX_XDP_IN_PIECES 1
#define vx_xsk_in_pieces(xs) ((xs)->sg)
#endif

#ifndef alloc_pages_bulk	/* 6.14 */
#define alloc_pages_bulk(gfp, n, pages) alloc_pages_bulk_array(gfp, n, pages)
#endif

#endif
