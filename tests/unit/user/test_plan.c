// SPDX-License-Identifier: GPL-2.0-or-later
/* From one configuration to another: which steps, in which order, and which port is closed meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../user/conf_parse.h"
#include "../../../user/plan.h"

/* Steps in short, "+port vm1; vm1 to-guest allow". */
static void step_text(const struct vx_plan_step *s, char *out)
{
	static const char *const words[] = {
		[VX_POLICY_LOAD] = "+policy", [VX_POLICY_DEL] = "-policy",   [VX_UPLINK_ADD] = "+uplink", [VX_UPLINK_AGAIN] = "~uplink",
		[VX_UPLINK_DEL] = "-uplink",  [VX_PORT_ADD] = "+port",	     [VX_PORT_DEL] = "-port",	  [VX_PORT_CLEAN] = "clean",
		[VX_PORT_ATTACH] = "attach",  [VX_PORT_SET] = "~port",
	};

	if (s->op == VX_CHAIN_SET)
		sprintf(out, "%s %s %s; ", s->name, vx_direction_name(s->direction), s->chain);
	else if (s->op == VX_LINES_SET)
		sprintf(out, "%s %s%s; ", s->name, s->lines && s->lines->n ? "" : "no ", vx_features[s->feature].name);
	else
		sprintf(out, "%s %s; ", words[s->op], s->name);
}

static void parse(const char *text, struct vx_conf *conf)
{
	static struct vx_conf_errors errors;

	memset(conf, 0, sizeof(*conf));
	memset(&errors, 0, sizeof(errors));
	vx_conf_parse(text, strlen(text), conf, &errors);
	if (errors.n)
		fail_msg("%s\n%d:%d: %s", text, errors.at[0].pos.line, errors.at[0].pos.column, errors.at[0].text);
}

/* A host that is just so: with ids, and the policies that its chains name. */
static void parse_host(const char *text, struct vx_conf *conf)
{
	static const char *const shipped[] = { "allow", "antispoof", "acl" };
	size_t i;
	int n;

	parse(text, conf);
	for (n = 0; n < conf->ports; n++) {
		conf->port[n].id = n + 1;
		conf->port[n].mtu = 1500;
		conf->port[n].mtu_default = true;
	}
	for (i = 0; i < sizeof(shipped) / sizeof(shipped[0]); i++)
		if (vx_conf_needs_policy(conf, shipped[i]) && !vx_conf_policy(conf, shipped[i]))
			vx_conf_add_policy(conf, shipped[i]);
	for (n = 0; n < conf->policies; n++)
		conf->policy[n].slot = n + 1;
}

static char steps[4096], refused[4096];

/* What the plan does and refuses, in the two texts above. */
static void plan_from(struct vx_conf *want, struct vx_conf *have, unsigned int flags)
{
	struct vx_plan plan;
	int i;

	vx_plan_make(want, have, flags, &plan);
	*steps = *refused = '\0';
	for (i = 0; i < plan.steps; i++)
		step_text(&plan.step[i], steps + strlen(steps));
	for (i = 0; i < plan.refused.n; i++)
		sprintf(refused + strlen(refused), "%s; ", plan.refused.at[i].text);
	/* What changes something says so, and the other way round. */
	for (i = 0; i < plan.changes && plan.change[i].sign == '#'; i++)
		;
	assert_int_equal(!plan.steps, i == plan.changes);
	vx_plan_free(&plan);
}

static void plan(const char *from, const char *to, unsigned int flags)
{
	struct vx_conf want, have;

	parse(to, &want);
	parse_host(from, &have);
	plan_from(&want, &have, flags);
	vx_conf_free(&want);
	vx_conf_free(&have);
}

#define U		"uplink u;"
#define PORT(n, what)	"port vm" #n " { mac 52:54:00:00:00:0" #n "; uplink u;" what "};"

