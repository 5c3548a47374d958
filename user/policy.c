// SPDX-License-Identifier: GPL-2.0-or-later
/* What is in the slots of vx_policy_v1, whoever put it there. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "pins.h"
#include "policy.h"
#include "say.h"
#include "words.h"

#define VX_PROG_MAPS_MAX	64

static __u32 pinned_map_id(const char *name)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	int fd = vx_pin_open("v1/%s", name);

	if (fd < 0)
		return 0;
	bpf_obj_get_info_by_fd(fd, &info, &len);
	close(fd);
	return info.id;
}

/* Loaded without the shared maps it would work on empty ones of its own, and lose every frame. */
static bool shares_maps(const __u32 *ids, __u32 n)
{
	const __u32 wanted[] = { pinned_map_id("vx_policy_v1"), pinned_map_id("vx_frame_v1") };
	__u32 i, found = 0;

	for (i = 0; i < n; i++)
		found |= (ids[i] == wanted[0]) | (ids[i] == wanted[1]) << 1;
	return found == 3;
}

static int describe(__u32 prog_id, struct vx_policy *policy)
{
	__u32 map_ids[VX_PROG_MAPS_MAX] = {};
	struct bpf_prog_info info = { .nr_map_ids = VX_PROG_MAPS_MAX, .map_ids = (__u64)(unsigned long)map_ids };
	__u32 len = sizeof(info);
	int fd, err = 0;

	fd = bpf_prog_get_fd_by_id(prog_id);
	if (fd < 0)
		return -errno;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		err = -errno;
	close(fd);
	if (err)
		return err;
	policy->prog_id = prog_id;
	memcpy(policy->tag, info.tag, sizeof(policy->tag));
	snprintf(policy->prog_name, sizeof(policy->prog_name), "%s", info.name);
	policy->foreign = !shares_maps(map_ids,
				       info.nr_map_ids < VX_PROG_MAPS_MAX ? info.nr_map_ids : VX_PROG_MAPS_MAX);
	return 0;
}

/* 1 or 0, or a negative errno. */
static int is_pinned(const char *root, __u32 prog_id, const char *name, const char *below)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int fd, err;

	fd = vx_pin_open("%s/%s/%sprog", root, name, below);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	err = bpf_obj_get_info_by_fd(fd, &info, &len) ? -errno : 0;
	close(fd);
	return err ? err : info.id == prog_id;
}

/* The name is that of the directory whose program sits in the slot; a version before only when it is nobody else's. */
static int match_pin(const char *name, void *arg)
{
	struct vx_policy *policy = arg;
	int now = is_pinned("policies", policy->prog_id, name, ""), before = 0;

	if (!now && !*policy->name)
		before = is_pinned("policies", policy->prog_id, name, "prev/");
	if (now < 0 || before < 0)
		return now < 0 ? now : before;
	if (now || before) {
		snprintf(policy->name, sizeof(policy->name), "%s", name);
		policy->in_prev = before;
	}
	return now;
}

/* A run that was killed between the slot and the pins: the next that changes something puts them in their place. */
static int match_staged(const char *name, void *arg)
{
	struct vx_policy *policy = arg;
	int now = is_pinned("stage", policy->prog_id, name, "");

	if (now > 0)
		snprintf(policy->name, sizeof(policy->name), "%s", name);
	return now;
}

static int find_name(struct vx_policy *policy)
{
	int ret = vx_pin_each("policies", match_pin, policy);

	if (!ret && !*policy->name)
		ret = vx_pin_each("stage", match_staged, policy);
	return ret < 0 ? ret : 0;
}

static int count_users(__u32 id)
{
	struct vx_chain_key key, *prev = NULL;
	__u8 ids[VX_CHAIN_MAX];
	int fd, n = 0;

	fd = vx_pin_open("v1/vx_chain_v1");
	if (fd < 0)
		return 0;
	while (!bpf_map_get_next_key(fd, prev, &key)) {
		prev = &key;
		if (bpf_map_lookup_elem(fd, &key, ids))
			continue;
		n += vx_chain_names(ids, id);
	}
	close(fd);
	return n;
}

/* What is in a slot: 0, -ENOENT for nothing, or another negative errno. */
static int look(int fd, __u32 id, struct vx_policy *policy)
{
	__u32 prog_id;
	int err;

	if (bpf_map_lookup_elem(fd, &id, &prog_id))
		return -errno;
	policy->id = id;
	err = describe(prog_id, policy);
	if (!err)
		err = find_name(policy);
	if (!err)
		policy->users = count_users(id);
	return err;
}

int vx_policy_each(int (*fn)(const struct vx_policy *policy, void *arg), void *arg)
{
	int fd, ret = 0;
	__u32 id;

	fd = vx_pin_open("v1/vx_policy_v1");
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	for (id = 1; id < VX_POLICY_SLOTS && !ret; id++) {
		struct vx_policy policy = {};

		ret = look(fd, id, &policy);
		/* Another program may have taken its place meanwhile. */
		if (ret == -ENOENT)
			ret = look(fd, id, &policy);
		ret = ret == -ENOENT ? 0 : ret ? ret : fn(&policy, arg);
	}
	close(fd);
	return ret;
}

struct search {
	const char *word;
	__u32 id;		/* the word as a number, or 0 */
	struct vx_policy *found;
};

static int matches(const struct vx_policy *policy, void *arg)
{
	struct search *s = arg;

	if (strcmp(policy->name, s->word) && policy->id != s->id)
		return 0;
	*s->found = *policy;
	return 1;
}

int vx_policy_find(const char *word, struct vx_policy *policy)
{
	struct search s = { .word = word, .found = policy };
	int ret;

	vx_parse_u32(word, 1, VX_POLICY_SLOTS - 1, &s.id);
	ret = vx_policy_each(matches, &s);
	return ret > 0 ? 0 : ret ? ret : -ENOENT;
}

int vx_policy_del(const char *name)
{
	struct vx_policy policy;
	char users[256];
	int fd, err;

	err = vx_policy_find(name, &policy);
	if (err && err != -ENOENT)
		return vx_fail(err, "cannot read the policies: %s", strerror(-err));
	if (err) {
		/* A policy that was taken out of its slot by bpftool still has its pins. */
		if (!vx_check_name(name, VX_POLICY_NAME_MAX) && vx_pin_exists("policies/%s", name))
			return vx_pin_remove("policies/%s", name);
		return vx_fail(-ENOENT, "there is no policy %s; see 'vhost-xdp policy list'", name);
	}
	/* What was only tried is in nobody's way. */
	policy.users -= vx_chain_trial(policy.id, false);
	if (policy.users > 0) {
		vx_policy_users(policy.id, false, users, sizeof(users));
		return vx_fail(-EBUSY,
			       "%d chain%s policy %s (%s); take it out first: vhost-xdp policy set PORT DIRECTION ...",
			       policy.users, policy.users > 1 ? "s use" : " uses", name, users);
	}
	vx_chain_trial(policy.id, true);
	fd = vx_pin_open("v1/vx_policy_v1");
	if (fd < 0)
		return vx_fail(fd, "cannot open the policy map: %s", strerror(-fd));
	if (bpf_map_delete_elem(fd, &policy.id))
		err = vx_fail(-errno, "cannot empty policy slot %u: %s", policy.id, strerror(errno));
	close(fd);
	if (!err && *policy.name)
		err = vx_pin_remove("policies/%s", policy.name);
	return err;
}
