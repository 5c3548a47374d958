// SPDX-License-Identifier: GPL-2.0-or-later
/* vhost-xdp OBJECT COMMAND: the table of objects, global options and exit codes. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cmd.h"
#include "pins.h"
#include "say.h"
#include "words.h"

enum { EXIT_USAGE = 2 };

static const struct vx_cmd *const objects[] = {
	&vx_cmd_doctor, &vx_cmd_uplink, &vx_cmd_port, &vx_cmd_serve, &vx_cmd_policy, &vx_cmd_acl, &vx_cmd_group,
	&vx_cmd_ratelimit, &vx_cmd_stateful, &vx_cmd_stats, &vx_cmd_drops, &vx_cmd_capture, &vx_cmd_top, &vx_cmd_apply, &vx_cmd_show,
};

#define N_OBJECTS	(int)(sizeof(objects) / sizeof(objects[0]))

static void show_usage(const struct vx_cmd *cmd)
{
	const char *s = cmd->usage, *end;

	for (; *s; s = *end ? end + 1 : end) {
		end = s + strcspn(s, "\n");
		/* A form that goes on in the next line is indented there. */
		if (*s == '\t')
			printf("            %.*s\n", (int)(end - s - 1), s + 1);
		else
			printf("  vhost-xdp %.*s\n", (int)(end - s), s);
	}
}

static int show_help(void)
{
	int i;

	printf("Usage: vhost-xdp [-j] [-v] OBJECT COMMAND [ARGUMENT...]\n\n");
	for (i = 0; i < N_OBJECTS; i++)
		printf("  %-10s%s\n", objects[i]->object, objects[i]->help);
	printf("  %-10sThe forms of an object's commands.\n  %-10sThe version of this program.\n\n", "help", "version");
	printf("  -j, --json     lists and statistics as JSON\n");
	printf("  -v, --verbose  what libbpf and the kernel say; twice for all of it\n\n");
	printf("Objects and commands may be abbreviated. See 'vhost-xdp help OBJECT' and vhost-xdp(8).\n");
	return 0;
}

/* The pseudo-objects come last in the table of words. */
static int find_object(const char *word)
{
	const char *words[N_OBJECTS + 3] = {};
	int i;

	for (i = 0; i < N_OBJECTS; i++)
		words[i] = objects[i]->object;
	words[i++] = "help";
	words[i++] = "version";
	return vx_word_find(words, sizeof(words[0]), word);
}

static int help(int argc, char **argv)
{
	int i = argc ? find_object(argv[0]) : N_OBJECTS;

	if (i < 0)
		return vx_usage("there is no object '%s'; see 'vhost-xdp help'", argv[0]);
	if (i >= N_OBJECTS)
		return show_help();
	printf("%s\n\n", objects[i]->help);
	show_usage(objects[i]);
	return 0;
}

static bool wants_help(int argc, char **argv)
{
	int i;

	for (i = 0; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return argc == 1 && !strcmp(argv[0], "help");
}

static int run(int argc, char **argv)
{
	int i = find_object(argv[0]);

	if (i == -EEXIST)
		return vx_usage("'%s' is ambiguous; see 'vhost-xdp help'", argv[0]);
	if (i < 0)
		return vx_usage("there is no object '%s'; see 'vhost-xdp help'", argv[0]);
	if (i == N_OBJECTS)
		return help(argc - 1, argv + 1);
	if (i == N_OBJECTS + 1) {
		puts("vhost-xdp " VX_VERSION);
		return 0;
	}
	if (wants_help(argc - 1, argv + 1))
		return help(1, argv);
	return objects[i]->run(argc - 1, argv + 1);
}

static int options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{},
	};
	int c;

	/* "+": what follows the object belongs to it. */
	while ((c = getopt_long(argc, argv, "+jvhV", longs, NULL)) != -1) {
		switch (c) {
		case 'j':
			vx_json = true;
			break;
		case 'v':
			vx_verbose++;
			break;
		case 'h':
			exit(show_help());
		case 'V':
			puts("vhost-xdp " VX_VERSION);
			exit(0);
		default:
			exit(EXIT_USAGE);
		}
	}
	return optind;
}

/* -j and -v are also taken where people put them: anywhere, but what is behind "--" belongs to another command. */
static int late_options(int argc, char **argv)
{
	int i, n = 0;

	for (i = 0; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "-j") || !strcmp(argv[i], "--json"))
			vx_json = true;
		else if (!strcmp(argv[i], "-v") || !strcmp(argv[i], "--verbose"))
			vx_verbose++;
		else
			argv[n++] = argv[i];
	}
	while (i < argc)
		argv[n++] = argv[i++];
	return n;
}

int main(int argc, char **argv)
{
	int err, first;

	first = options(argc, argv);
	argc = late_options(argc - first, argv + first);
	argv += first;
	if (argc < 1) {
		show_help();
		return EXIT_USAGE;
	}
	/* One bpffs for us and for libxdp, or the dispatcher's pins end up elsewhere. */
	if (getenv("VHOST_XDP_BPFFS"))
		setenv("LIBXDP_BPFFS", vx_bpffs(), 1);
	vx_bpf_log_init();
	err = run(argc, argv);
	if (fflush(stdout) && !err)
		err = vx_fail(-errno, "cannot write to standard output: %s", strerror(errno));
	if (err)
		return vx_usage_error ? EXIT_USAGE : EXIT_FAILURE;
	return vx_exit_status;
}
