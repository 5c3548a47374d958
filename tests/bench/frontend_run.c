// SPDX-License-Identifier: GPL-2.0-or-later
/* What a frontend measures. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "frontend.h"

#define GENERATE	512u	/* frames of one call of the generator: half a ring */
#define WARM_UP		(100 * VXB_MS)
#define PATIENCE	(5000 * VXB_MS)	/* for the first frame */
#define LOST_AFTER	(200 * VXB_MS)	/* without any progress: the backend may have lost its CPU for a while */
#define SETTLE		(20 * VXB_MS)
#define ECHO_MAX	2000000u

/* Frames get through and none is on its way. A backend may throw away what comes before it has noticed the guest. */
static int wait_for_rx(struct vxb_bench *b)
{
	uint64_t until = vxb_now() + PATIENCE, quiet;

	do {
		if (vxb_now() > until)
			return vxb_broken("no frame reached the guest");
		if (vxb_wire_generate(&b->wire, 1))
			return vxb_broken("the generator does not run");
		for (quiet = vxb_now() + SETTLE; vxb_now() < quiet && !vxb_guest_receive(b);)
			;
	} while (!b->received);
	for (quiet = vxb_now() + SETTLE; vxb_now() < quiet;)
		if (vxb_guest_receive(b))
			quiet = vxb_now() + SETTLE;
	return 0;
}

static int wait_for_tx(struct vxb_bench *b)
{
	uint64_t until = vxb_now() + PATIENCE, bad;

	while (!vxb_wire_count(&b->wire, &bad)) {
		if (vxb_now() > until)
			return vxb_broken("no frame reached the wire");
		vxb_guest_recycle_tx(b);
	}
	return 0;
}

static int report(struct vxb_bench *b, uint64_t frames, uint64_t bad, const struct vxb_sample *from, const struct vxb_sample *to)
{
	double seconds = vxb_meter_seconds(from, to), cpu = vxb_meter_cpu(from, to);

	if (bad || b->sink.wrong)
		return vxb_broken(b->sink.wrong ? b->sink.wrong : "frames of a wrong length or content arrived");
	if (!frames)
		return vxb_broken("not one frame was counted");
	if (cpu <= 0)
		return vxb_broken("no CPU time was counted");
	vxb_meter_print(from, to);
	printf(" pps=%.0f per_cpu=%.0f lost=%.6f", frames / seconds, frames / cpu, (double)b->lost / (frames + b->lost));
	if (b->stream.mss)
		printf(" bytes_per_cpu=%.0f", (double)frames * b->generated.payload / cpu);
	if (b->sink.packets)
		printf(" frames_per_packet=%.2f", (double)b->sink.bytes / b->generated.payload / b->sink.packets);
	putchar('\n');
	return 0;
}

static void send_first(struct vxb_bench *b)
{
	struct vxb_ring *tx = &b->client.ring[VXB_TX];

	for (uint32_t i = 0; i < tx->num; i++)
		vxb_guest_post_tx(b, i, i);
	vxb_ring_publish(tx, tx->num);
}

int vxb_run_tx(struct vxb_bench *b)
{
	struct vxb_sample from, to;
	uint64_t first, last, bad, until;
	int err;

	send_first(b);
	err = wait_for_tx(b);
	if (err)
		return err;
	for (until = vxb_now() + WARM_UP; vxb_now() < until;)
		vxb_guest_recycle_tx(b);
	vxb_meter_read(&b->meter, &from);
	first = vxb_wire_count(&b->wire, &bad);
	for (until = from.wall + b->duration; vxb_now() < until;)
		vxb_guest_recycle_tx(b);
	last = vxb_wire_count(&b->wire, &bad);
	vxb_meter_read(&b->meter, &to);
	return report(b, last - first, bad, &from, &to);
}

static void both_guests(struct vxb_bench *b, uint64_t until)
{
	while (vxb_now() < until && !b->sink.wrong) {
		vxb_guest_receive(b);
		vxb_guest_recycle_tx(b);
	}
}

