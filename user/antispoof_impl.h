/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of "antispoof" share. */
#ifndef VX_ANTISPOOF_IMPL_H
#define VX_ANTISPOOF_IMPL_H

#include <stdbool.h>

#include "antispoof.h"

struct vx_right {
	const char *name;	/* NULL ends the table */
	__u32 flag;
	bool inverted;	/* the flag takes the right away */
};

extern const struct vx_right vx_rights[];

/* -ENOSPC: as many of that family as fit are there. What is there already is added. */
int vx_antispoof_add(struct vx_antispoof_port *conf, int family, const __u8 addr[16], __u32 len);
/* -ENOENT: it is not there. */
int vx_antispoof_del(struct vx_antispoof_port *conf, int family, const __u8 addr[16], __u32 len);
void vx_antispoof_addresses(const struct vx_antispoof_port *conf, vx_conf_line *line, void *arg);

#endif
