/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What vx_finish writes before a frame that goes on to the clsact program of
 * its host end. A policy that returned XDP_PASS by itself wrote none.
 */
#ifndef VX_PASSED_BPF_H
#define VX_PASSED_BPF_H

#define VX_PASSED_MAGIC	0x76785031u
/* Before a super-frame that a host end redirects to another: nothing else may bring a frame of its length to a guest end. */
#define VX_WHOLE_MAGIC	0x76785731u

struct vx_passed {
	__u32 magic;
	__u32 port;
};

/* False: there was no room. */
static __always_inline bool vx_note(struct xdp_md *ctx, __u32 magic, __u32 port)
{
	struct vx_passed *note;

	if (bpf_xdp_adjust_meta(ctx, -(int)sizeof(*note)))
		return false;
	note = (void *)(long)ctx->data_meta;
	if ((void *)(note + 1) > (void *)(long)ctx->data)
		return false;
	note->magic = magic;
	note->port = port;
	return true;
}

#endif
