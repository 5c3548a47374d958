// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vxkern_attach HOST GUEST OTHER: PORT_ATTACH with everything in it spoilt in turn, on a veth pair HOST-GUEST with at least two
 * queues; OTHER is any netdev that carries AF_XDP sockets. What was refused has changed nothing: the same sockets attach in
 * the end.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/expect.h"
#include "lib/kport.h"
#include "lib/xdp_prog.h"

#include <vhost_xdp/stats.h>

#define PORT	"spoilt"
#define ENTRIES	512u
#define PAGE	4096

static const char *host, *guest, *other;
static int control, good_prog;
static struct kport port;
static struct vhost_xdp_attach a;		/* what a case spoils; good again for each */
static struct vhost_xdp_socket s[2];
static int32_t keep[20];

/* --- fds of the wrong kind ------------------------------------------------------- */

static int closed_fd(void)	{ return 999; }

static int pipe_fd(void)
{
	static int ends[2];

	return ends[0] || !pipe2(ends, O_CLOEXEC) ? ends[0] : -1;
}

static int udp_fd(void)
{
	static int fd;

	return fd ? fd : (fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

/* An AF_XDP socket and its description, kept for all the run. */
static const struct kport_socket *another(const char *netdev, uint32_t queue, struct kport_socket *k)
{
	if (!k->fd) {
		int err = kport_socket_open(k, netdev ? if_nametoindex(netdev) : 0, queue, ENTRIES);

		if (err) {
			fprintf(stderr, "a socket on %s, queue %u: %s\n", netdev, queue, strerror(err));
			exit(2);
		}
	}
	return k;
}

static struct kport_socket unbound, on_queue_1, on_other;

static void s_unbound(void)	{ s[0] = another(NULL, 0, &unbound)->desc; }
static void s_queue(void)	{ s[0] = another(guest, 1, &on_queue_1)->desc; }
static void s_netdev(void)	{ s[0] = another(other, 0, &on_other)->desc; }
/* A socket that is not ours to describe: its rings are mapped from another's. */
static void s_foreign(void)	{ s[0].fd = another(other, 0, &on_other)->fd; }
static void s_closed(void)	{ s[0].fd = closed_fd(); }
static void s_minus(void)	{ s[0].fd = -1; }
static void s_pipe(void)	{ s[0].fd = pipe_fd(); }
static void s_udp(void)		{ s[0].fd = udp_fd(); }
static void s_control(void)	{ s[0].fd = control; }
static void u_pipe(void)	{ s[0].umem_fd = pipe_fd(); }
static void u_closed(void)	{ s[0].umem_fd = closed_fd(); }
static void u_udp(void)		{ s[0].umem_fd = udp_fd(); }
static void u_itself(void)	{ s[0].umem_fd = s[0].fd; }
static void u_stranger(void)	{ s[0].umem_fd = another(other, 0, &on_other)->fd; }
static void u_first(void)	{ s[0].first_frame = ~0u; s[0].frames = 2; }
static void u_frames(void)	{ s[0].frames = 3 * ENTRIES + 1; }
static void u_all(void)		{ s[0].first_frame = 1; s[0].frames = 3 * ENTRIES; }
static void s_reserved0(void)	{ s[0].reserved[0] = 1; }
static void s_reserved1(void)	{ s[0].reserved[1] = 1; }

/* --- rings that are not where they are said to be ------------------------------------ */

static void *anonymous(size_t size)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void swap(struct vhost_xdp_ring *x, struct vhost_xdp_ring *y)
{
	struct vhost_xdp_ring t = *x;

	*x = *y;
	*y = t;
}

/* A mapping that is no longer wanted after the case: it would hold the socket. */
static void *extra;

/* The completion ring's pages once more, where the fill ring should be; and a file's. */
static uint64_t wrong_offset(void)
{
	off_t at = (off_t)XDP_UMEM_PGOFF_COMPLETION_RING;
	void *map = mmap(NULL, port.socket[0].map_size[0], PROT_READ | PROT_WRITE, MAP_SHARED, s[0].fd, at);

	/* 6.1 lets nothing be mapped once bound: then the one that was mapped before must do */
	if (map == MAP_FAILED)
		return s[0].completion.addr;
	extra = map;
	return (uintptr_t)map;
}

static uint64_t file_mapping(void)
{
	int fd = memfd_create("ring", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, 65536))
		return 0;
	return (uintptr_t)mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
}

static void r_null(void)	{ s[0].rx.addr = 0; }
static void r_kernel(void)	{ s[0].rx.addr = 1ull << 63; }
static void r_anonymous(void)	{ s[0].rx.addr = (uintptr_t)anonymous(65536); }
static void r_file(void)	{ s[0].fill.addr = file_mapping(); }
static void r_wrong_offset(void)	{ s[0].fill.addr = wrong_offset(); }
static void r_second_page(void)	{ s[0].rx.addr += PAGE; }
static void r_unaligned(void)	{ s[0].rx.addr += 8; }
static void r_swapped(void)	{ swap(&s[0].rx, &s[0].tx); }
static void r_swapped_umem(void)	{ swap(&s[0].fill, &s[0].completion); }
static void r_one_for_two(void)	{ s[0].tx = s[0].rx; }
static void r_of_other(void)	{ s[0].rx = another(other, 0, &on_other)->desc.rx; }
static void r_entries_0(void)	{ s[0].rx.entries = 0; }
static void r_entries_3(void)	{ s[0].rx.entries = 3; }
static void r_entries_more(void)	{ s[0].rx.entries *= 64; }
static void r_entries_less(void)	{ s[0].fill.entries /= 2; }
static void r_entries_huge(void)	{ s[0].tx.entries = 1u << 31; }
static void r_producer(void)	{ s[0].rx.producer = ~0u - 3; }
static void r_consumer(void)	{ s[0].rx.consumer = 1u << 30; }
static void r_desc(void)	{ s[0].rx.desc = ~0u; }
static void r_desc_late(void)	{ s[0].fill.desc += PAGE; }
static void r_flags(void)	{ s[0].tx.flags = ~0u; }
static void r_odd(void)		{ s[0].completion.producer = 1; }
static void r_same_index(void)	{ s[0].rx.consumer = s[0].rx.producer; }
static void r_reserved(void)	{ s[0].completion.reserved = 1; }

/* --- the rest ------------------------------------------------------------------------ */

static void a_nobody(void)	{ strcpy(a.name, "nobody"); }
static void a_no_name(void)	{ memset(a.name, 0, sizeof(a.name)); }
static void a_behind(void)	{ a.name[VHOST_XDP_NAME_LEN - 1] = 'x'; }
static void a_host(void)	{ a.host_ifindex = 0; }
static void a_no_host(void)	{ a.host_ifindex = 99999; }
static void a_guest(void)	{ a.guest_ifindex = 0; }
static void a_no_guest(void)	{ a.guest_ifindex = 0x7fffffff; }
static void a_guest_minus(void)	{ a.guest_ifindex = ~0u; }
static void a_swapped(void)	{ a.host_ifindex = port.guest; a.guest_ifindex = port.host; }
static void a_none(void)	{ a.nsockets = 0; }
static void a_two(void)		{ a.nsockets = 2; }
static void a_many(void)	{ a.nsockets = ~0u; }
static void a_null(void)	{ a.sockets = 0; }
static void a_bad(void)		{ a.sockets = 1ull << 63; }
static void a_reserved0(void)	{ a.reserved[0] = 1; }
static void a_reserved2(void)	{ a.reserved[2] = 1ull << 63; }
static void a_reserved(void)	{ a.reserved0 = 1; }
static void a_flags(void)	{ a.flags = ~VHOST_XDP_ATTACH_INLET; }

/* The argument makes no sense as such: there is no line that says why. */
static bool refused_unread(void (*spoil)(void))
{
	return spoil == a_reserved0 || spoil == a_reserved2 || spoil == a_reserved || spoil == a_flags || spoil == a_behind;
}

static void k_bad(void)		{ a.keep = 8; }
static void k_many(void)	{ a.nkeep = 17; }
static void k_huge(void)	{ a.nkeep = ~0u; }
static void k_closed(void)	{ keep[0] = closed_fd(); }

static int prog_of(enum bpf_prog_type type, enum bpf_attach_type attach)
{
	int fd = prog_verdict(type, attach, type == BPF_PROG_TYPE_XDP ? XDP_PASS : 0);

	keep[19] = fd;	/* closed after the case */
	return fd;
}

static void p_minus(void)	{ a.prog_fd = -1; }
static void p_closed(void)	{ a.prog_fd = closed_fd(); }
static void p_pipe(void)	{ a.prog_fd = pipe_fd(); }
static void p_map(void)		{ a.prog_fd = a.page_fd; }
static void p_filter(void)	{ a.prog_fd = prog_of(BPF_PROG_TYPE_SOCKET_FILTER, 0); }
static void p_devmap(void)	{ a.prog_fd = prog_of(BPF_PROG_TYPE_XDP, BPF_XDP_DEVMAP); }
static void p_cpumap(void)	{ a.prog_fd = prog_of(BPF_PROG_TYPE_XDP, BPF_XDP_CPUMAP); }

static void page_of(enum bpf_map_type type, uint32_t value, uint32_t entries, uint32_t flags)
{
	a.page_fd = keep[19] = map_new(type, 4, value, entries, flags);
}

#define ENGINE_PAGE	((uint32_t)sizeof(struct vx_engine_page))

static void m_minus(void)	{ a.page_fd = -1; }
static void m_pipe(void)	{ a.page_fd = pipe_fd(); }
static void m_prog(void)	{ a.page_fd = good_prog; }
static void m_hash(void)	{ page_of(BPF_MAP_TYPE_HASH, ENGINE_PAGE, 1, 0); }
static void m_sockets(void)	{ page_of(BPF_MAP_TYPE_XSKMAP, 4, 4, 0); }
static void m_programs(void)	{ page_of(BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 0); }
static void m_not_mapped(void)	{ page_of(BPF_MAP_TYPE_ARRAY, ENGINE_PAGE, 1, 0); }
static void m_short(void)	{ page_of(BPF_MAP_TYPE_ARRAY, ENGINE_PAGE - 8, 1, BPF_F_MMAPABLE); }
static void m_percpu(void)	{ page_of(BPF_MAP_TYPE_PERCPU_ARRAY, 4096, 1, 0); }

/* A page that begins with a lock, as its BTF says: programs take it. */
static void m_lock(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	struct btf *btf = btf__new_empty();
	int word = btf__add_int(btf, "unsigned int", 4, 0), byte = btf__add_int(btf, "char", 1, BTF_INT_CHAR);
	int lock = btf__add_struct(btf, "bpf_spin_lock", 4), rest;

	btf__add_field(btf, "val", word, 0, 0);
	rest = btf__add_array(btf, word, byte, ENGINE_PAGE - 4);
	opts.btf_key_type_id = word;
	opts.btf_value_type_id = btf__add_struct(btf, "page", ENGINE_PAGE);
	btf__add_field(btf, "lock", lock, 0, 0);
	btf__add_field(btf, "rest", rest, 32, 0);
	if (btf__load_into_kernel(btf))
		perror("BTF");
	opts.btf_fd = btf__fd(btf);
	a.page_fd = keep[19] = bpf_map_create(BPF_MAP_TYPE_ARRAY, "locked", 4, ENGINE_PAGE, 1, &opts);
	btf__free(btf);
}

static const struct {
	const char *name;
	void (*spoil)(void);
	int want, also;
} cases[] = {
	{ "a port that is not there", a_nobody, ENOENT, ENOENT },
	{ "no name", a_no_name, EINVAL, ENOENT },
	{ "a name with something behind its end", a_behind, EINVAL, EINVAL },
	{ "no host end", a_host, ENODEV, ENODEV },
	{ "a host end that is not there", a_no_host, ENODEV, ENODEV },
	{ "no guest end", a_guest, ENODEV, ENODEV },
	{ "a guest end that is not there", a_no_guest, ENODEV, ENODEV },
	{ "guest end 2^32-1", a_guest_minus, ENODEV, ENODEV },
	{ "the ends swapped", a_swapped, ENXIO, ENXIO },
	{ "no sockets", a_none, EINVAL, EINVAL },
	{ "a socket too many", a_two, EINVAL, EINVAL },
	{ "2^32-1 sockets", a_many, EINVAL, EINVAL },
	{ "sockets at NULL", a_null, EFAULT, EFAULT },
	{ "sockets in the kernel", a_bad, EFAULT, EFAULT },
	{ "reserved[0]", a_reserved0, EINVAL, EINVAL },
	{ "reserved[2]", a_reserved2, EINVAL, EINVAL },
	{ "reserved0", a_reserved, EINVAL, EINVAL },
	{ "flags that are not known", a_flags, EINVAL, EINVAL },
	{ "fds to keep from nowhere", k_bad, EFAULT, EFAULT },
	{ "17 fds to keep", k_many, EINVAL, EINVAL },
	{ "2^32-1 fds to keep", k_huge, EINVAL, EINVAL },
	{ "a closed fd to keep", k_closed, EBADF, EBADF },
	{ "program -1", p_minus, EBADF, EBADF },
	{ "program: closed", p_closed, EBADF, EBADF },
	{ "program: a pipe", p_pipe, EINVAL, EINVAL },
	{ "program: a map", p_map, EINVAL, EINVAL },
	{ "program: a socket filter", p_filter, EINVAL, EINVAL },
	{ "program: for a DEVMAP", p_devmap, EINVAL, EINVAL },
	{ "program: for a CPUMAP", p_cpumap, EINVAL, EINVAL },
	{ "page -1", m_minus, EBADF, EBADF },
	{ "page: a pipe", m_pipe, EINVAL, EINVAL },
	{ "page: a program", m_prog, EINVAL, EINVAL },
	{ "page: a hash", m_hash, EINVAL, EINVAL },
	{ "page: an XSKMAP", m_sockets, EINVAL, EINVAL },
	{ "page: a PROG_ARRAY", m_programs, EINVAL, EINVAL },
	{ "page: an array that cannot be mapped", m_not_mapped, EINVAL, EINVAL },
	{ "page: a short one", m_short, EINVAL, EINVAL },
	{ "page: one for each CPU", m_percpu, EINVAL, EINVAL },
	{ "page: one with a lock in it", m_lock, EINVAL, EINVAL },
	{ "socket: closed", s_closed, EBADF, EBADF },
	{ "socket -1", s_minus, EBADF, EBADF },
	{ "socket: a pipe", s_pipe, ENOTSOCK, ENOTSOCK },
	{ "socket: the control file", s_control, ENOTSOCK, ENOTSOCK },
	{ "socket: UDP", s_udp, EPROTOTYPE, EPROTOTYPE },
	{ "socket: not bound", s_unbound, ENXIO, ENXIO },
	{ "socket: of another queue", s_queue, ENXIO, ENXIO },
	{ "socket: of another netdev", s_netdev, ENXIO, ENXIO },
	{ "socket: somebody else's, with these rings", s_foreign, ENXIO, EINVAL },
	{ "socket: reserved[0]", s_reserved0, EINVAL, EINVAL },
	{ "socket: reserved[1]", s_reserved1, EINVAL, EINVAL },
	{ "UMEM: closed", u_closed, EBADF, EBADF },
	{ "UMEM: a pipe", u_pipe, ENOTSOCK, ENOTSOCK },
	{ "UMEM: UDP", u_udp, EPROTOTYPE, EPROTOTYPE },
	{ "UMEM: the socket itself", u_itself, ANY_ERROR, 0 },
	{ "UMEM: a stranger's", u_stranger, EINVAL, EINVAL },
	{ "chunks from 2^32-1 on", u_first, EINVAL, EINVAL },
	{ "more chunks than there are", u_frames, EINVAL, EINVAL },
	{ "chunks over the end", u_all, EINVAL, EINVAL },
	{ "a ring at NULL", r_null, EINVAL, EFAULT },
	{ "a ring in the kernel", r_kernel, EINVAL, EFAULT },
	{ "a ring in anonymous memory", r_anonymous, EINVAL, EINVAL },
	{ "a ring in a file", r_file, EINVAL, EINVAL },
	{ "a ring mapped at another's offset", r_wrong_offset, EINVAL, EINVAL },
	{ "a ring from its second page on", r_second_page, EINVAL, EINVAL },
	{ "a ring that starts in the middle", r_unaligned, EINVAL, EINVAL },
	{ "rx and tx swapped", r_swapped, EINVAL, EINVAL },
	{ "fill and completion swapped", r_swapped_umem, EINVAL, EINVAL },
	{ "rx given as tx, too", r_one_for_two, EINVAL, EINVAL },
	{ "a ring of another socket", r_of_other, EINVAL, EINVAL },
	{ "a ring of 0 entries", r_entries_0, EINVAL, EINVAL },
	{ "a ring of 3 entries", r_entries_3, EINVAL, EINVAL },
	{ "a ring of more entries than were mapped", r_entries_more, EINVAL, EINVAL },
	{ "a ring of fewer entries than it has", r_entries_less, EINVAL, EINVAL },
	{ "a ring of 2^31 entries", r_entries_huge, EINVAL, EINVAL },
	{ "a producer outside", r_producer, EINVAL, EINVAL },
	{ "a consumer outside", r_consumer, EINVAL, EINVAL },
	{ "descriptors outside", r_desc, EINVAL, EINVAL },
	{ "descriptors over the end", r_desc_late, EINVAL, EINVAL },
	{ "flags outside", r_flags, EINVAL, EINVAL },
	{ "a producer at an odd place", r_odd, EINVAL, EINVAL },
	{ "producer and consumer in one place", r_same_index, EINVAL, EINVAL },
	{ "a ring's reserved", r_reserved, EINVAL, EINVAL },
};

/* Once attached, they are used. */
static void sockets_anew(void)
{
	struct kport_socket *k = &port.socket[0];
	int err;

	kport_socket_close(k);
	err = kport_socket_open(k, port.guest, 0, ENTRIES);
	if (err) {
		fprintf(stderr, "a socket: %s\n", strerror(err));
		exit(2);
	}
	port.desc[0] = k->desc;
}

static void good_again(void)
{
	if (extra)
		munmap(extra, port.socket[0].map_size[0]);
	extra = NULL;
	a = port.attach;
	memcpy(s, port.desc, sizeof(s));
	keep[0] = port.xskmap;
	keep[19] = 0;
	a.prog_fd = good_prog;
	a.sockets = (uintptr_t)s;
	a.keep = (uintptr_t)keep;
}

static int attach(void)
{
	return ERR(ioctl(control, VHOST_XDP_PORT_ATTACH, &a));
}

static void all_spoilt(void)
{
	struct vhost_xdp_totals before;

	expect_about("PORT_ATTACH, spoilt");
	before = kport_totals(control);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int err;

		good_again();
		cases[i].spoil();
		memset(a.error, 'x', sizeof(a.error));
		err = attach();
		if (keep[19])
			close(keep[19]);
		if (cases[i].also == 0 && !err) {
			expect_errno(kport_detach(control, PORT), 0, 0, "%s: taken, PORT_DETACH", cases[i].name);
			sockets_anew();
			continue;
		}
		expect_errno(err, cases[i].want, cases[i].also, "%s: \"%.*s\"", cases[i].name, (int)strnlen(a.error, sizeof(a.error)),
			     err == EFAULT || err == ENOENT ? "" : a.error);
		if (err == EINVAL && !refused_unread(cases[i].spoil))
			expect_true(a.error[0] && a.error[0] != 'x' && memchr(a.error, 0, sizeof(a.error)), "%s: said why", cases[i].name);
	}
	expect_true(kport_settled(control, &before), "totals are as before");
}

