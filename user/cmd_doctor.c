// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <jansson.h>

#include "args.h"
#include "cmd.h"
#include "doctor.h"
#include "output.h"
#include "say.h"

static const char *const grades[] = { [VX_OK] = "ok", [VX_WARN] = "warn", [VX_BAD] = "fail" };

static enum vx_grade worst;
static json_t *findings;

void vx_finding(enum vx_grade grade, const char *what, const char *fmt, ...)
{
	char text[320];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (grade > worst)
		worst = grade;
	if (findings)
		json_array_append_new(findings,
				      json_pack("{s:s, s:s, s:s}", "grade", grades[grade], "what", what, "text", text));
	else
		printf("%-5s %-18s %s\n", grades[grade], what, text);
}

static int run(int argc, char **argv)
{
	int err = 0;

	if (argc > 1)
		return vx_usage("'doctor' takes one netdev: vhost-xdp doctor [DEV]");
	findings = vx_json ? json_array() : NULL;
	vx_doctor_host();
	if (argc)
		err = vx_doctor_netdev(argv[0]);
	if (findings)
		vx_print_json(findings);
	if (err)
		return err;
	return worst == VX_BAD ? vx_fail(-ENOTSUP, "this will not work here yet; see the lines marked 'fail'") : 0;
}

const struct vx_cmd vx_cmd_doctor = {
	.object = "doctor",
	.usage = "doctor [DEV]\n",
	.help = "What this host, and a NIC, can do; what is wrong and what to do about it.",
	.run = run,
};
