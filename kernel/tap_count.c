// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a data fd counts, on its way into the engine page. Its counters there have one writer at a time, who is a vring as long as one is
 * bound: then the data fd's own wait until that vring is at rest.
 */
#include <linux/mutex.h>
#include <linux/workqueue.h>
#include "pump.h"
#include "tap_file.h"
#include "trace.h"
#include "vq.h"

#define FOLD_AGAIN	msecs_to_jiffies(10)

static void stats_move(struct vx_queue_stats *to, struct vx_queue_stats *from)
{
	u64 *dst = (u64 *)to, *src = (u64 *)from;
	u32 i;

	BUILD_BUG_ON(sizeof(*to) % sizeof(u64));
	for (i = 0; i < sizeof(*to) / sizeof(u64); i++) {
		if (!src[i])
			continue;
		vx_stat_add(dst[i], src[i]);
		src[i] = 0;
	}
}

static void trace_drops(const struct vx_tap *t, enum vx_direction dir)
{
	const u64 *drops = t->stats[dir].drops;
	u32 i;

	if (!trace_drop_enabled())
		return;
	for (i = 0; i < VX_REASON_MAX; i++)
		if (drops[i])
			trace_drop(t->pair->port->name, t->pair->index, dir, i, drops[i]);
}

/* Into the engine page, as the writer of its counters: in place of a vring, or with that vring at rest. Under t->lock. */
static bool fold_one(struct vx_tap *t, enum vx_direction dir)
{
	struct vx_pair *pair = t->pair;
	struct vx_vq *vq;
	bool done = false;

	mutex_lock(&pair->user_lock);
	vq = pair->vq[dir];
	if (!vq || vx_vq_trylock(vq)) {
		trace_drops(t, dir);
		stats_move(vx_pair_stats(pair, dir), &t->stats[dir]);
		done = true;
		if (vq)
			vx_vq_unlock(vq);
	}
	mutex_unlock(&pair->user_lock);
	return done;
}

/* False when something is left to do. */
static bool fold_all(struct vx_tap *t)
{
	bool done = true;
	u32 dir;

	for (dir = 0; dir < VX_DIRECTIONS; dir++) {
		if (t->counted[dir] && fold_one(t, dir))
			t->counted[dir] = false;
		done &= !t->counted[dir];
	}
	return done;
}

void vx_tap_fold(struct vx_tap *t)
{
	if (!fold_all(t))
		schedule_delayed_work(&t->fold, FOLD_AGAIN);
}

/* Nobody waits for t->lock who has not that time. */
static void fold_work(struct work_struct *work)
{
	struct vx_tap *t = container_of(to_delayed_work(work), struct vx_tap, fold);

	if (!mutex_trylock(&t->lock)) {
		schedule_delayed_work(&t->fold, FOLD_AGAIN);
		return;
	}
	vx_tap_fold(t);
	mutex_unlock(&t->lock);
}

void vx_tap_count_init(struct vx_tap *t)
{
	INIT_DELAYED_WORK(&t->fold, fold_work);
}

/* The file has no user left, and so the pair no vring: the last counters find their way. */
void vx_tap_count_exit(struct vx_tap *t)
{
	cancel_delayed_work_sync(&t->fold);
	if (t->pair)
		fold_all(t);
}
