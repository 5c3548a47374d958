// SPDX-License-Identifier: GPL-2.0-or-later
/* The module's half of "port show": vrings, AF_XDP rings, UMEM. */
#include <stdio.h>

#include "engine_kernel.h"
#include "port_show.h"
#include "tap_node.h"
#include "umem.h"

#define WAKE_FILL	(1u << 0)
#define WAKE_TX		(1u << 1)

static const char *const owners[VX_OWNERS] = {
	[VX_OWNER_FREE] = "free", [VX_OWNER_FILL] = "fill", [VX_OWNER_RX] = "rx", [VX_OWNER_HELD] = "held", [VX_OWNER_TX] = "tx",
};

const char *vx_kport_state(const struct vx_kport *kp)
{
	switch (kp->info.state) {
	case VHOST_XDP_PORT_ATTACHED:
		return "attached";
	case VHOST_XDP_PORT_DOWN:
		return "down";
	default:
		return "detached";
	}
}

/* Ports of today are veths. */
static const char *copy_reason(const struct vhost_xdp_pair_info *p)
{
	return p->zero_copy ? "the driver has the UMEM itself" : "a veth has no zero-copy";
}

static const char *vring_state(const struct vhost_xdp_vring_info *v)
{
	return v->broken ? "broken" : v->running ? "running" : "stopped";
}

static json_t *vring_json(const struct vhost_xdp_vring_info *v)
{
	return json_pack("{s:s, s:i, s:s, s:i, s:i, s:I, s:I, s:i, s:i, s:b, s:s}", "state", vring_state(v), "size", v->num, "layout",
			 v->packed ? "packed" : "split", "avail", v->avail, "used", v->used, "kicks", (json_int_t)v->kicks, "calls",
			 (json_int_t)v->calls, "worker_tid", v->worker_tid, "worker_cpu", v->worker_cpu, "log", v->logging != 0, "error",
			 v->error);
}

static json_t *frames_json(const struct vhost_xdp_pair_info *p)
{
	json_t *frames = json_object();
	int i;

	for (i = 0; i < VX_OWNERS; i++)
		json_object_set_new(frames, owners[i], json_integer(p->frames[i]));
	return frames;
}

static json_t *pair_json(const struct vhost_xdp_pair_info *p, __u32 index)
{
	json_t *rings = json_pack("{s:i, s:i, s:i, s:i}", "fill", p->fill, "rx", p->rx, "tx", p->tx, "completion", p->completion);
	json_t *wakeup = json_pack("{s:b, s:b}", "fill", (p->need_wakeup & WAKE_FILL) != 0, "tx", (p->need_wakeup & WAKE_TX) != 0);

	return json_pack("{s:i, s:b, s:b, s:s, s:o, s:o, s:o, s:o, s:o}", "pair", index, "data_fd", p->data_fd != 0, "zero_copy",
			 p->zero_copy != 0, "zero_copy_why", copy_reason(p), "need_wakeup", wakeup, "rings", rings, "umem_frames",
			 frames_json(p), "to-guest", vring_json(&p->to_guest), "from-guest", vring_json(&p->from_guest));
}

json_t *vx_kport_json(const struct vx_kport *kp)
{
	char node[VX_TAP_NODE_LEN];
	const bool has_node = !vx_tap_node(kp, node);
	json_t *pairs = json_array();
	__u32 i;

	for (i = 0; i < kp->info.npairs; i++)
		json_array_append_new(pairs, pair_json(&kp->pair[i], i));
	return json_pack("{s:s, s:s, s:i, s:I, s:s?, s:i, s:I, s:o}", "state", vx_kport_state(kp), "error", kp->info.error, "vmms",
			 kp->info.vmms, "netns", (json_int_t)kp->info.netns, "node", has_node ? node : NULL, "prog_id", kp->info.prog_id,
			 "pages_given", (json_int_t)kp->info.pages_given, "pairs", pairs);
}

static void vring_lines(const char *direction, const struct vhost_xdp_vring_info *v)
{
	printf("    %-10s  %s", direction, vring_state(v));
	if (v->num)
		printf(", %s %u, avail %u used %u", v->packed ? "packed" : "split", v->num, v->avail, v->used);
	printf(", kicks %llu calls %llu", v->kicks, v->calls);
	if (v->worker_tid)
		printf(", worker %d on CPU %d", v->worker_tid, v->worker_cpu);
	puts(v->logging ? ", dirty log on" : "");
	if (*v->error)
		printf("                error: %s\n", v->error);
}

static void pair_lines(const struct vhost_xdp_pair_info *p, __u32 index)
{
	int i;

	printf("  queue %-5u %s, %s (%s)\n", index, p->data_fd ? "open" : "no VMM", p->zero_copy ? "zero-copy" : "copy", copy_reason(p));
	vring_lines("to-guest", &p->to_guest);
	vring_lines("from-guest", &p->from_guest);
	printf("    rings       fill %u rx %u tx %u completion %u", p->fill, p->rx, p->tx, p->completion);
	if (p->need_wakeup)
		printf(", wakeup wanted for%s%s", p->need_wakeup & WAKE_FILL ? " fill" : "", p->need_wakeup & WAKE_TX ? " tx" : "");
	printf("\n    umem       ");
	for (i = 0; i < VX_OWNERS; i++)
		printf(" %s %u", owners[i], p->frames[i]);
	putchar('\n');
}

static void node_line(const struct vx_kport *kp)
{
	char node[VX_TAP_NODE_LEN];
	int err = vx_tap_node(kp, node);

	if (!err)
		printf("  node        %s\n", node);
	else if (err == -EEXIST)
		printf("  node        none: %s belongs to somebody else, as to a macvtap of another network namespace; use port run\n", node);
}

void vx_kport_lines(const struct vx_kport *kp)
{
	__u32 i;

	printf("  engine      kernel, %s", vx_kport_state(kp));
	if (kp->info.vmms)
		printf(", vhost devices %u", kp->info.vmms);
	if (kp->info.prog_id)
		printf(", program %u", kp->info.prog_id);
	putchar('\n');
	node_line(kp);
	if (*kp->info.error)
		printf("  error       %s\n", kp->info.error);
	if (kp->info.state != VHOST_XDP_PORT_ATTACHED)
		printf("  next        vhost-xdp port attach %s\n", kp->info.name);
	else if (!vx_kport_used(kp))
		printf("  next        vhost-xdp port run %s -- qemu-system-x86_64 ...\n", kp->info.name);
	for (i = 0; i < kp->info.npairs; i++)
		pair_lines(&kp->pair[i], i);
}
