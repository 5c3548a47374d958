/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of lines of text. Out of memory ends the program with one line: these are built before anything is changed, and
 * only read while it is.
 */
#ifndef VX_LINES_H
#define VX_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct vx_lines {
	char **line;	/* owned */
	int n;
	int room;
};

/* calloc() and realloc() that do not fail. */
void *vx_need(size_t n, size_t size);
void *vx_need_more(void *p, size_t n, size_t size);
/* Room for one more than n, which is zeroed; grows by doubling. */
void *vx_need_one(void *all, int n, size_t size);

void vx_lines_add(struct vx_lines *l, const char *text);
void vx_lines_addf(struct vx_lines *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* One line for each line of text. */
void vx_lines_split(struct vx_lines *l, const char *text);
void vx_lines_copy(struct vx_lines *to, const struct vx_lines *from);
void vx_lines_free(struct vx_lines *l);
bool vx_lines_same(const struct vx_lines *a, const struct vx_lines *b);

/*
 * What makes b of a, in order: fn is called with '-' and a line of a, or '+' and a line of b. The fewest such lines, unless
 * both are long and differ a lot.
 */
void vx_lines_diff(const struct vx_lines *a, const struct vx_lines *b, void (*fn)(char sign, const char *line, void *arg),
		   void *arg);

#endif