/* The same sockets in a process that has not mapped their rings any more: all of one, or what is behind its first page. */
static void unmapped(void)
{
	expect_about("from a process that unmapped rings");
	for (int i = 0; i < 2 * KPORT_RINGS; i++) {
		size_t keeps = i < KPORT_RINGS ? 0 : PAGE;
		int ring = i % KPORT_RINGS, status = 0;
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (!pid) {
			munmap((uint8_t *)port.socket[0].map[ring] + keeps, port.socket[0].map_size[ring] - keeps);
			good_again();
			_exit(attach());
		}
		waitpid(pid, &status, 0);
		expect_errno(WIFEXITED(status) ? WEXITSTATUS(status) : 0, EINVAL, EFAULT, "ring %d%s", ring,
			     keeps ? ", all but a page" : "");
	}
}

static void good(void)
{
	struct vhost_xdp_totals before = kport_totals(control), held;
	struct vhost_xdp_port_info info = { .name = PORT };

	expect_about("PORT_ATTACH, as it should be");
	good_again();
	expect_errno(attach(), 0, 0, "the same sockets after all that: \"%.*s\"", (int)strnlen(a.error, sizeof(a.error)), a.error);
	held = kport_totals(control);
	expect_true(held.sockets == before.sockets + 1 && held.ring_pages > before.ring_pages && held.programs == before.programs + 1 &&
		    held.files == before.files + 1, "socket, rings, program and file are held");
	expect_errno(ERR(ioctl(control, VHOST_XDP_PORT_GET, &info)), 0, 0, "PORT_GET");
	expect_true(info.state == VHOST_XDP_PORT_ATTACHED && info.host_ifindex == port.host && info.guest_ifindex == port.guest &&
		    info.prog_id && info.netns, "it says so");
	good_again();
	expect_errno(attach(), EBUSY, EBUSY, "again");
	expect_errno(kport_detach(control, PORT), 0, 0, "PORT_DETACH");
	expect_true(kport_settled(control, &before), "totals are as before");
}

