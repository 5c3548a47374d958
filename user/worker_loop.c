// SPDX-License-Identifier: GPL-2.0-or-later
/* The life of a worker thread: when it sleeps, what wakes it, who pauses it. */
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "worker.h"

#define NS_PER_S	1000000000ull
#define NS_PER_MS	1000000ull
#define PUBLISH_TURNS	1024u
/* Frames that wait this long for a guest buffer are old news. */
#define STALE_AFTER	(1 * NS_PER_S)
#define FOLD_EVERY	(NS_PER_S / 10)
#define SPIN_MIN	4000ull
/* After so many turns with work the sockets leave the epoll set: every frame that is sent wakes who waits there. */
#define BUSY_TURNS	16u
/* A worker that does not answer for so many seconds hangs in memory that a VMM withholds. */
#define HANG_AFTER	5

enum watch { WATCH_WAKE, WATCH_RX_KICK, WATCH_TX_KICK, WATCH_SOURCE };

static u64 now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (u64)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static void drain_fd(int fd)
{
	u64 count;

	if (fd >= 0 && read(fd, &count, sizeof(count)) < 0)
		return;
}

/* Tell what others read: frames per owner, and losses that only the kernel saw. */
void vx_worker_publish(struct vx_worker *w)
{
	for (u32 i = 0; i < w->nsource; i++) {
		struct vx_xsk_socket *s = w->source[i];

		for (u32 o = 0; o < VX_OWNERS; o++) {
			__atomic_fetch_add(&w->page->umem_frames[o], (u64)s->umem.count[o] - s->published[o], __ATOMIC_RELAXED);
			s->published[o] = s->umem.count[o];
		}
		vx_xsk_fold_stats(s, vx_worker_stats(w, VX_TO_GUEST), vx_worker_stats(w, VX_FROM_GUEST));
	}
	w->folded_at = now_ns();
	w->unfolded = false;
}

static void watch(struct vx_worker *w, int op, int fd, enum watch what, u32 events)
{
	struct epoll_event ev = { .events = events, .data.u32 = what };

	if (fd >= 0)
		epoll_ctl(w->epfd, op, fd, &ev);
}

static void arm_sources(struct vx_worker *w, bool on)
{
	if (w->sources_armed == on)
		return;
	w->sources_armed = on;
	for (u32 i = 0; i < w->nsource; i++)
		watch(w, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, w->source[i]->fd, WATCH_SOURCE, EPOLLIN);
}

void vx_worker_unwatch(struct vx_worker *w)
{
	watch(w, EPOLL_CTL_DEL, w->rx_ring->kick, WATCH_RX_KICK, 0);
	watch(w, EPOLL_CTL_DEL, w->tx_ring->kick, WATCH_TX_KICK, 0);
	for (u32 i = 0; i < w->nsource; i++)
		watch(w, EPOLL_CTL_DEL, w->source[i]->fd, WATCH_SOURCE, 0);
}

void vx_worker_watch(struct vx_worker *w)
{
	watch(w, EPOLL_CTL_ADD, w->rx_ring->kick, WATCH_RX_KICK, EPOLLIN);
	watch(w, EPOLL_CTL_ADD, w->tx_ring->kick, WATCH_TX_KICK, EPOLLIN);
	for (u32 i = 0; i < w->nsource; i++)
		watch(w, EPOLL_CTL_ADD, w->source[i]->fd, WATCH_SOURCE, EPOLLIN);
	w->sources_armed = true;
}

static void stale_discard(struct vx_worker *w, u64 now)
{
	if (!w->blocked_since) {
		w->blocked_since = now;
		return;
	}
	if (now - w->blocked_since < STALE_AFTER)
		return;
	for (u32 i = 0; i < w->nsource; i++)
		vx_worker_discard(w, w->source[i], VX_REASON_NO_GUEST_BUFFER);
	w->blocked_since = 0;
	w->rx_blocked = false;
}

static int sooner(int timeout, int ms)
{
	return timeout < 0 || ms < timeout ? ms : timeout;
}

/* Ask for notifications. False: there is work after all; else *timeout in ms says how long to wait for them. */
static bool may_sleep(struct vx_worker *w, u64 now, int *timeout)
{
	*timeout = w->tx_wait ? w->tx_wait : -1;
	if (w->unfolded && now - w->folded_at >= FOLD_EVERY)
		vx_worker_publish(w);
	if (w->unfolded)
		*timeout = sooner(*timeout, FOLD_EVERY / NS_PER_MS);

	if (w->tx_blocked)
		*timeout = sooner(*timeout, w->tx_wait ? w->tx_wait : 1);
	else if ((w->tx_live || w->tx_waste) && vx_vring_enable_kick(&w->tx_ring->vq))
		return false;
	if ((w->tx_live || w->tx_waste) && w->tx_ring->kick < 0)
		*timeout = sooner(*timeout, 1);	/* the VMM has us poll */

	if (w->rx_blocked)
		stale_discard(w, now);
	if (w->rx_blocked) {
		*timeout = sooner(*timeout, w->rx_ring->kick < 0 ? 1 : STALE_AFTER / NS_PER_MS);
		/* Buffers that are there but too few for the frame give no second notification: look again now and then. */
		if (vx_vring_enable_kick(&w->rx_ring->vq)) {
			if (!w->rx_rechecked) {
				w->rx_rechecked = true;
				return false;
			}
			*timeout = 1;
		}
	}
	arm_sources(w, !w->rx_blocked);
	return true;
}

