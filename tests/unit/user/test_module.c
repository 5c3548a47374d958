// SPDX-License-Identifier: GPL-2.0-or-later
/* What doctor says of the module, on given facts; how the facts are found; whose a port of the module is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../../../user/engine_kernel.h"
#include "../../../user/module.h"

/* A host on which nothing is in the way. */
static struct vx_module_facts host(void)
{
	struct vx_module_facts f = { .release = "6.12.1", .modules = true, .headers = true, .may_load = true };

	return f;
}

static struct vx_module_facts installed(void)
{
	struct vx_module_facts f = host();

	strcpy(f.file, "/lib/modules/6.12.1/updates/vhost_xdp.ko");
	strcpy(f.file_version, VX_VERSION);
	strcpy(f.file_kernel, "6.12.1");
	return f;
}

static struct vx_module_facts loaded(void)
{
	struct vx_module_facts f = installed();

	f.loaded = f.control = f.device = true;
	strcpy(f.loaded_version, VX_VERSION);
	f.device_mode = S_IFCHR | 0600;
	return f;
}

typedef enum vx_grade judge_fn(const struct vx_module_facts *f, char *text, size_t len);

static void says(judge_fn *judge, const struct vx_module_facts *f, enum vx_grade grade, const char *part)
{
	char text[VX_MODULE_TEXT];

	assert_int_equal(judge(f, text, sizeof(text)), grade);
	if (!strstr(text, part))
		fail_msg("no \"%s\" in: %s", part, text);
	assert_true(*part || !*text);
	assert_null(strchr(text, '\n'));
}

static void nothing_in_the_way(void **state)
{
	struct vx_module_facts f = installed();

	says(vx_module_judge, &f, VX_WARN, "is not loaded: modprobe vhost_xdp");
	says(vx_module_judge_version, &f, VX_OK, "as this program");
	says(vx_module_judge_device, &f, VX_OK, "");
	assert_string_equal(vx_module_engine(&f), "user");
	f = loaded();
	says(vx_module_judge, &f, VX_OK, "is loaded, version " VX_VERSION);
	says(vx_module_judge_version, &f, VX_OK, "as this program");
	says(vx_module_judge_device, &f, VX_OK, "is for root");
	assert_string_equal(vx_module_engine(&f), "kernel");
}

static void no_such_kernel(void **state)
{
	struct vx_module_facts f = installed();

	f.old = true;
	says(vx_module_judge, &f, VX_WARN, "is for Linux 6.1 and later, and this is 6.12.1");
	f = installed();
	f.realtime = true;
	says(vx_module_judge, &f, VX_WARN, "not for PREEMPT_RT");
	f = installed();
	f.modules = false;
	says(vx_module_judge, &f, VX_WARN, "built without modules");
	f = installed();
	f.sealed = true;
	says(vx_module_judge, &f, VX_WARN, "kernel.modules_disabled is set");
}

static void not_built(void **state)
{
	struct vx_module_facts f = host();

	says(vx_module_judge, &f, VX_WARN, "not built for this kernel: 'make modules_install'");
	f.dkms_source = true;
	says(vx_module_judge, &f, VX_WARN, "apt-get install dkms");
	f.dkms = true;
	says(vx_module_judge, &f, VX_WARN, "dkms install vhost-xdp/" VX_VERSION " -k 6.12.1");
	f.headers = false;
	says(vx_module_judge, &f, VX_WARN, "apt-get install linux-headers-6.12.1, then dkms autoinstall");
	f.dkms_source = false;
	says(vx_module_judge, &f, VX_WARN, "linux-headers-6.12.1, then 'make modules_install'");
	says(vx_module_judge_version, &f, VX_OK, "");
}

static void of_another_kernel(void **state)
{
	struct vx_module_facts f = installed();

	strcpy(f.file_kernel, "6.1.0");
	says(vx_module_judge, &f, VX_WARN, "is built for another kernel (6.1.0)");
}

static void signatures(void **state)
{
	struct vx_module_facts f = installed();

	f.sig_enforce = true;
	says(vx_module_judge, &f, VX_WARN, "takes only signed modules (module.sig_enforce)");
	f.locked_down = true;
	says(vx_module_judge, &f, VX_WARN, "(lockdown)");
	f.secure_boot = true;
	says(vx_module_judge, &f, VX_WARN, "(lockdown, by Secure Boot)");
	f.file_signed = true;
	says(vx_module_judge, &f, VX_WARN, "if its key is refused: mokutil --import");
	/* A compressed file tells nothing; modprobe will. */
	f.file_signed = false;
	f.file_kernel[0] = '\0';
	f.secure_boot = false;
	says(vx_module_judge, &f, VX_WARN, "modprobe vhost_xdp");
}

