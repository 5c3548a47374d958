// SPDX-License-Identifier: GPL-2.0-or-later
/* Sets of rules as operators know them: whose they are, what may be in them, and how they come into force. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "acl.h"
#include "acl_group.h"
#include "args.h"
#include "pins.h"
#include "policy.h"
#include "port.h"
#include "say.h"
#include "words.h"

/* By name, else the first number without one, else -ENOSPC. */
static int named_set(const struct vx_acl_maps *maps, const char *name, __u32 *set)
{
	struct vx_acl_set info;
	__u32 i, free_set = 0;

	for (i = VX_ACL_SET_NAMED; i < VX_ACL_SETS; i++) {
		if (bpf_map_lookup_elem(maps->sets, &i, &info))
			return -errno;
		if (!strncmp(info.name, name, sizeof(info.name))) {
			*set = i;
			return 0;
		}
		if (!*info.name && !free_set)
			free_set = i;
	}
	*set = free_set;
	return free_set ? -ENOENT : -ENOSPC;
}

static int target_named(const struct vx_acl_maps *maps, const char *name, bool make, struct vx_acl_target *t)
{
	int err = vx_check_name(name, VX_ACL_NAME_LEN - 1);

	if (err)
		return vx_usage("the set name '%.64s' is not valid; use up to %d of A-Z a-z 0-9 _ -", name, VX_ACL_NAME_LEN - 1);
	t->name = name;
	snprintf(t->text, sizeof(t->text), "set %s", name);
	if (strcmp(name, "default")) {
		err = named_set(maps, name, &t->set);
		if (err == -ENOSPC)
			return vx_fail(err, "there are %d named sets already, the most that fit; remove one: vhost-xdp acl forget set NAME",
				       VX_ACL_NAMED_SETS);
		if (err == -ENOENT && !make)
			return vx_fail(err, "there is no set %s; make it: vhost-xdp acl add set %s allow ...", name, name);
		if (err && err != -ENOENT)
			return vx_fail(err, "cannot read the sets: %s", strerror(-err));
	}
	t->used = t->set;
	return 2;
}

int vx_acl_target(const struct vx_acl_maps *maps, int argc, char **argv, bool make, struct vx_acl_target *t)
{
	struct vx_port port;
	__u32 key;

	memset(t, 0, sizeof(*t));
	if (argc < 2)
		return vx_usage("it is not said whose rules: write PORT to-guest, PORT from-guest, or set NAME");
	if (!strcmp(argv[0], "set"))
		return target_named(maps, argv[1], make, t);
	if (vx_port_find(argv[0], &port))
		return vx_fail(-ENOENT, "there is no port %s; see 'vhost-xdp port list'", argv[0]);
	t->port = argv[0];
	t->direction = vx_direction_parse(argv[1]);
	if (t->direction < 0)
		return vx_usage("direction '%s' is not known; use to-guest or from-guest", argv[1]);
	t->port_id = port.id;
	t->set = VX_ACL_SET_OF_PORT(port.id, t->direction);
	key = port.id * VX_DIRECTIONS + t->direction;
	if (bpf_map_lookup_elem(maps->use, &key, &t->used))
		return vx_fail(-errno, "cannot read which set %s uses: %s", argv[0], strerror(errno));
	snprintf(t->text, sizeof(t->text), "%s %s", t->port, vx_direction_name(t->direction));
	return 2;
}

struct by_id {
	__u32 id;
	char name[VX_NAME_LEN];
};

static int is_port(const struct vx_port *port, void *arg)
{
	struct by_id *by = arg;

	if (port->id == by->id)
		snprintf(by->name, sizeof(by->name), "%s", port->cfg.name);
	return port->id == by->id;
}

void vx_acl_set_text(const struct vx_acl_maps *maps, __u32 set, char text[64])
{
	struct by_id by = { .id = (set - 1) / VX_DIRECTIONS };
	struct vx_acl_set info = {};

	bpf_map_lookup_elem(maps->sets, &set, &info);
	if (set == VX_ACL_SET_DEFAULT || set >= VX_ACL_SET_NAMED) {
		snprintf(text, 64, "set %.31s", set ? info.name : "default");
		return;
	}
	snprintf(by.name, sizeof(by.name), "%u", by.id);
	vx_port_each(is_port, &by);
	snprintf(text, 64, "%s %s", by.name, vx_direction_name((set - 1) % VX_DIRECTIONS));
}

static __u32 next_number(const struct vx_acl_rules *rules)
{
	__u32 i, max = 0;

	for (i = 0; i < rules->n; i++)
		if (rules->rule[i].number > max)
			max = rules->rule[i].number;
	return max + 1;
}

static int collide(const struct vx_acl_rule *old, const struct vx_acl_rule *rule, const char *where)
{
	char text[VX_ACL_TEXT];

	vx_acl_text(old, text);
	if ((old->flags ^ rule->flags) & VX_ACL_ALLOW)
		return vx_fail(-EEXIST, "%sthis contradicts rule %u, %s: delete that one first", where, old->number, text);
	return vx_fail(-EEXIST, "%srule %u says that already: %s", where, old->number, text);
}