static void orders(void **state)
{
	static const struct {
		const char *from, *to;
		unsigned int flags;
		const char *steps, *refused;
	} cases[] = {
		{ "", "", 0, "", "" },
		{ U PORT(1, "to-guest allow"), U PORT(1, "to-guest allow"), VX_PLAN_PRUNE, "", "" },
		/* rules before the chain that uses them, and that before frames pass */
		{ "", U "policy p file /p;" PORT(1, "to-guest p; from-guest antispoof; antispoof 10.0.0.1"), 0,
		  "+policy p; +uplink u; +port vm1; vm1 antispoof; vm1 to-guest p; vm1 from-guest antispoof; ", "" },
		/* one change is one step */
		{ U PORT(1, "to-guest allow"), U PORT(1, "to-guest none"), 0, "vm1 to-guest none; ", "" },
		{ U PORT(1, "from-guest antispoof; antispoof 10.0.0.1"), U PORT(1, "from-guest antispoof; antispoof 10.0.0.2"), 0,
		  "vm1 antispoof; ", "" },
		{ U PORT(1, "host allow"), U PORT(1, "flood-pps 5"), 0, "~port vm1; ", "" },
		/* rules that come with their chain are first; those that go with it are last */
		{ U PORT(1, "from-guest allow"), U PORT(1, "from-guest antispoof; antispoof 10.0.0.1"), 0,
		  "vm1 antispoof; vm1 from-guest antispoof; ", "" },
		{ U PORT(1, "from-guest antispoof; antispoof 10.0.0.1"), U PORT(1, "from-guest allow"), 0,
		  "vm1 from-guest allow; vm1 no antispoof; ", "" },
		/* both chains use rules that change: closed for that moment */
		{ U PORT(1, "from-guest antispoof; antispoof 10.0.0.1"), U PORT(1, "from-guest antispoof,allow; antispoof 10.0.0.2"), 0,
		  "vm1 from-guest none; vm1 antispoof; vm1 from-guest antispoof,allow; ", "" },
		{ U PORT(1, "from-guest antispoof; antispoof 10.0.0.1"),
		  U PORT(1, "from-guest antispoof; antispoof 10.0.0.2; host allow"), 0,
		  "vm1 from-guest none; vm1 antispoof; ~port vm1; vm1 from-guest antispoof; ", "" },
		/* the direction that does not change stays open */
		{ U PORT(1, "to-guest allow; from-guest antispoof; antispoof 10.0.0.1"),
		  U PORT(1, "to-guest none; from-guest antispoof; antispoof 10.0.0.2"), 0, "vm1 antispoof; vm1 to-guest none; ", "" },
		/* one direction leaves the rules, the other goes on with them: the one that leaves them must not see the new ones */
		{ U PORT(1, "to-guest antispoof; from-guest antispoof; antispoof 10.0.0.1"),
		  U PORT(1, "to-guest allow; from-guest antispoof; antispoof 10.0.0.2"), 0,
		  "vm1 to-guest none; vm1 antispoof; vm1 to-guest allow; ", "" },
		/* a port that is new to its chain is closed anyway */
		{ U PORT(1, ""), U PORT(1, "from-guest antispoof; antispoof 10.0.0.2"), 0, "vm1 antispoof; vm1 from-guest "
		  "antispoof; ", "" },
		/* addresses before groups that stand for them, those before rules that name them, and these before the chain */
		{ U, U "acl set s allow tcp src group g;" PORT(1, "to-guest acl; acl to-guest { use set s }; antispoof 10.0.0.1") "group g port vm1;",
		  0,
		  "+port vm1; vm1 antispoof; g group; s acl set; vm1 acl; vm1 to-guest acl; ", "" },
		{ U "group g prefix 10.0.0.0/8; acl set s allow tcp src group g;" PORT(1, "to-guest acl; acl to-guest use set s"), U, VX_PLAN_PRUNE,
		  "-port vm1; s no acl set; g no group; -policy acl; ", "" },
		/* a group alone, below rules and below a set of them: one change */
		{ U "group g prefix 10.0.0.0/8;" PORT(1, "to-guest acl; acl to-guest allow tcp src group g"),
		  U "group g prefix 10.0.0.0/9;" PORT(1, "to-guest acl; acl to-guest allow tcp src group g"), 0, "g group; ", "" },
		{ U "group g prefix 10.0.0.0/8; acl set s allow tcp src group g;" PORT(1, "to-guest acl; acl to-guest use set s"),
		  U "group g prefix 10.0.0.0/9; acl set s allow tcp src group g;" PORT(1, "to-guest acl; acl to-guest use set s"), 0,
		  "g group; ", "" },
		/* and two */
		{ U "group g prefix 10.0.0.0/8; acl set s allow tcp src group g;" PORT(1, "to-guest acl; acl to-guest use set s"),
		  U "group g prefix 10.0.0.0/9; acl set s allow udp src group g;" PORT(1, "to-guest acl; acl to-guest use set s"), 0,
		  "vm1 to-guest none; g group; s acl set; vm1 to-guest acl; ", "" },
		{ U "group g port vm2; " PORT(1, "to-guest acl; acl to-guest allow tcp src group g;") PORT(2, "antispoof 10.0.0.1"),
		  U "group g port vm2; " PORT(1, "to-guest acl; acl to-guest allow udp src group g;") PORT(2, "antispoof 10.0.0.2"), 0,
		  "vm1 to-guest none; vm2 antispoof; vm1 acl; vm1 to-guest acl; ", "" },
		/* a new group that new rules name is no second change; and who names another group has nothing to do with it */
		{ U "group g prefix 10.0.0.0/8;" PORT(1, "to-guest acl; acl to-guest allow tcp src group g"),
		  U "group h prefix 10.0.0.0/9; group g prefix 10.0.0.0/8;" PORT(1, "to-guest acl; acl to-guest allow tcp src group h"), 0,
		  "h group; vm1 acl; ", "" },
		{ U "group g prefix 10.0.0.0/8; group gg prefix 10.0.0.0/8;" PORT(1, "to-guest acl; acl to-guest allow tcp src group gg"),
		  U "group g prefix 10.0.0.0/9; group gg prefix 10.0.0.0/8;" PORT(1, "to-guest acl; acl to-guest allow udp src group gg"), 0,
		  "g group; vm1 acl; ", "" },
		/* rules of the chain's other direction */
		{ U PORT(1, "to-guest acl; from-guest acl; acl to-guest allow tcp; acl from-guest allow tcp"),
		  U PORT(1, "to-guest acl; from-guest acl; acl to-guest allow udp; acl from-guest allow udp"), 0, "vm1 acl; vm1 acl; ", "" },
		/* a port that is made anew comes back into its group */
		{ U "group g port vm1;" PORT(1, "vlan 3; antispoof 10.0.0.1"), U "group g port vm1;" PORT(1, "vlan 4; antispoof 10.0.0.1"),
		  VX_PLAN_RECREATE, "-port vm1; +port vm1; vm1 antispoof; g group; ", "" },
		/* anew */
		{ U PORT(1, "vlan 3"), U PORT(1, "vlan 4"), 0, "-port vm1; +port vm1; ",
		  "port vm1 must be made anew to change its vlan, and its guest loses its link; give --recreate to do so; " },
		{ U PORT(1, "to-guest allow; antispoof 10.0.0.1"), U PORT(1, "queues 2; to-guest allow; antispoof 10.0.0.1"),
		  VX_PLAN_RECREATE, "-port vm1; +port vm1; vm1 antispoof; vm1 to-guest allow; ", "" },
		{ U PORT(1, "") PORT(2, ""), U "port vm1 mac 52:54:00:00:00:02 uplink u; port vm2 mac 52:54:00:00:00:01 uplink u;", VX_PLAN_RECREATE,
		  "-port vm1; -port vm2; +port vm1; +port vm2; ", "" },
		/* an MTU that the file leaves open is the port's */
		{ U PORT(1, "mtu 1400"), U PORT(1, ""), 0, "", "" },
		{ U PORT(1, "mtu 1400"), U PORT(1, "mtu 1300"), VX_PLAN_RECREATE, "-port vm1; +port vm1; ", "" },
		/* what is not in the file stays, or goes last */
		{ U "policy p file /p;" PORT(1, "to-guest p"), U, 0, "", "" },
		{ U "uplink v; policy p file /p;" PORT(1, "to-guest p"), U PORT(2, ""), VX_PLAN_PRUNE, "+port vm2; -port vm1; -uplink v; -policy p; ",
		  "" },
		/* or first, if one that comes needs its MAC */
		{ U PORT(1, ""), U "port vm2 mac 52:54:00:00:00:01 uplink u", VX_PLAN_PRUNE, "-port vm1; +port vm2; ", "" },
		{ U PORT(1, ""), U "port vm2 mac 52:54:00:00:00:01 uplink u", 0, "+port vm2; ",
		  "port vm1 is not in the file, but has the MAC of one that is; give --prune to remove it; " },
		/* a policy that a port needs is not in the way of --prune */
		{ U PORT(1, "to-guest allow"), U PORT(1, "to-guest allow"), VX_PLAN_PRUNE, "", "" },
		{ U "policy p id 7 file /p;", U "policy p id 8 file /p;", 0, "",
		  "policy p has id 1, not 8, and chains know it by that; write that id, or leave it out; " },
		/* uplinks */
		{ "uplink u mode generic", "uplink u mode auto", 0, "", "" },
		{ "uplink u mode generic", "uplink u", 0, "~uplink u; ", "" },
	};
	int bad = 0;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		plan(cases[i].from, cases[i].to, cases[i].flags);
		if (strcmp(steps, cases[i].steps) || strcmp(refused, cases[i].refused)) {
			print_error("case %zu: %s\nto %s\nis    %s\nnot   %s\nrefused %s\n", i, cases[i].from, cases[i].to, steps,
				    cases[i].steps, refused);
			bad++;
		}
	}
	assert_int_equal(bad, 0);
}

