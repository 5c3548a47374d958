// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "acl.h"
#include "names.h"
#include "policy.h"
#include "port.h"

/* The policies that count by rule. A new one adds its line. */
static const struct vx_rule_ops rule_ops[] = {
	{ "acl", vx_acl_rule_name, vx_acl_rule_each },
};

/* Rules that were looked up: the same few are dropped by again and again. */
#define KEPT	64

static struct {
	__u32 policy;
	struct vx_rule_of of;
	char text[VX_RULE_TEXT];
} kept[KEPT];

static char port_names[VX_PORTS_MAX][VX_NAME_LEN];
static struct vx_policy policies[VX_POLICY_SLOTS];

static int keep_port(const struct vx_port *port, void *arg)
{
	snprintf(port_names[port->id], VX_NAME_LEN, "%s", port->cfg.name);
	return 0;
}

static int keep_policy(const struct vx_policy *policy, void *arg)
{
	policies[policy->id] = *policy;
	return 0;
}

void vx_names_refresh(void)
{
	memset(port_names, 0, sizeof(port_names));
	memset(policies, 0, sizeof(policies));
	memset(kept, 0, sizeof(kept));
	vx_port_each(keep_port, NULL);
	vx_policy_each(keep_policy, NULL);
}

const char *vx_port_name(__u32 id)
{
	static char number[16];

	if (!id)
		return "-";
	if (id < VX_PORTS_MAX && *port_names[id])
		return port_names[id];
	snprintf(number, sizeof(number), "#%u", id);
	return number;
}

const char *vx_policy_name(__u32 id)
{
	static char number[16];

	if (id < VX_POLICY_SLOTS && *policies[id].name)
		return policies[id].name;
	snprintf(number, sizeof(number), "#%u", id);
	return number;
}

const struct vx_rule_ops *vx_rule_ops(const struct vx_policy *policy)
{
	size_t i;

	for (i = 0; i < sizeof(rule_ops) / sizeof(rule_ops[0]); i++)
		if (rule_ops[i].program && !strcmp(rule_ops[i].program, policy->prog_name))
			return &rule_ops[i];
	return NULL;
}

static void look_up(__u32 id, const struct vx_rule_of *of, char text[VX_RULE_TEXT])
{
	const struct vx_rule_ops *ops = vx_rule_ops(&policies[id]);
	char name[VX_RULE_TEXT / 2];

	if (!of->rule)
		snprintf(text, VX_RULE_TEXT, "policy %s", vx_policy_name(id));
	else if (ops && ops->name && !ops->name(&policies[id], of, name, sizeof(name)))
		snprintf(text, VX_RULE_TEXT, "policy %s rule %s", vx_policy_name(id), name);
	else
		snprintf(text, VX_RULE_TEXT, "policy %s rule %u", vx_policy_name(id), of->rule);
}

/* The low byte is the policy, the rest a rule of its own. */
const char *vx_rule_text(__u32 port, __u32 direction, __u32 rule, char text[VX_RULE_TEXT])
{
	const struct vx_rule_of of = { port, direction, rule >> 8 };
	__u32 id = rule & 0xff, i = (port * 31 + direction * 17 + of.rule + id) % KEPT;

	*text = '\0';
	if (!id)
		return text;
	if (kept[i].policy != id || memcmp(&kept[i].of, &of, sizeof(of))) {
		kept[i].policy = id;
		kept[i].of = of;
		look_up(id, &of, kept[i].text);
	}
	return strcpy(text, kept[i].text);
}
