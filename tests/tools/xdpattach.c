// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * xdpattach DEV on|off: an XDP program that passes everything, in the driver or not at all. For guests, which have neither ip with
 * libbpf nor a compiler.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "lib/xdp_prog.h"

int main(int argc, char **argv)
{
	unsigned int ifindex = argc == 3 ? if_nametoindex(argv[1]) : 0;
	int fd = -1, err;

	if (!ifindex) {
		fprintf(stderr, "usage: xdpattach DEV on|off\n");
		return 2;
	}
	if (!strcmp(argv[2], "on"))
		fd = prog_verdict(BPF_PROG_TYPE_XDP, BPF_XDP, XDP_PASS);
	err = bpf_xdp_attach((int)ifindex, fd, XDP_FLAGS_DRV_MODE, NULL);
	if (err)
		fprintf(stderr, "xdpattach: %s\n", strerror(-err));
	return err != 0;
}
