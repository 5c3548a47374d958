// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * gsoref TAP FAR [NAME VALUE]...: super-frames through the kernel's software GSO and through our core, compared byte for byte.
 *
 * What is written to TAP must arrive segmented at FAR (tests/netns/gso-reference.sh). Frames are random; each belongs to a
 * kind, and the table of kinds says how we compare with Linux there, and why we differ where we do. Status 0 only when every
 * case was as its kind says, and every frame that we sent had right lengths and checksums.
 *
 * seed, first, count	which cases; a case depends on seed and its number alone
 * kind NAME		only cases of this kind
 * show N		that many failures in full
 * verbose 1		a line for each case
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/gsocase.h"
#include "lib/netframe.h"
#include "lib/refwire.h"
#include "lib/words.h"
#include "pump.h"

#define FRAMES	1100u		/* more than the segments of any buffer */
#define PIECES	12u
#define WAIT_MS	3000

struct frames {
	bool refused;
	enum vx_reason reason;	/* ours */
	uint32_t n;
	uint32_t len[FRAMES];
	uint8_t *data;	/* NF_MAX bytes each */
};

static struct frames theirs, ours;
static int tap, far;
static struct vx_tx tx;
static struct vx_queue_stats stats;
static uint64_t seed = 1, first, count = 3000, verbose, shown = 8;
static const char *only;

static uint8_t *frame_at(const struct frames *f, uint32_t i)
{
	return f->data + (size_t)i * NF_MAX;
}

/* --- the kernel --------------------------------------------------------------- */

static void tap_mark(uint32_t number)
{
	uint8_t buf[RW_HDR + RW_MARK_LEN] = { 0 };

	rw_mark(buf + RW_HDR, number);
	if (write(tap, buf, sizeof(buf)) != sizeof(buf)) {
		perror("gsoref: tap");
		exit(2);
	}
}

static void run_linux(const struct gso_case *c)
{
	static uint32_t marks;
	uint32_t number;

	theirs.n = 0;
	theirs.refused = write(tap, c->buf, RW_HDR + c->len) < 0;
	if (theirs.refused && errno != EINVAL) {
		perror("gsoref: tap");
		exit(2);
	}
	tap_mark(++marks);
	for (;;) {
		uint8_t *to = frame_at(&theirs, theirs.n);
		int got = rw_recv(far, to, NF_MAX, WAIT_MS);

		if (got < 0) {
			fprintf(stderr, "gsoref: frames are lost on the way to the far side\n");
			exit(2);
		}
		if (rw_is_mark(to, got, &number) && number == marks)
			break;
		theirs.len[theirs.n] = got;
		if (++theirs.n == FRAMES) {
			fprintf(stderr, "gsoref: more segments than were asked for\n");
			exit(2);
		}
	}
	theirs.refused |= !theirs.n;
}

/* --- the core ----------------------------------------------------------------- */

static u32 sink_given;

static u32 sink_alloc(void *ctx, struct vx_frame *f, u32 n)
{
	u32 i;

	for (i = 0; i < n && sink_given < FRAMES; i++, sink_given++)
		f[i] = (struct vx_frame) { .data = frame_at(&ours, sink_given), .room = NF_MAX };
	return i;
}

static u32 sink_send(void *ctx, struct vx_frame *f, u32 n, struct vx_queue_stats *st)
{
	for (u32 i = 0; i < n; i++) {
		if (f[i].data != frame_at(&ours, ours.n)) {
			fprintf(stderr, "gsoref: frames out of order\n");
			exit(1);
		}
		ours.len[ours.n++] = f[i].len;
	}
	return n;
}

static void sink_free(void *ctx, struct vx_frame *f, u32 n)
{
}

static u32 sink_capacity(void *ctx)
{
	return FRAMES;
}

static const struct vx_sink_ops sink = {
	.alloc = sink_alloc, .send = sink_send, .free = sink_free, .capacity = sink_capacity,
};

