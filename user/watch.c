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

/* A free watcher, ours from now on: two that come at once do not get the same. */
static struct vx_watcher *claim(struct vx_watch *map, __u64 now)
{
	__u32 i;

	for (i = 0; i < VX_WATCHERS; i++) {
		struct vx_watcher *mine = &map->watcher[i];
		__u64 until = __atomic_load_n(&mine->until, __ATOMIC_ACQUIRE);

		/* Its wishes count only once they are written. */
		if (until <= now && __atomic_compare_exchange_n(&mine->until, &until, now + VX_WATCH_SECONDS * NS_PER_S, false,
								__ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
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

static void renew(struct vx_watch_fd *w)
{
	__u64 now = vx_now();

	if (now - w->renewed < RENEW_EVERY)
		return;
	w->renewed = now;
	__atomic_store_n(&w->mine->until, now + VX_WATCH_SECONDS * NS_PER_S, __ATOMIC_RELEASE);
	/* A program or another tool may just have cleared it. */
	__atomic_fetch_or(&w->map->what, w->spec.what, __ATOMIC_SEQ_CST);
}

/* A flood may keep the reading of the ring going for ever. */
static int sample(void *arg, void *data, size_t size)
{
	struct vx_watch_fd *w = arg;
	const struct vx_sample *s = data;

	if (!(++w->seen % 256))
		renew(w);
	if (vx_watch_over)
		return -ECANCELED;
	if (size < HEAD || s->caplen > size - HEAD)
		return 0;
	return w->spec.fn(s, (const __u8 *)(s + 1), w->spec.arg);
}

static void start(struct vx_watch_fd *w)
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
	renew(w);
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
	w->mine = claim(w->map, now);
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
	start(w);
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
	if (w->rings >= 0)
		bpf_map_delete_elem(w->rings, &w->number);
	if (w->mine)
		leave(w);
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
	int ret;

	renew(w);
	ret = ring_buffer__poll(w->rb, ms);
	return ret > 0 || ret == -EINTR ? 0 : ret;
}

void vx_watch_missed(struct vx_watch_fd *w, __u64 *over_rate, __u64 *lost)
{
	__u64 now_over = __atomic_load_n(&w->mine->over, __ATOMIC_RELAXED), now_lost = __atomic_load_n(&w->mine->lost, __ATOMIC_RELAXED);

	*over_rate = now_over - w->over;
	*lost = now_lost - w->lost;
	w->over = now_over;
	w->lost = now_lost;
}
