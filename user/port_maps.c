// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "pins.h"
#include "policy.h"
#include "port_maps.h"
#include "redirects.h"

__u32 vx_port_maps_free_id(void)
{
	int fd = vx_pin_open("v1/vx_ports");
	struct vx_port_cfg cfg;
	__u32 id, found = 0;

	if (fd < 0)
		return 0;
	for (id = 1; id < VX_PORTS_MAX && !found; id++)
		if (!bpf_map_lookup_elem(fd, &id, &cfg) && !cfg.host_ifindex)
			found = id;
	close(fd);
	return found;
}

static int clear_traffic(__u32 port)
{
	int cpus = libbpf_num_possible_cpus(), err = 0;
	struct vx_counter *zero;
	__u32 dir;

	if (cpus < 0)
		return cpus;
	zero = calloc(cpus, sizeof(*zero));
	if (!zero)
		return -ENOMEM;
	for (dir = 0; dir < VX_DIRECTIONS && !err; dir++) {
		__u32 key = port * VX_DIRECTIONS + dir;

		err = vx_map_put("vx_traffic", &key, zero, BPF_ANY);
		if (!err)
			err = vx_map_put("vx_drops_more", &key, zero, BPF_ANY);
	}
	free(zero);
	return err;
}

static void clear_drops(__u32 port)
{
	int fd = vx_pin_open("v1/vx_drops");
	struct vx_drop_key key, next, *prev = NULL;

	if (fd < 0)
		return;
	while (!bpf_map_get_next_key(fd, prev, &next)) {
		/* The current key goes only once the next one is known: a deleted key restarts the walk. */
		if (prev && key.port == port)
			bpf_map_delete_elem(fd, &key);
		key = next;
		prev = &key;
	}
	if (prev && key.port == port)
		bpf_map_delete_elem(fd, &key);
	close(fd);
}

static int engine_page(const struct vx_port *port)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int fd, err = 0;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "vx_engine", sizeof(__u32), sizeof(struct vx_engine_page), 1, &opts);
	if (fd < 0)
		return -errno;
	err = vx_pin_add(fd, "ports/%s/engine", port->cfg.name);
	if (!err)
		err = vx_map_put("vx_engines", &port->id, &fd, BPF_ANY);
	close(fd);
	return err;
}

/* Both maps that say whose netdev it is. */
static int if_put(__u32 ifindex, const struct vx_if *vif)
{
	int err = vx_map_put("vx_ifs", &ifindex, vif, BPF_ANY);

	return err || ifindex >= VX_IFS_LOW ? err : vx_map_put("vx_ifs_low", &ifindex, vif, BPF_ANY);
}

static void if_drop(__u32 ifindex)
{
	const struct vx_if nobody = {};

	if (ifindex < VX_IFS_LOW)
		vx_map_put("vx_ifs_low", &ifindex, &nobody, BPF_ANY);
	vx_map_drop("vx_ifs", &ifindex);
}

int vx_port_maps_fill(const struct vx_port *port)
{
	const struct vx_if host = { .port = port->id, .direction = VX_FROM_GUEST };
	const struct vx_if guest = { .port = port->id, .direction = VX_TO_GUEST };
	const struct vx_port_cfg *cfg = &port->cfg;
	int err;

	err = clear_traffic(port->id);
	if (err)
		return err;
	clear_drops(port->id);
	vx_chain_clear(port->id);
	err = engine_page(port);
	if (!err)
		err = vx_map_put("vx_ports", &port->id, cfg, BPF_ANY);
	if (!err)
		err = if_put(cfg->host_ifindex, &host);
	if (!err)
		err = if_put(cfg->guest_ifindex, &guest);
	return err ? err : vx_map_put("vx_dev", &cfg->host_ifindex, &cfg->host_ifindex, BPF_ANY);
}

void vx_port_maps_clear(const struct vx_port *port)
{
	const struct vx_port_cfg none = {};

	vx_map_drop("vx_dev", &port->cfg.host_ifindex);
	if_drop(port->cfg.guest_ifindex);
	if_drop(port->cfg.host_ifindex);
	vx_map_drop("vx_engines", &port->id);
	vx_chain_clear(port->id);
	clear_drops(port->id);
	vx_redirects_forget(port->cfg.host_ifindex);
	vx_redirects_forget(port->cfg.guest_ifindex);
	/* Last: a run that is killed before leaves a port that can be found and deleted. */
	vx_map_put("vx_ports", &port->id, &none, BPF_ANY);
}

