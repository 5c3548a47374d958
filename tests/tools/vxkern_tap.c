// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vxkern_tap NAME: what a VMM writes to a data fd, in every shape, and the corners of its ioctls; vxkern_datafd has what VMMs
 * usually do. NAME and NAME-g are a veth pair with two queues, both up.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/expect.h"
#include "lib/tapwire.h"

static struct tapwire w;
static void *volatile nowhere = (void *)8;

static int set_int(int fd, unsigned long request, int value)
{
	return ERR(ioctl(fd, request, &value));
}

/* --- ioctls ------------------------------------------------------------------------------------------------------- */

static struct ifreq ifr(const char *name, int flags)
{
	struct ifreq r;

	memset(&r, 0, sizeof(r));
	strncpy(r.ifr_name, name, IFNAMSIZ - 1);
	r.ifr_flags = (short)flags;
	return r;
}

static void flags_set(int fd)
{
	static const struct {
		const char *what, *name;
		int flags, err;
	} sets[] = {
		{ "several queues", "", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_MULTI_QUEUE, 0 },
		{ "the old flag of one queue", "", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_ONE_QUEUE, 0 },
		{ "no header", "", IFF_TAP | IFF_NO_PI, 0 },
		{ "both kinds", "", IFF_TUN | IFF_TAP | IFF_NO_PI, EINVAL },
		{ "packet information", "", IFF_TAP | IFF_VNET_HDR, EINVAL },
		{ "NAPI", "", IFF_TAP | IFF_NO_PI | IFF_NAPI, EINVAL },
		{ "nothing", "", 0, EINVAL },
		{ "everything", "", 0xffff, EINVAL },
		{ "a pattern", "tap%d", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, EINVAL },
		{ "as it was", "", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, 0 },
	};
	struct ifreq r;

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		r = ifr(sets[i].name, sets[i].flags);
		expect_errno(ERR(ioctl(fd, TUNSETIFF, &r)), sets[i].err, sets[i].err, "TUNSETIFF, %s", sets[i].what);
		if (sets[i].err)
			continue;
		expect_true(!strcmp(r.ifr_name, w.name), "... and gives the name: %.16s", r.ifr_name);
		ioctl(fd, TUNGETIFF, &r);
		expect_true((r.ifr_flags & 0xffff) == (sets[i].flags & ~IFF_ONE_QUEUE), "... and has flags %#x", r.ifr_flags & 0xffff);
	}
}

static void refused(int fd)
{
	static const struct {
		const char *what;
		unsigned long request;
		int err;
	} cases[] = {
		{ "TUNSETNOCSUM", TUNSETNOCSUM, 0 },
		{ "TUNSETPERSIST", TUNSETPERSIST, EPERM }, { "TUNSETOWNER", TUNSETOWNER, EPERM }, { "TUNSETGROUP", TUNSETGROUP, EPERM },
		{ "TUNSETCARRIER", TUNSETCARRIER, EPERM }, { "TUNSETIFINDEX", TUNSETIFINDEX, EPERM },
		{ "TUNGETDEVNETNS", TUNGETDEVNETNS, EPERM }, { "SIOCSIFHWADDR", SIOCSIFHWADDR, EPERM },
		{ "SIOCGIFHWADDR", SIOCGIFHWADDR, EOPNOTSUPP }, { "TUNSETLINK", TUNSETLINK, EOPNOTSUPP },
		{ "TUNSETDEBUG", TUNSETDEBUG, EOPNOTSUPP }, { "TUNSETTXFILTER", TUNSETTXFILTER, EOPNOTSUPP },
		{ "TUNATTACHFILTER", TUNATTACHFILTER, EOPNOTSUPP }, { "TUNDETACHFILTER", TUNDETACHFILTER, EOPNOTSUPP },
		{ "TUNGETFILTER", TUNGETFILTER, EOPNOTSUPP }, { "TUNSETSTEERINGEBPF", TUNSETSTEERINGEBPF, EOPNOTSUPP },
		{ "TUNSETFILTEREBPF", TUNSETFILTEREBPF, EOPNOTSUPP }, { "TUNSETVNETBE", TUNSETVNETBE, EINVAL },
		{ "TUNGETVNETBE", TUNGETVNETBE, EINVAL }, { "a number of nobody", _IO('T', 0), ENOTTY },
	};
	static const unsigned long pointers[] = { TUNGETFEATURES, TUNGETIFF, TUNSETIFF, TUNSETQUEUE, TUNGETVNETHDRSZ, TUNSETVNETHDRSZ,
						  TUNGETSNDBUF, TUNSETSNDBUF, TUNGETVNETLE, TUNSETVNETLE };
	char zero[64] = { 0 };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect_errno(ERR(ioctl(fd, cases[i].request, zero)), cases[i].err, cases[i].err, "%s", cases[i].what);
	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++)
		expect_errno(ERR(ioctl(fd, pointers[i], nowhere)), EFAULT, EFAULT, "ioctl %lu of memory that is not there", pointers[i] & 0xff);
}

