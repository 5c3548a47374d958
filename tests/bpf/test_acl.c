// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The policy acl behind the port's own parser: random rules and frames against
 * the simple model of acl_model.h, replacement under load, rollback, counters, what
 * its memory is bound to.
 */
#include "plane.h"
#include <pthread.h>
#include <time.h>
#include "acl_store.h"
#include "acl_words.h"
#include "acl_model.h"

#define ACL	3
#define SET	VX_ACL_SET_OF_PORT(1, VX_TO_GUEST)
#define CPU	0

static struct vx_acl_maps maps;
static struct model M;
static struct vx_acl_rule all_rules[2000];

static int open_map(void *arg, const char *name)
{
	int fd = bpf_object__find_map_fd_by_name(arg, name);

	return fd < 0 ? fd : dup(fd);
}

static int up(void **state)
{
	static const __u8 chain[VX_CHAIN_MAX] = { ACL };
	cpu_set_t one;

	plane_up(state);
	P.policy[ACL] = plane_policy("policy_acl.bpf.o", "acl", ACL);
	assert_int_equal(vx_acl_maps_open(&maps, open_map, P.policy[ACL]), 0);
	set_chain(1, VX_TO_GUEST, chain);
	/* A test run counts where it runs. */
	CPU_ZERO(&one);
	CPU_SET(CPU, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	return 0;
}

static int down(void **state)
{
	vx_acl_maps_close(&maps);
	return plane_down(state);
}

static void use(__u32 set)
{
	__u32 key = 1 * VX_DIRECTIONS + VX_TO_GUEST;

	assert_int_equal(bpf_map_update_elem(maps.use, &key, &set, BPF_ANY), 0);
}

/* Put rules in force; 0 or what the compiler or store said. */
static int replace(const struct vx_acl_rules *rules, const struct vx_acl_members *groups, __u32 n_groups)
{
	struct vx_acl_source source = { .rules = rules->rule, .n = rules->n, .allow = rules->allow, .groups = groups, .n_groups = n_groups,
					.cpus = libbpf_num_possible_cpus() };
	struct vx_acl_built built;
	int err = vx_acl_compile(&source, &built);

	if (!err)
		err = vx_acl_replace(&maps, SET, rules, &built);
	free(built.image);
	return err;
}

static struct vx_acl_rule rule(const char *text, __u32 number)
{
	char copy[VX_ACL_TEXT], why[VX_ACL_TEXT] = "", *words[VX_ACL_WORDS];
	struct vx_acl_rule r;

	snprintf(copy, sizeof(copy), "%s", text);
	if (vx_acl_parse(vx_acl_split(copy, words), words, &r, why))
		fail_msg("%s: %s", text, why);
	r.number = number;
	return r;
}

/* Rules as text, in their order. "default allow" may come first. */
static void put_rules(const char *const *text)
{
	struct vx_acl_rule list[32];
	struct vx_acl_rules rules = { .rule = list };

	if (*text && !strcmp(*text, "default allow")) {
		rules.allow = true;
		text++;
	}
	for (; *text; text++, rules.n++)
		list[rules.n] = rule(*text, rules.n + 1);
	assert_int_equal(replace(&rules, NULL, 0), 0);
	use(SET);
}

#define RULES(...)	put_rules((const char *const[]){ __VA_ARGS__ __VA_OPT__(,) NULL })

static void put_l4(struct frame *f, const struct desc *d)
{
	switch (d->proto) {
	case 6:
		tcp(f, d->sport, d->dport);
		break;
	case 17:
	case 136:
		udp(f, d->sport, d->dport);
		break;
	case 33:
	case 132:
		fill(put16(put16(f, d->sport), d->dport), 12);
		break;
	case 1:
	case 58:
		put16(put8(put8(f, d->type), d->code), 0);
		/* Neighbour discovery has to be whole, or it is malformed. */
		fill(f, d->type == 134 ? 12 : d->type == 133 ? 4 : d->type == 137 ? 36 : 20);
		break;
	default:
		fill(f, 24);
	}
}

static void build(struct frame *f, const struct desc *d)
{
	static const char zero[16];

	if (d->family == 0) {
		fill(eth(f, GUEST1, STRANGER, 0x88cc), 46);
		return;
	}
	if (d->family == 1) {
		eth(f, ALL, STRANGER, 0x0806);
		put16(put16(put8(put8(put16(put16(f, 1), 0x0800), 6), 4), 1), 0x0200);
		put(put(put(put(f, zero, 4), d->src, 4), zero, 6), d->dst, 4);
		f->b[18] = 6;
		f->b[19] = 4;
		f->len = 42;
		return;
	}
	eth(f, GUEST1, STRANGER, d->family == 4 ? 0x0800 : 0x86dd);
	if (d->family == 4) {
		ip4(f, "0.0.0.0", "0.0.0.0", d->proto, d->fragment == WHOLE ? 0 : d->fragment == FIRST ? 0x2000 : 0x2008, rnd(4) ? 0 : rnd(6));
		memcpy(f->b + f->l3 + 12, d->src, 4);
		memcpy(f->b + f->l3 + 16, d->dst, 4);
	} else {
		bool options = d->fragment == WHOLE && !rnd(4);

		ip6(f, "::", "::", d->fragment != WHOLE ? 44 : options ? 60 : d->proto);
		memcpy(f->b + f->l3 + 8, d->src, 16);
		memcpy(f->b + f->l3 + 24, d->dst, 16);
		if (options)
			ext(f, d->proto, rnd(3));
		if (d->fragment != WHOLE)
			frag6(f, d->proto, d->fragment == FIRST ? 1 : 64);
	}
	if (d->fragment == LATER)
		fill(f, 32);
	else
		put_l4(f, d);
	ip_end(f);
	/* More than the frame has. */
	if (d->malformed)
		f->b[f->l3 + (d->family == 4 ? 2 : 4)] = 0x40;
}

/* The ARP header is written out above only as far as it matters; this is all of it. */
static void build_arp(struct frame *f, const struct desc *d)
{
	char src[16], dst[16];

	inet_ntop(AF_INET, d->src, src, sizeof(src));
	inet_ntop(AF_INET, d->dst, dst, sizeof(dst));
	eth(f, ALL, STRANGER, 0x0806);
	arp(f, 1, STRANGER, src, dst);
}

struct verdict {
	bool pass;
	__u16 reason;
	__u32 rule;	/* in the drop */
};

static struct verdict judge(struct frame *f)
{
	struct vx_pkt pkt[libbpf_num_possible_cpus()];
	struct verdict v;
	__u32 zero = 0;
	int ret = run_xdp(bpf_program__fd(P.port->progs.vx_port), f, P.guest_end[1], 0);

	v.pass = ret == XDP_REDIRECT;
	if (!v.pass)
		assert_int_equal(ret, XDP_DROP);
	assert_int_equal(bpf_map_lookup_elem(bpf_map__fd(P.port->maps.vx_frame_v1), &zero, pkt), 0);
	v.reason = pkt[CPU].reason;
	v.rule = pkt[CPU].rule >> 8;
	if (!v.pass)
		assert_int_equal(pkt[CPU].rule & 255, ACL);
	return v;
}

static void report(const char *what, __u32 place)
{
	char text[VX_ACL_TEXT] = "default";

	if (place < M.n)
		vx_acl_text(&M.rule[place], text);
	print_message("%s %u: %s\n", what, place, text);
}

struct expected {
	struct vx_counter rule[2000], fallback[2];
	__u64 malformed;
};

static void one_packet(struct expected *e)
{
	struct vx_counter *c;
	struct verdict v;
	struct frame f;
	struct desc d;
	__u32 place;
	bool allow;

	random_desc(&M, &d);
	if (d.family == 1)
		build_arp(&f, &d);
	else
		build(&f, &d);
	place = model_judge(&M, &d, &allow);
	v = judge(&f);
	if (d.malformed && d.family >= 4) {
		assert_false(v.pass);
		assert_int_equal(v.reason, VX_REASON_MALFORMED);
		return;
	}
	if (v.pass != allow || (!v.pass && (v.reason != VX_REASON_DENIED || v.rule != (place < M.n ? M.rule[place].number : 0)))) {
		report("expected", place);
		if (!v.pass)
			report("found", v.rule - 1);
		fail_msg("verdict %d reason %u; family %d proto %u fragment %d ports %u %u type %u code %u", v.pass, v.reason, d.family, d.proto,
			 d.fragment, d.sport, d.dport, d.type, d.code);
	}
	c = place < M.n ? &e->rule[place] : &e->fallback[d.family == 1 || model_nd(&d)];
	c->packets++;
	c->bytes += f.len;
}

static void compare_counters(const struct expected *e)
{
	struct vx_acl_rules rules;
	__u32 i;

	assert_int_equal(vx_acl_read(&maps, SET, -1, &rules), 0);
	assert_int_equal(rules.n, M.n);
	for (i = 0; i < M.n; i++)
		if (rules.rule[i].packets != e->rule[i].packets || rules.rule[i].bytes != e->rule[i].bytes)
			fail_msg("rule %u of %u counts %llu packets, %llu bytes; met by %llu, %llu", i, M.n, rules.rule[i].packets,
				 rules.rule[i].bytes, e->rule[i].packets, e->rule[i].bytes);
	for (i = 0; i < 2; i++) {
		assert_int_equal(rules.fallback[i].packets, e->fallback[i].packets);
		assert_int_equal(rules.fallback[i].bytes, e->fallback[i].bytes);
	}
	vx_acl_rules_free(&rules);
}

/* Whatever the rules, a frame meets what the model says, and is counted there. */
static void random_sets(void **state)
{
	static const __u32 sizes[] = { 10, 25, 64, 150, 400, 512, 513, 700, 1300, 2000 };
	static struct expected e;
	const char *given = getenv("VX_SEED");
	struct vx_acl_rules rules;
	__u32 i, round, k;

	model_state = given ? strtoull(given, NULL, 0) : (unsigned long long)time(NULL) * 2654435761u | 1;
	printf("seed: VX_SEED=%llu\n", model_state);
	use(SET);
	for (round = 0; round < 2; round++)
		for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			memset(&e, 0, sizeof(e));
			random_model(&M, all_rules, sizes[i]);
			rules = (struct vx_acl_rules){ .rule = M.rule, .n = M.n, .allow = M.allow };
			vx_acl_drop(&maps, SET);
			assert_int_equal(replace(&rules, M.group, MODEL_GROUPS), 0);
			for (k = 0; k < 1000; k++)
				one_packet(&e);
			compare_counters(&e);
		}
}

