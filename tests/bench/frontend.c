// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest and its wire in one thread, on the CPU that is not the backend's:
 *
 *	frontend tx|rx|echo|idle SOCKET WIRE-NETDEV BACKEND-PID LENGTH MILLISECONDS [GUEST-MAC]
 *
 * tx: keep the transmit ring full; count at the wire. rx: keep up to a ring of frames on their way to the guest.
 * echo: one frame in flight, sent back at the wire. idle: connected, nothing to do.
 * Prints one line of key=value pairs. Exit status 1: the measurement is broken, one line on stderr says why.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meter.h"
#include "vhost_client.h"
#include "wire.h"

#define BACKEND_CPU	0
#define OUR_CPU		1
#define MS		1000000ull
#define BURST		32u	/* buffers recycled at once, as a poll-mode driver does */
#define GENERATE	512u	/* frames of one call of the generator: half a ring */
#define WARM_UP		(100 * MS)
#define PATIENCE	(5000 * MS)	/* for the first frame */
#define LOST_AFTER	(200 * MS)	/* without any progress: the backend may have lost its CPU for a while */
#define SETTLE		(20 * MS)
#define ECHO_MAX	2000000u

struct bench {
	struct vxb_client client;
	struct vxb_wire wire;
	struct vxb_meter meter;
	struct vxb_mac guest;
	uint32_t len;
	uint64_t duration;
	uint64_t received;	/* whole frames, in the guest */
	uint64_t spoilt;	/* frames in the guest of a wrong length or content */
	uint64_t lost;
};

static int broken(const char *why)
{
	fprintf(stderr, "frontend: %s\n", why);
	return -EIO;
}

static void guest_setup(struct bench *b)
{
	struct vxb_ring *tx = &b->client.ring[VXB_TX], *rx = &b->client.ring[VXB_RX];

	for (uint32_t i = 0; i < VXB_QUEUE; i++) {
		memset(vxb_buffer(tx, i), 0, VXB_HDR);
		vxb_frame_make(vxb_buffer(tx, i) + VXB_HDR, b->len, &vxb_wire_mac, &b->guest);
		vxb_ring_post(rx, i, i, VXB_BUFFER, VRING_DESC_F_WRITE);
	}
	vxb_ring_publish(rx, VXB_QUEUE);
}

static void guest_post_tx(struct bench *b, uint16_t i, uint32_t id)
{
	struct vxb_ring *r = &b->client.ring[VXB_TX];

	/* A real guest has just written what it sends: the backend finds those cache lines in another core. */
	memset(vxb_buffer(r, id), 0, VXB_HDR);
	*(volatile uint32_t *)(vxb_buffer(r, id) + VXB_HDR + VXB_MAGIC_OFF) = VXB_MAGIC;
	vxb_ring_post(r, i, id, VXB_HDR + b->len, 0);
}

/* Send again what was sent. Returns how many. */
static uint32_t guest_recycle_tx(struct bench *b)
{
	struct vxb_ring *r = &b->client.ring[VXB_TX];
	uint16_t n = vxb_ring_used(r);
	uint32_t len;

	if (n < BURST)
		return 0;
	for (uint16_t i = 0; i < n; i++)
		guest_post_tx(b, i, vxb_ring_reap(r, i, &len));
	r->used += n;
	vxb_ring_publish(r, n);
	return n;
}

/* Take what has arrived and post the buffers again. Returns how many. */
static uint32_t guest_receive(struct bench *b)
{
	struct vxb_ring *r = &b->client.ring[VXB_RX];
	uint16_t n = vxb_ring_used(r);
	uint32_t good = 0;

	for (uint16_t i = 0; i < n; i++) {
		uint32_t len, id = vxb_ring_reap(r, i, &len);

		good += len == VXB_HDR + b->len &&
			*(volatile uint32_t *)(vxb_buffer(r, id) + VXB_HDR + VXB_MAGIC_OFF) == VXB_MAGIC;
		vxb_ring_post(r, i, id, VXB_BUFFER, VRING_DESC_F_WRITE);
	}
	if (n) {
		r->used += n;
		vxb_ring_publish(r, n);
		b->received += good;
		b->spoilt += n - good;
	}
	return n;
}

/* Frames get through and none is on its way. A backend may throw away what comes before it has noticed the guest. */
static int wait_for_rx(struct bench *b)
{
	uint64_t until = vxb_now() + PATIENCE, quiet;

	do {
		if (vxb_now() > until)
			return broken("no frame reached the guest");
		if (vxb_wire_generate(&b->wire, 1))
			return broken("the generator does not run");
		for (quiet = vxb_now() + SETTLE; vxb_now() < quiet && !guest_receive(b);)
			;
	} while (!b->received);
	for (quiet = vxb_now() + SETTLE; vxb_now() < quiet;)
		if (guest_receive(b))
			quiet = vxb_now() + SETTLE;
	return 0;
}

static int wait_for_tx(struct bench *b)
{
	uint64_t until = vxb_now() + PATIENCE, bad;

	while (!vxb_wire_count(&b->wire, &bad)) {
		if (vxb_now() > until)
			return broken("no frame reached the wire");
		guest_recycle_tx(b);
	}
	return 0;
}

static int report(struct bench *b, uint64_t frames, uint64_t bad, const struct vxb_sample *from, const struct vxb_sample *to)
{
	double seconds = vxb_meter_seconds(from, to), cpu = vxb_meter_cpu(from, to);

	if (bad)
		return broken("frames of a wrong length or content arrived");
	if (!frames || cpu <= 0)
		return broken("no frame, or no CPU time, was counted");
	vxb_meter_print(from, to);
	printf(" pps=%.0f per_cpu=%.0f lost=%.6f\n", frames / seconds, frames / cpu, (double)b->lost / (frames + b->lost));
	return 0;
}

