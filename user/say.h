/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program tells its user: one line on stderr, "vhost-xdp: WHAT IS WRONG; WHAT TO DO NEXT". */
#ifndef VX_SAY_H
#define VX_SAY_H

/* Print an error line; returns err (negative errno), so that "return vx_fail(-EINVAL, ...)" reads well. */
int vx_fail(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void vx_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Printed only with -v. */
void vx_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
extern int vx_verbose;

#endif