static void frame_of(struct frame *f, const char *words)
{
	char copy[256], why[VX_ACL_TEXT] = "", *word[VX_ACL_WORDS];
	struct desc d = {};
	struct vx_pkt pkt;

	snprintf(copy, sizeof(copy), "%s", words);
	if (vx_acl_packet(vx_acl_split(copy, word), word, &pkt, why))
		fail_msg("%s: %s", words, why);
	d.family = pkt.flags & VX_PKT_IP4 ? 4 : pkt.flags & VX_PKT_IP6 ? 6 : pkt.flags & VX_PKT_ARP ? 1 : 0;
	d.proto = pkt.ip_proto;
	memcpy(d.src, pkt.saddr, 16);
	memcpy(d.dst, pkt.daddr, 16);
	d.sport = pkt.sport;
	d.dport = pkt.dport;
	d.type = pkt.icmp_type;
	d.code = pkt.icmp_code;
	d.fragment = pkt.frag_off ? LATER : WHOLE;
	if (d.family == 1)
		build_arp(f, &d);
	else
		build(f, &d);
}

/* Which rule drops it; 0: the default; -1: it passes. */
static int meets(const char *words)
{
	struct verdict v;
	struct frame f;

	frame_of(&f, words);
	v = judge(&f);
	if (!v.pass)
		assert_int_equal(v.reason, VX_REASON_DENIED);
	return v.pass ? -1 : (int)v.rule;
}

