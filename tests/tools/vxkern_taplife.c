// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vxkern_taplife NAME: data fds come and go, are read for long, and stay while their port goes, or their memory does not come.
 * NAME and NAME-g are a veth pair with two queues, both up.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/expect.h"
#include "lib/latepage.h"
#include "lib/tapwire.h"

#define ROUNDS	20

static struct tapwire w;

static bool readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLRDNORM };

	return poll(&p, 1, ms) == 1 && p.revents & POLLIN;
}

/* --- which pair ----------------------------------------------------------------------------------------------------- */

static void opens(void)
{
	int fd[2];

	expect_about("data fds");
	fd[0] = tw_open(&w, 0, 0);
	fd[1] = tw_open(&w, 1, VHOST_XDP_OPEN_READ);
	expect_true(fd[0] >= 0 && fd[1] >= 0, "one of each pair");
	expect_errno(ERR(tw_open(&w, 1, 0)), EBUSY, EBUSY, "no second");
	expect_errno(ERR(tw_open(&w, TW_PAIRS, 0)), EINVAL, EINVAL, "none of a pair that is not there");
	expect_errno(ERR(tw_open(&w, UINT32_MAX, 0)), EINVAL, EINVAL, "nor of pair -1");
	expect_errno(kport_del(w.control, w.name), EBUSY, EBUSY, "the port stays meanwhile");
	close(fd[0]);
	fd[0] = tw_open(&w, 0, 0);
	expect_true(fd[0] >= 0, "the pair is free when its fd is closed");
	close(fd[0]);
	close(fd[1]);
}

static void node(void)
{
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE };
	char path[32];
	struct stat st;
	int fd[TW_PAIRS];

	expect_about("the node");
	strncpy(r.ifr_name, w.name, IFNAMSIZ - 1);
	snprintf(path, sizeof(path), "/dev/tap%u", if_nametoindex(w.name));
	if (!expect_true(!stat(path, &st) && S_ISCHR(st.st_mode), "%s", path))
		return;
	for (unsigned int i = 0; i < TW_PAIRS; i++) {
		fd[i] = open(path, O_RDWR | O_NONBLOCK);
		expect_true(fd[i] >= 0 && !ioctl(fd[i], TUNSETIFF, &r), "each open is the next queue pair, %u", i);
	}
	expect_errno(ERR(open(path, O_RDWR)), EBUSY, EBUSY, "no more than there are");
	expect_errno(ERR(tw_open(&w, 1, 0)), EBUSY, EBUSY, "nor by the control device");
	expect_errno(tw_put(fd[1], TW_HDR, 60, 5), 0, 0, "a frame by the second");
	tw_arrives(&w, 60, 5, "it");
	expect_errno(ERR(mknod("/run/vx-stale", S_IFCHR | 0600, makedev(major(st.st_rdev), minor(st.st_rdev) + 1))), 0, 0,
		     "a node of the next minor number");
	expect_errno(ERR(open("/run/vx-stale", O_RDWR)), ENXIO, ENXIO, "is nobody's");
	unlink("/run/vx-stale");
	for (unsigned int i = 0; i < TW_PAIRS; i++)
		close(fd[i]);
}

/* --- reading -------------------------------------------------------------------------------------------------------- */

/* More than there are frames in the UMEM, so that each must have come back. */
static void many(int fd)
{
	const struct vx_queue_stats *st = tw_stats(&w, VX_TO_GUEST);
	uint64_t packets = st->packets;
	uint8_t buf[2048];
	unsigned int got = 0;

	expect_true(tw_backend(&w), "the port has a backend");
	/* no more on the way than any queue holds */
	for (unsigned int sent = 0; sent < 10000 && got == sent;) {
		for (unsigned int i = 0; i < 16; i++)
			tw_wire_sends(&w, 100, (uint8_t)sent++);
		while (got < sent && readable(fd, 2000))
			while (read(fd, buf, sizeof(buf)) > 0)
				got++;
	}
	expect_true(got == 10000 && tw_soon(packets + got, &st->packets), "10000 frames are read, and counted (%u)", got);
}

