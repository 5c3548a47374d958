// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Real frames through the whole BPF plane: DESIGN's two tables with their
 * broadcast, VLAN and host rows, each receiver counted, so that a frame that
 * comes twice, comes back or strays fails as one that is lost does.
 *
 *	 namespace "wire"	the host's namespace
 *	 w0 ----------------- u0	p1 - p1-g guest 1, untagged
 *				p2 - p2-g guest 2, untagged
 *				p3 - p3-g guest 3, VLAN 10
 */
#include "guest_end.h"
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#define TYPE	0x88b5	/* for experiments: nobody else sends it */
#define WIRE	4
#define HOST_	5
#define PLACES	6
#define DENY	0
#define PERMIT	VX_PORT_HOST_ALLOW
#define UNTAGGED 0
#define VID10	10

static struct guest_end guest[PORTS + 1];
static int from[PLACES];	/* packet sockets that send at a place */
static int wire_rx, host_rx, host_tap;
static pid_t wire_pid;
static int wire_ns, host_ns;

struct row {
	const char *what;
	int src;
	const char *dst;
	__u16 vlan;		/* tag on the frame that is sent */
	__u32 flags;		/* of all ports */
	__u8 got[PLACES];	/* copies, by place; [0] unused */
	__u16 tag;		/* on the copies at wire and host */
};

static const struct row rows[] = {
	/*							 g1 g2 g3 wire host */
	{ "wire to guest", WIRE, GUEST1, 0, DENY,		{ 0, 1, 0, 0, 0, 0 }, 0 },
	{ "wire to VLAN guest", WIRE, GUEST3, 10, DENY,		{ 0, 0, 0, 1, 0, 0 }, 0 },
	{ "wire to VLAN guest's MAC, untagged", WIRE, GUEST3, 0, DENY, { 0, 0, 0, 0, 0, 1 }, 0 },
	{ "wire to guest's MAC, tagged", WIRE, GUEST1, 10, DENY,	{ 0, 0, 0, 0, 0, 1 }, 10 },
	{ "wire to host", WIRE, HOST, 0, DENY,			{ 0, 0, 0, 0, 0, 1 }, 0 },
	{ "wire to host, tagged", WIRE, HOST, 10, DENY,		{ 0, 0, 0, 0, 0, 1 }, 10 },
	{ "wire to a stranger", WIRE, STRANGER, 0, DENY,	{ 0, 0, 0, 0, 0, 1 }, 0 },
	{ "wire to all", WIRE, ALL, 0, DENY,			{ 0, 1, 1, 0, 0, 1 }, 0 },
	{ "wire to a group", WIRE, MCAST6, 0, DENY,		{ 0, 1, 1, 0, 0, 1 }, 0 },
	{ "wire to all of VLAN 10", WIRE, ALL, 10, DENY,	{ 0, 0, 0, 1, 0, 1 }, 10 },
	{ "wire to all of VLAN 11", WIRE, ALL, 11, DENY,	{ 0, 0, 0, 0, 0, 1 }, 11 },
	{ "guest to guest", 1, GUEST2, 0, DENY,			{ 0, 0, 1, 0, 0, 0 }, 0 },
	{ "guest to a guest of another VLAN", 1, GUEST3, 0, DENY, { 0, 0, 0, 0, 1, 0 }, 0 },
	{ "guest to itself", 1, GUEST1, 0, DENY,		{ 0, 0, 0, 0, 0, 0 }, 0 },
	{ "guest to the wire", 1, STRANGER, 0, DENY,		{ 0, 0, 0, 0, 1, 0 }, 0 },
	{ "VLAN guest to the wire", 3, STRANGER, 0, DENY,	{ 0, 0, 0, 0, 1, 0 }, 10 },
	{ "guest to host, denied", 1, HOST, 0, DENY,		{ 0, 0, 0, 0, 0, 0 }, 0 },
	{ "guest to host, allowed", 1, HOST, 0, PERMIT,		{ 0, 0, 0, 0, 0, 1 }, 0 },
	{ "VLAN guest to host, allowed", 3, HOST, 0, PERMIT,	{ 0, 0, 0, 0, 0, 1 }, 10 },
	{ "guest to all, host denied", 1, ALL, 0, DENY,		{ 0, 0, 1, 0, 1, 0 }, 0 },
	{ "guest to all, host allowed", 1, ALL, 0, PERMIT,	{ 0, 0, 1, 0, 1, 1 }, 0 },
	{ "guest to a group", 2, MCAST6, 0, PERMIT,		{ 0, 1, 0, 0, 1, 1 }, 0 },
	{ "VLAN guest to all, host denied", 3, ALL, 0, DENY,	{ 0, 0, 0, 0, 1, 0 }, 10 },
	{ "VLAN guest to all, host allowed", 3, ALL, 0, PERMIT,	{ 0, 0, 0, 0, 1, 1 }, 10 },
	{ "guest with a tag", 1, ALL, 10, PERMIT,		{ 0, 0, 0, 0, 0, 0 }, 0 },
	{ "host to guest", HOST_, GUEST1, 0, DENY,		{ 0, 1, 0, 0, 0, 0 }, 0 },
	{ "host to VLAN guest", HOST_, GUEST3, 10, DENY,	{ 0, 0, 0, 1, 0, 0 }, 0 },
	{ "host to VLAN guest's MAC, untagged", HOST_, GUEST3, 0, DENY, { 0, 0, 0, 0, 1, 0 }, 0 },
	{ "host to the wire", HOST_, STRANGER, 0, DENY,		{ 0, 0, 0, 0, 1, 0 }, 0 },
	{ "host to all", HOST_, ALL, 0, DENY,			{ 0, 1, 1, 0, 1, 0 }, 0 },
	{ "host to all of VLAN 10", HOST_, ALL, 10, DENY,	{ 0, 0, 0, 1, 1, 0 }, 10 },
};

