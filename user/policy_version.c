// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "pins.h"
#include "policy.h"
#include "policy_object.h"
#include "policy_version.h"

/* Where the pin directory of a version is copied to: another pin of each object. */
struct copy {
	const char *from, *to;
	int err;
};

static int copy_pin(const char *pin, void *arg)
{
	struct copy *c = arg;
	int fd;

	if (!strcmp(pin, "prev"))
		return 0;
	fd = vx_pin_open("%s/%s", c->from, pin);
	c->err = fd < 0 ? fd : vx_pin_add(fd, "%s/%s", c->to, pin);
	if (fd >= 0)
		close(fd);
	return c->err;
}

static int copy_pins(const char *from, const char *to)
{
	struct copy c = { .from = from, .to = to };
	int err;

	err = vx_pin_mkdir("%s", to);
	if (!err)
		err = vx_pin_each(from, copy_pin, &c);
	return err;
}

static void unstage(const char *name)
{
	char path[VX_PIN_PATH];

	vx_pin_remove("stage/%s", name);
	/* Stays while there is something else in it. */
	if (!vx_pin_path(path, sizeof(path), "stage"))
		rmdir(path);
}

static int begin(const char *name)
{
	int err;

	unstage(name);
	err = vx_pin_mkdir("stage");
	return err ? err : vx_pin_mkdir("stage/%s", name);
}

static int stage_prev(const char *name, const char *prev)
{
	char to[VX_PIN_PATH];

	snprintf(to, sizeof(to), "stage/%s/prev", name);
	return prev ? copy_pins(prev, to) : 0;
}

int vx_version_stage_object(const struct bpf_object *obj, const char *name, const char *prev)
{
	struct bpf_map *map;
	int err;

	err = begin(name);
	if (!err)
		err = vx_pin_add(bpf_program__fd(vx_object_program(obj)), "stage/%s/prog", name);
	bpf_object__for_each_map(map, obj) {
		if (err || bpf_map__is_internal(map) || vx_object_in_contract(bpf_map__name(map)))
			continue;
		err = vx_pin_add(bpf_map__fd(map), "stage/%s/%s", name, bpf_map__name(map));
	}
	if (!err)
		err = stage_prev(name, prev);
	if (err)
		unstage(name);
	return err;
}

int vx_version_stage_pins(const char *name, const char *now, const char *prev)
{
	char to[VX_PIN_PATH];
	int err;

	snprintf(to, sizeof(to), "stage/%s", name);
	err = begin(name);
	if (!err)
		err = copy_pins(now, to);
	if (!err)
		err = stage_prev(name, prev);
	if (err)
		unstage(name);
	return err;
}

/* The staged directory becomes the policy's, and what was there before goes. */
static int swing(const char *name)
{
	char from[VX_PIN_PATH], to[VX_PIN_PATH];
	int err;

	err = vx_pin_path(from, sizeof(from), "stage/%s", name);
	if (!err)
		err = vx_pin_path(to, sizeof(to), "policies/%s", name);
	if (err)
		return err;
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, vx_pin_exists("policies/%s", name) ? RENAME_EXCHANGE : RENAME_NOREPLACE))
		return -errno;
	return 0;
}

/* As it was, if it was anything: prog -1 is an empty slot. */
static void restore(int map, __u32 slot, int prog)
{
	if (prog < 0)
		bpf_map_delete_elem(map, &slot);
	else
		bpf_map_update_elem(map, &slot, &prog, BPF_ANY);
}

int vx_version_commit(const char *name, __u32 slot)
{
	int map = vx_pin_open("v1/vx_policy_v1"), prog = vx_pin_open("stage/%s/prog", name), old = -1, err = 0;
	__u32 id;

	if (map < 0 || prog < 0)
		err = map < 0 ? map : prog;
	else if (!bpf_map_lookup_elem(map, &slot, &id))
		old = bpf_prog_get_fd_by_id(id);
	if (!err && bpf_map_update_elem(map, &slot, &prog, BPF_ANY))
		err = -errno;
	if (!err) {
		err = swing(name);
		if (err)
			restore(map, slot, old);
	}
	unstage(name);
	if (old >= 0)
		close(old);
	if (prog >= 0)
		close(prog);
	if (map >= 0)
		close(map);
	return err;
}

static __u32 prog_id(const char *dir, const char *name)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int fd = vx_pin_open("%s/%s/prog", dir, name);

	if (fd < 0)
		return 0;
	bpf_obj_get_info_by_fd(fd, &info, &len);
	close(fd);
	return info.id;
}

static bool in_a_slot(__u32 wanted)
{
	int fd = vx_pin_open("v1/vx_policy_v1");
	__u32 slot, id;
	bool found = false;

	if (fd < 0 || !wanted)
		return false;
	for (slot = 1; slot < VX_POLICY_SLOTS && !found; slot++)
		found = !bpf_map_lookup_elem(fd, &slot, &id) && id == wanted;
	close(fd);
	return found;
}

static int settle(const char *name, void *arg)
{
	/* Its slot has the new program already, which is not that of the directory: the exchange is what is missing. */
	if (in_a_slot(prog_id("stage", name)) && !in_a_slot(prog_id("policies", name)))
		swing(name);
	vx_pin_remove("stage/%s", name);
	return 0;
}

void vx_version_settle(void)
{
	char path[VX_PIN_PATH];

	vx_pin_each("stage", settle, NULL);
	if (!vx_pin_path(path, sizeof(path), "stage"))
		rmdir(path);
}
