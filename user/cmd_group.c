// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#include "acl_group.h"
#include "args.h"
#include "cmd.h"
#include "output.h"
#include "say.h"
#include "words.h"

enum verb { ADD, DEL, SET };

struct request {
	enum verb verb;
	const char *name;
	struct vx_acl_group words;	/* what was asked for */
};

/* Members leave a sorted list; -ENOENT: one was not there. */
static int without(void *list, __u32 *n, size_t size, const void *gone, __u32 n_gone, int (*compare)(const void *a, const void *b))
{
	char *from = list;
	__u32 i, k;

	for (k = 0; k < n_gone; k++) {
		for (i = 0; i < *n && compare(from + i * size, (const char *)gone + k * size); i++)
			;
		if (i == *n)
			return -ENOENT;
		memmove(from + i * size, from + (i + 1) * size, (*n - i - 1) * size);
		--*n;
		memset(from + *n * size, 0, size);
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int take_out(struct vx_acl_group *group, const struct vx_acl_group *words)
{
	int err = without(group->prefix, &group->n_prefixes, sizeof(group->prefix[0]), words->prefix, words->n_prefixes, vx_acl_prefix_compare);

	return err ? err : without(group->port, &group->n_ports, sizeof(group->port[0]), words->port, words->n_ports, compare_names);
}

static int put_in(struct vx_acl_group *group, const struct vx_acl_group *words, char why[VX_ACL_TEXT])
{
	char prefix[] = "prefix", port[] = "port", text[64], *argv[2];
	__u32 i;

	for (i = 0; i < words->n_prefixes; i++) {
		vx_acl_prefix_text(&words->prefix[i], text, sizeof(text));
		argv[0] = prefix;
		argv[1] = text;
		if (vx_group_parse(2, argv, group, why))
			return -EINVAL;
	}
	for (i = 0; i < words->n_ports; i++) {
		snprintf(text, sizeof(text), "%s", words->port[i]);
		argv[0] = port;
		argv[1] = text;
		if (vx_group_parse(2, argv, group, why))
			return -EINVAL;
	}
	return 0;
}

static int change(const struct vx_acl_maps *maps, struct request *req, struct vx_acl_group *group)
{
	bool there = !vx_group_get(maps, req->name, group);
	char why[VX_ACL_TEXT];

	if (req->verb == DEL && !there)
		return vx_fail(-ENOENT, "there is no group %s; see 'vhost-xdp group list'", req->name);
	if (req->verb == DEL && !req->words.n_prefixes && !req->words.n_ports)
		return vx_group_put(maps, req->name, NULL);
	if (req->verb == DEL && take_out(group, &req->words))
		return vx_fail(-ENOENT, "group %s does not have all of these; see 'vhost-xdp group show %s'", req->name, req->name);
	if (req->verb == SET)
		*group = req->words;
	if (req->verb == ADD && put_in(group, &req->words, why))
		return vx_fail(-EINVAL, "%s", why);
	return vx_group_put(maps, req->name, group);
}

static int change_locked(const struct vx_acl_maps *maps, void *arg)
{
	struct vx_acl_group *group = calloc(1, sizeof(*group));
	int err;

	if (!group)
		return vx_fail(-ENOMEM, "out of memory");
	err = change(maps, arg, group);
	free(group);
	return err;
}

static int request(enum verb verb, int argc, char **argv)
{
	struct request *req = calloc(1, sizeof(*req));
	char why[VX_ACL_TEXT];
	int err;

	if (!req)
		return vx_fail(-ENOMEM, "out of memory");
	req->verb = verb;
	req->name = argc ? argv[0] : NULL;
	if (!argc || (verb != DEL && argc < 2))
		err = vx_usage("a group needs a name and members: vhost-xdp group add NAME prefix ADDRESS/PREFIX port PORT");
	else if (vx_check_name(req->name, VX_ACL_NAME_LEN - 1))
		err = vx_usage("the group name '%.64s' is not valid; use up to %d of A-Z a-z 0-9 _ -", req->name, VX_ACL_NAME_LEN - 1);
	else if (vx_group_parse(argc - 1, argv + 1, &req->words, why))
		err = vx_usage("%s", why);
	else
		err = vx_acl_locked(true, change_locked, req);
	free(req);
	return err;
}

static int add(int argc, char **argv)
{
	return request(ADD, argc, argv);
}

static int del(int argc, char **argv)
{
	return request(DEL, argc, argv);
}

static int set(int argc, char **argv)
{
	return request(SET, argc, argv);
}

struct listing {
	const char *only;
	json_t *all;
	int found;
};

static int list_one(const char *name, const struct vx_acl_group *group, void *arg)
{
	json_t *prefixes, *ports;
	struct listing *l = arg;
	char text[64];
	__u32 i;

	if (l->only && strcmp(l->only, name))
		return 0;
	l->found++;
	if (!l->all) {
		printf("%s", name);
		vx_group_print(stdout, group);
		printf("\n");
		return 0;
	}
	prefixes = json_array();
	ports = json_array();
	for (i = 0; i < group->n_prefixes; i++) {
		vx_acl_prefix_text(&group->prefix[i], text, sizeof(text));
		json_array_append_new(prefixes, json_string(text));
	}
	for (i = 0; i < group->n_ports; i++)
		json_array_append_new(ports, json_string(group->port[i]));
	return json_array_append_new(l->all, json_pack("{s:s, s:o, s:o}", "name", name, "prefixes", prefixes, "ports", ports));
}

static int list_locked(const struct vx_acl_maps *maps, void *arg)
{
	int err = vx_group_each(maps, list_one, arg);

	return err ? vx_fail(err, "cannot read the groups: %s", strerror(-err)) : 0;
}

static int print(const char *only)
{
	struct listing l = { .only = only, .all = vx_json ? json_array() : NULL };
	int err = vx_acl_locked(false, list_locked, &l);

	if (err == -ENOENT)
		err = 0;
	if (!err && only && !l.found)
		err = vx_fail(-ENOENT, "there is no group %s; see 'vhost-xdp group list'", only);
	if (err) {
		json_decref(l.all);
		return err;
	}
	return l.all ? vx_print_json(l.all) : 0;
}

static int list(int argc, char **argv)
{
	return argc ? vx_usage("'group list' takes no more words") : print(NULL);
}

static int show(int argc, char **argv)
{
	return argc == 1 ? print(argv[0]) : vx_usage("'group show' needs one name: vhost-xdp group show NAME");
}

static const struct vx_verb verbs[] = {
	{ "add", add },
	{ "del", del },
	{ "set", set },
	{ "show", show },
	{ "list", list },
	{},
};

static int run(int argc, char **argv)
{
	return vx_verbs("group", verbs, "list", argc, argv);
}

const struct vx_cmd vx_cmd_group = {
	.object = "group",
	.usage = "group add|set NAME [prefix ADDRESS[/PREFIX][,...]] [port NAME[,...]]...\n"
		 "group del NAME [prefix ...] [port ...]\n"
		 "group show NAME\n"
		 "group list\n",
	.help = "Names for prefixes and ports, which rules of the policy acl may use.",
	.run = run,
};
