// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows of frames one by one: from the guest, to the guest, and nothing at all. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel_drive.h"

#define IDLE_SECONDS	10
#define BUFFER		1536u	/* what Linux posts for an MTU of 1500 */

static const struct vxk_shape shape = { .buffer = { BUFFER, BUFFER } };

static uint64_t spoilt;		/* frames in the guest of a wrong length */
static uint64_t foreign;	/* frames in the guest that are not ours: a bridge may talk */

/* --- frames from the guest ------------------------------------------------- */

static void tx_setup(struct vxk_drive *d)
{
	struct vxb_ring *r = &d->vhost.ring[VXK_TX];

	for (uint32_t i = 0; i < r->num; i++) {
		memset(vxb_buffer(r, i), 0, VXB_HDR);
		vxb_frame_make(vxb_buffer(r, i) + VXB_HDR, d->len, &vxb_wire_mac, &d->guest);
	}
}

static void tx_post(struct vxk_drive *d, struct vxb_ring *r, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		uint32_t id = (uint16_t)(r->avail + i) & (r->num - 1);

		memset(vxb_buffer(r, id), 0, VXB_HDR);
		vxb_ring_post(r, i, id, VXB_HDR + d->len, 0);
	}
}

static void tx_batch(struct vxk_drive *d, uint16_t n)
{
	struct vxb_ring *r = &d->vhost.ring[VXK_TX];
	uint64_t start = d->mode->latency ? vxk_now() : 0;
	uint32_t len;

	tx_post(d, r, n);
	vxb_ring_publish(r, n);
	if (d->vhost.fd < 0)
		vxb_ring_play_device(r);
	while (vxb_ring_used(r) != n)
		vxb_ring_sleep(r, r->avail - 1);
	for (uint16_t i = 0; i < n; i++)
		vxb_ring_reap(r, &len);
	if (d->mode->latency)
		vxk_took(d, start, d->wire.page->good_at);
}

static void tx_run(struct vxk_drive *d, uint32_t n)
{
	uint64_t until = d->wire.page->good + n;

	while (n) {
		uint16_t batch = n < d->batch ? n : d->batch;

		tx_batch(d, batch);
		n -= batch;
	}
	while (d->vhost.fd >= 0 && d->wire.page->good < until)
		usleep(1000);	/* what a softirq still holds */
}

/* --- frames to the guest --------------------------------------------------- */

/* Take what came, post the buffers again. Returns how many were frames of ours. */
static uint16_t rx_reap(struct vxk_drive *d, struct vxb_ring *r, uint16_t n)
{
	uint16_t good = 0;

	for (uint16_t i = 0; i < n; i++) {
		uint32_t len, id = vxb_ring_reap(r, &len);

		if (*(volatile uint32_t *)(vxb_buffer(r, id) + VXB_HDR + VXB_MAGIC_OFF) != VXB_MAGIC)
			foreign++;
		else if (len != VXB_HDR + d->len)
			spoilt++;
		else
			good++;
		vxb_ring_post(r, i, id, BUFFER, VRING_DESC_F_WRITE);
	}
	vxb_ring_publish(r, n);
	return good;
}

static void rx_receive(struct vxk_drive *d, uint32_t n)
{
	struct vxb_ring *r = &d->vhost.ring[VXK_RX];

	while (n) {
		uint16_t got = vxb_ring_used(r);

		if (!got) {
			vxb_ring_sleep(r, r->used);
			continue;
		}
		if (d->mode->latency)
			vxk_took(d, d->wire.page->made_at, vxk_now());
		got = rx_reap(d, r, got);
		n -= got < n ? got : n;
	}
}

static void rx_run(struct vxk_drive *d, uint32_t n)
{
	pthread_t generator = vxk_generate(d, &n);

	if (d->vhost.fd >= 0)
		rx_receive(d, n);
	pthread_join(generator, NULL);
}

