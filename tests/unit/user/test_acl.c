// SPDX-License-Identifier: GPL-2.0-or-later
/* The compiler of the policy acl, its classifier in user space, and its words, held against the simple model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <errno.h>
#include <time.h>
#include <cmocka.h>
#include "../../bpf/acl_model.h"
#include "acl_words.h"
#include <vhost_xdp/acl_find.h>

static int compile(const struct model *m, struct vx_acl_built *built)
{
	struct vx_acl_source source = { .rules = m->rule, .n = m->n, .allow = m->allow, .groups = m->group, .n_groups = MODEL_GROUPS, .cpus = 2 };

	return vx_acl_compile(&source, built);
}

static void seed(void)
{
	const char *given = getenv("VX_SEED");

	model_state = given ? strtoull(given, NULL, 0) : (unsigned long long)time(NULL) * 2654435761u | 1;
	printf("seed: VX_SEED=%llu\n", model_state);
}

/* Returns how many packets went far down the list. */
static __u32 check(const struct model *m, const struct vx_acl_built *built, __u32 packets)
{
	char text[VX_ACL_TEXT];
	struct vx_pkt pkt;
	struct desc d;
	bool allow, want;
	__u32 place, number, expected, deep = 0;

	while (packets--) {
		random_desc(m, &d);
		desc_pkt(&d, &pkt);
		expected = model_judge(m, &d, &want);
		place = vx_acl_judge(built, &pkt, &allow, &number);
		if (place == VX_ACL_NO_HIT)
			place = m->n;
		deep += expected > m->n / 3;
		if (place == expected && allow == want && number == (place < m->n ? m->rule[place].number : 0))
			continue;
		if (expected < m->n) {
			vx_acl_text(&m->rule[expected], text);
			print_message("expected %u: %s\n", expected, text);
		}
		if (place < m->n) {
			vx_acl_text(&m->rule[place], text);
			print_message("found %u: %s\n", place, text);
		}
		fail_msg("of %u rules: place %u, not %u; family %d proto %u fragment %d ports %u %u type %u code %u", m->n, place, expected,
			 d.family, d.proto, d.fragment, d.sport, d.dport, d.type, d.code);
	}
	return deep;
}

static void random_sets(void **state)
{
	static const __u32 sizes[] = { 1, 2, 10, 63, 64, 65, 200, 511, 512, 513, 1000, 2000 };
	static struct vx_acl_rule rules[2000];
	static struct model m;
	struct vx_acl_built built;
	__u32 i, round, deep = 0;

	seed();
	for (round = 0; round < 6; round++)
		for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			random_model(&m, rules, sizes[i]);
			assert_int_equal(compile(&m, &built), 0);
			deep += check(&m, &built, 1500);
			free(built.image);
		}
	printf("%u of %u packets met none of the first third of the rules\n", deep, 6 * 12 * 1500);
	assert_true(deep > 6 * 12 * 1500 / 5);
}

static void largest_set(void **state)
{
	struct vx_acl_rule *rules = calloc(VX_ACL_RULES_MAX, sizeof(*rules));
	static struct model m;
	struct vx_acl_built built;

	random_model(&m, rules, VX_ACL_RULES_MAX);
	assert_int_equal(compile(&m, &built), 0);
	check(&m, &built, 3000);
	free(built.image);
	m.n++;
	assert_int_equal(compile(&m, &built), -E2BIG);
	free(rules);
}

/* An image whose bytes are noise is read within its bounds all the same. */
static void noise(void **state)
{
	struct vx_acl_built built = { .size = 0 };
	struct vx_pkt pkt;
	__u32 i, round, number;
	bool allow;
	__u8 *b;

	for (round = 0; round < 300; round++) {
		b = malloc(VX_ACL_IMAGE_SIZE(0) + VX_ACL_IMAGE_SLACK);
		assert_non_null(b);
		for (i = 0; i < VX_ACL_IMAGE_SIZE(0) + VX_ACL_IMAGE_SLACK; i++)
			b[i] = rnd(256);
		built.image = b;
		for (i = 0; i < (__u32)sizeof(pkt); i++)
			((__u8 *)&pkt)[i] = rnd(256);
		vx_acl_judge(&built, &pkt, &allow, &number);
		free(b);
	}
}

/* As many rules as are promised fit, however many CPUs there are. */
static void many_cpus(void **state)
{
	struct vx_acl_rule *rules = calloc(VX_ACL_RULES_MAX, sizeof(*rules));
	struct vx_acl_source source = { .rules = rules, .n = VX_ACL_RULES_MAX };
	static const __u32 cpus[] = { 1, 64, 128, 512, 8192 };
	struct vx_acl_built built;
	__u32 i;

	for (i = 0; i < VX_ACL_RULES_MAX; i++)
		rules[i] = (struct vx_acl_rule){
			.number = i + 1, .proto = 6, .n_src = 1, .src = { { .addr = { 10, i >> 8, i }, .len = 24, .family = 4 } },
			.n_dport = 1, .dport = { { i, i } },
		};
	for (i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++) {
		source.cpus = cpus[i];
		if (vx_acl_compile(&source, &built))
			fail_msg("%u CPUs: %zu bytes", cpus[i], built.used);
		assert_int_equal(((struct vx_acl_image *)built.image)->shared, cpus[i] > 64);
		free(built.image);
	}
	free(rules);
}