/* What is wrong with a host that a file does not know of. */
static void repairs(void **state)
{
	static const char text[] = U PORT(1, "to-guest allow; antispoof 10.0.0.1");
	static const struct {
		bool uplink;
		int port;
		__u32 id;
		const char *steps;
	} cases[] = {
		{ true, VX_PORT_FINE, 1, "~uplink u; " },
		{ false, VX_PORT_BROKEN, 1, "clean vm1; +port vm1; vm1 antispoof; vm1 to-guest allow; " },
		{ false, VX_PORT_BROKEN, 0, "clean vm1; +port vm1; vm1 antispoof; vm1 to-guest allow; " },
		{ false, VX_PORT_DOWN, 1, "attach vm1; " },
		{ true, VX_PORT_BROKEN, 1, "~uplink u; clean vm1; +port vm1; vm1 antispoof; vm1 to-guest allow; " },
	};
	struct vx_conf want, have;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parse(text, &want);
		parse_host(text, &have);
		have.uplink[0].broken = cases[i].uplink ? "gone" : NULL;
		have.port[0].state = cases[i].port;
		have.port[0].why = "because";
		have.port[0].id = cases[i].id;
		plan_from(&want, &have, 0);
		assert_string_equal(steps, cases[i].steps);
		assert_string_equal(refused, "");
		vx_conf_free(&want);
		vx_conf_free(&have);
	}
}

