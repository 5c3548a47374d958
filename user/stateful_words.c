// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration of "stateful" from words and into words. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <netinet/in.h>

#include "rate_words.h"
#include "stateful.h"
#include "words.h"

enum { MODE, LIMIT, TIMEOUT, OPEN };

static const char *const keys[] = { [MODE] = "mode", [LIMIT] = "limit", [TIMEOUT] = "timeout", [OPEN] = "open", NULL };

static const char *const modes[] = {
#define X(name, n, text) [n] = text,
	VX_STATEFUL_MODES(X)
#undef X
	NULL
};

static const char *const timeouts[] = {
#define X(name, n, text, seconds) [n] = text,
	VX_STATEFUL_TIMEOUTS(X)
#undef X
	NULL
};

static const __u32 default_seconds[] = {
#define X(name, n, text, seconds) [n] = seconds,
	VX_STATEFUL_TIMEOUTS(X)
#undef X
};

struct proto {
	const char *name;
	__u8 number;
	bool ports;
};

static const struct proto protos[] = {
	{ "tcp", IPPROTO_TCP, true },	      { "udp", IPPROTO_UDP, true }, { "sctp", IPPROTO_SCTP, true },
	{ "dccp", IPPROTO_DCCP, true },	      { "icmp", IPPROTO_ICMP, false }, { "esp", IPPROTO_ESP, false },
	{ "udplite", IPPROTO_UDPLITE, true }, { "ah", IPPROTO_AH, false },     { "gre", IPPROTO_GRE, false },
	{},
};

/* What is left of a line. */
struct rest {
	int argc;
	char *const *argv;
};

static const char *next(struct rest *r)
{
	if (!r->argc)
		return NULL;
	r->argc--;
	return *r->argv++;
}

const char *vx_stateful_mode_name(__u32 mode)
{
	return modes[mode < VX_STATEFUL_N_MODES ? mode : VX_STATEFUL_NONE];
}

const char *vx_stateful_timeout_name(__u32 i)
{
	return timeouts[i];
}

__u32 vx_stateful_timeout_ms(const struct vx_stateful_port *conf, __u32 i)
{
	return conf->timeout_ms[i] ? conf->timeout_ms[i] : default_seconds[i] * 1000;
}

void vx_stateful_proto_text(__u8 proto, char *text, size_t len)
{
	const struct proto *p;

	snprintf(text, len, "%u", proto);
	if (proto == IPPROTO_ICMPV6)
		proto = IPPROTO_ICMP;
	for (p = protos; p->name; p++)
		if (p->number == proto)
			snprintf(text, len, "%s", p->name);
}

static int parse_mode(struct rest *r, struct vx_stateful_port *conf, char why[VX_WHY])
{
	const char *word = next(r);
	int i;

	if (!word)
		return vx_why(why, "'mode' needs a value: guest, both, none or track");
	i = vx_word_find(modes, sizeof(modes[0]), word);
	if (i < 0)
		return vx_why(why, "mode '%s' is not known; use guest, both, none or track", word);
	conf->mode = i;
	return 0;
}

static int parse_limit(struct rest *r, struct vx_stateful_port *conf, char why[VX_WHY])
{
	const char *word = next(r);

	if (!word)
		return vx_why(why, "'limit' needs a number of flows");
	if (vx_parse_u32(word, VX_STATEFUL_LIMIT_MIN, VX_STATEFUL_LIMIT_MAX, &conf->limit))
		return vx_why(why, "limit '%s' is not a number of flows from %u to %u", word, VX_STATEFUL_LIMIT_MIN, VX_STATEFUL_LIMIT_MAX);
	return 0;
}

/* Pairs of a name and a time, as long as there are names. */
static int parse_timeout(struct rest *r, struct vx_stateful_port *conf, char why[VX_WHY])
{
	int i, n;

	for (n = 0; r->argc; n++) {
		const char *name, *value;
		__u64 us;

		i = vx_word_find(timeouts, sizeof(timeouts[0]), r->argv[0]);
		if (i < 0)
			break;
		name = timeouts[i];
		next(r);
		value = next(r);
		if (!value)
			return vx_why(why, "timeout %s needs a time: 30s, or 2h", name);
		if (vx_parse_time(value, &us))
			return vx_why(why, "timeout %s '%s' is not a time; write 30s, or 2h", name, value);
		if (us < 1000 || us / 1000 > 0xffffffffu)
			return vx_why(why, "timeout %s %s is out of range; use 1ms to 1193h", name, value);
		conf->timeout_ms[i] = us / 1000;
	}
	if (!n)
		return vx_why(why, "timeout '%s' is not known; use tcp-syn, tcp, tcp-fin, udp, udp-stream, icmp or other",
			      r->argc ? r->argv[0] : "");
	return 0;
}

