// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration of "antispoof": from words, into words, and in its map. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "antispoof.h"
#include "antispoof_impl.h"
#include "say.h"
#include "words.h"

const struct vx_right vx_rights[] = {
	{ "dhcp-server", VX_ANTISPOOF_DHCP_SERVER, false },
	{ "router", VX_ANTISPOOF_ROUTER, false },
	{ "other-l2", VX_ANTISPOOF_OTHER_L2, false },
	{ "any-ll", VX_ANTISPOOF_STRICT_LL, true },
	{ "any-ip", VX_ANTISPOOF_NO_IP, true },
	{},
};

static int by_address4(const void *a, const void *b)
{
	const struct vx_antispoof_ip4 *x = a, *y = b;
	int order = memcmp(x->addr, y->addr, sizeof(x->addr));

	return order ? order : (int)x->len - (int)y->len;
}

static int by_address6(const void *a, const void *b)
{
	const struct vx_antispoof_ip6 *x = a, *y = b;
	int order = memcmp(x->addr, y->addr, sizeof(x->addr));

	return order ? order : (int)x->len - (int)y->len;
}

/* The bits behind a prefix say nothing. */
static void mask(__u8 *addr, size_t bytes, __u32 len)
{
	size_t i;

	for (i = 0; i < bytes; i++) {
		__u32 bits = len > 8 * i ? len - 8 * i : 0;

		if (bits < 8)
			addr[i] &= 0xff00 >> bits;
	}
}

static bool has4(const struct vx_antispoof_port *conf, const struct vx_antispoof_ip4 *ip, int *at)
{
	for (*at = 0; *at < conf->n4; ++*at)
		if (!by_address4(&conf->ip4[*at], ip))
			return true;
	return false;
}

static bool has6(const struct vx_antispoof_port *conf, const struct vx_antispoof_ip6 *ip, int *at)
{
	for (*at = 0; *at < conf->n6; ++*at)
		if (!by_address6(&conf->ip6[*at], ip))
			return true;
	return false;
}

/* The prefix as one of either family; the caller knows which it is. */
static void both_families(const __u8 addr[16], __u32 len, struct vx_antispoof_ip4 *ip4, struct vx_antispoof_ip6 *ip6)
{
	ip4->len = len;
	ip6->len = len;
	memcpy(ip4->addr, addr, sizeof(ip4->addr));
	memcpy(ip6->addr, addr, sizeof(ip6->addr));
	mask(ip4->addr, sizeof(ip4->addr), len);
	mask(ip6->addr, sizeof(ip6->addr), len);
}

int vx_antispoof_add(struct vx_antispoof_port *conf, int family, const __u8 addr[16], __u32 len)
{
	struct vx_antispoof_ip4 ip4;
	struct vx_antispoof_ip6 ip6;
	int at;

	both_families(addr, len, &ip4, &ip6);
	if (family == AF_INET ? has4(conf, &ip4, &at) : has6(conf, &ip6, &at))
		return 0;
	if ((family == AF_INET ? conf->n4 : conf->n6) >= VX_ANTISPOOF_PREFIXES)
		return -ENOSPC;
	/* An address says the same, and more. */
	conf->flags &= ~VX_ANTISPOOF_NO_IP;
	if (family == AF_INET) {
		conf->ip4[conf->n4++] = ip4;
		qsort(conf->ip4, conf->n4, sizeof(ip4), by_address4);
	} else {
		conf->ip6[conf->n6++] = ip6;
		qsort(conf->ip6, conf->n6, sizeof(ip6), by_address6);
	}
	return 0;
}

/* Without addresses a port may use any: that the last one goes must not open it. */
int vx_antispoof_del(struct vx_antispoof_port *conf, int family, const __u8 addr[16], __u32 len)
{
	struct vx_antispoof_ip4 ip4;
	struct vx_antispoof_ip6 ip6;
	int at;

	both_families(addr, len, &ip4, &ip6);
	if (family == AF_INET ? !has4(conf, &ip4, &at) : !has6(conf, &ip6, &at))
		return -ENOENT;
	if (family == AF_INET) {
		conf->n4--;
		memmove(&conf->ip4[at], &conf->ip4[at + 1], (conf->n4 - at) * sizeof(ip4));
		memset(&conf->ip4[conf->n4], 0, sizeof(ip4));
	} else {
		conf->n6--;
		memmove(&conf->ip6[at], &conf->ip6[at + 1], (conf->n6 - at) * sizeof(ip6));
		memset(&conf->ip6[conf->n6], 0, sizeof(ip6));
	}
	if (!conf->n4 && !conf->n6)
		conf->flags |= VX_ANTISPOOF_NO_IP;
	return 0;
}

