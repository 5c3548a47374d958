// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <jansson.h>

#include "args.h"
#include "cmd.h"
#include "netdev.h"
#include "output.h"
#include "pins.h"
#include "say.h"
#include "steer.h"
#include "uplink.h"
#include "words.h"

static const char *const modes[] = {
	[VX_MODE_NATIVE] = "native", [VX_MODE_GENERIC] = "generic", [VX_MODE_AUTO] = "auto", NULL
};

struct request {
	const char *name;
	int mode;
	bool force;
};

static int add_locked(void *arg)
{
	struct request *req = arg;

	return vx_uplink_add(req->name, req->mode);
}

static int add(int argc, char **argv)
{
	const char *mode = NULL;
	const struct vx_arg table[] = { { "mode", .text = &mode }, {} };
	struct request req = { .mode = VX_MODE_NATIVE };
	int err;

	if (!argc)
		return vx_usage("'uplink add' needs a netdev: vhost-xdp uplink add DEV");
	req.name = argv[0];
	err = vx_args(table, argc - 1, argv + 1);
	if (err)
		return err;
	if (mode)
		req.mode = vx_word_find(modes, sizeof(modes[0]), mode);
	if (req.mode < 0)
		return vx_usage("mode '%s' is not known; use native, generic or auto", mode);
	if (strlen(req.name) >= IFNAMSIZ)
		return vx_fail(-ENAMETOOLONG, "the netdev name %s is too long; at most %d characters", req.name,
			       IFNAMSIZ - 1);
	return vx_locked(add_locked, &req);
}

static int del_locked(void *arg)
{
	struct request *req = arg;
	int err = vx_uplink_del(req->name, req->force);

	return err ? err : vx_pins_release();
}

static int del(int argc, char **argv)
{
	const char *force = NULL;
	const struct vx_arg table[] = { { "force", .flag = &force }, {} };
	struct request req = {};
	int err;

	if (!argc)
		return vx_usage("'uplink del' needs a netdev: vhost-xdp uplink del DEV [force]");
	err = vx_args(table, argc - 1, argv + 1);
	if (err)
		return err;
	req.name = argv[0];
	req.force = force;
	return vx_locked(del_locked, &req);
}

static const char *state_text(const struct vx_uplink *uplink, const struct vx_steer_state *state)
{
	if (!vx_uplink_alive(uplink))
		return "gone";
	if (!state->attached)
		return "detached";
	return "up";
}

static int show(const struct vx_uplink *uplink, void *arg)
{
	const struct vx_uplink_cfg *cfg = &uplink->cfg;
	struct vx_steer_state state = {};
	char mac[VX_MAC_TEXT];
	json_t *list = arg;

	if (vx_uplink_alive(uplink))
		vx_steer_query(uplink, &state);
	vx_format_mac(cfg->mac, mac);
	if (list)
		return json_array_append_new(
			list, json_pack("{s:s, s:i, s:s, s:s, s:s, s:b, s:i, s:i, s:b, s:i}", "name", cfg->name,
					"ifindex", uplink->ifindex, "mac", mac, "state", state_text(uplink, &state),
					"mode", state.generic ? "generic" : "native", "dispatcher", state.dispatcher,
					"programs", state.programs, "prog_id", cfg->prog_id, "promiscuous",
					!!(cfg->flags & VX_UPLINK_PROMISC), "ports", vx_uplink_count_ports(uplink)));
	printf("%-15s %s  %-8s  %-7s  %s", cfg->name, mac, state_text(uplink, &state),
	       state.generic ? "generic" : "native", state.dispatcher ? "dispatcher" : "alone");
	if (state.dispatcher)
		printf(" (%d program%s)", state.programs, state.programs == 1 ? "" : "s");
	printf("  ports %d%s\n", vx_uplink_count_ports(uplink), cfg->flags & VX_UPLINK_PROMISC ? "  promiscuous" : "");
	return 0;
}

static int list(int argc, char **argv)
{
	json_t *all = vx_json ? json_array() : NULL;
	int err;

	if (argc)
		return vx_usage("'uplink list' takes no more words");
	err = vx_pins_check();
	if (!err)
		err = vx_uplink_each(show, all);
	if (err && err != -ENOENT)
		return err;
	return vx_json ? vx_print_json(all) : 0;
}

static const struct vx_verb verbs[] = {
	{ "add", add },
	{ "del", del },
	{ "list", list },
	{},
};

static int run(int argc, char **argv)
{
	return vx_verbs("uplink", verbs, "list", argc, argv);
}

const struct vx_cmd vx_cmd_uplink = {
	.object = "uplink",
	.usage = "uplink add DEV [mode native|generic|auto]\n"
		 "uplink del DEV [force]\n"
		 "uplink list\n",
	.help = "Host NICs with steering attached.",
	.run = run,
};
