// SPDX-License-Identifier: GPL-2.0-or-later
/* Which frames are merged: each rule by a pair of frames that differ in one thing, then batches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "flow.h"
#include "gro.h"
#include "packet.h"
#include "pump.h"

#define BIT(n)	(1ULL << (n))
#define ALL	VX_GUEST_OFFLOADS

static struct vx_gro gro;
static struct flow_frame batch[VX_BATCH];
static struct vx_frame frame[VX_BATCH];
static u32 nbatch;
static u64 offloads = ALL;

static int setup(void **state)
{
	pkt_seed(1);
	nbatch = 0;
	offloads = ALL;
	return 0;
}

/* The frame is copied to memory of exactly its size, which ASan guards. */
static void add_bytes(const void *data, u32 len)
{
	frame[nbatch] = (struct vx_frame) { .data = malloc(len ? len : 1), .len = len };
	memcpy(frame[nbatch].data, data, len);
	nbatch++;
}

static void add(struct flow_frame *f)
{
	flow_make(f);
	add_bytes(f->data, f->len);
}

static void plan(void)
{
	memset(&gro, 0xee, sizeof(gro));
	assert_true(vx_gro_plan(&gro, frame, nbatch, offloads));
	assert_in_range(gro.nparcel, 1, nbatch);
}

static void drop_batch(void)
{
	while (nbatch)
		free(frame[--nbatch].data);
}

/* The plan as text: "012 3" is a parcel of the frames 0, 1 and 2, and one of frame 3. */
static const char *planned(void)
{
	static char text[1000];
	u32 i, k, at, len = 0;

	plan();
	for (i = 0; i < gro.nparcel; i++) {
		const struct vx_parcel *p = &gro.parcel[i];

		if (i)
			text[len++] = ' ';
		for (k = 0, at = p->first; k < p->n; k++, at = gro.next[at])
			len += sprintf(text + len, "%s%u", nbatch > 10 && k ? "," : "", at);
	}
	text[len] = 0;
	drop_batch();
	return text;
}

/* --- pairs --- */

enum outcome {
	MERGED,		/* and a third frame joins, too */
	ENDED,		/* merged, and nothing joins any more */
	APART,		/* the second begins anew: a third joins that one */
	ALONE,		/* the second is delivered by itself, and so is a third of the first's kind */
};

struct pair {
	const char *name;
	void (*change)(struct flow_frame *a, struct flow_frame *b);
	enum outcome tcp4, tcp6, udp4, udp6;
};

#define RULE(name, code)	static void name(struct flow_frame *a, struct flow_frame *b) { code; }

RULE(nothing, )
RULE(src_mac, b->src_mac++)
RULE(dst_mac, b->dst_mac++)
RULE(tagged, a->tags = b->tags = 1)
RULE(tagged_twice, a->tags = b->tags = 2)
RULE(one_tagged, b->tags = 1)
RULE(other_vlan, a->tags = b->tags = 1; b->vlan = 7)
RULE(tagged_thrice, a->tags = b->tags = 3)
RULE(src, b->src++)
RULE(dst, b->dst++)
RULE(sport, b->sport++)
RULE(dport, b->dport++)
RULE(tos, b->tos = 4)
RULE(ecn, b->tos = 3)
RULE(ttl, b->ttl--)
RULE(label, b->label++)
RULE(id_stands, b->id = a->id)
RULE(id_stands_no_df, a->frag = b->frag = 0; b->id = a->id)
RULE(id_jumps, b->id++)
RULE(id_back, b->id -= 2)
RULE(no_df, a->frag = b->frag = 0)
RULE(df_once, b->frag = 0)
RULE(fragment, b->frag = 0x2000)
RULE(fragment_end, b->frag = 0x0010)
RULE(reserved_flag, a->frag = b->frag = 0xc000)
RULE(seq_gap, b->seq++)
RULE(seq_again, b->seq = a->seq)
RULE(acks, b->ack++)
RULE(window, b->window++)
RULE(options, b->opt = 2)
RULE(more_options, b->opt_len += 4)
RULE(no_options, a->opt_len = b->opt_len = 0)
RULE(all_options, a->opt_len = b->opt_len = 40)
RULE(psh, b->flags |= PSH)
RULE(fin, b->flags |= FIN)
RULE(psh_first, a->flags |= PSH)
RULE(fin_first, a->flags |= FIN)
RULE(syn, b->flags |= SYN)
RULE(rst, b->flags |= RST)
RULE(urg, b->flags |= URG)
RULE(urg_both, a->flags |= URG; b->flags |= URG)
RULE(cwr, b->flags |= CWR)
RULE(cwr_first, a->flags |= CWR)
RULE(ece, b->flags |= ECE)
RULE(ece_both, a->flags |= ECE; b->flags |= ECE)
RULE(no_ack, b->flags = 0)
RULE(no_ack_both, a->flags = b->flags = 0)
RULE(pure_ack, b->payload = 0)
RULE(pure_ack_first, a->payload = 0)
RULE(shorter, b->payload--)
RULE(longer, b->payload++)
RULE(padded, b->pad = 1)
RULE(padded_first, a->pad = 6)

