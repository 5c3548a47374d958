// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "stream.h"
#include "wire.h"
#include "wire.skel.h"

#define GENERATE_BATCH	64	/* frames per NAPI wake-up of the peer */

const struct vxb_mac vxb_wire_mac = { { 0x02, 0, 0, 0, 0, 0x77 } };

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, fmt, args) : 0;
}

bool vxb_mac_parse(struct vxb_mac *mac, const char *text)
{
	uint8_t *b = mac->b;
	int end = 0;

	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx%n", b, b + 1, b + 2, b + 3, b + 4, b + 5, &end) == 6 && !text[end];
}

static uint16_t ip_csum(const uint16_t *p, uint32_t words)
{
	uint32_t sum = 0;

	while (words--)
		sum += *p++;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

void vxb_frame_make(uint8_t *frame, uint32_t len, const struct vxb_mac *dst, const struct vxb_mac *src)
{
	struct ethhdr eth = { .h_proto = htons(ETH_P_IP) };
	struct iphdr ip = {
		.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP,
		.tot_len = htons(len - sizeof(eth)), .saddr = htonl(0xc6120001), .daddr = htonl(0xc6130001),
	};
	struct udphdr udp = { .source = htons(9), .dest = htons(9), .len = htons(len - sizeof(eth) - sizeof(ip)) };
	uint32_t magic = VXB_MAGIC;

	memcpy(eth.h_dest, dst->b, ETH_ALEN);
	memcpy(eth.h_source, src->b, ETH_ALEN);
	ip.check = ip_csum((const uint16_t *)&ip, sizeof(ip) / 2);
	memset(frame, 0, len);
	memcpy(frame, &eth, sizeof(eth));
	memcpy(frame + sizeof(eth), &ip, sizeof(ip));
	memcpy(frame + sizeof(eth) + sizeof(ip), &udp, sizeof(udp));
	memcpy(frame + VXB_MAGIC_OFF, &magic, sizeof(magic));
}

static int attach(struct vxb_wire *w, const char *dev, struct bpf_program *prog)
{
	int err = bpf_xdp_attach(w->ifindex, bpf_program__fd(prog), XDP_FLAGS_DRV_MODE, NULL);

	if (err)
		fprintf(stderr, "wire: no XDP program on %s: %s\n", dev, strerror(-err));
	w->attached = !err;
	return err;
}

static int open_skel(struct vxb_wire *w, const char *dev, uint32_t len)
{
	memset(w, 0, sizeof(*w));
	libbpf_set_print(quiet);
	w->len = len;
	w->ifindex = if_nametoindex(dev);
	if (!w->ifindex) {
		fprintf(stderr, "wire: no netdev %s\n", dev);
		return -ENODEV;
	}
	w->skel = wire_bpf__open();
	if (!w->skel)
		return -errno;
	w->skel->rodata->gen_ifindex = w->ifindex;
	w->skel->rodata->frame_len = len;
	return 0;
}

static int load(struct vxb_wire *w, const char *dev, uint32_t len, const struct vxb_stream *stream)
{
	int err = open_skel(w, dev, len);

	if (err)
		return err;
	if (stream && stream->udp) {
		w->skel->rodata->magic_off = VXB_UDP_PORTS_OFF;
	} else if (stream) {
		w->skel->rodata->stream = stream->payload;
		w->skel->rodata->sums.ip = stream->sums.ip;
		w->skel->rodata->sums.tcp = stream->sums.tcp;
	}
	err = wire_bpf__load(w->skel);
	if (err) {
		fprintf(stderr, "wire: programs do not load: %s\n", strerror(-err));
		vxb_wire_close(w);
	}
	return err;
}

int vxb_wire_open(struct vxb_wire *w, const char *dev, enum vxb_wire_prog prog, uint32_t len, const struct vxb_mac *dst,
		  const struct vxb_stream *stream)
{
	int err = load(w, dev, len, stream);

	if (err)
		return err;
	if (stream)
		vxb_stream_frame(stream, w->frame);
	else
		vxb_frame_make(w->frame, len, dst, &vxb_wire_mac);
	w->prog = prog == VXB_WIRE_ECHO ? w->skel->progs.wire_echo : w->skel->progs.wire_drop;
	err = attach(w, dev, w->prog);
	if (err)
		vxb_wire_close(w);
	return err;
}

int vxb_wire_to_xsk(struct vxb_wire *w, const char *dev, int xsk)
{
	uint32_t key = 0;
	int err = load(w, dev, VXB_FRAME_MAX, NULL);

	if (err)
		return err;
	err = attach(w, dev, w->skel->progs.wire_to_xsk);
	if (!err && bpf_map_update_elem(bpf_map__fd(w->skel->maps.wire_xsks), &key, &xsk, BPF_ANY)) {
		err = -errno;
		fprintf(stderr, "wire: no socket in the XSKMAP: %s\n", strerror(-err));
	}
	if (err)
		vxb_wire_close(w);
	return err;
}

int vxb_wire_leave_to_xsk(const char *dev, int map, uint32_t key)
{
	struct vxb_wire w;
	int err = open_skel(&w, dev, VXB_FRAME_MAX);

	if (err)
		return err;
	w.skel->rodata->xsk_key = key;
	err = bpf_map__reuse_fd(w.skel->maps.wire_xsks, map);
	if (!err)
		err = wire_bpf__load(w.skel);
	if (!err)
		err = attach(&w, dev, w.skel->progs.wire_to_xsk);
	else
		fprintf(stderr, "wire: programs do not load: %s\n", strerror(-err));
	w.attached = false;
	vxb_wire_close(&w);
	return err;
}

void vxb_wire_close(struct vxb_wire *w)
{
	if (w->attached)
		bpf_xdp_detach(w->ifindex, XDP_FLAGS_DRV_MODE, NULL);
	wire_bpf__destroy(w->skel);
	memset(w, 0, sizeof(*w));
}

int vxb_wire_generate(struct vxb_wire *w, uint32_t n)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts,
		.data_in = w->frame,
		.data_size_in = w->len,
		.repeat = n,
		.flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		.batch_size = GENERATE_BATCH,
	);

	return bpf_prog_test_run_opts(bpf_program__fd(w->prog), &opts);
}

uint64_t vxb_wire_count(const struct vxb_wire *w, uint64_t *bad)
{
	const volatile struct wire_counter *c = w->skel->bss->counters;
	uint64_t good = 0;

	*bad = 0;
	for (uint32_t i = 0; i < sizeof(w->skel->bss->counters) / sizeof(*c); i++) {
		good += c[i].good;
		*bad += c[i].bad;
	}
	return good;
}
