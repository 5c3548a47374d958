// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * parsed: frames from stdin, each behind its length in two bytes, big end first, through the port program on the trial port, of VLAN 10;
 * what policies would see of it as one line on stdout. Runs in a network namespace of its own, or it would meet the host's ports.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <vhost_xdp/policy.h>
#include <vhost_xdp/steer.h>

#include "vx_port.skel.h"

#define FRAME_MAX	2000

static void hex(const char *name, const void *p, size_t len)
{
	const __u8 *b = p;

	printf(" %s=", name);
	while (len--)
		printf("%02x", *b++);
}

static void print(const struct vx_pkt *p)
{
	printf("len=%u flags=%u ethertype=%u vlan_inner=%u l3_off=%u l4_off=%u ip_proto=%u tcp_flags=%u sport=%u dport=%u frag_off=%u "
	       "icmp_type=%u icmp_code=%u arp_op=%u",
	       p->len, p->flags, p->ethertype, p->vlan_inner, p->l3_off, p->l4_off, p->ip_proto, p->tcp_flags, p->sport, p->dport, p->frag_off,
	       p->icmp_type, p->icmp_code, p->arp_op);
	hex("src", p->src, 6);
	hex("dst", p->dst, 6);
	hex("saddr", p->saddr, 16);
	hex("daddr", p->daddr, 16);
	hex("ll_addr", p->ll_addr, 6);
	hex("nd_target", p->nd_target, 16);
	putchar('\n');
}

static int run(struct vx_port *skel, __u8 *frame, __u32 len)
{
	struct xdp_md ctx = { .data_end = len, .ingress_ifindex = VX_TRIAL_IFINDEX };
	DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = len, .ctx_in = &ctx, .ctx_size_in = sizeof(ctx));
	static struct vx_pkt pkt[1024];
	__u32 zero = 0;

	if (bpf_prog_test_run_opts(bpf_program__fd(skel->progs.vx_port), &opts) ||
	    bpf_map_lookup_elem(bpf_map__fd(skel->maps.vx_frame_v1), &zero, pkt))
		return -errno;
	print(&pkt[0]);
	return 0;
}

int main(void)
{
	const struct vx_port_cfg cfg = { .vlan = 10 };
	const __u32 trial = VX_TRIAL_PORT;
	static __u8 frame[FRAME_MAX];
	struct vx_port *skel;
	__u16 len;
	cpu_set_t set;

	/* The frame that policies see is this CPU's. */
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	if (sched_setaffinity(0, sizeof(set), &set) || libbpf_num_possible_cpus() > 1024)
		return 2;
	skel = vx_port__open_and_load();
	if (!skel || bpf_map_update_elem(bpf_map__fd(skel->maps.vx_ports), &trial, &cfg, BPF_ANY))
		return 2;
	while (fread(&len, sizeof(len), 1, stdin) == 1) {
		len = ntohs(len);
		if (len > sizeof(frame) || fread(frame, 1, len, stdin) != len || run(skel, frame, len)) {
			fprintf(stderr, "parsed: a frame of %u bytes is not taken: %s\n", len, strerror(errno));
			return 2;
		}
	}
	vx_port__destroy(skel);
	return 0;
}
