// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest_mem.h"
#include "say.h"

/* While a table is swapped, old and new maps exist side by side, and two dirty logs. */
#define MAPS_MAX	(2 * VX_MEM_REGIONS_MAX + 2)

/* What the signal handler may replace. A slot is free when end is 0, and is published by storing end last. */
static struct {
	_Atomic uintptr_t start;
	_Atomic uintptr_t end;
} mapped[MAPS_MAX];

static atomic_bool faulted;

bool vx_guest_faulted(void)
{
	return atomic_load_explicit(&faulted, memory_order_relaxed);
}

void vx_guest_fault_clear(void)
{
	atomic_store(&faulted, false);
}

static void on_sigbus(int sig, siginfo_t *info, void *context)
{
	uintptr_t addr = (uintptr_t)info->si_addr;
	int err = errno;

	for (u32 i = 0; i < MAPS_MAX; i++) {
		uintptr_t end = atomic_load(&mapped[i].end), start = atomic_load(&mapped[i].start);

		if (addr < start || addr >= end)
			continue;
		/* All of it at once: a truncated file costs one signal, however many pages are touched. */
		if (mmap((void *)start, end - start, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED)
			break;
		atomic_store(&faulted, true);
		errno = err;
		return;
	}
	/* Not guest memory: our own fault. Die of it as we would have without a handler. */
	signal(sig, SIG_DFL);
	raise(sig);
}

int vx_guest_fault_init(void)
{
	struct sigaction sa = { .sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_NODEFER };

	sigemptyset(&sa.sa_mask);
	return sigaction(SIGBUS, &sa, NULL) ? -errno : 0;
}

static int register_map(const struct vx_guest_map *map)
{
	for (u32 i = 0; i < MAPS_MAX; i++) {
		if (atomic_load(&mapped[i].end))
			continue;
		atomic_store(&mapped[i].start, (uintptr_t)map->base);
		atomic_store(&mapped[i].end, (uintptr_t)map->base + map->len);
		return 0;
	}
	return -ENOSPC;
}

static void unregister_map(const struct vx_guest_map *map)
{
	for (u32 i = 0; i < MAPS_MAX; i++) {
		if (atomic_load(&mapped[i].start) != (uintptr_t)map->base || !atomic_load(&mapped[i].end))
			continue;
		atomic_store(&mapped[i].end, 0);
		atomic_store(&mapped[i].start, 0);
		return;
	}
}

/*
 * The page size of the file: offsets and lengths of a hugetlbfs map must be
 * multiples of it, and fstat() reports it as the block size.
 */
static int file_page_size(int fd, u64 need, u64 *page)
{
	u64 base = (u64)sysconf(_SC_PAGESIZE);
	struct stat st;

	if (fstat(fd, &st))
		return vx_fail(-errno, "shared memory cannot be examined: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return vx_fail(-EINVAL, "the VMM shares something that is no memory file; "
			       "start it with shared memory (QEMU: memory-backend-memfd,share=on)");
	if ((u64)st.st_size < need)
		return vx_fail(-EINVAL, "the VMM shares %llu bytes of a file that has %llu; this is a fault of the VMM",
			       (unsigned long long)need, (unsigned long long)st.st_size);
	*page = st.st_blksize;
	if (*page < base || *page & (*page - 1))
		*page = base;
	return 0;
}

struct vx_guest_map *vx_guest_map_new(int fd, u64 offset, u64 size, int *err)
{
	struct vx_guest_map *map;
	u64 page = 0, start, len;

	if (!size || size > SIZE_MAX / 4 || offset > INT64_MAX - size) {
		*err = vx_fail(-EINVAL, "the VMM shares an impossible range of memory; this is a fault of the VMM");
		return NULL;
	}
	*err = file_page_size(fd, offset + size, &page);
	if (*err)
		return NULL;
	start = offset & ~(page - 1);
	len = (offset - start + size + page - 1) & ~(page - 1);

	map = vx_zalloc(sizeof(*map));
	if (!map) {
		*err = -ENOMEM;
		return NULL;
	}
	map->base = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, (off_t)start);
	if (map->base == MAP_FAILED) {
		*err = vx_fail(-errno, "%llu bytes of guest memory cannot be mapped: %s", (unsigned long long)len,
			       strerror(errno));
		goto err_free;
	}
	map->len = len;
	map->skip = offset - start;
	map->refs = 1;
	madvise(map->base, len, MADV_DONTDUMP);
	*err = register_map(map);
	if (*err)
		goto err_unmap;
	return map;

err_unmap:
	munmap(map->base, len);
err_free:
	vx_free(map);
	return NULL;
}

