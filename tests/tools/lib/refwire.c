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
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netframe.h"
#include "refwire.h"

#define MARK_TYPE	0x88b5	/* for local experiments */

static void fail(const char *name)
{
	fprintf(stderr, "%s: %s\n", name, strerror(errno));
	exit(2);
}

int rw_tap(const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK), size = RW_HDR;

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) || ioctl(fd, TUNSETVNETHDRSZ, &size))
		fail(name);
	return fd;
}

int rw_tap_offload(int tap, unsigned int flags)
{
	return ioctl(tap, TUNSETOFFLOAD, flags) ? errno : 0;
}

int rw_packet(const char *dev)
{
	int sock = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1, bytes = 256 << 20;
	struct sockaddr_ll sll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };

	sll.sll_ifindex = if_nametoindex(dev);
	if (sock < 0 || !sll.sll_ifindex || setsockopt(sock, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    setsockopt(sock, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) ||
	    setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) ||
	    setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) ||
	    bind(sock, (struct sockaddr *)&sll, sizeof(sll)))
		fail(dev);
	return sock;
}

/* The kernel took the outermost tag out of the frame. */
static int put_tag(uint8_t *frame, int len, const struct tpacket_auxdata *aux)
{
	memmove(frame + 16, frame + 12, len - 12);
	nf_put16(frame + 12, aux->tp_status & TP_STATUS_VLAN_TPID_VALID ? aux->tp_vlan_tpid : ETH_P_8021Q);
	nf_put16(frame + 14, aux->tp_vlan_tci);
	return len + 4;
}

static int wait_for(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return poll(&pfd, 1, ms) == 1 ? 0 : -1;
}

int rw_recv(int sock, uint8_t *frame, size_t room, int ms)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	struct iovec iov = { .iov_base = frame, .iov_len = room - 4 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	ssize_t got = recvmsg(sock, &msg, MSG_DONTWAIT);
	struct cmsghdr *c;

	if (got < 0 && errno == EAGAIN)
		return !ms || wait_for(sock, ms) ? -1 : rw_recv(sock, frame, room, 0);
	if (got < 0 || msg.msg_flags & MSG_TRUNC)
		fail("recvmsg");
	for (c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		struct tpacket_auxdata aux;

		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (aux.tp_status & TP_STATUS_CSUMNOTREADY) {
			fprintf(stderr, "the kernel left a checksum to hardware: offloads of the far side are not off\n");
			exit(2);
		}
		if (aux.tp_status & TP_STATUS_VLAN_VALID)
			got = put_tag(frame, got, &aux);
	}
	return got;
}

int rw_tap_recv(int tap, uint8_t *buf, size_t room, int ms)
{
	ssize_t got = read(tap, buf, room);

	if (got < 0 && errno == EAGAIN)
		return !ms || wait_for(tap, ms) ? -1 : rw_tap_recv(tap, buf, room, 0);
	if (got < (ssize_t)RW_HDR)
		fail("tap");
	return got;
}

void rw_tap_wait(int tap, int ms)
{
	wait_for(tap, ms);
}

void rw_mark(uint8_t frame[RW_MARK_LEN], uint32_t number)
{
	memset(frame, 0, RW_MARK_LEN);
	memset(frame, 0xff, 6);
	frame[6] = 2;
	nf_put16(frame + 12, MARK_TYPE);
	nf_put32(frame + 14, number);
}

bool rw_is_mark(const uint8_t *frame, size_t len, uint32_t *number)
{
	if (len < RW_MARK_LEN || nf_get16(frame + 12) != MARK_TYPE)
		return false;
	*number = nf_get32(frame + 14);
	return true;
}