static int packet_socket(const char *ifname, __u16 type)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET, .sll_protocol = htons(type) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0), on = 1;

	addr.sll_ifindex = ifname ? if_nametoindex(ifname) : 0;
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

/* The next frame; tag: of it, 0 without. ifindex: where it came in, 0 if it went out. */
static bool packet_recv(int fd, struct frame *f, __u16 *tag, int *ifindex)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	} control;
	struct sockaddr_ll addr;
	struct iovec iov = { f->b, sizeof(f->b) };
	struct msghdr msg = { .msg_name = &addr, .msg_namelen = sizeof(addr), .msg_iov = &iov, .msg_iovlen = 1,
			      .msg_control = &control, .msg_controllen = sizeof(control) };
	struct cmsghdr *cmsg;
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);

	if (n < 0)
		return false;
	f->len = n;
	*tag = 0;
	*ifindex = addr.sll_pkttype == PACKET_OUTGOING ? 0 : addr.sll_ifindex;
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg))
		if (cmsg->cmsg_level == SOL_PACKET && cmsg->cmsg_type == PACKET_AUXDATA) {
			struct tpacket_auxdata *aux = (void *)CMSG_DATA(cmsg);

			if (aux->tp_status & TP_STATUS_VLAN_VALID)
				*tag = aux->tp_vlan_tci & 0xfff;
		}
	return true;
}

static void wait_ms(int ms)
{
	struct timespec t = { .tv_nsec = ms * 1000000l };

	nanosleep(&t, NULL);
}

static bool is_ours(const struct frame *f, __u32 id)
{
	return f->len >= 60 && !memcmp(f->b + 14, &id, sizeof(id));
}

struct seen {
	__u32 n[PLACES];
	__u16 tag[PLACES];
	__u32 strays;	/* tags inside a guest's frame, frames on the host's netdevs that are none of its own */
};

