// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * policies_run OBJDIR GENERATOR ROUNDS: what policies cost per packet, one line
 * "KIND NAME NS" a sample. Runs in a network namespace of its own with a veth pair "gen", "sink".
 *
 *	run	by test runs of the port's program, over BENCH_FRAMES different frames
 *	wire	frames from "gen" through the filter on "sink": native XDP, or nftables' ingress hook
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <net/if.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <vhost_xdp/steer.h>

#include "acl_store.h"
#include "policies_rules.h"

#define FRAMES		256
#define RUN_REPEAT	4096	/* about a millisecond, so that some slices are disturbed by nobody */
#define RUN_SLICES	25
#define PORT		1

enum { SIZES = 3, POLICIES = 5 };

static const __u32 sizes[SIZES] = { 10, 1000, 10000 };
static const char *const policies[POLICIES] = { "allow", "antispoof", "acl", "ratelimit", "stateful" };
static const char *const chains[] = {
	"allow", "antispoof", "ratelimit", "stateful", "acl10", "acl1000", "acl10000", "antispoof,acl1000", "antispoof,acl1000,ratelimit",
	"antispoof,stateful,acl1000,ratelimit",
};

static struct bench {
	const char *dir;
	struct bpf_object *port, *gen, *policy[POLICIES];
	struct vx_acl_maps acl;
	struct vx_acl_rule *rules[SIZES];
	struct bench_frame frames[SIZES][FRAMES];
	__u32 gen_ifindex, sink_ifindex;
} B;

static void __attribute__((noreturn, format(printf, 1, 2))) die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

static double clock_of(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * 1e9 + ts.tv_nsec;
}

