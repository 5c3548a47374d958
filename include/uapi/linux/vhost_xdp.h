/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The control interface of vhost_xdp.ko. This header is its specification.
 *
 * Three kinds of file:
 *
 *   /dev/vhost-xdp-control	ports are made, attached, listed and deleted here. Mode 0600, and every ioctl of
 *				this file also asks for CAP_NET_ADMIN in the initial user namespace, whoever opened it.
 *   a data fd			one queue pair of one port, from VHOST_XDP_PORT_OPEN or from opening /dev/tap<ifindex of the
 *				port's host end>. To be handed to a VMM, which needs no privilege to use it: it answers the ioctls
 *				of <linux/if_tun.h> that a VMM asks a tap, read, write and poll, and nothing of this header. As
 *				with other taps, the mode in which it was opened bounds read() and write(), and not what a vhost
 *				device does with it.
 *   /dev/vhost-xdp		a vhost device as of <linux/vhost.h>, for one queue pair; its backend (VHOST_NET_SET_BACKEND)
 *				is a data fd.
 *
 * /dev/tap<N> is there for host ends in the initial network namespace only, ifindex being each namespace's own. So is that of a macvtap,
 * whatever its namespace, and the first of two keeps the name: who opens it compares its st_rdev with /sys/class/vhost_xdp/tap<N>/dev
 * (and /sys/class/vhost_xdp/tap<N>/port, the port's name, with the name).
 *
 * A port is named, and lives until VHOST_XDP_PORT_DEL: neither the process that made it nor any other has to stay alive. While there is a
 * port, an open data fd or an open vhost device, the module cannot be unloaded.
 *
 * Life of a port:	PORT_NEW -> (new) -> PORT_ATTACH -> (attached) -> PORT_DETACH -> (new) -> PORT_DEL
 * When the host end or the guest end of its veth pair goes away, or leaves the network namespace where the port was attached, the port
 * becomes (down): its sockets and programs are given back without anybody asking, frames are dropped. PORT_DETACH and PORT_ATTACH bring
 * it back. Netdevs may be down, and go down and up, while a port is attached. A running VMM notices none of this: its vrings stay.
 * The AF_XDP sockets of an attached port keep their network namespace alive, by whatever name it was deleted, until PORT_DETACH or
 * PORT_DEL, which can be called from any namespace.
 * What is given back is free a moment after the ioctl: the kernel releases the queue of an AF_XDP socket in the background.
 *
 * All structures are of fixed size; fields called reserved, and strings' bytes after the NUL, must be zero (EINVAL). Integers are in host
 * order. An ioctl that fails has changed nothing, but for attach, which says why in .error. Errors that every ioctl may give:
 *	EPERM		no CAP_NET_ADMIN		EFAULT	the argument is not readable or writable
 *	ENOTTY		no such ioctl			EINVAL	a reserved field is not zero, or a value is out of its range
 *	ENOENT		there is no port of this name	EINTR	a signal came first
 */
#ifndef _UAPI_LINUX_VHOST_XDP_H
#define _UAPI_LINUX_VHOST_XDP_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define VHOST_XDP_ABI		2	/* what GET_ABI answers; grows when structures below change */
#define VHOST_XDP_NAME_LEN	16	/* with the NUL; the rules of netdev names */
#define VHOST_XDP_PAIRS_MAX	16	/* queue pairs of a port */
#define VHOST_XDP_KEEP_MAX	16
#define VHOST_XDP_ERROR_LEN	96

/* One ring of an AF_XDP socket, as mapped by the calling process from the socket's fd before it was bound. */
struct vhost_xdp_ring {
	__u64 addr;		/* where mmap() put it */
	__u32 entries;		/* power of two */
	__u32 producer;		/* byte offsets, from getsockopt(XDP_MMAP_OFFSETS) */
	__u32 consumer;
	__u32 desc;
	__u32 flags;
	__u32 reserved;
};

/*
 * One AF_XDP socket (<linux/if_xdp.h>), bound to the port's guest end and to the queue that is its place in the array.
 * Nothing may have passed through its rings (EBUSY); the module fills them. From then on they are the module's: a process that still
 * has them mapped can disturb this port's frames, and nothing else.
 *
 * umem_fd: -1 when the socket registered its UMEM itself; else another socket with the same UMEM, and this one was bound with
 * XDP_SHARED_UMEM to another queue than that, with rings of its own. Each of them then uses its own chunks, first_frame ..
 * first_frame + frames, which must not overlap.
 */
struct vhost_xdp_socket {
	__s32 fd;
	__s32 umem_fd;
	__u32 first_frame;	/* in chunks */
	__u32 frames;		/* 0: all of the UMEM */
	struct vhost_xdp_ring fill, completion, rx, tx;
	__u64 reserved[2];
};

/* All or nothing. */
struct vhost_xdp_attach {
	char name[VHOST_XDP_NAME_LEN];
	__u32 host_ifindex;	/* host end, in the caller's network namespace: where from-guest frames are judged, and XDP_PASS enters */
	__u32 guest_ifindex;	/* guest end: the sockets' netdev */
	__u32 nsockets;		/* must equal the port's pairs */
	__s32 prog_fd;		/* XDP program for frames from the guest: not for a CPUMAP or DEVMAP, not bound to a device (EINVAL) */
	/* BPF array map, mmapable, of one struct vx_engine_page (<vhost_xdp/stats.h>), where state and counters go; no locks and the like */
	__s32 page_fd;
	/* BPF maps, programs and links to hold open while attached, so that unmounting bpffs takes nothing away; else EINVAL */
	__u32 nkeep;
	__u64 sockets;		/* pointer to struct vhost_xdp_socket[nsockets] */
	__u64 keep;		/* pointer to __s32 fds[nkeep] */
	char error[VHOST_XDP_ERROR_LEN];	/* out, also on failure: one line, what was wrong; "" otherwise */
	__u32 flags;		/* VHOST_XDP_ATTACH_* */
	__u32 reserved0;
	__u64 reserved[3];
};
/*
 * Make a netdev beside the guest end, named as the port with VHOST_XDP_INLET_SUFFIX, down and without any traffic of its own: a target for
 * XDP redirects (ndo_xdp_xmit) of frames for this guest. They are judged by prog_fd as if they had entered the guest end, and where
 * that redirects to the AF_XDP socket of the queue they are delivered, without the way through the veth pair and the UMEM. It lives until
 * the port is detached, or down. Whoever redirects there to bring it up, and to fall back to the host end when it goes.
 */
#define VHOST_XDP_ATTACH_INLET	(1u << 0)
#define VHOST_XDP_INLET_SUFFIX	"-i"
/*
 * Errors of PORT_ATTACH, each with its line in .error:
 *	EBUSY		attached already, or down and not detached; a ring or a socket in use; an end that is another port's
 *	ENODEV		no such netdev, or it is going away	ENXIO	a socket is not bound, or to another netdev or queue
 *	EBADF, ENOTSOCK, EPROTOTYPE	an fd is not open; a socket's fd is none, or not AF_XDP
 *	EMSGSIZE	the UMEM's chunks, less the headroom that the kernel takes, are too short for the port's MTU and a VLAN tag
 *	EEXIST, ENAMETOOLONG	no inlet can have that name
 *	EINVAL		a ring is not where the socket's own mapping of it is, or is not of that size; UMEM parts overlap, or its chunks are
 *			not aligned; a netdev, program or map is of the wrong kind	EPERM	page_fd may only be read	ENOMEM
 */

struct vhost_xdp_new {
	char name[VHOST_XDP_NAME_LEN];	/* EEXIST */
	__u32 pairs;		/* 1 .. VHOST_XDP_PAIRS_MAX */
	__u32 mtu;		/* bytes of L3; 68 .. what fits a page with Ethernet header, VLAN tag and the kernel's own (EMSGSIZE) */
	__u64 reserved[4];
};

struct vhost_xdp_name {
	char name[VHOST_XDP_NAME_LEN];
	__u64 reserved[2];
};

/* Replace the from-guest program of an attached port; takes effect between two frames. ENOTCONN when it is not attached. */
struct vhost_xdp_prog {
	char name[VHOST_XDP_NAME_LEN];
	__s32 prog_fd;
	__u32 reserved[3];
};

/* The ioctl returns a data fd, close-on-exec. EBUSY: the pair has one already; ENOTCONN: the port was never attached. */
struct vhost_xdp_open {
	char name[VHOST_XDP_NAME_LEN];
	__u32 pair;
	__u32 flags;		/* VHOST_XDP_OPEN_* */
	__u64 reserved[2];
};
/* Frames may be taken with read() while no vhost device uses the fd; without it the port counts as having no backend then. */
#define VHOST_XDP_OPEN_READ	(1u << 0)

enum vhost_xdp_port_state {
	VHOST_XDP_PORT_NEW_STATE = 0,	/* no sockets yet */
	VHOST_XDP_PORT_ATTACHED = 1,
	VHOST_XDP_PORT_DOWN = 2,	/* a netdev went away; see .error */
};

/* One direction of a queue pair. Indices are the ring's own, taken at the last turn of its worker. */
struct vhost_xdp_vring_info {
	__u32 running;		/* a vhost device drives it */
	__u32 broken;		/* the guest or its memory failed; stopped until it is set up anew */
	__u32 num;		/* entries */
	__u32 packed;
	__u32 avail, used;
	__s32 worker_tid;	/* in the initial pid namespace; 0: none */
	__s32 worker_cpu;	/* where it last ran; -1: none */
	__u32 logging;		/* dirty log on */
	__u32 reserved;
	__u64 kicks, calls;
	char error[VHOST_XDP_ERROR_LEN];	/* of this vring, the last; "" when there was none */
};

struct vhost_xdp_pair_info {
	struct vhost_xdp_vring_info to_guest, from_guest;
	__u32 fill, rx, tx, completion;		/* entries now in each AF_XDP ring */
	__u32 frames[8];	/* UMEM chunks by owner (enum vx_frame_owner); their sum is constant while attached */
	__u32 zero_copy;	/* the driver has the UMEM itself */
	__u32 need_wakeup;	/* bit 0: fill, bit 1: tx */
	__u32 data_fd;		/* a data fd is open */
	__u32 reserved;
};

/*
 * GET: the port called name, or ENOENT. NEXT: the first port after name in order of name ("" for the first), and ENOENT after the last.
 * pairs is a pointer to npairs entries, or 0; as many as fit are filled, npairs says how many there are. While a worker waits for its
 * guest's memory, its vring's entry says so in .error, and its numbers are those of the moment.
 */
struct vhost_xdp_port_info {
	char name[VHOST_XDP_NAME_LEN];
	__u32 state;		/* enum vhost_xdp_port_state */
	__u32 npairs;		/* in: room; out: what there is */
	__u32 mtu;
	__u32 host_ifindex, guest_ifindex;
	__u32 prog_id;
	__u32 vmms;		/* vhost devices bound */
	__u32 reserved0;
	__u64 pairs;		/* pointer to struct vhost_xdp_pair_info[npairs], or 0 */
	__u64 netns;		/* inode of the namespace where it was attached; 0: none */
	__u64 pages_given;	/* pages that the program passed on */
	char error[VHOST_XDP_ERROR_LEN];	/* why it is down, or the last refusal */
	__u64 reserved[4];
};

/* What the module holds in all, for tests and operators: all but .ports, .data_fds and .devices are 0 when nothing is attached. */
struct vhost_xdp_totals {
	__u64 ports;
	__u64 sockets;		/* AF_XDP sockets held */
	__u64 ring_pages;	/* pages of rings pinned */
	__u64 tx_pages;		/* pages taken for from-guest frames and neither freed nor passed on */
	__u64 programs;
	__u64 files;		/* kept for an operator */
	__u64 data_fds;
	__u64 devices;		/* open vhost devices */
	__u64 workers;
	__u64 umem_lost;	/* chunks whose owner was unclear at a detach: 0 unless there is a bug */
	__u64 reserved[6];
};

#define VHOST_XDP_IOC		0xbd
#define VHOST_XDP_GET_ABI	_IOR(VHOST_XDP_IOC, 0x00, __u32)
#define VHOST_XDP_PORT_NEW	_IOW(VHOST_XDP_IOC, 0x01, struct vhost_xdp_new)
#define VHOST_XDP_PORT_DEL	_IOW(VHOST_XDP_IOC, 0x02, struct vhost_xdp_name)	/* EBUSY while a data fd is open; detaches */
#define VHOST_XDP_PORT_ATTACH	_IOWR(VHOST_XDP_IOC, 0x03, struct vhost_xdp_attach)
#define VHOST_XDP_PORT_DETACH	_IOW(VHOST_XDP_IOC, 0x04, struct vhost_xdp_name)	/* a running VMM's vrings stay; ENOTCONN when (new) */
#define VHOST_XDP_PORT_SET_PROG	_IOW(VHOST_XDP_IOC, 0x05, struct vhost_xdp_prog)
#define VHOST_XDP_PORT_OPEN	_IOW(VHOST_XDP_IOC, 0x06, struct vhost_xdp_open)
#define VHOST_XDP_PORT_GET	_IOWR(VHOST_XDP_IOC, 0x07, struct vhost_xdp_port_info)
#define VHOST_XDP_PORT_NEXT	_IOWR(VHOST_XDP_IOC, 0x08, struct vhost_xdp_port_info)
#define VHOST_XDP_GET_TOTALS	_IOR(VHOST_XDP_IOC, 0x09, struct vhost_xdp_totals)

#endif
