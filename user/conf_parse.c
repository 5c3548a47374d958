// SPDX-License-Identifier: GPL-2.0-or-later
/* The statements outside of ports, and what the whole file must be. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if.h>

#include "conf_parse.h"
#include "uplink.h"

static bool valid_netdev(const char *s)
{
	const char *p;

	for (p = s; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == '/' || *p == ':' || *p == 0x7f)
			return false;
	return *s && strcmp(s, ".") && strcmp(s, "..") && p - s < IFNAMSIZ;
}

static void take_mode(struct vx_conf_parser *p, void *object, const struct vx_word *value)
{
	static const char *const modes[] = { [VX_MODE_NATIVE] = "native", [VX_MODE_GENERIC] = "generic", [VX_MODE_AUTO] = "auto", NULL };
	struct vx_conf_uplink *uplink = object;
	int i;

	for (i = 0; modes[i]; i++)
		if (!strcmp(modes[i], value->text))
			break;
	if (!modes[i])
		vx_conf_unknown(p, value, modes, "as a mode");
	else
		uplink->mode = i;
}

static const struct vx_conf_key uplink_keys[] = { { "mode", take_mode, "native" }, {} };

/* The word behind the first ones; NULL: there is none. */
static const struct vx_word *name_of(struct vx_conf_parser *p, const struct vx_stmt *stmt, int words, const char *example)
{
	if (stmt->n > words)
		return &stmt->word[words];
	vx_conf_error(p->errors, stmt->word[0].pos, "'%s' needs a name, for instance: %s", stmt->word[words - 1].text, example);
	return NULL;
}

static void parse_uplink(struct vx_conf_parser *p, const struct vx_stmt *stmt)
{
	const struct vx_word *name = name_of(p, stmt, 1, "uplink eth0");
	struct vx_pos seen[VX_CONF_KEYS_MAX] = {};
	struct vx_conf_uplink *uplink;

	vx_conf_no_block(p, stmt);
	if (!name)
		return;
	if (!valid_netdev(name->text)) {
		vx_conf_error(p->errors, name->pos, "'%s' is no name of a netdev; see 'ip link'", name->text);
		return;
	}
	uplink = vx_conf_uplink(p->conf, name->text);
	if (uplink) {
		vx_conf_error(p->errors, name->pos, "uplink %s is in line %d already; remove one of them", name->text, uplink->pos.line);
		return;
	}
	if (p->conf->uplinks == VX_UPLINKS_MAX) {
		vx_conf_error(p->errors, name->pos, "there are more than %d uplinks, the most that fit", VX_UPLINKS_MAX);
		return;
	}
	uplink = vx_conf_add_uplink(p->conf, name->text);
	uplink->pos = stmt->word[0].pos;
	vx_conf_pairs(p, stmt, 2, uplink_keys, seen, uplink, "for an uplink");
}

static void take_file(struct vx_conf_parser *p, void *object, const struct vx_word *value)
{
	struct vx_conf_policy *policy = object;

	if (value->text[0] != '/') {
		vx_conf_error(p->errors, value->pos, "the file '%s' has no absolute path; begin it with /", value->text);
		return;
	}
	policy->file = vx_need(1, strlen(value->text) + 1);
	strcpy(policy->file, value->text);
}

static void take_id(struct vx_conf_parser *p, void *object, const struct vx_word *value)
{
	vx_conf_number(p, value, "id", 1, VX_POLICY_SLOTS - 1, &((struct vx_conf_policy *)object)->id);
}

static const struct vx_conf_key policy_keys[] = {
	{ "file", take_file, "/etc/vhost-xdp/my.bpf.o" }, { "id", take_id, "9" }, {}
};

static void parse_policy(struct vx_conf_parser *p, const struct vx_stmt *stmt)
{
	const struct vx_word *name = name_of(p, stmt, 1, "policy my_acl file /etc/vhost-xdp/my_acl.bpf.o");
	struct vx_pos seen[VX_CONF_KEYS_MAX] = {};
	struct vx_conf_policy *policy;
	__u32 number;

	vx_conf_no_block(p, stmt);
	if (!name)
		return;
	if (vx_check_name(name->text, VX_POLICY_NAME_MAX) || !strcmp(name->text, "none") ||
	    vx_parse_u32(name->text, 0, ~0u, &number) != -EINVAL) {
		vx_conf_error(p->errors, name->pos, "'%s' is no name for a policy; use up to %d letters, digits, '_' and '-', not a number",
			      name->text, VX_POLICY_NAME_MAX);
		return;
	}
	policy = vx_conf_policy(p->conf, name->text);
	if (policy) {
		vx_conf_error(p->errors, name->pos, "policy %s is in line %d already; remove one of them", name->text, policy->pos.line);
		return;
	}
	if (p->conf->policies == VX_POLICY_SLOTS - 1) {
		vx_conf_error(p->errors, name->pos, "there are more than %d policies, the most that fit", VX_POLICY_SLOTS - 1);
		return;
	}
	policy = vx_conf_add_policy(p->conf, name->text);
	policy->pos = stmt->word[0].pos;
	vx_conf_pairs(p, stmt, 2, policy_keys, seen, policy, "for a policy");
}