static void kick_event(struct vx_worker *w, struct vx_vu_vring *v, enum vx_direction dir, u32 events)
{
	drain_fd(v->kick);
	vx_worker_stats(w, dir)->kicks++;
	/* A pipe whose other end closed would wake us for ever. */
	if (events & (EPOLLERR | EPOLLHUP))
		watch(w, EPOLL_CTL_DEL, v->kick, 0, 0);
}

static void handle_events(struct vx_worker *w, const struct epoll_event *ev, int n)
{
	for (int i = 0; i < n; i++) {
		switch ((enum watch)ev[i].data.u32) {
		case WATCH_WAKE:
			drain_fd(w->wake);
			break;
		case WATCH_RX_KICK:
			kick_event(w, w->rx_ring, VX_TO_GUEST, ev[i].events);
			break;
		case WATCH_TX_KICK:
			kick_event(w, w->tx_ring, VX_FROM_GUEST, ev[i].events);
			break;
		case WATCH_SOURCE:
			break;
		}
	}
}

/* Let who wants to pause us have the lock. */
static void relock(struct vx_worker *w)
{
	if (atomic_load(&w->pausing)) {
		pthread_mutex_lock(&w->gate);
		pthread_mutex_unlock(&w->gate);
	}
	pthread_mutex_lock(&w->lock);
}

static void worker_sleep(struct vx_worker *w)
{
	struct epoll_event ev[8];
	u64 start = now_ns(), slept;
	int n, timeout;

	if (!may_sleep(w, start, &timeout))
		return;
	pthread_mutex_unlock(&w->lock);
	n = epoll_wait(w->epfd, ev, VX_ARRAY_SIZE(ev), timeout);
	relock(w);
	handle_events(w, ev, n);
	if (w->tx_live || w->tx_waste)
		vx_vring_disable_kick(&w->tx_ring->vq);
	if (w->rx_live)
		vx_vring_disable_kick(&w->rx_ring->vq);

	/* Polling pays when work comes sooner than the bound; otherwise sleep at once next time. */
	slept = now_ns() - start;
	if (n > 0 && slept <= w->spin_max)
		w->spin = vx_min((u64)w->spin_max, w->spin * 2 + SPIN_MIN);
	else
		w->spin = 0;
}

static bool spin_on(struct vx_worker *w, u64 *idle_since)
{
	u64 now;

	if (!w->spin || w->tx_wait)
		return false;
	now = now_ns();
	if (!*idle_since)
		*idle_since = now;
	return now - *idle_since < w->spin;
}

static void *worker_main(void *arg)
{
	struct vx_worker *w = arg;
	u64 idle_since = 0;
	u32 turns = 0, busy = 0;

	relock(w);
	while (!atomic_load_explicit(&w->quit, memory_order_relaxed)) {
		if (atomic_load_explicit(&w->pausing, memory_order_relaxed)) {
			pthread_mutex_unlock(&w->lock);
			relock(w);
			idle_since = 0;
		}
		if (vx_worker_turn(w)) {
			idle_since = 0;
			if (++busy == BUSY_TURNS)
				arm_sources(w, false);
			if (!(++turns % PUBLISH_TURNS))
				vx_worker_publish(w);
			continue;
		}
		if (spin_on(w, &idle_since))
			continue;
		idle_since = 0;
		busy = 0;
		worker_sleep(w);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int vx_worker_init(struct vx_worker *w)
{
	int err;

	w->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (w->epfd < 0)
		return -errno;
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->wake < 0) {
		err = -errno;
		close(w->epfd);
		return err;
	}
	watch(w, EPOLL_CTL_ADD, w->wake, WATCH_WAKE, EPOLLIN);
	pthread_mutex_init(&w->lock, NULL);
	pthread_mutex_init(&w->gate, NULL);
	return 0;
}

int vx_worker_spawn(struct vx_worker *w)
{
	char comm[16];
	int err = pthread_create(&w->thread, NULL, worker_main, w);

	if (err)
		return -err;
	w->threaded = true;
	snprintf(comm, sizeof(comm), "vx-worker-%u", w->index);
	pthread_setname_np(w->thread, comm);
	return 0;
}

bool vx_worker_pause(struct vx_worker *w)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += HANG_AFTER;
	pthread_mutex_lock(&w->gate);
	atomic_store(&w->pausing, true);
	if (!pthread_mutex_clocklock(&w->lock, CLOCK_MONOTONIC, &until))
		return true;
	pthread_mutex_unlock(&w->gate);
	return false;
}

void vx_worker_resume(struct vx_worker *w)
{
	atomic_store(&w->pausing, false);
	pthread_mutex_unlock(&w->lock);
	pthread_mutex_unlock(&w->gate);
	vx_signal_fd(w->wake);
}

bool vx_worker_stop(struct vx_worker *w)
{
	struct timespec until;

	if (!w->threaded)
		return true;
	atomic_store(&w->quit, true);
	vx_signal_fd(w->wake);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += HANG_AFTER;
	if (pthread_clockjoin_np(w->thread, NULL, CLOCK_MONOTONIC, &until))
		return false;
	w->threaded = false;
	return true;
}

void vx_worker_destroy(struct vx_worker *w)
{
	close(w->epfd);
	close(w->wake);
	pthread_mutex_destroy(&w->lock);
	pthread_mutex_destroy(&w->gate);
}
