// SPDX-License-Identifier: GPL-2.0-or-later
/* The driver side of a virtqueue: see guest_driver.h. */
#include "guest_driver.h"
#include <linux/virtio_config.h>
#include <stdio.h>

#define F_AVAIL		(1u << VRING_PACKED_DESC_F_AVAIL)
#define F_USED		(1u << VRING_PACKED_DESC_F_USED)
#define WRAP		(1u << VRING_PACKED_EVENT_F_WRAP_CTR)
#define PAGE		4096ull
#define OFF16(type, field)	offsetof(type, field), sizeof(u16)

static void die(const char *what)
{
	fprintf(stderr, "guest driver: %s\n", what);
	abort();
}

static void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (!p)
		die("out of memory");
	return p;
}

static u64 round_up(u64 v, u64 to)
{
	return (v + to - 1) / to * to;
}

static void mark(struct gd *gd, u64 base, u64 off, u64 size, unsigned int marks)
{
	vx_env_mark(base + off, size, marks);
}

static void split_layout(struct gd *gd, u64 ring)
{
	u64 n = gd->num;

	gd->addr.desc = ring;
	gd->addr.avail = ring + n * 16;
	gd->addr.used = round_up(gd->addr.avail + 6 + 2 * n, 4);
	gd->desc = vx_env_guest_ptr(gd->addr.desc, n * 16);
	gd->avail = vx_env_guest_ptr(gd->addr.avail, 6 + 2 * n);
	gd->used = vx_env_guest_ptr(gd->addr.used, 6 + 8 * n);

	mark(gd, gd->addr.desc, 0, n * 16, VX_ENV_ANNOUNCED);
	mark(gd, gd->addr.avail, 4, 2 * n, VX_ENV_ANNOUNCED);
	mark(gd, gd->addr.avail, OFF16(struct vring_avail, flags), VX_ENV_RACY | VX_ENV_EVENT);
	mark(gd, gd->addr.avail, OFF16(struct vring_avail, idx), VX_ENV_RACY | VX_ENV_ACQUIRE);
	mark(gd, gd->addr.avail, 4 + 2 * n, 2, VX_ENV_RACY | VX_ENV_EVENT);
	mark(gd, gd->addr.used, OFF16(struct vring_used, idx), VX_ENV_PUBLISH);
}

static void packed_layout(struct gd *gd, u64 ring)
{
	u64 n = gd->num, i;

	gd->addr.desc = ring;
	gd->addr.avail = ring + n * 16;
	gd->addr.used = gd->addr.avail + 4;
	gd->pdesc = vx_env_guest_ptr(gd->addr.desc, n * 16);
	gd->driver_event = vx_env_guest_ptr(gd->addr.avail, 4);
	gd->device_event = vx_env_guest_ptr(gd->addr.used, 4);

	mark(gd, gd->addr.desc, 0, n * 16, VX_ENV_ANNOUNCED);
	for (i = 0; i < n; i++)
		mark(gd, gd->addr.desc + i * 16, OFF16(struct vring_packed_desc, flags),
		     VX_ENV_RACY | VX_ENV_ACQUIRE | VX_ENV_PUBLISH);
	mark(gd, gd->addr.avail, 0, 4, VX_ENV_RACY | VX_ENV_EVENT);
}

static void split_begin(struct gd *gd, u16 start)
{
	gd->next_avail = start;
	gd->next_used = start;
	gd->avail->idx = vx_cpu_to_le16(start);
	gd->used->idx = vx_cpu_to_le16(start);
	gd->base = start;
}

/* The ring as it is after laps that ended at this slot: used descriptors everywhere. */
static void packed_begin(struct gd *gd, u16 start)
{
	bool wrap = start & WRAP;
	u16 slot = start & (WRAP - 1), i;

	gd->next_avail = slot;
	gd->next_used = slot;
	gd->avail_wrap = wrap;
	gd->used_wrap = wrap;
	gd->base = start | (u32)start << 16;
	for (i = 0; i < gd->num; i++) {
		bool lap = i < slot ? wrap : !wrap;

		gd->pdesc[i].flags = vx_cpu_to_le16(lap ? F_AVAIL | F_USED : 0);
	}
}

struct gd *gd_new(bool packed, u16 num, u64 features, u16 start)
{
	u64 ring_size = round_up((u64)num * 26 + 64, 4096), tables = (u64)num * GD_TABLE_MAX * 16;
	u64 ring = vx_env_guest_map(0, ring_size);
	struct vx_mem_region r[] = {
		{ .gpa = GD_DATA_SPLIT, .size = GD_DATA_HALF, .vmm_addr = 0x7f0000000000, .uaddr = vx_env_guest_map(0, GD_DATA_HALF) },
		{ .gpa = GD_RING_GPA, .size = ring_size, .vmm_addr = 0x7e0000000000, .uaddr = ring },
		{ .gpa = GD_DATA_GPA, .size = GD_DATA_HALF, .vmm_addr = 0x7d0000000000, .uaddr = vx_env_guest_map(0, GD_DATA_HALF) },
		{ .gpa = GD_TABLE_GPA, .size = tables, .vmm_addr = 0x7c0000000000, .uaddr = vx_env_guest_map(0, tables) },
	};
	struct gd *gd = xcalloc(1, sizeof(*gd));
	int err;
	u32 i;

