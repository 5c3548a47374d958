// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <jansson.h>
#include <linux/types.h>
#include <vhost_xdp/antispoof.h>

#include "acl.h"
#include "antispoof.h"
#include "args.h"
#include "cmd.h"
#include "output.h"
#include "pins.h"
#include "policy.h"
#include "port.h"
#include "say.h"
#include "words.h"

struct rights {
	const char *name;
	__u32 flag;
	bool inverted;	/* the flag takes the right away */
};

static const struct rights rights[] = {
	{ "dhcp-server", VX_ANTISPOOF_DHCP_SERVER, false },
	{ "router", VX_ANTISPOOF_ROUTER, false },
	{ "other-l2", VX_ANTISPOOF_OTHER_L2, false },
	{ "any-ll", VX_ANTISPOOF_STRICT_LL, true },
	{},
};

enum verb { ADD, DEL, ALLOW, DENY, LIST, CLEAR };

static const char *const verbs[] = { [ADD] = "add", [DEL] = "del", [ALLOW] = "allow", [DENY] = "deny", [LIST] = "list",
	[CLEAR] = "clear", NULL };

struct request {
	const char *port;
	const char *word;
	enum verb verb;
};

static int prefix_find(const struct vx_antispoof_port *conf, int family, const __u8 *addr, __u32 len)
{
	int i;

	if (family == AF_INET) {
		for (i = 0; i < conf->n4 && i < VX_ANTISPOOF_PREFIXES; i++)
			if (conf->ip4[i].len == len && !memcmp(conf->ip4[i].addr, addr, 4))
				return i;
	} else {
		for (i = 0; i < conf->n6 && i < VX_ANTISPOOF_PREFIXES; i++)
			if (conf->ip6[i].len == len && !memcmp(conf->ip6[i].addr, addr, 16))
				return i;
	}
	return -ENOENT;
}

static int prefix_add(struct vx_antispoof_port *conf, int family, const __u8 *addr, __u32 len)
{
	if ((family == AF_INET ? conf->n4 : conf->n6) >= VX_ANTISPOOF_PREFIXES)
		return -ENOSPC;
	if (family == AF_INET) {
		memcpy(conf->ip4[conf->n4].addr, addr, 4);
		conf->ip4[conf->n4++].len = len;
	} else {
		memcpy(conf->ip6[conf->n6].addr, addr, 16);
		conf->ip6[conf->n6++].len = len;
	}
	return 0;
}

/* The last entry takes the place of the one that goes. */
static void prefix_del(struct vx_antispoof_port *conf, int family, int i)
{
	if (family == AF_INET) {
		conf->ip4[i] = conf->ip4[--conf->n4];
		memset(&conf->ip4[conf->n4], 0, sizeof(conf->ip4[0]));
	} else {
		conf->ip6[i] = conf->ip6[--conf->n6];
		memset(&conf->ip6[conf->n6], 0, sizeof(conf->ip6[0]));
	}
}

static int change_prefix(struct vx_antispoof_port *conf, const struct request *req)
{
	__u8 addr[16];
	__u32 len;
	int family = vx_parse_prefix(req->word, addr, &len), i;

	if (family < 0)
		return vx_usage("'%s' is not an address; write ADDRESS[/PREFIX]", req->word);
	i = prefix_find(conf, family, addr, len);
	if (req->verb == ADD && i < 0 && prefix_add(conf, family, addr, len))
		return vx_fail(-ENOSPC, "%s has %d prefixes of that family already, the most that fit; use shorter ones",
			       req->port, VX_ANTISPOOF_PREFIXES);
	if (req->verb == ADD)
		return 0;
	if (i < 0)
		return vx_fail(-ENOENT, "%s has no address %s; see 'vhost-xdp policy antispoof %s list'", req->port,
			       req->word, req->port);
	prefix_del(conf, family, i);
	return 0;
}

static int change_right(struct vx_antispoof_port *conf, const struct request *req)
{
	int i = vx_word_find(rights, sizeof(rights[0]), req->word);

	if (i < 0)
		return vx_usage("the right '%s' is not known; use dhcp-server, router, other-l2 or any-ll", req->word);
	if ((req->verb == ALLOW) != rights[i].inverted)
		conf->flags |= rights[i].flag;
	else
		conf->flags &= ~rights[i].flag;
	return 0;
}

