// SPDX-License-Identifier: GPL-2.0-or-later
/* The configuration file: what it says, how that is written, and what is said where it is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../user/conf_parse.h"

#define PORT	"uplink wire\nport vm1 { mac 52:54:00:00:00:01; uplink wire\n"

static struct vx_conf_errors errors;

static void parse(const char *text, size_t len, struct vx_conf *conf)
{
	memset(&errors, 0, sizeof(errors));
	memset(conf, 0, sizeof(*conf));
	vx_conf_parse(text, len, conf, &errors);
}

/* As "show --conf" would print it. */
static char *printed(struct vx_conf *conf)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	int i;

	for (i = 0; i < conf->ports; i++)
		conf->port[i].id = i + 1;
	vx_conf_print(conf, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void one_error_each(void **state)
{
	static const struct {
		const char *text;
		int line, column;
		const char *says;
	} cases[] = {
		/* statements */
		{ "uplnk wire", 1, 1, "'uplnk' is not known here; write 'uplink'" },
		{ "wire", 1, 1, "'wire' is not known here; use uplink, policy" },
		{ "\n\t  por vm1", 2, 4, "'por' is not known here; write 'port'" },
		{ "antispoof ip 10.0.0.1", 1, 1, "'antispoof' belongs to a port" },
		{ "uplink a { }", 1, 1, "'uplink' has no block" },
		{ "}", 1, 1, "this } closes nothing" },
		{ "uplink a }", 1, 10, "this } closes nothing" },
		{ "{ uplink a }", 1, 1, "this block belongs to nothing" },
		{ "uplink wire\npolicy p\n{ }", 3, 1, "this block belongs to nothing" },
		{ "uplink \"wire\nuplink b", 1, 8, "this quotation does not end in its line" },
		{ "uplink wire\001", 1, 12, "a control character (1) has no place in this file" },
		{ "uplink wire\r", 1, 12, "a control character (13)" },
		/* a character of UTF-8 is one column */
		{ "uplink \303\244\303\266 mode x", 1, 16, "'x' is not known as a mode; use native, generic or auto" },
		/* uplinks */
		{ "uplink", 1, 1, "'uplink' needs a name, for instance: uplink eth0" },
		{ "uplink a/b", 1, 8, "'a/b' is no name of a netdev" },
		{ "uplink abcdefghijklmnop", 1, 8, "is no name of a netdev" },
		{ "uplink a mode nativ", 1, 15, "'nativ' is not known as a mode; write 'native'" },
		{ "uplink a mode", 1, 10, "'mode' needs a value, for instance: mode native" },
		{ "uplink a mod native", 1, 10, "'mod' is not known for an uplink; write 'mode'" },
		{ "uplink a\n\nuplink a", 3, 8, "uplink a is in line 1 already" },
		/* policies */
		{ "policy", 1, 1, "'policy' needs a name" },
		{ "policy 12 file /a", 1, 8, "'12' is no name for a policy" },
		{ "policy none", 1, 8, "'none' is no name for a policy" },
		{ "policy a.b", 1, 8, "'a.b' is no name for a policy" },
		{ "policy a file b.o", 1, 15, "the file 'b.o' has no absolute path; begin it with /" },
		{ "policy a id 256", 1, 13, "id '256' is out of range; use 1 to 255" },
		{ "policy a id 0x1", 1, 13, "id '0x1' is not a number" },
		{ "policy a; policy a", 1, 18, "policy a is in line 1 already" },
		/* ports */
		{ "port", 1, 1, "'port' needs a name" },
		{ "port vm.1 { }", 1, 6, "'vm.1' is no name for a port" },
		{ "port abcdefghijklmn { }", 1, 6, "'abcdefghijklmn' is no name for a port; use up to 13" },
		{ "uplink w\nport vm1 uplink w", 2, 1, "port vm1 needs the guest's MAC" },
		{ "port vm1 mac 52:54:00:00:00:01", 1, 1, "port vm1 needs an uplink" },
		{ "port vm1 mac 52:54:00:00:00:01 uplink w", 1, 1, "w, the uplink of port vm1, is not in this file; add: uplink w" },
		{ PORT "vlann 3 }", 3, 1, "'vlann' is not known in a port; write 'vlan'" },
		{ PORT "to vm2 }", 3, 1, "'to' is not known in a port; write 'to-guest'" },
		{ PORT "colour blue }", 3, 1, "'colour' is not known in a port; use mac, uplink, vlan, mtu, queues, engine, host, flood-pps, "
				      "to-guest, from-guest" },
		{ PORT "vlan }", 3, 1, "'vlan' needs a value, for instance: vlan 10" },
		{ PORT "vlan 4095 }", 3, 6, "vlan '4095' is out of range; use 0 to 4094" },
		{ PORT "vlan ten }", 3, 6, "vlan 'ten' is not a number; use 0 to 4094" },
		{ PORT "vlan 1 queues 17 }", 3, 15, "queues '17' is out of range; use 1 to 16" },
		{ PORT "mtu 9000 }", 3, 5, "mtu '9000' is out of range; use 68 to 3502" },
		{ PORT "vlan 10\nvlan 10 }", 4, 1, "'vlan' is given twice, first in line 3" },
		{ PORT "mac 52:54:00:00:00:02 }", 3, 1, "'mac' is given twice, first in line 2" },
		{ PORT "engine kernal }", 3, 8, "'kernal' is not known as an engine; write 'kernel'" },
		{ PORT "host yes }", 3, 6, "'yes' is not known for host; use deny or allow" },
		{ PORT "vlan 3 { } }", 3, 1, "'vlan' has no block" },
		{ PORT "to-guest allow, }", 3, 10, "the chain 'allow,' is not valid" },
		{ PORT "to-guest allow,,acl }", 3, 10, "the chain 'allow,,acl' is not valid" },
		{ PORT "to-guest a,b,c,d,e,f,g,h,i }", 3, 10, "is too long; at most 8 policies" },
		{ PORT "to-guest allow,a.b }", 3, 16, "'a.b' is no policy" },
		{ PORT "to-guest allow,none }", 3, 16, "'none' is no policy" },
		{ "uplink w\nport a mac 52:54:00:00:00 uplink w", 2, 12, "'52:54:00:00:00' is not a MAC address" },
		{ "uplink w\nport a mac ff:ff:ff:ff:ff:ff uplink w", 2, 12, "is zero or a group address" },
		{ PORT "}\nport vm1 { }", 4, 6, "port vm1 is in line 2 already" },
		{ PORT "}\nport vm2 mac 52:54:00:00:00:01 uplink wire", 4, 1, "port vm2 has MAC 52:54:00:00:00:01 of port vm1, in line 2" },
		{ PORT, 2, 10, "this block is not closed; add }" },
		/* features */
		{ PORT "antispoof }", 3, 1, "'antispoof' says nothing" },
		{ PORT "antispoof allow router 10.0.0 }", 3, 24, "'10.0.0' is not" },
		{ PORT "antispoof { 10.0.0.1\n10.0.0.1/33 } }", 4, 1, "'10.0.0.1/33' is not" },
		{ PORT "antispoof { allow everything } }", 3, 19, "the right 'everything' is not known" },
		{ PORT "antispoof 10.0.0.1 { allow router } }", 3, 11, "either words or a block follow" },
		{ PORT "acl allow icmp }", 3, 5, "'allow' is not known as a direction; use to-guest or from-guest" },
		{ PORT "acl to-gues allow icmp }", 3, 5, "'to-gues' is not known as a direction; write 'to-guest'" },
		{ PORT "acl }", 3, 1, "'acl' needs a direction" },
		{ PORT "acl to-guest { default deny\nallow tcp dprt 22 } }", 4, 11, "'dprt'" },
		{ PORT "acl to-guest { default deny\ndefault deny } }", 4, 1, "'default' is given twice" },
		{ PORT "acl to-guest { allow icmp\nallow tcp\ndeny icmp } }", 5, 1, "another rule says the contrary of the same" },
		{ PORT "acl to-guest { allow icmp\nallow tcp\nallow icmp } }", 5, 1, "another rule says the same" },
		{ PORT "acl to-guest allow tcp src group web }", 3, 34, "there is no group web in this file; add: group web { ... }" },
		{ PORT "acl to-guest use set base }", 3, 22, "there is no acl set base in this file" },
		{ PORT "acl to-guest use base }", 3, 14, "'use' needs a set" },
		{ PORT "acl to-guest { use set base\nallow icmp } }\nacl set base allow icmp", 3, 16, "'use' takes the rules of a set" },
		{ PORT "ratelimit to-guest pps 10k bsp 1m }", 3, 28, "'bsp' is not known here" },
		{ PORT "ratelimit to-guest { pps 10k\nbps lots } }", 4, 5, "'lots' is not" },
		{ PORT "stateful mode maybe }", 3, 15, "'maybe' is not known" },
		{ PORT "group web port vm1 }", 3, 1, "'group' does not belong to a port" },
		{ "group", 1, 1, "'group' needs a name, for instance: web { ... }" },
		{ "acl set", 1, 1, "'set' needs a name" },
		{ "acl sets web allow icmp", 1, 1, "'acl' belongs to a port" },
		{ "group a.b { }", 1, 7, "'a.b' is no name for a group" },
		{ "group a prefix 10.0.0.0/8; group a prefix 10.0.0.0/9", 1, 34, "group a is in line 1 already" },
		{ "group a", 1, 1, "'group' says nothing" },
		{ "group a { prefix 10.0.0.0/8\nport vm7 }", 2, 6, "there is no port vm7 in this file" },
		{ "group a { prefix 10.0.0.0/8,10.0 }", 1, 18, "'10.0' is" },
		{ PORT "antispoof { { } } }", 3, 13, "this block belongs to nothing" },
		{ PORT "antispoof { 10.0.0.1 { } } }", 3, 13, "'10.0.0.1' has no block" },
	};
	struct vx_conf conf;
	int bad = 0;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		parse(cases[i].text, strlen(cases[i].text), &conf);
		if (errors.n != 1 || errors.at[0].pos.line != cases[i].line || errors.at[0].pos.column != cases[i].column ||
		    !strstr(errors.at[0].text, cases[i].says)) {
			bad++;
			print_error("%s\nhas %d errors, the first at %d:%d: %s\n", cases[i].text, errors.n, errors.at[0].pos.line,
				    errors.at[0].pos.column, errors.at[0].text);
		}
		vx_conf_free(&conf);
	}
	assert_int_equal(bad, 0);
}