static const struct pair pairs[] = {
	{ "nothing",		nothing,	MERGED, MERGED, MERGED, MERGED },
	{ "source MAC",		src_mac,	APART, APART, APART, APART },
	{ "destination MAC",	dst_mac,	APART, APART, APART, APART },
	{ "tagged",		tagged,		MERGED, MERGED, MERGED, MERGED },
	{ "two tags",		tagged_twice,	MERGED, MERGED, MERGED, MERGED },
	{ "one has a tag",	one_tagged,	APART, APART, APART, APART },
	{ "VLAN",		other_vlan,	APART, APART, APART, APART },
	{ "three tags",		tagged_thrice,	ALONE, ALONE, ALONE, ALONE },
	{ "source address",	src,		APART, APART, APART, APART },
	{ "destination",	dst,		APART, APART, APART, APART },
	{ "source port",	sport,		APART, APART, APART, APART },
	{ "destination port",	dport,		APART, APART, APART, APART },
	{ "TOS",		tos,		APART, APART, APART, APART },
	{ "ECN",		ecn,		APART, APART, APART, APART },
	{ "TTL",		ttl,		APART, APART, APART, APART },
	{ "flow label",		label,		MERGED, APART, MERGED, APART },
	{ "same id",		id_stands,	MERGED, MERGED, MERGED, MERGED },
	{ "same id, no DF",	id_stands_no_df, APART, MERGED, APART, MERGED },
	{ "id jumps",		id_jumps,	APART, MERGED, APART, MERGED },
	{ "id goes back",	id_back,	APART, MERGED, APART, MERGED },
	{ "no DF",		no_df,		MERGED, MERGED, MERGED, MERGED },
	{ "one has no DF",	df_once,	APART, MERGED, APART, MERGED },
	{ "fragment",		fragment,	ALONE, MERGED, ALONE, MERGED },
	{ "last fragment",	fragment_end,	ALONE, MERGED, ALONE, MERGED },
	{ "reserved flag",	reserved_flag,	ALONE, MERGED, ALONE, MERGED },
	{ "gap",		seq_gap,	APART, APART, MERGED, MERGED },
	{ "retransmission",	seq_again,	APART, APART, MERGED, MERGED },
	{ "acknowledges more",	acks,		APART, APART, MERGED, MERGED },
	{ "window",		window,		APART, APART, MERGED, MERGED },
	{ "options",		options,	APART, APART, MERGED, MERGED },
	{ "more options",	more_options,	APART, APART, MERGED, MERGED },
	{ "no options",		no_options,	MERGED, MERGED, MERGED, MERGED },
	{ "40 bytes of options", all_options,	MERGED, MERGED, MERGED, MERGED },
	{ "PSH",		psh,		ENDED, ENDED, MERGED, MERGED },
	{ "FIN",		fin,		ENDED, ENDED, MERGED, MERGED },
	{ "PSH first",		psh_first,	APART, APART, MERGED, MERGED },
	{ "FIN first",		fin_first,	APART, APART, MERGED, MERGED },
	{ "SYN",		syn,		ALONE, ALONE, MERGED, MERGED },
	{ "RST",		rst,		ALONE, ALONE, MERGED, MERGED },
	{ "URG",		urg,		ALONE, ALONE, MERGED, MERGED },
	{ "URG in both",	urg_both,	ALONE, ALONE, MERGED, MERGED },
	{ "CWR",		cwr,		APART, APART, MERGED, MERGED },
	{ "CWR first",		cwr_first,	MERGED, MERGED, MERGED, MERGED },
	{ "ECE",		ece,		APART, APART, MERGED, MERGED },
	{ "ECE in both",	ece_both,	MERGED, MERGED, MERGED, MERGED },
	{ "no ACK",		no_ack,		APART, APART, MERGED, MERGED },
	{ "no ACK in both",	no_ack_both,	MERGED, MERGED, MERGED, MERGED },
	{ "no payload",		pure_ack,	ALONE, ALONE, ALONE, ALONE },
	{ "no payload first",	pure_ack_first,	APART, APART, APART, APART },
	{ "shorter",		shorter,	ENDED, ENDED, ENDED, ENDED },
	{ "longer",		longer,		APART, APART, APART, APART },
	{ "padded",		padded,		ALONE, ALONE, ALONE, ALONE },
	{ "padded first",	padded_first,	APART, APART, APART, APART },
};

