// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vxkern_hostile PORT NETDEV: a guest whose rings lie and a VMM that takes its memory away, on the module's port PORT with the host end
 * NETDEV. After each lie the port serves the next device; where one vring broke, its err eventfd says so and the other goes on.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/expect.h"
#include "lib/hostile_rings.h"
#include "lib/kport.h"
#include "lib/vworld.h"

static struct vworld world;
static const char *netdev;

/* Frames for the guest, from the host end. */
static void wire_sends(unsigned int n)
{
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(netdev) };
	int sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	uint8_t frame[100] = "\x52\x54\0\0\0\1\2\0\0\0\0\1\x88\xb5";

	while (n--)
		if (sendto(sock, frame, sizeof(frame), 0, (struct sockaddr *)&sll, sizeof(sll)) < 0)
			perror("a frame for the guest");
	close(sock);
}

/* Does the receive vring take a frame? */
static bool receives(void)
{
	uint8_t *buf = vu_alloc(&world.vu, 2048, 16);
	uint32_t len;

	ring_add(&world.rx, &(struct piece){ buf, 2048 }, 1, true, buf);
	world.rx.pending += !world.rx.pending;
	ring_kick(&world.rx);
	for (int tries = 0; tries < 50; tries++) {
		wire_sends(1);
		usleep(20000);
		if (ring_get(&world.rx, &len))
			return len >= 100;
	}
	return false;
}

static bool up(uint64_t features)
{
	return expect_true(vworld_enter(&world, V_RUNNING, features), "a device");
}

static void raw_kick(struct ring *r)
{
	uint64_t one = 1;

	if (write(r->kick, &one, sizeof(one)) < 0)
		perror("kick");
}

/* One bad chain breaks the vring where it is, and not the other. */
static void one_vring(bool packed)
{
	expect_about("%s: a lie in one vring", packed ? "packed" : "split");
	if (!up(packed ? F_PACKED : 0))
		return;
	ring_add(&world.tx, &(struct piece){ world.vu.mem + VU_MEM_SIZE + (1ull << 36), 100 }, 1, false, &world);
	raw_kick(&world.tx);
	expect_true(vworld_broken(&world, 1, true), "a frame in no memory: err of the transmit vring");
	expect_true(!vworld_broken(&world, 0, false), "and not of the other");
	expect_true(receives(), "which goes on");
	vworld_leave(&world);

	if (!up(packed ? F_PACKED : 0))
		return;
	ring_add(&world.rx, &(struct piece){ world.vu.mem + VU_MEM_SIZE + (1ull << 36), 2000 }, 1, true, &world);
	raw_kick(&world.rx);
	wire_sends(3);
	expect_true(vworld_broken(&world, 0, true), "a buffer in no memory: err of the receive vring");
	expect_true(!vworld_broken(&world, 1, false) && vworld_alive(&world), "and the other goes on");
	vworld_leave(&world);
}

/* --- memory that goes away ------------------------------------------------------------ */

static void unmap_all(void)
{
	for (unsigned int i = 0; i < world.vu.regions; i++)
		munmap((void *)(uintptr_t)world.vu.region[i].uva, world.vu.region[i].size);
}

static void read_only(void)
{
	for (unsigned int i = 0; i < world.vu.regions; i++)
		mprotect((void *)(uintptr_t)world.vu.region[i].uva, world.vu.region[i].size, PROT_READ);
}

static void no_access(void)
{
	for (unsigned int i = 0; i < world.vu.regions; i++)
		mprotect((void *)(uintptr_t)world.vu.region[i].uva, world.vu.region[i].size, PROT_NONE);
}

/* The file behind the mapping is gone; nobody of us may touch it meanwhile. */
static void truncated(void)
{
	if (ftruncate(world.vu.memfd, 0))
		perror("ftruncate");
}

static void restored(void)
{
	if (ftruncate(world.vu.memfd, VU_MEM_SIZE))
		perror("ftruncate");
}

static void memory_goes(const char *how, void (*away)(void), void (*back)(void), bool packed)
{
	expect_about("%s: memory %s under running vrings", packed ? "packed" : "split", how);
	if (!up(packed ? F_PACKED : 0))
		return;
	receives();
	ring_add(&world.tx, &(struct piece){ vu_alloc(&world.vu, 100, 16), 100 }, 1, false, &world);
	away();
	raw_kick(&world.tx);
	raw_kick(&world.rx);
	expect_true(vworld_broken(&world, 1, true), "err of the transmit vring");
	wire_sends(3);
	usleep(50000);
	if (back)
		back();
	vworld_leave(&world);
	expect_true(vworld_enter(&world, V_RUNNING, 0) && vworld_alive(&world) && receives(), "the next device works");
	vworld_leave(&world);
}

/* --- fds that go away -------------------------------------------------------------------- */

static void fds_close(void)
{
	expect_about("eventfds closed under running vrings");
	if (!up(0))
		return;
	receives();
	close(world.rx.kick);
	close(world.tx.kick);
	close(world.rx.call);
	close(world.tx.call);
	close(world.vu.vk->err[0]);
	close(world.vu.vk->err[1]);
	wire_sends(10);
	usleep(50000);
	world.rx.kick = world.tx.kick = world.rx.call = world.tx.call = world.vu.vk->err[0] = world.vu.vk->err[1] = -1;
	vworld_leave(&world);
	if (!up(0))
		return;
	close(world.vu.vk->data[0]);
	world.vu.vk->data[0] = -1;
	expect_true(vworld_alive(&world) && receives(), "the data fd closed: the device goes on with it");
	vworld_leave(&world);
}

/* Kicks and calls that nobody asked for, as fast as they come. */
static void kick_storm(void)
{
	expect_about("a storm of kicks");
	if (!up(0))
		return;
	for (int i = 0; i < 200000; i++)
		raw_kick(i % 2 ? &world.rx : &world.tx);
	expect_true(vworld_alive(&world) && receives(), "the vrings go on");
	vworld_leave(&world);
}

static void lies(const char *what, void (*lie)(struct vu *, const char *))
{
	expect_about("%s", what);
	lie(&world.vu, world.path);
	vworld_leave(&world);
	expect_true(vworld_enter(&world, V_RUNNING, 0) && vworld_alive(&world) && receives(), "%s: the next device works", what);
	vworld_leave(&world);
}

int main(int argc, char **argv)
{
	struct vhost_xdp_totals before;
	char path[40];
	int control;

	if (argc != 3) {
		fprintf(stderr, "usage: vxkern_hostile PORT NETDEV\n");
		return 2;
	}
	snprintf(path, sizeof(path), "kernel:%s", argv[1]);
	netdev = argv[2];
	control = kport_control();
	before = kport_totals(control);
	vworld_init(&world, path);
	for (int packed = 0; packed < 2; packed++) {
		one_vring(packed);
		memory_goes("unmapped", unmap_all, NULL, packed);
		memory_goes("without access", no_access, NULL, packed);
		memory_goes("read-only", read_only, NULL, packed);
		memory_goes("truncated", truncated, restored, packed);
	}
	fds_close();
	kick_storm();
	lies("split rings that lie", hostile_split_rings);
	lies("packed rings that lie", hostile_packed_rings);
	lies("memory swapped", hostile_memory_swap);
	expect_true(kport_settled(control, &before), "totals are as before");
	return expect_done("vxkern_hostile");
}
