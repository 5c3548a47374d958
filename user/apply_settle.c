// SPDX-License-Identifier: GPL-2.0-or-later
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "apply.h"
#include "policy_same.h"

static const char *name_of_slot(const struct vx_conf *have, __u32 slot)
{
	int i;

	for (i = 0; i < have->policies; i++)
		if (have->policy[i].slot == slot)
			return have->policy[i].name;
	return NULL;
}

static bool shipped(const char *name)
{
	char file[PATH_MAX + 64];

	return !vx_policy_shipped(name, file, sizeof(file));
}

/* False: there is no such policy anywhere. */
static bool need(struct vx_conf *want, const struct vx_conf *have, const char *name)
{
	if (vx_conf_policy(want, name) || vx_conf_policy(have, name))
		return true;
	if (!shipped(name))
		return false;
	vx_conf_add_policy(want, name)->implied = true;
	return true;
}

static void settle_chain(struct vx_conf *want, const struct vx_conf *have, struct vx_conf_port *port, int dir,
			 struct vx_conf_errors *errors)
{
	char buf[VX_CHAIN_TEXT], *word[VX_CHAIN_MAX];
	const char *name;
	size_t used = 0;
	__u32 slot;
	int i, n;

	if (!strcmp(port->chain[dir], "none"))
		return;
	strcpy(buf, port->chain[dir]);
	n = vx_split(buf, word, VX_CHAIN_MAX);
	for (i = 0; i < n && used < VX_CHAIN_TEXT; i++) {
		struct vx_pos pos = { port->chain_pos[dir].line, port->chain_pos[dir].column + (int)(word[i] - buf) };

		name = word[i];
		if (!vx_parse_u32(name, 1, VX_POLICY_SLOTS - 1, &slot)) {
			if (name_of_slot(have, slot))
				name = name_of_slot(have, slot);
		} else if (!need(want, have, name)) {
			vx_conf_error(errors, pos, "there is no policy %s, in this file, loaded or shipped; add: policy %s file PATH", name, name);
		}
		used += snprintf(port->chain[dir] + used, VX_CHAIN_TEXT - used, "%s%s", i ? "," : "", name);
	}
}

/* Hands it to the kernel to see whether it loads, and whether it is what judges. */
static void settle_policy(struct vx_conf_policy *policy, struct vx_conf_errors *errors)
{
	char file[PATH_MAX + 64];
	struct vx_policy old;
	bool loaded = !vx_policy_find(policy->name, &old);

	if (!policy->file && vx_policy_shipped(policy->name, file, sizeof(file)))
		vx_conf_error(errors, policy->pos, "there is no shipped policy %s; say where it is: policy %s file PATH", policy->name,
			      policy->name);
	else if (vx_policy_compare(policy->file ? policy->file : file, loaded ? &old : NULL, &policy->stale) < 0)
		vx_conf_error(errors, policy->pos, "policy %s cannot be loaded, as the line above says; try: vhost-xdp policy check %s",
			      policy->name, policy->file ? policy->file : file);
}

void vx_apply_settle(struct vx_conf *want, const struct vx_conf *have, struct vx_conf_errors *errors)
{
	int i, f, dir;

	for (i = 0; i < want->policies; i++)
		settle_policy(&want->policy[i], errors);
	for (i = 0; i < want->ports; i++)
		for (dir = 0; dir < VX_DIRECTIONS; dir++) {
			settle_chain(want, have, &want->port[i], dir, errors);
			for (f = 0; f < vx_features_n; f++)
				if (want->port[i].feature[f][dir].n && vx_features[f].policy)
					need(want, have, vx_features[f].policy);
		}
	for (i = 0; i < want->sets; i++)
		if (vx_features[want->set[i].feature].policy)
			need(want, have, vx_features[want->set[i].feature].policy);
}
