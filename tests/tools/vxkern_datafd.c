// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vxkern_datafd PORT NETDEV: a data fd as VMMs use it: the ioctls that QEMU 7.2, QEMU 10 and libvirt send, in their order, good and
 * bad; frames written to it leave through the host end NETDEV, frames for the guest are read from it; the node
 * /dev/tap<ifindex>; and all of that by a user without rights. PORT passes what the guest sends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/vhost.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/expect.h"
#include "lib/kport.h"
#include "lib/seqframe.h"
#include "lib/vworld.h"

#define FLOW	5
#define FRAME	200

unsigned int if_nametoindex(const char *name);	/* <net/if.h> and <linux/if.h> exclude each other */

static const char *port, *netdev;
static int control, wire, tap;
static const struct seq_addr addr = { .mac = { 0x52, 0x54, 0, 0, 0, 1 }, .dst = { 2, 0, 0, 0, 0, 1 }, .ip = 0x0b00090a, .peer = 0x0100090a,
				     .flow = FLOW };

static int set_int(unsigned long request, int value)
{
	return ERR(ioctl(tap, request, &value));
}

static int offload(unsigned long bits)
{
	return ERR(ioctl(tap, TUNSETOFFLOAD, bits));
}

static void open_tap(uint32_t flags)
{
	tap = kport_open(control, port, 0, flags);
	expect_true(tap >= 0 && fcntl(tap, F_GETFD) == FD_CLOEXEC, "PORT_OPEN, close-on-exec");
	fcntl(tap, F_SETFL, O_RDWR | O_NONBLOCK);
}

/* --- ioctls ------------------------------------------------------------------------- */

static void get_iff(void)
{
	struct ifreq ifr = { 0 };

	expect_errno(ERR(ioctl(tap, TUNGETIFF, &ifr)), 0, 0, "TUNGETIFF");
	expect_true(ifr.ifr_flags == (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR), "a tap with a virtio-net header (0x%x)", ifr.ifr_flags & 0xffff);
	expect_true(!strcmp(ifr.ifr_name, netdev), "called %s", netdev);
}

static void header_sizes(const int *sizes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		expect_errno(set_int(TUNSETVNETHDRSZ, sizes[i]), 0, 0, "TUNSETVNETHDRSZ %d", sizes[i]);
}

static void as_qemu_7_2(void)
{
	int size;

	expect_about("what QEMU 7.2 asks");
	get_iff();
	expect_errno(offload(0x11), EINVAL, EINVAL, "TUNSETOFFLOAD 0x11 (is there UFO?)");
	expect_errno(offload(0), 0, 0, "TUNSETOFFLOAD 0");
	expect_errno(offload(0), 0, 0, "TUNSETOFFLOAD 0");
	expect_errno(ERR(ioctl(tap, TUNGETVNETHDRSZ, &size)), 0, 0, "TUNGETVNETHDRSZ");
	expect_true(size == 10, "it is 10 at first");
	header_sizes((const int[]){ 10, 10, 10 }, 3);
	expect_errno(set_int(TUNSETSNDBUF, 0x7fffffff), 0, 0, "TUNSETSNDBUF 2^31-1");
	header_sizes((const int[]){ 12, 10, 10, 10, 10, 12, 10, 12 }, 8);
	expect_errno(ERR(ioctl(tap, TUNGETVNETHDRSZ, &size)), 0, 0, "TUNGETVNETHDRSZ");
	expect_true(size == 12, "it is 12 now");
	expect_errno(offload(0), 0, 0, "TUNSETOFFLOAD 0");
	expect_errno(offload(0xf), 0, 0, "TUNSETOFFLOAD 0xf (checksums, TSO4, TSO6, ECN)");
}

static void as_qemu_10(void)
{
	expect_about("what QEMU 10 asks");
	get_iff();
	expect_errno(offload(0x11), EINVAL, EINVAL, "TUNSETOFFLOAD 0x11 (is there UFO?)");
	expect_errno(offload(0x61), 0, 0, "TUNSETOFFLOAD 0x61 (is there USO?)");
	header_sizes((const int[]){ 10 }, 1);
	expect_errno(set_int(TUNSETSNDBUF, 0x7fffffff), 0, 0, "TUNSETSNDBUF 2^31-1");
	header_sizes((const int[]){ 10, 12 }, 2);
	expect_errno(offload(0x6f), 0, 0, "TUNSETOFFLOAD 0x6f");
}

