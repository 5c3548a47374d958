// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "drops.h"
#include "live.h"
#include "say.h"
#include "stats.h"
#include "words.h"

#define RATE_DEFAULT	100
#define RATE_MAX	100000

static int add_reason(const char *word, __u64 reasons[2])
{
	int n = vx_reason_parse(word);

	if (n < 0)
		return vx_usage("there is no reason '%s'; see vhost-xdp(8), or 'vhost-xdp stats'", word);
	reasons[n / 64] |= 1ull << n % 64;
	return 0;
}

static int parse_reasons(const char *list, __u64 reasons[2])
{
	char *copy = strdup(list), *save = NULL, *word;
	int err = copy ? 0 : -ENOMEM;

	for (word = copy ? strtok_r(copy, ",", &save) : NULL; word && !err; word = strtok_r(NULL, ",", &save))
		err = add_reason(word, reasons);
	free(copy);
	return err;
}

static int run(int argc, char **argv)
{
	struct vx_drops_spec spec = { .rate = RATE_DEFAULT };
	const char *reasons = NULL;
	const struct vx_arg table[] = {
		{ "-c", .number = &spec.count, .min = 1, .max = ~0u },
		{ "rate", .number = &spec.rate, .min = 1, .max = RATE_MAX },
		{ "reason", .text = &reasons },
		{},
	};
	const char *name = vx_live_name(table, &argc, &argv);
	struct vx_port port;
	int err;

	err = vx_args(table, argc, argv);
	if (!err && reasons)
		err = parse_reasons(reasons, spec.reasons);
	if (!err)
		err = vx_live_port(name, &port);
	if (err)
		return err;
	spec.port = name ? &port : NULL;
	return vx_drops(&spec);
}

const struct vx_cmd vx_cmd_drops = {
	.object = "drops",
	.usage = "drops [PORT] [-c COUNT] [reason REASON[,REASON...]] [rate N]\n",
	.help = "Dropped frames, live: port, direction, stage, reason, rule and headers.",
	.run = run,
};