/* --- rows -------------------------------------------------------------------- */

/* Frames both sides agree on, or the row is void. */
static int verdict(struct vxk_drive *d, bool to_guest, const struct vxk_wire_page *from)
{
	const volatile struct vxk_wire_page *page = d->wire.page;

	if (page->bad != from->bad || spoilt)
		return vxk_broken("frames of a wrong length arrived");
	if (d->vhost.fd < 0)
		return 0;
	if (!to_guest && page->good - from->good != d->frames)
		return vxk_broken("other frames than those that were sent arrived on the wire");
	if (to_guest && (page->made - from->made != d->frames || vxb_ring_used(&d->vhost.ring[VXK_RX])))
		return vxk_broken("other frames than those that were sent arrived in the guest");
	return 0;
}

static int measure(struct vxk_drive *d, bool to_guest)
{
	void (*run)(struct vxk_drive *, uint32_t) = to_guest ? rx_run : tx_run;
	struct vxb_ring *r = &d->vhost.ring[to_guest ? VXK_RX : VXK_TX];
	struct vxk_sample from, to;
	struct vxk_wire_page before;
	uint64_t kicks, calls;
	int err;

	if (to_guest)
		vxb_ring_post_all(&d->vhost.ring[VXK_RX]);
	else
		tx_setup(d);
	run(d, VXK_WARM_UP);
	d->nlatency = 0;
	kicks = r->kicks;
	calls = r->calls;
	before = *(struct vxk_wire_page *)d->wire.page;
	vxk_clock_start(&from);
	run(d, d->frames);
	vxk_clock_stop(&to);
	err = verdict(d, to_guest, &before);
	if (err)
		return err;
	printf("insns=%.2f idle=%.4f kicks=%.4f calls=%.4f", vxk_clock_busy(&from, &to) / d->frames, vxk_clock_idle(&from, &to),
	       (double)(r->kicks - kicks) / d->frames, (double)(r->calls - calls) / d->frames);
	vxk_print_took(d);
	if (foreign || d->wire.page->foreign)
		printf(" foreign=%llu", (unsigned long long)foreign + d->wire.page->foreign);
	putchar('\n');
	return 0;
}

static int run(struct vxk_drive *d)
{
	const struct vxk_wire_opts opts = {
		.to_guest = d->mode->to_guest, .from_guest = !d->mode->to_guest, .discard = d->join == VXK_JOIN_NONE,
		.stamp = d->mode->latency, .len = d->len,
	};
	int err = vxk_open_wire(d, &opts);

	return err ? err : vxk_open(d, &shape, d->mode->udp ? VXK_OFFLOADS_UDP : VXK_OFFLOADS, false);
}

int vxk_run_tx(struct vxk_drive *d)
{
	int err = run(d);

	return err ? err : measure(d, false);
}

int vxk_run_rx(struct vxk_drive *d)
{
	int err = run(d);

	return err ? err : measure(d, true);
}

/* Everything is set up and has carried frames; then nobody wants anything. */
int vxk_run_idle(struct vxk_drive *d)
{
	struct vxk_sample from, to;
	int err = run(d);

	if (err)
		return err;
	tx_setup(d);
	vxb_ring_post_all(&d->vhost.ring[VXK_RX]);
	tx_run(d, VXK_WARM_UP);
	sleep(2);
	vxk_clock_start(&from);
	sleep(IDLE_SECONDS);
	vxk_clock_stop(&to);
	if (!to.workers || !to.worker_run)
		return vxk_broken("no worker was found, or none ever ran");
	printf("insns_per_s=%.0f worker_insns=%.0f worker_wakeups=%.1f\n", vxk_clock_busy(&from, &to) / IDLE_SECONDS,
	       (double)(to.worker_run - from.worker_run) / IDLE_SECONDS,
	       (double)(to.worker_wakeups - from.worker_wakeups) / IDLE_SECONDS);
	return 0;
}