static int by_proto(const void *a, const void *b)
{
	const struct vx_stateful_open *x = a, *y = b;

	if (x->proto != y->proto)
		return x->proto < y->proto ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

/* In order, and what touches is one: the same services always are the same entries. */
static void tidy(struct vx_stateful_port *conf)
{
	struct vx_stateful_open *o = conf->open;
	__u32 i, n = 0;

	qsort(o, conf->n_open, sizeof(*o), by_proto);
	for (i = 0; i < conf->n_open; i++) {
		if (n && o[n - 1].proto == o[i].proto && o[i].first <= o[n - 1].last + 1u) {
			if (o[i].last > o[n - 1].last)
				o[n - 1].last = o[i].last;
			continue;
		}
		o[n++] = o[i];
	}
	memset(o + n, 0, (conf->n_open - n) * sizeof(*o));
	conf->n_open = n;
}

static int add_open(struct vx_stateful_port *conf, __u8 proto, __u32 first, __u32 last, char why[VX_WHY])
{
	if (conf->n_open == VX_STATEFUL_OPEN_MAX)
		return vx_why(why, "there are %d port ranges open already, the most that fit; use fewer and wider ones, or mode both with policy acl",
			      VX_STATEFUL_OPEN_MAX);
	conf->open[conf->n_open++] = (struct vx_stateful_open){ .proto = proto, .first = first, .last = last };
	tidy(conf);
	return 0;
}

static int parse_ports(const char *list, __u8 proto, struct vx_stateful_port *conf, char why[VX_WHY])
{
	char text[VX_CONF_LINE], *range[VX_STATEFUL_OPEN_MAX];
	__u32 first, last;
	int i, n, err;

	if (snprintf(text, sizeof(text), "%s", list) >= (int)sizeof(text))
		return vx_why(why, "the list of ports is too long; write several 'open'");
	n = vx_split(text, range, VX_STATEFUL_OPEN_MAX);
	if (n < 0)
		return vx_why(why, "dport '%s' is not a list of at most %d ports or ranges; write 22,80,8000-8080", list, VX_STATEFUL_OPEN_MAX);
	for (i = 0; i < n; i++) {
		char *dash = strchr(range[i], '-');

		if (dash)
			*dash = '\0';
		if (vx_parse_u32(range[i], 0, 65535, &first) || (dash && vx_parse_u32(dash + 1, 0, 65535, &last)) || (dash && last < first))
			return vx_why(why, "dport '%s' is not a list of ports from 0 to 65535; write 22,80,8000-8080", list);
		err = add_open(conf, proto, first, dash ? last : first, why);
		if (err)
			return err;
	}
	return 0;
}

static int parse_open(struct rest *r, struct vx_stateful_port *conf, char why[VX_WHY])
{
	const char *word = next(r), *list;
	bool ports = false;
	__u32 number;
	int i;

	if (!word)
		return vx_why(why, "'open' needs a protocol: tcp, udp, icmp, ...");
	i = vx_word_find(protos, sizeof(protos[0]), word);
	if (i >= 0) {
		number = protos[i].number;
		ports = protos[i].ports;
	} else if (vx_parse_u32(word, 1, 255, &number)) {
		return vx_why(why, "protocol '%s' is not known; use tcp, udp, sctp, dccp, udplite, icmp, esp, ah, gre, or a number", word);
	}
	if (!r->argc || strcmp(r->argv[0], "dport"))
		return add_open(conf, number, 0, 65535, why);
	next(r);
	list = next(r);
	if (!ports)
		return vx_why(why, "protocol %s has no ports", word);
	return list ? parse_ports(list, number, conf, why) : vx_why(why, "'dport' needs a list of ports: 22,80,8000-8080");
}

int vx_stateful_parse(int argc, char *const *argv, struct vx_stateful_port *conf, char why[VX_WHY])
{
	static int (*const parse[])(struct rest *r, struct vx_stateful_port *conf, char why[VX_WHY]) = {
		[MODE] = parse_mode, [LIMIT] = parse_limit, [TIMEOUT] = parse_timeout, [OPEN] = parse_open,
	};
	struct rest r = { argc, argv };
	const char *word;
	int i, err;

	while ((word = next(&r))) {
		i = vx_word_find(keys, sizeof(keys[0]), word);
		if (i < 0)
			return vx_why(why, "'%s' is not known here; use mode, limit, timeout or open", word);
		err = parse[i](&r, conf, why);
		if (err)
			return err;
	}
	return 0;
}

static void open_lines(const struct vx_stateful_port *conf, vx_conf_line *line, void *arg)
{
	const struct vx_stateful_open *o;
	char text[VX_CONF_LINE], proto[8];
	__u32 i, used = 0;

	for (i = 0; i < conf->n_open && i < VX_STATEFUL_OPEN_MAX; i++) {
		o = &conf->open[i];
		if (!used) {
			vx_stateful_proto_text(o->proto, proto, sizeof(proto));
			used = snprintf(text, sizeof(text), "open %s", proto);
			if (o->first || o->last != 65535)
				used += snprintf(text + used, sizeof(text) - used, " dport");
		}
		if (o->first || o->last != 65535) {
			used += snprintf(text + used, sizeof(text) - used, "%c%u", text[used - 1] == 't' ? ' ' : ',', o->first);
			if (o->last != o->first)
				used += snprintf(text + used, sizeof(text) - used, "-%u", o->last);
		}
		if (i + 1 < conf->n_open && i + 1 < VX_STATEFUL_OPEN_MAX && o[1].proto == o->proto && used < sizeof(text) - 16)
			continue;
		line(text, arg);
		used = 0;
	}
}

void vx_stateful_lines(const struct vx_stateful_port *conf, vx_conf_line *line, void *arg)
{
	char text[VX_CONF_LINE], time[VX_RATE_TEXT];
	size_t used = 0;
	__u32 i;

	if (conf->mode != VX_STATEFUL_GUEST) {
		snprintf(text, sizeof(text), "mode %s", vx_stateful_mode_name(conf->mode));
		line(text, arg);
	}
	if (conf->limit && conf->limit != VX_STATEFUL_LIMIT) {
		snprintf(text, sizeof(text), "limit %u", conf->limit);
		line(text, arg);
	}
	for (i = 0; i < VX_STATEFUL_N_TIMEOUTS; i++) {
		if (vx_stateful_timeout_ms(conf, i) == default_seconds[i] * 1000)
			continue;
		vx_format_time(conf->timeout_ms[i] * 1000ull, time);
		used += snprintf(text + used, sizeof(text) - used, "%s %s %s", used ? "" : "timeout", timeouts[i], time);
	}
	if (used)
		line(text, arg);
	open_lines(conf, line, arg);
}
