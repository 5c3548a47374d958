// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "capture.h"
#include "cmd.h"
#include "live.h"

#define RATE_DEFAULT	100000
#define RATE_MAX	10000000
#define FILTER_MAX	1024

static int add_point(const char *word, __u32 *set)
{
	int i;

	for (i = 0; i < VX_WATCH_POINTS; i++)
		if (!strcmp(word, vx_point_name(i))) {
			*set |= VX_WATCH_UPLINK << i;
			return 0;
		}
	return vx_usage("there is no point '%s'; use uplink, before, after, ring, or several: uplink,after", word);
}

static int parse_points(const char *list, __u32 *set)
{
	char *copy = strdup(list), *save = NULL, *word;
	int err = copy ? 0 : -ENOMEM;

	for (word = copy ? strtok_r(copy, ",", &save) : NULL; word && !err; word = strtok_r(NULL, ",", &save))
		err = add_point(word, set);
	free(copy);
	return err ? err : *set ? 0 : vx_usage("'point' needs a value");
}

static bool is_option(const struct vx_arg *table, const char *word)
{
	while (table->name && strcmp(table->name, word))
		table++;
	return table->name;
}

/* How many words belong to options, which are not abbreviated here; what is behind them is a filter. */
static int count_options(const struct vx_arg *table, int argc, char **argv)
{
	int i = 0;

	while (i < argc && is_option(table, argv[i]))
		i += 2;
	return i < argc ? i : argc;
}

static int join(char *filter, int argc, char **argv)
{
	size_t len = 0;
	int i, n;

	for (i = 0; i < argc; i++) {
		n = snprintf(filter + len, FILTER_MAX - len, "%s%s", i ? " " : "", argv[i]);
		if (n < 0 || (size_t)n >= FILTER_MAX - len)
			return vx_usage("the filter is longer than %d characters", FILTER_MAX - 1);
		len += n;
	}
	return 0;
}

static int run(int argc, char **argv)
{
	struct vx_capture_spec spec = { .rate = RATE_DEFAULT, .snaplen = VX_SNAP_MAX };
	const char *list = NULL, *name;
	char filter[FILTER_MAX];
	const struct vx_arg table[] = {
		{ "-w", .text = &spec.file },
		{ "-c", .number = &spec.count, .min = 1, .max = ~0u },
		{ "point", .text = &list },
		{ "snaplen", .number = &spec.snaplen, .min = 14, .max = VX_SNAP_MAX },
		{ "rate", .number = &spec.rate, .min = 1, .max = RATE_MAX },
		{},
	};
	struct vx_port port;
	int err, n;

	name = vx_live_name(table, &argc, &argv);
	if (!name)
		return vx_usage("'capture' needs a port: vhost-xdp capture PORT -w FILE.pcapng");
	n = count_options(table, argc, argv);
	err = vx_args(table, n, argv);
	if (!err)
		err = list ? parse_points(list, &spec.points) : 0;
	if (!err)
		err = join(filter, argc - n, argv + n);
	if (!err)
		err = vx_live_port(name, &port);
	if (err)
		return err;
	if (!list)
		spec.points = VX_WATCH_UPLINK | VX_WATCH_BEFORE | VX_WATCH_AFTER;
	spec.port = &port;
	spec.filter = argc > n ? filter : NULL;
	return vx_capture(&spec);
}

const struct vx_cmd vx_cmd_capture = {
	.object = "capture",
	.usage = "capture PORT [-w FILE] [-c COUNT] [point uplink,before,after,ring] [snaplen BYTES] [rate N] [FILTER]\n",
	.help = "A port's frames at the points that they pass, as pcapng or as lines; FILTER as of pcap-filter(7).",
	.run = run,
};