int vxb_run_pair(struct vxb_bench *b)
{
	uint64_t until = vxb_now() + PATIENCE, first, last, missing;
	struct vxb_sample from, to;

	send_first(b);
	while (!vxb_guest_receive(b)) {
		if (vxb_now() > until)
			return vxb_broken("no frame reached the other guest");
		vxb_guest_recycle_tx(b);
	}
	b->sink.deep = true;
	both_guests(b, vxb_now() + WARM_UP);
	b->sink.deep = false;
	vxb_meter_read(&b->meter, &from);
	missing = b->sink.missing;
	first = b->received;
	both_guests(b, from.wall + b->duration);
	last = b->received;
	vxb_meter_read(&b->meter, &to);
	b->lost = (b->sink.missing - missing) / b->generated.payload;
	return report(b, last - first, b->spoilt, &from, &to);
}

/* Keep the backend busy for so long: it always has frames to take and buffers to put them in, and none is lost for want of either. */
static int receive_for(struct vxb_bench *b, uint64_t duration, uint64_t *flying)
{
	uint64_t now = vxb_now(), until = now + duration, progress = now;

	while (now < until) {
		uint32_t n = vxb_guest_receive(b);

		*flying -= n < *flying ? n : *flying;
		now = vxb_now();
		if (n)
			progress = now;
		if (now - progress > LOST_AFTER) {
			b->lost += *flying;
			*flying = 0;
		}
		if (*flying + GENERATE > VXB_RING_MAX)
			continue;
		if (vxb_wire_generate(&b->wire, GENERATE))
			return vxb_broken("the generator does not run");
		*flying += GENERATE;
		progress = now;
	}
	return 0;
}

int vxb_run_rx(struct vxb_bench *b)
{
	struct vxb_sample from, to;
	uint64_t first, last, flying = 0;
	int err = wait_for_rx(b);

	b->sink.deep = true;
	if (!err)
		err = receive_for(b, WARM_UP, &flying);
	b->sink.deep = false;
	b->lost = 0;
	vxb_meter_read(&b->meter, &from);
	first = b->received;
	if (!err)
		err = receive_for(b, b->duration, &flying);
	last = b->received;
	vxb_meter_read(&b->meter, &to);
	return err ? err : report(b, last - first, b->spoilt, &from, &to);
}

/* One frame there and back; its time in ns, or 0 when it got lost. */
static uint32_t echo_once(struct vxb_bench *b, uint32_t id)
{
	struct vxb_ring *tx = &b->client.ring[VXB_TX];
	uint64_t start = vxb_now(), now;

	vxb_guest_post_tx(b, 0, id & (tx->num - 1));
	vxb_ring_publish(tx, 1);
	do {
		now = vxb_now();
		if (now - start > LOST_AFTER)
			return 0;
	} while (!vxb_guest_receive(b));
	tx->used += vxb_ring_used(tx);
	return now - start;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int echo_measure(struct vxb_bench *b, uint32_t *ns)
{
	uint64_t until = vxb_now() + PATIENCE;
	struct vxb_sample from, to;
	uint32_t n = 0, id = 0;

	while (!echo_once(b, id++))
		if (vxb_now() > until)
			return vxb_broken("no frame came back");
	for (until = vxb_now() + WARM_UP; vxb_now() < until;)
		echo_once(b, id++);
	vxb_meter_read(&b->meter, &from);
	for (until = from.wall + b->duration; vxb_now() < until && n < ECHO_MAX;) {
		uint32_t t = echo_once(b, id++);

		if (t)
			ns[n++] = t;
		else
			b->lost++;
	}
	vxb_meter_read(&b->meter, &to);
	if (!n)
		return vxb_broken("no frame came back");
	qsort(ns, n, sizeof(*ns), by_value);
	printf("p50=%.2f p99=%.2f p999=%.2f ", ns[n / 2] / 1e3, ns[(uint64_t)n * 99 / 100] / 1e3,
	       ns[(uint64_t)n * 999 / 1000] / 1e3);
	return report(b, n, b->spoilt, &from, &to);
}

int vxb_run_echo(struct vxb_bench *b)
{
	uint32_t *ns = calloc(ECHO_MAX, sizeof(*ns));
	int err = ns ? echo_measure(b, ns) : -ENOMEM;

	free(ns);
	return err;
}

int vxb_run_idle(struct vxb_bench *b)
{
	struct vxb_sample from, to;
	int err = wait_for_rx(b);

	if (err)
		return err;
	usleep(300000);
	vxb_meter_read(&b->meter, &from);
	usleep(b->duration / 1000);
	vxb_meter_read(&b->meter, &to);
	vxb_meter_print(&from, &to);
	putchar('\n');
	return 0;
}
