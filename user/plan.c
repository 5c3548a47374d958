// SPDX-License-Identifier: GPL-2.0-or-later
/* The steps, in their order, and what stands against them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"
#include "uplink.h"

struct planner {
	struct vx_conf *want, *have;
	unsigned int flags;
	struct vx_plan *plan;
};

static struct vx_plan_step *add(struct vx_plan *plan, enum vx_plan_op op, const char *name, const void *want, const void *have)
{
	struct vx_plan_step *step;

	plan->step = vx_need_one(plan->step, plan->steps, sizeof(*step));
	step = &plan->step[plan->steps++];
	step->op = op;
	step->name = name;
	step->want = want;
	step->have = have;
	return step;
}

static void chain_step(struct planner *p, const char *port, int dir, const char *from, const char *to)
{
	struct vx_plan_step *step;

	if (!strcmp(from, to))
		return;
	step = add(p->plan, VX_CHAIN_SET, port, NULL, NULL);
	step->direction = dir;
	step->old_chain = from;
	step->chain = to;
}

static void lines_step(struct planner *p, const char *name, int feature, int dir, const struct vx_lines *from, const struct vx_lines *to)
{
	struct vx_plan_step *step = add(p->plan, VX_LINES_SET, name, NULL, NULL);

	step->feature = feature;
	step->direction = dir;
	step->old_lines = from;
	step->lines = to;
}

/* Is it only to be what the file does not say? */
static void settle(struct planner *p)
{
	int i;

	for (i = 0; i < p->want->uplinks; i++) {
		struct vx_conf_uplink *w = &p->want->uplink[i];
		const struct vx_conf_uplink *h = vx_conf_uplink(p->have, w->name);

		if (h && w->mode == VX_MODE_AUTO && !h->broken)
			w->mode = h->mode;
	}
	for (i = 0; i < p->want->ports; i++) {
		struct vx_conf_port *w = &p->want->port[i];
		struct vx_conf_port *h = vx_conf_port(p->have, w->name);

		if (!h || !h->id)
			continue;
		if (w->mtu)
			h->mtu_default = false;
		else
			w->mtu_default = true;
		if (!w->mtu) {
			w->mtu = h->mtu;
			w->mtu_default = h->mtu_default;
		}
	}
}

static void plan_policies(struct planner *p, bool stale)
{
	int i;

	for (i = 0; i < p->want->policies; i++) {
		const struct vx_conf_policy *w = &p->want->policy[i], *h = vx_conf_policy(p->have, w->name);

		if (!h && !stale)
			add(p->plan, VX_POLICY_LOAD, w->name, w, NULL);
		if (h && !stale && w->id && w->id != h->slot)
			vx_conf_error(&p->plan->refused, w->pos,
				      "policy %s has id %u, not %u, and chains know it by that; write that id, or leave it out", w->name, h->slot,
				      w->id);
		else if (h && w->stale && stale)
			add(p->plan, VX_POLICY_LOAD, w->name, w, h);
	}
}

static void plan_uplinks(struct planner *p)
{
	int i;

	for (i = 0; i < p->want->uplinks; i++) {
		const struct vx_conf_uplink *w = &p->want->uplink[i], *h = vx_conf_uplink(p->have, w->name);

		if (!h)
			add(p->plan, VX_UPLINK_ADD, w->name, w, NULL);
		else if (h->broken || w->mode != h->mode)
			add(p->plan, VX_UPLINK_AGAIN, w->name, w, h);
	}
}

static bool is_new(const struct vx_conf_port *h)
{
	return !h || h->state == VX_PORT_BROKEN;
}

static bool is_anew(const struct vx_conf_port *w, const struct vx_conf_port *h)
{
	return is_new(h) || vx_plan_anew(w, h);
}

/* Ports that are not in the file go early only if one that comes needs their place on the wire. */
static bool in_the_way(const struct planner *p, const struct vx_conf_port *h)
{
	int i;

	for (i = 0; i < p->want->ports; i++) {
		const struct vx_conf_port *w = &p->want->port[i];

		if (is_anew(w, vx_conf_port(p->have, w->name)) && w->vlan == h->vlan && !memcmp(w->mac, h->mac, 6) &&
		    !strcmp(w->uplink, h->uplink))
			return true;
	}
	return false;
}

