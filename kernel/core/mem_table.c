// SPDX-License-Identifier: GPL-2.0-only
/* Guest memory table and dirty log. */
#include "mem_table.h"

static int region_check(const struct vx_mem_region *r)
{
	if (!r->size || vx_range_wraps(r->gpa, r->size) || vx_range_wraps(r->vmm_addr, r->size) ||
	    vx_range_wraps(r->uaddr, r->size))
		return -EINVAL;
	return 0;
}

/* Insertion keeps the table sorted; that a region does not overlap its neighbours is then enough. */
static int region_insert(struct vx_mem_table *mt, const struct vx_mem_region *r)
{
	u32 i = mt->n;

	if (region_check(r))
		return -EINVAL;
	while (i && mt->region[i - 1].gpa > r->gpa)
		i--;
	if (i && r->gpa - mt->region[i - 1].gpa < mt->region[i - 1].size)
		return -EINVAL;
	if (i < mt->n && mt->region[i].gpa - r->gpa < r->size)
		return -EINVAL;
	memmove(&mt->region[i + 1], &mt->region[i], (mt->n - i) * sizeof(*r));
	mt->region[i] = *r;
	mt->region[i].log_gpa = r->gpa;
	mt->region[i].perm = VX_MEM_ALL;
	mt->n++;
	return 0;
}

struct vx_mem_table *vx_mem_table_new(const struct vx_mem_region *regions, u32 n, int *err)
{
	struct vx_mem_table *mt;
	u32 i;

	*err = -EINVAL;
	if (n > VX_MEM_REGIONS_MAX)
		return NULL;
	mt = vx_zalloc(sizeof(*mt) + n * sizeof(*regions));
	if (!mt) {
		*err = -ENOMEM;
		return NULL;
	}
	mt->room = n;
	for (i = 0; i < n; i++) {
		*err = region_insert(mt, &regions[i]);
		if (*err) {
			vx_free(mt);
			return NULL;
		}
	}
	*err = 0;
	return mt;
}

void vx_mem_table_free(struct vx_mem_table *mt)
{
	vx_free(mt);
}

const struct vx_mem_region *vx_mem_find(const struct vx_mem_table *mt, u64 gpa)
{
	u32 lo = 0, hi = mt->n;

	/* Invariant: regions below lo start at or below gpa, regions from hi on start above it. */
	while (lo < hi) {
		u32 mid = lo + (hi - lo) / 2;

		if (mt->region[mid].gpa <= gpa)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || gpa - mt->region[lo - 1].gpa >= mt->region[lo - 1].size)
		return NULL;
	return &mt->region[lo - 1];
}

int vx_mem_translate(const struct vx_mem_table *mt, u64 gpa, u32 len, u8 access, struct vx_iov *iov, u32 max,
		     struct vx_mem_miss *miss)
{
	u32 n = 0;

	if (len && vx_range_wraps(gpa, len))
		return -EINVAL;
	/* CVE-2018-1059: what one region holds says nothing about the bytes after its end. */
	while (len) {
		const struct vx_mem_region *r = vx_mem_find(mt, gpa);
		u64 off;

		if (!r || (r->perm & access) != access) {
			miss->iova = gpa;
			miss->access = access;
			return -EFAULT;
		}
		if (n == max)
			return -ENOBUFS;
		off = gpa - r->gpa;
		iov[n].uaddr = r->uaddr + off;
		iov[n].gpa = r->log_gpa + off;
		iov[n].len = vx_min((u64)len, r->size - off);
		len -= iov[n].len;
		gpa += iov[n].len;
		n++;
	}
	return n;
}

int vx_mem_from_vmm(const struct vx_mem_table *mt, u64 vmm_addr, u64 len, u64 *uaddr, u64 *gpa)
{
	u32 i;

	/* Control path; the table is sorted by gpa only, and VMM addresses may alias. */
	for (i = 0; i < mt->n; i++) {
		const struct vx_mem_region *r = &mt->region[i];
		u64 off = vmm_addr - r->vmm_addr;

		if (off < r->size && len <= r->size - off) {
			*uaddr = r->uaddr + off;
			*gpa = r->gpa + off;
			return 0;
		}
	}
	return -EFAULT;
}

int vx_mem_from_gpa(const struct vx_mem_table *mt, u64 gpa, u64 len, u64 *uaddr)
{
	const struct vx_mem_region *r = vx_mem_find(mt, gpa);

	if (!r || len > r->size - (gpa - r->gpa))
		return -EFAULT;
	*uaddr = r->uaddr + (gpa - r->gpa);
	return 0;
}

bool vx_mem_holds(const struct vx_mem_table *mt, u64 uaddr, u64 len)
{
	u32 i;

	for (i = 0; i < mt->n; i++) {
		u64 off = uaddr - mt->region[i].uaddr;

		if (off < mt->region[i].size && len <= mt->region[i].size - off)
			return true;
	}
	return false;
}

int vx_dirty_log_write(const struct vx_dirty_log *log, u64 gpa, u64 len)
{
	u64 page = gpa / VX_LOG_PAGE, last;

	if (!len)
		return 0;
	if (vx_range_wraps(gpa, len))
		return -EINVAL;
	last = (gpa + (len - 1)) / VX_LOG_PAGE;
	if (last / 8 >= log->size)
		return -EINVAL;
	while (page <= last) {
		u64 end = vx_min(last, page | 7);
		u8 mask = (0xff << (page & 7)) & (0xff >> (7 - (end & 7)));
		int err = vx_guest_or8(log->uaddr + page / 8, mask);

		if (err)
			return err;
		page = end + 1;
	}
	return 0;
}
