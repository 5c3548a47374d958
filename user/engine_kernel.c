// SPDX-License-Identifier: GPL-2.0-or-later
/* Ports of the module: made, found, opened, removed. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine_kernel.h"
#include "module.h"
#include "say.h"

static int control_open(void)
{
	int fd = open(VX_CONTROL_DEV, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Strings of the ABI are zero to their end. */
static void set_name(char to[VHOST_XDP_NAME_LEN], const char *name)
{
	memset(to, 0, VHOST_XDP_NAME_LEN);
	snprintf(to, VHOST_XDP_NAME_LEN, "%s", name);
}

static int control(int fd, unsigned long request, void *arg)
{
	int ret;

	do
		ret = ioctl(fd, request, arg);
	while (ret < 0 && errno == EINTR);
	return ret < 0 ? -errno : ret;
}

static int name_control(int fd, unsigned long request, const char *name)
{
	struct vhost_xdp_name arg = {};

	set_name(arg.name, name);
	return control(fd, request, &arg);
}

int vx_module_require(void)
{
	char text[VX_MODULE_TEXT];
	struct vx_module_facts f;
	__u32 abi = 0;
	int fd, err;

	fd = control_open();
	if (fd < 0) {
		vx_module_look(&f, "");
		vx_module_judge(&f, text, sizeof(text));
		if (f.loaded)
			return vx_fail(fd, "the kernel engine cannot be reached, %s: %s; run: vhost-xdp doctor", VX_CONTROL_DEV,
				       strerror(-fd));
		return vx_fail(-ENODEV, "the kernel engine needs the module vhost_xdp, which %s", text);
	}
	err = control(fd, VHOST_XDP_GET_ABI, &abi);
	close(fd);
	if (err)
		return vx_fail(err, "the module vhost_xdp does not answer: %s; run: vhost-xdp doctor", strerror(-err));
	if (abi != VHOST_XDP_ABI)
		return vx_fail(-EPROTO,
			       "the loaded module vhost_xdp speaks version %u of its interface, and this program %u; install "
			       "both of one version, see 'vhost-xdp doctor'",
			       abi, VHOST_XDP_ABI);
	return 0;
}

static int ask(int fd, unsigned long request, const char *name, struct vx_kport *kp)
{
	int err;

	memset(kp, 0, sizeof(*kp));
	set_name(kp->info.name, name);
	kp->info.npairs = VHOST_XDP_PAIRS_MAX;
	kp->info.pairs = (uintptr_t)kp->pair;
	err = control(fd, request, &kp->info);
	if (kp->info.npairs > VHOST_XDP_PAIRS_MAX)
		kp->info.npairs = VHOST_XDP_PAIRS_MAX;
	kp->info.name[VHOST_XDP_NAME_LEN - 1] = '\0';
	return err;
}

int vx_kport_get(const char *name, struct vx_kport *kp)
{
	int fd, err;

	if (strlen(name) >= VHOST_XDP_NAME_LEN)
		return -ENOENT;
	fd = control_open();
	if (fd < 0)
		return fd == -ENXIO || fd == -ENODEV ? -ENOENT : fd;
	err = ask(fd, VHOST_XDP_PORT_GET, name, kp);
	close(fd);
	return err;
}

int vx_kport_each(int (*fn)(const struct vx_kport *kp, void *arg), void *arg)
{
	char name[VHOST_XDP_NAME_LEN] = "";
	int fd = control_open(), ret = 0;
	struct vx_kport kp;

	if (fd < 0)
		return fd == -ENOENT || fd == -ENXIO || fd == -ENODEV ? 0 : fd;
	while (!ret) {
		ret = ask(fd, VHOST_XDP_PORT_NEXT, name, &kp);
		if (ret)
			break;
		memcpy(name, kp.info.name, sizeof(name));
		name[sizeof(name) - 1] = '\0';
		ret = fn(&kp, arg);
	}
	close(fd);
	return ret == -ENOENT ? 0 : ret;
}

