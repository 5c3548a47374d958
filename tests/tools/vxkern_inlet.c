// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vxkern_inlet NAME: what becomes of frames in a port's inlet when the program drops many of them, when their reader goes, when the
 * port goes, and when the port's netdevs are down. NAME and NAME-g are a veth pair with one queue, both up.
 *
 * Frames come from BPF_PROG_TEST_RUN: pages of a page_pool, as a NIC's are.
 */
#include <bpf/bpf.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vhost_xdp/stats.h>

#include "lib/expect.h"
#include "lib/kport.h"
#include "lib/xdp_prog.h"

#define MANY	300u	/* more than any one look at the ring takes */
#define GOOD	0x11
#define BAD	0xdd

static const char *name;
static int control, devmap, to_inlet, all, some, none;
static struct kport port;
static const struct vx_engine_page *page;
static struct vhost_xdp_totals before;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void set_up(const char *dev, bool up)
{
	struct ifreq r = { .ifr_flags = 0 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strncpy(r.ifr_name, dev, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &r))
		die(dev);
	r.ifr_flags = (short)(up ? r.ifr_flags | IFF_UP : r.ifr_flags & ~IFF_UP);
	if (ioctl(fd, SIOCSIFFLAGS, &r))
		die(dev);
	close(fd);
}

static void frames(unsigned int n, uint8_t mark)
{
	uint8_t frame[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xb5, mark };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame), .repeat = (int)n,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = 64);

	if (bpf_prog_test_run_opts(to_inlet, &opts))
		die("frames");
}

static int reader(void)
{
	int fd = kport_open(control, name, 0, VHOST_XDP_OPEN_READ);

	if (fd < 0)
		die("a data fd");
	fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	return fd;
}

static unsigned int got(int fd)
{
	unsigned int n = 0;
	uint8_t buf[2048];

	while (read(fd, buf, sizeof(buf)) > 0)
		n++;
	return n;
}

static uint64_t drops(enum vx_reason reason)
{
	return __atomic_load_n(&page->queue[0][VX_TO_GUEST].drops[reason], __ATOMIC_RELAXED);
}

static void attach(void)
{
	char guest[IFNAMSIZ], inlet[IFNAMSIZ];
	uint32_t ifindex;

	snprintf(guest, sizeof(guest), "%.12s-g", name);
	snprintf(inlet, sizeof(inlet), "%.12s" VHOST_XDP_INLET_SUFFIX, name);
	kport_prepare(&port, name, name, guest, 1, 512);
	page = mmap(NULL, sizeof(*page), PROT_READ, MAP_SHARED, port.page, 0);
	if (page == MAP_FAILED)
		die("the engine page");
	all = prog_to_sockets(port.xskmap, XDP_DROP);
	some = prog_to_sockets_but(port.xskmap, BAD);
	port.attach.flags = VHOST_XDP_ATTACH_INLET;
	expect_errno(kport_attach(control, &port, all), 0, 0, "attach");
	expect_errno(kport_attach(control, &port, all), EBUSY, EBUSY, "and once more");
	set_up(inlet, true);
	ifindex = if_nametoindex(inlet);
	map_set(devmap, 0, &ifindex);
}

static void delivers(void)
{
	int fd = reader();
	unsigned int n;

	expect_about("frames in the inlet");
	frames(MANY, GOOD);
	n = got(fd);
	expect_true(n == MANY, "all are read (%u)", n);
	close(fd);
}

/* Is there a frame for who waits? */
static void drops_many(void)
{
	uint8_t buf[2048];
	int fd = reader();

	expect_about("a frame behind many that the program drops");
	expect_errno(kport_set_prog(control, name, some), 0, 0, "such a program");
	frames(MANY, BAD);
	frames(1, GOOD);
	expect_true(read(fd, buf, sizeof(buf)) > 0, "is read");
	expect_true(got(fd) == 0, "and no other");
	frames(MANY, BAD);
	frames(1, GOOD);
	fcntl(fd, F_SETFL, O_RDWR);
	alarm(5);
	expect_true(read(fd, buf, sizeof(buf)) > 0, "is waited for");
	alarm(0);
	close(fd);
}

static void reader_leaves(void)
{
	unsigned int n;
	int fd;

	expect_about("frames that were not read");
	fd = reader();
	expect_errno(kport_set_prog(control, name, none), 0, 0, "a program that drops all");
	frames(MANY, GOOD);
	close(fd);
	fd = reader();
	expect_errno(kport_set_prog(control, name, all), 0, 0, "and one that drops none");
	n = got(fd);
	expect_true(n == 0, "are none of the next reader's (%u)", n);
	close(fd);
}

static void down(const char *dev)
{
	uint64_t lost = drops(VX_REASON_NO_BACKEND);
	int fd = reader();
	unsigned int n;

	expect_about("%s is down", dev);
	set_up(dev, false);
	frames(10, GOOD);
	n = got(fd);
	expect_true(n == 0, "nothing is delivered (%u)", n);
	lost = drops(VX_REASON_NO_BACKEND) - lost;
	expect_true(lost == 10, "that is counted (%u)", (unsigned int)lost);
	set_up(dev, true);
	frames(10, GOOD);
	n = got(fd);
	expect_true(n == 10, "and ends with it (%u)", n);
	close(fd);
}

static void port_goes(void)
{
	uint64_t lost = drops(VX_REASON_NO_BACKEND);
	int fd = reader();

	expect_about("the port goes");
	frames(MANY, GOOD);
	expect_errno(kport_detach(control, name), 0, 0, "detach");
	lost = drops(VX_REASON_NO_BACKEND) - lost;
	expect_true(lost == MANY, "what lay there is counted (%u)", (unsigned int)lost);
	close(fd);
}

int main(int argc, char **argv)
{
	char guest[IFNAMSIZ];

	if (argc != 2)
		return 2;
	name = argv[1];
	snprintf(guest, sizeof(guest), "%.12s-g", name);
	control = kport_control();
	before = kport_totals(control);
	devmap = map_new(BPF_MAP_TYPE_DEVMAP_HASH, 4, 4, 1, 0);
	to_inlet = prog_to_netdev(devmap);
	none = prog_verdict(BPF_PROG_TYPE_XDP, BPF_XDP, XDP_DROP);
	errno = kport_new(control, name, 1, 1500);
	if (errno)
		die("PORT_NEW");
	attach();
	delivers();
	drops_many();
	reader_leaves();
	down(guest);
	down(name);
	port_goes();
	kport_forget(&port);
	expect_errno(kport_del(control, name), 0, 0, "delete");
	expect_true(kport_settled(control, &before), "nothing is left");
	return expect_done("vxkern_inlet");
}
