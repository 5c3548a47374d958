// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "seqframe.h"
#include "words.h"

static bool take(const struct word *w, const char *text)
{
	char *end;

	switch (w->kind) {
	case WORD_U64:
		errno = 0;
		*(uint64_t *)w->to = strtoull(text, &end, 0);
		return *text && !*end && !errno;
	case WORD_MAC:
		return seq_parse_mac(text, w->to);
	case WORD_IP:
		return inet_pton(AF_INET, text, w->to) == 1;
	case WORD_TEXT:
		*(const char **)w->to = text;
		return true;
	}
	return false;
}

void words_parse(const char *usage, const struct word *table, int argc, char **argv)
{
	for (int i = 0; i < argc; i += 2) {
		const struct word *w = table;

		while (w->name && strcmp(w->name, argv[i]))
			w++;
		if (w->name && i + 1 < argc && take(w, argv[i + 1]))
			continue;
		fprintf(stderr, "bad argument \"%s\"; usage: %s", argv[i], usage);
		for (w = table; w->name; w++)
			fprintf(stderr, " [%s V]", w->name);
		fprintf(stderr, "\n");
		exit(2);
	}
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}
