/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Losses as they grow: what was lost since the last look. */
#ifndef VX_LOSS_WATCH_H
#define VX_LOSS_WATCH_H

#include "losses.h"

struct vx_loss_watch;

struct vx_loss_watch *vx_loss_watch_new(void);
void vx_loss_watch_free(struct vx_loss_watch *w);

/* port NULL: of all. fn is called for each that grew, by more; NULL: only remember. */
void vx_loss_watch_look(struct vx_loss_watch *w, const struct vx_port *port,
			void (*fn)(const struct vx_port *port, const struct vx_lost *lost, __u64 more, void *arg), void *arg);

#endif
