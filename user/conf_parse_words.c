// SPDX-License-Identifier: GPL-2.0-or-later
/* What all statements are made of: pairs of words, and the lines of features. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_parse.h"

/* Edits that make b of a, up to 3. */
static int distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b), i, j;
	int row[32], diagonal, up;

	if (la >= 32 || lb >= 32)
		return 3;
	for (j = 0; j <= lb; j++)
		row[j] = j;
	for (i = 1; i <= la; i++) {
		diagonal = row[0];
		row[0] = i;
		for (j = 1; j <= lb; j++) {
			up = row[j];
			row[j] = diagonal + (a[i - 1] != b[j - 1]);
			if (up + 1 < row[j])
				row[j] = up + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			diagonal = up;
		}
	}
	return row[lb];
}

/* The name that was meant: the only one that begins like this, or the nearest one. */
static const char *meant(const char *word, const char *const *names)
{
	const char *best = NULL;
	int i, d, least = 3, begin = vx_word_find(names, sizeof(*names), word);

	if (begin >= 0)
		return names[begin];
	for (i = 0; names[i]; i++) {
		d = distance(word, names[i]);
		if (d < least && d < (int)strlen(names[i])) {
			least = d;
			best = names[i];
		}
	}
	return best;
}

void vx_conf_unknown(struct vx_conf_parser *p, const struct vx_word *word, const char *const *names, const char *where)
{
	const char *best = meant(word->text, names);
	char all[240] = "";
	size_t n = 0;
	int i;

	if (best) {
		vx_conf_error(p->errors, word->pos, "'%s' is not known %s; write '%s'", word->text, where, best);
		return;
	}
	for (i = 0; names[i] && n < sizeof(all); i++)
		n += snprintf(all + n, sizeof(all) - n, "%s%s", i ? names[i + 1] ? ", " : " or " : "", names[i]);
	vx_conf_error(p->errors, word->pos, "'%.100s' is not known %s; use %s", word->text, where, all);
}

bool vx_conf_number(struct vx_conf_parser *p, const struct vx_word *word, const char *what, __u32 min, __u32 max, __u32 *v)
{
	int err = vx_parse_u32(word->text, min, max, v);

	if (err)
		vx_conf_error(p->errors, word->pos, "%s '%.100s' is %s; use %u to %u", what, word->text,
			      err == -ERANGE ? "out of range" : "not a number", min, max);
	return !err;
}

void vx_conf_no_block(struct vx_conf_parser *p, const struct vx_stmt *stmt)
{
	if (stmt->has_block)
		vx_conf_error(p->errors, stmt->word[0].pos, "'%s' has no block; write its words into its line", stmt->word[0].text);
}

void vx_conf_pairs(struct vx_conf_parser *p, const struct vx_stmt *stmt, int first, const struct vx_conf_key *keys, struct vx_pos *seen,
		   void *object, const char *where)
{
	const char *names[VX_CONF_KEYS_MAX + 1] = {};
	int i, k;

	for (k = 0; keys[k].name; k++)
		names[k] = keys[k].name;
	for (i = first; i < stmt->n; i += 2) {
		const struct vx_word *word = &stmt->word[i];

		for (k = 0; keys[k].name && strcmp(keys[k].name, word->text); k++)
			;
		if (!keys[k].name) {
			/* What follows may be a value or not. */
			vx_conf_unknown(p, word, names, where);
			return;
		}
		if (i + 1 == stmt->n) {
			vx_conf_error(p->errors, word->pos, "'%s' needs a value, for instance: %s %s", word->text, word->text, keys[k].value);
			return;
		}
		if (seen[k].line)
			vx_conf_error(p->errors, word->pos, "'%s' is given twice, first in line %d; remove one of them", word->text,
				      seen[k].line);
		else
			keys[k].take(p, object, word + 1);
		seen[k] = word->pos;
	}
}

static void add_line(struct vx_conf_raw *raw, const struct vx_word *word, int words)
{
	if (raw->n == raw->room) {
		raw->room = raw->room ? 2 * raw->room : 8;
		raw->word = vx_need_more(raw->word, raw->room, sizeof(*raw->word));
		raw->words = vx_need_more(raw->words, raw->room, sizeof(*raw->words));
	}
	raw->word[raw->n] = word;
	raw->words[raw->n++] = words;
}

void vx_conf_raw_add(struct vx_conf_parser *p, struct vx_conf_raw *raw, const struct vx_stmt *stmt, int first)
{
	const struct vx_stmt *line;

	if (stmt->n > first && stmt->has_block)
		vx_conf_error(p->errors, stmt->word[first].pos, "either words or a block follow; move '%s' into the block",
			      stmt->word[first].text);
	else if (stmt->n > first)
		add_line(raw, stmt->word + first, stmt->n - first);
	else if (!stmt->has_block)
		vx_conf_error(p->errors, stmt->word[0].pos, "'%s' says nothing; write what it is, or a block { ... } of lines",
			      stmt->word[0].text);
	for (line = stmt->block; line; line = line->next) {
		vx_conf_no_block(p, line);
		add_line(raw, line->word, line->n);
	}
}

/* Line by line behind each error: as many as can be told. */
static void judge(struct vx_conf_parser *p, const struct vx_conf_raw *raw, const struct vx_feature_line *lines, int feature,
		  struct vx_lines *out)
{
	struct vx_feature_error error;
	int from = 0;

	while (from < raw->n && p->errors->n < VX_CONF_ERRORS) {
		if (!vx_feature_parse(feature, lines + from, raw->n - from, out, &error))
			return;
		vx_lines_free(out);
		from += error.line;
		vx_conf_error(p->errors, raw->word[from][error.word].pos, "%s", error.text);
		from++;
	}
}

void vx_conf_raw_take(struct vx_conf_parser *p, struct vx_conf_raw *raw, int feature, struct vx_lines *out)
{
	struct vx_feature_line *lines = vx_need(raw->n, sizeof(*lines));
	char **words;
	int i, j, all = 0;

	for (i = 0; i < raw->n; i++)
		all += raw->words[i];
	words = vx_need(all, sizeof(*words));
	for (i = all = 0; i < raw->n; i++) {
		lines[i].word = words + all;
		lines[i].n = raw->words[i];
		for (j = 0; j < raw->words[i]; j++)
			words[all++] = (char *)raw->word[i][j].text;
	}
	judge(p, raw, lines, feature, out);
	free(words);
	free(lines);
	free(raw->word);
	free(raw->words);
	memset(raw, 0, sizeof(*raw));
}