static void plan_prune_ports(struct planner *p, bool early)
{
	static const struct vx_pos nowhere;
	int i;

	for (i = 0; i < p->have->ports; i++) {
		const struct vx_conf_port *h = &p->have->port[i];

		if (vx_conf_port(p->want, h->name))
			continue;
		if (early && !(p->flags & VX_PLAN_PRUNE) && in_the_way(p, h))
			vx_conf_error(&p->plan->refused, nowhere,
				      "port %s is not in the file, but has the MAC of one that is; give --prune to remove it", h->name);
		if ((p->flags & VX_PLAN_PRUNE) && in_the_way(p, h) == early)
			add(p->plan, h->state == VX_PORT_BROKEN ? VX_PORT_CLEAN : VX_PORT_DEL, h->name, NULL, h);
	}
}

/* What goes before anything comes: a MAC may move from one port to another. */
static void plan_leaving(struct planner *p)
{
	int i;

	plan_prune_ports(p, true);
	for (i = 0; i < p->want->ports; i++) {
		const struct vx_conf_port *w = &p->want->port[i], *h = vx_conf_port(p->have, w->name);

		if (h && h->state == VX_PORT_BROKEN)
			add(p->plan, VX_PORT_CLEAN, h->name, NULL, h);
		else if (h && vx_plan_anew(w, h))
			add(p->plan, VX_PORT_DEL, h->name, NULL, h);
	}
}

static void plan_coming(struct planner *p)
{
	int i;

	for (i = 0; i < p->want->ports; i++) {
		const struct vx_conf_port *w = &p->want->port[i], *h = vx_conf_port(p->have, w->name);

		if (is_anew(w, h))
			add(p->plan, VX_PORT_ADD, w->name, w, NULL);
		else if (h->state == VX_PORT_DOWN)
			add(p->plan, VX_PORT_ATTACH, w->name, w, h);
	}
}

static void plan_closing(struct planner *p)
{
	int i, dir;

	for (i = 0; i < p->want->ports; i++) {
		struct vx_conf_port *w = &p->want->port[i], *h = vx_conf_port(p->have, w->name);

		for (dir = 0; dir < VX_DIRECTIONS; dir++) {
			w->closes[dir] = !is_anew(w, h) && vx_plan_closes(p->want, p->have, w, h, dir);
			if (w->closes[dir])
				chain_step(p, w->name, dir, h->chain[dir], "none");
		}
	}
}

/* Does it stand for a port that is made, or made anew? Nobody remembers those. */
static bool names_anew(const struct planner *p, const struct vx_lines *lines)
{
	const struct vx_conf_port *w;
	int i;

	for (i = 0; i < lines->n; i++) {
		w = strncmp(lines->line[i], "port ", 5) ? NULL : vx_conf_port(p->want, lines->line[i] + 5);
		if (w && is_anew(w, vx_conf_port(p->have, w->name)))
			return true;
	}
	return false;
}

/* Sets come before the rules that name them, and go behind them. */
static void plan_sets(struct planner *p)
{
	int i, f;

	for (f = 0; f < vx_features_n; f++)
		for (i = 0; i < p->want->sets; i++) {
			const struct vx_conf_set *w = &p->want->set[i], *h = vx_conf_set(p->have, w->feature, w->name);

			if (w->feature == f && (!h || !vx_lines_same(&w->lines, &h->lines) || names_anew(p, &w->lines)))
				lines_step(p, w->name, w->feature, 0, h ? &h->lines : NULL, &w->lines);
		}
}

