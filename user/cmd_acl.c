// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "acl.h"
#include "acl_list.h"
#include "args.h"
#include "cmd.h"
#include "output.h"
#include "policy.h"
#include "port.h"
#include "say.h"
#include "words.h"

struct request {
	int argc;	/* words behind the command; the target comes first */
	char **argv;
	int (*run)(const struct vx_acl_maps *maps, const struct vx_acl_target *target, int argc, char **argv);
	bool make;	/* a set that is not there */
	bool found;	/* there was something to run on */
};

static int find_and_run(const struct vx_acl_maps *maps, void *arg)
{
	struct request *req = arg;
	struct vx_acl_target target;
	int n = vx_acl_target(maps, req->argc, req->argv, req->make, &target);

	req->found = true;
	return n < 0 ? n : req->run(maps, &target, req->argc - n, req->argv + n);
}

static int locked(int argc, char **argv, bool make,
		  int (*fn)(const struct vx_acl_maps *maps, const struct vx_acl_target *target, int argc, char **argv))
{
	struct request req = { .argc = argc, .argv = argv, .run = fn, .make = make };
	int err = vx_acl_locked(make, find_and_run, &req);

	if (err == -ENOENT && !make && !req.found)
		return vx_fail(err, "there are no rules yet; begin with: vhost-xdp acl add PORT to-guest allow ...");
	return err;
}

/* Changing the rules of one port must not change those of others behind its back. */
static int refuse_shared(const struct vx_acl_maps *maps, const struct vx_acl_target *t)
{
	char text[64];

	if (t->used == t->set || t->used == VX_ACL_SET_DEFAULT)
		return 0;
	vx_acl_set_text(maps, t->used, text);
	return vx_fail(-EBUSY, "%s uses the rules of %s; change those: vhost-xdp acl add %s ..., or give it its own: vhost-xdp acl use %s own",
		       t->text, text, text, t->text);
}

/* What is there, to be changed and put back. */
static int current(const struct vx_acl_maps *maps, const struct vx_acl_target *t, struct vx_acl_rules *rules)
{
	int err = refuse_shared(maps, t);

	if (err)
		return err;
	err = vx_acl_read(maps, t->set, -1, rules);
	if (err == -ENOENT) {
		memset(rules, 0, sizeof(*rules));
		return 0;
	}
	return err ? vx_fail(err, "cannot read the rules of %s: %s", t->text, strerror(-err)) : 0;
}

static int put_back(const struct vx_acl_maps *maps, const struct vx_acl_target *t, struct vx_acl_rules *rules, int err)
{
	if (!err)
		err = vx_acl_put(maps, t, rules);
	vx_acl_rules_free(rules);
	return err;
}

static int add_rule(const struct vx_acl_maps *maps, const struct vx_acl_target *t, int argc, char **argv)
{
	struct vx_acl_rules rules;
	struct vx_acl_rule rule;
	char why[VX_ACL_TEXT];
	int err;

	if (vx_acl_parse(argc, argv, &rule, why))
		return vx_usage("%s; see 'vhost-xdp help acl'", why);
	err = current(maps, t, &rules);
	return err ? err : put_back(maps, t, &rules, vx_acl_add(&rules, &rule, ""));
}

static int add(int argc, char **argv)
{
	return locked(argc, argv, true, add_rule);
}

/* By number, or in words: its place, or negative after one line. */
static int find_rule(const struct vx_acl_rules *rules, const struct vx_acl_target *t, int argc, char **argv)
{
	struct vx_acl_rule rule;
	char why[VX_ACL_TEXT];
	__u32 number = 0, i;

	if (argc == 1 && !vx_parse_u32(argv[0], 1, VX_ACL_NUMBER_MAX, &number)) {
		for (i = 0; i < rules->n; i++)
			if (rules->rule[i].number == number)
				return (int)i;
		return vx_fail(-ENOENT, "%s has no rule %u; see 'vhost-xdp acl list %s'", t->text, number, t->text);
	}
	if (vx_acl_parse(argc, argv, &rule, why))
		return vx_usage("a rule is named by its number, or in all its words: %s", why);
	for (i = 0; i < rules->n; i++)
		if (vx_acl_same_match(&rules->rule[i], &rule) && !((rules->rule[i].flags ^ rule.flags) & VX_ACL_ALLOW))
			return (int)i;
	return vx_fail(-ENOENT, "%s has no such rule; see 'vhost-xdp acl list %s'", t->text, t->text);
}

