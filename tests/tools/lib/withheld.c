// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "withheld.h"

#define PAGE	4096u

bool withhold(struct withheld *h, struct vu *vu)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	h->page = vu_alloc(vu, PAGE, PAGE);
	h->at = vu_uva(vu, h->page);
	reg.range.start = h->at;
	reg.range.len = PAGE;
	h->uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (h->uffd >= 0 && !ioctl(h->uffd, UFFDIO_API, &api) &&
	    !fallocate(vu->memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, h->page - vu->mem, PAGE) &&
	    !ioctl(h->uffd, UFFDIO_REGISTER, &reg))
		return true;
	perror("a page that does not come");
	return false;
}

void withheld_comes(struct withheld *h)
{
	struct uffdio_range range = { h->at, PAGE };

	*(volatile uint8_t *)h->page = 0;
	if (ioctl(h->uffd, UFFDIO_WAKE, &range))
		perror("UFFDIO_WAKE");
}

void withheld_close(struct withheld *h)
{
	close(h->uffd);
}

void withheld_send(struct withheld *h, struct ring *r)
{
	uint64_t one = 1;

	ring_add(r, &(struct piece){ h->page, 100 }, 1, false, h);
	if (write(r->kick, &one, sizeof(one)) < 0)
		perror("kick");
	usleep(300000);
}

struct call {
	int fd;
	unsigned long request;
	void *arg;
	int err;
};

static void *do_call(void *arg)
{
	struct call *c = arg;

	c->err = ioctl(c->fd, c->request, c->arg) < 0 ? errno : 0;
	return NULL;
}

int ioctl_within(int fd, unsigned long request, void *arg, unsigned int seconds, struct withheld *h)
{
	struct call c = { fd, request, arg, TOO_LONG };
	struct timespec until;
	pthread_t thread;

	if (pthread_create(&thread, NULL, do_call, &c))
		return EAGAIN;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += seconds;
	if (!pthread_timedjoin_np(thread, NULL, &until))
		return c.err;
	withheld_comes(h);
	pthread_join(thread, NULL);
	return TOO_LONG;
}