	gd->packed = packed;
	gd->num = num;
	gd->features = features | (1ULL << VIRTIO_F_VERSION_1) | ((u64)packed << VIRTIO_F_RING_PACKED);
	gd->event_idx = features & (1ULL << VIRTIO_RING_F_EVENT_IDX);
	gd->mem = vx_mem_table_new(r, VX_ARRAY_SIZE(r), &err);
	if (!gd->mem)
		die("no memory table");
	if (packed)
		packed_layout(gd, ring);
	else
		split_layout(gd, ring);
	gd->addr.desc_gpa = GD_RING_GPA;
	gd->addr.used_gpa = GD_RING_GPA + (gd->addr.used - ring);

	gd->state = xcalloc(num, sizeof(*gd->state));
	gd->free_id = xcalloc(num, sizeof(*gd->free_id));
	gd->held = xcalloc(num, sizeof(*gd->held));
	gd->nfree = num;
	gd->nids = num;
	for (i = 0; i < num; i++)
		gd->free_id[i] = i;
	if (packed)
		packed_begin(gd, start);
	else
		split_begin(gd, start);
	return gd;
}

void gd_free(struct gd *gd)
{
	vx_mem_table_free(gd->mem);
	vx_mem_table_free(gd->tlb);
	free(gd->state);
	free(gd->free_id);
	free(gd->held);
	free(gd);
}

int gd_start(struct gd *gd, struct vx_vring *vq)
{
	vq->iotlb = gd->tlb;
	return vx_vring_start(vq, gd->num, gd->features, &gd->addr, gd->tlb ? gd->tlb : gd->mem, gd->base);
}

void gd_iotlb(struct gd *gd, u32 room)
{
	gd->tlb = vx_mem_iotlb_new(room);
	if (!gd->tlb)
		die("no IOTLB");
}

u64 gd_gpa(const struct gd *gd, u64 iova)
{
	const struct vx_mem_region *r = vx_mem_find(gd->mem, iova);
	u64 off, whole;

	if (!gd->tlb || !r)
		return iova;
	off = iova - r->gpa;
	whole = r->size / (2 * PAGE) * (2 * PAGE);
	return off < whole ? r->gpa + (off ^ PAGE) : iova;
}

void gd_map(struct gd *gd, u64 iova, u8 perm)
{
	u64 page = iova / PAGE * PAGE, gpa = gd_gpa(gd, page);
	const struct vx_mem_region *r = vx_mem_find(gd->mem, gpa);

	if (!r || vx_mem_iotlb_map(gd->tlb, gd->mem, page, vx_min(PAGE, r->size - (gpa - r->gpa)),
				   r->vmm_addr + (gpa - r->gpa), perm))
		die("maps what it does not have");
}

void gd_map_missed(struct gd *gd, const struct vx_mem_miss *miss)
{
	gd_map(gd, miss->iova, vx_mem_find(gd->tlb, miss->iova) ? VX_MEM_ALL : miss->access);
}

int gd_fetch(struct vx_vring *vq, struct vx_chain *chains, u32 max)
{
	int n;

	vx_env_scope_begin();
	n = vx_vring_fetch(vq, chains, max);
	vx_env_scope_end();
	return n;
}

void *gd_ptr(struct gd *gd, u64 gpa, u32 len)
{
	void *p = NULL;
	u64 uaddr;

	if (gd->tlb && len > PAGE - gpa % PAGE)
		die("takes scattered memory for one piece");
	if (!vx_mem_from_gpa(gd->mem, gd_gpa(gd, gpa), len, &uaddr))
		p = vx_env_guest_ptr(uaddr, len);
	if (!p)
		die("memory of its own is not mapped");
	return p;
}

/* len bytes between the driver and its memory, page by page. */
static void copy(struct gd *gd, u64 gpa, void *data, u32 len, bool write)
{
	u8 *at = data;

	while (len) {
		u32 n = vx_min((u64)len, PAGE - gpa % PAGE);

		if (write)
			memcpy(gd_ptr(gd, gpa, n), at, n);
		else
			memcpy(at, gd_ptr(gd, gpa, n), n);
		at += n;
		gpa += n;
		len -= n;
	}
}

void gd_write(struct gd *gd, u64 gpa, const void *src, u32 len)
{
	copy(gd, gpa, (void *)src, len, true);
}