bool vx_kport_here(const struct vx_kport *kp)
{
	struct stat ns;

	return !kp->info.netns || (!stat("/proc/self/ns/net", &ns) && ns.st_ino == kp->info.netns);
}

bool vx_kport_is(const struct vx_kport *kp, const struct vx_port *port)
{
	if (strncmp(kp->info.name, port->cfg.name, VHOST_XDP_NAME_LEN) || !vx_kport_here(kp))
		return false;
	/* Only attached to nothing, or to what was made for this port. */
	return !kp->info.host_ifindex || kp->info.host_ifindex == port->cfg.host_ifindex;
}

bool vx_kport_used(const struct vx_kport *kp)
{
	bool used = kp->info.vmms;
	__u32 i;

	for (i = 0; i < kp->info.npairs; i++)
		used |= kp->pair[i].data_fd;
	return used;
}

int vx_kport_find(const struct vx_port *port, struct vx_kport *kp)
{
	int err = vx_kport_get(port->cfg.name, kp);

	if (!err && !vx_kport_is(kp, port))
		err = -ENOENT;
	if (err)
		memset(kp, 0, sizeof(*kp));
	return err;
}

/* One of that name, which no port of ours claims: from a run that was killed, or kept alive by a VMM. */
static int adopt(int fd, const struct vhost_xdp_new *new)
{
	struct vx_kport kp;
	int err;

	err = ask(fd, VHOST_XDP_PORT_GET, new->name, &kp);
	if (err)
		return vx_fail(err, "port %s of the module changes while it is looked at; try again", new->name);
	if (!vx_kport_here(&kp))
		return vx_fail(-EEXIST,
			       "the module has a port %s of another network namespace (inode %llu) already; take another name", new->name,
			       kp.info.netns);
	name_control(fd, VHOST_XDP_PORT_DETACH, new->name);
	if (!name_control(fd, VHOST_XDP_PORT_DEL, new->name))
		return control(fd, VHOST_XDP_PORT_NEW, (void *)new);
	if (kp.info.npairs != new->pairs || kp.info.mtu != new->mtu)
		return vx_fail(-EBUSY,
			       "a VMM still uses an earlier port %s of %u queue pairs and MTU %u; stop it first (fuser -v %s), or make "
			       "this port alike",
			       new->name, kp.info.npairs, kp.info.mtu, VX_VHOST_DEV);
	return 0;
}

int vx_kport_make(const struct vx_port *port)
{
	struct vhost_xdp_new new = { .pairs = port->cfg.queue_pairs, .mtu = port->cfg.mtu };
	int fd, err;

	fd = control_open();
	if (fd < 0)
		return vx_module_require();
	set_name(new.name, port->cfg.name);
	err = control(fd, VHOST_XDP_PORT_NEW, &new);
	if (err == -EEXIST)
		err = adopt(fd, &new);
	else if (err)
		vx_fail(err, "the module makes no port %s: %s; see the kernel's messages (dmesg)", new.name, strerror(-err));
	if (!err)
		err = vx_kport_attach(fd, port);
	close(fd);
	return err;
}

int vx_kport_remove(const char *name)
{
	int fd = control_open(), err;

	if (fd < 0)
		return fd;
	name_control(fd, VHOST_XDP_PORT_DETACH, name);
	err = name_control(fd, VHOST_XDP_PORT_DEL, name);
	close(fd);
	return err;
}

int vx_kport_open_pair(const char *name, __u32 pair)
{
	struct vhost_xdp_open arg = { .pair = pair };
	int control_fd = control_open(), fd;

	if (control_fd < 0)
		return vx_module_require();
	set_name(arg.name, name);
	fd = control(control_fd, VHOST_XDP_PORT_OPEN, &arg);
	close(control_fd);
	if (fd == -EBUSY)
		return vx_fail(fd, "queue pair %u of port %s has a VMM already; stop that one first (fuser -v %s)", pair, name,
			       VX_VHOST_DEV);
	return fd < 0 ? vx_fail(fd, "queue pair %u of port %s cannot be opened: %s", pair, name, strerror(-fd)) : fd;
}
