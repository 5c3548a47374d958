// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <uapi/linux/vhost_xdp.h>

#include "netdev.h"
#include "pins.h"
#include "pins_state.h"
#include "port.h"
#include "redirects.h"
#include "say.h"
#include "vx_loss.skel.h"

#define N_PROGS	2

static const char *const progs[N_PROGS] = { "vx_redirect_err", "vx_devmap_xmit" };

static int attach(struct bpf_object *obj, const char *name)
{
	struct bpf_link *link = bpf_program__attach(bpf_object__find_program_by_name(obj, name));
	int err = libbpf_get_error(link);

	if (err)
		return err;
	vx_pin_remove("loss/%s", name);
	err = vx_pin_add(bpf_link__fd(link), "loss/%s", name);
	bpf_link__destroy(link);
	return err;
}

static int make(struct vx_loss *skel)
{
	__u64 cookie;
	int i, err;

	err = vx_netns_cookie(&cookie);
	if (err)
		return err;
	skel->rodata->our_netns = cookie;
	err = vx_pins_share(skel->obj);
	if (!err)
		err = bpf_object__load(skel->obj);
	for (i = 0; i < N_PROGS && !err; i++)
		err = attach(skel->obj, progs[i]);
	return err;
}

void vx_redirects_ensure(void)
{
	struct vx_loss *skel;
	int err;

	if (vx_redirects_traced())
		return;
	skel = vx_loss__open();
	err = skel ? vx_pin_mkdir("loss") : -ENOMEM;
	if (!err)
		err = make(skel);
	vx_loss__destroy(skel);
	if (!err)
		return;
	vx_pin_remove("loss");
	vx_debug("this kernel does not tell of redirects that fail: %s", strerror(-err));
}

bool vx_redirects_traced(void)
{
	int i;

	for (i = 0; i < N_PROGS; i++)
		if (!vx_pin_exists("loss/%s", progs[i]))
			return false;
	return true;
}

static __u64 lookup_sum(int fd, const struct vx_redirect_key *key, __u64 *each, int cpus)
{
	__u64 sum = 0;
	int i;

	if (!bpf_map_lookup_elem(fd, key, each))
		for (i = 0; i < cpus; i++)
			sum += each[i];
	return sum;
}

int vx_redirects_each(int (*fn)(const struct vx_redirect_key *key, __u64 packets, void *arg), void *arg)
{
	int fd = vx_pin_open("v1/vx_redirects"), cpus = libbpf_num_possible_cpus(), ret = 0;
	struct vx_redirect_key key, *prev = NULL;
	__u64 *each;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	each = cpus > 0 ? calloc(cpus, sizeof(*each)) : NULL;
	if (!each)
		ret = -ENOMEM;
	while (!ret && !bpf_map_get_next_key(fd, prev, &key)) {
		prev = &key;
		ret = fn(&key, lookup_sum(fd, &key, each, cpus), arg);
	}
	free(each);
	close(fd);
	return ret;
}

static bool gone(__u32 ifindex)
{
	struct vx_netdev dev;

	return ifindex && vx_netdev_by_index(ifindex, &dev) == -ENODEV;
}

static bool to_be_forgotten(const struct vx_redirect_key *key, __u32 ifindex)
{
	return (ifindex && (key->from == ifindex || key->to == ifindex)) || gone(key->from) || gone(key->to);
}

void vx_redirects_forget(__u32 ifindex)
{
	int fd = vx_pin_open("v1/vx_redirects");
	struct vx_redirect_key key, next, *prev = NULL;

	if (fd < 0)
		return;
	/* The current key goes only once the next one is known: a deleted key restarts the walk. */
	while (!bpf_map_get_next_key(fd, prev, &next)) {
		if (prev && to_be_forgotten(&key, ifindex))
			bpf_map_delete_elem(fd, &key);
		key = next;
		prev = &key;
	}
	if (prev && to_be_forgotten(&key, ifindex))
		bpf_map_delete_elem(fd, &key);
	close(fd);
}

const char *vx_redirect_error(const struct vx_redirect_key *key)
{
	const char *name = key->error ? strerrorname_np(key->error) : NULL;

	return name ? name : key->error ? "unknown" : "ring_full";
}

static bool in_map(const char *map, __u32 ifindex, void *value)
{
	int fd = vx_pin_open("v1/%s", map);
	bool there;

	if (fd < 0)
		return false;
	there = !bpf_map_lookup_elem(fd, &ifindex, value);
	close(fd);
	return there;
}

bool vx_ifindex_is_ours(__u32 ifindex)
{
	struct vx_uplink_cfg uplink;
	struct vx_if vif;

	return in_map("vx_ifs", ifindex, &vif) || in_map("vx_uplinks", ifindex, &uplink);
}

bool vx_ifindex_is_host_end(__u32 ifindex)
{
	struct vx_if vif;

	return in_map("vx_ifs", ifindex, &vif) && vif.direction == VX_FROM_GUEST;
}

/* The port whose inlet this is by its name and, as others may call a netdev so, by where frames for that port are redirected to. */
static bool is_inlet(const struct vx_netdev *dev, struct vx_port *port)
{
	size_t suffix = sizeof(VHOST_XDP_INLET_SUFFIX) - 1, len = strlen(dev->name);
	char name[VX_NAME_LEN];
	__u32 to = 0;

	if (len <= suffix || len - suffix >= sizeof(name) || strcmp(dev->name + len - suffix, VHOST_XDP_INLET_SUFFIX))
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(len - suffix), dev->name);
	return !vx_port_find(name, port) && in_map("vx_dev", port->cfg.host_ifindex, &to) && to == (__u32)dev->ifindex;
}

void vx_ifindex_name(__u32 ifindex, char name[VX_NAME_LEN])
{
	struct vx_netdev dev;
	struct vx_port port;

	if (!ifindex || vx_netdev_by_index(ifindex, &dev))
		snprintf(name, VX_NAME_LEN, "if%u", ifindex);
	else
		snprintf(name, VX_NAME_LEN, "%s", is_inlet(&dev, &port) ? port.cfg.name : dev.name);
}
