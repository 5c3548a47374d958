// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loading a policy: what bpftool does with "map name ... pinned ... pinmaps",
 * with the contract checked first. The old policy of that name judges until
 * the slot is swapped, and stays if anything fails.
 */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "pins.h"
#include "policy.h"
#include "policy_source.h"
#include "say.h"
#include "words.h"

static const char *const contract[] = { "vx_policy_v1", "vx_frame_v1" };

#define N_CONTRACT	(sizeof(contract) / sizeof(contract[0]))

static bool in_contract(const char *map)
{
	return !strcmp(map, contract[0]) || !strcmp(map, contract[1]);
}

/* "vx_policy_v2" and the like: made for a contract that we do not speak. */
static bool other_version(const char *map)
{
	return !in_contract(map) && (!strncmp(map, "vx_policy_v", 11) || !strncmp(map, "vx_frame_v", 10));
}

static int judge_program(struct bpf_object *obj, const char *file)
{
	struct bpf_program *prog = bpf_object__next_program(obj, NULL);
	const char *section;

	if (!prog)
		return vx_fail(-EINVAL, "%s has no program; a policy is one, in SEC(\"xdp.frags\")", file);
	if (bpf_object__next_program(obj, prog))
		return vx_fail(-EINVAL, "%s has more than one program; a policy is exactly one", file);
	section = bpf_program__section_name(prog);
	if (strcmp(section, "xdp.frags"))
		return vx_fail(-EINVAL,
			       "the program of %s is in SEC(\"%s\"); the kernel keeps a policy beside others only in "
			       "SEC(\"xdp.frags\")",
			       file, section);
	return 0;
}

static int judge_maps(struct bpf_object *obj, const char *file)
{
	struct bpf_map *map;
	size_t i;

	bpf_object__for_each_map(map, obj)
		if (other_version(bpf_map__name(map)))
			return vx_fail(-EPROTONOSUPPORT,
				       "%s was built for another version of the contract (%s); rebuild it with this "
				       "version's <vhost_xdp/policy.h>", file, bpf_map__name(map));
	for (i = 0; i < N_CONTRACT; i++)
		if (!bpf_object__find_map_by_name(obj, contract[i]))
			return vx_fail(-EINVAL,
				       "%s does not have the map %s; a policy includes <vhost_xdp/policy.h> and ends "
				       "in vx_pass() or vx_drop()",
				       file, contract[i]);
	return 0;
}

static bool same_shape(const struct bpf_map *map, int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == bpf_map__type(map) &&
	       info.key_size == bpf_map__key_size(map) && info.value_size == bpf_map__value_size(map) &&
	       info.max_entries == bpf_map__max_entries(map) && info.map_flags == bpf_map__map_flags(map);
}

/*
 * The contract's maps are the pinned ones; a map that the old policy of this name had keeps its rules if it still
 * fits.
 */
static int reuse_maps(struct bpf_object *obj, const char *name)
{
	struct bpf_map *map;
	int fd, err = 0;

	bpf_object__for_each_map(map, obj) {
		const char *map_name = bpf_map__name(map);

		if (bpf_map__is_internal(map))
			continue;
		fd = in_contract(map_name) ? vx_pin_open("v1/%s", map_name)
					   : vx_pin_open("policies/%s/%s", name, map_name);
		if (fd == -ENOENT && !in_contract(map_name))
			continue;
		if (fd < 0)
			return vx_fail(fd, "cannot open the pinned map %s: %s", map_name, strerror(-fd));
		if (same_shape(map, fd))
			err = bpf_map__reuse_fd(map, fd);
		else if (in_contract(map_name))
			err = -EPROTONOSUPPORT;
		else
			vx_warn("the map %s of policy %s has another shape now: it starts empty", map_name, name);
		close(fd);
		if (err)
			return vx_fail(err,
				       "the map %s of this policy is not that of the contract; rebuild it with this "
				       "version's <vhost_xdp/policy.h>",
				       map_name);
	}
	return 0;
}

static int load(struct bpf_object *obj, const char *file)
{
	const char *reason;
	int err;

	vx_bpf_log_reset();
	err = bpf_object__load(obj);
	if (!err)
		return 0;
	reason = vx_bpf_log_reason();
	return vx_fail(err, "the verifier refuses %s: %s; -v shows the whole log", file,
		       *reason ? reason : strerror(-err));
}

/* What loads, but never calls on the contract, would end every frame uncounted. */
static int judge_loaded(struct bpf_object *obj, const char *file)
{
	__u32 ids[64] = {}, i, found = 0, len;
	struct bpf_prog_info info = { .nr_map_ids = 64, .map_ids = (__u64)(unsigned long)ids };
	struct bpf_map_info map = {};
	size_t m;

	len = sizeof(info);
	if (bpf_obj_get_info_by_fd(bpf_program__fd(bpf_object__next_program(obj, NULL)), &info, &len))
		return vx_fail(-errno, "cannot look at the loaded program: %s", strerror(errno));
	for (m = 0; m < N_CONTRACT; m++) {
		len = sizeof(map);
		if (bpf_obj_get_info_by_fd(bpf_map__fd(bpf_object__find_map_by_name(obj, contract[m])), &map, &len))
			return vx_fail(-errno, "cannot look at the map %s: %s", contract[m], strerror(errno));
		for (i = 0; i < info.nr_map_ids && i < 64; i++)
			found += ids[i] == map.id;
	}
	if (found == N_CONTRACT)
		return 0;
	return vx_fail(-EINVAL, "the program of %s never calls vx_pass() or vx_drop(); every path must end in one",
		       file);
}