/* After a and b comes c, which goes on where b ends and looks like it. */
static void judge_pair(const struct pair *rule, u8 proto, bool ip6, enum outcome want)
{
	static const char *const text[] = { "012", "01 2", "0 12", "0 1 2" };
	struct flow_frame *f = batch;
	const char *got;

	flow_begin(&f[0], proto, ip6, 0);
	f[1] = f[0];
	flow_next(&f[1]);
	rule->change(&f[0], &f[1]);
	f[2] = f[1];
	flow_next(&f[2]);
	/* If b ended what it joined, c is to be one that would join otherwise. */
	if (want == ENDED)
		f[2].flags &= ~(PSH | FIN);
	f[2].flags &= ~CWR;
	if (f[1].id == f[0].id && f[0].frag)
		f[2].id = f[0].id;
	add(&f[0]);
	add(&f[1]);
	add(&f[2]);
	got = planned();
	if (strcmp(got, text[want]))
		fail_msg("%s%s, %s: \"%s\", not \"%s\"", proto == FLOW_TCP ? "TCP" : "UDP", ip6 ? "v6" : "v4", rule->name, got,
			 text[want]);
}

static void test_pairs(void **state)
{
	u32 i;

	for (i = 0; i < VX_ARRAY_SIZE(pairs); i++) {
		judge_pair(&pairs[i], FLOW_TCP, false, pairs[i].tcp4);
		judge_pair(&pairs[i], FLOW_TCP, true, pairs[i].tcp6);
		judge_pair(&pairs[i], FLOW_UDP, false, pairs[i].udp4);
		judge_pair(&pairs[i], FLOW_UDP, true, pairs[i].udp6);
	}
}

/* --- what the guest wants --- */

static void three(u8 proto, bool ip6, u8 first_flags)
{
	u32 i;

	flow_begin(&batch[0], proto, ip6, 0);
	batch[0].flags |= first_flags;
	for (i = 0; i < 3; i++) {
		add(&batch[0]);
		flow_next(&batch[0]);
		batch[0].flags &= ~first_flags;
	}
}

