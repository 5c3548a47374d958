/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /dev/tap<ifindex>, where QEMU and libvirt look for a port of the kernel engine by the name of its host end. */
#ifndef VX_TAP_NODE_H
#define VX_TAP_NODE_H

#include "engine_kernel.h"

#define VX_TAP_NODE_LEN	24

/*
 * 0: path is the port's node. -ENOENT: it has none, and needs none where its host end is in a network namespace of its own. -EEXIST: it
 * should have, but what is there belongs to somebody else. path is set in any case.
 */
int vx_tap_node(const struct vx_kport *kp, char path[VX_TAP_NODE_LEN]);

#endif
