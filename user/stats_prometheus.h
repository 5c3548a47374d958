/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VX_STATS_PROMETHEUS_H
#define VX_STATS_PROMETHEUS_H

#include "port.h"

/* The text format, of one port or (NULL) of all. */
int vx_stats_prometheus(const struct vx_port *only);

#endif
