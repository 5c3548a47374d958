// SPDX-License-Identifier: GPL-2.0-or-later
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vworld.h"

#define SIZE	64
#define FRAME	(12 + 60)

const char *const vstate_names[V_STATES] = { "no owner", "owner", "memory set", "running" };

void vworld_init(struct vworld *w, const char *path)
{
	memset(w, 0, sizeof(*w));
	w->path = path;
	w->ours = strncmp(path, "tap:", 4) != 0;
	w->vu.sock = -1;
	if (vu_mem_init(&w->vu, 3) || !vworld_enter(w, V_RUNNING, 0) || !vworld_alive(w)) {
		fprintf(stderr, "%s: there is no such device, or it does not work at all\n", path);
		exit(2);
	}
	vworld_leave(w);
}

static bool rings_up(struct vworld *w)
{
	const bool packed = w->vu.features & F_PACKED;

	w->vu.used = 0;
	if (ring_init(&w->rx, &w->vu, 0, SIZE, packed, false, false) || ring_init(&w->tx, &w->vu, 1, SIZE, packed, false, false))
		return false;
	w->mark = w->vu.used;
	return !ring_start(&w->rx, ring_base(&w->rx)) && !ring_start(&w->tx, ring_base(&w->tx));
}

bool vworld_enter(struct vworld *w, enum vstate state, uint64_t wanted)
{
	if (vu_connect(&w->vu, w->path))
		return false;
	if (state == V_OWNED)
		return !vu_set(&w->vu, VU_SET_OWNER, NULL, 0, NULL, 0);
	if (state >= V_MEMORY && (vu_negotiate(&w->vu, F_PROTOCOL | F_VERSION_1 | wanted) || vu_share_memory(&w->vu, false)))
		return false;
	return state < V_RUNNING || rings_up(w);
}

static void ring_close(struct ring *r)
{
	if (!r->slot)
		return;
	close(r->kick);
	close(r->call);
	free(r->slot);
	free(r->free_id);
	r->slot = NULL;
}

void vworld_leave(struct vworld *w)
{
	vu_disconnect(&w->vu);
	ring_close(&w->rx);
	ring_close(&w->tx);
}

int vworld_fd(const struct vworld *w)
{
	return w->vu.vk->vhost[0];
}

unsigned int vworld_send(struct vworld *w, unsigned int n)
{
	unsigned int done = 0;
	uint64_t signals;
	uint32_t ignored;

	w->vu.used = w->mark;
	for (unsigned int i = 0; i < n; i++) {
		uint8_t *frame = vu_alloc(&w->vu, FRAME, 2);

		memset(frame, 0, FRAME);
		memset(frame + 12, 0xff, 6);
		if (!ring_add(&w->tx, &(struct piece){ frame, FRAME }, 1, false, frame))
			break;
	}
	w->tx.pending += !w->tx.pending;
	ring_kick(&w->tx);
	for (int tries = 0; tries < 100 && done < n; tries++) {
		struct pollfd pfd = { .fd = w->tx.call, .events = POLLIN };

		while (ring_get(&w->tx, &ignored))
			done++;
		if (done < n && !ring_arm(&w->tx) && poll(&pfd, 1, 10) > 0 && read(pfd.fd, &signals, sizeof(signals)) < 0)
			break;
	}
	return done;
}

bool vworld_broken(struct vworld *w, unsigned int index, bool should)
{
	struct pollfd pfd = { .fd = w->vu.vk->err[index], .events = POLLIN };
	uint64_t ignored;

	return poll(&pfd, 1, should ? 2000 : 0) > 0 && read(pfd.fd, &ignored, sizeof(ignored)) > 0;
}

bool vworld_alive(struct vworld *w)
{
	return vworld_send(w, 1) == 1 && !vworld_broken(w, 0, false) && !vworld_broken(w, 1, false);
}