/* Rules that share nothing: every prefix needs a table of its own. The image is bounded, and says what it would take. */
static void too_large(void **state)
{
	struct vx_acl_rule *rules = calloc(VX_ACL_RULES_MAX, sizeof(*rules));
	struct vx_acl_members groups[64] = {};
	struct vx_acl_source source = { .rules = rules, .n = 64, .groups = groups, .n_groups = 64, .cpus = 2 };
	struct vx_acl_built built;
	__u32 g, i, k;

	for (g = 0; g < 64; g++) {
		snprintf(groups[g].name, sizeof(groups[g].name), "g%02u", g);
		groups[g].n = VX_ACL_GROUP_PREFIXES;
		groups[g].prefix = calloc(8 * groups[g].n, sizeof(struct vx_acl_prefix));
		for (i = 0; i < 8 * groups[g].n; i++) {
			groups[g].prefix[i] = (struct vx_acl_prefix){ .family = 6, .len = 128 };
			for (k = 0; k < 16; k++)
				groups[g].prefix[i].addr[k] = i % 3 || k < 3 ? rnd(256) : rnd(2);
		}
		rules[g].number = g + 1;
		rules[g].proto = VX_ACL_ANY;
		snprintf(rules[g].src_group, VX_ACL_NAME_LEN, "g%02u", g);
	}
	assert_int_equal(vx_acl_compile(&source, &built), 0);
	assert_true(built.used <= VX_ACL_IMAGE_SIZE(built.size));
	free(built.image);
	/* CPUs that cannot all count by themselves count together, rather than that there are fewer rules. */
	source.cpus = 40000;
	assert_int_equal(vx_acl_compile(&source, &built), 0);
	assert_int_equal(built.size, VX_ACL_IMAGES - 1);
	assert_true(built.used <= VX_ACL_IMAGE_SIZE(built.size));
	assert_true(((struct vx_acl_image *)built.image)->shared);
	assert_in_range(((struct vx_acl_image *)built.image)->cpus, 2, 39999);
	free(built.image);
	for (g = 0; g < 64; g++)
		groups[g].n *= 8;
	assert_int_equal(vx_acl_compile(&source, &built), -E2BIG);
	assert_true(built.used > VX_ACL_IMAGE_SIZE(VX_ACL_IMAGES - 1));
	assert_null(built.image);
	rules[3].src_group[0] = 'x';
	assert_int_equal(vx_acl_compile(&source, &built), -ENOENT);
	for (g = 0; g < 64; g++)
		free(groups[g].prefix);
	free(rules);
}

static int parse(const char *line, struct vx_acl_rule *rule, char *why)
{
	char copy[1024], *words[VX_ACL_WORDS];
	int n;

	snprintf(copy, sizeof(copy), "%s", line);
	n = vx_acl_split(copy, words);
	return n < 0 ? n : vx_acl_parse(n, words, rule, why);
}

/* As written, and as printed; NULL: just so. */
static const char *const good[][2] = {
	{ "allow", "allow any" },
	{ "deny any", NULL },
	{ "allow tcp src 10.0.0.0/8 dport 22", NULL },
	{ "allow tcp from 10.0.0.0/8 to 192.0.2.1 dport 22 prio 7", "allow tcp src 10.0.0.0/8 dst 192.0.2.1 dport 22 prio 7" },
	{ "allow udp sport 5,7-9,6,100-99999", "" },
	{ "allow udp sport 5,8,7-9,6", "allow udp sport 5-9" },
	{ "deny src 10.0.0.2,10.0.0.1", "deny any src 10.0.0.1,10.0.0.2" },
	{ "deny ip6 dst 2001:DB8::/32", "deny ip6 dst 2001:db8::/32" },
	{ "allow src 0.0.0.0/0", "allow any src 0.0.0.0/0" },
	{ "allow src any dst group db-1", "allow any dst group db-1" },
	{ "allow icmp type 8 code 0", "allow icmp type echo-request code 0" },
	{ "allow icmp6 type 200", NULL },
	{ "deny 1 type 3", "deny icmp type unreachable" },
	{ "deny 253", NULL },
	{ "allow udp fragment dst 10.0.0.1", "allow udp dst 10.0.0.1 fragment" },
	{ "deny arp src 10.0.0.1", NULL },
	{ "deny nd # comment", "deny nd" },
	{ "allow non-ip", NULL },
	{ "allow dport 0-65535", "allow any dport 0-65535" },
	{ "allow tcp dport 1,3,5,7,9,11,13,15", NULL },
	{ "allow prio 1000", "allow any" },
};

