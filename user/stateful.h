/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The configuration of the shipped policy "stateful", for people, and its flows. See <vhost_xdp/stateful.h>. */
#ifndef VX_STATEFUL_CONF_H
#define VX_STATEFUL_CONF_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <vhost_xdp/stats.h>
#include <vhost_xdp/stateful.h>

#include "policy_conf.h"

struct vx_port;

/*
 * Take the words of one line into conf, which begins as all zero, the defaults:
 *	mode guest|both|none|track
 *	limit FLOWS
 *	timeout NAME TIME [NAME TIME...]
 *	open PROTOCOL [dport PORT[-PORT][,...]]
 * one or several of them. 0, or -EINVAL with the reason; nothing is printed or looked up.
 */
int vx_stateful_parse(int argc, char *const *argv, struct vx_stateful_port *conf, char why[VX_WHY]);
/* The same in words: what differs from the defaults. */
void vx_stateful_lines(const struct vx_stateful_port *conf, vx_conf_line *line, void *arg);

/* 0, or -ENOENT: the defaults, which conf then is. Nothing is printed. */
int vx_stateful_get(__u32 port, struct vx_stateful_port *conf);
/* At once, NULL: the defaults. Flows stay. Loads the policy if need be; under the lock. Prints a line when it fails. */
int vx_stateful_replace(__u32 port, const struct vx_stateful_port *conf);

/* Flows of a port, or of all when it is 0, that are alive, in no order, until fn returns non-zero; returns that or a negative errno. */
int vx_stateful_each_flow(__u32 port, int (*fn)(__u32 port, const struct vx_flow *flow, __u64 now, void *arg), void *arg);
/* Forget them. Negative errno; nothing is printed. */
int vx_stateful_flush(__u32 port);

const char *vx_stateful_mode_name(__u32 mode);
const char *vx_stateful_timeout_name(__u32 i);
__u32 vx_stateful_timeout_ms(const struct vx_stateful_port *conf, __u32 i);
/* "tcp", or a number. */
void vx_stateful_proto_text(__u8 proto, char *text, size_t len);

/* For vx_policy_forget(): fd is that of one of the policy's maps. */
void vx_stateful_forget_flows(int fd, __u32 port);

#endif
