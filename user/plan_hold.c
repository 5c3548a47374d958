// SPDX-License-Identifier: GPL-2.0-or-later
/* Which changes of a port's direction can happen one by one, and which must not be seen halfway. */
#include <stdio.h>
#include <string.h>

#include "plan.h"

/* Does a rule say "group web"? Names are words of their own. */
static bool mentions(const struct vx_lines *lines, const char *ref, const char *name)
{
	char words[VX_CONF_NAME_MAX + 40];
	size_t len = snprintf(words, sizeof(words), "%s %s", ref, name);
	const char *s;
	int i;

	for (i = 0; i < lines->n; i++)
		for (s = lines->line[i]; (s = strstr(s, words)); s++)
			if ((s == lines->line[i] || s[-1] == ' ') && (s[len] == '\0' || s[len] == ' '))
				return true;
	return false;
}

/* A set that stands for a port's addresses changes with them. */
static bool port_changes(const struct vx_conf *want, const struct vx_conf *have, const struct vx_lines *lines)
{
	const struct vx_conf_port *w, *h;
	int i, f;

	for (i = 0; i < lines->n; i++) {
		if (strncmp(lines->line[i], "port ", 5))
			continue;
		w = vx_conf_port(want, lines->line[i] + 5);
		h = vx_conf_port(have, lines->line[i] + 5);
		for (f = 0; w && h && f < vx_features_n; f++)
			if (vx_features[f].early && !vx_lines_same(&w->feature[f][0], &h->feature[f][0]))
				return true;
	}
	return false;
}

/* How many of the sets that these rules name change. A new set is none: no rule that judges knows it. */
static int set_changes_under(const struct vx_conf *want, const struct vx_conf *have, const struct vx_lines *lines)
{
	int i, n = 0;

	for (i = 0; i < have->sets; i++) {
		const struct vx_conf_set *h = &have->set[i], *w = vx_conf_set(want, h->feature, h->name);

		if (!mentions(lines, vx_features[h->feature].ref, h->name))
			continue;
		n += (w && !vx_lines_same(&w->lines, &h->lines)) || port_changes(want, have, &h->lines);
		/* Rules of a set name groups, and that is all: it ends here. */
		if (vx_features[h->feature].refers && !mentions(&h->lines, vx_features[h->feature].ref, h->name))
			n += set_changes_under(want, have, &h->lines);
	}
	return n;
}

static const struct vx_lines *rules(const struct vx_conf_port *port, int feature, int dir)
{
	return &port->feature[feature][vx_features[feature].scope == VX_SCOPE_DIRECTION ? dir : 0];
}

static bool names(const struct vx_conf_port *port, int dir, int feature)
{
	return vx_features[feature].policy && vx_conf_chain_names(port->chain[dir], vx_features[feature].policy);
}

bool vx_plan_behind(const struct vx_conf_port *w, const struct vx_conf_port *h, int feature, int dir)
{
	int d, first = dir, last = dir;

	if (vx_features[feature].scope == VX_SCOPE_PORT) {
		first = 0;
		last = VX_DIRECTIONS - 1;
	}
	/* Rules that only the old chain uses stay until that one is gone. */
	for (d = first; d <= last; d++)
		if (names(w, d, feature))
			return false;
	for (d = first; d <= last; d++)
		if (names(h, d, feature))
			return true;
	return false;
}

/* Changes that the chain at hand sees at once, other than that of the chain itself. */
static int seen(const struct vx_conf *want, const struct vx_conf *have, const struct vx_conf_port *w, const struct vx_conf_port *h, int dir)
{
	int i, f, n = 0;

	for (f = 0; f < vx_features_n; f++) {
		const struct vx_lines *old = rules(h, f, dir);

		if (!names(h, dir, f))
			continue;
		n += !vx_plan_behind(w, h, f, dir) && !vx_lines_same(old, rules(w, f, dir));
		n += set_changes_under(want, have, old);
	}
	for (i = 0; i < want->policies; i++)
		n += want->policy[i].stale && vx_conf_chain_names(h->chain[dir], want->policy[i].name);
	if (dir == VX_FROM_GUEST && (w->host_allow != h->host_allow || w->flood != h->flood))
		n++;
	return n;
}

bool vx_plan_closes(const struct vx_conf *want, const struct vx_conf *have, const struct vx_conf_port *w, const struct vx_conf_port *h,
		    int dir)
{
	int n;

	/* It is closed already. */
	if (!strcmp(h->chain[dir], "none"))
		return false;
	n = seen(want, have, w, h, dir);
	return n > 1 || (n && strcmp(w->chain[dir], h->chain[dir]));
}

const char *vx_plan_anew(const struct vx_conf_port *want, const struct vx_conf_port *have)
{
	if (memcmp(want->mac, have->mac, 6))
		return "mac";
	if (strcmp(want->uplink, have->uplink))
		return "uplink";
	if (want->vlan != have->vlan)
		return "vlan";
	if (want->queues != have->queues)
		return "queues";
	if (want->mtu != have->mtu)
		return "mtu";
	if (want->kernel != have->kernel)
		return "engine";
	return NULL;
}