static void all_errors_in_order(void **state)
{
	static const char text[] = "uplink w\nuplink w\nport vm1 { uplink x vlan 5000 }\nport vm2 { mac 1; antispoof { x; y\n10.0.0.1 } }";
	static const struct vx_pos at[] = { { 2, 8 }, { 3, 1 }, { 3, 1 }, { 3, 26 }, { 4, 1 }, { 4, 16 }, { 4, 31 }, { 4, 34 } };
	struct vx_conf conf;
	size_t i;

	parse(text, strlen(text), &conf);
	assert_int_equal(errors.n, sizeof(at) / sizeof(at[0]));
	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		assert_int_equal(errors.at[i].pos.line, at[i].line);
		assert_int_equal(errors.at[i].pos.column, at[i].column);
	}
	vx_conf_free(&conf);
}

static void nesting_is_bounded(void **state)
{
	static const char text[] = "a { b { c { d { e { f }}}}}";
	struct vx_conf conf;
	int i;

	parse(text, strlen(text), &conf);
	for (i = 0; i < errors.n && !strstr(errors.at[i].text, "nested too deep; at most 4"); i++)
		;
	assert_int_not_equal(i, errors.n);
	assert_int_equal(errors.at[i].pos.column, 19);
	vx_conf_free(&conf);
}

