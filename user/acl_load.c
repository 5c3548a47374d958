// SPDX-License-Identifier: GPL-2.0-or-later
/* A whole set of rules from text, one a line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "acl.h"
#include "say.h"

struct line {
	struct vx_acl_rule rule;
	__u32 line;
};

struct text {
	const char *name;
	struct line *line;
	__u32 n, room;
	bool has_default, allow;
};

static int add(struct text *t, const struct vx_acl_rule *rule, __u32 number)
{
	struct line *more;

	if (t->n == VX_ACL_RULES_MAX)
		return vx_fail(-E2BIG, "%s:%u: a set has at most %d rules; several ports or prefixes in one rule save some", t->name, number,
			       VX_ACL_RULES_MAX);
	if (!t->line || t->n == t->room) {
		t->room = t->room ? 2 * t->room : 256;
		more = realloc(t->line, t->room * sizeof(*more));
		if (!more)
			return vx_fail(-ENOMEM, "out of memory");
		t->line = more;
	}
	t->line[t->n++] = (struct line){ .rule = *rule, .line = number };
	return 0;
}

static int take_default(struct text *t, int n, char **words, __u32 number)
{
	if (n != 2 || (strcmp(words[1], "allow") && strcmp(words[1], "deny")))
		return vx_fail(-EINVAL, "%s:%u: write default allow or default deny", t->name, number);
	if (t->has_default)
		return vx_fail(-EINVAL, "%s:%u: the default is given twice", t->name, number);
	t->has_default = true;
	t->allow = !strcmp(words[1], "allow");
	return 0;
}

static int take(struct text *t, char *line, __u32 number)
{
	char *words[VX_ACL_WORDS], why[VX_ACL_TEXT];
	struct vx_acl_rule rule;
	int n = vx_acl_split(line, words);

	if (n < 0)
		return vx_fail(-EINVAL, "%s:%u: more than %d words", t->name, number, VX_ACL_WORDS);
	if (!n)
		return 0;
	if (!strcmp(words[0], "default"))
		return take_default(t, n, words, number);
	if (vx_acl_parse(n, words, &rule, why))
		return vx_fail(-EINVAL, "%s:%u: %s", t->name, number, why);
	return add(t, &rule, number);
}

static int by_prio(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->rule.prio != y->rule.prio)
		return x->rule.prio < y->rule.prio ? -1 : 1;
	return x->line < y->line ? -1 : 1;
}

/* By what they match: a verdict for the same frames follows or precedes the other. */
static int by_match(const void *a, const void *b)
{
	const struct line *x = *(struct line *const *)a, *y = *(struct line *const *)b;
	__u32 p = x->rule.flags & ~VX_ACL_ALLOW, q = y->rule.flags & ~VX_ACL_ALLOW;
	size_t from = offsetof(struct vx_acl_rule, proto);
	int diff = p < q ? -1 : p > q;

	if (!diff)
		diff = memcmp((const char *)&x->rule + from, (const char *)&y->rule + from, offsetof(struct vx_acl_rule, packets) - from);
	return diff ? diff : x->line < y->line ? -1 : x->line > y->line;
}

static int find_collisions(const struct text *t)
{
	struct line **list = calloc(t->n + 1, sizeof(struct line *)), *a, *b;
	int err = 0;
	__u32 i;

	if (!list)
		return vx_fail(-ENOMEM, "out of memory");
	for (i = 0; i < t->n; i++)
		list[i] = &t->line[i];
	qsort(list, t->n, sizeof(struct line *), by_match);
	for (i = 1; i < t->n && !err; i++) {
		a = list[i - 1];
		b = list[i];
		if (vx_acl_same_match(&a->rule, &b->rule))
			err = vx_fail(-EEXIST, "%s:%u: this %s line %u", t->name, b->line,
				      (a->rule.flags ^ b->rule.flags) & VX_ACL_ALLOW ? "contradicts" : "says the same as", a->line);
	}
	free(list);
	return err;
}

static int read_lines(FILE *file, struct text *t)
{
	char *line = NULL;
	size_t room = 0;
	__u32 number = 0;
	ssize_t len;
	int err = 0;

	while (!err && (len = getline(&line, &room, file)) >= 0) {
		number++;
		if (len > 4096 || strlen(line) != (size_t)len)
			err = vx_fail(-EINVAL, "%s:%u: this is no text", t->name, number);
		else
			err = take(t, line, number);
	}
	if (!err && ferror(file))
		err = vx_fail(-EIO, "cannot read %s", t->name);
	free(line);
	return err;
}

/* Numbers count in the order of judgement. */
static int hand_over(struct text *t, struct vx_acl_rules *rules)
{
	__u32 i;

	rules->allow = t->allow;
	if (!t->line)
		return 0;
	rules->rule = calloc(t->n, sizeof(*rules->rule));
	if (!rules->rule)
		return vx_fail(-ENOMEM, "out of memory");
	qsort(t->line, t->n, sizeof(*t->line), by_prio);
	for (i = 0; i < t->n; i++) {
		rules->rule[i] = t->line[i].rule;
		rules->rule[i].number = i + 1;
	}
	rules->n = rules->room = t->n;
	return 0;
}

int vx_acl_load(FILE *file, const char *name, struct vx_acl_rules *rules)
{
	struct text t = { .name = name };
	int err;

	memset(rules, 0, sizeof(*rules));
	err = read_lines(file, &t);
	if (!err)
		err = find_collisions(&t);
	if (!err)
		err = hand_over(&t, rules);
	free(t.line);
	return err;
}
