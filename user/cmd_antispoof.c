// SPDX-License-Identifier: GPL-2.0-or-later
/* policy antispoof */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <jansson.h>

#include "acl.h"
#include "antispoof_impl.h"
#include "args.h"
#include "cmd.h"
#include "output.h"
#include "pins.h"
#include "port.h"
#include "say.h"
#include "words.h"

enum verb { ADD, DEL, ALLOW, DENY, LIST, CLEAR };

static const char *const verbs[] = { [ADD] = "add", [DEL] = "del", [ALLOW] = "allow", [DENY] = "deny", [LIST] = "list",
	[CLEAR] = "clear", NULL };

struct request {
	const char *port;
	const char *word;
	enum verb verb;
};

static int change_prefix(struct vx_antispoof_port *conf, const struct request *req)
{
	__u8 addr[16];
	__u32 len;
	int family = vx_parse_prefix(req->word, addr, &len);

	if (family < 0)
		return vx_usage("'%s' is not an address; write ADDRESS[/PREFIX]", req->word);
	if (req->verb == DEL && vx_antispoof_del(conf, family, addr, len))
		return vx_fail(-ENOENT, "%s has no address %s; see 'vhost-xdp policy antispoof %s list'", req->port, req->word, req->port);
	if (req->verb == ADD && vx_antispoof_add(conf, family, addr, len))
		return vx_fail(-ENOSPC, "%s has %d prefixes of that family already, the most that fit; use shorter ones", req->port,
			       VX_ANTISPOOF_PREFIXES);
	return 0;
}

static int change_right(struct vx_antispoof_port *conf, const struct request *req)
{
	char *words[] = { (char *)verbs[req->verb], (char *)req->word }, why[VX_WHY];

	return vx_antispoof_parse(2, words, conf, why) ? vx_usage("%s", why) : 0;
}

/* What goes without saying is said here, too; that any address may be used is seen from there being none. */
static bool is_listed(const struct vx_antispoof_port *conf, int right)
{
	return vx_rights[right].flag != VX_ANTISPOOF_NO_IP && !(conf->flags & vx_rights[right].flag) == vx_rights[right].inverted;
}

static void print_line(const char *words, void *arg)
{
	puts(words);
}

static void list_text(const struct vx_antispoof_port *conf)
{
	int i;

	vx_antispoof_addresses(conf, print_line, NULL);
	for (i = 0; vx_rights[i].name; i++)
		if (is_listed(conf, i))
			printf("allow %s\n", vx_rights[i].name);
	if (conf->flags & VX_ANTISPOOF_NO_IP)
		puts("deny any-ip");
}

static void add_json(const char *words, void *arg)
{
	json_array_append_new(arg, json_string(words));
}

static int list_json(const struct vx_antispoof_port *conf)
{
	json_t *prefixes = json_array(), *allowed = json_array();
	int i;

	vx_antispoof_addresses(conf, add_json, prefixes);
	for (i = 0; vx_rights[i].name; i++)
		if (is_listed(conf, i))
			json_array_append_new(allowed, json_string(vx_rights[i].name));
	if (!conf->n4 && !conf->n6 && !(conf->flags & VX_ANTISPOOF_NO_IP))
		json_array_append_new(allowed, json_string("any-ip"));
	return vx_print_json(json_pack("{s:o, s:o}", "prefixes", prefixes, "allow", allowed));
}

static int list(const struct vx_port *port, void *arg)
{
	struct vx_antispoof_port conf;
	int err = vx_antispoof_get(port->id, &conf);

	if (err && err != -ENOENT)
		return err;
	if (vx_json)
		return list_json(&conf);
	list_text(&conf);
	return 0;
}

static int run_locked(void *arg)
{
	const struct request *req = arg;
	struct vx_antispoof_port conf;
	struct vx_port port;
	int err;

	err = vx_policy_port(req->port, &port);
	if (err)
		return err;
	if (req->verb == CLEAR) {
		err = vx_antispoof_replace(port.id, NULL);
		return err ? err : vx_acl_port_changed(req->port);
	}
	err = vx_antispoof_get(port.id, &conf);
	if (err && err != -ENOENT)
		return err;
	err = req->verb == ADD || req->verb == DEL ? change_prefix(&conf, req) : change_right(&conf, req);
	if (!err)
		err = vx_antispoof_replace(port.id, &conf);
	/* Groups may stand for its addresses. */
	return err ? err : vx_acl_port_changed(req->port);
}

int vx_antispoof_run(int argc, char **argv)
{
	struct request req = {};
	int verb;

	if (argc < 2)
		return vx_usage("'policy antispoof' needs a port and a command: vhost-xdp policy antispoof PORT add "
				"ADDRESS[/PREFIX]");
	verb = vx_word_find(verbs, sizeof(verbs[0]), argv[1]);
	if (verb < 0)
		return vx_usage("there is no command 'policy antispoof PORT %s'; see 'vhost-xdp help policy'", argv[1]);
	if (argc != (verb == LIST || verb == CLEAR ? 2 : 3))
		return vx_usage("'policy antispoof PORT %s' has too %s words; see 'vhost-xdp help policy'", verbs[verb],
				argc > 2 ? "many" : "few");
	req.port = argv[0];
	req.verb = verb;
	req.word = argc > 2 ? argv[2] : NULL;
	return verb == LIST ? vx_policy_ports(req.port, list, NULL) : vx_locked(run_locked, &req);
}
