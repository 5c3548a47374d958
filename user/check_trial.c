// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>

#include "check_packets.h"
#include "check_rules.h"
#include "check_trial.h"
#include "netdev.h"
#include "pins.h"
#include "policy_object.h"
#include "say.h"
#include "vx_port.skel.h"

#define VX_TRIAL_SLOT	1
#define VX_TRIAL_ROUNDS	5
#define VX_TRIAL_REPEAT	400
#define VX_TRIAL_END	0x55	/* no verdict of XDP */

struct vx_trial {
	struct vx_port *port;
	struct bpf_object *policy;
	int policy_fd, finish_fd, end_fd;
	int cpu, cpus;
	__u32 id;			/* of the port */
	__u32 loop_ns;			/* of a run of nothing */
	struct vx_pkt *frames;		/* one for each CPU */
	__u8 out[VX_CHECK_FRAME_MAX + 256];
};

/*
 * A test run that repeats puts its program into the kernel's dispatcher of XDP programs for that time, and waits for all
 * CPUs twice. One that is attached is there already: on a netdev of a namespace that ends with this process. Where that
 * does not work, everything takes a hundred times longer, and is the same.
 */
static void keep_dispatched(int prog)
{
	struct vx_netdev dev;

	if (vx_netdev_by_name("trial", &dev) || bpf_xdp_attach(dev.ifindex, prog, XDP_FLAGS_DRV_MODE, NULL))
		vx_debug("nothing can be attached for the trial, which takes longer");
}

static void leave_namespace(void)
{
	int err = unshare(CLONE_NEWNET) ? -errno : vx_netdev_add_veth("trial", "trial-g", ETH_DATA_LEN, 1);

	if (err)
		vx_debug("no veth for the trial: %s", strerror(-err));
}

/* The frame under judgement is one for each CPU: we stay on ours. */
static int stay(struct vx_trial *t)
{
	cpu_set_t set;

	t->cpu = sched_getcpu();
	t->cpus = libbpf_num_possible_cpus();
	if (t->cpu < 0 || t->cpus <= t->cpu)
		return vx_fail(-EINVAL, "cannot tell on which CPU this runs");
	CPU_ZERO(&set);
	CPU_SET(t->cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return vx_fail(-errno, "cannot stay on one CPU: %s", strerror(errno));
	t->frames = calloc(t->cpus, sizeof(*t->frames));
	return t->frames ? 0 : -ENOMEM;
}

static int load_port(struct vx_trial *t, const struct vx_trial_setup *setup)
{
	const char *reason;
	int err;

	t->id = setup->port;
	t->port = vx_port__open();
	if (!t->port)
		return vx_fail(-ENOMEM, "cannot open our own BPF objects: %s", strerror(errno));
	vx_bpf_log_reset();
	err = vx_port__load(t->port);
	reason = err ? vx_bpf_log_reason() : "";
	if (err)
		return vx_fail(err, "the kernel refuses the port programs: %s%s%s; see 'vhost-xdp doctor'", strerror(-err),
			       *reason ? ": " : "", reason);
	t->finish_fd = bpf_program__fd(t->port->progs.vx_finish);
	if (bpf_map_update_elem(bpf_map__fd(t->port->maps.vx_ports), &t->id, &setup->cfg, BPF_ANY))
		return vx_fail(-errno, "cannot set up a port for the trial: %s", strerror(errno));
	return 0;
}

static int put_slot(struct vx_trial *t, __u32 slot, int prog)
{
	int fd = bpf_map__fd(t->port->maps.vx_policy_v1);

	return bpf_map_update_elem(fd, &slot, &prog, BPF_ANY) ? -errno : 0;
}

static int load_policy(struct vx_trial *t, const struct vx_trial_setup *setup)
{
	const char *file = setup->file;
	struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, t->policy) {
		if (!vx_object_in_contract(bpf_map__name(map)))
			continue;
		err = vx_object_share(map, bpf_map__fd(bpf_object__find_map_by_name(t->port->obj, bpf_map__name(map))));
		if (err)
			return err;
	}
	err = vx_object_load(t->policy, file);
	if (!err && setup->rules)
		err = vx_rules_copy(t->policy, setup->rules);
	if (err)
		return err;
	t->policy_fd = bpf_program__fd(vx_object_program(t->policy));
	err = put_slot(t, VX_TRIAL_SLOT, t->policy_fd);
	return err ? vx_fail(err, "the kernel does not take %s into a policy map: %s", file, strerror(-err)) : 0;
}

