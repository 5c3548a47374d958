/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples of one Prometheus metric: those whose labels are the same are one, with their sum. */
#ifndef VX_SAMPLES_H
#define VX_SAMPLES_H

#include <stddef.h>
#include <linux/types.h>

/*
 * labels: pairs of name and value, ended by NULL; values are escaped here. What finds no memory is left out, and vx_samples_print()
 * says so.
 */
void vx_samples_add(double value, const char *const *labels);

/* The same, with the labels as arguments. */
#define vx_sample(value, ...)	vx_samples_add(value, (const char *const[]){ __VA_ARGS__, NULL })

/* Print all of them as vhost_xdp_NAME, in the order in which they came, and forget them. Negative errno. */
int vx_samples_print(const char *name, const char *type, const char *help);

#endif