int vx_acl_add(struct vx_acl_rules *rules, const struct vx_acl_rule *rule, const char *where)
{
	__u32 i, at, number = rule->number ? rule->number : next_number(rules);
	struct vx_acl_rule *more;

	for (i = 0; i < rules->n; i++)
		if (vx_acl_same_match(&rules->rule[i], rule))
			return collide(&rules->rule[i], rule, where);
	if (rules->n == VX_ACL_RULES_MAX || number > VX_ACL_NUMBER_MAX)
		return vx_fail(-ENOSPC, "%sa set has at most %d rules, with numbers up to %d; several ports or prefixes in one rule save some",
			       where, VX_ACL_RULES_MAX, VX_ACL_NUMBER_MAX);
	if (rules->n >= rules->room) {
		rules->room = rules->room ? 2 * rules->room : 64;
		more = realloc(rules->rule, rules->room * sizeof(*more));
		if (!more)
			return vx_fail(-ENOMEM, "out of memory");
		rules->rule = more;
	}
	for (at = rules->n; at && rules->rule[at - 1].prio > rule->prio; at--)
		;
	memmove(&rules->rule[at + 1], &rules->rule[at], (rules->n - at) * sizeof(*rule));
	rules->rule[at] = *rule;
	rules->rule[at].number = number;
	rules->n++;
	return 0;
}

int vx_acl_compile_rules(const struct vx_acl_maps *maps, const struct vx_acl_rules *rules, const char *name, const struct vx_acl_group *group,
			 const char *what, struct vx_acl_built *built)
{
	struct vx_acl_source source = { .rules = rules->rule, .n = rules->n, .allow = rules->allow };
	struct vx_acl_members *members;
	int err, cpus = libbpf_num_possible_cpus();

	source.cpus = cpus > 0 ? cpus : 1;
	err = vx_group_members(maps, rules, name, group, &members, &source.n_groups);
	if (err)
		return err;
	source.groups = members;
	err = vx_acl_compile(&source, built);
	vx_group_members_free(members, source.n_groups);
	if (err == -E2BIG)
		return vx_fail(err, "the rules of %s would take %zu KiB, more than the %u that a set may; use fewer or wider prefixes", what,
			       built->used / 1024, VX_ACL_IMAGE_SIZE(VX_ACL_IMAGES - 1) / 1024);
	return err ? vx_fail(err, "cannot compile the rules of %s: %s", what, strerror(-err)) : 0;
}

/* A set that never got rules is not there. */
static void unname(const struct vx_acl_maps *maps, const struct vx_acl_target *t)
{
	__u32 head = 0;

	vx_acl_head(maps, t->set, &head);
	if (!head)
		vx_acl_drop(maps, t->set);
}

/* A named set has its name before its rules; a port turns to its own set once that is there. */
int vx_acl_put(const struct vx_acl_maps *maps, const struct vx_acl_target *t, struct vx_acl_rules *rules)
{
	struct vx_acl_set info = {};
	struct vx_acl_built built;
	int err;

	err = vx_acl_compile_rules(maps, rules, NULL, NULL, t->text, &built);
	if (err)
		return err;
	if (!t->port && t->set) {
		bpf_map_lookup_elem(maps->sets, &t->set, &info);
		snprintf(info.name, sizeof(info.name), "%s", t->name);
		bpf_map_update_elem(maps->sets, &t->set, &info, BPF_ANY);
	}
	err = vx_acl_replace(maps, t->set, rules, &built);
	free(built.image);
	if (err)
		unname(maps, t);
	if (err == -ENOSPC || err == -E2BIG)
		return vx_fail(err, "there are too many rules in all; at most %d, with those that rollback keeps", VX_ACL_RULES_ALL);
	if (err)
		return vx_fail(err, "cannot put the rules of %s in force: %s", t->text, strerror(-err));
	return t->port && t->used != t->set ? vx_acl_use(maps, t, t->set) : 0;
}

int vx_acl_use(const struct vx_acl_maps *maps, const struct vx_acl_target *t, __u32 set)
{
	__u32 key = t->port_id * VX_DIRECTIONS + t->direction;

	if (bpf_map_update_elem(maps->use, &key, &set, BPF_ANY))
		return vx_fail(-errno, "cannot change which rules %s uses: %s", t->text, strerror(errno));
	return 0;
}

int vx_acl_each(const struct vx_acl_maps *maps, int (*fn)(__u32 set, const char *text, const struct vx_acl_rules *rules, void *arg), void *arg)
{
	struct vx_acl_rules rules;
	struct vx_acl_set info;
	char text[64];
	int ret = 0;
	__u32 set;

	for (set = 0; set < VX_ACL_SETS && !ret; set++) {
		if (bpf_map_lookup_elem(maps->sets, &set, &info) || !(info.side[0].valid | info.side[1].valid))
			continue;
		ret = vx_acl_read(maps, set, -1, &rules);
		if (ret == -ENOENT) {
			ret = 0;
			continue;
		}
		vx_acl_set_text(maps, set, text);
		ret = ret ? vx_fail(ret, "cannot read the rules of %s: %s", text, strerror(-ret)) : fn(set, text, &rules, arg);
		vx_acl_rules_free(&rules);
	}
	return ret;
}

void vx_acl_print(FILE *out, const struct vx_acl_rules *rules, const char *indent)
{
	char text[VX_ACL_TEXT];
	__u32 i;

	fprintf(out, "%sdefault %s\n", indent, rules->allow ? "allow" : "deny");
	for (i = 0; i < rules->n; i++) {
		vx_acl_text(&rules->rule[i], text);
		fprintf(out, "%s%s\n", indent, text);
	}
}