#define PASSES(words)		assert_int_equal(meets(words), -1)
#define DENIED(words, rule)	assert_int_equal(meets(words), rule)

static void what_is_said_of_fragments(void **state)
{
	RULES("allow tcp dport 22", "allow udp src 10.0.0.0/8");
	PASSES("tcp dport 22 dst 10.0.0.1");
	DENIED("tcp fragment dst 10.0.0.1", 0);	/* the allowed port is not seen */
	PASSES("udp fragment src 10.0.0.1");
	RULES("default allow", "deny tcp dport 25 src 10.0.0.0/8");
	DENIED("tcp dport 25 src 10.0.0.1", 1);
	PASSES("tcp dport 26 src 10.0.0.1");
	DENIED("tcp fragment src 10.0.0.1", 1);	/* may belong to what is denied */
	PASSES("tcp fragment src 11.0.0.1");
	PASSES("udp fragment src 10.0.0.1");
	RULES("default allow", "allow tcp fragment", "deny tcp dport 25");
	PASSES("tcp fragment src 10.0.0.1");
	DENIED("tcp dport 25 src 10.0.0.1", 2);
	RULES("default allow", "deny tcp", "allow 60");
	DENIED("60 fragment src 2001:db8::1", 1);	/* what comes behind destination options is not seen */
	PASSES("udp fragment src 2001:db8::1");
	PASSES("60 fragment src 10.0.0.1");	/* IPv4 has no such headers */
}

