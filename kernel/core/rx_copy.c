// SPDX-License-Identifier: GPL-2.0-only
/* Wire -> guest: into the guest's buffers. What was written there is the guest's already, and is never read back. */
#include "rx_impl.h"

/* Where the next byte goes, in a run of chains. */
struct place {
	const struct vx_chain *chain;
	u32 iov;	/* of the chain's in-part */
	u32 off;
};

/* The entry for the next byte, and in *n how many of len it takes. */
static const struct vx_iov *place_next(struct place *at, u32 len, u32 *n)
{
	const struct vx_iov *iov;

	while (at->iov == at->chain->niov_in) {
		at->chain++;
		at->iov = 0;
	}
	iov = vx_in_iov(at->chain) + at->iov;
	*n = vx_min(len, iov->len - at->off);
	return iov;
}

static void place_advance(struct place *at, const struct vx_iov *iov, u32 n)
{
	at->off += n;
	if (at->off == iov->len) {
		at->iov++;
		at->off = 0;
	}
}

static void place_skip(struct place *at, u32 len)
{
	while (len) {
		u32 n;
		const struct vx_iov *iov = place_next(at, len, &n);

		place_advance(at, iov, n);
		len -= n;
	}
}

static int place_write(struct vx_rx *rx, struct place *at, const u8 *from, u32 len)
{
	while (len) {
		u32 n;
		const struct vx_iov *iov = place_next(at, len, &n);
		int err = vx_iov_write(rx->vq, iov, at->off, from, n);

		if (vx_unlikely(err))
			return err;
		place_advance(at, iov, n);
		from += n;
		len -= n;
	}
	return 0;
}

/* And *sum is that of the bytes. */
static __always_inline int place_write_csum(struct vx_rx *rx, struct place *at, const u8 *from, u32 len, u64 *sum)
{
	u32 done = 0;

	if (vx_likely(at->iov < at->chain->niov_in && vx_in_iov(at->chain)[at->iov].len - at->off > len)) {
		const struct vx_iov *iov = vx_in_iov(at->chain) + at->iov;

		at->off += len;
		return vx_iov_write_csum(rx->vq, iov, at->off - len, from, len, sum);
	}
	*sum = 0;
	while (done < len) {
		u32 n;
		const struct vx_iov *iov = place_next(at, len - done, &n);
		u64 part;
		int err = vx_iov_write_csum(rx->vq, iov, at->off, from + done, n, &part);

		if (vx_unlikely(err))
			return err;
		*sum = vx_csum_add_at(*sum, part, done);
		place_advance(at, iov, n);
		done += n;
	}
	return 0;
}

int vx_rx_copy_pieces(struct vx_rx *rx, const struct vx_frame *f, const u8 *raw)
{
	struct place at = { .chain = rx->chain + rx->chain0 };
	int err = place_write(rx, &at, raw, rx->hdr_len);

	return err ? err : place_write(rx, &at, f->data, f->len);
}

/*
 * The payloads of l, one behind the other, as long as checksums are right; l becomes what that is, and *last its last frame. Returns whether
 * that is anything, or -errno.
 */
static int copy_payloads(struct vx_rx *rx, const struct vx_parcel *p, struct vx_rx_load *l, u32 *last)
{
	struct place at = { .chain = rx->chain + rx->chain0 };
	u64 common = vx_parcel_common(p, rx->frame[p->first].data);
	u32 i = p->first, n, len = p->payload;

	place_skip(&at, rx->hdr_len + p->payload);
	for (n = 0; n < l->n; n++) {
		u32 payload = vx_gro_payload(&rx->gro, p, i);
		u64 sum;
		int err = place_write_csum(rx, &at, rx->frame[i].data + p->payload, payload, &sum);

		if (vx_unlikely(err))
			return err;
		if (vx_unlikely(!vx_parcel_verify(p, &rx->frame[i], common, sum)))
			break;
		len += payload;
		*last = i;
		i = rx->gro.next[i];
	}
	if (vx_unlikely(!n)) {
		l->n = 1;
		l->len = rx->frame[i].len;
		return false;
	}
	l->n = n;
	l->len = len;
	return true;
}

int vx_rx_copy_sound(struct vx_rx *rx, const struct vx_parcel *p, struct vx_rx_load *l)
{
	struct place at = { .chain = rx->chain + rx->chain0 };
	u8 raw[VX_VNET_HDR_MAX + VX_PARCEL_HEAD_MAX], *head = raw + rx->hdr_len;
	u32 last = p->first;
	int err, heads, right = copy_payloads(rx, p, l, &last);

	if (vx_unlikely(right < 0))
		return right;
	heads = vx_rx_count_heads(rx, rx->hdr_len + l->len);
	/* A header of 10 bytes ends before the number of buffers, which the frame's first bytes then take the place of. */
	vx_vnet_hdr_build(raw, heads);
	memcpy(head, rx->frame[p->first].data, p->payload);
	if (l->n > 1)
		vx_parcel_merge(p, &rx->frame[last], l->len, raw, head);
	else if (vx_likely(right))
		raw[offsetof(struct virtio_net_hdr, flags)] = VIRTIO_NET_HDR_F_DATA_VALID;
	/* Only now is known what it says. */
	err = place_write(rx, &at, raw, rx->hdr_len + p->payload);
	return err ? err : heads;
}

int vx_rx_copy_whole(struct vx_rx *rx, const struct vx_parcel *p, u32 heads)
{
	struct place at = { .chain = rx->chain + rx->chain0 };
	u8 raw[VX_VNET_HDR_MAX + VX_PARCEL_HEAD_MAX], *head = raw + rx->hdr_len;
	const struct vx_frame *f = &rx->frame[p->first];
	u32 i;
	int err;

	vx_vnet_hdr_build(raw, heads);
	memcpy(head, f->data, p->payload);
	vx_parcel_merge(p, f, p->len, raw, head);
	err = place_write(rx, &at, raw, rx->hdr_len + p->payload);
	if (!err)
		err = place_write(rx, &at, f->data + p->payload, f->len - p->payload);
	for (i = 1; i < p->n && !err; i++)
		err = place_write(rx, &at, f[i].data, f[i].len);
	return err;
}