static void as_libvirt(void)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE };
	unsigned int features = 0;

	expect_about("what libvirt asks");
	expect_errno(ERR(ioctl(tap, TUNGETFEATURES, &features)), 0, 0, "TUNGETFEATURES");
	expect_true((features & (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE)) ==
		    (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE), "tap, no_pi, vnet_hdr, multi_queue (0x%x)", features);
	strncpy(ifr.ifr_name, netdev, IFNAMSIZ - 1);
	expect_errno(ERR(ioctl(tap, TUNSETIFF, &ifr)), 0, 0, "TUNSETIFF with multi_queue");
	ifr.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	expect_errno(ERR(ioctl(tap, TUNSETIFF, &ifr)), 0, 0, "TUNSETIFF without");
}

static void misused(void)
{
	static const int bad_sizes[] = { 0, 1, 9, 11, 13, 4096, -1 };
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	struct vhost_xdp_totals t;
	uint64_t u64;

	expect_about("what no VMM should ask");
	for (size_t i = 0; i < sizeof(bad_sizes) / sizeof(bad_sizes[0]); i++)
		expect_errno(set_int(TUNSETVNETHDRSZ, bad_sizes[i]), EINVAL, EINVAL, "TUNSETVNETHDRSZ %d", bad_sizes[i]);
	expect_errno(set_int(TUNSETSNDBUF, 0), EINVAL, EINVAL, "TUNSETSNDBUF 0");
	expect_errno(set_int(TUNSETSNDBUF, -1), EINVAL, EINVAL, "TUNSETSNDBUF -1");
	expect_errno(offload(~0ul), EINVAL, EINVAL, "TUNSETOFFLOAD, all");
	expect_errno(offload(2), EINVAL, EINVAL, "TUNSETOFFLOAD, TSO without checksums");
	expect_errno(offload(0x60), EINVAL, EINVAL, "TUNSETOFFLOAD, USO without checksums");
	strcpy(ifr.ifr_name, "lo");
	expect_errno(ERR(ioctl(tap, TUNSETIFF, &ifr)), EINVAL, EINVAL, "TUNSETIFF to another netdev");
	memset(ifr.ifr_name, 'x', IFNAMSIZ);
	expect_errno(ERR(ioctl(tap, TUNSETIFF, &ifr)), EINVAL, EINVAL, "TUNSETIFF, a name without an end");
	memset(ifr.ifr_name, 0, IFNAMSIZ);
	ifr.ifr_flags = IFF_TUN | IFF_NO_PI;
	expect_errno(ERR(ioctl(tap, TUNSETIFF, &ifr)), EINVAL, EINVAL, "TUNSETIFF, as a tun");
	expect_errno(ERR(ioctl(tap, TUNGETIFF, 8)), EFAULT, EFAULT, "TUNGETIFF, argument nowhere");
	expect_errno(ERR(ioctl(tap, TUNSETIFF, 8)), EFAULT, EFAULT, "TUNSETIFF, argument nowhere");
	expect_errno(ERR(ioctl(tap, TUNSETVNETHDRSZ, 8)), EFAULT, EFAULT, "TUNSETVNETHDRSZ, argument nowhere");
	expect_errno(ERR(ioctl(tap, TUNSETPERSIST, 1)), ANY_ERROR, ANY_ERROR, "TUNSETPERSIST");
	expect_errno(ERR(ioctl(tap, TUNSETOWNER, 65534)), ANY_ERROR, ANY_ERROR, "TUNSETOWNER");
	expect_errno(ERR(ioctl(tap, TUNATTACHFILTER, &u64)), ANY_ERROR, ANY_ERROR, "TUNATTACHFILTER");
	expect_errno(ERR(ioctl(tap, TUNSETSTEERINGEBPF, &(int){ tap })), EOPNOTSUPP, EOPNOTSUPP, "TUNSETSTEERINGEBPF");
	expect_errno(ERR(ioctl(tap, TUNSETSTEERINGEBPF, &(int){ -1 })), 0, 0, "TUNSETSTEERINGEBPF, to take off what is not there");
	expect_errno(ERR(ioctl(tap, VHOST_GET_FEATURES, &u64)), ENOTTY, ENOTTY, "an ioctl of vhost");
	expect_errno(ERR(ioctl(tap, VHOST_XDP_GET_TOTALS, &t)), ENOTTY, ENOTTY, "an ioctl of the control file");
	expect_errno(ERR(kport_open(control, port, 0, 0)), EBUSY, EBUSY, "a second data fd of the pair");
}

/* --- frames ------------------------------------------------------------------------------ */

