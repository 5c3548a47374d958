/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process of ours gives up once it is set up. Each call is final. */
#ifndef VX_PRIVILEGES_H
#define VX_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

struct vx_identity {
	uid_t uid;
	gid_t gid;
	bool groups;	/* has groups of its own beside gid: a user of this host, and no group was named */
};

/* Look up user and group (NULL: the user's own) by name or number. Negative errno with one line printed. */
int vx_identity_find(struct vx_identity *id, const char *user, const char *group);

/*
 * Become that user without any capability, now or by exec, and without core dumps. Threads made later inherit it.
 * may_unlink: keep the one capability that a janitor needs to remove a socket from a directory that is not ours.
 */
int vx_privileges_drop(const struct vx_identity *id, bool may_unlink);

/* The same for a program that is to be run: with that user's groups, and with resource limits as they are. */
int vx_privileges_become(const struct vx_identity *id);

/* Only the system calls of a running engine from now on, in all threads; any other kills the process. */
int vx_seccomp_engine(void);
int vx_seccomp_janitor(void);

#endif
