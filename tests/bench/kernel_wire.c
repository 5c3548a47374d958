// SPDX-License-Identifier: GPL-2.0-or-later
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "kernel_wire.h"
#include "kernel_wire.skel.h"

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return level == LIBBPF_WARN && !strstr(fmt, "Exclusivity flag") ? vfprintf(stderr, fmt, args) : 0;
}

static int fail(int err, const char *what)
{
	fprintf(stderr, "kernel_drive: %s: %s\n", what, strerror(-err));
	return err;
}

static int attach_xdp(struct vxk_wire *w, const char *dev, struct bpf_program *prog)
{
	int ifindex = if_nametoindex(dev), err;

	err = bpf_xdp_attach(ifindex, bpf_program__fd(prog), XDP_FLAGS_DRV_MODE, NULL);
	if (err)
		return fail(err, dev);
	w->xdp[w->nxdp++] = ifindex;
	return 0;
}

static int attach_tc(struct vxk_wire *w, const char *dev, struct bpf_program *prog, enum bpf_tc_attach_point point)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = if_nametoindex(dev), .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(prog));
	int err = bpf_tc_hook_create(&hook);

	if (!err || err == -EEXIST) {
		w->clsact = hook.ifindex;
		err = bpf_tc_attach(&hook, &opts);
	}
	return err ? fail(err, dev) : 0;
}

static int set_end(struct vxk_wire *w, uint32_t key, const char *dev)
{
	uint32_t ifindex = if_nametoindex(dev);

	return bpf_map_update_elem(bpf_map__fd(w->skel->maps.ends), &key, &ifindex, BPF_ANY) ? fail(-errno, dev) : 0;
}

/* To the guest: the generator's program on the wire, and the way from uplink to tap. */
static int join_to_guest(struct vxk_wire *w, const struct vxk_wire_opts *o)
{
	/* What comes back from a bridge is an skb, which XDP on the wire would copy: there the generator's program sits nowhere. */
	int err = o->from_guest && o->join == VXK_JOIN_BRIDGE ? 0 : attach_xdp(w, o->wire, w->skel->progs.wire_end);

	if (!err && o->join == VXK_JOIN_TC)
		err = attach_tc(w, o->uplink, w->skel->progs.to_peer_skb, BPF_TC_INGRESS);
	if (!err && o->join == VXK_JOIN_XDP)
		err = set_end(w, VXK_TAP, o->tap);
	if (!err && o->join == VXK_JOIN_XDP)
		err = attach_xdp(w, o->uplink, w->skel->progs.to_tap);
	if (!err && o->join == VXK_JOIN_WIRE)
		err = attach_xdp(w, o->uplink, w->skel->progs.wire_end);
	return err;
}

/* From the guest: the way from tap to uplink, and the end that is cheapest for what arrives there. */
static int join_from_guest(struct vxk_wire *w, const struct vxk_wire_opts *o)
{
	int err;

	switch (o->join) {
	case VXK_JOIN_TC:
		return attach_tc(w, o->tap, w->skel->progs.wire_end_skb, BPF_TC_INGRESS);
	case VXK_JOIN_BRIDGE:
		return attach_tc(w, o->wire, w->skel->progs.wire_end_skb, BPF_TC_INGRESS);
	case VXK_JOIN_EGRESS:
		return attach_tc(w, o->uplink, w->skel->progs.wire_end_skb, BPF_TC_EGRESS);
	case VXK_JOIN_XDP:
		err = set_end(w, VXK_UPLINK, o->uplink);
		if (!err)
			err = attach_xdp(w, o->tap, w->skel->progs.to_uplink);
		if (err)
			return err;
		break;
	default:
		break;
	}
	return o->to_guest ? 0 : attach_xdp(w, o->wire, w->skel->progs.wire_end);
}

static int load(struct vxk_wire *w, const struct vxk_wire_opts *o)
{
	int err;

	w->skel = kernel_wire_bpf__open();
	if (!w->skel)
		return fail(-errno, "programs");
	w->skel->rodata->wire_ifindex = if_nametoindex(o->wire);
	w->skel->rodata->peer_ifindex = if_nametoindex(o->tap);
	w->skel->rodata->frame_len = o->len;
	w->skel->rodata->discard = o->discard;
	w->skel->rodata->stamp = o->stamp;
	if (o->stream && o->stream->udp)
		w->skel->rodata->magic_off = VXB_UDP_PORTS_OFF;
	if (o->stream && !o->stream->udp) {
		w->skel->rodata->stream = o->stream->payload;
		w->skel->rodata->sums.ip = o->stream->sums.ip;
		w->skel->rodata->sums.tcp = o->stream->sums.tcp;
	}
	err = kernel_wire_bpf__load(w->skel);
	if (err)
		return fail(err, "programs do not load");
	w->page = (const volatile struct vxk_wire_page *)&w->skel->bss->page;
	return 0;
}

int vxk_wire_open(struct vxk_wire *w, const struct vxk_wire_opts *o)
{
	int err;

	*w = (struct vxk_wire){ .len = o->len };
	libbpf_set_print(quiet);
	err = load(w, o);
	if (!err && o->to_guest)
		err = join_to_guest(w, o);
	if (!err && o->from_guest)
		err = join_from_guest(w, o);
	if (err)
		vxk_wire_close(w);
	if (o->stream)
		vxb_stream_frame(o->stream, w->frame);
	else
		vxb_frame_make(w->frame, o->len, &o->guest, &vxb_wire_mac);
	return err;
}

void vxk_wire_close(struct vxk_wire *w)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = w->clsact, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	while (w->nxdp)
		bpf_xdp_detach(w->xdp[--w->nxdp], XDP_FLAGS_DRV_MODE, NULL);
	if (w->clsact)
		bpf_tc_hook_destroy(&hook);
	w->clsact = 0;
	kernel_wire_bpf__destroy(w->skel);
	w->skel = NULL;
}

int vxk_wire_generate(struct vxk_wire *w, uint32_t n, uint32_t batch)
{
	struct bpf_test_run_opts opts = {
		.sz = sizeof(opts),
		.data_in = w->frame,
		.data_size_in = w->len,
		.repeat = n,
		.flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		.batch_size = batch,
	};

	return bpf_prog_test_run_opts(bpf_program__fd(w->skel->progs.wire_end), &opts);
}
