// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/libbpf.h>

#include "pins.h"
#include "ring_probe.h"
#include "say.h"
#include "vx_ring.skel.h"

struct vx_ring_probe {
	struct vx_ring *skel;
	struct bpf_program *prog;
};

static int load(struct vx_ring *skel)
{
	const char *reason;
	int err = vx_pins_share(skel->obj);

	if (err)
		return err;
	vx_bpf_log_reset();
	err = bpf_object__load(skel->obj);
	if (!err)
		return 0;
	reason = vx_bpf_log_reason();
	return vx_fail(err, "the kernel refuses the program that looks into guest rings: %s%s%s; leave 'ring' out", strerror(-err),
		       *reason ? ": " : "", reason);
}

int vx_ring_probe_load(struct vx_ring_probe **probe, __u32 port, const char *name, __u32 watcher, bool kernel)
{
	struct vx_ring_probe *p = calloc(1, sizeof(*p));

	*probe = p;
	if (p)
		p->skel = vx_ring__open();
	if (!p || !p->skel)
		return vx_fail(-ENOMEM, "cannot open our own BPF object: %s", strerror(errno));
	p->prog = kernel ? p->skel->progs.vx_ring_kernel : p->skel->progs.vx_ring_user;
	/* The other one may be for what this kernel does not have. */
	bpf_program__set_autoload(kernel ? p->skel->progs.vx_ring_user : p->skel->progs.vx_ring_kernel, false);
	p->skel->rodata->watcher = watcher;
	p->skel->rodata->port_id = port;
	strncpy((char *)p->skel->rodata->port_name, name, sizeof(p->skel->rodata->port_name) - 1);
	return load(p->skel);
}

struct bpf_program *vx_ring_probe_program(const struct vx_ring_probe *probe)
{
	return probe->prog;
}

void vx_ring_probe_free(struct vx_ring_probe *probe)
{
	if (!probe)
		return;
	vx_ring__destroy(probe->skel);
	free(probe);
}
