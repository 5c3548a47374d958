// SPDX-License-Identifier: GPL-2.0-or-later
/* A plan in words: what comes, goes and changes, object by object, in the order of the file. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

static struct vx_plan_change *tell(struct vx_plan *plan, char sign, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static struct vx_plan_change *tell(struct vx_plan *plan, char sign, const char *fmt, ...)
{
	struct vx_plan_change *change;
	struct vx_lines text = {};
	char what[2 * VX_CONF_WORD + 80];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	vx_lines_add(&text, what);
	plan->change = vx_need_more(plan->change, plan->changes + 1, sizeof(*change));
	change = &plan->change[plan->changes++];
	*change = (struct vx_plan_change){ .sign = sign, .what = text.line[0] };
	free(text.line);
	return change;
}

static void add_line(char sign, const char *line, void *arg)
{
	vx_lines_addf(arg, "%c%s", sign, line);
}

static void tell_uplinks(const struct vx_conf *want, const struct vx_conf *have, struct vx_plan *plan)
{
	char text[80];
	int i;

	for (i = 0; i < want->uplinks; i++) {
		const struct vx_conf_uplink *w = &want->uplink[i], *h = vx_conf_uplink(have, w->name);

		vx_conf_uplink_line(w, text, sizeof(text));
		if (!h)
			tell(plan, '+', "%s", text);
		else if (h->broken)
			tell(plan, '~', "%s", text)->why = h->broken;
		else if (h->mode != w->mode)
			tell(plan, '~', "%s", text)->why = "its mode changes, frames are lost for that moment";
	}
}

static void tell_policies(const struct vx_conf *want, const struct vx_conf *have, struct vx_plan *plan)
{
	char text[2 * VX_CONF_WORD + 80];
	int i;

	for (i = 0; i < want->policies; i++) {
		const struct vx_conf_policy *w = &want->policy[i];
		bool loaded = vx_conf_policy(have, w->name);

		vx_conf_policy_line(w, text, sizeof(text));
		if (!loaded)
			tell(plan, '+', "%s", text);
		else if (w->stale)
			tell(plan, '~', "%s", text)->why = w->stale;
	}
}

static void tell_sets(const struct vx_conf *want, const struct vx_conf *have, struct vx_plan *plan)
{
	static const struct vx_lines none;
	int i;

	for (i = 0; i < want->sets; i++) {
		const struct vx_conf_set *w = &want->set[i], *h = vx_conf_set(have, w->feature, w->name);

		if (!h || !vx_lines_same(&w->lines, &h->lines))
			vx_lines_diff(h ? &h->lines : &none, &w->lines, add_line,
				      &tell(plan, h ? '~' : '+', "%s %s", vx_features[w->feature].name, w->name)->lines);
	}
}

static const char *why_anew(const struct vx_conf_port *w, const struct vx_conf_port *h)
{
	if (h->state != VX_PORT_FINE)
		return h->why;
	if (vx_plan_anew(w, h))
		return "made anew, its guest loses its link";
	if (w->closes[VX_TO_GUEST] && w->closes[VX_FROM_GUEST])
		return "closed both ways for the moment in which several of its policies change";
	if (w->closes[VX_TO_GUEST] || w->closes[VX_FROM_GUEST])
		return w->closes[VX_TO_GUEST] ? "closed to-guest for the moment in which several of its policies change"
					      : "closed from-guest for the moment in which several of its policies change";
	return NULL;
}

static void tell_ports(const struct vx_conf *want, const struct vx_conf *have, struct vx_plan *plan)
{
	struct vx_plan_change *change;
	int i;

	for (i = 0; i < want->ports; i++) {
		const struct vx_conf_port *w = &want->port[i], *h = vx_conf_port(have, w->name);
		struct vx_lines before = {}, after = {};

		if (h && h->id)
			vx_conf_port_lines(h, true, &before);
		vx_conf_port_lines(w, true, &after);
		if (!h || !h->id || h->state != VX_PORT_FINE || !vx_lines_same(&before, &after)) {
			change = tell(plan, h ? '~' : '+', "port %s", w->name);
			vx_lines_diff(&before, &after, add_line, &change->lines);
			if (h)
				change->why = why_anew(w, h);
		}
		vx_lines_free(&before);
		vx_lines_free(&after);
	}
}

/* Rules that nothing looks at are hardly what was meant. */
static void tell_idle(const struct vx_conf *want, struct vx_plan *plan)
{
	int i, f, dir;

	for (i = 0; i < want->ports; i++) {
		const struct vx_conf_port *w = &want->port[i];

		for (f = 0; f < vx_features_n; f++)
			for (dir = 0; dir < VX_DIRECTIONS; dir++) {
				const char *policy = vx_features[f].policy;
				bool used = vx_conf_chain_names(w->chain[dir], policy);

				if (vx_features[f].scope == VX_SCOPE_PORT)
					used = vx_conf_chain_names(w->chain[!dir], policy) || used;
				if (w->feature[f][dir].n && !used)
					tell(plan, '#', "port %s", w->name)->why = vx_features[f].idle;
			}
	}
}