#ifdef __x86_64__
/* A system call of a 32-bit process; pointers are below 4 GB. An errno. */
static int call32(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
	return ret < 0 ? (int)-ret : 0;
}

/* Its struct ifreq is shorter, and its struct iovec half as long. */
static void for_32_bits(int fd)
{
	uint8_t *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	uint32_t *iov = (void *)(low + 2048);

	if (low == MAP_FAILED || call32(20, 0, 0, 0) == ENOSYS) {
		expect_true(true, "no 32-bit processes here");
		return;
	}
	memset(low, 0xee, 4096);
	expect_errno(call32(54, fd, (long)TUNGETIFF, (long)low), 0, 0, "TUNGETIFF from 32 bits");
	expect_true(!strcmp((char *)low, w.name) && low[32] == 0xee && low[39] == 0xee, "... and no byte more than it has room for");
	expect_errno(call32(54, fd, (long)TUNSETOFFLOAD, 1), 0, 0, "TUNSETOFFLOAD from 32 bits");
	expect_errno(call32(54, fd, (long)TUNSETVNETHDRSZ, (long)low), EINVAL, EINVAL, "TUNSETVNETHDRSZ from 32 bits");
	memset(low, 0, TW_HDR);
	tw_frame(low + 100, 80, 4);
	iov[0] = (uint32_t)(uintptr_t)low;
	iov[1] = TW_HDR;
	iov[2] = (uint32_t)(uintptr_t)(low + 100);
	iov[3] = 80;
	expect_errno(call32(146, fd, (long)iov, 2), 0, 0, "writev() from 32 bits");
	tw_arrives(&w, 80, 4, "its frame");
	munmap(low, 4096);
}
#else
static void for_32_bits(int fd)
{
	(void)fd;
}
#endif

static void ioctls(int fd)
{
	int v = -1;

	expect_about("ioctls");
	flags_set(fd);
	refused(fd);
	expect_errno(set_int(fd, TUNSETVNETLE, 1), 0, 0, "little-endian headers");
	expect_true(!ioctl(fd, TUNGETVNETLE, &v) && v == 1, "... they are");
	expect_errno(set_int(fd, TUNSETSNDBUF, 1), 0, 0, "a send buffer of 1");
	expect_true(!ioctl(fd, TUNGETSNDBUF, &v) && v == 1, "... it is");
	expect_errno(ERR(ioctl(fd, TUNSETOFFLOAD, 1ul << 32 | TUN_F_CSUM)), EINVAL, EINVAL, "an offload above 32 bits");
	for_32_bits(fd);
}

/* --- shapes --------------------------------------------------------------------------------------------------------- */

