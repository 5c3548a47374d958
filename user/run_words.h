/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a VMM's command line that name a port's fds. Pure functions: nothing is printed, nothing is opened. */
#ifndef VX_RUN_WORDS_H
#define VX_RUN_WORDS_H

#include <stdbool.h>
#include <linux/types.h>
#include <vhost_xdp/steer.h>

#include "words.h"

#define VX_RUN_ID	24

struct vx_run_words {
	char id[VX_RUN_ID];		/* of QEMU's objects */
	char mac[VX_MAC_TEXT];
	__u32 pairs, mtu;
	int data_fd[VX_QUEUE_PAIRS_MAX], vhost_fd[VX_QUEUE_PAIRS_MAX];
};

/* QEMU wants ids that start with a letter; the names of ports need not. */
void vx_run_id(char id[VX_RUN_ID], const char *port);

/*
 * The argument with each {PLACEHOLDER} that we know replaced; others stay, and so does one behind a '$', which is a shell's. The caller
 * frees; NULL without memory. *replaced is set when there was one.
 */
char *vx_run_substitute(const struct vx_run_words *w, const char *arg, bool *replaced);

/*
 * The command with its placeholders replaced, ending in NULL. A QEMU without any gets -netdev and -device appended. -ENOENT: no
 * placeholder, and no QEMU; -ENOMEM.
 */
int vx_run_argv(const struct vx_run_words *w, int argc, char *const *argv, char ***out);
void vx_run_free(char **argv);

#endif