/* What passed through a ring before is not ours to account for. */
static void used_rings(void)
{
	struct kport_socket *k = &port.socket[0];
	uint32_t *producer;

	expect_about("rings that were used");
	sockets_anew();
	producer = (uint32_t *)((uint8_t *)k->map[0] + k->desc.fill.producer);
	(*producer)++;
	good_again();
	expect_errno(attach(), EBUSY, EBUSY, "an entry in the fill ring");
	(*producer)--;
	producer = (uint32_t *)((uint8_t *)k->map[3] + k->desc.tx.producer);
	(*producer) += 7;
	good_again();
	expect_errno(attach(), EBUSY, EBUSY, "entries in the tx ring");
	(*producer) -= 7;
	good_again();
	expect_errno(attach(), 0, 0, "neither");
	expect_errno(kport_del(control, PORT), 0, EBUSY, "PORT_DEL of an attached port");
}

/* Two pairs with one UMEM: each has chunks of its own, or it is refused. */
static void shared_umem(void)
{
	static const struct {
		const char *what;
		uint32_t first, frames;
		int want;
	} parts[] = {
		{ "the same chunks as the first", 0, 3 * ENTRIES / 2, EINVAL },
		{ "one chunk of the first's", 3 * ENTRIES / 2 - 1, ENTRIES, EINVAL },
		{ "all chunks", 0, 0, EINVAL },
		{ "chunks behind the end", 3 * ENTRIES / 2, 3 * ENTRIES / 2 + 1, EINVAL },
		{ "the other half", 3 * ENTRIES / 2, 3 * ENTRIES / 2, 0 },
	};
	struct vhost_xdp_totals before = kport_totals(control);
	static struct kport two = { .shared = true };

	expect_about("a UMEM shared by two pairs");
	kport_sockets(&two, "shared", host, guest, 2, ENTRIES);
	expect_errno(kport_new(control, "shared", 2, 1500), 0, 0, "PORT_NEW");
	two.desc[1].umem_fd = -1;
	expect_errno(kport_attach(control, &two, good_prog), 0, EINVAL, "without saying whose");
	kport_detach(control, "shared");
	kport_forget(&two);
	two.shared = true;
	kport_sockets(&two, "shared", host, guest, 2, ENTRIES);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		two.desc[1].first_frame = parts[i].first;
		two.desc[1].frames = parts[i].frames;
		expect_errno(kport_attach(control, &two, good_prog), parts[i].want, parts[i].want, "%s", parts[i].what);
	}
	expect_true(kport_totals(control).sockets == before.sockets + 2, "two sockets are held");
	expect_errno(kport_del(control, "shared"), 0, 0, "PORT_DEL");
	kport_forget(&two);
	expect_true(kport_settled(control, &before), "totals are as before");
}

int main(int argc, char **argv)
{
	struct vhost_xdp_totals before;

	if (argc != 4) {
		fprintf(stderr, "usage: vxkern_attach HOST GUEST OTHER\n");
		return 2;
	}
	host = argv[1];
	guest = argv[2];
	other = argv[3];
	control = kport_control();
	before = kport_totals(control);
	good_prog = prog_verdict(BPF_PROG_TYPE_XDP, BPF_XDP, XDP_PASS);
	kport_prepare(&port, PORT, host, guest, 1, ENTRIES);
	expect_errno(kport_new(control, PORT, 1, 1500), 0, 0, "PORT_NEW");
	all_spoilt();
	unmapped();
	good();
	used_rings();
	kport_detach(control, PORT);
	kport_del(control, PORT);
	kport_forget(&port);
	kport_socket_close(&on_queue_1);
	shared_umem();
	expect_true(kport_settled(control, &before), "totals are as before");
	return expect_done("vxkern_attach");
}
