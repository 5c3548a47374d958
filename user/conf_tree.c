// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_tree.h"
#include "lines.h"

#define VX_CHUNK	(64u << 10)

/* Memory of a tree: given back all at once. */
struct chunk {
	struct chunk *next;
	size_t used;
	char bytes[VX_CHUNK] __attribute__((aligned(16)));
};

struct vx_conf_tree {
	struct chunk *chunks;
	struct vx_stmt *first;
};

enum token { WORD, OPEN, CLOSE, END, END_OF_FILE };

struct lexer {
	const char *p, *end;
	struct vx_pos pos;		/* of *p */
	struct vx_pos start;		/* of the token */
	char word[VX_CONF_WORD + 1];	/* if it is a WORD */
	struct vx_conf_tree *tree;
	struct vx_conf_errors *errors;
	bool lost;			/* what follows cannot be told apart any more, and that was said */
};

static int before(struct vx_pos a, struct vx_pos b)
{
	return a.line < b.line || (a.line == b.line && a.column < b.column);
}

void vx_conf_error(struct vx_conf_errors *errors, struct vx_pos pos, const char *fmt, ...)
{
	struct vx_conf_error error = { .pos = pos };
	va_list ap;
	int i;

	va_start(ap, fmt);
	vsnprintf(error.text, sizeof(error.text), fmt, ap);
	va_end(ap);
	if (errors->n == VX_CONF_ERRORS) {
		errors->untold++;
		if (!before(pos, errors->at[errors->n - 1].pos))
			return;
		errors->n--;
	}
	for (i = errors->n++; i && before(pos, errors->at[i - 1].pos); i--)
		errors->at[i] = errors->at[i - 1];
	errors->at[i] = error;
}

static void *get(struct vx_conf_tree *tree, size_t size)
{
	struct chunk *c = tree->chunks;
	void *p;

	size = (size + 15) & ~(size_t)15;
	if (!c || c->used + size > VX_CHUNK) {
		c = vx_need(1, sizeof(*c));
		c->next = tree->chunks;
		tree->chunks = c;
	}
	p = c->bytes + c->used;
	c->used += size;
	return p;
}

static void advance(struct lexer *lx)
{
	unsigned char c = *lx->p++;

	if (c == '\n') {
		lx->pos.line++;
		lx->pos.column = 1;
	} else if (lx->p == lx->end || ((unsigned char)*lx->p & 0xc0) != 0x80) {
		/* The bytes that continue a character of UTF-8 stand where it does. */
		lx->pos.column++;
	}
}