static void words_round_trip(void **state)
{
	char text[VX_ACL_TEXT], why[VX_ACL_TEXT];
	struct vx_acl_rule rule, again;
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (good[i][1] && !*good[i][1]) {
			assert_int_equal(parse(good[i][0], &rule, why), -EINVAL);
			continue;
		}
		if (parse(good[i][0], &rule, why))
			fail_msg("%s: %s", good[i][0], why);
		vx_acl_text(&rule, text);
		assert_string_equal(text, good[i][1] ? good[i][1] : good[i][0]);
		assert_int_equal(parse(text, &again, why), 0);
		assert_memory_equal(&rule, &again, sizeof(rule));
	}
}

static void random_words(void **state)
{
	char text[VX_ACL_TEXT], why[VX_ACL_TEXT], other[VX_ACL_TEXT];
	struct vx_acl_rule rule, again;
	int i;

	for (i = 0; i < 3000; i++) {
		random_rule(&rule, 0);
		vx_acl_text(&rule, text);
		/* Random rules may be nonsense, and name a prefix twice; what parses, prints the same from then on. */
		if (parse(text, &rule, why))
			continue;
		vx_acl_text(&rule, text);
		assert_int_equal(parse(text, &again, why), 0);
		vx_acl_text(&again, other);
		assert_string_equal(text, other);
		assert_memory_equal(&rule, &again, sizeof(rule));
	}
}

static const char *const bad[][2] = {
	{ "", "begins with allow or deny" },
	{ "permit tcp", "begins with allow or deny" },
	{ "allow tpc", "'tpc' is not known in a rule" },
	{ "allow tcp src", "'src' needs a value" },
	{ "allow tcp src 10.0.0.1/8", "'10.0.0.1/8' has bits set behind its prefix; write 10.0.0.0/8" },
	{ "allow tcp src 10.0.0.256", "is not an address" },
	{ "allow tcp src 10.0.0.1,", "" },
	{ "allow tcp src ,10.0.0.1", "is not an address" },
	{ "allow tcp src 10.0.0.0/33", "is not an address" },
	{ "allow tcp src 10.0.0.1 from 10.0.0.2", "src is given twice" },
	{ "allow tcp src 10.0.0.1,10.0.0.1", "src names 10.0.0.1 twice" },
	{ "allow src 10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5", "make a group of them" },
	{ "allow src group", "'src group' needs a name" },
	{ "allow src group a/b", "'a/b' is no group name" },
	{ "allow tcp dport 65536", "dport takes ports" },
	{ "allow tcp dport 22-", "dport takes ports" },
	{ "allow tcp dport 23-22", "dport takes ports" },
	{ "allow tcp dport -5", "dport takes ports" },
	{ "allow tcp dport ssh", "dport takes ports" },
	{ "allow tcp dport 1,3,5,7,9,11,13,15,17", "more than 8 ranges" },
	{ "allow tcp dport 22 dport 23", "dport is given twice" },
	{ "allow gre dport 22", "gre has no ports" },
	{ "allow icmp dport 22", "icmp has no ports" },
	{ "allow arp dport 22", "arp has no ports" },
	{ "allow tcp type 8", "type needs icmp or icmp6" },
	{ "allow icmp type ping", "'ping' is no ICMP type" },
	{ "allow icmp type 256", "is no ICMP type" },
	{ "allow icmp code 0", "code needs a type" },
	{ "allow icmp type 8 code 256", "code takes 0 to 255" },
	{ "allow icmp6 src 10.0.0.1", "icmp6 has no addresses of that family" },
	{ "allow ip src 2001:db8::1", "ip has no addresses of that family" },
	{ "allow tcp src 10.0.0.1 dst 2001:db8::1", "no address family in common" },
	{ "allow tcp dport 22 fragment", "a later fragment has neither ports nor a type" },
	{ "deny nd fragment", "nd has no fragments" },
	{ "deny non-ip src 10.0.0.1", "non-ip has no addresses" },
	{ "deny tcp prio -1", "prio takes 0 to 1000000" },
	{ "deny tcp prio 1000001", "prio takes 0 to 1000000" },
	{ "deny tcp s 1", "'s' is ambiguous" },
};

static void bad_words(void **state)
{
	char why[VX_ACL_TEXT];
	struct vx_acl_rule rule;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why[0] = '\0';
		if (!*bad[i][1]) {
			parse(bad[i][0], &rule, why);
			continue;
		}
		if (parse(bad[i][0], &rule, why) != -EINVAL)
			fail_msg("taken: %s", bad[i][0]);
		if (!strstr(why, bad[i][1]))
			fail_msg("%s: says \"%s\", not \"%s\"", bad[i][0], why, bad[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_sets),
		cmocka_unit_test(largest_set),
		cmocka_unit_test(noise),
		cmocka_unit_test(many_cpus),
		cmocka_unit_test(too_large),
		cmocka_unit_test(words_round_trip),
		cmocka_unit_test(random_words),
		cmocka_unit_test(bad_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
