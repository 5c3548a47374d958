/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Which rule of an image a frame meets: the same code for the policy and for
 * "acl test". An image is trusted no further than that every offset is masked:
 * nothing outside of it is read. Needs policy.h and acl.h before it.
 */
#ifndef VHOST_XDP_ACL_FIND_H
#define VHOST_XDP_ACL_FIND_H

#define VX_ACL_DIMS	5
#define VX_ACL_NO_HIT	0xffffffffu

#define VX_ACL_INLINE	static inline __attribute__((always_inline))

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define vx_acl_host32(x)	__builtin_bswap32(x)
#else
#define vx_acl_host32(x)	(x)
#endif

/* mask: size of the image - 8, a constant where this is inlined. off: in bytes. */
VX_ACL_INLINE const void *vx_acl_at(const void *image, __u32 mask, __u32 off)
{
	return (const char *)image + (off & mask);
}

VX_ACL_INLINE __u32 vx_acl_lowest_bit(const struct vx_acl_image *image, __u64 word)
{
	return image->bit[(word & -word) * 0x03f79d71b4cb0a89ull >> 58] & 63;
}

/* bytes: of the address, a constant. Selected without a branch, which neither the verifier nor a CPU would like. */
VX_ACL_INLINE __u32 vx_acl_step(const void *image, __u32 mask, __u32 step, __u64 hi, __u64 lo, const int bytes)
{
	__u32 off = (step & VX_ACL_STEP_OFF) * 8, depth;

	if (step & VX_ACL_STEP_CHECK) {
		const struct vx_acl_check *c = vx_acl_at(image, mask, off);

		lo = bytes > 8 ? (lo ^ c->want[1]) & c->mask[1] : 0;
		lo |= (hi ^ c->want[0]) & c->mask[0];
		/* no is behind yes. */
		off += __builtin_offsetof(struct vx_acl_check, yes) + 4 * ((lo | -lo) >> 63);
		return *(const __u32 *)vx_acl_at(image, mask | 4, off);
	}
	depth = VX_ACL_STEP_DEPTH(step);
	if (bytes > 8)
		hi ^= (hi ^ lo) & -(__u64)(depth >> 3);
	off += (hi >> (56 - 8 * (depth & 7)) & 255) * 4;
	return *(const __u32 *)vx_acl_at(image, mask | 4, off);
}

/*
 * Offset of the class. Paths alternate between checks and tables at most; two
 * checks may end them. However a path ended, it looks the same to the verifier from then on.
 */
VX_ACL_INLINE __u32 vx_acl_walk(const void *image, __u32 mask, __u32 step, __u64 hi, __u64 lo, const int bytes)
{
	int i;

	for (i = 0; i < 2 * bytes + 4 && step & (VX_ACL_STEP_CHECK | VX_ACL_STEP_TABLE); i++)
		step = vx_acl_step(image, mask, step, hi, lo, bytes);
	step &= VX_ACL_STEP_OFF;
	__asm__ volatile("" : "+r"(step));
	return step;
}

VX_ACL_INLINE __u32 vx_acl_addr(const void *image, __u32 mask, const __u32 root[2], const __u32 *addr, __u32 flags)
{
	__u64 hi = (__u64)vx_acl_host32(addr[0]) << 32;

	if (!(flags & VX_PKT_IP6))
		return vx_acl_walk(image, mask, root[0], hi, 0, 4);
	return vx_acl_walk(image, mask, root[1], hi | vx_acl_host32(addr[1]),
			   (__u64)vx_acl_host32(addr[2]) << 32 | vx_acl_host32(addr[3]), 16);
}

VX_ACL_INLINE __u32 vx_acl_port(const void *image, __u32 mask, const __u32 root[256], __u16 port)
{
	__u32 step = root[port >> 8];

	if (!(step & VX_ACL_STEP_TABLE))
		return step;
	return *(const __u32 *)vx_acl_at(image, mask | 4, (step & VX_ACL_STEP_OFF) * 8 + (port & 255) * 4);
}

/*
 * Read anew wherever it is asked: with what one branch found out about them in a
 * register, the verifier would follow each of the later ones once more.
 */
VX_ACL_INLINE __u32 vx_acl_flags(const struct vx_pkt *pkt)
{
	return *(const volatile __u32 *)&pkt->flags;
}

/* A redirect is no neighbour discovery that a guest needs; nobody may believe it in fragments (RFC 6980). */
VX_ACL_INLINE __u32 vx_acl_key(const struct vx_pkt *pkt)
{
	__u32 key = pkt->ip_proto, flags = vx_acl_flags(pkt);

	if (flags & VX_PKT_ARP)
		return VX_ACL_KEY_ARP;
	if (!(flags & (VX_PKT_IP4 | VX_PKT_IP6)))
		return VX_ACL_KEY_NON_IP;
	if ((flags & (VX_PKT_ND | VX_PKT_FRAGMENT)) == VX_PKT_ND && pkt->icmp_type <= 136)
		return VX_ACL_KEY_ND;
	if (flags & VX_PKT_IP6)
		key += VX_ACL_KEY_IP6;
	return pkt->frag_off ? key + VX_ACL_KEY_FRAGMENT : key;
}