static void collect(__u32 id, struct seen *s)
{
	struct frame f;
	__u16 tag;
	int i, ifindex;

	for (i = 1; i <= PORTS; i++)
		while (guest_recv(&guest[i], &f))
			if (is_ours(&f, id))
				s->n[i]++;
			else if (f.len > 20 && !memcmp(f.b + 18, &id, sizeof(id)))
				s->strays++;
	while (packet_recv(wire_rx, &f, &tag, &ifindex))
		if (is_ours(&f, id) && ifindex) {
			s->n[WIRE]++;
			s->tag[WIRE] = tag;
		}
	while (packet_recv(host_rx, &f, &tag, &ifindex))
		if (is_ours(&f, id)) {
			s->n[HOST_]++;
			s->strays += ifindex != (int)P.uplink;
		}
	/* The stack takes the tag of a VLAN that it does not have before a protocol sees it. */
	while (packet_recv(host_tap, &f, &tag, &ifindex))
		if (is_ours(&f, id) && ifindex)
			s->tag[HOST_] = tag;
}

static __u32 send_one(int src, const char *dst, __u16 vlan)
{
	static const char *const macs[PLACES] = { "", GUEST1, GUEST2, GUEST3, STRANGER, HOST };
	static __u32 id = 0x01020304;
	struct frame f;

	id++;
	eth_tag(&f, dst, macs[src], vlan ? 0x8100 : 0, vlan, TYPE);
	put(&f, &id, sizeof(id));
	fill(&f, 60);
	assert_int_equal(send(from[src], f.b, f.len, 0), f.len);
	return id;
}

/* Send, wait until what is due has come, and a little longer for what is not. */
static void check(const struct row *r)
{
	struct seen s = {};
	__u32 id = send_one(r->src, r->dst, r->vlan);
	int i, ms, due, any = 0;

	for (ms = 0; ms < 1000; ms++) {
		collect(id, &s);
		for (i = 1, due = 0; i < PLACES; i++) {
			due += s.n[i] < r->got[i];
			any |= r->got[i];
		}
		if (!due)
			break;
		wait_ms(1);
	}
	/* Where nothing must arrive, nothing tells that the frame has been judged. */
	wait_ms(any ? 15 : 60);
	collect(id, &s);
	for (i = 1; i < PLACES; i++)
		if (s.n[i] != r->got[i])
			fail_msg("%s: place %d got %u, not %u", r->what, i, s.n[i], r->got[i]);
	if (s.strays)
		fail_msg("%s: %u strays", r->what, s.strays);
	if ((s.n[WIRE] && s.tag[WIRE] != r->tag) || (s.n[HOST_] && s.tag[HOST_] != r->tag))
		fail_msg("%s: tags %u and %u, not %u", r->what, s.tag[WIRE], s.tag[HOST_], r->tag);
}

static void set_flags(__u32 flags)
{
	__u32 id;

	for (id = 1; id <= PORTS; id++)
		set_port_flags(id, flags);
}

static void table(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		set_flags(rows[i].flags);
		check(&rows[i]);
	}
	set_flags(0);
}

