/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy on trial: our own port program and the policy in private maps, run by BPF_PROG_TEST_RUN. Nothing is pinned,
 * nothing that is pinned is touched, and all of it goes with the process.
 */
#ifndef VX_CHECK_TRIAL_H
#define VX_CHECK_TRIAL_H

#include <stdbool.h>
#include <linux/types.h>
#include <vhost_xdp/policy.h>
#include <vhost_xdp/steer.h>

struct vx_trial;

enum vx_trial_fault {
	VX_TRIAL_FINE,
	VX_TRIAL_NO_VERDICT,	/* ended without vx_pass() or vx_drop() */
	VX_TRIAL_FRAME,		/* changed the frame */
	VX_TRIAL_PARSED,	/* changed what was parsed of it, and so what later policies judge */
};

struct vx_trial_result {
	bool reached;		/* the policy saw it: the port had not dropped it before */
	bool passed;
	__u16 reason;		/* of a drop, enum vx_reason or custom */
	__u32 rule;		/* the policy's own, or 0 */
	__u32 ns;		/* what the policy cost, the least of several means; 0 when it did not see it */
	enum vx_trial_fault fault;
	struct vx_pkt pkt;
};

struct vx_trial_setup {
	const char *file;
	__u32 port;			/* id, VX_TRIAL_PORT for none that exists */
	struct vx_port_cfg cfg;		/* of that port: MAC and VLAN count */
	const char *rules;		/* pins of a policy, below the root of ours, whose maps' contents are taken; or NULL */
};

/* These print one line when they fail. */
int vx_trial_open(const struct vx_trial_setup *setup, struct vx_trial **trial);
/* -EAGAIN, and nothing is printed: the kernel runs no frame of this length. */
int vx_trial_judge(struct vx_trial *trial, int direction, const __u8 *frame, __u32 len, struct vx_trial_result *result);
void vx_trial_close(struct vx_trial *trial);

#endif
