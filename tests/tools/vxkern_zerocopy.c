// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vxkern_zerocopy HOST-END NETDEV	a port on NETDEV whose driver can do zero-copy: is it used, do frames arrive, is all given back?
 *
 * What arrives are the answers of QEMU's user network to ARP requests that we send through the same netdev.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/kport.h"
#include "lib/xdp_prog.h"

#define REQUESTS	1500
#define ANSWERS		1000	/* the user network may be slower than we are */

static const unsigned char who_has[60] = {
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 8, 6,
	0, 1, 8, 0, 6, 4, 0, 1, 0x52, 0x54, 0, 0x12, 0x34, 0x56, 10, 0, 2, 15, 0, 0, 0, 0, 0, 0, 10, 0, 2, 2,
};

static int fail(const char *what)
{
	printf("FAIL %s\n", what);
	return 1;
}

/* Ask, and count the frames that the data fd gives. */
static int exchange(const char *netdev, int data)
{
	struct sockaddr_ll sa = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(netdev), .sll_halen = ETH_ALEN };
	int s = socket(AF_PACKET, SOCK_RAW, 0), got = 0;
	char frame[2048];

	for (int i = 0; i < REQUESTS; i++) {
		sendto(s, who_has, sizeof(who_has), 0, (void *)&sa, sizeof(sa));
		usleep(1000);
		while (read(data, frame, sizeof(frame)) > 0)
			got++;
	}
	close(s);
	return got;
}

int main(int argc, char **argv)
{
	static struct vhost_xdp_pair_info pair[VHOST_XDP_PAIRS_MAX];
	struct vhost_xdp_port_info info = { .name = "zc", .npairs = VHOST_XDP_PAIRS_MAX, .pairs = (uintptr_t)pair };
	int control = kport_control(), pass = prog_verdict(BPF_PROG_TYPE_XDP, BPF_XDP, XDP_PASS), data, got;
	struct vhost_xdp_totals t;
	struct kport p;

	if (argc != 3)
		return fail("usage: vxkern_zerocopy HOST-END NETDEV");
	if (kport_new(control, "zc", 1, 1500))
		return fail("the port cannot be made");
	kport_prepare(&p, "zc", argv[1], argv[2], 1, 512);
	if (kport_attach(control, &p, pass))
		return fail("the port cannot be attached");
	data = kport_open(control, "zc", 0, VHOST_XDP_OPEN_READ);
	if (data < 0 || fcntl(data, F_SETFL, O_NONBLOCK))
		return fail("no data fd");
	got = exchange(argv[2], data);
	if (ioctl(control, VHOST_XDP_PORT_GET, &info))
		return fail("the port is not told of");
	printf("zero_copy %u, %d frames of %d requests, umem free %u fill %u rx %u\n", pair[0].zero_copy, got, REQUESTS,
	       pair[0].frames[0], pair[0].frames[1], pair[0].frames[2]);
	close(data);
	if (kport_del(control, "zc"))
		return fail("the port cannot be deleted");
	kport_forget(&p);
	t = kport_totals(control);
	kport_print_totals(&t);
	if (t.sockets || t.ring_pages || t.tx_pages || t.umem_lost)
		return fail("something was not given back");
	if (!pair[0].zero_copy)
		return fail("the port is in copy mode");
	return got < ANSWERS ? fail("too few frames") : 0;
}
