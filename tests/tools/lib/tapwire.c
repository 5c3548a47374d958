// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
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

#include "expect.h"
#include "tapwire.h"
#include "xdp_prog.h"

#define ETHERTYPE	0x88b5	/* for local experiments */

static void die(const char *what)
{
	perror(what);
	exit(2);
}

/* What the wire sends shall come by the first queue, whichever CPU we are on. */
static void one_queue(const char *name)
{
	char path[80];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/net/%s/queues/tx-0/xps_cpus", name);
	f = fopen(path, "w");
	if (!f || fprintf(f, "%lx", (1ul << sysconf(_SC_NPROCESSORS_CONF)) - 1) < 0 || fclose(f))
		die(path);
}

static int wire_open(const char *name)
{
	struct sockaddr_ll sa = { .sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE), .sll_ifindex = (int)if_nametoindex(name) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETHERTYPE));

	if (fd < 0 || bind(fd, (void *)&sa, sizeof(sa)))
		die("a packet socket");
	return fd;
}

void tw_new(struct tapwire *w, const char *name)
{
	memset(w, 0, sizeof(*w));
	w->name = name;
	snprintf(w->guest, sizeof(w->guest), "%s-g", name);
	w->control = kport_control();
	w->before = kport_totals(w->control);
	one_queue(name);
	w->wire = wire_open(name);
	w->pass = prog_verdict(BPF_PROG_TYPE_XDP, BPF_XDP, XDP_PASS);
	w->drop = prog_verdict(BPF_PROG_TYPE_XDP, BPF_XDP, XDP_DROP);
	w->tx = prog_verdict(BPF_PROG_TYPE_XDP, BPF_XDP, XDP_TX);
	errno = kport_new(w->control, name, TW_PAIRS, TW_MTU);
	if (errno)
		die("PORT_NEW");
}

void tw_prepare(struct tapwire *w)
{
	if (w->page)
		munmap(w->page, sizeof(struct vx_engine_page));
	w->page = NULL;
	kport_prepare(&w->port, w->name, w->name, w->guest, TW_PAIRS, 512);
}

int tw_attach_prepared(struct tapwire *w)
{
	return kport_attach(w->control, &w->port, w->pass);
}

int tw_attach(struct tapwire *w)
{
	tw_prepare(w);
	return tw_attach_prepared(w);
}

void tw_del(struct tapwire *w)
{
	expect_errno(kport_detach(w->control, w->name), 0, ENOTCONN, "detach");
	expect_errno(kport_del(w->control, w->name), 0, 0, "delete");
	kport_forget(&w->port);
	expect_true(kport_settled(w->control, &w->before), "nothing is left");
}

int tw_open(const struct tapwire *w, uint32_t pair, uint32_t flags)
{
	int fd = kport_open(w->control, w->name, pair, flags);

	if (fd >= 0)
		fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	return fd;
}

/* --- counters --- */

static const struct vx_engine_page *page(struct tapwire *w)
{
	if (!w->page) {
		w->page = mmap(NULL, sizeof(struct vx_engine_page), PROT_READ, MAP_SHARED, w->port.page, 0);
		if (w->page == MAP_FAILED)
			die("the engine page");
	}
	return w->page;
}

const struct vx_queue_stats *tw_stats(struct tapwire *w, enum vx_direction dir)
{
	return &page(w)->queue[0][dir];
}

bool tw_soon(uint64_t want, const __u64 *counter)
{
	for (int i = 0; i < 40; i++) {
		if (__atomic_load_n(counter, __ATOMIC_RELAXED) == want)
			return true;
		usleep(50000);
	}
	printf("a counter is %llu, not %llu\n", (unsigned long long)*counter, (unsigned long long)want);
	return false;
}

bool tw_backend(struct tapwire *w)
{
	return __atomic_load_n(&page(w)->state, __ATOMIC_RELAXED) == VX_ENGINE_UP;
}

/* --- frames --- */

void tw_frame(uint8_t *frame, size_t len, uint8_t mark)
{
	static const uint8_t eth[] = { 2, 0, 0, 0, 0, 1, 0x52, 0x54, 0, 0, 0, 1, ETHERTYPE >> 8, ETHERTYPE & 0xff };

	memset(frame, mark, len);
	memcpy(frame, eth, len < sizeof(eth) ? len : sizeof(eth));
}

int tw_write(int fd, const void *buf, size_t len)
{
	ssize_t n = write(fd, buf, len);

	if (n < 0)
		return errno;
	return n == (ssize_t)len ? 0 : ENOMSG;
}

int tw_put(int fd, size_t hdr, size_t len, uint8_t mark)
{
	static __thread uint8_t buf[70000];

	memset(buf, 0, hdr);
	tw_frame(buf + hdr, len, mark);
	return tw_write(fd, buf, hdr + len);
}

void tw_wire_sends(const struct tapwire *w, size_t len, uint8_t mark)
{
	uint8_t frame[2048];

	tw_frame(frame, len, mark);
	/* ENOBUFS: the guest's queue is full, and the frame was lost on the wire */
	if (send(w->wire, frame, len, 0) < 0 && errno != ENOBUFS && errno != ENETDOWN)
		perror("the wire");
}

/* The next frame's length, 0 when none comes within ms. */
static ssize_t wire_gets(const struct tapwire *w, uint8_t *frame, size_t room, int ms)
{
	struct pollfd p = { .fd = w->wire, .events = POLLIN };
	struct sockaddr_ll from = { 0 };
	socklen_t len = sizeof(from);
	ssize_t n;

	while (poll(&p, 1, ms) == 1) {
		n = recvfrom(w->wire, frame, room, MSG_TRUNC, (void *)&from, &len);
		if (n < 0 || from.sll_pkttype != PACKET_OUTGOING)
			return n;
	}
	return 0;
}

void tw_arrives(const struct tapwire *w, size_t len, uint8_t mark, const char *what)
{
	uint8_t got[4096], want[4096];
	ssize_t n = wire_gets(w, got, sizeof(got), 1000);

	tw_frame(want, len, mark);
	expect_true(n == (ssize_t)len && !memcmp(got, want, len), "%s arrives whole (%zd of %zu bytes)", what, n, len);
}

unsigned int tw_count(const struct tapwire *w)
{
	uint8_t frame[64];
	unsigned int n = 0;

	while (wire_gets(w, frame, sizeof(frame), n ? 50 : 300) > 0)
		n++;
	return n;
}
