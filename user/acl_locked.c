// SPDX-License-Identifier: GPL-2.0-or-later
/* Who may touch the maps of the policy acl, and what is made and unmade around that. */
#include <errno.h>
#include <string.h>

#include "acl.h"
#include "args.h"
#include "pins.h"
#include "policy.h"
#include "say.h"

static int open_pin(void *arg, const char *name)
{
	return vx_pin_open("policies/acl/%s", name);
}

int vx_acl_open(struct vx_acl_maps *maps)
{
	return vx_acl_maps_open(maps, open_pin, NULL);
}

static int open_prev(void *arg, const char *name)
{
	return vx_pin_open("policies/acl/prev/%s", name);
}

int vx_acl_open_prev(struct vx_acl_maps *maps)
{
	return vx_acl_maps_open(maps, open_prev, NULL);
}

struct work {
	int (*fn)(const struct vx_acl_maps *maps, void *arg);
	void *arg;
};

static int refuse_foreign(int err)
{
	return vx_fail(err, "the policy named acl does not have the maps of ours: %s; load ours: vhost-xdp policy load FILE as acl", strerror(-err));
}

static int make_and_run(void *arg)
{
	bool fresh = !vx_pin_exists("policies/acl");
	struct work *work = arg;
	struct vx_acl_maps maps;
	int err = fresh ? vx_policy_load_builtin("acl") : 0;

	if (err)
		return err;
	err = vx_acl_open(&maps);
	if (err)
		return refuse_foreign(err);
	err = work->fn(&maps, work->arg);
	vx_acl_maps_close(&maps);
	if (err && fresh)
		vx_policy_del("acl");
	return err;
}

static int run(struct work *work)
{
	struct vx_acl_maps maps;
	int err = vx_acl_open(&maps);

	if (err)
		return err == -ENOENT ? err : refuse_foreign(err);
	err = work->fn(&maps, work->arg);
	vx_acl_maps_close(&maps);
	return err;
}

int vx_acl_locked(bool make, int (*fn)(const struct vx_acl_maps *maps, void *arg), void *arg)
{
	struct work work = { .fn = fn, .arg = arg };
	int err;

	if (make)
		return vx_locked(make_and_run, &work);
	err = vx_pins_check();
	if (!err)
		err = vx_pins_lock();
	if (err)
		return err;
	err = run(&work);
	vx_pins_unlock();
	return err;
}
