/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A vhost device of the kernel in each state that its ioctls may find it in, without a VMM and without a guest. */
#ifndef VWORLD_H
#define VWORLD_H

#include "ring.h"
#include "vk.h"

enum vstate {
	V_NO_OWNER,	/* just opened */
	V_OWNED,
	V_MEMORY,	/* features and memory table set */
	V_RUNNING,	/* both vrings bound to their backend */
	V_STATES,
};

struct vworld {
	const char *path;	/* as in vk.h */
	bool ours;		/* and not the one that ours is compared with */
	struct vu vu;
	struct ring rx, tx;
	size_t mark;		/* of memory, behind the rings */
};

extern const char *const vstate_names[V_STATES];

/* Ends the program when there is no such device. */
void vworld_init(struct vworld *w, const char *path);
/* A device fresh from open(), brought to a state. wanted: features beside VERSION_1. False: it would not get there. */
bool vworld_enter(struct vworld *w, enum vstate state, uint64_t wanted);
void vworld_leave(struct vworld *w);
int vworld_fd(const struct vworld *w);
/* Does the running transmit vring still take a frame, and nothing say that a vring broke? */
bool vworld_alive(struct vworld *w);
/* How many frames were completed of those in n buffers that are sent now, within a second. */
unsigned int vworld_send(struct vworld *w, unsigned int n);
/* Was the err eventfd of a vring signalled since the last time? Waits a little for it if it should have been. */
bool vworld_broken(struct vworld *w, unsigned int index, bool should);

#endif
