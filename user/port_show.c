// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#include "cmd.h"
#include "engine_kernel.h"
#include "offloads.h"
#include "output.h"
#include "pins.h"
#include "policy.h"
#include "port.h"
#include "port_maps.h"
#include "port_show.h"
#include "say.h"
#include "uplink.h"
#include "words.h"

static int uplink_name(const struct vx_uplink *uplink, void *arg)
{
	struct vx_uplink *want = arg;

	if (uplink->ifindex != want->ifindex)
		return 0;
	*want = *uplink;
	return 1;
}

/* What is not in the configuration but looked up for it. */
struct view {
	struct vx_uplink uplink;
	char mac[VX_MAC_TEXT];
	char guest_end[VX_NAME_LEN];
	char chain[VX_DIRECTIONS][VX_CHAIN_TEXT];
	const char *state;
	struct vx_engine_page engine;
	bool kernel;
	struct vx_kport kp;
};

static void look(const struct vx_port *port, struct view *v)
{
	__u8 ids[VX_CHAIN_MAX];
	int dir;

	memset(v, 0, sizeof(*v));
	v->uplink.ifindex = port->cfg.uplink_ifindex;
	if (vx_uplink_each(uplink_name, &v->uplink) <= 0)
		strcpy(v->uplink.cfg.name, "(gone)");
	vx_format_mac(port->cfg.mac, v->mac);
	vx_port_guest_end(port, v->guest_end);
	for (dir = 0; dir < VX_DIRECTIONS; dir++) {
		vx_chain_get(port->id, dir, ids);
		vx_chain_text(ids, v->chain[dir], sizeof(v->chain[dir]));
	}
	vx_port_engine(port, &v->engine);
	v->kernel = !vx_kport_find(port, &v->kp);
	if (!vx_port_alive(port))
		v->state = "gone";
	else if (vx_port_maps_owner(&port->cfg) != port->id)
		v->state = "half-made";
	else if (v->kernel && v->kp.info.state != VHOST_XDP_PORT_ATTACHED)
		v->state = "down";
	else
		v->state = v->engine.state == VX_ENGINE_UP ? "up" : "no-backend";
}

static const char *engine_name(const struct view *v)
{
	return v->kernel ? "kernel" : "user";
}

static json_t *to_json(const struct vx_port *port, const struct view *v)
{
	const struct vx_port_cfg *cfg = &port->cfg;
	json_t *module = v->kernel ? vx_kport_json(&v->kp) : NULL;

	/* "o*": left out where there is none. */
	return json_pack("{s:s, s:i, s:s, s:i, s:s, s:i, s:i, s:s, s:i, s:s, s:i, s:s, s:s, s:{s:s, s:s}, s:{s:s, s:b, s:i, "
			 "s:i, s:I, s:{s:o, s:o}, s:o*}}",
			 "name", cfg->name, "id", port->id, "mac", v->mac, "vlan", cfg->vlan, "uplink",
			 v->uplink.cfg.name, "mtu", cfg->mtu, "queues", cfg->queue_pairs, "host",
			 cfg->flags & VX_PORT_HOST_ALLOW ? "allow" : "deny", "flood_pps", cfg->flood_pps, "state",
			 v->state, "ifindex", cfg->host_ifindex, "guest_end", v->guest_end, "type", "veth", "policy",
			 "to-guest", v->chain[VX_TO_GUEST], "from-guest", v->chain[VX_FROM_GUEST], "engine", "kind",
			 engine_name(v), "up", v->engine.state == VX_ENGINE_UP, "pid", v->engine.pid, "queue_pairs", v->engine.queue_pairs,
			 "features", (json_int_t)v->engine.features, "offloads", "from-guest",
			 vx_offloads_json(v->engine.features, VX_FROM_GUEST), "to-guest", vx_offloads_json(v->engine.features, VX_TO_GUEST),
			 "module", module);
}

static int list_line(const struct vx_port *port, void *arg)
{
	struct view *v = malloc(sizeof(*v));
	json_t *all = arg;

	if (!v)
		return -ENOMEM;
	look(port, v);
	if (all)
		json_array_append_new(all, to_json(port, v));
	else
		printf("%4u  %-13s %s  vlan %-4u  uplink %-15s mtu %-4u  %-10s %-6s  to-guest %s  from-guest %s\n", port->id,
		       port->cfg.name, v->mac, port->cfg.vlan, v->uplink.cfg.name, port->cfg.mtu, v->state, engine_name(v),
		       v->chain[VX_TO_GUEST], v->chain[VX_FROM_GUEST]);
	free(v);
	return 0;
}