static void test_only_what_the_guest_takes(void **state)
{
	static const struct { u8 proto; bool ip6; u8 flags; u64 bits; } kind[] = {
		{ FLOW_TCP, false, 0, BIT(VIRTIO_NET_F_GUEST_TSO4) },
		{ FLOW_TCP, true, 0, BIT(VIRTIO_NET_F_GUEST_TSO6) },
		{ FLOW_TCP, false, CWR, BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_ECN) },
		{ FLOW_TCP, true, CWR, BIT(VIRTIO_NET_F_GUEST_TSO6) | BIT(VIRTIO_NET_F_GUEST_ECN) },
		{ FLOW_UDP, false, 0, BIT(VIRTIO_NET_F_GUEST_USO4) },
		{ FLOW_UDP, true, 0, BIT(VIRTIO_NET_F_GUEST_USO6) },
	};
	u32 i, bit;

	for (i = 0; i < VX_ARRAY_SIZE(kind); i++) {
		offloads = kind[i].bits | BIT(VIRTIO_NET_F_GUEST_CSUM);
		three(kind[i].proto, kind[i].ip6, kind[i].flags);
		assert_string_equal(planned(), "012");
		for (bit = 0; bit < 64; bit++) {
			if (!(kind[i].bits & BIT(bit)))
				continue;
			offloads = ALL & ~BIT(bit);
			three(kind[i].proto, kind[i].ip6, kind[i].flags);
			/* What has no CWR is merged without ECN, too. */
			assert_string_equal(planned(), bit == VIRTIO_NET_F_GUEST_ECN ? "0 12" : "0 1 2");
		}
	}
}

/* --- lies --- */

static void poke(u32 i, u32 off, u8 v)
{
	frame[i].data[off] = v;
}

/* Three frames, of which the second is changed by hand: it is alone, what is before it is not merged with what comes after. */
static void judge_lie(const char *name, bool ip6, u8 proto, u32 off, u8 v, bool fix, bool sound)
{
	three(proto, ip6, 0);
	memcpy(batch[0].data, frame[1].data, frame[1].len);
	batch[0].data[off] = v;
	if (fix)
		flow_fix_ip(&batch[0]);
	memcpy(frame[1].data, batch[0].data, frame[1].len);
	plan();
	if (gro.nparcel != 3 || gro.parcel[1].sound != sound)
		fail_msg("%s: %u parcels, sound: %d", name, gro.nparcel, gro.parcel[1].sound);
	drop_batch();
}

static void test_lies(void **state)
{
	const u32 ip = 14, tcp4 = 34, tcp6 = 54;

	judge_lie("IPv4 version", false, FLOW_TCP, ip, 0x65, true, false);
	judge_lie("IPv4 header length 4", false, FLOW_TCP, ip, 0x44, true, false);
	judge_lie("IPv4 options", false, FLOW_TCP, ip, 0x46, true, false);
	judge_lie("IPv4 length too long", false, FLOW_TCP, ip + 2, 0xff, true, false);
	judge_lie("IPv4 length short", false, FLOW_TCP, ip + 2, 0x01, true, false);
	judge_lie("IPv4 length tiny", false, FLOW_TCP, ip + 2, 0x00, true, false);
	judge_lie("IPv4 checksum", false, FLOW_TCP, ip + 10, 0x55, false, false);
	judge_lie("IPv6 version", true, FLOW_TCP, ip, 0x40, false, false);
	judge_lie("IPv6 length too long", true, FLOW_TCP, ip + 4, 0xff, false, false);
	judge_lie("IPv6 length short", true, FLOW_TCP, ip + 4, 0x01, false, false);
	judge_lie("IPv6 hop-by-hop options", true, FLOW_TCP, ip + 6, 0, false, false);
	judge_lie("IPv6 fragment", true, FLOW_UDP, ip + 6, 44, false, false);
	judge_lie("TCP header of 16", false, FLOW_TCP, tcp4 + 12, 0x40, false, false);
	judge_lie("TCP header of 0", true, FLOW_TCP, tcp6 + 12, 0x00, false, false);
	judge_lie("TCP reserved bit", true, FLOW_TCP, tcp6 + 12, 0x84, false, true);
	judge_lie("UDP length long", false, FLOW_UDP, tcp4 + 4, 0x7f, false, false);
	judge_lie("UDP length short", true, FLOW_UDP, tcp6 + 5, 0x01, false, false);
}