static void open_wire(void)
{
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = if_nametoindex(netdev) };
	int one = 1, room = 8 << 20;

	wire = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(wire, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	setsockopt(wire, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (wire < 0 || bind(wire, (struct sockaddr *)&sll, sizeof(sll))) {
		perror(netdev);
		exit(2);
	}
}

/* What came out on the host end within ms, scored. */
static struct seq_score heard(uint64_t expected, int ms)
{
	static uint8_t frame[70000];
	struct pollfd pfd = { .fd = wire, .events = POLLIN };
	struct seq_score score;
	ssize_t n;

	seq_score_init(&score, expected);
	while (score.received < expected || !expected) {
		if (poll(&pfd, 1, ms) <= 0)
			break;
		while ((n = recv(wire, frame, sizeof(frame), 0)) > 0)
			seq_judge(&score, frame, n, FLOW);
	}
	free(score.seen);
	return score;
}

static ssize_t write_frame(const void *header, size_t header_len, const void *frame, size_t len)
{
	const struct iovec iov[2] = { { (void *)header, header_len }, { (void *)frame, len } };

	return writev(tap, iov, 2);
}

static void written(void)
{
	struct virtio_net_hdr_v1 hdr = { 0 };
	uint8_t frame[SEQ_MAX_LEN];
	unsigned int full = 0;
	struct seq_score s;
	size_t len;

	expect_about("frames written");
	header_sizes((const int[]){ 12 }, 1);
	for (unsigned int i = 0; i < 50; i++) {
		len = seq_datagram(frame, 60 + i * 29, &addr, i, SEQ_CSUM_FULL);
		full += write_frame(&hdr, 12, frame, len) == (ssize_t)(12 + len);
	}
	expect_true(full == 50, "50 frames of 60 to 1481 bytes are taken whole");
	s = heard(50, 500);
	expect_true(s.received == 50 && !s.corrupt, "and leave, %u", (unsigned int)s.received);
	header_sizes((const int[]){ 10 }, 1);
	len = seq_datagram(frame, FRAME, &addr, 0, SEQ_CSUM_PARTIAL);
	hdr = (struct virtio_net_hdr_v1){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 34, .csum_offset = 6 };
	expect_true(write_frame(&hdr, 10, frame, len) == (ssize_t)(10 + len), "a frame that needs a checksum, header of 10");
	s = heard(1, 500);
	expect_true(s.received == 1 && !s.corrupt, "leaves with one");
	header_sizes((const int[]){ 12 }, 1);
}

static void written_super(void)
{
	struct virtio_net_hdr_v1 hdr = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
					 .gso_size = 1448, .csum_offset = 16 };
	static uint8_t frame[65536];
	uint16_t l4, headers;
	struct seq_score s;
	size_t len = seq_segment(frame, 40000, &addr, 0, SEQ_CSUM_PARTIAL, &l4, &headers);

	expect_about("a super-frame written");
	hdr.csum_start = l4;
	hdr.hdr_len = headers;
	expect_true(write_frame(&hdr, 12, frame, len) == (ssize_t)(12 + len), "is taken whole");
	s = heard(0, 300);
	expect_true(s.bytes == 40000 && s.largest <= 1448 && !s.corrupt, "and leaves in %u segments", (unsigned int)s.segments);
}

static void written_badly(void)
{
	static uint8_t frame[100000];
	struct virtio_net_hdr_v1 hdr = { 0 };
	struct seq_score s;

	expect_about("what is no frame, written");
	seq_datagram(frame, 1400, &addr, 0, SEQ_CSUM_FULL);
	expect_errno(ERR(write(tap, frame, 0)), EINVAL, 0, "nothing");
	expect_errno(ERR(write(tap, frame, 5)), EINVAL, EINVAL, "half a header");
	expect_errno(ERR(write(tap, &hdr, 12)), EINVAL, EINVAL, "a header alone");
	expect_errno(ERR(write_frame(&hdr, 12, frame, 13)), EINVAL, EINVAL, "a runt");
	expect_errno(ERR(write_frame(&hdr, 12, frame, 90000)), ANY_ERROR, 0, "90000 bytes");
	expect_errno(ERR(write_frame(&hdr, 12, frame, 5000)), ANY_ERROR, 0, "5000 bytes without segmentation");
	hdr = (struct virtio_net_hdr_v1){ .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 1399, .csum_offset = 6 };
	expect_errno(ERR(write_frame(&hdr, 12, frame, 1400)), EINVAL, 0, "a checksum behind its end");
	hdr = (struct virtio_net_hdr_v1){ .gso_type = 77, .gso_size = 100 };
	expect_errno(ERR(write_frame(&hdr, 12, frame, 1400)), EINVAL, 0, "segmentation of an unknown kind");
	hdr = (struct virtio_net_hdr_v1){ .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 0 };
	expect_errno(ERR(write_frame(&hdr, 12, frame, 1400)), EINVAL, 0, "segments of 0 bytes");
	hdr = (struct virtio_net_hdr_v1){ 0 };
	expect_errno(ERR(writev(tap, (struct iovec[]){ { &hdr, 12 }, { (void *)8, 100 } }, 2)), EFAULT, EFAULT, "a frame from nowhere");
	s = heard(0, 200);
	expect_true(!s.received && !s.corrupt, "and nothing of it leaves");
	seq_datagram(frame, FRAME, &addr, 0, SEQ_CSUM_FULL);
	expect_true(write_frame(&hdr, 12, frame, FRAME) == FRAME + 12 && heard(1, 500).received == 1, "a good one does");
}

