// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "antispoof.h"
#include "args.h"
#include "cmd.h"
#include "pins.h"
#include "policy.h"
#include "policy_check.h"
#include "port.h"
#include "say.h"
#include "words.h"

struct request {
	const char *name;
	struct vx_port port;
	int direction;
	const char *chain;
};

static int load_locked(void *arg)
{
	return vx_policy_load(arg);
}

static int load(int argc, char **argv)
{
	char name[VX_POLICY_NAME_MAX + 2];
	struct vx_policy_load req = {};
	const char *fresh = NULL;
	const struct vx_arg table[] = {
		{ "as", .text = &req.name },
		{ "id", .number = &req.id, .min = 1, .max = VX_POLICY_SLOTS - 1 },
		{ "fresh", .flag = &fresh },
		{},
	};
	int err;

	if (!argc)
		return vx_usage("'policy load' needs an object file: vhost-xdp policy load FILE");
	err = vx_args(table, argc - 1, argv + 1);
	if (err)
		return err;
	req.file = argv[0];
	req.fresh = fresh;
	if (!req.name) {
		vx_policy_name_of(req.file, name, sizeof(name));
		req.name = name;
	}
	return vx_locked(load_locked, &req);
}

static int set_locked(void *arg)
{
	struct request *req = arg;
	__u8 ids[VX_CHAIN_MAX];
	int err;

	/* Again under the lock: the port may have gone since. */
	if (vx_port_find(req->name, &req->port))
		return vx_fail(-ENOENT, "there is no port %s; see 'vhost-xdp port list'", req->name);
	err = vx_chain_resolve(req->chain, ids);
	if (err)
		return err;
	err = vx_chain_set(req->port.id, req->direction, ids);
	return err ? vx_fail(err, "cannot set the chain of %s: %s", req->name, strerror(-err)) : 0;
}

static int set(int argc, char **argv)
{
	struct request req = {};

	if (argc != 3)
		return vx_usage("'policy set' needs a port, a direction and a chain: vhost-xdp policy set PORT "
				"from-guest NAME[,NAME...]");
	req.name = argv[0];
	req.direction = vx_direction_parse(argv[1]);
	req.chain = argv[2];
	if (req.direction < 0)
		return vx_usage("direction '%s' is not known; use to-guest or from-guest", argv[1]);
	return vx_locked(set_locked, &req);
}

static int rollback_locked(void *arg)
{
	return vx_policy_rollback(arg);
}

static int rollback(int argc, char **argv)
{
	if (argc != 1)
		return vx_usage("'policy rollback' needs one name: vhost-xdp policy rollback NAME");
	return vx_locked(rollback_locked, argv[0]);
}

/* The last of what was loaded ahead of any uplink takes our pins along. */
static int del_locked(void *arg)
{
	int err = vx_policy_del(arg);

	return err ? err : vx_pins_abandon();
}

static int del(int argc, char **argv)
{
	if (argc != 1)
		return vx_usage("'policy del' needs one name: vhost-xdp policy del NAME");
	return vx_locked(del_locked, argv[0]);
}

static int list(int argc, char **argv)
{
	return argc ? vx_usage("'policy list' takes no more words") : vx_policy_list();
}

static int show(int argc, char **argv)
{
	int err;

	if (argc != 1)
		return vx_usage("'policy show' needs a name, or --bpftool: the commands that do by hand what 'policy load' and "
				"'policy set' do");
	if (strcmp(argv[0], "--bpftool"))
		return vx_policy_show(argv[0]);
	err = vx_pins_check();
	if (err)
		return err == -ENOENT ? vx_fail(err, "nothing is set up yet; begin with: vhost-xdp uplink add DEV")
				      : err;
	return vx_policy_show_bpftool();
}

static const struct vx_verb verbs[] = {
	{ "load", load },
	{ "check", vx_policy_check_run },
	{ "set", set },
	{ "rollback", rollback },
	{ "list", list },
	{ "del", del },
	{ "show", show },
	{ "antispoof", vx_antispoof_run },
	{},
};

static int run(int argc, char **argv)
{
	return vx_verbs("policy", verbs, "list", argc, argv);
}

const struct vx_cmd vx_cmd_policy = {
	.object = "policy",
	.usage = "policy load FILE [as NAME] [id N] [fresh]\n"
		 "policy check FILE [to-guest|from-guest] [packets FILE|DIR] [mac MAC | port PORT] [rules NAME]\n"
		 "policy set PORT to-guest|from-guest NAME[,NAME...]|none\n"
		 "policy rollback NAME\n"
		 "policy list\n"
		 "policy show NAME\n"
		 "policy show --bpftool\n"
		 "policy del NAME\n"
		 "policy antispoof PORT add|del ADDRESS[/PREFIX]\n"
		 "policy antispoof PORT allow|deny dhcp-server|router|other-l2|any-ll|any-ip\n"
		 "policy antispoof PORT list|clear\n",
	.help = "Programs that judge frames, and the chains that name them.",
	.run = run,
};
