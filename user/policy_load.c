// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loading a policy: what bpftool does with "map name ... pinned ... pinmaps",
 * with the contract checked first. The old policy of that name judges until
 * the slot is swapped, stays if anything fails, and is kept for a rollback.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "pins.h"
#include "policy.h"
#include "policy_object.h"
#include "policy_source.h"
#include "policy_version.h"
#include "say.h"
#include "words.h"

/* A version of a policy that judges, or did until its slot was emptied. */
struct running {
	__u32 slot;
	char home[VX_PIN_PATH];		/* its pins, below the root of ours; empty: there is none of that name */
};

static __u64 entries(int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	__u64 n = 0;
	void *key;

	if (bpf_obj_get_info_by_fd(fd, &info, &len) || !info.key_size)
		return 0;
	key = calloc(1, info.key_size);
	if (!key)
		return 0;
	while (n < info.max_entries && !bpf_map_get_next_key(fd, n ? key : NULL, key))
		n++;
	free(key);
	return n;
}

static int refuse_shape(const struct bpf_map *map, int fd, const char *name)
{
	return vx_fail(-EEXIST,
		       "the map %s has another layout than in the policy %s that judges, whose %llu entries it cannot take over; say "
		       "'fresh' to begin with empty maps, or load it under another name",
		       bpf_map__name(map), name, (unsigned long long)entries(fd));
}

/* The contract's maps are the pinned ones; a map that the version before had keeps its rules. */
static int reuse_maps(struct bpf_object *obj, const struct vx_policy_load *load, const char *home)
{
	struct bpf_map *map;
	int fd, err = 0;

	bpf_object__for_each_map(map, obj) {
		const char *map_name = bpf_map__name(map);
		bool shared = vx_object_in_contract(map_name);

		if (bpf_map__is_internal(map) || (!shared && (load->fresh || !*home)))
			continue;
		fd = shared ? vx_pin_open("v1/%s", map_name) : vx_pin_open("%s/%s", home, map_name);
		if (fd == -ENOENT && !shared)
			continue;
		if (fd < 0)
			return vx_fail(fd, "cannot open the pinned map %s: %s", map_name, strerror(-fd));
		if (shared)
			err = vx_object_share(map, fd);
		else if (!vx_object_fits(map, fd))
			err = refuse_shape(map, fd, load->name);
		else
			err = bpf_map__reuse_fd(map, fd);
		close(fd);
		if (err)
			return err;
	}
	return 0;
}

static int mark_used(const struct vx_policy *policy, void *arg)
{
	((bool *)arg)[policy->id] = true;
	return 0;
}

/* The slot of that name, else id, else the first free one; 0, or a negative errno after one line. */
static int choose_slot(const struct vx_policy_load *load, struct running *run)
{
	bool used[VX_POLICY_SLOTS] = { true };
	struct vx_policy old;
	__u32 i;
	int err;

	err = vx_policy_find(load->name, &old);
	if (err && err != -ENOENT)
		return vx_fail(err, "cannot read the policies: %s", strerror(-err));
	if (!err && !strcmp(old.name, load->name)) {
		if (load->id && load->id != old.id)
			return vx_fail(-EEXIST,
				       "policy %s has id %u already; load it under another name, or leave 'id' out",
				       load->name, old.id);
		run->slot = old.id;
		snprintf(run->home, sizeof(run->home), "policies/%s%s", load->name, old.in_prev ? "/prev" : "");
		return 0;
	}
	/* Taken out of its slot, by bpftool; its pins are there. */
	if (vx_pin_exists("policies/%s", load->name))
		snprintf(run->home, sizeof(run->home), "policies/%s", load->name);
	err = vx_policy_each(mark_used, used);
	if (err)
		return vx_fail(err, "cannot read the policies: %s", strerror(-err));
	if (load->id && used[load->id])
		return vx_fail(-EEXIST, "policy id %u is taken; see 'vhost-xdp policy list'", load->id);
	for (i = load->id ? load->id : 1; i < VX_POLICY_SLOTS; i++)
		if (!used[i]) {
			run->slot = i;
			return 0;
		}
	return vx_fail(-ENOSPC, "all %d policy ids are taken; remove one: vhost-xdp policy del NAME",
		       VX_POLICY_SLOTS - 1);
}

