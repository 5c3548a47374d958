// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "loss_watch.h"

#define KNOWN_MAX	8192	/* what is beyond is not told of */

struct known {
	__u32 port;
	struct vx_lost lost;	/* .packets as of the last look */
};

struct vx_loss_watch {
	size_t n, at;		/* at: where the next one probably is, as they come in the same order each time */
	struct known known[KNOWN_MAX];
	void (*fn)(const struct vx_port *port, const struct vx_lost *lost, __u64 more, void *arg);
	void *arg;
};

struct vx_loss_watch *vx_loss_watch_new(void)
{
	return calloc(1, sizeof(struct vx_loss_watch));
}

void vx_loss_watch_free(struct vx_loss_watch *w)
{
	free(w);
}

static struct known *find(struct vx_loss_watch *w, __u32 port, const struct vx_lost *lost)
{
	size_t i;

	for (i = 0; i < w->n; i++) {
		struct known *k = &w->known[(w->at + i) % w->n];

		if (k->port != port || k->lost.kind != lost->kind || k->lost.direction != lost->direction ||
		    strcmp(k->lost.where, lost->where) || strcmp(k->lost.why, lost->why))
			continue;
		w->at = k - w->known + 1;
		return k;
	}
	if (w->n == KNOWN_MAX)
		return NULL;
	w->known[w->n].port = port;
	w->known[w->n].lost = *lost;
	w->known[w->n].lost.packets = 0;
	return &w->known[w->n++];
}

struct one {
	struct vx_loss_watch *w;
	const struct vx_port *port;
};

static int compare(const struct vx_lost *lost, void *arg)
{
	const struct one *one = arg;
	struct known *k = find(one->w, one->port->id, lost);

	if (!k)
		return 0;
	/* Less than before: the engine was started anew, or the port made anew. */
	if (lost->packets < k->lost.packets)
		k->lost.packets = 0;
	if (one->w->fn && lost->packets > k->lost.packets)
		one->w->fn(one->port, lost, lost->packets - k->lost.packets, one->w->arg);
	k->lost.packets = lost->packets;
	return 0;
}

static int look(const struct vx_port *port, void *arg)
{
	struct one one = { arg, port };

	vx_losses_each(port, compare, &one);
	return 0;
}

void vx_loss_watch_look(struct vx_loss_watch *w, const struct vx_port *port,
			void (*fn)(const struct vx_port *port, const struct vx_lost *lost, __u64 more, void *arg), void *arg)
{
	w->fn = fn;
	w->arg = arg;
	w->at = 0;
	if (port)
		look(port, w);
	else
		vx_port_each(look, w);
}
