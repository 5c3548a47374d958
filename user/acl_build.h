/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of the compiler: sets of rules become classes, dimensions become steps that lead to them. */
#ifndef VX_ACL_BUILD_H
#define VX_ACL_BUILD_H

#include "acl_compile.h"

/* Records of one size, by number; those that are interned exist once. */
struct vx_acl_pool {
	size_t size;
	__u32 n, room;
	char *data;
	__u32 *slot;	/* hash table of number + 1, or NULL */
	__u32 slots;
};

/* One bit a rule, at its place in the image. */
struct vx_acl_bits {
	__u64 word[VX_ACL_CHUNKS][8];
};

struct vx_acl_build {
	const struct vx_acl_source *src;
	__u32 *bit;		/* of each rule */
	__u32 bits;		/* places that are taken, gaps counted */
	__u32 chunks;
	__u64 shape[64];
	struct vx_acl_pool line, class, table, check;	/* 64 bytes; __u32[chunks] of lines; __u32[256] of steps; struct vx_acl_check */
};

/* Number of the record, or -ENOMEM. Data moves when records are added. */
int vx_acl_pool_add(struct vx_acl_pool *pool, const void *record);
int vx_acl_pool_intern(struct vx_acl_pool *pool, const void *record);
void vx_acl_pool_free(struct vx_acl_pool *pool);

static inline void *vx_acl_pool_at(const struct vx_acl_pool *pool, __u32 i)
{
	return pool->data + pool->size * i;
}

static inline void vx_acl_bit(const struct vx_acl_build *b, struct vx_acl_bits *bits, __u32 rule, bool on)
{
	__u32 bit = b->bit[rule];
	__u64 *word = &bits->word[bit / 512][bit / 64 % 8];

	*word = on ? *word | 1ull << bit % 64 : *word & ~(1ull << bit % 64);
}

/*
 * Class of a set of rules, and back. Steps carry numbers of records, not
 * offsets, until the image is laid out; a class by itself is such a step. Negative: -ENOMEM.
 */
int vx_acl_class(struct vx_acl_build *b, const struct vx_acl_bits *bits);
void vx_acl_class_bits(const struct vx_acl_build *b, __u32 class, struct vx_acl_bits *bits);

/* Dimensions. family: 4 or 6. */
int vx_acl_build_addr(struct vx_acl_build *b, bool src, int family, __u32 *root);
int vx_acl_build_ports(struct vx_acl_build *b, bool src, __u32 root[256]);
int vx_acl_build_icmp(struct vx_acl_build *b, bool code, __u32 root[256]);
int vx_acl_build_proto(struct vx_acl_build *b, __u32 root[VX_ACL_KEYS]);

#endif