static void inactive(void **state)
{
	static const struct row gone[] = {
		{ "wire to a port without engine", WIRE, GUEST1, 0, DENY, { 0 }, 0 },
		{ "neighbour to a port without engine", 2, GUEST1, 0, DENY, { 0, 0, 0, 0, 1, 0 }, 0 },
		{ "host to a port without engine", HOST_, GUEST1, 0, DENY, { 0, 0, 0, 0, 1, 0 }, 0 },
		{ "wire to all, one without engine", WIRE, ALL, 0, DENY, { 0, 0, 1, 0, 0, 1 }, 0 },
	};
	size_t i;

	set_engine(1, false);
	for (i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		check(&gone[i]);
	set_engine(1, true);
}

static __u64 dropped(__u32 port, __u8 direction, __u8 stage, __u16 reason)
{
	struct vx_drop_key key = { .port = port, .direction = direction, .stage = stage, .reason = reason };

	return drops(&key).packets;
}

/* On a busy machine softirqs come late: counters are waited for, with a bound. */
static __u64 dropped_at_least(__u32 port, __u8 direction, __u8 stage, __u16 reason, __u64 n)
{
	int ms;

	for (ms = 0; ms < 2000 && dropped(port, direction, stage, reason) < n; ms++)
		wait_ms(1);
	return dropped(port, direction, stage, reason);
}

/* A policy that returns XDP_PASS by itself has not passed the frame on: the rest of the chain has not judged it. */
static void bare_pass(void **state)
{
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static const __u8 chain[VX_CHAIN_MAX] = { 9 }, allow[VX_CHAIN_MAX] = { ALLOW };
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .prog_flags = BPF_F_XDP_HAS_FRAGS, .expected_attach_type = BPF_XDP);
	int prog = bpf_prog_load(BPF_PROG_TYPE_XDP, "bare_pass", "GPL", pass, 2, &opts);
	__u64 host_end = dropped(1, VX_FROM_GUEST, VX_STAGE_TC, VX_REASON_BAD_VERDICT);
	__u64 guest_end = dropped(1, VX_TO_GUEST, VX_STAGE_TC, VX_REASON_BAD_VERDICT);
	struct row r = { "policy that returns XDP_PASS", 1, HOST, 0, PERMIT, { 0 }, 0 };
	__u32 slot = 9;

	assert_true(prog >= 0);
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(P.port->maps.vx_policy_v1), &slot, &prog, BPF_ANY), 0);
	set_chain(1, VX_FROM_GUEST, chain);
	set_chain(1, VX_TO_GUEST, chain);
	set_flags(PERMIT);
	check(&r);
	r.dst = ALL;
	check(&r);
	r.src = WIRE;
	r.dst = GUEST1;
	check(&r);
	assert_int_equal(dropped_at_least(1, VX_FROM_GUEST, VX_STAGE_TC, VX_REASON_BAD_VERDICT, host_end + 2), host_end + 2);
	assert_int_equal(dropped_at_least(1, VX_TO_GUEST, VX_STAGE_TC, VX_REASON_BAD_VERDICT, guest_end + 1), guest_end + 1);
	set_flags(0);
	set_chain(1, VX_FROM_GUEST, allow);
	set_chain(1, VX_TO_GUEST, allow);
	close(prog);
}

static void set_flood(__u32 port, __u32 pps)
{
	int fd = bpf_map__fd(P.port->maps.vx_ports);
	struct vx_port_cfg cfg;

	assert_int_equal(bpf_map_lookup_elem(fd, &port, &cfg), 0);
	cfg.flood_pps = pps;
	assert_int_equal(bpf_map_update_elem(fd, &port, &cfg, BPF_ANY), 0);
}

/* Group frames are limited, unicast is not; every frame is either counted as passed or as flood. */
static void flood(void **state)
{
	__u64 passed = traffic(1, VX_FROM_GUEST).packets, cut = dropped(1, VX_FROM_GUEST, VX_STAGE_TC, VX_REASON_FLOOD_RATE);
	struct row r = { "unicast beside a flood", 1, GUEST2, 0, DENY, { 0, 0, 1, 0, 0, 0 }, 0 };
	int i;

	set_flood(1, 20);
	for (i = 0; i < 200; i++)
		send_one(1, ALL, 0);
	for (i = 0; i < 2000 && traffic(1, VX_FROM_GUEST).packets - passed +
				dropped(1, VX_FROM_GUEST, VX_STAGE_TC, VX_REASON_FLOOD_RATE) - cut < 200; i++)
		wait_ms(1);
	passed = traffic(1, VX_FROM_GUEST).packets - passed;
	cut = dropped(1, VX_FROM_GUEST, VX_STAGE_TC, VX_REASON_FLOOD_RATE) - cut;
	assert_int_equal(passed + cut, 200);
	assert_in_range(passed, 20, 40);
	check(&r);
	set_flood(1, 0);
	r.dst = ALL;
	r.got[WIRE] = 1;
	check(&r);
}

