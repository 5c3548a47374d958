/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of a user engine: set-up with privileges, service without, an orderly end. */
#ifndef VX_SERVE_H
#define VX_SERVE_H

#include <linux/types.h>

struct vx_serve_options {
	const char *port;
	const char *socket;
	const char *user;
	const char *group;	/* NULL: the user's own */
	__u32 queues;		/* 0: as many as the port has */
	__u32 busy_poll_us;
};

#define VX_BUSY_POLL_MAX	1000000u	/* us */
#define VX_BUSY_POLL_DEFAULT	50u

/* Serves until SIGTERM or SIGINT (returns 0) or until it cannot go on (negative errno, one line printed). */
int vx_serve(const struct vx_serve_options *opt);

/* Fill opt from the words after "serve". Negative errno with one line printed. */
int vx_serve_parse(struct vx_serve_options *opt, int argc, char **argv);

#endif
