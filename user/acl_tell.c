// SPDX-License-Identifier: GPL-2.0-or-later
/* The rules of sets by name and counter, for those who show drops and counters: see names.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>

#include "acl.h"
#include "args.h"
#include "pins.h"
#include "policy.h"

static int open_pin(void *policy, const char *name)
{
	return vx_pin_open("policies/%s/%s", ((const struct vx_policy *)policy)->name, name);
}

static int open_maps(const struct vx_policy *policy, struct vx_acl_maps *maps)
{
	return vx_acl_maps_open(maps, open_pin, (void *)policy);
}

static int get(int fd, const void *key, void *value)
{
	return bpf_map_lookup_elem(fd, key, value) ? -errno : 0;
}

/* Numbers mostly are places: most rules are added behind the others. */
static int find_rule(const struct vx_acl_maps *maps, struct vx_acl_rule_key *key, __u32 n, __u32 number, struct vx_acl_rule *rule)
{
	key->place = number - 1;
	if (number <= n && !get(maps->rules, key, rule) && rule->number == number)
		return 0;
	for (key->place = 0; key->place < n; key->place++)
		if (!get(maps->rules, key, rule) && rule->number == number)
			return 0;
	return -ENOENT;
}

static int look_up(const struct vx_acl_maps *maps, const struct vx_rule_of *of, struct vx_acl_rule *rule)
{
	__u32 use = of->port * VX_DIRECTIONS + of->direction, head = 0;
	struct vx_acl_rule_key key = {};
	struct vx_acl_set info;
	int err;

	err = get(maps->use, &use, &key.set);
	if (!err)
		err = vx_acl_head(maps, key.set, &head);
	if (!err)
		err = get(maps->sets, &key.set, &info);
	if (err || !head)
		return err ? err : -ENOENT;
	key.side = VX_ACL_HEAD_SIDE(head);
	return find_rule(maps, &key, info.side[key.side].rules, of->rule, rule);
}

/* "3: deny tcp dport 25", cut where there is no room for more. */
int vx_acl_rule_name(const struct vx_policy *policy, const struct vx_rule_of *of, char *text, size_t len)
{
	struct vx_acl_rule rule;
	struct vx_acl_maps maps;
	char words[VX_ACL_TEXT];
	int err = open_maps(policy, &maps);

	if (err)
		return err;
	err = look_up(&maps, of, &rule);
	vx_acl_maps_close(&maps);
	if (err)
		return err;
	vx_acl_text(&rule, words);
	if ((size_t)snprintf(text, len, "%u: %s", of->rule, words) >= len && len > 4)
		strcpy(text + len - 4, "...");
	return 0;
}

struct walk {
	const struct vx_policy *policy;
	int (*fn)(const char *rule, const struct vx_counter *sum, void *arg);
	void *arg;
};

static int tell(const struct walk *w, const char *set, const char *rule, __u64 packets, __u64 bytes)
{
	const struct vx_counter sum = { packets, bytes };
	char text[96];

	snprintf(text, sizeof(text), "%s %s", set, rule);
	return w->fn(text, &sum, w->arg);
}

static int tell_set(__u32 set, const char *text, const struct vx_acl_rules *rules, void *arg)
{
	static const char *const others[] = { [VX_ACL_COUNT_DEFAULT] = "default", [VX_ACL_COUNT_UNNAMED] = "unnamed" };
	char number[16];
	int ret = 0;
	__u32 i;

	for (i = 0; i < rules->n && !ret; i++) {
		snprintf(number, sizeof(number), "%u", rules->rule[i].number);
		ret = tell(arg, text, number, rules->rule[i].packets, rules->rule[i].bytes);
	}
	for (i = 0; i < 2 && !ret; i++)
		ret = tell(arg, text, others[i], rules->fallback[i].packets, rules->fallback[i].bytes);
	return ret;
}

static int walk(void *arg)
{
	const struct walk *w = arg;
	struct vx_acl_maps maps;
	int ret = open_maps(w->policy, &maps);

	if (ret)
		return ret;
	ret = vx_acl_each(&maps, tell_set, arg);
	vx_acl_maps_close(&maps);
	return ret;
}

/* What is replaced meanwhile counts at neither side for a moment, so that counters would go back: under the lock. */
int vx_acl_rule_each(const struct vx_policy *policy, int (*fn)(const char *rule, const struct vx_counter *sum, void *arg), void *arg)
{
	struct walk w = { policy, fn, arg };

	return vx_locked(walk, &w);
}
