/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/vhost-xdp.conf, see vhost-xdp.conf(5), into a struct vx_conf. Pure functions. */
#ifndef VX_CONF_PARSE_H
#define VX_CONF_PARSE_H

#include "conf.h"

#define VX_CONF_SETS_MAX	1024
#define VX_CONF_REFS_MAX	4096	/* names of sets and ports that come before these */

/*
 * Everything that can be judged without a host is. With errors, conf is not to be used, but to be freed. text need not end
 * with a zero.
 */
void vx_conf_parse(const char *text, size_t len, struct vx_conf *conf, struct vx_conf_errors *errors);

/* --- for conf_parse*.c alone --- */

/* A set or a port that rules name: it must be in the file, before or behind them. */
struct vx_conf_ref {
	int feature;		/* of the set; -1: a port */
	char name[VX_CONF_NAME_MAX + 1];
	struct vx_pos pos;
};

struct vx_conf_parser {
	struct vx_conf *conf;
	struct vx_conf_errors *errors;
	struct vx_conf_ref *ref;
	int refs;
};

/* A word that may stand at a place, and what to do with the value behind it. Ends with a NULL name. */
struct vx_conf_key {
	const char *name;
	void (*take)(struct vx_conf_parser *p, void *object, const struct vx_word *value);
	const char *value;	/* an example, for errors */
};

#define VX_CONF_KEYS_MAX	24

/* "KEY VALUE" pairs from word first on. seen has an element for each key of the table. */
void vx_conf_pairs(struct vx_conf_parser *p, const struct vx_stmt *stmt, int first, const struct vx_conf_key *keys, struct vx_pos *seen,
		   void *object, const char *where);
/* An error about a word that is none of these; the list ends with NULL. */
void vx_conf_unknown(struct vx_conf_parser *p, const struct vx_word *word, const char *const *names, const char *where);
bool vx_conf_number(struct vx_conf_parser *p, const struct vx_word *word, const char *what, __u32 min, __u32 max, __u32 *v);
void vx_conf_no_block(struct vx_conf_parser *p, const struct vx_stmt *stmt);

/* A feature's statements, as they are found; judged all at once. */
struct vx_conf_raw {
	const struct vx_word **word;
	int *words;
	int n, room;
};

/* What is behind the first words of a statement: one line, or a block of them. */
void vx_conf_raw_add(struct vx_conf_parser *p, struct vx_conf_raw *raw, const struct vx_stmt *stmt, int first);
/* Judge, translate, and free. */
void vx_conf_raw_take(struct vx_conf_parser *p, struct vx_conf_raw *raw, int feature, struct vx_lines *out);

void vx_conf_parse_port(struct vx_conf_parser *p, const struct vx_stmt *stmt);

#endif
