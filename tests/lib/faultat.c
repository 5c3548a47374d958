// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Preloaded: the Nth call by which a command changes or asks the kernel's BPF and its pins fails, or is the last.
 *
 *	FAULT_AT=N	which of them, from 1; 0 or nothing: none
 *	FAULT=ERRNO	it fails with this; FAULT=kill: the process is killed right before it
 *	FAULT_COUNT=FILE	how many there were
 *	FAULT_TRACE=FILE	"bpf COMMAND" and "membarrier" as they are called
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static long seen;

__attribute__((destructor)) static void report(void)
{
	const char *path = getenv("FAULT_COUNT");
	FILE *f = path ? fopen(path, "w") : NULL;

	if (f) {
		fprintf(f, "%ld\n", seen);
		fclose(f);
	}
}

static int fault(void)
{
	const char *at = getenv("FAULT_AT"), *what = getenv("FAULT");

	if (++seen != (at ? atol(at) : 0) || !what)
		return 0;
	if (!strcmp(what, "kill"))
		kill(getpid(), SIGKILL);
	errno = atoi(what);
	return -1;
}

static void trace(long number, long command)
{
	const char *path = getenv("FAULT_TRACE");
	FILE *f = path && (number == SYS_bpf || number == SYS_membarrier) ? fopen(path, "a") : NULL;

	if (!f)
		return;
	if (number == SYS_bpf)
		fprintf(f, "bpf %ld\n", command);
	else
		fprintf(f, "membarrier\n");
	fclose(f);
}

long syscall(long number, ...)
{
	static long (*next)(long, ...);
	long a[6];
	va_list ap;
	int i;

	if (!next)
		next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
	va_start(ap, number);
	for (i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	trace(number, a[0]);
	if (number == SYS_bpf && fault())
		return -1;
	return next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int mkdir(const char *path, mode_t mode)
{
	return fault() ? -1 : (int)syscall(SYS_mkdir, path, mode);
}

int unlink(const char *path)
{
	return fault() ? -1 : (int)syscall(SYS_unlink, path);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned int flags)
{
	return fault() ? -1 : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}
