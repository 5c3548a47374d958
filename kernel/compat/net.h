/* SPDX-License-Identifier: GPL-2.0-only */
/* What inlet*.c, sink.c and tap*.c use, for older kernels. See compat.h. */
#ifndef VX_COMPAT_NET_H
#define VX_COMPAT_NET_H

#include <linux/device.h>
#include <linux/filter.h>
#include <linux/gfp.h>
#include <linux/if_tun.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/uio.h>
#include <linux/version.h>
#include <net/xdp.h>

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

static inline struct bpf_redirect_info *vx_redirect_info(void)
{
	return this_cpu_ptr(&bpf_redirect_info);
}
#else
#define vx_redirect_info() bpf_net_ctx_get_ri()
#endif

/* It is a target of redirects, also of frames in pieces. */
static inline void vx_netdev_takes_xdp(struct net_device *dev)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	dev->xdp_features = NETDEV_XDP_ACT_NDO_XMIT | NETDEV_XDP_ACT_NDO_XMIT_SG;
#endif
}

/* Its ndo_start_xmit takes no lock, and none has to be taken for it. */
static inline void vx_netdev_lockless(struct net_device *dev)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
	dev->features |= NETIF_F_LLTX;
#else
	dev->lltx = true;
#endif
}

/* It cannot be moved to another network namespace. */
static inline void vx_netdev_stays(struct net_device *dev)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
	dev->features |= NETIF_F_NETNS_LOCAL;
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
	dev->netns_local = true;
#else
	dev->netns_immutable = true;
#endif
}

/* What a program that cuts pieces off a frame returns them by. */
static inline void vx_rxq_of_frame(struct xdp_rxq_info *rxq, const struct xdp_frame *xdpf)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
	rxq->mem = xdpf->mem;
#else
	rxq->mem.type = xdpf->mem_type;
#endif
}

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
