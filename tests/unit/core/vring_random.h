/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any vring: random life against the driver model. */
#ifndef VX_TEST_VRING_RANDOM_H
#define VX_TEST_VRING_RANDOM_H

#include "vring_fixture.h"

#define DEPTH	2048	/* chains out at most */

struct posted {
	u64 in_gpa[4];
	u32 in_piece[4];
	u32 nin;
	u32 out_len, in_len, seed;
};

static u32 rnd_state;

static u32 rnd(u32 below)
{
	rnd_state = rnd_state * 1664525 + 1013904223;
	return (u64)(rnd_state >> 8) * below >> 24;
}

static u8 pattern(u32 seed, u32 i)
{
	return (seed * 31 + i * 7) ^ (i >> 3);
}

static void random_post(struct posted *p, u32 token)
{
	u32 nout = rnd(4), nin = rnd(4), i, j;
	struct gd_sg sg[8];

	if (!(nout + nin))
		nin = 1;
	p->out_len = p->in_len = 0;
	p->seed = token;
	p->nin = nin;
	/* Each token owns 4 KiB at a place of its own; some of these places lie across the regions' border. */
	for (i = 0; i < nout + nin; i++) {
		sg[i].gpa = GD_DATA_SPLIT - 2048 + (token % 512) * 4096 + i * 512;
		sg[i].len = rnd(8) ? rnd(512) : 0;
		if (i < nout) {
			for (j = 0; j < sg[i].len; j++) {
				u8 b = pattern(p->seed, p->out_len + j);

				gd_write(gd, sg[i].gpa + j, &b, 1);
			}
			p->out_len += sg[i].len;
		} else {
			p->in_gpa[i - nout] = sg[i].gpa;
			p->in_piece[i - nout] = sg[i].len;
			p->in_len += sg[i].len;
		}
	}
	while (gd_add(gd, sg, nout, nin, rnd(3), token))
		fail();
}

/* The device's part: check what came, answer with in_len bytes. */
static void serve(struct vx_chain *c, const struct posted *p)
{
	u32 i, at = 0;
	u8 buf[512];

	assert_int_equal(c->out_len, p->out_len);
	assert_int_equal(c->in_len, p->in_len);
	for (i = 0; i < c->niov_out; at += c->iov[i++].len) {
		u32 j;

		assert_int_equal(vx_guest_read(buf, c->iov[i].uaddr, c->iov[i].len), 0);
		for (j = 0; j < c->iov[i].len; j++)
			assert_int_equal(buf[j], pattern(p->seed, at + j));
	}
	assert_int_equal(at, p->out_len);
	for (i = c->niov_out, at = 0; i < (u32)c->niov_out + c->niov_in; at += c->iov[i++].len) {
		u32 j;

		for (j = 0; j < c->iov[i].len; j++)
			buf[j] = pattern(~p->seed, at + j);
		assert_int_equal(vx_iov_write(vq, &c->iov[i], 0, buf, c->iov[i].len), 0);
	}
	assert_int_equal(at, p->in_len);
}

static void reap(const struct posted *p, u64 token, u32 expect)
{
	u32 i, j, at = 0;
	u8 buf[512];

	assert_int_equal(token, expect);
	for (i = 0; i < p->nin; i++) {
		gd_read(gd, p->in_gpa[i], buf, p->in_piece[i]);
		for (j = 0; j < p->in_piece[i]; j++, at++)
			assert_int_equal(buf[j], pattern(~p->seed, at));
	}
}

/* The VMM's part: answer what the device misses, late, and take back what the device has no chains of. */
static u32 random_vmm(bool held)
{
	if (vx_vring_missed(vq) && !held && rnd(2)) {
		gd_map_missed(gd, &vq->miss);
		return 1;
	}
	if (!held && !rnd(20))
		vx_mem_iotlb_unmap(gd->tlb, GD_DATA_GPA + rnd(2 * GD_DATA_HALF), rnd(100000));
	return 0;
}

