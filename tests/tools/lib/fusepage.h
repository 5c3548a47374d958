/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A file of one page in a file system of our own (FUSE), which is not read before we say so. As the kernel reads it without
 * FUSE_ASYNC_READ, who touches the page waits for our answer, and no signal ends that.
 */
#ifndef FUSEPAGE_H
#define FUSEPAGE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct fusepage {
	int dev, file;
	uint64_t asked;		/* who waits: their request; 0: nobody yet */
	bool comes;
	pthread_mutex_t lock;
	pthread_t server;
	char dir[32];
};

/* As root. False: this kernel has no FUSE. The file system is served by a thread. */
bool fusepage_mount(struct fusepage *f);
void fusepage_umount(struct fusepage *f);
/* The page in place of what is mapped there. */
bool fusepage_map(const struct fusepage *f, void *at);
/* Does somebody wait for it, within seconds? */
bool fusepage_asked(struct fusepage *f, unsigned int seconds);
void fusepage_comes(struct fusepage *f);

#endif
