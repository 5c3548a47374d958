// SPDX-License-Identifier: GPL-2.0-or-later
/* The words that operators type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "../../../user/policy.h"
#include "../../../user/port.h"
#include "../../../user/words.h"

static void mac_addresses(void **state)
{
	static const struct {
		const char *text;
		int err;
	} cases[] = {
		{ "52:54:00:00:00:01", 0 },
		{ "02:AB:cd:EF:00:ff", 0 },
		{ "00:00:00:00:00:00", -EADDRNOTAVAIL },
		{ "ff:ff:ff:ff:ff:ff", -EADDRNOTAVAIL },
		{ "01:00:5e:00:00:01", -EADDRNOTAVAIL },
		{ "33:33:00:00:00:01", -EADDRNOTAVAIL },
		{ "", -EINVAL },
		{ "52:54:00:00:00", -EINVAL },
		{ "52:54:00:00:00:1", -EINVAL },
		{ "52:54:00:00:00:01:02", -EINVAL },
		{ "52-54-00-00-00-01", -EINVAL },
		{ "52:54:00:00:00:0g", -EINVAL },
		{ "5 :54:00:00:00:01", -EINVAL },
		{ "52:54:00:00:00:01 ", -EINVAL },
	};
	__u8 mac[6];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(vx_parse_mac(cases[i].text, mac), cases[i].err);
}

static void mac_round_trip(void **state)
{
	static const __u8 want[6] = { 0x02, 0xab, 0xcd, 0xef, 0x00, 0xff };
	char text[VX_MAC_TEXT];
	__u8 mac[6];

	assert_int_equal(vx_parse_mac("02:AB:cd:EF:00:ff", mac), 0);
	assert_memory_equal(mac, want, 6);
	vx_format_mac(mac, text);
	assert_string_equal(text, "02:ab:cd:ef:00:ff");
}

static void numbers(void **state)
{
	__u32 v = 7;

	assert_int_equal(vx_parse_u32("4094", 0, 4094, &v), 0);
	assert_int_equal(v, 4094);
	assert_int_equal(vx_parse_u32("0", 0, 4094, &v), 0);
	assert_int_equal(v, 0);
	v = 7;
	assert_int_equal(vx_parse_u32("4095", 0, 4094, &v), -ERANGE);
	assert_int_equal(vx_parse_u32("0", 1, 16, &v), -ERANGE);
	assert_int_equal(vx_parse_u32("4294967296", 0, UINT32_MAX, &v), -ERANGE);
	assert_int_equal(vx_parse_u32("99999999999999999999999", 0, UINT32_MAX, &v), -ERANGE);
	assert_int_equal(vx_parse_u32("", 0, 10, &v), -EINVAL);
	assert_int_equal(vx_parse_u32("-1", 0, 10, &v), -EINVAL);
	assert_int_equal(vx_parse_u32("+1", 0, 10, &v), -EINVAL);
	assert_int_equal(vx_parse_u32(" 1", 0, 10, &v), -EINVAL);
	assert_int_equal(vx_parse_u32("1x", 0, 10, &v), -EINVAL);
	assert_int_equal(vx_parse_u32("0x1", 0, 10, &v), -EINVAL);
	/* A refused word leaves the value alone. */
	assert_int_equal(v, 7);
}

static void names(void **state)
{
	assert_int_equal(vx_check_name("vm1", VX_PORT_NAME_MAX), 0);
	assert_int_equal(vx_check_name("vm_1-a", VX_PORT_NAME_MAX), 0);
	assert_int_equal(vx_check_name("abcdefghijklm", VX_PORT_NAME_MAX), 0);
	assert_int_equal(vx_check_name("abcdefghijklmn", VX_PORT_NAME_MAX), -ENAMETOOLONG);
	assert_int_equal(vx_check_name("", VX_PORT_NAME_MAX), -EINVAL);
	assert_int_equal(vx_check_name("-g", VX_PORT_NAME_MAX), -EINVAL);
	/* These would leave the pin directory, or bpffs would refuse them. */
	assert_int_equal(vx_check_name("..", VX_PORT_NAME_MAX), -EINVAL);
	assert_int_equal(vx_check_name("a/b", VX_PORT_NAME_MAX), -EINVAL);
	assert_int_equal(vx_check_name("vm.1", VX_PORT_NAME_MAX), -EINVAL);
	assert_int_equal(vx_check_name("vm 1", VX_PORT_NAME_MAX), -EINVAL);
	assert_int_equal(vx_check_name("vm\n", VX_PORT_NAME_MAX), -EINVAL);
	assert_int_equal(vx_check_name("v\xc3\xa4", VX_PORT_NAME_MAX), -EINVAL);
	assert_int_equal(vx_check_name("vm%s", VX_PORT_NAME_MAX), -EINVAL);
}

static void longest_name_fits_a_netdev(void **state)
{
	struct vx_port port = { .cfg.name = "abcdefghijklm" };
	char guest_end[VX_NAME_LEN];

	vx_port_guest_end(&port, guest_end);
	assert_string_equal(guest_end, "abcdefghijklm" VX_GUEST_END_SUFFIX);
}

