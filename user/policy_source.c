// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "pins.h"
#include "policy.h"
#include "policy_source.h"

int vx_policy_source_pin(const char *dir, const char *file)
{
	char path[PATH_MAX] = "";
	__u32 zero = 0;
	int fd, err = 0;

	if (!realpath(file, path))
		return -errno;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "vx_from_file", sizeof(zero), sizeof(path), 1, NULL);
	if (fd < 0)
		return -errno;
	if (bpf_map_update_elem(fd, &zero, path, BPF_ANY))
		err = -errno;
	if (!err) {
		vx_pin_remove("%s/" VX_POLICY_FROM, dir);
		err = vx_pin_add(fd, "%s/" VX_POLICY_FROM, dir);
	}
	close(fd);
	return err;
}

int vx_policy_source_get(const char *home, char file[PATH_MAX])
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info), zero = 0;
	int fd = vx_pin_open("%s/" VX_POLICY_FROM, home), err = 0;

	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.value_size != PATH_MAX || bpf_map_lookup_elem(fd, &zero, file))
		err = -EINVAL;
	close(fd);
	if (!err)
		file[PATH_MAX - 1] = '\0';
	return err;
}

bool vx_policy_source_shipped(const char *name, const char *file)
{
	char shipped[PATH_MAX], real[PATH_MAX];

	return !vx_policy_shipped(name, shipped, sizeof(shipped)) && realpath(shipped, real) && !strcmp(real, file);
}