static void lengths(int fd)
{
	static const size_t good[] = { 14, 15, 59, 60, 61, 512, TW_MTU + 14 };
	const struct vx_queue_stats *st = tw_stats(&w, VX_FROM_GUEST);
	struct vx_queue_stats was = *st;
	uint64_t sum = 0;

	expect_about("lengths");
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		expect_errno(tw_put(fd, TW_HDR, good[i], (uint8_t)i), 0, 0, "a frame of %zu", good[i]);
		tw_arrives(&w, good[i], (uint8_t)i, "it");
		sum += good[i];
	}
	expect_true(tw_soon(was.packets + sizeof(good) / sizeof(good[0]), &st->packets) && tw_soon(was.bytes + sum, &st->bytes),
		    "they are counted");
	for (size_t len = 0; len < 14; len += 13)
		expect_errno(tw_put(fd, TW_HDR, len, 0), EINVAL, EINVAL, "a frame of %zu (CVE-2024-41090)", len);
	expect_true(tw_soon(was.drops[VX_REASON_RUNT] + 2, &st->drops[VX_REASON_RUNT]), "... counted as runts");
	for (size_t len = 1; len < TW_HDR; len += 8)
		expect_errno(tw_put(fd, len, 0, 0), EINVAL, EINVAL, "a header of %zu", len);
	expect_true(tw_soon(was.drops[VX_REASON_BAD_VNET_HDR] + 2, &st->drops[VX_REASON_BAD_VNET_HDR]), "... counted as bad headers");
	expect_errno(tw_put(fd, TW_HDR, TW_MTU + 15, 0), 0, 0, "a frame longer than the MTU is taken");
	expect_errno(tw_put(fd, TW_HDR, 65549, 0), 0, 0, "so is one of 64 KB");
	expect_true(tw_soon(was.drops[VX_REASON_OVERSIZE] + 2, &st->drops[VX_REASON_OVERSIZE]), "... and dropped as oversize");
	expect_true(!tw_count(&w), "nothing of those arrives");
}

static void pieces(int fd)
{
	uint8_t frame[600], hdr[12] = { 0 };
	struct iovec iov[1024];
	int p[2];

	expect_about("pieces");
	tw_frame(frame, sizeof(frame), 3);
	for (int i = 0; i < 610; i++)
		iov[i] = (struct iovec){ i < (int)TW_HDR ? &hdr[i] : &frame[i - (int)TW_HDR], 1 };
	expect_true(writev(fd, iov, 610) == 610, "pieces of one byte");
	tw_arrives(&w, 600, 3, "it");
	for (int i = 0; i < 1024; i++)
		iov[i] = (struct iovec){ nowhere, 0 };
	iov[1] = (struct iovec){ hdr, 3 };
	iov[500] = (struct iovec){ hdr, 7 };
	iov[1023] = (struct iovec){ frame, 600 };
	expect_true(writev(fd, iov, 1024) == 610, "among a thousand empty ones");
	tw_arrives(&w, 600, 3, "it");
	iov[500].iov_base = nowhere;
	expect_errno(ERR((int)writev(fd, iov, 1024)), EFAULT, EFAULT, "one of them is not there");
	expect_errno(tw_write(fd, nowhere, 100), EFAULT, EFAULT, "none of it is there");
	/* pages of a pipe are no buffers of the caller's */
	expect_true(!pipe(p) && write(p[1], frame, 100) == 100, "a pipe");
	expect_errno(ERR((int)splice(p[0], NULL, fd, NULL, 100, 0)), EINVAL, EINVAL, "splice() to a data fd");
	close(p[0]);
	close(p[1]);
	expect_true(!tw_count(&w), "nothing of those arrives");
}

/* TCP over IPv4 with len bytes of payload, to be cut into segments. */
static size_t tcp_make(uint8_t *buf, size_t len, uint16_t gso_size)
{
	const struct virtio_net_hdr h = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .hdr_len = 54,
					  .gso_size = gso_size, .csum_start = 34, .csum_offset = 16 };
	uint8_t *eth = buf + TW_HDR, *ip = eth + 14, *tcp = ip + 20;

	memset(buf, 0, TW_HDR + 54 + len);
	memcpy(buf, &h, sizeof(h));
	tw_frame(eth, 12, 0);
	eth[12] = 8;
	ip[0] = 0x45;
	ip[2] = (uint8_t)((40 + len) >> 8);
	ip[3] = (uint8_t)(40 + len);
	ip[8] = 64;
	ip[9] = 6;
	tcp[12] = 0x50;
	return TW_HDR + 54 + len;
}

