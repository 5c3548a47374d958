// SPDX-License-Identifier: GPL-2.0-or-later
/* A port of the configuration file: the words of "port add", and what its policies are configured with. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conf_parse.h"
#include "port.h"

static void take_mac(struct vx_conf_parser *p, void *object, const struct vx_word *value)
{
	int err = vx_parse_mac(value->text, ((struct vx_conf_port *)object)->mac);

	if (err == -EADDRNOTAVAIL)
		vx_conf_error(p->errors, value->pos, "MAC %s is zero or a group address; a guest needs one of its own", value->text);
	else if (err)
		vx_conf_error(p->errors, value->pos, "'%.100s' is not a MAC address; write six bytes like 52:54:00:00:00:01", value->text);
}

static void take_uplink(struct vx_conf_parser *p, void *object, const struct vx_word *value)
{
	struct vx_conf_port *port = object;

	/* Whether there is one of that name is judged once the whole file was read; a longer one there is not. */
	if (!*value->text || strlen(value->text) >= sizeof(port->uplink))
		vx_conf_error(p->errors, value->pos, "'%.100s' is no name of a netdev; see 'ip link'", value->text);
	else
		strcpy(port->uplink, value->text);
}

static void take_vlan(struct vx_conf_parser *p, void *object, const struct vx_word *value)
{
	vx_conf_number(p, value, "vlan", 0, 4094, &((struct vx_conf_port *)object)->vlan);
}

static void take_queues(struct vx_conf_parser *p, void *object, const struct vx_word *value)
{
	vx_conf_number(p, value, "queues", 1, VX_QUEUE_PAIRS_MAX, &((struct vx_conf_port *)object)->queues);
}

static void take_mtu(struct vx_conf_parser *p, void *object, const struct vx_word *value)
{
	vx_conf_number(p, value, "mtu", VX_PORT_MTU_MIN, VX_PORT_MTU_MAX, &((struct vx_conf_port *)object)->mtu);
}

static void take_flood(struct vx_conf_parser *p, void *object, const struct vx_word *value)
{
	vx_conf_number(p, value, "flood-pps", 0, 100000000, &((struct vx_conf_port *)object)->flood);
}

/* Is it the second of two words? One that is neither is an error. */
static bool second(struct vx_conf_parser *p, const struct vx_word *value, const char *a, const char *b, const char *where)
{
	const char *const names[] = { a, b, NULL };

	if (strcmp(value->text, a) && strcmp(value->text, b))
		vx_conf_unknown(p, value, names, where);
	return !strcmp(value->text, b);
}

static void take_host(struct vx_conf_parser *p, void *object, const struct vx_word *value)
{
	((struct vx_conf_port *)object)->host_allow = second(p, value, "deny", "allow", "for host");
}

static void take_engine(struct vx_conf_parser *p, void *object, const struct vx_word *value)
{
	((struct vx_conf_port *)object)->kernel = second(p, value, "user", "kernel", "as an engine");
}

static void take_chain(struct vx_conf_parser *p, struct vx_conf_port *port, int dir, const struct vx_word *value)
{
	char buf[VX_CHAIN_TEXT], *word[VX_CHAIN_MAX];
	int i, n = -E2BIG;

	port->chain_pos[dir] = value->pos;
	if (!strcmp(value->text, "none"))
		return;
	if (strlen(value->text) < sizeof(buf)) {
		strcpy(buf, value->text);
		n = vx_split(buf, word, VX_CHAIN_MAX);
	}
	if (n == -E2BIG)
		vx_conf_error(p->errors, value->pos, "the chain '%.60s...' is too long; at most %d policies", value->text, VX_CHAIN_MAX);
	else if (n < 0)
		vx_conf_error(p->errors, value->pos, "the chain '%.100s' is not valid; write NAME[,NAME...] or none, without blanks",
			      value->text);
	for (i = 0; i < n; i++)
		if (vx_check_name(word[i], VX_POLICY_NAME_MAX) || !strcmp(word[i], "none")) {
			vx_conf_error(p->errors, (struct vx_pos){ value->pos.line, value->pos.column + (int)(word[i] - buf) },
				      "'%.60s' is no policy; name one as 'vhost-xdp policy list' does", word[i]);
			return;
		}
	if (n > 0)
		strcpy(port->chain[dir], value->text);
}

static void take_to_guest(struct vx_conf_parser *p, void *object, const struct vx_word *value)
{
	take_chain(p, object, VX_TO_GUEST, value);
}

static void take_from_guest(struct vx_conf_parser *p, void *object, const struct vx_word *value)
{
	take_chain(p, object, VX_FROM_GUEST, value);
}

static const struct vx_conf_key keys[] = {
	{ "mac", take_mac, "52:54:00:00:00:01" },
	{ "uplink", take_uplink, "eth0" },
	{ "vlan", take_vlan, "10" },
	{ "mtu", take_mtu, "1500" },
	{ "queues", take_queues, "2" },
	{ "engine", take_engine, "kernel" },
	{ "host", take_host, "allow" },
	{ "flood-pps", take_flood, "1000" },
	{ "to-guest", take_to_guest, "antispoof,acl" },
	{ "from-guest", take_from_guest, "antispoof,acl" },
	{},
};

