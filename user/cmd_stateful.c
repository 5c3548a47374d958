// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <jansson.h>

#include "args.h"
#include "cmd.h"
#include "output.h"
#include "pins.h"
#include "policy.h"
#include "port.h"
#include "say.h"
#include "stateful.h"

#define FLOWS_SHOWN	10000u	/* unless more are asked for */

struct request {
	const char *port;
	const struct vx_stateful_port *conf;	/* NULL: the defaults */
};

static int replace_locked(void *arg)
{
	const struct request *req = arg;
	struct vx_port port;
	int err = vx_policy_port(req->port, &port);

	return err ? err : vx_stateful_replace(port.id, req->conf);
}

static int set(int argc, char **argv)
{
	struct vx_stateful_port conf = {};
	struct request req = { .conf = &conf };
	char why[VX_WHY];

	if (argc < 2)
		return vx_usage("'stateful set' needs a port and what to set: vhost-xdp stateful set PORT mode guest open tcp dport 22");
	req.port = argv[0];
	if (vx_stateful_parse(argc - 1, argv + 1, &conf, why))
		return vx_usage("%s", why);
	return vx_locked(replace_locked, &req);
}

static int del(int argc, char **argv)
{
	struct request req = {};

	if (argc != 1)
		return vx_usage("'stateful del' needs one port");
	req.port = argv[0];
	return vx_locked(replace_locked, &req);
}

static json_t *conf_json(const char *port, const struct vx_stateful_port *conf)
{
	json_t *times = json_object(), *open = json_array();
	char proto[8];
	__u32 i;

	for (i = 0; i < VX_STATEFUL_N_TIMEOUTS; i++)
		json_object_set_new(times, vx_stateful_timeout_name(i), json_real(vx_stateful_timeout_ms(conf, i) / 1000.0));
	for (i = 0; i < conf->n_open && i < VX_STATEFUL_OPEN_MAX; i++) {
		vx_stateful_proto_text(conf->open[i].proto, proto, sizeof(proto));
		json_array_append_new(open, json_pack("{s:s, s:i, s:i}", "protocol", proto, "first", conf->open[i].first, "last",
						      conf->open[i].last));
	}
	return json_pack("{s:s, s:s, s:i, s:o, s:o}", "port", port, "mode", vx_stateful_mode_name(conf->mode), "limit",
			 conf->limit ? conf->limit : VX_STATEFUL_LIMIT, "timeouts", times, "open", open);
}

static void print_line(const char *words, void *arg)
{
	printf("%s %s\n", (const char *)arg, words);
}

struct listing {
	json_t *all;	/* or NULL */
	bool defaults;	/* also of a port that has no more */
};

static int show_port(const struct vx_port *port, void *arg)
{
	struct vx_stateful_port conf;
	struct listing *l = arg;
	int err = vx_stateful_get(port->id, &conf);

	if (err && err != -ENOENT)
		return err;
	if (err && !l->defaults)
		return 0;
	if (l->all)
		json_array_append_new(l->all, conf_json(port->cfg.name, &conf));
	else if (conf.mode == VX_STATEFUL_GUEST)
		print_line("mode guest", (char *)port->cfg.name);
	if (!l->all)
		vx_stateful_lines(&conf, print_line, (char *)port->cfg.name);
	return 0;
}

static int show(int argc, char **argv)
{
	struct listing l = { .all = vx_json ? json_array() : NULL, .defaults = argc };
	int err;

	if (argc > 1)
		return vx_usage("'stateful show' takes one port, or none for all");
	err = vx_policy_ports(argc ? argv[0] : NULL, show_port, &l);
	if (err) {
		json_decref(l.all);
		return err;
	}
	return vx_json ? vx_print_json(l.all) : 0;
}

/* --- flows --- */

struct flows {
	json_t *all;		/* or NULL */
	char port[VX_PORTS_MAX][VX_NAME_LEN];
	__u32 one;		/* port whose flows are shown; 0: those of all */
	__u32 shown, most;
};

static const char *flow_state(const struct vx_flow *f)
{
	static const char *const names[] = {
#define X(name, n, text) [n] = text,
		VX_FLOW_STATES(X)
#undef X
	};

	return f->state <= VX_FLOW_CLOSED ? names[f->state] : "?";
}

static void end_text(const struct vx_flow *f, const __u32 *addr, __u16 port, char *text, size_t len)
{
	char ip[INET6_ADDRSTRLEN];
	bool v6 = f->key.kind & 1;

	inet_ntop(v6 ? AF_INET6 : AF_INET, addr, ip, sizeof(ip));
	if (f->key.kind >> 1 == VX_FLOW_FRAGMENTS || f->key.proto == IPPROTO_ICMP || f->key.proto == IPPROTO_ICMPV6)
		snprintf(text, len, "%s", ip);
	else
		snprintf(text, len, v6 ? "[%s]:%u" : "%s:%u", ip, port);
}