static int run_tx(struct bench *b)
{
	struct vxb_sample from, to;
	uint64_t first, last, bad, until;
	int err;

	for (uint32_t i = 0; i < VXB_QUEUE; i++)
		guest_post_tx(b, i, i);
	vxb_ring_publish(&b->client.ring[VXB_TX], VXB_QUEUE);
	err = wait_for_tx(b);
	if (err)
		return err;
	for (until = vxb_now() + WARM_UP; vxb_now() < until;)
		guest_recycle_tx(b);
	vxb_meter_read(&b->meter, &from);
	first = vxb_wire_count(&b->wire, &bad);
	for (until = from.wall + b->duration; vxb_now() < until;)
		guest_recycle_tx(b);
	last = vxb_wire_count(&b->wire, &bad);
	vxb_meter_read(&b->meter, &to);
	return report(b, last - first, bad, &from, &to);
}

/* Keep the backend busy for so long: it always has frames to take and buffers to put them in, and none is lost for want of either. */
static int receive_for(struct bench *b, uint64_t duration, uint64_t *flying)
{
	uint64_t now = vxb_now(), until = now + duration, progress = now;

	while (now < until) {
		uint32_t n = guest_receive(b);

		*flying -= n < *flying ? n : *flying;
		now = vxb_now();
		if (n)
			progress = now;
		if (now - progress > LOST_AFTER) {
			b->lost += *flying;
			*flying = 0;
		}
		if (*flying + GENERATE > VXB_QUEUE)
			continue;
		if (vxb_wire_generate(&b->wire, GENERATE))
			return broken("the generator does not run");
		*flying += GENERATE;
		progress = now;
	}
	return 0;
}

static int run_rx(struct bench *b)
{
	struct vxb_sample from, to;
	uint64_t first, last, flying = 0;
	int err = wait_for_rx(b);

	if (!err)
		err = receive_for(b, WARM_UP, &flying);
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
static uint32_t echo_once(struct bench *b, uint32_t id)
{
	struct vxb_ring *tx = &b->client.ring[VXB_TX];
	uint64_t start = vxb_now(), now;

	guest_post_tx(b, 0, id % VXB_QUEUE);
	vxb_ring_publish(tx, 1);
	do {
		now = vxb_now();
		if (now - start > LOST_AFTER)
			return 0;
	} while (!guest_receive(b));
	tx->used += vxb_ring_used(tx);
	return now - start;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int echo_measure(struct bench *b, uint32_t *ns)
{
	uint64_t until = vxb_now() + PATIENCE;
	struct vxb_sample from, to;
	uint32_t n = 0, id = 0;

	while (!echo_once(b, id++))
		if (vxb_now() > until)
			return broken("no frame came back");
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
		return broken("no frame came back");
	qsort(ns, n, sizeof(*ns), by_value);
	printf("p50=%.2f p99=%.2f p999=%.2f ", ns[n / 2] / 1e3, ns[(uint64_t)n * 99 / 100] / 1e3,
	       ns[(uint64_t)n * 999 / 1000] / 1e3);
	return report(b, n, b->spoilt, &from, &to);
}

static int run_echo(struct bench *b)
{
	uint32_t *ns = calloc(ECHO_MAX, sizeof(*ns));
	int err = ns ? echo_measure(b, ns) : -ENOMEM;

	free(ns);
	return err;
}

static int run_idle(struct bench *b)
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

static const struct mode {
	const char *name;
	enum vxb_wire_prog prog;
	int (*run)(struct bench *b);
} modes[] = {
	{ "tx", VXB_WIRE_DROP, run_tx },
	{ "rx", VXB_WIRE_DROP, run_rx },
	{ "echo", VXB_WIRE_ECHO, run_echo },
	{ "idle", VXB_WIRE_DROP, run_idle },
};

static const struct mode *mode_find(const char *name)
{
	for (uint32_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(modes[i].name, name))
			return &modes[i];
	return NULL;
}

static int usage(void)
{
	fprintf(stderr, "usage: frontend tx|rx|echo|idle SOCKET WIRE-NETDEV BACKEND-PID LENGTH MILLISECONDS [GUEST-MAC]\n");
	return 2;
}

int main(int argc, char **argv)
{
	const struct mode *mode = argc > 6 ? mode_find(argv[1]) : NULL;
	static struct bench b;
	int err;

	if (!mode)
		return usage();
	b.len = atoi(argv[5]);
	b.duration = atoi(argv[6]) * MS;
	if (b.len < 60 || b.len > VXB_FRAME_MAX || !b.duration ||
	    !vxb_mac_parse(&b.guest, argc > 7 ? argv[7] : "02:00:00:00:00:01"))
		return usage();
	err = vxb_pin(OUR_CPU);
	if (!err)
		err = vxb_meter_open(&b.meter, atoi(argv[4]), BACKEND_CPU);
	if (err)
		return broken("this needs two CPUs and a readable /proc"), 1;
	err = vxb_wire_open(&b.wire, argv[3], mode->prog, b.len, &b.guest);
	if (err)
		return 1;
	err = vxb_client_open(&b.client, argv[2]);
	if (!err) {
		guest_setup(&b);
		err = mode->run(&b);
		vxb_client_close(&b.client);
	}
	vxb_wire_close(&b.wire);
	return err ? 1 : 0;
}
