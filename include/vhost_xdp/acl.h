/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Rules of the policy "acl" and its maps. User space compiles a set of rules
 * into one map value, an image; the program only reads it, and counts in it.
 *
 * What a frame meets: the first rule that matches, by priority (lower first),
 * then by order. Without one, the set's default verdict. Exceptions:
 * - ARP and neighbour discovery (router and neighbour solicitations and
 *   advertisements, unfragmented) are judged only by rules that name them
 *   ("arp"; "nd", or ICMPv6 with such a type), and else pass: no guest lives without.
 * - Frames that are neither IP nor ARP are judged by "non-ip" rules, then by the default.
 * - Malformed frames are dropped.
 * - A later fragment has no ports and no type. A rule that names those denies
 *   every later fragment of its protocol and addresses, but allows none; to
 *   let them in, a rule says "fragment", or names no ports. Where the protocol
 *   is hidden behind an IPv6 extension header in the fragment, rules that name a
 *   protocol are taken likewise.
 *
 * Maps, all pinned at policies/acl/NAME:
 *	acl_use		ARRAY, key port * VX_DIRECTIONS + direction, value number of its set; 0: the set "default"
 *	acl_heads	ARRAY, key set, value VX_ACL_HEAD(size, side), 0 for none. Its update is what switches a set, as a whole.
 *	acl_image_N	ARRAY_OF_MAPS for images of that size, key 2 * set + side
 *	acl_sets	ARRAY, key set: names, sizes and defaults of both sides
 *	acl_rules	HASH, key {set, side, place}: the rules as they were written
 *	acl_groups	HASH, key name: what rules call a group
 * A set has two sides: one is in force, the other is the one before, for rollback.
 *
 * The classifier is bit vectors, aggregated: Lakshman and Stiliadis, "High-Speed Policy-based Packet Forwarding Using
 * Efficient Multi-dimensional Range Matching", SIGCOMM 1998; Baboescu and Varghese, "Scalable Packet Classification",
 * SIGCOMM 2001. Each of five dimensions (protocol; source, destination address; source port or type; destination port
 * or code) is looked up by itself and gives a class: the set of rules that it fits. The sets are ANDed, summaries first;
 * the first bit left is the rule. Protocols, ports and types take tables of one or two levels; addresses take tries
 * of one byte a level, paths without branches cut short: at most four tables for IPv4, sixteen for IPv6, however
 * many rules. Rules of one shape (which addresses they name) lie side by side, so that wildcards of
 * the others do not fill the summaries; all rules of a prefix list or group are one bit.
 *
 * Needs the __u8..__u64 types before it.
 */
#ifndef VHOST_XDP_ACL_H
#define VHOST_XDP_ACL_H

#define VX_ACL_RULES_MAX	16384	/* in a set */
#define VX_ACL_RULES_ALL	524288	/* in all, both sides counted */
#define VX_ACL_NAME_LEN		32	/* of a set or group, with its 0 */
#define VX_ACL_NAMED_SETS	255
#define VX_ACL_SET_DEFAULT	0
#define VX_ACL_SET_OF_PORT(port, direction)	(1 + 2 * (port) + (direction))
#define VX_ACL_SET_NAMED	2049	/* the first of those that ports share */
#define VX_ACL_SETS		(VX_ACL_SET_NAMED + VX_ACL_NAMED_SETS)
#define VX_ACL_NUMBER_MAX	0xffffff	/* of a rule, as drops name it */

/* Sizes of images: 32 KiB << 2 * n. */
#define VX_ACL_IMAGES		6
#define VX_ACL_IMAGE_SIZE(n)	(32768u << 2 * (n))
#define VX_ACL_IMAGE_SLACK	512u	/* behind it, so that a masked offset may be read from */
#define VX_ACL_HEAD(n, side)	(1u << 31 | (n) << 1 | (side))
#define VX_ACL_HEAD_IMAGE(head)	((head) >> 1 & 7)
#define VX_ACL_HEAD_SIDE(head)	((head) & 1)

/* An address prefix; IPv4 in the first four bytes. */
struct vx_acl_prefix {
	__u8  addr[16];
	__u16 len;
	__u16 family;		/* 4 or 6 */
};

struct vx_acl_ports {
	__u16 first;
	__u16 last;
};

/* vx_acl_rule.proto, beside IP protocol numbers. */
enum vx_acl_proto {
	VX_ACL_ANY = 256,	/* IPv4 or IPv6, any protocol */
	VX_ACL_IP4 = 257,
	VX_ACL_IP6 = 258,
	VX_ACL_ARP = 259,	/* RARP too; addresses are the sender's and the target's */
	VX_ACL_ND = 260,
	VX_ACL_NON_IP = 261,
};

#define VX_ACL_PREFIXES		4	/* in a rule; a group holds more */
#define VX_ACL_PORTS		8
#define VX_ACL_PRIO		1000	/* when none is given */

#define VX_ACL_ALLOW		(1u << 0)	/* else deny */
#define VX_ACL_TYPE		(1u << 1)	/* .type counts */
#define VX_ACL_CODE		(1u << 2)
#define VX_ACL_FRAGMENT		(1u << 3)	/* later fragments only */

