// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rows of TCP streams: from the guest, to the guest, and between two guests; the segmentation of UDP; and one byte there and back.
 * A guest with offloads sends 44 segments at a time and takes what was coalesced; one without ("plain") knows frames only.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kernel_drive.h"
#include "stream.h"

#define BUFFER_RX	4096u	/* what Linux posts once packets are long */

struct flow {
	struct vxk_drive *d;
	struct vxb_stream guest;	/* as the guest sends it */
	struct vxb_stream wire;		/* as the wire does */
	struct vxb_ring *tx, *rx;	/* NULL: nobody sends or receives there */
	struct vxb_sink sink;
};

static struct flow f;

/* --- what is open ------------------------------------------------------------ */

static int flow_open(struct vxk_drive *d)
{
	const struct vxk_mode *m = d->mode;
	const bool pair = m->to_guest && m->from_guest && !m->latency, partial = !m->plain;
	const struct vxk_shape shape = { .buffer = { BUFFER_RX, d->len > VXB_UDP_MSS ? VXB_SUPER_BYTES : 2048 } };
	const uint32_t payload = d->len < VXB_TCP_MSS ? d->len : m->udp ? VXB_UDP_MSS : VXB_TCP_MSS;
	struct vxk_wire_opts opts = {
		.to_guest = m->to_guest && !pair, .from_guest = m->from_guest && !pair, .discard = d->join == VXK_JOIN_NONE,
		.stamp = m->latency, .stream = &f.wire,
	};
	int err;

	f.d = d;
	vxb_stream_init(&f.guest, m->udp, partial, d->len, pair ? &d->neighbour : &vxb_wire_mac, &d->guest);
	vxb_stream_init(&f.wire, m->udp, false, payload, &d->guest, &vxb_wire_mac);
	opts.len = f.wire.head_len + payload;
	err = vxk_open_wire(d, &opts);
	if (!err)
		err = vxk_open(d, &shape, m->plain ? 0 : VXK_OFFLOADS_UDP, pair);
	if (err)
		return err;
	if (m->from_guest) {
		f.tx = &d->vhost.ring[VXK_TX];
		vxb_stream_fill(&f.guest, f.tx);
	}
	if (m->to_guest) {
		f.rx = &(pair ? &d->peer : &d->vhost)->ring[VXK_RX];
		vxb_ring_post_all(f.rx);
	}
	return 0;
}

/* --- the guests -------------------------------------------------------------- */

static void send_batch(uint16_t n)
{
	for (uint16_t i = 0; i < n; i++)
		vxb_stream_post(&f.guest, f.tx, i, (uint16_t)(f.tx->avail + i) & (f.tx->num - 1));
	vxb_ring_publish(f.tx, n);
	if (f.d->vhost.fd < 0)
		vxb_ring_play_device(f.tx);
}

static void reap_sent(uint16_t n)
{
	uint32_t len;

	while (vxb_ring_used(f.tx) != n)
		vxb_ring_sleep(f.tx, f.tx->avail - 1);
	while (n--)
		vxb_ring_reap(f.tx, &len);
}

/* Until the guest has so many bytes, or something is wrong. */
static void receive_until(uint64_t bytes)
{
	const struct vxb_stream *s = f.tx && !f.d->mode->latency ? &f.guest : &f.wire;

	while (f.sink.bytes < bytes && !f.sink.wrong) {
		if (vxb_ring_used(f.rx))
			vxb_stream_receive(s, &f.sink, f.rx);
		else
			vxb_ring_sleep(f.rx, f.rx->used);
	}
}

/* Buffers of the guest's, each batch when the one before has arrived. */
static void run_from_guest(uint32_t buffers)
{
	const uint32_t frames = (f.guest.payload + f.guest.mss - 1) / f.guest.mss;
	uint64_t good = f.d->wire.page->good, bytes = f.sink.bytes;

	while (buffers && !f.sink.wrong) {
		uint16_t n = buffers < f.d->batch ? buffers : f.d->batch;

		send_batch(n);
		good += n * frames;
		bytes += (uint64_t)n * f.guest.payload;
		buffers -= n;
		if (f.rx && f.d->vhost.fd >= 0)
			receive_until(bytes);
		reap_sent(n);
	}
	while (!f.rx && f.d->vhost.fd >= 0 && f.d->wire.page->good < good)
		usleep(1000);	/* what a softirq still holds */
}

