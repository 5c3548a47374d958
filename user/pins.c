// SPDX-License-Identifier: GPL-2.0-or-later
/* Paths below the bpffs and the plain operations on them. */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <bpf/bpf.h>

#include "pins.h"

#define VX_PIN_ROOT	"vhost-xdp"

const char *vx_bpffs(void)
{
	const char *dir = getenv("VHOST_XDP_BPFFS");

	return dir && *dir ? dir : "/sys/fs/bpf";
}

static int __attribute__((format(printf, 3, 0))) path_va(char *buf, size_t len, const char *fmt, va_list ap)
{
	int n, m;

	n = snprintf(buf, len, "%s/" VX_PIN_ROOT "/", vx_bpffs());
	if (n < 0 || (size_t)n >= len)
		return -ENAMETOOLONG;
	m = vsnprintf(buf + n, len - n, fmt, ap);
	if (m < 0 || (size_t)m >= len - n)
		return -ENAMETOOLONG;
	/* Nothing below the root: the root itself. */
	if (!m)
		buf[n - 1] = '\0';
	return 0;
}

int vx_pin_path(char *buf, size_t len, const char *fmt, ...)
{
	va_list ap;
	int err;

	va_start(ap, fmt);
	err = path_va(buf, len, fmt, ap);
	va_end(ap);
	return err;
}

/* Every function below takes its path as a format. */
#define FORMAT_PATH(path, fmt) ({				\
	va_list ap_;						\
	int err_;						\
								\
	va_start(ap_, fmt);					\
	err_ = path_va(path, sizeof(path), fmt, ap_);		\
	va_end(ap_);						\
	err_; })

int vx_pin_open(const char *fmt, ...)
{
	char path[VX_PIN_PATH];
	int fd = FORMAT_PATH(path, fmt);

	if (fd)
		return fd;
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

int vx_pin_open_rdonly(const char *fmt, ...)
{
	LIBBPF_OPTS(bpf_obj_get_opts, opts, .file_flags = BPF_F_RDONLY);
	char path[VX_PIN_PATH];
	int fd = FORMAT_PATH(path, fmt);

	if (fd)
		return fd;
	fd = bpf_obj_get_opts(path, &opts);
	return fd < 0 ? -errno : fd;
}

int vx_pin_add(int fd, const char *fmt, ...)
{
	char path[VX_PIN_PATH];
	int err = FORMAT_PATH(path, fmt);

	if (!err && bpf_obj_pin(fd, path))
		err = -errno;
	return err;
}

int vx_map_put(const char *map, const void *key, const void *value, __u64 flags)
{
	int fd = vx_pin_open("v1/%s", map), err = 0;

	if (fd < 0)
		return fd;
	if (bpf_map_update_elem(fd, key, value, flags))
		err = -errno;
	close(fd);
	return err;
}

void vx_map_drop(const char *map, const void *key)
{
	int fd = vx_pin_open("v1/%s", map);

	if (fd < 0)
		return;
	bpf_map_delete_elem(fd, key);
	close(fd);
}

int vx_pin_mkdir(const char *fmt, ...)
{
	char path[VX_PIN_PATH];
	int err = FORMAT_PATH(path, fmt);

	if (!err && mkdir(path, 0700) && errno != EEXIST)
		err = -errno;
	return err;
}

bool vx_pin_exists(const char *fmt, ...)
{
	char path[VX_PIN_PATH];

	return !FORMAT_PATH(path, fmt) && !access(path, F_OK);
}

static int remove_tree(const char *path)
{
	struct dirent *entry;
	char below[VX_PIN_PATH];
	int err = 0;
	DIR *dir;

	if (!unlink(path) || errno == ENOENT)
		return 0;
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (!err && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >= (int)sizeof(below))
			err = -ENAMETOOLONG;
		else
			err = remove_tree(below);
	}
	closedir(dir);
	return !err && rmdir(path) ? -errno : err;
}

int vx_pin_remove(const char *fmt, ...)
{
	char path[VX_PIN_PATH];
	int err = FORMAT_PATH(path, fmt);

	return err ? err : remove_tree(path);
}

int vx_pin_each(const char *name, int (*fn)(const char *name, void *arg), void *arg)
{
	char path[VX_PIN_PATH];
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	ret = vx_pin_path(path, sizeof(path), "%s", name);
	if (ret)
		return ret;
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!ret && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			ret = fn(entry->d_name, arg);
	closedir(dir);
	return ret;
}