/* A program that changes under a chain is one change of it. */
static void programs(void **state)
{
	static const struct {
		const char *from, *to, *steps;
	} cases[] = {
		{ U "policy p file /p;" PORT(1, "to-guest p"), U "policy p file /p;" PORT(1, "to-guest p"), "+policy p; " },
		{ U "policy p file /p;" PORT(1, "to-guest p"), U "policy p file /p;" PORT(1, "to-guest p,allow"),
		  "vm1 to-guest none; +policy p; vm1 to-guest p,allow; " },
		{ U "policy p file /p;" PORT(1, "to-guest allow"), U "policy p file /p;" PORT(1, "to-guest p"), "+policy p; vm1 to-guest p; " },
		{ U "policy p file /p;" PORT(1, "to-guest p,antispoof; antispoof 10.0.0.1"),
		  U "policy p file /p;" PORT(1, "to-guest p,antispoof; antispoof 10.0.0.2"),
		  "vm1 to-guest none; +policy p; vm1 antispoof; vm1 to-guest p,antispoof; " },
	};
	struct vx_conf want, have;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parse(cases[i].to, &want);
		parse_host(cases[i].from, &have);
		want.policy[0].stale = "another program";
		plan_from(&want, &have, 0);
		assert_string_equal(steps, cases[i].steps);
		vx_conf_free(&want);
		vx_conf_free(&have);
	}
}

static void idle_rules_are_told(void **state)
{
	static const struct {
		const char *port, *says;
	} cases[] = {
		{ PORT(1, "from-guest antispoof; antispoof 10.0.0.1"), NULL },
		{ PORT(1, "to-guest allow; antispoof 10.0.0.1"), "has antispoof rules, but neither chain names antispoof: they do nothing" },
		{ PORT(1, "to-guest acl; from-guest acl; acl to-guest allow tcp; acl from-guest allow tcp"), NULL },
		{ PORT(1, "to-guest acl; acl from-guest allow tcp"), "has acl rules for a direction whose chain does not name acl" },
		{ PORT(1, "from-guest acl"), NULL },
	};
	struct vx_conf want, have;
	struct vx_plan plan;
	char text[200];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), U "%s", cases[i].port);
		parse(text, &want);
		parse_host(text, &have);
		vx_plan_make(&want, &have, 0, &plan);
		assert_true(vx_plan_empty(&plan));
		assert_int_equal(plan.changes, !!cases[i].says);
		if (cases[i].says)
			assert_non_null(strstr(plan.change[0].why, cases[i].says));
		vx_plan_free(&plan);
		vx_conf_free(&want);
		vx_conf_free(&have);
	}
}

static void used_ports_stay(void **state)
{
	struct vx_conf want, have;

	parse(U PORT(1, "vlan 4"), &want);
	parse_host(U PORT(1, "vlan 3; engine kernel"), &have);
	have.port[0].used = true;
	plan_from(&want, &have, VX_PLAN_RECREATE);
	assert_string_equal(refused, "port vm1 cannot change its vlan while a VMM uses it; stop that one first; ");
	vx_conf_free(&want);
	vx_conf_free(&have);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders),
		cmocka_unit_test(repairs),
		cmocka_unit_test(programs),
		cmocka_unit_test(idle_rules_are_told),
		cmocka_unit_test(used_ports_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
