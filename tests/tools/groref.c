// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * groref NEAR TAP [NAME VALUE]...: bursts of frames through the kernel's GRO and through our rx pump, compared byte for byte.
 *
 * What is sent on NEAR must arrive at TAP, merged on its way by a device whose NAPI runs at most once in "window" microseconds
 * (tests/netns/gro-reference.sh): a burst that was sent within one window after NAPI's last run is merged as one, whatever
 * the machine does meanwhile. One that was not is sent again.
 *
 * Both deliveries are cut up again and must give the frames that were sent, byte for byte; and then the two are compared. Flows
 * come in kinds, and the table of kinds says where we differ from Linux, and why. Not compared: hdr_len, where Linux has
 * what happens to lie in one piece and we have the headers, and DATA_VALID, which must only never be said of a
 * frame whose checksum is wrong. Which frame of different flows comes first is left to chance by Linux' hash.
 *
 * Our pump gets some bursts in pieces, or few guest buffers at a time; then it may merge less.
 *
 * seed, first, count	which batches; a batch depends on seed and its number alone
 * kind NAME		only flows of this kind
 * show N		that many failures in full
 * verbose 1		a line for each batch
 */
#include <inttypes.h>
#include <linux/virtio_net.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/grocase.h"
#include "lib/grolinux.h"
#include "lib/netframe.h"
#include "lib/refwire.h"
#include "lib/rxcore.h"
#include "lib/words.h"
#include "pump.h"

static struct um_burst theirs, ours, alone;
static struct gro_batch batch;
static struct grolinux kernel = { .window = 2000 };
static struct rxcore core;
static uint64_t seed = 1, first, count = 400, verbose;
static const char *only;
static uint64_t unmarked;	/* frames of which only Linux says that their checksum is right */
static uint64_t asked, shown = 8, offloads;
static uint32_t flows[GRO_KINDS_MAX], failed[GRO_KINDS_MAX];

/* --- comparison ------------------------------------------------------------------ */

static char why[200];
static uint32_t where;	/* in batch.frame */

static bool differ(uint32_t part, const char *what)
{
	where = part;
	snprintf(why, sizeof(why), "%s", what);
	return false;
}

static bool trace(struct um_burst *u, const char *who)
{
	uint32_t at = 0, i;
	const char *bad = um_trace(u, &batch, &at);

	if (!bad)
		return true;
	for (i = 0; i + 1 < batch.n && u->in[i] >= 0; i++)
		;
	where = i;
	snprintf(why, sizeof(why), "%s: %s (frame %u of %u)", who, bad, at, u->n);
	return false;
}

/* Did we and Linux get the same, with nothing among it that makes one of us close flows? */
static bool comparable(void)
{
	return !batch.disturbed && core.feed == AT_ONCE;
}

static enum gro_relation relation(uint32_t part)
{
	enum gro_relation r = batch.flow[batch.frame[part]->flow].kind->relation;

	return r == GRO_SAME && !comparable() ? GRO_FEWER : r;
}

/* As far as anyone can tell: do these come from one sender to one receiver, of one conversation? */
static bool one_flow(const struct gro_frame *a, const struct gro_frame *b)
{
	struct nf_view v, w;
	bool a_whole = nf_parse(&v, a->data, a->len), b_whole = nf_parse(&w, b->data, b->len);
	uint32_t addresses = v.l3 + (v.ip6 ? 8 : 12);

	if (v.l3 != w.l3 || v.ip6 != w.ip6 || v.proto != w.proto || memcmp(a->data, b->data, v.l3))
		return false;
	if (a->len < v.l3 + 40 || b->len < v.l3 + 40 || memcmp(a->data + addresses, b->data + addresses, v.ip6 ? 32 : 8))
		return false;
	return !a_whole || !b_whole || !memcmp(a->data + v.l4, b->data + w.l4, 4);
}

/* Frames of a flow come in the order in which they arrived. */
static bool in_order(void)
{
	uint32_t place[GRO_FRAMES] = { 0 }, n = 0;

	for (uint32_t i = 0; i < ours.n; i++)
		for (uint32_t k = 0; k < ours.frame[i].n; k++)
			place[ours.frame[i].part[k]] = n++;
	for (uint32_t i = 0; i < batch.n; i++)
		for (uint32_t k = i + 1; k < batch.n; k++)
			if (place[k] < place[i] && one_flow(batch.frame[i], batch.frame[k]))
				return differ(k, "we changed the order of a flow's frames");
	return true;
}

static bool honest_flags(void)
{
	for (uint32_t i = 0; i < ours.n; i++) {
		const struct um_frame *f = &ours.frame[i];
		bool valid = um_flags(f) & VIRTIO_NET_HDR_F_DATA_VALID;

		if (f->n > 1)
			continue;
		if (um_flags(f) & ~VIRTIO_NET_HDR_F_DATA_VALID)
			return differ(f->part[0], "flags on a frame that came alone");
		if (valid && nf_judge(f->data, f->len))
			return differ(f->part[0], nf_judge(f->data, f->len));
		unmarked += !valid && um_flags(&theirs.frame[theirs.in[f->part[0]]]) & VIRTIO_NET_HDR_F_DATA_VALID;
	}
	return true;
}

