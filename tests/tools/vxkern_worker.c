// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vxkern_worker PORT [CGROUP]: the worker ioctls of the module's vhost device: made, wrong, attached, taken away, on a running device;
 * that each vring may have its own kthread, that it can be pinned, and that it is billed to whoever set the owner (CGROUP: the
 * line of /proc/PID/cgroup that is wanted).
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/expect.h"
#include "lib/kport.h"
#include "lib/vworld.h"

#define MANY	1000

static struct vworld world;
static const char *port;
static int control;

static int new_worker(uint32_t *id)
{
	struct vhost_worker_state w = { 0 };
	int err = ERR(ioctl(vworld_fd(&world), VHOST_NEW_WORKER, &w));

	*id = w.worker_id;
	return err;
}

static int free_worker(uint32_t id)
{
	struct vhost_worker_state w = { id };

	return ERR(ioctl(vworld_fd(&world), VHOST_FREE_WORKER, &w));
}

static int attach(uint32_t vring, uint32_t id)
{
	struct vhost_vring_worker w = { vring, id };

	return ERR(ioctl(vworld_fd(&world), VHOST_ATTACH_VRING_WORKER, &w));
}

static int worker_of(uint32_t vring, uint32_t *id)
{
	struct vhost_vring_worker w = { vring, 0 };
	int err = ERR(ioctl(vworld_fd(&world), VHOST_GET_VRING_WORKER, &w));

	*id = w.worker_id;
	return err;
}

static struct vhost_xdp_pair_info info(void)
{
	struct vhost_xdp_pair_info pair = { 0 };
	struct vhost_xdp_port_info i = { .npairs = 1, .pairs = (uintptr_t)&pair };

	strncpy(i.name, port, sizeof(i.name) - 1);
	if (ioctl(control, VHOST_XDP_PORT_GET, &i))
		expect_true(false, "PORT_GET");
	return pair;
}

static void without_owner(void)
{
	uint32_t id;

	expect_about("without an owner");
	if (!expect_true(vworld_enter(&world, V_NO_OWNER, 0), "a device"))
		return;
	expect_errno(new_worker(&id), EPERM, EINVAL, "NEW_WORKER");
	expect_errno(free_worker(0), EPERM, EINVAL, "FREE_WORKER");
	expect_errno(attach(0, 0), EPERM, EINVAL, "ATTACH_VRING_WORKER");
	expect_errno(worker_of(0, &id), EPERM, EINVAL, "GET_VRING_WORKER");
	vworld_leave(&world);
}

static void wrong(void)
{
	static const unsigned long all[] = { VHOST_NEW_WORKER, VHOST_FREE_WORKER, VHOST_ATTACH_VRING_WORKER, VHOST_GET_VRING_WORKER };
	uint32_t first, id;

	expect_about("wrong ids");
	if (!expect_true(vworld_enter(&world, V_RUNNING, 0), "a device"))
		return;
	for (int i = 0; i < 4; i++)
		expect_errno(ERR(ioctl(vworld_fd(&world), all[i], 8)), EFAULT, EFAULT, "ioctl %#lx, argument nowhere", all[i] & 0xff);
	expect_errno(worker_of(0, &first), 0, 0, "GET_VRING_WORKER");
	expect_errno(free_worker(first), EBUSY, EBUSY, "FREE_WORKER of one that is used");
	expect_errno(free_worker(first + 12345), ENODEV, ENODEV, "FREE_WORKER of one that is not there");
	expect_errno(free_worker(~0u), ENODEV, ENODEV, "FREE_WORKER 2^32-1");
	expect_errno(attach(0, first + 12345), ENODEV, ENODEV, "ATTACH_VRING_WORKER of one that is not there");
	expect_errno(attach(2, first), ENOBUFS, ENOBUFS, "ATTACH_VRING_WORKER to vring 2");
	expect_errno(attach(~0u, first), ENOBUFS, ENOBUFS, "ATTACH_VRING_WORKER to vring 2^32-1");
	expect_errno(worker_of(2, &id), ENOBUFS, ENOBUFS, "GET_VRING_WORKER of vring 2");
	expect_errno(new_worker(&id), 0, 0, "NEW_WORKER");
	expect_errno(free_worker(id), 0, 0, "FREE_WORKER of one that is idle");
	expect_errno(free_worker(id), ENODEV, ENODEV, "FREE_WORKER again");
	expect_errno(attach(0, id), ENODEV, ENODEV, "ATTACH_VRING_WORKER of one that was freed");
	expect_true(vworld_alive(&world), "and the vrings go on");
	vworld_leave(&world);
}