/* What is no plain flow, and the identifier of an ICMP one. */
static void note_text(const struct vx_flow *f, char *text, size_t len)
{
	*text = '\0';
	if (f->key.kind >> 1 == VX_FLOW_DHCP)
		snprintf(text, len, " dhcp");
	else if (f->key.kind >> 1 == VX_FLOW_FRAGMENTS)
		snprintf(text, len, " fragments");
	else if (f->key.proto == IPPROTO_ICMP || f->key.proto == IPPROTO_ICMPV6)
		snprintf(text, len, " id %u", f->key.guest_port);
}

static int show_flow(__u32 port, const struct vx_flow *f, __u64 now, void *arg)
{
	char guest[64], peer[64], proto[8], note[16];
	__u64 left = (f->expires - now) / 1000000;
	struct flows *flows = arg;

	if (port >= VX_PORTS_MAX || !*flows->port[port])
		return 0;
	if (flows->shown == flows->most)
		return 1;
	flows->shown++;
	end_text(f, f->key.guest, f->key.guest_port, guest, sizeof(guest));
	end_text(f, f->key.peer, f->key.peer_port, peer, sizeof(peer));
	vx_stateful_proto_text(f->key.proto, proto, sizeof(proto));
	note_text(f, note, sizeof(note));
	if (flows->all) {
		json_array_append_new(flows->all,
				      json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:f, s:I, s:I, s:i}", "port", flows->port[port], "protocol",
						proto, "guest", guest, "peer", peer, "state", flow_state(f), "opened",
						vx_direction_name(f->opener), "note", *note ? note + 1 : "", "expires", left / 1000.0,
						"packets_to_guest", (json_int_t)f->packets[VX_TO_GUEST], "packets_from_guest",
						(json_int_t)f->packets[VX_FROM_GUEST], "vlan", f->key.vlan));
		return 0;
	}
	printf("%s %s %s %s %s%s %s expires %llu.%llus to-guest %u from-guest %u\n", flows->port[port], proto,
	       f->opener == VX_FROM_GUEST ? guest : peer, "to", f->opener == VX_FROM_GUEST ? peer : guest, note, flow_state(f), left / 1000,
	       left % 1000 / 100, f->packets[VX_TO_GUEST], f->packets[VX_FROM_GUEST]);
	return 0;
}

static int learn_name(const struct vx_port *port, void *arg)
{
	struct flows *flows = arg;

	snprintf(flows->port[port->id], VX_NAME_LEN, "%s", port->cfg.name);
	flows->one = port->id;
	return 0;
}

static int flows(int argc, char **argv)
{
	static struct flows f = { .most = FLOWS_SHOWN };
	const struct vx_arg table[] = { { "count", .number = &f.most, .min = 1, .max = 10000000 }, {} };
	int named = argc & 1, err = vx_args(table, argc - named, argv + named);

	if (!err)
		err = vx_policy_ports(named ? argv[0] : NULL, learn_name, &f);
	if (err)
		return err;
	f.all = vx_json ? json_array() : NULL;
	err = vx_stateful_each_flow(named ? f.one : 0, show_flow, &f);
	if (err < 0) {
		json_decref(f.all);
		return err;
	}
	if (vx_json)
		return vx_print_json(json_pack("{s:o, s:b}", "flows", f.all, "more", err > 0));
	if (err > 0)
		vx_warn("there are more flows; see them with: vhost-xdp stateful flows count N");
	return 0;
}

static int flush_locked(void *arg)
{
	struct vx_port port;
	int err = vx_policy_port(arg, &port);

	if (err)
		return err;
	err = vx_stateful_flush(port.id);
	return err ? vx_fail(err, "cannot forget the flows of %s: %s", port.cfg.name, strerror(-err)) : 0;
}

static int flush(int argc, char **argv)
{
	if (argc != 1)
		return vx_usage("'stateful flush' needs one port");
	return vx_locked(flush_locked, argv[0]);
}

static const struct vx_verb verbs[] = {
	{ "set", set },
	{ "show", show },
	{ "del", del },
	{ "flows", flows },
	{ "flush", flush },
	{},
};

static int run(int argc, char **argv)
{
	return vx_verbs("stateful", verbs, "show", argc, argv);
}

const struct vx_cmd vx_cmd_stateful = {
	.object = "stateful",
	.usage = "stateful set PORT [mode guest|both|none|track] [limit FLOWS] [timeout NAME TIME [NAME TIME...]]\n"
		 "\t[open PROTOCOL [dport PORT[-PORT][,...]]]...\n"
		 "stateful show [PORT]\n"
		 "stateful del PORT\n"
		 "stateful flows [PORT] [count N]\n"
		 "stateful flush PORT\n",
	.help = "Who may open connections, and those that there are, for the policy stateful.",
	.run = run,
};