/*
 * What the loop of a test run costs by itself, with a program that ends at once. It stands for the end of all chains, too,
 * when a policy runs alone.
 */
static int measure_loop(struct vx_trial *t)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = VX_TRIAL_END },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, load, .prog_flags = BPF_F_XDP_HAS_FRAGS, .expected_attach_type = BPF_XDP);
	__u8 frame[64] = {};
	int i;

	t->end_fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "vx_nothing", "GPL", insns, 2, &load);
	if (t->end_fd < 0)
		return vx_fail(-errno, "cannot load a program of two instructions: %s", strerror(errno));
	keep_dispatched(t->end_fd);
	t->loop_ns = ~0u;
	for (i = 0; i < VX_TRIAL_ROUNDS; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame), .repeat = VX_TRIAL_REPEAT);

		if (bpf_prog_test_run_opts(t->end_fd, &opts))
			return vx_fail(-errno, "BPF_PROG_TEST_RUN does not work here: %s", strerror(errno));
		if (opts.duration < t->loop_ns)
			t->loop_ns = opts.duration;
	}
	return 0;
}

int vx_trial_open(const struct vx_trial_setup *setup, struct vx_trial **trial)
{
	struct vx_trial *t = calloc(1, sizeof(*t));
	int err;

	if (!t)
		return vx_fail(-ENOMEM, "out of memory");
	t->end_fd = -1;
	/* The cheapest first: most of what is no policy is found out without a trial. */
	err = vx_object_open(setup->file, &t->policy);
	if (err)
		t->policy = NULL;
	if (!err)
		err = stay(t);
	if (!err)
		err = load_port(t, setup);
	if (!err)
		err = load_policy(t, setup);
	if (!err) {
		leave_namespace();
		err = measure_loop(t);
		keep_dispatched(t->policy_fd);
	}
	if (err)
		vx_trial_close(t);
	else
		*trial = t;
	return err;
}

void vx_trial_close(struct vx_trial *t)
{
	if (t->end_fd >= 0)
		close(t->end_fd);
	if (t->policy)
		bpf_object__close(t->policy);
	if (t->port)
		vx_port__destroy(t->port);
	free(t->frames);
	free(t);
}

static void set_chain(struct vx_trial *t, int direction, __u8 first)
{
	struct vx_chain_key key = { .port = t->id, .direction = direction };
	const struct vx_if vif = { .port = t->id, .direction = direction };
	__u8 ids[VX_CHAIN_MAX] = { first };
	__u32 ifindex = VX_TRIAL_IFINDEX;

	bpf_map_update_elem(bpf_map__fd(t->port->maps.vx_ifs), &ifindex, &vif, BPF_ANY);
	bpf_map_update_elem(bpf_map__fd(t->port->maps.vx_chain_v1), &key, ids, BPF_ANY);
}

/* The one drop that a run counted, and forget it. */
static bool take_drop(struct vx_trial *t, struct vx_drop_key *drop)
{
	int fd = bpf_map__fd(t->port->maps.vx_drops);
	struct vx_drop_key key;
	bool found = false;

	while (!bpf_map_get_next_key(fd, NULL, &key) && !bpf_map_delete_elem(fd, &key)) {
		*drop = key;
		found = true;
	}
	return found;
}

