// SPDX-License-Identifier: GPL-2.0-or-later
/* How a set is replaced: the other side is filled, image first; then its head is switched, which is all that a frame looks at. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "acl_counters.h"
#include "acl_store.h"

int vx_acl_maps_open(struct vx_acl_maps *maps, int (*open)(void *arg, const char *name), void *arg)
{
	const struct {
		const char *name;
		int *fd;
	} all[] = {
		{ "acl_use", &maps->use }, { "acl_heads", &maps->heads }, { "acl_sets", &maps->sets },
		{ "acl_rules", &maps->rules }, { "acl_groups", &maps->groups },
		{ "acl_image_0", &maps->image[0] }, { "acl_image_1", &maps->image[1] }, { "acl_image_2", &maps->image[2] },
		{ "acl_image_3", &maps->image[3] }, { "acl_image_4", &maps->image[4] }, { "acl_image_5", &maps->image[5] },
	};
	size_t i;

	memset(maps, 0xff, sizeof(*maps));
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		*all[i].fd = open(arg, all[i].name);
		if (*all[i].fd < 0) {
			int err = *all[i].fd;

			vx_acl_maps_close(maps);
			return err;
		}
	}
	return 0;
}

void vx_acl_maps_close(struct vx_acl_maps *maps)
{
	const int fds[] = { maps->use, maps->heads, maps->sets, maps->rules, maps->groups };
	size_t i;

	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	for (i = 0; i < VX_ACL_IMAGES; i++)
		if (maps->image[i] >= 0)
			close(maps->image[i]);
	memset(maps, 0xff, sizeof(*maps));
}

void vx_acl_rules_free(struct vx_acl_rules *rules)
{
	free(rules->rule);
	memset(rules, 0, sizeof(*rules));
}

static int get(int fd, const void *key, void *value)
{
	return bpf_map_lookup_elem(fd, key, value) ? -errno : 0;
}

static int put(int fd, const void *key, const void *value)
{
	return bpf_map_update_elem(fd, key, value, BPF_ANY) ? -errno : 0;
}

int vx_acl_head(const struct vx_acl_maps *maps, __u32 set, __u32 *head)
{
	return get(maps->heads, &set, head);
}

/* Which side, and whether it is there. */
static int find_side(const struct vx_acl_maps *maps, __u32 set, int side, struct vx_acl_set *info)
{
	__u32 head = 0;
	int err = vx_acl_head(maps, set, &head);

	if (!err && side < 0) {
		side = VX_ACL_HEAD_SIDE(head);
		err = head ? 0 : -ENOENT;
	}
	if (!err)
		err = get(maps->sets, &set, info);
	if (!err && !info->side[side].valid)
		err = -ENOENT;
	return err ? err : side;
}

static int image_fd(const struct vx_acl_maps *maps, __u32 set, int side, __u32 size)
{
	__u32 key = 2 * set + side, id;
	int err, fd;

	if (size >= VX_ACL_IMAGES)
		return -EINVAL;
	err = get(maps->image[size], &key, &id);
	if (err)
		return err;
	fd = bpf_map_get_fd_by_id(id);
	return fd < 0 ? -errno : fd;
}

static int read_image(const struct vx_acl_maps *maps, __u32 set, int side, __u32 size, struct vx_acl_built *built)
{
	int fd = image_fd(maps, set, side, size), err;
	__u32 zero = 0;

	memset(built, 0, sizeof(*built));
	if (fd < 0)
		return fd;
	built->size = size;
	built->used = VX_ACL_IMAGE_SIZE(size);
	built->image = malloc(built->used + VX_ACL_IMAGE_SLACK);
	err = built->image ? get(fd, &zero, built->image) : -ENOMEM;
	close(fd);
	if (err) {
		free(built->image);
		built->image = NULL;
	}
	return err;
}

int vx_acl_read_image(const struct vx_acl_maps *maps, __u32 set, int side, struct vx_acl_built *built)
{
	struct vx_acl_set info;

	side = find_side(maps, set, side, &info);
	return side < 0 ? side : read_image(maps, set, side, info.side[side].image, built);
}

static void bound(__u8 *n, __u8 most)
{
	if (*n > most)
		*n = most;
}

/* Others write to this map, too. */
static int get_rule(const struct vx_acl_maps *maps, const struct vx_acl_rule_key *key, struct vx_acl_rule *rule)
{
	int err = get(maps->rules, key, rule);

	bound(&rule->n_src, VX_ACL_PREFIXES);
	bound(&rule->n_dst, VX_ACL_PREFIXES);
	bound(&rule->n_sport, VX_ACL_PORTS);
	bound(&rule->n_dport, VX_ACL_PORTS);
	rule->src_group[sizeof(rule->src_group) - 1] = '\0';
	rule->dst_group[sizeof(rule->dst_group) - 1] = '\0';
	return err;
}