static int del_rule(const struct vx_acl_maps *maps, const struct vx_acl_target *t, int argc, char **argv)
{
	struct vx_acl_rules rules;
	int at, err;

	if (!argc)
		return vx_usage("'acl del' needs the number of a rule: vhost-xdp acl del PORT to-guest NUMBER");
	err = current(maps, t, &rules);
	if (err)
		return err;
	at = find_rule(&rules, t, argc, argv);
	if (at >= 0 && rules.rule) {
		rules.n--;
		memmove(&rules.rule[at], &rules.rule[at + 1], (rules.n - at) * sizeof(*rules.rule));
	}
	return put_back(maps, t, &rules, at < 0 ? at : 0);
}

static int del(int argc, char **argv)
{
	return locked(argc, argv, false, del_rule);
}

static int load_file(const struct vx_acl_maps *maps, const struct vx_acl_target *t, int argc, char **argv)
{
	struct vx_acl_rules rules;
	FILE *file = stdin;
	int err;

	if (argc != 1)
		return vx_usage("'acl load' needs one file, or - for standard input: vhost-xdp acl load PORT to-guest FILE");
	err = refuse_shared(maps, t);
	if (err)
		return err;
	if (strcmp(argv[0], "-"))
		file = fopen(argv[0], "re");
	if (!file)
		return vx_fail(-errno, "cannot read %s: %s", argv[0], strerror(errno));
	err = vx_acl_load(file, file == stdin ? "standard input" : argv[0], &rules);
	if (file != stdin)
		fclose(file);
	return put_back(maps, t, &rules, err);
}

static int load(int argc, char **argv)
{
	return locked(argc, argv, true, load_file);
}

static int flush_rules(const struct vx_acl_maps *maps, const struct vx_acl_target *t, int argc, char **argv)
{
	struct vx_acl_rules rules;
	int err;

	if (argc)
		return vx_usage("'acl flush' takes no more words");
	err = current(maps, t, &rules);
	if (err)
		return err;
	rules.n = 0;
	return put_back(maps, t, &rules, 0);
}

static int flush(int argc, char **argv)
{
	return locked(argc, argv, false, flush_rules);
}

static int set_default(const struct vx_acl_maps *maps, const struct vx_acl_target *t, int argc, char **argv)
{
	static const char *const verdicts[] = { "deny", "allow", NULL };
	int verdict = argc == 1 ? vx_word_find(verdicts, sizeof(verdicts[0]), argv[0]) : -1, err;
	struct vx_acl_rules rules;

	if (verdict < 0)
		return vx_usage("'acl default' needs a verdict: vhost-xdp acl default PORT to-guest allow|deny");
	err = current(maps, t, &rules);
	if (err)
		return err;
	rules.allow = verdict;
	return put_back(maps, t, &rules, 0);
}

static int fallback(int argc, char **argv)
{
	return locked(argc, argv, true, set_default);
}

static int roll_back(const struct vx_acl_maps *maps, const struct vx_acl_target *t, int argc, char **argv)
{
	int err;

	if (argc)
		return vx_usage("'acl rollback' takes no more words");
	err = refuse_shared(maps, t);
	if (err)
		return err;
	err = vx_acl_rollback(maps, t->set);
	if (err == -ENOENT)
		return vx_fail(err, "%s has no rules from before that could come back", t->text);
	return err ? vx_fail(err, "cannot bring back the rules of %s: %s", t->text, strerror(-err)) : 0;
}

static int rollback(int argc, char **argv)
{
	return locked(argc, argv, false, roll_back);
}

static bool has_rules(const struct vx_acl_maps *maps, __u32 set)
{
	__u32 head = 0;

	return !vx_acl_head(maps, set, &head) && head;
}

