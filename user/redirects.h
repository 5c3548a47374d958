/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames lost behind an XDP redirect, as the kernel's tracepoints tell: map "vx_redirects" of <vhost_xdp/steer.h>. */
#ifndef VX_REDIRECTS_H
#define VX_REDIRECTS_H

#include <stdbool.h>
#include <vhost_xdp/steer.h>


/*
 * Load, attach and pin, where it is not done yet. Where the kernel does not take them nothing is said: netdevs' own statistics then
 * have to do.
 */
void vx_redirects_ensure(void);
bool vx_redirects_traced(void);

/* Until fn returns non-zero: that, 0, or a negative errno. */
int vx_redirects_each(int (*fn)(const struct vx_redirect_key *key, __u64 packets, void *arg), void *arg);
/* Of a netdev that goes, or 0, and of all that are gone: the module's inlets go by themselves. */
void vx_redirects_forget(__u32 ifindex);

/* "ring_full", "ENETDOWN" */
const char *vx_redirect_error(const struct vx_redirect_key *key);
/* "if7" when it is gone; an inlet is called as its port. */
void vx_ifindex_name(__u32 ifindex, char name[VX_NAME_LEN]);
/* An end of any port, or an uplink. */
bool vx_ifindex_is_ours(__u32 ifindex);
/* Of any port. */
bool vx_ifindex_is_host_end(__u32 ifindex);

#endif
