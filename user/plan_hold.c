// SPDX-License-Identifier: GPL-2.0-or-later
/* Which changes of a port's direction can happen one by one, and which must not be seen halfway. */
#include <stdio.h>
#include <string.h>

#include "plan.h"

/* Does a rule say "group web"? Names are words of their own. */
static bool mentions(const struct vx_lines *lines, const char *feature, const char *set)
{
	char words[VX_CONF_NAME_MAX + 40];
	size_t len = snprintf(words, sizeof(words), " %s %s", feature, set);
	const char *s;
	int i;

	for (i = 0; i < lines->n; i++)
		for (s = lines->line[i]; (s = strstr(s, words + 1)); s++)
			if ((s == lines->line[i] || s[-1] == ' ') && (s[len - 1] == '\0' || s[len - 1] == ' '))
				return true;
	return false;
}

/* A new set is none: no rule that judges knows it. */
static bool set_changes(const struct vx_conf_set *set, const struct vx_conf *have)
{
	const struct vx_conf_set *old = vx_conf_set(have, set->feature, set->name);

	return old && !vx_lines_same(&set->lines, &old->lines);
}

/* Do these rules name a set that changes? */
static bool set_changes_under(const struct vx_conf *want, const struct vx_conf *have, const struct vx_lines *lines)
{
	int i;

	for (i = 0; i < want->sets; i++)
		if (mentions(lines, vx_features[want->set[i].feature].name, want->set[i].name) && set_changes(&want->set[i], have))
			return true;
	return false;
}

static const struct vx_lines *rules(const struct vx_conf_port *port, int feature, int dir)
{
	return &port->feature[feature][vx_features[feature].scope == VX_SCOPE_DIRECTION ? dir : 0];
}

static bool names(const struct vx_conf_port *port, int dir, int feature)
{
	return vx_features[feature].policy && vx_chain_names(port->chain[dir], vx_features[feature].policy);
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
		n += want->policy[i].stale && vx_chain_names(h->chain[dir], want->policy[i].name);
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
