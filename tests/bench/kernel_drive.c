// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest's virtio-net driver without a VM, for the kernel bench; runs on the one CPU of a test host whose clock counts
 * instructions:
 *
 *	kernel_drive MODE SETUP LENGTH BATCH FRAMES RING-SIZE [GUEST-MAC [NEIGHBOUR-MAC]]
 *	kernel_drive check
 *
 * SETUP: none, wire (no device); bare, bridge, egress, xdp (vhost_net on tap0); port=NAME (vhost_xdp). See enum vxk_join.
 * MODE: tx, rx, rx-udp (the guest takes merged datagrams), tx-latency, rx-latency, idle for frames of LENGTH bytes; tcp-tx, tcp-rx,
 * tcp-pair, udp-tx, tcp-echo for a stream whose sender's buffers carry LENGTH bytes, with mtu- in place of tcp- for guests without
 * offloads. A pair's second guest is on tap1 or port vm2.
 *
 * tx: BATCH buffers are sent at once, then the driver sleeps until they are used. rx: the wire sends BATCH frames, and the next ones
 * when all else sleeps. Frames must all arrive. Prints one line of key=value pairs. Exit status 1: one line on stderr says why not.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel_drive.h"

#define PATIENCE	30	/* s of the test host's time; while it sleeps they are over at once */

static struct vxk_drive d;

int vxk_broken(const char *why)
{
	fprintf(stderr, "kernel_drive: %s\n", why);
	return -EIO;
}

static void on_alarm(int sig)
{
	const struct vxk_vhost *to = d.peer.mem ? &d.peer : &d.vhost;
	char text[160];
	int n = snprintf(text, sizeof(text), "kernel_drive: frames were lost, or a kick or call: %llu made, %llu and %llu bad on the"
			 " wire, used %u of %u to the guest and %u of %u from it\n", d.wire.page->made, d.wire.page->good,
			 d.wire.page->bad, to->ring[VXK_RX].used, to->ring[VXK_RX].avail, d.vhost.ring[VXK_TX].used,
			 d.vhost.ring[VXK_TX].avail);

	if (write(2, text, n) < n)
		_exit(2);
	_exit(1);
}

