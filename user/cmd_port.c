// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#include "args.h"
#include "cmd.h"
#include "netdev.h"
#include "output.h"
#include "pins.h"
#include "policy.h"
#include "port.h"
#include "port_maps.h"
#include "say.h"
#include "uplink.h"
#include "words.h"

struct words {
	const char *mac, *uplink, *host, *engine, *direct, *chain[VX_DIRECTIONS], *both;
	__u32 vlan, queues, mtu, flood;
};

static int judge_words(const struct words *w, struct vx_port_spec *spec)
{
	int err;

	if (w->direct)
		return vx_fail(-EOPNOTSUPP, "direct ports are not in this version; leave 'direct' out for a veth port");
	if (w->engine && !strcmp(w->engine, "kernel"))
		return vx_fail(-EOPNOTSUPP, "the kernel engine is not in this version; use 'engine user', the default");
	if (w->engine && strcmp(w->engine, "user"))
		return vx_usage("engine '%s' is not known; use 'engine user'", w->engine);
	if (!w->mac)
		return vx_usage("'port add' needs the guest's MAC: mac 52:54:00:...");
	if (!w->uplink)
		return vx_usage("'port add' needs an uplink: uplink DEV");
	err = vx_parse_mac(w->mac, spec->cfg.mac);
	if (err == -EADDRNOTAVAIL)
		return vx_fail(err, "MAC %s is zero or a group address; a guest needs one of its own", w->mac);
	if (err)
		return vx_fail(err, "'%s' is not a MAC address; write six bytes like 52:54:00:00:00:01", w->mac);
	if (w->host && strcmp(w->host, "allow") && strcmp(w->host, "deny"))
		return vx_usage("host '%s' is not known; use allow or deny", w->host);
	if (w->both && (w->chain[0] || w->chain[1]))
		return vx_usage("'policy' sets both directions; leave it out, or 'to-guest' and 'from-guest'");
	return 0;
}

static int parse_add(int argc, char **argv, struct vx_port_spec *spec)
{
	struct words w = { .queues = 1 };
	const struct vx_arg table[] = {
		{ "mac", .text = &w.mac },
		{ "vlan", .number = &w.vlan, .min = 0, .max = 4094 },
		{ "uplink", .text = &w.uplink },
		{ "queues", .number = &w.queues, .min = 1, .max = VX_QUEUE_PAIRS_MAX },
		{ "mtu", .number = &w.mtu, .min = VX_PORT_MTU_MIN, .max = 65535 },
		{ "host", .text = &w.host },
		{ "flood-pps", .number = &w.flood, .min = 0, .max = 100000000 },
		{ "engine", .text = &w.engine },
		{ "direct", .flag = &w.direct },
		{ "policy", .text = &w.both },
		{ "to-guest", .text = &w.chain[VX_TO_GUEST] },
		{ "from-guest", .text = &w.chain[VX_FROM_GUEST] },
		{},
	};
	int dir, err;

	err = vx_args(table, argc, argv);
	if (!err)
		err = judge_words(&w, spec);
	if (err)
		return err;
	spec->uplink = w.uplink;
	spec->cfg.vlan = w.vlan;
	spec->cfg.queue_pairs = w.queues;
	spec->cfg.mtu = w.mtu;
	spec->cfg.flood_pps = w.flood;
	if (w.host && !strcmp(w.host, "allow"))
		spec->cfg.flags |= VX_PORT_HOST_ALLOW;
	for (dir = 0; dir < VX_DIRECTIONS; dir++)
		spec->chain[dir] = (char *)(w.both ? w.both : w.chain[dir]);
	return 0;
}

static int add_locked(void *arg)
{
	return vx_port_add(arg);
}

static int add(int argc, char **argv)
{
	struct vx_port_spec spec = {};
	int err;

	if (!argc)
		return vx_usage("'port add' needs a name: vhost-xdp port add NAME mac MAC uplink DEV");
	err = vx_check_port_name(argv[0]);
	if (err)
		return err;
	snprintf(spec.cfg.name, sizeof(spec.cfg.name), "%s", argv[0]);
	err = parse_add(argc - 1, argv + 1, &spec);
	return err ? err : vx_locked(add_locked, &spec);
}

static int del_locked(void *arg)
{
	int err = vx_port_del(arg);

	return err ? err : vx_pins_release();
}

