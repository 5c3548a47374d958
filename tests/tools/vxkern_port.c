// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vxkern_port COMMAND NAME [WORD VALUE]...: a port of the kernel engine made by hand, without our own command line and its
 * programs, for tests of the module alone. Nothing of this process stays when it has ended.
 *
 * add NAME host H guest G	PORT_NEW and PORT_ATTACH on a veth pair, with pairs N (1), shared 1 (one UMEM for all),
 *				entries N (2048) of the AF_XDP rings,
 *				mtu N (1500), prog WHAT (pass); attach: the same without PORT_NEW
 * prog NAME prog WHAT		what is done with frames from the guest: pass (to the host end), drop, tx, abort, or the name of a
 *				netdev where they leave; or tail:FILE, whatever is in slot 0 of the PROG_ARRAY pinned at FILE, which the
 *				port then keeps
 * slot FILE prog WHAT		a PROG_ARRAY pinned at FILE, made if there is none, gets it
 * detach NAME, del NAME, gone NAME (both, the port need not be there)
 * show NAME			its state, a line for each vring; and page FILE: counters from the page pinned at FILE (add ... page FILE)
 * totals			what the module holds; totals idle: false unless that is nothing at all, waited for
 * cycle NAME host H guest G	rounds N of new, attach, open, detach, del; totals are what they were
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/kport.h"
#include "lib/words.h"
#include "lib/xdp_prog.h"

#include <vhost_xdp/stats.h>

static const char *name, *host, *guest, *what = "pass", *page_file;
static uint64_t pairs = 1, entries = 2048, mtu = 1500, rounds = 500, shared;
static int control;

static void fail(const char *text, int err)
{
	fprintf(stderr, "vxkern_port: %s: %s\n", text, strerror(err));
	exit(1);
}

static void check(const char *text, int err)
{
	if (err)
		fail(text, err);
}

static int program(const char *kind)
{
	uint32_t ifindex = if_nametoindex(kind);
	int map;

	if (!strncmp(kind, "tail:", 5)) {
		map = bpf_obj_get(kind + 5);
		return map < 0 ? (fail(kind, errno), -1) : prog_tail_call(map);
	}
	if (ifindex) {
		map = map_new(BPF_MAP_TYPE_DEVMAP_HASH, 4, 4, 1, 0);
		map_set(map, 0, &ifindex);
		return prog_to_netdev(map);
	}
	if (strcmp(kind, "pass") && strcmp(kind, "drop") && strcmp(kind, "tx") && strcmp(kind, "abort"))
		fail(kind, ENODEV);
	return prog_verdict(BPF_PROG_TYPE_XDP, BPF_XDP, !strcmp(kind, "pass") ? XDP_PASS : !strcmp(kind, "drop") ? XDP_DROP :
			    !strcmp(kind, "tx") ? XDP_TX : XDP_ABORTED);
}

static void attach(void)
{
	static struct kport p;

	if (!host || !guest)
		fail("host and guest are wanted", EINVAL);
	kport_chunk = mtu > 1500 ? 4096 : 2048;
	p.shared = shared;
	kport_prepare(&p, name, host, guest, pairs, entries);
	if (!strncmp(what, "tail:", 5)) {
		p.keep[p.attach.nkeep++] = bpf_obj_get(what + 5);
		p.attach.keep = (uintptr_t)p.keep;
	}
	if (page_file) {
		unlink(page_file);
		if (bpf_obj_pin(p.page, page_file))
			fail(page_file, errno);
	}
	check("PORT_ATTACH", kport_attach(control, &p, program(what)));
}

static void add(void)
{
	check("PORT_NEW", kport_new(control, name, pairs, mtu));
	attach();
}

static void set_prog(void)
{
	check("PORT_SET_PROG", kport_set_prog(control, name, program(what)));
}

static void slot(void)
{
	int map = bpf_obj_get(name), prog = program(what);
	uint32_t zero = 0;

	if (map < 0) {
		map = map_new(BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1, 0);
		if (bpf_obj_pin(map, name))
			fail(name, errno);
	}
	if (bpf_map_update_elem(map, &zero, &prog, BPF_ANY))
		fail("the PROG_ARRAY's slot", errno);
}

static void detach(void)
{
	check("PORT_DETACH", kport_detach(control, name));
}

static void del(void)
{
	check("PORT_DEL", kport_del(control, name));
}

static void gone(void)
{
	int err;

	kport_detach(control, name);
	err = kport_del(control, name);
	if (err && err != ENOENT)
		fail("PORT_DEL", err);
}

/* --- to be read ------------------------------------------------------------------- */

static void show_vring(const char *dir, uint32_t pair, const struct vhost_xdp_vring_info *v)
{
	printf("vring %s %u running %u broken %u num %u packed %u avail %u used %u worker %d cpu %d logging %u kicks %" PRIu64
	       " calls %" PRIu64 " error \"%.*s\"\n", dir, pair, v->running, v->broken, v->num, v->packed, v->avail, v->used,
	       v->worker_tid, v->worker_cpu, v->logging, (uint64_t)v->kicks, (uint64_t)v->calls, (int)sizeof(v->error), v->error);
}

