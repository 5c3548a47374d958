/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a port may claim to be, for people: the configuration of the shipped policy "antispoof". See <vhost_xdp/antispoof.h>. */
#ifndef VX_ANTISPOOF_CMD_H
#define VX_ANTISPOOF_CMD_H

#include <linux/types.h>
#include <vhost_xdp/antispoof.h>

#include "policy_conf.h"

/*
 * Take the words of one line into conf, which begins as all zero, the defaults:
 *	ADDRESS[/PREFIX]
 *	allow|deny dhcp-server|router|other-l2|any-ll|any-ip
 *	mac MAC
 * one or several of them. 0, or -EINVAL with the reason; nothing is printed or looked up.
 */
int vx_antispoof_parse(int argc, char *const *argv, struct vx_antispoof_port *conf, char why[VX_WHY]);
/* The same in words, in order, each in one line; what is the default is left out. */
void vx_antispoof_lines(const struct vx_antispoof_port *conf, vx_conf_line *line, void *arg);

/* 0, or -ENOENT: the defaults, which conf then is. Nothing is printed. */
int vx_antispoof_get(__u32 port, struct vx_antispoof_port *conf);
/* At once, NULL: the defaults. Loads the policy if need be; under the lock. Prints a line when it fails. */
int vx_antispoof_replace(__u32 port, const struct vx_antispoof_port *conf);

/* The command "policy antispoof". */
int vx_antispoof_run(int argc, char **argv);

#endif