static int parse_right(bool allow, const char *word, struct vx_antispoof_port *conf, char why[VX_WHY])
{
	int i = word ? vx_word_find(vx_rights, sizeof(vx_rights[0]), word) : -ENOENT;

	if (i < 0)
		return vx_why(why, "the right '%s' is not known; use dhcp-server, router, other-l2, any-ll or any-ip", word ? word : "");
	if (allow != vx_rights[i].inverted)
		conf->flags |= vx_rights[i].flag;
	else
		conf->flags &= ~vx_rights[i].flag;
	return 0;
}

static int parse_address(const char *word, struct vx_antispoof_port *conf, char why[VX_WHY])
{
	__u8 addr[16];
	__u32 len;
	int family = vx_parse_prefix(word, addr, &len);

	if (family < 0)
		return vx_why(why, "'%s' is not an address; write ADDRESS[/PREFIX], allow, deny or mac", word);
	if (vx_antispoof_add(conf, family, addr, len))
		return vx_why(why, "%d prefixes of one family are the most that fit; use shorter ones", VX_ANTISPOOF_PREFIXES);
	return 0;
}

int vx_antispoof_parse(int argc, char *const *argv, struct vx_antispoof_port *conf, char why[VX_WHY])
{
	int i, err = 0;

	for (i = 0; i < argc && !err; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!strcmp(argv[i], "allow") || !strcmp(argv[i], "deny")) {
			err = parse_right(*argv[i] == 'a', value, conf, why);
			i++;
		} else if (!strcmp(argv[i], "mac")) {
			if (!value || vx_parse_mac(value, conf->mac))
				return vx_why(why, "mac '%s' is not a unicast address like 52:54:00:00:00:01", value ? value : "");
			i++;
		} else {
			err = parse_address(argv[i], conf, why);
		}
	}
	/* Whichever was said last, addresses say more. */
	if (!err && (conf->n4 || conf->n6))
		conf->flags &= ~VX_ANTISPOOF_NO_IP;
	return err;
}

static void address_line(int family, const __u8 *addr, __u32 len, vx_conf_line *line, void *arg)
{
	char ip[INET6_ADDRSTRLEN], text[VX_CONF_LINE];

	snprintf(text, sizeof(text), "%s/%u", inet_ntop(family, addr, ip, sizeof(ip)), len);
	line(text, arg);
}

void vx_antispoof_addresses(const struct vx_antispoof_port *conf, vx_conf_line *line, void *arg)
{
	int i;

	for (i = 0; i < conf->n4 && i < VX_ANTISPOOF_PREFIXES; i++)
		address_line(AF_INET, conf->ip4[i].addr, conf->ip4[i].len, line, arg);
	for (i = 0; i < conf->n6 && i < VX_ANTISPOOF_PREFIXES; i++)
		address_line(AF_INET6, conf->ip6[i].addr, conf->ip6[i].len, line, arg);
}

void vx_antispoof_lines(const struct vx_antispoof_port *conf, vx_conf_line *line, void *arg)
{
	static const __u8 none[6];
	char text[VX_CONF_LINE], mac[VX_MAC_TEXT];
	int i;

	if (memcmp(conf->mac, none, sizeof(none))) {
		vx_format_mac(conf->mac, mac);
		snprintf(text, sizeof(text), "mac %s", mac);
		line(text, arg);
	}
	vx_antispoof_addresses(conf, line, arg);
	for (i = 0; vx_rights[i].name; i++) {
		if (!(conf->flags & vx_rights[i].flag))
			continue;
		snprintf(text, sizeof(text), "%s %s", vx_rights[i].inverted ? "deny" : "allow", vx_rights[i].name);
		line(text, arg);
	}
}

int vx_antispoof_get(__u32 port, struct vx_antispoof_port *conf)
{
	int fd = vx_policy_map("antispoof", "antispoof_ports", false), err = 0;

	memset(conf, 0, sizeof(*conf));
	if (fd < 0)
		return fd;
	if (bpf_map_lookup_elem(fd, &port, conf))
		err = -errno;
	close(fd);
	/* Made by bpftool: no more is believed than is there. */
	if (conf->n4 > VX_ANTISPOOF_PREFIXES)
		conf->n4 = VX_ANTISPOOF_PREFIXES;
	if (conf->n6 > VX_ANTISPOOF_PREFIXES)
		conf->n6 = VX_ANTISPOOF_PREFIXES;
	return err;
}

/* One update replaces the whole configuration: no frame meets half of it. */
int vx_antispoof_replace(__u32 port, const struct vx_antispoof_port *conf)
{
	int fd = vx_policy_map("antispoof", "antispoof_ports", conf), err;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	if (conf)
		err = bpf_map_update_elem(fd, &port, conf, BPF_ANY) ? -errno : 0;
	else
		err = bpf_map_delete_elem(fd, &port) && errno != ENOENT ? -errno : 0;
	close(fd);
	return err ? vx_fail(err, "cannot change the antispoof rules: %s", strerror(-err)) : 0;
}
