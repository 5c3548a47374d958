/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One netlink request and its answers, over libmnl. */
#ifndef VX_NETLINK_H
#define VX_NETLINK_H

#include <libmnl/libmnl.h>

#define VX_NL_BUFFER	32768

/*
 * Send nlh on a fresh socket of the given family and wait for the answer; cb
 * (may be NULL) sees each message. 0 or negative errno, as the kernel gave it.
 */
int vx_netlink_talk(int bus, struct nlmsghdr *nlh, mnl_cb_t cb, void *arg);

#endif
