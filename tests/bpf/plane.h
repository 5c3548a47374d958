/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our BPF plane in a network namespace of the test's own: an uplink, three
 * ports on real veth pairs, all maps shared as user/ shares them, and programs
 * run one frame at a time by BPF_PROG_TEST_RUN.
 *
 *	u0 (uplink)	p1 untagged, p2 untagged, p3 VLAN 10
 */
#ifndef TEST_PLANE_H
#define TEST_PLANE_H

#include <errno.h>
#include <libgen.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <net/if.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <vhost_xdp/policy.h>
#include <vhost_xdp/steer.h>
#include "vx_port.skel.h"
#include "vx_steer.skel.h"
#include "vx_tc.skel.h"
#include "frame.h"

#define PORTS	3
#define ALLOW	1
#define ANTISPOOF 2
#define EMPTY_SLOT 77
#define ANY_LEN	0

static struct plane {
	struct vx_port *port;
	struct vx_steer *steer;
	struct vx_tc *tc;
	struct bpf_object *policy[4];
	__u32 uplink;
	__u32 host_end[PORTS + 1], guest_end[PORTS + 1];
	int engine[PORTS + 1], xsk[PORTS + 1];
	__u32 meta_len, meta[8];	/* what the last XDP program left before the frame */
} P;

struct counted {
	__u32 port;
	__u8 direction, stage;
	__u16 reason;
	__u32 rule;
};

static inline void run(const char *cmd)
{
	int status = system(cmd);

	if (status)
		fail_msg("%s: exit %d", cmd, WEXITSTATUS(status));
}

/* Run an XDP program on f as if it came in on ifindex; *f becomes what the program left. */
UNUSED static int run_xdp(int prog, struct frame *f, __u32 ifindex, __u32 queue)
{
	struct xdp_md ctx = { .data_end = f->len, .ingress_ifindex = ifindex, .rx_queue_index = queue }, after = {};
	static __u8 out[sizeof(f->b)];
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->b, .data_size_in = f->len, .data_out = out,
			    .data_size_out = sizeof(out), .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .ctx_out = &after,
			    .ctx_size_out = sizeof(after));
	int err = bpf_prog_test_run_opts(prog, &opts);

	if (err)
		return err;
	/* The kernel shows metadata first, then the frame. */
	P.meta_len = after.data;
	memcpy(P.meta, out, P.meta_len < sizeof(P.meta) ? P.meta_len : sizeof(P.meta));
	f->len = opts.data_size_out - P.meta_len;
	memcpy(f->b, out + P.meta_len, f->len);
	return opts.retval;
}

UNUSED static int run_tc(int prog, struct frame *f, __u32 ifindex, __u32 *mark)
{
	struct __sk_buff ctx = { .ifindex = ifindex, .mark = mark ? *mark : 0 }, ctx_out = {};
	static __u8 out[sizeof(f->b)];
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->b, .data_size_in = f->len, .data_out = out,
			    .data_size_out = sizeof(out), .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .ctx_out = &ctx_out,
			    .ctx_size_out = sizeof(ctx_out));
	int err = bpf_prog_test_run_opts(prog, &opts);

	if (err)
		return err;
	if (mark)
		*mark = ctx_out.mark;
	f->len = opts.data_size_out;
	memcpy(f->b, out, f->len);
	return opts.retval;
}

UNUSED static struct vx_counter sum(const struct vx_counter *c)
{
	struct vx_counter total = {};
	int i;

	for (i = 0; i < libbpf_num_possible_cpus(); i++) {
		total.packets += c[i].packets;
		total.bytes += c[i].bytes;
	}
	return total;
}

UNUSED static struct vx_counter traffic(__u32 port, __u32 direction)
{
	struct vx_counter c[libbpf_num_possible_cpus()];
	__u32 key = port * VX_DIRECTIONS + direction;

	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(P.port->maps.vx_traffic), &key, c), 0);
	return sum(c);
}

UNUSED static struct vx_counter drops(const struct vx_drop_key *key)
{
	struct vx_counter c[libbpf_num_possible_cpus()], none = {};

	return bpf_map_lookup_elem(bpf_map__fd(P.port->maps.vx_drops), key, c) ? none : sum(c);
}

/* Drops of all keys, so that a test sees one counted under the wrong name or twice. */
UNUSED static __u64 all_drops(void)
{
	int fd = bpf_map__fd(P.port->maps.vx_drops);
	struct vx_drop_key key, *prev = NULL;
	__u64 n = 0;

	while (!bpf_map_get_next_key(fd, prev, &key)) {
		n += drops(&key).packets;
		prev = &key;
	}
	return n;
}

