/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration file as statements: words, and perhaps a block of statements. What they mean is for conf_parse.h.
 * Pure functions; files are hostile, and everything is bounded.
 */
#ifndef VX_CONF_TREE_H
#define VX_CONF_TREE_H

#include <stdbool.h>
#include <stddef.h>

#define VX_CONF_BYTES	(4u << 20)	/* of a file */
#define VX_CONF_NESTING	4		/* blocks in blocks */
#define VX_CONF_WORDS	128		/* of a statement */
#define VX_CONF_WORD	1023		/* bytes of a word */
#define VX_CONF_ERRORS	20		/* that are told */

/* From 1; characters, and a tab is one. line 0: nowhere in particular. */
struct vx_pos {
	int line, column;
};

struct vx_conf_error {
	struct vx_pos pos;
	char text[1100];
};

/* In order of place; those beyond the last one that is told are only counted. */
struct vx_conf_errors {
	struct vx_conf_error at[VX_CONF_ERRORS];
	int n;
	int untold;
};

/* "what is wrong; what would be right", without the place. */
void vx_conf_error(struct vx_conf_errors *errors, struct vx_pos pos, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

struct vx_word {
	const char *text;
	struct vx_pos pos;
};

struct vx_stmt {
	struct vx_word *word;
	int n;			/* at least 1 */
	bool has_block;
	struct vx_stmt *block;	/* its first statement */
	struct vx_stmt *next;
};

struct vx_conf_tree;

/* text need not end with a zero. What has errors is left out of the tree. Freed by vx_conf_tree_free(). */
struct vx_conf_tree *vx_conf_tree_parse(const char *text, size_t len, struct vx_conf_errors *errors);
struct vx_stmt *vx_conf_tree_first(struct vx_conf_tree *tree);
void vx_conf_tree_free(struct vx_conf_tree *tree);

/* As it must be written to be one word again; quoted only where it has to be. */
void vx_conf_quote(const char *word, char *out, size_t len);

#endif