/* In the pin directory under a name of its own first: rename is atomic, and undone by leaving the old one. */
static int pin_all(struct bpf_object *obj, const char *name)
{
	char from[VX_PIN_PATH], to[VX_PIN_PATH];
	struct bpf_map *map;
	int err;

	bpf_object__for_each_map(map, obj) {
		if (bpf_map__is_internal(map) || in_contract(bpf_map__name(map)))
			continue;
		vx_pin_remove("policies/%s/%s", name, bpf_map__name(map));
		err = vx_pin_add(bpf_map__fd(map), "policies/%s/%s", name, bpf_map__name(map));
		if (err)
			return err;
	}
	vx_pin_remove("policies/%s/prog_new", name);
	err = vx_pin_add(bpf_program__fd(bpf_object__next_program(obj, NULL)), "policies/%s/prog_new", name);
	if (!err)
		err = vx_pin_path(from, sizeof(from), "policies/%s/prog_new", name);
	if (!err)
		err = vx_pin_path(to, sizeof(to), "policies/%s/prog", name);
	if (!err && rename(from, to))
		err = -errno;
	return err;
}

static int mark_used(const struct vx_policy *policy, void *arg)
{
	((bool *)arg)[policy->id] = true;
	return 0;
}

/* The slot of that name, else id, else the first free one; negative after one line. */
static int choose_slot(const char *name, __u32 id)
{
	bool used[VX_POLICY_SLOTS] = { true };
	struct vx_policy old;
	__u32 i;

	if (!vx_policy_find(name, &old) && !strcmp(old.name, name)) {
		if (id && id != old.id)
			return vx_fail(-EEXIST,
				       "policy %s has id %u already; load it under another name, or leave 'id' out",
				       name, old.id);
		return old.id;
	}
	vx_policy_each(mark_used, used);
	if (id && used[id])
		return vx_fail(-EEXIST, "policy id %u is taken; see 'vhost-xdp policy list'", id);
	for (i = id ? id : 1; i < VX_POLICY_SLOTS; i++)
		if (!used[i])
			return i;
	return vx_fail(-ENOSPC, "all %d policy ids are taken; remove one: vhost-xdp policy del NAME",
		       VX_POLICY_SLOTS - 1);
}

static int put_in_slot(struct bpf_object *obj, const char *file, __u32 slot)
{
	int prog = bpf_program__fd(bpf_object__next_program(obj, NULL));
	int fd = vx_pin_open("v1/vx_policy_v1"), err = 0;

	if (fd < 0)
		return vx_fail(fd, "cannot open the policy map: %s", strerror(-fd));
	if (bpf_map_update_elem(fd, &slot, &prog, BPF_ANY))
		err = vx_fail(-errno, "the kernel does not take %s into the policy map: %s", file, strerror(errno));
	close(fd);
	return err;
}

static int source(const char *file, const char *name)
{
	char dir[VX_PIN_PATH];

	snprintf(dir, sizeof(dir), "policies/%s", name);
	return vx_policy_source_pin(dir, file);
}

/* Pins before the slot: a program that judges is never without its maps' pins. */
static int install(struct bpf_object *obj, const char *file, const char *name, __u32 slot)
{
	bool fresh = !vx_pin_exists("policies/%s", name);
	int err;

	err = vx_pin_mkdir("policies/%s", name);
	if (!err)
		err = pin_all(obj, name);
	if (!err)
		err = source(file, name);
	if (err)
		vx_fail(err, "cannot pin policy %s: %s", name, strerror(-err));
	else
		err = put_in_slot(obj, file, slot);
	if (err && fresh)
		vx_pin_remove("policies/%s", name);
	return err;
}

int vx_policy_load(const char *file, const char *name, __u32 id)
{
	struct bpf_object *obj;
	int slot, err;

	err = vx_check_name(name, VX_POLICY_NAME_MAX);
	if (err)
		return vx_fail(err, "the policy name '%s' is %s; choose one: vhost-xdp policy load FILE as NAME", name,
			       err == -ENAMETOOLONG ? "too long" : "not valid");
	if (access(file, R_OK))
		return vx_fail(-errno, "cannot read %s: %s", file, strerror(errno));
	slot = choose_slot(name, id);
	if (slot < 0)
		return slot;
	obj = bpf_object__open_file(file, NULL);
	if (!obj)
		return vx_fail(-EINVAL, "%s is not a BPF object; build it with clang -O2 -g -target bpf", file);
	err = judge_program(obj, file);
	if (!err)
		err = judge_maps(obj, file);
	if (!err)
		err = reuse_maps(obj, name);
	if (!err)
		err = load(obj, file);
	if (!err)
		err = judge_loaded(obj, file);
	if (!err)
		err = install(obj, file, name, slot);
	bpf_object__close(obj);
	return err;
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
	int err = vx_policy_shipped(name, file, sizeof(file));

	if (err == -EINVAL)
		return vx_fail(err, "'%s' is not a policy name; see 'vhost-xdp policy list'", name);
	if (!err)
		return vx_policy_load(file, name, 0);
	return vx_fail(err, "there is no policy %s, loaded or shipped; load it: vhost-xdp policy load FILE as %s", name,
		       name);
}