static int read_rules(const struct vx_acl_maps *maps, __u32 set, int side, const struct vx_acl_side *info, struct vx_acl_rules *rules)
{
	struct vx_acl_rule_key key = { .set = set, .side = side };
	int err = 0;

	memset(rules, 0, sizeof(*rules));
	if (info->rules > VX_ACL_RULES_MAX)
		return -EINVAL;
	rules->room = info->rules;
	rules->allow = info->allow;
	rules->rule = calloc(info->rules + 1, sizeof(*rules->rule));
	if (!rules->rule)
		return -ENOMEM;
	for (; key.place < info->rules && !err; key.place++)
		err = get_rule(maps, &key, &rules->rule[key.place]);
	rules->n = info->rules;
	rules->fallback[0] = (struct vx_counter){ info->fallback[0].packets, info->fallback[0].bytes };
	rules->fallback[1] = (struct vx_counter){ info->fallback[1].packets, info->fallback[1].bytes };
	return err;
}

int vx_acl_read(const struct vx_acl_maps *maps, __u32 set, int side, struct vx_acl_rules *rules)
{
	struct vx_acl_built built = {};
	struct vx_acl_set info;
	int err;

	memset(rules, 0, sizeof(*rules));
	side = find_side(maps, set, side, &info);
	if (side < 0)
		return side;
	err = read_rules(maps, set, side, &info.side[side], rules);
	if (!err)
		err = read_image(maps, set, side, info.side[side].image, &built);
	if (!err)
		vx_acl_counters_add(rules, &built);
	free(built.image);
	if (err)
		vx_acl_rules_free(rules);
	return err;
}

static void drop_side(const struct vx_acl_maps *maps, __u32 set, int side, struct vx_acl_set *info)
{
	struct vx_acl_rule_key key = { .set = set, .side = side };
	__u32 image = 2 * set + side, n = info->side[side].rules, i;

	if (n > VX_ACL_RULES_MAX)
		n = VX_ACL_RULES_MAX;
	info->side[side].valid = 0;
	put(maps->sets, &set, info);
	for (; key.place < n; key.place++)
		bpf_map_delete_elem(maps->rules, &key);
	/* A run that was killed may have left one of another size. */
	for (i = 0; i < VX_ACL_IMAGES; i++)
		bpf_map_delete_elem(maps->image[i], &image);
	info->side[side].rules = 0;
	put(maps->sets, &set, info);
}

static int put_image(const struct vx_acl_maps *maps, __u32 set, int side, const struct vx_acl_built *built, int *fd)
{
	__u32 zero = 0, key = 2 * set + side;

	*fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "acl_image", sizeof(zero), VX_ACL_IMAGE_SIZE(built->size) + VX_ACL_IMAGE_SLACK, 1, NULL);
	if (*fd < 0)
		return -errno;
	if (put(*fd, &zero, built->image) || put(maps->image[built->size], &key, fd)) {
		int err = -errno;

		close(*fd);
		*fd = -1;
		return err;
	}
	return 0;
}

/* Known before the rules are there, so that a run that is killed leaves none behind that nobody would find. */
static int fill_side(const struct vx_acl_maps *maps, __u32 set, int side, struct vx_acl_set *info, const struct vx_acl_rules *rules,
		     const struct vx_acl_built *built, int *fd)
{
	struct vx_acl_rule_key key = { .set = set, .side = side };
	int err;

	info->side[side] = (struct vx_acl_side){ .image = built->size, .rules = rules->n, .allow = rules->allow };
	for (; key.place < rules->n; key.place++)
		info->side[side].groups += *rules->rule[key.place].src_group || *rules->rule[key.place].dst_group;
	err = put(maps->sets, &set, info);
	if (!err)
		err = put_image(maps, set, side, built, fd);
	for (key.place = 0; key.place < rules->n && !err; key.place++)
		err = put(maps->rules, &key, &rules->rule[key.place]);
	if (err)
		return err;
	info->side[side].valid = 1;
	return put(maps->sets, &set, info);
}

/* Who switches has to know that nobody is under way on the other side: an update of a map of maps waits for that. */
static int switch_to(const struct vx_acl_maps *maps, __u32 set, int side, __u32 size, int fd)
{
	__u32 head = VX_ACL_HEAD(size, side), key = 2 * set + side;
	int err = put(maps->heads, &set, &head);

	return err ? err : put(maps->image[size], &key, &fd);
}

