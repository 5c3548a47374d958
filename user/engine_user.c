// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/if_ether.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine_user.h"
#include "pins.h"
#include "say.h"

static void must_not_hang(bool answered)
{
	if (answered)
		return;
	vx_warn("a worker hangs in guest memory that the VMM withholds; giving up");
	_exit(EXIT_FAILURE);
}

/* A pair that neither receives nor transmits lends its socket to one that does. */
static bool lends(const struct vx_engine *e, u32 i, u32 nlive)
{
	return i >= e->npairs || (nlive && !e->worker[i].rx_live && !e->worker[i].tx_live);
}

/* Which worker has which socket: whatever the guest runs, each socket is received from, and used by one thread only. */
static void assign_sources(struct vx_engine *e)
{
	u32 live[VX_QUEUE_PAIRS_MAX], nlive = 0;

	for (u32 i = 0; i < e->npairs; i++) {
		e->worker[i].nsource = 0;
		e->worker[i].has_own = false;
		if (e->worker[i].rx_live)
			live[nlive++] = i;
	}
	for (u32 i = 0; i < e->nsockets; i++) {
		bool lent = lends(e, i, nlive);
		struct vx_worker *w = &e->worker[!lent ? i : nlive ? live[i % nlive] : 0];

		w->source[w->nsource++] = &e->socket[i];
		if (!lent)
			w->has_own = true;
		else if (e->socket[i].x.outstanding_tx)
			vx_xsk_send(&e->socket[i]);
	}
}

static void worker_configure(struct vx_engine *e, struct vx_worker *w)
{
	const struct vx_vu_vring *rx = w->rx_ring, *tx = w->tx_ring;

	w->rx_live = vx_vu_vring_live(rx);
	w->tx_live = vx_vu_vring_live(tx);
	w->tx_waste = tx->running && !tx->enabled && !tx->vq.broken;
	w->rx_blocked = false;
	w->rx_rechecked = false;
	w->blocked_since = 0;
	if (rx->running) {
		vx_rx_init(&w->rx, &w->rx_ring->vq, &vx_xsk_source, NULL, &e->page->queue[w->index][VX_TO_GUEST],
			   e->vu->features);
		vx_worker_set_offloads(w);
	} else {
		vx_guest_xdp_reset(&w->guest_xdp);
	}
	if (tx->running)
		vx_tx_init(&w->tx, &w->tx_ring->vq, &vx_xsk_sink, &w->own->x, &e->page->queue[w->index][VX_FROM_GUEST],
			   e->vu->features, w->frame_max);
}

/* What every queue pair takes, as none of them chooses what comes; each one's socket gives frames in pieces. */
static u32 takes_whole(const struct vx_engine *e)
{
	u32 kinds = ~0u;

	for (u32 i = 0; i < e->npairs; i++)
		if (e->worker[i].rx_live)
			kinds &= vx_rx_whole(&e->worker[i].rx);
	return e->socket[0].x.sg ? kinds : 0;
}

/* The port's neighbours send to us only while some pair can take it. */
static void publish_state(struct vx_engine *e)
{
	bool up = false, backend = false;
	u64 features = e->vu->features;

	for (u32 i = 0; i < e->npairs; i++) {
		up |= e->worker[i].rx_live && e->worker[i].tx_live;
		backend |= e->worker[i].rx_ring->running || e->worker[i].tx_ring->running;
		if (e->worker[i].guest_xdp.on)
			features &= ~VX_GUEST_OFFLOADS;
	}
	for (u32 i = 0; i < e->npairs; i++)
		e->worker[i].backend = backend;
	VX_WRITE_ONCE(e->page->features, up ? features : 0);
	VX_WRITE_ONCE(e->page->whole, up ? takes_whole(e) : 0);
	if (e->page->state != (up ? VX_ENGINE_UP : VX_ENGINE_DOWN))
		vx_debug("%s: %s", e->port.cfg.name, up ? "up" : "down");
	VX_WRITE_ONCE(e->page->state, up ? VX_ENGINE_UP : VX_ENGINE_DOWN);
}

static bool vring_broken(const struct vx_engine *e, u32 i)
{
	return e->vu->vring[i].running && e->vu->vring[i].vq.broken;
}

static void engine_pause(void *ctx)
{
	struct vx_engine *e = ctx;

	for (u32 i = 0; i < e->npairs; i++) {
		must_not_hang(vx_worker_pause(&e->worker[i]));
		vx_worker_unwatch(&e->worker[i]);
	}
}

static void engine_resume(void *ctx)
{
	struct vx_engine *e = ctx;

	for (u32 i = 0; i < e->npairs; i++)
		worker_configure(e, &e->worker[i]);
	for (u32 i = 0; i < e->vu->nvrings; i++)
		e->told[i] &= vring_broken(e, i);
	assign_sources(e);
	publish_state(e);
	for (u32 i = 0; i < e->npairs; i++) {
		vx_worker_watch(&e->worker[i]);
		vx_worker_resume(&e->worker[i]);
	}
}

static int engine_send_frame(void *ctx, const void *frame, u32 len)
{
	struct vx_engine *e = ctx;
	struct vx_xsk *x = &e->socket[0].x;
	struct vx_frame f = { 0 };

	vx_xsk_complete(x, 64);
	if (!vx_xsk_sink.alloc(x, &f, 1))
		return -ENOBUFS;
	if (len > f.room) {
		vx_xsk_sink.free(x, &f, 1);
		return -EMSGSIZE;
	}
	memcpy(f.data, frame, len);
	f.len = len;
	if (!vx_xsk_sink.send(x, &f, 1, &e->page->queue[0][VX_FROM_GUEST]))
		return -EIO;
	/* What the kernel does not take now goes with the worker's next turn. */
	if (vx_xsk_send(&e->socket[0]))
		e->worker[0].tx_wait = 1;
	return 0;
}