/* In pieces, each of them memory of its own, at any alignment. */
static void run_core(const struct gso_case *c)
{
	static uint8_t piece[PIECES][RW_HDR + NF_MAX + 64];
	struct vx_iov iov[PIECES];
	uint32_t at = 0, n = 1 + nf_below(PIECES), total = RW_HDR + c->len;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t take = i + 1 == n ? total - at : nf_below(nf_one_in(2) ? 80 : total - at + 1), skew = nf_below(16);

		take = take > total - at ? total - at : take;
		memcpy(piece[i] + skew, c->buf + at, take);
		iov[i] = (struct vx_iov) { .uaddr = (uintptr_t)(piece[i] + skew), .len = take };
		at += take;
	}
	ours.n = 0;
	sink_given = 0;
	ours.reason = vx_tx_one(&tx, iov, n);
	ours.refused = ours.reason != VX_REASON_NONE;
}

/* --- comparison --------------------------------------------------------------- */

static char why[200];

static bool differ(const char *what, uint32_t frame, uint32_t at)
{
	snprintf(why, sizeof(why), "%s (frame %u of %u, Linux has %u; byte %u)", what, frame, ours.n, theirs.n, at);
	return false;
}

/* sum_at: where the two bytes are that may differ; 0: nowhere. */
static bool same_bytes(uint32_t sum_at)
{
	for (uint32_t i = 0; i < ours.n && i < theirs.n; i++) {
		const uint8_t *a = frame_at(&ours, i), *b = frame_at(&theirs, i);

		if (ours.len[i] != theirs.len[i])
			return differ("lengths differ", i, ours.len[i]);
		if (!sum_at && !memcmp(a, b, ours.len[i]))
			continue;
		for (uint32_t k = 0; k < ours.len[i]; k++)
			if (a[k] != b[k] && !(sum_at && (k == sum_at || k == sum_at + 1)))
				return differ("bytes differ", i, k);
	}
	return ours.n == theirs.n || differ("not as many frames", 0, 0);
}

static bool ours_right(const struct gso_case *c)
{
	for (uint32_t i = 0; i < ours.n; i++) {
		const char *bad = c->judge ? nf_judge(frame_at(&ours, i), ours.len[i]) : NULL;

		if (bad)
			return differ(bad, i, 0);
		if (c->segment_max && ours.len[i] > c->segment_max)
			return differ("a frame longer than was asked for", i, ours.len[i]);
	}
	return true;
}

static bool as_expected(const struct gso_case *c, enum gso_relation relation)
{
	if (ours.refused && ours.n)
		return differ("refused, but sent", 0, 0);
	switch (relation) {
	case GSO_SAME:
	case GSO_SAME_BUT_SUM:
		if (ours.refused || theirs.refused)
			return differ(ours.refused ? "we refuse" : "Linux refuses", 0, 0);
		return same_bytes(relation == GSO_SAME ? 0 : c->sum_at) && ours_right(c);
	case GSO_NEITHER:
		if (!theirs.refused)
			return differ("Linux does not refuse", 0, 0);
		return ours.refused || differ("we do not refuse", 0, 0);
	case GSO_STRICTER:
		return ours.refused || differ("we do not refuse", 0, 0);
	case GSO_LOOSER:
		if (!theirs.refused)
			return differ("Linux does not refuse", 0, 0);
		return !ours.refused ? ours_right(c) : differ("we refuse", 0, 0);
	case GSO_EITHER:
		if (ours.refused || theirs.refused)
			return ours_right(c);
		return same_bytes(c->sum_at) && ours_right(c);
	}
	return false;
}

static const char *reason_text(enum vx_reason reason)
{
	static const char *const text[VX_REASON_MAX] = {
#define X(name, n, word) [n] = (word),
		VX_REASONS(X)
#undef X
	};

	return text[reason];
}

static void show(const struct gso_case *c, uint64_t number, const char *verdict)
{
	printf("%s case %" PRIu64 ": %s; %s; Linux %u frames%s, we %u (%s)\n", verdict, number, c->kind->name, c->text,
	       theirs.n, theirs.refused ? " (refused)" : "", ours.n, reason_text(ours.reason));
}

static void show_bytes(const char *who, const uint8_t *p, uint32_t len)
{
	printf("  %s (%u bytes):", who, len);
	for (uint32_t i = 0; i < len && i < 96; i++)
		printf("%s%02x", i % 4 ? "" : " ", p[i]);
	printf("\n");
}