static double now(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

static int map_of(struct bpf_object *obj, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(obj, name);

	if (fd < 0)
		die("there is no map %s", name);
	return fd;
}

static int prog_of(struct bpf_object *obj, const char *name)
{
	struct bpf_program *prog = name ? bpf_object__find_program_by_name(obj, name) : bpf_object__next_program(obj, NULL);

	if (!prog)
		die("there is no program %s", name ? name : "in a policy");
	return bpf_program__fd(prog);
}

static void put(int fd, const void *key, const void *value)
{
	if (bpf_map_update_elem(fd, key, value, BPF_ANY))
		die("cannot update a map: %s", strerror(errno));
}

static struct bpf_object *load(const char *path)
{
	struct bpf_object *obj = bpf_object__open_file(path, NULL);
	struct bpf_map *map, *ours;

	if (!obj)
		die("cannot open %s", path);
	bpf_object__for_each_map(map, obj) {
		ours = B.port ? bpf_object__find_map_by_name(B.port, bpf_map__name(map)) : NULL;
		if (ours && !bpf_map__is_internal(map) && bpf_map__reuse_fd(map, bpf_map__fd(ours)))
			die("cannot share the map %s", bpf_map__name(map));
	}
	if (bpf_object__load(obj))
		die("cannot load %s", path);
	return obj;
}

static int open_map(void *arg, const char *name)
{
	return dup(map_of(arg, name));
}

/* Policies that are built, each in the slot of its number + 1. */
static void load_all(const char *generator)
{
	char path[512];
	__u32 i, slot, zero = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/vx_port.bpf.o", B.dir);
	B.port = load(path);
	for (i = 0; i < POLICIES; i++) {
		snprintf(path, sizeof(path), "%s/policy_%s.bpf.o", B.dir, policies[i]);
		if (access(path, R_OK))
			continue;
		B.policy[i] = load(path);
		slot = i + 1;
		fd = prog_of(B.policy[i], NULL);
		put(map_of(B.port, "vx_policy_v1"), &slot, &fd);
		if (!strcmp(policies[i], "acl") && vx_acl_maps_open(&B.acl, open_map, B.policy[i]))
			die("the policy acl has other maps");
	}
	B.gen = load(generator);
	fd = prog_of(B.port, "vx_port");
	put(map_of(B.gen, "next"), &zero, &fd);
}

/* Sets 1, 2, 3; the port's frames meet the one that use names. */
static void make_rules(void)
{
	struct vx_acl_built built;
	struct vx_acl_rules rules = {};
	__u32 i;

	for (i = 0; i < SIZES; i++) {
		struct vx_acl_source source = { .n = sizes[i], .cpus = libbpf_num_possible_cpus() };

		B.rules[i] = calloc(sizes[i], sizeof(*B.rules[i]));
		if (!B.rules[i])
			die("out of memory");
		rules_make(B.rules[i], sizes[i]);
		frames_make(B.rules[i], sizes[i], B.frames[i], FRAMES);
		source.rules = rules.rule = B.rules[i];
		rules.n = sizes[i];
		if (vx_acl_compile(&source, &built) || vx_acl_replace(&B.acl, i + 1, &rules, &built))
			die("cannot put %u rules in force", sizes[i]);
		free(built.image);
	}
}

static void make_port(void)
{
	struct vx_port_cfg cfg = { .mtu = 1500, .queue_pairs = 1, .mac = { 0x52, 0x54, 0, 0, 0, 1 }, .name = "sink" };
	struct vx_if vif = { .port = PORT, .direction = VX_TO_GUEST };
	__u32 id = PORT;

	B.gen_ifindex = if_nametoindex("gen");
	B.sink_ifindex = cfg.guest_ifindex = cfg.host_ifindex = if_nametoindex("sink");
	if (!B.gen_ifindex || !B.sink_ifindex)
		die("there is no veth pair gen, sink");
	put(map_of(B.port, "vx_ports"), &id, &cfg);
	put(map_of(B.port, "vx_ifs"), &B.sink_ifindex, &vif);
}

/* "antispoof,acl1000": the chain of ids, and which rules and frames. False: a policy of it is not built. */
static bool set_chain(const char *text, __u32 port)
{
	struct vx_chain_key key = { .port = port, .direction = VX_TO_GUEST };
	__u32 use = port * VX_DIRECTIONS + VX_TO_GUEST, zero = 0, k, n, set;
	struct bench_turn turn = { .frames = FRAMES };
	__u8 ids[VX_CHAIN_MAX] = {};
	int size = SIZES - 1, at = 0;

	for (; *text; text += n + (text[n] == ',')) {
		n = strcspn(text, ",");
		for (k = 0; k < POLICIES && strncmp(text, policies[k], strlen(policies[k])); k++)
			;
		if (k == POLICIES || !B.policy[k])
			return false;
		if (!strcmp(policies[k], "acl"))
			for (size = 0; size < SIZES - 1 && sizes[size] != strtoul(text + 3, NULL, 10); size++)
				;
		ids[at++] = k + 1;
	}
	put(map_of(B.port, "vx_chain_v1"), &key, ids);
	set = size + 1;
	put(B.acl.use, &use, &set);
	for (k = 0; k < FRAMES; k++)
		put(map_of(B.gen, "frames"), &k, &B.frames[size][k]);
	put(map_of(B.gen, "turn"), &zero, &turn);
	return true;
}

static void run_once(const char *chain)
{
	static __u8 data[BENCH_LEN];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = sizeof(data), .repeat = RUN_REPEAT);
	double start, ns, least = 1e9;
	int i;

	if (!set_chain(chain, VX_TRIAL_PORT))
		return;
	for (i = 0; i < RUN_SLICES; i++) {
		/* Not the time of day: others may have the CPU in between. */
		start = clock_of(CLOCK_THREAD_CPUTIME_ID);
		if (bpf_prog_test_run_opts(prog_of(B.gen, "generate"), &opts))
			die("test run: %s", strerror(errno));
		ns = (clock_of(CLOCK_THREAD_CPUTIME_ID) - start) / RUN_REPEAT;
		least = ns < least ? ns : least;
	}
	printf("run %s %.2f\n", chain, least);
}

static unsigned long long received(void)
{
	unsigned long long n = 0;
	FILE *f = fopen("/sys/class/net/sink/statistics/rx_packets", "r");

	if (!f || fscanf(f, "%llu", &n) != 1)
		die("cannot read the counters of sink");
	fclose(f);
	return n;
}

