// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <jansson.h>

#include "args.h"
#include "cmd.h"
#include "output.h"
#include "pins.h"
#include "policy.h"
#include "port.h"
#include "ratelimit.h"
#include "say.h"

#define BOTH	(-1)

struct request {
	const char *port;
	int direction;			/* or BOTH */
	const struct vx_ratelimit *conf;	/* NULL: none */
};

static int take_direction(const char *word, int *direction)
{
	*direction = vx_direction_parse(word);
	return *direction < 0 ? vx_usage("direction '%s' is not known; use to-guest or from-guest", word) : 0;
}

static int change_locked(void *arg)
{
	const struct request *req = arg;
	int err = 0, dir, found = 0;
	struct vx_ratelimit old;
	struct vx_port port;

	err = vx_policy_port(req->port, &port);
	for (dir = 0; dir < VX_DIRECTIONS && !err; dir++) {
		if (req->direction != BOTH && req->direction != dir)
			continue;
		found += !vx_ratelimit_get(port.id, dir, &old);
		err = vx_ratelimit_replace(port.id, dir, req->conf);
	}
	if (!err && !req->conf && !found)
		return vx_fail(-ENOENT, "%s has no such limit; see 'vhost-xdp ratelimit show'", req->port);
	return err;
}

static int set(int argc, char **argv)
{
	struct vx_ratelimit conf;
	struct request req = { .conf = &conf };
	char why[VX_WHY];

	if (argc < 3)
		return vx_usage("'ratelimit set' needs a port, a direction and a rate: vhost-xdp ratelimit set PORT to-guest bps 1g");
	req.port = argv[0];
	if (take_direction(argv[1], &req.direction))
		return -EINVAL;
	if (vx_ratelimit_parse(argc - 2, argv + 2, &conf, why))
		return vx_usage("%s", why);
	return vx_locked(change_locked, &req);
}

static int del(int argc, char **argv)
{
	struct request req = { .direction = BOTH };

	if (argc != 1 && argc != 2)
		return vx_usage("'ratelimit del' needs a port, and a direction unless both: vhost-xdp ratelimit del PORT [to-guest]");
	req.port = argv[0];
	if (argc == 2 && take_direction(argv[1], &req.direction))
		return -EINVAL;
	return vx_locked(change_locked, &req);
}

static void print_line(const char *words, void *arg)
{
	printf("%s\n", words);
}

static void show_one(const struct vx_port *port, int dir, const struct vx_ratelimit *conf, json_t *all)
{
	if (all) {
		json_array_append_new(all, json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "port", port->cfg.name, "direction",
						     vx_direction_name(dir), "pps", (json_int_t)conf->pps, "bps",
						     (json_int_t)conf->bytes_ps * 8, "bytes_ps", (json_int_t)conf->bytes_ps,
						     "burst_packets", (json_int_t)conf->burst_packets, "burst_bytes",
						     (json_int_t)conf->burst_bytes));
		return;
	}
	printf("%s %s ", port->cfg.name, vx_direction_name(dir));
	vx_ratelimit_lines(conf, print_line, NULL);
}

static int show_port(const struct vx_port *port, void *all)
{
	struct vx_ratelimit conf;
	int dir, err = 0;

	for (dir = 0; dir < VX_DIRECTIONS && (!err || err == -ENOENT); dir++) {
		err = vx_ratelimit_get(port->id, dir, &conf);
		if (!err && (conf.pps || conf.bytes_ps))
			show_one(port, dir, &conf, all);
	}
	return err == -ENOENT ? 0 : err;
}

static int show(int argc, char **argv)
{
	json_t *all = vx_json ? json_array() : NULL;
	int err;

	if (argc > 1)
		return vx_usage("'ratelimit show' takes one port, or none for all");
	err = vx_policy_ports(argc ? argv[0] : NULL, show_port, all);
	if (err) {
		json_decref(all);
		return err;
	}
	return vx_json ? vx_print_json(all) : 0;
}

static const struct vx_verb verbs[] = {
	{ "set", set },
	{ "show", show },
	{ "del", del },
	{},
};

static int run(int argc, char **argv)
{
	return vx_verbs("ratelimit", verbs, "show", argc, argv);
}

const struct vx_cmd vx_cmd_ratelimit = {
	.object = "ratelimit",
	.usage = "ratelimit set PORT to-guest|from-guest [pps COUNT] [bps RATE]\n"
		 "\t[burst TIME|SIZE] [burst-packets COUNT]\n"
		 "ratelimit show [PORT]\n"
		 "ratelimit del PORT [to-guest|from-guest]\n",
	.help = "Packets and bits a second of a port, for the policy ratelimit.",
	.run = run,
};
