// SPDX-License-Identifier: GPL-2.0-or-later
/* clsact qdiscs and our one filter on each hook. */
#include <errno.h>
#include <unistd.h>
#include <bpf/libbpf.h>

#include "netdev.h"
#include "pins.h"
#include "steer.h"

/* "VX": a place of our own among other people's filters, by which we find ours again. */
#define VX_TC_PRIORITY	0x5658
#define VX_TC_HANDLE	1

static struct bpf_tc_hook hook_of(int ifindex, enum vx_hook hook)
{
	LIBBPF_OPTS(bpf_tc_hook, h, .ifindex = ifindex,
		    .attach_point = hook == VX_HOOK_INGRESS ? BPF_TC_INGRESS : BPF_TC_EGRESS);
	return h;
}

int vx_tc_qdisc(int ifindex, bool *made)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	int err;

	err = vx_netdev_clsact_filters(ifindex);
	/* With nobody's filters but ours it is what a dead run of ours left. */
	*made = err > 0 && err == vx_tc_attached(ifindex, VX_HOOK_INGRESS) + vx_tc_attached(ifindex, VX_HOOK_EGRESS);
	if (err != -ENOENT)
		return err < 0 ? err : 0;
	err = bpf_tc_hook_create(&hook);
	*made = !err;
	return err;
}

void vx_tc_qdisc_remove(int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	/* Somebody may have come to rely on the qdisc that we made. */
	if (!vx_netdev_clsact_filters(ifindex))
		bpf_tc_hook_destroy(&hook);
}

int vx_tc_attach(int ifindex, enum vx_hook where, const char *program)
{
	struct bpf_tc_hook hook = hook_of(ifindex, where);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = VX_TC_HANDLE, .priority = VX_TC_PRIORITY, .flags = BPF_TC_F_REPLACE);
	int err;

	opts.prog_fd = vx_pin_open("progs/%s", program);
	if (opts.prog_fd < 0)
		return opts.prog_fd;
	err = bpf_tc_attach(&hook, &opts);
	close(opts.prog_fd);
	return err;
}

void vx_tc_detach(int ifindex, enum vx_hook where)
{
	struct bpf_tc_hook hook = hook_of(ifindex, where);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = VX_TC_HANDLE, .priority = VX_TC_PRIORITY);

	if (vx_tc_attached(ifindex, where))
		bpf_tc_detach(&hook, &opts);
}

bool vx_tc_attached(int ifindex, enum vx_hook where)
{
	struct bpf_tc_hook hook = hook_of(ifindex, where);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = VX_TC_HANDLE, .priority = VX_TC_PRIORITY);

	return vx_netdev_clsact_filters(ifindex) > 0 && !bpf_tc_query(&hook, &opts);
}
