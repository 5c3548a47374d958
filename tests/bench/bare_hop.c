// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bare_hop GUEST-END HOST-END: take a port's own programs off its veth pair, and give every frame that reaches the guest
 * end to the port's AF_XDP socket by one bpf_redirect_map(), as a DPDK port has it. For a comparison of engines alone;
 * what policy and steering cost is in the rows of the full path.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <vhost_xdp/steer.h>

#include "wire.h"

#define PINS	"/sys/fs/bpf/vhost-xdp/v1/"

static int fail(int err, const char *what)
{
	fprintf(stderr, "bare_hop: %s: %s\n", what, strerror(-err));
	return err;
}

/* Programs are attached by a bpf_link or by netlink. */
static void links_detach(uint32_t ifindex)
{
	uint32_t id = 0;

	while (!bpf_link_get_next_id(id, &id)) {
		struct bpf_link_info info = { 0 };
		uint32_t len = sizeof(info);
		int fd = bpf_link_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == BPF_LINK_TYPE_XDP && info.xdp.ifindex == ifindex)
			bpf_link_detach(fd);
		close(fd);
	}
}

static int clear(const char *dev, uint32_t *ifindex)
{
	uint32_t prog = 0;

	*ifindex = if_nametoindex(dev);
	if (!*ifindex)
		return fail(-errno, dev);
	links_detach(*ifindex);
	if (bpf_xdp_query_id(*ifindex, XDP_FLAGS_DRV_MODE, &prog) || !prog)
		return 0;
	return bpf_xdp_detach(*ifindex, XDP_FLAGS_DRV_MODE, NULL);
}

static int port_of(uint32_t ifindex, struct vx_if *vif)
{
	int fd = bpf_obj_get(PINS "vx_ifs"), err;

	if (fd < 0)
		return fail(-errno, PINS "vx_ifs");
	err = bpf_map_lookup_elem(fd, &ifindex, vif);
	close(fd);
	return err ? fail(err, "no port on that netdev") : 0;
}

int main(int argc, char **argv)
{
	uint32_t guest, host;
	struct vx_if vif;
	int xsks;

	if (argc != 3) {
		fprintf(stderr, "usage: bare_hop GUEST-END HOST-END\n");
		return 2;
	}
	if (clear(argv[1], &guest) || clear(argv[2], &host) || port_of(guest, &vif))
		return 1;
	xsks = bpf_obj_get(PINS "vx_xsk");
	if (xsks < 0)
		return fail(-errno, PINS "vx_xsk"), 1;
	return vxb_wire_leave_to_xsk(argv[1], xsks, vif.port * VX_QUEUE_PAIRS_MAX) ? 1 : 0;
}
