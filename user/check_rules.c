// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "check_rules.h"
#include "pins.h"
#include "policy_object.h"
#include "say.h"

static int copy_entries(int from, int to, const struct bpf_map_info *info);

static bool is_plain(__u32 type)
{
	return type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_LPM_TRIE;
}

static bool is_of_maps(__u32 type)
{
	return type == BPF_MAP_TYPE_ARRAY_OF_MAPS || type == BPF_MAP_TYPE_HASH_OF_MAPS;
}

/* Another map like the one of that id, with the same in it; its fd, or a negative errno. */
static int clone(__u32 id)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	int from = bpf_map_get_fd_by_id(id), to, err;

	if (from < 0)
		return -errno;
	err = bpf_obj_get_info_by_fd(from, &info, &len) ? -errno : is_plain(info.type) ? 0 : -EOPNOTSUPP;
	opts.map_flags = info.map_flags;
	to = err ? err : bpf_map_create(info.type, info.name, info.key_size, info.value_size, info.max_entries, &opts);
	if (to >= 0) {
		err = copy_entries(from, to, &info);
		if (err)
			close(to);
	}
	close(from);
	return err ? err : to;
}

/* The value is an fd where one is written, and was an id where it was read. */
static int copy_inner(int to, const void *key, void *value)
{
	__u32 id;
	int fd, err;

	memcpy(&id, value, sizeof(id));
	fd = clone(id);
	if (fd < 0)
		return fd;
	memcpy(value, &fd, sizeof(fd));
	err = bpf_map_update_elem(to, key, value, BPF_ANY) ? -errno : 0;
	close(fd);
	return err;
}

static int copy_entries(int from, int to, const struct bpf_map_info *info)
{
	__u8 *key = calloc(2, info->key_size), *next = key ? key + info->key_size : NULL, *value = calloc(1, info->value_size + 8);
	bool first = true;
	__u32 n;
	int err = key && value ? 0 : -ENOMEM;

	/* Bounded: who changes it meanwhile could keep us here. */
	for (n = 0; !err && n < info->max_entries && !bpf_map_get_next_key(from, first ? NULL : key, next); n++) {
		memcpy(key, next, info->key_size);
		first = false;
		if (bpf_map_lookup_elem(from, key, value))
			continue;
		if (is_of_maps(info->type))
			err = copy_inner(to, key, value);
		else if (bpf_map_update_elem(to, key, value, BPF_ANY))
			err = -errno;
	}
	free(key);
	free(value);
	return err;
}

static int copy_map(const struct bpf_map *map, int from, const char *home)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	int err;

	if (!vx_object_fits(map, from))
		return vx_fail(-EEXIST, "the map %s has another layout than the one in %s; check it without 'rules'", bpf_map__name(map), home);
	err = bpf_obj_get_info_by_fd(from, &info, &len) ? -errno : 0;
	if (!err && (is_plain(info.type) || is_of_maps(info.type)))
		err = copy_entries(from, bpf_map__fd(map), &info);
	return err ? vx_fail(err, "cannot copy the map %s of %s: %s", bpf_map__name(map), home, strerror(-err)) : 0;
}

int vx_rules_copy(struct bpf_object *obj, const char *home)
{
	struct bpf_map *map;
	int fd, err;

	bpf_object__for_each_map(map, obj) {
		const char *name = bpf_map__name(map);

		if (bpf_map__is_internal(map) || vx_object_in_contract(name))
			continue;
		fd = vx_pin_open_rdonly("%s/%s", home, name);
		if (fd == -ENOENT)
			continue;
		if (fd < 0)
			return vx_fail(fd, "cannot open the map %s of %s: %s", name, home, strerror(-fd));
		err = copy_map(map, fd, home);
		close(fd);
		if (err)
			return err;
	}
	return 0;
}
