// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>

#include "say.h"

int vx_verbose;

static void __attribute__((format(printf, 2, 0))) line(const char *prefix, const char *fmt, va_list ap)
{
	/* stdout first: a reader of both must see them in the order they were written. */
	fflush(stdout);
	fprintf(stderr, "vhost-xdp: %s", prefix);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

int vx_fail(int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line("", fmt, ap);
	va_end(ap);
	return err;
}

void vx_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line("warning: ", fmt, ap);
	va_end(ap);
}

void vx_debug(const char *fmt, ...)
{
	va_list ap;

	if (!vx_verbose)
		return;
	va_start(ap, fmt);
	line("debug: ", fmt, ap);
	va_end(ap);
}
