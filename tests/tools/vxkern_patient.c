// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vxkern_patient NAME: a VMM withholds a page of its guest from the worker that reads it. Who only asks breaks nothing by it, and what a
 * data fd counts meanwhile is not lost. NAME and NAME-g are a veth pair with two queues, both up.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "lib/expect.h"
#include "lib/tapwire.h"
#include "lib/vworld.h"
#include "lib/withheld.h"

#define PATIENCE	5	/* s, until who has to have a vring's lock has the worker give up */

static struct tapwire w;
static struct vworld world;
static struct withheld held;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The worker of pair 0's vrings waits for a page that the guest sends. */
static bool worker_waits(void)
{
	if (!expect_true(vworld_enter(&world, V_RUNNING, 0) && vworld_alive(&world), "a device"))
		return false;
	world.vu.used = world.mark;
	if (!withhold(&held, &world.vu))
		return false;
	withheld_send(&held, &world.tx);
	return true;
}

static bool comes_back(struct ring *r)
{
	uint32_t ignored;

	for (int i = 0; i < 100; i++) {
		if (ring_get(r, &ignored))
			return true;
		usleep(20000);
	}
	return false;
}

static void asked(void)
{
	struct vhost_xdp_pair_info pairs[TW_PAIRS];
	double began = now(), longest = 0;
	unsigned int times = 0, told = 0;

	expect_about("PORT_GET, while a worker waits for a page");
	if (!worker_waits())
		return;
	while (now() - began < PATIENCE + 2) {
		struct vhost_xdp_port_info info = { .npairs = TW_PAIRS, .pairs = (uintptr_t)pairs };
		double t = now();

		strncpy(info.name, w.name, sizeof(info.name) - 1);
		if (ioctl(w.control, VHOST_XDP_PORT_GET, &info))
			break;
		times++;
		told += pairs[0].from_guest.running && !pairs[0].from_guest.broken && info.npairs == TW_PAIRS && info.vmms == 1;
		t = now() - t;
		longest = t > longest ? t : longest;
		usleep(100000);
	}
	expect_true(now() - began >= PATIENCE + 2, "asked for %.1f s, %u times", now() - began, times);
	expect_true(longest < 2, "it answers soon (%.1f s)", longest);
	expect_true(told == times, "and says that the vring runs");
	expect_true(!vworld_broken(&world, 1, false), "the vring is not broken");
	withheld_comes(&held);
	withheld_close(&held);
	expect_true(comes_back(&world.tx), "the page came: its buffer is used");
	expect_true(vworld_alive(&world), "and the vrings go on");
	vworld_leave(&world);
}

static void *detach(void *err)
{
	*(int *)err = kport_detach(w.control, w.name);
	return NULL;
}

static const struct vx_engine_page *page_map(void)
{
	return mmap(NULL, sizeof(struct vx_engine_page), PROT_READ, MAP_SHARED, w.port.page, 0);
}

/* Counters of one pair after the other move to another page. */
static void counted(void)
{
	const struct vx_engine_page *page = page_map();
	int fd = tw_open(&w, 1, 0), err = -1;
	const struct vx_queue_stats *st;
	uint64_t before;
	pthread_t t;

	expect_about("frames written to a data fd, while a detach waits for the vring of another pair");
	if (page == MAP_FAILED || fd < 0 || !worker_waits())
		return;
	st = &page->queue[1][VX_FROM_GUEST];
	expect_errno(tw_put(fd, TW_HDR, 60, 1), 0, 0, "a frame of pair 1");
	expect_true(tw_soon(1, &st->packets), "is counted");
	before = st->drops[VX_REASON_NO_BACKEND];
	pthread_create(&t, NULL, detach, &err);
	usleep(PATIENCE * 1000000 / 2);
	for (int i = 0; i < 10; i++)
		expect_errno(tw_put(fd, TW_HDR, 60, 1), 0, 0, "another, of what is not attached any more");
	expect_true(err == -1, "the detach waits");
	pthread_join(t, NULL);
	expect_errno(err, 0, 0, "detach");
	withheld_comes(&held);
	withheld_close(&held);
	vworld_leave(&world);
	munmap((void *)page, sizeof(*page));
	kport_forget(&w.port);
	expect_errno(tw_attach(&w), 0, 0, "attach");
	page = page_map();
	if (!expect_true(page != MAP_FAILED, "its page"))
		return;
	st = &page->queue[1][VX_FROM_GUEST];
	expect_true(st->drops[VX_REASON_NO_BACKEND] == before + 10, "all ten are counted as without backend (%u)",
		    (unsigned int)(st->drops[VX_REASON_NO_BACKEND] - before));
	expect_true(st->packets == 1, "and what was counted before is still");
	munmap((void *)page, sizeof(*page));
	close(fd);
}

int main(int argc, char **argv)
{
	char path[40];

	if (argc != 2) {
		fprintf(stderr, "usage: vxkern_patient NAME\n");
		return 2;
	}
	tw_new(&w, argv[1]);
	if (tw_attach(&w))
		return 2;
	snprintf(path, sizeof(path), "kernel:%s", w.name);
	vworld_init(&world, path);
	asked();
	counted();
	tw_del(&w);
	return expect_done("vxkern_patient");
}
