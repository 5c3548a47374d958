// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest's virtio-net driver without a VM, for the kernel bench; runs on the one CPU of a test host whose clock counts
 * instructions:
 *
 *	kernel_drive tx|rx|tx-latency|rx-latency|idle SETUP LENGTH BATCH FRAMES RING-SIZE [GUEST-MAC]
 *	kernel_drive check
 *
 * SETUP: none, wire (no device); bare, bridge, egress, xdp (vhost_net on tap0); port=NAME (vhost_xdp). See enum vxk_join.
 * tx: BATCH frames are sent at once, then the driver sleeps until they are used. rx: the wire sends BATCH frames, and the next ones
 * when all else sleeps. Frames must all arrive. Prints one line of key=value pairs. Exit status 1: one line on stderr says why not.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_clock.h"
#include "kernel_vhost.h"
#include "kernel_wire.h"

#define WARM_UP		1024u	/* frames, before anything is counted */
#define PATIENCE	30	/* s of the test host's time; while it sleeps they are over at once */
#define IDLE_SECONDS	10
#define LATENCIES	65536u

struct drive {
	struct vxk_vhost vhost;
	struct vxk_wire wire;
	struct vxb_mac guest;
	uint32_t len, batch, frames;
	uint16_t ring;
	bool latency;
	uint64_t spoilt;	/* frames in the guest of a wrong length */
	uint64_t foreign;	/* frames in the guest that are not ours: a bridge may talk */
	uint32_t nlatency;
	uint32_t took[LATENCIES];
};

static struct drive d;

static int broken(const char *why)
{
	fprintf(stderr, "kernel_drive: %s\n", why);
	return -EIO;
}

static void on_alarm(int sig)
{
	char text[160];
	int n = snprintf(text, sizeof(text), "kernel_drive: frames were lost, or a kick or call: %llu made, %llu and %llu bad on the"
			 " wire, used %u of %u to the guest and %u of %u from it\n", d.wire.page->made, d.wire.page->good,
			 d.wire.page->bad, d.vhost.ring[VXK_RX].used, d.vhost.ring[VXK_RX].avail, d.vhost.ring[VXK_TX].used,
			 d.vhost.ring[VXK_TX].avail);

	if (write(2, text, n) < n)
		_exit(2);
	_exit(1);
}

static void latency_add(uint64_t from, uint64_t to)
{
	if (d.nlatency < LATENCIES)
		d.took[d.nlatency++] = to > from ? to - from : 0;
}

/* --- frames from the guest ------------------------------------------------- */

static void tx_setup(void)
{
	struct vxk_ring *r = &d.vhost.ring[VXK_TX];

	for (uint32_t i = 0; i < r->num; i++) {
		memset(vxk_buffer(r, i), 0, VXK_HDR);
		vxb_frame_make(vxk_buffer(r, i) + VXK_HDR, d.len, &vxb_wire_mac, &d.guest);
	}
}

static void tx_post(struct vxk_ring *r, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		uint32_t id = (uint16_t)(r->avail + i) & (r->num - 1);

		memset(vxk_buffer(r, id), 0, VXK_HDR);
		vxk_ring_post(r, i, id, VXK_HDR + d.len, 0);
	}
}

/* With no device, the driver completes its own frames: what remains is what the driver costs. */
static void tx_play_device(struct vxk_ring *r)
{
	while (r->vr.used->idx != r->avail) {
		uint16_t slot = r->vr.used->idx & (r->num - 1);

		r->vr.used->ring[slot].id = r->vr.avail->ring[slot];
		__atomic_store_n(&r->vr.used->idx, r->vr.used->idx + 1, __ATOMIC_RELEASE);
	}
}

static void tx_batch(uint16_t n)
{
	struct vxk_ring *r = &d.vhost.ring[VXK_TX];
	uint64_t start = d.latency ? vxk_now() : 0;
	uint32_t len;

	tx_post(r, n);
	vxk_ring_publish(r, n);
	if (d.vhost.fd < 0)
		tx_play_device(r);
	while (vxk_ring_used(r) != n)
		vxk_ring_sleep(r, r->avail - 1);
	for (uint16_t i = 0; i < n; i++)
		vxk_ring_reap(r, &len);
	if (d.latency)
		latency_add(start, d.wire.page->stamp);
}

static void tx_run(uint32_t n)
{
	uint64_t until = d.wire.page->good + n;

	while (n) {
		uint16_t batch = n < d.batch ? n : d.batch;

		tx_batch(batch);
		n -= batch;
	}
	while (d.vhost.fd >= 0 && d.wire.page->good < until)
		usleep(1000);	/* what a softirq still holds */
}

/* --- frames to the guest --------------------------------------------------- */

