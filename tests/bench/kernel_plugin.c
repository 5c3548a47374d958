// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A plugin for QEMU's TCG: where the instructions of a measured section went.
 *
 *	-plugin kernel_plugin.so,out=FILE
 *
 * kernel_drive executes marks around each section. For each section FILE gets
 *
 *	section NUMBER INSTRUCTIONS
 *	block ADDRESS INSTRUCTIONS TIMES	a piece of code without a branch, and what all its executions came to
 *	call FROM TO TIMES			the block that ended in a call, and where that went
 *
 * This is a count, not a sample. Distributions ship no header of this interface, so what is used of it is declared here.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef PLUGIN_API
#define PLUGIN_API	1	/* of QEMU 7 and 8; 2 for 9 and later */
#endif
#define EXPORT		__attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct plugin_info {
	const char *target;
	struct {
		int min, cur;
	} version;
};
enum { CB_NO_REGS };

void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id, void (*cb)(plugin_id id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb, void (*cb)(unsigned int cpu, void *data), int flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn, void (*cb)(unsigned int cpu, void *data), int flags, void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
/* Up to interface 2 it takes the instruction alone and returns the bytes; arguments too many do no harm. */
uintptr_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *dest, size_t len);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);

EXPORT int qemu_plugin_version = PLUGIN_API;
EXPORT int qemu_plugin_install(plugin_id id, const struct plugin_info *info, int argc, char **argv);

struct block;

struct edge {
	struct edge *next;
	struct block *to;
	uint64_t times;
};

struct block {
	uint64_t address;
	uint32_t insns;
	bool calls;		/* its last instruction is one */
	uint64_t times;
	struct edge *edges;	/* the one used last comes first */
};

static FILE *out;
static bool insn_data_copies;
static struct block **table;	/* open addressing; blocks stay where they are, because translated code points to them */
static uint32_t table_size = 1u << 17, table_used;

static bool counting;
static struct block *last;
static uint32_t number, bits;

static uint32_t hash(uint64_t address, uint32_t insns)
{
	return ((address ^ insns) * 0x9e3779b97f4a7c15ull) >> 32;
}

static struct block **slot_of(uint64_t address, uint32_t insns)
{
	uint32_t i = hash(address, insns) & (table_size - 1);

	while (table[i] && (table[i]->address != address || table[i]->insns != insns))
		i = (i + 1) & (table_size - 1);
	return &table[i];
}

static void *must(void *p)
{
	if (!p) {
		fprintf(stderr, "kernel_plugin: no memory\n");
		abort();
	}
	return p;
}

static void table_grow(void)
{
	struct block **old = table;
	uint32_t n = table_size;

	table_size *= 2;
	table = must(calloc(table_size, sizeof(*table)));
	for (uint32_t i = 0; i < n; i++)
		if (old[i])
			*slot_of(old[i]->address, old[i]->insns) = old[i];
	free(old);
}

static struct block *block_of(uint64_t address, uint32_t insns)
{
	struct block **slot;

	if (2 * table_used > table_size)
		table_grow();
	slot = slot_of(address, insns);
	if (!*slot) {
		*slot = must(calloc(1, sizeof(**slot)));
		(*slot)->address = address;
		(*slot)->insns = insns;
		table_used++;
	}
	return *slot;
}

static void edge_count(struct block *from, struct block *to)
{
	struct edge **p = &from->edges, *e;

	while (*p && (*p)->to != to)
		p = &(*p)->next;
	e = *p;
	if (e)
		*p = e->next;
	else
		e = must(calloc(1, sizeof(*e)));
	e->to = to;
	e->times++;
	e->next = from->edges;
	from->edges = e;
}

static void on_block(unsigned int cpu, void *data)
{
	struct block *b = data;

	if (!counting)
		return;
	b->times++;
	if (last && last->calls)
		edge_count(last, b);
	last = b;
}

static void forget(struct block *b)
{
	b->times = 0;
	for (struct edge *e = b->edges; e; e = e->next)
		e->times = 0;
}

static void section_write(void)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < table_size; i++)
		if (table[i])
			sum += table[i]->times * table[i]->insns;
	fprintf(out, "section %" PRIu32 " %" PRIu64 "\n", number, sum);
	for (uint32_t i = 0; i < table_size; i++) {
		struct block *b = table[i];

		if (!b || !b->times)
			continue;
		fprintf(out, "block %016" PRIx64 " %" PRIu64 " %" PRIu64 "\n", b->address, b->times * b->insns, b->times);
		for (struct edge *e = b->edges; e; e = e->next)
			if (e->times)
				fprintf(out, "call %016" PRIx64 " %016" PRIx64 " %" PRIu64 "\n", b->address, e->to->address, e->times);
	}
	fflush(out);
}

/* Bits of the next section's number, highest first; then start and stop. */
enum { MARK_START = 1, MARK_STOP, MARK_ZERO, MARK_ONE, MARKS };

static void on_mark(unsigned int cpu, void *data)
{
	switch ((uintptr_t)data) {
	case MARK_START:
		number = bits;
		bits = 0;
		for (uint32_t i = 0; i < table_size; i++)
			if (table[i])
				forget(table[i]);
		last = NULL;
		counting = true;
		break;
	case MARK_STOP:
		if (counting)
			section_write();
		counting = false;
		break;
	case MARK_ZERO:
	case MARK_ONE:
		bits = bits << 1 | ((uintptr_t)data == MARK_ONE);
		break;
	}
}

static size_t insn_bytes(const struct qemu_plugin_insn *insn, uint8_t bytes[16])
{
	size_t n = qemu_plugin_insn_size(insn);
	uintptr_t p;

	if (n > 16)
		n = 16;
	p = qemu_plugin_insn_data(insn, bytes, n);
	if (!insn_data_copies)
		memcpy(bytes, (const void *)p, n);
	return n;
}

/* A near call, direct or through a register or memory, behind any prefixes. */
static bool is_call(const uint8_t *b, size_t n)
{
	size_t i = 0;

	while (i + 1 < n && ((b[i] & 0xf0) == 0x40 || b[i] == 0x2e || b[i] == 0x3e || b[i] == 0x66))
		i++;
	return b[i] == 0xe8 || (b[i] == 0xff && i + 1 < n && (b[i + 1] >> 3 & 7) == 2);
}

static void on_translate(plugin_id id, struct qemu_plugin_tb *tb)
{
	static const uint8_t mark[] = { 0x0f, 0x1f, 0x80, 'v', 'x', 'k' };
	uint32_t n = qemu_plugin_tb_n_insns(tb);
	struct block *b = block_of(qemu_plugin_tb_vaddr(tb), n);
	uint8_t bytes[16] = { 0 };

	for (uint32_t i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		size_t len = insn_bytes(insn, bytes);

		if (len == sizeof(mark) + 1 && !memcmp(bytes, mark, sizeof(mark)) && bytes[sizeof(mark)] < MARKS)
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, CB_NO_REGS, (void *)(uintptr_t)bytes[sizeof(mark)]);
		else if (i == n - 1)
			b->calls = is_call(bytes, len);
	}
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, CB_NO_REGS, b);
}

int qemu_plugin_install(plugin_id id, const struct plugin_info *info, int argc, char **argv)
{
	insn_data_copies = info->version.cur >= 3;
	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], "out=", 4))
			out = fopen(argv[i] + 4, "w");
	if (!out) {
		fprintf(stderr, "kernel_plugin: out=FILE is needed, and must be writable\n");
		return -1;
	}
	table = must(calloc(table_size, sizeof(*table)));
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}
