// SPDX-License-Identifier: GPL-2.0-or-later
#include <bpf/bpf.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xdp_prog.h"

#define INSN(c, d, s, o, i)	((struct bpf_insn){ .code = (c), .dst_reg = (d), .src_reg = (s), .off = (o), .imm = (i) })
#define MOV_IMM(d, i)		INSN(BPF_ALU64 | BPF_MOV | BPF_K, d, 0, 0, i)
#define LOAD_FIELD(d, field)	INSN(BPF_LDX | BPF_MEM | BPF_W, d, BPF_REG_1, offsetof(struct xdp_md, field), 0)
#define LOAD_MAP(d, fd)		INSN(BPF_LD | BPF_DW | BPF_IMM, d, BPF_PSEUDO_MAP_FD, 0, fd), INSN(0, 0, 0, 0, 0)
#define CALL(f)			INSN(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_##f)
#define RETURN			INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static int die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(2);
}

static int load(enum bpf_prog_type type, enum bpf_attach_type attach, const struct bpf_insn *insn, size_t n)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach);
	int fd = bpf_prog_load(type, "vx_test", "GPL", insn, n, &opts);

	return fd < 0 ? die("a test's program") : fd;
}

#define LOAD(type, attach, code)	load(type, attach, code, sizeof(code) / sizeof((code)[0]))

int prog_verdict(enum bpf_prog_type type, enum bpf_attach_type attach, int verdict)
{
	const struct bpf_insn code[] = { MOV_IMM(BPF_REG_0, verdict), RETURN };

	return LOAD(type, attach, code);
}

int prog_to_sockets(int xskmap, int verdict)
{
	const struct bpf_insn code[] = {
		LOAD_FIELD(BPF_REG_2, rx_queue_index),
		LOAD_MAP(BPF_REG_1, xskmap),
		MOV_IMM(BPF_REG_3, verdict),
		CALL(redirect_map),
		RETURN,
	};

	return LOAD(BPF_PROG_TYPE_XDP, BPF_XDP, code);
}

int prog_to_sockets_but(int xskmap, uint8_t mark)
{
	const struct bpf_insn code[] = {
		LOAD_FIELD(BPF_REG_2, data),
		LOAD_FIELD(BPF_REG_3, data_end),
		INSN(BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_4, BPF_REG_2, 0, 0),
		INSN(BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_4, 0, 0, 15),
		MOV_IMM(BPF_REG_0, XDP_DROP),
		INSN(BPF_JMP | BPF_JGT | BPF_X, BPF_REG_4, BPF_REG_3, 7, 0),
		INSN(BPF_LDX | BPF_MEM | BPF_B, BPF_REG_4, BPF_REG_2, 14, 0),
		INSN(BPF_JMP | BPF_JEQ | BPF_K, BPF_REG_4, 0, 5, mark),
		LOAD_FIELD(BPF_REG_2, rx_queue_index),
		LOAD_MAP(BPF_REG_1, xskmap),
		MOV_IMM(BPF_REG_3, XDP_DROP),
		CALL(redirect_map),
		RETURN,
	};

	return LOAD(BPF_PROG_TYPE_XDP, BPF_XDP, code);
}

int prog_to_netdev(int devmap)
{
	const struct bpf_insn code[] = {
		LOAD_MAP(BPF_REG_1, devmap),
		MOV_IMM(BPF_REG_2, 0),
		MOV_IMM(BPF_REG_3, 0),
		CALL(redirect_map),
		RETURN,
	};

	return LOAD(BPF_PROG_TYPE_XDP, BPF_XDP, code);
}

int prog_tail_call(int prog_array)
{
	const struct bpf_insn code[] = {
		LOAD_MAP(BPF_REG_2, prog_array),
		MOV_IMM(BPF_REG_3, 0),
		CALL(tail_call),
		MOV_IMM(BPF_REG_0, XDP_DROP),
		RETURN,
	};

	return LOAD(BPF_PROG_TYPE_XDP, BPF_XDP, code);
}

int map_new(enum bpf_map_type type, uint32_t key, uint32_t value, uint32_t entries, uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);
	int fd = bpf_map_create(type, "vx_test", key, value, entries, &opts);

	return fd < 0 ? die("a test's map") : fd;
}

void map_set(int map, uint32_t key, const void *value)
{
	if (bpf_map_update_elem(map, &key, value, BPF_ANY))
		die("a test's map entry");
}
