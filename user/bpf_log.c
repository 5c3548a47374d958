// SPDX-License-Identifier: GPL-2.0-or-later
/* What libbpf and libxdp have to say, kept until somebody asks why. */
#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

#include "pins.h"
#include "say.h"

/* The tail matters: a verifier log ends with its reason. */
static char kept[65536];
static size_t kept_len;
static char reason[256];

/* A message may be the whole log of the verifier, many megabytes of it: its end is what counts. */
static void append(const char *text, size_t len)
{
	size_t half = sizeof(kept) / 2;

	if (len >= half) {
		text += len - half + 1;
		len = half - 1;
	}
	if (kept_len + len >= sizeof(kept)) {
		memmove(kept, kept + kept_len - half, half);
		kept_len = half;
	}
	memcpy(kept + kept_len, text, len);
	kept_len += len;
	kept[kept_len] = '\0';
}

static void __attribute__((format(printf, 1, 0))) keep(const char *fmt, va_list ap)
{
	char *text;
	int len;

	len = vasprintf(&text, fmt, ap);
	if (len < 0)
		return;
	if (vx_verbose)
		fputs(text, stderr);
	append(text, len);
	free(text);
}

static int libbpf_line(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level != LIBBPF_DEBUG || vx_verbose > 1)
		keep(fmt, ap);
	return 0;
}

static int libxdp_line(enum libxdp_print_level level, const char *fmt, va_list ap)
{
	if (level != LIBXDP_DEBUG || vx_verbose > 1)
		keep(fmt, ap);
	return 0;
}

void vx_bpf_log_init(void)
{
	libbpf_set_print(libbpf_line);
	libxdp_set_print(libxdp_line);
}

void vx_bpf_log_reset(void)
{
	kept_len = 0;
	kept[0] = '\0';
}

/* Lines that surround the reason in a verifier log: state dumps, instructions, source, totals, libbpf's own. */
static bool is_noise(const char *s)
{
	static const char *const starts[] = {
		"libbpf:", "libxdp:", "processed ", "verification time", "stack depth", "max_states", "-- ", "; ",
		"from ", "R0", "R1", "The sequence of", "Global function", "Func#", "arg#", "func#",
	};
	size_t i;

	if (!*s || isdigit((unsigned char)*s))
		return true;
	for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
		if (!strncmp(s, starts[i], strlen(starts[i]))) {
			/* "R1 invalid mem access 'scalar'" is a reason, "R1=ctx()" a dump of the state. */
			return strncmp(starts[i], "R", 1) || strchr(s, '=') || strchr(s, '(');
		}
	return false;
}

const char *vx_bpf_log_reason(void)
{
	char *save = NULL, *s, *end = NULL, *before = NULL;

	reason[0] = '\0';
	for (s = strstr(kept, "END PROG LOAD LOG"); s; s = strstr(s + 1, "END PROG LOAD LOG"))
		end = s;
	if (!end)
		return reason;
	*end = '\0';
	/* The last line that is one, with the one right before it: "invalid access to packet ..." is told in two. */
	for (s = strtok_r(kept, "\n", &save); s; s = strtok_r(NULL, "\n", &save)) {
		if (is_noise(s)) {
			before = NULL;
			continue;
		}
		snprintf(reason, sizeof(reason), "%s%s%s", before ? before : "", before ? "; " : "", s);
		before = s;
	}
	vx_bpf_log_reset();
	return reason;
}

const char *vx_bpf_log_kernel(void)
{
	static const char mark[] = "Kernel error message: ";
	char *s, *last = NULL;

	for (s = strstr(kept, mark); s; s = strstr(s + 1, mark))
		last = s + sizeof(mark) - 1;
	snprintf(reason, sizeof(reason), "%.*s", last ? (int)strcspn(last, "\n") : 0, last ? last : "");
	return reason;
}
