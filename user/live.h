/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What commands share that show something live: "drops", "capture", "top". */
#ifndef VX_LIVE_H
#define VX_LIVE_H

#include "args.h"
#include "port.h"

/* The port's name, if the words begin with one; NULL: with an option of table. */
const char *vx_live_name(const struct vx_arg *table, int *argc, char ***argv);
/* Something is set up, and so is the port called name (NULL: any). Negative errno after one line. */
int vx_live_port(const char *name, struct vx_port *port);

#endif
