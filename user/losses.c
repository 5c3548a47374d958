// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine_kernel.h"
#include "losses.h"
#include "netdev.h"
#include "redirects.h"
#include "stats.h"

struct walk {
	const struct vx_port *port;
	int (*fn)(const struct vx_lost *lost, void *arg);
	void *arg;
	bool traced;		/* the tracepoints tell of redirects: then netdevs' own counters of them say the same */
	bool kernel;		/* the module is the engine */
	__u64 refused[VX_DIRECTIONS];	/* redirects that were not taken: in rx_drops, too */
	__u64 clones;		/* clones to the host end that were not taken: newer kernels tell the clsact program, too */
};

static int tell(struct walk *w, struct vx_lost *lost)
{
	return lost->packets ? w->fn(lost, w->arg) : 0;
}

static int engine(struct walk *w)
{
	struct vx_engine_page *page = malloc(sizeof(*page));
	char buf[VX_NUMBER_TEXT];
	unsigned int q, r;
	int dir, ret = 0;

	if (!page)
		return -ENOMEM;
	vx_port_engine(w->port, page);
	for (q = 0; q < VX_QUEUE_PAIRS_MAX; q++)
		for (dir = 0; dir < VX_DIRECTIONS; dir++)
			for (r = 0; r < VX_REASON_MAX && !ret; r++) {
				struct vx_lost lost = { .kind = VX_LOSS_ENGINE, .direction = dir, .queue = q };

				lost.packets = page->queue[q][dir].drops[r];
				snprintf(lost.where, sizeof(lost.where), "queue %u", q);
				snprintf(lost.why, sizeof(lost.why), "%s", vx_reason_name(r, buf));
				ret = tell(w, &lost);
			}
	free(page);
	return ret;
}

/* What goes to a host end is for its port; what leaves one for anywhere else was its port's. */
static bool direction_of(const struct vx_redirect_key *key, const struct vx_port_cfg *cfg, __u8 *direction)
{
	*direction = key->from == cfg->host_ifindex ? VX_FROM_GUEST : VX_TO_GUEST;
	/* From one port to another: told once, by the one that sent. */
	return key->from == cfg->host_ifindex || (key->to == cfg->host_ifindex && !vx_ifindex_is_host_end(key->from));
}

/* A socket's own losses come by its engine. So do those of the module: of its own redirects, and of its inlets. */
static bool engine_tells(const struct walk *w, const struct vx_redirect_key *key)
{
	switch (key->kind) {
	case VX_REDIRECT_SOCKET:
		return true;
	case VX_REDIRECT_NETDEV:
		return w->kernel && key->from == w->port->cfg.host_ifindex;
	default:
		return !vx_ifindex_is_ours(key->to);
	}
}

static int redirect(const struct vx_redirect_key *key, __u64 packets, void *arg)
{
	struct vx_lost lost = { .kind = VX_LOSS_REDIRECT, .from = key->from, .to = key->to, .packets = packets };
	struct walk *w = arg;
	char from[VX_NAME_LEN], to[VX_NAME_LEN];

	if (key->kind != VX_REDIRECT_XMIT && key->from == w->port->cfg.guest_ifindex)
		w->refused[VX_TO_GUEST] += packets;
	if (key->kind != VX_REDIRECT_XMIT && key->from == w->port->cfg.host_ifindex && !w->kernel)
		w->refused[VX_FROM_GUEST] += packets;
	if (engine_tells(w, key) || !direction_of(key, &w->port->cfg, &lost.direction))
		return 0;
	vx_ifindex_name(key->from, from);
	vx_ifindex_name(key->to, to);
	snprintf(lost.where, sizeof(lost.where), "%s > %s", from, to);
	snprintf(lost.why, sizeof(lost.why), "%s", vx_redirect_error(key));
	return tell(w, &lost);
}

static int clones(const struct vx_drop_key *key, const struct vx_counter *sum, void *arg)
{
	struct walk *w = arg;

	if (key->stage == VX_STAGE_TC && key->direction == VX_TO_GUEST && key->reason == VX_REASON_REDIRECT_FAILED)
		w->clones += sum->packets;
	return 0;
}

static int netdev(struct walk *w, const struct vx_loss *loss, bool host)
{
	struct vx_lost lost = { .kind = VX_LOSS_NETDEV, .packets = loss->packets };
	bool xmit = !strcmp(loss->name, "xmit_errors"), rx = !strcmp(loss->name, "rx_drops");
	__u64 known = 0;

	lost.from = host ? w->port->cfg.host_ifindex : w->port->cfg.guest_ifindex;
	/* Towards the guest frames enter by the host end and are received by the guest end; and the other way round. */
	lost.direction = host == rx ? VX_FROM_GUEST : VX_TO_GUEST;
	if (xmit && w->traced)
		return 0;
	if (rx && w->traced)
		known = w->refused[lost.direction];
	else if (rx && !host)
		known = vx_port_xsk_losses(w->port);
	if (host && !strcmp(loss->name, "tx_dropped"))
		known = w->clones;
	if (loss->packets <= known)
		return 0;
	lost.packets -= known;
	snprintf(lost.where, sizeof(lost.where), "%.*s", VX_NAME_LEN, loss->end);
	snprintf(lost.why, sizeof(lost.why), "%.20s", loss->name);
	return tell(w, &lost);
}

int vx_losses_each(const struct vx_port *port, int (*fn)(const struct vx_lost *lost, void *arg), void *arg)
{
	struct walk w = { .port = port, .fn = fn, .arg = arg, .traced = vx_redirects_traced() };
	struct vx_loss losses[VX_LOSSES_MAX];
	struct vx_kport kp;
	int i, n, ret;

	w.kernel = !vx_kport_find(port, &kp);
	ret = engine(&w);
	if (!ret)
		ret = vx_redirects_each(redirect, &w);
	if (!ret)
		ret = vx_stats_each_drop(port->id, clones, &w);
	n = ret ? 0 : vx_stats_losses(port, losses, VX_LOSSES_MAX);
	for (i = 0; i < n && !ret; i++)
		ret = netdev(&w, &losses[i], !strcmp(losses[i].end, port->cfg.name));
	return ret;
}