UNUSED static __u64 all_traffic(void)
{
	__u64 n = 0;
	__u32 p;

	for (p = 0; p <= PORTS; p++)
		n += traffic(p, VX_TO_GUEST).packets + traffic(p, VX_FROM_GUEST).packets;
	return n;
}

UNUSED static void set_chain(__u32 port, __u32 direction, const __u8 ids[VX_CHAIN_MAX])
{
	struct vx_chain_key key = { .port = port, .direction = direction };

	assert_int_equal(bpf_map_update_elem(bpf_map__fd(P.port->maps.vx_chain_v1), &key, ids, BPF_ANY), 0);
}

UNUSED static void no_chain(__u32 port, __u32 direction)
{
	struct vx_chain_key key = { .port = port, .direction = direction };

	bpf_map_delete_elem(bpf_map__fd(P.port->maps.vx_chain_v1), &key);
}

UNUSED static void set_engine(__u32 port, bool up)
{
	static struct vx_engine_page page;
	__u32 zero = 0;

	page.abi = VX_ENGINE_ABI;
	page.state = up ? VX_ENGINE_UP : VX_ENGINE_DOWN;
	assert_int_equal(bpf_map_update_elem(P.engine[port], &zero, &page, BPF_ANY), 0);
}

UNUSED static void set_socket(__u32 port, bool there)
{
	__u32 key = port * VX_QUEUE_PAIRS_MAX;

	if (there)
		assert_int_equal(bpf_map_update_elem(bpf_map__fd(P.port->maps.vx_xsk), &key, &P.xsk[port], BPF_ANY), 0);
	else
		assert_int_equal(bpf_map_delete_elem(bpf_map__fd(P.port->maps.vx_xsk), &key), 0);
}

UNUSED static void set_dev(__u32 ifindex, bool there)
{
	int fd = bpf_map__fd(P.port->maps.vx_dev);

	assert_int_equal(there ? bpf_map_update_elem(fd, &ifindex, &ifindex, BPF_ANY) : bpf_map_delete_elem(fd, &ifindex), 0);
}

UNUSED static void set_port_flags(__u32 port, __u32 flags)
{
	int fd = bpf_map__fd(P.port->maps.vx_ports);
	struct vx_port_cfg cfg;

	assert_int_equal(bpf_map_lookup_elem(fd, &port, &cfg), 0);
	cfg.flags = flags;
	assert_int_equal(bpf_map_update_elem(fd, &port, &cfg, BPF_ANY), 0);
}

/* Ports of one slot are found by vx_fdb alone, but for the first. */
static inline void plane_slot(__u32 id, __u16 vlan, const __u8 *mac)
{
	int fd = bpf_map__fd(P.port->maps.vx_fdb_low);
	__u32 slot = vx_fdb_slot(vlan, mac), now = 0;

	assert_int_equal(bpf_map_lookup_elem(fd, &slot, &now), 0);
	now = now ? now | VX_FDB_MORE : id;
	assert_int_equal(bpf_map_update_elem(fd, &slot, &now, BPF_ANY), 0);
}

static inline void plane_port(__u32 id, const char *mac, __u16 vlan)
{
	struct vx_port_cfg cfg = { .vlan = vlan, .queue_pairs = 1, .mtu = 1500, .uplink_ifindex = P.uplink };
	struct vx_fdb_key fdb_key = { .uplink_ifindex = P.uplink, .vlan = vlan };
	struct vx_fdb_entry fdb = { .port = id };
	struct vx_if h = { .port = id, .direction = VX_FROM_GUEST }, g = { .port = id, .direction = VX_TO_GUEST };
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "ip link add p%u type veth peer name p%u-g && ip link set p%u up && ip link set p%u-g up",
		 id, id, id, id);
	run(cmd);
	snprintf(cfg.name, sizeof(cfg.name), "p%u", id);
	cfg.host_ifindex = fdb.host_ifindex = P.host_end[id] = if_nametoindex(cfg.name);
	snprintf(cmd, sizeof(cmd), "p%u-g", id);
	cfg.guest_ifindex = P.guest_end[id] = if_nametoindex(cmd);
	memcpy(cfg.mac, mac, 6);
	memcpy(cfg.uplink_mac, HOST, 6);
	memcpy(fdb_key.mac, mac, 6);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(P.port->maps.vx_ports), &id, &cfg, BPF_ANY), 0);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(P.port->maps.vx_ifs), &cfg.host_ifindex, &h, BPF_ANY), 0);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(P.port->maps.vx_ifs), &cfg.guest_ifindex, &g, BPF_ANY), 0);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(P.port->maps.vx_fdb), &fdb_key, &fdb, BPF_ANY), 0);
	plane_slot(id, vlan, cfg.mac);
	set_dev(cfg.host_ifindex, true);

	P.engine[id] = bpf_map_create(BPF_MAP_TYPE_ARRAY, "vx_engine", 4, sizeof(struct vx_engine_page), 1, &opts);
	assert_true(P.engine[id] >= 0);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(P.port->maps.vx_engines), &id, &P.engine[id], BPF_ANY), 0);
	set_engine(id, true);
	P.xsk[id] = socket(AF_XDP, SOCK_RAW, 0);
	assert_true(P.xsk[id] >= 0);
	set_socket(id, true);

	/* Native, as in life; it also registers the receive queue that a test run names. */
	assert_int_equal(bpf_xdp_attach(cfg.host_ifindex, bpf_program__fd(P.port->progs.vx_port), XDP_FLAGS_DRV_MODE, NULL), 0);
	assert_int_equal(bpf_xdp_attach(cfg.guest_ifindex, bpf_program__fd(P.port->progs.vx_port), XDP_FLAGS_DRV_MODE, NULL), 0);
}