/* The frame that was merged behind this one, or -1. */
static int32_t follower(const struct um_burst *u, uint32_t part)
{
	const struct um_frame *f = &u->frame[u->in[part]];

	for (uint32_t k = 0; k + 1 < f->n; k++)
		if (f->part[k] == part)
			return f->part[k + 1];
	return -1;
}

/* Where one of the two has closed a flow and the other not, they begin anew in different places: does it merge these alone? */
static bool linux_would(const struct um_frame *f)
{
	static struct gro_batch some;

	some.n = f->n;
	for (uint32_t k = 0; k < f->n; k++)
		some.frame[k] = batch.frame[f->part[k]];
	grolinux_run(&kernel, &some, &alone);
	asked++;
	return alone.n == 1;
}

/* What Linux' GRO merges as well, or did before Linux 6.18, and does not hand to a guest so: the table of kinds says why. */
static bool excused(const struct um_frame *f)
{
	const struct gro_frame *a = batch.frame[f->part[0]], *b = batch.frame[f->part[1]];
	struct nf_view v;

	if (um_type(f) & VIRTIO_NET_HDR_GSO_ECN || f->len > 65535)
		return true;
	return nf_parse(&v, a->data, a->len) && !v.ip6 && v.proto == NF_TCP && !memcmp(a->data + v.l3 + 4, b->data + v.l3 + 4, 2);
}

static bool same_merges(void)
{
	for (uint32_t i = 0; i < batch.n; i++) {
		int32_t a = follower(&ours, i), b = follower(&theirs, i);
		const struct um_frame *f = &ours.frame[ours.in[i]];

		if (a >= 0 && a != b && relation(i) != GRO_MORE && !excused(f)) {
			if (relation(i) != GRO_FEWER)
				return differ(i, "we merge what Linux does not");
			if (!linux_would(f))
				return differ(i, "we merge what Linux does not, and would not");
		}
		if (b >= 0 && a != b && relation(i) != GRO_FEWER && comparable())
			return differ(i, "Linux merges what we do not");
	}
	return true;
}

static bool same_frames(void)
{
	for (uint32_t i = 0; i < ours.n; i++) {
		const struct um_frame *a = &ours.frame[i], *b = &theirs.frame[theirs.in[a->part[0]]];
		struct nf_view v;

		if (a->n < 2)
			continue;
		if (!nf_parse(&v, a->data, a->len) || um_le16(a, 2) != v.hdr_len)
			return differ(a->part[0], "hdr_len is not the headers'");
		if (a->n != b->n || a->part[0] != b->part[0])
			continue;
		if (um_flags(a) != um_flags(b) || um_type(a) != um_type(b) || memcmp(a->hdr + 4, b->hdr + 4, 6))
			return differ(a->part[0], "virtio-net headers differ");
		if (a->len != b->len || memcmp(a->data, b->data, a->len))
			return differ(a->part[0], "merged frames differ");
	}
	return true;
}

/* broken: what the pump did wrong, or NULL. */
static bool as_expected(const char *broken)
{
	if (broken)
		return differ(0, broken);
	return trace(&theirs, "Linux") && trace(&ours, "we") && in_order() && honest_flags() && same_merges() && same_frames();
}

/* --- */

static void show_burst(const char *who, const struct um_burst *u)
{
	printf("  %s:", who);
	for (uint32_t i = 0; i < u->n; i++) {
		const struct um_frame *f = &u->frame[i];

		printf(" [");
		for (uint32_t k = 0; k < f->n; k++)
			printf("%s%u", k ? " " : "", f->part[k]);
		printf(" %02x/%02x %u]", um_flags(f), um_type(f), f->len);
	}
	printf("\n");
}

static void show_frames(uint32_t flow)
{
	for (uint32_t i = 0; i < batch.n; i++) {
		const struct gro_frame *f = batch.frame[i];
		struct nf_view v;

		if (f->flow != flow)
			continue;
		printf("  %2u: %4u bytes%s:", i, f->len, nf_parse(&v, f->data, f->len) ? "" : ", not whole");
		for (uint32_t k = 0; k < f->len && k < (v.hdr_len ? v.hdr_len : 70); k++)
			printf("%s%02x", k % 4 ? "" : " ", f->data[k]);
		printf("\n");
	}
}

static void show_failure(uint64_t number)
{
	uint32_t flow = batch.frame[where]->flow;

	printf("FAIL batch %" PRIu64 ", frame %u, flow of kind \"%s\", offloads %" PRIx64 ", feed %d: %s\n"
	       "  again: seed %" PRIu64 " first %" PRIu64 " count 1\n",
	       number, where, batch.flow[flow].kind->name, offloads, core.feed, why, seed, number);
	show_frames(flow);
	show_burst("Linux", &theirs);
	show_burst("we", &ours);
}