VX_ACL_INLINE __u32 vx_acl_proto(const struct vx_acl_image *image, const struct vx_pkt *pkt)
{
	__u64 key = vx_acl_key(pkt);

	/* In bounds already, but Linux 6.1 lost sight of that. */
	__asm__ volatile("" : "+r"(key));
	if (key >= VX_ACL_KEYS)
		key = VX_ACL_KEY_NON_IP;
	return image->proto[key];
}

VX_ACL_INLINE void vx_acl_classes(const struct vx_acl_image *image, __u32 mask, const struct vx_pkt *pkt,
				  const struct vx_acl_class *dim[VX_ACL_DIMS])
{
	__u32 src = image->all, dst = src, a = src, b = src;

	if (vx_acl_flags(pkt) & (VX_PKT_IP4 | VX_PKT_IP6 | VX_PKT_ARP)) {
		src = vx_acl_addr(image, mask, image->src, pkt->saddr, vx_acl_flags(pkt));
		dst = vx_acl_addr(image, mask, image->dst, pkt->daddr, vx_acl_flags(pkt));
	}
	dim[0] = vx_acl_at(image, mask, (src & VX_ACL_STEP_OFF) * 8);
	dim[1] = vx_acl_at(image, mask, (dst & VX_ACL_STEP_OFF) * 8);
	if (vx_acl_flags(pkt) & VX_PKT_L4) {
		if (pkt->ip_proto == 1 || pkt->ip_proto == 58) {
			a = image->type[pkt->icmp_type];
			b = image->code[pkt->icmp_code];
		} else if (pkt->ip_proto != 2) {
			a = vx_acl_port(image, mask, image->sport, pkt->sport);
			b = vx_acl_port(image, mask, image->dport, pkt->dport);
		}
	}
	dim[2] = vx_acl_at(image, mask, (a & VX_ACL_STEP_OFF) * 8);
	dim[3] = vx_acl_at(image, mask, (b & VX_ACL_STEP_OFF) * 8);
	dim[4] = vx_acl_at(image, mask, vx_acl_proto(image, pkt) * 8);
}

/* The lowest bit that all five have in this chunk, or VX_ACL_NO_HIT. */
VX_ACL_INLINE __u32 vx_acl_chunk(const struct vx_acl_image *image, __u32 mask, const struct vx_acl_class *const dim[VX_ACL_DIMS], __u32 c)
{
	__u32 e0 = dim[0]->chunk[c], e1 = dim[1]->chunk[c], e2 = dim[2]->chunk[c], e3 = dim[3]->chunk[c], e4 = dim[4]->chunk[c];
	__u32 words = (e0 & e1 & e2 & e3 & e4) >> 24, w;
	__u64 bits;
	int i;

	for (i = 0; i < 8 && words; i++, words &= words - 1) {
		w = (vx_acl_lowest_bit(image, words) & 7) * 8;
		bits = *(const __u64 *)vx_acl_at(image, mask, e0 * 64 + w) & *(const __u64 *)vx_acl_at(image, mask, e1 * 64 + w) &
		       *(const __u64 *)vx_acl_at(image, mask, e2 * 64 + w) & *(const __u64 *)vx_acl_at(image, mask, e3 * 64 + w) &
		       *(const __u64 *)vx_acl_at(image, mask, e4 * 64 + w);
		if (bits)
			return c * 512 + w * 8 + vx_acl_lowest_bit(image, bits);
	}
	return VX_ACL_NO_HIT;
}

struct vx_acl_search {
	const struct vx_acl_image *image;
	__u64 mask;
	const struct vx_acl_class *dim[VX_ACL_DIMS];
	__u64 chunks;		/* still to be searched */
	struct vx_acl_hit best;
};

/*
 * One chunk; 1 when it was the last. Within a shape bits are in the order of
 * judgement, so its first hit is its best; the best of all shapes counts.
 */
static long vx_acl_search_chunk(__u32 turn, struct vx_acl_search *s)
{
	__u32 c, bit;
	const struct vx_acl_hit *hit;

	c = vx_acl_lowest_bit(s->image, s->chunks);
	s->chunks &= s->chunks - 1;
	if (s->image->first[c] > s->best.place) {
		s->chunks &= ~s->image->shape[c];
		return !s->chunks;
	}
	bit = vx_acl_chunk(s->image, s->mask, s->dim, c);
	if (bit != VX_ACL_NO_HIT) {
		hit = vx_acl_at(s->image, s->mask, s->image->hits * 8 + bit * 8);
		if (hit->place < s->best.place)
			s->best = *hit;
		s->chunks &= ~s->image->shape[c];
	}
	return !s->chunks;
}

/* place is VX_ACL_NO_HIT where no rule matches. */
VX_ACL_INLINE struct vx_acl_hit vx_acl_find(const struct vx_acl_image *image, __u32 mask, const struct vx_pkt *pkt)
{
	struct vx_acl_search s = { .image = image, .mask = mask, .best.place = VX_ACL_NO_HIT };

	vx_acl_classes(image, mask, pkt, s.dim);
	s.chunks = s.dim[0]->chunks & s.dim[1]->chunks & s.dim[2]->chunks & s.dim[3]->chunks & s.dim[4]->chunks;
	if (s.chunks) {
#ifdef __bpf__
		/* The verifier looks at one turn, where of a loop it would look at all. */
		bpf_loop(VX_ACL_CHUNKS, vx_acl_search_chunk, &s, 0);
#else
		while (!vx_acl_search_chunk(0, &s))
			;
#endif
	}
	return s.best;
}

#endif
