/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What vx_finish writes before a frame that goes on to the clsact program of
 * its host end. A policy that returned XDP_PASS by itself wrote none.
 */
#ifndef VX_PASSED_BPF_H
#define VX_PASSED_BPF_H

#define VX_PASSED_MAGIC	0x76785031u

struct vx_passed {
	__u32 magic;
	__u32 port;
};

#endif
