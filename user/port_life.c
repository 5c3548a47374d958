// SPDX-License-Identifier: GPL-2.0-or-later
/* A port is added, removed, and brought back after its netdevs went. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "acl.h"
#include "engine_kernel.h"
#include "pins.h"
#include "port_maps.h"
#include "port_steps.h"
#include "say.h"
#include "words.h"

static int same_uplink(const struct vx_uplink *uplink, void *arg)
{
	struct vx_port_job *job = arg;

	if (uplink->ifindex != job->port.cfg.uplink_ifindex)
		return 0;
	job->uplink = *uplink;
	return 1;
}

/* A run that was killed left a record but no entry: clean up under that name, whether to add or to delete. */
static bool drop_leftover(const char *name)
{
	struct vx_port_job job = {};

	if (!vx_pin_exists("ports/%s", name))
		return false;
	snprintf(job.port.cfg.name, sizeof(job.port.cfg.name), "%s", name);
	vx_port_guest_end(&job.port, job.guest_end);
	vx_steps_undo(vx_port_steps, VX_PORT_STEPS, &job);
	return true;
}

static int refuse_used(const char *name)
{
	return vx_fail(-EBUSY,
		       "a VMM uses port %s; stop it first (fuser -v %s shows which), or take the port from under it: vhost-xdp port del %s "
		       "force",
		       name, VX_VHOST_DEV, name);
}

/* A port that only the module knows: our pins are gone, or it was made in another network namespace. 1: there was one. */
static int drop_stray(const char *name, bool force)
{
	struct vx_kport kp;
	int err;

	if (vx_kport_get(name, &kp))
		return 0;
	if (!vx_kport_here(&kp) && !force)
		return vx_fail(-EPERM,
			       "port %s of the module belongs to another network namespace (inode %llu); delete it there, or from here: "
			       "vhost-xdp port del %s force",
			       name, kp.info.netns, name);
	if (vx_kport_used(&kp) && !force)
		return refuse_used(name);
	err = vx_kport_remove(name);
	if (err == -EBUSY)
		return vx_fail(err, "port %s is detached, but a VMM holds it; stop that one (fuser -v %s), then delete it again", name,
			       VX_VHOST_DEV);
	return err ? vx_fail(err, "the module does not delete port %s: %s", name, strerror(-err)) : 1;
}

int vx_port_add(struct vx_port_spec *spec)
{
	struct vx_port_job job = { .chain = spec->chain, .kernel = spec->kernel };
	int err;

	err = vx_port_judge(spec, &job.uplink);
	if (err)
		return err > 0 ? 0 : err;
	drop_leftover(spec->cfg.name);
	job.port.cfg = spec->cfg;
	vx_port_guest_end(&job.port, job.guest_end);
	job.port.id = vx_port_maps_free_id();
	if (!job.port.id)
		return vx_fail(-ENOSPC, "there are %d ports already, the most that fit; remove one", VX_PORTS_MAX - 1);
	/* A run that was killed may have left rules under that number. */
	vx_acl_forget_port(job.port.id, spec->cfg.name);
	return vx_steps_make(vx_port_steps, VX_PORT_STEPS, &job);
}

static int del_remains(const char *name, bool force)
{
	bool left = !vx_check_name(name, VX_PORT_NAME_MAX) && drop_leftover(name);
	int err = drop_stray(name, force);

	if (!err && !left)
		return vx_fail(-ENOENT, "there is no port %s; see 'vhost-xdp port list'", name);
	return err < 0 ? err : 0;
}

int vx_port_del(const char *name, bool force)
{
	struct vx_port_job job = {};
	struct vx_engine_page page;
	struct vx_kport kp;

	if (vx_port_find(name, &job.port))
		return del_remains(name, force);
	job.kernel = !vx_kport_find(&job.port, &kp);
	if (job.kernel && vx_kport_used(&kp) && !force)
		return refuse_used(name);
	vx_port_engine(&job.port, &page);
	if (!job.kernel && page.state == VX_ENGINE_UP)
		vx_warn("an engine serves %s right now; it stops", name);
	vx_port_guest_end(&job.port, job.guest_end);
	vx_uplink_each(same_uplink, &job);
	vx_steps_undo(vx_port_steps, VX_PORT_STEPS, &job);
	vx_acl_forget_port(job.port.id, name);
	return 0;
}

/* All that "attach" needs to know, told before anything is touched. 1: there is nothing to do. */
static int judge_attach(struct vx_port_job *job, const char *name)
{
	struct vx_kport kp;
	int err, dir;

	if (vx_port_find(name, &job->port))
		return vx_fail(-ENOENT, "there is no port %s; see 'vhost-xdp port list'", name);
	err = vx_kport_find(&job->port, &kp);
	if (err == -ENOENT)
		return vx_fail(err, "port %s has the user engine, which attaches by itself: vhost-xdp serve %s socket PATH", name, name);
	if (err || vx_module_require())
		return err ? vx_fail(err, "the module does not tell of port %s: %s", name, strerror(-err)) : -ENODEV;
	if (vx_port_alive(&job->port) && vx_port_maps_owner(&job->port.cfg) == job->port.id &&
	    kp.info.state == VHOST_XDP_PORT_ATTACHED) {
		/* A run that was killed right after it attached has left frames on the way through the veths. */
		err = vx_kport_open_inlet(&job->port);
		return err ? err : 1;
	}
	if (vx_uplink_each(same_uplink, job) <= 0 || !vx_uplink_alive(&job->uplink))
		return vx_fail(-ENODEV,
			       "the uplink of port %s is gone; add that again, then delete the port and add it anew: vhost-xdp port del %s",
			       name, name);
	for (dir = 0; dir < VX_DIRECTIONS; dir++)
		if (vx_chain_get(job->port.id, dir, job->ids[dir]))
			return vx_fail(-ENOENT, "the chains of port %s cannot be read; delete it and add it anew", name);
	return 0;
}

int vx_port_attach(const char *name)
{
	struct vx_port_job job = { .kernel = true, .again = true };
	int err = judge_attach(&job, name);

	if (err)
		return err > 0 ? 0 : err;
	vx_port_guest_end(&job.port, job.guest_end);
	vx_steps_undo(vx_port_steps, VX_PORT_STEPS, &job);
	err = vx_steps_make(vx_port_steps, VX_PORT_STEPS, &job);
	if (err)
		vx_warn("port %s is not there any more; add it anew: vhost-xdp port add %s ... engine kernel", name, name);
	return err;
}