/* UDP over IPv4 may do without; nothing says then that it is right. */
static void test_udp_without_checksum(void **state)
{
	u32 i;

	three(FLOW_UDP, false, 0);
	for (i = 0; i < 3; i++) {
		poke(i, 34 + 6, 0);
		poke(i, 34 + 7, 0);
	}
	assert_string_equal(planned(), "0 1 2");
}

/* A TCP header that the frame ends within. */
static void test_truncated(void **state)
{
	struct vx_parcel p;
	u32 kind, len;

	for (kind = 0; kind < 8; kind++) {
		flow_begin(&batch[0], kind & 1 ? FLOW_TCP : FLOW_UDP, kind & 2, 0);
		batch[0].tags = kind & 4 ? 2 : 0;
		flow_make(&batch[0]);
		for (len = 0; len < batch[0].len; len++) {
			add_bytes(batch[0].data, len);
			vx_parcel_init(&p, &frame[0]);
			vx_parcel_parse(&p, &frame[0]);
			assert_false(p.sound);
			assert_int_equal(p.len, len);
			vx_gro_plan(&gro, frame, 1, offloads);
			drop_batch();
		}
		/* ... and one that says that it is as short as this. */
		for (len = batch[0].l4; len <= batch[0].head; len++) {
			u8 *ip = batch[0].data + batch[0].l3;
			u16 ip_len = kind & 2 ? len - batch[0].l4 : len - batch[0].l3;

			ip[kind & 2 ? 4 : 2] = ip_len >> 8;
			ip[kind & 2 ? 5 : 3] = ip_len;
			flow_fix_ip(&batch[0]);
			add_bytes(batch[0].data, len);
			vx_parcel_init(&p, &frame[0]);
			vx_parcel_parse(&p, &frame[0]);
			assert_int_equal(p.sound, kind & 1 && len == batch[0].head);
			drop_batch();
		}
	}
}

static void test_noise(void **state)
{
	u32 round, i;

	for (round = 0; round < 3000; round++) {
		three(round & 1 ? FLOW_TCP : FLOW_UDP, round & 2, 0);
		for (i = pkt_rand() % 4; i; i--)
			poke(pkt_rand() % 3, 12 + pkt_rand() % 60, pkt_rand());
		planned();
	}
}

/* --- batches --- */

/* Is the plan spared for batches of nothing but this frame? */
static bool spared(struct flow_frame *f, u32 n, u64 bits)
{
	bool planned;

	while (n--)
		add(f);
	memset(&gro, 0xee, sizeof(gro));
	planned = vx_gro_plan(&gro, frame, nbatch, bits);
	drop_batch();
	return !planned;
}

static void test_nothing_to_plan(void **state)
{
	const u64 csum = BIT(VIRTIO_NET_F_GUEST_CSUM), tso = csum | BIT(VIRTIO_NET_F_GUEST_TSO4) | BIT(VIRTIO_NET_F_GUEST_TSO6);
	struct flow_frame *f = &batch[0];
	u32 kind;

	assert_false(vx_gro_plan(&gro, frame, 0, ALL));
	for (kind = 0; kind < 8; kind++) {
		bool tcp = kind & 1, tagged = kind & 4;

		flow_begin(f, tcp ? FLOW_TCP : FLOW_UDP, kind & 2, 0);
		f->tags = tagged;
		assert_false(spared(f, 1, csum));
		f->payload = 100;
		assert_true(spared(f, 1, ALL));
		assert_true(spared(f, 5, csum));
		assert_false(spared(f, 2, ALL));
		assert_int_equal(spared(f, 5, tso), !tcp && !tagged);
	}
}