static void rx_setup(void)
{
	struct vxk_ring *r = &d.vhost.ring[VXK_RX];

	for (uint32_t i = 0; i < r->num; i++)
		vxk_ring_post(r, i, i, VXK_BUFFER, VRING_DESC_F_WRITE);
	vxk_ring_publish(r, r->num);
}

static void *rx_generator(void *frames)
{
	/* Each batch is carried to its end before the next one is made (vxk_priority()). */
	struct sched_param none = { 0 };

	if (sched_setscheduler(0, SCHED_OTHER, &none) || vxk_wire_generate(&d.wire, *(uint32_t *)frames, d.batch)) {
		broken("the generator does not run");
		_exit(1);
	}
	return NULL;
}

/* Take what came, post the buffers again. Returns how many were frames of ours. */
static uint16_t rx_reap(struct vxk_ring *r, uint16_t n)
{
	uint16_t good = 0;

	for (uint16_t i = 0; i < n; i++) {
		uint32_t len, id = vxk_ring_reap(r, &len);

		if (*(volatile uint32_t *)(vxk_buffer(r, id) + VXK_HDR + VXB_MAGIC_OFF) != VXB_MAGIC)
			d.foreign++;
		else if (len != VXK_HDR + d.len)
			d.spoilt++;
		else
			good++;
		vxk_ring_post(r, i, id, VXK_BUFFER, VRING_DESC_F_WRITE);
	}
	vxk_ring_publish(r, n);
	return good;
}

static void rx_receive(uint32_t n)
{
	struct vxk_ring *r = &d.vhost.ring[VXK_RX];

	while (n) {
		uint16_t got = vxk_ring_used(r);

		if (!got) {
			vxk_ring_sleep(r, r->used);
			continue;
		}
		if (d.latency)
			latency_add(d.wire.page->stamp, vxk_now());
		got = rx_reap(r, got);
		n -= got < n ? got : n;
	}
}

static void rx_run(uint32_t n)
{
	pthread_t generator;

	if (pthread_create(&generator, NULL, rx_generator, &n)) {
		broken("no thread for the generator");
		_exit(1);
	}
	if (d.vhost.fd >= 0)
		rx_receive(n);
	pthread_join(generator, NULL);
}

/* --- rows -------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void print_latency(void)
{
	qsort(d.took, d.nlatency, sizeof(*d.took), by_value);
	printf(" p50=%u p99=%u", d.took[d.nlatency / 2], d.took[(uint64_t)d.nlatency * 99 / 100]);
}

/* Frames both sides agree on, or the row is void. */
static int verdict(bool to_guest, const struct vxk_wire_page *from)
{
	const volatile struct vxk_wire_page *page = d.wire.page;

	if (page->bad != from->bad || d.spoilt)
		return broken("frames of a wrong length arrived");
	if (d.vhost.fd < 0)
		return 0;
	if (!to_guest && page->good - from->good != d.frames)
		return broken("other frames than those that were sent arrived on the wire");
	if (to_guest && (page->made - from->made != d.frames || vxk_ring_used(&d.vhost.ring[VXK_RX])))
		return broken("other frames than those that were sent arrived in the guest");
	return 0;
}

static int measure(bool to_guest)
{
	void (*run)(uint32_t) = to_guest ? rx_run : tx_run;
	struct vxk_ring *r = &d.vhost.ring[to_guest ? VXK_RX : VXK_TX];
	struct vxk_sample from, to;
	struct vxk_wire_page before;
	uint64_t kicks, calls;
	int err;

	if (to_guest)
		rx_setup();
	else
		tx_setup();
	run(WARM_UP);
	d.nlatency = 0;
	kicks = r->kicks;
	calls = r->calls;
	before = *(struct vxk_wire_page *)d.wire.page;
	vxk_clock_start(&from);
	run(d.frames);
	vxk_clock_stop(&to);
	err = verdict(to_guest, &before);
	if (err)
		return err;
	printf("insns=%.2f idle=%.4f kicks=%.4f calls=%.4f", vxk_clock_busy(&from, &to) / d.frames, vxk_clock_idle(&from, &to),
	       (double)(r->kicks - kicks) / d.frames, (double)(r->calls - calls) / d.frames);
	if (d.latency && d.nlatency)
		print_latency();
	if (d.foreign || d.wire.page->foreign)
		printf(" foreign=%llu", d.foreign + d.wire.page->foreign);
	putchar('\n');
	return 0;
}