static void errors_are_bounded(void **state)
{
	char text[30 * 4 + 1] = "";
	struct vx_conf conf;
	int i;

	for (i = 0; i < 30; i++)
		strcat(text, "bad\n");
	parse(text, strlen(text), &conf);
	assert_int_equal(errors.n, VX_CONF_ERRORS);
	assert_int_equal(errors.untold, 10);
	for (i = 0; i < VX_CONF_ERRORS; i++)
		assert_int_equal(errors.at[i].pos.line, i + 1);
	vx_conf_free(&conf);
}

/* What is written in many ways is one thing, and that prints in one way. */
static void canonical(void **state)
{
	static const char want[] =
		"uplink eth0\n"
		"uplink \"e#1\" mode generic\n"
		"policy my id 9 file \"/a b/\\\"c\\\".o\"\n"
		"policy spare\n"
		"\n"
		"group web {\n"
		"\tprefix 10.0.1.0/24\n"
		"\tprefix 2001:db8::/32\n"
		"\tport vm1\n"
		"}\n"
		"\n"
		"acl set base {\n"
		"\tdefault deny\n"
		"\tallow tcp src group web dport 22\n"
		"}\n"
		"\n"
		"port vm1 {\n"
		"\tmac 52:54:00:00:00:01\n"
		"\tuplink eth0\n"
		"\tvlan 10\n"
		"\tmtu 1400\n"
		"\tqueues 2\n"
		"\tengine kernel\n"
		"\thost allow\n"
		"\tflood-pps 7\n"
		"\tto-guest my,allow\n"
		"\tfrom-guest antispoof\n"
		"\tantispoof {\n"
		"\t\t10.0.0.5/32\n"
		"\t\t10.1.0.0/16\n"
		"\t\t2001:db8::5/128\n"
		"\t\tallow router\n"
		"\t\tdeny any-ll\n"
		"\t}\n"
		"}\n"
		"\n"
		"port vm2 {\n"
		"\tmac 52:54:00:00:00:02\n"
		"\tuplink \"e#1\"\n"
		"\tantispoof allow dhcp-server\n"
		"\tacl to-guest {\n"
		"\t\tdefault allow\n"
		"\t\tdeny icmp prio 5\n"
		"\t\tallow tcp src group web\n"
		"\t}\n"
		"\tacl from-guest use set base\n"
		"\tratelimit to-guest pps 10k bps 1gbit burst 20ms\n"
		"\tstateful {\n"
		"\t\tmode both\n"
		"\t\tlimit 100\n"
		"\t}\n"
		"}\n";
	static const char text[] =
		"# a comment; { \n"
		"uplink eth0 mode native;uplink \"e#1\" mode generic # another\r\n"
		"policy my file \"/a b/\\\"c\\\".o\" id 9\n"
		"policy allow; policy spare\n"
		"port vm1{mac 52:54:00:00:00:01;uplink \\\n eth0 vlan 10\n"
		"  mtu 1400; queues 2 engine kernel; host allow flood-pps 7\n"
		"  to-guest my,allow; from-guest antispoof\n"
		"  antispoof{allow router deny any-ll;2001:DB8::5;10.1.0.0/16}\n"
		"  antispoof 10.0.0.5/32\n"
		"}port vm2 mac 52:54:00:00:00:02 uplink \"e#1\"{to-guest none;antispoof {\n\n allow dhcp-server}\n"
		"  antispoof {} \n"
		"stateful limit 100; stateful mode both; ratelimit to-guest{bps 1g\npps 10000}\n"
		"acl from-guest { use set base }\n"
		"acl to-guest allow tcp src group web; acl to-guest { deny icmp prio 5; default allow } }\n"
		"acl set base { allow tcp src group web dport 22 }\n"
		"group web{port vm1; prefix 2001:db8::/32,10.0.1.0/24}";
	struct vx_conf conf;
	char *out;

	parse(text, strlen(text), &conf);
	if (errors.n)
		fail_msg("%d:%d: %s", errors.at[0].pos.line, errors.at[0].pos.column, errors.at[0].text);
	out = printed(&conf);
	assert_string_equal(out, want);
	free(out);
	vx_conf_free(&conf);
	parse(want, strlen(want), &conf);
	assert_int_equal(errors.n, 0);
	out = printed(&conf);
	assert_string_equal(out, want);
	free(out);
	vx_conf_free(&conf);
}