static void print_table(void)
{
	static const char *const said[] = { [GRO_SAME] = "same", [GRO_FEWER] = "we merge less", [GRO_MORE] = "we merge more" };

	const struct gro_kind *k;

	printf("%-24s %6s %6s  %-14s %s\n", "kind", "flows", "failed", "Linux and we", "because");
	for (uint32_t i = 0; (k = gro_kind(i)) && i < GRO_KINDS_MAX; i++)
		if (flows[i])
			printf("%-24s %6u %6u  %-14s %s\n", k->name, flows[i], failed[i], said[k->relation], k->because);
}

/* What the guest takes: mostly all; tap and core are told alike. The features' bits, or 0 where the tap refuses. */
static uint64_t choose_offloads(bool all)
{
	static const struct {
		unsigned int tun;
		uint64_t virtio;
	} choice[] = {
		{ TUN_F_TSO4, 1ULL << VIRTIO_NET_F_GUEST_TSO4 },
		{ TUN_F_TSO6, 1ULL << VIRTIO_NET_F_GUEST_TSO6 },
		{ TUN_F_USO4 | TUN_F_USO6, 1ULL << VIRTIO_NET_F_GUEST_USO4 | 1ULL << VIRTIO_NET_F_GUEST_USO6 },
	};
	unsigned int tun = TUN_F_CSUM;
	uint64_t virtio = 1ULL << VIRTIO_NET_F_GUEST_CSUM;

	for (size_t i = 0; i < VX_ARRAY_SIZE(choice); i++) {
		if (!all && nf_one_in(2))
			continue;
		tun |= choice[i].tun;
		virtio |= choice[i].virtio;
	}
	if (tun & (TUN_F_TSO4 | TUN_F_TSO6)) {
		tun |= TUN_F_TSO_ECN;
		virtio |= 1ULL << VIRTIO_NET_F_GUEST_ECN;
	}
	return rw_tap_offload(kernel.tap, tun) ? 0 : virtio;
}

static void init(const char *near_name, const char *tap_name)
{
	kernel.near = rw_packet(near_name);
	kernel.tap = rw_tap(tap_name);
	if (gro_kind(GRO_KINDS_MAX)) {
		fprintf(stderr, "groref: more kinds than GRO_KINDS_MAX\n");
		exit(2);
	}
	if (!choose_offloads(true)) {
		printf("groref: this kernel's tap has no USO\n");
		exit(77);
	}
	theirs.frame = calloc(GRO_FRAMES, sizeof(*theirs.frame));
	ours.frame = calloc(GRO_FRAMES, sizeof(*ours.frame));
	alone.frame = calloc(GRO_FRAMES, sizeof(*alone.frame));
	core.ring = rxring_new();
	if (!theirs.frame || !ours.frame || !alone.frame)
		exit(2);
}

int main(int argc, char **argv)
{
	const struct word table[] = {
		{ "seed", WORD_U64, &seed }, { "first", WORD_U64, &first }, { "count", WORD_U64, &count }, { "kind", WORD_TEXT, &only },
		{ "verbose", WORD_U64, &verbose }, { "window", WORD_U64, &kernel.window }, { "show", WORD_U64, &shown }, {}
	};
	uint32_t failures = 0, done = 0, merged = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: groref NEAR TAP [NAME VALUE]...\n");
		return 2;
	}
	words_parse("groref NEAR TAP", table, argc - 3, argv + 3);
	init(argv[1], argv[2]);
	printf("groref: seed %" PRIu64 "\n", seed);
	for (uint64_t number = first; number < first + count; number++) {
		bool ok;

		gro_batch_make(&batch, seed, number, only);
		offloads = choose_offloads(!nf_one_in(6));
		core.feed = nf_one_in(4) ? nf_below(FEEDS) : AT_ONCE;
		grolinux_run(&kernel, &batch, &theirs);
		ok = as_expected(rxcore_run(&core, &batch, offloads, &ours));
		done++;
		failures += !ok;
		for (uint32_t i = 0; i < batch.flows; i++)
			flows[batch.flow[i].number]++;
		if (!ok)
			failed[batch.flow[batch.frame[where]->flow].number]++;
		for (uint32_t i = 0; i < ours.n; i++)
			merged += ours.frame[i].n > 1;
		if (!ok && failures <= shown)
			show_failure(number);
		else if (verbose)
			printf("batch %" PRIu64 ": %u flows, %u frames; Linux %u, we %u\n", number, batch.flows, batch.n, theirs.n, ours.n);
	}
	print_table();
	printf("groref: %u batches, %u failed, %u merged frames; %" PRIu64 " bursts were sent again, %" PRIu64
	       " more to ask about one frame; %" PRIu64 " frames only Linux marks as valid\n", done, failures, merged, kernel.late, asked,
	       unmarked);
	rxring_free(core.ring);
	return failures || !done || !merged;
}
