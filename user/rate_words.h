/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rates, sizes and times in the words of tc(8). Pure functions: nothing is printed. */
#ifndef VX_RATE_WORDS_H
#define VX_RATE_WORDS_H

#include <stddef.h>
#include <linux/types.h>

#define VX_RATE_TEXT	24

/*
 * A number with a unit, as a whole string: digits, optionally with a fraction, and the unit. -EINVAL: not one; -ERANGE: more than
 * fits. What is left below the smallest unit is rounded up, so that a little is never nothing.
 */
int vx_parse_count(const char *s, __u64 *n);		/* k, m, g, t: decimal */
int vx_parse_bitrate(const char *s, __u64 *bytes_ps);	/* bits: k, m, g, t, ki, mi, gi, ti, each with "bit" or without; bytes: "bps" */
int vx_parse_size(const char *s, __u64 *bytes);		/* bytes: k, m, g are 1024s, with "b" or without */
int vx_parse_time(const char *s, __u64 *us);		/* us, ms, s, m, h; without a unit seconds */

/* As short as is exact; they parse back to the same. */
void vx_format_count(__u64 n, char text[VX_RATE_TEXT]);
void vx_format_bitrate(__u64 bytes_ps, char text[VX_RATE_TEXT]);
void vx_format_size(__u64 bytes, char text[VX_RATE_TEXT]);
void vx_format_time(__u64 us, char text[VX_RATE_TEXT]);

#endif