static int install(struct bpf_object *obj, const struct vx_policy_load *load, const struct running *run)
{
	char staged[VX_PIN_PATH];
	int err;

	err = vx_version_stage_object(obj, load->name, *run->home ? run->home : NULL);
	snprintf(staged, sizeof(staged), "stage/%s", load->name);
	if (!err)
		err = vx_policy_source_pin(staged, load->file);
	if (err)
		return vx_fail(err, "cannot pin policy %s: %s; nothing was changed", load->name, strerror(-err));
	err = vx_version_commit(load->name, run->slot);
	if (err)
		return vx_fail(err, "the kernel does not take %s into the policy map: %s; nothing was changed", load->file,
			       strerror(-err));
	return 0;
}

int vx_policy_load(const struct vx_policy_load *load)
{
	struct running run = {};
	struct bpf_object *obj;
	int err;

	err = vx_check_name(load->name, VX_POLICY_NAME_MAX);
	if (err)
		return vx_fail(err, "the policy name '%s' is %s; choose one: vhost-xdp policy load FILE as NAME", load->name,
			       err == -ENAMETOOLONG ? "too long" : "not valid");
	err = choose_slot(load, &run);
	if (!err)
		err = vx_object_open(load->file, &obj);
	if (err)
		return err;
	err = reuse_maps(obj, load, run.home);
	if (!err)
		err = vx_object_load(obj, load->file);
	if (!err)
		err = install(obj, load, &run);
	/* Whatever step it was: nothing stays in stage/. */
	if (err)
		vx_version_settle();
	bpf_object__close(obj);
	return err;
}

int vx_policy_rollback(const char *name)
{
	char now[VX_PIN_PATH], prev[VX_PIN_PATH];
	struct vx_policy policy;
	int err;

	err = vx_policy_find(name, &policy);
	if (err && err != -ENOENT)
		return vx_fail(err, "cannot read the policies: %s", strerror(-err));
	if (err || !*policy.name)
		return vx_fail(-ENOENT, "there is no policy %s in any slot; see 'vhost-xdp policy list'", name);
	if (!vx_pin_exists("policies/%s/prev/prog", policy.name))
		return vx_fail(-ENOENT, "policy %s has no version before this one; 'policy load' onto its name makes one",
			       policy.name);
	snprintf(now, sizeof(now), "policies/%s%s", policy.name, policy.in_prev ? "" : "/prev");
	snprintf(prev, sizeof(prev), "policies/%s%s", policy.name, policy.in_prev ? "/prev" : "");
	err = vx_version_stage_pins(policy.name, now, prev);
	if (!err)
		err = vx_version_commit(policy.name, policy.id);
	return err ? vx_fail(err, "cannot roll policy %s back: %s; nothing was changed", policy.name, strerror(-err)) : 0;
}

void vx_policy_name_of(const char *file, char *name, size_t len)
{
	const char *base = strrchr(file, '/');

	base = base ? base + 1 : file;
	if (!strncmp(base, "policy_", 7))
		base += 7;
	snprintf(name, len, "%.*s", (int)strcspn(base, "."), base);
}

int vx_policy_shipped(const char *name, char *file, size_t len)
{
	char exe[PATH_MAX] = "";

	if (vx_check_name(name, VX_POLICY_NAME_MAX))
		return -EINVAL;
	/* Run from where it was built, the policies built with it; else the installed ones. */
	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0) {
		snprintf(file, len, "%s/bpf/policy_%s.bpf.o", dirname(exe), name);
		if (!access(file, R_OK))
			return 0;
	}
	snprintf(file, len, VX_LIBDIR "/policies/policy_%s.bpf.o", name);
	return access(file, R_OK) ? -ENOENT : 0;
}

int vx_policy_load_builtin(const char *name)
{
	char file[PATH_MAX + 64];
	struct vx_policy_load load = { .file = file, .name = name };
	int err = vx_policy_shipped(name, file, sizeof(file));

	if (err == -EINVAL)
		return vx_fail(err, "'%s' is not a policy name; see 'vhost-xdp policy list'", name);
	if (!err)
		return vx_policy_load(&load);
	return vx_fail(err, "there is no policy %s, loaded or shipped; load it: vhost-xdp policy load FILE as %s", name,
		       name);
}
