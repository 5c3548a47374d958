// SPDX-License-Identifier: GPL-2.0-or-later
/* Chains: which policies judge a port's frames in one direction, in order. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <bpf/bpf.h>
#include <linux/membarrier.h>
#include <vhost_xdp/steer.h>

#include "pins.h"
#include "policy.h"
#include "say.h"
#include "words.h"

static const char *const directions[] = { "to-guest", "from-guest", NULL };

const char *vx_direction_name(int direction)
{
	return direction >= 0 && direction < VX_DIRECTIONS ? directions[direction] : "?";
}

int vx_direction_parse(const char *word)
{
	int i = vx_word_find(directions, sizeof(directions[0]), word);

	return i < 0 ? -EINVAL : i;
}

/* 0 and the words of a chain, or a negative errno. */
static int split(const char *words, char *buf, size_t len, char *word[VX_CHAIN_MAX])
{
	if (!strcmp(words, "none"))
		return 0;
	if (snprintf(buf, len, "%s", words) >= (int)len)
		return -E2BIG;
	return vx_split(buf, word, VX_CHAIN_MAX);
}

int vx_chain_find(const char *words, __u8 ids[VX_CHAIN_MAX])
{
	char buf[VX_CHAIN_TEXT], *word[VX_CHAIN_MAX];
	struct vx_policy policy;
	int i, n;

	memset(ids, 0, VX_CHAIN_MAX);
	n = split(words, buf, sizeof(buf), word);
	for (i = 0; i < n; i++) {
		if (vx_policy_find(word[i], &policy))
			return -ENOENT;
		ids[i] = policy.id;
	}
	return n < 0 ? n : 0;
}

int vx_chain_resolve(const char *words, __u8 ids[VX_CHAIN_MAX])
{
	char buf[VX_CHAIN_TEXT], *word[VX_CHAIN_MAX];
	struct vx_policy policy;
	int i, n, err;

	memset(ids, 0, VX_CHAIN_MAX);
	n = split(words, buf, sizeof(buf), word);
	if (n == -E2BIG)
		return vx_fail(n, "the chain '%s' is too long; at most %d policies", words, VX_CHAIN_MAX);
	if (n < 0)
		return vx_fail(n, "the chain '%s' is not valid; write NAME[,NAME...] or none", words);
	for (i = 0; i < n; i++) {
		err = vx_policy_find(word[i], &policy);
		if (err && err != -ENOENT)
			return vx_fail(err, "cannot read the policies: %s", strerror(-err));
		if (err) {
			err = vx_policy_load_builtin(word[i]);
			if (!err)
				err = vx_policy_find(word[i], &policy);
			if (err)
				return err;
		}
		if (policy.foreign)
			return vx_fail(-EINVAL,
				       "policy %s was loaded without the shared maps and would lose every frame; load "
				       "it again: vhost-xdp policy load FILE as %s",
				       word[i], word[i]);
		ids[i] = policy.id;
	}
	return 0;
}

struct id_name {
	__u32 id;
	char text[VX_POLICY_NAME_MAX + 1];
};

static int name_of_id(const struct vx_policy *policy, void *arg)
{
	struct id_name *n = arg;

	if (policy->id != n->id)
		return 0;
	if (*policy->name)
		snprintf(n->text, sizeof(n->text), "%s", policy->name);
	return 1;
}

void vx_chain_text(const __u8 ids[VX_CHAIN_MAX], char *text, size_t len)
{
	size_t used = 0;
	int i;

	snprintf(text, len, "none");
	for (i = 0; i < VX_CHAIN_MAX && ids[i] && used < len; i++) {
		struct id_name n = { .id = ids[i] };

		snprintf(n.text, sizeof(n.text), "%u", n.id);
		vx_policy_each(name_of_id, &n);
		used += snprintf(text + used, len - used, "%s%s", i ? "," : "", n.text);
	}
}

int vx_chain_get(__u32 port, int direction, __u8 ids[VX_CHAIN_MAX])
{
	struct vx_chain_key key = { .port = port, .direction = direction };
	int fd = vx_pin_open("v1/vx_chain_v1"), err = 0;

	memset(ids, 0, VX_CHAIN_MAX);
	if (fd < 0)
		return fd;
	if (bpf_map_lookup_elem(fd, &key, ids) && errno != ENOENT)
		err = -errno;
	close(fd);
	return err;
}

bool vx_chain_names(const __u8 ids[VX_CHAIN_MAX], __u32 id)
{
	int i;

	/* Behind the first 0 a chain says nothing. */
	for (i = 0; i < VX_CHAIN_MAX && ids[i]; i++)
		if (ids[i] == id)
			return true;
	return false;
}

/*
 * The kernel gives the element of a hash to who needs one next, preallocated or not, while a program may still look at it: a
 * frame would be judged by another port's chain. (Tried: 9 in 2 * 10^8 look-ups, 16 without preallocation, under changes back to
 * back; none with this.) So who gave one up goes on when no program can hold it any more, which is what this waits for.
 */
static void wait_for_readers(void)
{
	const struct timespec moment = { .tv_nsec = 100000000 };

	/* Refused where a CPU runs without ticks. */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		nanosleep(&moment, NULL);
}

static bool has_chain(__u32 port, int direction, __u8 ids[VX_CHAIN_MAX])
{
	struct vx_chain_key key = { .port = port, .direction = direction };
	int fd = vx_pin_open("v1/vx_chain_v1");
	bool found;

	if (fd < 0)
		return false;
	found = !bpf_map_lookup_elem(fd, &key, ids);
	close(fd);
	return found;
}

int vx_chain_set(__u32 port, int direction, const __u8 ids[VX_CHAIN_MAX])
{
	struct vx_chain_key key = { .port = port, .direction = direction };
	__u8 old[VX_CHAIN_MAX];
	bool replaces = has_chain(port, direction, old);
	int err;

	if (replaces && !memcmp(old, ids, VX_CHAIN_MAX))
		return 0;
	/* One element: a frame sees the old chain or the new one. */
	err = vx_map_put("vx_chain_v1", &key, ids, BPF_ANY);
	if (!err && replaces)
		wait_for_readers();
	return err;
}

void vx_chain_clear(__u32 port)
{
	struct vx_chain_key key = { .port = port };
	bool had = false;
	__u8 old[VX_CHAIN_MAX];

	for (key.direction = 0; key.direction < VX_DIRECTIONS; key.direction++) {
		had |= has_chain(port, key.direction, old);
		vx_map_drop("vx_chain_v1", &key);
	}
	if (had)
		wait_for_readers();
}

int vx_chain_trial(__u32 id, bool clear)
{
	__u8 ids[VX_CHAIN_MAX];
	int dir, n = 0;

	for (dir = 0; dir < VX_DIRECTIONS; dir++)
		n += has_chain(VX_TRIAL_PORT, dir, ids) && vx_chain_names(ids, id);
	if (clear && n)
		vx_chain_clear(VX_TRIAL_PORT);
	return n;
}
