// SPDX-License-Identifier: GPL-2.0-or-later
/* What is known of the module, put into one line each; the first reason that holds is the one to remove first. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine_kernel.h"
#include "module.h"

struct text {
	char *at;
	size_t len;
};

static enum vx_grade __attribute__((format(printf, 3, 4))) say(struct text t, enum vx_grade grade, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t.at, t.len, fmt, ap);
	va_end(ap);
	return grade;
}

/* Nothing that could be installed would help. */
static bool hopeless(const struct vx_module_facts *f)
{
	return f->old || f->realtime || !f->modules;
}

static enum vx_grade judge_hopeless(const struct vx_module_facts *f, struct text t)
{
	if (f->old)
		return say(t, VX_WARN, "is for Linux 6.1 and later, and this is %s; use 'engine user'", f->release);
	if (f->realtime)
		return say(t, VX_WARN, "is not for PREEMPT_RT kernels; use 'engine user'");
	return say(t, VX_WARN, "cannot be loaded: this kernel (%s) is built without modules; use 'engine user'", f->release);
}

static enum vx_grade judge_missing(const struct vx_module_facts *f, struct text t)
{
	if (!f->headers)
		return say(t, VX_WARN,
			   "is not built for this kernel, whose headers are missing as well: apt-get install linux-headers-%s, then "
			   "%s",
			   f->release, f->dkms_source ? "dkms autoinstall" : "'make modules_install' in the sources");
	if (f->dkms_source && f->dkms)
		return say(t, VX_WARN, "is not built for this kernel: dkms install vhost-xdp/%s -k %s", VX_VERSION, f->release);
	if (f->dkms_source)
		return say(t, VX_WARN, "is not built for this kernel: apt-get install dkms, then dkms install vhost-xdp/%s -k %s",
			   VX_VERSION, f->release);
	return say(t, VX_WARN, "is not built for this kernel: 'make modules_install' in the sources, or 'make dkms-install' for "
			       "this and later kernels");
}

static enum vx_grade judge_unsigned(const struct vx_module_facts *f, struct text t)
{
	return say(t, VX_WARN,
		   "is not signed, and this kernel takes only signed modules (%s): let DKMS sign it and enroll its key, mokutil "
		   "--import /var/lib/dkms/mok.pub; see README, Secure Boot",
		   f->locked_down ? f->secure_boot ? "lockdown, by Secure Boot" : "lockdown" : "module.sig_enforce");
}

static enum vx_grade judge_unloaded(const struct vx_module_facts *f, struct text t)
{
	if (f->sealed)
		return say(t, VX_WARN, "cannot be loaded until the next boot: kernel.modules_disabled is set; use 'engine user', or load "
				       "it before that is set");
	if (!*f->file)
		return judge_missing(f, t);
	if (*f->file_kernel && strcmp(f->file_kernel, f->release))
		return say(t, VX_WARN, "in %s is built for another kernel (%s); build it anew: 'make modules_install' in the sources",
			   f->file, f->file_kernel);
	/* A compressed file does not show its signature. */
	if (*f->file_kernel && !f->file_signed && (f->locked_down || f->sig_enforce))
		return judge_unsigned(f, t);
	if (!f->may_load)
		return say(t, VX_WARN, "is not loaded, and this process may not load it (no CAP_SYS_MODULE); on the host: modprobe "
				       "vhost_xdp");
	return say(t, VX_WARN, "is not loaded: modprobe vhost_xdp%s",
		   f->secure_boot && f->file_signed ? "; if its key is refused: mokutil --import /var/lib/dkms/mok.pub" : "");
}

enum vx_grade vx_module_judge(const struct vx_module_facts *f, char *text, size_t len)
{
	struct text t = { text, len };

	if (!f->loaded)
		return hopeless(f) ? judge_hopeless(f, t) : judge_unloaded(f, t);
	if (!f->control)
		return say(t, VX_WARN, "is loaded, but there is no %s here; in a container, pass it in", VX_CONTROL_DEV);
	return say(t, VX_OK, "is loaded, version %s", *f->loaded_version ? f->loaded_version : "unknown");
}

enum vx_grade vx_module_judge_version(const struct vx_module_facts *f, char *text, size_t len)
{
	struct text t = { text, len };

	if (f->loaded && *f->file_version && strcmp(f->loaded_version, f->file_version))
		return say(t, VX_WARN,
			   "%s is loaded, but %s installed; while no port uses it: rmmod vhost_xdp && modprobe vhost_xdp",
			   f->loaded_version, f->file_version);
	if (f->loaded && strcmp(f->loaded_version, VX_VERSION))
		return say(t, VX_WARN, "%s is loaded, and this program is %s; install both of one version", f->loaded_version,
			   VX_VERSION);
	if (!f->loaded && *f->file_version && strcmp(f->file_version, VX_VERSION))
		return say(t, VX_WARN, "%s is installed, and this program is %s; install both of one version", f->file_version,
			   VX_VERSION);
	if (f->loaded || *f->file_version)
		return say(t, VX_OK, "%s, as this program", VX_VERSION);
	return say(t, VX_OK, "%s", "");
}

enum vx_grade vx_module_judge_device(const struct vx_module_facts *f, char *text, size_t len)
{
	unsigned int mode = f->device_mode & 0777;
	struct text t = { text, len };

	if (!f->loaded)
		return say(t, VX_OK, "%s", "");
	if (!f->device)
		return say(t, VX_WARN, "%s is missing; in a container, pass it in", VX_VHOST_DEV);
	if (mode & 0007)
		return say(t, VX_WARN, "%s is open to everybody (mode %04o); chmod 0600, or 0660 for a group of VMMs", VX_VHOST_DEV, mode);
	if (mode & 0070)
		return say(t, VX_OK, "%s has mode %04o: its group may open it as well as root", VX_VHOST_DEV, mode);
	return say(t, VX_OK, "%s is for root (mode %04o); VMMs get it from 'port run' or from libvirt", VX_VHOST_DEV, mode);
}

const char *vx_module_engine(const struct vx_module_facts *f)
{
	return f->loaded && f->control && f->device ? "kernel" : "user";
}
