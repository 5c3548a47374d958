/* SPDX-License-Identifier: GPL-2.0-only */
/* Data fds: a queue pair that looks like a tap to a VMM. */
#ifndef VX_TAP_H
#define VX_TAP_H

#include <linux/types.h>

struct file;
struct net;
struct vx_pair;
struct vx_port;

int vx_tap_init(void);		/* chrdev region and class of /dev/tap<ifindex> */
void vx_tap_exit(void);

/*
 * A new data fd of a pair, close-on-exec; flags: VHOST_XDP_OPEN_*. It takes a reference of its own on the port, which the caller
 * keeps alive, without port->lock. -EBUSY when the pair has one, -ENOTCONN when the port was never attached.
 */
int vx_tap_open_fd(struct vx_port *port, u32 pair, u32 flags);

/*
 * The pair behind a file, or NULL when it is no data fd of ours. The file, held by the caller, keeps it. Resolve an fd once, and use
 * what came of it (CVE-2023-1838).
 */
struct vx_pair *vx_tap_pair(struct file *file);

/*
 * What the VMM told the tap, as virtio feature bits: checksums and segments that the guest may send (always, as on any tap with a
 * header before each frame) or get. The file is one that vx_tap_pair() knows.
 */
u64 vx_tap_features(struct file *file);

/*
 * The node /dev/tap<ifindex>, for a port whose host end is in the initial network namespace; no node for any other. One for a port,
 * and for an ifindex: -EEXIST. It can be opened once the port is attached to that ifindex. del: also when there is none.
 */
int vx_tap_node_add(struct vx_port *port, const struct net *net, u32 ifindex);
void vx_tap_node_del(struct vx_port *port);

/* Readers and pollers of the port's data fds look again. Any context. */
void vx_tap_changed(struct vx_port *port);

#endif
