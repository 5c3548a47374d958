// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The number in the node's name is that of a netdev in one network namespace, and /dev knows no namespaces: a macvtap of another one may
 * have the name already, and who opened it would be in somebody else's network. The module's own word is in sysfs.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "tap_node.h"

#define CLASS	"/sys/class/vhost_xdp"

/* One line of a file in sysfs, without its end. */
static int read_line(__u32 ifindex, const char *file, char *line, int size)
{
	char path[64];
	FILE *f;
	bool got;

	snprintf(path, sizeof(path), CLASS "/tap%u/%s", ifindex, file);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	got = fgets(line, size, f);
	fclose(f);
	if (!got)
		return -EIO;
	line[strcspn(line, "\n")] = '\0';
	return 0;
}

/* The device that the module has for this port. */
static int device_of(const struct vx_kport *kp, dev_t *dev)
{
	unsigned int major, minor;
	char line[32];
	int err;

	err = read_line(kp->info.host_ifindex, "port", line, sizeof(line));
	if (!err && strncmp(line, kp->info.name, VHOST_XDP_NAME_LEN))
		err = -ENOENT;
	if (!err)
		err = read_line(kp->info.host_ifindex, "dev", line, sizeof(line));
	if (err)
		return err;
	if (sscanf(line, "%u:%u", &major, &minor) != 2) /* NOLINT(cert-err34-c): of the kernel */
		return -EPROTO;
	*dev = makedev(major, minor);
	return 0;
}

int vx_tap_node(const struct vx_kport *kp, char path[VX_TAP_NODE_LEN])
{
	struct stat st;
	dev_t dev;

	snprintf(path, VX_TAP_NODE_LEN, "/dev/tap%u", kp->info.host_ifindex);
	if (kp->info.state != VHOST_XDP_PORT_ATTACHED || device_of(kp, &dev) || stat(path, &st))
		return -ENOENT;
	return S_ISCHR(st.st_mode) && st.st_rdev == dev ? 0 : -EEXIST;
}
