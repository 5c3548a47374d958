/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which function of a program calls on what, read from its instructions. Nothing is printed. */
#ifndef VX_POLICY_CALLS_H
#define VX_POLICY_CALLS_H

#include <stdbool.h>

struct bpf_program;

#define VX_FUNCTION_NAME	80

/*
 * Does it make a tail call in a function that was not inlined? The kernel returns from there to the caller, and the
 * verdict is lost. Of a program that the kernel was asked to load: before, libbpf has not put its functions together.
 * The name is that of the function, or "a function" where the object does not tell.
 */
bool vx_tail_call_below(const struct bpf_program *prog, char name[VX_FUNCTION_NAME]);

#endif