static __u16 fold(__u32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static __u32 words(const __u8 *p, __u32 len)
{
	__u32 sum = 0, i;

	for (i = 0; i + 1 < len; i += 2)
		sum += p[i] << 8 | p[i + 1];
	return len & 1 ? sum + (p[len - 1] << 8) : sum;
}

/* Checksum over pseudo header and payload of an IPv4 frame: 0xffff when it is right. */
static __u16 l4_sum(const struct frame *f)
{
	const __u8 *ip = f->b + 14;
	__u32 len = (ip[2] << 8 | ip[3]) - 20;

	return fold(words(ip + 12, 8) + ip[9] + len + words(ip + 20, len));
}

/* What the host's stack leaves to its NIC to finish arrives finished at a guest, and cut to its MTU. */
static void offloads(void **state)
{
	const __u32 payload = 4000, mss = 1000;
	struct virtio_net_hdr v = { .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .hdr_len = 54,
				    .gso_size = mss, .csum_start = 34, .csum_offset = 16 };
	__u32 got = 0, bytes = 0, ms;
	struct frame f, out = {};
	int on = 1, fd = packet_socket("u0", 0);
	__u16 sum;

	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)), 0);
	eth(&f, GUEST1, HOST, 0x0800);
	ip4(&f, "10.0.0.1", "10.0.0.9", 6, 0, 0);
	put16(put16(&f, 1000), 2000);
	put16(put16(put16(put16(&f, 0), 1), 0), 0);
	put16(put16(put16(put16(&f, 0x5010), 1000), 0), 0);
	fill(&f, payload);
	ip_end(&f);
	sum = htons(fold(words(f.b + 26, 8) + 6 + 20 + payload));
	memcpy(f.b + 50, &sum, 2);
	put(put(&out, &v, sizeof(v)), f.b, f.len);
	assert_int_equal(send(fd, out.b, out.len, 0), out.len);
	for (ms = 0; ms < 1000 && got < payload / mss; ms++, wait_ms(1))
		while (guest_recv(&guest[1], &f))
			if (f.len > 54 && f.b[12] == 8 && f.b[23] == 6) {
				got++;
				bytes += f.len - 54;
				assert_int_equal(l4_sum(&f), 0xffff);
			}
	assert_int_equal(got, payload / mss);
	assert_int_equal(bytes, payload);
	close(fd);
}

/* The host's own ARP and ping, both ways, as if we were not there. */
static void host_untouched(void **state)
{
	char cmd[160];

	run("ip addr add 10.0.0.1/24 dev u0");
	snprintf(cmd, sizeof(cmd), "nsenter -t %d -n ip addr add 10.0.0.2/24 dev w0", wire_pid);
	run(cmd);
	run("ip neigh flush dev u0; ping -q -c 5 -i 0.05 -W 1 10.0.0.2 | grep -q ' 5 received'");
	snprintf(cmd, sizeof(cmd), "nsenter -t %d -n sh -c \"ip neigh flush dev w0; "
		 "ping -q -c 5 -i 0.05 -W 1 10.0.0.1 | grep -q ' 5 received'\"", wire_pid);
	run(cmd);
	run("ip addr del 10.0.0.1/24 dev u0");
}

static void tc_attach(__u32 ifindex, int prog, enum bpf_tc_attach_point point)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog);
	int err = bpf_tc_hook_create(&hook);

	assert_true(!err || err == -EEXIST);
	hook.attach_point = point;
	assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
}