/* One frame through the port program; its verdict, and the frame as it was left. */
static int run_port(struct vx_trial *t, const __u8 *frame, __u32 len, struct vx_pkt *pkt, __u32 *verdict, __u32 *left)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = len, .data_out = t->out, .data_size_out = sizeof(t->out));
	__u32 zero = 0;

	if (bpf_prog_test_run_opts(bpf_program__fd(t->port->progs.vx_port), &opts))
		return errno == EINVAL || errno == ENOMEM || errno == E2BIG ? -EAGAIN : vx_fail(-errno, "BPF_PROG_TEST_RUN: %s", strerror(errno));
	if (bpf_map_lookup_elem(bpf_map__fd(t->port->maps.vx_frame_v1), &zero, t->frames))
		return vx_fail(-errno, "cannot read the map vx_frame_v1: %s", strerror(errno));
	*pkt = t->frames[t->cpu];
	*verdict = opts.retval;
	*left = opts.data_size_out;
	return 0;
}

/*
 * By itself, on what the port program parsed, and with another program as the end of all chains: it costs nothing, and what it
 * returns is returned by who called on the contract, and by nobody else.
 */
static int run_alone(struct vx_trial *t, const __u8 *frame, __u32 len, struct vx_trial_result *r)
{
	__u32 best = ~0u;
	int i, err = put_slot(t, 0, t->end_fd);

	for (i = 0; i < VX_TRIAL_ROUNDS && !err; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = len, .repeat = VX_TRIAL_REPEAT);

		if (bpf_prog_test_run_opts(t->policy_fd, &opts))
			err = -errno;
		else if (opts.retval != VX_TRIAL_END)
			r->fault = VX_TRIAL_NO_VERDICT;
		if (!err && opts.duration < best)
			best = opts.duration;
	}
	if (put_slot(t, 0, t->finish_fd) || err)
		return vx_fail(err ? err : -EIO, "BPF_PROG_TEST_RUN of the policy: %s", strerror(err ? -err : EIO));
	r->ns = best > t->loop_ns ? best - t->loop_ns : 0;
	return 0;
}

static bool frame_changed(const struct vx_trial *t, const __u8 *frame, __u32 len, __u32 left, const struct vx_pkt *pkt)
{
	/* That tag was taken off before. */
	if (pkt->flags & VX_PKT_VLAN_OUTER)
		return left + 4 != len || memcmp(frame + 16, t->out + 12, left - 12);
	return left != len || memcmp(frame, t->out, len);
}

static void judge(struct vx_trial *t, const struct vx_pkt *before, __u32 verdict, struct vx_trial_result *r)
{
	struct vx_drop_key drop = {};
	bool dropped = take_drop(t, &drop);

	r->passed = verdict == XDP_PASS && !dropped && r->pkt.verdict == VX_VERDICT_PASS;
	if (!r->passed && (!dropped || drop.stage != VX_STAGE_POLICY || verdict != XDP_DROP))
		r->fault = VX_TRIAL_NO_VERDICT;
	else if (memcmp(before, &r->pkt, offsetof(struct vx_pkt, chain)))
		r->fault = VX_TRIAL_PARSED;
	r->reason = drop.reason;
	r->rule = drop.rule >> 8;
}

int vx_trial_judge(struct vx_trial *t, int direction, const __u8 *frame, __u32 len, struct vx_trial_result *r)
{
	struct vx_drop_key drop = {};
	struct vx_pkt before;
	__u32 verdict = 0, left = 0;
	int err;

	memset(r, 0, sizeof(*r));
	if (len < ETH_HLEN)
		return -EAGAIN;
	set_chain(t, direction, 0);
	err = run_port(t, frame, len, &before, &verdict, &left);
	if (err)
		return err;
	take_drop(t, &drop);
	r->reason = drop.reason;
	r->pkt = before;
	/* Without any policy it ends here, if it was not dropped earlier. */
	if (drop.reason != VX_REASON_NO_POLICY)
		return 0;
	r->reached = true;
	err = run_alone(t, frame, len, r);
	if (err || r->fault)
		return err;
	set_chain(t, direction, VX_TRIAL_SLOT);
	err = run_port(t, frame, len, &r->pkt, &verdict, &left);
	if (err)
		return err;
	judge(t, &before, verdict, r);
	if (!r->fault && frame_changed(t, frame, len, left, &r->pkt))
		r->fault = VX_TRIAL_FRAME;
	return 0;
}
