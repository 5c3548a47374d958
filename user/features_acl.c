// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy "acl" in the configuration file: rules of a port's direction, named sets of rules, and groups. In a file a rule's
 * place is that of its line; numbers are the host's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>

#include "acl.h"
#include "acl_group.h"
#include "features_acl.h"
#include "policy.h"
#include "say.h"
#include "words.h"

_Static_assert(VX_FEATURE_WHY >= VX_ACL_TEXT, "reasons have room");

static int wrong(char *why, const char *text)
{
	snprintf(why, VX_FEATURE_WHY, "%s", text);
	return -EINVAL;
}

static int take_default(int argc, char **argv, struct vx_acl_conf *conf, char *why)
{
	if (argc != 2 || (strcmp(argv[1], "allow") && strcmp(argv[1], "deny")))
		return wrong(why, "'default' needs a verdict: default allow, or default deny");
	if (conf->has_default)
		return wrong(why, "'default' is given twice; remove one of them");
	conf->has_default = true;
	conf->rules.allow = !strcmp(argv[1], "allow");
	return 0;
}

static int take_rule(int argc, char **argv, struct vx_acl_conf *conf, char *why)
{
	struct vx_acl_rules *rules = &conf->rules;
	struct vx_acl_rule rule;

	if (vx_acl_parse(argc, argv, &rule, why))
		return -EINVAL;
	if (rules->n == VX_ACL_RULES_MAX)
		return wrong(why, "there are more rules than fit a set; several ports or prefixes in one rule save some");
	if (rules->n == rules->room) {
		rules->room = rules->room ? 2 * rules->room : 64;
		rules->rule = vx_need_more(rules->rule, rules->room, sizeof(*rules->rule));
	}
	rule.number = conf->lines;
	rules->rule[rules->n++] = rule;
	return 0;
}

int vx_acl_conf_words(int argc, char **argv, void *arg, char *why)
{
	struct vx_acl_conf *conf = arg;

	conf->lines++;
	if (!strcmp(argv[0], "default"))
		return take_default(argc, argv, conf, why);
	return take_rule(argc, argv, conf, why);
}

int vx_acl_conf_port_words(int argc, char **argv, void *arg, char *why)
{
	struct vx_acl_conf *conf = arg;

	if (strcmp(argv[0], "use"))
		return vx_acl_conf_words(argc, argv, arg, why);
	conf->lines++;
	if (argc != 3 || strcmp(argv[1], "set") || vx_check_name(argv[2], VX_ACL_NAME_LEN - 1) || !strcmp(argv[2], "default"))
		return wrong(why, "'use' needs a set that is not the default: use set NAME");
	if (*conf->use)
		return wrong(why, "'use' is given twice; remove one of them");
	snprintf(conf->use, sizeof(conf->use), "%s", argv[2]);
	return 0;
}

