/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The limits of the shipped policy "ratelimit", for people. See <vhost_xdp/ratelimit.h>. */
#ifndef VX_RATELIMIT_CONF_H
#define VX_RATELIMIT_CONF_H

#include <linux/types.h>
#include <vhost_xdp/stats.h>
#include <vhost_xdp/ratelimit.h>

#include "policy_conf.h"

/* What a burst is unless it is said: as much as the rate brings in that time, but a packet and this many bytes at least. */
#define VX_RATELIMIT_BURST_US	20000u
#define VX_RATELIMIT_BURST_MIN	2048u

/* "[pps COUNT] [bps RATE] [burst TIME|SIZE] [burst-packets COUNT]". 0, or -EINVAL with the reason; nothing is printed or looked up. */
int vx_ratelimit_parse(int argc, char *const *argv, struct vx_ratelimit *conf, char why[VX_WHY]);
/* The same in words: one line. */
void vx_ratelimit_lines(const struct vx_ratelimit *conf, vx_conf_line *line, void *arg);

/* 0, or -ENOENT: no limit. Nothing is printed. */
int vx_ratelimit_get(__u32 port, int direction, struct vx_ratelimit *conf);
/* At once, NULL: no limit. Loads the policy if need be; under the lock. Prints a line when it fails. */
int vx_ratelimit_replace(__u32 port, int direction, const struct vx_ratelimit *conf);

/* For vx_policy_forget(): fd is that of one of the policy's maps. */
void vx_ratelimit_forget(int fd, __u32 port);
void vx_ratelimit_forget_buckets(int fd, __u32 port);

#endif
