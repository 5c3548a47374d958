// SPDX-License-Identifier: GPL-2.0-or-later
/* "port run": placeholders, and what a QEMU gets that has none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../../user/args.h"
#include "../../../user/port_run.h"
#include "../../../user/run_words.h"

#define N(a) (int)(sizeof(a) / sizeof((a)[0]))

static const struct vx_run_words one = {
	.id = "vm1", .mac = "52:54:00:00:00:01", .pairs = 1, .mtu = 1500, .data_fd = { 5 }, .vhost_fd = { 6 },
};

static const struct vx_run_words three = {
	.id = "vm1", .mac = "52:54:00:00:00:01", .pairs = 3, .mtu = 9, .data_fd = { 5, 7, 19 }, .vhost_fd = { 6, 8, 20 },
};

static void substitute_is(const struct vx_run_words *w, const char *arg, const char *want)
{
	bool replaced = false;
	char *got = vx_run_substitute(w, arg, &replaced);

	assert_non_null(got);
	assert_string_equal(got, want);
	assert_int_equal(replaced, strcmp(arg, want) != 0);
	free(got);
}

static void one_pair(void **state)
{
	substitute_is(&one, "{netdev}", "tap,id=vm1,fd=5,vhost=on,vhostfd=6");
	substitute_is(&one, "{device}", "virtio-net-pci,netdev=vm1,mac=52:54:00:00:00:01");
	substitute_is(&one, "{fds}", "5");
	substitute_is(&one, "{vhostfds}", "6");
	substitute_is(&one, "{id}", "vm1");
	substitute_is(&one, "{mac}", "52:54:00:00:00:01");
	substitute_is(&one, "{mtu}", "1500");
	substitute_is(&one, "{queues}", "1");
	substitute_is(&one, "{vectors}", "4");
}

static void several_pairs(void **state)
{
	substitute_is(&three, "{netdev}", "tap,id=vm1,fds=5:7:19,vhost=on,vhostfds=6:8:20");
	substitute_is(&three, "{device}", "virtio-net-pci,netdev=vm1,mac=52:54:00:00:00:01,host_mtu=9,mq=on,vectors=8");
	substitute_is(&three, "tap,fds={fds},vhostfds={vhostfds}", "tap,fds=5:7:19,vhostfds=6:8:20");
	substitute_is(&three, "{queues}{queues}", "33");
}

/* QEMU's own JSON, shells, and misspelt words are not ours. */
static void left_alone(void **state)
{
	static const char *const words[] = {
		"", "{", "{}", "{netdev", "netdev}", "{Netdev}", "{netdevs}", "{\"driver\":\"virtio-net-pci\"}", "${mac}", "echo ${fds} $x",
		"{ mac }",
	};
	int i;

	for (i = 0; i < N(words); i++)
		substitute_is(&three, words[i], words[i]);
	substitute_is(&one, "{\"mac\":\"{mac}\"}", "{\"mac\":\"52:54:00:00:00:01\"}");
	substitute_is(&one, "{{mac}}", "{52:54:00:00:00:01}");
	substitute_is(&one, "$x{id}", "$xvm1");
}

static void ids(void **state)
{
	char id[VX_RUN_ID];

	vx_run_id(id, "vm1");
	assert_string_equal(id, "vm1");
	vx_run_id(id, "1vm");
	assert_string_equal(id, "vx-1vm");
	vx_run_id(id, "_123456789012");
	assert_string_equal(id, "vx-_123456789012");
}

static void argv_is(const struct vx_run_words *w, int argc, char *const *argv, int n, const char *const *want)
{
	char **got = NULL;
	int i;

	assert_int_equal(vx_run_argv(w, argc, argv, &got), 0);
	for (i = 0; i < n; i++) {
		assert_non_null(got[i]);
		assert_string_equal(got[i], want[i]);
	}
	assert_null(got[n]);
	vx_run_free(got);
}

static void whole_commands(void **state)
{
	char *with[] = { "{mac}", "-nic", "tap,fd={fds}" };
	const char *const replaced[] = { "{mac}", "-nic", "tap,fd=5" };
	char *bare[] = { "/usr/bin/qemu-system-x86_64", "-m", "1G" };
	const char *const appended[] = { "/usr/bin/qemu-system-x86_64", "-m", "1G", "-netdev", "tap,id=vm1,fd=5,vhost=on,vhostfd=6",
					 "-device", "virtio-net-pci,netdev=vm1,mac=52:54:00:00:00:01" };
	char *partly[] = { "qemu-system-x86_64", "-netdev", "{netdev}" };
	const char *const as_is[] = { "qemu-system-x86_64", "-netdev", "tap,id=vm1,fd=5,vhost=on,vhostfd=6" };

	argv_is(&one, N(with), with, N(replaced), replaced);
	argv_is(&one, N(bare), bare, N(appended), appended);
	argv_is(&one, N(partly), partly, N(as_is), as_is);
}

static void no_place_for_it(void **state)
{
	static char *const commands[][2] = { { "sleep", "5" }, { "my-qemu-system", "x" }, { "/opt/qemu-system-x86_64/run", "x" } };
	char **got = NULL;
	int i;

	for (i = 0; i < N(commands); i++) {
		assert_int_equal(vx_run_argv(&one, 2, commands[i], &got), -ENOENT);
		assert_null(got);
	}
}

static void usage_is(int argc, char **argv)
{
	vx_usage_error = 0;
	assert_int_equal(vx_port_run(argc, argv), -EINVAL);
	assert_int_equal(vx_usage_error, 1);
}

static void wrong_use(void **state)
{
	char *none[] = { "--", "qemu" }, *no_command[] = { "vm1", "--" }, *no_dashes[] = { "vm1", "qemu" };
	char *no_value[] = { "vm1", "user", "--", "qemu" }, *unknown[] = { "vm1", "as", "me", "--", "qemu" };

	usage_is(0, none);
	usage_is(2, none);
	usage_is(2, no_command);
	usage_is(2, no_dashes);
	usage_is(4, no_value);
	usage_is(5, unknown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_pair), cmocka_unit_test(several_pairs), cmocka_unit_test(left_alone), cmocka_unit_test(ids),
		cmocka_unit_test(whole_commands), cmocka_unit_test(no_place_for_it), cmocka_unit_test(wrong_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
