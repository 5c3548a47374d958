// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * polswap [NAME VALUE]...: what "bpftool map update" does to policies, many times in a row. Ends on side a.
 *
 * port N direction D	swap the chain of that port (0 to-guest, 1 from-guest): a and b are ids, "9" or "1,10"
 * slot N		swap the program in that slot: a and b are pins of programs
 * outer PIN	swap the whole rule set of a policy, element 0 of this map of maps: a and b are pins of maps
 * times N, us U	how many swaps, and the pause between two of them
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/types.h>
#include <vhost_xdp/policy.h>

#include "lib/words.h"

#define MAPS	"/sys/fs/bpf/vhost-xdp/v1/"

static uint64_t port, direction, slot, times = 1, us;
static const char *a, *b, *outer;

static void fail(const char *what)
{
	fprintf(stderr, "polswap: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_pin(const char *path)
{
	int fd = bpf_obj_get(path);

	if (fd < 0)
		fail(path);
	return fd;
}

static void parse_chain(const char *text, uint8_t chain[VX_CHAIN_MAX])
{
	for (int i = 0; i < VX_CHAIN_MAX; i++) {
		char *end;

		chain[i] = strtoul(text, &end, 0);
		if (end == text)
			break;
		if (!*end)
			return;
		text = end + 1;
	}
	errno = EINVAL;
	fail("chain");
}

/* What is swapped: one element of a map, between two values. */
struct swap {
	int map;
	struct vx_chain_key chain;
	uint32_t number;	/* of a slot, or of a rule set */
	const void *key;
	uint8_t value[2][VX_CHAIN_MAX];
};

static void set_fds(struct swap *s)
{
	int fd[2] = { open_pin(a), open_pin(b) };

	s->key = &s->number;
	memcpy(s->value[0], &fd[0], sizeof(fd[0]));
	memcpy(s->value[1], &fd[1], sizeof(fd[1]));
}

static void set_up(struct swap *s)
{
	if (port) {
		s->map = open_pin(MAPS "vx_chain_v1");
		s->chain = (struct vx_chain_key){ .port = port, .direction = direction };
		s->key = &s->chain;
		parse_chain(a, s->value[0]);
		parse_chain(b, s->value[1]);
		return;
	}
	s->map = open_pin(outer ? outer : MAPS "vx_policy_v1");
	s->number = outer ? 0 : slot;
	set_fds(s);
}

int main(int argc, char **argv)
{
	const struct word table[] = {
		{ "port", WORD_U64, &port }, { "direction", WORD_U64, &direction }, { "slot", WORD_U64, &slot }, { "a", WORD_TEXT, &a },
		{ "b", WORD_TEXT, &b }, { "outer", WORD_TEXT, &outer }, { "times", WORD_U64, &times }, { "us", WORD_U64, &us }, {}
	};
	struct timespec pause;
	struct swap s = { 0 };

	words_parse("polswap", table, argc - 1, argv + 1);
	if (!a || !b || !!port + !!slot + !!outer != 1) {
		fprintf(stderr, "polswap: needs a, b, and one of port, slot and outer\n");
		return 2;
	}
	set_up(&s);
	pause = (struct timespec){ us / 1000000, us % 1000000 * 1000 };
	for (uint64_t left = times; left; left--) {
		/* the last one is a, so that two runs in a row start with a real swap */
		if (bpf_map_update_elem(s.map, s.key, s.value[!(left & 1)], BPF_ANY))
			fail("map update");
		nanosleep(&pause, NULL);
	}
	printf("polswap: %" PRIu64 " swaps\n", times);
	return 0;
}
