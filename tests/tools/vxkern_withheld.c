// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vxkern_withheld PORT: a worker waits for a page that its VMM does not hand out, as in a postcopy migration, or out of malice. Who else
 * has to wait for it, and who must not; that nobody waits for ever, and that no page is given up without need.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/expect.h"
#include "lib/fusepage.h"
#include "lib/kport.h"
#include "lib/vworld.h"
#include "lib/withheld.h"

#define PATIENCE	5	/* seconds, of the module */
#define SLACK		4	/* a test host may be slow */

static struct vworld world;
static const char *port;
static int control;

static uint32_t new_worker(void)
{
	struct vhost_worker_state w = { 0 };

	expect_errno(ERR(ioctl(vworld_fd(&world), VHOST_NEW_WORKER, &w)), 0, 0, "NEW_WORKER");
	return w.worker_id;
}

static int attach(uint32_t id)
{
	struct vhost_vring_worker w = { 1, id };

	return ERR(ioctl(vworld_fd(&world), VHOST_ATTACH_VRING_WORKER, &w));
}

static uint32_t worker_of(void)
{
	struct vhost_vring_worker w = { 1, 0 };

	if (ioctl(vworld_fd(&world), VHOST_GET_VRING_WORKER, &w))
		expect_true(false, "GET_VRING_WORKER");
	return w.worker_id;
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

static bool stuck(struct withheld *h, const char *about)
{
	expect_about("%s, while a worker waits for a page", about);
	if (!expect_true(vworld_enter(&world, V_RUNNING, 0), "a device") || !expect_true(withhold(h, &world.vu), "a page that does not come"))
		return false;
	withheld_send(h, &world.tx);
	return true;
}

/* The vring was not broken by what others did meanwhile: the frame goes when the page comes. */
static void unharmed(struct withheld *h)
{
	uint32_t len;
	void *sent = NULL;

	withheld_comes(h);
	for (int tries = 0; tries < 200 && !sent; tries++) {
		sent = ring_get(&world.tx, &len);
		usleep(10000);
	}
	expect_true(sent == h && !vworld_broken(&world, 1, false), "the page comes, and the vring goes on");
	expect_true(vworld_alive(&world), "... for good");
}

static void unstick(struct withheld *h)
{
	withheld_close(h);
	vworld_leave(&world);
}

/* It is the worker that waits which loses its page, not the one that the vring has now. */
static void moved_while_stuck(void)
{
	struct vhost_vring_state base = { 1, 0 };
	struct vhost_worker_state w;
	uint32_t first, own;
	struct withheld h;

	if (!stuck(&h, "a vring that changes its worker"))
		return;
	first = worker_of();
	own = new_worker();
	expect_errno(attach(own), 0, 0, "ATTACH_VRING_WORKER");
	usleep(100000);
	expect_errno(ioctl_within(vworld_fd(&world), VHOST_GET_VRING_BASE, &base, PATIENCE + SLACK, &h), 0, 0, "GET_VRING_BASE in time");
	expect_true(vworld_broken(&world, 1, true), "the page was given up");
	w.worker_id = own;
	expect_errno(attach(first), 0, 0, "ATTACH_VRING_WORKER");
	expect_errno(ERR(ioctl(vworld_fd(&world), VHOST_FREE_WORKER, &w)), 0, 0, "FREE_WORKER");
	unstick(&h);
}

static void freed_while_stuck(void)
{
	struct vhost_worker_state w;
	struct timespec t[2];
	uint32_t first, own;
	struct withheld h;

	if (!stuck(&h, "a worker that waits for the first is taken away"))
		return;
	first = worker_of();
	own = new_worker();
	attach(own);
	usleep(100000);
	expect_errno(attach(first), 0, 0, "ATTACH_VRING_WORKER, there and back");
	w.worker_id = own;
	clock_gettime(CLOCK_MONOTONIC, &t[0]);
	expect_errno(ioctl_within(vworld_fd(&world), VHOST_FREE_WORKER, &w, PATIENCE + SLACK, &h), 0, 0, "FREE_WORKER in time");
	clock_gettime(CLOCK_MONOTONIC, &t[1]);
	expect_true(t[1].tv_sec - t[0].tv_sec <= 2, "at once");
	unharmed(&h);
	unstick(&h);
}

static void reset_while_stuck(void)
{
	struct withheld h;

	if (!stuck(&h, "RESET_OWNER with two workers on a vring"))
		return;
	attach(new_worker());
	usleep(100000);
	expect_errno(ioctl_within(vworld_fd(&world), VHOST_RESET_OWNER, NULL, PATIENCE + SLACK, &h), 0, 0, "RESET_OWNER in time");
	unstick(&h);
}

/* A page may come after minutes, and who only looks must not break the vring meanwhile. */
static void asked_while_stuck(void)
{
	struct vhost_xdp_pair_info i;
	unsigned int slow = 0;
	struct timespec t[3];
	struct withheld h;

	if (!stuck(&h, "PORT_GET"))
		return;
	clock_gettime(CLOCK_MONOTONIC, &t[0]);
	do {
		clock_gettime(CLOCK_MONOTONIC, &t[1]);
		i = info();
		clock_gettime(CLOCK_MONOTONIC, &t[2]);
		slow += t[2].tv_sec - t[1].tv_sec > 1;
	} while (t[2].tv_sec - t[0].tv_sec <= PATIENCE);
	expect_true(!slow, "answers at once");
	expect_true(i.from_guest.running && !i.from_guest.broken && i.from_guest.error[0], "says: %s", i.from_guest.error);
	unharmed(&h);
	unstick(&h);
}

static void send_fd(int sock, int fd)
{
	char space[CMSG_SPACE(sizeof(fd))] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { "", 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space) };

	*CMSG_FIRSTHDR(&msg) = (struct cmsghdr){ CMSG_LEN(sizeof(fd)), SOL_SOCKET, SCM_RIGHTS };
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &fd, sizeof(fd));
	if (sendmsg(sock, &msg, 0) < 0)
		perror("sendmsg");
}