static void abbreviations(void **state)
{
	static const struct {
		const char *name;
		int value;
	} table[] = { { "port", 1 }, { "policy", 2 }, { "stats", 3 }, { "stat", 4 }, {} };

#define FIND(word) vx_word_find(table, sizeof(table[0]), word)
	assert_int_equal(FIND("port"), 0);
	assert_int_equal(FIND("po"), -EEXIST);
	assert_int_equal(FIND("por"), 0);
	assert_int_equal(FIND("pol"), 1);
	/* A whole word wins over being a prefix of another. */
	assert_int_equal(FIND("stat"), 3);
	assert_int_equal(FIND("stats"), 2);
	assert_int_equal(FIND("sta"), -EEXIST);
	assert_int_equal(FIND("portx"), -ENOENT);
	assert_int_equal(FIND(""), -ENOENT);
	assert_int_equal(FIND("Port"), -ENOENT);
#undef FIND
}

static void directions(void **state)
{
	assert_int_equal(vx_direction_parse("to-guest"), VX_TO_GUEST);
	assert_int_equal(vx_direction_parse("from-guest"), VX_FROM_GUEST);
	assert_int_equal(vx_direction_parse("from"), VX_FROM_GUEST);
	assert_int_equal(vx_direction_parse("t"), VX_TO_GUEST);
	assert_int_equal(vx_direction_parse("ingress"), -EINVAL);
	assert_int_equal(vx_direction_parse(""), -EINVAL);
	assert_string_equal(vx_direction_name(VX_TO_GUEST), "to-guest");
	assert_string_equal(vx_direction_name(VX_FROM_GUEST), "from-guest");
	assert_string_equal(vx_direction_name(7), "?");
}

static void prefixes(void **state)
{
	static const __u8 ten[4] = { 10, 0, 0, 1 };
	__u8 addr[16];
	__u32 len;

	assert_int_equal(vx_parse_prefix("10.0.0.1", addr, &len), AF_INET);
	assert_memory_equal(addr, ten, 4);
	assert_int_equal(len, 32);
	assert_int_equal(vx_parse_prefix("10.0.0.0/8", addr, &len), AF_INET);
	assert_int_equal(len, 8);
	assert_int_equal(vx_parse_prefix("fe80::1/64", addr, &len), AF_INET6);
	assert_int_equal(len, 64);
	assert_int_equal(addr[0], 0xfe);
	assert_int_equal(vx_parse_prefix("::/0", addr, &len), AF_INET6);
	assert_int_equal(len, 0);
	assert_int_equal(vx_parse_prefix("::1", addr, &len), AF_INET6);
	assert_int_equal(len, 128);
	assert_int_equal(vx_parse_prefix("10.0.0.1/33", addr, &len), -EINVAL);
	assert_int_equal(vx_parse_prefix("::1/129", addr, &len), -EINVAL);
	assert_int_equal(vx_parse_prefix("10.0.0", addr, &len), -EINVAL);
	assert_int_equal(vx_parse_prefix("10.0.0.1/", addr, &len), -EINVAL);
	assert_int_equal(vx_parse_prefix("/24", addr, &len), -EINVAL);
	assert_int_equal(vx_parse_prefix("", addr, &len), -EINVAL);
	assert_int_equal(vx_parse_prefix("host", addr, &len), -EINVAL);
	assert_int_equal(vx_parse_prefix("1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18", addr, &len), -EINVAL);
}

static void lists(void **state)
{
	char one[] = "allow", three[] = "a,b,c", hole[] = "a,,c", end[] = "a,", empty[] = "";
	char *words[3];

	assert_int_equal(vx_split(one, words, 3), 1);
	assert_string_equal(words[0], "allow");
	assert_int_equal(vx_split(three, words, 3), 3);
	assert_string_equal(words[2], "c");
	assert_int_equal(vx_split(hole, words, 3), -EINVAL);
	assert_int_equal(vx_split(end, words, 3), -EINVAL);
	assert_int_equal(vx_split(empty, words, 3), -EINVAL);

	char four[] = "a,b,c,d";

	assert_int_equal(vx_split(four, words, 3), -E2BIG);
}

static void policy_names_from_files(void **state)
{
	static const char *const cases[][2] = {
		{ "policy_acl.bpf.o", "acl" }, { "/usr/lib/vhost-xdp/policies/policy_allow.bpf.o", "allow" }, { "my.o", "my" },
		{ "./dir.d/my-rules", "my-rules" }, { "dir/", "" }, { ".hidden.o", "" },
	};
	char name[VX_POLICY_NAME_MAX + 2];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		vx_policy_name_of(cases[i][0], name, sizeof(name));
		assert_string_equal(name, cases[i][1]);
	}
	/* Cut, but long enough to be refused as too long rather than taken for another. */
	vx_policy_name_of("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz.o", name, sizeof(name));
	assert_int_equal(vx_check_name(name, VX_POLICY_NAME_MAX), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mac_addresses), cmocka_unit_test(mac_round_trip), cmocka_unit_test(numbers),
		cmocka_unit_test(names), cmocka_unit_test(longest_name_fits_a_netdev), cmocka_unit_test(abbreviations),
		cmocka_unit_test(directions), cmocka_unit_test(prefixes), cmocka_unit_test(lists),
		cmocka_unit_test(policy_names_from_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
