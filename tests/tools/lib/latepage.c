// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "latepage.h"

#define SIZE	4096u

bool latepage_new(struct latepage *l)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	l->page = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	l->uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	reg.range.start = (uintptr_t)l->page;
	reg.range.len = SIZE;
	if (l->page != MAP_FAILED && l->uffd >= 0 && !ioctl(l->uffd, UFFDIO_API, &api) && !ioctl(l->uffd, UFFDIO_REGISTER, &reg))
		return true;
	perror("userfaultfd");
	return false;
}

void latepage_comes(struct latepage *l)
{
	struct uffdio_zeropage zero = { .range = { (uintptr_t)l->page, SIZE } };

	if (ioctl(l->uffd, UFFDIO_ZEROPAGE, &zero))
		perror("UFFDIO_ZEROPAGE");
	close(l->uffd);
	munmap(l->page, SIZE);
}
