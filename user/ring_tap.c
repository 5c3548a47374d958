// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/libbpf.h>

#include "ring_probe.h"
#include "ring_tap.h"

#include "engine_kernel.h"
#include "pins.h"
#include "port.h"
#include "say.h"

/* The symbol of user/frames_seen.c. */
#define SEEN	"vx_frames_seen"

struct vx_ring_tap {
	struct vx_ring_probe *probe;
	struct bpf_link *link;
};

static int attach_module(struct vx_ring_tap *tap, const struct vx_port *port)
{
	int err;

	tap->link = bpf_program__attach(vx_ring_probe_program(tap->probe));
	err = libbpf_get_error(tap->link);
	if (!err)
		return 0;
	tap->link = NULL;
	return vx_fail(err, "the module does not show the frames of %s: %s; is it of this version? see 'vhost-xdp doctor'", port->cfg.name,
		       strerror(-err));
}

static int attach_process(struct vx_ring_tap *tap, const struct vx_port *port)
{
	LIBBPF_OPTS(bpf_uprobe_opts, opts, .func_name = SEEN);
	struct vx_engine_page *page = malloc(sizeof(*page));
	int pid = 0, err;
	char exe[32];

	if (page) {
		vx_port_engine(port, page);
		pid = (int)page->pid;
		free(page);
	}
	if (!pid)
		return vx_fail(-ENOTCONN, "no engine serves port %s, so that there is no guest ring; leave 'ring' out, or start one: "
			       "vhost-xdp serve %s socket PATH", port->cfg.name, port->cfg.name);
	snprintf(exe, sizeof(exe), "/proc/%d/exe", pid);
	tap->link = bpf_program__attach_uprobe_opts(vx_ring_probe_program(tap->probe), pid, exe, 0, &opts);
	err = libbpf_get_error(tap->link);
	if (!err)
		return 0;
	tap->link = NULL;
	return vx_fail(err, "cannot look into the engine of port %s, process %d: %s; leave 'ring' out", port->cfg.name, pid,
		       strerror(-err));
}

int vx_ring_tap_open(struct vx_ring_tap **tap, const struct vx_port *port, __u32 watcher)
{
	struct vx_kport kp;
	bool kernel = !vx_kport_find(port, &kp);
	int err;

	*tap = calloc(1, sizeof(**tap));
	if (!*tap)
		return vx_fail(-ENOMEM, "out of memory");
	err = vx_ring_probe_load(&(*tap)->probe, port->id, port->cfg.name, watcher, kernel);
	if (err)
		return err;
	return kernel ? attach_module(*tap, port) : attach_process(*tap, port);
}

void vx_ring_tap_close(struct vx_ring_tap *tap)
{
	if (!tap)
		return;
	bpf_link__destroy(tap->link);
	vx_ring_probe_free(tap->probe);
	free(tap);
}
