// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of words into a policy's own struct, and back. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feature.h"
#include "say.h"

int vx_feature_find(const char *name)
{
	int i;

	for (i = 0; i < vx_features_n; i++)
		if (!strcmp(vx_features[i].name, name))
			return i;
	return -ENOENT;
}

static void release(const struct vx_feature *f, void *conf)
{
	if (conf && f->release)
		f->release(conf);
	free(conf);
}

static void add_line(const char *line, void *arg)
{
	vx_lines_add(arg, line);
}

static bool is_quoted(const char *why, const char *word)
{
	size_t len = strlen(word);
	const char *s;

	if (!len)
		return strstr(why, "''");
	for (s = why; (s = strstr(s, word)); s++)
		if (s > why && s[-1] == '\'' && s[len] == '\'')
			return true;
	return false;
}

/*
 * The word that is to blame. The policies' parsers do not say; but it is the last of the fewest words with which the same is
 * wrong, or else the one that is quoted.
 */
static int blame(const struct vx_feature *f, const struct vx_feature_line *line, const char *why)
{
	char other[VX_FEATURE_WHY];
	void *conf;
	int n, err;

	for (n = 1; n <= line->n; n++) {
		conf = vx_need(1, f->size);
		*other = '\0';
		err = f->words(n, line->word, conf, other);
		release(f, conf);
		if (err && !strcmp(other, why))
			break;
	}
	if (n <= line->n && !(n > 1 && is_quoted(why, line->word[n - 2]) && !is_quoted(why, line->word[n - 1])))
		return n - 1;
	for (n = 0; n < line->n; n++)
		if (is_quoted(why, line->word[n]))
			return n;
	return 0;
}

/* All words of all lines; the index of a word tells its line. */
static struct vx_feature_line join(const struct vx_feature_line *lines, int n)
{
	struct vx_feature_line all = {};
	int i, words = 0;

	for (i = 0; i < n; i++)
		words += lines[i].n;
	all.word = vx_need(words, sizeof(*all.word));
	for (i = 0; i < n; i++) {
		memcpy(all.word + all.n, lines[i].word, lines[i].n * sizeof(*all.word));
		all.n += lines[i].n;
	}
	return all;
}

static int parse_joined(const struct vx_feature *f, const struct vx_feature_line *lines, int n, void *conf, struct vx_feature_error *error)
{
	struct vx_feature_line all = join(lines, n);
	int err = f->words(all.n, all.word, conf, error->text);

	if (err) {
		error->word = blame(f, &all, error->text);
		for (error->line = 0; error->word >= lines[error->line].n; error->line++)
			error->word -= lines[error->line].n;
	}
	free(all.word);
	return err;
}

static int parse(const struct vx_feature *f, const struct vx_feature_line *lines, int n, void *conf, struct vx_feature_error *error)
{
	int i, err = 0;

	if (f->one_line)
		return n ? parse_joined(f, lines, n, conf, error) : 0;
	for (i = 0; i < n && !err; i++) {
		err = f->words(lines[i].n, lines[i].word, conf, error->text);
		if (err) {
			error->line = i;
			error->word = blame(f, &lines[i], error->text);
		}
	}
	if (!err && f->whole)
		err = f->whole(conf, &error->line, error->text);
	return err;
}

int vx_feature_parse(int feature, const struct vx_feature_line *lines, int n, struct vx_lines *out, struct vx_feature_error *error)
{
	const struct vx_feature *f = &vx_features[feature];
	void *conf = vx_need(1, f->size);
	int err;

	memset(error, 0, sizeof(*error));
	err = parse(f, lines, n, conf, error);
	if (!err && n)
		f->print(conf, add_line, out);
	release(f, conf);
	return err ? -EINVAL : 0;
}

int vx_feature_current(int feature, const struct vx_feature_target *target, struct vx_lines *out)
{
	const struct vx_feature *f = &vx_features[feature];
	void *conf = vx_need(1, f->size);
	int err = f->get(target, conf);

	if (!err)
		f->print(conf, add_line, out);
	release(f, conf);
	return err == -ENOENT ? 0 : err;
}

/* Lines that were printed are words with blanks between them. */
static int words_of(char *text, struct vx_feature_line *line)
{
	char *save, *word;
	int room = 0;

	memset(line, 0, sizeof(*line));
	for (word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		if (line->n == room) {
			char **more = reallocarray(line->word, room + 32, sizeof(*more));

			if (!more)
				return -ENOMEM;
			line->word = more;
			room += 32;
		}
		line->word[line->n++] = word;
	}
	return 0;
}

static int take_line(const struct vx_feature *f, const char *text, void *conf, char *why)
{
	struct vx_feature_line line = {};
	char *copy = strdup(text);
	int err = copy ? words_of(copy, &line) : -ENOMEM;

	if (!err)
		err = f->words(line.n, line.word, conf, why);
	free(line.word);
	free(copy);
	return err;
}

int vx_feature_replace(int feature, const struct vx_feature_target *target, const struct vx_lines *lines)
{
	const struct vx_feature *f = &vx_features[feature];
	char why[VX_FEATURE_WHY] = "";
	int i, at, err = 0;
	void *conf;

	if (!lines || (!lines->n && f->scope != VX_SCOPE_SET))
		return f->replace(target, NULL);
	conf = calloc(1, f->size);
	if (!conf)
		return vx_fail(-ENOMEM, "out of memory");
	for (i = 0; i < lines->n && !err; i++)
		err = take_line(f, lines->line[i], conf, why);
	if (!err && f->whole)
		err = f->whole(conf, &at, why);
	if (err)
		vx_fail(err, "cannot take the rules of %s: %s", target->name, *why ? why : strerror(-err));
	else
		err = f->replace(target, conf);
	release(f, conf);
	return err;
}