static int del(int argc, char **argv)
{
	if (argc != 1)
		return vx_usage("'port del' needs one name: vhost-xdp port del NAME");
	return vx_locked(del_locked, argv[0]);
}

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
	if (!vx_port_alive(port))
		v->state = "gone";
	else if (vx_port_maps_owner(&port->cfg) != port->id)
		v->state = "half-made";
	else
		v->state = v->engine.state == VX_ENGINE_UP ? "up" : "no-backend";
}

static json_t *to_json(const struct vx_port *port, const struct view *v)
{
	const struct vx_port_cfg *cfg = &port->cfg;

	return json_pack("{s:s, s:i, s:s, s:i, s:s, s:i, s:i, s:s, s:i, s:s, s:i, s:s, s:s, s:{s:s, s:s}, s:{s:b, s:i, "
			 "s:i, s:I}}",
			 "name", cfg->name, "id", port->id, "mac", v->mac, "vlan", cfg->vlan, "uplink",
			 v->uplink.cfg.name, "mtu", cfg->mtu, "queues", cfg->queue_pairs, "host",
			 cfg->flags & VX_PORT_HOST_ALLOW ? "allow" : "deny", "flood_pps", cfg->flood_pps, "state",
			 v->state, "ifindex", cfg->host_ifindex, "guest_end", v->guest_end, "type", "veth", "policy",
			 "to-guest", v->chain[VX_TO_GUEST], "from-guest", v->chain[VX_FROM_GUEST], "engine", "up",
			 v->engine.state == VX_ENGINE_UP, "pid", v->engine.pid, "queue_pairs", v->engine.queue_pairs,
			 "features", (json_int_t)v->engine.features);
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
		printf("%4u  %-13s %s  vlan %-4u  uplink %-15s mtu %-4u  %-10s to-guest %s  from-guest %s\n", port->id,
		       port->cfg.name, v->mac, port->cfg.vlan, v->uplink.cfg.name, port->cfg.mtu, v->state,
		       v->chain[VX_TO_GUEST], v->chain[VX_FROM_GUEST]);
	free(v);
	return 0;
}

static int list(int argc, char **argv)
{
	json_t *all = vx_json ? json_array() : NULL;
	int err;

	if (argc)
		return vx_usage("'port list' takes no more words; see 'port show NAME'");
	err = vx_pins_check();
	if (!err)
		err = vx_port_each(list_line, all);
	if (err && err != -ENOENT)
		return err;
	return vx_json ? vx_print_json(all) : 0;
}

static void show_lines(const struct vx_port *port, const struct view *v)
{
	const struct vx_port_cfg *cfg = &port->cfg;

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
		printf("  engine      user, pid %u, %u queue pair%s, features 0x%llx\n", v->engine.pid,
		       v->engine.queue_pairs, v->engine.queue_pairs == 1 ? "" : "s",
		       (unsigned long long)v->engine.features);
	else
		printf("  engine      none; start one: vhost-xdp serve %s socket PATH\n", cfg->name);
}

static int show(int argc, char **argv)
{
	struct vx_port port;
	struct view *v;
	int err;

	if (argc != 1)
		return vx_usage("'port show' needs one name: vhost-xdp port show NAME");
	err = vx_pins_check();
	if (err && err != -ENOENT)
		return err;
	if (err || vx_port_find(argv[0], &port))
		return vx_fail(-ENOENT, "there is no port %s; see 'vhost-xdp port list'", argv[0]);
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

static const struct vx_verb verbs[] = {
	{ "add", add },
	{ "del", del },
	{ "list", list },
	{ "show", show },
	{},
};

static int run(int argc, char **argv)
{
	return vx_verbs("port", verbs, "list", argc, argv);
}

const struct vx_cmd vx_cmd_port = {
	.object = "port",
	.usage = "port add NAME mac MAC uplink DEV [vlan ID] [queues N] [mtu N] [host allow|deny] [flood-pps N]\n"
		 "\t[engine user] [policy CHAIN | to-guest CHAIN from-guest CHAIN]\n"
		 "port del NAME\n"
		 "port list\n"
		 "port show NAME\n",
	.help = "Guest interfaces as the host sees them; CHAIN is POLICY[,POLICY...] or none.",
	.run = run,
};