static void plan_rules(struct planner *p, bool early, bool behind)
{
	static const struct vx_lines none;
	int i, f, dir;

	for (i = 0; i < p->want->ports; i++) {
		const struct vx_conf_port *w = &p->want->port[i], *h = vx_conf_port(p->have, w->name);
		bool anew = is_anew(w, h);

		for (f = 0; f < vx_features_n; f++)
			for (dir = 0; dir < VX_DIRECTIONS; dir++) {
				const struct vx_lines *from = anew ? &none : &h->feature[f][dir], *to = &w->feature[f][dir];

				if (vx_features[f].early == early && !vx_lines_same(from, to) && behind == (!anew && vx_plan_behind(w, h, f, dir)))
					lines_step(p, w->name, f, dir, from, to);
			}
	}
}

static void plan_chains(struct planner *p)
{
	int i, dir;

	for (i = 0; i < p->want->ports; i++) {
		const struct vx_conf_port *w = &p->want->port[i], *h = vx_conf_port(p->have, w->name);

		if (!is_anew(w, h) && (w->host_allow != h->host_allow || w->flood != h->flood))
			add(p->plan, VX_PORT_SET, w->name, w, h);
		for (dir = 0; dir < VX_DIRECTIONS; dir++)
			chain_step(p, w->name, dir, is_anew(w, h) || w->closes[dir] ? "none" : h->chain[dir], w->chain[dir]);
	}
}

static void plan_prune(struct planner *p)
{
	int i;

	plan_prune_ports(p, false);
	if (!(p->flags & VX_PLAN_PRUNE))
		return;
	for (i = p->have->sets; i--; )
		if (!vx_conf_set(p->want, p->have->set[i].feature, p->have->set[i].name))
			lines_step(p, p->have->set[i].name, p->have->set[i].feature, 0, &p->have->set[i].lines, NULL);
	for (i = 0; i < p->have->uplinks; i++)
		if (!vx_conf_uplink(p->want, p->have->uplink[i].name))
			add(p->plan, VX_UPLINK_DEL, p->have->uplink[i].name, NULL, &p->have->uplink[i]);
	for (i = 0; i < p->have->policies; i++) {
		const char *name = p->have->policy[i].name;

		if (!vx_conf_policy(p->want, name) && !vx_conf_needs_policy(p->want, name))
			add(p->plan, VX_POLICY_DEL, name, NULL, &p->have->policy[i]);
	}
}

static void refuse_ports(struct planner *p)
{
	int i;

	for (i = 0; i < p->want->ports; i++) {
		const struct vx_conf_port *w = &p->want->port[i], *h = vx_conf_port(p->have, w->name);
		const char *what = is_new(h) ? NULL : vx_plan_anew(w, h);

		if (what && h->used)
			vx_conf_error(&p->plan->refused, w->pos, "port %s cannot change its %s while a VMM uses it; stop that one first", w->name,
				      what);
		else if (what && !(p->flags & VX_PLAN_RECREATE))
			vx_conf_error(&p->plan->refused, w->pos, "port %s must be made anew to change its %s, and its guest loses its link; "
				      "give --recreate to do so", w->name, what);
	}
}

void vx_plan_make(struct vx_conf *want, struct vx_conf *have, unsigned int flags, struct vx_plan *plan)
{
	struct planner p = { want, have, flags, plan };

	memset(plan, 0, sizeof(*plan));
	settle(&p);
	refuse_ports(&p);
	plan_policies(&p, false);
	plan_uplinks(&p);
	plan_leaving(&p);
	plan_coming(&p);
	plan_closing(&p);
	plan_policies(&p, true);
	plan_rules(&p, true, false);
	plan_sets(&p);
	plan_rules(&p, false, false);
	plan_chains(&p);
	plan_rules(&p, false, true);
	plan_rules(&p, true, true);
	plan_prune(&p);
	vx_plan_tell(want, have, flags, plan);
}

bool vx_plan_empty(const struct vx_plan *plan)
{
	return !plan->steps;
}

void vx_plan_free(struct vx_plan *plan)
{
	int i;

	for (i = 0; i < plan->changes; i++) {
		free(plan->change[i].what);
		vx_lines_free(&plan->change[i].lines);
	}
	free(plan->change);
	free(plan->step);
	memset(plan, 0, sizeof(*plan));
}