static int receive_fd(int sock)
{
	char space[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = { 0 }, byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space) };
	int fd = -1;

	if (recvmsg(sock, &msg, 0) == 1 && CMSG_FIRSTHDR(&msg))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static void __attribute__((noreturn)) victim(int sock)
{
	struct withheld h;

	if (!vworld_enter(&world, V_RUNNING, 0) || !withhold(&h, &world.vu))
		_exit(1);
	withheld_send(&h, &world.tx);
	attach(new_worker());
	send_fd(sock, h.uffd);
	pause();
	_exit(0);
}

static void killed(pid_t pid, int patience)
{
	int tenths = 0;

	kill(pid, SIGKILL);
	while (tenths < (patience + SLACK) * 10 && !waitpid(pid, NULL, WNOHANG)) {
		usleep(100000);
		tenths++;
	}
	expect_true(tenths < (patience + SLACK) * 10, "SIGKILL: gone within %d.%d s", tenths / 10, tenths % 10);
}

/* The page is withheld by somebody who lives on. */
static void killed_while_stuck(void)
{
	struct vhost_xdp_totals before = kport_totals(control);
	int pair[2], uffd;
	pid_t pid;

	expect_about("a VMM that is killed, while a worker waits for a page that another process withholds");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return;
	pid = fork();
	if (!pid)
		victim(pair[1]);
	close(pair[1]);
	uffd = receive_fd(pair[0]);
	expect_true(uffd >= 0, "a VMM that waits");
	killed(pid, PATIENCE);
	expect_true(kport_settled(control, &before), "and nothing is left of it");
	close(uffd);
	close(pair[0]);
}

/* --- a page that not even a signal frees from ---------------------------------------------------------------------- */

static void __attribute__((noreturn)) lasting_victim(const struct fusepage *f)
{
	struct withheld h = { .uffd = -1 };

	if (!vworld_enter(&world, V_RUNNING, 0))
		_exit(1);
	h.page = vu_alloc(&world.vu, 4096, 4096);
	if (!fusepage_map(f, (void *)(uintptr_t)vu_uva(&world.vu, h.page)))
		_exit(1);
	withheld_send(&h, &world.tx);
	pause();
	_exit(0);
}

/* Its worker cannot be stopped: the device is torn down when it can be, and until then is in nobody's way but the port's. */
static void stuck_for_good(void)
{
	struct vhost_xdp_totals before = kport_totals(control);
	struct timespec t[2];
	struct fusepage f;
	pid_t pid;

	expect_about("a VMM that is killed, while a worker waits for a page that no signal frees from");
	if (!fusepage_mount(&f)) {
		printf("# there is no FUSE here\n");
		return;
	}
	pid = fork();
	if (!pid)
		lasting_victim(&f);
	if (expect_true(fusepage_asked(&f, SLACK), "a VMM that waits")) {
		killed(pid, 2 * PATIENCE);
		clock_gettime(CLOCK_MONOTONIC, &t[0]);
		expect_true(info().from_guest.running, "its vring is not yet taken from the port");
		expect_errno(kport_new(control, "other", 1, 1500), 0, 0, "another port is made");
		expect_errno(kport_del(control, "other"), 0, 0, "... and deleted");
		clock_gettime(CLOCK_MONOTONIC, &t[1]);
		expect_true(t[1].tv_sec - t[0].tv_sec <= 1, "nobody waits for it");
		expect_true(kport_totals(control).workers == before.workers + 1, "but the module stays");
	}
	fusepage_comes(&f);
	expect_true(kport_settled(control, &before), "the page comes, and nothing is left");
	fusepage_umount(&f);
}

int main(int argc, char **argv)
{
	struct vhost_xdp_totals before;
	char path[40];

	if (argc != 2) {
		fprintf(stderr, "usage: vxkern_withheld PORT\n");
		return 2;
	}
	port = argv[1];
	snprintf(path, sizeof(path), "kernel:%s", port);
	control = kport_control();
	before = kport_totals(control);
	vworld_init(&world, path);
	moved_while_stuck();
	freed_while_stuck();
	reset_while_stuck();
	asked_while_stuck();
	killed_while_stuck();
	stuck_for_good();
	expect_true(vworld_enter(&world, V_RUNNING, 0) && vworld_alive(&world), "the next device works");
	vworld_leave(&world);
	expect_true(kport_settled(control, &before), "totals are as before");
	return expect_done("vxkern_withheld");
}
