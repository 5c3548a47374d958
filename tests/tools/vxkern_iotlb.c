// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vxkern_iotlb PATH (as in lib/vk.h): the messages of a vhost device behind an IOMMU: misses are asked and answered, mappings
 * taken away, messages of every wrong kind refused, floods survived. Held against Linux' own vhost-net, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/expect.h"
#include "lib/vworld.h"

#define PAGE	4096ull

static struct vworld world;
static bool second;		/* version of the messages */
static unsigned int misses;

static ssize_t tell(int type, uint64_t iova, uint64_t size, uint64_t uaddr, uint8_t perm)
{
	const struct vhost_iotlb_msg iotlb = { .iova = iova, .size = size, .uaddr = uaddr, .perm = perm, .type = type };
	struct vhost_msg_v2 m2 = { .type = VHOST_IOTLB_MSG_V2, .iotlb = iotlb };
	struct vhost_msg m1 = { .type = VHOST_IOTLB_MSG, .iotlb = iotlb };

	return second ? write(vworld_fd(&world), &m2, sizeof(m2)) : write(vworld_fd(&world), &m1, sizeof(m1));
}

/* Where it is, as the memory table says. */
static int map_page(uint64_t iova)
{
	iova &= ~(PAGE - 1);
	for (unsigned int i = 0; i < world.vu.regions; i++) {
		const struct vu_region *r = &world.vu.region[i];

		if (iova - r->gpa < r->size)
			return tell(VHOST_IOTLB_UPDATE, iova, PAGE, r->uva + iova - r->gpa, VHOST_ACCESS_RW) < 0 ? -1 : 0;
	}
	return -1;
}

/* Answer what was missed; false when there was nothing or something strange. */
static bool answer(void)
{
	struct vhost_msg_v2 m2 = { 0 };
	struct vhost_msg m1 = { 0 };
	const struct vhost_iotlb_msg *iotlb = second ? &m2.iotlb : &m1.iotlb;
	ssize_t want = second ? sizeof(m2) : sizeof(m1);

	if (read(vworld_fd(&world), second ? (void *)&m2 : (void *)&m1, want) != want)
		return false;
	misses++;
	return iotlb->type == VHOST_IOTLB_MISS && !map_page(iotlb->iova);
}

static void backend_features(uint64_t features)
{
	if (ioctl(vworld_fd(&world), VHOST_SET_BACKEND_FEATURES, &features))
		expect_true(false, "SET_BACKEND_FEATURES");
}

/* All but the backends; those want the used rings to be mapped. */
static bool start(void)
{
	if (!vworld_enter(&world, V_MEMORY, F_IOMMU) || !(world.vu.features & F_IOMMU))
		return false;
	backend_features(second ? 2 : 0);
	fcntl(vworld_fd(&world), F_SETFL, O_RDWR | O_NONBLOCK);
	world.vu.used = 0;
	if (ring_init(&world.rx, &world.vu, 0, 64, false, false, false) || ring_init(&world.tx, &world.vu, 1, 64, false, false, false))
		return false;
	world.mark = world.vu.used;
	map_page(vu_gpa(&world.vu, world.rx.used));
	map_page(vu_gpa(&world.vu, world.tx.used));
	return !ring_start(&world.rx, 0) && !ring_start(&world.tx, 0);
}

/* Send, answering for ms whatever is missed; how many frames came back. */
static unsigned int send_and_answer(unsigned int n, unsigned int rounds)
{
	unsigned int done = 0;
	uint64_t signals;
	uint32_t ignored;

	world.vu.used = world.mark;
	for (unsigned int i = 0; i < n; i++) {
		uint8_t *frame = vu_alloc(&world.vu, 3 * PAGE, PAGE);	/* each on a page of its own */

		memset(frame, 0, 72);
		memset(frame + 12, 0xff, 6);
		ring_add(&world.tx, &(struct piece){ frame + PAGE - 30, 72 }, 1, false, frame);
	}
	ring_kick(&world.tx);
	while (done < n && rounds--) {
		struct pollfd pfd[2] = { { .fd = vworld_fd(&world), .events = POLLIN }, { .fd = world.tx.call, .events = POLLIN } };

		if (poll(pfd, 2, 10) > 0 && pfd[1].revents && read(world.tx.call, &signals, sizeof(signals)) < 0)
			break;
		while (answer())
			;
		while (ring_get(&world.tx, &ignored))
			done++;
	}
	return done;
}