static void what_no_guest_lives_without(void **state)
{
	RULES("deny any", "deny icmp6");
	PASSES("arp src 10.0.0.1 dst 10.0.0.2");
	PASSES("nd src fe80::1");
	PASSES("icmp6 type 134 src fe80::1");
	DENIED("icmp6 type 137 src fe80::1", 1);
	DENIED("icmp6 type 128 src fe80::1", 1);
	DENIED("non-ip", 0);
	RULES("deny arp src 10.0.0.1", "deny icmp6 type 134", "allow nd src fe80::/64", "deny nd", "allow non-ip");
	DENIED("arp src 10.0.0.1 dst 10.0.0.2", 1);
	PASSES("arp src 10.0.0.3 dst 10.0.0.2");
	DENIED("icmp6 type 134 src fe80::1", 2);
	PASSES("nd src fe80::1");
	DENIED("nd src 2001:db8::1", 4);
	PASSES("non-ip");
	RULES("default allow");
	PASSES("non-ip");
}

static void which_set_is_used(void **state)
{
	RULES("deny tcp dport 1");
	use(VX_ACL_SET_DEFAULT);
	DENIED("udp dport 1 dst 10.0.0.1", 0);	/* no set at all */
	use(SET);
	DENIED("tcp dport 1 dst 10.0.0.1", 1);
	vx_acl_drop(&maps, SET);
	DENIED("udp dport 1 dst 10.0.0.1", 0);
	use(VX_ACL_SETS + 5);
	DENIED("udp dport 1 dst 10.0.0.1", 0);
}

static __u64 packets_of(int side, __u32 number)
{
	struct vx_acl_rules rules;
	__u64 n = ~0ull;
	__u32 i;

	assert_int_equal(vx_acl_read(&maps, SET, side, &rules), 0);
	for (i = 0; i < rules.n; i++)
		if (rules.rule[i].number == number)
			n = rules.rule[i].packets;
	vx_acl_rules_free(&rules);
	return n;
}

/* A rule that stays goes on counting, whatever its number and place; a new one begins at 0. */
static void counters_survive(void **state)
{
	vx_acl_drop(&maps, SET);
	RULES("allow tcp dport 22", "deny udp");
	PASSES("tcp dport 22 dst 10.0.0.1");
	PASSES("tcp dport 22 dst 10.0.0.1");
	DENIED("udp dport 22 dst 10.0.0.1", 2);
	RULES("deny gre", "allow tcp dport 22", "deny udp dport 7", "deny udp");
	assert_int_equal(packets_of(-1, 1), 0);
	assert_int_equal(packets_of(-1, 2), 2);
	assert_int_equal(packets_of(-1, 3), 0);
	assert_int_equal(packets_of(-1, 4), 1);
	PASSES("tcp dport 22 dst 10.0.0.1");
	DENIED("udp dport 7 dst 10.0.0.1", 3);
	assert_int_equal(vx_acl_rollback(&maps, SET), 0);
	assert_int_equal(packets_of(-1, 1), 3);
	assert_int_equal(packets_of(-1, 2), 1);
	DENIED("udp dport 7 dst 10.0.0.1", 2);
	assert_int_equal(packets_of(-1, 2), 2);
	assert_int_equal(vx_acl_rollback(&maps, SET), 0);
	assert_int_equal(packets_of(-1, 2), 3);
	assert_int_equal(packets_of(-1, 3), 1);
	assert_int_equal(packets_of(-1, 4), 2);
	DENIED("udp dport 7 dst 10.0.0.1", 3);
	assert_int_equal(packets_of(-1, 3), 2);
}