/* Which set a port's frames meet. */
static int use_set(const struct vx_acl_maps *maps, const struct vx_acl_target *t, int argc, char **argv)
{
	__u32 set = VX_ACL_SET_DEFAULT;
	struct vx_acl_target other;
	int n;

	if (!t->port || argc < 1 || argc > 2)
		return vx_usage("'acl use' needs a port, a direction and a set: vhost-xdp acl use PORT to-guest set NAME, own or default");
	if (argc == 2) {
		if (strcmp(argv[0], "set"))
			return vx_usage("'%s' is not known; write set NAME, own or default", argv[0]);
		n = vx_acl_target(maps, argc, argv, false, &other);
		if (n < 0)
			return n;
		set = other.set;
	} else if (!strcmp(argv[0], "own")) {
		set = t->set;
		if (!has_rules(maps, set))
			return vx_fail(-ENOENT, "%s has no rules of its own; make some: vhost-xdp acl load %s FILE", t->text, t->text);
	} else if (strcmp(argv[0], "default")) {
		return vx_usage("'%s' is not known; write set NAME, own or default", argv[0]);
	}
	return vx_acl_use(maps, t, set);
}

static int use(int argc, char **argv)
{
	return locked(argc, argv, false, use_set);
}

static int forget_set(const struct vx_acl_maps *maps, const struct vx_acl_target *t, int argc, char **argv)
{
	__u32 key, used, port;

	if (argc)
		return vx_usage("'acl forget' takes no more words");
	for (key = 0; t->set && key < VX_PORTS_MAX * VX_DIRECTIONS; key++) {
		if (bpf_map_lookup_elem(maps->use, &key, &used) || used != t->set)
			continue;
		port = key / VX_DIRECTIONS;
		if (!t->port) {
			char text[64];

			vx_acl_set_text(maps, VX_ACL_SET_OF_PORT(port, key % VX_DIRECTIONS), text);
			return vx_fail(-EBUSY, "%s uses %s; let it use another one first: vhost-xdp acl use %s default", text, t->text, text);
		}
		used = VX_ACL_SET_DEFAULT;
		bpf_map_update_elem(maps->use, &key, &used, BPF_ANY);
	}
	vx_acl_drop(maps, t->set);
	return 0;
}

static int forget(int argc, char **argv)
{
	return locked(argc, argv, false, forget_set);
}

static int list_locked(const struct vx_acl_maps *maps, void *arg)
{
	struct request *req = arg;

	req->found = true;
	return vx_acl_list(maps, req->argc, req->argv);
}

static int list(int argc, char **argv)
{
	struct request req = { .argc = argc, .argv = argv };
	int err = vx_acl_locked(false, list_locked, &req);

	/* Nothing is a list, too. */
	if (err == -ENOENT && !req.found && !argc)
		return vx_json ? vx_print_json(json_array()) : 0;
	if (err == -ENOENT && !req.found)
		return vx_fail(err, "there are no rules yet; begin with: vhost-xdp acl add PORT to-guest allow ...");
	return err;
}

static int test(int argc, char **argv)
{
	return locked(argc, argv, false, vx_acl_test);
}

static const struct vx_verb verbs[] = {
	{ "add", add },
	{ "del", del },
	{ "list", list },
	{ "load", load },
	{ "flush", flush },
	{ "default", fallback },
	{ "rollback", rollback },
	{ "use", use },
	{ "forget", forget },
	{ "test", test },
	{},
};

static int run(int argc, char **argv)
{
	return vx_verbs("acl", verbs, "list", argc, argv);
}

const struct vx_cmd vx_cmd_acl = {
	.object = "acl",
	.usage = "acl add WHOSE allow|deny [PROTO] [src|from PREFIX[,PREFIX...]|group NAME] [dst|to ...]\n"
		 "\t[sport PORTS] [dport PORTS] [type TYPE [code N]] [fragment] [prio N]\n"
		 "acl del WHOSE NUMBER|RULE\n"
		 "acl list [WHOSE]\n"
		 "acl load WHOSE FILE|-\n"
		 "acl flush|forget|rollback WHOSE\n"
		 "acl default WHOSE allow|deny\n"
		 "acl use PORT to-guest|from-guest set NAME|own|default\n"
		 "acl test WHOSE [PROTO] [src ADDRESS] [dst ADDRESS] [sport N] [dport N] [type TYPE [code N]] [fragment]\n"
		 "\tWHOSE is PORT to-guest|from-guest, or set NAME\n",
	.help = "Rules of the policy acl: who may talk to whom.",
	.run = run,
};
