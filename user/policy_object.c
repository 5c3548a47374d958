// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "pins.h"
#include "policy_calls.h"
#include "policy_object.h"
#include "say.h"

#define VX_PROG_MAPS_MAX	64

static const char *const contract[] = { "vx_policy_v1", "vx_frame_v1" };

#define N_CONTRACT	(sizeof(contract) / sizeof(contract[0]))

bool vx_object_in_contract(const char *map)
{
	return !strcmp(map, contract[0]) || !strcmp(map, contract[1]);
}

struct bpf_program *vx_object_program(const struct bpf_object *obj)
{
	return bpf_object__next_program(obj, NULL);
}

/* "vx_policy_v2" and the like: made for a contract that we do not speak. */
static bool other_version(const char *map)
{
	return !vx_object_in_contract(map) && (!strncmp(map, "vx_policy_v", 11) || !strncmp(map, "vx_frame_v", 10));
}

static int judge_program(struct bpf_object *obj, const char *file)
{
	struct bpf_program *prog = vx_object_program(obj);
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

/* Beside the maps' pins are these two; and where a map is pinned is not for the object to say. */
static int judge_pins(struct bpf_object *obj, const char *file)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, obj) {
		const char *name = bpf_map__name(map);

		if (!strcmp(name, "prog") || !strcmp(name, "prev"))
			return vx_fail(-EINVAL, "%s has a map called %s, as is a pin beside it; give the map another name", file,
				       name);
		bpf_map__set_pin_path(map, NULL);
	}
	return 0;
}

/* libbpf trusts an object more than an operator may: a damaged one takes the process along. Better one that is not needed. */
static bool is_sound(const char *file)
{
	int status = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		bpf_object__open_file(file, NULL);
		_exit(0);
	}
	return child > 0 && waitpid(child, &status, 0) == child && !status;
}

int vx_object_open(const char *file, struct bpf_object **obj)
{
	int err;

	if (access(file, R_OK))
		return vx_fail(-errno, "cannot read %s: %s", file, strerror(errno));
	if (!is_sound(file))
		return vx_fail(-EINVAL, "%s is damaged: it cannot be read without failing; build it anew", file);
	*obj = bpf_object__open_file(file, NULL);
	if (!*obj)
		return vx_fail(-EINVAL, "%s is not a BPF object; build it with clang -O2 -g -target bpf", file);
	err = judge_program(*obj, file);
	if (!err)
		err = judge_maps(*obj, file);
	if (!err)
		err = judge_pins(*obj, file);
	if (err)
		bpf_object__close(*obj);
	return err;
}

bool vx_object_fits(const struct bpf_map *map, int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &len) && info.type == bpf_map__type(map) &&
	       info.key_size == bpf_map__key_size(map) && info.value_size == bpf_map__value_size(map) &&
	       info.max_entries == bpf_map__max_entries(map) && info.map_flags == bpf_map__map_flags(map);
}

int vx_object_share(struct bpf_map *map, int fd)
{
	int err = vx_object_fits(map, fd) ? bpf_map__reuse_fd(map, fd) : -EPROTONOSUPPORT;

	if (err)
		return vx_fail(err,
			       "the map %s of this policy is not that of the contract; rebuild it with this version's "
			       "<vhost_xdp/policy.h>",
			       bpf_map__name(map));
	return 0;
}

/* What loads, but never calls on the contract, would end every frame uncounted. */
static int judge_loaded(struct bpf_object *obj, const char *file)
{
	__u32 ids[VX_PROG_MAPS_MAX] = {}, i, found = 0, len;
	struct bpf_prog_info info = { .nr_map_ids = VX_PROG_MAPS_MAX, .map_ids = (__u64)(unsigned long)ids };
	struct bpf_map_info map = {};
	size_t m;

	len = sizeof(info);
	if (bpf_obj_get_info_by_fd(bpf_program__fd(vx_object_program(obj)), &info, &len))
		return vx_fail(-errno, "cannot look at the loaded program: %s", strerror(errno));
	for (m = 0; m < N_CONTRACT; m++) {
		len = sizeof(map);
		if (bpf_obj_get_info_by_fd(bpf_map__fd(bpf_object__find_map_by_name(obj, contract[m])), &map, &len))
			return vx_fail(-errno, "cannot look at the map %s: %s", contract[m], strerror(errno));
		for (i = 0; i < info.nr_map_ids && i < VX_PROG_MAPS_MAX; i++)
			found += ids[i] == map.id;
	}
	if (found == N_CONTRACT)
		return 0;
	return vx_fail(-EINVAL, "the program of %s never calls vx_pass() or vx_drop(); every path must end in one",
		       file);
}

int vx_object_load(struct bpf_object *obj, const char *file)
{
	struct bpf_program *prog = vx_object_program(obj);
	char name[VX_FUNCTION_NAME];
	const char *reason;
	int err;

	vx_bpf_log_reset();
	err = bpf_object__load(obj);
	reason = err ? vx_bpf_log_reason() : "";
	/* A verifier that refuses such a call says so less clearly. */
	if (vx_tail_call_below(prog, name))
		return vx_fail(-EINVAL,
			       "the program of %s makes a tail call in %s, which was not inlined: the kernel loses its verdict; make "
			       "vx_pass() and vx_drop() part of the program itself",
			       file, name);
	if (err)
		return vx_fail(err, "the verifier refuses %s: %s; -v shows the whole log", file,
			       *reason ? reason : strerror(-err));
	return judge_loaded(obj, file);
}
