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
		raw->word = vx_need_more(raw->word, raw->room, sizeof(struct vx_word *));
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

/* Where a name stands, alone or in a list: the last such word, since names come behind the words that they may look like. */
static struct vx_pos place_of(const struct vx_conf_raw *raw, const char *name)
{
	struct vx_pos pos = raw->word[0][0].pos;
	size_t len = strlen(name);
	const char *s;
	int i, j;

	for (i = 0; i < raw->n; i++)
		for (j = 0; j < raw->words[i]; j++) {
			const struct vx_word *word = &raw->word[i][j];

			for (s = word->text; (s = strstr(s, name)); s++)
				if ((s == word->text || s[-1] == ',') && (!s[len] || s[len] == ','))
					pos = (struct vx_pos){ word->pos.line, word->pos.column + (int)(s - word->text) };
		}
	return pos;
}

/* Names that are not in the file yet, each once. */
static void add_ref(struct vx_conf_parser *p, const struct vx_conf_raw *raw, int feature, const char *name)
{
	struct vx_conf_ref *ref;
	int i;

	if (feature < 0 ? !!vx_conf_port(p->conf, name) : !!vx_conf_set(p->conf, feature, name))
		return;
	for (i = 0; i < p->refs; i++)
		if (p->ref[i].feature == feature && !strcmp(p->ref[i].name, name))
			return;
	if (p->refs == VX_CONF_REFS_MAX) {
		vx_conf_error(p->errors, place_of(raw, name), "there are more names than a file has sets and ports; put those before the rules");
		return;
	}
	/* Grows by doubling. */
	if (!(p->refs & (p->refs - 1)))
		p->ref = vx_need_more(p->ref, p->refs ? 2 * p->refs : 1, sizeof(*ref));
	ref = &p->ref[p->refs++];
	ref->feature = feature;
	ref->pos = place_of(raw, name);
	snprintf(ref->name, sizeof(ref->name), "%s", name);
}

/* "src group web", "use set web"; in a group, "port vm1". As they are printed: words are whole there. */
static void note_refs(struct vx_conf_parser *p, const struct vx_conf_raw *raw, const char *line, int feature)
{
	const struct vx_feature *of = &vx_features[feature];
	char *save, *word, *copy = vx_need(1, strlen(line) + 1);
	int f, found = -2;

	strcpy(copy, line);
	for (word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (found > -2) {
			add_ref(p, raw, found, word);
			found = -2;
			continue;
		}
		if (!of->refers && of->scope == VX_SCOPE_SET && !strcmp(word, "port"))
			found = -1;
		for (f = 0; of->refers && f < vx_features_n; f++)
			if (vx_features[f].ref && !strcmp(vx_features[f].ref, word))
				found = f;
	}
	free(copy);
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
	i = p->errors->n;
	judge(p, raw, lines, feature, out);
	for (j = 0; j < out->n && i == p->errors->n; j++)
		note_refs(p, raw, out->line[j], feature);
	free(words);
	free(lines);
	free(raw->word);
	free(raw->words);
	memset(raw, 0, sizeof(*raw));
}
