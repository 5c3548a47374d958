/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps that make a port, and, upward, unmake it. */
#ifndef VX_PORT_STEPS_H
#define VX_PORT_STEPS_H

#include <stdbool.h>

#include "policy.h"
#include "port.h"
#include "steps.h"
#include "uplink.h"

struct vx_port_job {
	struct vx_port port;
	struct vx_uplink uplink;
	char guest_end[VX_NAME_LEN];
	bool kernel;				/* the engine */
	bool again;				/* as it was: the chains are ids, and a VMM may go on holding its module port */
	char *const *chain;
	__u8 ids[VX_DIRECTIONS][VX_CHAIN_MAX];
};

#define VX_PORT_STEPS	9
/* Of struct vx_port_job. */
extern const struct vx_step vx_port_steps[VX_PORT_STEPS];

#endif