static void running(void)
{
	expect_about("misses, version %d", second + 1);
	if (!expect_true(start(), "a device behind an IOMMU"))
		return;
	misses = 0;
	expect_true(send_and_answer(16, 300) == 16, "frames are sent");
	expect_true(misses >= 16, "each of their pages was asked for (%u misses)", misses);
	/* Linux' own may ask twice */
	while (answer())
		;
	misses = 0;
	expect_true(send_and_answer(16, 300) == 16, "the same again");
	expect_true(misses == 0 || !world.ours, "and nothing was asked");
	expect_true(tell(VHOST_IOTLB_INVALIDATE, VU_GPA, VU_MEM_SIZE, 0, 0) > 0, "all of it is invalidated");
	map_page(vu_gpa(&world.vu, world.tx.used));
	expect_true(send_and_answer(16, 300) == 16, "frames are sent");
	expect_true(misses >= 16, "each of their pages was asked for again (%u misses)", misses);
	expect_true(!vworld_broken(&world, 1, false), "no vring broke");
	vworld_leave(&world);
}

/* A miss that nobody answers holds up its vring, and nothing else; nor does it keep the device from closing. */
static void unanswered(void)
{
	struct vhost_msg_v2 miss;
	uint32_t ignored;
	uint8_t *frame;

	expect_about("a miss that nobody answers");
	if (!expect_true(start(), "a device behind an IOMMU"))
		return;
	frame = vu_alloc(&world.vu, PAGE, PAGE);
	ring_add(&world.tx, &(struct piece){ frame, 72 }, 1, false, frame);
	ring_kick(&world.tx);
	usleep(100000);
	expect_true(!ring_get(&world.tx, &ignored), "the frame waits");
	if (world.ours)
		expect_errno(ERR(syscall(SYS_read, vworld_fd(&world), 8, sizeof(miss))), EFAULT, EFAULT, "a read to nowhere loses nothing");
	for (int i = 0; i < 50; i++)
		write(world.tx.kick, &(uint64_t){ 1 }, 8);
	usleep(50000);
	for (ignored = 0; read(vworld_fd(&world), &miss, sizeof(miss)) > 0 && ignored < 10000;)
		ignored++;
	/* the rings of both vrings were missing */
	expect_true(ignored >= (world.ours ? 2 : 1) && ignored < 200, "it is asked for, and not for ever (%u messages)", ignored);
	vworld_leave(&world);
}

/* Its ring is gone, the question for it forgotten; then the VMM says where the ring is now. */
static void ring_moved(void)
{
	struct vhost_msg_v2 miss;
	unsigned int n = 0;

	expect_about("a ring that moves while its place is asked for");
	if (!expect_true(start(), "a device behind an IOMMU"))
		return;
	expect_true(tell(VHOST_IOTLB_INVALIDATE, VU_GPA, VU_MEM_SIZE, 0, 0) > 0, "all is invalidated");
	for (int tries = 0; tries < 20; tries++, usleep(10000))
		while (read(vworld_fd(&world), &miss, sizeof(miss)) > 0)
			n++;
	expect_true(n >= 1, "the rings are asked for");
	expect_true(!ring_set_addr(&world.tx), "SET_VRING_ADDR");
	expect_true(send_and_answer(4, 300) == 4, "the new place is asked for, and the vring goes on");
	vworld_leave(&world);
}

struct bad {
	const char *name;
	int type;
	uint64_t iova, size, uaddr;
	uint8_t perm;
	int want;
};

static const struct bad bad[] = {
	{ "an update of no byte", VHOST_IOTLB_UPDATE, VU_GPA, 0, VU_UVA, 3, EINVAL },
	{ "an update into the kernel", VHOST_IOTLB_UPDATE, VU_GPA, PAGE, 0xffff888000000000, 3, EFAULT },
	{ "an update that wraps around", VHOST_IOTLB_UPDATE, VU_GPA, PAGE, ~0ull - 10, 3, EFAULT },
	{ "an update of bus addresses that wrap around", VHOST_IOTLB_UPDATE, ~0ull - 10, PAGE, VU_UVA, 3, EFAULT },
	{ "a miss, from the wrong side", VHOST_IOTLB_MISS, VU_GPA, PAGE, VU_UVA, 3, EFAULT },
	{ "a refusal of access", VHOST_IOTLB_ACCESS_FAIL, VU_GPA, PAGE, VU_UVA, 3, EFAULT },
	{ "a message of kind 0", 0, VU_GPA, PAGE, VU_UVA, 3, EFAULT },
	{ "a message of kind 99", 99, VU_GPA, PAGE, VU_UVA, 3, EFAULT },
};