static void send_from_wire(unsigned int n)
{
	const struct seq_addr back = { .mac = { 2, 0, 0, 0, 0, 1 }, .dst = { 0x52, 0x54, 0, 0, 0, 1 }, .ip = 0x0100090a,
				       .peer = 0x0b00090a, .flow = FLOW };
	uint8_t frame[SEQ_MAX_LEN];

	for (unsigned int i = 0; i < n; i++)
		if (send(wire, frame, seq_datagram(frame, FRAME, &back, i, SEQ_CSUM_FULL), 0) < 0)
			perror("a frame for the guest");
}

static bool readable(int ms)
{
	struct pollfd pfd = { .fd = tap, .events = POLLIN };

	return poll(&pfd, 1, ms) > 0 && pfd.revents & POLLIN;
}

/* A data fd that was not opened for reading has never anything to read, but can be written to. */
static void not_read(void)
{
	struct pollfd pfd = { .fd = tap, .events = POLLIN | POLLOUT };
	uint8_t buf[2048];

	expect_about("a data fd that is not to be read");
	send_from_wire(5);
	usleep(50000);
	expect_true(poll(&pfd, 1, 0) == 1 && pfd.revents == POLLOUT, "is writable, not readable");
	expect_errno(ERR(read(tap, buf, sizeof(buf))), EAGAIN, EAGAIN, "read");
}

static void on_alarm(int signal)
{
}

static void read_back(void)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	struct seq_score s;
	uint8_t buf[2048];
	ssize_t n;

	expect_about("frames read");
	header_sizes((const int[]){ 12 }, 1);
	seq_score_init(&s, 20);
	expect_true(!readable(0), "nothing at first");
	expect_errno(ERR(read(tap, buf, sizeof(buf))), EAGAIN, EAGAIN, "read");
	send_from_wire(20);
	while (s.received + s.corrupt < 20 && readable(500)) {
		n = read(tap, buf, sizeof(buf));
		if (n != 12 + FRAME)
			break;
		seq_judge(&s, buf + 12, n - 12, FLOW);
	}
	expect_true(s.received == 20 && !s.corrupt && !s.reordered, "20 frames of 20, in order (%u)", (unsigned int)s.received);
	expect_true(!readable(0), "and no more");
	send_from_wire(2);
	expect_true(readable(500) && read(tap, buf, 50) == 50 && readable(500) && read(tap, buf, sizeof(buf)) == 12 + FRAME,
		    "what does not fit is cut off, and lost");
	send_from_wire(1);
	expect_true(readable(500), "a frame");
	expect_errno(ERR(syscall(SYS_read, tap, 8, 2000)), EFAULT, EFAULT, "read to nowhere");
	expect_errno(ERR(read(tap, buf, 5)), EINVAL, EAGAIN, "read of half a header");
	while (read(tap, buf, sizeof(buf)) > 0)
		;
	fcntl(tap, F_SETFL, O_RDWR);
	sigaction(SIGALRM, &sa, NULL);
	alarm(1);
	expect_errno(ERR(read(tap, buf, sizeof(buf))), EINTR, EINTR, "a read that waits, and a signal");
	fcntl(tap, F_SETFL, O_RDWR | O_NONBLOCK);
	free(s.seen);
}

/* --- the node, and rights -------------------------------------------------------------------- */

static void node(void)
{
	char path[40];
	struct stat st;
	int fd;

	expect_about("the node");
	snprintf(path, sizeof(path), "/dev/tap%u", if_nametoindex(netdev));
	expect_true(!stat(path, &st) && S_ISCHR(st.st_mode) && (st.st_mode & 0777) == 0600, "%s is there, mode 0600", path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	expect_errno(ERR(fd), EBUSY, EBUSY, "open, while there is a data fd");
	close(tap);
	tap = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	expect_errno(ERR(tap), 0, 0, "open");
	fd = open(path, O_RDWR | O_CLOEXEC);
	expect_errno(ERR(fd), EBUSY, EBUSY, "open again");
	get_iff();
	written();
}

/* A tap of Linux' own, by the name in tap:NAME. */
static bool tun_is(int fd, const char *path)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int size = 12;

	strncpy(ifr.ifr_name, path + 4, IFNAMSIZ - 1);
	return !ioctl(fd, TUNSETIFF, &ifr) && !ioctl(fd, TUNSETVNETHDRSZ, &size);
}