static void random_life(u16 num, u64 features, u32 seed, u32 total, bool iotlb)
{
	static struct posted posted[DEPTH];
	struct vx_chain held[VX_BATCH];
	u32 nposted = 0, nserved = 0, nreaped = 0, nheld = 0, idle = 0, len, kicks = 0, calls = 0, misses = 0;
	u64 token;

	rnd_state = seed;
	again(num, features, rnd(2) ? FRESH : RING_PACKED ? rnd(num) | rnd(2) << 15 : rnd(65536));
	if (iotlb) {
		gd_iotlb(gd, 40);
		assert_int_equal(gd_start(gd, vq), 0);
	}
	if (RING_PACKED && !(gd->base & 0x7fff))
		assert_int_equal(vq->avail_wrap, gd->avail_wrap);
	while (nreaped < total) {
		u32 n = rnd(12), i;
		bool progress = false;

		while (n-- && nposted < total && gd->nfree >= 7) {
			random_post(&posted[nposted % DEPTH], nposted);
			nposted++;
		}
		gd_publish(gd);
		if (gd->added)
			kicks += gd_kick_needed(gd);
		if (nheld < VX_BATCH / 2) {
			int got = gd_fetch(vq, &held[nheld], 1 + rnd(VX_BATCH - nheld));

			assert_true(got >= 0);
			nheld += got;
			progress = got;
		}
		if (iotlb)
			misses += random_vmm(nheld);
		n = rnd(nheld + 1);
		if (n && !rnd(4)) {
			vx_vring_unfetch(vq, &held[nheld - n], n);
			nheld -= n;
			n = rnd(nheld + 1);
		}
		for (i = 0; i < n; i++) {
			const struct posted *p = &posted[nserved++ % DEPTH];

			serve(&held[i], p);
			assert_int_equal(vx_vring_push(vq, &held[i], p->in_len), 0);
		}
		nheld -= n;
		memmove(held, held + n, nheld * sizeof(held[0]));
		if (rnd(3)) {
			assert_int_equal(vx_vring_flush(vq), 0);
			calls += vx_vring_need_call(vq);
		}
		if (!rnd(16))
			vx_vring_disable_kick(vq);
		if (!rnd(16))
			vx_vring_enable_kick(vq);
		if (!rnd(50) && !nheld) {	/* a new backend takes over */
			gd->base = vx_vring_stop(vq);
			assert_int_equal(gd_start(gd, vq), 0);
		}
		while (rnd(8) && gd_get_used(gd, &token, &len)) {
			const struct posted *p = &posted[nreaped % DEPTH];

			assert_int_equal(len, p->in_len);
			reap(p, token, nreaped++);
			if (features & EVENT_IDX && rnd(2))
				gd_call_after(gd, rnd(num));
			progress = true;
		}
		idle = progress ? 0 : idle + 1;
		assert_true(idle < 10000);	/* everything gets done */
	}
	assert_true(calls > 0);
	assert_true(iotlb ? misses > total / 4 : kicks > 0);	/* behind a miss there is always more */
}

static void test_random_life(void **state)
{
	static const u16 sizes[] = { 8, 16, 64, 256, 1024 };
	u32 i, f;

	for (i = 0; i < VX_ARRAY_SIZE(sizes); i++)
		for (f = 0; f < 2; f++)
			random_life(sizes[i], INDIRECT | (f ? EVENT_IDX : 0), 1000 * i + f, i ? sizes[i] * 10 : 600, false);
	if (RING_PACKED)
		random_life(11, INDIRECT | EVENT_IDX, 7, 1000, false);
}

static void test_random_life_with_an_iotlb(void **state)
{
	static const u16 sizes[] = { 8, 64, 256 };
	u32 i;

	for (i = 0; i < VX_ARRAY_SIZE(sizes); i++)
		random_life(sizes[i], INDIRECT | EVENT_IDX, 77 + i, i ? sizes[i] * 10 : 600, true);
}

#endif
