/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netdevs of the current network namespace, over rtnetlink and ethtool.
 * All functions return 0 or a negative errno and print nothing.
 */
#ifndef VX_NETDEV_H
#define VX_NETDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/if.h>
#include <linux/types.h>

struct vx_netdev {
	int ifindex;
	char name[IFNAMSIZ];
	char kind[16];		/* "veth", "bridge", ...; empty for hardware */
	__u8 mac[6];
	__u16 type;		/* ARPHRD_* */
	__u32 mtu;
	__u32 flags;		/* IFF_* */
	__u32 rx_queues;
	__u32 tx_queues;
	__u64 tx_dropped;
	int link;		/* ifindex of the peer or lower device; 0 when none or elsewhere */
	bool link_elsewhere;	/* the peer is in another network namespace */
};

int vx_netdev_by_name(const char *name, struct vx_netdev *dev);
int vx_netdev_by_index(int ifindex, struct vx_netdev *dev);

/* Both ends down, with queues receive and transmit queues each. */
int vx_netdev_add_veth(const char *name, const char *peer, __u32 mtu, __u32 queues);
int vx_netdev_del(int ifindex);

int vx_netdev_set_flags(int ifindex, __u32 flags, __u32 mask);
/* Stops IPv6 altogether on this netdev; succeeds where the kernel has no IPv6. */
int vx_netdev_no_ipv6(const struct vx_netdev *dev);

/* One entry of the unicast filter. -EEXIST: already there. */
int vx_netdev_filter_add(int ifindex, const __u8 mac[6]);
int vx_netdev_filter_del(int ifindex, const __u8 mac[6]);

/* Names as "ethtool -k" has them in the kernel, e.g. VX_FEATURE_RXVLAN. */
#define VX_FEATURE_RXVLAN	"rx-vlan-hw-parse"
#define VX_FEATURE_TXVLAN	"tx-vlan-hw-insert"
#define VX_FEATURE_TXSVLAN	"tx-vlan-stag-hw-insert"
#define VX_FEATURE_RXSVLAN	"rx-vlan-stag-hw-parse"
#define VX_FEATURE_VLANFILTER	"rx-vlan-filter"
#define VX_FEATURE_LRO		"rx-lro"
#define VX_FEATURE_TXCSUM	"tx-checksum-ip-generic"
#define VX_FEATURE_TXSCTP	"tx-checksum-sctp"
#define VX_FEATURE_TSO4		"tx-tcp-segmentation"
#define VX_FEATURE_TSO6		"tx-tcp6-segmentation"
#define VX_FEATURE_GSO		"tx-generic-segmentation"
#define VX_FEATURE_GRO		"rx-gro"

/* 1 on, 0 off; -ENOENT when the kernel does not know the feature. */
int vx_netdev_feature(const char *dev, const char *feature);
/* Sets and reads back. -EOPNOTSUPP when the netdev kept its own mind. */
int vx_netdev_set_feature(const char *dev, const char *feature, bool on);

/* Driver statistics ("ethtool -S"). fn is called for each; returns how many, or a negative errno. */
int vx_netdev_each_stat(const char *dev, void (*fn)(const char *name, __u64 value, void *arg), void *arg);
int vx_netdev_driver(const char *dev, char *driver, size_t len);

/* Bits of the features that the kernel publishes. */
#define VX_XDP_NATIVE		(1u << 0)
#define VX_XDP_REDIRECT		(1u << 1)
#define VX_XDP_XMIT		(1u << 2)	/* may be redirected to */
#define VX_XDP_ZEROCOPY		(1u << 3)

/* -EOPNOTSUPP on kernels that do not publish them (before 6.3). */
int vx_netdev_xdp_features(int ifindex, __u64 *features);

/* Number of filters on the clsact qdisc, both hooks; -ENOENT without one. */
int vx_netdev_clsact_filters(int ifindex);

#endif
