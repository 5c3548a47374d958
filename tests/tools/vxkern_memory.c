// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vxkern_memory PATH (as in lib/vk.h): memory tables and dirty logs of a vhost device, good, bad and hostile, before and while
 * its vrings run. The errors wanted are those of Linux' own vhost-net; where ours is stricter or takes more, it says so.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "lib/expect.h"
#include "lib/vworld.h"

#define REGIONS		600
#define PAGE		4096ull
#define OURS_MAX	509	/* QEMU's own limit of memory slots */

static struct vworld world;
static struct {
	uint32_t n, padding;
	struct vhost_memory_region region[REGIONS];
} table;

/* Regions of a page, apart from each other; the first three are those of the rings. */
static void good_table(uint32_t n)
{
	memset(&table, 0, sizeof(table));
	table.n = n;
	for (uint32_t i = 0; i < n && i < REGIONS; i++) {
		struct vhost_memory_region *r = &table.region[i];

		if (i < world.vu.regions)
			*r = (struct vhost_memory_region){ world.vu.region[i].gpa, world.vu.region[i].size, world.vu.region[i].uva, 0 };
		else
			*r = (struct vhost_memory_region){ (1ull << 40) + i * 2 * PAGE, PAGE, VU_UVA, 0 };
	}
}

static void none(void)			{ good_table(0); }
static void as_before(void)		{ good_table(3); }
static void regions_64(void)		{ good_table(64); }
static void regions_509(void)		{ good_table(OURS_MAX); }
static void regions_513(void)		{ good_table(513); }
static void regions_lots(void)		{ good_table(3); table.n = ~0u; }
static void padding(void)		{ good_table(3); table.padding = 1; }
static void empty_region(void)		{ good_table(4); table.region[3].memory_size = 0; }
static void guest_wraps(void)		{ good_table(4); table.region[3].guest_phys_addr = ~0ull - 100; }
static void host_wraps(void)		{ good_table(4); table.region[3].userspace_addr = ~0ull - 100; }
static void in_kernel(void)		{ good_table(4); table.region[3].userspace_addr = 0xffff888000000000; }
static void huge(void)			{ good_table(4); table.region[3].memory_size = 1ull << 62; }
static void overlapping(void)		{ good_table(4); table.region[3].guest_phys_addr = VU_GPA; }
static void aliases(void)		{ good_table(5); table.region[4].userspace_addr = table.region[3].userspace_addr; }

/* As wanted errnos. */
#define EITHER	(-4)	/* a matter of taste */

static const struct {
	const char *name;
	void (*make)(void);
	int before, running;		/* Linux */
	int ours_before, ours_running;
} tables[] = {
	{ "the same again", as_before, 0, 0, 0, 0 },
	{ "64 regions", regions_64, 0, 0, 0, 0 },
	{ "509 regions", regions_509, E2BIG, E2BIG, 0, 0 },
	{ "513 regions", regions_513, E2BIG, E2BIG, E2BIG, E2BIG },
	{ "4294967295 regions", regions_lots, E2BIG, E2BIG, E2BIG, E2BIG },
	{ "padding that is not zero", padding, EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP, EOPNOTSUPP },
	{ "a region without a byte", empty_region, EFAULT, EFAULT, ANY_ERROR, ANY_ERROR },
	{ "guest addresses that wrap around", guest_wraps, EFAULT, EFAULT, ANY_ERROR, ANY_ERROR },
	{ "our addresses that wrap around", host_wraps, 0, EFAULT, EITHER, ANY_ERROR },
	{ "memory of the kernel", in_kernel, 0, EFAULT, EITHER, ANY_ERROR },
	{ "2^62 bytes", huge, 0, EFAULT, EITHER, ANY_ERROR },
	{ "regions that overlap", overlapping, 0, 0, EITHER, EITHER },
	{ "regions that share memory", aliases, 0, 0, 0, 0 },
	{ "no region", none, 0, 0, EITHER, EITHER },
};

static int set_table(const void *t)
{
	return ERR(ioctl(vworld_fd(&world), VHOST_SET_MEM_TABLE, t));
}

static void one_table(size_t i, bool running)
{
	int want = running ? tables[i].running : tables[i].before, err;

	if (world.ours)
		want = running ? tables[i].ours_running : tables[i].ours_before;
	if (!expect_true(vworld_enter(&world, running ? V_RUNNING : V_MEMORY, 0), "%s: a device", tables[i].name))
		return;
	tables[i].make();
	err = set_table(&table);
	if (want == EITHER)
		want = err;
	expect_errno(err, want, want, "%s [%s]", tables[i].name, running ? "running" : "memory set");
	/* without its memory a vring cannot go on; with it, it has to */
	if (running && tables[i].make != none && tables[i].make != overlapping)
		expect_true(vworld_alive(&world), "%s: and the vrings go on", tables[i].name);
	else if (running)
		vworld_send(&world, 1);
	vworld_leave(&world);
}

