// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "expect.h"

static unsigned int cases, failures;
static char heading[200];

void expect_about(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(heading, sizeof(heading), fmt, ap);
	va_end(ap);
	printf("# %s\n", heading);
	fflush(stdout);
}

static void line(bool ok, const char *fmt, va_list ap, const char *why)
{
	cases++;
	failures += !ok;
	printf("%s ", ok ? "ok  " : "FAIL");
	vprintf(fmt, ap);
	if (!ok && heading[0])
		printf(" (%s)", heading);
	printf("%s\n", why);
	/* what a panic cuts off would be the line that matters */
	fflush(stdout);
}

bool expect_true(bool ok, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(ok, fmt, ap, "");
	va_end(ap);
	return ok;
}

bool expect_errno(int err, int want, int also, const char *fmt, ...)
{
	bool ok = err == want || err == also || (err && want == ANY_ERROR);
	char why[120];
	va_list ap;

	snprintf(why, sizeof(why), ok ? ": %s" : ": %s, not %s", err ? strerrorname_np(err) : "0",
		 want == ANY_ERROR ? "an error" : want ? strerrorname_np(want) : "0");
	va_start(ap, fmt);
	line(ok, fmt, ap, why);
	va_end(ap);
	return ok;
}

unsigned int expect_failures(void)
{
	return failures;
}

int expect_done(const char *who)
{
	printf("%s: %u cases, %u failed\n", who, cases, failures);
	return failures || !cases;
}
