// SPDX-License-Identifier: GPL-2.0-only
/* Which XDP programs may judge what a guest sends. */
#include <linux/bpf.h>
#include <linux/err.h>
#include <uapi/linux/vhost_xdp.h>
#include "sink.h"

/* They are run elsewhere than on a frame that was received by a netdev, and may use what is not there. */
static const char *why_not(const struct bpf_prog *prog)
{
	/* Neither name covers both kinds on every kernel. */
	if (prog->aux->offload_requested || bpf_prog_is_dev_bound(prog->aux))
		return "is bound to a device";
	if (prog->expected_attach_type == BPF_XDP_CPUMAP)
		return "is for a CPUMAP";
	if (prog->expected_attach_type == BPF_XDP_DEVMAP)
		return "is for a DEVMAP";
	return NULL;
}

struct bpf_prog *vx_prog_get(int fd, char *error)
{
	struct bpf_prog *prog = bpf_prog_get_type_dev(fd, BPF_PROG_TYPE_XDP, false);
	const char *why;

	if (IS_ERR(prog)) {
		snprintf(error, VHOST_XDP_ERROR_LEN, "fd %d is no loaded XDP program", fd);
		return prog;
	}
	why = why_not(prog);
	if (!why)
		return prog;
	snprintf(error, VHOST_XDP_ERROR_LEN, "XDP program %u %s; it cannot judge what a guest sends", prog->aux->id, why);
	bpf_prog_put(prog);
	return ERR_PTR(-EINVAL);
}
