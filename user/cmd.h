/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line: OBJECT COMMAND, iproute2 manners. Each object is one file cmd_OBJECT.c. */
#ifndef VX_CMD_H
#define VX_CMD_H

#include <stdbool.h>

extern bool vx_json;	/* -j */
extern int vx_exit_status;	/* of a run without an error */

struct vx_cmd {
	const char *object;
	const char *usage;	/* one line per form, shown by help and on a usage error */
	const char *help;	/* one sentence */
	/* argv[0] is the word after the object. Returns 0, or a negative errno after one printed line. */
	int (*run)(int argc, char **argv);
};

extern const struct vx_cmd vx_cmd_doctor, vx_cmd_uplink, vx_cmd_port, vx_cmd_serve, vx_cmd_policy, vx_cmd_stats;
extern const struct vx_cmd vx_cmd_drops, vx_cmd_capture, vx_cmd_top;
extern const struct vx_cmd vx_cmd_apply, vx_cmd_show;
extern const struct vx_cmd vx_cmd_ratelimit, vx_cmd_stateful;
extern const struct vx_cmd vx_cmd_acl, vx_cmd_group;

#endif
