// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <linux/types.h>
#include <vhost_xdp/steer.h>

#include "cmd.h"
#include "say.h"
#include "serve.h"
#include "words.h"

static int parse_number(const char *word, const char *text, __u32 min, __u32 max, __u32 *v)
{
	if (!vx_parse_u32(text, min, max, v))
		return 0;
	return vx_fail(-EINVAL, "%s takes a number from %u to %u, not \"%s\"", word, min, max, text);
}

/* One "word value" pair; "--word value" is the same. */
static int parse_option(struct vx_serve_options *opt, const char *word, const char *value)
{
	if (!strncmp(word, "--", 2))
		word += 2;
	if (!strcmp(word, "socket"))
		opt->socket = value;
	else if (!strcmp(word, "user"))
		opt->user = value;
	else if (!strcmp(word, "group"))
		opt->group = value;
	else if (!strcmp(word, "queues"))
		return parse_number(word, value, 1, VX_QUEUE_PAIRS_MAX, &opt->queues);
	else if (!strcmp(word, "busy-poll"))
		return parse_number(word, value, 0, VX_BUSY_POLL_MAX, &opt->busy_poll_us);
	else
		return vx_fail(-EINVAL, "serve does not know \"%s\"; see: vhost-xdp help serve", word);
	return 0;
}

int vx_serve_parse(struct vx_serve_options *opt, int argc, char **argv)
{
	int err = 0;

	*opt = (struct vx_serve_options){ .user = "nobody", .busy_poll_us = VX_BUSY_POLL_DEFAULT };
	if (argc < 1)
		return vx_fail(-EINVAL, "serve needs a port; try: vhost-xdp serve NAME socket PATH");
	opt->port = argv[0];
	if (vx_check_name(opt->port, VX_PORT_NAME_MAX))
		return vx_fail(-EINVAL, "\"%s\" is no name of a port; see: vhost-xdp port list", opt->port);
	for (int i = 1; i < argc && !err; i += 2) {
		if (i + 1 == argc)
			return vx_fail(-EINVAL, "serve: \"%s\" needs a value; see: vhost-xdp help serve", argv[i]);
		err = parse_option(opt, argv[i], argv[i + 1]);
	}
	if (err)
		return err;
	if (!opt->socket)
		return vx_fail(-EINVAL, "serve needs a socket; try: vhost-xdp serve %s socket /run/vhost-xdp/%s.sock", opt->port,
			       opt->port);
	return 0;
}

static int run_serve(int argc, char **argv)
{
	struct vx_serve_options opt;
	int err = vx_serve_parse(&opt, argc, argv);

	return err ? err : vx_serve(&opt);
}

const struct vx_cmd vx_cmd_serve = {
	.object = "serve",
	.usage = "serve NAME socket PATH [queues N] [busy-poll USEC] [user USER] [group GROUP]",
	.help = "run the user engine of a port: a vhost-user back end for one VMM at a time",
	.run = run_serve,
};
