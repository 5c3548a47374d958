/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The vhost-user back end of one network device: what a VMM may ask for, and
 * the state that its messages leave behind.
 *
 * Handlers only record what the VMM wants; vx_vu_sync() then makes the vrings
 * agree with it, in one place. All of this runs in one thread, with the
 * workers paused (see struct vx_vu_ops) whenever something they use may change.
 */
#ifndef VX_VHOST_USER_H
#define VX_VHOST_USER_H

#include "guest_mem.h"
#include "vhost_user_io.h"
#include "vring.h"

struct vx_vu_vring {
	struct vx_vring vq;
	u32 num;		/* entries; 0 until the VMM says */
	u32 base;
	struct vx_vu_vring_addr addr;
	bool have_addr;
	int kick, call, err;	/* eventfds, -1: none */
	bool started;		/* between SET_VRING_KICK and GET_VRING_BASE */
	bool enabled;
	bool running;		/* vq is valid; it may be .broken */
	bool refused;		/* vq could not be started as things are; cleared by every change */
};

struct vx_vu_ops {
	/* After pause() no worker touches a vring, an eventfd or guest memory; resume() ends that. Never nested. */
	void (*pause)(void *ctx);
	void (*resume)(void *ctx);
	/* Send a frame to the wire for the guest; called while paused. */
	int (*send_frame)(void *ctx, const void *frame, u32 len);
};

struct vx_vu {
	const struct vx_vu_ops *ops;
	void *ctx;
	const char *name;	/* of the port, for messages */
	u32 mtu;		/* largest that NET_SET_MTU may announce */
	u32 nvrings;		/* two for each queue pair: receive (even), transmit (odd) */
	u64 offered;		/* virtio features */
	u64 features;		/* acknowledged */
	u64 protocol_features;
	u8 status;
	struct vx_guest_mem *mem;
	struct vx_guest_map *log_map;
	struct vx_dirty_log log;
	struct vx_vu_conn conn;	/* .fd is -1 while no VMM is connected */
	struct vx_vu_vring vring[];
};

/* NULL when there is no memory. */
struct vx_vu *vx_vu_new(const char *name, u32 queue_pairs, u32 mtu, const struct vx_vu_ops *ops, void *ctx);
void vx_vu_free(struct vx_vu *vu);

/* A VMM connected; takes over fd. */
int vx_vu_connect(struct vx_vu *vu, int fd);
/* It left, or is to be left: all vrings stop, all that it gave us is closed. */
void vx_vu_disconnect(struct vx_vu *vu);

/*
 * Handle what has arrived, at most a budget of messages. 0, -ECONNRESET when the VMM left in good
 * order, another negative errno (line printed) when the connection must end. The caller disconnects.
 */
int vx_vu_readable(struct vx_vu *vu);

/* May the guest's frames pass this vring? */
static inline bool vx_vu_vring_live(const struct vx_vu_vring *v)
{
	return v->running && v->enabled && !v->vq.broken;
}

/* Make the vrings agree with what the messages asked for. Workers paused. For vhost_user_vring.c's handlers and vx_vu. */
void vx_vu_sync(struct vx_vu *vu);
/* After the memory table or the log changed: translate anew what runs, stop what cannot be translated. Workers paused. */
void vx_vu_remap(struct vx_vu *vu);
void vx_vu_vring_reset(struct vx_vu *vu, struct vx_vu_vring *v);

/*
 * A request handler. 0: done, acknowledged if the VMM asked for it. VX_VU_REFUSED: tell the VMM no, carry on.
 * VX_VU_REPLIED + n: m->payload holds n bytes of reply. Negative errno, line printed: the connection ends.
 */
#define VX_VU_REFUSED	1
#define VX_VU_REPLIED	0x1000

int vu_set_vring_num_exec(struct vx_vu *vu, struct vx_vu_msg *m);
int vu_set_vring_addr_exec(struct vx_vu *vu, struct vx_vu_msg *m);
int vu_set_vring_base_exec(struct vx_vu *vu, struct vx_vu_msg *m);
int vu_get_vring_base_exec(struct vx_vu *vu, struct vx_vu_msg *m);
int vu_set_vring_kick_exec(struct vx_vu *vu, struct vx_vu_msg *m);
int vu_set_vring_call_exec(struct vx_vu *vu, struct vx_vu_msg *m);
int vu_set_vring_err_exec(struct vx_vu *vu, struct vx_vu_msg *m);
int vu_set_vring_enable_exec(struct vx_vu *vu, struct vx_vu_msg *m);

int vu_set_mem_table_exec(struct vx_vu *vu, struct vx_vu_msg *m);
int vu_add_mem_reg_exec(struct vx_vu *vu, struct vx_vu_msg *m);
int vu_rem_mem_reg_exec(struct vx_vu *vu, struct vx_vu_msg *m);
int vu_get_max_mem_slots_exec(struct vx_vu *vu, struct vx_vu_msg *m);
int vu_set_log_base_exec(struct vx_vu *vu, struct vx_vu_msg *m);
int vu_set_log_fd_exec(struct vx_vu *vu, struct vx_vu_msg *m);

#endif
