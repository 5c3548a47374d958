// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"
#include "say.h"

/* Entries of the table that a diff is computed with: 4 MiB of them. */
#define VX_DIFF_CELLS	(2u << 20)

static void *checked(void *p)
{
	if (!p) {
		vx_fail(-ENOMEM, "out of memory; nothing was changed");
		exit(EXIT_FAILURE);
	}
	return p;
}

void *vx_need(size_t n, size_t size)
{
	return checked(calloc(n ? n : 1, size));
}

void *vx_need_more(void *p, size_t n, size_t size)
{
	return checked(reallocarray(p, n ? n : 1, size));
}

void *vx_need_one(void *all, int n, size_t size)
{
	char *p = all;

	if (!(n & (n - 1)))
		p = vx_need_more(all, n ? 2 * n : 1, size);
	memset(p + n * size, 0, size);
	return p;
}

static void take(struct vx_lines *l, char *text)
{
	if (l->n == l->room) {
		l->room = l->room ? 2 * l->room : 8;
		l->line = vx_need_more(l->line, l->room, sizeof(*l->line));
	}
	l->line[l->n++] = text;
}

void vx_lines_add(struct vx_lines *l, const char *text)
{
	take(l, checked(strdup(text)));
}

void vx_lines_addf(struct vx_lines *l, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	take(l, checked(n < 0 ? NULL : text));
}

void vx_lines_split(struct vx_lines *l, const char *text)
{
	size_t n;

	for (; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		take(l, checked(strndup(text, n)));
	}
}

void vx_lines_copy(struct vx_lines *to, const struct vx_lines *from)
{
	int i;

	for (i = 0; i < from->n; i++)
		vx_lines_add(to, from->line[i]);
}

void vx_lines_free(struct vx_lines *l)
{
	while (l->n)
		free(l->line[--l->n]);
	free(l->line);
	memset(l, 0, sizeof(*l));
}

bool vx_lines_same(const struct vx_lines *a, const struct vx_lines *b)
{
	int i;

	if (a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (strcmp(a->line[i], b->line[i]))
			return false;
	return true;
}

/* What is between the common beginning and the common end of a and b. */
struct middle {
	char **a, **b;
	int na, nb;
};

static struct middle middle_of(const struct vx_lines *a, const struct vx_lines *b)
{
	struct middle m = { a->line, b->line, a->n, b->n };

	while (m.na && m.nb && !strcmp(m.a[0], m.b[0])) {
		m.a++;
		m.b++;
		m.na--;
		m.nb--;
	}
	while (m.na && m.nb && !strcmp(m.a[m.na - 1], m.b[m.nb - 1])) {
		m.na--;
		m.nb--;
	}
	return m;
}

/* Length of the longest common subsequence of a[i..] and b[j..], for all i and j; NULL where the table would be too large. */
static int *common(const struct middle *m)
{
	int i, j, wide = m->nb + 1, *len;

	if (!m->na || !m->nb || (unsigned long long)(m->na + 1) * wide > VX_DIFF_CELLS)
		return NULL;
	len = vx_need((size_t)(m->na + 1) * wide, sizeof(*len));
	for (i = m->na - 1; i >= 0; i--)
		for (j = m->nb - 1; j >= 0; j--) {
			int *here = &len[i * wide + j];

			if (!strcmp(m->a[i], m->b[j]))
				*here = here[wide + 1] + 1;
			else
				*here = here[wide] >= here[1] ? here[wide] : here[1];
		}
	return len;
}

void vx_lines_diff(const struct vx_lines *a, const struct vx_lines *b, void (*fn)(char sign, const char *line, void *arg),
		   void *arg)
{
	struct middle m = middle_of(a, b);
	int i = 0, j = 0, wide = m.nb + 1;
	int *len = common(&m);

	while (i < m.na || j < m.nb) {
		if (i < m.na && j < m.nb && !strcmp(m.a[i], m.b[j])) {
			i++;
			j++;
		} else if (i < m.na && (j == m.nb || !len || len[(i + 1) * wide + j] >= len[i * wide + j + 1])) {
			fn('-', m.a[i++], arg);
		} else {
			fn('+', m.b[j++], arg);
		}
	}
	free(len);
}
