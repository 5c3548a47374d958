// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "rate_words.h"

#define FRACTION_DIGITS	9

struct unit {
	const char *name;	/* NULL ends the table; the first is that of a number without a unit */
	__u64 num, den;		/* value of one */
};

#define KI	(1ull << 10)
#define MI	(1ull << 20)
#define GI	(1ull << 30)
#define TI	(1ull << 40)
#define K	1000ull
#define M	1000000ull
#define G	1000000000ull
#define T	1000000000000ull

static const struct unit counts[] = { { "", 1, 1 }, { "k", K, 1 }, { "m", M, 1 }, { "g", G, 1 }, { "t", T, 1 }, {} };

static const struct unit bitrates[] = {
	{ "", 1, 8 }, { "k", K, 8 }, { "m", M, 8 }, { "g", G, 8 }, { "t", T, 8 },
	{ "bit", 1, 8 }, { "kbit", K, 8 }, { "mbit", M, 8 }, { "gbit", G, 8 }, { "tbit", T, 8 },
	{ "ki", KI, 8 }, { "mi", MI, 8 }, { "gi", GI, 8 }, { "ti", TI, 8 },
	{ "kibit", KI, 8 }, { "mibit", MI, 8 }, { "gibit", GI, 8 }, { "tibit", TI, 8 },
	{ "bps", 1, 1 }, { "kbps", K, 1 }, { "mbps", M, 1 }, { "gbps", G, 1 }, { "tbps", T, 1 }, {},
};

static const struct unit sizes[] = {
	{ "", 1, 1 }, { "k", KI, 1 }, { "m", MI, 1 }, { "g", GI, 1 },
	{ "b", 1, 1 }, { "kb", KI, 1 }, { "mb", MI, 1 }, { "gb", GI, 1 }, {},
};

static const struct unit times[] = {
	{ "", M, 1 }, { "us", 1, 1 }, { "ms", K, 1 }, { "s", M, 1 }, { "m", 60 * M, 1 }, { "h", 3600 * M, 1 }, {},
};

static const struct unit *unit_find(const struct unit *u, const char *name)
{
	for (; u->name; u++)
		if (!strcasecmp(u->name, name))
			return u;
	return NULL;
}

/* Digits, and up to nine behind a point: whole * 10^-digits. The rest of the string is the unit. */
static int parse_decimal(const char **s, unsigned __int128 *whole, __u64 *scale)
{
	const char *p = *s;
	bool point = false;
	int digits = 0, n = 0;

	*whole = 0;
	*scale = 1;
	for (; isdigit((unsigned char)*p) || (*p == '.' && !point); p++) {
		if (*p == '.') {
			point = true;
			continue;
		}
		if (point && ++digits > FRACTION_DIGITS)
			return -EINVAL;
		*whole = *whole * 10 + (*p - '0');
		if (*whole >> 80)
			return -ERANGE;
		if (point)
			*scale *= 10;
		n++;
	}
	if (!n || !isdigit((unsigned char)p[-1]) || **s == '.')
		return -EINVAL;
	*s = p;
	return 0;
}

static int parse(const struct unit *units, const char *s, __u64 *v)
{
	unsigned __int128 n;
	const struct unit *u;
	__u64 scale;
	int err = parse_decimal(&s, &n, &scale);

	u = err ? NULL : unit_find(units, s);
	if (!u)
		return err ? err : -EINVAL;
	n = (n * u->num + scale * u->den - 1) / (scale * u->den);
	if (n > ~0ull)
		return -ERANGE;
	*v = n;
	return 0;
}

int vx_parse_count(const char *s, __u64 *n)
{
	return parse(counts, s, n);
}

int vx_parse_bitrate(const char *s, __u64 *bytes_ps)
{
	return parse(bitrates, s, bytes_ps);
}

int vx_parse_size(const char *s, __u64 *bytes)
{
	return parse(sizes, s, bytes);
}

int vx_parse_time(const char *s, __u64 *us)
{
	return parse(times, s, us);
}

/* In the largest unit, of those given, that leaves no rest. */
static void format(const struct unit *units, const char *const names[], __u64 n, char text[VX_RATE_TEXT])
{
	const struct unit *u, *best = unit_find(units, names[0]);
	int i;

	for (i = 1; names[i] && n; i++) {
		u = unit_find(units, names[i]);
		if (!(n % u->num))
			best = u;
	}
	snprintf(text, VX_RATE_TEXT, "%llu%s", n / best->num, best->name);
}

void vx_format_count(__u64 n, char text[VX_RATE_TEXT])
{
	static const char *const names[] = { "", "k", "m", "g", NULL };

	format(counts, names, n, text);
}

void vx_format_bitrate(__u64 bytes_ps, char text[VX_RATE_TEXT])
{
	static const char *const names[] = { "bit", "kbit", "mbit", "gbit", NULL };

	/* So much is above any rate that is taken. */
	if (bytes_ps > ~0ull / 8)
		bytes_ps = ~0ull / 8;
	format(bitrates, names, bytes_ps * 8, text);
}

void vx_format_size(__u64 bytes, char text[VX_RATE_TEXT])
{
	static const char *const names[] = { "b", "kb", "mb", NULL };

	format(sizes, names, bytes, text);
}

void vx_format_time(__u64 us, char text[VX_RATE_TEXT])
{
	static const char *const names[] = { "us", "ms", "s", "m", "h", NULL };

	format(times, names, us, text);
}
