// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <cap-ng.h>

#include "engine_kernel.h"
#include "module.h"

#define SIGNATURE	"~Module signature appended~\n"
#define SECURE_BOOT	"sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

static bool __attribute__((format(printf, 3, 0))) join(char path[VX_MODULE_TEXT], const char *root, const char *fmt, va_list ap)
{
	int n = snprintf(path, VX_MODULE_TEXT, "%s/", root), m;

	if (n < 0 || n >= VX_MODULE_TEXT)
		return false;
	m = vsnprintf(path + n, VX_MODULE_TEXT - n, fmt, ap);
	return m >= 0 && m < VX_MODULE_TEXT - n;
}

static bool __attribute__((format(printf, 2, 3))) exists(const char *root, const char *fmt, ...)
{
	char path[VX_MODULE_TEXT];
	bool fits;
	va_list ap;

	va_start(ap, fmt);
	fits = join(path, root, fmt, ap);
	va_end(ap);
	return fits && !access(path, F_OK);
}

/* The first bytes of a small file; "" when it cannot be read. Returns how many. */
static size_t __attribute__((format(printf, 4, 5))) read_start(char *buf, size_t len, const char *root, const char *fmt, ...)
{
	char path[VX_MODULE_TEXT];
	ssize_t n = -1;
	bool fits;
	va_list ap;
	int fd;

	va_start(ap, fmt);
	fits = join(path, root, fmt, ap);
	va_end(ap);
	fd = fits ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd >= 0) {
		n = read(fd, buf, len - 1);
		close(fd);
	}
	if (n < 0)
		n = 0;
	buf[n] = '\0';
	return n;
}

static bool is(const char *root, const char *path, char yes)
{
	char buf[8];

	read_start(buf, sizeof(buf), root, "%s", path);
	return buf[0] == yes;
}

/* What follows "KEY=" among the strings of a module, each of them between zeroes: "version" is not "srcversion". */
static void module_string(const char *map, size_t size, const char *key, char *to, size_t len)
{
	char start[16] = "";
	size_t n = snprintf(start + 1, sizeof(start) - 1, "%s=", key) + 1;
	const char *at = memmem(map, size, start, n), *end = map + size;

	*to = '\0';
	if (!at)
		return;
	for (at += n; at < end && *at && *at != ' ' && len > 1; len--)
		*to++ = *at++;
	*to = '\0';
}

static void look_into(struct vx_module_facts *f, int fd, size_t size)
{
	const size_t mark = strlen(SIGNATURE);
	const char *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

	if (map == MAP_FAILED)
		return;
	module_string(map, size, "version", f->file_version, sizeof(f->file_version));
	module_string(map, size, "vermagic", f->file_kernel, sizeof(f->file_kernel));
	f->file_signed = size > mark && !memcmp(map + size - mark, SIGNATURE, mark);
	munmap((void *)map, size);
}

static void look_at_file(struct vx_module_facts *f, const char *root, const char *path)
{
	struct stat st;
	int fd;

	snprintf(f->file, sizeof(f->file), "%s", path + strlen(root));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (!fstat(fd, &st) && st.st_size > 0)
		look_into(f, fd, st.st_size);
	close(fd);
}

/* In the order in which modprobe prefers them. */
static void find_file(struct vx_module_facts *f, const char *root)
{
	static const char *const dirs[] = { "updates/dkms", "updates", "extra" };
	static const char *const suffixes[] = { "", ".xz", ".zst", ".gz" };
	char path[VX_MODULE_TEXT];
	size_t i;

	for (i = 0; i < 12 && !*f->file; i++) {
		int n = snprintf(path, sizeof(path), "%s/lib/modules/%s/%s/vhost_xdp.ko%s", root, f->release, dirs[i / 4],
				 suffixes[i % 4]);

		if (n > 0 && n < (int)sizeof(path) && !access(path, F_OK))
			look_at_file(f, root, path);
	}
}

static void look_at_kernel(struct vx_module_facts *f, const char *root)
{
	unsigned long major, minor = 0;
	struct utsname u;
	char *rest;

	if (uname(&u))
		return;
	snprintf(f->release, sizeof(f->release), "%s", u.release);
	major = strtoul(u.release, &rest, 10);
	if (*rest == '.')
		minor = strtoul(rest + 1, NULL, 10);
	f->old = major < 6 || (major == 6 && minor < 1);
	f->realtime = strstr(u.version, "PREEMPT_RT") || is(root, "sys/kernel/realtime", '1');
	f->modules = exists(root, "proc/modules");
}

static void look_at_guards(struct vx_module_facts *f, const char *root)
{
	char buf[64];

	f->sealed = is(root, "proc/sys/kernel/modules_disabled", '1');
	read_start(buf, sizeof(buf), root, "sys/kernel/security/lockdown");
	f->locked_down = *buf && !strstr(buf, "[none]");
	f->sig_enforce = is(root, "sys/module/module/parameters/sig_enforce", 'Y');
	/* Four bytes of attributes, then the value. */
	f->secure_boot = read_start(buf, sizeof(buf), root, SECURE_BOOT) == 5 && buf[4] == 1;
	f->may_load = capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_MODULE);
}

static void look_at_devices(struct vx_module_facts *f, const char *root)
{
	char path[VX_MODULE_TEXT];
	struct stat st;

	f->control = exists(root, "%s", &VX_CONTROL_DEV[1]);
	if (snprintf(path, sizeof(path), "%s" VX_VHOST_DEV, root) < (int)sizeof(path) && !stat(path, &st)) {
		f->device = true;
		f->device_mode = st.st_mode;
	}
}

void vx_module_look(struct vx_module_facts *f, const char *root)
{
	memset(f, 0, sizeof(*f));
	look_at_kernel(f, root);
	f->loaded = exists(root, "sys/module/vhost_xdp/refcnt");
	read_start(f->loaded_version, sizeof(f->loaded_version), root, "sys/module/vhost_xdp/version");
	f->loaded_version[strcspn(f->loaded_version, "\n")] = '\0';
	find_file(f, root);
	f->headers = exists(root, "lib/modules/%s/build/Makefile", f->release);
	f->dkms = exists(root, "usr/sbin/dkms");
	f->dkms_source = exists(root, "usr/src/vhost-xdp-" VX_VERSION "/dkms.conf");
	look_at_guards(f, root);
	look_at_devices(f, root);
}