static void tell_rest(const struct vx_conf *want, const struct vx_conf *have, bool prune, struct vx_plan *plan)
{
	const char *why = prune ? NULL : "is not in the file and stays, --prune removes it";
	char sign = prune ? '-' : '#';
	int i;

	for (i = 0; i < have->ports; i++)
		if (!vx_conf_port(want, have->port[i].name))
			tell(plan, sign, "port %s", have->port[i].name)->why = why;
	for (i = 0; i < have->sets; i++)
		if (!vx_conf_set(want, have->set[i].feature, have->set[i].name))
			tell(plan, sign, "%s %s", vx_features[have->set[i].feature].name, have->set[i].name)->why = why;
	for (i = 0; i < have->uplinks; i++)
		if (!vx_conf_uplink(want, have->uplink[i].name))
			tell(plan, sign, "uplink %s", have->uplink[i].name)->why = why;
	for (i = 0; i < have->policies; i++)
		if (!vx_conf_policy(want, have->policy[i].name) && !vx_conf_needs_policy(want, have->policy[i].name))
			tell(plan, sign, "policy %s", have->policy[i].name)->why = why;
}

void vx_plan_tell(const struct vx_conf *want, const struct vx_conf *have, unsigned int flags, struct vx_plan *plan)
{
	tell_uplinks(want, have, plan);
	tell_policies(want, have, plan);
	tell_sets(want, have, plan);
	tell_ports(want, have, plan);
	tell_idle(want, plan);
	tell_rest(want, have, flags & VX_PLAN_PRUNE, plan);
}

void vx_plan_print(const struct vx_plan *plan, FILE *out)
{
	int i, j;

	for (i = 0; i < plan->changes; i++) {
		const struct vx_plan_change *c = &plan->change[i];

		fprintf(out, "%c %s%s%s\n", c->sign, c->what, c->why ? c->sign == '#' ? " " : ": " : "", c->why ? c->why : "");
		for (j = 0; j < c->lines.n; j++)
			fprintf(out, "%c\t%s\n", c->lines.line[j][0], c->lines.line[j] + 1);
	}
}

json_t *vx_plan_json(const struct vx_plan *plan)
{
	static const char *const words[] = { ['+'] = "add", ['-'] = "remove", ['~'] = "change", ['#'] = "keep" };
	json_t *all = json_array(), *lines;
	int i, j;

	for (i = 0; all && i < plan->changes; i++) {
		const struct vx_plan_change *c = &plan->change[i];

		lines = json_array();
		for (j = 0; j < c->lines.n; j++)
			json_array_append_new(lines, json_string(c->lines.line[j]));
		json_array_append_new(all, json_pack("{s:s, s:s, s:s*, s:o}", "do", words[(unsigned char)c->sign], "object", c->what, "why",
						     c->why, "lines", lines));
	}
	return all;
}