/* Everything is set up and has carried frames; then nobody wants anything. */
static int measure_idle(void)
{
	struct vxk_sample from, to;

	tx_setup();
	rx_setup();
	tx_run(WARM_UP);
	sleep(2);
	vxk_clock_start(&from);
	sleep(IDLE_SECONDS);
	vxk_clock_stop(&to);
	if (!to.workers || !to.worker_run)
		return broken("no worker was found, or none ever ran");
	printf("insns_per_s=%.0f worker_insns=%.0f worker_wakeups=%.1f\n", vxk_clock_busy(&from, &to) / IDLE_SECONDS,
	       (double)(to.worker_run - from.worker_run) / IDLE_SECONDS,
	       (double)(to.worker_wakeups - from.worker_wakeups) / IDLE_SECONDS);
	return 0;
}

static int check(void)
{
	const uint64_t loops = 20000000;
	struct vxk_sample from, to;

	vxk_clock_start(&from);
	vxk_loop(loops);
	vxk_clock_stop(&to);
	printf("expected=%.0f insns=%.0f\n", 2.0 * loops, vxk_clock_busy(&from, &to));
	return 0;
}

static const struct setup {
	const char *name;
	enum vxk_join join;
} setups[] = {
	{ "none", VXK_JOIN_NONE }, { "wire", VXK_JOIN_WIRE }, { "bare", VXK_JOIN_TC }, { "bridge", VXK_JOIN_BRIDGE },
	{ "egress", VXK_JOIN_EGRESS }, { "xdp", VXK_JOIN_XDP }, { "port=", VXK_JOIN_PORT },
};

static const struct setup *setup_find(const char *word)
{
	for (uint32_t i = 0; i < sizeof(setups) / sizeof(*setups); i++) {
		const char *name = setups[i].name;

		if (name[strlen(name) - 1] == '=' ? !strncmp(word, name, strlen(name)) : !strcmp(word, name))
			return &setups[i];
	}
	return NULL;
}

static int backend_open(const struct setup *s, const char *word, const char **device)
{
	*device = "";
	if (s->join == VXK_JOIN_NONE || s->join == VXK_JOIN_WIRE)
		return -1;
	*device = s->join == VXK_JOIN_PORT ? "/dev/vhost-xdp" : "/dev/vhost-net";
	return s->join == VXK_JOIN_PORT ? vxk_port_open(word + strlen(s->name)) : vxk_tap_open("tap0");
}

static int run_row(const char *mode, const struct setup *s, const char *word)
{
	bool to_guest = !strncmp(mode, "rx", 2);
	struct vxk_wire_opts opts = {
		.wire = "w0", .uplink = "up0", .tap = "tap0", .join = s->join, .to_guest = to_guest,
		.discard = s->join == VXK_JOIN_NONE, .stamp = d.latency, .len = d.len, .guest = d.guest,
	};
	const char *device;
	int backend = backend_open(s, word, &device), err;

	if (*device && backend < 0)
		return backend;
	err = vxk_wire_open(&d.wire, &opts);
	if (err)
		return err;
	err = vxk_vhost_open(&d.vhost, device, backend, d.ring);
	if (!err)
		err = vxk_priority();
	if (!err) {
		alarm(PATIENCE);
		err = !strcmp(mode, "idle") ? measure_idle() : measure(to_guest);
		alarm(0);
	}
	vxk_vhost_close(&d.vhost);
	vxk_wire_close(&d.wire);
	return err;
}

static int usage(void)
{
	fprintf(stderr, "usage: kernel_drive tx|rx|tx-latency|rx-latency|idle SETUP LENGTH BATCH FRAMES RING-SIZE [GUEST-MAC]\n"
			"       kernel_drive check\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const char *const modes[] = { "tx", "rx", "tx-latency", "rx-latency", "idle" };
	const struct setup *s = argc > 6 ? setup_find(argv[2]) : NULL;
	bool known = false;

	if (vxk_clock_open())
		return 1;
	if (argc == 2 && !strcmp(argv[1], "check"))
		return check() ? 1 : 0;
	for (uint32_t i = 0; argc > 1 && i < sizeof(modes) / sizeof(*modes); i++)
		known |= !strcmp(argv[1], modes[i]);
	if (!s || !known)
		return usage();
	d.latency = strstr(argv[1], "-latency");
	d.len = atoi(argv[3]);
	d.batch = atoi(argv[4]);
	d.frames = atoi(argv[5]);
	d.ring = atoi(argv[6]);
	if (d.len < 60 || d.len > VXB_FRAME_MAX || !d.frames || d.ring < 16 || d.ring > 1024 || (d.ring & (d.ring - 1)) ||
	    !d.batch || d.batch > d.ring || !vxb_mac_parse(&d.guest, argc > 7 ? argv[7] : "52:54:00:be:c4:01"))
		return usage();
	signal(SIGALRM, on_alarm);
	return run_row(argv[1], s, argv[2]) ? 1 : 0;
}