static int known(const struct vx_port *port, void *arg)
{
	return vx_kport_is(arg, port);
}

static const char *stray_state(const struct vx_kport *kp)
{
	return vx_kport_here(kp) ? "stray" : "elsewhere";
}

static json_t *stray_json(const struct vx_kport *kp)
{
	return json_pack("{s:s, s:s, s:{s:s, s:o}}", "name", kp->info.name, "state", stray_state(kp), "engine", "kind", "kernel", "module",
			 vx_kport_json(kp));
}

/* Ports that only the module knows: our pins are gone, or they are of another network namespace. */
static int stray_line(const struct vx_kport *kp, void *arg)
{
	json_t *all = arg;

	if (vx_port_each(known, (void *)kp))
		return 0;
	if (all)
		json_array_append_new(all, stray_json(kp));
	else
		printf("   -  %-13s (only the module knows it, %s)  mtu %-4u  %-10s kernel  next: vhost-xdp port del %s\n", kp->info.name,
		       vx_kport_state(kp), kp->info.mtu, stray_state(kp), kp->info.name);
	return 0;
}

int vx_port_list(void)
{
	json_t *all = vx_json ? json_array() : NULL;
	int err;

	err = vx_pins_check();
	if (!err)
		err = vx_port_each(list_line, all);
	if (err && err != -ENOENT)
		return err;
	err = vx_kport_each(stray_line, all);
	if (err)
		vx_warn("the module does not tell its ports: %s; run: vhost-xdp doctor", strerror(-err));
	return vx_json ? vx_print_json(all) : 0;
}

static void show_lines(const struct vx_port *port, const struct view *v)
{
	const struct vx_port_cfg *cfg = &port->cfg;
	char from[VX_OFFLOADS_TEXT], to[VX_OFFLOADS_TEXT];

	printf("port %s\n", cfg->name);
	printf("  id          %u\n", port->id);
	printf("  state       %s\n", v->state);
	printf("  mac         %s\n", v->mac);
	printf("  vlan        %u%s\n", cfg->vlan, cfg->vlan ? "" : " (untagged)");
	printf("  uplink      %s\n", v->uplink.cfg.name);
	printf("  netdevs     %s (host end), %s (guest end)\n", cfg->name, v->guest_end);
	printf("  queues      %u\n", cfg->queue_pairs);
	printf("  mtu         %u\n", cfg->mtu);
	printf("  host        %s\n", cfg->flags & VX_PORT_HOST_ALLOW ? "allow" : "deny");
	printf("  flood-pps   %u%s\n", cfg->flood_pps, cfg->flood_pps ? "" : " (unlimited)");
	printf("  to-guest    %s\n", v->chain[VX_TO_GUEST]);
	printf("  from-guest  %s\n", v->chain[VX_FROM_GUEST]);
	if (v->engine.state == VX_ENGINE_UP)
		printf("  offloads    from-guest: %s; to-guest: %s\n", vx_offloads_text(v->engine.features, VX_FROM_GUEST, from),
		       vx_offloads_text(v->engine.features, VX_TO_GUEST, to));
	if (v->kernel)
		vx_kport_lines(&v->kp);
	else if (v->engine.state == VX_ENGINE_UP)
		printf("  engine      user, pid %u, %u queue pair%s, features 0x%llx\n", v->engine.pid,
		       v->engine.queue_pairs, v->engine.queue_pairs == 1 ? "" : "s",
		       (unsigned long long)v->engine.features);
	else
		printf("  engine      none; start one: vhost-xdp serve %s socket PATH\n", cfg->name);
}

static int show_stray(const char *name)
{
	struct vx_kport kp;

	if (vx_kport_get(name, &kp))
		return vx_fail(-ENOENT, "there is no port %s; see 'vhost-xdp port list'", name);
	if (vx_json)
		return vx_print_json(stray_json(&kp));
	printf("port %s\n  state       %s: only the module knows it; remove it: vhost-xdp port del %s\n", name,
	       stray_state(&kp), name);
	vx_kport_lines(&kp);
	return 0;
}

int vx_port_show(const char *name)
{
	struct vx_port port;
	struct view *v;
	int err;

	err = vx_pins_check();
	if (err && err != -ENOENT)
		return err;
	if (err || vx_port_find(name, &port))
		return show_stray(name);
	v = malloc(sizeof(*v));
	if (!v)
		return vx_fail(-ENOMEM, "out of memory");
	look(&port, v);
	if (vx_json)
		err = vx_print_json(to_json(&port, v));
	else
		show_lines(&port, v);
	free(v);
	return err;
}
