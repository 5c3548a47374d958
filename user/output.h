/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists on stdout: lines for people, one JSON document with -j. */
#ifndef VX_OUTPUT_H
#define VX_OUTPUT_H

#include <jansson.h>

int vx_print_json(json_t *document);	/* takes the reference; NULL is -ENOMEM */

/* What errno says of a write to stdout: a negative errno after one line, or -ECANCELED for a reader that left, who has what it wanted. */
int vx_output_failed(void);

#endif