/* The table itself ends where nothing is mapped. */
static void table_cut_off(void)
{
	uint8_t *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *at = pages + PAGE - 40;	/* one region and a bit */

	if (pages == MAP_FAILED || munmap(pages + PAGE, PAGE) || !vworld_enter(&world, V_RUNNING, 0)) {
		expect_true(false, "a table at the end of what is mapped");
		return;
	}
	good_table(2);
	memcpy(at, &table, 40);
	expect_errno(set_table(at), EFAULT, EFAULT, "a table at the end of what is mapped");
	expect_true(vworld_alive(&world), "and the vrings go on");
	vworld_leave(&world);
	munmap(pages, PAGE);
}

/* --- dirty log ------------------------------------------------------------------- */

static int log_base(uint64_t base)
{
	return ERR(ioctl(vworld_fd(&world), VHOST_SET_LOG_BASE, &base));
}

static int features(uint64_t f)
{
	return ERR(ioctl(vworld_fd(&world), VHOST_SET_FEATURES, &f));
}

static int log_ring(struct ring *r, bool on)
{
	struct vhost_vring_addr a = {
		.index = r->index, .flags = on, .desc_user_addr = vu_uva(&world.vu, r->desc),
		.avail_user_addr = vu_uva(&world.vu, r->avail), .used_user_addr = vu_uva(&world.vu, r->used),
		.log_guest_addr = vu_gpa(&world.vu, r->used),
	};

	return ERR(ioctl(vworld_fd(&world), VHOST_SET_VRING_ADDR, &a));
}

static void log_works(void)
{
	const size_t size = (VU_GPA + VU_MEM_SIZE) / PAGE / 8;
	uint8_t *log = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t page;
	size_t bits = 0;

	expect_about("a dirty log, switched on and off while the vrings run");
	if (log == MAP_FAILED || !expect_true(vworld_enter(&world, V_RUNNING, 0), "a device"))
		return;
	page = vu_gpa(&world.vu, world.tx.used) / PAGE;
	expect_errno(log_base((uintptr_t)log), 0, 0, "SET_LOG_BASE");
	expect_errno(features(F_VERSION_1 | F_LOG_ALL), 0, 0, "SET_FEATURES with LOG_ALL");
	expect_errno(log_ring(&world.tx, true), 0, 0, "SET_VRING_ADDR with the log flag");
	expect_true(vworld_send(&world, 8) == 8, "frames are sent");
	expect_true(log[page / 8] & 1 << page % 8, "the used ring's page is in the log");
	for (size_t i = 0; i < size; i++)
		bits += __builtin_popcount(log[i]);
	expect_true(bits <= 2, "and no other that was only read (%zu bits)", bits);
	expect_errno(features(F_VERSION_1), 0, 0, "SET_FEATURES without LOG_ALL");
	expect_errno(log_ring(&world.tx, false), 0, 0, "SET_VRING_ADDR without the log flag");
	memset(log, 0, size);
	expect_true(vworld_send(&world, 8) == 8, "frames are sent");
	expect_true(!(log[page / 8] & 1 << page % 8), "and nothing is logged any more");
	vworld_leave(&world);
	munmap(log, size);
}

/* The log is not there: the vring fails, and comes back when it is set up anew. */
static void log_unmapped(void)
{
	struct vhost_vring_file none_file = { 1, -1 };

	expect_about("a dirty log where nothing is mapped");
	if (!expect_true(vworld_enter(&world, V_RUNNING, 0), "a device"))
		return;
	expect_errno(log_base(VU_UVA + (1ull << 36)), 0, EFAULT, "SET_LOG_BASE");
	expect_errno(features(F_VERSION_1 | F_LOG_ALL), 0, EFAULT, "SET_FEATURES with LOG_ALL");
	expect_errno(log_ring(&world.tx, true), 0, EINVAL, "SET_VRING_ADDR with the log flag");
	vworld_send(&world, 1);
	if (world.ours)
		expect_true(vworld_broken(&world, 1, true), "err is signalled");
	expect_errno(ERR(ioctl(vworld_fd(&world), VHOST_NET_SET_BACKEND, &none_file)), 0, 0, "unbind");
	expect_errno(features(F_VERSION_1), 0, 0, "SET_FEATURES without LOG_ALL");
	ring_reset(&world.tx);
	expect_true(!ring_start(&world.tx, 0), "set up anew");
	vworld_broken(&world, 1, false);
	expect_true(vworld_alive(&world), "and it works again");
	vworld_leave(&world);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: vxkern_memory kernel:PORT|node:NETDEV|tap:NAME\n");
		return 2;
	}
	vworld_init(&world, argv[1]);
	expect_about("memory tables");
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		one_table(i, false);
		one_table(i, true);
	}
	table_cut_off();
	log_works();
	log_unmapped();
	return expect_done("vxkern_memory");
}
