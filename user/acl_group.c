// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <vhost_xdp/antispoof.h>

#include "acl_group.h"
#include "pins.h"
#include "port.h"
#include "say.h"
#include "words.h"

static int wrong(char why[VX_ACL_TEXT], const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static int wrong(char why[VX_ACL_TEXT], const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, VX_ACL_TEXT, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

static int take_prefix(struct vx_acl_group *group, const char *word, char why[VX_ACL_TEXT])
{
	struct vx_acl_prefix p;
	__u32 i;

	if (vx_acl_parse_prefix(word, &p, why))
		return -EINVAL;
	for (i = 0; i < group->n_prefixes; i++)
		if (!vx_acl_prefix_compare(&group->prefix[i], &p))
			return 0;
	if (group->n_prefixes == VX_ACL_GROUP_PREFIXES)
		return wrong(why, "a group has at most %d prefixes; use wider ones", VX_ACL_GROUP_PREFIXES);
	group->prefix[group->n_prefixes++] = p;
	qsort(group->prefix, group->n_prefixes, sizeof(p), vx_acl_prefix_compare);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int take_port(struct vx_acl_group *group, const char *word, char why[VX_ACL_TEXT])
{
	__u32 i;

	if (vx_check_name(word, VX_PORT_NAME_MAX))
		return wrong(why, "'%.64s' is no port name", word);
	for (i = 0; i < group->n_ports; i++)
		if (!strcmp(group->port[i], word))
			return 0;
	if (group->n_ports == VX_ACL_GROUP_PORTS)
		return wrong(why, "a group has at most %d ports; name prefixes instead", VX_ACL_GROUP_PORTS);
	snprintf(group->port[group->n_ports++], sizeof(group->port[0]), "%s", word);
	qsort(group->port, group->n_ports, sizeof(group->port[0]), compare_names);
	return 0;
}

int vx_group_parse(int argc, char **argv, struct vx_acl_group *group, char why[VX_ACL_TEXT])
{
	static const char *const kinds[] = { "prefix", "port", NULL };
	char *list, *word, *save;
	int i, kind, err = 0;

	for (i = 0; i < argc && !err; i += 2) {
		kind = vx_word_find(kinds, sizeof(kinds[0]), argv[i]);
		if (kind < 0)
			return wrong(why, "'%.64s' is %s in a group; write prefix ADDRESS[/PREFIX] or port NAME", argv[i],
				     kind == -EEXIST ? "ambiguous" : "not known");
		if (i + 1 == argc)
			return wrong(why, "'%s' needs a value", kinds[kind]);
		list = strdup(argv[i + 1]);
		if (!list)
			return wrong(why, "out of memory");
		for (word = strtok_r(list, ",", &save); word && !err; word = strtok_r(NULL, ",", &save))
			err = kind ? take_port(group, word, why) : take_prefix(group, word, why);
		free(list);
	}
	return err;
}

void vx_group_print(FILE *out, const struct vx_acl_group *group)
{
	char text[64];
	__u32 i;

	for (i = 0; i < group->n_prefixes; i++) {
		vx_acl_prefix_text(&group->prefix[i], text, sizeof(text));
		fprintf(out, " prefix %s", text);
	}
	for (i = 0; i < group->n_ports; i++)
		fprintf(out, " port %s", group->port[i]);
}

static void group_key(const char *name, char key[VX_ACL_NAME_LEN])
{
	memset(key, 0, VX_ACL_NAME_LEN);
	snprintf(key, VX_ACL_NAME_LEN, "%s", name);
}

int vx_group_get(const struct vx_acl_maps *maps, const char *name, struct vx_acl_group *group)
{
	char key[VX_ACL_NAME_LEN];
	__u32 i;

	group_key(name, key);
	if (bpf_map_lookup_elem(maps->groups, key, group))
		return -errno;
	/* Others write to this map, too. */
	if (group->n_prefixes > VX_ACL_GROUP_PREFIXES)
		group->n_prefixes = VX_ACL_GROUP_PREFIXES;
	if (group->n_ports > VX_ACL_GROUP_PORTS)
		group->n_ports = VX_ACL_GROUP_PORTS;
	for (i = 0; i < group->n_ports; i++)
		group->port[i][sizeof(group->port[i]) - 1] = '\0';
	return 0;
}

int vx_group_each(const struct vx_acl_maps *maps, int (*fn)(const char *name, const struct vx_acl_group *group, void *arg), void *arg)
{
	char (*names)[VX_ACL_NAME_LEN] = calloc(VX_ACL_GROUPS, VX_ACL_NAME_LEN), *prev = NULL;
	struct vx_acl_group *group = malloc(sizeof(*group));
	__u32 n = 0, i;
	int ret = names && group ? 0 : -ENOMEM;

	/* All names first: fn may change the map. */
	for (; !ret && n < VX_ACL_GROUPS && !bpf_map_get_next_key(maps->groups, prev, names[n]); n++)
		prev = names[n];
	if (!ret)
		qsort(names, n, VX_ACL_NAME_LEN, compare_names);
	for (i = 0; i < n && !ret; i++)
		if (!vx_group_get(maps, names[i], group))
			ret = fn(names[i], group, arg);
	free(group);
	free(names);
	return ret;
}

/* The addresses of a port, appended. How many, or negative: -ENOENT when there is no such port. */
static int port_prefixes(int antispoof, const char *name, struct vx_acl_prefix *out)
{
	struct vx_antispoof_port conf;
	struct vx_port port;
	int n = 0, i;

	if (vx_port_find(name, &port))
		return -ENOENT;
	if (antispoof < 0 || bpf_map_lookup_elem(antispoof, &port.id, &conf))
		return 0;
	for (i = 0; i < conf.n4 && i < VX_ANTISPOOF_PREFIXES; i++, n++) {
		out[n] = (struct vx_acl_prefix){ .family = 4, .len = conf.ip4[i].len };
		memcpy(out[n].addr, conf.ip4[i].addr, 4);
	}
	for (i = 0; i < conf.n6 && i < VX_ANTISPOOF_PREFIXES; i++, n++) {
		out[n] = (struct vx_acl_prefix){ .family = 6, .len = conf.ip6[i].len };
		memcpy(out[n].addr, conf.ip6[i].addr, 16);
	}
	return n;
}

static int expand(const char *name, const struct vx_acl_group *group, struct vx_acl_members *m)
{
	int antispoof = vx_pin_open("policies/antispoof/antispoof_ports"), n;
	__u32 i;

	snprintf(m->name, sizeof(m->name), "%s", name);
	m->prefix = calloc(group->n_prefixes + 2 * VX_ANTISPOOF_PREFIXES * group->n_ports + 1, sizeof(*m->prefix));
	if (m->prefix) {
		memcpy(m->prefix, group->prefix, group->n_prefixes * sizeof(*m->prefix));
		m->n = group->n_prefixes;
		for (i = 0; i < group->n_ports; i++) {
			n = port_prefixes(antispoof, group->port[i], m->prefix + m->n);
			m->n += n > 0 ? n : 0;
		}
	}
	if (antispoof >= 0)
		close(antispoof);
	return m->prefix ? 0 : vx_fail(-ENOMEM, "out of memory");
}

static int member(struct vx_acl_members **list, __u32 *n, const struct vx_acl_maps *maps, const char *wanted, const char *name,
		  const struct vx_acl_group *instead)
{
	struct vx_acl_members *more;
	struct vx_acl_group *group;
	__u32 i;
	int err;

	for (i = 0; i < *n; i++)
		if (!strcmp((*list)[i].name, wanted))
			return 0;
	more = realloc(*list, (*n + 1) * sizeof(*more));
	group = malloc(sizeof(*group));
	if (more)
		*list = more;
	if (!more || !group) {
		free(group);
		return vx_fail(-ENOMEM, "out of memory");
	}
	memset(&more[*n], 0, sizeof(*more));
	if (name && !strcmp(name, wanted)) {
		err = instead ? expand(wanted, instead, &more[*n]) : -ENOENT;
	} else {
		err = vx_group_get(maps, wanted, group);
		if (!err)
			err = expand(wanted, group, &more[*n]);
	}
	free(group);
	if (err == -ENOENT)
		return vx_fail(err, "there is no group %s; make it first: vhost-xdp group add %s prefix ...", wanted, wanted);
	*n += !err;
	return err;
}

int vx_group_members(const struct vx_acl_maps *maps, const struct vx_acl_rules *rules, const char *name, const struct vx_acl_group *group,
		     struct vx_acl_members **members, __u32 *n)
{
	__u32 i;
	int err = 0;

	*members = NULL;
	*n = 0;
	for (i = 0; i < rules->n && !err; i++) {
		if (*rules->rule[i].src_group)
			err = member(members, n, maps, rules->rule[i].src_group, name, group);
		if (!err && *rules->rule[i].dst_group)
			err = member(members, n, maps, rules->rule[i].dst_group, name, group);
	}
	if (*n)
		qsort(*members, *n, sizeof(**members), compare_names);
	if (err)
		vx_group_members_free(*members, *n);
	return err;
}

void vx_group_members_free(struct vx_acl_members *members, __u32 n)
{
	__u32 i;

	for (i = 0; i < n; i++)
		free(members[i].prefix);
	free(members);
}

bool vx_group_port_known(const char *port)
{
	int antispoof = vx_pin_open("policies/antispoof/antispoof_ports"), n;
	struct vx_acl_prefix found[2 * VX_ANTISPOOF_PREFIXES];

	n = port_prefixes(antispoof, port, found);
	if (antispoof >= 0)
		close(antispoof);
	return n > 0;
}

/* Unknown addresses would make an allowing rule say nothing, and a denying one let through. */
static int judge_ports(const struct vx_acl_group *group)
{
	struct vx_acl_prefix found[2 * VX_ANTISPOOF_PREFIXES];
	int antispoof = vx_pin_open("policies/antispoof/antispoof_ports"), n, err = 0;
	__u32 i;

	for (i = 0; i < group->n_ports && !err; i++) {
		n = port_prefixes(antispoof, group->port[i], found);
		if (n == -ENOENT)
			err = vx_fail(n, "there is no port %s; see 'vhost-xdp port list'", group->port[i]);
		else if (!n)
			err = vx_fail(-EADDRNOTAVAIL,
				      "the addresses of port %s are not known, so no group can have them; say them first: vhost-xdp policy "
				      "antispoof %s add ADDRESS",
				      group->port[i], group->port[i]);
	}
	if (antispoof >= 0)
		close(antispoof);
	return err;
}

int vx_group_put(const struct vx_acl_maps *maps, const char *name, const struct vx_acl_group *group)
{
	char key[VX_ACL_NAME_LEN];
	int err = group ? judge_ports(group) : 0;

	if (!err)
		err = vx_acl_recompile(maps, name, group, true);
	if (err)
		return err;
	group_key(name, key);
	if (group ? bpf_map_update_elem(maps->groups, key, group, BPF_ANY) : bpf_map_delete_elem(maps->groups, key) && errno != ENOENT)
		return vx_fail(-errno, "cannot %s group %s: %s", group ? "store" : "remove", name,
			       errno == E2BIG ? "there are too many groups" : strerror(errno));
	return vx_acl_recompile(maps, name, group, false);
}
