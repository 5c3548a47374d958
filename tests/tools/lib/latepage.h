/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A page of this process that does not come when it is read (userfaultfd): whoever reads it waits. */
#ifndef LATEPAGE_H
#define LATEPAGE_H

#include <stdbool.h>

struct latepage {
	int uffd;
	void *page;
};

bool latepage_new(struct latepage *l);
/* It comes, all zero, to whoever waits. */
void latepage_comes(struct latepage *l);

#endif
