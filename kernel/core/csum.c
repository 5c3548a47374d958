// SPDX-License-Identifier: GPL-2.0-only
/* Ones' complement sums. */
#include "csum.h"

/* gcc calls it in the module, unless told. */
static __always_inline u64 load64(const u8 *p)
{
	u64 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static u64 tail(u64 sum, const u8 *p, u32 len)
{
	u32 v32;
	u16 v16;

	if (len & 4) {
		memcpy(&v32, p, sizeof(v32));
		sum = vx_csum_add64(sum, v32);
		p += sizeof(v32);
	}
	if (len & 2) {
		memcpy(&v16, p, sizeof(v16));
		sum = vx_csum_add64(sum, v16);
		p += sizeof(v16);
	}
	if (len & 1) {
		u8 pair[2] = { *p, 0 };

		memcpy(&v16, pair, sizeof(v16));
		sum = vx_csum_add64(sum, v16);
	}
	return sum;
}

u64 vx_csum_add(u64 sum, const void *data, u32 len)
{
	const u8 *p = data;
	u64 a = 0, b = 0, c = 0;

	/* Four chains of carries, as one alone would wait for itself. */
	for (; len >= 32; len -= 32, p += 32) {
		sum = vx_csum_add64(sum, load64(p));
		a = vx_csum_add64(a, load64(p + 8));
		b = vx_csum_add64(b, load64(p + 16));
		c = vx_csum_add64(c, load64(p + 24));
	}
	for (; len >= 8; len -= 8, p += 8)
		a = vx_csum_add64(a, load64(p));
	sum = vx_csum_add64(vx_csum_add64(sum, a), vx_csum_add64(b, c));
	return tail(sum, p, len);
}