static int by_prio(const void *a, const void *b)
{
	const struct vx_acl_rule *x = a, *y = b;

	if (x->prio != y->prio)
		return x->prio < y->prio ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* Rules that match the same come together, in the order of their lines. */
static int by_match(const void *a, const void *b)
{
	const struct vx_acl_rule *x = *(struct vx_acl_rule *const *)a, *y = *(struct vx_acl_rule *const *)b;
	size_t from = offsetof(struct vx_acl_rule, proto), to = offsetof(struct vx_acl_rule, packets);
	__u32 p = x->flags & ~VX_ACL_ALLOW, q = y->flags & ~VX_ACL_ALLOW;
	int diff = p < q ? -1 : p > q;

	if (!diff)
		diff = memcmp((const char *)x + from, (const char *)y + from, to - from);
	return diff ? diff : x->number < y->number ? -1 : x->number > y->number;
}

static int find_collision(const struct vx_acl_rules *rules, int *line, char *why)
{
	struct vx_acl_rule **all = vx_need(rules->n, sizeof(struct vx_acl_rule *)), *a, *b;
	int err = 0;
	__u32 i;

	for (i = 0; i < rules->n; i++)
		all[i] = &rules->rule[i];
	qsort(all, rules->n, sizeof(struct vx_acl_rule *), by_match);
	for (i = 1; i < rules->n && !err; i++) {
		a = all[i - 1];
		b = all[i];
		if (!vx_acl_same_match(a, b))
			continue;
		*line = b->number - 1;
		err = wrong(why, (a->flags ^ b->flags) & VX_ACL_ALLOW ? "another rule says the contrary of the same; remove one of them"
								     : "another rule says the same; remove one of them");
	}
	free(all);
	return err;
}

int vx_acl_conf_whole(void *arg, int *line, char *why)
{
	struct vx_acl_conf *conf = arg;
	__u32 i;

	*line = 0;
	if (*conf->use && (conf->has_default || conf->rules.n))
		return wrong(why, "'use' takes the rules of a set, others are not looked at; remove the one or the others");
	if (find_collision(&conf->rules, line, why))
		return -EINVAL;
	if (conf->rules.n)
		qsort(conf->rules.rule, conf->rules.n, sizeof(*conf->rules.rule), by_prio);
	for (i = 0; i < conf->rules.n; i++)
		conf->rules.rule[i].number = i + 1;
	return 0;
}

void vx_acl_conf_print(const void *arg, vx_feature_out *line, void *out)
{
	const struct vx_acl_conf *conf = arg;
	char text[VX_ACL_TEXT];
	__u32 i;

	if (*conf->use) {
		snprintf(text, sizeof(text), "use set %s", conf->use);
		line(text, out);
		return;
	}
	line(conf->rules.allow ? "default allow" : "default deny", out);
	for (i = 0; i < conf->rules.n; i++) {
		vx_acl_text(&conf->rules.rule[i], text);
		line(text, out);
	}
}

void vx_acl_conf_release(void *arg)
{
	vx_acl_rules_free(&((struct vx_acl_conf *)arg)->rules);
}

static int read_rules(const struct vx_acl_maps *maps, __u32 set, struct vx_acl_conf *conf)
{
	int err = vx_acl_read(maps, set, -1, &conf->rules);

	/* Without rules and default it denies. */
	return err == -ENOENT ? 0 : err;
}

int vx_acl_conf_get(const struct vx_feature_target *target, void *arg)
{
	__u32 key = target->port * VX_DIRECTIONS + target->direction, used = 0;
	struct vx_acl_conf *conf = arg;
	struct vx_acl_set info = {};
	struct vx_acl_maps maps;
	int err = vx_acl_open(&maps);

	if (err)
		return err;
	if (bpf_map_lookup_elem(maps.use, &key, &used))
		err = -errno;
	else if (used == VX_ACL_SET_DEFAULT)
		err = -ENOENT;
	else if (used < VX_ACL_SET_NAMED)
		err = read_rules(&maps, used, conf);
	else if (bpf_map_lookup_elem(maps.sets, &used, &info))
		err = -errno;
	else
		snprintf(conf->use, sizeof(conf->use), "%.*s", (int)sizeof(info.name) - 1, info.name);
	vx_acl_maps_close(&maps);
	return err;
}

/* The plan has it loaded. */
static int cannot_open(int err)
{
	return vx_fail(err, "the policy named acl does not have the maps of the shipped one: %s; load that again: vhost-xdp policy load FILE as acl",
		       strerror(-err));
}

/* Words of the command line name a target; they are those of a file, too. */
static int find(const struct vx_acl_maps *maps, const char *first, const char *second, bool make, struct vx_acl_target *t)
{
	char *words[] = { (char *)first, (char *)second };
	int n = vx_acl_target(maps, 2, words, make, t);

	return n < 0 ? n : 0;
}

static int use_set(const struct vx_acl_maps *maps, const struct vx_acl_target *t, __u32 set)
{
	__u32 key = t->port_id * VX_DIRECTIONS + t->direction;

	if (bpf_map_update_elem(maps->use, &key, &set, BPF_ANY))
		return vx_fail(-errno, "cannot change which rules %s uses: %s", t->text, strerror(errno));
	/* Its own rules are not what the file says any more. */
	vx_acl_drop(maps, t->set);
	return 0;
}

int vx_acl_conf_replace(const struct vx_feature_target *target, void *arg)
{
	struct vx_acl_target t, named = {};
	struct vx_acl_conf *conf = arg;
	struct vx_acl_maps maps;
	int err;

	err = vx_acl_open(&maps);
	if (err == -ENOENT && !conf)
		return 0;
	if (err)
		return cannot_open(err);
	err = find(&maps, target->name, vx_direction_name(target->direction), false, &t);
	if (!err && conf && *conf->use)
		err = find(&maps, "set", conf->use, false, &named);
	if (!err && (!conf || *conf->use))
		err = use_set(&maps, &t, conf ? named.set : VX_ACL_SET_DEFAULT);
	else if (!err)
		err = vx_acl_put(&maps, &t, &conf->rules);
	vx_acl_maps_close(&maps);
	return err;
}

int vx_acl_set_get(const struct vx_feature_target *target, void *arg)
{
	struct vx_acl_target t;
	struct vx_acl_maps maps;
	int err = vx_acl_open(&maps);

	if (err)
		return err;
	err = find(&maps, "set", target->name, false, &t);
	if (!err)
		err = read_rules(&maps, t.set, arg);
	vx_acl_maps_close(&maps);
	return err;
}

int vx_acl_set_replace(const struct vx_feature_target *target, void *arg)
{
	struct vx_acl_conf *conf = arg;
	struct vx_acl_target t;
	struct vx_acl_maps maps;
	int err = vx_acl_open(&maps);

	if (err)
		return cannot_open(err);
	err = find(&maps, "set", target->name, conf, &t);
	if (!err && conf)
		err = vx_acl_put(&maps, &t, &conf->rules);
	else if (!err)
		vx_acl_drop(&maps, t.set);
	vx_acl_maps_close(&maps);
	return err;
}

int vx_acl_set_each(int (*fn)(const char *set, void *arg), void *arg)
{
	struct vx_acl_maps maps;
	struct vx_acl_set info;
	__u32 set, head = 0;
	int err = vx_acl_open(&maps);

	if (err)
		return err == -ENOENT ? 0 : err;
	vx_acl_head(&maps, VX_ACL_SET_DEFAULT, &head);
	if (head)
		err = fn("default", arg);
	for (set = VX_ACL_SET_NAMED; set < VX_ACL_SETS && !err; set++) {
		if (bpf_map_lookup_elem(maps.sets, &set, &info) || !*info.name)
			continue;
		info.name[sizeof(info.name) - 1] = '\0';
		err = fn(info.name, arg);
	}
	vx_acl_maps_close(&maps);
	return err;
}

int vx_group_conf_words(int argc, char **argv, void *conf, char *why)
{
	return vx_group_parse(argc, argv, conf, why);
}

void vx_group_conf_print(const void *conf, vx_feature_out *line, void *arg)
{
	const struct vx_acl_group *group = conf;
	char prefix[64], text[80];
	__u32 i;

	for (i = 0; i < group->n_prefixes; i++) {
		vx_acl_prefix_text(&group->prefix[i], prefix, sizeof(prefix));
		snprintf(text, sizeof(text), "prefix %s", prefix);
		line(text, arg);
	}
	for (i = 0; i < group->n_ports; i++) {
		snprintf(text, sizeof(text), "port %s", group->port[i]);
		line(text, arg);
	}
}

int vx_group_conf_get(const struct vx_feature_target *target, void *conf)
{
	struct vx_acl_maps maps;
	int err = vx_acl_open(&maps);

	if (err)
		return err;
	err = vx_group_get(&maps, target->name, conf);
	vx_acl_maps_close(&maps);
	return err;
}

int vx_group_conf_replace(const struct vx_feature_target *target, void *conf)
{
	struct vx_acl_maps maps;
	int err = vx_acl_open(&maps);

	if (err)
		return cannot_open(err);
	err = vx_group_put(&maps, target->name, conf);
	vx_acl_maps_close(&maps);
	return err;
}

struct each {
	int (*fn)(const char *set, void *arg);
	void *arg;
};

static int each_group(const char *name, const struct vx_acl_group *group, void *arg)
{
	const struct each *e = arg;

	return e->fn(name, e->arg);
}

int vx_group_conf_each(int (*fn)(const char *set, void *arg), void *arg)
{
	struct each e = { fn, arg };
	struct vx_acl_maps maps;
	int err = vx_acl_open(&maps);

	if (err)
		return err == -ENOENT ? 0 : err;
	err = vx_group_each(&maps, each_group, &e);
	vx_acl_maps_close(&maps);
	return err;
}