static void limits(void **state)
{
	char *text = malloc(VX_CONF_BYTES + 1);
	struct vx_conf conf;
	int i, n;

	assert_non_null(text);
	memset(text, '\n', VX_CONF_BYTES + 1);
	parse(text, VX_CONF_BYTES, &conf);
	assert_int_equal(errors.n, 0);
	vx_conf_free(&conf);
	parse(text, VX_CONF_BYTES + 1, &conf);
	assert_int_equal(errors.n, 1);
	assert_non_null(strstr(errors.at[0].text, "too large"));
	vx_conf_free(&conf);

	n = sprintf(text, "uplink ");
	memset(text + n, 'a', VX_CONF_WORD + 1);
	parse(text, n + VX_CONF_WORD + 1, &conf);
	assert_non_null(strstr(errors.at[0].text, "this word is too long; at most 1023 bytes"));
	vx_conf_free(&conf);

	for (i = n = 0; i < VX_CONF_WORDS + 1; i++)
		n += sprintf(text + n, "a ");
	parse(text, n, &conf);
	assert_int_equal(errors.n, 1);
	assert_int_equal(errors.at[0].pos.column, 2 * VX_CONF_WORDS + 1);
	assert_non_null(strstr(errors.at[0].text, "at most 128 words"));
	vx_conf_free(&conf);

	n = sprintf(text, "uplink w\n");
	for (i = 1; i < VX_PORTS_MAX; i++)
		n += sprintf(text + n, "port p%d mac 52:54:00:00:%02x:%02x uplink w\n", i, i >> 8, i & 255);
	parse(text, n, &conf);
	assert_int_equal(errors.n, 0);
	assert_int_equal(conf.ports, VX_PORTS_MAX - 1);
	assert_string_equal(vx_conf_port(&conf, "p777")->name, "p777");
	assert_null(vx_conf_port(&conf, "p1024"));
	vx_conf_free(&conf);
	n += sprintf(text + n, "port last mac 52:54:00:00:ff:ff uplink w\n");
	parse(text, n, &conf);
	assert_int_equal(errors.n, 1);
	assert_int_equal(errors.at[0].pos.line, VX_PORTS_MAX + 1);
	assert_non_null(strstr(errors.at[0].text, "more than 1023 ports"));
	vx_conf_free(&conf);
	free(text);
}