static void show_page(void)
{
	const struct vx_engine_page *page;
	int map = bpf_obj_get(page_file);
	size_t size = (sizeof(*page) + 4095) & ~4095ul;

	page = map < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ, MAP_SHARED, map, 0);
	if (page == MAP_FAILED)
		fail(page_file, errno);
	printf("page state %u features 0x%" PRIx64 "\n", page->state, (uint64_t)page->features);
	for (unsigned int q = 0; q < page->queue_pairs && q < VX_QUEUE_PAIRS_MAX; q++) {
		for (int dir = 0; dir < VX_DIRECTIONS; dir++) {
			const struct vx_queue_stats *s = &page->queue[q][dir];

			printf("counters %u %s packets %" PRIu64 " errors %" PRIu64, q, dir ? "from-guest" : "to-guest",
			       (uint64_t)s->packets, (uint64_t)s->errors);
#define X(symbol, n, text) if (s->drops[n]) printf(" " text " %" PRIu64, (uint64_t)s->drops[n]);
			VX_REASONS(X)
#undef X
			printf("\n");
		}
	}
}

static void show(void)
{
	static const char *const states[] = { "new", "attached", "down" };
	struct vhost_xdp_pair_info pair[VHOST_XDP_PAIRS_MAX];
	struct vhost_xdp_port_info info = { .npairs = VHOST_XDP_PAIRS_MAX, .pairs = (uintptr_t)pair };

	strncpy(info.name, name, sizeof(info.name) - 1);
	if (ioctl(control, VHOST_XDP_PORT_GET, &info) < 0)
		fail("PORT_GET", errno);
	printf("port %s state %s vmms %u prog %u error \"%.*s\"\n", info.name, info.state < 3 ? states[info.state] : "?", info.vmms,
	       info.prog_id, (int)sizeof(info.error), info.error);
	for (uint32_t i = 0; i < info.npairs; i++) {
		const struct vhost_xdp_pair_info *p = &pair[i];
		uint32_t frames = 0;

		for (int j = 0; j < 8; j++)
			frames += p->frames[j];
		show_vring("to-guest", i, &p->to_guest);
		show_vring("from-guest", i, &p->from_guest);
		printf("pair %u fill %u rx %u tx %u completion %u frames %u data_fd %u\n", i, p->fill, p->rx, p->tx, p->completion,
		       frames, p->data_fd);
	}
	if (page_file)
		show_page();
}

static void totals(void)
{
	const struct vhost_xdp_totals nothing = { 0 };
	struct vhost_xdp_totals t = kport_totals(control);

	kport_print_totals(&t);
	if (name && !strcmp(name, "idle") && !kport_settled(control, &nothing))
		exit(1);
}

static void cycle(void)
{
	struct vhost_xdp_totals before = kport_totals(control);
	int prog = program(what);

	for (uint64_t i = 0; i < rounds; i++) {
		struct kport p = { .shared = shared };
		int fd;

		check("PORT_NEW", kport_new(control, name, pairs, mtu));
		kport_sockets(&p, name, host, guest, pairs, entries);
		check("PORT_ATTACH", kport_attach(control, &p, prog));
		kport_forget(&p);
		fd = kport_open(control, name, 0, i % 2 ? VHOST_XDP_OPEN_READ : 0);
		check("PORT_OPEN", fd < 0 ? errno : 0);
		if (i % 3)
			close(fd);
		if (i % 5)
			check("PORT_DETACH", kport_detach(control, name));
		if (!(i % 3))
			close(fd);
		check("PORT_DEL", kport_del(control, name));
	}
	close(prog);
	if (!kport_settled(control, &before))
		fail("totals are not what they were", EUCLEAN);
	printf("%" PRIu64 " rounds\n", rounds);
}

static const struct {
	const char *command;
	void (*run)(void);
} commands[] = {
	{ "add", add }, { "attach", attach }, { "prog", set_prog }, { "slot", slot }, { "detach", detach }, { "del", del },
	{ "gone", gone }, { "show", show }, { "totals", totals }, { "cycle", cycle },
};

int main(int argc, char **argv)
{
	const struct word table[] = {
		{ "host", WORD_TEXT, &host }, { "guest", WORD_TEXT, &guest }, { "prog", WORD_TEXT, &what },
		{ "page", WORD_TEXT, &page_file }, { "pairs", WORD_U64, &pairs }, { "entries", WORD_U64, &entries },
		{ "mtu", WORD_U64, &mtu }, { "shared", WORD_U64, &shared }, { "rounds", WORD_U64, &rounds }, {}
	};

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(argv[1], commands[i].command))
			continue;
		if (argc > 2)
			name = argv[2];
		else if (commands[i].run != totals)
			break;
		words_parse("vxkern_port COMMAND NAME", table, argc > 2 ? argc - 3 : 0, argv + 3);
		control = kport_control();
		commands[i].run();
		return 0;
	}
	fprintf(stderr, "usage: vxkern_port add|attach|prog|slot|detach|del|gone|show|totals|cycle NAME [WORD VALUE]...\n");
	return 2;
}
