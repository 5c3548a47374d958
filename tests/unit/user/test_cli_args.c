// SPDX-License-Identifier: GPL-2.0-or-later
/* Options from a table, verbs, undo lists, and what is told of the verifier. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/libbpf.h>

#include "../../../user/args.h"
#include "../../../user/pins.h"
#include "../../../user/stats.h"
#include "../../../user/steps.h"

static const char *mac, *force;
static __u32 vlan;

static int parse(int argc, char **argv)
{
	static const struct vx_arg table[] = {
		{ "mac", .text = &mac },
		{ "mtu", .number = &vlan, .min = 68, .max = 3502 },
		{ "vlan", .number = &vlan, .min = 0, .max = 4094 },
		{ "force", .flag = &force },
		{},
	};

	mac = force = NULL;
	vlan = 0;
	vx_usage_error = 0;
	return vx_args(table, argc, argv);
}

#define PARSE(...) ({ char *argv_[] = { __VA_ARGS__ }; parse(sizeof(argv_) / sizeof(argv_[0]), argv_); })

static void options(void **state)
{
	assert_int_equal(parse(0, NULL), 0);
	assert_int_equal(PARSE("vlan", "10", "force", "mac", "x"), 0);
	assert_int_equal(vlan, 10);
	assert_string_equal(mac, "x");
	assert_non_null(force);
	assert_int_equal(PARSE("v", "11"), 0);
	assert_int_equal(vlan, 11);
	assert_int_equal(vx_usage_error, 0);
}

static void wrong_options(void **state)
{
	assert_int_equal(PARSE("vlan"), -EINVAL);
	assert_int_equal(vx_usage_error, 1);
	assert_int_equal(PARSE("vlan", "4095"), -EINVAL);
	assert_int_equal(PARSE("vlan", "ten"), -EINVAL);
	assert_int_equal(PARSE("mac", "x", "mac", "y"), -EINVAL);
	assert_int_equal(PARSE("m", "x"), -EINVAL);
	assert_int_equal(PARSE("frob", "x"), -EINVAL);
	assert_int_equal(PARSE(""), -EINVAL);
}

static int ran, ran_argc;

static int run_add(int argc, char **argv)
{
	ran = 1;
	ran_argc = argc;
	return 0;
}

static int run_list(int argc, char **argv)
{
	ran = 2;
	ran_argc = argc;
	return 0;
}

static void verbs(void **state)
{
	static const struct vx_verb table[] = { { "add", run_add }, { "list", run_list }, {} };
	char *add[] = { "a", "x", "y" }, *bad[] = { "frob" };

	assert_int_equal(vx_verbs("port", table, "list", 3, add), 0);
	assert_int_equal(ran, 1);
	assert_int_equal(ran_argc, 2);
	assert_int_equal(vx_verbs("port", table, "list", 0, add), 0);
	assert_int_equal(ran, 2);
	assert_int_equal(ran_argc, 0);
	assert_int_equal(vx_verbs("port", table, "list", 1, bad), -EINVAL);
	assert_int_equal(vx_verbs("port", table, NULL, 0, add), -EINVAL);
}

static char trace[32];

static int make_a(void *arg) { strcat(trace, "a"); return 0; }
static int make_b(void *arg) { strcat(trace, "b"); return *(int *)arg; }
static int make_c(void *arg) { strcat(trace, "c"); return 0; }
static void undo_a(void *arg) { strcat(trace, "A"); }
static void undo_b(void *arg) { strcat(trace, "B"); }
static void undo_c(void *arg) { strcat(trace, "C"); }

static const struct vx_step list[] = { { make_a, undo_a }, { make_b, undo_b }, { make_c, undo_c } };

static void steps(void **state)
{
	int result = 0;

	trace[0] = '\0';
	assert_int_equal(vx_steps_make(list, 3, &result), 0);
	assert_string_equal(trace, "abc");
	vx_steps_undo(list, 3, &result);
	assert_string_equal(trace, "abcCBA");
}

static void failed_step_is_undone(void **state)
{
	int result = -EIO;

	trace[0] = '\0';
	assert_int_equal(vx_steps_make(list, 3, &result), -EIO);
	assert_string_equal(trace, "abBA");
}

/* What libbpf would say, through the function that it would say it to. */
static void say(libbpf_print_fn_t fn, enum libbpf_print_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fn(level, fmt, ap);
	va_end(ap);
}