/* One rule, as it was written. Empty lists match everything. */
struct vx_acl_rule {
	__u32 number;		/* 1..VX_ACL_NUMBER_MAX, unique in its set */
	__u32 prio;
	__u32 flags;		/* VX_ACL_* */
	__u16 proto;
	__u8  type;		/* ICMP, ICMPv6 */
	__u8  code;
	__u8  n_src;
	__u8  n_dst;
	__u8  n_sport;
	__u8  n_dport;
	struct vx_acl_prefix src[VX_ACL_PREFIXES];
	struct vx_acl_prefix dst[VX_ACL_PREFIXES];
	struct vx_acl_ports sport[VX_ACL_PORTS];
	struct vx_acl_ports dport[VX_ACL_PORTS];
	char  src_group[VX_ACL_NAME_LEN];	/* instead of src */
	char  dst_group[VX_ACL_NAME_LEN];
	__u64 packets;		/* counted before this image: what it counts comes on top */
	__u64 bytes;
};

struct vx_acl_rule_key {
	__u32 set;
	__u32 side;
	__u32 place;		/* in the order of judgement, from 0 */
};

struct vx_acl_side {
	__u32 valid;		/* complete */
	__u32 image;		/* n of its acl_image_N */
	__u32 rules;
	__u32 allow;		/* default verdict */
	__u32 groups;		/* rules that name one */
	__u32 reserved;
	struct { __u64 packets, bytes; } fallback[2];	/* as in struct vx_acl_rule: of the default, and of ARP and ND that passed unnamed */
};

struct vx_acl_set {
	char  name[VX_ACL_NAME_LEN];	/* of a named set; else empty */
	struct vx_acl_side side[2];
};

#define VX_ACL_GROUPS		1024
#define VX_ACL_GROUP_PREFIXES	512
#define VX_ACL_GROUP_PORTS	64

/* Key: char name[VX_ACL_NAME_LEN]. */
struct vx_acl_group {
	__u32 n_prefixes;
	__u32 n_ports;
	struct vx_acl_prefix prefix[VX_ACL_GROUP_PREFIXES];
	char  port[VX_ACL_GROUP_PORTS][16];	/* stands for the addresses that its antispoof entry lists */
};

/*
 * An image. Offsets count from its start in units of 8 bytes, and fit into 22 bits.
 *
 * A step leads from the head to a class: what kind it is is in its upper bits.
 */
#define VX_ACL_STEP_OFF		0x3fffffu	/* of a class, table (__u32 step[256]) or check */
#define VX_ACL_STEP_DEPTH(step)	((step) >> 24 & 15)	/* of a table: which byte of the address */
#define VX_ACL_STEP_TABLE	(1u << 30)
#define VX_ACL_STEP_CHECK	(1u << 31)

struct vx_acl_check {
	__u64 mask[2];		/* of the address as a number, upper half first; IPv4 in the upper 32 bits */
	__u64 want[2];
	__u32 yes;		/* steps */
	__u32 no;
};

#define VX_ACL_CHUNKS		48	/* 512 bits each: all rules, and a remainder for each shape */

/* Which bits are set. A chunk is 64 bytes at 64 * (chunk & 0xffffff); its upper byte says which of its words are not zero. */
struct vx_acl_class {
	__u64 chunks;		/* those with bits */
	__u32 chunk[];
};

/* Place in the table of protocols. */
#define VX_ACL_KEY_IP6		256
#define VX_ACL_KEY_FRAGMENT	512	/* a later one */
#define VX_ACL_KEY_ARP		1024
#define VX_ACL_KEY_ND		1025
#define VX_ACL_KEY_NON_IP	1026
#define VX_ACL_KEYS		1028

#define VX_ACL_COUNT_DEFAULT	0	/* behind the rules' counters */
#define VX_ACL_COUNT_UNNAMED	1	/* ARP and ND that no rule names */

struct vx_acl_image {
	__u32 rules;
	__u32 allow;		/* default verdict */
	__u32 hits;		/* offset of struct vx_acl_hit, one a bit */
	__u32 counters;		/* offset of struct vx_counter, for each CPU those of rules + 2 */
	__u32 cpus;		/* whose counters there are */
	__u32 stride;		/* of a CPU's counters, in units of 8 bytes */
	__u32 all;		/* the class that fits every rule */
	__u32 shared;		/* there are more CPUs: CPU n uses the counters of n % cpus, atomically */
	__u32 src[2];		/* steps: IPv4, IPv6 */
	__u32 dst[2];
	__u8  bit[64];		/* number of the lowest bit, by de Bruijn sequence */
	__u64 shape[64];	/* by chunk: all chunks of its shape */
	__u32 first[64];	/* by chunk: the place of its first rule */
	__u32 proto[VX_ACL_KEYS];	/* classes */
	__u32 sport[256];	/* steps, by the upper byte */
	__u32 dport[256];
	__u32 type[256];	/* classes */
	__u32 code[256];
};

struct vx_acl_hit {
	__u32 place;		/* of the rule in the order of judgement, and of its counter */
	__u32 rule;		/* number; VX_ACL_HIT_ALLOW */
};

#define VX_ACL_HIT_ALLOW	(1u << 31)

#endif
