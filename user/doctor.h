/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings of "doctor": what was looked at, how it is, what to do. */
#ifndef VX_DOCTOR_H
#define VX_DOCTOR_H

enum vx_grade { VX_OK, VX_WARN, VX_BAD };

void vx_finding(enum vx_grade grade, const char *what, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

void vx_doctor_host(void);
void vx_doctor_module(void);
/* -ENODEV after one line when there is no such netdev. */
int vx_doctor_netdev(const char *name);

#endif