int vx_acl_replace(const struct vx_acl_maps *maps, __u32 set, const struct vx_acl_rules *rules, const struct vx_acl_built *built)
{
	struct vx_acl_rules copy = *rules;
	struct vx_acl_set info;
	__u32 head = 0;
	int fd = -1, side, err;

	err = vx_acl_head(maps, set, &head);
	if (!err)
		err = get(maps->sets, &set, &info);
	if (err)
		return err;
	side = head ? !VX_ACL_HEAD_SIDE(head) : 0;
	drop_side(maps, set, side, &info);
	copy.rule = malloc((rules->n + 1) * sizeof(*copy.rule));
	if (!copy.rule)
		return -ENOMEM;
	memcpy(copy.rule, rules->rule, rules->n * sizeof(*copy.rule));
	vx_acl_counters_zero(&copy);
	err = fill_side(maps, set, side, &info, &copy, built, &fd);
	if (!err)
		err = switch_to(maps, set, side, built->size, fd);
	if (err)
		drop_side(maps, set, side, &info);
	else if (head)
		vx_acl_counters_carry(maps, set, !side, side, &copy);
	if (fd >= 0)
		close(fd);
	free(copy.rule);
	return err;
}

int vx_acl_rollback(const struct vx_acl_maps *maps, __u32 set)
{
	struct vx_acl_rules base;
	struct vx_acl_set info;
	__u32 head = 0;
	int side, fd, err;

	err = vx_acl_head(maps, set, &head);
	if (err || !head)
		return err ? err : -ENOENT;
	side = find_side(maps, set, !VX_ACL_HEAD_SIDE(head), &info);
	if (side < 0)
		return side;
	err = vx_acl_read(maps, set, side, &base);
	if (err)
		return err;
	fd = image_fd(maps, set, side, info.side[side].image);
	err = fd < 0 ? fd : switch_to(maps, set, side, info.side[side].image, fd);
	if (!err)
		vx_acl_counters_carry(maps, set, !side, side, &base);
	if (fd >= 0)
		close(fd);
	vx_acl_rules_free(&base);
	return err;
}

int vx_acl_forget_side(const struct vx_acl_maps *maps, __u32 set, int side)
{
	struct vx_acl_set info;
	int err = get(maps->sets, &set, &info);

	if (!err)
		drop_side(maps, set, side, &info);
	return err;
}

/* Before the head names the size, nobody looks for it there. */
static int swap_size(const struct vx_acl_maps *maps, __u32 set, int side, __u32 from, __u32 to)
{
	__u32 head = 0, key = 2 * set + side;
	int err = vx_acl_head(maps, set, &head);

	if (!err && head && VX_ACL_HEAD_SIDE(head) == (__u32)side) {
		head = VX_ACL_HEAD(to, side);
		err = put(maps->heads, &set, &head);
	}
	if (!err)
		bpf_map_delete_elem(maps->image[from], &key);
	return err;
}

int vx_acl_swap_image(const struct vx_acl_maps *maps, __u32 set, int side, const struct vx_acl_built *built)
{
	struct vx_acl_built last = {};
	struct vx_acl_set info;
	int old, fd = -1, err;
	__u32 zero = 0, from;

	side = find_side(maps, set, side, &info);
	if (side < 0)
		return side;
	from = info.side[side].image;
	old = image_fd(maps, set, side, from);
	if (old < 0)
		return old;
	err = put_image(maps, set, side, built, &fd);
	if (!err && from != built->size) {
		err = swap_size(maps, set, side, from, built->size);
		info.side[side].image = built->size;
		if (!err)
			err = put(maps->sets, &set, &info);
		/* For its wait: nobody is on the old image any more. */
		if (!err)
			err = put(maps->image[built->size], &(__u32){ 2 * set + side }, &fd);
	}
	/* What the old image counted now goes with the rules. */
	last.size = from;
	last.image = err ? NULL : malloc(VX_ACL_IMAGE_SIZE(from) + VX_ACL_IMAGE_SLACK);
	if (last.image && !get(old, &zero, last.image))
		vx_acl_counters_keep(maps, set, side, &last);
	free(last.image);
	close(old);
	if (fd >= 0)
		close(fd);
	return err;
}

void vx_acl_drop(const struct vx_acl_maps *maps, __u32 set)
{
	const struct vx_acl_set none = {};
	struct vx_acl_set info;
	__u32 head = 0;

	put(maps->heads, &set, &head);
	if (get(maps->sets, &set, &info))
		return;
	drop_side(maps, set, 0, &info);
	drop_side(maps, set, 1, &info);
	put(maps->sets, &set, &none);
}