static const struct vx_vu_ops engine_ops = {
	.pause = engine_pause,
	.resume = engine_resume,
	.send_frame = engine_send_frame,
};

static int page_open(struct vx_engine *e)
{
	long page_size = sysconf(_SC_PAGESIZE);
	size_t len = (sizeof(*e->page) + page_size - 1) & ~(page_size - 1);
	int fd = vx_pin_open("ports/%s/engine", e->port.cfg.name);

	if (fd < 0)
		return vx_fail(fd, "port %s has no counters (%s); delete it and add it anew", e->port.cfg.name, strerror(-fd));
	e->page = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (e->page == MAP_FAILED) {
		e->page = NULL;
		return vx_fail(-errno, "the counters of port %s cannot be mapped: %s", e->port.cfg.name, strerror(errno));
	}
	return 0;
}

static int workers_init(struct vx_engine *e, u32 busy_poll_us)
{
	for (u32 i = 0; i < e->npairs; i++) {
		struct vx_worker *w = &e->worker[i];
		int err;

		w->index = i;
		w->name = e->port.cfg.name;
		w->frame_max = e->port.cfg.mtu + ETH_HLEN;
		w->spin_max = busy_poll_us * 1000;
		w->attention = e->attention;
		w->page = e->page;
		w->rx_ring = &e->vu->vring[2 * i];
		w->tx_ring = &e->vu->vring[2 * i + 1];
		w->own = &e->socket[i];
		err = vx_worker_init(w);
		if (err) {
			w->own = NULL;
			return vx_fail(err, "no worker for queue pair %u: %s", i, strerror(-err));
		}
	}
	assign_sources(e);
	for (u32 i = 0; i < e->npairs; i++) {
		vx_worker_watch(&e->worker[i]);
		vx_worker_publish(&e->worker[i]);
	}
	return 0;
}

int vx_engine_find(struct vx_engine *e, const char *name, u32 queues)
{
	int err;

	memset(e, 0, sizeof(*e));
	for (u32 i = 0; i < VX_QUEUE_PAIRS_MAX; i++)
		e->socket[i].fd = -1;
	e->attention = -1;
	e->links = -1;
	err = vx_port_find(name, &e->port);
	if (err == -ENOENT)
		return vx_fail(err, "there is no port %s; make it with: vhost-xdp port add %s mac ... uplink ...", name, name);
	if (err)
		return vx_fail(err, "port %s cannot be looked up: %s", name, strerror(-err));
	e->nsockets = e->port.cfg.queue_pairs;
	e->npairs = queues ? queues : e->nsockets;
	if (!e->nsockets || e->nsockets > VX_QUEUE_PAIRS_MAX)
		return vx_fail(-EINVAL, "port %s has %u queue pairs; 1 to %u are possible", name, e->nsockets, VX_QUEUE_PAIRS_MAX);
	if (e->npairs > e->nsockets)
		return vx_fail(-EINVAL, "port %s has %u queue pair(s), not %u; make it anew with queues %u", name, e->nsockets,
			       e->npairs, e->npairs);
	return page_open(e);
}

int vx_engine_open(struct vx_engine *e, u32 busy_poll_us)
{
	int err;

	e->attention = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (e->attention < 0)
		return vx_fail(-errno, "no eventfd: %s", strerror(errno));
	err = vx_engine_links_open(e);
	if (!err)
		err = vx_engine_sockets_open(e);
	if (err)
		return err;
	e->vu = vx_vu_new(e->port.cfg.name, e->npairs, e->port.cfg.mtu, &engine_ops, e);
	err = e->vu ? workers_init(e, busy_poll_us) : -ENOMEM;
	return err ? err : vx_engine_sockets_publish(e);
}

int vx_engine_start(struct vx_engine *e)
{
	for (u32 i = 0; i < e->npairs; i++) {
		int err = vx_worker_spawn(&e->worker[i]);

		if (err)
			return vx_fail(err, "no thread for queue pair %u: %s", i, strerror(-err));
	}
	return 0;
}

int vx_engine_attend(struct vx_engine *e)
{
	u64 count;

	if (read(e->attention, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return -errno;
	if (vx_guest_faulted())
		return vx_fail(-EIO, "%s: the VMM truncated its memory file; the device stops until a VMM connects anew",
			       e->port.cfg.name);
	engine_pause(e);
	for (u32 i = 0; i < e->vu->nvrings; i++) {
		if (!vring_broken(e, i) || e->told[i])
			continue;
		vx_warn("%s: the guest broke vring %u; it stays stopped until the guest sets it up anew", e->port.cfg.name, i);
		e->told[i] = true;
	}
	engine_resume(e);
	return 0;
}

static bool workers_close(struct vx_engine *e)
{
	for (u32 i = 0; i < e->npairs; i++) {
		struct vx_worker *w = &e->worker[i];

		if (!w->own)
			break;
		if (!vx_worker_stop(w))
			return false;
		vx_worker_drain(w);
		vx_worker_publish(w);
		vx_worker_destroy(w);
	}
	return true;
}

bool vx_engine_close(struct vx_engine *e)
{
	/* Without a device we never had the port to ourselves: the page may be another engine's. */
	if (e->vu)
		vx_vu_disconnect(e->vu);
	if (!workers_close(e))
		return false;
	if (e->vu)
		VX_WRITE_ONCE(e->page->pid, 0);
	vx_vu_free(e->vu);
	for (u32 i = 0; i < e->nsockets; i++)
		vx_xsk_close(&e->socket[i]);
	munmap(e->page, sizeof(*e->page));
	if (e->attention >= 0)
		close(e->attention);
	if (e->links >= 0)
		close(e->links);
	return true;
}
