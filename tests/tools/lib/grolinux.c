// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "grolinux.h"
#include "words.h"

#define TRIES		20
#define WAIT_NS		1000000000ull

static void broken(const char *what)
{
	fprintf(stderr, "GRO: %s\n", what);
	exit(2);
}

static void send_frame(int near, const uint8_t *frame, uint32_t len)
{
	if (send(near, frame, len, 0) != (ssize_t)len) {
		perror("groref: send");
		exit(2);
	}
}

/* From the tap; false when nothing is there. */
static bool take(int tap, struct um_frame *f)
{
	static uint8_t buf[RW_HDR + UM_FRAME_MAX];
	int got = rw_tap_recv(tap, buf, sizeof(buf), 0);

	if (got < 0)
		return false;
	memcpy(f->hdr, buf, RW_HDR);
	f->len = got - RW_HDR;
	memcpy(f->data, buf + RW_HDR, f->len);
	return true;
}

/* NAPI has run, and will not before this plus the window. */
static uint64_t await_napi(const struct grolinux *l)
{
	static uint32_t marks;
	static struct um_frame f;
	uint64_t start = now_ns(), before = start;
	uint8_t mark[RW_MARK_LEN];
	uint32_t number;

	rw_mark(mark, ++marks);
	send_frame(l->near, mark, sizeof(mark));
	for (;;) {
		uint64_t now = now_ns();

		if (take(l->tap, &f) && rw_is_mark(f.data, f.len, &number) && number == marks)
			return before;
		if (now - start > WAIT_NS)
			broken("frames are lost on the way to the tap");
		before = now;
	}
}

static void collect(int tap, struct um_burst *to, uint32_t frames)
{
	uint64_t end = now_ns() + WAIT_NS;
	uint32_t segments = 0;

	to->n = 0;
	while (segments < frames && to->n < GRO_FRAMES) {
		if (take(tap, &to->frame[to->n]))
			segments += um_segments(&to->frame[to->n++]);
		else if (now_ns() > end)
			return;	/* um_trace will say what is missing */
		else
			rw_tap_wait(tap, 1);
	}
}

/* False: the burst may have been cut in two. */
static bool try_once(const struct grolinux *l, const struct gro_batch *b, struct um_burst *to)
{
	uint64_t end = await_napi(l) + l->window * 1000 * 3 / 4;
	bool in_time;

	for (uint32_t i = 0; i < b->n; i++)
		send_frame(l->near, b->frame[i]->data, b->frame[i]->len);
	in_time = now_ns() < end;
	collect(l->tap, to, b->n);
	return in_time;
}

void grolinux_run(struct grolinux *l, const struct gro_batch *b, struct um_burst *to)
{
	for (int i = 0; i < TRIES; i++) {
		if (try_once(l, b, to))
			return;
		l->late++;
	}
	broken("this machine is too busy to send a burst within a window");
}
