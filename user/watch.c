// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/mman.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "pins.h"
#include "say.h"
#include "watch.h"

#define NS_PER_S	1000000000ull
#define RENEW_EVERY	(NS_PER_S / 2)
#define HEAD		sizeof(struct vx_sample)

volatile sig_atomic_t vx_watch_over;

static void over(int sig)
{
	vx_watch_over = sig;
}

void vx_watch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = over };
	size_t i;

	/* Without SA_RESTART: what waits ends. */
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static __u64 clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (__u64)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

__u64 vx_now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

__u64 vx_realtime(__u64 monotonic)
{
	static __u64 offset, looked;
	__u64 now = vx_now();

	/* The clock may be set meanwhile; within a second, times keep their order. */
	if (!looked || now - looked > NS_PER_S) {
		offset = clock_ns(CLOCK_REALTIME) - now;
		looked = now;
	}
	return monotonic + offset;
}

static int map_watch(struct vx_watch_fd *w)
{
	int fd = vx_pin_open("v1/vx_watch");
	void *map;

	if (fd == -ENOENT)
		return vx_fail(-ESTALE, "the programs in %s are of a version of vhost-xdp that shows no frames; remove its ports and "
			       "uplinks, and add them anew", vx_bpffs());
	if (fd < 0)
		return vx_fail(fd, "cannot open the map vx_watch: %s", strerror(-fd));
	map = mmap(NULL, sizeof(*w->map), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return vx_fail(-errno, "cannot map vx_watch: %s", strerror(errno));
	w->map = map;
	return 0;
}

/* Ours from now on, if nobody else has written it since: two that come at once do not get the same. */
static bool hold(struct vx_watch_fd *w, struct vx_watcher *watcher, __u64 before, __u64 now)
{
	w->until = now + VX_WATCH_SECONDS * NS_PER_S;
	return __atomic_compare_exchange_n(&watcher->until, &before, w->until, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

/* A free watcher. */
static struct vx_watcher *claim(struct vx_watch_fd *w, __u64 now)
{
	__u32 i;

	for (i = 0; i < VX_WATCHERS; i++) {
		struct vx_watcher *mine = &w->map->watcher[i];
		__u64 until = __atomic_load_n(&mine->until, __ATOMIC_ACQUIRE);

		/* Its wishes count only once they are written. */
		if (until <= now && hold(w, mine, until, now))
			return mine;
	}
	return NULL;
}

static int make_ring(struct vx_watch_fd *w)
{
	w->rings = vx_pin_open("v1/vx_watch_rings");
	if (w->rings < 0)
		return vx_fail(w->rings, "cannot open the map vx_watch_rings: %s", strerror(-w->rings));
	w->ring = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "vx_watch_ring", 0, 0, w->spec.ring, NULL);
	if (w->ring < 0)
		return vx_fail(-errno, "no ring buffer of %u bytes: %s", w->spec.ring, strerror(errno));
	if (bpf_map_update_elem(w->rings, &w->number, &w->ring, BPF_ANY))
		return vx_fail(-errno, "the ring buffer is not taken: %s", strerror(errno));
	return 0;
}

/* Rings of watchers that were killed: they would be held for ever. */
static void sweep(const struct vx_watch_fd *w, __u64 now)
{
	__u32 i;

	for (i = 0; i < VX_WATCHERS; i++)
		if (__atomic_load_n(&w->map->watcher[i].until, __ATOMIC_ACQUIRE) <= now)
			bpf_map_delete_elem(w->rings, &i);
}

static int renew(struct vx_watch_fd *w)
{
	__u64 now = vx_now(), before = w->until;

	if (now - w->renewed < RENEW_EVERY)
		return 0;
	w->renewed = now;
	if (!hold(w, w->mine, before, now)) {
		w->mine = NULL;
		return vx_fail(-ESTALE, "this output stood still for more than %d seconds, and another run has taken the place; begin anew",
			       VX_WATCH_SECONDS);
	}
	/* One that came meanwhile may have swept the ring away. */
	if (before <= now && bpf_map_update_elem(w->rings, &w->number, &w->ring, BPF_ANY))
		return vx_fail(-errno, "the ring buffer is not taken: %s", strerror(errno));
	/* A program or another tool may just have cleared it. */
	__atomic_fetch_or(&w->map->what, w->spec.what, __ATOMIC_SEQ_CST);
	return 0;
}

/* A flood may keep the reading of the ring going for ever. */
static int sample(void *arg, void *data, size_t size)
{
	struct vx_watch_fd *w = arg;
	const struct vx_sample *s = data;
	int err = ++w->seen % 256 ? 0 : renew(w);

	if (err)
		return err;
	if (vx_watch_over)
		return -ECANCELED;
	if (size < HEAD || s->caplen > size - HEAD)
		return 0;
	return w->spec.fn(s, (const __u8 *)(s + 1), w->spec.arg);
}

static int start(struct vx_watch_fd *w)
{
	struct vx_watcher *mine = w->mine;

	mine->port = w->spec.port;
	mine->snaplen = w->spec.snaplen;
	mine->rate = w->spec.rate;
	memcpy(mine->reasons, w->spec.reasons, sizeof(mine->reasons));
	if (!mine->reasons[0] && !mine->reasons[1])
		memset(mine->reasons, 0xff, sizeof(mine->reasons));
	mine->taken = mine->over = mine->lost = 0;
	__atomic_store_n(&mine->what, w->spec.what, __ATOMIC_RELEASE);
	return renew(w);
}

int vx_watch_open(struct vx_watch_fd *w, const struct vx_watch_spec *spec)
{
	__u64 now = vx_now();
	int err;

	memset(w, 0, sizeof(*w));
	w->spec = *spec;
	w->rings = w->ring = -1;
	err = map_watch(w);
	if (err)
		return err;
	w->mine = claim(w, now);
	if (!w->mine) {
		err = vx_fail(-EBUSY, "%d runs of 'vhost-xdp drops' and 'capture' are on already, the most that can be; end one of them",
			      VX_WATCHERS);
		goto close;
	}
	w->mine->what = 0;
	w->number = w->mine - w->map->watcher;
	err = make_ring(w);
	if (err)
		goto close;
	sweep(w, now);
	w->rb = ring_buffer__new(w->ring, sample, w, NULL);
	if (!w->rb) {
		err = vx_fail(-errno, "cannot read the ring buffer: %s", strerror(errno));
		goto close;
	}
	err = start(w);
	if (!err)
		return 0;
close:
	vx_watch_close(w);
	return err;
}

/* What those want who are still there. One that comes just now says so again. */
static void leave(struct vx_watch_fd *w)
{
	__u64 now = vx_now(), what = 0;
	__u32 i;

	__atomic_store_n(&w->mine->what, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&w->mine->until, 0, __ATOMIC_SEQ_CST);
	for (i = 0; i < VX_WATCHERS; i++)
		if (__atomic_load_n(&w->map->watcher[i].until, __ATOMIC_SEQ_CST) > now)
			what |= __atomic_load_n(&w->map->watcher[i].what, __ATOMIC_SEQ_CST);
	__atomic_store_n(&w->map->what, what, __ATOMIC_SEQ_CST);
}

void vx_watch_close(struct vx_watch_fd *w)
{
	/* What is another run's by now is left to that one. */
	if (w->mine && hold(w, w->mine, w->until, vx_now())) {
		bpf_map_delete_elem(w->rings, &w->number);
		leave(w);
	}
	ring_buffer__free(w->rb);
	if (w->ring >= 0)
		close(w->ring);
	if (w->rings >= 0)
		close(w->rings);
	if (w->map)
		munmap(w->map, sizeof(*w->map));
	memset(w, 0, sizeof(*w));
	w->rings = w->ring = -1;
}

int vx_watch_wait(struct vx_watch_fd *w, int ms)
{
	int ret = renew(w);

	if (ret)
		return ret;
	ret = ring_buffer__poll(w->rb, ms);
	return ret > 0 || ret == -EINTR ? 0 : ret;
}

void vx_watch_missed(struct vx_watch_fd *w, __u64 *over_rate, __u64 *lost)
{
	__u64 now_over, now_lost;

	*over_rate = *lost = 0;
	if (!w->mine)
		return;
	now_over = __atomic_load_n(&w->mine->over, __ATOMIC_RELAXED);
	now_lost = __atomic_load_n(&w->mine->lost, __ATOMIC_RELAXED);
	*over_rate = now_over - w->over;
	*lost = now_lost - w->lost;
	w->over = now_over;
	w->lost = now_lost;
}