static void set_members(__u32 vlan, __u32 n, __u32 a, __u32 b)
{
	struct vx_group_key key = { .uplink_ifindex = P.uplink, .vlan = vlan };
	static struct vx_group group;

	group.n = n;
	group.host_ifindex[0] = a;
	group.host_ifindex[1] = b;
	assert_int_equal(bpf_map_update_elem(bpf_map__fd(P.port->maps.vx_members), &key, &group, BPF_ANY), 0);
}

static void make_wire(void)
{
	int ready[2];
	char cmd[200], c;

	assert_int_equal(pipe(ready), 0);
	wire_pid = fork();
	assert_true(wire_pid >= 0);
	if (!wire_pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	/* The far side needs NAPI for frames that XDP redirects to it, and finished checksums, since XDP loses that mark. */
	snprintf(cmd, sizeof(cmd), "ip link set w0 netns %d && nsenter -t %d -n sh -c '"
		 "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6; ip link set w0 up; "
		 "ethtool -K w0 gro on tx off txvlan off 2>/dev/null'", wire_pid, wire_pid);
	run(cmd);
	run("ethtool -K u0 rxvlan off");
	snprintf(cmd, sizeof(cmd), "/proc/%d/ns/net", wire_pid);
	wire_ns = open(cmd, O_RDONLY | O_CLOEXEC);
	host_ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	assert_true(wire_ns >= 0 && host_ns >= 0);
	assert_int_equal(setns(wire_ns, CLONE_NEWNET), 0);
	from[WIRE] = packet_socket("w0", 0);
	wire_rx = packet_socket("w0", ETH_P_ALL);
	assert_int_equal(setns(host_ns, CLONE_NEWNET), 0);
}

static int up(void **state)
{
	char name[IFNAMSIZ], cmd[128];
	__u32 id;

	plane_up(state);
	make_wire();
	for (id = 1; id <= PORTS; id++) {
		snprintf(cmd, sizeof(cmd), "ethtool -K p%u tx off txvlan off && ethtool -K p%u-g tx off txvlan off", id, id);
		run(cmd);
		tc_attach(P.host_end[id], bpf_program__fd(P.tc->progs.vx_host_end), BPF_TC_INGRESS);
		tc_attach(P.guest_end[id], bpf_program__fd(P.tc->progs.vx_host_end), BPF_TC_INGRESS);
		guest_open(&guest[id], P.guest_end[id]);
		close(P.xsk[id]);
		P.xsk[id] = guest[id].fd;
		set_socket(id, true);
		snprintf(name, sizeof(name), "p%u-g", id);
		from[id] = packet_socket(name, 0);
	}
	tc_attach(P.uplink, bpf_program__fd(P.tc->progs.vx_uplink_in), BPF_TC_INGRESS);
	tc_attach(P.uplink, bpf_program__fd(P.tc->progs.vx_uplink_out), BPF_TC_EGRESS);
	set_members(0, 2, P.host_end[1], P.host_end[2]);
	/* A member of another VLAN by mistake gets nothing. */
	set_members(10, 2, P.host_end[3], P.host_end[1]);
	from[HOST_] = packet_socket("u0", 0);
	host_rx = packet_socket(NULL, TYPE);
	host_tap = packet_socket("u0", ETH_P_ALL);
	return 0;
}

static int down(void **state)
{
	__u32 i;

	for (i = 1; i < PLACES; i++)
		close(from[i]);
	for (i = 1; i <= PORTS; i++)
		guest_close(&guest[i]), P.xsk[i] = -1;
	close(wire_rx);
	close(host_rx);
	close(host_tap);
	close(wire_ns);
	close(host_ns);
	if (wire_pid > 0) {
		kill(wire_pid, SIGKILL);
		waitpid(wire_pid, NULL, 0);
	}
	return plane_down(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(inactive),
		cmocka_unit_test(bare_pass),
		cmocka_unit_test(flood),
		cmocka_unit_test(offloads),
		cmocka_unit_test(host_untouched),
	};

	return cmocka_run_group_tests(tests, up, down);
}
