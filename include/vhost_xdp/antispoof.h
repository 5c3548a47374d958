/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Configuration of the policy "antispoof": its map "antispoof_ports", HASH,
 * key __u32 port id. One update replaces a port's whole configuration.
 *
 * A port without an entry may use any IP address but that of the metadata
 * service, 169.254.169.254, and only its own MAC. With addresses, it may use only
 * those: a family without any is closed, except for what a guest needs to get
 * an address. Needs the __u8..__u64 types before it.
 */
#ifndef VHOST_XDP_ANTISPOOF_H
#define VHOST_XDP_ANTISPOOF_H

#define VX_ANTISPOOF_PREFIXES	16

#define VX_ANTISPOOF_DHCP_SERVER	(1u << 0)	/* may answer DHCP and DHCPv6 clients */
#define VX_ANTISPOOF_ROUTER		(1u << 1)	/* may send router advertisements and redirects, of both IP versions */
#define VX_ANTISPOOF_OTHER_L2		(1u << 2)	/* with addresses: also Ethernet types other than IP, ARP and RARP; may talk to bridges */
#define VX_ANTISPOOF_STRICT_LL		(1u << 3)	/* fe80::/10 only as listed, or made from the MAC */
#define VX_ANTISPOOF_NO_IP		(1u << 4)	/* without addresses: none may be used, rather than any */

struct vx_antispoof_ip4 {
	__u8  addr[4];
	__u32 len;	/* of the prefix, 0..32 */
};

struct vx_antispoof_ip6 {
	__u8  addr[16];
	__u32 len;	/* 0..128 */
};

struct vx_antispoof_port {
	__u32 flags;	/* VX_ANTISPOOF_* */
	__u8  mac[6];	/* zero: the port's */
	__u8  n4;	/* entries used below */
	__u8  n6;
	struct vx_antispoof_ip4 ip4[VX_ANTISPOOF_PREFIXES];
	struct vx_antispoof_ip6 ip6[VX_ANTISPOOF_PREFIXES];
};

#endif
