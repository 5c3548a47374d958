// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "policy_calls.h"

#define VX_FUNCTIONS_MAX	256	/* as the verifier has it */

static bool is_call(const struct bpf_insn *insn, int src)
{
	return insn->code == (BPF_JMP | BPF_CALL) && insn->src_reg == src;
}

/* Where a function begins that this instruction calls, or takes the address of; 0: none. */
static size_t target(const struct bpf_insn *insns, size_t i)
{
	if (is_call(&insns[i], BPF_PSEUDO_CALL) ||
	    (insns[i].code == (BPF_LD | BPF_IMM | BPF_DW) && insns[i].src_reg == BPF_PSEUDO_FUNC))
		return i + insns[i].imm + 1;
	return 0;
}

/* The functions of a program that is loaded are described in their order; offsets are another matter there. */
static void name_function(const struct bpf_program *prog, int nth, int of, char name[VX_FUNCTION_NAME])
{
	static struct bpf_func_info funcs[VX_FUNCTIONS_MAX];
	struct bpf_prog_info info = {
		.nr_func_info = VX_FUNCTIONS_MAX,
		.func_info_rec_size = sizeof(funcs[0]),
		.func_info = (__u64)(unsigned long)funcs,
	};
	const struct btf_type *type;
	__u32 len = sizeof(info);
	struct btf *btf;

	snprintf(name, VX_FUNCTION_NAME, "a function");
	if (bpf_program__fd(prog) < 0 || bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len) ||
	    (int)info.nr_func_info != of || of > VX_FUNCTIONS_MAX)
		return;
	btf = btf__load_from_kernel_by_id(info.btf_id);
	type = btf ? btf__type_by_id(btf, funcs[nth].type_id) : NULL;
	if (type)
		snprintf(name, VX_FUNCTION_NAME, "%s()", btf__name_by_offset(btf, type->name_off));
	btf__free(btf);
}

bool vx_tail_call_below(const struct bpf_program *prog, char name[VX_FUNCTION_NAME])
{
	const struct bpf_insn *insns = bpf_program__insns(prog);
	size_t n = bpf_program__insn_cnt(prog), starts[VX_FUNCTIONS_MAX], i, at, call = 0;
	int funcs = 0, nth = 0, f;

	for (i = 0; i < n; i++) {
		at = target(insns, i);
		for (f = 0; f < funcs && starts[f] != at; f++)
			;
		if (at && at < n && f == funcs && funcs < VX_FUNCTIONS_MAX)
			starts[funcs++] = at;
	}
	/* libbpf puts the main program first: whatever is behind the start of another one is not of it. */
	for (i = 0; i < n && !call; i++) {
		for (f = 0, nth = 0; f < funcs; f++)
			nth += starts[f] <= i;
		if (nth && is_call(&insns[i], 0) && insns[i].imm == BPF_FUNC_tail_call)
			call = i;
	}
	if (call)
		name_function(prog, nth, funcs + 1, name);
	return call;
}