static void list_text(const struct vx_antispoof_port *conf)
{
	char text[INET6_ADDRSTRLEN];
	int i;

	for (i = 0; i < conf->n4 && i < VX_ANTISPOOF_PREFIXES; i++)
		printf("%s/%u\n", inet_ntop(AF_INET, conf->ip4[i].addr, text, sizeof(text)), conf->ip4[i].len);
	for (i = 0; i < conf->n6 && i < VX_ANTISPOOF_PREFIXES; i++)
		printf("%s/%u\n", inet_ntop(AF_INET6, conf->ip6[i].addr, text, sizeof(text)), conf->ip6[i].len);
	for (i = 0; rights[i].name; i++)
		if (!(conf->flags & rights[i].flag) == rights[i].inverted)
			printf("allow %s\n", rights[i].name);
}

static int list_json(const struct vx_antispoof_port *conf)
{
	json_t *prefixes = json_array(), *allowed = json_array();
	char text[INET6_ADDRSTRLEN];
	int i;

	for (i = 0; i < conf->n4 && i < VX_ANTISPOOF_PREFIXES; i++)
		json_array_append_new(prefixes,
				      json_sprintf("%s/%u", inet_ntop(AF_INET, conf->ip4[i].addr, text, sizeof(text)),
						   conf->ip4[i].len));
	for (i = 0; i < conf->n6 && i < VX_ANTISPOOF_PREFIXES; i++)
		json_array_append_new(prefixes,
				      json_sprintf("%s/%u", inet_ntop(AF_INET6, conf->ip6[i].addr, text, sizeof(text)),
						   conf->ip6[i].len));
	for (i = 0; rights[i].name; i++)
		if (!(conf->flags & rights[i].flag) == rights[i].inverted)
			json_array_append_new(allowed, json_string(rights[i].name));
	return vx_print_json(json_pack("{s:o, s:o}", "prefixes", prefixes, "allow", allowed));
}

/* One update replaces the whole configuration: no frame meets half of it. */
static int change(int fd, __u32 port, const struct request *req)
{
	struct vx_antispoof_port conf = {};
	int err = 0;

	bpf_map_lookup_elem(fd, &port, &conf);
	switch (req->verb) {
	case ADD:
	case DEL:
		err = change_prefix(&conf, req);
		break;
	case ALLOW:
	case DENY:
		err = change_right(&conf, req);
		break;
	case LIST:
		if (vx_json)
			return list_json(&conf);
		list_text(&conf);
		return 0;
	case CLEAR:
		memset(&conf, 0, sizeof(conf));
		break;
	}
	if (err)
		return err;
	/* Without an entry any IP address is the guest's to use: deleting the last prefix must not open that again. */
	if (req->verb == CLEAR)
		err = bpf_map_delete_elem(fd, &port) && errno != ENOENT ? -errno : 0;
	else
		err = bpf_map_update_elem(fd, &port, &conf, BPF_ANY) ? -errno : 0;
	if (err)
		return vx_fail(err, "cannot change the antispoof rules of %s: %s", req->port, strerror(-err));
	return vx_acl_port_changed(req->port);
}

static int run_locked(void *arg)
{
	const struct request *req = arg;
	struct vx_port port;
	int fd, err;

	if (vx_port_find(req->port, &port))
		return vx_fail(-ENOENT, "there is no port %s; see 'vhost-xdp port list'", req->port);
	fd = vx_pin_open("policies/antispoof/antispoof_ports");
	if (fd == -ENOENT) {
		err = vx_policy_load_builtin("antispoof");
		if (err)
			return err;
		fd = vx_pin_open("policies/antispoof/antispoof_ports");
	}
	if (fd < 0)
		return vx_fail(fd, "the policy named antispoof has no map antispoof_ports: %s", strerror(-fd));
	err = change(fd, port.id, req);
	close(fd);
	return err;
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
	return vx_locked(run_locked, &req);
}