static bool at(const struct lexer *lx, const char *set)
{
	return lx->p < lx->end && *lx->p && strchr(set, *lx->p);
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

static bool at_continuation(const struct lexer *lx)
{
	return lx->end - lx->p >= 2 && lx->p[0] == '\\' && lx->p[1] == '\n';
}

/* Blanks, comments, and newlines behind a backslash. */
static void skip(struct lexer *lx)
{
	for (;;) {
		if (at(lx, " \t") || (at(lx, "\r") && lx->p + 1 < lx->end && lx->p[1] == '\n')) {
			advance(lx);
		} else if (at(lx, "#")) {
			while (lx->p < lx->end && *lx->p != '\n')
				advance(lx);
		} else if (at_continuation(lx)) {
			advance(lx);
			advance(lx);
		} else if (lx->p < lx->end && is_control(*lx->p) && *lx->p != '\n') {
			vx_conf_error(lx->errors, lx->pos, "a control character (%d) has no place in this file; remove it",
				      (unsigned char)*lx->p);
			advance(lx);
		} else {
			return;
		}
	}
}

static void word_put(struct lexer *lx, size_t *n)
{
	if (*n < VX_CONF_WORD)
		lx->word[*n] = *lx->p;
	else if (*n == VX_CONF_WORD)
		vx_conf_error(lx->errors, lx->start, "this word is too long; at most %d bytes", VX_CONF_WORD);
	++*n;
	advance(lx);
}

static void quoted(struct lexer *lx, size_t *n)
{
	struct vx_pos start = lx->pos;

	advance(lx);
	while (lx->p < lx->end && !is_control(*lx->p)) {
		if (*lx->p == '"') {
			advance(lx);
			return;
		}
		if (*lx->p == '\\' && lx->p + 1 < lx->end && (lx->p[1] == '"' || lx->p[1] == '\\'))
			advance(lx);
		word_put(lx, n);
	}
	vx_conf_error(lx->errors, start, "this quotation does not end in its line; close it with \"");
}

static enum token word(struct lexer *lx)
{
	size_t n = 0;

	while (lx->p < lx->end && !is_control(*lx->p) && !at(lx, " {};") && !at_continuation(lx)) {
		if (*lx->p == '"')
			quoted(lx, &n);
		else
			word_put(lx, &n);
	}
	lx->word[n < VX_CONF_WORD ? n : VX_CONF_WORD] = '\0';
	return WORD;
}

static enum token next_token(struct lexer *lx)
{
	static const char special[] = "{};\n";
	static const enum token tokens[] = { OPEN, CLOSE, END, END };
	const char *s;

	skip(lx);
	lx->start = lx->pos;
	if (lx->p == lx->end)
		return END_OF_FILE;
	s = strchr(special, *lx->p);
	if (!s)
		return word(lx);
	advance(lx);
	return tokens[s - special];
}

static void add_word(struct lexer *lx, struct vx_word *words, int *n)
{
	size_t len = strlen(lx->word) + 1;
	char *text;

	if (*n == VX_CONF_WORDS) {
		vx_conf_error(lx->errors, lx->start, "this statement is too long; at most %d words", VX_CONF_WORDS);
		++*n;
	}
	if (*n > VX_CONF_WORDS)
		return;
	text = get(lx->tree, len);
	memcpy(text, lx->word, len);
	words[*n].text = text;
	words[(*n)++].pos = lx->start;
}

/* The statement that these words make; none makes none. */
static struct vx_stmt *add_stmt(struct lexer *lx, const struct vx_word *words, int n, struct vx_stmt ***end)
{
	struct vx_stmt *stmt;

	if (!n || n > VX_CONF_WORDS)
		return NULL;
	stmt = get(lx->tree, sizeof(*stmt));
	stmt->word = get(lx->tree, n * sizeof(*words));
	memcpy(stmt->word, words, n * sizeof(*words));
	stmt->n = n;
	**end = stmt;
	*end = &stmt->next;
	return stmt;
}

static void statements(struct lexer *lx, struct vx_stmt **first, int depth, struct vx_pos open);

/* Whatever opened it: what is inside is judged, too. */
static void block(struct lexer *lx, struct vx_stmt *stmt, int depth)
{
	struct vx_stmt *lost = NULL;
	struct vx_pos open = lx->start;

	if (depth == VX_CONF_NESTING) {
		vx_conf_error(lx->errors, open, "blocks are nested too deep; at most %d", VX_CONF_NESTING);
		lx->p = lx->end;
		lx->lost = true;
		return;
	}
	if (!stmt)
		vx_conf_error(lx->errors, open, "this block belongs to nothing; put { into the line of what it belongs to");
	else
		stmt->has_block = true;
	statements(lx, stmt ? &stmt->block : &lost, depth + 1, open);
}

static void statements(struct lexer *lx, struct vx_stmt **first, int depth, struct vx_pos open)
{
	struct vx_word words[VX_CONF_WORDS];
	struct vx_stmt **end = first;
	enum token t = END;
	int n = 0;

	while (t != END_OF_FILE) {
		t = next_token(lx);
		if (t == WORD) {
			add_word(lx, words, &n);
			continue;
		}
		if (t == OPEN)
			block(lx, add_stmt(lx, words, n, &end), depth);
		else
			add_stmt(lx, words, n, &end);
		n = 0;
		if (t == CLOSE && depth)
			break;
		if (t == CLOSE)
			vx_conf_error(lx->errors, lx->start, "this } closes nothing; remove it, or put its { into the line above");
	}
	if (t == END_OF_FILE && depth && !lx->lost)
		vx_conf_error(lx->errors, open, "this block is not closed; add }");
}

struct vx_conf_tree *vx_conf_tree_parse(const char *text, size_t len, struct vx_conf_errors *errors)
{
	struct vx_conf_tree *tree = vx_need(1, sizeof(*tree));
	struct lexer lx = { .p = text, .end = text + len, .pos = { 1, 1 }, .tree = tree, .errors = errors };

	if (len > VX_CONF_BYTES) {
		vx_conf_error(errors, (struct vx_pos){ 1, 1 }, "this file is too large; at most %u bytes", VX_CONF_BYTES);
		return tree;
	}
	statements(&lx, &tree->first, 0, lx.pos);
	return tree;
}

struct vx_stmt *vx_conf_tree_first(struct vx_conf_tree *tree)
{
	return tree->first;
}

void vx_conf_tree_free(struct vx_conf_tree *tree)
{
	struct chunk *c;

	while (tree && (c = tree->chunks)) {
		tree->chunks = c->next;
		free(c);
	}
	free(tree);
}

void vx_conf_quote(const char *word, char *out, size_t len)
{
	bool quote = !*word || strpbrk(word, " {};#\"\\");
	size_t n = 0;

	if (quote && n + 1 < len)
		out[n++] = '"';
	for (; *word && n + 3 < len; word++) {
		if (quote && (*word == '"' || *word == '\\'))
			out[n++] = '\\';
		out[n++] = *word;
	}
	if (quote && n + 1 < len)
		out[n++] = '"';
	out[n] = '\0';
}
