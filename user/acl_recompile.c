// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What groups stand for changes, the rules that name them do not: then only
 * images are replaced, each by one map update, on both sides of a set: a rollback does
 * not bring old addresses back.
 */
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "acl_group.h"
#include "say.h"

static bool names(const struct vx_acl_rules *rules, const char *group)
{
	__u32 i;

	for (i = 0; i < rules->n; i++)
		if (!strcmp(rules->rule[i].src_group, group) || !strcmp(rules->rule[i].dst_group, group))
			return true;
	return false;
}

/* A side that was in force is told apart from the one that a rollback would bring back: only the former is a reason to refuse. */
static int one_side(const struct vx_acl_maps *maps, __u32 set, int side, const char *name, const struct vx_acl_group *group, bool dry)
{
	struct vx_acl_built built = {};
	struct vx_acl_rules rules;
	__u32 head = 0;
	char text[64];
	int err;

	if (vx_acl_read(maps, set, side, &rules))
		return 0;
	vx_acl_head(maps, set, &head);
	if (!names(&rules, name)) {
		vx_acl_rules_free(&rules);
		return 0;
	}
	vx_acl_set_text(maps, set, text);
	if (!group && head && side == (int)VX_ACL_HEAD_SIDE(head)) {
		err = vx_fail(-EBUSY, "rules of %s name group %s; delete those first: vhost-xdp acl list %s", text, name, text);
	} else if (!group) {
		err = dry ? 0 : vx_acl_forget_side(maps, set, side);
	} else {
		err = vx_acl_compile_rules(maps, &rules, name, group, text, &built);
		if (!err && !dry)
			err = vx_acl_swap_image(maps, set, side, &built);
		if (err && !dry)
			vx_fail(err, "the rules of %s keep what group %s was: %s", text, name, strerror(-err));
	}
	free(built.image);
	vx_acl_rules_free(&rules);
	return err;
}

int vx_acl_recompile(const struct vx_acl_maps *maps, const char *name, const struct vx_acl_group *group, bool dry)
{
	struct vx_acl_set info;
	int err = 0, side;
	__u32 set;

	for (set = 0; set < VX_ACL_SETS && !err; set++) {
		if (bpf_map_lookup_elem(maps->sets, &set, &info))
			return vx_fail(-errno, "cannot read the sets: %s", strerror(errno));
		for (side = 0; side < 2 && !err; side++)
			if (info.side[side].valid && info.side[side].groups)
				err = one_side(maps, set, side, name, group, dry);
	}
	return err;
}

struct change {
	const struct vx_acl_maps *maps;
	const char *port;
	bool gone;
};

static int change_group(const char *name, const struct vx_acl_group *group, void *arg)
{
	struct change *c = arg;
	struct vx_acl_group left = *group;
	char key[VX_ACL_NAME_LEN] = "";
	__u32 i;

	for (i = 0; i < left.n_ports && strcmp(left.port[i], c->port); i++)
		;
	if (i == left.n_ports)
		return 0;
	if (c->gone) {
		memmove(left.port[i], left.port[i + 1], (left.n_ports - i - 1) * sizeof(left.port[0]));
		memset(left.port[--left.n_ports], 0, sizeof(left.port[0]));
		snprintf(key, sizeof(key), "%s", name);
		bpf_map_update_elem(c->maps->groups, key, &left, BPF_EXIST);
	} else if (!vx_group_port_known(c->port)) {
		vx_warn("the addresses of port %s are not known any more: group %s goes on without it", c->port, name);
	}
	return vx_acl_recompile(c->maps, name, &left, false);
}

int vx_acl_port_changed(const char *name)
{
	struct vx_acl_maps maps;
	struct change c = { .maps = &maps, .port = name };
	int err;

	if (vx_acl_open(&maps))
		return 0;
	err = vx_group_each(&maps, change_group, &c);
	vx_acl_maps_close(&maps);
	return err;
}

static void forget_in(const struct vx_acl_maps *maps, __u32 port, const char *name)
{
	struct change c = { .maps = maps, .port = name, .gone = true };
	__u32 dir, key, none = VX_ACL_SET_DEFAULT;

	for (dir = 0; dir < VX_DIRECTIONS; dir++) {
		key = port * VX_DIRECTIONS + dir;
		bpf_map_update_elem(maps->use, &key, &none, BPF_ANY);
		vx_acl_drop(maps, VX_ACL_SET_OF_PORT(port, dir));
	}
	vx_group_each(maps, change_group, &c);
}

void vx_acl_forget_port(__u32 port, const char *name)
{
	int (*const open[])(struct vx_acl_maps *maps) = { vx_acl_open, vx_acl_open_prev };
	struct vx_acl_maps maps;
	size_t i;

	for (i = 0; i < sizeof(open) / sizeof(open[0]); i++) {
		if (open[i](&maps))
			continue;
		forget_in(&maps, port, name);
		vx_acl_maps_close(&maps);
	}
}