static void no_right_to_load(void **state)
{
	struct vx_module_facts f = installed();

	f.may_load = false;
	says(vx_module_judge, &f, VX_WARN, "no CAP_SYS_MODULE");
	f = loaded();
	f.may_load = false;
	says(vx_module_judge, &f, VX_OK, "is loaded");
	f.control = false;
	says(vx_module_judge, &f, VX_WARN, "no " VX_CONTROL_DEV);
	assert_string_equal(vx_module_engine(&f), "user");
}

static void versions(void **state)
{
	struct vx_module_facts f = loaded();

	strcpy(f.loaded_version, "0.0.9");
	says(vx_module_judge_version, &f, VX_WARN, "0.0.9 is loaded, but " VX_VERSION " installed");
	strcpy(f.file_version, "0.0.9");
	says(vx_module_judge_version, &f, VX_WARN, "0.0.9 is loaded, and this program is " VX_VERSION);
	f = installed();
	strcpy(f.file_version, "0.0.9");
	says(vx_module_judge_version, &f, VX_WARN, "0.0.9 is installed, and this program is " VX_VERSION);
}

static void devices(void **state)
{
	struct vx_module_facts f = loaded();

	f.device_mode = S_IFCHR | 0660;
	says(vx_module_judge_device, &f, VX_OK, "mode 0660: its group may open it");
	f.device_mode = S_IFCHR | 0666;
	says(vx_module_judge_device, &f, VX_WARN, "open to everybody (mode 0666)");
	f.device = false;
	says(vx_module_judge_device, &f, VX_WARN, "is missing");
	assert_string_equal(vx_module_engine(&f), "user");
}

