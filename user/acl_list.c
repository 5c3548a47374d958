// SPDX-License-Identifier: GPL-2.0-or-later
/* Sets of rules as people and programs read them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <jansson.h>

#include "acl_list.h"
#include <vhost_xdp/acl_find.h>
#include "args.h"
#include "cmd.h"
#include "output.h"
#include "say.h"

static const char *verdict(bool allow)
{
	return allow ? "allow" : "deny";
}

static void list_text(const struct vx_acl_rules *rules, const char *title)
{
	const struct vx_counter *c = rules->fallback;
	char text[VX_ACL_TEXT];
	__u32 i;

	printf("%s  default %s  packets %llu bytes %llu  arp and nd unnamed: packets %llu bytes %llu\n", title, verdict(rules->allow),
	       c[0].packets, c[0].bytes, c[1].packets, c[1].bytes);
	for (i = 0; i < rules->n; i++) {
		vx_acl_text(&rules->rule[i], text);
		printf("%6u  %-50s  packets %llu bytes %llu\n", rules->rule[i].number, text, rules->rule[i].packets, rules->rule[i].bytes);
	}
}

static json_t *counter(const char *verdict_text, const struct vx_counter *c)
{
	return json_pack("{s:s, s:I, s:I}", "verdict", verdict_text, "packets", (json_int_t)c->packets, "bytes", (json_int_t)c->bytes);
}

static json_t *list_json(const struct vx_acl_rules *rules, const char *title)
{
	json_t *list = json_array();
	char text[VX_ACL_TEXT];
	__u32 i;

	for (i = 0; i < rules->n; i++) {
		const struct vx_acl_rule *r = &rules->rule[i];

		vx_acl_text(r, text);
		json_array_append_new(list, json_pack("{s:i, s:i, s:s, s:s, s:I, s:I}", "number", (int)r->number, "prio", (int)r->prio, "verdict",
						      verdict(r->flags & VX_ACL_ALLOW), "rule", text, "packets", (json_int_t)r->packets,
						      "bytes", (json_int_t)r->bytes));
	}
	return json_pack("{s:s, s:o, s:o, s:o}", "set", title, "default", counter(verdict(rules->allow), &rules->fallback[VX_ACL_COUNT_DEFAULT]),
			 "unnamed", counter("allow", &rules->fallback[VX_ACL_COUNT_UNNAMED]), "rules", list);
}

static int put_set(__u32 set, const char *title, const struct vx_acl_rules *rules, void *all)
{
	if (all)
		return json_array_append_new(all, list_json(rules, title));
	list_text(rules, title);
	return 0;
}

static int list_set(const struct vx_acl_maps *maps, __u32 set, const char *title, json_t *all)
{
	struct vx_acl_rules rules;
	int err = vx_acl_read(maps, set, -1, &rules);

	if (err)
		return err == -ENOENT ? err : vx_fail(err, "cannot read the rules of %s: %s", title, strerror(-err));
	put_set(set, title, &rules, all);
	vx_acl_rules_free(&rules);
	return 0;
}

/* What the port meets, whoever it belongs to. */
static int list_one(const struct vx_acl_maps *maps, int argc, char **argv, json_t *all)
{
	struct vx_acl_target t;
	char title[160], other[64];
	int n = vx_acl_target(maps, argc, argv, false, &t), err;

	if (n < 0)
		return n;
	if (argc > n)
		return vx_usage("'acl list' takes no more words");
	snprintf(title, sizeof(title), "%s", t.text);
	if (t.used != t.set) {
		vx_acl_set_text(maps, t.used, other);
		snprintf(title, sizeof(title), "%s uses %s", t.text, other);
	}
	err = list_set(maps, t.used, title, all);
	if (err == -ENOENT && !all)
		printf("%s  no rules: everything is denied\n", title);
	return err == -ENOENT ? 0 : err;
}

int vx_acl_list(const struct vx_acl_maps *maps, int argc, char **argv)
{
	json_t *all = vx_json ? json_array() : NULL;
	int err = argc ? list_one(maps, argc, argv, all) : vx_acl_each(maps, put_set, all);

	if (err) {
		json_decref(all);
		return err;
	}
	return all ? vx_print_json(all) : 0;
}

static int say_verdict(const struct vx_acl_rules *rules, const struct vx_acl_built *built, const struct vx_pkt *pkt, const char *title)
{
	char text[VX_ACL_TEXT] = "";
	__u32 place, number;
	const char *by;
	bool allow;

	place = vx_acl_judge(built, pkt, &allow, &number);
	by = place != VX_ACL_NO_HIT ? "rule" : vx_acl_key(pkt) == VX_ACL_KEY_ARP || vx_acl_key(pkt) == VX_ACL_KEY_ND ? "unnamed" : "default";
	if (place < rules->n)
		vx_acl_text(&rules->rule[place], text);
	if (vx_json)
		return vx_print_json(json_pack("{s:s, s:s, s:s, s:i, s:s}", "set", title, "verdict", verdict(allow), "by", by, "number",
					       (int)number, "rule", text));
	if (*text)
		printf("%s: rule %u of %s: %s\n", verdict(allow), number, title, text);
	else
		printf("%s: %s of %s\n", verdict(allow), *by == 'u' ? "arp and nd that no rule names" : by, title);
	return 0;
}

int vx_acl_test(const struct vx_acl_maps *maps, const struct vx_acl_target *t, int argc, char **argv)
{
	struct vx_acl_built built = {};
	struct vx_acl_rules rules;
	char why[VX_ACL_TEXT], title[64];
	struct vx_pkt pkt;
	int err;

	if (vx_acl_packet(argc, argv, &pkt, why))
		return vx_usage("%s; see 'vhost-xdp help acl'", why);
	vx_acl_set_text(maps, t->used, title);
	err = vx_acl_read(maps, t->used, -1, &rules);
	if (err == -ENOENT)
		return vx_fail(err, "%s has no rules: everything is denied", title);
	if (!err)
		err = vx_acl_read_image(maps, t->used, -1, &built);
	if (err)
		err = vx_fail(err, "cannot read the rules of %s: %s", title, strerror(-err));
	else
		err = say_verdict(&rules, &built, &pkt, title);
	free(built.image);
	vx_acl_rules_free(&rules);
	return err;
}