static void bad_messages(void)
{
	char zeros[200] = { 0 };
	struct vhost_msg_v2 m;

	expect_about("bad messages, version %d", second + 1);
	if (!expect_true(start(), "a device behind an IOMMU"))
		return;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		expect_errno(ERR(tell(bad[i].type, bad[i].iova, bad[i].size, bad[i].uaddr, bad[i].perm)),
			     bad[i].want, bad[i].want, "%s", bad[i].name);
	for (size_t n = 0; n < 8; n++)
		expect_errno(ERR(write(vworld_fd(&world), zeros, n)), n ? EINVAL : 0, EINVAL, "a message of %zu bytes", n);
	expect_errno(ERR(write(vworld_fd(&world), zeros, sizeof(zeros))), EINVAL, EINVAL, "a message of version 0");
	zeros[0] = 77;
	expect_errno(ERR(write(vworld_fd(&world), zeros, sizeof(zeros))), EINVAL, EINVAL, "a message of version 77");
	expect_errno(ERR(syscall(SYS_write, vworld_fd(&world), 8, sizeof(m))), ANY_ERROR, ANY_ERROR, "a message from nowhere");
	while (read(vworld_fd(&world), &m, sizeof(m)) > 0)
		;
	expect_errno(ERR(read(vworld_fd(&world), &m, sizeof(m))), EAGAIN, EAGAIN, "nothing to be read");
	misses = 0;
	expect_true(send_and_answer(4, 300) == 4, "and the vrings go on");
	vworld_leave(&world);
}

static void without_iommu(void)
{
	struct vhost_msg_v2 m;

	expect_about("messages to a device without an IOMMU");
	if (!expect_true(vworld_enter(&world, V_RUNNING, 0), "a device"))
		return;
	backend_features(second ? 2 : 0);
	expect_errno(ERR(tell(VHOST_IOTLB_UPDATE, VU_GPA, PAGE, VU_UVA, 3)), EFAULT, EFAULT, "an update");
	expect_errno(ERR(tell(VHOST_IOTLB_INVALIDATE, VU_GPA, PAGE, 0, 0)), EFAULT, EFAULT, "an invalidation");
	expect_errno(ERR(read(vworld_fd(&world), &m, sizeof(m))), EBADFD, EBADFD, "a read that would wait");
	fcntl(vworld_fd(&world), F_SETFL, O_RDWR | O_NONBLOCK);
	expect_errno(ERR(read(vworld_fd(&world), &m, sizeof(m))), EAGAIN, EAGAIN, "a read that would not wait");
	expect_true(vworld_alive(&world), "and the vrings go on");
	vworld_leave(&world);
}

static void flood(void)
{
	unsigned int refused = 0;

	expect_about("floods");
	if (!expect_true(start(), "a device behind an IOMMU"))
		return;
	for (uint64_t i = 0; i < 20000; i++)
		refused += tell(VHOST_IOTLB_UPDATE, (1ull << 40) + i * PAGE, PAGE, VU_UVA, VHOST_ACCESS_RO) < 0;
	expect_true(world.ours || !refused, "20000 mappings, %u refused", refused);
	for (uint64_t i = 0; i < 2000; i++)
		tell(VHOST_IOTLB_INVALIDATE, (1ull << 40) + i * PAGE, PAGE, 0, 0);
	tell(VHOST_IOTLB_INVALIDATE, 0, 1ull << 47, 0, 0);
	map_page(vu_gpa(&world.vu, world.tx.used));
	expect_true(send_and_answer(4, 300) == 4, "and the vrings go on");
	vworld_leave(&world);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: vxkern_iotlb kernel:PORT|node:NETDEV|tap:NAME\n");
		return 2;
	}
	vworld_init(&world, argv[1]);
	for (int i = 0; i < 2; i++) {
		second = i;
		running();
		bad_messages();
		without_iommu();
	}
	unanswered();
	if (world.ours)
		ring_moved();
	flood();
	return expect_done("vxkern_iotlb");
}
