// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest and its wire in one thread, on the CPU that is not the backend's:
 *
 *	frontend MODE SOCKET WIRE-NETDEV BACKEND-PID LENGTH MILLISECONDS [GUEST-MAC]
 *	frontend tcp-pair|mtu-pair SOCKET SOCKET2 PID,PID2 LENGTH MILLISECONDS GUEST-MAC MAC2
 *
 * tx: keep the transmit ring full; count at the wire. rx: keep up to a ring of frames on their way to the guest.
 * echo: one frame in flight, sent back at the wire. idle: connected, nothing to do. All with frames of LENGTH bytes.
 * tcp-tx, tcp-rx, tcp-echo, udp-tx: the same with a stream whose sender's buffers carry LENGTH bytes, and a guest with offloads;
 * mtu- in place of tcp-: without. pair: from one guest to the other.
 * Prints one line of key=value pairs. Exit status 1: the measurement is broken, one line on stderr says why.
 */
#include <errno.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frontend.h"

#define BACKEND_CPU	0
#define OUR_CPU		1
#define BIT(n)		(1ull << (n))
#define SENDS_TCP	(BIT(VIRTIO_NET_F_CSUM) | BIT(VIRTIO_NET_F_HOST_TSO4))
#define TAKES_TCP	(BIT(VIRTIO_NET_F_GUEST_CSUM) | BIT(VIRTIO_NET_F_GUEST_TSO4))
#define SENDS_UDP	(BIT(VIRTIO_NET_F_CSUM) | BIT(56))	/* VIRTIO_NET_F_HOST_USO */
#define SUPERS		16u	/* large buffers of a guest's: a megabyte is what TCP keeps under way */

int vxb_broken(const char *why)
{
	fprintf(stderr, "frontend: %s\n", why);
	return -EIO;
}

static const struct vxb_mode modes[] = {
	{ .name = "tx", .run = vxb_run_tx },
	{ .name = "rx", .run = vxb_run_rx },
	{ .name = "echo", .run = vxb_run_echo, .prog = VXB_WIRE_ECHO },
	{ .name = "idle", .run = vxb_run_idle },
	{ .name = "tcp-tx", .run = vxb_run_tx, .tcp = true, .offloads = SENDS_TCP },
	{ .name = "tcp-rx", .run = vxb_run_rx, .tcp = true, .offloads = TAKES_TCP },
	{ .name = "tcp-pair", .run = vxb_run_pair, .tcp = true, .pair = true, .offloads = SENDS_TCP | TAKES_TCP },
	{ .name = "tcp-echo", .run = vxb_run_echo, .prog = VXB_WIRE_ECHO, .tcp = true, .offloads = SENDS_TCP | TAKES_TCP },
	{ .name = "mtu-tx", .run = vxb_run_tx, .tcp = true },
	{ .name = "mtu-rx", .run = vxb_run_rx, .tcp = true },
	{ .name = "mtu-pair", .run = vxb_run_pair, .tcp = true, .pair = true },
	{ .name = "mtu-echo", .run = vxb_run_echo, .prog = VXB_WIRE_ECHO, .tcp = true },
	{ .name = "udp-tx", .run = vxb_run_tx, .udp = true, .offloads = SENDS_UDP },
};

static const struct vxb_mode *mode_find(const char *name)
{
	for (uint32_t i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		if (!strcmp(modes[i].name, name))
			return &modes[i];
	return NULL;
}

/* Of a stream: what the guest sends, and what crosses a wire. */
static void streams_init(struct vxb_bench *b)
{
	const struct vxb_mode *m = b->mode;
	const uint32_t mss = m->udp ? VXB_UDP_MSS : VXB_TCP_MSS;

	if (!m->tcp && !m->udp)
		return;
	vxb_stream_init(&b->stream, m->udp, m->offloads, b->len, m->pair ? &b->neighbour : &vxb_wire_mac, &b->guest);
	vxb_stream_init(&b->generated, m->udp, false, b->len < mss ? b->len : mss, &b->guest, &vxb_wire_mac);
}

static int open_wire(struct vxb_bench *b, const char *netdev)
{
	const struct vxb_stream *s = b->stream.mss ? &b->generated : NULL;

	if (b->mode->pair)
		return 0;
	return vxb_wire_open(&b->wire, netdev, b->mode->prog, s ? s->head_len + s->payload : b->len, &b->guest, s);
}

static int open_guests(struct vxb_bench *b, const char *socket, const char *socket2)
{
	bool super = b->stream.payload > VXB_UDP_MSS, plain = !b->mode->tcp;
	struct vxb_shape shape = {
		.num = { VXB_RING_MAX, super ? SUPERS : VXB_RING_MAX }, .buffer = { plain ? 2048 : 4096, super ? VXB_SUPER_BYTES : 2048 },
		.offloads = b->mode->offloads,
	};
	int err;

	/* In flight may be what the other guest has room for. */
	if (b->mode->pair && !super)
		shape.num[VXB_TX] = VXB_RING_MAX / 2;
	err = vxb_client_open(&b->client, socket, &shape);
	if (!err && b->mode->pair)
		err = vxb_client_open(&b->peer, socket2, &shape);
	return err;
}

static int measure(struct vxb_bench *b, char **argv)
{
	int err = open_guests(b, argv[2], argv[3]);

	if (!err) {
		vxb_guest_setup(b);
		err = b->mode->run(b);
	}
	if (b->peer.mem)
		vxb_client_close(&b->peer);
	if (b->client.mem)
		vxb_client_close(&b->client);
	return err;
}

static int usage(void)
{
	fprintf(stderr, "usage: frontend MODE SOCKET WIRE-NETDEV BACKEND-PID LENGTH MILLISECONDS [GUEST-MAC]\n"
			"       frontend tcp-pair|mtu-pair SOCKET SOCKET2 PID,PID2 LENGTH MILLISECONDS GUEST-MAC MAC2\n");
	return 2;
}

static bool length_fits(const struct vxb_bench *b)
{
	if (b->mode->tcp || b->mode->udp)
		return b->len && b->len <= VXB_SEGMENTS * VXB_UDP_MSS && (b->mode->offloads || b->len <= VXB_TCP_MSS);
	return b->len >= 60 && b->len <= VXB_FRAME_MAX;
}

int main(int argc, char **argv)
{
	static struct vxb_bench b;
	char *pid2;
	int err, pid;

	b.mode = argc > 6 ? mode_find(argv[1]) : NULL;
	if (!b.mode || (b.mode->pair && argc < 9))
		return usage();
	pid = strtol(argv[4], &pid2, 10);
	b.len = atoi(argv[5]);
	b.duration = atoi(argv[6]) * VXB_MS;
	if (!length_fits(&b) || !b.duration || !vxb_mac_parse(&b.guest, argc > 7 ? argv[7] : "02:00:00:00:00:01") ||
	    !vxb_mac_parse(&b.neighbour, argc > 8 ? argv[8] : "02:00:00:00:00:02"))
		return usage();
	err = vxb_pin(OUR_CPU);
	if (!err)
		err = vxb_meter_open(&b.meter, pid, *pid2 == ',' ? atoi(pid2 + 1) : 0, BACKEND_CPU);
	if (err)
		return vxb_broken("this needs two CPUs and a readable /proc"), 1;
	streams_init(&b);
	b.sink.lossy = true;
	if (open_wire(&b, argv[3]))
		return 1;
	err = measure(&b, argv);
	vxb_wire_close(&b.wire);
	return err ? 1 : 0;
}