enum { KEY_MAC, KEY_UPLINK };

struct port_block {
	struct vx_conf_parser *p;
	struct vx_conf_port *port;
	struct vx_pos seen[VX_CONF_KEYS_MAX];
	struct vx_conf_raw raw[VX_FEATURES_MAX][VX_DIRECTIONS];
};

static void parse_feature(struct port_block *b, const struct vx_stmt *stmt, int feature)
{
	static const char *const directions[] = { "to-guest", "from-guest", NULL };
	struct vx_conf_errors *errors = b->p->errors;
	const char *name = vx_features[feature].name;
	int dir = 0, first = 1;

	if (vx_features[feature].scope == VX_SCOPE_SET) {
		vx_conf_error(errors, stmt->word[0].pos, "'%s' does not belong to a port; put it outside of the block", name);
		return;
	}
	if (vx_features[feature].scope == VX_SCOPE_DIRECTION) {
		if (stmt->n < 2) {
			vx_conf_error(errors, stmt->word[0].pos, "'%s' needs a direction: %s to-guest ..., or %s from-guest ...", name, name,
				      name);
			return;
		}
		for (; directions[dir] && strcmp(directions[dir], stmt->word[1].text); dir++)
			;
		if (!directions[dir]) {
			vx_conf_unknown(b->p, &stmt->word[1], directions, "as a direction");
			return;
		}
		first = 2;
	}
	vx_conf_raw_add(b->p, &b->raw[feature][dir], stmt, first);
}

static void parse_line(struct port_block *b, const struct vx_stmt *stmt)
{
	const char *names[VX_CONF_KEYS_MAX + VX_FEATURES_MAX + 1] = {};
	int i, n, feature = vx_feature_find(stmt->word[0].text);

	if (feature >= 0) {
		parse_feature(b, stmt, feature);
		return;
	}
	for (n = 0; keys[n].name && strcmp(keys[n].name, stmt->word[0].text); n++)
		names[n] = keys[n].name;
	if (!keys[n].name) {
		for (i = 0; i < vx_features_n; i++)
			if (vx_features[i].scope != VX_SCOPE_SET)
				names[n++] = vx_features[i].name;
		vx_conf_unknown(b->p, &stmt->word[0], names, "in a port");
		return;
	}
	vx_conf_no_block(b->p, stmt);
	vx_conf_pairs(b->p, stmt, 0, keys, b->seen, b->port, "in a port");
}

static struct vx_conf_port *add(struct vx_conf_parser *p, const struct vx_stmt *stmt)
{
	const struct vx_word *name = &stmt->word[1];
	const struct vx_conf_port *old;
	struct vx_conf_port *port;

	if (stmt->n < 2) {
		vx_conf_error(p->errors, stmt->word[0].pos, "'port' needs a name: port vm1 { ... }");
		return NULL;
	}
	if (vx_check_name(name->text, VX_PORT_NAME_MAX)) {
		vx_conf_error(p->errors, name->pos, "'%.100s' is no name for a port; use up to %d letters, digits, '_' and '-'", name->text,
			      VX_PORT_NAME_MAX);
		return NULL;
	}
	old = vx_conf_port(p->conf, name->text);
	if (old) {
		vx_conf_error(p->errors, name->pos, "port %s is in line %d already; put both into one block", name->text, old->pos.line);
		return NULL;
	}
	if (p->conf->ports == VX_PORTS_MAX - 1) {
		vx_conf_error(p->errors, name->pos, "there are more than %d ports, the most that fit", VX_PORTS_MAX - 1);
		return NULL;
	}
	port = vx_conf_add_port(p->conf, name->text);
	port->pos = stmt->word[0].pos;
	port->queues = 1;
	return port;
}

void vx_conf_parse_port(struct vx_conf_parser *p, const struct vx_stmt *stmt)
{
	struct port_block b = { .p = p, .port = add(p, stmt) };
	const struct vx_stmt *line;
	int f, dir;

	if (!b.port)
		return;
	vx_conf_pairs(p, stmt, 2, keys, b.seen, b.port, "in a port");
	for (line = stmt->block; line; line = line->next)
		parse_line(&b, line);
	for (f = 0; f < vx_features_n; f++)
		for (dir = 0; dir < VX_DIRECTIONS; dir++)
			vx_conf_raw_take(p, &b.raw[f][dir], f, &b.port->feature[f][dir]);
	if (!b.seen[KEY_MAC].line)
		vx_conf_error(p->errors, b.port->pos, "port %s needs the guest's MAC: mac 52:54:00:...", b.port->name);
	if (!b.seen[KEY_UPLINK].line)
		vx_conf_error(p->errors, b.port->pos, "port %s needs an uplink: uplink DEV", b.port->name);
}