/* A file of a host that is made up, below root. */
static void put(const char *root, const char *path, const void *data, size_t len)
{
	char name[512], *slash;
	int fd;

	assert_true(snprintf(name, sizeof(name), "%s%s", root, path) < (int)sizeof(name));
	for (slash = strchr(name + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(!mkdir(name, 0700) || errno == EEXIST);
		*slash = '/';
	}
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

#define PUT(root, path, data)	put(root, path, data, sizeof(data) - 1)

static void remove_root(const char *root)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", root);
	assert_int_equal(system(command), 0); /* NOLINT: a name of our own */
}

static void facts_of_an_empty_host(void **state)
{
	char root[] = "/tmp/vx-module-XXXXXX";
	struct vx_module_facts f;

	assert_non_null(mkdtemp(root));
	vx_module_look(&f, root);
	assert_false(f.loaded || f.modules || f.headers || f.dkms || f.dkms_source || f.sealed || f.locked_down || f.sig_enforce ||
		     f.secure_boot || f.control || f.device);
	assert_string_equal(f.file, "");
	assert_string_equal(f.loaded_version, "");
	assert_true(strlen(f.release) > 0);
	remove_root(root);
}

static void facts_of_a_guarded_host(void **state)
{
	char root[] = "/tmp/vx-module-XXXXXX", path[256], want[256];
	struct vx_module_facts f;
	struct utsname u;

	assert_int_equal(uname(&u), 0);
	assert_non_null(mkdtemp(root));
	PUT(root, "/proc/modules", "");
	PUT(root, "/proc/sys/kernel/modules_disabled", "1\n");
	PUT(root, "/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	PUT(root, "/sys/module/module/parameters/sig_enforce", "Y\n");
	PUT(root, "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", "\6\0\0\0\1");
	PUT(root, "/sys/module/vhost_xdp/refcnt", "0\n");
	PUT(root, "/sys/module/vhost_xdp/version", "1.2.3\n");
	PUT(root, "/usr/src/vhost-xdp-" VX_VERSION "/dkms.conf", "x");
	PUT(root, "/usr/sbin/dkms", "x");
	PUT(root, "/dev/vhost-xdp-control", "");
	PUT(root, "/dev/vhost-xdp", "");
	snprintf(path, sizeof(path), "/lib/modules/%s/build/Makefile", u.release);
	PUT(root, path, "x");
	snprintf(path, sizeof(path), "/lib/modules/%s/updates/vhost_xdp.ko", u.release);
	PUT(root, path, "ELF\0srcversion=ABC\0license=GPL\0version=4.5.6\0vermagic=6.1.9 SMP preempt\0~Module signature appended~\n");
	snprintf(path, sizeof(path), "/lib/modules/%s/extra/vhost_xdp.ko", u.release);
	PUT(root, path, "not this one");
	vx_module_look(&f, root);
	assert_true(f.loaded && f.modules && f.headers && f.dkms && f.dkms_source && f.sealed && f.locked_down && f.sig_enforce &&
		    f.secure_boot && f.control && f.device && f.file_signed);
	assert_string_equal(f.loaded_version, "1.2.3");
	snprintf(want, sizeof(want), "/lib/modules/%s/updates/vhost_xdp.ko", u.release);
	assert_string_equal(f.file, want);
	assert_string_equal(f.file_version, "4.5.6");
	assert_string_equal(f.file_kernel, "6.1.9");
	assert_int_equal(f.device_mode & 0777, 0600);
	remove_root(root);
}

static void facts_of_an_open_host(void **state)
{
	char root[] = "/tmp/vx-module-XXXXXX", path[256];
	struct vx_module_facts f;
	struct utsname u;

	assert_int_equal(uname(&u), 0);
	assert_non_null(mkdtemp(root));
	PUT(root, "/proc/sys/kernel/modules_disabled", "0\n");
	PUT(root, "/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	PUT(root, "/sys/module/module/parameters/sig_enforce", "N\n");
	PUT(root, "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c", "\6\0\0\0\0");
	snprintf(path, sizeof(path), "/lib/modules/%s/updates/dkms/vhost_xdp.ko.xz", u.release);
	PUT(root, path, "\xfd" "7zXZ");
	vx_module_look(&f, root);
	assert_false(f.sealed || f.locked_down || f.sig_enforce || f.secure_boot || f.file_signed);
	assert_string_equal(f.file, path);
	assert_string_equal(f.file_version, "");
	assert_string_equal(f.file_kernel, "");
	/* Nothing of a file is nothing to look into. */
	PUT(root, path, "");
	vx_module_look(&f, root);
	assert_string_equal(f.file, path);
	remove_root(root);
}

static void whose_port(void **state)
{
	struct vx_port port = { .id = 1, .cfg = { .name = "vm1", .host_ifindex = 7 } };
	struct vx_kport kp = { .info = { .name = "vm1", .host_ifindex = 7 } };
	struct stat ns;

	assert_int_equal(stat("/proc/self/ns/net", &ns), 0);
	assert_true(vx_kport_is(&kp, &port));
	kp.info.netns = ns.st_ino;
	assert_true(vx_kport_is(&kp, &port));
	kp.info.netns = ns.st_ino + 1;
	assert_false(vx_kport_here(&kp));
	assert_false(vx_kport_is(&kp, &port));
	kp.info.netns = 0;
	kp.info.host_ifindex = 8;
	assert_false(vx_kport_is(&kp, &port));
	kp.info.host_ifindex = 0;
	assert_true(vx_kport_is(&kp, &port));
	strcpy(kp.info.name, "vm11");
	assert_false(vx_kport_is(&kp, &port));
}

static void used_port(void **state)
{
	struct vx_kport kp = { .info = { .npairs = 2 } };

	assert_false(vx_kport_used(&kp));
	kp.pair[1].data_fd = 1;
	assert_true(vx_kport_used(&kp));
	kp.info.npairs = 1;
	assert_false(vx_kport_used(&kp));
	kp.info.vmms = 1;
	assert_true(vx_kport_used(&kp));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_in_the_way), cmocka_unit_test(no_such_kernel), cmocka_unit_test(not_built),
		cmocka_unit_test(of_another_kernel), cmocka_unit_test(signatures), cmocka_unit_test(no_right_to_load),
		cmocka_unit_test(versions), cmocka_unit_test(devices), cmocka_unit_test(facts_of_an_empty_host),
		cmocka_unit_test(facts_of_a_guarded_host), cmocka_unit_test(facts_of_an_open_host), cmocka_unit_test(whose_port),
		cmocka_unit_test(used_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
