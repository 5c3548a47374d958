/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Table tests: one line a case; the process fails when one of them did. */
#ifndef EXPECT_H
#define EXPECT_H

#include <errno.h>
#include <stdbool.h>

#define ANY_ERROR	(-1)	/* as a wanted errno: any, but not success */

/* A heading for what follows. */
void expect_about(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
bool expect_true(bool ok, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* err: 0 or an errno, as it came; also: another that is as good, or the same again. */
bool expect_errno(int err, int want, int also, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Sums up; what main() returns. */
int expect_done(const char *who);
unsigned int expect_failures(void);

/* A system call's result as an errno. */
#define ERR(call)	((call) < 0 ? errno : 0)

#endif