static void show_failure(const struct gso_case *c, uint64_t number)
{
	show(c, number, "FAIL");
	printf("  %s\n  again: seed %" PRIu64 " first %" PRIu64 " count 1\n", why, seed, number);
	show_bytes("header", c->buf, RW_HDR);
	show_bytes("asked", c->buf + RW_HDR, c->len);
	for (uint32_t i = 0; i < ours.n || i < theirs.n; i++) {
		if (i < ours.n && i < theirs.n && ours.len[i] == theirs.len[i] &&
		    !memcmp(frame_at(&ours, i), frame_at(&theirs, i), ours.len[i]))
			continue;
		if (i < theirs.n)
			show_bytes("Linux", frame_at(&theirs, i), theirs.len[i]);
		if (i < ours.n)
			show_bytes("we", frame_at(&ours, i), ours.len[i]);
		break;
	}
}

/* --- */

static bool tap_has_uso(void)
{
	return !rw_tap_offload(tap, TUN_F_CSUM | TUN_F_USO4 | TUN_F_USO6);
}

static void init(const char *tap_name, const char *far_name)
{
	tap = rw_tap(tap_name);
	far = rw_packet(far_name);
	theirs.data = calloc(FRAMES, NF_MAX);
	ours.data = calloc(FRAMES, NF_MAX);
	if (!theirs.data || !ours.data)
		exit(2);
	vx_tx_init(&tx, NULL, &sink, NULL, &stats, VX_CORE_FEATURES, NF_MAX);
}

static void print_table(const uint32_t *cases, const uint32_t *failed)
{
	static const char *const said[] = {
		[GSO_SAME] = "same", [GSO_SAME_BUT_SUM] = "same but sum", [GSO_NEITHER] = "neither sends",
		[GSO_STRICTER] = "we refuse", [GSO_LOOSER] = "only we send", [GSO_EITHER] = "either",
	};
	const struct gso_kind *k;
	uint32_t i;

	printf("%-28s %6s %6s  %-14s %s\n", "kind", "cases", "failed", "Linux and we", "because");
	for (i = 0; (k = gso_kind(i)) && i < GSO_KINDS_MAX; i++)
		if (cases[i])
			printf("%-28s %6u %6u  %-14s %s\n", k->name, cases[i], failed[i], said[k->relation], k->because);
}

int main(int argc, char **argv)
{
	const struct word table[] = {
		{ "seed", WORD_U64, &seed }, { "first", WORD_U64, &first }, { "count", WORD_U64, &count }, { "kind", WORD_TEXT, &only },
		{ "verbose", WORD_U64, &verbose }, { "show", WORD_U64, &shown }, {}
	};
	uint32_t cases[GSO_KINDS_MAX] = { 0 }, failed[GSO_KINDS_MAX] = { 0 }, failures = 0, done = 0;
	static struct gso_case c;
	bool uso;

	if (argc < 3) {
		fprintf(stderr, "usage: gsoref TAP FAR [NAME VALUE]...\n");
		return 2;
	}
	words_parse("gsoref TAP FAR", table, argc - 3, argv + 3);
	init(argv[1], argv[2]);
	if (gso_kind(GSO_KINDS_MAX)) {
		fprintf(stderr, "gsoref: more kinds than GSO_KINDS_MAX\n");
		return 2;
	}
	uso = tap_has_uso();
	if (!uso)
		printf("gsoref: this kernel's tap has no USO: those cases are left out\n");
	printf("gsoref: seed %" PRIu64 "\n", seed);
	for (uint64_t number = first; number < first + count; number++) {
		uint32_t k;
		bool ok;

		gso_case_make(&c, seed, number, uso, only);
		k = c.number;
		run_linux(&c);
		run_core(&c);
		ok = as_expected(&c, c.kind->relation);
		cases[k]++;
		done++;
		failed[k] += !ok;
		failures += !ok;
		if (!ok && failures <= shown)
			show_failure(&c, number);
		else if (verbose)
			show(&c, number, "ok  ");
	}
	print_table(cases, failed);
	printf("gsoref: %u cases, %u failed\n", done, failures);
	return failures || !done;
}