void gd_read(struct gd *gd, u64 gpa, void *dst, u32 len)
{
	copy(gd, gpa, dst, len, false);
}

static u64 table_gpa(u16 id)
{
	return GD_TABLE_GPA + (u64)id * GD_TABLE_MAX * 16;
}

static struct vring_desc split_desc(const struct gd_sg *sg, u16 flags, u16 next)
{
	return (struct vring_desc) { htole64(sg->gpa), htole32(sg->len), htole16(flags), htole16(next) };
}

static struct vring_packed_desc packed_desc(const struct gd_sg *sg, u16 id, u16 flags)
{
	return (struct vring_packed_desc) { htole64(sg->gpa), htole32(sg->len), htole16(id), htole16(flags) };
}

/* Entries for sg[0..n), the first nout of them for reading. Split tables are linked backwards, to be unlike arrays. */
static struct gd_sg fill_table(struct gd *gd, u16 id, const struct gd_sg *sg, u32 n, u32 nout)
{
	struct gd_sg ref = { table_gpa(id), n * 16 };
	struct vring_packed_desc *p = gd_ptr(gd, ref.gpa, ref.len);
	struct vring_desc *d = (struct vring_desc *)p;
	u32 i;

	for (i = 0; i < n; i++) {
		u16 flags = i < nout ? 0 : VRING_DESC_F_WRITE;
		u32 at = i ? n - i : 0;

		if (gd->packed) {
			p[i] = packed_desc(&sg[i], 0xdead, flags);
			continue;
		}
		if (i + 1 < n)
			flags |= VRING_DESC_F_NEXT;
		d[at] = split_desc(&sg[i], flags, n - i - 1);
	}
	return ref;
}

static u16 sg_flags(u32 i, u32 n, u32 nout, bool indirect)
{
	u16 flags = 0;

	if (i + 1 < n)
		flags |= VRING_DESC_F_NEXT;
	if (indirect && i + 1 == n)
		flags |= VRING_DESC_F_INDIRECT;
	else if (i >= nout)
		flags |= VRING_DESC_F_WRITE;
	return flags;
}

static u16 split_add(struct gd *gd, const struct gd_sg *sg, u32 n, u32 nout, bool indirect)
{
	u16 head = gd->free_id[gd->nfree - 1];
	u32 i;

	for (i = 0; i < n; i++) {
		u16 at = gd->free_id[--gd->nfree];
		u16 next = gd->nfree ? gd->free_id[gd->nfree - 1] : 0;

		gd->desc[at] = split_desc(&sg[i], sg_flags(i, n, nout, indirect), next);
	}
	gd->avail->ring[gd->next_avail++ & (gd->num - 1)] = vx_cpu_to_le16(head);
	gd->added++;
	return head;
}

/* Only the last descriptor carries the id: a device must not look for it elsewhere. */
static u16 packed_add(struct gd *gd, const struct gd_sg *sg, u32 n, u32 nout, bool indirect)
{
	u16 id = gd->free_id[--gd->nids];
	u32 i;

	for (i = 0; i < n; i++) {
		struct vring_packed_desc *d = &gd->pdesc[gd->next_avail];
		u16 flags = sg_flags(i, n, nout, indirect) | (gd->avail_wrap ? F_AVAIL : F_USED);

		/* The head's flags are written last, by gd_publish. */
		*d = packed_desc(&sg[i], i + 1 < n ? 0xdead : id, i ? flags : le16toh(d->flags));
		if (!i) {
			gd->held[gd->nheld].slot = gd->next_avail;
			gd->held[gd->nheld++].flags = flags;
		}
		if (++gd->next_avail == gd->num) {
			gd->next_avail = 0;
			gd->avail_wrap = !gd->avail_wrap;
		}
	}
	gd->nfree -= n;
	gd->added += n;
	return id;
}

int gd_add(struct gd *gd, const struct gd_sg *sg, u32 nout, u32 nin, enum gd_shape shape, u64 token)
{
	u32 n = nout + nin, direct = shape == GD_DIRECT ? n : shape == GD_INDIRECT ? 0 : 1;
	u32 slots = direct + (direct < n);
	struct gd_sg ring[GD_TABLE_MAX + 1];
	u16 id;

	if (!n || (slots < n && n - direct > GD_TABLE_MAX) || (direct == n && n > GD_TABLE_MAX))
		die("chain of a length that this model does not make");
	if (slots > gd->nfree)
		return -ENOSPC;
	memcpy(ring, sg, direct * sizeof(*sg));
	if (direct < n) {
		u16 first = gd->free_id[(gd->packed ? gd->nids : gd->nfree) - 1];

		ring[direct] = fill_table(gd, first, sg + direct, n - direct, nout > direct ? nout - direct : 0);
	}
	id = gd->packed ? packed_add(gd, ring, slots, nout, direct < n) : split_add(gd, ring, slots, nout, direct < n);
	gd->state[id].token = token;
	gd->state[id].slots = slots;
	return 0;
}