static void waiting(int fd)
{
	uint8_t buf[2048], want[77];
	int status;
	ssize_t n;
	pid_t pid;

	fcntl(fd, F_SETFL, O_RDWR);
	pid = fork();
	if (!pid) {
		usleep(300000);
		tw_wire_sends(&w, sizeof(want), 9);
		_exit(0);
	}
	tw_frame(want, sizeof(want), 9);
	n = read(fd, buf, sizeof(buf));
	expect_true(n == (ssize_t)(TW_HDR + sizeof(want)) && !memcmp(buf + TW_HDR, want, sizeof(want)), "a read waits for a frame");
	waitpid(pid, &status, 0);
	pid = fork();
	if (!pid) {
		_exit(read(fd, buf, sizeof(buf)) > 0);
	}
	usleep(300000);
	kill(pid, SIGKILL);
	expect_true(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "SIGKILL ends one that waits");
	fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
}

/* A queue that was taken off gets nothing; back again it starts anew. */
static void taken_off(int fd)
{
	const struct vx_queue_stats *st = tw_stats(&w, VX_TO_GUEST);
	const uint64_t stopped = st->drops[VX_REASON_QUEUE_STOPPED];
	struct ifreq r = { .ifr_flags = IFF_DETACH_QUEUE };
	uint8_t buf[2048];

	expect_errno(ERR(ioctl(fd, TUNSETQUEUE, &r)), 0, 0, "the queue is taken off");
	for (uint8_t i = 0; i < 3; i++)
		tw_wire_sends(&w, 100, i);
	expect_true(!readable(fd, 300), "nothing is to be read");
	expect_errno(ERR((int)read(fd, buf, sizeof(buf))), EAGAIN, EAGAIN, "read");
	r.ifr_flags = IFF_ATTACH_QUEUE;
	expect_errno(ERR(ioctl(fd, TUNSETQUEUE, &r)), 0, 0, "and put back");
	expect_true(!readable(fd, 100), "what came meanwhile is gone");
	expect_true(tw_soon(stopped + 3, &st->drops[VX_REASON_QUEUE_STOPPED]), "... and counted");
	tw_wire_sends(&w, 100, 7);
	expect_true(readable(fd, 1000) && read(fd, buf, sizeof(buf)) == (ssize_t)TW_HDR + 100 && buf[TW_HDR + 50] == 7,
		    "what comes now is read");
}

static void reads(void)
{
	int fd = tw_open(&w, 0, VHOST_XDP_OPEN_READ);

	expect_about("reading");
	if (!expect_true(fd >= 0, "a data fd to read from"))
		return;
	many(fd);
	waiting(fd);
	taken_off(fd);
	close(fd);
	expect_true(!tw_backend(&w), "closed, the port has no backend");
}

/* --- a page that does not come --------------------------------------------------------------------------------------- */

/* Whoever waits for it, nobody else does. */
static void stuck(void)
{
	int fd = tw_open(&w, 0, 0), status;
	struct latepage late;
	struct timespec t[2];
	pid_t pid;

	expect_about("a page that does not come");
	pid = fork();
	if (!pid) {
		kport_forget(&w.port);	/* else it would keep the sockets bound */
		_exit(latepage_new(&late) && write(fd, late.page, 100) > 0);
	}
	usleep(300000);
	expect_true(!waitpid(pid, &status, WNOHANG), "a write waits for it");
	clock_gettime(CLOCK_MONOTONIC, &t[0]);
	expect_errno(kport_set_prog(w.control, w.name, w.drop), 0, 0, "another program");
	expect_errno(kport_detach(w.control, w.name), 0, 0, "detach");
	kport_forget(&w.port);
	expect_errno(tw_attach(&w), 0, 0, "attach");
	clock_gettime(CLOCK_MONOTONIC, &t[1]);
	expect_true(t[1].tv_sec - t[0].tv_sec < 4, "all of them at once");
	expect_true(!waitpid(pid, &status, WNOHANG), "while the write waits on");
	kill(pid, SIGKILL);
	expect_true(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "until it is killed");
	expect_errno(tw_put(fd, TW_HDR, 60, 2), 0, 0, "a frame of another");
	tw_arrives(&w, 60, 2, "it");
	close(fd);
}

