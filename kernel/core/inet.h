/* SPDX-License-Identifier: GPL-2.0-only */
/* Where fields are in IPv4, IPv6, TCP and UDP headers; offsets and lengths in bytes. */
#ifndef VX_CORE_INET_H
#define VX_CORE_INET_H

#define VLAN_TAGS_MAX	2u
#define VLAN_TAG_LEN	4u

#define IP4_HDR_MIN	20u
#define IP4_TOS		1
#define IP4_TOT_LEN	2
#define IP4_ID		4
#define IP4_FRAG	6
#define IP4_TTL		8
#define IP4_PROTO	9
#define IP4_CSUM	10
#define IP4_ADDRS	12
#define IP4_ADDRS_LEN	8u
#define IP4_FRAG_MASK	0x3fff	/* more fragments, offset */
#define IP4_DF		0x4000

#define IP6_HDR_LEN	40u
#define IP6_CLASS_FLOW	0	/* and the version: four bytes */
#define IP6_PAYLOAD_LEN	4
#define IP6_NEXT	6
#define IP6_HOPS	7
#define IP6_ADDRS	8
#define IP6_ADDRS_LEN	32u

#define TCP_HDR_MIN	20u
#define TCP_SEQ		4
#define TCP_ACK		8
#define TCP_DOFF	12	/* and reserved bits */
#define TCP_FLAGS	13
#define TCP_WINDOW	14
#define TCP_CSUM	16
#define TCP_FIN		0x01
#define TCP_SYN		0x02
#define TCP_RST		0x04
#define TCP_PSH		0x08
#define TCP_URG		0x20
#define TCP_CWR		0x80

#define UDP_HDR_LEN	8u
#define UDP_LEN		4
#define UDP_CSUM	6

#endif