void gd_publish(struct gd *gd)
{
	u32 i;

	atomic_thread_fence(memory_order_release);
	if (!gd->packed)
		gd->avail->idx = vx_cpu_to_le16(gd->next_avail);
	for (i = 0; i < gd->nheld; i++)
		gd->pdesc[gd->held[i].slot].flags = vx_cpu_to_le16(gd->held[i].flags);
	gd->nheld = 0;
}

static u16 take_back(struct gd *gd, u32 id, u64 *token)
{
	u16 slots;

	if (id >= gd->num || !gd->state[id].slots)
		die("device returned an id that is not out");
	*token = gd->state[id].token;
	slots = gd->state[id].slots;
	gd->state[id].slots = 0;
	return slots;
}

static bool split_get_used(struct gd *gd, u64 *token, u32 *len)
{
	struct vring_used_elem *e = &gd->used->ring[gd->next_used & (gd->num - 1)];
	u32 id = vx_le32_to_cpu(e->id), i, slots;
	u16 at = id;

	if (vx_le16_to_cpu(gd->used->idx) == gd->next_used)
		return false;
	slots = take_back(gd, id, token);
	*len = vx_le32_to_cpu(e->len);
	for (i = 0; i < slots; i++) {
		u16 next = vx_le16_to_cpu(gd->desc[at].next);

		gd->free_id[gd->nfree++] = at;
		at = next;
	}
	gd->next_used++;
	return true;
}

static bool packed_get_used(struct gd *gd, u64 *token, u32 *len)
{
	struct vring_packed_desc *d = &gd->pdesc[gd->next_used];
	u16 flags = vx_le16_to_cpu(d->flags), slots;

	if (!!(flags & F_AVAIL) != gd->used_wrap || !!(flags & F_USED) != gd->used_wrap)
		return false;
	slots = take_back(gd, vx_le16_to_cpu(d->id), token);
	*len = flags & VRING_DESC_F_WRITE ? vx_le32_to_cpu(d->len) : 0;
	gd->free_id[gd->nids++] = vx_le16_to_cpu(d->id);
	gd->nfree += slots;
	gd->next_used += slots;
	if (gd->next_used >= gd->num) {
		gd->next_used -= gd->num;
		gd->used_wrap = !gd->used_wrap;
	}
	return true;
}

bool gd_get_used(struct gd *gd, u64 *token, u32 *len)
{
	return gd->packed ? packed_get_used(gd, token, len) : split_get_used(gd, token, len);
}

bool gd_kick_needed(struct gd *gd)
{
	u16 old = gd->next_avail - gd->added, event;

	gd->added = 0;
	if (!gd->packed) {
		if (!gd->event_idx)
			return !(vx_le16_to_cpu(gd->used->flags) & VRING_USED_F_NO_NOTIFY);
		memcpy(&event, &gd->used->ring[gd->num], sizeof(event));
		return vring_need_event(vx_le16_to_cpu(event), gd->next_avail, old);
	}
	if (vx_le16_to_cpu(gd->device_event->flags) != VRING_PACKED_EVENT_FLAG_DESC)
		return vx_le16_to_cpu(gd->device_event->flags) != VRING_PACKED_EVENT_FLAG_DISABLE;
	event = vx_le16_to_cpu(gd->device_event->off_wrap);
	if (!!(event & WRAP) == gd->avail_wrap)
		event &= WRAP - 1;
	else
		event = (event & (WRAP - 1)) - gd->num;
	return vring_need_event(event, gd->next_avail, old);
}

void gd_calls(struct gd *gd, bool on)
{
	u16 event = on ? VRING_PACKED_EVENT_FLAG_ENABLE : VRING_PACKED_EVENT_FLAG_DISABLE;

	if (gd->packed)
		gd->driver_event->flags = vx_cpu_to_le16(event);
	else
		gd->avail->flags = vx_cpu_to_le16(on ? 0 : VRING_AVAIL_F_NO_INTERRUPT);
}

void gd_call_after(struct gd *gd, u16 n)
{
	u32 slot = gd->next_used + n;
	bool wrap = gd->used_wrap;

	if (!gd->packed) {
		gd->avail->ring[gd->num] = vx_cpu_to_le16(slot);
		return;
	}
	if (slot >= gd->num) {
		slot -= gd->num;
		wrap = !wrap;
	}
	gd->driver_event->off_wrap = vx_cpu_to_le16(slot | (wrap ? WRAP : 0));
	gd->driver_event->flags = vx_cpu_to_le16(VRING_PACKED_EVENT_FLAG_DESC);
}
