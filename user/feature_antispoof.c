// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <vhost_xdp/antispoof.h>

#include "feature_antispoof.h"
#include "pins.h"
#include "say.h"
#include "words.h"

static const struct right {
	const char *name;
	__u32 flag;
	const char *verb;	/* that sets the flag */
} rights[] = {
	{ "dhcp-server", VX_ANTISPOOF_DHCP_SERVER, "allow" },
	{ "router", VX_ANTISPOOF_ROUTER, "allow" },
	{ "other-l2", VX_ANTISPOOF_OTHER_L2, "allow" },
	{ "any-ll", VX_ANTISPOOF_STRICT_LL, "deny" },
	{},
};

static int wrong(struct vx_feature_error *error, int line, int word, const char *fmt, const char *what)
{
	error->line = line;
	error->word = word;
	snprintf(error->text, sizeof(error->text), fmt, what); /* NOLINT(clang-diagnostic-format-nonliteral): ours */
	return -EINVAL;
}

static int by_address(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct vx_antispoof_ip6));
}

static int by_address4(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct vx_antispoof_ip4));
}

static void sort(struct vx_antispoof_port *conf)
{
	qsort(conf->ip4, conf->n4, sizeof(conf->ip4[0]), by_address4);
	qsort(conf->ip6, conf->n6, sizeof(conf->ip6[0]), by_address);
}

static bool have(const struct vx_antispoof_port *conf, int family, const __u8 *addr, __u32 len)
{
	int i;

	for (i = 0; family == AF_INET && i < conf->n4; i++)
		if (conf->ip4[i].len == len && !memcmp(conf->ip4[i].addr, addr, 4))
			return true;
	for (i = 0; family == AF_INET6 && i < conf->n6; i++)
		if (conf->ip6[i].len == len && !memcmp(conf->ip6[i].addr, addr, 16))
			return true;
	return false;
}

static int take_ip(struct vx_antispoof_port *conf, const char *word)
{
	__u8 addr[16];
	__u32 len;
	int family = vx_parse_prefix(word, addr, &len);

	if (family < 0)
		return -EINVAL;
	if (have(conf, family, addr, len))
		return -EEXIST;
	if ((family == AF_INET ? conf->n4 : conf->n6) == VX_ANTISPOOF_PREFIXES)
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

static int take_right(struct vx_antispoof_port *conf, const char *verb, const char *word)
{
	int i;

	for (i = 0; rights[i].name && strcmp(rights[i].name, word); i++)
		;
	if (!rights[i].name)
		return -EINVAL;
	if (!strcmp(verb, rights[i].verb))
		conf->flags |= rights[i].flag;
	else
		conf->flags &= ~rights[i].flag;
	return 0;
}

static int parse(const struct vx_feature_line *lines, int n, struct vx_antispoof_port *conf, struct vx_feature_error *error)
{
	int i, j, err;

	memset(conf, 0, sizeof(*conf));
	for (i = 0; i < n; i++) {
		for (j = 0; j < lines[i].n; j += 2) {
			const char *key = lines[i].word[j], *value = j + 1 < lines[i].n ? lines[i].word[j + 1] : NULL;

			if (strcmp(key, "ip") && strcmp(key, "allow") && strcmp(key, "deny"))
				return wrong(error, i, j, "'%.100s' is not known to antispoof; use ip, allow or deny", key);
			if (!value)
				return wrong(error, i, j, "'%s' needs a value: ip ADDRESS[/PREFIX], allow RIGHT or deny RIGHT", key);
			err = strcmp(key, "ip") ? take_right(conf, key, value) : take_ip(conf, value);
			if (err == -ENOSPC)
				return wrong(error, i, j + 1, "%s does not fit, there are 16 of that family already; use shorter prefixes", value);
			if (err == -EEXIST)
				return wrong(error, i, j + 1, "%s is given twice; remove one of them", value);
			if (err && !strcmp(key, "ip"))
				return wrong(error, i, j + 1, "'%.100s' is not an address; write ADDRESS[/PREFIX]", value);
			if (err)
				return wrong(error, i, j + 1, "the right '%.100s' is not known; use dhcp-server, router, other-l2 or any-ll",
					     value);
		}
	}
	sort(conf);
	return 0;
}

static void print_ip(struct vx_lines *out, int family, const __u8 *addr, __u32 len)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family, addr, text, sizeof(text));
	if (len == (family == AF_INET ? 32 : 128))
		vx_lines_addf(out, "ip %s", text);
	else
		vx_lines_addf(out, "ip %s/%u", text, len);
}

static void print(const struct vx_antispoof_port *conf, struct vx_lines *out)
{
	int i;

	for (i = 0; i < conf->n4 && i < VX_ANTISPOOF_PREFIXES; i++)
		print_ip(out, AF_INET, conf->ip4[i].addr, conf->ip4[i].len);
	for (i = 0; i < conf->n6 && i < VX_ANTISPOOF_PREFIXES; i++)
		print_ip(out, AF_INET6, conf->ip6[i].addr, conf->ip6[i].len);
	for (i = 0; rights[i].name; i++)
		if (conf->flags & rights[i].flag)
			vx_lines_addf(out, "%s %s", rights[i].verb, rights[i].name);
}

int vx_antispoof_parse(const struct vx_feature_line *lines, int n, struct vx_lines *out, struct vx_feature_error *error)
{
	struct vx_antispoof_port conf;
	int err = parse(lines, n, &conf, error);

	if (!err)
		print(&conf, out);
	return err;
}

int vx_antispoof_current(const struct vx_feature_target *target, struct vx_lines *out)
{
	int fd = vx_pin_open("policies/antispoof/antispoof_ports");
	struct vx_antispoof_port conf = {};

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (!bpf_map_lookup_elem(fd, &target->port, &conf)) {
		sort(&conf);
		print(&conf, out);
	}
	close(fd);
	return 0;
}

/* Each of our own lines has two words. */
static int parse_own(const struct vx_lines *lines, struct vx_antispoof_port *conf)
{
	struct vx_feature_line split[2 * VX_ANTISPOOF_PREFIXES + 4];
	char words[2 * VX_ANTISPOOF_PREFIXES + 4][2][INET6_ADDRSTRLEN + 8];
	const char *word[2 * VX_ANTISPOOF_PREFIXES + 4][2];
	struct vx_feature_error error;
	int i;

	if (lines->n > 2 * VX_ANTISPOOF_PREFIXES + 4)
		return -E2BIG;
	for (i = 0; i < lines->n; i++) {
		if (sscanf(lines->line[i], "%7s %53s", words[i][0], words[i][1]) != 2)
			return -EINVAL;
		word[i][0] = words[i][0];
		word[i][1] = words[i][1];
		split[i].word = word[i];
		split[i].n = 2;
	}
	return parse(split, lines->n, conf, &error);
}

int vx_antispoof_replace(const struct vx_feature_target *target, const struct vx_lines *lines)
{
	int fd = vx_pin_open("policies/antispoof/antispoof_ports");
	struct vx_antispoof_port conf;
	int err;

	if (fd == -ENOENT && !lines->n)
		return 0;
	err = fd < 0 ? fd : parse_own(lines, &conf);
	if (!err && lines->n)
		err = bpf_map_update_elem(fd, &target->port, &conf, BPF_ANY) ? -errno : 0;
	else if (!err && bpf_map_delete_elem(fd, &target->port) && errno != ENOENT)
		err = -errno;
	if (fd >= 0)
		close(fd);
	return err ? vx_fail(err, "cannot change the antispoof rules of %s: %s", target->name, strerror(-err)) : 0;
}
