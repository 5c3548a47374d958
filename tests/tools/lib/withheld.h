/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A page of a guest's memory that the VMM does not hand out for now, as in a postcopy migration; and calls that may not end. */
#ifndef WITHHELD_H
#define WITHHELD_H

#include <errno.h>

#include "vworld.h"

struct withheld {
	int uffd;
	uint8_t *page;		/* ours to fill */
	uint64_t at;		/* where the VMM has it */
};

/* A new page of the guest's; whoever touches it at the VMM's address waits. */
bool withhold(struct withheld *h, struct vu *vu);
/* It comes. */
void withheld_comes(struct withheld *h);
void withheld_close(struct withheld *h);
/* The vring sends that page and is kicked; a little later its worker waits. */
void withheld_send(struct withheld *h, struct ring *r);

/* An ioctl, in a thread: its errno, or TOO_LONG. Then the page comes, so that the ioctl ends as well. */
#define TOO_LONG	ETIMEDOUT
int ioctl_within(int fd, unsigned long request, void *arg, unsigned int seconds, struct withheld *h);

#endif