static libbpf_print_fn_t log_function(void)
{
	libbpf_print_fn_t fn;

	vx_bpf_log_init();
	fn = libbpf_set_print(NULL);
	vx_bpf_log_reset();
	return fn;
}

static void verifier_reason(void **state)
{
	libbpf_print_fn_t fn = log_function();

	say(fn, LIBBPF_WARN, "libbpf: prog 'my': BPF program load failed: Permission denied\n");
	say(fn, LIBBPF_WARN, "libbpf: prog 'my': -- BEGIN PROG LOAD LOG --\n%s-- END PROG LOAD LOG --\n",
	    "0: R1=ctx(off=0,imm=0) R10=fp0\n; return *(int *)0;\n1: (61) r0 = *(u32 *)(r1 +0)\n"
	    "R1 invalid mem access 'scalar'\nprocessed 2 insns (limit 1000000) max_states_per_insn 0\n");
	assert_string_equal(vx_bpf_log_reason(), "R1 invalid mem access 'scalar'");
	assert_string_equal(vx_bpf_log_reason(), "");
}

static void kernel_message(void **state)
{
	libbpf_print_fn_t fn = log_function();

	assert_string_equal(vx_bpf_log_kernel(), "");
	say(fn, LIBBPF_WARN, "libbpf: Kernel error message: %s\n", "first");
	say(fn, LIBBPF_WARN, "libbpf: Kernel error message: %s\n", "MTU too large");
	assert_string_equal(vx_bpf_log_kernel(), "MTU too large");
}

/* A verifier log may be many megabytes long, in one message; the reason is at its end. */
static void long_log(void **state)
{
	libbpf_print_fn_t fn = log_function();
	size_t len = 0, size = 1000000;
	char *log = malloc(size);

	assert_non_null(log);
	while (len < size - 100)
		len += sprintf(log + len, "%zu: (b7) r0 = 0\n", len);
	strcpy(log + len, "unreachable insn 7\n");
	say(fn, LIBBPF_WARN, "libbpf: prog 'my': -- BEGIN PROG LOAD LOG --\n%s-- END PROG LOAD LOG --\n", log);
	free(log);
	assert_string_equal(vx_bpf_log_reason(), "unreachable insn 7");
}

static void many_messages(void **state)
{
	libbpf_print_fn_t fn = log_function();
	int i;

	for (i = 0; i < 20000; i++)
		say(fn, LIBBPF_WARN, "libbpf: message %d\n", i);
	say(fn, LIBBPF_WARN, "libbpf: Kernel error message: %s\n", "last");
	assert_string_equal(vx_bpf_log_kernel(), "last");
}

static void reason_names(void **state)
{
	char buf[VX_NUMBER_TEXT];

	assert_string_equal(vx_reason_name(VX_REASON_NO_POLICY, buf), "no_policy");
	assert_string_equal(vx_reason_name(VX_REASON_CUSTOM + 3, buf), "custom_67");
	assert_string_equal(vx_reason_name(30, buf), "reason_30");
	assert_string_equal(vx_reason_name(UINT32_MAX, buf), "custom_4294967295");
	assert_string_equal(vx_stage_name(VX_STAGE_ENGINE), "engine");
	assert_string_equal(vx_stage_name(99), "unknown");
}

static void paths(void **state)
{
	char path[VX_PIN_PATH], small[16];

	assert_int_equal(setenv("VHOST_XDP_BPFFS", "/mnt", 1), 0);
	assert_int_equal(vx_pin_path(path, sizeof(path), "ports/%s/engine", "vm1"), 0);
	assert_string_equal(path, "/mnt/vhost-xdp/ports/vm1/engine");
	assert_int_equal(vx_pin_path(path, sizeof(path), "%s", ""), 0);
	assert_string_equal(path, "/mnt/vhost-xdp");
	assert_int_equal(vx_pin_path(small, sizeof(small), "ports/%s/engine", "vm1"), -ENAMETOOLONG);
	assert_int_equal(unsetenv("VHOST_XDP_BPFFS"), 0);
	assert_int_equal(vx_pin_path(path, sizeof(path), "v1"), 0);
	assert_string_equal(path, "/sys/fs/bpf/vhost-xdp/v1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options), cmocka_unit_test(wrong_options), cmocka_unit_test(verbs), cmocka_unit_test(steps),
		cmocka_unit_test(failed_step_is_undone), cmocka_unit_test(verifier_reason), cmocka_unit_test(kernel_message),
		cmocka_unit_test(long_log), cmocka_unit_test(many_messages), cmocka_unit_test(reason_names), cmocka_unit_test(paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