static void rollback(void **state)
{
	vx_acl_drop(&maps, SET);
	assert_int_equal(vx_acl_rollback(&maps, SET), -ENOENT);
	RULES("deny tcp dport 1");
	assert_int_equal(vx_acl_rollback(&maps, SET), -ENOENT);
	RULES("default allow", "deny gre", "deny tcp dport 2");
	DENIED("tcp dport 1 dst 10.0.0.1", -1);
	assert_int_equal(vx_acl_rollback(&maps, SET), 0);
	DENIED("tcp dport 1 dst 10.0.0.1", 1);
	DENIED("tcp dport 2 dst 10.0.0.1", 0);
	assert_int_equal(vx_acl_rollback(&maps, SET), 0);
	DENIED("tcp dport 2 dst 10.0.0.1", 2);
	RULES("deny tcp dport 3");
	assert_int_equal(vx_acl_rollback(&maps, SET), 0);
	DENIED("tcp dport 2 dst 10.0.0.1", 2);
}

/* Compiled anew in its place, as for a group: rules and counters stay, and so does the side before. */
static void image_swapped(void **state)
{
	struct vx_acl_prefix ten = { .addr = { 10 }, .len = 8, .family = 4 }, many[3000];
	struct vx_acl_members web = { .name = "web", .prefix = &ten, .n = 1 };
	struct vx_acl_rule list[] = { rule("allow tcp src group web", 1), rule("deny tcp dport 1", 2) };
	struct vx_acl_rules rules = { .rule = list, .n = 2 };
	struct vx_acl_source source = { .rules = list, .n = 2, .groups = &web, .n_groups = 1, .cpus = libbpf_num_possible_cpus() };
	struct vx_acl_built built;
	__u32 i;

	vx_acl_drop(&maps, SET);
	use(SET);
	assert_int_equal(replace(&rules, &web, 1), 0);
	PASSES("tcp src 10.0.0.1");
	DENIED("tcp src 11.0.0.1 dport 1", 2);
	for (i = 0; i < 3000; i++)
		many[i] = (struct vx_acl_prefix){ .addr = { 11, i >> 8, i, i * 7 }, .len = 32, .family = 4 };
	many[0] = (struct vx_acl_prefix){ .addr = { 11 }, .len = 32, .family = 4 };
	web.prefix = many;
	web.n = 3000;
	assert_int_equal(vx_acl_compile(&source, &built), 0);
	assert_true(built.size > 0);
	assert_int_equal(vx_acl_swap_image(&maps, SET, -1, &built), 0);
	free(built.image);
	DENIED("tcp src 10.0.0.1", 0);
	PASSES("tcp src 11.0.0.0");
	PASSES("tcp src 11.1.5.35 dport 1");
	assert_int_equal(packets_of(-1, 1), 3);
	assert_int_equal(packets_of(-1, 2), 1);
	web.prefix = &ten;
	web.n = 1;
	assert_int_equal(vx_acl_compile(&source, &built), 0);
	assert_int_equal(vx_acl_swap_image(&maps, SET, -1, &built), 0);
	free(built.image);
	PASSES("tcp src 10.0.0.1");
	assert_int_equal(packets_of(-1, 1), 4);
	assert_int_equal(vx_acl_rollback(&maps, SET), -ENOENT);
}

