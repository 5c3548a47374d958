// SPDX-License-Identifier: GPL-2.0-or-later
/* Records by number, and classes, which are records of records: what many rules share is stored once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "acl_build.h"

static __u64 hash(const void *record, size_t size)
{
	const __u32 *word = record;
	__u64 h = size;
	size_t i;

	for (i = 0; i < size / sizeof(*word); i++) {
		h = (h ^ word[i]) * 0x9e3779b97f4a7c15ull;
		h ^= h >> 32;
	}
	return h;
}

int vx_acl_pool_add(struct vx_acl_pool *pool, const void *record)
{
	if (pool->n == pool->room) {
		__u32 room = pool->room ? 2 * pool->room : 64;
		char *data;

		if (room > VX_ACL_STEP_OFF)
			return -ENOMEM;
		data = realloc(pool->data, room * pool->size);
		if (!data)
			return -ENOMEM;
		pool->data = data;
		pool->room = room;
	}
	memcpy(pool->data + pool->n * pool->size, record, pool->size);
	return (int)pool->n++;
}

static void enter(const struct vx_acl_pool *pool, __u32 i)
{
	__u32 at = hash(vx_acl_pool_at(pool, i), pool->size) & (pool->slots - 1);

	while (pool->slot[at])
		at = (at + 1) & (pool->slots - 1);
	pool->slot[at] = i + 1;
}

/* At most half full. */
static int grow(struct vx_acl_pool *pool)
{
	__u32 i;

	if (2 * (pool->n + 1) <= pool->slots)
		return 0;
	free(pool->slot);
	pool->slots = pool->slots ? 2 * pool->slots : 256;
	pool->slot = calloc(pool->slots, sizeof(*pool->slot));
	if (!pool->slot) {
		pool->slots = 0;
		return -ENOMEM;
	}
	for (i = 0; i < pool->n; i++)
		enter(pool, i);
	return 0;
}

int vx_acl_pool_intern(struct vx_acl_pool *pool, const void *record)
{
	int err = grow(pool), number;
	__u32 at;

	if (err)
		return err;
	at = hash(record, pool->size) & (pool->slots - 1);
	for (; pool->slot[at]; at = (at + 1) & (pool->slots - 1))
		if (!memcmp(vx_acl_pool_at(pool, pool->slot[at] - 1), record, pool->size))
			return (int)pool->slot[at] - 1;
	number = vx_acl_pool_add(pool, record);
	if (number >= 0)
		pool->slot[at] = number + 1;
	return number;
}

void vx_acl_pool_free(struct vx_acl_pool *pool)
{
	free(pool->data);
	free(pool->slot);
}

int vx_acl_class(struct vx_acl_build *b, const struct vx_acl_bits *bits)
{
	__u32 lines[VX_ACL_CHUNKS] = {}, c;
	int line;

	for (c = 0; c < b->chunks; c++) {
		line = vx_acl_pool_intern(&b->line, bits->word[c]);
		if (line < 0)
			return line;
		lines[c] = line;
	}
	return vx_acl_pool_intern(&b->class, lines);
}

void vx_acl_class_bits(const struct vx_acl_build *b, __u32 class, struct vx_acl_bits *bits)
{
	const __u32 *lines = vx_acl_pool_at(&b->class, class);
	__u32 c;

	memset(bits, 0, sizeof(*bits));
	for (c = 0; c < b->chunks; c++)
		memcpy(bits->word[c], vx_acl_pool_at(&b->line, lines[c]), sizeof(bits->word[c]));
}
