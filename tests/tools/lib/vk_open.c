// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kport.h"
#include "vk.h"

unsigned int if_nametoindex(const char *name);	/* <net/if.h> and <linux/if.h> exclude each other */

/* What follows the word and its colon, or NULL. */
static const char *after(const char *path, const char *word)
{
	size_t len = strlen(word);

	return strncmp(path, word, len) || path[len] != ':' ? NULL : path + len + 1;
}

bool vk_is_path(const char *path)
{
	return after(path, "kernel") || after(path, "node") || after(path, "tap");
}

int vk_open_vhost(const char *path)
{
	return open(after(path, "tap") ? "/dev/vhost-net" : "/dev/vhost-xdp", O_RDWR | O_CLOEXEC);
}

static int open_tap(const char *name, bool several)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (several ? IFF_MULTI_QUEUE : 0) };
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	strncpy(ifr.ifr_name, name, sizeof(ifr.ifr_name) - 1);
	if (fd >= 0 && ioctl(fd, TUNSETIFF, &ifr) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static int open_port(const char *name, unsigned int pair)
{
	int control = open(KPORT_CONTROL, O_RDWR | O_CLOEXEC), fd;

	if (control < 0)
		return -1;
	fd = kport_open(control, name, pair, 0);
	close(control);
	return fd;
}

static int open_node(const char *netdev)
{
	char path[40];

	snprintf(path, sizeof(path), "/dev/tap%u", if_nametoindex(netdev));
	return open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
}

int vk_open_data(const char *path, unsigned int pair, bool several)
{
	if (after(path, "tap"))
		return open_tap(after(path, "tap"), several);
	if (after(path, "node"))
		return open_node(after(path, "node"));
	return open_port(after(path, "kernel"), pair);
}
