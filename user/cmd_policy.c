// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <jansson.h>

#include "antispoof.h"
#include "args.h"
#include "cmd.h"
#include "output.h"
#include "pins.h"
#include "policy.h"
#include "port.h"
#include "say.h"
#include "words.h"

struct request {
	const char *file;
	const char *name;
	__u32 id;
	struct vx_port port;
	int direction;
	const char *chain;
};

static int load_locked(void *arg)
{
	struct request *req = arg;

	return vx_policy_load(req->file, req->name, req->id);
}

static int load(int argc, char **argv)
{
	char name[VX_POLICY_NAME_MAX + 2];
	struct request req = {};
	const struct vx_arg table[] = {
		{ "as", .text = &req.name },
		{ "id", .number = &req.id, .min = 1, .max = VX_POLICY_SLOTS - 1 },
		{},
	};
	int err;

	if (!argc)
		return vx_usage("'policy load' needs an object file: vhost-xdp policy load FILE");
	err = vx_args(table, argc - 1, argv + 1);
	if (err)
		return err;
	req.file = argv[0];
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

static int list_line(const struct vx_policy *policy, void *arg)
{
	const char *name = *policy->name ? policy->name : "-";
	json_t *all = arg;
	char tag[17];
	int i;

	for (i = 0; i < 8; i++)
		snprintf(tag + 2 * i, 3, "%02x", policy->tag[i]);
	if (all)
		return json_array_append_new(all, json_pack("{s:i, s:s, s:i, s:s, s:s, s:i, s:b}", "id", policy->id,
							    "name", policy->name, "prog_id", policy->prog_id, "program",
							    policy->prog_name, "tag", tag, "users", policy->users,
							    "usable", !policy->foreign));
	printf("%3u  %-16s prog %-5u %-15s tag %s  users %d%s\n", policy->id, name, policy->prog_id, policy->prog_name,
	       tag, policy->users,
	       policy->foreign ? "  UNUSABLE: loaded without the shared maps, loses every frame; load it again" : "");
	return 0;
}

static int list(int argc, char **argv)
{
	json_t *all = vx_json ? json_array() : NULL;
	int err;

	if (argc)
		return vx_usage("'policy list' takes no more words");
	err = vx_pins_check();
	if (!err)
		err = vx_policy_each(list_line, all);
	if (err && err != -ENOENT)
		return err;
	return vx_json ? vx_print_json(all) : 0;
}

static int show(int argc, char **argv)
{
	const char *bpftool = NULL;
	const struct vx_arg table[] = { { "--bpftool", .flag = &bpftool }, {} };
	int err = vx_args(table, argc, argv);

	if (err)
		return err;
	if (!bpftool)
		return vx_usage("'policy show' needs --bpftool: the commands that do by hand what 'policy load' and "
				"'policy set' do");
	err = vx_pins_check();
	if (err)
		return err == -ENOENT ? vx_fail(err, "nothing is set up yet; begin with: vhost-xdp uplink add DEV")
				      : err;
	return vx_policy_show_bpftool();
}

static const struct vx_verb verbs[] = {
	{ "load", load },
	{ "set", set },
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
	.usage = "policy load FILE [as NAME] [id N]\n"
		 "policy set PORT to-guest|from-guest NAME[,NAME...]|none\n"
		 "policy list\n"
		 "policy del NAME\n"
		 "policy show --bpftool\n"
		 "policy antispoof PORT add|del ADDRESS[/PREFIX]\n"
		 "policy antispoof PORT allow|deny dhcp-server|router|other-l2|any-ll|any-ip\n"
		 "policy antispoof PORT list|clear\n",
	.help = "Programs that judge frames, and the chains that name them.",
	.run = run,
};
