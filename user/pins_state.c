// SPDX-License-Identifier: GPL-2.0-or-later
/* Who may use the pins: one run at a time, of this version, in this network namespace. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include <bpf/bpf.h>

#include "pins.h"
#include "pins_state.h"
#include "say.h"
#include "steps.h"

#define VX_PINS_ABI	1

/* Map "vx_owner": ifindexes in our maps mean something in one network namespace only. */
struct owner {
	__u32 abi;
	__u32 reserved;
	__u64 netns_cookie;
};

static int lock_fd = -1;

static int check_host(void)
{
	struct statfs fs;

	if (geteuid())
		return vx_fail(-EPERM, "this needs root; run it with sudo");
	if (statfs(vx_bpffs(), &fs) || fs.f_type != BPF_FS_MAGIC)
		return vx_fail(-ENODEV, "no bpffs at %s; mount it: mount -t bpf bpf %s", vx_bpffs(), vx_bpffs());
	return 0;
}

/*
 * The directory may have been removed by the run that we waited for: then what we locked is no longer what others
 * lock.
 */
static int lock_directory(const char *path)
{
	struct stat ours, theirs;
	int fd;

	for (;;) {
		if (vx_pin_mkdir("%s", ""))
			return -errno;
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX)) {
			close(fd);
			return -EINTR;
		}
		if (!fstat(fd, &ours) && !stat(path, &theirs) && ours.st_ino == theirs.st_ino &&
		    ours.st_dev == theirs.st_dev)
			return fd;
		close(fd);
	}
}

int vx_pins_lock(void)
{
	char path[VX_PIN_PATH];
	int err;

	err = check_host();
	if (err)
		return err;
	vx_interrupt_guard();
	err = vx_pin_path(path, sizeof(path), "%s", "");
	if (err)
		return vx_fail(err, "the path %s is too long", vx_bpffs());
	lock_fd = lock_directory(path);
	if (lock_fd == -EINTR)
		return vx_fail(lock_fd, "interrupted");
	if (lock_fd < 0)
		return vx_fail(lock_fd, "cannot lock %s: %s", path, strerror(-lock_fd));
	return 0;
}

void vx_pins_unlock(void)
{
	char path[VX_PIN_PATH];

	/* Goes only when empty: a run that failed before it set anything up. */
	if (!vx_pin_path(path, sizeof(path), "%s", ""))
		rmdir(path);
	if (lock_fd >= 0)
		close(lock_fd);
	lock_fd = -1;
}

int vx_netns_cookie(__u64 *cookie)
{
	socklen_t len = sizeof(*cookie);
	int fd, err = 0;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, cookie, &len))
		err = -errno;
	close(fd);
	return err;
}

static int owner_compare(int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info), key = 0;
	struct owner owner = {};
	char path[VX_PIN_PATH];
	__u64 cookie = 0;
	int err;

	err = vx_pin_path(path, sizeof(path), "%s", "");
	if (!err)
		err = vx_netns_cookie(&cookie);
	if (err)
		return vx_fail(err, "cannot identify the network namespace: %s", strerror(-err));
	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.value_size != sizeof(owner) ||
	    bpf_map_lookup_elem(fd, &key, &owner) || owner.abi != VX_PINS_ABI)
		return vx_fail(-ESTALE,
			       "the pins in %s are of another version of vhost-xdp; remove its ports and uplinks with "
			       "that version, or all of them: rm -r %s",
			       path, path);
	if (owner.netns_cookie != cookie)
		return vx_fail(-ESTALE,
			       "the pins in %s belong to another network namespace or to a dead run; work in that "
			       "namespace, set VHOST_XDP_BPFFS to another bpffs, or remove them: rm -r %s",
			       path, path);
	return 0;
}

int vx_pins_check(void)
{
	int fd, err;

	err = check_host();
	if (err)
		return err;
	fd = vx_pin_open("v1/vx_owner");
	if (fd == -ENOENT && vx_pin_exists("v1/vx_ports"))
		return vx_fail(-ESTALE,
			       "the pins in %s/vhost-xdp are incomplete, from a dead run; remove them: rm -r "
			       "%s/vhost-xdp",
			       vx_bpffs(), vx_bpffs());
	if (fd == -ENOENT)
		return fd;
	if (fd < 0)
		return vx_fail(fd, "cannot open %s/vhost-xdp/v1/vx_owner: %s", vx_bpffs(), strerror(-fd));
	err = owner_compare(fd);
	close(fd);
	return err;
}

int vx_pins_own(void)
{
	struct owner owner = { .abi = VX_PINS_ABI };
	__u32 key = 0;
	int fd, err;

	err = vx_netns_cookie(&owner.netns_cookie);
	if (err)
		return err;
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "vx_owner", sizeof(key), sizeof(owner), 1, NULL);
	if (fd < 0)
		return -errno;
	if (bpf_map_update_elem(fd, &key, &owner, BPF_ANY))
		err = -errno;
	if (!err)
		err = vx_pin_add(fd, "v1/vx_owner");
	close(fd);
	return err;
}
