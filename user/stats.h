/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters from where they are kept: bpf maps, the engine's page, netdevs. */
#ifndef VX_STATS_H
#define VX_STATS_H

#include <stddef.h>
#include <linux/types.h>
#include <vhost_xdp/steer.h>

#include "port.h"

#define VX_NUMBER_TEXT	24

const char *vx_stage_name(unsigned int stage);
/* "custom_N" above VX_REASON_CUSTOM; buf is used for those. */
const char *vx_reason_name(unsigned int reason, char buf[VX_NUMBER_TEXT]);
/* Back: -EINVAL when there is no such reason. */
int vx_reason_parse(const char *word);

/* Of struct vx_engine_page.umem_frames: enum vx_frame_owner of kernel/core/umem.h. */
#define VX_UMEM_OWNERS	5
const char *vx_umem_owner_name(int owner);

/* Sum over CPUs; zero when it cannot be read. */
struct vx_counter vx_stats_traffic(const struct vx_port *port, int direction);

/* Drops of a port (0: where no port was known), summed over CPUs; negative errno, or what fn returned. */
int vx_stats_each_drop(__u32 port, int (*fn)(const struct vx_drop_key *key, const struct vx_counter *sum, void *arg),
		       void *arg);

/* Losses behind a verdict, as the veth ends count them, non-zero ones only: full rings and refused redirects. */
struct vx_loss {
	char end[VX_NAME_LEN];	/* which netdev */
	const char *name;	/* rx_drops, xmit_errors, tx_errors, tx_dropped */
	__u64 packets;
};

#define VX_LOSSES_MAX	16

int vx_stats_losses(const struct vx_port *port, struct vx_loss *losses, int max);

/* What its sockets lost of what XDP sent to them, as the engine told. */
__u64 vx_port_xsk_losses(const struct vx_port *port);

#endif
