// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <vhost_xdp/policy.h>
#include <vhost_xdp/acl.h>

#include "acl_names.h"
#include "words.h"

struct name {
	const char *name;
	__u16 number;
};

static const struct name protocols[] = {
	{ "any", VX_ACL_ANY }, { "ip", VX_ACL_IP4 }, { "ip6", VX_ACL_IP6 }, { "arp", VX_ACL_ARP }, { "nd", VX_ACL_ND },
	{ "non-ip", VX_ACL_NON_IP }, { "tcp", 6 }, { "udp", 17 }, { "icmp", 1 }, { "icmp6", 58 }, { "sctp", 132 }, { "dccp", 33 },
	{ "udplite", 136 }, { "igmp", 2 }, { "gre", 47 }, { "esp", 50 }, { "ah", 51 },
	{},
};

static const struct name types4[] = {
	{ "echo-request", 8 }, { "echo-reply", 0 }, { "unreachable", 3 }, { "redirect", 5 }, { "time-exceeded", 11 },
	{ "parameter-problem", 12 },
	{},
};

static const struct name types6[] = {
	{ "echo-request", 128 }, { "echo-reply", 129 }, { "unreachable", 1 }, { "packet-too-big", 2 }, { "time-exceeded", 3 },
	{ "parameter-problem", 4 }, { "router-solicitation", 133 }, { "router-advertisement", 134 }, { "neighbour-solicitation", 135 },
	{ "neighbour-advertisement", 136 }, { "redirect", 137 },
	{},
};

/* Whole words: "i" would be something else with every protocol that is added. */
static int number_of(const struct name *table, const char *word)
{
	for (; table->name; table++)
		if (!strcmp(table->name, word))
			return table->number;
	return -ENOENT;
}

static const char *name_of(const struct name *table, __u32 number)
{
	static char text[12];

	for (; table->name; table++)
		if (table->number == number)
			return table->name;
	snprintf(text, sizeof(text), "%u", number);
	return text;
}

int vx_acl_proto_of(const char *word, __u16 *proto)
{
	int n = number_of(protocols, word);
	__u32 v;

	if (n < 0 && vx_parse_u32(word, 0, 255, &v))
		return -ENOENT;
	*proto = n < 0 ? v : (__u32)n;
	return 0;
}

const char *vx_acl_proto_name(__u32 proto)
{
	return name_of(protocols, proto);
}

bool vx_acl_has_ports(__u32 proto)
{
	return proto == 6 || proto == 17 || proto == 33 || proto == 132 || proto == 136 || (proto >= VX_ACL_ANY && proto <= VX_ACL_IP6);
}

int vx_acl_type_of(__u32 proto, const char *word, __u8 *type)
{
	int n = number_of(proto == 1 ? types4 : types6, word);

	if (n < 0)
		return n;
	*type = n;
	return 0;
}

const char *vx_acl_type_name(__u32 proto, __u8 type)
{
	return name_of(proto == 1 ? types4 : types6, type);
}

const char *vx_acl_types(__u32 proto)
{
	static char text[256];
	const struct name *t;
	int used = 0;

	for (t = proto == 1 ? types4 : types6; t->name && used < (int)sizeof(text) - 32; t++)
		used += snprintf(text + used, sizeof(text) - used, "%s%s", used ? ", " : "", t->name);
	return text;
}
