/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A port in the kernel: its AF_XDP sockets, its from-guest program, and which vrings use them.
 *
 * Lock order, outermost first:
 *	vx_dev.mutex		ioctls of one vhost device		(dev.h)
 *	vx_port.lock		one port: state, sockets, bindings
 *	vx_vq.mutex		one vring: its pumps and all they use	(vq.h)
 *	vx_pair.user_lock	what a data fd uses itself; never held over a user or guest memory access
 *	vx_port.prog_lock	the from-guest program
 *	vx_ports_lock		the list of ports, and their netdevs	(port.c)
 *	vx_socket.lock		spinlock, softirq: whom a socket wakes	(xsk.h)
 *	vx_vq.server_lock	spinlock, softirq: which worker is in a turn	(vq.h)
 *
 * A guest's memory may be such that an access sleeps for as long as its VMM likes (userfaultfd, FUSE), and vq->mutex is held over
 * accesses. So nobody waits for vq->mutex, or for a lock above it, who holds RTNL or what others need: the netdevice notifier
 * (RTNL) takes vx_ports_lock only, and leaves the rest to a work item, which lets go of the netdevs before it waits for any vring.
 * Who only asks (PORT_GET) tries for vq->mutex, and tells less where it is not to be had. RTNL is taken under vx_port.lock, to end an
 * inlet, and under no other of these locks. Of
 * vx_vq.mutex two are held only together for one vhost device, vring 0's first (vx_dev_lock_vqs()).
 */
#ifndef VX_PORT_H
#define VX_PORT_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <uapi/linux/vhost_xdp.h>
#include "pump.h"
#include "sink.h"
#include "xsk.h"

struct vx_inlet;
struct vx_vq;
struct bpf_map;
struct bpf_prog;

/* One queue pair of a port. .sock and .vq are written under port->lock and user_lock: either is enough to read them. */
struct vx_pair {
	struct vx_port *port;
	u32 index;
	struct vx_socket *sock;			/* NULL while not attached */
	struct vx_vq *vq[VX_DIRECTIONS];	/* bound vrings, or NULL */
	struct vx_vq *sock_vq;			/* the to-guest vring that reads sock, or NULL; port->lock */
	struct vx_sink sink;			/* where the from-guest vring sends */
	bool opened;				/* a data fd is open; port->lock */
	bool reader;				/* ... with VHOST_XDP_OPEN_READ */

	/*
	 * In the engine page; written under port->lock, user_lock, and the mutex of the vring. To count there takes that vring's mutex,
	 * or user_lock while none is bound.
	 */
	struct vx_queue_stats *stats[VX_DIRECTIONS];

	/* For frames that a VMM reads or writes itself (tap.c); one at a time. */
	struct mutex user_lock;
	struct vx_socket *user_sock;		/* where reads take frames: .sock while there is a reader and no vring; user_lock */
	wait_queue_head_t user_wait;		/* readers and pollers of the data fd */
};

struct vx_port {
	struct list_head node;			/* vx_ports_lock */
	struct kref ref;			/* the list, each data fd, each bound vring, work */
	char name[VHOST_XDP_NAME_LEN];
	u32 npairs;
	u32 mtu;

	/* vx_ports_lock. */
	struct net_device *host;		/* held; NULL unless attached */
	struct net_device *guest;
	netdevice_tracker host_tracker, guest_tracker;
	bool gone;				/* one of them left: .down has the rest to do */
	struct work_struct down;

	spinlock_t error_lock;
	char error[VHOST_XDP_ERROR_LEN];

	struct mutex prog_lock;
	struct bpf_prog *prog;			/* that of all sinks, and of the inlet; NULL unless attached */
	struct vx_inlet *inlet;			/* or NULL; also under lock, either is enough to read it */

	struct mutex lock;			/* everything below */
	enum vhost_xdp_port_state state;
	bool deleted;
	u32 host_ifindex, guest_ifindex;	/* as last attached */
	u64 netns;
	struct file *keep[VHOST_XDP_KEEP_MAX];
	u32 nkeep;
	struct bpf_map *page_map;
	struct vx_engine_page *page;		/* never NULL */
	struct vx_engine_page *own_page;	/* while there is no other */
	struct vx_pair pair[];
};

int vx_ports_init(void);	/* control device, netdevice notifier */
void vx_ports_exit(void);

static inline void vx_port_get(struct vx_port *port)
{
	kref_get(&port->ref);
}

void vx_port_put(struct vx_port *port);

/*
 * A vring starts or ends to carry frames of a pair; called under dev->mutex, without vq->mutex. bind: -EBUSY when another
 * vring of the same direction is bound, -ENETDOWN when the port is deleted. A port that is not attached can be bound: its frames are
 * dropped until it is. bind takes a reference, unbind drops it. Both decide anew which sockets each to-guest vring of the port reads
 * (those of pairs without a running vring are lent), publish the port's state in its engine page, and wake the vrings.
 */
int vx_port_bind(struct vx_pair *pair, struct vx_vq *vq);
void vx_port_unbind(struct vx_vq *vq);
/*
 * A vring was broken, stopped, or runs again, or a reader came or went: the same. Called without vq->mutex and user_lock.
 */
void vx_port_changed(struct vx_port *port);
/* What the guest takes was changed by TUNSETOFFLOAD on the pair's data fd: told to its to-guest vring, and published. */
void vx_port_offloads_changed(struct vx_pair *pair, struct file *tap);

/* Remember why something was refused; shown by "port show". Ratelimited kernel message as well. Any context. */
__printf(2, 3) void vx_port_say(struct vx_port *port, const char *fmt, ...);
/* The last of them into error[VHOST_XDP_ERROR_LEN]; "" for none. Process context. */
void vx_port_error(struct vx_port *port, char *error);

/* Under port->lock or user_lock. */
static inline struct vx_queue_stats *vx_pair_stats(const struct vx_pair *pair, enum vx_direction dir)
{
	return pair->stats[dir];
}

#endif
