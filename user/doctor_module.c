// SPDX-License-Identifier: GPL-2.0-or-later
#include "doctor.h"
#include "module.h"

void vx_doctor_module(void)
{
	static enum vx_grade (*const judges[])(const struct vx_module_facts *f, char *text, size_t len) = {
		vx_module_judge, vx_module_judge_version, vx_module_judge_device,
	};
	static const char *const what[] = { "module", "module's version", "module's device" };
	char text[VX_MODULE_TEXT];
	struct vx_module_facts f;
	enum vx_grade grade;
	int i;

	vx_module_look(&f, "");
	for (i = 0; i < 3; i++) {
		grade = judges[i](&f, text, sizeof(text));
		if (*text)
			vx_finding(grade, what[i], "%s", text);
	}
	if (vx_module_engine(&f)[0] == 'k')
		vx_finding(VX_OK, "engine", "kernel or user: vhost-xdp port add ... engine kernel needs no process of ours to stay");
	else
		vx_finding(VX_OK, "engine", "user, the default: vhost-xdp serve; the kernel engine needs the module");
}
