// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "args.h"
#include "cmd.h"
#include "live.h"
#include "top.h"

#define SECONDS_MIN	0.1
#define SECONDS_MAX	3600.0

static int parse_seconds(const char *word, double *seconds)
{
	char *end;

	*seconds = strtod(word, &end);
	if (*end || end == word || !(*seconds >= SECONDS_MIN && *seconds <= SECONDS_MAX))
		return vx_usage("-d '%s' is no number of seconds; use %.1f to %.0f", word, SECONDS_MIN, SECONDS_MAX);
	return 0;
}

static int run(int argc, char **argv)
{
	struct vx_top_spec spec = { .seconds = 2 };
	const char *seconds = NULL;
	const struct vx_arg table[] = {
		{ "-d", .text = &seconds },
		{ "-n", .number = &spec.count, .min = 1, .max = ~0u },
		{},
	};
	int err;

	err = vx_args(table, argc, argv);
	if (!err && seconds)
		err = parse_seconds(seconds, &spec.seconds);
	if (!err)
		err = vx_live_port(NULL, NULL);
	return err ? err : vx_top(&spec);
}

const struct vx_cmd vx_cmd_top = {
	.object = "top",
	.usage = "top [-d SECONDS] [-n COUNT]\n",
	.help = "Ports by load, live: frames and bits a second, drops and their top reason, CPU of the engine.",
	.run = run,
};
