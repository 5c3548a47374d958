// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "pins.h"
#include "policy.h"
#include "policy_object.h"
#include "policy_same.h"
#include "say.h"

#define VX_PROG_MAPS_MAX	64

/* A program and its maps, as the kernel knows them. */
struct running {
	__u8 tag[8];
	__u32 map[VX_PROG_MAPS_MAX], maps;
};

static int look(int fd, struct running *run)
{
	struct bpf_prog_info info = { .nr_map_ids = VX_PROG_MAPS_MAX, .map_ids = (__u64)(unsigned long)run->map };
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	memcpy(run->tag, info.tag, sizeof(run->tag));
	run->maps = info.nr_map_ids < VX_PROG_MAPS_MAX ? info.nr_map_ids : VX_PROG_MAPS_MAX;
	return 0;
}

static bool uses(const struct running *run, int map_fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info), i;

	if (bpf_obj_get_info_by_fd(map_fd, &info, &len))
		return false;
	for (i = 0; i < run->maps && run->map[i] != info.id; i++)
		;
	return i < run->maps;
}

/* The only element of a map of constants; the caller's to free. NULL: it is none. */
static void *constants(int fd, __u32 *size)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info), zero = 0;
	void *value;

	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.type != BPF_MAP_TYPE_ARRAY || info.max_entries != 1 ||
	    !(info.map_flags & BPF_F_RDONLY_PROG))
		return NULL;
	value = calloc(1, info.value_size);
	if (value && bpf_map_lookup_elem(fd, &zero, value)) {
		free(value);
		return NULL;
	}
	*size = info.value_size;
	return value;
}

/* The tag is that of the instructions: constants that they read may still differ. */
static bool has_constants(const struct running *run, int wanted_fd)
{
	__u32 size, wanted_size, i;
	void *wanted = constants(wanted_fd, &wanted_size), *value;
	bool found = !wanted;
	int fd;

	for (i = 0; i < run->maps && !found; i++) {
		fd = bpf_map_get_fd_by_id(run->map[i]);
		if (fd < 0)
			continue;
		value = constants(fd, &size);
		found = value && size == wanted_size && !memcmp(value, wanted, size);
		free(value);
		close(fd);
	}
	free(wanted);
	return found;
}

/* As for a load, but where a load would refuse, the map is that of the object alone. */
static int share_maps(struct bpf_object *obj, const char *home, const char **why)
{
	struct bpf_map *map;
	int fd, err = 0;

	bpf_object__for_each_map(map, obj) {
		const char *name = bpf_map__name(map);
		bool shared = vx_object_in_contract(name);

		if (err || bpf_map__is_internal(map))
			continue;
		fd = shared ? vx_pin_open("v1/%s", name) : *home ? vx_pin_open("%s/%s", home, name) : -ENOENT;
		if (fd < 0)
			continue;
		if (shared)
			err = vx_object_share(map, fd);
		else if (vx_object_fits(map, fd))
			err = bpf_map__reuse_fd(map, fd);
		else
			*why = "a map of it has another layout";
		close(fd);
	}
	return err;
}

static const char *difference(struct bpf_object *obj, const struct running *old)
{
	struct running new = {};
	struct bpf_map *map;

	if (look(bpf_program__fd(vx_object_program(obj)), &new) || memcmp(new.tag, old->tag, sizeof(new.tag)))
		return "another program is loaded under this name";
	bpf_object__for_each_map(map, obj) {
		if (bpf_map__is_internal(map) ? !has_constants(old, bpf_map__fd(map))
					      : uses(&new, bpf_map__fd(map)) && !uses(old, bpf_map__fd(map)))
			return "what is loaded under this name has other constants or maps";
	}
	return NULL;
}

static int look_at(const struct vx_policy *policy, struct running *run)
{
	int fd = bpf_prog_get_fd_by_id(policy->prog_id), err;

	if (fd < 0)
		return -errno;
	err = look(fd, run);
	close(fd);
	return err;
}

int vx_policy_compare(const char *file, const struct vx_policy *old, const char **why)
{
	char home[VX_PIN_PATH] = "";
	struct running run = {};
	struct bpf_object *obj;
	int err;

	*why = NULL;
	if (old) {
		snprintf(home, sizeof(home), "policies/%s%s", old->name, old->in_prev ? "/prev" : "");
		err = look_at(old, &run);
		if (err)
			return vx_fail(err, "cannot look at policy %s: %s", old->name, strerror(-err));
	}
	err = vx_object_open(file, &obj);
	if (err)
		return err;
	err = share_maps(obj, home, why);
	if (!err)
		err = vx_object_load(obj, file);
	if (!err && old && !*why)
		*why = difference(obj, &run);
	bpf_object__close(obj);
	return err ? err : !!*why;
}
