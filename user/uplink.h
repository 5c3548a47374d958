/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Uplinks: host netdevs with steering attached. */
#ifndef VX_UPLINK_H
#define VX_UPLINK_H

#include <stdbool.h>
#include <linux/types.h>
#include <vhost_xdp/steer.h>

struct vx_port;

struct vx_uplink {
	__u32 ifindex;
	struct vx_uplink_cfg cfg;
};

enum vx_mode {
	VX_MODE_NATIVE,
	VX_MODE_GENERIC,
	VX_MODE_AUTO,	/* native, else generic */
};

/* 0, or -ENOENT / another negative errno; nothing is printed. */
int vx_uplink_find(const char *name, struct vx_uplink *uplink);
/* In order of ifindex, until fn returns non-zero; returns that, 0, or a negative errno. */
int vx_uplink_each(int (*fn)(const struct vx_uplink *uplink, void *arg), void *arg);
int vx_uplink_save(const struct vx_uplink *uplink);
/* The ports behind an uplink. */
int vx_uplink_count_ports(const struct vx_uplink *uplink);
/* The netdev is still the one that was added. */
bool vx_uplink_alive(const struct vx_uplink *uplink);

/* These print one line when they fail, and leave things as they were. */
int vx_uplink_add(const char *name, enum vx_mode mode);
int vx_uplink_del(const char *name, bool force);
/* Records without an uplink, of runs that were killed before they changed anything. */
void vx_uplink_tidy(void);

/* Let the NIC receive for this MAC: a unicast filter entry, or promiscuous mode where that is not enough. */
int vx_uplink_filter_add(struct vx_uplink *uplink, const __u8 mac[6], __u16 vlan);
/* The entry of a port that is leaving, unless another port has the same MAC on another VLAN. */
void vx_uplink_filter_del(struct vx_uplink *uplink, const struct vx_port *leaving);

#endif