static void run_to_guest(uint32_t frames)
{
	pthread_t generator = vxk_generate(f.d, &frames);

	if (f.d->vhost.fd >= 0)
		receive_until(f.sink.bytes + (uint64_t)frames * f.wire.payload);
	pthread_join(generator, NULL);
}

/* --- rows ---------------------------------------------------------------------- */

static int verdict(const struct vxk_wire_page *from, uint32_t frames, uint64_t bytes)
{
	const volatile struct vxk_wire_page *page = f.d->wire.page;

	if (f.sink.wrong)
		return vxk_broken(f.sink.wrong);
	if (page->bad != from->bad)
		return vxk_broken("frames of a wrong length, or out of sequence, arrived on the wire");
	if (f.d->vhost.fd < 0)
		return 0;
	if (!f.rx && page->good - from->good != frames)
		return vxk_broken("other frames than those that were sent arrived on the wire");
	if (f.rx && f.sink.bytes != bytes)
		return vxk_broken("other bytes than those that were sent arrived in the guest");
	return 0;
}

static void print_flow(double insns, uint32_t frames)
{
	const struct vxb_ring *r = f.rx ? f.rx : f.tx;
	double kib = (double)frames * f.wire.payload / 1024;

	printf("insns=%.2f per_kib=%.2f calls_per_kib=%.4f", insns / frames, insns / kib, r->calls / kib);
	if (f.rx)
		printf(" packets=%llu frames_per_packet=%.2f", (unsigned long long)f.sink.packets,
		       f.sink.packets ? (double)frames / f.sink.packets : 0);
	if (f.sink.foreign || f.d->wire.page->foreign)
		printf(" foreign=%llu", (unsigned long long)f.sink.foreign + f.d->wire.page->foreign);
	putchar('\n');
}

/* Whole buffers; what one carries is as many frames in every row. */
static int measure(uint32_t frames)
{
	const uint32_t each = f.tx ? (f.guest.payload + f.guest.mss - 1) / f.guest.mss : 1, n = (frames + each - 1) / each;
	const uint32_t warm_up = (VXK_WARM_UP + each - 1) / each;
	void (*run)(uint32_t) = f.tx ? run_from_guest : run_to_guest;
	struct vxk_wire_page before;
	struct vxk_sample from, to;
	int err;

	f.sink.deep = true;
	run(warm_up);
	f.sink.deep = false;
	f.sink.bytes = f.sink.packets = 0;
	if (f.rx)
		f.rx->calls = 0;
	else
		f.tx->calls = 0;
	before = *(struct vxk_wire_page *)f.d->wire.page;
	vxk_clock_start(&from);
	run(n);
	vxk_clock_stop(&to);
	err = verdict(&before, n * each, (uint64_t)n * each * f.wire.payload);
	if (!err)
		print_flow(vxk_clock_busy(&from, &to), n * each);
	return err;
}

int vxk_run_stream(struct vxk_drive *d)
{
	int err = flow_open(d);

	return err ? err : measure(d->frames);
}

/* The wire's segment reaches the guest, whose own then reaches the wire. */
static void echo(uint32_t times)
{
	pthread_t generator = vxk_generate(f.d, &times);

	for (uint32_t i = 0; i < times && !f.sink.wrong; i++) {
		uint64_t made_at;

		receive_until(f.sink.bytes + f.wire.payload);
		made_at = f.d->wire.page->made_at;
		send_batch(1);
		reap_sent(1);
		vxk_took(f.d, made_at, f.d->wire.page->good_at);
	}
	pthread_join(generator, NULL);
}

int vxk_run_echo(struct vxk_drive *d)
{
	int err = flow_open(d);

	if (err)
		return err;
	echo(VXK_WARM_UP);
	d->nlatency = 0;
	echo(d->frames);
	if (f.sink.wrong || d->wire.page->bad)
		return vxk_broken(f.sink.wrong ? f.sink.wrong : "other frames than those that were sent arrived on the wire");
	printf("frames=%u", d->frames);
	vxk_print_took(d);
	putchar('\n');
	return 0;
}
