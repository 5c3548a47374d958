/* SPDX-License-Identifier: GPL-2.0-only */
/* What PORT_ATTACH hands over: gathered and verified before the port sees any of it. */
#ifndef VX_PORT_OFFER_H
#define VX_PORT_OFFER_H

#include <linux/types.h>
#include <uapi/linux/vhost_xdp.h>

struct bpf_map;
struct bpf_prog;
struct file;
struct net;
struct net_device;
struct vx_engine_page;
struct vx_inlet;
struct vx_port;
struct vx_socket;

/* All of it is held. Who takes something over sets it to NULL, or the count to 0. */
struct vx_offer {
	struct net *net;		/* that of the caller, who stays until we are done */
	struct net_device *host, *guest;
	s32 keep_fd[VHOST_XDP_KEEP_MAX];
	struct vhost_xdp_socket *desc;	/* of each pair */
	struct bpf_prog *prog;
	struct file *prog_file;		/* until the other files are judged */
	struct file *keep[VHOST_XDP_KEEP_MAX];
	u32 nkeep;
	struct bpf_map *page_map;
	struct vx_engine_page *page;	/* in page_map */
	struct vx_socket *sock[VHOST_XDP_PAIRS_MAX];
	u32 nsock;
	struct vx_inlet *inlet;		/* where it was asked for */
};

/*
 * *offer is zeroed. Negative errno with one line in arg->error; the caller drops what there is, in any case. gather: all but the
 * netdevs, and may wait for the caller's memory. netdevs: these at last, and whether the sockets belong to them; who holds a netdev
 * keeps it from going away, so he must not wait for anybody's memory.
 */
int vx_offer_gather(struct vx_offer *offer, struct vx_port *port, struct vhost_xdp_attach *arg);
int vx_offer_netdevs(struct vx_offer *offer, struct vhost_xdp_attach *arg);
void vx_offer_drop(struct vx_offer *offer);

#endif