static inline void share_maps(struct bpf_object *obj)
{
	struct bpf_map *map, *ours;

	bpf_object__for_each_map(map, obj) {
		ours = bpf_object__find_map_by_name(P.port->obj, bpf_map__name(map));
		if (ours && (!bpf_map__is_internal(map) || !strcmp(bpf_map__name(map), ".data.vx_watch")))
			assert_int_equal(bpf_map__reuse_fd(map, bpf_map__fd(ours)), 0);
	}
}

/* Load a policy object built beside this test into a slot. */
UNUSED static struct bpf_object *plane_policy(const char *file, const char *prog, __u32 slot)
{
	char self[512], path[600];
	struct bpf_object *obj;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int fd;

	assert_true(n > 0);
	self[n] = '\0';
	snprintf(path, sizeof(path), "%s/../../bpf/%s", dirname(self), file);
	obj = bpf_object__open_file(path, NULL);
	assert_non_null(obj);
	share_maps(obj);
	assert_int_equal(bpf_object__load(obj), 0);
	fd = bpf_program__fd(bpf_object__find_program_by_name(obj, prog));
	assert_true(fd >= 0);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(P.port->maps.vx_policy_v1), &slot, &fd, BPF_ANY), 0);
	return obj;
}

static inline int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	/* Expected: libxdp's section, and a clsact qdisc that is there already. */
	if (level != LIBBPF_WARN || strstr(fmt, "skipping unrecognized") || strstr(fmt, "Kernel error message"))
		return 0;
	return vfprintf(stderr, fmt, args);
}

UNUSED static int plane_up(void **state)
{
	static const __u8 allow[VX_CHAIN_MAX] = { ALLOW };
	__u32 id;

	libbpf_set_print(quiet);
	if (geteuid()) {
		printf("SKIP: needs root\n");
		exit(77);
	}
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	/* The tests count frames: nothing may be sent but by them. */
	run("if [ -e /proc/sys/net/ipv6 ]; then echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6; fi");
	run("ip link set lo up && ip link add u0 address 02:00:00:00:00:aa type veth peer name w0 && "
	    "ip link set u0 up && ip link set w0 up");
	P.uplink = if_nametoindex("u0");
	P.port = vx_port__open_and_load();
	assert_non_null(P.port);
	P.steer = vx_steer__open();
	P.tc = vx_tc__open();
	assert_non_null(P.steer);
	assert_non_null(P.tc);
	share_maps(P.steer->obj);
	share_maps(P.tc->obj);
	assert_int_equal(vx_steer__load(P.steer), 0);
	assert_int_equal(vx_tc__load(P.tc), 0);
	assert_int_equal(bpf_xdp_attach(P.uplink, bpf_program__fd(P.steer->progs.vx_steer), XDP_FLAGS_DRV_MODE, NULL), 0);
	set_dev(P.uplink, true);
	plane_port(1, GUEST1, 0);
	plane_port(2, GUEST2, 0);
	plane_port(3, GUEST3, 10);
	P.policy[ALLOW] = plane_policy("policy_allow.bpf.o", "allow", ALLOW);
	for (id = 1; id <= PORTS; id++) {
		set_chain(id, VX_TO_GUEST, allow);
		set_chain(id, VX_FROM_GUEST, allow);
	}
	return 0;
}

UNUSED static int plane_down(void **state)
{
	__u32 id;

	for (id = 1; id <= PORTS; id++) {
		close(P.xsk[id]);
		close(P.engine[id]);
	}
	for (id = 0; id < 4; id++)
		bpf_object__close(P.policy[id]);
	vx_tc__destroy(P.tc);
	vx_steer__destroy(P.steer);
	vx_port__destroy(P.port);
	return 0;
}

#endif