static void as_nobody(void)
{
	int status = 0;
	pid_t pid;

	expect_about("uid 65534, with the data fd in hand");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		unsigned int before = expect_failures();
		int vhost = open("/dev/vhost-xdp", O_RDWR | O_CLOEXEC);	/* while we may */

		if (setgid(65534) || setuid(65534))
			_exit(1);
		get_iff();
		written();
		expect_errno(ERR(ioctl(vhost, VHOST_SET_OWNER, NULL)), 0, 0, "VHOST_SET_OWNER");
		_exit(expect_failures() != before);
	}
	expect_true(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status), "all of these");
}

/* After a migration, and while vhost carries the guest's frames. */
static void while_vhost_runs(void)
{
	struct vworld world;
	char path[40];

	expect_about("while vhost uses the data fd");
	close(tap);
	snprintf(path, sizeof(path), "kernel:%s", port);
	vworld_init(&world, path);
	if (!expect_true(vworld_enter(&world, V_RUNNING, 0), "a device"))
		return;
	tap = dup(world.vu.vk->data[0]);
	fcntl(tap, F_SETFL, O_RDWR | O_NONBLOCK);
	heard(0, 50);
	written();
	not_read();
	expect_true(!vu_set_u64(&world.vu, VU_SEND_RARP, 0x563412005452), "RARP, as QEMU announces a guest, five times");
	expect_true(heard(0, 300).foreign == 5, "all five leave");
	expect_true(vworld_alive(&world), "and the vrings go on");
	vworld_leave(&world);
	close(tap);
}

/* As with a tap of Linux' own: what a VMM may do with its vrings is not a matter of how it opened the backend. */
static void read_only(const char *path, const char *node)
{
	struct vhost_vring_file file = { 0 };
	struct vworld world;
	uint8_t frame[FRAME];

	expect_about("a backend that was opened for reading only: %s", path);
	vworld_init(&world, path);
	if (!expect_true(vworld_enter(&world, V_RUNNING, 0), "a device"))
		return;
	for (file.index = 0, file.fd = -1; file.index < 2; file.index++)
		ioctl(vworld_fd(&world), VHOST_NET_SET_BACKEND, &file);
	close(world.vu.vk->data[0]);
	world.vu.vk->data[0] = open(node, O_RDONLY | O_CLOEXEC);
	if (world.ours)
		expect_true(world.vu.vk->data[0] >= 0, "%s", node);
	else
		expect_true(tun_is(world.vu.vk->data[0], path), "%s", node);
	expect_errno(ERR(write(world.vu.vk->data[0], frame, FRAME)), EBADF, EBADF, "write() to it");
	for (file.index = 0, file.fd = world.vu.vk->data[0]; file.index < 2; file.index++)
		expect_errno(ERR(ioctl(vworld_fd(&world), VHOST_NET_SET_BACKEND, &file)), 0, 0, "NET_SET_BACKEND, vring %u", file.index);
	expect_true(vworld_alive(&world), "and the vrings go on");
	vworld_leave(&world);
}

int main(int argc, char **argv)
{
	struct vhost_xdp_totals before;
	char path[40], file[40];

	if (argc != 3) {
		fprintf(stderr, "usage: vxkern_datafd PORT NETDEV\n");
		return 2;
	}
	port = argv[1];
	netdev = argv[2];
	control = kport_control();
	before = kport_totals(control);
	open_wire();
	open_tap(0);
	as_qemu_7_2();
	as_libvirt();
	misused();
	not_read();
	written();
	written_super();
	written_badly();
	as_nobody();
	close(tap);
	open_tap(VHOST_XDP_OPEN_READ);
	as_qemu_10();
	read_back();
	node();
	while_vhost_runs();
	snprintf(path, sizeof(path), "kernel:%s", port);
	snprintf(file, sizeof(file), "/dev/tap%u", if_nametoindex(netdev));
	read_only(path, file);
	if (!access("/dev/vhost-net", R_OK))
		read_only("tap:t0", "/dev/net/tun");
	expect_true(kport_settled(control, &before), "totals are as before");
	return expect_done("vxkern_datafd");
}
