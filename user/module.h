/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether this host has, loads or would load vhost_xdp.ko: what there is to know, and what follows from it. */
#ifndef VX_MODULE_H
#define VX_MODULE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "doctor.h"

#define VX_MODULE_TEXT		320
#define VX_MODULE_VERSION	32

struct vx_module_facts {
	char release[65];	/* of the running kernel */
	bool old;		/* older than 6.1 */
	bool modules;		/* the kernel can load modules at all */
	bool realtime;		/* PREEMPT_RT */

	bool loaded;
	char loaded_version[VX_MODULE_VERSION];

	char file[160];		/* the module of this kernel, or "" */
	char file_version[VX_MODULE_VERSION];	/* "" when the file is compressed */
	char file_kernel[65];	/* the kernel that it was built for */
	bool file_signed;

	bool headers;		/* of this kernel */
	bool dkms;		/* the command */
	bool dkms_source;	/* our sources of this version are where DKMS looks */

	bool sealed;		/* sysctl kernel.modules_disabled */
	bool locked_down;
	bool sig_enforce;
	bool secure_boot;
	bool may_load;		/* CAP_SYS_MODULE */

	bool control, device;	/* the files in /dev */
	mode_t device_mode;
};

/* root: "" or, for tests, the directory to take for "/". */
void vx_module_look(struct vx_module_facts *f, const char *root);

/* Pure: the text starts with a verb and ends with what to do. */
enum vx_grade vx_module_judge(const struct vx_module_facts *f, char *text, size_t len);
/* Loaded, installed and ours: of one version? Writes "" when there is nothing to compare. */
enum vx_grade vx_module_judge_version(const struct vx_module_facts *f, char *text, size_t len);
/* Who may open the device. Writes "" when nothing is loaded. */
enum vx_grade vx_module_judge_device(const struct vx_module_facts *f, char *text, size_t len);
/* "kernel" or "user": the engine to take here. */
const char *vx_module_engine(const struct vx_module_facts *f);

#endif