/* A super-frame that stays whole is judged once, and counts as the frames that it stands for. */
static void super_frames(void **state)
{
	static const __u8 chain[VX_CHAIN_MAX] = { ACL }, allow[VX_CHAIN_MAX] = { ALLOW };
	struct vx_drop_key key = { .port = 1, .direction = VX_FROM_GUEST, .stage = VX_STAGE_POLICY, .reason = VX_REASON_DENIED,
				   .rule = ACL | 2 << 8 };
	__u32 use_key = 1 * VX_DIRECTIONS + VX_FROM_GUEST, set = SET;
	struct vx_acl_rules rules;
	struct frame f;

	vx_acl_drop(&maps, SET);
	RULES("deny udp", "deny tcp dport 2000");
	assert_int_equal(bpf_map_update_elem(maps.use, &use_key, &set, BPF_ANY), 0);
	set_chain(1, VX_FROM_GUEST, chain);
	eth(&f, GUEST2, GUEST1, 0x0800);
	tcp(ip4(&f, "10.0.0.1", "10.0.0.2", IPPROTO_TCP, 0, 0), 1000, 2000);
	f.b[14 + 20 + 12] = 0x50;
	f.b[14 + 20 + 13] = 0x10;
	/* Where a finished frame has its checksum, this one has the size of its segments: 1400, so that 8014 bytes are six. */
	f.b[14 + 20 + 16] = 1400 >> 8;
	f.b[14 + 20 + 17] = 1400 & 255;
	ip_end(fill(&f, 8014 - f.len));
	assert_int_equal(run_xdp(bpf_program__fd(P.port->progs.vx_port), &f, P.host_end[1], 0), XDP_DROP);
	set_chain(1, VX_FROM_GUEST, allow);
	assert_int_equal(drops(&key).packets, 6);
	assert_int_equal(vx_acl_read(&maps, SET, -1, &rules), 0);
	assert_int_equal(rules.rule[1].packets, 6);
	assert_int_equal(rules.rule[1].bytes, 8014);
	vx_acl_rules_free(&rules);
}

struct load {
	pthread_t thread;
	int cpu;
	volatile bool stop;
	const char *words;
	__u64 passed, runs;
	__u32 wrong;	/* rule in a drop that neither set has */
};

/* One frame after another; what it met is read from this CPU's frame. */
static void *load(void *arg)
{
	struct load *l = arg;
	struct vx_pkt pkt[libbpf_num_possible_cpus()];
	struct frame f, copy;
	__u32 zero = 0;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(l->cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
	frame_of(&f, l->words);
	while (!l->stop) {
		struct xdp_md ctx = { .data_end = f.len, .ingress_ifindex = P.guest_end[1] };
		DECLARE_LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f.b, .data_size_in = f.len, .data_out = copy.b,
				    .data_size_out = sizeof(copy.b), .ctx_in = &ctx, .ctx_size_in = sizeof(ctx));

		if (bpf_prog_test_run_opts(bpf_program__fd(P.port->progs.vx_port), &opts))
			break;
		l->runs++;
		l->passed += opts.retval == XDP_REDIRECT;
		if (opts.retval == XDP_REDIRECT || bpf_map_lookup_elem(bpf_map__fd(P.port->maps.vx_frame_v1), &zero, pkt))
			continue;
		l->wrong += pkt[l->cpu].rule >> 8 != 1000 && pkt[l->cpu].rule >> 8 != 2000;
	}
	return NULL;
}

/*
 * Both sets deny the frame, by rules at different places, and each allows what
 * the other denies it by: half of one and half of the other would let it through, or
 * drop it by the default. 400 replacements, sizes of images and sides changing.
 */
static void replace_under_load(void **state)
{
	static struct vx_acl_rule a[1400], b[40];
	struct vx_acl_rules odd = { .rule = a, .n = 1400, .allow = true }, even = { .rule = b, .n = 40, .allow = true };
	struct load l[2] = { { .cpu = 0, .words = "tcp src 10.1.2.3 dst 10.4.5.6 dport 80" },
			     { .cpu = libbpf_num_possible_cpus() > 1, .words = "tcp src 10.1.2.3 dst 10.4.5.6 dport 80" } };
	char text[128];
	int err = 0;
	__u32 i;

	for (i = 0; i < 1400; i++) {
		snprintf(text, sizeof(text), "allow tcp src 11.%u.%u.0/24 dport %u", i >> 8, i & 255, i);
		a[i] = rule(text, i + 1);
	}
	a[1300] = rule("deny tcp src 10.1.0.0/16 dport 80", 1000);
	a[1301] = rule("allow tcp dst 10.4.5.6", 1301);
	for (i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "allow tcp dst 12.%u.%u.0/24 dport %u", i >> 8, i & 255, i);
		b[i] = rule(text, i + 1);
	}
	b[20] = rule("deny tcp dst 10.4.0.0/16 dport 80", 2000);
	b[21] = rule("allow tcp src 10.1.2.3", 22);
	vx_acl_drop(&maps, SET);
	assert_int_equal(replace(&odd, NULL, 0), 0);
	use(SET);
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&l[i].thread, NULL, load, &l[i]), 0);
	for (i = 0; i < 400 && !err; i++)
		err = i % 5 && i > 5 ? vx_acl_rollback(&maps, SET) : replace(i & 1 ? &even : &odd, NULL, 0);
	for (i = 0; i < 2; i++) {
		l[i].stop = true;
		pthread_join(l[i].thread, NULL);
	}
	assert_int_equal(err, 0);
	for (i = 0; i < 2; i++) {
		printf("%llu frames on CPU %d, %llu passed, %u by another rule\n", l[i].runs, l[i].cpu, l[i].passed, l[i].wrong);
		assert_true(l[i].runs > 500);
		assert_int_equal(l[i].passed, 0);
		assert_int_equal(l[i].wrong, 0);
	}
}