static void many(void)
{
	struct vhost_xdp_totals before = kport_totals(control);
	unsigned int n = 0;
	uint32_t id;

	expect_about("as many as there can be");
	if (!expect_true(vworld_enter(&world, V_RUNNING, 0), "a device"))
		return;
	while (n < MANY && !new_worker(&id))
		n++;
	expect_true(n >= 1 && n < MANY, "NEW_WORKER is refused after %u", n);
	expect_true(vworld_alive(&world), "and the vrings go on");
	vworld_leave(&world);
	expect_true(kport_settled(control, &before), "all are gone with their device");
}

static void moved(void)
{
	uint32_t first, own, id;

	expect_about("vrings that change their worker while they run");
	if (!expect_true(vworld_enter(&world, V_RUNNING, 0), "a device"))
		return;
	worker_of(1, &first);
	expect_errno(new_worker(&own), 0, 0, "NEW_WORKER");
	for (int i = 0; i < 100; i++) {
		unsigned int sent;

		if (attach(1, i % 2 ? first : own) || worker_of(1, &id) || id != (i % 2 ? first : own))
			expect_true(false, "ATTACH_VRING_WORKER, round %d", i);
		sent = vworld_send(&world, 16);
		if (sent != 16)
			expect_true(false, "%u of 16 frames sent in round %d", sent, i);
	}
	expect_true(vworld_alive(&world), "100 rounds, 16 frames each");
	expect_errno(free_worker(own), 0, 0, "FREE_WORKER");
	vworld_leave(&world);
}

static bool cgroup_is(pid_t tid, const char *want)
{
	char path[40], line[200] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", tid);
	f = fopen(path, "re");
	if (!f || !fgets(line, sizeof(line), f))
		line[0] = 0;
	if (f)
		fclose(f);
	line[strcspn(line, "\n")] = 0;
	if (strcmp(line, want))
		printf("cgroup of %d: %s\n", tid, line);
	return !strcmp(line, want);
}

static void placed(const char *cgroup)
{
	struct vhost_xdp_pair_info i;
	cpu_set_t cpus;
	uint32_t id;

	expect_about("where workers run");
	if (!expect_true(vworld_enter(&world, V_RUNNING, 0), "a device"))
		return;
	i = info();
	expect_true(i.to_guest.worker_tid > 0 && i.to_guest.worker_tid == i.from_guest.worker_tid, "one kthread for the pair (%d, %d)",
		    i.to_guest.worker_tid, i.from_guest.worker_tid);
	expect_errno(new_worker(&id), 0, 0, "NEW_WORKER");
	expect_errno(attach(1, id), 0, 0, "ATTACH_VRING_WORKER");
	i = info();
	expect_true(i.to_guest.worker_tid != i.from_guest.worker_tid, "one for each vring (%d, %d)", i.to_guest.worker_tid,
		    i.from_guest.worker_tid);
	for (int cpu = 0; cpu < 2; cpu++) {
		CPU_ZERO(&cpus);
		CPU_SET(cpu, &cpus);
		expect_errno(ERR(sched_setaffinity(i.from_guest.worker_tid, sizeof(cpus), &cpus)), 0, 0, "pinned to CPU %d", cpu);
		expect_true(vworld_send(&world, 16) == 16, "frames are sent");
		i = info();
		expect_true(i.from_guest.worker_cpu == cpu, "by a worker on CPU %d", i.from_guest.worker_cpu);
	}
	if (cgroup)
		expect_true(cgroup_is(i.from_guest.worker_tid, cgroup) && cgroup_is(i.to_guest.worker_tid, cgroup),
			    "billed to %s", cgroup);
	vworld_leave(&world);
}

int main(int argc, char **argv)
{
	struct vhost_xdp_totals before;
	char path[40];

	if (argc < 2 || argc > 3) {
		fprintf(stderr, "usage: vxkern_worker PORT [CGROUP]\n");
		return 2;
	}
	port = argv[1];
	snprintf(path, sizeof(path), "kernel:%s", port);
	control = kport_control();
	before = kport_totals(control);
	vworld_init(&world, path);
	without_owner();
	wrong();
	many();
	moved();
	placed(argv[2]);
	expect_true(kport_settled(control, &before), "totals are as before");
	return expect_done("vxkern_worker");
}