void vxk_took(struct vxk_drive *drive, uint64_t from, uint64_t to)
{
	if (drive->nlatency < VXK_LATENCIES)
		drive->took[drive->nlatency++] = to > from ? to - from : 0;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

void vxk_print_took(struct vxk_drive *drive)
{
	if (!drive->nlatency)
		return;
	qsort(drive->took, drive->nlatency, sizeof(*drive->took), by_value);
	printf(" p50=%u p99=%u", drive->took[drive->nlatency / 2], drive->took[(uint64_t)drive->nlatency * 99 / 100]);
}

static void *generate(void *frames)
{
	/* Each batch is carried to its end before the next one is made (vxk_priority()). */
	struct sched_param none = { 0 };

	if (sched_setscheduler(0, SCHED_OTHER, &none) || vxk_wire_generate(&d.wire, *(const uint32_t *)frames, d.batch)) {
		vxk_broken("the generator does not run");
		_exit(1);
	}
	return NULL;
}

pthread_t vxk_generate(struct vxk_drive *drive, const uint32_t *frames)
{
	pthread_t generator;

	if (pthread_create(&generator, NULL, generate, (void *)frames)) {
		vxk_broken("no thread for the generator");
		_exit(1);
	}
	return generator;
}

/* --- what is measured -------------------------------------------------------- */

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

static bool setup_find(struct vxk_drive *drive, const char *word)
{
	for (uint32_t i = 0; i < sizeof(setups) / sizeof(*setups); i++) {
		const char *name = setups[i].name;
		bool prefix = name[strlen(name) - 1] == '=';

		if (prefix ? strncmp(word, name, strlen(name)) : strcmp(word, name))
			continue;
		drive->join = setups[i].join;
		drive->setup = prefix ? word + strlen(name) : word;
		return true;
	}
	return false;
}

static const struct vxk_mode modes[] = {
	{ "tx", vxk_run_tx, .from_guest = true },
	{ "rx", vxk_run_rx, .to_guest = true },
	{ "rx-udp", vxk_run_rx, .to_guest = true, .udp = true },
	{ "tx-latency", vxk_run_tx, .from_guest = true, .latency = true },
	{ "rx-latency", vxk_run_rx, .to_guest = true, .latency = true },
	{ "idle", vxk_run_idle, .from_guest = true },
	{ "tcp-tx", vxk_run_stream, .from_guest = true },
	{ "tcp-rx", vxk_run_stream, .to_guest = true },
	{ "tcp-pair", vxk_run_stream, .from_guest = true, .to_guest = true },
	{ "tcp-echo", vxk_run_echo, .from_guest = true, .to_guest = true, .latency = true },
	{ "mtu-tx", vxk_run_stream, .from_guest = true, .plain = true },
	{ "mtu-rx", vxk_run_stream, .to_guest = true, .plain = true },
	{ "mtu-pair", vxk_run_stream, .from_guest = true, .to_guest = true, .plain = true },
	{ "mtu-echo", vxk_run_echo, .from_guest = true, .to_guest = true, .latency = true, .plain = true },
	{ "udp-tx", vxk_run_stream, .from_guest = true, .udp = true },
};

static const struct vxk_mode *mode_find(const char *name)
{
	for (uint32_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(modes[i].name, name))
			return &modes[i];
	return NULL;
}

/* --- what is open ------------------------------------------------------------ */

static int vhost_open(struct vxk_drive *drive, struct vxk_vhost *v, const char *tap, const char *port, const struct vxk_shape *shape,
		      unsigned long offload)
{
	bool ours = drive->join == VXK_JOIN_PORT;
	int backend;

	if (drive->join == VXK_JOIN_NONE || drive->join == VXK_JOIN_WIRE)
		return vxk_vhost_open(v, "", -1, shape);
	backend = ours ? vxk_port_open(port, offload) : vxk_tap_open(tap, offload);
	return backend < 0 ? backend : vxk_vhost_open(v, ours ? "/dev/vhost-xdp" : "/dev/vhost-net", backend, shape);
}

int vxk_open(struct vxk_drive *drive, const struct vxk_shape *shape, unsigned long offload, bool pair)
{
	struct vxk_shape s = *shape;
	int err;

	s.num = drive->ring;
	err = vhost_open(drive, &drive->vhost, "tap0", drive->setup, &s, offload);
	if (!err && pair)
		err = vhost_open(drive, &drive->peer, "tap1", "vm2", &s, offload);
	if (!err)
		err = vxk_priority();
	if (!err)
		alarm(PATIENCE);
	return err;
}

int vxk_open_wire(struct vxk_drive *drive, const struct vxk_wire_opts *opts)
{
	struct vxk_wire_opts o = *opts;

	o.wire = "w0";
	o.uplink = "up0";
	o.tap = "tap0";
	o.join = drive->join;
	o.guest = drive->guest;
	return vxk_wire_open(&drive->wire, &o);
}

static int run_row(void)
{
	int err;

	d.vhost = d.peer = VXK_CLOSED;
	err = d.mode->run(&d);
	alarm(0);
	vxk_vhost_close(&d.peer);
	vxk_vhost_close(&d.vhost);
	vxk_wire_close(&d.wire);
	return err;
}

static int usage(void)
{
	fprintf(stderr, "usage: kernel_drive MODE SETUP LENGTH BATCH FRAMES RING-SIZE [GUEST-MAC [NEIGHBOUR-MAC]]\n"
			"       kernel_drive check\n");
	return 2;
}

static bool lengths_fit(void)
{
	const uint32_t mss = d.mode->udp ? VXB_UDP_MSS : VXB_TCP_MSS;

	if (d.mode->run == vxk_run_stream)
		return d.len % mss == 0 && d.len <= (d.mode->plain ? mss : VXB_SEGMENTS * mss);
	if (d.mode->run == vxk_run_echo)
		return d.len <= VXB_TCP_MSS;
	return d.len >= 60 && d.len <= VXB_FRAME_MAX;
}

int main(int argc, char **argv)
{
	if (vxk_clock_open())
		return 1;
	if (argc == 2 && !strcmp(argv[1], "check"))
		return check() ? 1 : 0;
	d.mode = argc > 6 ? mode_find(argv[1]) : NULL;
	if (!d.mode || !setup_find(&d, argv[2]))
		return usage();
	d.len = atoi(argv[3]);
	d.batch = atoi(argv[4]);
	d.frames = atoi(argv[5]);
	d.ring = atoi(argv[6]);
	if (!d.len || !lengths_fit() || !d.frames || d.ring < 16 || d.ring > 1024 || (d.ring & (d.ring - 1)) || !d.batch ||
	    d.batch > d.ring || !vxb_mac_parse(&d.guest, argc > 7 ? argv[7] : "52:54:00:be:c4:01") ||
	    !vxb_mac_parse(&d.neighbour, argc > 8 ? argv[8] : "52:54:00:be:c4:02"))
		return usage();
	signal(SIGALRM, on_alarm);
	return run_row() ? 1 : 0;
}
