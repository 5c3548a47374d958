// SPDX-License-Identifier: GPL-2.0-or-later
/* Our maps and programs, from the skeletons into the bpffs and out again. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "pins.h"
#include "pins_state.h"
#include "redirects.h"
#include "say.h"
#include "vx_port.skel.h"
#include "vx_tc.skel.h"

/*
 * The name that a map is pinned by, or NULL: not shared. .rodata and .bss belong to one object, but ".data.vx_NAME" is shared as
 * vx_NAME is: bpffs names take no dots.
 */
static const char *shared_name(const struct bpf_map *map)
{
	const char *name = bpf_map__name(map);

	if (bpf_map__is_internal(map))
		name = strncmp(name, ".data.", 6) ? "" : name + 6;
	return strncmp(name, "vx_", 3) ? NULL : name;
}

/* libbpf compares too, but says only -EINVAL: an operator needs to know which map, and what to do. */
static int compare(const struct bpf_map *map, int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	if (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
	    info.value_size != bpf_map__value_size(map) || info.max_entries != bpf_map__max_entries(map))
		return -ESTALE;
	return 0;
}

int vx_pins_share(struct bpf_object *obj)
{
	char path[VX_PIN_PATH];
	struct bpf_map *map;
	int fd, err;

	bpf_object__for_each_map(map, obj) {
		const char *name = shared_name(map);

		if (!name)
			continue;
		/* Tools map it; libbpf thinks of that only for variables that others link to. */
		if (bpf_map__is_internal(map))
			bpf_map__set_map_flags(map, bpf_map__map_flags(map) | BPF_F_MMAPABLE);
		fd = vx_pin_open("v1/%s", name);
		err = fd < 0 && fd != -ENOENT ? fd : 0;
		if (fd >= 0) {
			/*
			 * Not by pin path: libbpf 1.1 compares flags, and the kernel adds one to a DEVMAP_HASH by
			 * itself.
			 */
			err = compare(map, fd);
			if (!err)
				err = bpf_map__reuse_fd(map, fd);
			close(fd);
		} else if (!err) {
			err = vx_pin_path(path, sizeof(path), "v1/%s", name);
			if (!err)
				err = bpf_map__set_pin_path(map, path);
		}
		if (err == -ESTALE)
			return vx_fail(err,
				       "the pinned map %s is of another version of vhost-xdp; remove its ports and "
				       "uplinks with that version, or all of them: rm -r %s/vhost-xdp",
				       name, vx_bpffs());
		if (err)
			return vx_fail(err, "cannot use the map %s: %s", name, strerror(-err));
	}
	return 0;
}

static int pin_programs(struct bpf_object *obj)
{
	struct bpf_program *prog;
	int err = 0;

	bpf_object__for_each_program(prog, obj) {
		/* A new load replaces programs that an interrupted run left behind. */
		vx_pin_remove("progs/%s", bpf_program__name(prog));
		err = vx_pin_add(bpf_program__fd(prog), "progs/%s", bpf_program__name(prog));
		if (err)
			return vx_fail(err, "cannot pin the program %s: %s", bpf_program__name(prog), strerror(-err));
	}
	return 0;
}

static bool programs_pinned(struct bpf_object *obj)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj)
		if (!vx_pin_exists("progs/%s", bpf_program__name(prog)))
			return false;
	return true;
}

static int load(struct bpf_object *obj, const char *name)
{
	const char *reason;
	int err;

	if (programs_pinned(obj))
		return 0;
	err = vx_pins_share(obj);
	if (err)
		return err;
	vx_bpf_log_reset();
	err = bpf_object__load(obj);
	if (err) {
		reason = vx_bpf_log_reason();
		return vx_fail(err,
			       "the kernel refuses the %s programs: %s%s%s; see 'vhost-xdp doctor', or -v for the "
			       "whole log",
			       name, strerror(-err), *reason ? ": " : "", reason);
	}
	return pin_programs(obj);
}

static int load_all(void)
{
	struct vx_port *port;
	struct vx_tc *tc = NULL;
	int err = -ENOMEM;

	port = vx_port__open();
	if (port)
		tc = vx_tc__open();
	if (!tc)
		vx_fail(err, "cannot open our own BPF objects: %s", strerror(errno));
	else
		err = load(port->obj, "port");
	if (!err)
		err = load(tc->obj, "clsact");
	if (tc)
		vx_tc__destroy(tc);
	if (port)
		vx_port__destroy(port);
	return err;
}

int vx_pins_ensure(void)
{
	static const char *const dirs[] = { "v1", "progs", "policies", "ports", "uplinks" };
	size_t i;
	int err;

	err = vx_pins_check();
	if (err && err != -ENOENT)
		return err;
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		if (vx_pin_mkdir("%s", dirs[i]))
			return vx_fail(-errno, "cannot make %s/vhost-xdp/%s: %s", vx_bpffs(), dirs[i], strerror(errno));
	if (err == -ENOENT) {
		err = vx_pins_own();
		if (err)
			return vx_fail(err, "cannot mark the pins in %s as ours: %s", vx_bpffs(), strerror(-err));
	}
	err = load_all();
	if (err)
		vx_pins_abandon();
	else
		vx_redirects_ensure();
	return err;
}

/* libxdp makes this directory and never removes it. It stays if any dispatcher is pinned there. */
static void drop_libxdp_directory(void)
{
	char path[VX_PIN_PATH];

	if (snprintf(path, sizeof(path), "%s/xdp", vx_bpffs()) < (int)sizeof(path))
		rmdir(path);
}

static int found(const char *name, void *arg)
{
	return 1;
}

static bool any_in(const char *const *dirs, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (vx_pin_each(dirs[i], found, NULL))
			return true;
	return false;
}

/*
 * The directories say what is left, not the maps: they exist from the first
 * step of an add to the last one of a del, and so keep the pins in between.
 */
static const char *const users[] = { "ports", "uplinks", "policies" };

static int release(size_t n)
{
	if (any_in(users, n))
		return 0;
	drop_libxdp_directory();
	return vx_pin_remove("%s", "");
}

int vx_pins_release(void)
{
	return release(2);
}

int vx_pins_abandon(void)
{
	return release(3);
}
