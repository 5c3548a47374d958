/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is set up on this host, as a configuration. Only reads. */
#ifndef VX_CONF_READ_H
#define VX_CONF_READ_H

#include "conf.h"

/* 0, or a negative errno after one line. Nothing set up is an empty configuration. Freed by vx_conf_free(). */
int vx_conf_read(struct vx_conf *conf);

#endif