/* Where CPUs share their counters, as they do in large sets of hosts with many, none of their frames goes uncounted. */
static void shared_counters(void **state)
{
	struct vx_acl_rule list[] = { rule("deny tcp dport 80", 1000) };
	struct vx_acl_rules rules = { .rule = list, .n = 1 };
	struct vx_acl_source source = { .rules = list, .n = 1, .cpus = 1 };
	struct load l[2] = { { .cpu = 0, .words = "tcp src 10.1.2.3 dport 80" },
			     { .cpu = libbpf_num_possible_cpus() > 1, .words = "tcp src 10.1.2.3 dport 80" } };
	struct vx_acl_built built;
	__u32 i;

	vx_acl_drop(&maps, SET);
	use(SET);
	assert_int_equal(vx_acl_compile(&source, &built), 0);
	((struct vx_acl_image *)built.image)->shared = 1;
	assert_int_equal(vx_acl_replace(&maps, SET, &rules, &built), 0);
	free(built.image);
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&l[i].thread, NULL, load, &l[i]), 0);
	sleep(1);
	for (i = 0; i < 2; i++) {
		l[i].stop = true;
		pthread_join(l[i].thread, NULL);
	}
	assert_true(l[0].runs > 0 && l[1].runs > 0);
	assert_int_equal(packets_of(-1, 1000), l[0].runs + l[1].runs);
}

/* The largest set is taken, one rule more is refused, and what goes is gone. */
static void memory_is_bounded(void **state)
{
	static struct vx_acl_rule most[VX_ACL_RULES_MAX + 1];
	struct vx_acl_rules rules = { .rule = most, .n = VX_ACL_RULES_MAX };
	char text[128];
	__u32 i;

	for (i = 0; i <= VX_ACL_RULES_MAX; i++) {
		snprintf(text, sizeof(text), "deny tcp src 10.%u.%u.0/24 dport %u", i >> 8, i & 255, i);
		most[i] = rule(text, i + 1);
	}
	vx_acl_drop(&maps, SET);
	use(SET);
	RULES("deny tcp");
	assert_int_equal(replace(&rules, NULL, 0), 0);
	DENIED("tcp src 10.63.255.9 dport 16383", VX_ACL_RULES_MAX);
	DENIED("tcp src 10.63.255.9 dport 16382", 0);
	rules.n++;
	assert_int_equal(replace(&rules, NULL, 0), -E2BIG);
	DENIED("tcp src 10.63.255.9 dport 16383", VX_ACL_RULES_MAX);
	assert_int_equal(vx_acl_rollback(&maps, SET), 0);
	DENIED("tcp src 10.63.255.9 dport 16383", 1);
	vx_acl_drop(&maps, SET);
	/* Nothing stays behind. */
	assert_int_not_equal(bpf_map_get_next_key(maps.rules, NULL, text), 0);
	for (i = 0; i < VX_ACL_IMAGES; i++) {
		__u32 key = 2 * SET, id;

		assert_int_not_equal(bpf_map_lookup_elem(maps.image[i], &key, &id), 0);
		key++;
		assert_int_not_equal(bpf_map_lookup_elem(maps.image[i], &key, &id), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_sets),
		cmocka_unit_test(what_is_said_of_fragments),
		cmocka_unit_test(what_no_guest_lives_without),
		cmocka_unit_test(which_set_is_used),
		cmocka_unit_test(counters_survive),
		cmocka_unit_test(rollback),
		cmocka_unit_test(image_swapped),
		cmocka_unit_test(super_frames),
		cmocka_unit_test(replace_under_load),
		cmocka_unit_test(shared_counters),
		cmocka_unit_test(memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, up, down);
}