static void super_frames(int fd)
{
	static uint8_t buf[70000];
	const struct vx_queue_stats *st = tw_stats(&w, VX_FROM_GUEST);
	struct vx_queue_stats was = *st;
	size_t len = tcp_make(buf, 65000, 1448);

	expect_about("super-frames");
	expect_errno(tw_write(fd, buf, len), 0, 0, "one of %zu bytes", len);
	expect_true(tw_soon(was.supers + 1, &st->supers) && tw_soon(was.packets + 45, &st->packets), "it leaves as 45 frames");
	len = tcp_make(buf, 65000, 80);
	expect_errno(tw_write(fd, buf, len), 0, 0, "the same in segments of 80");
	expect_true(tw_soon(was.packets + 45 + 813, &st->packets), "it leaves as 813 frames");
	len = tcp_make(buf, 60000, 1448);
	buf[TW_HDR + 14] = 0x65;
	expect_errno(tw_write(fd, buf, len), EINVAL, EINVAL, "one that is not what it says");
	expect_true(tw_soon(was.drops[VX_REASON_BAD_GSO] + 1, &st->drops[VX_REASON_BAD_GSO]), "... counted as bad segmentation");
	tw_count(&w);
}

/* --- where they go ---------------------------------------------------------------------------------------------------- */

static void queue(int fd)
{
	const struct vx_queue_stats *st = tw_stats(&w, VX_FROM_GUEST);
	uint64_t stopped = st->drops[VX_REASON_QUEUE_STOPPED];
	struct ifreq r = ifr("", IFF_TAP | IFF_NO_PI);

	expect_about("the queue");
	ioctl(fd, TUNSETIFF, &r);
	expect_errno(tw_put(fd, 0, 60, 9), 0, 0, "without IFF_VNET_HDR there is no header");
	tw_arrives(&w, 60, 9, "the frame");
	r = ifr("", IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
	ioctl(fd, TUNSETIFF, &r);
	r = ifr("", IFF_DETACH_QUEUE);
	expect_errno(ERR(ioctl(fd, TUNSETQUEUE, &r)), 0, 0, "detach it");
	expect_errno(tw_put(fd, TW_HDR, 60, 9), 0, 0, "a frame is taken");
	expect_true(tw_soon(stopped + 1, &st->drops[VX_REASON_QUEUE_STOPPED]) && !tw_count(&w), "... and dropped");
	r = ifr("", IFF_ATTACH_QUEUE);
	expect_errno(ERR(ioctl(fd, TUNSETQUEUE, &r)), 0, 0, "attach it");
	r = ifr("", IFF_ATTACH_QUEUE | IFF_DETACH_QUEUE);
	expect_errno(ERR(ioctl(fd, TUNSETQUEUE, &r)), EINVAL, EINVAL, "not both at once");
	expect_errno(tw_put(fd, TW_HDR, 60, 9), 0, 0, "a frame");
	tw_arrives(&w, 60, 9, "it");
}

static void verdicts(int fd)
{
	const struct vx_queue_stats *st = tw_stats(&w, VX_FROM_GUEST);
	struct vx_queue_stats was = *st;

	expect_about("verdicts");
	expect_errno(kport_set_prog(w.control, w.name, w.drop), 0, 0, "a program that drops");
	expect_errno(tw_put(fd, TW_HDR, 60, 1), 0, 0, "a frame");
	expect_true(tw_soon(was.packets + 1, &st->packets) && !tw_count(&w), "was carried as far as the program");
	expect_errno(kport_set_prog(w.control, w.name, w.tx), 0, 0, "a program that says XDP_TX");
	expect_errno(tw_put(fd, TW_HDR, 60, 1), 0, 0, "a frame");
	expect_true(tw_soon(was.drops[VX_REASON_BAD_VERDICT] + 1, &st->drops[VX_REASON_BAD_VERDICT]) && !tw_count(&w), "is a bad verdict");
	expect_true(st->packets == was.packets + 1, "... and no frame carried");
	kport_set_prog(w.control, w.name, w.pass);
}

int main(int argc, char **argv)
{
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: vxkern_tap NAME\n");
		return 2;
	}
	tw_new(&w, argv[1]);
	expect_errno(ERR(tw_open(&w, 0, 0)), ENOTCONN, ENOTCONN, "no data fd of a port that was never attached");
	if (tw_attach(&w))
		return 2;
	fd = tw_open(&w, 0, 0);
	if (expect_true(fd >= 0, "a data fd")) {
		ioctls(fd);
		lengths(fd);
		pieces(fd);
		super_frames(fd);
		queue(fd);
		verdicts(fd);
		close(fd);
	}
	tw_del(&w);
	return expect_done("vxkern_tap");
}