static void test_longest(void **state)
{
	u32 i, n;

	for (i = 0; i < 4; i++) {
		struct flow_frame *f = &batch[0];
		u32 head;

		flow_begin(f, i & 1 ? FLOW_TCP : FLOW_UDP, i & 2, 0);
		f->payload = 1448;
		for (n = 0; n < VX_BATCH; n++) {
			add(f);
			flow_next(f);
		}
		head = f->head;
		plan();
		assert_int_equal(gro.nparcel, 2);
		n = (65535 - head) / 1448;
		assert_int_equal(gro.parcel[0].n, n);
		assert_int_equal(gro.parcel[0].len, f->head + n * 1448);
		assert_int_equal(gro.parcel[0].size, 1448);
		assert_int_equal(gro.parcel[1].n, VX_BATCH - n);
		drop_batch();
	}
}

static void test_longest_to_the_byte(void **state)
{
	u32 over;

	for (over = 0; over < 2; over++) {
		struct flow_frame *f = &batch[0];
		u32 left = 65535 - 14 - 20 - 32 + over;

		flow_begin(f, FLOW_TCP, false, 0);
		f->payload = 1100;
		while (left) {
			f->payload = vx_min(1100u, left);
			left -= f->payload;
			add(f);
			flow_next(f);
		}
		plan();
		assert_int_equal(gro.nparcel, 1 + over);
		drop_batch();
	}
}

/* Frame i belongs to flow text[i] - 'a'; capitals push. */
static void interleave(const char *text, u8 proto, bool ip6)
{
	static struct flow_frame flow[26];
	u32 i;

	for (i = 0; i < 26; i++)
		flow_begin(&flow[i], proto, ip6, i);
	for (; *text; text++) {
		struct flow_frame *f = &flow[(*text | 32) - 'a'];

		f->flags = *text & 32 ? ACK : ACK | PSH;
		add(f);
		flow_next(f);
	}
}

static void test_interleaved(void **state)
{
	u32 ip6;

	for (ip6 = 0; ip6 < 2; ip6++) {
		interleave("abab", FLOW_TCP, ip6);
		assert_string_equal(planned(), "02 13");
		interleave("abcacbac", FLOW_UDP, ip6);
		assert_string_equal(planned(), "036 15 247");
		interleave("aBabba", FLOW_TCP, ip6);
		assert_string_equal(planned(), "025 1 34");
		interleave("AbAba", FLOW_TCP, ip6);
		assert_string_equal(planned(), "0 13 2 4");
	}
}

/* More flows than are open at a time: the oldest are closed, and keep their order. */
static void test_many_flows(void **state)
{
	interleave("abcdefghijklmnopabcdefghijklmnop", FLOW_TCP, false);
	plan();
	assert_int_equal(gro.nparcel, VX_GRO_OPEN);
	drop_batch();
	interleave("abcdefghijklmnopqabcdefghijklmnop", FLOW_TCP, false);
	plan();
	/* Each that comes back pushes out the next. */
	assert_int_equal(gro.nparcel, 33);
	drop_batch();
	interleave("abcdefghijklmnopqqqaqb", FLOW_TCP, false);
	plan();
	assert_int_equal(gro.nparcel, 19);
	assert_int_equal(gro.parcel[16].n, 4);
	assert_int_equal(gro.parcel[1].n, 1);
	drop_batch();
}