static void chains(void **state)
{
	assert_true(vx_conf_chain_names("allow", "allow"));
	assert_true(vx_conf_chain_names("a,allow", "allow"));
	assert_true(vx_conf_chain_names("allow,b", "allow"));
	assert_false(vx_conf_chain_names("allowed", "allow"));
	assert_false(vx_conf_chain_names("disallow,allow2", "allow"));
	assert_false(vx_conf_chain_names("none", "none"));
	assert_false(vx_conf_chain_names("none", "allow"));
}

static void add_sign(char sign, const char *line, void *arg)
{
	char *out = arg;

	sprintf(out + strlen(out), "%c%s ", sign, line);
}

static void line_diffs(void **state)
{
	static const struct {
		const char *a, *b, *diff;
	} cases[] = {
		{ "", "", "" },
		{ "", "a\nb\n", "+a +b " },
		{ "a\nb\n", "", "-a -b " },
		{ "a\nb\nc", "a\nb\nc", "" },
		{ "a\nb\nc", "a\nx\nc", "-b +x " },
		{ "a\nb\nc\nd", "b\nc\ne\nd", "-a +e " },
		{ "a\nb", "b\na", "-a +a " },
		{ "1\n2\n3\n4\n5", "2\n6\n4\n5\n1", "-1 -3 +6 +1 " },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vx_lines a = {}, b = {};
		char out[100] = "";

		vx_lines_split(&a, cases[i].a);
		vx_lines_split(&b, cases[i].b);
		vx_lines_diff(&a, &b, add_sign, out);
		assert_string_equal(out, cases[i].diff);
		vx_lines_free(&a);
		vx_lines_free(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_error_each), cmocka_unit_test(all_errors_in_order), cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(errors_are_bounded),
		cmocka_unit_test(canonical),	  cmocka_unit_test(limits),		 cmocka_unit_test(chains),
		cmocka_unit_test(line_diffs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