/* --- the port goes ---------------------------------------------------------------------------------------------------- */

static volatile int stop, quiet;

/* Code of the kernel is patched while a program is attached to a netdev: under TCG nobody should run it on another CPU just then. */
static void be_quiet(void)
{
	while (quiet)
		usleep(1000);
}

static void *vmm(void *arg)
{
	int fd = *(int *)arg;
	uint8_t buf[2048];

	while (!stop) {
		be_quiet();
		tw_put(fd, TW_HDR, 300, 1);
		while (read(fd, buf, sizeof(buf)) > 0)
			;
	}
	return NULL;
}

static void *wire(void *arg)
{
	(void)arg;
	while (!stop) {
		be_quiet();
		tw_wire_sends(&w, 300, 2);
	}
	return NULL;
}

static void gone(int fd)
{
	struct ifreq r = { 0 };
	uint8_t buf[2048];
	char path[32];

	expect_about("without the port's sockets");
	snprintf(path, sizeof(path), "/dev/tap%u", if_nametoindex(w.name));
	expect_errno(kport_detach(w.control, w.name), 0, 0, "detach");
	expect_errno(tw_put(fd, TW_HDR, 60, 1), 0, 0, "a frame is taken");
	expect_true(!tw_count(&w), "... and goes nowhere");
	expect_errno(ERR((int)read(fd, buf, sizeof(buf))), EAGAIN, EAGAIN, "nothing is read");
	expect_errno(ERR(ioctl(fd, TUNGETIFF, &r)), 0, 0, "TUNGETIFF");
	expect_true(!strcmp(r.ifr_name, w.name), "... says %.16s", r.ifr_name);
	expect_true(access(path, F_OK) < 0, "%s is gone", path);
}

static void under_load(int fd)
{
	pthread_t t[3];
	int i, err = 0;

	expect_about("attach and detach, while it is used");
	stop = 0;
	pthread_create(&t[0], NULL, vmm, &fd);
	pthread_create(&t[1], NULL, vmm, &fd);
	pthread_create(&t[2], NULL, wire, NULL);
	for (i = 0; i < ROUNDS && !err; i++) {
		kport_forget(&w.port);
		quiet = 1;
		usleep(20000);
		tw_prepare(&w);
		quiet = 0;
		usleep(5000);
		err = tw_attach_prepared(&w);
		usleep(20000);
		kport_set_prog(w.control, w.name, i % 2 ? w.drop : w.tx);
		usleep(20000);
		err = err ? err : kport_detach(w.control, w.name);
	}
	expect_errno(err, 0, 0, "%d rounds", i);
	stop = 1;
	for (i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	kport_forget(&w.port);
	expect_errno(tw_attach(&w), 0, 0, "attached for good");
	tw_count(&w);
	expect_errno(tw_put(fd, TW_HDR, 60, 6), 0, 0, "a frame");
	tw_arrives(&w, 60, 6, "it");
}

int main(int argc, char **argv)
{
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: vxkern_taplife NAME\n");
		return 2;
	}
	tw_new(&w, argv[1]);
	if (tw_attach(&w))
		return 2;
	opens();
	node();
	reads();
	stuck();
	fd = tw_open(&w, 0, VHOST_XDP_OPEN_READ);
	gone(fd);
	under_load(fd);
	close(fd);
	tw_del(&w);
	return expect_done("vxkern_taplife");
}