static void parse_set(struct vx_conf_parser *p, const struct vx_stmt *stmt, int words, int feature)
{
	const char *what = vx_features[feature].name;
	const struct vx_word *name = name_of(p, stmt, words, "web { ... }");
	struct vx_conf_raw raw = {};
	struct vx_conf_set *set;

	if (!name)
		return;
	if (vx_check_name(name->text, VX_CONF_NAME_MAX)) {
		vx_conf_error(p->errors, name->pos, "'%s' is no name for a %s; use up to %d letters, digits, '_' and '-'", name->text, what,
			      VX_CONF_NAME_MAX);
		return;
	}
	set = vx_conf_set(p->conf, feature, name->text);
	if (set) {
		vx_conf_error(p->errors, name->pos, "%s %s is in line %d already; put both into one block", what, name->text, set->pos.line);
		return;
	}
	if (p->conf->sets == VX_CONF_SETS_MAX) {
		vx_conf_error(p->errors, name->pos, "there are more than %d of these", VX_CONF_SETS_MAX);
		return;
	}
	set = vx_conf_add_set(p->conf, feature, name->text);
	set->pos = stmt->word[0].pos;
	vx_conf_raw_add(p, &raw, stmt, words + 1);
	vx_conf_raw_take(p, &raw, feature, &set->lines);
}

/* Index of the set's feature that begins with the statement's first words, or -ENOENT. */
static int find_set(const struct vx_stmt *stmt, int *words)
{
	size_t len = strlen(stmt->word[0].text);
	const char *name;
	int i;

	for (i = 0; i < vx_features_n; i++) {
		name = vx_features[i].name;
		if (vx_features[i].scope != VX_SCOPE_SET || strncmp(name, stmt->word[0].text, len))
			continue;
		*words = 1 + (name[len] == ' ');
		if (!name[len] || (name[len] == ' ' && stmt->n > 1 && !strcmp(name + len + 1, stmt->word[1].text)))
			return i;
	}
	return -ENOENT;
}

static void parse_statement(struct vx_conf_parser *p, const struct vx_stmt *stmt)
{
	const char *names[VX_FEATURES_MAX + 4] = { "uplink", "policy", "port" };
	const char *word = stmt->word[0].text;
	int i, words = 1, n = 3;

	if (!strcmp(word, "uplink")) {
		parse_uplink(p, stmt);
	} else if (!strcmp(word, "policy")) {
		parse_policy(p, stmt);
	} else if (!strcmp(word, "port")) {
		vx_conf_parse_port(p, stmt);
	} else if ((i = find_set(stmt, &words)) >= 0) {
		parse_set(p, stmt, words, i);
	} else if (vx_feature_find(word) >= 0) {
		vx_conf_error(p->errors, stmt->word[0].pos, "'%s' belongs to a port; put it into that port's block: port NAME { ... }", word);
	} else {
		for (i = 0; i < vx_features_n; i++)
			if (vx_features[i].scope == VX_SCOPE_SET)
				names[n++] = vx_features[i].name;
		vx_conf_unknown(p, &stmt->word[0], names, "here");
	}
}

static bool same_place(const struct vx_conf_port *a, const struct vx_conf_port *b)
{
	static const __u8 missing[6];

	return memcmp(a->mac, missing, 6) && a->vlan == b->vlan && !memcmp(a->mac, b->mac, 6) && !strcmp(a->uplink, b->uplink);
}

/* What only the whole file tells of a port. */
static void judge_port(struct vx_conf_parser *p, int n)
{
	const struct vx_conf_port *port = &p->conf->port[n];
	char mac[VX_MAC_TEXT];
	int i;

	if (*port->uplink && !vx_conf_uplink(p->conf, port->uplink))
		vx_conf_error(p->errors, port->pos, "%s, the uplink of port %s, is not in this file; add: uplink %s", port->uplink, port->name,
			      port->uplink);
	for (i = 0; i < n; i++)
		if (*port->uplink && same_place(port, &p->conf->port[i])) {
			vx_format_mac(port->mac, mac);
			vx_conf_error(p->errors, port->pos, "port %s has MAC %s of port %s, in line %d, on the same VLAN; give it another one",
				      port->name, mac, p->conf->port[i].name, p->conf->port[i].pos.line);
			break;
		}
}

static void judge_ref(struct vx_conf_parser *p, const struct vx_conf_ref *ref)
{
	if (ref->feature < 0 ? !!vx_conf_port(p->conf, ref->name) : !!vx_conf_set(p->conf, ref->feature, ref->name))
		return;
	vx_conf_error(p->errors, ref->pos, "there is no %s %s in this file; add: %s %s { ... }",
		      ref->feature < 0 ? "port" : vx_features[ref->feature].name, ref->name,
		      ref->feature < 0 ? "port" : vx_features[ref->feature].name, ref->name);
}

void vx_conf_parse(const char *text, size_t len, struct vx_conf *conf, struct vx_conf_errors *errors)
{
	struct vx_conf_tree *tree = vx_conf_tree_parse(text, len, errors);
	struct vx_conf_parser p = { .conf = conf, .errors = errors };
	const struct vx_stmt *stmt;
	int i;

	for (stmt = vx_conf_tree_first(tree); stmt; stmt = stmt->next)
		parse_statement(&p, stmt);
	for (i = 0; i < conf->ports; i++)
		judge_port(&p, i);
	vx_conf_index(conf);
	for (i = 0; i < p.refs; i++)
		judge_ref(&p, &p.ref[i]);
	free(p.ref);
	vx_conf_tree_free(tree);
}