static struct vx_fdb_key fdb_key(const struct vx_port_cfg *cfg)
{
	struct vx_fdb_key key = { .uplink_ifindex = cfg->uplink_ifindex, .vlan = cfg->vlan };

	memcpy(key.mac, cfg->mac, sizeof(key.mac));
	return key;
}

__u32 vx_port_maps_owner(const struct vx_port_cfg *cfg)
{
	struct vx_fdb_key key = fdb_key(cfg);
	struct vx_fdb_entry entry = {};
	int fd = vx_pin_open("v1/vx_fdb");

	if (fd < 0)
		return 0;
	bpf_map_lookup_elem(fd, &key, &entry);
	close(fd);
	return entry.port;
}

/* A group is replaced as a whole: readers see the old list or the new one. */
static int change_group(const struct vx_port *port, bool join)
{
	struct vx_group_key key = { .uplink_ifindex = port->cfg.uplink_ifindex, .vlan = port->cfg.vlan };
	struct vx_group *group;
	__u32 i, n = 0;
	int fd, err = 0;

	fd = vx_pin_open("v1/vx_members");
	if (fd < 0)
		return fd;
	group = calloc(1, sizeof(*group));
	if (!group) {
		close(fd);
		return -ENOMEM;
	}
	bpf_map_lookup_elem(fd, &key, group);
	for (i = 0; i < group->n && i < VX_MEMBERS_MAX; i++)
		if (group->host_ifindex[i] != port->cfg.host_ifindex)
			group->host_ifindex[n++] = group->host_ifindex[i];
	if (join && n == VX_MEMBERS_MAX)
		err = -E2BIG;
	else if (join)
		group->host_ifindex[n++] = port->cfg.host_ifindex;
	group->n = n;
	if (!err && (n ? bpf_map_update_elem(fd, &key, group, BPF_ANY) : bpf_map_delete_elem(fd, &key)) &&
	    (n || errno != ENOENT))
		err = -errno;
	free(group);
	close(fd);
	return err;
}

/* The port's slot of vx_fdb_low, and what it holds now. */
static int slot_open(const struct vx_port_cfg *cfg, __u32 *slot, __u32 *now)
{
	int fd = vx_pin_open("v1/vx_fdb_low");

	*slot = vx_fdb_slot(cfg->vlan, cfg->mac);
	*now = 0;
	if (fd >= 0)
		bpf_map_lookup_elem(fd, slot, now);
	return fd;
}

/* The port is in vx_fdb already. */
static int slot_take(const struct vx_port *port)
{
	__u32 slot, now, owner;
	int fd = slot_open(&port->cfg, &slot, &now), err;

	if (fd < 0)
		return fd;
	owner = now & ~VX_FDB_MORE;
	if (!owner)
		now |= port->id;
	else if (owner != port->id)
		now |= VX_FDB_MORE;
	err = bpf_map_update_elem(fd, &slot, &now, BPF_ANY) ? -errno : 0;
	close(fd);
	return err;
}

/* The port is in vx_fdb still. */
static void slot_leave(const struct vx_port *port)
{
	__u32 slot, now;
	int fd = slot_open(&port->cfg, &slot, &now);

	if (fd < 0)
		return;
	if ((now & ~VX_FDB_MORE) == port->id) {
		now &= VX_FDB_MORE;
		bpf_map_update_elem(fd, &slot, &now, BPF_ANY);
	}
	close(fd);
}

int vx_port_maps_join(const struct vx_port *port)
{
	struct vx_fdb_entry entry = { .port = port->id, .host_ifindex = port->cfg.host_ifindex };
	struct vx_fdb_key key = fdb_key(&port->cfg);
	int err;

	err = change_group(port, true);
	if (!err)
		err = vx_map_put("vx_fdb", &key, &entry, BPF_NOEXIST);
	return err ? err : slot_take(port);
}

void vx_port_maps_leave(const struct vx_port *port)
{
	struct vx_fdb_key key = fdb_key(&port->cfg);

	/* The entry may be another port's: the one whose MAC this one could not have. */
	if (vx_port_maps_owner(&port->cfg) == port->id) {
		slot_leave(port);
		vx_map_drop("vx_fdb", &key);
	}
	change_group(port, false);
}