/* ns a frame, from the first that is sent to the last that is judged; few at a time where judging is slow, or rings overflow. */
static double send_frames(__u32 batch)
{
	static __u8 data[BENCH_LEN];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = data, .data_size_in = sizeof(data), .repeat = batch,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = batch < 64 ? batch : 64);
	struct bench_turn turn = { .frames = FRAMES, .ifindex = B.gen_ifindex };
	unsigned long long first = received(), last = first, n;
	double start = now(), end = start, limit = start + 1.5e8;
	__u32 zero = 0;

	put(map_of(B.gen, "turn"), &zero, &turn);
	while (now() < limit) {
		if (bpf_prog_test_run_opts(prog_of(B.gen, "generate"), &opts))
			die("live frames: %s", strerror(errno));
		/* Some may be left to ksoftirqd, which has this CPU, too. */
		for (n = received(); n != last; n = received()) {
			last = n;
			end = now();
			sched_yield();
		}
	}
	if (last - first < 16)
		die("only %llu frames arrived", last - first);
	return (end - start) / (last - first);
}

static void attach(int prog, __u32 flags)
{
	if (bpf_xdp_attach(B.sink_ifindex, prog, flags, NULL))
		die("cannot attach XDP to sink: %s", strerror(errno));
}

static void wire_xdp(const char *name, int prog)
{
	attach(prog, XDP_FLAGS_DRV_MODE);
	printf("wire %s %.2f\n", name, send_frames(20000));
	attach(-1, XDP_FLAGS_DRV_MODE);
}

static void wire_nft(const char *name, int size, int as_set)
{
	FILE *nft = popen("nft -f -", "w");
	double ns;

	if (!nft)
		die("cannot run nft");
	rules_nft(nft, B.rules[size < 0 ? 0 : size], size < 0 ? 0 : sizes[size], "sink", as_set);
	if (pclose(nft))
		die("nft does not take the rules");
	ns = send_frames(size < 1 || as_set ? 20000 : size == 1 ? 64 : 16);
	printf("wire %s %.2f\n", name, ns);
	if (system("nft delete table netdev bench"))
		die("nft does not give the rules back");
}

static void wire_all(void)
{
	char name[32];
	int i;

	wire_xdp("drop", prog_of(B.gen, "drop"));
	set_chain("allow", PORT);
	wire_xdp("allow", prog_of(B.port, "vx_port"));
	for (i = 0; i < SIZES; i++) {
		snprintf(name, sizeof(name), "acl%u", sizes[i]);
		set_chain(name, PORT);
		wire_xdp(name, prog_of(B.port, "vx_port"));
	}
	wire_nft("nft0", -1, 0);
	for (i = 0; i < SIZES; i++) {
		snprintf(name, sizeof(name), "acl%u", sizes[i]);
		set_chain(name, PORT);
		snprintf(name, sizeof(name), "nft%u", sizes[i]);
		wire_nft(name, i, 0);
	}
	wire_nft("nftset10000", SIZES - 1, 1);
}

/* Some other filter that has been attached to sink by others. */
static void wire_other(const char *name)
{
	set_chain("acl10000", PORT);
	printf("wire %s %.2f\n", name, send_frames(20000));
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	return 0;
}

int main(int argc, char **argv)
{
	cpu_set_t one;
	size_t i;
	int rounds;

	if (argc < 4)
		die("usage: policies_run OBJDIR GENERATOR ROUNDS [NAME of a filter that is attached to sink]");
	B.dir = argv[1];
	rounds = atoi(argv[3]);
	libbpf_set_print(quiet);
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	sched_setaffinity(0, sizeof(one), &one);
	load_all(argv[2]);
	make_rules();
	make_port();
	while (rounds--) {
		if (argc > 4) {
			wire_other(argv[4]);
			continue;
		}
		for (i = 0; i < sizeof(chains) / sizeof(chains[0]); i++)
			run_once(chains[i]);
		wire_all();
		fflush(stdout);
	}
	return 0;
}
