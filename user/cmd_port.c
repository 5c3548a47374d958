// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "pins.h"
#include "port.h"
#include "port_maps.h"
#include "port_run.h"
#include "port_show.h"
#include "say.h"
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
	if (w->engine && strcmp(w->engine, "user") && strcmp(w->engine, "kernel"))
		return vx_usage("engine '%s' is not known; use kernel or user", w->engine);
	spec->kernel = w->engine && !strcmp(w->engine, "kernel");
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

struct deletion {
	const char *name;
	bool force;
};

static int del_locked(void *arg)
{
	const struct deletion *d = arg;
	int err = vx_port_del(d->name, d->force);

	return err ? err : vx_pins_release();
}

static int del(int argc, char **argv)
{
	struct deletion d = { .force = argc == 2 && !strcmp(argv[1], "force") };

	if (argc != 1 + d.force)
		return vx_usage("'port del' needs one name: vhost-xdp port del NAME [force]");
	d.name = argv[0];
	return vx_locked(del_locked, &d);
}

static int attach_locked(void *arg)
{
	return vx_port_attach(arg);
}

static int attach(int argc, char **argv)
{
	if (argc != 1)
		return vx_usage("'port attach' needs one name: vhost-xdp port attach NAME");
	return vx_locked(attach_locked, argv[0]);
}

static int list(int argc, char **argv)
{
	if (argc)
		return vx_usage("'port list' takes no more words; see 'port show NAME'");
	return vx_port_list();
}

static int show(int argc, char **argv)
{
	if (argc != 1)
		return vx_usage("'port show' needs one name: vhost-xdp port show NAME");
	return vx_port_show(argv[0]);
}

static const struct vx_verb verbs[] = {
	{ "add", add },
	{ "del", del },
	{ "list", list },
	{ "show", show },
	{ "attach", attach },
	{ "run", vx_port_run },
	{},
};

static int run(int argc, char **argv)
{
	return vx_verbs("port", verbs, "list", argc, argv);
}

const struct vx_cmd vx_cmd_port = {
	.object = "port",
	.usage = "port add NAME mac MAC uplink DEV [vlan ID] [queues N] [mtu N] [host allow|deny] [flood-pps N]\n"
		 "\t[engine user|kernel] [policy CHAIN | to-guest CHAIN from-guest CHAIN]\n"
		 "port del NAME [force]\n"
		 "port list\n"
		 "port show NAME\n"
		 "port attach NAME\n"
		 "port run NAME [user USER] [group GROUP] -- COMMAND [ARGUMENT...]\n"
		 "\tin which {netdev} {device} {fds} {vhostfds} {id} {mac} {mtu} {queues} {vectors} are the port's\n",
	.help = "Guest interfaces as the host sees them; CHAIN is POLICY[,POLICY...] or none.",
	.run = run,
};