/* What stands between two frames of a flow, and what may go past it. */
static void test_in_between(void **state)
{
	static const u8 arp[60] = { [12] = 8, [13] = 6 };
	struct flow_frame *f = &batch[0], *other = &batch[1];
	u32 kind;
	static const char *const want[] = { "02 1", "02 1", "0 1 2", "02 1", "0 1 2", "02 1", "0 1 2", "02 1", "0 1 2" };

	for (kind = 0; kind < VX_ARRAY_SIZE(want); kind++) {
		flow_begin(f, FLOW_TCP, false, 0);
		flow_begin(other, kind == 3 ? FLOW_UDP : FLOW_TCP, false, 1);
		add(f);
		flow_next(f);
		switch (kind) {
		case 0:
			add_bytes(arp, sizeof(arp));
			break;
		case 1:		/* ICMP */
			add(other);
			poke(1, 23, 1);
			break;
		case 2:		/* a fragment of something in TCP */
		case 3:		/* ... and in UDP */
			other->frag = 0x2000;
			add(other);
			break;
		case 4:		/* unknown extension header */
			flow_begin(other, FLOW_UDP, true, 1);
			add(other);
			poke(1, 20, 43);
			break;
		case 5:		/* ICMPv6 */
			flow_begin(other, FLOW_UDP, true, 1);
			add(other);
			poke(1, 20, 58);
			break;
		case 6:		/* of the same flow, but padded: a pure ACK on a real wire */
			other->sport = f->sport;
			other->payload = 0;
			other->pad = 6;
			add(other);
			break;
		case 7:		/* the same of another flow */
			other->payload = 0;
			other->pad = 6;
			add(other);
			break;
		case 8:		/* of the same flow, but no TCP header */
			other->sport = f->sport;
			add(other);
			poke(1, 34 + 12, 0x10);
			break;
		}
		add(f);
		if (strcmp(want[kind], planned()))
			fail_msg("kind %u", kind);
	}
}

/* Each frame is in one parcel, each flow in order, sizes add up. */
static void test_random_batches(void **state)
{
	u32 round, i, k;

	for (round = 0; round < 2000; round++) {
		static struct flow_frame flow[24];
		u32 nflow = 1 + pkt_rand() % 24, owner[VX_BATCH], next[24] = { 0 }, seen = 0, merged = 0;

		for (i = 0; i < nflow; i++) {
			flow_begin(&flow[i], pkt_rand() % 4 ? FLOW_TCP : FLOW_UDP, pkt_rand() % 2, i);
			flow[i].tags = pkt_rand() % 3;
		}
		for (i = 0; i < VX_BATCH; i++) {
			u32 at = pkt_rand() % nflow;
			struct flow_frame *f = &flow[at];

			f->payload = pkt_rand() % 8 ? 200 : pkt_rand() % 300;
			f->flags = pkt_rand() % 8 ? ACK : pkt_rand();
			f->pad = pkt_rand() % 20 ? 0 : 5;
			add(f);
			flow_next(f);
			f->seq += !(pkt_rand() % 30);
			f->id += !(pkt_rand() % 30);
			owner[i] = at;
		}
		plan();
		for (i = 0; i < gro.nparcel; i++) {
			const struct vx_parcel *p = &gro.parcel[i];
			u32 at = p->first, len = 0;

			for (k = 0; k < p->n; k++, at = k < p->n ? gro.next[at] : at) {
				assert_int_equal(owner[at], owner[p->first]);
				assert_true(at + 1 > next[owner[at]]);
				next[owner[at]] = at + 1;
				len += frame[at].len - (k ? p->payload : 0);
				seen++;
			}
			assert_int_equal(at, p->last);
			assert_int_equal(len, p->len);
			merged += p->n > 1;
		}
		assert_int_equal(seen, VX_BATCH);
		assert_true(merged);
		drop_batch();
	}
}

#define T(f)	cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_pairs),
		T(test_only_what_the_guest_takes),
		T(test_lies),
		T(test_udp_without_checksum),
		T(test_truncated),
		T(test_noise),
		T(test_nothing_to_plan),
		T(test_longest),
		T(test_longest_to_the_byte),
		T(test_interleaved),
		T(test_many_flows),
		T(test_in_between),
		T(test_random_batches),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
