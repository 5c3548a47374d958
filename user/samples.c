// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "samples.h"

#define LABELS_MAX	512u

struct sample {
	char *labels;
	double value;
	size_t next;	/* of the same bucket; 0: none */
};

/* A few thousand at most, and each is looked for when it comes. */
#define BUCKETS	1024u

static struct {
	struct sample *s;	/* [0] is none */
	size_t n, room;
	size_t bucket[BUCKETS];
	bool short_of_memory;
} all;

static size_t escape(char *to, size_t room, const char *value)
{
	size_t n = 0;

	for (; *value && n + 2 < room; value++) {
		if (*value == '"' || *value == '\\' || *value == '\n')
			to[n++] = '\\';
		to[n++] = *value == '\n' ? 'n' : *value;
	}
	to[n] = '\0';
	return n;
}

static void write_labels(char *text, const char *const *labels)
{
	size_t n = 0;

	text[0] = '\0';
	for (; labels[0]; labels += 2) {
		if (n + strlen(labels[0]) + 8 > LABELS_MAX)
			break;
		n += (size_t)sprintf(text + n, "%s%s=\"", n ? "," : "", labels[0]);
		n += escape(text + n, LABELS_MAX - n - 2, labels[1]);
		text[n++] = '"';
		text[n] = '\0';
	}
}

static size_t hash(const char *labels)
{
	size_t h = 5381;

	while (*labels)
		h = h * 33 + (unsigned char)*labels++;
	return h % BUCKETS;
}

static struct sample *find(const char *labels, size_t bucket)
{
	size_t i;

	for (i = all.bucket[bucket]; i; i = all.s[i].next)
		if (!strcmp(all.s[i].labels, labels))
			return &all.s[i];
	return NULL;
}

static struct sample *make(const char *labels, size_t bucket)
{
	size_t room = all.room ? 2 * all.room : 256;
	struct sample *s;

	if (!all.n)
		all.n = 1;
	if (all.n >= all.room) {
		s = reallocarray(all.s, room, sizeof(*s));
		if (!s)
			return NULL;
		all.s = s;
		all.room = room;
	}
	s = &all.s[all.n];
	s->labels = strdup(labels);
	if (!s->labels)
		return NULL;
	s->value = 0;
	s->next = all.bucket[bucket];
	all.bucket[bucket] = all.n++;
	return s;
}

void vx_samples_add(double value, const char *const *labels)
{
	char text[LABELS_MAX];
	struct sample *s;
	size_t bucket;

	write_labels(text, labels);
	bucket = hash(text);
	s = find(text, bucket);
	if (!s)
		s = make(text, bucket);
	if (s)
		s->value += value;
	else
		all.short_of_memory = true;
}

static void print_value(double value)
{
	if (value >= 0 && value < 9e15 && value == (double)(__u64)value)
		printf(" %llu\n", (__u64)value);
	else
		printf(" %.9g\n", value);
}

int vx_samples_print(const char *name, const char *type, const char *help)
{
	int err = all.short_of_memory ? -ENOMEM : 0;
	size_t i;

	printf("# HELP vhost_xdp_%s %s\n# TYPE vhost_xdp_%s %s\n", name, help, name, type);
	for (i = 1; i < all.n; i++) {
		printf("vhost_xdp_%s{%s}", name, all.s[i].labels);
		print_value(all.s[i].value);
		free(all.s[i].labels);
	}
	free(all.s);
	memset(&all, 0, sizeof(all));
	return err;
}