void vx_guest_map_put(struct vx_guest_map *map)
{
	if (!map || --map->refs)
		return;
	unregister_map(map);
	munmap(map->base, map->len);
	vx_free(map);
}

void vx_guest_mem_free(struct vx_guest_mem *gm)
{
	if (!gm)
		return;
	for (u32 i = 0; i < gm->n; i++)
		vx_guest_map_put(gm->map[i]);
	if (gm->table)
		vx_mem_table_free(gm->table);
	vx_free(gm);
}

static int append_region(struct vx_guest_mem *gm, const struct vx_vu_region *r, int fd)
{
	struct vx_guest_map *map;
	int err;

	if (gm->n == VX_MEM_REGIONS_MAX)
		return vx_fail(-ENOSPC, "the VMM shares more than %u memory regions", VX_MEM_REGIONS_MAX);
	map = vx_guest_map_new(fd, r->mmap_offset, r->size, &err);
	if (!map)
		return err;
	gm->map[gm->n] = map;
	gm->region[gm->n++] = (struct vx_mem_region){
		.gpa = r->gpa,
		.size = r->size,
		.vmm_addr = r->vmm_addr,
		.uaddr = (uintptr_t)map->base + map->skip,
	};
	return 0;
}

/* Build the core's table (none for a guest without memory); on failure the half-made memory goes. */
static struct vx_guest_mem *finish(struct vx_guest_mem *gm, int *err)
{
	if (!*err && !gm->n)
		return gm;
	if (!*err) {
		gm->table = vx_mem_table_new(gm->region, gm->n, err);
		if (gm->table)
			return gm;
		vx_fail(*err, "the VMM's memory regions overlap or wrap around; this is a fault of the VMM");
	}
	vx_guest_mem_free(gm);
	return NULL;
}

struct vx_guest_mem *vx_guest_mem_new(const struct vx_vu_region *regions, const int *fds, u32 n, int *err)
{
	struct vx_guest_mem *gm = vx_zalloc(sizeof(*gm));

	*err = gm ? 0 : -ENOMEM;
	for (u32 i = 0; i < n && !*err; i++)
		*err = append_region(gm, &regions[i], fds[i]);
	return gm ? finish(gm, err) : NULL;
}

#define NONE	UINT32_MAX

/* A copy that shares all maps of old but the one at index leave. */
static struct vx_guest_mem *copy_maps(const struct vx_guest_mem *old, u32 leave)
{
	struct vx_guest_mem *gm = vx_zalloc(sizeof(*gm));

	for (u32 i = 0; gm && old && i < old->n; i++) {
		if (i == leave)
			continue;
		gm->map[gm->n] = old->map[i];
		gm->map[gm->n]->refs++;
		gm->region[gm->n++] = old->region[i];
	}
	return gm;
}

static u32 find_region(const struct vx_guest_mem *gm, const struct vx_vu_region *r)
{
	for (u32 i = 0; gm && i < gm->n; i++) {
		if (gm->region[i].gpa == r->gpa && gm->region[i].size == r->size && gm->region[i].vmm_addr == r->vmm_addr)
			return i;
	}
	return NONE;
}

/* QEMU before 8.0 adds and removes each region once per queue pair: the last one to come counts. */
struct vx_guest_mem *vx_guest_mem_add(const struct vx_guest_mem *old, const struct vx_vu_region *region, int fd, int *err)
{
	struct vx_guest_mem *gm = copy_maps(old, find_region(old, region));

	*err = gm ? append_region(gm, region, fd) : -ENOMEM;
	return gm ? finish(gm, err) : NULL;
}

struct vx_guest_mem *vx_guest_mem_remove(const struct vx_guest_mem *old, const struct vx_vu_region *region, int *err)
{
	struct vx_guest_mem *gm = copy_maps(old, find_region(old, region));

	*err = gm ? 0 : -ENOMEM;
	return gm ? finish(gm, err) : NULL;
}
